//! What differs by operating system: being interrupted, the terminal as a device, the programs a thread has started, and
//! who may write to a file.
//!
//! Everything above this room is the same everywhere. Locked memory, the other difference, is in [`crate::secret`].

mod program; // a shell's line
pub use program::program_of;

// What Linux and macOS share; and what only Linux has.
#[cfg(not(target_os = "linux"))]
mod no_children;
#[cfg(not(target_os = "linux"))]
mod no_keyring;
#[cfg(unix)]
mod unix;

// One of three implementations of one interface.
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux as system;
#[cfg(all(unix, not(target_os = "linux")))]
mod macos;
#[cfg(all(unix, not(target_os = "linux")))]
use macos as system;
#[cfg(windows)]
mod windows;
#[cfg(windows)]
use windows as system;

pub use system::{
    Children, Interrupt, Keyring, Terminal, ancestors, descriptors, end_with_all_it_started, files, local, processes,
    shell, steady, styles_are_shown,
};

#[cfg(any(windows, test))]
mod sddl;

mod browser;
pub use browser::open_in_browser;

use crate::totp::HostClock;
use std::time::{Duration, SystemTime};

/// Why the system keeps nothing in memory for us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoKeyring {
    /// This system has none, or does not let this process use it (containers, as a rule).
    #[error("the system has no keyring that this process can use: {why}")]
    Missing {
        /// The system's own words.
        why: String,
    },
    /// The user's quota is used up.
    #[error("the user's quota of the system's keyring is used up")]
    Full,
}

/// Who may write to a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writers {
    Us,
    /// Others too: its group, or everybody.
    Others,
    /// It belongs to another user.
    ItsOwner,
}

/// What came while something was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Typed {
    Nothing,
    Line,
    /// The person asked to stop, or the terminal is gone.
    Stop,
}

/// The clock of this machine, as it read when the process began, and what has passed since. A clock that is put right
/// meanwhile, as after a boot, changes nothing: how far it is off AWS's was measured before. Its waits end when the
/// person interrupts.
pub struct SystemClock {
    interrupt: Interrupt,
    began: SystemTime,
    steady: Duration,
}

impl SystemClock {
    #[must_use]
    pub fn new(interrupt: Interrupt) -> Self {
        Self { interrupt, began: SystemTime::now(), steady: steady() }
    }
}

impl HostClock for SystemClock {
    fn now(&self) -> SystemTime {
        let passed = steady().saturating_sub(self.steady);
        self.began.checked_add(passed).unwrap_or(self.began)
    }

    fn sleep(&self, duration: Duration) -> bool {
        !self.interrupt.wait(duration)
    }
}
