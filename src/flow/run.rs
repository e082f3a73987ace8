//! One device's run: what is written down before each effect, and how it is undone.

use super::access_key::KeyRotation;
use super::desk::Desk;
use super::places::account_of;
use super::removal::Old;
use super::retire::Retiring;
use crate::aws::{self, Account, DeviceArn};
use crate::journal::{self, Writer};
use crate::keys::{self, Serial};
use crate::oath::{self, Name};
use crate::person::Notice;
use crate::sink::EscrowFile;
use crate::{ring, sink};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

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
    pub(super) replaces: Option<Old>,
    /// The device is the root user's: the console makes and enables it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) root: bool,
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub(super) enum Record {
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
    Enabling,
    /// It is.
    Enabled,
    /// The device that was to go is deleted: what is called so from here on is another.
    Deleted,
    /// The device that was to go is about to be enabled again: from here on, one that is enabled since is the same.
    EnablingAgain,
    /// The first record of a rotation of an access key.
    Key(KeyRotation),
    /// The access key of this run's making.
    NewKey {
        id: String,
    },
    /// Its secret was handed over.
    HandedOver,
    /// An access key that was to go is deleted.
    KeyDeleted {
        id: String,
    },
}

/// How an effect is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "undo", rename_all = "snake_case")]
#[allow(missing_docs)]
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

/// Where a flow was when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Stage {
    Preflight,
    Create,
    Write {
        key: Serial,
    },
    Prove {
        key: Serial,
    },
    Phone,
    Escrow,
    Command,
    Enable,
    Confirm,
    /// STS is to take a code of the new device.
    Proof,
    Deactivate,
    Delete,
    /// Removing the credentials of the device that is gone.
    Credentials,
    Resync,
    /// An access key goes, so that there is room for another.
    KeyRoom,
    KeyCreate,
    KeyProof,
    KeyHandOver,
    KeyDeactivate,
    KeyDelete,
    /// Codes are shown, to be typed in the console.
    Codes,
    Recover,
    Roster,
}

/// Why a flow failed.
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Cause {
    Aws(aws::Error),
    Keys(keys::Error),
    Sink(sink::Error),
    Journal(journal::Error),
    Refused(Refusal),
    /// A roster's ledger.
    Ledger {
        path: PathBuf,
        why: super::roster::BadLedger,
    },
    /// The person said no.
    Declined,
    /// A yes is needed and nobody can be asked.
    NobodyToAsk,
    /// Ctrl-C.
    Interrupted,
}

