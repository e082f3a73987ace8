//! What enrollments, rotations and root's devices have in common: a device is made, and its seed goes to places. What their
//! record says, what of it may be believed, and how IAM's answer and the keys are read by it.

use super::Outcome;
use super::from_key::prove_enabled;
use super::passes::{BEFORE, moment, since};
use super::removed::check_old;
use crate::aws::{self, Account};
use crate::flow::confirm::{Listing, listing};
use crate::flow::context::Context;
use crate::flow::failure::{Cause, Implausible, RecoverRefusal, Residue};
use crate::flow::holdings::credentials;
use crate::flow::naming::credential_name;
use crate::flow::record::{Begin, Record, Undo};
use crate::flow::run::Run;
use crate::journal::Writer;
use crate::keys::Serial;
use crate::oath;
use crate::person::{Choice, DeviceState, FileState, KeyState, Unfinished};
use crate::sink::EscrowState;
use crate::totp::unix;
use crate::unlock;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

/// The commands that make devices.
pub(super) const COMMANDS: &[&str] = &["enroll", "rotate", "root enroll"];

/// A run that makes a device, as its record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AddedDevice {
    pub(super) begin: Begin,
    pub(super) intents: Vec<Undo>,
    /// IAM's answer to the creation is on record. Without it, an unassigned device of this name may be another's.
    pub(super) created: bool,
    /// It came as far as enabling the device: before that, an enabled device of this name is not of its making.
    pub(super) enabling: bool,
    /// When it last sent the request for that, in seconds since the Unix epoch, where that is on record.
    sent: Option<u64>,
    /// Since when IAM has listed it, in seconds since the Unix epoch, where that is on record. Without it, somebody else
    /// may have made the device anew and enabled it.
    pub(super) listed: Option<u64>,
    /// The device that was to go is deleted.
    pub(super) deleted: bool,
}

impl AddedDevice {
    pub(super) fn begun(begin: &Begin) -> Result<Self, Implausible> {
        check_begin(begin)?;
        let begin = begin.clone();
        let (created, enabling, deleted) = (false, false, false);
        Ok(Self { begin, intents: Vec::new(), created, enabling, sent: None, listed: None, deleted })
    }

    pub(super) fn step(&mut self, record: Record) -> Result<(), Implausible> {
        let (root, made) = (self.begin.root, self.may_have_made_it());
        match record {
            Record::Intend(undo) => {
                self.check_undo(&undo)?;
                self.intents.push(undo);
            }
            // IAM has refused the device: then there is no seed, and no place that could hold it.
            Record::Void(Undo::DeleteDevice) if self.intents.iter().any(is_of_the_seed) => {
                return Err(Implausible::Step);
            }
            Record::Void(undo) => {
                self.check_undo(&undo)?;
                self.intents.retain(|intent| *intent != undo);
            }
            Record::Created if made && !root => self.created = true,
            Record::Enabled { at } if made && !root => (self.enabling, self.listed) = (true, at),
            Record::Enabling { at } if made => (self.enabling, self.sent, self.listed) = (true, at, None),
            Record::Deleted if self.begin.replaces.is_some() => self.deleted = true,
            Record::EnablingAgain if self.begin.replaces.is_some() => {}
            _ => return Err(Implausible::Step),
        }
        Ok(())
    }

    /// The device may have been created. Root's is the console's to create.
    fn may_have_made_it(&self) -> bool {
        self.begin.root || self.intents.contains(&Undo::DeleteDevice)
    }

    fn check_undo(&self, undo: &Undo) -> Result<(), Implausible> {
        let begin = &self.begin;
        match undo {
            Undo::DeleteDevice if !begin.root => Ok(()),
            Undo::EnableAgain if begin.replaces.is_some() => Ok(()),
            // The seed comes with the device.
            _ if !self.may_have_made_it() => Err(Implausible::Step),
            Undo::RemoveCredential { key } if begin.keys.contains(key) => Ok(()),
            Undo::RemoveCredential { key } => Err(Implausible::Key { key: *key }),
            Undo::RemoveEscrow(file) if begin.escrow.as_ref() == Some(&file.path) && file.is_plausible() => Ok(()),
            Undo::RemoveEscrow(file) => Err(Implausible::File { path: file.path.clone() }),
            Undo::RemoveFromPhone if begin.phone => Ok(()),
            Undo::TakeBack { program } if begin.program.as_ref() == Some(program) => Ok(()),
            Undo::RemoveFromPhone | Undo::TakeBack { .. } => Err(Implausible::Place),
            _ => Err(Implausible::Step),
        }
    }

    pub(super) fn unknown(&self) -> Residue {
        Residue::Unknown { arn: self.begin.arn.clone(), why: aws::Error::Interrupted, asked: None }
    }

