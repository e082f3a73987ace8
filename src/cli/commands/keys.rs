//! `glasskey keys`: what is plugged in. A key is seen through the PC/SC service and over HID; the two views are joined by
//! its serial number.
//!
//! No key is an answer, not an error: the table is empty and the exit code 0, as with other tools that list. Only a
//! PC/SC service that does not answer is an error, since then nobody knows; where keys are seen over HID all the same,
//! it is a warning.

use super::fido::{Pin, State};
use crate::cli::advisories::{self, AdvisoryReport};
use crate::cli::args::{Cli, Keys};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation, Reason};
use crate::cli::page::Page;
use crate::cli::table::table;
use crate::cli::{Outcome, outside};
use crate::fido::advisories::{self as table, Applied, Firmware, Unknown, Version};
use crate::fido::{Error as FidoError, Found as Device};
use crate::keys::{self, Applications, Error, FormFactor, Found, Key, OathState, Serial};
use crate::platform::Interrupt;
use crate::ring::fido::{self as ring, Opened, Seen};
use crate::transport;
use schemars::JsonSchema;
use serde::Serialize;

pub(in crate::cli) fn run(_args: &Keys, _cli: &Cli, console: &mut Console) -> Outcome {
    let interrupt = Interrupt::install()
        .map_err(|cause| Box::new(Explanation::new("signals", format!("cannot catch signals: {cause}"))))?;
    let Views { cards, mut fido, mut unreadable } = Views::read(&interrupt, console)?;
    let software = outside::are_software_keys();
    let mut rows = vec![HEAD.map(ToOwned::to_owned)];
    let mut keys = Vec::new();
    for card in cards {
        let same = |view: &Fido| card.serial.is_some() && view.opened.id.serial() == card.serial;
        let view = fido.iter().position(same).map(|place| fido.remove(place));
        let both = Both { card: Some(card), fido: view };
        rows.push(both.row(software));
        keys.push(both.report(software));
    }
    for view in fido {
        let only = Both { card: None, fido: Some(view) };
        rows.push(only.row(software));
        keys.push(only.report(software));
    }
    rows.extend(unreadable.iter_mut().map(|one| std::mem::take(&mut one.row)));
    let human = if rows.len() == 1 { Page::nothing() } else { table(&rows) };
    let none = keys.is_empty();
    let unreadable = unreadable.into_iter().map(|one| one.report).collect();
    console.result(&human, &Report { keys, unreadable });
    if none {
        console.say("glasskey: no key is plugged in");
        let hint = console.style().bold("hint:");
        console.say(&format!("glasskey: {hint} `glasskey simulate` makes software keys to try with"));
    }
    Ok(Exit::Done)
}

/// The keys that are plugged in. Having none is no error.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "keys")]
pub(in crate::cli) struct Report {
    /// The keys.
    keys: Vec<KeyReport>,
    /// Readers and HID devices without a readable key.
    unreadable: Vec<UnreadableReport>,
}

/// A key, as it is seen through the PC/SC service, over HID, or both.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Key")]
pub(in crate::cli) struct KeyReport {
    /// The serial number; null where the key does not report one.
    serial: Option<Serial>,
    /// The model's name.
    model: String,
    /// A YubiKey's firmware version. For another maker's key, the number that it reports, in that maker's scheme. Null
    /// where the key does not report one.
    firmware: Option<String>,
    /// Connector and shape.
    form_factor: FormFactor,
    /// Applications enabled over USB: `OTP`, `FIDO U2F`, `OpenPGP`, `PIV`, `OATH`, `YubiHSM Auth`, `FIDO2`.
    usb: Vec<&'static str>,
    /// Applications enabled over NFC, with the same names.
    nfc: Vec<&'static str>,
    /// The key is a FIPS model.
    fips: bool,
    /// The configuration is locked with a code.
    config_locked: bool,
    /// The OATH applet; `absent` where the key is seen over HID only.
    oath: OathReport,
    /// The key over HID, matched by its serial number; null where it is not seen there.
    fido: Option<FidoReport>,
    /// Security advisories about the key; null where nobody knows: the key does not report its firmware, or glasskey
    /// has no advisories for its kind.
    advisories: Option<Vec<AdvisoryReport>>,
    /// A software key that `GLASSKEY_CARDS` or `GLASSKEY_FIDO` names.
    software: bool,
    /// The PC/SC reader; null where the key is seen over HID only.
    reader: Option<String>,
}

