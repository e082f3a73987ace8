//! What the PIV applet of a key says of itself. Read only: no PIN, PUK or management key is ever asked for or sent.
//!
//! `reading.rs` is the only file that names the `yubikey` crate. The crate talks to the PC/SC service itself and takes
//! no other way to a card, so this room reaches real readers alone, not [`crate::transport::Ports`]. It does not know
//! how a key is chosen: it gets the name of a reader and the serial that is expected in it.

// Built without it nothing can be read, which the other file says.
#[cfg_attr(not(feature = "piv"), path = "piv/no_reading.rs")]
mod reading;

use crate::keys::Serial;
use crate::oath::Version;
use crate::transport;
use std::time::SystemTime;

/// The firmware that GET METADATA came with. Before it, nothing tells the PUK's tries, what is still the factory's, or
/// which slots hold a key.
pub const METADATA_SINCE: Version = Version(5, 3, 0);

/// What the applet says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The key's serial, as this applet tells it.
    pub serial: Serial,
    /// The applet's version; on a YubiKey 4 and 5 that of the firmware.
    pub version: Version,
    /// The PIN's tries.
    pub pin: Tries,
    /// The PUK's tries; `None` before [`METADATA_SINCE`].
    pub puk: Option<Tries>,
    /// The management key.
    pub management_key: ManagementKey,
    /// The slots that hold a key or a certificate, in the order 9A, 9C, 9D, 9E, 82 to 95, F9. Before
    /// [`METADATA_SINCE`] only those with a certificate can be told.
    pub slots: Vec<Slot>,
}

/// Tries of a PIN or PUK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// Left; 0 is blocked. Where `of` is `None`, 15 means 15 or more.
    pub left: u8,
    /// In all; `None` before [`METADATA_SINCE`].
    pub of: Option<u8>,
    /// Whether it is still the one from the factory; `None` before [`METADATA_SINCE`].
    pub default: Option<bool>,
}

/// The key that writing to the applet takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ManagementKey {
    /// `3DES`, `AES-128`, `AES-192` or `AES-256`; `None` for one that is not known here.
    pub algorithm: Option<&'static str>,
    /// What this firmware has from the factory: 3DES, or AES-192 from 5.7.0.
    pub factory_algorithm: &'static str,
    /// Whether it is still the one from the factory, which everybody knows; `None` before [`METADATA_SINCE`].
    pub default: Option<bool>,
}

/// An occupied slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// As in the specification: 0x9A.
    pub number: u8,
    /// The private key.
    pub key: SlotKey,
    /// The certificate; `None` where there is none.
    pub certificate: Option<Certificate>,
}

/// A slot's private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotKey {
    /// The firmware does not tell whether there is one (before [`METADATA_SINCE`]).
    Untold,
    /// None: a certificate without its key.
    Absent,
    /// There is one.
    Present {
        /// `RSA-2048`, `P-256`, …; `None` for one that is not known here.
        algorithm: Option<&'static str>,
        /// Generated on the key (`true`) or imported; `None` where that is not told.
        generated: Option<bool>,
    },
}

/// What is in a slot's certificate object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    /// An X.509 certificate.
    Readable {
        /// The subject (RFC 4514), as whoever wrote it wanted: not fit for a terminal as it is.
        subject: String,
        /// Valid from.
        not_before: SystemTime,
        /// Valid until. 9999-12-31T23:59:59Z means for ever (RFC 5280 §4.1.2.5).
        not_after: SystemTime,
    },
    /// Something else.
    Unreadable,
}

/// Why the applet could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Error {
    /// The bytes did not get through.
    #[error(transparent)]
    Transport(#[from] transport::Error),
    #[error("the key has no PIV applet, or it is disabled over this interface")]
    NoApplet,
    /// A YubiKey 4 tells its serial in the OTP applet only, and that is disabled. Nothing can be read without it.
    #[error("the key tells its serial number in the OTP applet, which is disabled")]
    NoSerial,
    /// Neither a YubiKey 4 nor 5, which are all that can be read.
    #[error("the PIV applet of the key cannot be read: only that of YubiKeys 4 and 5 can")]
    TooOld,
    #[error("the key has made room for YubiKey {found} in its reader")]
    OtherKey {
        /// The one that is there.
        found: Serial,
    },
    #[error("another program used the key between two commands, again and again")]
    Disturbed,
    #[error("the PIV applet of the key refused to be read")]
    Refused,
    #[error("the answer of the key makes no sense")]
    Malformed,
    #[error("this program was built without the feature piv")]
    NotBuiltIn,
}

/// Reads the applet of the key in this reader, by its exact name, and touches no other reader.
///
/// Takes up to a few seconds: a data object and a status for each of 25 slots. Another program's transaction is waited
/// for up to 15 s, then the reader is [`Busy`](transport::Error::Busy).
///
/// # Errors
/// All of [`Error`]. [`Error::OtherKey`] only where `expected` is given.
pub fn read(reader: &str, expected: Option<Serial>) -> Result<Info, Error> {
    reading::read(reader, expected)
}

/// Reads bytes as a slot's data object; for fuzzing. Must return whatever the bytes are.
#[doc(hidden)]
pub fn fuzz_object(object: &[u8]) {
    drop(reading::certificate(object));
}
