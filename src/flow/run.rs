//! A run of a flow that changes something: what is written down before each effect, and how it is undone.

use super::acknowledged::is_seen;
use super::context::Context;
use super::failure::{At, Cause, CommonRefusal, Failed, Residue};
use super::record::{Begin, Record, Start, Undo};
use super::seed_sinks::account_of;
use crate::aws::{self, Account, Assignment, Call, DeviceArn};
use crate::journal::{self, Writer};
use crate::keys::Serial;
use crate::oath::{self, Name};
use crate::person::Notice;
use crate::sink::EscrowFile;
use crate::unlock;
use std::sync::atomic::{AtomicU32, Ordering};

/// One device's run, on disk.
pub(super) struct Run {
    pub(super) writer: Writer,
    pub(super) begin: Begin,
    pub(super) intents: Vec<Undo>,
    /// The reply to the creation was lost, and a device of this name may have been there before; or the device that IAM
    /// lists is not proved to be the run's.
    pub(super) may_be_anothers: bool,
    /// The reply to enabling was lost, and no key holds the seed: that IAM lists the device is all that is known.
    pub(super) is_unproved: bool,
    /// Since when IAM lists the device, in seconds since the Unix epoch, once it does.
    pub(super) listed: Option<u64>,
}

impl Run {
    pub(super) fn begin(begin: Begin, context: &Context<'_>) -> Result<Self, Cause> {
        let mut writer = begin_log(begin.started, &Record::Begin(begin.clone()), context)?;
        if begin.roster {
            writer.keep_complete();
        }
        Ok(Self { writer, begin, intents: Vec::new(), may_be_anothers: false, is_unproved: false, listed: None })
    }

