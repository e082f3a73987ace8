//! Why an interrupted run is not recovered.

use super::enroll::short;
use crate::keys::Serial;
use std::path::PathBuf;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverRefusal {
    #[error("the unfinished run belongs to account {account}, and these credentials do not")]
    OtherAccount {
        account: String,
        /// The record of the run, where that is known.
        path: Option<PathBuf>,
    },
    #[error("line {line} of {path} is not believed")]
    NotBelieved {
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        why: Implausible,
    },
    #[error("{serial} is enabled for {}, and not by this run: nothing was touched", short(user))]
    InUse {
        serial: String,
        /// The ARN or name of the user it is enabled for.
        user: String,
        /// The user of the run.
        of: String,
    },
    #[error("there is no IAM user {user} any more")]
    UserGone { user: String },
    #[error("the run is complete, and nothing of it is left to undo")]
    Complete { user: String },
    #[error("no unfinished run is {user}'s")]
    NoRunOf { user: String },
    /// IAM's answer to enabling the device is not on record, and no key that is plugged in can show whose it is.
    #[error("{serial} is enabled, but nothing here shows that it has the run's seed: nothing was touched")]
    Unproved {
        serial: String,
        user: String,
        /// The run's keys that are not plugged in.
        away: Vec<Serial>,
    },
    #[error("the run is not undone: the old access key is deleted, and somebody has the secret of {new}")]
    OldAccessKeyDeleted { new: String, user: String },
    #[error("access key {old} is not active any more, so {new} stays")]
    OldAccessKeyGone { old: String, new: String },
    #[error("access key {id} is inactive, and nothing shows whether this run deactivated it or somebody else")]
    AccessKeyPerhapsOthers { id: String, user: String },
    #[error("access key {id} may be somebody else's: it appeared while the run was making one")]
    NewAccessKeyPerhapsOthers { id: String, user: String },
    #[error("the run cannot be finished: its new access key is gone, or nobody is known to have its secret")]
    NoAccessKeyToKeep { user: String },
    #[error("the run is not finished: access key {new} is not active any more")]
    NewAccessKeyInactive { new: String },
    /// The device that was to go.
    #[error("{serial} is enabled again, and no key that is plugged in shows whose it is: nothing was touched")]
    OldUnproved { serial: String, user: String },
    #[error("the run is not finished: nothing here shows that {serial} works, which would be all that is left")]
    NewNotShownToWork {
        serial: String,
        user: String,
        /// The keys of the run that are not plugged in.
        away: Vec<Serial>,
    },
    /// The device that was to go.
    #[error("the run is not undone: nothing here shows that {serial} works, which would be all that is left")]
    OldNotShownToWork {
        serial: String,
        user: String,
        /// The keys that held its credential and are not plugged in.
        away: Vec<Serial>,
    },
    #[error("the run is not undone: no key here computes codes of {serial}, which would be all that is left")]
    OldKeyEmpty { serial: String, user: String },
    /// IAM refused two codes of keys that hold the run's credential.
    #[error("{serial} is enabled, but IAM refuses the codes of {}: it has another seed", listed(keys))]
    AnotherSeed {
        serial: String,
        user: String,
        keys: Vec<Serial>,
        /// The device that was to go, where it is deactivated and undoing enables it again.
        comes_back: Option<String>,
    },
    #[error("the run cannot be finished: no key that is plugged in holds its credential, or the device is gone")]
    CannotFinish,
    #[error("the run cannot be undone: {serial} is deleted, or another's by now")]
    OldGone { serial: String, user: String },
    #[error("{serial} is not deleted: {user} has no other MFA device that is enabled")]
    NothingElse { serial: String, user: String },
    #[error("not everything could be undone")]
    CannotUndo,
    #[error("the run is not finished: {step} is not as the plan was made for")]
    HardenChanged { step: String },
    #[error("{step} cannot be undone, so it is not finished unasked")]
    HardenForGood { step: String },
    #[error("the plan was good for 24 hours")]
    HardenExpired,
    #[error("{step} is not to be seen with these credentials as it was when the run began")]
    HardenUnseen { step: String },
}

/// What no run writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Implausible {
    #[error("the run does not begin with a beginning")]
    NoBeginning,
    #[error("a run begins in the middle of another")]
    SecondBeginning,
    #[error("the credential \"{named}\" is not the one of {device}")]
    Credential { named: String, device: String },
    #[error("{serial} is no device that this run could replace or remove")]
    Device { serial: String },
    #[error("the run does not write to YubiKey {key}")]
    Key { key: Serial },
    #[error("the run has no place for its seed")]
    NoPlace,
    #[error("{path} is not known to be an escrow file of the run")]
    File { path: PathBuf },
    #[error("the run has no such place for its seed")]
    Place,
    #[error("access key {id} is not one of the run's")]
    AccessKey { id: String },
    #[error("{step} is no step that this run could have come to")]
    HardenStep { step: String },
    #[error("`{command}` begins no such run")]
    Command { command: String },
    #[error("the run names YubiKey {key} twice")]
    KeyTwice { key: Serial },
    #[error("no clock shows when it began (second {started} since 1970)")]
    Start {
        /// Seconds since the Unix epoch.
        started: u64,
    },
    #[error("the run cannot have come to this step")]
    Step,
}

impl RecoverRefusal {
    pub(in crate::flow) fn unproved(serial: &str, user: &str, away: impl Iterator<Item = Serial>) -> Self {
        Self::Unproved { serial: serial.to_owned(), user: user.to_owned(), away: away.collect() }
    }
}

fn listed(keys: &[Serial]) -> String {
    keys.iter().map(|key| format!("YubiKey {key}")).collect::<Vec<_>>().join(" and ")
}
