//! `glasskey fido list`: what is plugged in. No key is an answer, not an error.

use super::{Bench, Failed};
use crate::cli::Outcome;
use crate::cli::explain::{self, Exit};
use crate::cli::table::table;
use crate::fido::{Authenticator, Error, Info, Retries};
use crate::ring::fido::{self as ring, Opened, Seen};
use serde_json::{Value, json};

pub(super) fn run(bench: &mut Bench<'_>) -> Outcome {
    let seen = ring::list(&*bench.ports, &bench.interrupt);
    let seen = seen.map_err(|cause| Box::new(explain::fido(None, &cause)))?;
    let mut rows = vec![["SERIAL", "MODEL", "FIRMWARE", "PIN", "DEVICE", "NOTES"].map(ToOwned::to_owned)];
    let (mut keys, mut unreadable) = (Vec::new(), Vec::new());
    for Seen { found, key } in seen {
        match key.and_then(|mut key| State::read(&mut key).map(|state| (key, state))) {
            Ok((key, state)) => {
                rows.push(row(&key, &state));
                keys.push(to_json(&key, &state));
            }
            Err(Error::Cancelled) => return Err(interrupted()),
            Err(cause) => {
                let text = explain::fido(None, &cause);
                let dash = || "-".to_owned();
                rows.push([dash(), found.name, dash(), dash(), found.path.clone(), text.what.clone()]);
                unreadable.push(json!({
                    "path": found.path, "code": text.code, "message": text.what, "hints": text.hints,
                }));
            }
        }
    }
    let none = rows.len() == 1;
    let human = if none { String::new() } else { table(&rows) };
    bench.console.result(&human, &json!({ "type": "fido_keys", "keys": keys, "unreadable": unreadable }));
    if none {
        bench.console.say("glasskey: no FIDO2 key is plugged in");
    }
    Ok(Exit::Done)
}

fn interrupted() -> Failed {
    Box::new(explain::fido(None, &Error::Cancelled))
}

/// What a key tells without a PIN.
pub(in crate::cli) struct State {
    pub(in crate::cli) info: Info,
    /// PIN tries left; `None` where the key takes no PIN.
    pub(in crate::cli) pin: Option<Retries>,
}

impl State {
    pub(in crate::cli) fn read(key: &mut Opened) -> Result<Self, Error> {
        let info = key.key.info()?;
        let pin = match info.pin_set() {
            Some(_) => Some(key.key.pin_retries()?),
            None => None,
        };
        Ok(Self { info, pin })
    }

    /// `PIN set, 8/8`, `no PIN`.
    pub(in crate::cli) fn pin_words(&self) -> String {
        match (self.info.pin_set(), self.pin) {
            (Some(true), Some(Retries { left: 0, .. })) => "PIN blocked".to_owned(),
            (Some(true), Some(Retries { left, .. })) => format!("PIN set, {left}/8"),
            (Some(false), _) => "no PIN".to_owned(),
            _ => "takes no PIN".to_owned(),
        }
    }

    pub(in crate::cli) fn pin_json(&self) -> Value {
        json!({
            "set": self.info.pin_set(), "tries_left": self.pin.map(|retries| retries.left),
            "power_cycle_needed": self.pin.and_then(|retries| retries.power_cycle),
            "must_change": self.info.force_pin_change, "min_length": self.info.min_pin_length,
        })
    }
}

fn row(key: &Opened, state: &State) -> [String; 6] {
    let firmware = firmware(key, &state.info);
    let mut notes = Vec::new();
    if state.info.force_pin_change {
        notes.push("PIN must be changed");
    }
    if state.info.has("alwaysUv") {
        notes.push("always verifies its user");
    }
    [
        key.id.serial().map_or_else(|| "-".to_owned(), |serial| serial.to_string()),
        key.model(&state.info),
        firmware.unwrap_or_else(|| "-".to_owned()),
        state.pin_words(),
        key.found.path.clone(),
        notes.join(", "),
    ]
}

/// The firmware: the device's own word, else what getInfo says.
pub(super) fn firmware(key: &Opened, info: &Info) -> Option<String> {
    let told = || info.yubico_firmware().map(|(major, minor, patch)| format!("{major}.{minor}.{patch}"));
    key.device.as_ref().map(|device| device.firmware.to_string()).or_else(told)
}

fn to_json(key: &Opened, state: &State) -> Value {
    json!({
        "serial": key.id.serial(), "path": key.found.path, "model": key.model(&state.info),
        "firmware": firmware(key, &state.info), "aaguid": state.info.aaguid.to_string(), "pin": state.pin_json(),
    })
}