    /// Writes down how the next effect is undone, before it happens.
    pub(super) fn intend(&mut self, undo: Undo) -> Result<(), Cause> {
        self.writer.append(&Record::Intend(undo.clone()))?;
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

    /// As [`Run::finish`], of one that did what it was to do.
    pub(super) fn complete(self) -> Result<(), journal::Error> {
        self.writer.complete()
    }

    /// Undoes what was intended and says what could not be. The device goes first: as long as it exists, the
    /// credential on the key is the only thing that can still finish it.
    pub(super) fn undo(self, account: &Account, context: &mut Context<'_>) -> Vec<Residue> {
        if self.intents.contains(&Undo::DeleteDevice)
            && let Err(device) = self.delete_device(account, context)
        {
            let name = &self.begin.credential;
            let kept = |key: &Serial| Residue::Credential { key: *key, name: name.clone(), why: None };
            let files = self.escrow_files().map(|file| Residue::Escrow { path: file.path.clone(), why: None });
            return std::iter::once(device).chain(self.written_keys().map(kept)).chain(files).collect();
        }
        self.remove_credentials(context)
    }

    fn delete_device(&self, account: &Account, context: &mut Context<'_>) -> Result<Gone, Residue> {
        let arn = self.begin.arn.clone();
        if !self.may_be_anothers {
            return delete_device(account, &arn, context);
        }
        match account.virtual_device(&arn) {
            Ok(None) => Ok(Gone::Already),
            Ok(Some(_)) => Err(Residue::PerhapsAnothers { arn }),
            Err(why) => Err(Residue::Unknown { arn, why, asked: None }),
        }
    }

    /// Removes the credentials and the escrow file, and ends the run when nothing is left for recovery.
    pub(super) fn remove_credentials(self, context: &mut Context<'_>) -> Vec<Residue> {
        let remove = |key: &Serial| remove_credential(*key, &self.begin.credential, context).err();
        let mut left: Vec<Residue> = self.written_keys().filter_map(remove).collect();
        left.extend(self.remove_escrow());
        let account = || account_of(&self.begin.arn);
        left.extend(self.intents.iter().filter_map(|intent| match intent {
            Undo::RemoveFromPhone => Some(Residue::OnPhone { account: account() }),
            Undo::TakeBack { program } => Some(Residue::AtCommand { program: program.clone(), account: account() }),
            _ => None,
        }));
        if !left.iter().any(Residue::is_for_recover)
            && let Err(cause) = self.finish()
        {
            left.push(Residue::Journal { cause });
        }
        left
    }

    /// Removes the escrow file, and says what could not be.
    pub(super) fn remove_escrow(&self) -> Vec<Residue> {
        let failed = |file: &EscrowFile| {
            let why = file.remove().err()?.to_string();
            Some(Residue::Escrow { path: file.path.clone(), why: Some(why) })
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
    pub(super) fn give_up(self, (stage, cause): At, account: &Account, context: &mut Context<'_>) -> Failed {
        let cause = context.interrupted_or(cause);
        if matches!(cause, Cause::Interrupted) && !self.intents.is_empty() {
            context.tell(Notice::Undoing { earlier: false });
        }
        // Heard. What follows is the undoing, which a second Ctrl-C ends.
        context.interrupt.clear();
        let left = self.undo(account, context);
        context.fail_leaving((stage, cause), left)
    }
}

/// Begins a run's file. Its name sorts by age; the process id and a count keep the runs of one second apart.
pub(super) fn begin_log(started: u64, first: &Record, context: &Context<'_>) -> Result<Writer, Cause> {
    static NTH: AtomicU32 = AtomicU32::new(0);
    let nth = NTH.fetch_add(1, Ordering::Relaxed);
    let name = format!("{started:012}-{}-{nth:06}", std::process::id());
    context.journal.begin(&name, first).map_err(Cause::Journal)
}

/// An earlier run that is of this must end first.
pub(super) fn nothing_unfinished(context: &Context<'_>, is_of: impl Fn(&Start<'_>) -> bool) -> Result<(), Cause> {
    for run in context.journal.unfinished::<Record>()? {
        let first = run.entries.into_iter().next().filter(|first| first.start().is_some_and(|start| is_of(&start)));
        let refusal = match first {
            Some(Record::Begin(begin)) => CommonRefusal::Unfinished { arn: begin.arn, user: begin.user },
            Some(Record::Retire(begin)) => {
                CommonRefusal::UnfinishedRemoval { serial: begin.old.serial, user: begin.user }
            }
            Some(Record::Key(begin)) => CommonRefusal::UnfinishedKey { user: begin.user },
            _ => continue,
        };
        context.journal.idle()?;
        return Err(Cause::refused(refusal));
    }
    Ok(())
}

/// As [`nothing_unfinished`], of this user.
pub(super) fn nothing_unfinished_for(account: &str, user: &str, context: &Context<'_>) -> Result<(), Cause> {
    nothing_unfinished(context, |run| run.account == account && run.user == Some(user))
}

/// What was to be taken away is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    Now,
    /// It was not there before, or the reply was lost and nobody can say.
    Already,
}

/// Deletes a device that is nobody's. "Not found" is success. Where deleting is refused or its reply is lost, asks
/// whether it is there at all.
pub(super) fn delete_device(account: &Account, arn: &DeviceArn, context: &mut Context<'_>) -> Result<Gone, Residue> {
    let why = match account.delete_virtual_mfa(arn) {
        Ok(()) => return seen_gone(account, arn, context),
        Err(aws::Error::NotFound { .. }) => return Ok(Gone::Already),
        Err(aws::Error::DeleteConflict { .. }) => return Err(Residue::Enabled { arn: arn.clone() }),
        Err(why) => why,
    };
    match account.virtual_device(arn) {
        Ok(None) => Ok(Gone::Already),
        Ok(Some(device)) if device.user.is_some() => Err(Residue::Enabled { arn: arn.clone() }),
        Ok(Some(_)) if matches!(why, aws::Error::OutcomeUnknown { .. }) => match account.delete_virtual_mfa(arn) {
            Ok(()) => seen_gone(account, arn, context),
            Err(aws::Error::NotFound { .. }) => Ok(Gone::Already),
            Err(why) => Err(Residue::Device { arn: arn.clone(), why }),
        },
        Ok(Some(_)) => Err(Residue::Device { arn: arn.clone(), why }),
        Err(asked) => Err(Residue::Unknown { arn: arn.clone(), why, asked: Some(Box::new(asked)) }),
    }
}

/// AWS has acknowledged the deletion: IAM is to show it.
fn seen_gone(account: &Account, arn: &DeviceArn, context: &mut Context<'_>) -> Result<Gone, Residue> {
    let serial = arn.to_string();
    let is_gone = || {
        let devices = account.virtual_devices(Assignment::Unassigned, |device| device.serial == serial)?;
        Ok(!devices.iter().any(|device| device.serial == serial))
    };
    let seen = is_seen(Call::DeleteVirtualMfaDevice, context, is_gone);
    seen.map(|()| Gone::Now).map_err(|why| Residue::Device { arn: arn.clone(), why })
}

/// Removes a credential. "Not found" is success.
pub(super) fn remove_credential(key: Serial, name: &str, context: &mut Context<'_>) -> Result<Gone, Residue> {
    let removed = context.keys.session(key, context.person).and_then(|mut session| {
        let oath = |cause| unlock::Error::Oath { key, cause };
        let name = Name::from_id(name).map_err(oath)?;
        match session.delete(&name) {
            Ok(()) => Ok(Gone::Now),
            Err(oath::Error::NotFound(_)) => Ok(Gone::Already),
            Err(cause) => Err(oath(cause)),
        }
    });
    removed.map_err(|why| Residue::Credential { key, name: name.to_owned(), why: Some(why) })
}
