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
use crate::fido::advisories::{self as table, Applied, Firmware, Unknown, Version};
use crate::fido::{Error as FidoError, Found as Device};
use crate::keys::{self, Applications, Error, FormFactor, Found, Key, OathState};
use crate::platform::Interrupt;
use crate::ring::fido::{self as ring, Opened, Seen};
use crate::transport;
use serde_json::{Value, json};

pub(in crate::cli) fn run(_args: &Keys, _cli: &Cli, console: &mut Console) -> Outcome {
    let interrupt = Interrupt::install()
        .map_err(|cause| Box::new(Explanation::new("signals", format!("cannot catch signals: {cause}"))))?;
    let Views { cards, mut fido, mut unreadable } = Views::read(&interrupt, console)?;
    let software = outside::are_software_keys();
    let mut rows = vec![HEAD.map(ToOwned::to_owned)];
    let mut keys_json = Vec::new();
    for card in cards {
        let same = |view: &Fido| card.serial.is_some() && view.opened.id.serial() == card.serial;
        let view = fido.iter().position(same).map(|place| fido.remove(place));
        let both = Both { card: Some(card), fido: view };
        rows.push(both.row(software));
        keys_json.push(both.to_json(software));
    }
    for view in fido {
        let only = Both { card: None, fido: Some(view) };
        rows.push(only.row(software));
        keys_json.push(only.to_json(software));
    }
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
    cards: Vec<Key>,
    fido: Vec<Fido>,
    unreadable: Vec<Unreadable>,
}

/// A key over HID.
struct Fido {
    opened: Opened,
    state: State,
}

/// A reader or a device without a readable key.
struct Unreadable {
    row: Row,
    json: Value,
}

