//! The journal's records: what a run writes down before each effect, so that it can be finished or undone. Data alone;
//! no secret is in any of it.

use crate::aws::DeviceArn;
use crate::keys::Serial;
use crate::person::{HardenSettings, HardenStep, RecordedState};
use crate::sink::EscrowFile;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(super) enum Record {
    /// The first record of a run that makes a device.
    Begin(Begin),
    /// The first record of a retirement.
    Retire(Retiring),
    /// An effect is about to happen; this undoes it.
    Intend(Undo),
    /// The effect announced did not happen, for certain.
    Void(Undo),
    /// IAM has said that the device is of this run's making.
    Created,
    /// The device is about to be enabled: from here on it may be.
    Enabling {
        /// When the request was about to be sent, in seconds since the Unix epoch; older versions do not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
    },
    /// IAM lists it.
    Enabled {
        /// Since when, by IAM, in seconds since the Unix epoch: one that is enabled since another second is not the run's.
        /// Older versions do not say it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
    },
    /// The device that was to go is deleted: what is called so from here on is another.
    Deleted,
    /// Written by earlier versions, before the device that was to go was enabled again. It proves nothing.
    EnablingAgain,
    /// Recovery has begun to undo the run. Older versions do not write it.
    Undoing,
    /// The first record of a rotation of an access key.
    Key(KeyRotation),
    /// The access key of this run's making.
    NewKey { id: String },
    /// Its secret was handed over.
    HandedOver,
    /// AWS has said that an access key that was to go is deactivated. Older versions do not write it.
    KeyDeactivated { id: String },
    /// An access key that was to go is deleted.
    KeyDeleted { id: String },
    /// The first record of a run that hardens an account.
    Harden(Box<HardenRun>),
    /// A step of it is about to change something; this is the state it finds.
    StepBegun { step: String, before: RecordedState },
    /// AWS has acknowledged a part of a step, by the step's own name for it.
    StepNote { step: String, note: String },
    /// A step that was begun has changed nothing, for certain.
    StepVoid { step: String },
    /// AWS shows the state that was planned.
    StepDone { step: String },
}

/// What the first record of every kind of run says.
pub(super) struct Start<'r> {
    pub(super) version: u32,
    pub(super) command: &'r str,
    /// Seconds since the Unix epoch.
    pub(super) started: u64,
    pub(super) account: &'r str,
    /// The IAM user; `None`: root.
    pub(super) user: Option<&'r str>,
    /// The device that is made.
    pub(super) making: Option<&'r DeviceArn>,
}

impl Record {
    /// `None`: it begins no run.
    pub(super) fn start(&self) -> Option<Start<'_>> {
        let (version, command, started, account, user, making) = match self {
            Self::Begin(run) => {
                let user = (!run.root).then_some(&run.user);
                (run.version, &run.command, run.started, run.arn.account(), user, Some(&run.arn))
            }
            Self::Retire(run) => (run.version, &run.command, run.started, &*run.account, Some(&run.user), None),
            Self::Key(run) => (run.version, &run.command, run.started, &*run.account, Some(&run.user), None),
            Self::Harden(run) => (run.version, &run.command, run.started, &*run.account, None, None),
            _ => return None,
        };
        Some(Start { version, command, started, account, user: user.map(String::as_str), making })
    }
}

/// The journal's first record of a run: all that recovery needs to know, and no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begin {
    /// The format, 1.
    pub(super) version: u32,
    pub(super) command: String,
    /// Seconds since the Unix epoch.
    pub(super) started: u64,
    pub(super) caller: String,
    pub(super) user: String,
    pub(super) arn: DeviceArn,
    /// The credential's id on every key.
    pub(super) credential: String,
    pub(super) keys: Vec<Serial>,
    pub(super) touch: bool,
    pub(super) phone: bool,
    /// The escrow file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) escrow: Option<PathBuf>,
    /// The program of the command that takes the seed; its line may hold a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) program: Option<String>,
    /// The device that this one is to replace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) replaces: Option<RemovedDevice>,
    /// The device is the root user's: the console makes and enables it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) root: bool,
    /// A roster began it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) roster: bool,
}

/// The journal's first record of a retirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Retiring {
    /// The format, 1.
    pub(super) version: u32,
    pub(super) command: String,
    /// Seconds since the Unix epoch.
    pub(super) started: u64,
    pub(super) caller: String,
    pub(super) account: String,
    pub(super) user: String,
    pub(super) old: RemovedDevice,
    /// The person named it as the last one.
    pub(super) last: bool,
}

/// The journal's first record of a rotation of an access key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyRotation {
    /// The format, 1.
    pub(super) version: u32,
    pub(super) command: String,
    /// Seconds since the Unix epoch.
    pub(super) started: u64,
    pub(super) caller: String,
    pub(super) account: String,
    pub(super) user: String,
    /// The keys there were.
    pub(super) before: Vec<String>,
    /// The one that goes first, to make room.
    pub(super) first: Option<String>,
    /// The one that goes in the end.
    pub(super) old: Option<String>,
    /// It is only deactivated.
    pub(super) keep: bool,
    /// Who gets the secret: a program, or a file descriptor. A command's line may hold a token.
    pub(super) to: String,
}

/// The journal's first record of a run that hardens an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct HardenRun {
    /// The format, 1.
    pub(super) version: u32,
    pub(super) command: String,
    /// Seconds since the Unix epoch.
    pub(super) started: u64,
    pub(super) caller: String,
    pub(super) account: String,
    pub(super) partition: String,
    /// For which the plan was made; a run of an earlier version does not say.
    #[serde(default)]
    pub(super) region: Option<String>,
    /// The plan's.
    pub(super) digest: String,
    /// A run of an earlier version has none.
    #[serde(default)]
    pub(super) settings: HardenSettings,
    pub(super) steps: Vec<HardenStep>,
}

/// A device that is to go, as the journal has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RemovedDevice {
    /// Its serial number: an ARN, or a hardware token's number.
    pub(super) serial: String,
    /// When it was enabled, seconds since the Unix epoch: a device of the same name that was enabled since is another.
    pub(super) enabled: u64,
    /// Its credentials on the keys that were plugged in.
    pub(super) held: Vec<OldCredential>,
}

/// A credential of a device that is to go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OldCredential {
    pub(super) key: Serial,
    pub(super) credential: String,
}

/// How an effect is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "snake_case")]
pub enum Undo {
    /// Delete the run's device, while it is nobody's.
    DeleteDevice,
    /// Remove the run's credential from a key.
    RemoveCredential { key: Serial },
    /// Tell the person to remove the entry from the phone.
    RemoveFromPhone,
    /// Remove the escrow file, where it is the one that was made.
    RemoveEscrow(EscrowFile),
    /// Tell the person to remove what the command stored.
    TakeBack { program: String },
    /// Enable the device again that was to go, from a key that holds it.
    EnableAgain,
    /// Delete the access key of this run's making.
    DeleteKey,
    /// Activate an access key again that was to go.
    ActivateKey { id: String },
}

/// Reads bytes as a line of the journal; for fuzzing. Must return whatever the bytes are.
#[doc(hidden)]
pub fn fuzz_record(line: &[u8]) {
    let Ok(record) = serde_json::from_slice::<Record>(line) else { return };
    let again = serde_json::to_vec(&record).ok().and_then(|line| serde_json::from_slice(&line).ok());
    assert_eq!(again, Some(record), "what is written can be read");
}
