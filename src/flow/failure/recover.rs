//! Why an interrupted run is not recovered.

use crate::aws::DeviceArn;
use crate::keys::Serial;
use std::path::PathBuf;

/// Why an interrupted run is not recovered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoverRefusal {
    /// An unfinished run belongs to another account than the caller's.
    OtherAccount {
        /// The run's.
        account: String,
    },
    /// No glasskey has written this run so: it was edited, damaged, or made by hand.
    NotBelieved {
        /// Its file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        why: Implausible,
    },
    /// The run's device is enabled for somebody, not by the run: the credentials of its name may be theirs.
    InUse {
        /// The device.
        arn: DeviceArn,
        /// The ARN or name of the user it is enabled for.
        user: String,
    },
    /// The run cannot be recovered that way.
    CannotFinish,
    /// Undoing would take away a device that is in use.
    CannotUndo,
}

/// What no run writes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Implausible {
    /// It does not begin with a beginning.
    NoBeginning,
    /// It begins a second time.
    SecondBeginning,
    /// A credential that is not the device's.
    Credential {
        /// The one that is named.
        named: String,
        /// The device.
        device: String,
    },
    /// A device of another account than the run's, or the new one in the old one's place.
    Device {
        /// Its serial number.
        serial: String,
    },
    /// A key that the run does not write to.
    Key {
        /// Which.
        key: Serial,
    },
    /// There is no place for the seed.
    NoPlace,
    /// A file that is not the run's escrow file, or that is not known by the beginning of an age file.
    File {
        /// Which.
        path: PathBuf,
    },
    /// A command or a phone that the run does not hand its seed to.
    Place,
    /// An access key that is not the run's.
    AccessKey {
        /// Its id.
        id: String,
    },
    /// A command that begins no such run.
    Command {
        /// Its name.
        command: String,
    },
    /// A key that is named twice.
    KeyTwice {
        /// Which.
        key: Serial,
    },
    /// A beginning that no clock shows.
    Start {
        /// Seconds since the Unix epoch.
        started: u64,
    },
    /// A step that this kind of run does not make, or not yet.
    Step,
}
