//! What a command is about to do, told before anything is done.

use crate::aws::{DeviceArn, DeviceKind};
use crate::keys::Serial;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterPlan {
    /// Devices are replaced; otherwise they are added.
    pub rotate: bool,
    pub account: String,
    /// The caller's ARN.
    pub caller: String,
    /// Users of the roster who are not done.
    pub users: usize,
    /// Users who were done before.
    pub before: usize,
    /// Users, of those to do, who get a key: one that is named, or any.
    pub keys: usize,
    /// Who can open the escrow files.
    pub recipients: Vec<String>,
    /// The program of the command that takes each seed.
    pub command: Option<String>,
    /// The program that prints a code of what that one stored.
    pub code: Option<String>,
    /// Users whose seed no place proves by a code.
    pub unproved: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub account: String,
    /// The caller's ARN.
    pub caller: String,
    /// The devices, each with its sinks.
    pub devices: Vec<PlannedDevice>,
    pub user: String,
    /// How many of the 8 devices the user has already.
    pub used: usize,
    /// More than one place holds the same seed.
    pub shared_seed: bool,
}

/// How a new device is proved before the old one goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proving {
    /// STS opens a session with a code of it.
    Session,
    /// Its keys compute the seed's codes.
    Keys,
    Store,
    Nothing,
}

/// What a user loses when one device takes another's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    FewerKeys {
        /// The keys here that hold the old one.
        before: Vec<Serial>,
        after: usize,
    },
    /// The old one's codes want a touch.
    NoTouch,
    /// No key here holds the old one, or none said whether its codes want a touch: that is not known.
    Unseen { name: String, held: bool, touch: bool },
    /// The old one is called otherwise.
    Name {
        /// Path and name of the old one.
        before: String,
        after: String,
    },
    /// The old one is a security key, which no false page can be given a code of.
    Phishing,
}

/// A device that is about to be taken away from its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovalPlan {
    pub user: String,
    /// The device's serial number.
    pub serial: String,
    pub kind: DeviceKind,
    pub credentials: Vec<(Serial, String)>,
    /// How many devices the user has beside it.
    pub others: usize,
    /// None of those can open a session on the command line.
    pub no_session: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedDevice {
    /// Its serial number, known before it exists.
    pub arn: DeviceArn,
    /// The credential's id on every key.
    pub credential: String,
    pub keys: Vec<(Serial, String)>,
    /// A phone too, by QR code.
    pub phone: bool,
    pub touch: bool,
    /// An age file, and who can open it.
    pub escrow: Option<(PathBuf, Vec<String>)>,
    /// The program of a command that takes the seed.
    pub command: Option<String>,
    /// The program that prints a code of what that one stored.
    pub code: Option<String>,
}

impl PlannedDevice {
    /// Whether a place proves the seed by a code before the device is enabled.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        !self.keys.is_empty() || self.phone || self.code.is_some()
    }
}
