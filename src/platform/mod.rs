//! What differs by operating system: being interrupted, and the terminal as a device.
//!
//! Everything above this room is the same everywhere. Locked memory, the other difference, is in [`crate::secret`].

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::{Interrupt, Terminal};

#[cfg(not(unix))]
mod portable;
#[cfg(not(unix))]
pub use portable::{Interrupt, Terminal};

use crate::totp::HostClock;
use std::time::{Duration, SystemTime};

/// The clock of this machine. Its waits end when the person interrupts.
pub struct SystemClock(pub Interrupt);

impl HostClock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) -> bool {
        !self.0.wait(duration)
    }
}
