//! The person at the terminal, as a trait. "Nobody can be asked" (`None`) is one of the answers, never a hang.
//!
//! Flows speak in facts ([`Notice`], [`Question`]); the sentences are the command line's.

mod access_key;
mod root;

pub use access_key::{AccessKeyStep, Handed, KeyIs, KeyPlan, OwnKey, UnfinishedKey};
pub use root::{AtCodes, ConsoleTask, RootQuestion, RootStep, RootView, TwoCodes};

use crate::aws::{self, DeviceArn, DeviceKind, Retry};
use crate::keys::{KeyId, Serial};
use crate::platform::NoKeyring;
use crate::secret::{Code, Password};
use crate::transport::Holder;
use std::path::PathBuf;
use std::time::SystemTime;

/// Whoever runs the command.
pub trait Person {
    /// Whether there is a terminal to show something on and to be answered at.
    fn is_there(&self) -> bool;

    /// Tells what is about to happen or has happened. Never blocks.
    fn tell(&mut self, notice: &Notice);

    /// Asks for a yes or no. `None`: nobody can be asked.
    fn confirm(&mut self, question: &Question) -> Option<bool>;

    /// Asks for the OATH password of a key. `None`: nobody can be asked.
    fn password(&mut self, _key: Serial) -> Option<Password> {
        None
    }

    /// Asks for the FIDO2 PIN of a key, which has this many tries left; the answer is for one attempt. `None`: nobody
    /// can be asked.
    fn pin(&mut self, _key: &KeyId, _left: u8) -> Option<Password> {
        None
    }

    /// Whether a PIN that was mistyped can be asked for again: one that is read from a file stays wrong.
    fn can_be_asked_again(&self) -> bool {
        false
    }

    /// Asks for a new FIDO2 PIN of at least this many characters, until it is given twice alike.
    ///
    /// # Errors
    /// Why there is none.
    fn new_pin(&mut self, _key: &KeyId, _least: usize) -> Result<Password, NoNewPin> {
        Err(NoNewPin::NobodyToAsk)
    }

    /// Asks what to do with the unfinished run just told. `None`: nobody can be asked.
    fn choose(&mut self, _may_finish: bool, _may_undo: bool) -> Option<Choice> {
        None
    }

    /// Shows a QR code until a code from the phone that scanned it passes `check`, then erases it. `Some(false)`: the
    /// person gave up. `None`: nobody can be shown anything.
    fn show_qr(&mut self, _uri: &str, _check: &mut dyn FnMut(&Code) -> bool) -> Option<bool> {
        None
    }

    /// Shows two codes to be typed into one form, for about a second: `now` is the moment they are shown at. They are
    /// erased by [`Person::hide_codes`]. `None`: nobody can be shown anything.
    fn show_codes(&mut self, _codes: &TwoCodes, _now: SystemTime) -> Option<AtCodes> {
        None
    }

    /// Erases the codes that are shown.
    fn hide_codes(&mut self) {}
}

/// Nobody: hears nothing, and every question goes without an answer.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Person for Nobody {
    fn is_there(&self) -> bool {
        false
    }

    fn tell(&mut self, _notice: &Notice) {}

    fn confirm(&mut self, _question: &Question) -> Option<bool> {
        None
    }
}

/// Why no new PIN was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoNewPin {
    /// Nobody can be asked.
    #[error("a new PIN is needed, and nobody can be asked for it")]
    NobodyToAsk,
    /// Tried several times, and never twice alike.
    #[error("no new PIN was given twice alike")]
    Differ,
}

/// What to do with an unfinished run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Enable the device with codes from the key.
    Finish,
    /// Delete the device and the credentials.
    Undo,
    /// Nothing, for now.
    Leave,
    /// Nothing, ever: strike the run from the journal. For a key that is lost.
    Forget,
}