/// A rule of glasskey's own, or of AWS's, found before anything was done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The root user's MFA can be enabled in the console only.
    RootCaller,
    /// The caller is not a user: which user is meant?
    NameTheUser {
        /// The caller's ARN.
        caller: String,
    },
    /// No such user.
    NoSuchUser {
        /// The name.
        user: String,
    },
    /// The user has, or would have, more than 8 devices.
    TooManyDevices {
        /// How many there are.
        used: usize,
        /// How many were to be added.
        wanted: usize,
    },
    /// The device exists already.
    NameTaken {
        /// Its serial number.
        arn: DeviceArn,
        /// The ARN of the user it is enabled for; `None`: nobody's, or it could not be seen.
        user: Option<String>,
    },
    /// A roster hands out keys, and nobody is there to bring them.
    NeedsPerson {
        /// The first such line.
        line: u64,
        /// Its user.
        user: String,
    },
    /// An earlier run for this device or user did not end.
    Unfinished {
        /// Its device.
        arn: DeviceArn,
        /// Its user.
        user: String,
    },
    /// No device of the user's, or more than one, is called so.
    WhichDevice {
        /// What was asked for.
        named: String,
        /// The user's devices.
        devices: Vec<String>,
        /// More than one.
        several: bool,
    },
    /// The key does not hold the device.
    NotOnKey {
        /// The key.
        key: Serial,
        /// The device.
        serial: String,
    },
    /// The only device cannot go before the new one works.
    OnlyFactor {
        /// Its serial number.
        serial: String,
    },
    /// Eight devices leave no room for a ninth, not even for a moment.
    NoRoomToRotate {
        /// How many there are.
        used: usize,
    },
    /// The caller's policies do not allow a device of this name beside the old one.
    NameNotAllowed {
        /// The new device.
        arn: DeviceArn,
        /// AWS's words.
        message: String,
    },
    /// STS has taken no code of the new device.
    NotProved {
        /// The new device.
        serial: String,
        /// AWS's words.
        message: String,
        /// How many codes were tried.
        tried: u32,
        /// When STS begins to count tries anew.
        refills: SystemTime,
    },
    /// AWS has acknowledged that the device is enabled, and IAM does not list it.
    NotListed {
        /// The device.
        arn: DeviceArn,
        /// Its user.
        user: String,
    },
    /// The user would be left without a device.
    LastFactor {
        /// The device that was to go.
        serial: String,
        /// The device that was to stay, and is not enabled any more; `None`: there is no other.
        without: Option<String>,
    },
    /// The device that was to stay is being removed by a run on another machine.
    GoesElsewhere {
        /// The device that was to go.
        serial: String,
        /// The one that was to stay.
        going: String,
        /// Until when that run may remove it.
        until: SystemTime,
    },
    /// Too long after the removal was announced: the machine may have slept.
    TooLate {
        /// The device that was to go.
        serial: String,
    },
    /// Nothing says which device goes, and the user has none or several.
    NameOldDevice {
        /// The user's.
        devices: Vec<String>,
    },
    /// The device that was to be deleted has been enabled again by somebody.
    InUseAgain {
        /// Its serial number.
        arn: DeviceArn,
    },
    /// A deactivated device can be enabled again only from a key that holds its seed.
    NoKeyToEnable {
        /// Its serial number.
        serial: String,
    },
    /// An earlier removal for this user did not end.
    UnfinishedRemoval {
        /// The device that was to go.
        serial: String,
        /// Its user.
        user: String,
    },
    /// The user has no access key.
    NoAccessKey {
        /// Who.
        user: String,
    },
    /// The user has two access keys, or none of this id.
    WhichAccessKey {
        /// Who.
        user: String,
        /// What was asked for.
        named: Option<String>,
        /// Those there are: active or not, and since when.
        keys: Vec<(String, bool, Option<SystemTime>)>,
    },
    /// Only an inactive key makes room for another one's rotation.
    ActiveKey {
        /// The active one.
        id: String,
    },
    /// The user would be left without an active access key.
    LastActiveKey {
        /// The one that was to go.
        id: String,
        /// The inactive one.
        other: String,
    },
    /// The command is signed with the access key that is to go.
    SignsThis {
        /// Which.
        id: String,
    },
    /// AWS has not come to know a new access key.
    KeyNotKnown {
        /// Which.
        id: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A new access key is somebody else's.
    KeyOfAnother {
        /// Which.
        id: String,
        /// Whose.
        arn: String,
    },
    /// The new access key is not active any more, so the old one must stay.
    NewKeyGone {
        /// The new one.
        id: String,
    },
    /// An earlier rotation of this user's access key did not end.
    UnfinishedKey {
        /// Who.
        user: String,
    },
    /// A credential of this name is on the key already.
    CredentialThere {
        /// The key.
        key: Serial,
        /// The credential's id.
        name: Name,
    },
    /// The key has no free slot.
    KeyFull {
        /// The key.
        key: Serial,
        /// Slots in all.
        capacity: usize,
    },
    /// The composed credential name is too long.
    NameTooLong {
        /// The name.
        name: String,
        /// Its length in bytes; 64 fit.
        bytes: usize,
    },
    /// IAM's self-management rule, and no attached key can satisfy it.
    NeedsMfaSession {
        /// The user's devices.
        devices: Vec<String>,
    },
    /// The codes that could be sent now have been sent already.
    CodeSpent {
        /// The device.
        serial: String,
        /// From when there is one that has not.
        from: SystemTime,
    },
    /// The credential gives no code without a touch, and nobody is there to give it.
    TouchNeeded {
        /// The key.
        key: Serial,
    },
    /// The caller has no MFA device, so there is nothing to open a session with.
    NoDevice,
    /// The caller has no device of this name or serial number.
    NoSuchDevice {
        /// What was asked for.
        device: String,
        /// What there is; empty where AWS did not let that be seen.
        devices: Vec<String>,
    },
    /// No key here holds one of the devices.
    NoKeyHolds {
        /// The devices looked for; empty where AWS did not let them be seen.
        devices: Vec<String>,
        /// The only key that was looked at.
        key: Option<Serial>,
    },
    /// AWS does not say which devices the caller has, and the keys hold several of the account's.
    NameTheDevice {
        /// What they hold.
        devices: Vec<String>,
    },
    /// A session opens no further one.
    SessionOfSession,
    /// The role does not allow a session that long.
    LongerThanRole {
        /// The role's ARN.
        role: String,
        /// The longest it allows.
        longest: Duration,
    },
    /// A name or path IAM does not take.
    BadValue {
        /// Which argument.
        what: &'static str,
        /// The value.
        value: String,
    },
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
        why: super::recover::Implausible,
    },
    /// The run cannot be recovered that way.
    CannotFinish,
    /// Undoing would take away a device that is in use.
    CannotUndo,
    /// The keys of one run compute different codes.
    KeysDiffer,
    /// No place proves the seed by a code, and nobody has accepted that.
    Unproved,
    /// The new device would be on fewer keys than the old one is, and nobody has accepted that.
    FewerKeys {
        /// The old device.
        serial: String,
        /// The keys here that hold it.
        before: Vec<Serial>,
        /// How many are named for the new one.
        after: usize,
    },
    /// The old device's codes want a touch, and a key for the new one cannot ask for one.
    CannotKeepTouch {
        /// The old device.
        serial: String,
        /// The key.
        key: Serial,
    },
}

