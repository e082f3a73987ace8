//! Why a roster is not worked through.

use std::io;

/// Why a roster is not worked through.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RosterRefusal {
    /// A roster hands out keys, and nobody is there to bring them.
    NeedsPerson {
        /// The first such line.
        line: u64,
        /// Its user.
        user: String,
    },
}

/// Why a ledger cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum BadLedger {
    /// It cannot be read or written.
    Io {
        /// The cause.
        cause: io::Error,
    },
    /// A line is not one this version writes.
    Unreadable {
        /// Counted from 1.
        line: usize,
    },
    /// It is another account's.
    OtherAccount {
        /// The ledger's.
        account: String,
    },
    /// It is another command's.
    OtherCommand {
        /// The ledger's.
        command: String,
    },
    /// It is another roster's: this user is done, and not in the roster with this device.
    OtherRoster {
        /// Who.
        user: String,
        /// Their device.
        device: String,
    },
}

impl From<io::Error> for BadLedger {
    fn from(cause: io::Error) -> Self {
        Self::Io { cause }
    }
}
