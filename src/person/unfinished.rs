//! What is found of a run that did not end.

use crate::aws::DeviceArn;
use crate::keys::Serial;
use std::path::PathBuf;
use std::time::SystemTime;

/// A run that did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The user it was for.
    pub user: String,
    pub arn: DeviceArn,
    /// Its credential's id, on every key.
    pub credential: String,
    /// When it began.
    pub started: SystemTime,
    /// What IAM says of the device.
    pub device: DeviceState,
    /// The keys it was to write, and what is on them.
    pub keys: Vec<(Serial, KeyState)>,
    /// The seed may be on a phone.
    pub phone: bool,
    /// The escrow file that was asked for, and what is there.
    pub escrow: Option<(PathBuf, FileState)>,
    /// The command that was to take the seed, and whether it may have.
    pub command: Option<(String, bool)>,
    /// The device that it was to replace.
    pub replaces: Option<OldDevice>,
    /// The device is the root user's.
    pub root: bool,
}

/// A device that was to go, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldDevice {
    /// Its serial number.
    pub serial: String,
    /// What IAM says of it.
    pub device: DeviceState,
    /// The keys that held its credential, the credential's id, and what is on them.
    pub keys: Vec<(Serial, String, KeyState)>,
}

/// A retirement that did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedRetirement {
    pub user: String,
    /// When it began.
    pub started: SystemTime,
    pub leaving: OldDevice,
}

/// What stands where an escrow file was to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Nothing of the run's making.
    Absent,
    /// The run's file, cut short.
    Torn,
    /// The run's file.
    Whole,
    /// It cannot be read.
    Unreadable,
}

/// A device, as IAM sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// There is none of this serial number.
    Missing,
    /// It exists and is nobody's.
    Unassigned,
    /// As [`DeviceState::Unassigned`], but the run ended before IAM's answer to its creation was on record. The device
    /// may have been somebody else's before, which IAM will have told a process that was not there to hear it.
    Uncertain,
    /// It is enabled for the user it was made for.
    Enabled,
    /// It is enabled for somebody else.
    Foreign { user: String },
}

/// A credential, as its key sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// The key is not plugged in, or cannot be read.
    NotHere,
    /// It does not hold the credential.
    Absent,
    /// It holds the credential.
    Present,
}