/// A question that needs a yes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// Carry out the plan just told?
    Proceed,
    /// Enable a device though no place proves its seed by a code? `--yes` does not answer this.
    EnableUnproved,
    /// Remove a credential from a key for good?
    DeleteCredential {
        /// The key.
        key: Serial,
        /// The credential's id.
        name: String,
    },
    /// Write the credentials of the plan just told?
    Import {
        /// The key.
        key: Serial,
        /// How many.
        write: usize,
        /// How many entries cannot be written, and would be left out.
        leave: usize,
    },
    /// Wipe every credential of a key's OATH applet? Answered by typing the serial number.
    ResetOath {
        /// The key.
        key: Serial,
        /// How many credentials it holds, where that can be read.
        credentials: Option<usize>,
    },
    /// Try a PIN although only one try is left? If it is wrong, the key must be reset. `--yes` does not answer this.
    LastPinTry {
        /// The key.
        key: KeyId,
    },
    /// About root's factors.
    Root(RootQuestion),
    /// Write to the only FIDO2 key here, which was not named?
    UseTheOnlyFidoKey {
        /// The key.
        key: KeyId,
        /// Its model.
        model: String,
    },
    /// Delete an access key that is inactive now?
    DeleteAccessKey {
        /// Its id.
        id: String,
        /// Whose.
        user: String,
    },
    /// Hand this key out to this user?
    HandOut {
        /// The key.
        key: Serial,
        /// Its model.
        model: String,
        /// Whom it is for.
        user: String,
    },
    /// Write to the only key here, which was not named?
    UseTheOnlyKey {
        /// The key.
        key: Serial,
        /// Its model.
        model: String,
    },
}

/// What a roster is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterPlan {
    /// Devices are replaced; otherwise they are added.
    pub rotate: bool,
    /// The account.
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

