//! What a person should know while a command runs.

use super::{
    AccessKeyStep, KeyPlan, Loss, Plan, Proving, RemovalPlan, RootStep, RosterPlan, Unfinished, UnfinishedKey,
    UnfinishedRetirement,
};
use crate::aws::{self, DeviceArn, Retry};
use crate::keys::{KeyId, Serial};
use crate::platform::NoKeyring;
use crate::transport::Holder;
use std::path::PathBuf;
use std::time::SystemTime;

/// Something a person should know while a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// What is about to be done, before anything is.
    Plan(Plan),
    RosterPlan(RosterPlan),
    /// Users of a roster who do not exist, with their lines.
    UnknownUsers {
        users: Vec<(u64, String)>,
    },
    /// The caller may not list users, so nobody knows before their turn who does not exist.
    UsersNotListed,
    NextUser {
        user: String,
        /// Counted from 1.
        nth: usize,
        of: usize,
    },
    InsertKey {
        user: String,
        /// Which; `None`: one that has not been handed out.
        key: Option<Serial>,
    },
    /// A key is here that is not the one.
    OtherKey {
        present: Serial,
        /// The one waited for; `None`: the one here has been handed out already.
        wanted: Option<Serial>,
    },
    Touch {
        key: Serial,
    },
    /// A PIN was not taken, and is asked for again.
    PinAgain {
        key: KeyId,
        /// Tries left; `None`: it cannot be a PIN, and was not sent.
        left: Option<u8>,
    },
    /// The FIDO2 key blinks and waits for a touch.
    FidoTouch {
        key: KeyId,
    },
    /// A key is here whose credentials could not be read: one of the device's on it is not removed.
    KeyUnread {
        key: Serial,
    },
    /// The same of a key that does not even tell which it is.
    ReaderUnread {
        reader: String,
    },
    /// Another program has the reader open; access is shared.
    Shared {
        key: Serial,
        holder: Holder,
    },
    /// The device was created, not enabled.
    Created {
        arn: DeviceArn,
    },
    /// The seed was written and the hardware's code equals ours.
    Written {
        key: Serial,
    },
    /// A phone holds the seed and showed the right code.
    OnPhone,
    /// The seed is in an age file: read back, its header and content as they should be.
    Escrowed {
        path: PathBuf,
        recipients: usize,
    },
    /// A command read the seed and ended with status 0.
    HandedOver {
        program: String,
        /// A code of what it stored is asked for next.
        checked: bool,
    },
    /// A store's own command printed the seed's code.
    StoreChecked {
        program: String,
    },
    /// The device is enabled, and IAM lists it.
    Enabled {
        /// When the two codes' steps begin.
        codes: [SystemTime; 2],
        /// The key that computed them; `None` when no key holds the seed.
        by: Option<Serial>,
    },
    Listed {
        user: String,
    },
    /// AWS has acknowledged that the device is enabled, and did not tell whether IAM lists it.
    NotConfirmed {
        why: aws::Error,
    },
    /// The run succeeded, but its record could not be removed from the journal.
    JournalKept,
    /// A file in the journal without a record: the run that made it had not begun anything.
    EmptyRun {
        path: PathBuf,
        /// It was removed; otherwise it is not called as a run's file is, and was left.
        removed: bool,
    },
    /// From when a sign-in with a code works, and how many seconds that is away.
    FirstCode {
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
        key: Serial,
    },
    /// The system keeps no sessions in memory, or not this one: why.
    NotKept(NoKeyring),
    /// Waiting for a moment, with the seconds left.
    Waiting {
        what: &'static str,
        /// Seconds left.
        seconds: u64,
    },
    /// The memory of the codes sent could not be read: this step's counts as sent.
    StepsUnreadable {
        path: PathBuf,
    },
    /// The memory of the codes sent could not be written: other commands will not know.
    StepsNotKept {
        path: PathBuf,
        why: String,
    },
    /// The person interrupted; what was done is being undone. `earlier`: that is how the unfinished run just told ended.
    Undoing {
        earlier: bool,
    },
    /// A reply was lost; AWS is being asked what happened.
    Asking,
    /// A device is about to be taken away from its user.
    RemovalPlan(RemovalPlan),
    /// How the new device is to be proved before the old one goes.
    ProofPlanned(Proving),
    /// What a user has less of once the new device has taken the old one's place.
    Losses(Vec<Loss>),
    /// A code has to be sent, and the next one that may be is not due yet.
    CodeDue {
        serial: String,
        /// How long it will take.
        seconds: u64,
    },
    /// The new device cannot have the name that most policies allow.
    OtherName {
        name: String,
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
        serial: String,
        /// When the two codes' steps begin.
        codes: [SystemTime; 2],
    },
    /// A device was deactivated: its codes open nothing any more.
    Deactivated {
        serial: String,
    },
    /// What is going could not be announced to other machines, by a tag on the user: only a run on this one is kept from
    /// removing what must stay.
    NotAnnounced {
        user: String,
        serial: String,
        why: aws::Error,
    },
    /// What other machines have announced may not be read.
    OthersUnseen {
        user: String,
        why: aws::Error,
    },
    /// The tag is still there. It says nothing after the time in it.
    StillAnnounced {
        user: String,
        until: SystemTime,
        /// Why it could not be taken away; `None`: the deactivation may still come through.
        why: Option<aws::Error>,
        /// IAM has refused, or shows it still; otherwise nobody knows.
        certain: bool,
    },
    Deleted {
        serial: String,
    },
    /// IAM has it no more; whether this run has deleted it is not known.
    DeletedAlready {
        serial: String,
    },
    CredentialRemoved {
        key: Serial,
        name: String,
    },
    /// An unfinished run was found; what it left, and where.
    Unfinished(Unfinished),
    UnfinishedRetirement(UnfinishedRetirement),
    /// What is about to be done to a user's access keys.
    KeyPlan(KeyPlan),
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
        advice: String,
    },
    /// It does not tell its firmware, so nobody knows what is wrong with it.
    NoFirmware,
    /// The table of advisories has none of this kind of key, so nobody knows.
    NotCovered,
    Genuine {
        model: String,
        /// The name of the root that vouches for it.
        root: String,
    },
    /// It has its first PIN.
    PinSet,
    /// It has another PIN.
    PinChanged,
    PinRight,
    /// No new PIN is shorter.
    MinPinLength {
        length: usize,
        /// It was less before.
        raised: bool,
    },
    /// It verifies its user always.
    AlwaysUv {
        /// It did not before.
        turned_on: bool,
    },
    Ready {
        /// How many more discoverable credentials fit, where the key tells.
        free_slots: Option<u64>,
    },
}

impl Notice {
    pub(crate) fn key_inactive(id: &str) -> Self {
        Self::AccessKey(AccessKeyStep::Inactive { id: id.to_owned() })
    }

    pub(crate) fn key_deleted(id: &str) -> Self {
        Self::AccessKey(AccessKeyStep::Deleted { id: id.to_owned() })
    }
}
