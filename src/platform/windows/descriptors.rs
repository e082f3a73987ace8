//! What a program gets from the one that starts it: its three standard handles, and no other by a number.

use std::fs::File;
use std::io;
use std::os::windows::io::AsHandle;

pub const ARE_INHERITED: bool = false;

pub fn open_to_read(_: u32) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn open_to_write(_: u32) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[must_use]
pub fn is_open(_: u32) -> bool {
    false
}

/// Standard input without a buffer: the runtime's own keeps what it has read until the process ends.
pub fn stdin() -> io::Result<File> {
    io::stdin().as_handle().try_clone_to_owned().map(File::from)
}

/// Standard output stays where it is: a library may print to it.
#[must_use]
pub fn take_stdout() -> Option<File> {
    None
}