/// Something a person should know while a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// What is about to be done, before anything is.
    Plan(Plan),
    /// What is about to be done for a roster.
    RosterPlan(RosterPlan),
    /// Users of a roster who do not exist, with their lines.
    UnknownUsers {
        /// Who.
        users: Vec<(u64, String)>,
    },
    /// The caller may not list users, so nobody knows before their turn who does not exist.
    UsersNotListed,
    /// The next user of a roster.
    NextUser {
        /// Who.
        user: String,
        /// Counted from 1.
        nth: usize,
        /// How many there are to do.
        of: usize,
    },
    /// A key is waited for.
    InsertKey {
        /// For whom.
        user: String,
        /// Which; `None`: one that has not been handed out.
        key: Option<Serial>,
    },
    /// A key is here that is not the one.
    OtherKey {
        /// The key.
        present: Serial,
        /// The one waited for; `None`: the one here has been handed out already.
        wanted: Option<Serial>,
    },
    /// The key blinks and waits for a touch.
    Touch {
        /// The key.
        key: Serial,
    },
    /// A PIN was not taken, and is asked for again.
    PinAgain {
        /// The key.
        key: KeyId,
        /// Tries left; `None`: it cannot be a PIN, and was not sent.
        left: Option<u8>,
    },
    /// The FIDO2 key blinks and waits for a touch.
    FidoTouch {
        /// The key.
        key: KeyId,
    },
    /// A key is here whose credentials could not be read: one of the device's on it is not removed.
    KeyUnread {
        /// The key.
        key: Serial,
    },
    /// The same of a key that does not even tell which it is.
    ReaderUnread {
        /// The reader it is in.
        reader: String,
    },
    /// Another program has the reader open; access is shared.
    Shared {
        /// The key.
        key: Serial,
        /// Who it is.
        holder: Holder,
    },
    /// The device was created, not enabled.
    Created {
        /// The device.
        arn: DeviceArn,
    },
    /// The seed was written and the hardware's code equals ours.
    Written {
        /// The key.
        key: Serial,
    },
    /// A phone holds the seed and showed the right code.
    OnPhone,
    /// The seed is in an age file: read back, its header and content as they should be.
    Escrowed {
        /// The file.
        path: PathBuf,
        /// How many can open it.
        recipients: usize,
    },
    /// A command read the seed and ended with status 0.
    HandedOver {
        /// Its program.
        program: String,
        /// A code of what it stored is asked for next.
        checked: bool,
    },
    /// A store's own command printed the seed's code.
    StoreChecked {
        /// Its program.
        program: String,
    },
    /// The device is enabled, and IAM lists it.
    Enabled {
        /// When the two codes' steps begin.
        codes: [SystemTime; 2],
        /// The key that computed them; `None` when no key holds the seed.
        by: Option<Serial>,
    },
    /// IAM lists the device for the user.
    Listed {
        /// The user.
        user: String,
    },
    /// AWS has acknowledged that the device is enabled, and did not tell whether IAM lists it.
    NotConfirmed {
        /// Why.
        why: aws::Error,
    },
    /// The run succeeded, but its record could not be removed from the journal.
    JournalKept,
    /// A file in the journal without a record: the run that made it had not begun anything.
    EmptyRun {
        /// Which.
        path: PathBuf,
        /// It was removed; otherwise it is not called as a run's file is, and was left.
        removed: bool,
    },
    /// From when a sign-in with a code works, and how many seconds that is away.
    FirstCode {
        /// The moment.
        from: SystemTime,
        /// Seconds from now.
        seconds: u64,
    },
    /// The host's clock is off; codes are computed by AWS's.
    ClockOff {
        /// Seconds ahead of AWS; negative: behind.
        ahead: i64,
    },
    /// AWS asked for patience, or a reply was lost.
    Retrying(Retry),
    /// An MFA session was opened for the caller, as IAM's self-management rule demands.
    SessionOpened {
        /// The device whose code it took.
        serial: String,
        /// The key that gave the code.
        key: Serial,
    },
    /// The system keeps no sessions in memory, or not this one: why.
    NotKept(NoKeyring),
    /// Waiting for a moment, with the seconds left.
    Waiting {
        /// For what.
        what: &'static str,
        /// Seconds left.
        seconds: u64,
    },
    /// The memory of the codes sent could not be read: this step's counts as sent.
    StepsUnreadable {
        /// Its file.
        path: PathBuf,
    },
    /// The memory of the codes sent could not be written: other commands will not know.
    StepsNotKept {
        /// Its file.
        path: PathBuf,
        /// A short reason.
        why: String,
    },
    /// The person interrupted; what was done is being undone.
    Undoing,
    /// A reply was lost; AWS is being asked what happened.
    Asking,
    /// A device is about to be taken away from its user.
    Parting(Parting),
    /// How the new device is to be proved before the old one goes.
    ProofPlanned(Proving),
    /// What a user has less of once the new device has taken the old one's place.
    Losses(Vec<Loss>),
    /// A code has to be sent, and the next one that may be is not due yet.
    CodeDue {
        /// The device.
        serial: String,
        /// How long it will take.
        seconds: u64,
    },
    /// The new device cannot have the name that most policies allow.
    OtherName {
        /// The name it is to have.
        name: String,
        /// The user.
        user: String,
    },
    /// How far the host's clock is off, whatever it is.
    ClockVerdict {
        /// Seconds ahead of AWS; negative: behind.
        ahead: i64,
    },
    /// The reply to a resynchronisation was lost: the next pair of codes is sent.
    ResyncAgain,
    /// AWS knows the device's time.
    Resynced {
        /// The device.
        serial: String,
        /// When the two codes' steps begin.
        codes: [SystemTime; 2],
    },
    /// A device was deactivated: its codes open nothing any more.
    Deactivated {
        /// Its serial number.
        serial: String,
    },
    /// What is going could not be announced to other machines, by a tag on the user: only a run on this one is kept from
    /// removing what must stay.
    NotAnnounced {
        /// The user.
        user: String,
        /// The device that is going.
        serial: String,
        /// AWS's refusal.
        why: aws::Error,
    },
    /// What other machines have announced may not be read.
    OthersUnseen {
        /// The user.
        user: String,
        /// AWS's refusal.
        why: aws::Error,
    },
    /// The tag is still there. It says nothing after the time in it.
    StillAnnounced {
        /// The user.
        user: String,
        /// When it is over.
        until: SystemTime,
        /// Why it could not be taken away; `None`: the deactivation may still come through.
        why: Option<aws::Error>,
        /// IAM has refused, or shows it still; otherwise nobody knows.
        certain: bool,
    },
    /// A virtual device was deleted.
    Deleted {
        /// Its serial number.
        serial: String,
    },
    /// A credential of a device that is gone was removed from a key.
    CredentialRemoved {
        /// The key.
        key: Serial,
        /// Its id.
        name: String,
    },
    /// An unfinished run was found; what it left, and where.
    Unfinished(Unfinished),
    /// An unfinished retirement was found.
    UnfinishedRetirement(UnfinishedRetirement),
    /// What is about to be done to a user's access keys.
    KeyPlan(KeyPlan),
    /// A step of a rotation of an access key.
    AccessKey(AccessKeyStep),
    /// An unfinished rotation of an access key was found.
    UnfinishedKey(UnfinishedKey),
    /// A step on the way of a FIDO2 key to its safe.
    Key(KeyStep),
    /// A step on root's way to its factors.
    Root(RootStep),
}

