//! `glasskey fido reset`: wipes the FIDO side of a key. Keys take it only just after they were plugged in, so the person
//! unplugs the key and plugs it in again; what comes back must be proved to be the same key.

use super::{Failed, Invocation, KeyReport, after, lost};
use crate::cli::Outcome;
use crate::cli::args::FidoReset;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::usage;
use crate::cli::page::Page;
use crate::fido::{self, Aaguid, Info};
use crate::keys::KeyId;
use crate::transport;
use crate::unlock::fido::{self as unlock, Opened};
use schemars::JsonSchema;
use serde::Serialize;
use std::time::{Duration, Instant};

/// How often is looked whether the key has gone or come.
const LOOK: Duration = Duration::from_millis(100);

pub(super) fn run(args: &FidoReset, invocation: &mut Invocation<'_>) -> Outcome {
    if invocation.global.yes && args.key.key.is_none() {
        return Err(Box::new(
            usage("with --yes, a reset needs the key's serial number").hint("name the key with --key SERIAL"),
        ));
    }
    if invocation.global.no_input {
        return Err(Box::new(
            Explanation::new("nobody_to_ask", "a reset needs somebody who unplugs the key and plugs it in again")
                .hint("run it without --no-input, with the key in hand")
                .exit(Exit::Person),
        ));
    }
    let mut key = invocation.key_to_read(&args.key)?;
    let info = key.info();
    let info = invocation.described(info)?;
    if !info.transports_for_reset.is_empty() && !info.transports_for_reset.iter().any(|way| way == "usb") {
        return Err(Box::new(explain::fido(
            Some(&key.id),
            &fido::Error::NotSupported { what: "being reset over USB" },
        )));
    }
    confirm(&key, &info, invocation)?;
    let wanted = Wanted { id: key.id.clone(), path: key.found.path.clone(), aaguid: info.aaguid };
    // They are there all along; asking them would cost time that the key does not give.
    let others = devices(invocation)?.into_iter().filter(|path| *path != wanted.path).collect();
    let until = |seconds: u16| Instant::now() + Duration::from_secs(seconds.into());
    invocation.step("unplug", &format!("{}, and plug it in again", key.id));
    unplugged(&mut key, until(args.wait), invocation)?;
    drop(key);
    invocation.step("plug in", &format!("{}", wanted.id));
    let mut key = plugged_in(&wanted, others, until(args.wait), invocation)?;
    if info.long_touch_for_reset {
        invocation.console.say("glasskey: this key wants to be touched for 10 s");
    }
    reset(&mut key, invocation)?;
    invocation.step(key.id.argument(), "reset: it holds no FIDO credential and has no PIN");
    invocation.console.result(&Page::nothing(), &Report { key: KeyReport::of(&key) });
    Ok(Exit::Done)
}

/// The key was reset; `path` is the device as which it came back.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_reset")]
pub(in crate::cli) struct Report {
    #[serde(flatten)]
    key: KeyReport,
}

/// What must come back.
struct Wanted {
    id: KeyId,
    path: String,
    aaguid: Aaguid,
}

impl Wanted {
    /// By its serial number; a key that tells none by its model, in the same place.
    fn is(&self, key: &Opened, info: &Info) -> bool {
        let same = match &self.id {
            KeyId::Serial(_) => key.id == self.id,
            KeyId::Device(_) => key.id == self.id && key.found.path == self.path,
        };
        same && info.aaguid == self.aaguid
    }
}

fn confirm(key: &Opened, info: &Info, invocation: &mut Invocation<'_>) -> Result<(), Failed> {
    let fingers = if info.bio_enrollment().is_some() { ", its fingerprints" } else { "" };
    let name = key.id.argument();
    let what = match key.id {
        KeyId::Serial(_) => "its serial number",
        KeyId::Device(_) => "its device",
    };
    invocation.confirm_typed(
        &format!(
            "This wipes every FIDO2 and U2F credential of {} ({}), its PIN{fingers}: it can no longer sign in anywhere with them. \
             Type {what} to go on: ",
            key.id,
            key.model(info)
        ),
        &name,
    )
}

