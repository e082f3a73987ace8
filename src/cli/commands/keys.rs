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
use crate::cli::invocation::catch_signals;
use crate::cli::page::Page;
use crate::cli::table::table;
use crate::cli::{Outcome, environment};
use crate::fido::{DiscoveredDevice as Device, Error as FidoError, Info};
use crate::keys::{self, Applications, Error, FormFactor, Key, ListedKey, OathState, Pcsc, Serial};
use crate::platform::Interrupt;
use crate::transport;
use crate::unlock::fido::{self as unlock, ListedAuthenticator, Opened};
use schemars::JsonSchema;
use serde::Serialize;

/// Of a reader that is empty.
const NO_CARD: &str = "no_card";

pub(in crate::cli) fn run(_args: &Keys, _cli: &Cli, console: &mut Console) -> Outcome {
    let Views { keys, mut unreadable } = Views::read(&catch_signals()?, console)?;
    let software = environment::are_software_keys();
    let mut rows = vec![HEAD.map(ToOwned::to_owned)];
    rows.extend(keys.iter().map(|shown| shown.row(software)));
    let keys: Vec<KeyReport> = keys.iter().map(|shown| shown.report(software)).collect();
    rows.extend(unreadable.iter_mut().map(|one| std::mem::take(&mut one.row)));
    let human = if rows.len() == 1 { Page::nothing() } else { table(&rows) };
    // In an empty reader is no key; in another there may be one.
    let none = keys.is_empty() && unreadable.iter().all(|one| one.report.reason.code == NO_CARD);
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
    report: UnreadableReport,
}

impl Views {
    fn read(interrupt: &Interrupt, console: &Console) -> Result<Self, Box<Explanation>> {
        let mut views = Self { keys: Vec::new(), unreadable: Vec::new() };
        let readers = keys::list(&*environment::ports());
        let devices = match unlock::list(&*environment::fido_ports(), interrupt) {
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
        style.warn(&text.what);
        text.hints.iter().for_each(|hint| style.say(&format!("glasskey: {} {hint}", style.bold("hint:"))));
        self.unreadable(text.what.clone(), None, None, text);
    }

    fn card(&mut self, ListedKey { reader, key }: ListedKey) -> Option<Pcsc> {
        match key {
            Ok(key) => Some(key),
            Err(error) => {
                let text = explain::keys(&error);
                let what = match error {
                    Error::Transport(transport::Error::NoCard { .. }) => format!("\"{reader}\" is empty"),
                    _ if text.what.contains(&reader) => text.what.clone(),
                    _ => format!("\"{reader}\": {}", text.what),
                };
                self.unreadable(what, Some(reader), None, &text);
                None
            }
        }
    }

    fn device(
        &mut self,
        ListedAuthenticator { found, key }: ListedAuthenticator,
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
        self.unreadable(what, None, Some(path.clone()), &text);
    }

    fn unreadable(&mut self, what: String, reader: Option<String>, path: Option<String>, text: &Explanation) {
        let report = UnreadableReport { reader, path, reason: text.into() };
        self.unreadable.push(Unreadable { row: unreadable_row(what), report });
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
            form(self.key.form_factor()).to_owned(),
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

impl Shown {
    fn report(&self, software: bool) -> KeyReport {
        let (device, pcsc) = (self.key.device(), self.key.pcsc.as_ref());
        let names = |of: fn(&keys::Device) -> Applications| device.map(of).unwrap_or_default().names().collect();
        let fido = self.key.fido.as_ref().zip(self.state.as_ref()).map(|(fido, state)| FidoReport {
            path: fido.found.path.clone(),
            aaguid: state.info.aaguid.to_string(),
            versions: state.info.versions.clone(),
            pin: state.pin(),
            remaining_credentials: state.info.remaining_credentials,
        });
        KeyReport {
            serial: self.key.serial(),
            model: self.key.model(self.info()),
            firmware: self.key.firmware(self.info()).map(|firmware| firmware.to_string()),
            form_factor: self.key.form_factor(),
            usb: names(|device| device.usb),
            nfc: names(|device| device.nfc),
            fips: device.is_some_and(|device| device.fips),
            config_locked: device.is_some_and(|device| device.config_locked),
            oath: oath(pcsc.map_or(&OathState::Absent, |pcsc| &pcsc.oath)),
            fido,
            advisories: advisories::reports(&self.key.advisories(self.info())),
            software,
            reader: pcsc.map(|pcsc| pcsc.reader.clone()),
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
