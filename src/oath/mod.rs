//! The OATH applet of a YubiKey (YKOATH protocol), over any [`Card`](crate::transport::Card).
//!
//! `wire.rs` is pure bytes; a [`Session`] means a selected applet. This room has never heard of AWS.
//!
//! The protocol is Yubico's (developers.yubico.com, `YKOATH_Protocol`); RENAME, which that page lacks, is as
//! yubikey-manager sends it.

mod access;
mod exchange;
mod name;
mod session;
mod wire;

pub use session::Session;

use crate::secret::{Code, Seed};
use crate::totp::{Algorithm, Kind, Params};
use crate::transport::{self, Sw};
use std::fmt;

/// The first firmware with touch (ykman enforces 4.2.6; Yubico's page says 4.2.4).
pub const TOUCH_SINCE: Version = Version(4, 2, 6);
/// The first firmware with HMAC-SHA-512.
pub const SHA512_SINCE: Version = Version(4, 3, 1);

/// A firmware version, major.minor.patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u8, pub u8, pub u8);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// The longest id a key takes, in bytes.
pub const MAX_NAME: usize = 64;

/// What [`Error::Unsupported`] says where firmware 4.0.1 to 4.3.4 would overwrite a credential whose name begins
/// with the new one's.
pub const PREFIX: &str = "a name that another credential's name begins with";

/// A credential's id on the key: `[period/][issuer:]account` in UTF-8, 1 to 64 bytes in all. The period is written
/// only for TOTP credentials whose period is not 30 s. Other tools have written ids that are not UTF-8; they are shown
/// with their odd bytes replaced, and addressed by the bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    shown: Box<str>,
    /// The id itself, where it is not `shown`.
    odd: Option<Box<[u8]>>,
}

/// A credential as LIST shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub name: Name,
    /// The HMAC's hash.
    pub algorithm: Algorithm,
    /// Whether it counts events instead of time.
    pub hotp: bool,
}

/// What CALCULATE ALL says of one credential.
pub enum Answer {
    /// A TOTP code for the time asked.
    Code(Code),
    /// A touch is needed: ask for it alone.
    Touch,
    /// HOTP: asking would use up a code.
    Hotp,
}

/// A credential to be written.
pub struct New<'a> {
    /// Its id.
    pub name: &'a Name,
    /// HOTP or TOTP.
    pub kind: Kind,
    /// Hash, digits and period; the period must be the name's.
    pub params: Params,
    /// Require a touch for every code. Firmware 4.2.6 or later.
    pub touch: bool,
    /// The secret.
    pub seed: &'a Seed,
}

/// What SELECT tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The applet's version, which is the firmware's.
    pub version: Version,
    /// The device id: base64 of the first 16 bytes of SHA-256 of the salt; changes on reset.
    pub device_id: String,
    /// Whether a password is set.
    pub protected: bool,
    /// How many credentials fit: 32, or 64 from firmware 5.7.0.
    pub capacity: usize,
}

/// Why the applet did not do it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes did not get through.
    #[error(transparent)]
    Transport(#[from] transport::Error),
    /// No OATH applet on the card, or it is disabled over this interface. SW 6A82 (or 6D00, 6E00) on SELECT.
    #[error("the key has no OATH applet, or it is disabled over this interface")]
    NoApplet,
    /// A password is set and none was given. SW 6982.
    #[error("the OATH applet of the key has a password")]
    Locked,
    /// The password is not this key's. Nothing counts wrong tries.
    #[error("that is not the OATH password of the key")]
    WrongPassword,
    /// The key answered the mutual challenge wrongly: it does not know the password.
    #[error("the key does not prove that it knows its own password")]
    Impostor,
    /// No credential of that name. SW 6984.
    #[error("there is no credential \"{}\" on the key", .0.id())]
    NotFound(Name),
    /// A credential of that name is already there; it was not overwritten.
    #[error("a credential \"{}\" is on the key already; it was not overwritten", .0.id())]
    NameTaken(Name),
    /// No free slot. SW 6A84 (6F00 on some NEOs).
    #[error("no free slot on the key")]
    Full,
    /// Nobody touched the key in time. SW 6982 on CALCULATE.
    #[error("nobody touched the key in time")]
    TouchTimedOut,
    /// The firmware cannot do this: what, and the version that can.
    #[error("the firmware of the key cannot do {what}; {since} and later can")]
    Unsupported {
        /// `touch`, `SHA-512`, `rename`, or [`PREFIX`].
        what: &'static str,
        /// The first firmware that can.
        since: Version,
    },
    /// The seed is too short for the applet (at least 2 bytes).
    #[error("the secret is too short: the applet takes 2 bytes or more")]
    SeedTooShort,
    /// The name is empty, longer than 64 bytes when composed, or would be read back with another period or issuer
    /// than the ones given.
    #[error("a key would not keep the credential's name, of {bytes} bytes")]
    BadName {
        /// The composed length in bytes.
        bytes: usize,
    },
    /// The key refused, with a status word that has no meaning of its own here.
    #[error("the key refused with status word {0}")]
    Refused(Sw),
    /// The answer is not what the protocol says.
    #[error("the answer of the key makes no sense")]
    Malformed,
}

/// Reads bytes as every answer there is; for fuzzing. Must return whatever the bytes are.
#[doc(hidden)]
pub fn fuzz_answer(answer: &[u8]) {
    let _ = wire::selected(answer);
    let _ = wire::listed(answer);
    let _ = wire::calculated(answer);
    let _ = wire::calculated_all(answer);
    let _ = wire::proof(answer);
    if let Ok(name) = std::str::from_utf8(answer).map_err(drop).and_then(|id| Name::from_id(id).map_err(drop)) {
        let _ = name.parts();
    }
}