/// What a failed flow left in the world.
#[derive(Debug)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Left {
    /// A device that is nobody's.
    Device { arn: DeviceArn, why: aws::Error },
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
    /// A credential on a key; its device does not exist, or is listed beside it.
    Credential { key: Serial, name: String, why: Option<ring::Error> },
    /// An entry in a phone's app, of no use any more.
    OnPhone { account: String },
    /// An escrow file. `None`: kept, since its device could not be deleted.
    Escrow { path: PathBuf, why: Option<String> },
    /// What a command may have stored, of no use any more.
    AtCommand { program: String, account: String },
    /// A new access key whose secret nobody has; without an id it is not known whether there is one.
    NewKey { user: String, id: Option<String>, why: aws::Error },
    /// A new access key that is handed over. It works.
    KeyWorks { id: String },
    /// An access key that was to go, and is active as before.
    KeyActive { id: String },
    /// An access key that was to go, and is not active any more.
    KeyInactive { id: String },
    /// An access key that was to go; AWS did not say what it is, for this reason.
    KeyUnknown { id: String, why: aws::Error },
    /// An access key that was deleted to make room; it cannot be brought back.
    KeyGone { id: String },
    /// What somebody may have stored of an access key that is gone.
    KeyStored { id: String, to: String },
    /// The journal still has the run, though nothing is left.
    Journal { cause: journal::Error },
    /// Another file in the journal that cannot be read, or is not believed. It is kept as it is.
    BadRun { why: Box<Cause> },
}

impl Left {
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
                | Self::KeyStored { .. }
                | Self::BadRun { .. }
        )
    }
}

/// A flow that did not succeed: where, why, and what is left.
#[derive(Debug)]
pub struct Failed {
    /// Where.
    pub stage: Stage,
    /// Why.
    pub cause: Cause,
    /// What is left in the world; empty when it is as it was.
    pub left: Vec<Left>,
    /// How far the host's clock is ahead of AWS, in seconds, where known.
    pub ahead: Option<i64>,
}

/// A cause with its stage, on its way to [`Failed`].
pub(super) type At = (Stage, Cause);

/// One device's run, on disk.
pub(super) struct Run {
    pub(super) writer: Writer,
    pub(super) begin: Begin,
    pub(super) intents: Vec<Undo>,
}

impl Run {
    pub(super) fn begin(begin: Begin, desk: &Desk<'_>) -> Result<Self, Cause> {
        let writer = begin_log(begin.started, &Record::Begin(begin.clone()), desk)?;
        Ok(Self { writer, begin, intents: Vec::new() })
    }

    pub(super) fn resume(id: &str, begin: Begin, intents: Vec<Undo>, desk: &Desk<'_>) -> Result<Self, Cause> {
        let writer = desk.journal.resume(id).map_err(Cause::Journal)?;
        Ok(Self { writer, begin, intents })
    }