impl Views {
    fn read(interrupt: &Interrupt, console: &Console) -> Result<Self, Box<Explanation>> {
        let mut views = Self { cards: Vec::new(), fido: Vec::new(), unreadable: Vec::new() };
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
        match readers {
            Ok(readers) => readers.into_iter().for_each(|found| views.card(found)),
            Err(error) if any => views.incomplete(&explain::keys(&error), console),
            Err(error) => return Err(Box::new(explain::keys(&error))),
        }
        for seen in devices {
            views.device(seen)?;
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

    fn card(&mut self, Found { reader, key }: Found) {
        match key {
            Ok(key) => self.cards.push(key),
            Err(error) => {
                let text = explain::keys(&error);
                let what = match error {
                    Error::Transport(transport::Error::NoCard { .. }) => format!("\"{reader}\" is empty"),
                    _ if text.what.contains(&reader) => text.what.clone(),
                    _ => format!("\"{reader}\": {}", text.what),
                };
                let json = json!({ "reader": reader, "path": null, "code": text.code, "message": text.what });
                self.unreadable.push(Unreadable { row: unreadable_row(what), json });
            }
        }
    }

    fn device(&mut self, Seen { found, key }: Seen) -> Result<(), Box<Explanation>> {
        let read = key.and_then(|mut opened| {
            let state = State::read_from(&mut opened.key)?;
            Ok(Fido { opened, state })
        });
        match read {
            Ok(fido) => self.fido.push(fido),
            Err(FidoError::Cancelled) => return Err(Box::new(explain::fido(None, &FidoError::Cancelled))),
            // A YubiKey 4 or NEO has its row from the reader; that it speaks U2F only is no news.
            Err(FidoError::NoCtap2) if self.cards.iter().any(|key| key.firmware.0 < 5) => {}
            Err(cause) => self.mute(&found, &cause),
        }
        Ok(())
    }

    fn mute(&mut self, Device { path, .. }: &Device, cause: &FidoError) {
        let text = explain::fido(None, cause);
        let what = if text.what.contains(path) { text.what.clone() } else { format!("{path}: {}", text.what) };
        let json = json!({ "reader": null, "path": path, "code": text.code, "message": text.what });
        self.unreadable.push(Unreadable { row: unreadable_row(what), json });
    }
}

/// One key, as it is seen through the PC/SC service, over HID, or both.
struct Both {
    card: Option<Key>,
    fido: Option<Fido>,
}

impl Both {
    fn model(&self) -> String {
        match (&self.card, &self.fido) {
            (Some(card), _) => card.model.clone(),
            (None, Some(fido)) => fido.opened.model(&fido.state.info),
            (None, None) => String::new(),
        }
    }

    fn firmware(&self) -> Option<Firmware> {
        match (&self.card, &self.fido) {
            (Some(card), _) => Some(Firmware::Yubico(version(card))),
            (None, Some(fido)) => fido.opened.firmware(&fido.state.info),
            (None, None) => None,
        }
    }

    /// Those about it, or why nobody knows.
    fn advisories(&self) -> Result<Vec<Applied>, Unknown> {
        match (&self.card, &self.fido) {
            (Some(card), _) => of_card(card),
            (None, Some(fido)) => fido.opened.advisories(&fido.state.info),
            (None, None) => Err(Unknown::Firmware),
        }
    }
}

fn version(card: &Key) -> Version {
    Version(card.firmware.0, card.firmware.1, card.firmware.2)
}

/// The advisories about a key that was read over PC/SC, which is a YubiKey.
pub(in crate::cli) fn of_card(card: &Key) -> Result<Vec<Applied>, Unknown> {
    let Key { model, fips, .. } = card;
    let key = table::Key { yubico: true, firmware: Some(version(card)), model, fips: *fips, aaguid: None, usb: None };
    table::about(&key)
}

const COLUMNS: usize = 7;
const HEAD: [&str; COLUMNS] = ["SERIAL", "MODEL", "FIRMWARE", "FORM", "OATH", "FIDO2", "NOTES"];

type Row = [String; COLUMNS];

fn unreadable_row(what: String) -> Row {
    let dash = || "-".to_owned();
    [dash(), dash(), dash(), dash(), dash(), dash(), what]
}

impl Both {
    fn row(&self, software: bool) -> Row {
        let dash = || "-".to_owned();
        let oath = match self.card.as_ref().map(|card| &card.oath) {
            None | Some(OathState::Absent) => dash(),
            Some(OathState::Locked { capacity }) => format!("?/{capacity}"),
            Some(OathState::Open { used, capacity, .. }) => format!("{used}/{capacity}"),
        };
        [
            self.serial().map_or_else(dash, |serial| serial.to_string()),
            self.model(),
            self.firmware().map_or_else(dash, |firmware| firmware.to_string()),
            form(self.form_factor()).0.to_owned(),
            oath,
            self.fido.as_ref().map_or_else(dash, |fido| fido.state.pin_words()),
            self.notes(software).join("; "),
        ]
    }

    fn serial(&self) -> Option<keys::Serial> {
        let told = || self.fido.as_ref().and_then(|fido| fido.opened.id.serial());
        self.card.as_ref().and_then(|card| card.serial).or_else(told)
    }

    fn form_factor(&self) -> FormFactor {
        let device = || self.fido.as_ref().and_then(|fido| fido.opened.device.as_ref());
        let told = || device().map_or(FormFactor::Unknown, |device| device.form_factor);
        self.card.as_ref().map_or_else(told, |card| card.form_factor)
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
        note(self.serial().is_none(), "does not tell its serial number");
        if let Some(card) = &self.card {
            notes.extend(card_notes(card));
        }
        notes.extend(self.fido.iter().flat_map(|fido| fido.state.notes()));
        notes.extend(advisories::notes(&self.advisories()));
        notes
    }
}

fn card_notes(key: &Key) -> Vec<String> {
    let mut notes = Vec::new();
    let mut note = |applies: bool, text: &str| {
        if applies {
            notes.push(text.to_owned());
        }
    };
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

impl Both {
    fn to_json(&self, software: bool) -> Value {
        let device = self.fido.as_ref().and_then(|fido| fido.opened.device.as_ref());
        let card = self.card.as_ref();
        let names = |applications: Applications| applications.names().collect::<Vec<_>>();
        let usb = card.map(|card| card.usb).or(device.map(|device| device.usb)).unwrap_or_default();
        let nfc = card.map(|card| card.nfc).or(device.map(|device| device.nfc)).unwrap_or_default();
        let fips = card.map(|card| card.fips).or(device.map(|device| device.fips)).unwrap_or_default();
        let locked = card.map(|card| card.config_locked).or(device.map(|device| device.config_locked));
        let fido = self.fido.as_ref().map(|fido| {
            let info = &fido.state.info;
            json!({
                "path": fido.opened.found.path, "aaguid": info.aaguid.to_string(), "versions": info.versions,
                "pin": fido.state.pin_json(), "remaining_credentials": info.remaining_credentials,
            })
        });
        json!({
            "serial": self.serial(), "model": self.model(),
            "firmware": self.firmware().map(|firmware| firmware.to_string()),
            "form_factor": form(self.form_factor()).1, "usb": names(usb), "nfc": names(nfc), "fips": fips,
            "config_locked": locked.unwrap_or_default(),
            "oath": oath_json(card.map_or(&OathState::Absent, |card| &card.oath)), "fido": fido,
            "advisories": advisories::all_to_json(&self.advisories()),
            "software": software, "reader": card.map(|card| &card.reader),
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
