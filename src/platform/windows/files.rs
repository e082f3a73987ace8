//! Who may write where is the system's to say; a user's own folders are that user's alone by default.

use super::super::Writers;
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::path::Path;

/// Links are looked for before a file is opened, and no pipe has a name among files.
pub fn open_with_care(_: &mut OpenOptions) {}

/// Opens a file for reading: no pipe has a name among files.
pub fn open_pipe_or_file(path: &Path) -> io::Result<Option<(File, Vec<u8>)>> {
    Ok(Some((File::open(path)?, Vec::new())))
}

#[must_use]
pub fn private_directories() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    builder
}

/// Who may write to a file or directory: not told by its metadata here.
#[must_use]
pub fn writers(_: &Metadata) -> Writers {
    Writers::Us
}

/// Who may put another thing in the place of what is in a directory: not told by its metadata here.
#[must_use]
pub fn movers(_: &Metadata) -> Writers {
    Writers::Us
}

/// Whether users other than its owner can reach what is in a directory.
#[must_use]
pub fn others_may_enter(_: &Metadata) -> bool {
    false
}

/// Whether nobody but this user can read or write it.
#[must_use]
pub fn is_private(_: &Metadata) -> bool {
    true
}

/// There is no such limit.
pub fn survive_file_size_limit() -> io::Result<()> {
    Ok(())
}
