//! What is found of a run that did not end.

use crate::aws::DeviceArn;
use crate::keys::Serial;
use std::path::PathBuf;
use std::time::SystemTime;

/// A run that did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    pub user: String,
    pub arn: DeviceArn,
    /// Its credential's id, on every key.
    pub credential: String,
    pub started: SystemTime,
    pub device: DeviceState,
    /// Since when IAM lists it as enabled.
    pub enabled: Option<SystemTime>,
    pub keys: Vec<(Serial, KeyState)>,
    /// The seed may be on a phone.
    pub phone: bool,
    pub escrow: Option<(PathBuf, FileState)>,
    /// The command that was to take the seed, and whether it may have.
    pub command: Option<(String, bool)>,
    pub replaces: Option<OldDevice>,
    /// The device is the root user's.
    pub root: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldDevice {
    pub serial: String,
    pub device: DeviceState,
    /// Since when IAM lists it as enabled for the user.
    pub enabled: Option<SystemTime>,
    /// The keys that held its credential, the credential's id, and what is on them.
    pub keys: Vec<(Serial, String, KeyState)>,
}

/// A retirement that did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedRetirement {
    pub user: String,
    pub started: SystemTime,
    pub leaving: OldDevice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Nothing of the run's making, and nothing was written.
    Absent,
    /// It is not where it was written.
    Moved,
    /// The run's file, cut short.
    Torn,
    Whole,
    Unreadable,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceState {
    Missing,
    /// It exists and is nobody's.
    Unassigned,
    /// As [`DeviceState::Unassigned`], but the run ended before IAM's answer to its creation was on record. The device
    /// may have been somebody else's before, which IAM will have told a process that was not there to hear it.
    Uncertain,
    Enabled,
    /// It is enabled for the user, but IAM's answer to that is not on record: somebody else may have made it anew and
    /// enabled it. Codes of a key that holds the run's credential show which.
    Unproved,
    /// It is enabled for somebody else.
    Foreign {
        user: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// The key is not plugged in, or cannot be read.
    NotHere,
    /// It does not hold the credential.
    Absent,
    Present,
}

/// What a choice does, in this order, or why it is not offered.
pub type Offer<'o> = Result<&'o [Deed], String>;

/// What is done to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// The run's device is enabled with two codes of a key that holds its seed.
    EnableNew,
    /// IAM takes two codes of a key that holds the run's credential: the enabled device has that seed.
    ProveNew,
    /// IAM takes two codes of a key that holds the old device's credential: the enabled device has that seed.
    ProveOld,
    /// The old device goes, with its credentials.
    RemoveOld,
    /// The old device is enabled again with two codes of its key.
    EnableOld,
    /// The run's device, which is enabled, is deactivated.
    DeactivateNew,
    /// The run's device is deleted while it is nobody's.
    DeleteNew,
    /// The run's device goes, with its credentials, while the old one is seen to be enabled.
    RemoveNew,
    RemoveCredentials,
    /// The old access key is deactivated while the new one is active.
    DeactivateOldKey,
    DeleteOldKey,
    /// The access key that the run has deactivated is activated again.
    ActivateOldKey,
    DeleteNewKey,
    /// The steps of the plan that are not done are done, each where its state is what the plan was made for.
    HardenRest,
    /// The steps that the run has begun are undone, the last one first.
    UndoHardening,
}
