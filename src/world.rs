//! Everything a command may touch: readers, AWS, the person, the clock, the state directory.
//!
//! Built once, by the binary from the system or by the demo and the tests from stand-ins.

use crate::aws;
use crate::fido::FidoPorts;
use crate::person::Person;
use crate::platform::Interrupt;
use crate::totp::Clock;
use crate::transport::Ports;
use std::path::PathBuf;

/// The outside, as one command sees it.
pub struct World {
    /// Readers and the cards in them.
    pub ports: Box<dyn Ports>,
    /// FIDO devices.
    pub fido: Box<dyn FidoPorts>,
    /// How to reach the account.
    pub aws: aws::Connector,
    /// Whoever runs the command.
    pub person: Box<dyn Person>,
    /// Host time, corrected by AWS's replies.
    pub clock: Clock,
    /// Raised when the person asks to stop.
    pub interrupt: Interrupt,
    /// Where the journal lives.
    pub state: PathBuf,
}
