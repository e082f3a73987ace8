//! Which physical keys are plugged in, and choosing exactly one.
//!
//! Reads the Management applet and what the OATH applet says on SELECT and LIST. Does not know AWS.

use crate::oath;
use crate::transport::{self, Card, Ports};
use std::fmt;

/// A YubiKey's serial number, as printed on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Serial(pub u32);

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A key that was found, in one reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The reader it is in.
    pub reader: String,
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
    /// What the OATH applet says.
    pub oath: OathState,
}

/// Connector and shape, Management tag 04.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A reader, and the key in it or why it could not be read.
pub struct Found {
    /// The reader's name.
    pub reader: String,
    /// The key, or the error to show in its row.
    pub key: Result<Key, Error>,
}

/// Why a key could not be read or chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The bytes did not get through.
    Transport(transport::Error),
    /// The OATH applet answered badly.
    Oath(oath::Error),
    /// Not a YubiKey, or its Management applet is not readable.
    NotAYubiKey,
    /// No key is plugged in.
    NoKey,
    /// More than one key is plugged in and none was named.
    Several(Vec<Serial>),
    /// The named key is not here; these are.
    Missing {
        /// The serial asked for.
        wanted: Serial,
        /// The keys present.
        present: Vec<Serial>,
    },
}

/// Looks into every reader. A reader that cannot be read has its row with the reason; only a service that does not
/// answer at all is an error of the whole.
pub fn list(ports: &dyn Ports) -> Result<Vec<Found>, Error> {
    let _ = ports;
    todo!()
}

/// Opens the key of this serial, exactly, or the only key when none is named. Keys that cannot be read do not hide
/// the one that can; when the named key is not found and a reader could not be read, that reader's error is returned.
pub fn open(ports: &dyn Ports, wanted: Option<Serial>) -> Result<(Key, Box<dyn Card>), Error> {
    let _ = (ports, wanted);
    todo!()
}
