//! `glasskey fido reset`: wipes the FIDO side of a key. Keys take it only just after they were plugged in, so the person
//! unplugs the key and plugs it in again; what comes back must be proved to be the same key.

use super::{Bench, Failed, KeyReport, after, lost};
use crate::cli::Outcome;
use crate::cli::args::FidoReset;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::fido::{self, Aaguid, Info};
use crate::keys::KeyId;
use crate::ring::fido::{self as ring, Opened};
use crate::transport;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::{Duration, Instant};

/// How often is looked whether the key has gone or come.
const LOOK: Duration = Duration::from_millis(100);

pub(super) fn run(args: &FidoReset, bench: &mut Bench<'_>) -> Outcome {
    if bench.says_yes && args.key.key.is_none() {
        return Err(Box::new(
            Explanation::new("usage", "with --yes, a reset needs the key's serial number")
                .hint("name the key with --key SERIAL")
                .exit(Exit::Usage),
        ));
    }
    if bench.no_input {
        return Err(Box::new(
            Explanation::new("nobody_to_ask", "a reset needs somebody who unplugs the key and plugs it in again")
                .hint("run it without --no-input, with the key in hand")
                .exit(Exit::Person),
        ));
    }
    let mut key = bench.key_to_read(&args.key)?;
    let info = key.info();
    let info = bench.told(info)?;
    if !info.transports_for_reset.is_empty() && !info.transports_for_reset.iter().any(|way| way == "usb") {
        return Err(Box::new(explain::fido(
            Some(&key.id),
            &fido::Error::NotSupported { what: "being reset over USB" },
        )));
    }
    confirm(&key, &info, bench)?;
    let wanted = Wanted { id: key.id.clone(), path: key.found.path.clone(), aaguid: info.aaguid };
    // They are there all along; asking them would cost time that the key does not give.
    let others = devices(bench)?.into_iter().filter(|path| *path != wanted.path).collect();
    let until = |seconds: u16| Instant::now() + Duration::from_secs(seconds.into());
    bench.step("unplug", &format!("{}, and plug it in again", key.id));
    unplugged(&mut key, until(args.wait), bench)?;
    drop(key);
    bench.step("plug in", &format!("{}", wanted.id));
    let mut key = plugged_in(&wanted, others, until(args.wait), bench)?;
    if info.long_touch_for_reset {
        bench.console.say("glasskey: this key wants to be touched for 10 s");
    }
    reset(&mut key, bench)?;
    bench.step(key.id.argument(), "reset: it holds no FIDO credential and has no PIN");
    bench.console.result(&Page::nothing(), &Report { key: KeyReport::of(&key) });
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

fn confirm(key: &Opened, info: &Info, bench: &mut Bench<'_>) -> Result<(), Failed> {
    let fingers = if info.bio_enrollment().is_some() { ", its fingerprints" } else { "" };
    let name = key.id.argument();
    let what = match key.id {
        KeyId::Serial(_) => "its serial number",
        KeyId::Device(_) => "its device",
    };
    bench.confirm_typed(
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
fn unplugged(key: &mut Opened, until: Instant, bench: &Bench<'_>) -> Result<(), Failed> {
    loop {
        match key.key.info() {
            Err(fido::Error::Transport(transport::Error::Removed) | fido::Error::NoDevice { .. }) => return Ok(()),
            Err(fido::Error::Cancelled) => return Err(bench.interrupted()),
            _ => {}
        }
        wait(until, bench, || {
            Explanation::new("not_unplugged", format!("{} was not unplugged in time; nothing was wiped", key.id))
        })?;
    }
}

/// Waits until a key comes that proves to be the one. Others that come are left alone.
fn plugged_in(wanted: &Wanted, mut others: Vec<String>, until: Instant, bench: &Bench<'_>) -> Result<Opened, Failed> {
    let mut notes = Vec::new();
    loop {
        let found = devices(bench)?;
        others.retain(|path| found.contains(path));
        for path in found {
            if others.contains(&path) {
                continue;
            }
            match looked_at(&path, bench) {
                Ok((key, info)) if wanted.is(&key, &info) => return Ok(key),
                Ok((key, _)) => {
                    notes = vec![format!("{} came, and was left alone", key.id)];
                    others.push(path);
                }
                // A device that has just come may not be ready, or not be ours to open yet: udev is at work.
                Err(error) => notes = vec![explain::fido_ring(&error).what],
            }
        }
        wait(until, bench, || {
            let what = format!("{} did not come back in time; nothing was wiped", wanted.id);
            Explanation { notes: notes.clone(), ..Explanation::new("not_plugged_in", what) }
        })?;
    }
}

fn looked_at(path: &str, bench: &Bench<'_>) -> Result<(Opened, Info), ring::Error> {
    let mut key = ring::open(&*bench.ports, Some(&KeyId::Device(path.to_owned())), &bench.interrupt)?;
    let info = key.info()?;
    Ok((key, info))
}

fn devices(bench: &Bench<'_>) -> Result<Vec<String>, Failed> {
    let found = bench.ports.list().map_err(|cause| Box::new(explain::fido(None, &cause)))?;
    Ok(found.into_iter().map(|found| found.path).collect())
}

fn wait(until: Instant, bench: &Bench<'_>, late: impl FnOnce() -> Explanation) -> Result<(), Failed> {
    if bench.interrupt.wait(LOOK) {
        return Err(bench.interrupted());
    }
    if Instant::now() > until {
        return Err(Box::new(late().exit(Exit::Person)));
    }
    Ok(())
}

fn reset(key: &mut Opened, bench: &mut Bench<'_>) -> Result<(), Failed> {
    let outcome = key.touched(&mut bench.person, |key, touch| key.reset(touch));
    match outcome {
        Ok(()) => {}
        Err(ring::Error::Fido { cause: cause @ fido::Error::NotAllowed, .. }) => {
            let text = explain::fido(Some(&key.id), &cause);
            return Err(Box::new(
                text.hint("a key can be reset in the first 10 s after it was plugged in; run the command again"),
            ));
        }
        Err(ring::Error::Fido { cause, .. }) => return Err(lost(key, &cause, "info")),
        Err(error) => return bench.told(Err(error)),
    }
    let info = key.key.info().map_err(|cause| after(key, &cause, "the key was reset"))?;
    match info.pin_set() {
        Some(true) => Err(Box::new(explain::fido(Some(&key.id), &fido::Error::Malformed { what: "reset" }))),
        _ => Ok(()),
    }
}