/// What was found out about a FIDO2 key while it is made ready, or done to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyStep {
    /// Something is known to be wrong with keys of its kind.
    Advisory {
        /// Like `YSA-2024-03`.
        id: String,
        /// It touches FIDO2.
        affected: bool,
        /// In what way, or why not; a sentence.
        effect: String,
        /// What to do.
        advice: String,
    },
    /// It does not tell its firmware, so nobody knows what is wrong with it.
    NoFirmware,
    /// The table of advisories has none of this kind of key, so nobody knows.
    NotCovered,
    /// It proved what it is.
    Genuine {
        /// Its model.
        model: String,
        /// The name of the root that vouches for it.
        root: String,
    },
    /// It has its first PIN.
    PinSet,
    /// It has another PIN.
    PinChanged,
    /// It has a PIN, and it was given.
    PinRight,
    /// No new PIN is shorter.
    MinPinLength {
        /// In characters.
        length: usize,
        /// It was less before.
        raised: bool,
    },
    /// It verifies its user always.
    AlwaysUv {
        /// It did not before.
        turned_on: bool,
    },
    /// Nothing is left to do.
    Ready {
        /// How many more discoverable credentials fit, where the key tells.
        free_slots: Option<u64>,
    },
}

/// What a command is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The account.
    pub account: String,
    /// The caller's ARN.
    pub caller: String,
    /// The devices, each with its sinks.
    pub devices: Vec<PlannedDevice>,
    /// The user they are for.
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
    /// A store computes them.
    Store,
    /// Nothing does.
    Nothing,
}

/// What a user loses when one device takes another's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The old one is on more keys.
    FewerKeys {
        /// The keys here that hold the old one.
        before: Vec<Serial>,
        /// How many are to hold the new one.
        after: usize,
    },
    /// The old one's codes want a touch.
    NoTouch,
    /// No key here holds the old one, or none said whether its codes want a touch: that is not known.
    Unseen {
        /// The old one's name.
        name: String,
        /// A key here holds it.
        held: bool,
        /// The new one's codes want a touch.
        touch: bool,
    },
    /// The old one is called otherwise.
    Name {
        /// Path and name of the old one.
        before: String,
        /// Of the new one.
        after: String,
    },
    /// The old one is a security key, which no false page can be given a code of.
    Phishing,
}

/// A device that is about to be taken away from its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// The user.
    pub user: String,
    /// The device's serial number.
    pub serial: String,
    /// What kind of device it is.
    pub kind: DeviceKind,
    /// Its credentials on the keys that are here.
    pub credentials: Vec<(Serial, String)>,
    /// How many devices the user has beside it.
    pub others: usize,
    /// None of those can open a session on the command line.
    pub no_session: bool,
}

/// One device of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedDevice {
    /// Its serial number, known before it exists.
    pub arn: DeviceArn,
    /// The credential's id on every key.
    pub credential: String,
    /// The keys, with their models.
    pub keys: Vec<(Serial, String)>,
    /// A phone too, by QR code.
    pub phone: bool,
    /// Every code asks for a touch.
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

/// A run that did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The user it was for.
    pub user: String,
    /// The device.
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
    pub replaces: Option<Leaving>,
    /// The device is the root user's.
    pub root: bool,
}

/// A device that was to go, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
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
    /// The user.
    pub user: String,
    /// When it began.
    pub started: SystemTime,
    /// The device.
    pub leaving: Leaving,
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
    Foreign {
        /// Whose.
        user: String,
    },
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

impl Notice {
    pub(crate) fn key_inactive(id: &str) -> Self {
        Self::AccessKey(AccessKeyStep::Inactive { id: id.to_owned() })
    }

    pub(crate) fn key_deleted(id: &str) -> Self {
        Self::AccessKey(AccessKeyStep::Deleted { id: id.to_owned() })
    }
}
