//! Why the record of drills proves nothing, or cannot be added to.

use crate::fido::webauthn::Refusal;
use std::io;

/// The format that each line names as `version`.
pub(in crate::flow) const DRILL_FORMAT: u32 = 1;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the drill log proves nothing")]
pub struct Problem {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub flaw: Flaw,
}

/// Why a line proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    #[error("there is no record")]
    Empty,
    #[error("it was cut off")]
    CutOff,
    #[error("it is not a record of a drill")]
    NotARecord,
    #[error("a later version of glasskey wrote it (format {version}; this one knows {DRILL_FORMAT})")]
    Later { version: u64 },
    #[error("it is not as glasskey writes it: it was changed")]
    NotAsWritten,
    #[error("it names a line before it: lines before it were removed, or moved")]
    NotTheFirst,
    #[error(
        "it does not follow from the line before it: that one was changed, or lines were removed, added or moved"
    )]
    Chain,
    #[error("its signature does not hold: it was changed, or another key signed")]
    Signature(#[source] Refusal),
    #[error("it says that the key signs, and has no signature")]
    Unsigned,
    #[error("it has a signature, and names no credential")]
    NoCredential,
    #[error("its verdict is not that of its checks")]
    Verdict,
    #[error(
        "it is signed with another credential than the key's in line {line}: another key signed, or the key was enrolled again"
    )]
    OtherCredential { line: usize },
    #[error("it is signed with another credential than the key was enrolled with here")]
    NotAsEnrolled,
    #[error("the last line's SHA-256 is {found}, not the one given: lines were removed or added")]
    Head { found: String },
}

/// Why a file cannot be added to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadLog {
    #[error("the drill log cannot be read or written")]
    Io(#[from] io::Error),
    #[error("another run adds to the drill log")]
    Busy,
    #[error(transparent)]
    Broken(#[from] Problem),
}
