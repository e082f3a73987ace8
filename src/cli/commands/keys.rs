//! `glasskey keys`: what is plugged in. A key is seen through the PC/SC service and over HID; the two views are joined by
//! its serial number.
//!
//! No key is an answer, not an error: the table is empty and the exit code 0, as with other tools that list. Only a
//! PC/SC service that does not answer is an error, since then nobody knows; where keys are seen over HID all the same,
//! it is a warning.

use super::fido::State;
use crate::cli::args::{Cli, Keys};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::table::table;
use crate::cli::{Outcome, advisories, outside};
use crate::fido::{Error as FidoError, Found as Device, Info};
use crate::keys::{self, Applications, Error, FormFactor, Found, Key, OathState, Pcsc};
use crate::platform::Interrupt;
use crate::ring::fido::{self as ring, Opened, Seen};
use crate::transport;
use serde_json::{Value, json};

pub(in crate::cli) fn run(_args: &Keys, _cli: &Cli, console: &mut Console) -> Outcome {
    let interrupt = Interrupt::install()
        .map_err(|cause| Box::new(Explanation::new("signals", format!("cannot catch signals: {cause}"))))?;
    let Views { keys, mut unreadable } = Views::read(&interrupt, console)?;
    let software = outside::are_software_keys();
    let mut rows = vec![HEAD.map(ToOwned::to_owned)];
    rows.extend(keys.iter().map(|shown| shown.row(software)));
    let keys_json: Vec<Value> = keys.iter().map(|shown| shown.to_json(software)).collect();
    rows.extend(unreadable.iter_mut().map(|one| std::mem::take(&mut one.row)));
    let human = if rows.len() == 1 { Page::nothing() } else { table(&rows) };
    let none = keys_json.is_empty();
    let unreadable: Vec<_> = unreadable.into_iter().map(|one| one.json).collect();
    console.result(&human, &json!({ "type": "keys", "keys": keys_json, "unreadable": unreadable }));
    if none {
        console.say("glasskey: no key is plugged in");
        let hint = console.style().bold("hint:");
        console.say(&format!("glasskey: {hint} `glasskey simulate` makes software keys to try with"));
    }
    Ok(Exit::Done)
}

/// What both ways of looking show.
struct Views {
    keys: Vec<Shown>,
    unreadable: Vec<Unreadable>,
}

/// A key, and what it says over HID, where it is seen there.
struct Shown {
    key: Key,
    state: Option<State>,
}

/// A reader or a device without a readable key.
struct Unreadable {
    row: Row,
    json: Value,
}

impl Views {
    fn read(interrupt: &Interrupt, console: &Console) -> Result<Self, Box<Explanation>> {
        let mut views = Self { keys: Vec::new(), unreadable: Vec::new() };
        let readers = keys::list(&*outside::ports());
        let devices = match ring::list(&*outside::fido_ports(), interrupt) {
            Ok(devices) => devices,
            Err(FidoError::Cancelled) => return Err(Box::new(explain::fido(None, &FidoError::Cancelled))),
            Err(cause) => {
                views.incomplete(&explain::fido(None, &cause), console);
                Vec::new()
            }
        };
        let any = devices.iter().any(|seen| seen.key.is_ok());
        let mut pcsc = Vec::new();
        match readers {
            Ok(readers) => readers.into_iter().for_each(|found| pcsc.extend(views.card(found))),
            Err(error) if any => views.incomplete(&explain::keys(&error), console),
            Err(error) => return Err(Box::new(explain::keys(&error))),
        }
        let (mut fido, mut states) = (Vec::new(), Vec::new());
        for seen in devices {
            if let Some((opened, state)) = views.device(seen, &pcsc)? {
                states.push((opened.found.path.clone(), state));
                fido.push(opened);
            }
        }
        for key in keys::join(pcsc, fido) {
            let path = key.fido.as_ref().map(|fido| &fido.found.path);
            let nth = states.iter().position(|(of, _)| Some(of) == path);
            let state = nth.map(|nth| states.swap_remove(nth).1);
            views.keys.push(Shown { key, state });
        }
        Ok(views)
    }

    /// One way of looking does not work at all; what the other shows is shown.
    fn incomplete(&mut self, text: &Explanation, console: &Console) {
        let style = console.style();
        style.say(&format!("glasskey: {} {}", style.yellow("warning:"), text.what));
        text.hints.iter().for_each(|hint| style.say(&format!("glasskey: {} {hint}", style.bold("hint:"))));
        let json = json!({ "reader": null, "path": null, "code": text.code, "message": text.what });
        self.unreadable.push(Unreadable { row: unreadable_row(text.what.clone()), json });
    }

    fn card(&mut self, Found { reader, key }: Found) -> Option<Pcsc> {
        match key {
            Ok(key) => Some(key),
            Err(error) => {
                let text = explain::keys(&error);
                let what = match error {
                    Error::Transport(transport::Error::NoCard { .. }) => format!("\"{reader}\" is empty"),
                    _ if text.what.contains(&reader) => text.what.clone(),
                    _ => format!("\"{reader}\": {}", text.what),
                };
                let json = json!({ "reader": reader, "path": null, "code": text.code, "message": text.what });
                self.unreadable.push(Unreadable { row: unreadable_row(what), json });
                None
            }
        }
    }

