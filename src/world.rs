//! Everything a command may touch: readers, AWS, the person, the clock, the state directory.
//!
//! Built once: from this machine ([`World::system`]), or by the demo and the tests from stand-ins.

use crate::aws::{self, Wire};
use crate::fido::FidoPorts;
use crate::person::{Nobody, Person};
use crate::platform::{Interrupt, SystemClock};
use crate::totp::Clock;
use crate::transport::Ports;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Names the state directory.
pub const STATE_DIR: &str = "GLASSKEY_STATE_DIR";

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

/// Why this machine gives no world.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The process's signals cannot be caught.
    #[error("cannot catch signals")]
    Signals(#[source] io::Error),
    /// [`STATE_DIR`] would be another directory wherever one stands.
    #[error("{STATE_DIR} is not a whole path: {path}")]
    RelativeState {
        /// What it names.
        path: PathBuf,
    },
    /// The environment names no directory that one for the journal could be in.
    #[error("there is no directory for the journal: neither HOME nor XDG_STATE_HOME is set")]
    NoState,
}

impl World {
    /// This machine's: its readers and FIDO devices, AWS as the environment and the configuration files have it, the
    /// host's clock, the state directory of this user. Nobody is asked or told anything until `person` is somebody else,
    /// so a flow that needs a yes ends with [`crate::flow::Cause::NobodyToAsk`]. Reaches nothing yet.
    ///
    /// From here on `SIGINT`, `SIGTERM` and `SIGHUP` raise `interrupt`, so that a flow undoes what it began; a second one
    /// ends the process.
    ///
    /// # Errors
    /// [`Error`].
    pub fn system() -> Result<Self, Error> {
        let interrupt = Interrupt::install().map_err(Error::Signals)?;
        let clock = Clock::new(Arc::new(SystemClock::new(interrupt.clone())));
        Ok(Self {
            ports: system_ports(),
            fido: system_fido_ports(),
            aws: aws::Connector {
                profile: None,
                region: None,
                wire: Wire::Network,
                clock: clock.clone(),
                interrupt: interrupt.clone(),
                on_retry: Arc::new(|_| ()),
                on_wait: Arc::new(|_| ()),
            },
            person: Box::new(Nobody),
            clock,
            interrupt,
            state: state_dir()?,
        })
    }
}

/// This machine's readers, through PC/SC; none where this was built without.
#[must_use]
pub fn system_ports() -> Box<dyn Ports> {
    crate::transport::pcsc::system()
}

/// This machine's FIDO devices, over USB HID; none where this was built without.
#[must_use]
pub fn system_fido_ports() -> Box<dyn FidoPorts> {
    Box::new(crate::fido::hid::HidPorts)
}

/// Where the journal lives: [`STATE_DIR`] of the environment, else as the platform has it (XDG Base Directory: state). A
/// relative one would hide the runs of the last one: ours is refused, the platform's are ignored, as XDG has it.
///
/// # Errors
/// [`Error::RelativeState`], [`Error::NoState`].
pub fn state_dir() -> Result<PathBuf, Error> {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(named) = var(STATE_DIR) {
        return if named.is_absolute() { Ok(named) } else { Err(Error::RelativeState { path: named }) };
    }
    let whole = |name| var(name).filter(|dir| dir.is_absolute());
    let platform = if cfg!(windows) {
        whole("LOCALAPPDATA")
    } else {
        whole("XDG_STATE_HOME").or_else(|| whole("HOME").map(|home| home.join(".local/state")))
    };
    platform.map(|dir| dir.join("glasskey")).ok_or(Error::NoState)
}
