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
    /// There is no record at all.
    #[error("there is no record")]
    Empty,
    /// The last line has no end: it was cut off.
    #[error("it was cut off")]
    CutOff,
    /// It is not a record of this version.
    #[error("it is not a record of a drill")]
    NotARecord,
    /// A later version of this program wrote it.
    #[error("a later version of glasskey wrote it (format {version}; this one knows {DRILL_FORMAT})")]
    Later { version: u64 },
    /// It is a record, but not as glasskey writes it.
    #[error("it is not as glasskey writes it: it was changed")]
    NotAsWritten,
    /// It is the first line, and names one before it.
    #[error("it names a line before it: lines before it were removed, or moved")]
    NotTheFirst,
    /// It does not follow from the line before it.
    #[error(
        "it does not follow from the line before it: that one was changed, or lines were removed, added or moved"
    )]
    Chain,
    /// The key signed something else, or another key signed.
    #[error("its signature does not hold: it was changed, or another key signed")]
    Signature(#[source] Refusal),
    /// It says that the key signs, and no signature is there.
    #[error("it says that the key signs, and has no signature")]
    Unsigned,
    /// It has a signature, and names no credential that could have made it.
    #[error("it has a signature, and names no credential")]
    NoCredential,
    /// It says that nothing failed, and something did, or the other way about.
    #[error("its verdict is not that of its checks")]
    Verdict,
    /// Another credential than the same key had in an earlier line.
    #[error(
        "it is signed with another credential than the key's in line {line}: another key signed, or the key was enrolled again"
    )]
    OtherCredential { line: usize },
    /// Another credential than the key was enrolled with on this machine.
    #[error("it is signed with another credential than the key was enrolled with here")]
    NotAsEnrolled,
    /// The last line is not the one that was expected.
    #[error("the last line's SHA-256 is {found}, not the one given: lines were removed or added")]
    Head { found: String },
}

/// Why a file cannot be added to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BadLog {
    /// It could not be read or written.
    #[error("the drill log cannot be read or written")]
    Io(#[from] io::Error),
    /// Another glasskey adds to it.
    #[error("another run adds to the drill log")]
    Busy,
    /// It proves nothing any more from this line on.
    #[error(transparent)]
    Broken(#[from] Problem),
}
