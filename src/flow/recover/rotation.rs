//! An interrupted rotation of a device. One that was cut short between adding the new device and removing the old one has
//! left two that work. It is completed or rolled back as told; what goes, goes only while the other is enabled.

use super::added::{self, AddedDevice, is_held_beside, is_on_a_key, is_whole, with_credential};
use super::enrollment::{finishing, in_use, outcome_of_undo};
use super::from_key::{enable_from_key, prove_enabled};
use super::options::{Course, Deed, Doing, Options};
use super::passes::{Kind, Observation, own_account, stopped, strike};
use super::removed::{acting, as_enabled, is_there, observe_old, old_gone, old_is_on_a_key, removal_stopped};
use super::{Outcome, RunState};
use crate::aws::Account;
use crate::flow::confirm::{is_not_listed, keep};
use crate::flow::context::Context;
use crate::flow::failure::{At, Cause, Failed, Implausible, RecoverRefusal, Residue, Stage};
use crate::flow::record::{OldCredential, Record, RemovedDevice};
use crate::flow::removal::{MustRemain, Removal, enable_again};
use crate::flow::retire::devices_of;
use crate::flow::run::Run;
use crate::journal::Writer;
use crate::person::{Choice, DeviceState, KeyState, OldDevice, Unfinished};
use crate::totp::unix;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rotation {
    pub(super) run: AddedDevice,
    pub(super) old: RemovedDevice,
}

/// What is seen of both devices.
#[derive(Clone)]
pub(super) struct Replacing {
    found: Unfinished,
    old: OldDevice,
}

impl From<Replacing> for RunState {
    fn from(seen: Replacing) -> Self {
        Self::Run(Unfinished { replaces: Some(seen.old), ..seen.found })
    }
}

impl Kind for Rotation {
    const COMMANDS: &[&str] = added::COMMANDS;
    type Observed = Replacing;
    type Caller<'a> = &'a Account;