    /// Writes down how the next effect is undone, before it happens.
    pub(super) fn intend(&mut self, undo: Undo) -> Result<(), Cause> {
        self.writer.append(&Record::Intend(undo.clone())).map_err(Cause::Journal)?;
        self.intents.push(undo);
        Ok(())
    }

    /// The effect announced last did not happen, for certain.
    pub(super) fn void(&mut self, undo: &Undo) {
        self.intents.retain(|intent| intent != undo);
        // If this line is lost, recovery may find what somebody else made, and does not touch it unasked.
        let _ = self.writer.append(&Record::Void(undo.clone()));
    }

    pub(super) fn note(&mut self, record: &Record) -> Result<(), Cause> {
        self.writer.append(record).map_err(Cause::Journal)
    }

    pub(super) fn finish(self) -> Result<(), journal::Error> {
        self.writer.finish()
    }

    /// Undoes what was intended and says what could not be. The device goes first: as long as it exists, the
    /// credential on the key is the only thing that can still finish it.
    pub(super) fn undo(self, account: &Account, desk: &mut Desk<'_>) -> Vec<Left> {
        if self.intents.contains(&Undo::DeleteDevice)
            && let Some(device) = delete_device(account, &self.begin.arn)
        {
            let name = &self.begin.credential;
            let kept = |key: &Serial| Left::Credential { key: *key, name: name.clone(), why: None };
            let files = self.escrow_files().map(|file| Left::Escrow { path: file.path.clone(), why: None });
            return std::iter::once(device).chain(self.written_keys().map(kept)).chain(files).collect();
        }
        self.remove_credentials(desk)
    }

    /// Removes the credentials and the escrow file, and ends the run when nothing is left for recovery.
    pub(super) fn remove_credentials(self, desk: &mut Desk<'_>) -> Vec<Left> {
        let remove = |key: &Serial| remove_credential(*key, &self.begin.credential, desk);
        let mut left: Vec<Left> = self.written_keys().filter_map(remove).collect();
        left.extend(self.remove_escrow());
        let account = || account_of(&self.begin.arn);
        left.extend(self.intents.iter().filter_map(|intent| match intent {
            Undo::RemoveFromPhone => Some(Left::OnPhone { account: account() }),
            Undo::TakeBack { program } => Some(Left::AtCommand { program: program.clone(), account: account() }),
            _ => None,
        }));
        if !left.iter().any(Left::is_for_recover)
            && let Err(cause) = self.finish()
        {
            left.push(Left::Journal { cause });
        }
        left
    }

    /// Removes the escrow file, and says what could not be.
    pub(super) fn remove_escrow(&self) -> Vec<Left> {
        let failed = |file: &EscrowFile| {
            let why = file.remove().err()?.to_string();
            Some(Left::Escrow { path: file.path.clone(), why: Some(why) })
        };
        self.escrow_files().filter_map(failed).collect()
    }

    fn written_keys(&self) -> impl Iterator<Item = &Serial> {
        self.intents.iter().filter_map(|intent| match intent {
            Undo::RemoveCredential { key } => Some(key),
            _ => None,
        })
    }

    pub(super) fn escrow_files(&self) -> impl Iterator<Item = &EscrowFile> {
        self.intents.iter().filter_map(|intent| match intent {
            Undo::RemoveEscrow(file) => Some(file),
            _ => None,
        })
    }

    /// Gives up: undoes, and joins what is left to the cause.
    pub(super) fn give_up(self, (stage, cause): At, account: &Account, desk: &mut Desk<'_>) -> Failed {
        let cause = if desk.interrupt.raised() { Cause::Interrupted } else { cause };
        if matches!(cause, Cause::Interrupted) && !self.intents.is_empty() {
            desk.tell(Notice::Undoing);
        }
        // Heard. What follows is the undoing, which a second Ctrl-C ends.
        desk.interrupt.clear();
        let left = self.undo(account, desk);
        failed((stage, cause), left, desk)
    }
}

pub(super) fn failed((stage, cause): At, left: Vec<Left>, desk: &Desk<'_>) -> Failed {
    Failed { stage, cause, left, ahead: desk.clock.ahead_seconds() }
}

