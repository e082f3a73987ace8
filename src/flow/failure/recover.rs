//! Why an interrupted run is not recovered.

use crate::aws::DeviceArn;
use crate::keys::Serial;
use std::path::PathBuf;

/// Why an interrupted run is not recovered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverRefusal {
    /// An unfinished run belongs to another account than the caller's.
    #[error("the unfinished run belongs to account {account}, and these credentials do not")]
    OtherAccount { account: String },
    /// No glasskey has written this run so: it was edited, damaged, or made by hand.
    #[error("line {line} of {path} is not believed")]
    NotBelieved {
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        why: Implausible,
    },
    /// The run's device is enabled for somebody, not by the run: the credentials of its name may be theirs.
    #[error("{arn} is enabled for {user}, and not by this run: nothing was touched")]
    InUse {
        arn: DeviceArn,
        /// The ARN or name of the user it is enabled for.
        user: String,
    },
    /// IAM refused two codes of keys that hold the run's credential: the enabled device of its name has another seed.
    #[error("{arn} is enabled with another seed than these keys hold")]
    AnotherSeed {
        arn: DeviceArn,
        /// The keys.
        keys: Vec<Serial>,
    },
    /// The run cannot be recovered that way.
    #[error("the run cannot be finished: no key that is plugged in holds its credential, or the device is gone")]
    CannotFinish,
    /// The device that was to go is deleted, so that the run cannot be undone.
    #[error("the run cannot be undone: {serial} is deleted")]
    OldGone {
        /// The device that was to go.
        serial: String,
    },
    /// Undoing would take away a device that is in use.
    #[error("not everything could be undone")]
    CannotUndo,
}

/// What no run writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Implausible {
    /// It does not begin with a beginning.
    #[error("the run does not begin with a beginning")]
    NoBeginning,
    /// It begins a second time.
    #[error("a run begins in the middle of another")]
    SecondBeginning,
    /// A credential that is not the device's.
    #[error("the credential \"{named}\" is not the one of {device}")]
    Credential {
        /// The one that is named.
        named: String,
        device: String,
    },
    /// A device of another account than the run's, or the new one in the old one's place.
    #[error("{serial} is no device that this run could replace or remove")]
    Device {
        /// Its serial number.
        serial: String,
    },
    /// A key that the run does not write to.
    #[error("the run does not write to YubiKey {key}")]
    Key { key: Serial },
    /// There is no place for the seed.
    #[error("the run has no place for its seed")]
    NoPlace,
    /// A file that is not the run's escrow file, or that is not known by the beginning of an age file.
    #[error("{path} is not known to be an escrow file of the run")]
    File { path: PathBuf },
    /// A command or a phone that the run does not hand its seed to.
    #[error("the run has no such place for its seed")]
    Place,
    /// An access key that is not the run's.
    #[error("access key {id} is not one of the run's")]
    AccessKey { id: String },
    /// A command that begins no such run.
    #[error("\"{command}\" is no command that begins such a run")]
    Command { command: String },
    /// A key that is named twice.
    #[error("YubiKey {key} is named twice")]
    KeyTwice { key: Serial },
    /// A beginning that no clock shows.
    #[error("it began at second {started}, which no clock shows")]
    Start {
        /// Seconds since the Unix epoch.
        started: u64,
    },
    /// A step that this kind of run does not make, or not yet.
    #[error("the run cannot have come to this step")]
    Step,
}
