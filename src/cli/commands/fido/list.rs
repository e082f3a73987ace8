//! `glasskey fido list`: what is plugged in. No key is an answer, not an error.

use super::Invocation;
use crate::cli::Explanation;
use crate::cli::explain::{self, Exit, Reason};
use crate::cli::page::Page;
use crate::cli::table::table;
use crate::cli::{Outcome, advisories};
use crate::fido::{Ctap2, Error, Info, Retries};
use crate::keys::Serial;
use crate::unlock::fido::{self as unlock, ListedAuthenticator, Opened};
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn run(invocation: &mut Invocation<'_>) -> Outcome {
    let seen = unlock::list(&*invocation.keys, &invocation.interrupt);
    let seen = seen.map_err(|cause| Box::new(explain::fido(None, &cause)))?;
    let mut rows = vec![["SERIAL", "MODEL", "FIRMWARE", "PIN", "DEVICE", "NOTES"].map(ToOwned::to_owned)];
    let (mut keys, mut unreadable) = (Vec::new(), Vec::new());
    for ListedAuthenticator { found, key } in seen {
        match key.and_then(|mut key| State::read_from(&mut key.key).map(|state| (key, state))) {
            Ok((key, state)) => {
                rows.push(row(&key, &state));
                keys.push(key_report(&key, &state));
            }
            Err(Error::Cancelled) => return Err(Box::new(Explanation::interrupted())),
            Err(cause) => {
                let text = explain::fido(None, &cause);
                let dash = || "-".to_owned();
                rows.push([dash(), found.name, dash(), dash(), found.path.clone(), text.what.clone()]);
                let reason = (&text).into();
                unreadable.push(UnreadableReport { path: found.path, reason, hints: text.hints });
            }
        }
    }
    let none = rows.len() == 1;
    let human = if none { Page::nothing() } else { table(&rows) };
    invocation.console.result(&human, &Report { keys, unreadable });
    if none {
        invocation.console.say("glasskey: no FIDO2 key is plugged in");
    }
    Ok(Exit::Done)
}

/// The FIDO2 keys that are plugged in. Having none is no error.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_keys")]
pub(in crate::cli) struct Report {
    /// The keys.
    keys: Vec<ListedKey>,
    /// Devices that could not be read.
    unreadable: Vec<UnreadableReport>,
}

/// A FIDO2 key.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct ListedKey {
    /// The serial number; null where the key does not report one.
    serial: Option<Serial>,
    /// The HID device, which `--key` takes too.
    path: String,
    /// The model's name.
    model: String,
    /// A YubiKey's firmware version. For another maker's key, the number that it reports, in that maker's scheme. Null
    /// where the key does not report one.
    firmware: Option<String>,
    /// The ids of the security advisories about this key; null where nobody knows: the key does not report its firmware,
    /// or glasskey has no advisories for its kind.
    advisories: Option<Vec<&'static str>>,
    /// The model's identifier (AAGUID).
    aaguid: String,
    /// The PIN.
    pin: Pin,
}

/// A device that could not be read.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "UnreadableDevice")]
pub(in crate::cli) struct UnreadableReport {
    /// The HID device.
    path: String,
    #[serde(flatten)]
    reason: Reason,
    /// What to do, for people.
    hints: Vec<String>,
}

/// The PIN of a FIDO2 key.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Pin {
    /// Whether a PIN is set; null where the key takes none.
    set: Option<bool>,
    /// Tries left; 0 is blocked. Null where no PIN is set, and where the key does not report it.
    tries_left: Option<u8>,
    /// The key takes no PIN until it has been unplugged; null where the key does not report it.
    power_cycle_needed: Option<bool>,
    /// The PIN must be changed before the key accepts it.
    must_change: bool,
    /// The fewest characters of a new PIN.
    min_length: usize,
}

/// What a key tells without a PIN.
pub(in crate::cli) struct State {
    pub(in crate::cli) info: Info,
    /// PIN tries left; `None` where no PIN is set, and where the key does not tell.
    pub(in crate::cli) pin: Option<Retries>,
}

impl State {
    pub(in crate::cli) fn read_from(key: &mut Ctap2) -> Result<Self, Error> {
        let info = key.info()?;
        let pin = if info.pin_set() == Some(true) { described(key.pin_retries())? } else { None };
        Ok(Self { info, pin })
    }

    pub(in crate::cli) fn notes(&self) -> Vec<String> {
        let notes = [
            (self.info.force_pin_change, "PIN must be changed"),
            (self.pin.is_some_and(|pin| pin.power_cycle == Some(true)), "must be unplugged before it takes a PIN"),
            (self.info.has("alwaysUv"), "always verifies its user"),
        ];
        notes.into_iter().filter(|(so, _)| *so).map(|(_, text)| text.to_owned()).collect()
    }

    /// `PIN set, 8/8`, `no PIN`.
    pub(in crate::cli) fn pin_words(&self) -> String {
        match (self.info.pin_set(), self.pin) {
            (Some(true), Some(Retries { left: 0, .. })) => "PIN blocked".to_owned(),
            (Some(true), Some(Retries { left, .. })) => format!("PIN set, {left}/8"),
            (Some(true), None) => "PIN set, ?/8".to_owned(),
            (Some(false), _) => "no PIN".to_owned(),
            _ => "takes no PIN".to_owned(),
        }
    }

    pub(in crate::cli) fn pin(&self) -> Pin {
        Pin {
            set: self.info.pin_set(),
            tries_left: self.pin.map(|retries| retries.left),
            power_cycle_needed: self.pin.and_then(|retries| retries.power_cycle),
            must_change: self.info.force_pin_change,
            min_length: self.info.min_pin_length,
        }
    }
}

/// Tries, where the key tells them. An odd answer of some maker's key leaves them unknown; a key that is gone or busy is
/// an error as ever.
pub(in crate::cli) fn described(retries: Result<Retries, Error>) -> Result<Option<Retries>, Error> {
    match retries {
        Ok(retries) => Ok(Some(retries)),
        Err(
            cause @ (Error::Transport(_)
            | Error::Cancelled
            | Error::CancelUnanswered
            | Error::NoAnswer { .. }
            | Error::NoDevice { .. }
            | Error::Busy),
        ) => Err(cause),
        Err(_) => Ok(None),
    }
}

fn row(key: &Opened, state: &State) -> [String; 6] {
    let firmware = firmware(key, &state.info);
    let mut notes = state.notes();
    notes.extend(advisories::notes(&key.advisories(&state.info)));
    [
        key.id.serial().map_or_else(|| "-".to_owned(), |serial| serial.to_string()),
        key.model(&state.info),
        firmware.unwrap_or_else(|| "-".to_owned()),
        state.pin_words(),
        key.found.path.clone(),
        notes.join("; "),
    ]
}

pub(super) fn firmware(key: &Opened, info: &Info) -> Option<String> {
    key.firmware(info).map(|firmware| firmware.to_string())
}

fn key_report(key: &Opened, state: &State) -> ListedKey {
    let advisories = key.advisories(&state.info).ok();
    ListedKey {
        serial: key.id.serial(),
        path: key.found.path.clone(),
        model: key.model(&state.info),
        firmware: firmware(key, &state.info),
        advisories: advisories.map(|all| all.iter().map(|applied| applied.advisory.id.as_str()).collect()),
        aaguid: state.info.aaguid.to_string(),
        pin: state.pin(),
    }
}
