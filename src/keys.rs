//! Which physical keys are plugged in, and choosing exactly one.
//!
//! Reads the Management applet and what the OATH applet says on SELECT and LIST. Does not know AWS.

mod config; // what READ CONFIG says
mod hid; // keys over HID
mod joined; // both ways of seeing a key, by its serial number

pub(crate) use hid::open_device;
pub use hid::{ListedAuthenticator, Opened, device_over_hid, list_fido};
pub use joined::{Key, join};

use crate::oath;
use crate::transport::{self, Card, Ports, Response, Sw};
use std::fmt;
use zeroize::Zeroizing;

/// A YubiKey's serial number, as printed on it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[schemars(inline)]
pub struct Serial(pub u32);

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a key is named: by its serial number, or by the device it is, where it does not tell one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyId {
    /// The serial number.
    Serial(Serial),
    /// The device: `/dev/hidraw3`.
    Device(String),
}

impl KeyId {
    /// The serial number, where that is its name.
    #[must_use]
    pub fn serial(&self) -> Option<Serial> {
        match self {
            Self::Serial(serial) => Some(*serial),
            Self::Device(_) => None,
        }
    }

    /// As `--key` takes it.
    #[must_use]
    pub fn argument(&self) -> String {
        match self {
            Self::Serial(serial) => serial.to_string(),
            Self::Device(path) => path.clone(),
        }
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Serial(serial) => write!(f, "YubiKey {serial}"),
            Self::Device(path) => write!(f, "the key at {path}"),
        }
    }
}

/// A key as it is seen through the PC/SC service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pcsc {
    /// The reader it is in.
    pub reader: String,
    /// What its Management application says.
    pub device: Device,
    /// What the OATH applet says.
    pub oath: OathState,
}

/// Connector and shape, Management tag 04.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum FormFactor {
    Unknown,
    UsbAKeychain,
    UsbANano,
    UsbCKeychain,
    UsbCNano,
    UsbCLightning,
    UsbABio,
    UsbCBio,
}

/// A set of applications, as the Management applet's capability bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applications(pub u16);

impl Applications {
    /// One-time passwords over the keyboard interface.
    pub const OTP: Self = Self(0x0001);
    /// FIDO U2F (CTAP1).
    pub const U2F: Self = Self(0x0002);
    /// OpenPGP card.
    pub const OPENPGP: Self = Self(0x0008);
    /// PIV smart card.
    pub const PIV: Self = Self(0x0010);
    /// OATH, the applet of [`crate::oath`].
    pub const OATH: Self = Self(0x0020);
    /// YubiHSM Auth.
    pub const HSMAUTH: Self = Self(0x0100);
    /// FIDO2 (CTAP2).
    pub const FIDO2: Self = Self(0x0200);
    /// All of the above.
    pub const ALL: Self = Self(0x033B);

    /// Whether every application of `other` is in the set.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of those in the set, as ykman shows them.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let known = [
            (Self::OTP, "OTP"),
            (Self::U2F, "FIDO U2F"),
            (Self::OPENPGP, "OpenPGP"),
            (Self::PIV, "PIV"),
            (Self::OATH, "OATH"),
            (Self::HSMAUTH, "YubiHSM Auth"),
            (Self::FIDO2, "FIDO2"),
        ];
        known.into_iter().filter(move |(application, _)| self.contains(*application)).map(|(_, name)| name)
    }
}

/// The state of a key's OATH applet.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OathState {
    /// No applet, or disabled on this interface.
    Absent,
    /// A password is set: how many slots are used cannot be read without it.
    Locked {
        /// Slots in all.
        capacity: usize,
    },
    /// Readable.
    Open {
        /// Credentials stored.
        used: usize,
        /// Slots in all.
        capacity: usize,
        /// Credentials that ask for a touch.
        touch: usize,
    },
}

/// What the Management application of a key says, over whichever interface it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// `None` where the key does not tell (the serial is hidden by configuration).
    pub serial: Option<Serial>,
    /// The product's name: `YubiKey 5C NFC`.
    pub model: String,
    /// The firmware.
    pub firmware: oath::Version,
    /// Connector and shape.
    pub form_factor: FormFactor,
    /// Applications enabled over USB.
    pub usb: Applications,
    /// Applications enabled over NFC; empty where the key has no NFC.
    pub nfc: Applications,
    /// A FIPS model.
    pub fips: bool,
    /// Whether the configuration is locked with a code.
    pub config_locked: bool,
}