    pub(super) fn untouched(&self) -> Vec<Residue> {
        vec![Residue::Untouched { arn: self.begin.arn.clone() }]
    }

    /// The run, to be gone on with.
    pub(super) fn resumed(&self, writer: Writer) -> Run {
        Run {
            writer,
            begin: self.begin.clone(),
            intents: self.intents.clone(),
            may_be_anothers: false,
            is_unproved: false,
            listed: self.listed,
        }
    }

    /// Proves that the device which IAM lists is the run's, where its answer to enabling it is not on record; then writes
    /// down since when it is enabled, as the run would have.
    pub(super) fn prove(
        &self,
        found: &Unfinished,
        outcome: &Outcome,
        log: &mut Writer,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<(), Cause> {
        match outcome {
            Outcome::WasComplete { keys } if found.device == DeviceState::Unproved => {
                prove_enabled(&self.begin, keys, None, account, context)?;
                let (user, serial) = (&self.begin.user, self.begin.arn.to_string());
                if let Listing::Listed(since) = listing(account, user, &serial, context) {
                    let _ = log.append(&Record::Enabled { at: Some(unix(since)) });
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Asks IAM for the device and every key for its credential.
    pub(super) fn observe(&self, account: &Account, context: &mut Context<'_>) -> Result<Unfinished, Cause> {
        let told = account.virtual_device(&self.begin.arn)?;
        let enabled = told.as_ref().and_then(|device| device.enabled);
        let keys = self.keys(context)?;
        Ok(Unfinished { enabled, ..self.seen(self.device(told), keys) })
    }

    /// What is on the keys. One that was not reached holds nothing of this run, whatever it holds.
    pub(super) fn keys(&self, context: &mut Context<'_>) -> Result<Vec<(Serial, KeyState)>, Cause> {
        let mut state = |key: &Serial| {
            let reached = self.intents.contains(&Undo::RemoveCredential { key: *key });
            let state = if reached { key_state(*key, &self.begin.credential, context)? } else { KeyState::Absent };
            Ok((*key, state))
        };
        self.begin.keys.iter().map(&mut state).collect()
    }

    /// Whose the device of this name is, by IAM's answer.
    fn device(&self, told: Option<aws::VirtualDevice>) -> DeviceState {
        let begin = &self.begin;
        let Some(device) = told.filter(|_| self.intents.contains(&Undo::DeleteDevice)) else {
            return DeviceState::Missing;
        };
        let Some(user) = device.user else {
            return if self.created { DeviceState::Unassigned } else { DeviceState::Uncertain };
        };
        let owner = user.parse::<aws::Caller>().ok().map(|owner| owner.identity);
        // One that was enabled before the run began is somebody else's doing.
        if owner != Some(aws::Identity::User(begin.user.clone())) || !since(begin.started, device.enabled) {
            return DeviceState::Foreign { user };
        }
        // The name is the user's own, but somebody else has enabled the device, which may have another seed.
        let is_other = match (self.listed, self.sent) {
            // IAM shows a date in two lists; they may be rounded differently.
            (Some(since), _) => device.enabled.is_some_and(|enabled| unix(enabled).abs_diff(since) > 2),
            (None, sent) => sent.is_some_and(|sent| !arrived(sent, device.enabled)),
        };
        if !self.enabling || is_other {
            return DeviceState::Foreign { user: begin.user.clone() };
        }
        let at_once =
            self.sent.is_some_and(|sent| device.enabled.is_some_and(|at| unix(at) <= sent + AT_ONCE.as_secs()));
        // No key could prove it, and nothing is taken away for it.
        let is_of_no_key = begin.keys.is_empty() && begin.replaces.is_none();
        let is_believed = is_of_no_key && at_once && self.file() != FileState::Torn;
        if self.listed.is_some() || is_believed { DeviceState::Enabled } else { DeviceState::Unproved }
    }

    pub(super) fn seen(&self, device: DeviceState, keys: Vec<(Serial, KeyState)>) -> Unfinished {
        let Self { begin, intents, .. } = self;
        Unfinished {
            user: begin.user.clone(),
            arn: begin.arn.clone(),
            credential: begin.credential.clone(),
            started: moment(begin.started),
            device,
            enabled: None,
            keys,
            phone: intents.contains(&Undo::RemoveFromPhone),
            escrow: begin.escrow.clone().map(|path| (path, self.file())),
            command: begin.program.clone().map(|program| {
                let reached = intents.iter().any(|intent| matches!(intent, Undo::TakeBack { .. }));
                (program, reached)
            }),
            replaces: None,
            root: false,
        }
    }

    fn file(&self) -> FileState {
        let made = self.intents.iter().find_map(|intent| match intent {
            Undo::RemoveEscrow(file) => Some(file.read()),
            _ => None,
        });
        match made {
            // It was read back before the device was enabled.
            Some(EscrowState::Absent) if self.enabling => FileState::Moved,
            None | Some(EscrowState::Absent) => FileState::Absent,
            Some(EscrowState::Torn) => FileState::Torn,
            Some(EscrowState::Whole) => FileState::Whole,
            Some(EscrowState::Unreadable) => FileState::Unreadable,
        }
    }
}

/// What is enabled so soon after the request for it was sent is taken for the request's doing where no key holds the seed.
const AT_ONCE: Duration = Duration::from_secs(15);

/// Whether a request sent at that second can have enabled what was enabled then: AWS takes no request signed more than five
/// minutes before, and clocks may be off by as much.
fn arrived(sent: u64, enabled: Option<SystemTime>) -> bool {
    enabled.is_none_or(|enabled| unix(enabled) <= sent.saturating_add(2 * BEFORE.as_secs()))
}

fn is_of_the_seed(undo: &Undo) -> bool {
    !matches!(undo, Undo::DeleteDevice | Undo::EnableAgain)
}

fn check_begin(begin: &Begin) -> Result<(), Implausible> {
    let is_named = credential_name(&begin.arn).is_ok_and(|name| name.id() == begin.credential);
    if !is_named {
        return Err(Implausible::Credential { named: begin.credential.clone(), device: begin.arn.to_string() });
    }
    let mut seen = BTreeSet::new();
    if let Some(key) = begin.keys.iter().find(|key| !seen.insert(key.to_string())) {
        return Err(Implausible::KeyTwice { key: *key });
    }
    if begin.keys.is_empty() && !begin.phone && begin.escrow.is_none() && begin.program.is_none() {
        return Err(Implausible::NoPlace);
    }
    let Some(old) = &begin.replaces else { return Ok(()) };
    if begin.root || old.serial == begin.arn.to_string() {
        return Err(Implausible::Device { serial: old.serial.clone() });
    }
    check_old(old, begin.arn.account(), begin.started)?;
    match old.serial.parse::<aws::DeviceArn>() {
        Ok(arn) if arn.partition() != begin.arn.partition() => {
            Err(Implausible::Device { serial: old.serial.clone() })
        }
        _ => Ok(()),
    }
}

/// Asks a key for a credential. Fails where the key is here and wants a password that nobody gives: it is not as if it were
/// elsewhere.
pub(super) fn key_state(key: Serial, name: &str, context: &mut Context<'_>) -> Result<KeyState, Cause> {
    match credentials(key, context) {
        Err(
            locked @ (unlock::Error::NobodyToAsk { .. }
            | unlock::Error::Oath { cause: oath::Error::WrongPassword, .. }),
        ) => Err(Cause::Sink(locked.into())),
        Err(_) => Ok(KeyState::NotHere),
        Ok(credentials) if credentials.iter().any(|credential| credential.name.id() == name) => Ok(KeyState::Present),
        Ok(_) => Ok(KeyState::Absent),
    }
}

/// The keys that hold the credential.
pub(super) fn with_credential(found: &Unfinished) -> Vec<Serial> {
    found.keys.iter().filter(|(_, state)| *state == KeyState::Present).map(|(key, _)| *key).collect()
}

/// Whether a key holds the credential, or may.
pub(super) fn is_on_a_key(found: &Unfinished) -> bool {
    found.keys.iter().any(|(_, state)| *state != KeyState::Absent)
}

/// Why a run is neither finished nor undone whose device is enabled and may be another's.
pub(super) fn unproved(found: &Unfinished) -> RecoverRefusal {
    let away = found.keys.iter().filter(|(_, state)| *state == KeyState::NotHere).map(|(key, _)| *key);
    RecoverRefusal::unproved(&found.arn.to_string(), &found.user, away)
}

/// Takes the person's word for a device that no key here can prove.
pub(super) fn accept(found: &mut Unfinished, choice: Option<Choice>) {
    // Undoing would take away what is perhaps another's.
    if choice == Some(Choice::Undo) {
        return;
    }
    if found.device == DeviceState::Unproved && with_credential(found).is_empty() {
        found.device = DeviceState::Enabled;
    }
}

/// Whether a place that is no key holds the seed, or may.
pub(super) fn is_held_beside(found: &Unfinished) -> bool {
    found.phone
        || matches!(found.escrow, Some((_, FileState::Whole | FileState::Moved | FileState::Unreadable)))
        || matches!(found.command, Some((_, true)))
}

/// Whether no place that was asked for is known to lack the seed.
pub(super) fn is_whole(found: &Unfinished) -> bool {
    found.keys.iter().all(|(_, state)| *state == KeyState::Present)
        && matches!(found.escrow, None | Some((_, FileState::Whole)))
        && matches!(found.command, None | Some((_, true)))
}