    fn begun(first: &Record) -> Option<Result<Self, Implausible>> {
        match first {
            Record::Begin(begin) if !begin.root => {
                let old = begin.replaces.clone()?;
                Some(AddedDevice::begun(begin).map(|run| Self { run, old }))
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

    fn unknown(&self) -> Residue {
        self.run.unknown()
    }

    fn of(seen: &RunState) -> Option<Replacing> {
        match seen {
            RunState::Run(found) => found.replaces.clone().map(|old| Replacing { found: found.clone(), old }),
            _ => None,
        }
    }

    fn observe(&self, account: &Account, context: &mut Context<'_>) -> Result<Observation<Replacing>, Cause> {
        let found = self.run.observe(account, context)?;
        let run = (&*self.run.intents, self.run.deleted);
        let old = observe_old(&self.old, &found.user, run, account, context)?;
        Ok(Observation::from(Replacing { found, old }))
    }

    fn options(&self, Replacing { found, old }: &Replacing) -> Course {
        let (keys, on_a_key) = (with_credential(found), is_on_a_key(found));
        let is_new_there = !matches!(found.device, DeviceState::Missing | DeviceState::Foreign { .. });
        if !is_new_there && !on_a_key && old.device != DeviceState::Unassigned {
            return Course::Struck(Outcome::NothingLeft);
        }
        let enabled = found.device == DeviceState::Enabled;
        if enabled && !is_there(old) && !old_is_on_a_key(old) {
            return Course::Struck(Outcome::WasComplete { keys });
        }
        let unassigned = found.device == DeviceState::Unassigned;
        let may_finish = (enabled && (on_a_key || is_held_beside(found))) || (unassigned && !keys.is_empty());
        let recommended = match found.device {
            DeviceState::Uncertain => Choice::Leave,
            // Somebody may be signing in with what is on these keys.
            DeviceState::Foreign { .. } if on_a_key => Choice::Leave,
            DeviceState::Enabled if may_finish && !keys.is_empty() => Choice::Finish,
            DeviceState::Enabled => Choice::Leave,
            DeviceState::Unassigned if may_finish && is_whole(found) => Choice::Finish,
            _ => Choice::Undo,
        };
        let deeds: &[Deed] = match unassigned {
            true => &[Deed::EnableNew, Deed::RemoveOld],
            false if keys.is_empty() => &[Deed::RemoveOld],
            false => &[Deed::ProveNew, Deed::RemoveOld],
        };
        let finish = finishing(found, may_finish, deeds);
        Course::Open(Options { recommended, finish, undo: undoing(found, old, self.run.listed.is_none()) })
    }

    fn prove(&self, outcome: &Outcome, account: &Account, context: &mut Context<'_>) -> Result<(), Cause> {
        self.run.prove(outcome, account, context)
    }

    fn undecided(&self, _seen: &Replacing) -> Vec<Residue> {
        self.run.untouched()
    }

    fn carry_out(
        &self,
        doing: &Doing,
        seen: &Observation<Replacing>,
        log: Writer,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Failed> {
        let old = as_enabled(&self.old, self.run.again, &self.run.begin.user, account)
            .map_err(|cause| context.fail_leaving((Stage::Recover, cause), vec![self.unknown()]))?;
        let (run, found) = (self.run.resumed(log), &seen.observed.found);
        match doing {
            Doing::Finish(deeds) => complete(run, deeds, &old, found, account, context),
            Doing::Undo(deeds) => roll_back(run, deeds, &old, found, account, context),
        }
    }
}

/// The old one comes back first, where it has gone. `unsure`: only the codes of a key can show that the new one, where it is
/// enabled, is of the run's making.
fn undoing(found: &Unfinished, old: &OldDevice, unsure: bool) -> Result<Vec<Deed>, RecoverRefusal> {
    let mut deeds = if old.device == DeviceState::Unassigned { vec![Deed::EnableOld] } else { Vec::new() };
    match &found.device {
        // The run has nothing there any more.
        DeviceState::Foreign { .. } if !is_on_a_key(found) && !deeds.is_empty() => {}
        DeviceState::Foreign { user } => return Err(in_use(found, user)),
        DeviceState::Enabled if old.device == DeviceState::Missing => return Err(old_gone(&old.serial)),
        DeviceState::Enabled if unsure && !with_credential(found).is_empty() => {
            deeds.extend([Deed::ProveNew, Deed::RemoveNew]);
        }
        DeviceState::Enabled => deeds.push(Deed::RemoveNew),
        _ => deeds.extend([Deed::DeleteNew, Deed::RemoveCredentials]),
    }
    Ok(deeds)
}

/// Enables the new device where it is not, and removes the old one.
fn complete(
    mut run: Run,
    deeds: &[Deed],
    old: &RemovedDevice,
    found: &Unfinished,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Outcome, Failed> {
    let keys = with_credential(found);
    let new = found.arn.to_string();
    if deeds.contains(&Deed::EnableNew) {
        let session = acting(account, &found.user, None, context)
            .map_err(|cause| both_stay((Stage::Recover, cause), found, context))?;
        let account = session.as_ref().map_or(account, |(session, _)| session);
        if let Err(at) = enable_from_key(&mut run, &keys, account, context) {
            let not_listed = is_not_listed(&at.1);
            return Err(if not_listed { keep(run, at, Vec::new(), context) } else { both_stay(at, found, context) });
        }
    }
    // The user's own session is opened with a code of the new device: the proof that it works.
    let session = acting(account, &found.user, Some(&new), context)
        .map_err(|cause| both_stay((Stage::Proof, cause), found, context))?;
    let is_proved = session.as_ref().is_some_and(|(_, by)| *by == new);
    let account = session.as_ref().map_or(account, |(session, _)| session);
    let removal = Removal { user: &found.user, old, stays: MustRemain::This(new), run: run.writer.id().to_owned() };
    if deeds.contains(&Deed::ProveNew) {
        prove_enabled(&run.begin, &keys, is_proved, account, context)
            .map_err(|cause| both_stay((Stage::Proof, cause), found, context))?;
    }
    match removal.carry_out(Some(&mut run.writer), account, context) {
        Ok(()) => strike(run.writer, Outcome::Completed { keys }, context),
        Err(broken) => Err(removal_stopped(broken, context)),
    }
}

fn both_stay(at: At, found: &Unfinished, context: &Context<'_>) -> Failed {
    context.interrupt.clear();
    context.fail_leaving(at, vec![Residue::Untouched { arn: found.arn.clone() }])
}

/// Enables the old device again where it is not, and removes the new one.
fn roll_back(
    mut run: Run,
    deeds: &[Deed],
    old: &RemovedDevice,
    found: &Unfinished,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Outcome, Failed> {
    let untouched =
        |cause, context: &Context<'_>| stopped(cause, vec![Residue::Untouched { arn: found.arn.clone() }], context);
    let (keys, new) = (with_credential(found), found.arn.to_string());
    let by = deeds.contains(&Deed::ProveNew).then_some(&*new);
    // Deleting what is nobody's needs no session.
    let session = if deeds.iter().any(|deed| matches!(deed, Deed::EnableOld | Deed::RemoveNew)) {
        acting(account, &found.user, by, context).map_err(|cause| untouched(cause, context))?
    } else {
        None
    };
    let is_proved = session.as_ref().is_some_and(|(_, by)| *by == new);
    let account = session.as_ref().map_or(account, |(session, _)| session);
    if deeds.contains(&Deed::EnableOld) {
        enable_again(&found.user, old, Some(&mut run.writer), account, context)
            .map_err(|cause| untouched(cause, context))?;
    }
    if deeds.contains(&Deed::ProveNew) {
        prove_enabled(&run.begin, &keys, is_proved, account, context).map_err(|cause| untouched(cause, context))?;
    }
    if deeds.contains(&Deed::RemoveNew) {
        remove_new(run, old, found, account, context)
    } else if deeds.contains(&Deed::DeleteNew) {
        outcome_of_undo(run.undo(account, context), context)
    } else {
        rolled_back(run, context)
    }
}

/// The old device is enabled, and the new one is none of the run's: what is left is the escrow file.
fn rolled_back(run: Run, context: &mut Context<'_>) -> Result<Outcome, Failed> {
    match run.remove_escrow() {
        left if left.is_empty() => strike(run.writer, Outcome::Undone, context),
        left => outcome_of_undo(left, context),
    }
}

/// The new device goes while the old one is enabled.
fn remove_new(
    run: Run,
    old: &RemovedDevice,
    found: &Unfinished,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Outcome, Failed> {
    let stop = |cause, context: &Context<'_>| {
        context.fail_leaving((Stage::Recover, cause), vec![Residue::Untouched { arn: found.arn.clone() }])
    };
    let devices = devices_of(&found.user, account).map_err(|cause| stop(cause, context))?;
    let serial = found.arn.to_string();
    let enabled = devices.iter().find(|device| device.serial == serial).map_or(0, |device| unix(device.enabled));
    let credential = run.begin.credential.clone();
    let held = found.keys.iter().filter(|(_, state)| *state != KeyState::Absent);
    let held = held.map(|(key, _)| OldCredential { key: *key, credential: credential.clone() }).collect();
    let new = RemovedDevice { serial, enabled, held };
    let (stays, id) = (MustRemain::This(old.serial.clone()), run.writer.id().to_owned());
    let removal = Removal { user: &found.user, old: &new, stays, run: id };
    match removal.carry_out(None, account, context) {
        Ok(()) => rolled_back(run, context),
        Err(broken) => Err(removal_stopped(broken, context)),
    }
}
