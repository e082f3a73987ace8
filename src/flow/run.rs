//! A run of a flow that changes something: what is written down before each effect, and how it is undone.

use super::acknowledged::is_seen;
use super::desk::Desk;
use super::failure::{At, Cause, CommonRefusal, Failed, Left};
use super::places::account_of;
use super::record::{Begin, Record, Undo};
use crate::aws::{self, Account, Assignment, Call, DeviceArn};
use crate::journal::{self, Writer};
use crate::keys::Serial;
use crate::oath::{self, Name};
use crate::person::Notice;
use crate::ring;
use crate::sink::EscrowFile;
use std::sync::atomic::{AtomicU32, Ordering};

/// One device's run, on disk.
pub(super) struct Run {
    pub(super) writer: Writer,
    pub(super) begin: Begin,
    pub(super) intents: Vec<Undo>,
    /// The reply to the creation was lost, and a device of this name may have been there before.
    pub(super) may_be_anothers: bool,
}

impl Run {
    pub(super) fn begin(begin: Begin, desk: &Desk<'_>) -> Result<Self, Cause> {
        let writer = begin_log(begin.started, &Record::Begin(begin.clone()), desk)?;
        Ok(Self { writer, begin, intents: Vec::new(), may_be_anothers: false })
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
            && let Some(device) = self.delete_device(account, desk)
        {
            let name = &self.begin.credential;
            let kept = |key: &Serial| Left::Credential { key: *key, name: name.clone(), why: None };
            let files = self.escrow_files().map(|file| Left::Escrow { path: file.path.clone(), why: None });
            return std::iter::once(device).chain(self.written_keys().map(kept)).chain(files).collect();
        }
        self.remove_credentials(desk)
    }

    fn delete_device(&self, account: &Account, desk: &mut Desk<'_>) -> Option<Left> {
        let arn = self.begin.arn.clone();
        if !self.may_be_anothers {
            return delete_device(account, &arn, desk);
        }
        match account.virtual_device(&arn) {
            Ok(None) => None,
            Ok(Some(_)) => Some(Left::PerhapsAnothers { arn }),
            Err(why) => Some(Left::Unknown { arn, why, asked: None }),
        }
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
        let cause = desk.interrupted_or(cause);
        if matches!(cause, Cause::Interrupted) && !self.intents.is_empty() {
            desk.tell(Notice::Undoing);
        }
        // Heard. What follows is the undoing, which a second Ctrl-C ends.
        desk.interrupt.clear();
        let left = self.undo(account, desk);
        desk.fail_leaving((stage, cause), left)
    }
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
                CommonRefusal::Unfinished { arn: begin.arn, user: begin.user }
            }
            Some(Record::Retire(begin)) if begin.account == account && begin.user == user => {
                CommonRefusal::UnfinishedRemoval { serial: begin.old.serial, user: begin.user }
            }
            Some(Record::Key(begin)) if begin.account == account && begin.user == user => {
                CommonRefusal::UnfinishedKey { user: begin.user }
            }
            _ => continue,
        };
        desk.journal.idle().map_err(Cause::Journal)?;
        return Err(Cause::refused(refusal));
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
            Err(Cause::refused(CommonRefusal::Unfinished { arn: begin.arn, user: begin.user }))
        }
    }
}

/// Deletes a device that is nobody's. "Not found" is success. Where deleting is refused or its reply is lost, asks
/// whether it is there at all.
pub(super) fn delete_device(account: &Account, arn: &DeviceArn, desk: &mut Desk<'_>) -> Option<Left> {
    let why = match account.delete_virtual_mfa(arn) {
        Ok(()) => {
            let serial = arn.to_string();
            let is_gone = || {
                let devices = account.virtual_devices(Assignment::Unassigned, |device| device.serial == serial)?;
                Ok(!devices.iter().any(|device| device.serial == serial))
            };
            let why = is_seen(Call::DeleteVirtualMfaDevice, desk, is_gone).err()?;
            return Some(Left::Device { arn: arn.clone(), why });
        }
        Err(aws::Error::NotFound { .. }) => return None,
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
