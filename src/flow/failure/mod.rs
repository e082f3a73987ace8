//! How every flow fails: where it was, why, and what is left in the world. What each flow refuses is in a file of its own
//! here, below the flows, so that no flow has to know another one.

mod access_key;
mod alarm;
mod common;
mod drill;
mod enroll;
mod fido;
mod harden;
mod recover;
mod removal;
mod root;
mod roster;
mod rotate;
mod session;

pub use access_key::AccessKeyRefusal;
pub use alarm::AlarmRefusal;
pub use common::CommonRefusal;
pub(in crate::flow) use drill::DRILL_FORMAT;
pub use drill::{BadLog, Flaw, Problem};
pub use enroll::EnrollRefusal;
pub use fido::{BadRecord, FidoRefusal};
pub use harden::HardenRefusal;
pub use recover::{Implausible, RecoverRefusal};
pub use removal::RemovalRefusal;
pub use root::RootRefusal;
pub use roster::{BadLedger, RosterRefusal};
pub use rotate::RotateRefusal;
pub use session::SessionRefusal;

use crate::aws::{self, DeviceArn};
use crate::keys::{self, Serial};
use crate::{journal, oath, sink, unlock};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Where a flow was when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stage {
    Preflight,
    Create,
    Write { key: Serial },
    Prove { key: Serial },
    Phone,
    Escrow,
    Command,
    Enable,
    Confirm,
    // STS is to take a code of the new device.
    Proof,
    Deactivate,
    Delete,
    // Removing the credentials of the device that is gone.
    Credentials,
    Resync,
    // An access key goes, so that there is room for another.
    KeyRoom,
    KeyCreate,
    KeyProof,
    KeyHandOver,
    KeyDeactivate,
    KeyDelete,
    // Codes are shown, to be typed in the console.
    Codes,
    // The console does its part.
    Console,
    // The plan's changes are made.
    Harden,
    Recover,
    Roster,
}

/// What the flow was doing: `failed while …`.
impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preflight => "looking at the account and the keys",
            Self::Create => "creating the device",
            Self::Write { key } => return write!(f, "writing the seed to YubiKey {key}"),
            Self::Prove { key } => return write!(f, "proving that YubiKey {key} holds the seed"),
            Self::Phone => "showing the QR code to a phone",
            Self::Escrow => "writing the escrow file",
            Self::Command => "handing the seed to a command",
            Self::Enable => "enabling the device",
            Self::Confirm => "confirming that IAM lists the device",
            Self::Proof => "opening a session with the new device",
            Self::Deactivate => "deactivating a device",
            Self::Delete => "deleting a device",
            Self::Credentials => "removing credentials from keys",
            Self::Resync => "resynchronizing the device",
            Self::KeyRoom => "making room for an access key",
            Self::KeyCreate => "creating an access key",
            Self::KeyProof => "proving the new access key",
            Self::KeyHandOver => "handing over the new access key",
            Self::KeyDeactivate => "deactivating an access key",
            Self::KeyDelete => "deleting an access key",
            Self::Codes => "showing codes",
            Self::Console => "waiting for the console",
            Self::Harden => "hardening the account",
            Self::Recover => "recovering an interrupted run",
            Self::Roster => "working through the roster",
        })
    }
}

