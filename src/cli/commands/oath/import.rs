//! `glasskey oath import`: many credentials at once, straight to a key. What cannot all be written is refused before
//! any of it is; each is proved; nothing is kept.

use super::add::Credential;
use super::secret::{self, Entry};
use super::{Bench, Failed, interrupted, joined, name_json, refused, shown};
use crate::cli::Outcome;
use crate::cli::args::Import;
use crate::cli::explain::{self, Exit, Explanation};
use crate::keys::Serial;
use crate::oath::{self, Name};
use crate::totp::{Algorithm, Kind};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn run(args: &Import, bench: &mut Bench<'_>) -> Outcome {
    let entries = secret::many(&args.qr_images, bench)?;
    let entries = composed(entries, args.touch)?;
    let key = bench.key_to_write(&args.key)?;
    check_key(key, &entries, args.touch, bench)?;
    let mut written = Vec::new();
    for (nth, (source, credential)) in entries.iter().enumerate() {
        let outcome =
            if bench.interrupt.raised() { Err(Box::new(interrupted())) } else { put(key, credential, bench) };
        match outcome {
            Ok(proved) => written.push(entry_json(source, credential, proved)),
            Err(why) => return Err(stopped(why, key, &entries, nth)),
        }
    }
    if !args.qr_images.is_empty() {
        bench.console.say("glasskey: the pictures still hold the secrets: delete them once you have tried the key");
    }
    let names: String =
        entries.iter().map(|(_, credential)| format!("{}\n", shown(credential.name().id()))).collect();
    bench.console.result(&names, &json!({ "type": "imported", "key": key, "credentials": written }));
    Ok(Exit::Done)
}

/// Each entry with the name it will have. All that is wrong is told at once.
fn composed(entries: Vec<Entry>, touch: bool) -> Result<Vec<(String, Credential)>, Failed> {
    let mut wrong = Vec::new();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut all = Vec::new();
    for Entry { source, uri } in entries {
        let uri = match uri {
            Ok(uri) => uri,
            Err(cause) => {
                wrong.push(format!("{source}: {}", explain::bad_uri(&cause).what));
                continue;
            }
        };
        if uri.seed.len() < 2 {
            wrong.push(format!("{source}: {}", explain::oath(None, &oath::Error::SeedTooShort).what));
            continue;
        }
        match Name::new(uri.params.period, uri.issuer.as_deref(), &uri.account) {
            Ok(name) => {
                if let Some(first) = seen.insert(name.id().to_owned(), source.clone()) {
                    wrong.push(format!("{source}: \"{}\" is in {first} already", shown(name.id())));
                }
                all.push((source, Credential::of(uri, name, touch)));
            }
            Err(cause) => wrong.push(format!("{source}: {}", explain::oath(None, &cause).what)),
        }
    }
    if wrong.is_empty() {
        return Ok(all);
    }
    let what = format!("{} of the entries cannot be imported; nothing was written", wrong.len());
    let mut text = Explanation::new("bad_entries", what).exit(Exit::Usage);
    text.notes = wrong;
    Err(Box::new(text))
}

/// Room, free names, and a firmware that can do it.
fn check_key(
    key: Serial,
    entries: &[(String, Credential)],
    touch: bool,
    bench: &mut Bench<'_>,
) -> Result<(), Failed> {
    let mut session = bench.session(key)?;
    let there = session.list().map_err(refused(key))?;
    let (capacity, firmware) = (session.info().capacity, session.info().version);
    drop(session);
    let fail = |error| Box::new(explain::oath(Some(key), &error));
    if touch && firmware < oath::TOUCH_SINCE {
        return Err(fail(oath::Error::Unsupported { what: "touch", since: oath::TOUCH_SINCE }));
    }
    if firmware < oath::SHA512_SINCE
        && entries.iter().any(|(_, credential)| credential.params().algorithm == Algorithm::Sha512)
    {
        return Err(fail(oath::Error::Unsupported { what: "SHA-512", since: oath::SHA512_SINCE }));
    }
    let taken: Vec<String> = entries
        .iter()
        .filter(|(_, credential)| there.iter().any(|present| present.name == *credential.name()))
        .map(|(source, credential)| format!("{source}: \"{}\" is on the key already", shown(credential.name().id())))
        .collect();
    if !taken.is_empty() {
        let what = format!("{} of the credentials are on YubiKey {key} already; nothing was written", taken.len());
        let mut text = Explanation::new("name_taken", what);
        text.notes = taken;
        return Err(Box::new(text.hint(format!("`glasskey oath delete --key {key}` removes one"))));
    }
    let free = capacity.saturating_sub(there.len());
    if entries.len() > free {
        let what = format!(
            "{} credentials do not fit on YubiKey {key}: {free} of its {capacity} slots are free; nothing was written",
            entries.len()
        );
        return Err(Box::new(Explanation::new("key_full", what).hint("`glasskey oath list` shows what is on it")));
    }
    Ok(())
}

/// Writes one and proves it; `false`: an HOTP credential, which proving would cost a code.
fn put(key: Serial, credential: &Credential, bench: &mut Bench<'_>) -> Result<bool, Failed> {
    credential.write(key, bench)?;
    let id = shown(credential.name().id());
    if credential.kind() != Kind::Totp {
        bench.step(key, &format!("written as \"{id}\"; not proved, since that would use up a code"));
        return Ok(false);
    }
    if let Err(why) = credential.prove(key, bench) {
        return Err(credential.take_back(key, why, bench));
    }
    bench.step(key, &format!("written as \"{id}\", its code matches"));
    Ok(true)
}

/// Says exactly which are on the key and which are not.
fn stopped(mut why: Failed, key: Serial, entries: &[(String, Credential)], nth: usize) -> Failed {
    let (written, rest) = entries.split_at(nth);
    for (source, credential) in written {
        why.state.push(format!("on YubiKey {key}: \"{}\" ({source})", shown(credential.name().id())));
    }
    for (source, credential) in rest.iter().skip(1) {
        why.state.push(format!("not written: \"{}\" ({source})", shown(credential.name().id())));
    }
    if let Some((source, credential)) = rest.first() {
        why.notes.insert(0, format!("it was at \"{}\" ({source})", shown(credential.name().id())));
    }
    if !written.is_empty() {
        why.exit = Exit::Left;
        why.hints.push("import again without those that are on the key, or delete them first".to_owned());
    }
    why
}

fn entry_json(source: &str, credential: &Credential, proved: bool) -> Value {
    let params = credential.params();
    let rest = json!({
        "source": source, "algorithm": params.algorithm.as_str(), "digits": params.digits, "touch": credential.touch(),
        "proved": proved,
    });
    joined(name_json(credential.name(), credential.kind() != Kind::Totp), rest)
}
