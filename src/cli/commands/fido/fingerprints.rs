//! `glasskey fido fingerprints list`, `add`, `rename` and `delete`.

use super::{Failed, Invocation, KeyReport, lost};
use crate::cli::Outcome;
use crate::cli::args::{FidoFingerprintsCommand, FidoKeyAndPin};
use crate::cli::console::Style;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::table::table;
use crate::fido::{Capture, Error, Fingerprint, Permissions, SampleQuality, Token};
use crate::unlock::fido::Opened;
use data_encoding::HEXLOWER;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn run(command: &FidoFingerprintsCommand, invocation: &mut Invocation<'_>) -> Outcome {
    match command {
        FidoFingerprintsCommand::List(key) => list(key, invocation),
        FidoFingerprintsCommand::Add { key, name } => add(key, name.as_deref(), invocation),
        FidoFingerprintsCommand::Rename { key, id, name } => rename(key, id, name, invocation),
        FidoFingerprintsCommand::Delete { key, id } => delete(key, id, invocation),
    }
}

fn list(named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Outcome {
    let mut key = invocation.key_to_read(&named.key)?;
    has_sensor(&mut key, invocation)?;
    let token = token(&mut key, named, invocation)?;
    let all = all(&mut key, &token, invocation)?;
    let mut rows = vec![["ID", "NAME"].map(ToOwned::to_owned)];
    rows.extend(all.iter().map(|finger| [id_of(finger), finger.name.clone().unwrap_or_default()]));
    let human = if all.is_empty() { Page::nothing() } else { table(&rows) };
    let fingerprints = all.iter().map(Into::into).collect();
    invocation.console.result(&human, &ListReport { key: KeyReport::of(&key), fingerprints });
    if all.is_empty() {
        invocation.console.say(&format!("glasskey: no fingerprint is on {}", key.id));
    }
    Ok(Exit::Done)
}

fn add(named: &FidoKeyAndPin, name: Option<&str>, invocation: &mut Invocation<'_>) -> Outcome {
    let mut key = invocation.key_to_write(&named.key)?;
    let longest = has_sensor(&mut key, invocation)?;
    check_name(name, longest)?;
    let token = token(&mut key, named, invocation)?;
    let style = invocation.console.style();
    let mut told_to_touch = false;
    let added = key.key.enroll_fingerprint(&token, &mut |capture| {
        if let Some(line) = progress(capture, &mut told_to_touch) {
            style.say(&format!("  {} {line}", verb(style)));
        }
    });
    let id = added.map_err(|cause| lost(&key, &cause, "fingerprints list"))?;
    let finger = Fingerprint { id, name: name.map(ToOwned::to_owned) };
    if let Some(name) = name {
        key.key.rename_fingerprint(&token, &finger.id, name).map_err(|cause| {
            let mut text = lost(&key, &cause, "fingerprints list");
            text.exit = Exit::Left;
            text.state.push(format!("the fingerprint {} is on the key, without its name", id_of(&finger)));
            text
        })?;
    }
    invocation.step(key.id.argument(), &format!("knows the finger as {}", described(&finger)));
    invocation
        .console
        .result(&Page::nothing(), &AddReport { key: KeyReport::of(&key), fingerprint: (&finger).into() });
    Ok(Exit::Done)
}

fn verb(style: Style) -> String {
    style.bold(&format!("{:<9}", "finger"))
}

/// What to say while a finger is taken. The key waits anew for each sample; people are told so once.
fn progress(capture: Capture, told: &mut bool) -> Option<String> {
    match capture {
        Capture::Waiting => {
            (!std::mem::replace(told, true)).then(|| "touch the sensor, lift the finger, and again".to_owned())
        }
        Capture::Sample { quality: SampleQuality::Good, remaining: 0 } => {
            Some("good; that was the last one".to_owned())
        }
        Capture::Sample { quality: SampleQuality::Good, remaining } => Some(format!("good; {remaining} more")),
        Capture::Sample { quality, remaining } => Some(format!("{}; {remaining} more", advice(quality))),
    }
}

fn advice(quality: SampleQuality) -> &'static str {
    match quality {
        SampleQuality::TooHigh => "too high: a little lower",
        SampleQuality::TooLow => "too low: a little higher",
        SampleQuality::TooLeft => "too far left",
        SampleQuality::TooRight => "too far right",
        SampleQuality::TooFast => "too fast: leave it there longer",
        SampleQuality::TooSlow => "too slow",
        SampleQuality::TooSkewed => "held askew",
        SampleQuality::TooShort => "too short: cover the sensor",
        SampleQuality::AlreadyThere => "this part is known already: move the finger a little",
        SampleQuality::NoActivity => "no finger came",
        SampleQuality::NotLifted => "lift the finger in between",
        _ => "not readable: dry and clean the finger, and again",
    }
}

fn rename(named: &FidoKeyAndPin, id: &str, name: &str, invocation: &mut Invocation<'_>) -> Outcome {
    let mut key = invocation.key_to_write(&named.key)?;
    let longest = has_sensor(&mut key, invocation)?;
    check_name(Some(name), longest)?;
    let token = token(&mut key, named, invocation)?;
    let mut finger = find(&mut key, &token, id, invocation)?;
    let before = described(&finger);
    let renamed = key.key.rename_fingerprint(&token, &finger.id, name);
    renamed.map_err(|cause| lost(&key, &cause, "fingerprints list"))?;
    finger.name = Some(name.to_owned());
    invocation.step(key.id.argument(), &format!("{before} is now {}", described(&finger)));
    invocation
        .console
        .result(&Page::nothing(), &RenameReport { key: KeyReport::of(&key), fingerprint: (&finger).into() });
    Ok(Exit::Done)
}

