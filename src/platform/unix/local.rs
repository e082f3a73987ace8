//! Streams between this user's processes on this machine: Unix sockets.

use super::Interrupt;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

/// Where processes of this user come to.
pub struct Listener(UnixListener);

impl Listener {
    /// At this path, which only this user may use. What a process that died has left there is replaced; anything else in
    /// the place is an error (`AddrInUse`).
    pub fn bind(path: &Path) -> io::Result<Self> {
        let listener = match UnixListener::bind(path) {
            Err(error) if error.kind() == ErrorKind::AddrInUse && is_abandoned(path) => {
                fs::remove_file(path)?;
                UnixListener::bind(path)?
            }
            bound => bound?,
        };
        listener.set_nonblocking(true)?;
        fs::set_permissions(path, Permissions::from_mode(0o600))?;
        Ok(Self(listener))
    }

    /// The next that comes; `None`: none has come in time, or the wait was interrupted.
    pub fn accept(&self, within: Duration, interrupt: &Interrupt) -> io::Result<Option<Stream>> {
        let mut ends = [PollFd::new(&self.0, PollFlags::IN), PollFd::new(&*interrupt.read, PollFlags::IN)];
        match poll(&mut ends, Timespec::try_from(within).ok().as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(cause) => return Err(cause.into()),
        }
        if interrupt.raised() { Ok(None) } else { self.accept_who_has_come() }
    }

    /// The next of those who have come already.
    pub fn accept_who_has_come(&self) -> io::Result<Option<Stream>> {
        match self.0.accept() {
            // That it does not wait is inherited on some systems.
            Ok((stream, _)) => stream.set_nonblocking(false).map(|()| Some(Stream(stream))),
            Err(cause) if cause.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(cause) => Err(cause),
        }
    }
}

/// Whether a process that died left the socket behind.
fn is_abandoned(path: &Path) -> bool {
    UnixStream::connect(path).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused)
        && fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

/// Bytes, both ways, until one side ends it.
pub struct Stream(UnixStream);

impl Stream {
    /// Nobody there is `NotFound` or `ConnectionRefused`.
    pub fn connect(path: &Path) -> io::Result<Self> {
        UnixStream::connect(path).map(Self)
    }

    /// Reading and writing that take longer fail (`WouldBlock` or `TimedOut`).
    pub fn with_patience(self, patience: Duration) -> io::Result<Self> {
        self.0.set_read_timeout(Some(patience))?;
        self.0.set_write_timeout(Some(patience))?;
        Ok(self)
    }

    /// Reads what is there, which is waited for so long; 0: the other side has ended it. `None`: nothing came, or a signal
    /// ended the wait.
    pub fn read_within(&self, into: &mut [u8], within: Duration) -> io::Result<Option<usize>> {
        let mut ready = [PollFd::new(&self.0, PollFlags::IN)];
        match poll(&mut ready, Timespec::try_from(within).ok().as_ref()) {
            Ok(0) | Err(Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(cause) => return Err(cause.into()),
        }
        match (&self.0).read(into) {
            Err(cause) if cause.kind() == ErrorKind::Interrupted => Ok(None),
            read => read.map(Some),
        }
    }

    /// Writes what fits at once: nobody who does not read can hold this up.
    pub fn write_now(&self, bytes: &[u8]) -> io::Result<()> {
        self.0.set_nonblocking(true)?;
        (&self.0).write_all(bytes)
    }

    /// Ends it, for whoever reads or writes, here and there.
    pub fn end(&self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl Read for &Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(into)
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        (&self.0).write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
