//! An interrupted enrollment of an IAM user's device.

use super::added::{self, AddedDevice, accept, is_held_beside, is_on_a_key, is_whole, unproved, with_credential};
use super::from_key::enable_from_key;
use super::options::{Course, Doing, Options, offered};
use super::passes::{Kind, Observation, own_account, strike};
use super::{Outcome, RunState, named};
use crate::aws::{self, Account};
use crate::flow::confirm::is_not_listed;
use crate::flow::context::Context;
use crate::flow::failure::{At, Cause, Failed, Implausible, RecoverRefusal, Residue, Stage};
use crate::flow::record::Record;
use crate::flow::run::Run;
use crate::journal::Writer;
use crate::keys::Serial;
use crate::person::{Choice, Deed, DeviceState, FileState, Unfinished};
use crate::sink::EscrowState;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Enrollment {
    pub(super) run: AddedDevice,
}

impl From<Unfinished> for RunState {
    fn from(found: Unfinished) -> Self {
        Self::Run(found)
    }
}

impl Kind for Enrollment {
    const COMMANDS: &[&str] = added::COMMANDS;
    type Observed = Unfinished;
    type Caller<'a> = &'a Account;

    fn begun(first: &Record) -> Option<Result<Self, Implausible>> {
        match first {
            Record::Begin(begin) if !begin.root && begin.replaces.is_none() => {
                Some(AddedDevice::begun(begin).map(|run| Self { run }))
            }
            _ => None,
        }
    }

    fn step(&mut self, record: Record) -> Result<(), Implausible> {
        self.run.step(record)
    }

