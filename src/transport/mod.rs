//! Bytes to a smart card and back.
//!
//! This room knows readers, APDUs and status words. It does not know any applet: what the bytes mean is
//! [`crate::oath`]'s and [`crate::keys`]'s business. [`pcsc`] is the only file that names the `pcsc` crate.

pub mod hid;
pub mod hid_socket;
// Built without PC/SC there are no readers, which the other file says.
#[cfg_attr(not(feature = "pcsc"), path = "no_pcsc.rs")]
pub mod pcsc;
pub mod socket;

use std::fmt;
use zeroize::Zeroizing;

/// An open connection to one card. Whatever sharing the platform needs (exclusive access, a transaction)
/// is held from opening until drop, so a sequence of commands is never interleaved with another program's.
pub trait Card {
    /// Sends one command APDU (ISO 7816-4, short or extended, at most 65 544 bytes) and returns its answer.
    ///
    /// # Errors
    /// [`Error::Removed`] when the card has gone (also in the middle of the command: it may have been carried out).
    /// [`Error::Reset`] when another program reset the card: the connection has been re-established and the card
    /// answers again, but nothing is selected; the command may or may not have been carried out.
    fn transmit(&mut self, command: &[u8]) -> Result<Response, Error>;

    /// Who else has the reader open, where exclusive access was not to be had. `None`: the access is exclusive.
    fn shared_with(&self) -> Option<&Holder> {
        None
    }
}

pub trait Ports {
    /// The names of all readers, whether or not a card is in them. Empty when there is no reader.
    fn readers(&self) -> Result<Vec<String>, Error>;

    /// Opens the card in the reader of this exact name.
    fn open(&self, reader: &str) -> Result<Box<dyn Card>, Error>;
}

#[derive(Default)]
pub struct NoReaders;

impl Ports for NoReaders {
    fn readers(&self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    fn open(&self, reader: &str) -> Result<Box<dyn Card>, Error> {
        Err(Error::NoReader { reader: reader.to_owned() })
    }
}

/// A card's answer. The data is wiped on drop: it may hold a code.
pub struct Response {
    /// The answer without its status word; at most 65 536 bytes.
    pub data: Zeroizing<Vec<u8>>,
    /// The status word, SW1 SW2.
    pub sw: Sw,
}

impl Response {
    /// Splits raw bytes from the wire. Fails with [`Error::Malformed`] when there is no status word.
    pub fn parse(mut raw: Zeroizing<Vec<u8>>) -> Result<Self, Error> {
        match (raw.pop(), raw.pop()) {
            (Some(low), Some(high)) => Ok(Self { data: raw, sw: Sw(u16::from_be_bytes([high, low])) }),
            _ => Err(Error::Malformed),
        }
    }
}

/// A status word (ISO 7816-4 §5.6), shown as four hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Sw(pub u16);

impl Sw {
    pub const OK: Self = Self(0x9000);
}

impl fmt::Display for Sw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Debug for Sw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SW {self}")
    }
}

/// A program that has a reader open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The program's name, as the system shows it: `scdaemon`.
    pub name: String,
    /// Its process id.
    pub pid: u32,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.name, self.pid)
    }
}

/// Why bytes did not get through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The PC/SC service (pcscd) is not running. `SCARD_E_NO_SERVICE` 0x8010001D.
    #[error("the PC/SC service (pcscd) does not answer")]
    NoService,
    /// The PC/SC service refused this user (polkit). `SCARD_W_SECURITY_VIOLATION` 0x8010006A.
    #[error("the PC/SC service refused this user (polkit)")]
    Denied,
    /// No reader of that name. `SCARD_E_UNKNOWN_READER` 0x80100009, `SCARD_E_READER_UNAVAILABLE` 0x80100017.
    #[error("the reader \"{reader}\" is gone")]
    NoReader { reader: String },
    /// Another program holds the reader exclusively. `SCARD_E_SHARING_VIOLATION` 0x8010000B.
    #[error("\"{reader}\" is held by {}", .holder.as_ref().map_or_else(|| "another program".to_owned(), Holder::to_string))]
    Busy {
        reader: String,
        /// The likely holder, where the system tells.
        holder: Option<Holder>,
    },
    /// The reader has no card in it. `SCARD_E_NO_SMARTCARD` 0x8010000C.
    #[error("there is no card in \"{reader}\"")]
    NoCard { reader: String },
    /// The card is in the reader but does not answer. `SCARD_W_UNRESPONSIVE_CARD` 0x80100066 and its kin.
    #[error("the card in \"{reader}\" does not answer")]
    Mute { reader: String },
    /// The card was pulled while it was in use. `SCARD_W_REMOVED_CARD` 0x80100069.
    #[error("the key was pulled while it was in use")]
    Removed,
    /// The card was reset by another program; it answers again, with nothing selected. `SCARD_W_RESET_CARD` 0x80100068.
    #[error("another program reset the key again and again")]
    Reset,
    #[error("the key's answer makes no sense")]
    Malformed,
    #[error("the PC/SC service answered error 0x{code:08X}")]
    Pcsc {
        /// The PC/SC return code, e.g. 0x80100001.
        code: u32,
    },
}
