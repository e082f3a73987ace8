//! Unix: links, devices and pipes in a file's place, and who else may write to it.

use super::super::Writers;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Access, OFlags, fcntl_getfl, fcntl_setfl};
use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Has opening fail at a symbolic link, return at once from a pipe that nobody has opened yet, and make new files
/// readable and writable by their owner alone.
pub fn open_with_care(options: &mut OpenOptions) {
    let care = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    options.custom_flags(care.bits().cast_signed()).mode(0o600);
}

/// Keeps a file that was just made to this user: [`open_with_care`] has.
pub fn keep_private(_: &Path) -> io::Result<()> {
    Ok(())
}

/// How long a writer of a pipe may take to come: a shell starts both ends, in whatever order.
const WRITER_COMES: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };

/// Opens a file or a pipe for reading; what was read of it already comes with it. `None`: a pipe that nobody has opened
/// for writing, which has no end to wait for (fifo(7), read(2): at once an end of file, and `EAGAIN` with a writer).
pub fn open_pipe_or_file(path: &Path) -> io::Result<Option<(File, Vec<u8>)>> {
    if !std::fs::metadata(path)?.file_type().is_fifo() {
        return Ok(Some((File::open(path)?, Vec::new())));
    }
    let mut file = File::options().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(path)?;
    let _ = poll(&mut [PollFd::new(&file, PollFlags::IN)], Some(&WRITER_COMES))?;
    let mut first = [0];
    let first = match file.read(&mut first) {
        Ok(0) => return Ok(None),
        Ok(_) => first.to_vec(),
        Err(cause) if cause.kind() == io::ErrorKind::WouldBlock => Vec::new(),
        Err(cause) => return Err(cause),
    };
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(Some((file, first)))
}

/// Makes directories, those above them too, that their owner alone can enter.
pub fn create_private_directories(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a directory that its owner alone can enter; it must not be there.
pub fn create_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Whether this process may make files in a directory.
#[must_use]
pub fn may_write(directory: &Path) -> bool {
    rustix::fs::access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// Whether users other than its owner can see what is in a directory.
#[must_use]
pub fn others_may_look(directory: &Path) -> bool {
    directory.metadata().is_ok_and(|there| there.mode() & 0o077 != 0)
}

/// The group that may read and write a device, where that is another than root's.
#[must_use]
pub fn group_of(device: &Path) -> Option<String> {
    let node = device.metadata().ok().filter(|node| node.mode() & 0o060 == 0o060 && node.gid() != 0)?;
    let groups = std::fs::read_to_string("/etc/group").ok()?;
    let mut lines = groups.lines().map(|line| line.split(':').collect::<Vec<_>>());
    lines.find_map(|fields| match *fields {
        [name, _, id, ..] if id.parse() == Ok(node.gid()) => Some(name.to_owned()),
        _ => None,
    })
}

/// Who may write to a file or directory.
#[must_use]
pub fn writers(_: &Path, there: &Metadata) -> Writers {
    if there.uid() != rustix::process::geteuid().as_raw() {
        Writers::ItsOwner
    } else if there.mode() & 0o022 != 0 {
        Writers::Others
    } else {
        Writers::Us
    }
}

/// Who may put another thing in the place of what is in a directory. The system's administrator may anyway; where the
/// directory is sticky, others may move what is their own alone (rename(2), `EPERM`). A group of the user's number is
/// that user's alone: where each user has a group, directories are made for it to write to (umask 002).
#[must_use]
pub fn movers(_: &Path, directory: &Metadata) -> Writers {
    let user = rustix::process::geteuid().as_raw();
    let own_group = [directory.gid(), rustix::process::getegid().as_raw()] == [user; 2];
    let others = if own_group { 0o002 } else { 0o022 };
    if ![0, user].contains(&directory.uid()) {
        Writers::ItsOwner
    } else if directory.mode() & others != 0 && directory.mode() & 0o1000 == 0 {
        Writers::Others
    } else {
        Writers::Us
    }
}

/// Whether users other than its owner can reach what is in a directory.
#[must_use]
pub fn others_may_enter(_: &Path, directory: &Metadata) -> bool {
    directory.mode() & 0o011 != 0
}

/// Whether nobody but this user can read or write it, as with every file that [`open_with_care`] makes.
#[must_use]
pub fn is_private(path: &Path, there: &Metadata) -> bool {
    writers(path, there) == Writers::Us && there.mode() & 0o077 == 0
}

/// Beyond a limit on the size of files (`ulimit -f`) a write fails from now on, and does not end the process. Programs
/// that are started have the system's default again.
pub fn survive_file_size_limit() -> io::Result<()> {
    signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::new(AtomicBool::new(false))).map(drop)
}
