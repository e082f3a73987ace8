//! `glasskey oath list` and `glasskey oath info`.

use super::{Invocation, NameReport, by_name, refused};
use crate::cli::Outcome;
use crate::cli::args::OneKey;
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::keys::{self, OathState, Serial};
use crate::oath::{Name, Session};
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn list(key: &OneKey, invocation: &mut Invocation<'_>) -> Outcome {
    let key = invocation.key_to_read(key)?;
    let credentials = invocation.session(key)?.list().map_err(refused(key))?;
    if credentials.is_empty() {
        invocation.console.say(&format!("glasskey: there is no credential on YubiKey {key}"));
    }
    let lines: Page = credentials.iter().map(|one| format!("{}{}", one.name.id(), not_text(&one.name))).collect();
    let each = credentials
        .iter()
        .map(|one| ListedCredential { name: NameReport::of(&one.name, one.hotp), algorithm: one.algorithm.as_str() });
    invocation.console.result(&lines, &ListReport { key, credentials: each.collect() });
    Ok(Exit::Done)
}

/// The credentials on a key.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "credentials")]
pub(in crate::cli) struct ListReport<'a> {
    /// The key's serial number.
    key: Serial,
    /// The credentials.
    credentials: Vec<ListedCredential<'a>>,
}

/// A credential on a key.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct ListedCredential<'a> {
    #[serde(flatten)]
    name: NameReport<'a>,
    /// `SHA1`, `SHA256` or `SHA512`.
    algorithm: &'static str,
}

/// The OATH applet of a key.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "oath_info")]
pub(in crate::cli) struct InfoReport<'a> {
    /// The key's serial number; null where the key does not report one.
    key: Option<Serial>,
    /// The model's name.
    model: &'a str,
    /// The key's firmware version.
    firmware: String,
    /// The applet's version.
    applet: String,
    /// The applet's own id, which changes when the applet is reset.
    device_id: &'a str,
    /// Whether a password is set.
    password: bool,
    /// How many credentials fit in all.
    capacity: usize,
    /// How many credentials are stored; null where a password keeps that from being read.
    used: Option<usize>,
    /// How many credentials require a touch; null where a password keeps that from being read.
    touch: Option<usize>,
}

/// How a name that is no text is addressed.
fn not_text(name: &Name) -> String {
    if name.is_text() { String::new() } else { format!("  (not text: {})", by_name(name)) }
}

/// What SELECT tells, which needs no password.
pub(super) fn info(key: &OneKey, invocation: &mut Invocation<'_>) -> Outcome {
    let (pcsc, card) = keys::open(invocation.keys.ports(), key.key).map_err(|error| explain::keys(&error))?;
    let key = &pcsc.device;
    let session = Session::open(card).map_err(|error| Box::new(explain::oath(key.serial, &error)))?;
    let info = session.info();
    let (used, touch) = match pcsc.oath {
        OathState::Open { used, touch, .. } => (Some(used), Some(touch)),
        _ => (None, None),
    };
    let serial = key.serial.map_or_else(String::new, |serial| format!(" {serial}"));
    let slots = match used {
        Some(used) => format!("{used} of {} used", info.capacity),
        None => format!("{}; how many are used cannot be read without the password", info.capacity),
    };
    let mut lines = vec![
        ("key", format!("{}{serial}", key.model)),
        ("firmware", key.firmware.to_string()),
        ("applet", info.version.to_string()),
        ("device id", info.device_id.clone()),
        ("password", if info.protected { "set" } else { "none" }.to_owned()),
        ("slots", slots),
    ];
    lines.extend(touch.map(|touch| ("touch", format!("{touch} of them ask for one"))));
    let human: Page = lines.iter().map(|(what, value)| format!("{what:<9}  {value}")).collect();
    invocation.console.result(
        &human,
        &InfoReport {
            key: key.serial,
            model: &key.model,
            firmware: key.firmware.to_string(),
            applet: info.version.to_string(),
            device_id: &info.device_id,
            password: info.protected,
            capacity: info.capacity,
            used,
            touch,
        },
    );
    Ok(Exit::Done)
}