    fn caller<'a>(&self, account: Option<&'a Account>) -> Result<&'a Account, RecoverRefusal> {
        own_account(account, self.run.begin.arn.account(), Some(&self.run.begin.arn))
    }

    fn is_of_roster(&self) -> bool {
        self.run.begin.roster
    }

    fn unknown(&self) -> Residue {
        self.run.unknown()
    }

    fn of(seen: &RunState) -> Option<Unfinished> {
        match seen {
            RunState::Run(seen) => Some(seen.clone()),
            _ => None,
        }
    }

    fn observe(&self, account: &Account, context: &mut Context<'_>) -> Result<Observation<Unfinished>, Cause> {
        self.run.observe(account, context).map(Observation::from)
    }

    fn options(&self, found: &Unfinished) -> Course {
        let keys = with_credential(found);
        let on_a_key = is_on_a_key(found);
        let file = !matches!(found.escrow, None | Some((_, FileState::Absent)));
        let may_finish = !keys.is_empty() && found.device == DeviceState::Unassigned;
        match &found.device {
            DeviceState::Missing | DeviceState::Foreign { .. } if !on_a_key && !file => {
                return Course::Struck(Outcome::NothingLeft);
            }
            // Every place is proved before a device is enabled: the run was cut short after its work was done.
            DeviceState::Enabled if on_a_key || is_held_beside(found) => {
                return Course::Struck(Outcome::WasComplete { keys });
            }
            DeviceState::Unproved if !keys.is_empty() => return Course::Struck(Outcome::WasComplete { keys }),
            _ => {}
        }
        let recommended = match found.device {
            // Somebody may be signing in with it, perhaps with what is on these keys: only a person decides.
            DeviceState::Enabled | DeviceState::Unproved | DeviceState::Foreign { .. } => Choice::Leave,
            // Perhaps somebody is about to enable it.
            DeviceState::Uncertain => Choice::Leave,
            _ if may_finish && is_whole(found) => Choice::Finish,
            _ => Choice::Undo,
        };
        let undo = match &found.device {
            DeviceState::Foreign { user } => Err(in_use(found, user)),
            DeviceState::Unproved => Err(unproved(found)),
            // Of one that is enabled, and whose seed no place holds, nobody has any use, and it may stand in the user's way.
            DeviceState::Enabled => Ok(vec![Deed::DeactivateNew, Deed::DeleteNew, Deed::RemoveCredentials]),
            _ => Ok(vec![Deed::DeleteNew, Deed::RemoveCredentials]),
        };
        Course::Open(Options { recommended, finish: finishing(found, may_finish, &[Deed::EnableNew]), undo })
    }

    fn accept(&self, found: &mut Unfinished, choice: Option<Choice>) {
        accept(found, choice);
    }

    fn prove(
        &self,
        found: &Unfinished,
        outcome: &Outcome,
        log: &mut Writer,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<(), Cause> {
        self.run.prove(found, outcome, log, account, context)
    }

    fn undecided(&self, _found: &Unfinished) -> Vec<Residue> {
        self.run.untouched()
    }

    fn carry_out(
        &self,
        doing: &Doing,
        seen: &Observation<Unfinished>,
        log: Writer,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Failed> {
        let (run, found) = (self.run.resumed(log), &seen.observed);
        match doing {
            Doing::Finish(_) => finish(run, &with_credential(found), account, context),
            Doing::Undo(deeds) => {
                if deeds.contains(&Deed::DeactivateNew) {
                    deactivate(found, account, context).map_err(|(cause, left)| {
                        context.fail_leaving((Stage::Recover, Cause::Aws(cause)), vec![left])
                    })?;
                }
                outcome_of_undo(run.undo(account, context), context)
            }
        }
    }
}

/// The device of this name is enabled for somebody, not by this run: neither it nor a credential of its name is touched,
/// whatever was asked for, since that may be what they sign in with.
pub(super) fn in_use(found: &Unfinished, user: &str) -> RecoverRefusal {
    RecoverRefusal::InUse { serial: found.arn.to_string(), user: user.to_owned(), of: named(&found.user, found.root) }
}

/// What finishing does, unless somebody has the device, or it is not offered.
pub(super) fn finishing(found: &Unfinished, may_finish: bool, deeds: &[Deed]) -> Result<Vec<Deed>, RecoverRefusal> {
    match &found.device {
        DeviceState::Foreign { user } => Err(in_use(found, user)),
        DeviceState::Unproved if with_credential(found).is_empty() => Err(unproved(found)),
        _ => offered(may_finish, deeds),
    }
}

/// Enables the device with codes of the keys that hold its seed.
fn finish(mut run: Run, keys: &[Serial], account: &Account, context: &mut Context<'_>) -> Result<Outcome, Failed> {
    match enable_from_key(&mut run, keys, account, context) {
        Ok(first_code_from) => {
            // One that was cut short is of no use to anybody.
            let torn = run.escrow_files().filter(|file| file.read() == EscrowState::Torn);
            torn.for_each(|file| _ = file.remove());
            strike(run.writer, Outcome::Finished { keys: keys.to_vec(), first_code_from }, context)
        }
        Err(at) => Err(not_finished(&run, at, context)),
    }
}

/// Nothing is undone unasked.
fn not_finished(run: &Run, (stage, cause): At, context: &Context<'_>) -> Failed {
    context.interrupt.clear();
    let arn = run.begin.arn.clone();
    let left = match &cause {
        Cause::Aws(why @ (aws::Error::OutcomeUnknown { .. } | aws::Error::Interrupted)) => {
            Residue::Unknown { arn, why: why.clone(), asked: Some(Box::new(why.clone())) }
        }
        cause if is_not_listed(cause) => Residue::NotListed { arn },
        _ => Residue::Untouched { arn },
    };
    context.fail_leaving((stage, cause), vec![left])
}

/// "Not found" is success; after a lost reply IAM is asked.
fn deactivate(found: &Unfinished, account: &Account, context: &mut Context<'_>) -> Result<(), (aws::Error, Residue)> {
    let serial = found.arn.to_string();
    let cause = match account.deactivate(&found.user, &serial) {
        Ok(()) | Err(aws::Error::NotFound { .. }) => return Ok(()),
        Err(cause) => cause,
    };
    if !matches!(cause, aws::Error::OutcomeUnknown { .. }) {
        return Err((cause, Residue::Enabled { arn: found.arn.clone() }));
    }
    match context.settle(|| account.mfa_devices(&found.user)).0 {
        Ok(devices) if !devices.iter().any(|device| device.serial == serial) => Ok(()),
        Ok(_) => Err((cause, Residue::Enabled { arn: found.arn.clone() })),
        Err(why) => Err((cause, Residue::PerhapsEnabled { serial, why })),
    }
}

/// Where something is left that recovery could still undo, it is not undone.
pub(super) fn outcome_of_undo(left: Vec<Residue>, context: &Context<'_>) -> Result<Outcome, Failed> {
    if left.iter().any(Residue::is_for_recover) {
        return Err(context.fail_leaving((Stage::Recover, Cause::refused(RecoverRefusal::CannotUndo)), left));
    }
    Ok(Outcome::Undone)
}