/// Reads the pages of a key's configuration with `page`. `told`: the version the key told otherwise. `None`: what comes
/// is no configuration, so the key is not a YubiKey.
pub fn read_device<B: AsRef<[u8]>, E>(
    told: oath::Version,
    mut page: impl FnMut(u8) -> Result<B, E>,
) -> Result<Option<Device>, E> {
    let mut pages = config::Pages::default();
    for number in 0..=u8::MAX {
        match pages.add(page(number)?.as_ref()) {
            Some(true) => {}
            Some(false) => return Ok(Some(Device::from(pages.config(told)))),
            None => return Ok(None),
        }
    }
    Ok(None)
}

impl From<config::Config> for Device {
    fn from(config: config::Config) -> Self {
        Self {
            serial: config.serial,
            model: config::model(&config),
            firmware: config.firmware,
            form_factor: config.form_factor,
            usb: config.usb,
            nfc: config.nfc,
            fips: config.fips,
            config_locked: config.locked,
        }
    }
}

/// A reader, and the key in it or why it could not be read.
pub struct ListedKey {
    /// The reader's name.
    pub reader: String,
    /// The key, or the error to show in its row.
    pub key: Result<Pcsc, Error>,
}

/// Why a key could not be read or chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes did not get through.
    #[error(transparent)]
    Transport(#[from] transport::Error),
    /// The OATH applet answered badly.
    #[error(transparent)]
    Oath(#[from] oath::Error),
    /// Not a YubiKey, or its Management applet is not readable.
    #[error("not a YubiKey, or its Management applet does not answer")]
    NotAYubiKey,
    /// The key hides its serial number (a setting of it), by which keys are told apart.
    #[error("the YubiKey hides its serial number, by which keys are told apart")]
    NoSerial,
    /// No key is plugged in.
    #[error("no key is plugged in")]
    NoKey,
    /// No YubiKey is plugged in; other cards are.
    #[error("no YubiKey is plugged in; cards of other makers are in {} readers", readers.len())]
    Foreign {
        /// The readers they are in.
        readers: Vec<String>,
    },
    /// More than one key is plugged in and none was named. `None`: one that hides its serial number.
    ///
    #[error("more than one key is plugged in: {} are", .0.len())]
    Several(Vec<Option<Serial>>),
    /// The named key is not here; these are.
    #[error("YubiKey {wanted} is not plugged in")]
    Missing {
        /// The serial asked for.
        wanted: Serial,
        /// The keys present.
        present: Vec<Serial>,
    },
}

impl Error {
    /// What is said of a reader that is empty or has vanished.
    pub(crate) fn is_of_no_card(&self) -> bool {
        use transport::Error::{NoCard, NoReader};
        matches!(self, Self::Transport(NoCard { .. } | NoReader { .. }))
    }
}

/// Looks into every reader. A reader that cannot be read has its row with the reason; only a service that does not
/// answer at all is an error of the whole.
pub fn list(ports: &dyn Ports) -> Result<Vec<ListedKey>, Error> {
    let readers = ports.readers().map_err(Error::Transport)?;
    Ok(readers
        .into_iter()
        .map(|reader| ListedKey { key: read(ports, &reader).map(|(key, _)| key), reader })
        .collect())
}

/// Opens the key of this serial, exactly, or the only key when none is named. Keys that cannot be read do not hide
/// the one that can; when the named key is not found and a reader could not be read, that reader's error is returned.
///
/// Readers that are empty or vanish count as nothing; one with some other card is named where no key is found. The card comes with some applet selected: select
/// yours.
pub fn open(ports: &dyn Ports, wanted: Option<Serial>) -> Result<(Pcsc, Box<dyn Card>), Error> {
    let mut opened = Vec::new();
    let (mut unreadable, mut others) = (None, Vec::new());
    for reader in ports.readers().map_err(Error::Transport)? {
        match read(ports, &reader) {
            Ok(found) if wanted.is_some() && found.0.device.serial == wanted => return Ok(found),
            Ok(found) => opened.push(found),
            Err(Error::NotAYubiKey) => others.push(reader),
            Err(error) if error.is_of_no_card() => {}
            Err(error) => unreadable = unreadable.or(Some(error)),
        }
    }
    let foreign = || (!others.is_empty()).then(|| Error::Foreign { readers: others.clone() });
    let present = || opened.iter().filter_map(|(key, _)| key.device.serial).collect();
    match (wanted, opened.len()) {
        (None, 2..) => Err(Error::Several(opened.iter().map(|(key, _)| key.device.serial).collect())),
        (None, 1) => opened.pop().ok_or(Error::NoKey),
        (None, _) => Err(unreadable.or_else(foreign).unwrap_or(Error::NoKey)),
        (Some(wanted), _) => Err(unreadable.unwrap_or_else(|| Error::Missing { wanted, present: present() })),
    }
}

/// Reads the key in a reader: the Management applet, then the OATH applet. The card comes with some applet selected.
///
/// # Errors
/// [`Error::Transport`], [`Error::Oath`], [`Error::NotAYubiKey`].
pub fn read(ports: &dyn Ports, reader: &str) -> Result<(Pcsc, Box<dyn Card>), Error> {
    let mut card = ports.open(reader).map_err(Error::Transport)?;
    let config = match read_config(&mut *card) {
        Err(Error::Transport(transport::Error::Reset)) => read_config(&mut *card)?, // once: reading changes nothing
        config => config?,
    };
    let (oath, card) = read_oath(card)?;
    let key = Pcsc { reader: reader.to_owned(), device: Device::from(config), oath };
    Ok((key, card))
}

const SELECT_MANAGEMENT: [u8; 13] = [0x00, 0xA4, 0x04, 0x00, 0x08, 0xA0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17];
const SELECT_OTP: [u8; 12] = [0x00, 0xA4, 0x04, 0x00, 0x07, 0xA0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01];
/// The serial, of the OTP applet.
const READ_SERIAL: [u8; 5] = [0x00, 0x01, 0x10, 0x00, 0x00];
/// No command of any applet. A NEO's Management applet stays selected without it.
const DESELECT: [u8; 4] = [0xA4, 0x04, 0x00, 0x08];

/// Selects the Management applet and reads all its pages.
fn read_config(card: &mut dyn Card) -> Result<config::Config, Error> {
    let selected = ask(card, &SELECT_MANAGEMENT)?.ok_or(Error::NotAYubiKey)?;
    let version = config::version(&selected).ok_or(Error::NotAYubiKey)?;
    if version.0 == 3 {
        return Ok(config::Pages::of_neo(version, neo_serial(card)?).config(version));
    }
    let mut pages = config::Pages::default();
    for page in 0..=u8::MAX {
        let answer = ask(card, &[0x00, 0x1D, page, 0x00, 0x00])?.ok_or(Error::NotAYubiKey)?;
        if !pages.add(&answer).ok_or(Error::NotAYubiKey)? {
            return Ok(pages.config(version));
        }
    }
    Err(Error::NotAYubiKey)
}

/// A NEO has no READ CONFIG; its OTP applet knows the serial.
fn neo_serial(card: &mut dyn Card) -> Result<Option<Serial>, Error> {
    transmit(card, &DESELECT)?;
    if ask(card, &SELECT_OTP)?.is_none() {
        return Ok(None);
    }
    let serial = ask(card, &READ_SERIAL)?.and_then(|data| data.as_slice().try_into().ok());
    Ok(serial.map(|serial| Serial(u32::from_be_bytes(serial))))
}

/// What the OATH applet says, and the card back.
fn read_oath(card: Box<dyn Card>) -> Result<(OathState, Box<dyn Card>), Error> {
    let mut session = match oath::Session::open_or_return(card) {
        Ok(session) => session,
        Err((oath::Error::NoApplet, card)) => return Ok((OathState::Absent, card)),
        Err((error, _)) => return Err(describe(error)),
    };
    let capacity = session.info().capacity;
    let state = if session.is_locked() {
        OathState::Locked { capacity }
    } else {
        let (used, touch) = session.count().map_err(describe)?;
        OathState::Open { used, capacity, touch }
    };
    Ok((state, session.into_card()))
}

fn describe(error: oath::Error) -> Error {
    match error {
        oath::Error::Transport(error) => Error::Transport(error),
        error => Error::Oath(error),
    }
}

/// The data of an answer; `None` where the card refused.
fn ask(card: &mut dyn Card, command: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let answer = transmit(card, command)?;
    Ok((answer.sw == Sw::OK).then_some(answer.data))
}

fn transmit(card: &mut dyn Card, command: &[u8]) -> Result<Response, Error> {
    card.transmit(command).map_err(Error::Transport)
}

/// Reads bytes as READ CONFIG and SELECT answer them; for fuzzing. Must return whatever the bytes are.
#[doc(hidden)]
pub fn fuzz_config(answer: &[u8]) {
    let version = config::version(answer).unwrap_or(oath::Version(5, 0, 0));
    let mut pages = config::Pages::default();
    let _ = pages.add(answer);
    let _ = config::model(&pages.config(version));
}
