//! Why a roster is not worked through.

use std::io;

/// Why a roster is not worked through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterRefusal {
    /// A roster hands out keys, and nobody is there to bring them.
    #[error("line {line} of the roster names no key for {user}, and nobody is there to insert one")]
    NeedsPerson {
        /// The first such line.
        line: u64,
        user: String,
    },
}

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadLedger {
    /// It cannot be read or written.
    #[error("it cannot be read or written")]
    Io {
        #[from]
        cause: io::Error,
    },
    /// A line is not one this version writes.
    #[error("line {line} is not one this version writes")]
    Unreadable {
        /// Counted from 1.
        line: usize,
    },
    /// It is another account's.
    #[error("it is of account {account}")]
    OtherAccount { account: String },
    /// It is another command's.
    #[error("it is of the command {command}")]
    OtherCommand { command: String },
    /// It is another roster's: this user is done, and not in the roster with this device.
    #[error("it is of another roster: {user} is done in it, and this roster has no such user with device {device}")]
    OtherRoster { user: String, device: String },
}
