//! Why a roster is not worked through.

use std::io;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RosterRefusal {
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
    #[error("it cannot be read or written")]
    Io {
        #[from]
        cause: io::Error,
    },
    #[error("line {line} is not one this version writes")]
    Unreadable { line: usize },
    #[error("it is of account {account}")]
    OtherAccount { account: String },
    #[error("it is of the command {command}")]
    OtherCommand { command: String },
    #[error("it is of another roster: {user} is done in it, and this roster has no such user with device {device}")]
    OtherRoster { user: String, device: String },
}
