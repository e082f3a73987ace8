//! A program with all that it starts, and pipes to programs.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process_group};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

/// Starts it in a group of its own, so that all of it can be killed. It cannot ask on the terminal.
pub fn in_its_own_group(command: &mut Command) {
    command.process_group(0);
}

/// Kills a program of [`in_its_own_group`], with all that it has started, and waits for its end.
pub fn kill_group(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Whether something of what was written to a pipe has not been read; either end tells.
#[must_use]
pub fn has_unread(pipe: &impl AsFd) -> bool {
    rustix::io::ioctl_fionread(pipe).is_ok_and(|left| left > 0)
}

/// Whether nobody can read any more what is written to a pipe.
#[must_use]
pub fn has_no_reader(pipe: &File) -> bool {
    let mut ends = [PollFd::new(pipe, PollFlags::empty())];
    let _ = poll(&mut ends, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    ends.iter().any(|end| end.revents().contains(PollFlags::ERR))
}

#[must_use]
pub fn is_pipe(there: &fs::Metadata) -> bool {
    there.file_type().is_fifo()
}

/// Opens an inherited file descriptor for writing that never waits, where it is a pipe: one that nobody reads cannot be
/// opened. `None`: it is none, and was not opened, since opening some things does something.
pub fn open_inherited_pipe(fd: u32) -> io::Result<Option<File>> {
    let path = super::descriptors::name(fd);
    if !is_pipe(&fs::metadata(&path)?) {
        return Ok(None);
    }
    let mut options = File::options();
    options.write(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed());
    options.open(path).map(Some)
}
