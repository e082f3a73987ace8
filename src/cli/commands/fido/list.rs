//! `glasskey fido list`: what is plugged in. No key is an answer, not an error.

use super::{Bench, Failed};
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::cli::table::table;
use crate::cli::{Outcome, advisories};
use crate::fido::{Ctap2, Error, Info, Retries};
use crate::ring::fido::{self as ring, Opened, Seen};
use serde_json::{Value, json};

pub(super) fn run(bench: &mut Bench<'_>) -> Outcome {
    let seen = ring::list(&*bench.ports, &bench.interrupt);
    let seen = seen.map_err(|cause| Box::new(explain::fido(None, &cause)))?;
    let mut rows = vec![["SERIAL", "MODEL", "FIRMWARE", "PIN", "DEVICE", "NOTES"].map(ToOwned::to_owned)];
    let (mut keys, mut unreadable) = (Vec::new(), Vec::new());
    for Seen { found, key } in seen {
        match key.and_then(|mut key| State::read_from(&mut key.key).map(|state| (key, state))) {
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
    let human = if none { Page::nothing() } else { table(&rows) };
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
    /// PIN tries left; `None` where no PIN is set, and where the key does not tell.
    pub(in crate::cli) pin: Option<Retries>,
}

impl State {
    pub(in crate::cli) fn read_from(key: &mut Ctap2) -> Result<Self, Error> {
        let info = key.info()?;
        let pin = if info.pin_set() == Some(true) { told(key.pin_retries())? } else { None };
        Ok(Self { info, pin })
    }

    /// What is out of the ordinary.
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

    pub(in crate::cli) fn pin_json(&self) -> Value {
        json!({
            "set": self.info.pin_set(), "tries_left": self.pin.map(|retries| retries.left),
            "power_cycle_needed": self.pin.and_then(|retries| retries.power_cycle),
            "must_change": self.info.force_pin_change, "min_length": self.info.min_pin_length,
        })
    }
}

/// Tries, where the key tells them. An odd answer of some maker's key leaves them unknown; a key that is gone or busy is
/// an error as ever.
pub(in crate::cli) fn told(retries: Result<Retries, Error>) -> Result<Option<Retries>, Error> {
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

/// The firmware, as it is shown.
pub(super) fn firmware(key: &Opened, info: &Info) -> Option<String> {
    key.firmware(info).map(|firmware| firmware.to_string())
}

fn to_json(key: &Opened, state: &State) -> Value {
    let ids = key.advisories(&state.info).ok();
    let ids = ids.map(|all| all.iter().map(|applied| applied.advisory.id.as_str()).collect::<Vec<_>>());
    json!({
        "serial": key.id.serial(), "path": key.found.path, "model": key.model(&state.info),
        "firmware": firmware(key, &state.info), "advisories": ids, "aaguid": state.info.aaguid.to_string(), "pin": state.pin_json(),
    })
}
