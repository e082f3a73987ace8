//! The OATH applet of a YubiKey (YKOATH protocol), over any [`Card`].
//!
//! `wire.rs` is pure bytes; a [`Session`] means a selected applet. This room has never heard of AWS.

mod wire;

/// The first firmware with touch (ykman enforces 4.2.6; Yubico's page says 4.2.4).
pub const TOUCH_SINCE: Version = Version(4, 2, 6);

use crate::secret::{Code, Password, Seed};
use crate::totp::{Algorithm, Kind, Params, Step};
use crate::transport::{self, Card, Sw};

/// A firmware version, major.minor.patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u8, pub u8, pub u8);

/// A credential's id on the key: `[period/][issuer:]account` in UTF-8, 1 to 64 bytes in all. The period is written
/// only for TOTP credentials whose period is not 30 s.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

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

/// A selected OATH applet on an open card.
pub struct Session {
    card: Box<dyn Card>,
    info: Info,
}

/// Why the applet did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The bytes did not get through.
    Transport(transport::Error),
    /// No OATH applet on the card, or it is disabled over this interface. SW 6A82 (or 6D00, 6E00) on SELECT.
    NoApplet,
    /// A password is set and none was given. SW 6982.
    Locked,
    /// The password is not this key's. Nothing counts wrong tries.
    WrongPassword,
    /// The key answered the mutual challenge wrongly: it does not know the password.
    Impostor,
    /// No credential of that name. SW 6984.
    NotFound(Name),
    /// A credential of that name is already there; it was not overwritten.
    NameTaken(Name),
    /// No free slot. SW 6A84 (6F00 on some NEOs).
    Full,
    /// Nobody touched the key in time. SW 6982 on CALCULATE.
    TouchTimedOut,
    /// The firmware cannot do this: what, and the version that can.
    Unsupported {
        /// `touch`, `SHA-512`, `rename`.
        what: &'static str,
        /// The first firmware that can.
        since: Version,
    },
    /// The seed is too short for the applet (at least 2 bytes).
    SeedTooShort,
    /// The name is empty or longer than 64 bytes when composed.
    BadName {
        /// The composed length in bytes.
        bytes: usize,
    },
    /// The key refused, with a status word that has no meaning of its own here.
    Refused(Sw),
    /// The answer is not what the protocol says.
    Malformed,
}

impl From<transport::Error> for Error {
    fn from(cause: transport::Error) -> Self {
        Self::Transport(cause)
    }
}

impl Name {
    /// Composes an id from its parts. `period` is in seconds; 30 is left out, as ykman does. Fails with `BadName`.
    pub fn new(period: u32, issuer: Option<&str>, account: &str) -> Result<Self, Error> {
        let _ = (period, issuer, account);
        todo!()
    }

    /// Takes an id as it stands on a key.
    pub fn from_id(id: &str) -> Result<Self, Error> {
        let _ = id;
        todo!()
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0
    }

    /// The parts: period in seconds (30 when not written), issuer, account.
    #[must_use]
    pub fn parts(&self) -> (u32, Option<&str>, &str) {
        todo!()
    }
}

impl Session {
    /// Selects the applet.
    pub fn open(card: Box<dyn Card>) -> Result<Self, Error> {
        let _ = card;
        todo!()
    }

    /// What SELECT told.
    #[must_use]
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The card beneath, for asking who shares it.
    #[must_use]
    pub fn card(&self) -> &dyn Card {
        &*self.card
    }

    /// Whether commands would be refused for want of a password.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        todo!()
    }

    /// VALIDATE, both ways: the key proves that it knows the password too. Remembered (as the derived key) to unlock
    /// again after another program reset the card.
    pub fn unlock(&mut self, password: &Password) -> Result<(), Error> {
        let _ = password;
        todo!()
    }

    /// SET CODE: sets or replaces the password; needs an unlocked session.
    pub fn set_password(&mut self, password: &Password) -> Result<(), Error> {
        let _ = password;
        todo!()
    }

    /// SET CODE, empty: removes the password.
    pub fn clear_password(&mut self) -> Result<(), Error> {
        todo!()
    }

    /// LIST.
    pub fn list(&mut self) -> Result<Vec<Credential>, Error> {
        todo!()
    }

    /// PUT, after looking that the name is free and a slot is too: an equal name is never overwritten.
    pub fn put(&mut self, new: &New<'_>) -> Result<(), Error> {
        let _ = new;
        todo!()
    }

    /// DELETE.
    pub fn delete(&mut self, name: &Name) -> Result<(), Error> {
        let _ = name;
        todo!()
    }

    /// RENAME, firmware 5.3.1 or later. Refuses a name that is taken.
    pub fn rename(&mut self, from: &Name, to: &Name) -> Result<(), Error> {
        let _ = (from, to);
        todo!()
    }

    /// CALCULATE for a time step (TOTP). Blocks for the touch where the credential asks for one (about 15 s).
    pub fn code(&mut self, name: &Name, step: Step) -> Result<Code, Error> {
        let _ = (name, step);
        todo!()
    }

    /// CALCULATE for an HOTP credential: uses up one code.
    pub fn next_hotp(&mut self, name: &Name) -> Result<Code, Error> {
        let _ = name;
        todo!()
    }

    /// CALCULATE ALL for a time in seconds since the Unix epoch. Credentials whose period is not 30 s are asked
    /// singly, since one challenge serves all.
    pub fn all(&mut self, unix: u64) -> Result<Vec<(Name, Answer)>, Error> {
        let _ = unix;
        todo!()
    }

    /// RESET: wipes every credential and the password; works locked. The session is selected again afterwards.
    pub fn reset(&mut self) -> Result<(), Error> {
        todo!()
    }
}