/// Begins a run's file. Its name sorts by age; the process id and a count keep the runs of one second apart.
pub(super) fn begin_log(started: u64, first: &Record, desk: &Desk<'_>) -> Result<Writer, Cause> {
    static NTH: AtomicU32 = AtomicU32::new(0);
    let nth = NTH.fetch_add(1, Ordering::Relaxed);
    let name = format!("{started:012}-{}-{nth:06}", std::process::id());
    desk.journal.begin(&name, first).map_err(Cause::Journal)
}

/// An earlier run for this user must end first.
pub(super) fn nothing_unfinished(account: &str, user: &str, desk: &Desk<'_>) -> Result<(), Cause> {
    for run in desk.journal.unfinished::<Record>().map_err(Cause::Journal)? {
        let refusal = match run.entries.into_iter().next() {
            Some(Record::Begin(begin)) if !begin.root && begin.arn.account() == account && begin.user == user => {
                Refusal::Unfinished { arn: begin.arn, user: begin.user }
            }
            Some(Record::Retire(begin)) if begin.account == account && begin.user == user => {
                Refusal::UnfinishedRemoval { serial: begin.old.serial, user: begin.user }
            }
            Some(Record::Key(begin)) if begin.account == account && begin.user == user => {
                Refusal::UnfinishedKey { user: begin.user }
            }
            _ => continue,
        };
        desk.journal.idle().map_err(Cause::Journal)?;
        return Err(Cause::Refused(refusal));
    }
    Ok(())
}

/// An earlier run for root of this account must end first.
pub(super) fn nothing_unfinished_for_root(account: &str, desk: &Desk<'_>) -> Result<(), Cause> {
    let runs = desk.journal.unfinished::<Record>().map_err(Cause::Journal)?;
    let mut of_root = runs.into_iter().filter_map(|run| match run.entries.into_iter().next() {
        Some(Record::Begin(begin)) if begin.root && begin.arn.account() == account => Some(begin),
        _ => None,
    });
    match of_root.next() {
        None => Ok(()),
        Some(begin) => {
            desk.journal.idle().map_err(Cause::Journal)?;
            Err(Cause::Refused(Refusal::Unfinished { arn: begin.arn, user: begin.user }))
        }
    }
}

/// Deletes a device that is nobody's. "Not found" is success. Where deleting is refused or its reply is lost, asks
/// whether it is there at all.
pub(super) fn delete_device(account: &Account, arn: &DeviceArn) -> Option<Left> {
    let why = match account.delete_virtual_mfa(arn) {
        Ok(()) | Err(aws::Error::NotFound { .. }) => return None,
        Err(aws::Error::DeleteConflict { .. }) => return Some(Left::Enabled { arn: arn.clone() }),
        Err(why) => why,
    };
    match account.virtual_device(arn) {
        Ok(None) => None,
        Ok(Some(device)) if device.user.is_some() => Some(Left::Enabled { arn: arn.clone() }),
        Ok(Some(_)) if matches!(why, aws::Error::OutcomeUnknown { .. }) => match account.delete_virtual_mfa(arn) {
            Ok(()) | Err(aws::Error::NotFound { .. }) => None,
            Err(why) => Some(Left::Device { arn: arn.clone(), why }),
        },
        Ok(Some(_)) => Some(Left::Device { arn: arn.clone(), why }),
        Err(asked) => Some(Left::Unknown { arn: arn.clone(), why, asked: Some(Box::new(asked)) }),
    }
}

/// Removes a credential. "Not found" is success.
pub(super) fn remove_credential(key: Serial, name: &str, desk: &mut Desk<'_>) -> Option<Left> {
    let removed = desk.ring.session(key, desk.person).and_then(|mut session| {
        let oath = |cause| ring::Error::Oath { key, cause };
        let name = Name::from_id(name).map_err(oath)?;
        match session.delete(&name) {
            Ok(()) | Err(oath::Error::NotFound(_)) => Ok(()),
            Err(cause) => Err(oath(cause)),
        }
    });
    removed.err().map(|why| Left::Credential { key, name: name.to_owned(), why: Some(why) })
}

/// Reads bytes as a line of the journal; for fuzzing. Must return whatever the bytes are.
#[doc(hidden)]
pub fn fuzz_record(line: &[u8]) {
    let Ok(record) = serde_json::from_slice::<Record>(line) else { return };
    let again = serde_json::to_vec(&record).ok().and_then(|line| serde_json::from_slice(&line).ok());
    assert_eq!(again, Some(record), "what is written can be read");
}
