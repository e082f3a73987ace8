//! A software authenticator on a Unix socket: 64 bytes a report, both ways, without a report id.
//!
//! Every report has the same length, so a stream needs no frames; and macOS has no sequenced packets on Unix sockets.

use super::Error;
use super::hid::{Hid, Report};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Connects to the authenticator on this socket.
///
/// # Errors
/// As connecting fails: nobody there is `NotFound` or `ConnectionRefused`.
pub fn connect(socket: &Path) -> io::Result<Box<dyn Hid>> {
    Ok(Box::new(Reports { end: UnixStream::connect(socket)?, report: [0; 64], filled: 0 }))
}

struct Reports {
    end: UnixStream,
    report: Report,
    filled: usize,
}

impl Hid for Reports {
    fn send(&mut self, report: &Report) -> Result<(), Error> {
        self.end.write_all(report).map_err(|_| Error::Removed)
    }

    fn receive(&mut self, within: Duration) -> Result<Option<Report>, Error> {
        let mut ready = [PollFd::new(&self.end, PollFlags::IN)];
        match poll(&mut ready, Timespec::try_from(within).ok().as_ref()) {
            // A signal ends the wait: the caller looks whether it was an interrupt, and waits again.
            Ok(0) | Err(Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(_) => return Err(Error::Removed),
        }
        let Some(missing) = self.report.get_mut(self.filled..) else { return Err(Error::Malformed) };
        match self.end.read(missing) {
            // Nobody at the other end.
            Ok(0) => Err(Error::Removed),
            Ok(count) => {
                self.filled += count;
                let whole = self.filled == self.report.len();
                self.filled = if whole { 0 } else { self.filled };
                Ok(whole.then_some(self.report))
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(None),
            Err(_) => Err(Error::Removed),
        }
    }
}