/// Waits until the key is gone. It is asked, not looked for: it might be back before the next look.
fn unplugged(key: &mut Opened, until: Instant, invocation: &Invocation<'_>) -> Result<(), Failed> {
    loop {
        match key.key.info() {
            Err(fido::Error::Transport(transport::Error::Removed) | fido::Error::NoDevice { .. }) => return Ok(()),
            Err(fido::Error::Cancelled) => return Err(Box::new(Explanation::interrupted())),
            _ => {}
        }
        wait(until, invocation, || {
            Explanation::new("not_unplugged", format!("{} was not unplugged in time; nothing was wiped", key.id))
        })?;
    }
}

/// Waits until a key comes that proves to be the one. Others that come are left alone.
fn plugged_in(
    wanted: &Wanted,
    mut others: Vec<String>,
    until: Instant,
    invocation: &Invocation<'_>,
) -> Result<Opened, Failed> {
    let mut notes = Vec::new();
    loop {
        let found = devices(invocation)?;
        others.retain(|path| found.contains(path));
        for path in found {
            if others.contains(&path) {
                continue;
            }
            match looked_at(&path, invocation) {
                Ok((key, info)) if wanted.is(&key, &info) => return Ok(key),
                Ok((key, _)) => {
                    notes = vec![format!("{} came, and was left alone", key.id)];
                    others.push(path);
                }
                // A device that has just come may not be ready, or not be ours to open yet: udev is at work.
                Err(error) => notes = vec![explain::fido_unlock(&error).what],
            }
        }
        wait(until, invocation, || {
            let what = format!("{} did not come back in time; nothing was wiped", wanted.id);
            Explanation { notes: notes.clone(), ..Explanation::new("not_plugged_in", what) }
        })?;
    }
}

fn looked_at(path: &str, invocation: &Invocation<'_>) -> Result<(Opened, Info), unlock::Error> {
    let mut key = unlock::open(&*invocation.keys, Some(&KeyId::Device(path.to_owned())), &invocation.interrupt)?;
    let info = key.info()?;
    Ok((key, info))
}

fn devices(invocation: &Invocation<'_>) -> Result<Vec<String>, Failed> {
    let found = invocation.keys.list().map_err(|cause| Box::new(explain::fido(None, &cause)))?;
    Ok(found.into_iter().map(|found| found.path).collect())
}

fn wait(until: Instant, invocation: &Invocation<'_>, late: impl FnOnce() -> Explanation) -> Result<(), Failed> {
    if invocation.interrupt.wait(LOOK) {
        return Err(Box::new(Explanation::interrupted()));
    }
    if Instant::now() > until {
        return Err(Box::new(late().exit(Exit::Person)));
    }
    Ok(())
}

fn reset(key: &mut Opened, invocation: &mut Invocation<'_>) -> Result<(), Failed> {
    let outcome = key.touched(&mut invocation.person, |key, touch| key.reset(touch));
    match outcome {
        Ok(()) => {}
        Err(unlock::Error::Fido { cause: cause @ fido::Error::NotAllowed, .. }) => {
            let text = explain::fido(Some(&key.id), &cause);
            return Err(Box::new(
                text.hint("a key can be reset in the first 10 s after it was plugged in; run the command again"),
            ));
        }
        Err(unlock::Error::Fido { cause, .. }) => return Err(lost(key, &cause, "info")),
        Err(error) => return invocation.described(Err(error)),
    }
    let info = key.key.info().map_err(|cause| after(key, &cause, "the key was reset"))?;
    match info.pin_set() {
        Some(true) => Err(Box::new(explain::fido(Some(&key.id), &fido::Error::Malformed { what: "reset" }))),
        _ => Ok(()),
    }
}
