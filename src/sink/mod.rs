//! The places a seed may go. Each can be written, proved, and undone.
//!
//! A sink knows its own place and nothing of AWS. A key and a phone are proved by a code they compute themselves; a
//! file by being read back, its header checked and its content compared; a command by its exit status alone, unless another one prints a code
//! of what it stored.

mod access_key;
mod code;
mod command;
mod escrow;
mod key;
mod password;
mod phone;
mod told;

pub use crate::platform::program_of;
pub use access_key::{AccessKeySink, Pipe, PipeTrouble, SecretFormat};
pub use code::{CodeCommand, CodeTrouble};
pub use command::{ChildCommand, CommandEnd, CommandSink};
pub use escrow::{EscrowFile, EscrowSink, EscrowState, Recipients, Secret};
pub use key::KeySink;
pub use password::PasswordSink;
pub use phone::PhoneSink;

use crate::person::Person;
use crate::totp::Clock;
use crate::unlock::{self, UnlockedKeys};
use std::io;
use std::path::PathBuf;

/// What a sink needs while it works.
pub struct Context<'a, 'p> {
    pub keys: &'a mut UnlockedKeys<'p>,
    /// Touch prompts, the phone's screen.
    pub person: &'a mut dyn Person,
    /// The moment a proof is computed for.
    pub clock: &'a Clock,
}

/// Why a place did not take the seed, or could not prove that it has it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error(transparent)]
    Unlock(#[from] unlock::Error),
    #[error("YubiKey {key} computes other codes than the seed gives")]
    WrongCode { key: crate::keys::Serial },
    #[error("YubiKey {key} gave its codes so late that no two of them were of the present")]
    TooSlow { key: crate::keys::Serial },
    #[error("no right code from the phone was typed in")]
    NotConfirmed,
    #[error("there is no terminal to show the QR code on")]
    NobodyToAsk,
    #[error("the QR code cannot hold the otpauth URI")]
    TooLong,
    #[error("\"{recipient}\" is no escrow recipient: {why}")]
    BadRecipient {
        /// As it was given; shortened where it is a secret.
        recipient: String,
        why: &'static str,
    },
    #[error("the escrow recipient {recipient} cannot be used: {why}")]
    Recipient { recipient: String, why: String },
    #[error("the escrow file {path} cannot be written: {why}")]
    Escrow {
        path: PathBuf,
        what: Secret,
        kind: io::ErrorKind,
        /// The system's words.
        why: String,
    },
    /// A file of that name is there already; it was not touched.
    #[error("{path} exists already; it was not touched")]
    EscrowThere { path: PathBuf, what: Secret },
    #[error("what was read back from {path} is not what was written")]
    EscrowDiffers { path: PathBuf },
    #[error("file descriptor {fd} did not take the secret")]
    Pipe {
        fd: u32,
        #[source]
        why: PipeTrouble,
    },
    #[error("`{program}` printed no code of the seed")]
    Code {
        program: String,
        #[source]
        why: CodeTrouble,
        /// The end of its standard error, where it holds nothing secret.
        said: Option<Vec<String>>,
    },
    #[error("`{program}` did not take the {what}")]
    Command {
        program: String,
        /// What it did not take: `seed`.
        what: &'static str,
        #[source]
        end: CommandEnd,
        /// The end of its standard error, where it holds nothing secret.
        said: Option<Vec<String>>,
    },
}