fn delete(named: &FidoKeyAndPin, id: &str, invocation: &mut Invocation<'_>) -> Outcome {
    let mut key = invocation.key_to_write(&named.key)?;
    has_sensor(&mut key, invocation)?;
    let first = token(&mut key, named, invocation)?;
    let finger = find(&mut key, &first, id, invocation)?;
    invocation.confirm_words(&format!(
        "Remove the fingerprint {} from {} for good? [y/N] ",
        described(&finger),
        key.id
    ))?;
    // Bought anew: while the person thought it over, the first one may have expired.
    let token = token(&mut key, named, invocation)?;
    let removed = key.key.remove_fingerprint(&token, &finger.id);
    removed.map_err(|cause| lost(&key, &cause, "fingerprints list"))?;
    invocation.step(key.id.argument(), &format!("{} removed", described(&finger)));
    invocation
        .console
        .result(&Page::nothing(), &DeleteReport { key: KeyReport::of(&key), fingerprint: (&finger).into() });
    Ok(Exit::Done)
}

fn token(key: &mut Opened, named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Result<Token, Failed> {
    let token = key.token(&mut invocation.person, named.last_try, Permissions::BIO_ENROLLMENT, None);
    invocation.described(token)
}

/// The longest name a fingerprint may have, in bytes. Looked at before the PIN is asked for.
fn has_sensor(key: &mut Opened, invocation: &Invocation<'_>) -> Result<Option<usize>, Failed> {
    let sensor = key.key.sensor();
    Ok(invocation.described(key.described(sensor))?.max_name)
}

fn check_name(name: Option<&str>, longest: Option<usize>) -> Result<(), Failed> {
    match (name, longest) {
        (Some(name), Some(longest)) if name.len() > longest => {
            let what = format!("the name has {} bytes; {longest} fit", name.len());
            Err(Box::new(Explanation::new("name_too_long", what).exit(Exit::Usage)))
        }
        _ => Ok(()),
    }
}

fn all(key: &mut Opened, token: &Token, invocation: &Invocation<'_>) -> Result<Vec<Fingerprint>, Failed> {
    let all = key.key.fingerprints(token);
    invocation.described(key.described(all))
}

/// The fingerprint of exactly this id, or of exactly this name where only one has it.
fn find(key: &mut Opened, token: &Token, wanted: &str, invocation: &Invocation<'_>) -> Result<Fingerprint, Failed> {
    let all = all(key, token, invocation)?;
    let (mut ids, mut names) = (Vec::new(), Vec::new());
    for finger in all {
        if id_of(&finger) == wanted {
            ids.push(finger);
        } else if finger.name.as_deref() == Some(wanted) {
            names.push(finger);
        }
    }
    let mut fitting = if ids.is_empty() { names } else { ids };
    match (fitting.pop(), fitting.len()) {
        (Some(only), 0) => Ok(only),
        (None, _) => {
            let text = explain::fido(Some(&key.id), &Error::NoCredentials);
            let what = format!("no fingerprint on {} has the id or the name \"{}\"", key.id, wanted);
            let hint = format!("`glasskey fido fingerprints list --key {}` shows them", key.id.argument());
            Err(Box::new(Explanation { code: "no_fingerprint", what, ..text }.hint(hint)))
        }
        (Some(_), _) => {
            let what = format!("several fingerprints on {} have the name \"{}\"", key.id, wanted);
            Err(Box::new(Explanation::new("ambiguous_name", what).hint("give the id of one").exit(Exit::Usage)))
        }
    }
}

fn id_of(finger: &Fingerprint) -> String {
    HEXLOWER.encode(&finger.id)
}

fn described(finger: &Fingerprint) -> String {
    match &finger.name {
        Some(name) => format!("\"{}\" ({})", name, id_of(finger)),
        None => id_of(finger),
    }
}

/// The fingerprints on a key.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_fingerprints")]
pub(in crate::cli) struct ListReport<'a> {
    #[serde(flatten)]
    key: KeyReport,
    /// The fingerprints.
    fingerprints: Vec<FingerReport<'a>>,
}

/// A fingerprint that was added.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_fingerprint_added")]
pub(in crate::cli) struct AddReport<'a> {
    #[serde(flatten)]
    key: KeyReport,
    /// The fingerprint.
    fingerprint: FingerReport<'a>,
}

/// A fingerprint that was renamed, with its new name.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_fingerprint_renamed")]
pub(in crate::cli) struct RenameReport<'a> {
    #[serde(flatten)]
    key: KeyReport,
    /// The fingerprint.
    fingerprint: FingerReport<'a>,
}

/// A fingerprint that was removed.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_fingerprint_deleted")]
pub(in crate::cli) struct DeleteReport<'a> {
    #[serde(flatten)]
    key: KeyReport,
    /// The fingerprint.
    fingerprint: FingerReport<'a>,
}

/// A fingerprint.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct FingerReport<'a> {
    /// The id, in hexadecimal.
    id: String,
    /// The name; null where it has none.
    name: Option<&'a str>,
}

impl<'a> From<&'a Fingerprint> for FingerReport<'a> {
    fn from(finger: &'a Fingerprint) -> Self {
        Self { id: id_of(finger), name: finger.name.as_deref() }
    }
}
