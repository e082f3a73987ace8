//! FIDO reports to an authenticator and back: 64 bytes each way (CTAP 2.1 §11.2). Knows no CTAP.

use super::Error;
use std::time::Duration;

/// One report, without a report id.
pub type Report = [u8; 64];

/// An open FIDO HID device.
pub trait Hid {
    /// Sends one report.
    ///
    /// # Errors
    /// [`Error::Removed`] when the device has gone.
    fn send(&mut self, report: &Report) -> Result<(), Error>;

    /// The next report, waiting at most `within`; `None` when none came. The system gives every program that has the
    /// device open every report: which are ours is for the layer above to tell, by channel.
    ///
    /// # Errors
    /// [`Error::Removed`] when the device has gone.
    fn receive(&mut self, within: Duration) -> Result<Option<Report>, Error>;
}