/// The OATH applet of a key.
#[derive(Default, Serialize, JsonSchema)]
pub(in crate::cli) struct OathReport {
    /// Whether the applet can be read.
    state: AppletState,
    /// How many credentials are stored; null where that cannot be read.
    used: Option<usize>,
    /// How many credentials fit in all; null where that cannot be read.
    capacity: Option<usize>,
    /// How many credentials require a touch; null where that cannot be read.
    touch: Option<usize>,
    /// Whether a password is set; null where there is no applet.
    password: Option<bool>,
}

/// Whether an applet can be read.
#[derive(Default, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum AppletState {
    /// It is readable.
    Open,
    /// A password is set.
    Locked,
    /// There is no applet, or it is disabled.
    #[default]
    Absent,
}

/// A key over HID.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct FidoReport {
    /// The HID device, such as `/dev/hidraw3`.
    path: String,
    /// The model's identifier (AAGUID).
    aaguid: String,
    /// CTAP versions, such as `FIDO_2_1`.
    versions: Vec<String>,
    /// The PIN.
    pin: Pin,
    /// How many more discoverable credentials fit, at least; null where the key does not report it.
    remaining_credentials: Option<u64>,
}

/// A reader or HID device without a readable key.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct UnreadableReport {
    /// The PC/SC reader. An empty reader has the code `no_card`. Where this and `path` are null, the PC/SC or HID service
    /// itself does not answer.
    reader: Option<String>,
    /// The HID device.
    path: Option<String>,
    #[serde(flatten)]
    reason: Reason,
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
    report: UnreadableReport,
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
        self.unreadable(text.what.clone(), None, None, text);
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
                self.unreadable(what, Some(reader), None, &text);
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
        self.unreadable(what, None, Some(path.clone()), &text);
    }

    fn unreadable(&mut self, what: String, reader: Option<String>, path: Option<String>, text: &Explanation) {
        let report = UnreadableReport { reader, path, reason: text.into() };
        self.unreadable.push(Unreadable { row: unreadable_row(what), report });
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
            form(self.form_factor()).to_owned(),
            oath,
            self.fido.as_ref().map_or_else(dash, |fido| fido.state.pin_words()),
            self.notes(software).join("; "),
        ]
    }

    fn serial(&self) -> Option<Serial> {
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

/// As ykman says it.
fn form(form_factor: FormFactor) -> &'static str {
    match form_factor {
        FormFactor::UsbAKeychain => "Keychain (USB-A)",
        FormFactor::UsbANano => "Nano (USB-A)",
        FormFactor::UsbCKeychain => "Keychain (USB-C)",
        FormFactor::UsbCNano => "Nano (USB-C)",
        FormFactor::UsbCLightning => "Keychain (USB-C, Lightning)",
        FormFactor::UsbABio => "Bio (USB-A)",
        FormFactor::UsbCBio => "Bio (USB-C)",
        FormFactor::Unknown => "-",
    }
}

impl Both {
    fn report(&self, software: bool) -> KeyReport {
        let device = self.fido.as_ref().and_then(|fido| fido.opened.device.as_ref());
        let card = self.card.as_ref();
        let names = |applications: Applications| applications.names().collect();
        let usb = card.map(|card| card.usb).or(device.map(|device| device.usb)).unwrap_or_default();
        let nfc = card.map(|card| card.nfc).or(device.map(|device| device.nfc)).unwrap_or_default();
        let fips = card.map(|card| card.fips).or(device.map(|device| device.fips)).unwrap_or_default();
        let locked = card.map(|card| card.config_locked).or(device.map(|device| device.config_locked));
        KeyReport {
            serial: self.serial(),
            model: self.model(),
            firmware: self.firmware().map(|firmware| firmware.to_string()),
            form_factor: self.form_factor(),
            usb: names(usb),
            nfc: names(nfc),
            fips,
            config_locked: locked.unwrap_or_default(),
            oath: oath(card.map_or(&OathState::Absent, |card| &card.oath)),
            fido: self.fido.as_ref().map(|fido| FidoReport {
                path: fido.opened.found.path.clone(),
                aaguid: fido.state.info.aaguid.to_string(),
                versions: fido.state.info.versions.clone(),
                pin: fido.state.pin(),
                remaining_credentials: fido.state.info.remaining_credentials,
            }),
            advisories: advisories::reports(&self.advisories()),
            software,
            reader: card.map(|card| card.reader.clone()),
        }
    }
}

fn oath(oath: &OathState) -> OathReport {
    match *oath {
        OathState::Absent => OathReport::default(),
        OathState::Locked { capacity } => OathReport {
            state: AppletState::Locked,
            capacity: Some(capacity),
            password: Some(true),
            ..OathReport::default()
        },
        OathState::Open { used, capacity, touch } => OathReport {
            state: AppletState::Open,
            used: Some(used),
            capacity: Some(capacity),
            touch: Some(touch),
            password: Some(false),
        },
    }
}
