//! `glasskey keys`: what is plugged in.
//!
//! No key is an answer, not an error: the table is empty and the exit code 0, as with other tools that list. Only a
//! PC/SC service that does not answer is an error, since then nobody knows.

use crate::cli::args::{Cli, Keys};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::table::table;
use crate::cli::{Outcome, outside};
use crate::keys::{self, Applications, Error, FormFactor, Found, Key, OathState};
use crate::transport;
use serde_json::{Value, json};

pub(in crate::cli) fn run(_args: &Keys, _cli: &Cli, console: &mut Console) -> Outcome {
    let found = keys::list(&*outside::ports()).map_err(|error| explain::keys(&error))?;
    let software = outside::are_software_keys();
    let mut rows = vec![HEAD.map(ToOwned::to_owned)];
    let (mut keys_json, mut unreadable) = (Vec::new(), Vec::new());
    for Found { reader, key } in &found {
        match key {
            Ok(key) => {
                rows.push(row(key, software));
                keys_json.push(to_json(key, software));
            }
            Err(error) => {
                let text = explain::keys(error);
                rows.push(unreadable_row(reader, error, &text.what));
                unreadable.push(json!({ "reader": reader, "code": text.code, "message": text.what }));
            }
        }
    }
    let human = if rows.len() == 1 { String::new() } else { table(&rows) };
    let none = keys_json.is_empty();
    console.result(&human, &json!({ "type": "keys", "keys": keys_json, "unreadable": unreadable }));
    if none {
        console.say("glasskey: no key is plugged in");
        let hint = console.style().bold("hint:");
        console.say(&format!("glasskey: {hint} `glasskey simulate` makes software keys to try with"));
    }
    Ok(Exit::Done)
}

const COLUMNS: usize = 6;
const HEAD: [&str; COLUMNS] = ["SERIAL", "MODEL", "FIRMWARE", "FORM", "OATH", "NOTES"];

type Row = [String; COLUMNS];

fn row(key: &Key, software: bool) -> Row {
    let oath = match key.oath {
        OathState::Absent => "-".to_owned(),
        OathState::Locked { capacity } => format!("?/{capacity}"),
        OathState::Open { used, capacity, .. } => format!("{used}/{capacity}"),
    };
    [
        key.serial.map_or_else(|| "-".to_owned(), |serial| serial.to_string()),
        key.model.clone(),
        key.firmware.to_string(),
        form(key.form_factor).0.to_owned(),
        oath,
        notes(key, software).join(", "),
    ]
}

fn unreadable_row(reader: &str, error: &Error, what: &str) -> Row {
    let what = match error {
        Error::Transport(transport::Error::NoCard { .. }) => format!("\"{reader}\" is empty"),
        _ if what.contains(reader) => what.to_owned(),
        _ => format!("\"{reader}\": {what}"),
    };
    let dash = || "-".to_owned();
    [dash(), dash(), dash(), dash(), dash(), what]
}

/// What is out of the ordinary. Everything is in the JSON.
fn notes(key: &Key, software: bool) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |applies: bool, text: &str| {
        if applies {
            notes.push(text.to_owned());
        }
    };
    note(software, "software key");
    note(key.serial.is_none(), "does not tell its serial number");
    note(key.fips, "FIPS");
    note(key.config_locked, "configuration locked");
    note(matches!(key.oath, OathState::Locked { .. }), "password set");
    let has_nfc = key.nfc != Applications::default();
    for (application, name) in [(Applications::OATH, "OATH"), (Applications::FIDO2, "FIDO2")] {
        let (usb, nfc) = (key.usb.contains(application), key.nfc.contains(application));
        // FIDO2 came with the 5 series.
        let expected = application == Applications::OATH || key.firmware.0 >= 5;
        note(expected && !usb, &format!("no {name} over USB"));
        note(expected && has_nfc && !nfc, &format!("no {name} over NFC"));
    }
    if let OathState::Open { touch: touch @ 1.., .. } = key.oath {
        notes.push(format!("{touch} with touch"));
    }
    notes
}

/// As ykman says it, and as a name for scripts.
fn form(form_factor: FormFactor) -> (&'static str, &'static str) {
    match form_factor {
        FormFactor::UsbAKeychain => ("Keychain (USB-A)", "usb_a_keychain"),
        FormFactor::UsbANano => ("Nano (USB-A)", "usb_a_nano"),
        FormFactor::UsbCKeychain => ("Keychain (USB-C)", "usb_c_keychain"),
        FormFactor::UsbCNano => ("Nano (USB-C)", "usb_c_nano"),
        FormFactor::UsbCLightning => ("Keychain (USB-C, Lightning)", "usb_c_lightning"),
        FormFactor::UsbABio => ("Bio (USB-A)", "usb_a_bio"),
        FormFactor::UsbCBio => ("Bio (USB-C)", "usb_c_bio"),
        FormFactor::Unknown => ("-", "unknown"),
    }
}

fn to_json(key: &Key, software: bool) -> Value {
    let oath = match key.oath {
        OathState::Absent => {
            json!({ "state": "absent", "used": null, "capacity": null, "touch": null, "password": null })
        }
        OathState::Locked { capacity } => {
            json!({ "state": "locked", "used": null, "capacity": capacity, "touch": null, "password": true })
        }
        OathState::Open { used, capacity, touch } => {
            json!({ "state": "open", "used": used, "capacity": capacity, "touch": touch, "password": false })
        }
    };
    json!({
        "serial": key.serial, "model": key.model, "firmware": key.firmware.to_string(),
        "form_factor": form(key.form_factor).1, "usb": key.usb.names().collect::<Vec<_>>(),
        "nfc": key.nfc.names().collect::<Vec<_>>(), "fips": key.fips, "config_locked": key.config_locked,
        "oath": oath, "software": software, "reader": key.reader,
    })
}
