//! A software authenticator on a Unix socket of sequenced packets: one report in each, without a report id.

use super::Error;
use super::hid::{Hid, Report};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

/// Connects to the authenticator on this socket.
///
/// # Errors
/// As connecting fails: nobody there is `NotFound` or `ConnectionRefused`.
pub fn connect(socket: &Path) -> io::Result<Box<dyn Hid>> {
    let end = net::socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    net::connect(&end, &SocketAddrUnix::new(socket)?)?;
    Ok(Box::new(Reports { end }))
}

struct Reports {
    end: OwnedFd,
}

impl Hid for Reports {
    fn send(&mut self, report: &Report) -> Result<(), Error> {
        loop {
            match net::send(&self.end, report, SendFlags::NOSIGNAL) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(_) => return Err(Error::Removed),
            }
        }
    }

    fn receive(&mut self, within: Duration) -> Result<Option<Report>, Error> {
        let mut ready = [PollFd::new(&self.end, PollFlags::IN)];
        match poll(&mut ready, Timespec::try_from(within).ok().as_ref()) {
            // A signal ends the wait: the caller looks whether it was an interrupt, and waits again.
            Ok(0) | Err(Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(_) => return Err(Error::Removed),
        }
        let mut report = [0; 64];
        match net::recv(&self.end, &mut report[..], RecvFlags::DONTWAIT) {
            Ok((_, 64)) => Ok(Some(report)),
            // Nobody at the other end; a packet of another length is no report either.
            Ok(_) => Err(Error::Removed),
            Err(Errno::INTR | Errno::AGAIN) => Ok(None),
            Err(_) => Err(Error::Removed),
        }
    }
}
