//! A software authenticator on a stream of this machine: 64 bytes a report, both ways, without a report id.
//!
//! Every report has the same length, so a stream needs no frames.

use super::Error;
use super::hid::{Hid, Report};
use crate::platform::local::Stream;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Connects to the authenticator at this path.
///
/// # Errors
/// As connecting fails: nobody there is `NotFound` or `ConnectionRefused`.
pub fn connect(path: &Path) -> io::Result<Box<dyn Hid>> {
    Ok(Box::new(Reports { end: Stream::connect(path)?, report: [0; 64], filled: 0 }))
}

struct Reports {
    end: Stream,
    report: Report,
    filled: usize,
}

impl Hid for Reports {
    fn send(&mut self, report: &Report) -> Result<(), Error> {
        (&self.end).write_all(report).map_err(|_| Error::Removed)
    }

    fn receive(&mut self, within: Duration) -> Result<Option<Report>, Error> {
        let Some(missing) = self.report.get_mut(self.filled..) else { return Err(Error::Malformed) };
        match self.end.read_within(missing, within) {
            // A signal ends the wait too: the caller looks whether it was an interrupt, and waits again.
            Ok(None) => Ok(None),
            // Nobody at the other end.
            Ok(Some(0)) | Err(_) => Err(Error::Removed),
            Ok(Some(count)) => {
                self.filled += count;
                let whole = self.filled == self.report.len();
                self.filled = if whole { 0 } else { self.filled };
                Ok(whole.then_some(self.report))
            }
        }
    }
}