/// Why a flow failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    #[error(transparent)]
    Aws(#[from] aws::Error),
    #[error(transparent)]
    Keys(#[from] keys::Error),
    #[error(transparent)]
    Sink(#[from] sink::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A roster's ledger.
    #[error("the ledger {path} cannot be used")]
    Ledger {
        path: PathBuf,
        #[source]
        why: BadLedger,
    },
    /// A FIDO2 key, or asking for its PIN.
    #[error(transparent)]
    Fido(#[from] unlock::fido::Error),
    /// The record of glasskey's own credential on a key.
    #[error(transparent)]
    Record(#[from] BadRecord),
    /// The marks of plans that have been applied.
    #[error("the mark of a plan that was applied cannot be kept")]
    PlanMark(#[source] std::io::Error),
    /// The record of drills.
    #[error("the drill log {path} cannot be added to")]
    DrillLog {
        path: PathBuf,
        #[source]
        why: Box<BadLog>,
    },
    /// The person said no.
    #[error("not confirmed; nothing was done")]
    Declined,
    /// A yes is needed and nobody can be asked.
    #[error("a confirmation is needed, and nobody can be asked")]
    NobodyToAsk,
    #[error("interrupted")]
    Interrupted,
}

/// A rule of glasskey's own, or of AWS's, found before anything was done: that of each flow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    #[error(transparent)]
    Common(#[from] CommonRefusal),
    #[error(transparent)]
    Enroll(#[from] EnrollRefusal),
    #[error(transparent)]
    Rotate(#[from] RotateRefusal),
    #[error(transparent)]
    Removal(#[from] RemovalRefusal),
    #[error(transparent)]
    AccessKey(#[from] AccessKeyRefusal),
    #[error(transparent)]
    Session(#[from] SessionRefusal),
    #[error(transparent)]
    Recover(#[from] RecoverRefusal),
    #[error(transparent)]
    Roster(#[from] RosterRefusal),
    #[error(transparent)]
    Root(#[from] RootRefusal),
    #[error(transparent)]
    Fido(#[from] FidoRefusal),
    #[error(transparent)]
    Harden(#[from] HardenRefusal),
    #[error(transparent)]
    Alarm(#[from] AlarmRefusal),
}

impl From<FidoRefusal> for Cause {
    fn from(refusal: FidoRefusal) -> Self {
        Self::refused(refusal)
    }
}

impl From<AlarmRefusal> for Cause {
    fn from(refusal: AlarmRefusal) -> Self {
        Self::refused(refusal)
    }
}

impl From<HardenRefusal> for Cause {
    fn from(refusal: HardenRefusal) -> Self {
        Self::refused(refusal)
    }
}

impl From<unlock::Error> for Cause {
    fn from(error: unlock::Error) -> Self {
        Self::Sink(error.into())
    }
}

impl Cause {
    /// What the OATH applet of this key said.
    pub(super) fn oath(key: Serial) -> impl Fn(oath::Error) -> Self {
        move |cause| unlock::Error::Oath { key, cause }.into()
    }

    /// What one of the flows refuses.
    pub(super) fn refused(refusal: impl Into<Refusal>) -> Self {
        Self::Refused(refusal.into())
    }
}

/// What a failed flow left in the world.
#[derive(Debug)]
#[non_exhaustive]
pub enum Residue {
    /// A device that is nobody's.
    Device { arn: DeviceArn, why: aws::Error },
    /// A device of this name is there; whether the run has made it is not known, since the reply was lost.
    PerhapsAnothers { arn: DeviceArn },
    /// It could not be found out whether the device exists or is enabled. `asked`: what came of asking; `None`: it was not.
    Unknown { arn: DeviceArn, why: aws::Error, asked: Option<Box<aws::Error>> },
    /// Device and credentials are what they were before.
    Untouched { arn: DeviceArn },
    /// The device is enabled.
    Enabled { arn: DeviceArn },
    /// AWS acknowledged that it is enabled, and IAM does not list it: everything is kept.
    NotListed { arn: DeviceArn },
    /// A device of the same command that was finished before this one failed. It works.
    Earlier { arn: DeviceArn },
    /// The device of a rotation that was done before its user's access key failed. It works.
    Rotated { arn: DeviceArn },
    /// A device that was to go, and is enabled as before.
    Kept { serial: String },
    /// A device that was to go; whether it is enabled could not be asked.
    PerhapsEnabled { serial: String, why: aws::Error },
    /// A device that was to go is not enabled any more.
    Deactivated { serial: String },
    /// As [`Self::Deactivated`]; undoing the user's run enables it again.
    MayComeBack { serial: String, user: String },
    /// A credential on a key; its device does not exist, or is listed beside it.
    Credential { key: Serial, name: String, why: Option<unlock::Error> },
    /// An entry in a phone's app, of no use any more.
    OnPhone { account: String },
    /// An escrow file. `None`: kept, since its device could not be deleted.
    Escrow { path: PathBuf, why: Option<String> },
    /// What a command may have stored, of no use any more.
    AtCommand { program: String, account: String },
    /// A new access key whose secret nobody has; without an id it is not known whether there is one.
    NewKey { user: String, id: Option<String>, why: aws::Error },
    /// An access key that appeared while the run was making one: it may be somebody else's.
    KeyPerhapsAnothers { id: String, user: String },
    /// A new access key that is handed over. It works.
    KeyWorks { id: String },
    /// An access key that was to go, and is active as before.
    KeyActive { id: String },
    /// An access key that was to go, and is not active any more.
    KeyInactive { id: String },
    /// As [`Self::KeyInactive`]; undoing the user's run activates it again.
    KeyMayComeBack { id: String, user: String },
    /// An access key that was to go; AWS did not say what it is, for this reason.
    KeyUnknown { id: String, why: aws::Error },
    /// An access key that was deleted to make room; it cannot be brought back.
    KeyGone { id: String },
    /// The user has no access key that works any more.
    NoActiveKey { user: String },
    /// What somebody may have stored of an access key that is gone.
    KeyStored { id: String, to: String },
    /// A step of hardening that was done before the one that failed. It stays.
    HardenDone { step: String },
    /// A run of hardening that is not complete; with the step that may be done in part.
    Hardening { account: String, run: String, step: Option<String> },
    /// Root of this member may recover its password, perhaps.
    RecoveryPerhaps { account: String },
    /// The password of this user, who had one, is a new one, perhaps.
    PasswordPerhaps { user: String },
    /// A rule of glasskey's in this region, which is disabled.
    RuleOutOfReach { region: String },
    /// The address of a confirmation mail is confirmed, perhaps.
    ConfirmedPerhaps { topic: String },
    /// The journal still has the run, though nothing is left.
    Journal { cause: journal::Error },
    /// Another file in the journal that cannot be read, or is not believed. It is kept as it is.
    BadRun { why: Box<Cause> },
}

impl Residue {
    /// Whether `glasskey recover` has something to do about it. A phone's entry is the person's to remove.
    #[must_use]
    pub fn is_for_recover(&self) -> bool {
        !matches!(
            self,
            Self::OnPhone { .. }
                | Self::AtCommand { .. }
                | Self::Earlier { .. }
                | Self::Rotated { .. }
                | Self::KeyWorks { .. }
                | Self::KeyGone { .. }
                | Self::NoActiveKey { .. }
                | Self::KeyStored { .. }
                | Self::HardenDone { .. }
                | Self::RecoveryPerhaps { .. }
                | Self::PasswordPerhaps { .. }
                | Self::RuleOutOfReach { .. }
                | Self::ConfirmedPerhaps { .. }
                | Self::BadRun { .. }
        )
    }
}

/// How many of what is left wait for `recover`, where any do.
fn unsettled(left: &[Residue]) -> String {
    match left.iter().filter(|left| left.is_for_recover()).count() {
        0 => String::new(),
        count => format!("; left to recover: {count}"),
    }
}

/// A flow that did not succeed: where, why, and what is left.
#[derive(Debug, thiserror::Error)]
#[error("failed while {stage}{}", unsettled(left))]
pub struct Failed {
    pub stage: Stage,
    #[source]
    pub cause: Cause,
    /// What is left in the world; empty when it is as it was.
    pub left: Vec<Residue>,
    /// How far the host's clock is ahead of AWS, in seconds, where known.
    pub ahead: Option<i64>,
}

/// A cause with its stage, on its way to [`Failed`].
pub(super) type At = (Stage, Cause);