    fn device(
        &mut self,
        Seen { found, key }: Seen,
        pcsc: &[Pcsc],
    ) -> Result<Option<(Opened, State)>, Box<Explanation>> {
        let read = key.and_then(|mut opened| {
            let state = State::read_from(&mut opened.key)?;
            Ok((opened, state))
        });
        match read {
            Ok(read) => return Ok(Some(read)),
            Err(FidoError::Cancelled) => return Err(Box::new(explain::fido(None, &FidoError::Cancelled))),
            // A YubiKey 4 or NEO has its row from the reader; that it speaks U2F only is no news.
            Err(FidoError::NoCtap2) if pcsc.iter().any(|key| key.device.firmware.0 < 5) => {}
            Err(cause) => self.mute(&found, &cause),
        }
        Ok(None)
    }

    fn mute(&mut self, Device { path, .. }: &Device, cause: &FidoError) {
        let text = explain::fido(None, cause);
        let what = if text.what.contains(path) { text.what.clone() } else { format!("{path}: {}", text.what) };
        let json = json!({ "reader": null, "path": path, "code": text.code, "message": text.what });
        self.unreadable.push(Unreadable { row: unreadable_row(what), json });
    }
}

impl Shown {
    fn info(&self) -> Option<&Info> {
        self.state.as_ref().map(|state| &state.info)
    }
}

const COLUMNS: usize = 7;
const HEAD: [&str; COLUMNS] = ["SERIAL", "MODEL", "FIRMWARE", "FORM", "OATH", "FIDO2", "NOTES"];

type Row = [String; COLUMNS];

fn unreadable_row(what: String) -> Row {
    let dash = || "-".to_owned();
    [dash(), dash(), dash(), dash(), dash(), dash(), what]
}

impl Shown {
    fn row(&self, software: bool) -> Row {
        let dash = || "-".to_owned();
        let oath = match self.key.pcsc.as_ref().map(|pcsc| &pcsc.oath) {
            None | Some(OathState::Absent) => dash(),
            Some(OathState::Locked { capacity }) => format!("?/{capacity}"),
            Some(OathState::Open { used, capacity, .. }) => format!("{used}/{capacity}"),
        };
        [
            self.key.serial().map_or_else(dash, |serial| serial.to_string()),
            self.key.model(self.info()),
            self.key.firmware(self.info()).map_or_else(dash, |firmware| firmware.to_string()),
            form(self.key.form_factor()).0.to_owned(),
            oath,
            self.state.as_ref().map_or_else(dash, State::pin_words),
            self.notes(software).join("; "),
        ]
    }

    /// What is out of the ordinary. Everything is in the JSON.
    fn notes(&self, software: bool) -> Vec<String> {
        let mut notes = Vec::new();
        let mut note = |applies: bool, text: &str| {
            if applies {
                notes.push(text.to_owned());
            }
        };
        note(software, "software key");
        note(self.key.serial().is_none(), "does not tell its serial number");
        notes.extend(self.key.pcsc.iter().flat_map(pcsc_notes));
        notes.extend(self.state.iter().flat_map(State::notes));
        notes.extend(advisories::notes(&self.key.advisories(self.info())));
        notes
    }
}

fn pcsc_notes(Pcsc { device: key, oath, .. }: &Pcsc) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |applies: bool, text: &str| {
        if applies {
            notes.push(text.to_owned());
        }
    };
    note(key.fips, "FIPS");
    note(key.config_locked, "configuration locked");
    note(matches!(oath, OathState::Locked { .. }), "password set");
    let has_nfc = key.nfc != Applications::default();
    for (application, name) in [(Applications::OATH, "OATH"), (Applications::FIDO2, "FIDO2")] {
        let (usb, nfc) = (key.usb.contains(application), key.nfc.contains(application));
        // FIDO2 came with the 5 series.
        let expected = application == Applications::OATH || key.firmware.0 >= 5;
        note(expected && !usb, &format!("no {name} over USB"));
        note(expected && has_nfc && !nfc, &format!("no {name} over NFC"));
    }
    if let OathState::Open { touch: touch @ 1.., .. } = oath {
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

impl Shown {
    fn to_json(&self, software: bool) -> Value {
        let (device, pcsc) = (self.key.device(), self.key.pcsc.as_ref());
        let names =
            |of: fn(&keys::Device) -> Applications| device.map(of).unwrap_or_default().names().collect::<Vec<_>>();
        let fido = self.key.fido.as_ref().zip(self.state.as_ref()).map(|(fido, state)| {
            let info = &state.info;
            json!({
                "path": fido.found.path, "aaguid": info.aaguid.to_string(), "versions": info.versions,
                "pin": state.pin_json(), "remaining_credentials": info.remaining_credentials,
            })
        });
        json!({
            "serial": self.key.serial(), "model": self.key.model(self.info()),
            "firmware": self.key.firmware(self.info()).map(|firmware| firmware.to_string()),
            "form_factor": form(self.key.form_factor()).1,
            "usb": names(|device| device.usb), "nfc": names(|device| device.nfc),
            "fips": device.is_some_and(|device| device.fips),
            "config_locked": device.is_some_and(|device| device.config_locked),
            "oath": oath_json(pcsc.map_or(&OathState::Absent, |pcsc| &pcsc.oath)), "fido": fido,
            "advisories": advisories::all_to_json(&self.key.advisories(self.info())),
            "software": software, "reader": pcsc.map(|pcsc| &pcsc.reader),
        })
    }
}

fn oath_json(oath: &OathState) -> Value {
    match oath {
        OathState::Absent => {
            json!({ "state": "absent", "used": null, "capacity": null, "touch": null, "password": null })
        }
        OathState::Locked { capacity } => {
            json!({ "state": "locked", "used": null, "capacity": capacity, "touch": null, "password": true })
        }
        OathState::Open { used, capacity, touch } => {
            json!({ "state": "open", "used": used, "capacity": capacity, "touch": touch, "password": false })
        }
    }
}
