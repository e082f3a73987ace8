//! File descriptors that a program gets from the one that starts it.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;

/// A shell can give more than three: `3< file`.
pub const ARE_INHERITED: bool = true;

/// By its name, which needs no unsafe code.
pub(super) fn name(fd: u32) -> String {
    format!("/dev/fd/{fd}")
}

pub fn open_to_read(fd: u32) -> io::Result<File> {
    File::open(name(fd))
}

pub fn open_to_write(fd: u32) -> io::Result<File> {
    File::options().write(true).open(name(fd))
}

#[must_use]
pub fn is_open(fd: u32) -> bool {
    fs::exists(name(fd)).is_ok_and(|there| there)
}

/// Standard input without a buffer: the runtime's own keeps what it has read until the process ends.
pub fn stdin() -> io::Result<File> {
    io::stdin().as_fd().try_clone_to_owned().map(File::from)
}

/// Standard output as it was. From now on its descriptor leads to standard error: what a library prints is no result.
#[must_use]
pub fn take_stdout() -> Option<File> {
    let ours = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3).ok()?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr()).ok()?;
    Some(File::from(ours))
}
