//! A program with all that it starts, and pipes to programs.

use super::system::pipes;
use std::fs::{File, Metadata};
use std::io;
use std::os::windows::io::AsHandle;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};

/// `CREATE_NEW_PROCESS_GROUP`: Ctrl-C at the console is ours to hear.
const OWN_GROUP: u32 = 0x200;

/// Starts it in a group of its own.
pub fn in_its_own_group(command: &mut Command) {
    command.creation_flags(OWN_GROUP);
}

/// Kills a program, and waits for its end. `taskkill` of the system knows what it has started.
pub fn kill_group(child: &mut Child) {
    let _ = Command::new("taskkill").args(["/T", "/F", "/PID", &child.id().to_string()]).output();
    let _ = child.kill();
    let _ = child.wait();
}

/// Whether something of what was written to a pipe has not been read; its reading end tells.
#[must_use]
pub fn has_unread(pipe: &impl AsHandle) -> bool {
    pipes::waiting(pipe.as_handle()).is_ok_and(|left| left > 0)
}

/// Whether nobody can read any more what is written to a pipe: as far as is told, nobody can.
#[must_use]
pub fn has_no_reader(_: &File) -> bool {
    true
}

/// No pipe is among files.
#[must_use]
pub fn is_pipe(_: &Metadata) -> bool {
    false
}

/// A program gets no file descriptors here.
pub fn open_inherited_pipe(_: u32) -> io::Result<Option<File>> {
    Err(io::ErrorKind::Unsupported.into())
}
