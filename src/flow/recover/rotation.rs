//! An interrupted rotation of a device. One that was cut short between adding the new device and removing the old one has
//! left two that work. It is completed or rolled back as told; what goes, goes only while the other is enabled.

use super::added::{self, AddedDevice, accept, is_held_beside, is_on_a_key, is_whole, unproved, with_credential};
use super::enrollment::{finishing, in_use, outcome_of_undo};
use super::from_key::{enable_from_key, prove_again, prove_enabled};
use super::options::{Course, Doing, Options};
use super::passes::{Kind, Observation, own_account, stopped, strike};
use super::removed::{
    acting, as_seen, is_on_no_key, is_there, observe_old, old_gone, old_is_on_a_key, proof_of_old, removal_stopped,
};
use super::{Outcome, RunState};
use crate::aws::Account;
use crate::flow::confirm::{is_not_listed, keep};
use crate::flow::context::Context;
use crate::flow::failure::{At, Cause, Failed, Implausible, RecoverRefusal, Refusal, Residue, Stage};
use crate::flow::record::{OldCredential, Record, RemovedDevice};
use crate::flow::removal::{MustRemain, Removal, enable_again};
use crate::flow::run::Run;
use crate::journal::Writer;
use crate::person::{Choice, Deed, DeviceState, KeyState, OldDevice, Unfinished};
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
    /// The person says that the device which stays works.
    stays_works: bool,
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

    fn is_of_roster(&self) -> bool {
        self.run.begin.roster
    }

    fn unknown(&self) -> Residue {
        self.run.unknown()
    }

    fn of(seen: &RunState) -> Option<Replacing> {
        match seen {
            RunState::Run(found) => {
                found.replaces.clone().map(|old| Replacing { found: found.clone(), old, stays_works: false })
            }
            _ => None,
        }
    }

    fn observe(&self, account: &Account, context: &mut Context<'_>) -> Result<Observation<Replacing>, Cause> {
        let found = self.run.observe(account, context)?;
        let run = (&*self.run.intents, self.run.deleted);
        let old = observe_old(&self.old, &found.user, run, account, context)?;
        Ok(Observation::from(Replacing { found, old, stays_works: false }))
    }

    fn options(&self, Replacing { found, old, stays_works }: &Replacing) -> Course {
        let (keys, on_a_key) = (with_credential(found), is_on_a_key(found));
        let is_new_there = !matches!(found.device, DeviceState::Missing | DeviceState::Foreign { .. });
        if !is_new_there && !on_a_key && old.device != DeviceState::Unassigned {
            return Course::Struck(Outcome::NothingLeft);
        }
        let unproved = found.device == DeviceState::Unproved;
        let enabled = (unproved && !keys.is_empty()) || found.device == DeviceState::Enabled;
        if enabled && !is_there(old) && !old_is_on_a_key(old) {
            return Course::Struck(Outcome::WasComplete { keys });
        }
        let unassigned = found.device == DeviceState::Unassigned;
        let may_finish = (enabled && (on_a_key || is_held_beside(found))) || (unassigned && !keys.is_empty());
        let may_enable_old = old.device == DeviceState::Unassigned && old_is_on_a_key(old);
        let prove_old = proof_of_old(old, &found.user);
        let finish = new_works(found, *stays_works).and(prove_old.clone()).and_then(|prove_old| {
            let first = if unassigned { Some(Deed::EnableNew) } else { (!keys.is_empty()).then_some(Deed::ProveNew) };
            let deeds: Vec<Deed> = first.into_iter().chain(prove_old).chain([Deed::RemoveOld]).collect();
            finishing(found, may_finish, &deeds)
        });
        let undo = undoing(found, old, || prove_before_loss(old, &found.user, *stays_works));
        let recommended = match found.device {
            DeviceState::Uncertain => Choice::Leave,
            DeviceState::Unproved if !enabled && may_enable_old => Choice::Undo,
            // Somebody may be signing in with what is on these keys, which enabling the old one does not touch.
            DeviceState::Foreign { .. } if on_a_key && !may_enable_old => Choice::Leave,
            DeviceState::Enabled | DeviceState::Unproved if finish.is_ok() && !keys.is_empty() => Choice::Finish,
            DeviceState::Enabled | DeviceState::Unproved => Choice::Leave,
            DeviceState::Unassigned if finish.is_ok() && is_whole(found) => Choice::Finish,
            _ if undo.is_err() => Choice::Leave,
            _ => Choice::Undo,
        };
        Course::Open(Options { recommended, finish, undo })
    }

    fn accept(&self, seen: &mut Replacing, choice: Option<Choice>) {
        seen.stays_works = true;
        accept(&mut seen.found, choice);
    }

    fn prove(
        &self,
        seen: &Replacing,
        outcome: &Outcome,
        log: &mut Writer,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<(), Cause> {
        self.run.prove(&seen.found, outcome, log, account, context)
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
        let old = as_seen(&self.old, &seen.observed.old);
        let (run, found) = (self.run.resumed(log), &seen.observed.found);
        match doing {
            Doing::Finish(deeds) => complete(run, deeds, &old, found, account, context)
                .map_err(|failed| with_the_way_back(failed, &seen.observed.old, &found.user)),
            Doing::Undo(deeds) => roll_back(run, deeds, &old, found, account, context),
        }
    }
}

/// What shows that the old device works, before the new one's seed is taken away. Whoever took its key in hand meanwhile may
/// have replaced its credential, and a key that is not here may be lost.
fn prove_before_loss(old: &OldDevice, user: &str, stays_works: bool) -> Result<Option<Deed>, RecoverRefusal> {
    match proof_of_old(old, user)? {
        Some(proof) => Ok(Some(proof)),
        None if old.device != DeviceState::Enabled => Ok(None),
        None if old_is_on_a_key(old) => Ok(Some(Deed::ProveOld)),
        None if stays_works => Ok(None),
        None => {
            let away = old.keys.iter().filter(|(_, _, state)| *state == KeyState::NotHere).map(|(key, ..)| *key);
            let (serial, user) = (old.serial.clone(), user.to_owned());
            Err(RecoverRefusal::OldNotShownToWork { serial, user, away: away.collect() })
        }
    }
}

/// Whether the new device is shown to work, before the old one is taken away: a key here holds it, or the person says so.
fn new_works(found: &Unfinished, stays_works: bool) -> Result<(), RecoverRefusal> {
    if found.device != DeviceState::Enabled || stays_works || !with_credential(found).is_empty() {
        return Ok(());
    }
    let away = found.keys.iter().filter(|(_, state)| *state == KeyState::NotHere).map(|(key, _)| *key);
    let (serial, user) = (found.arn.to_string(), found.user.clone());
    Err(RecoverRefusal::NewNotShownToWork { serial, user, away: away.collect() })
}

/// The old one comes back first, where it has gone; and where the new one goes, the old one is proved to work.
fn undoing(
    found: &Unfinished,
    old: &OldDevice,
    prove_old: impl FnOnce() -> Result<Option<Deed>, RecoverRefusal>,
) -> Result<Vec<Deed>, RecoverRefusal> {
    let mut deeds = if old.device == DeviceState::Unassigned { vec![Deed::EnableOld] } else { Vec::new() };
    match &found.device {
        // The run has nothing there any more, or nobody can say what.
        DeviceState::Foreign { .. } if !deeds.is_empty() => {}
        DeviceState::Foreign { user } => return Err(in_use(found, user)),
        DeviceState::Unproved if with_credential(found).is_empty() => {
            return if deeds.is_empty() { Err(unproved(found)) } else { Ok(deeds) };
        }
        DeviceState::Enabled | DeviceState::Unproved if old.device == DeviceState::Missing => {
            return Err(old_gone(&old.serial, &found.user));
        }
        DeviceState::Enabled | DeviceState::Unproved if is_on_no_key(old) => {
            let (serial, user) = (old.serial.clone(), found.user.clone());
            return Err(RecoverRefusal::OldKeyEmpty { serial, user });
        }
        DeviceState::Enabled => deeds.extend(prove_old()?.into_iter().chain([Deed::RemoveNew])),
        DeviceState::Unproved => deeds.extend(prove_old()?.into_iter().chain([Deed::ProveNew, Deed::RemoveNew])),
        // The old one's key does not hold it any more, so the seed on the new one's may be all that the user gets.
        DeviceState::Unassigned if is_there(old) && is_on_no_key(old) && is_on_a_key(found) => {
            let (serial, user) = (old.serial.clone(), found.user.clone());
            return Err(RecoverRefusal::OldKeyEmpty { serial, user });
        }
        // The seed on the key may be all that the user has.
        DeviceState::Unassigned if !is_there(old) && is_on_a_key(found) => {
            return Err(old_gone(&old.serial, &found.user));
        }
        DeviceState::Unassigned if is_on_a_key(found) => {
            deeds.extend(prove_old()?.into_iter().chain([Deed::DeleteNew, Deed::RemoveCredentials]));
        }
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
    let session = acting(account, &found.user, Some(opened_by(found, &old.serial, &new)), context)
        .map_err(|cause| both_stay((Stage::Proof, cause), found, context))?;
    let (account, by) = session.as_ref().map_or((account, None), |(session, by)| (session, Some(by)));
    let enabled = run.listed.or(found.enabled.map(unix));
    let stays = MustRemain::This { serial: new, enabled };
    let removal = Removal { user: &found.user, old, stays, run: run.writer.id().to_owned() };
    if deeds.contains(&Deed::ProveNew) {
        prove_enabled(&run.begin, &keys, by, account, context)
            .map_err(|cause| both_stay((Stage::Proof, cause), found, context))?;
    }
    if deeds.contains(&Deed::ProveOld) {
        prove_again(old, &found.user, account, context)
            .map_err(|cause| both_stay((Stage::Proof, cause), found, context))?;
    }
    match removal.carry_out(Some(&mut run.writer), account, context) {
        Ok(()) => strike(run.writer, Outcome::Completed { keys }, context),
        Err(broken) => Err(removal_stopped(broken, &found.user, context)),
    }
}

/// With what a session is opened: the new device, whose code is the proof that it works; where it may be another's, the old
/// one if that is there.
fn opened_by<'s>(found: &Unfinished, old: &'s str, new: &'s str) -> &'s str {
    if found.device == DeviceState::Unproved { old } else { new }
}

/// Where the old one is deactivated, only undoing gives the user a device back.
fn with_the_way_back(mut failed: Failed, old: &OldDevice, user: &str) -> Failed {
    // What became of it once its turn had come has been said.
    let its_turn = matches!(failed.stage, Stage::Deactivate | Stage::Delete | Stage::Credentials);
    if old.device != DeviceState::Unassigned || its_turn {
        return failed;
    }
    if let Cause::Refused(Refusal::Recover(RecoverRefusal::AnotherSeed { comes_back, .. })) = &mut failed.cause {
        *comes_back = Some(old.serial.clone());
    }
    let is_said = |left: &Residue| matches!(left, Residue::Deactivated { serial } if *serial == old.serial);
    failed.left.retain(|left| !is_said(left));
    let serial = old.serial.clone();
    failed.left.push(match is_on_no_key(old) {
        true => Residue::Deactivated { serial },
        false => Residue::MayComeBack { serial, user: user.to_owned() },
    });
    failed
}

fn both_stay(at: At, found: &Unfinished, context: &Context<'_>) -> Failed {
    context.interrupt.clear();
    context.fail_leaving(at, vec![Residue::Untouched { arn: found.arn.clone() }])
}

/// Enables the old device again where it is not, and removes the new one.
fn roll_back(
    run: Run,
    deeds: &[Deed],
    old: &RemovedDevice,
    found: &Unfinished,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Outcome, Failed> {
    let untouched =
        |cause, context: &Context<'_>| stopped(cause, vec![Residue::Untouched { arn: found.arn.clone() }], context);
    let (keys, new) = (with_credential(found), found.arn.to_string());
    let by = deeds.contains(&Deed::ProveNew).then(|| opened_by(found, &old.serial, &new));
    // Deleting what is nobody's needs no session.
    let needed = |deed: &Deed| matches!(deed, Deed::EnableOld | Deed::ProveOld | Deed::RemoveNew);
    let session = if deeds.iter().any(needed) {
        acting(account, &found.user, by, context).map_err(|cause| untouched(cause, context))?
    } else {
        None
    };
    let (account, by) = session.as_ref().map_or((account, None), |(session, by)| (session, Some(by)));
    if deeds.contains(&Deed::EnableOld) {
        enable_again(&found.user, old, account, context).map_err(|cause| untouched(cause, context))?;
    }
    if deeds.contains(&Deed::ProveOld) {
        prove_what_stays(old, &found.user, account, context).map_err(|cause| untouched(cause, context))?;
    }
    if deeds.contains(&Deed::ProveNew) {
        prove_enabled(&run.begin, &keys, by, account, context).map_err(|cause| untouched(cause, context))?;
    }
    if deeds.contains(&Deed::RemoveNew) {
        // Since when the old one is enabled is as it was seen, unless it has just been enabled again.
        let old_since = (!deeds.contains(&Deed::EnableOld)).then_some(old.enabled);
        remove_new(run, (old, old_since), found, account, context)
    } else if deeds.contains(&Deed::DeleteNew) {
        outcome_of_undo(run.undo(account, context), context)
    } else if found.device == DeviceState::Unproved {
        // The old one works again. The new one waits for a key that shows whose it is.
        Ok(Outcome::Left)
    } else {
        rolled_back(run, context)
    }
}

/// Where the key of the old device has another seed, the new one stays.
fn prove_what_stays(
    old: &RemovedDevice,
    user: &str,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<(), Cause> {
    prove_again(old, user, account, context).map_err(|cause| match cause {
        Cause::Refused(Refusal::Recover(RecoverRefusal::AnotherSeed { .. })) => {
            Cause::refused(RecoverRefusal::OldKeyEmpty { serial: old.serial.clone(), user: user.to_owned() })
        }
        cause => cause,
    })
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
    (old, old_since): (&RemovedDevice, Option<u64>),
    found: &Unfinished,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Outcome, Failed> {
    let serial = found.arn.to_string();
    let enabled = found.enabled.map_or(0, unix);
    let credential = run.begin.credential.clone();
    let held = found.keys.iter().filter(|(_, state)| *state != KeyState::Absent);
    let held = held.map(|(key, _)| OldCredential { key: *key, credential: credential.clone() }).collect();
    let new = RemovedDevice { serial, enabled, held };
    let stays = MustRemain::This { serial: old.serial.clone(), enabled: old_since };
    let removal = Removal { user: &found.user, old: &new, stays, run: run.writer.id().to_owned() };
    match removal.carry_out(None, account, context) {
        Ok(()) => rolled_back(run, context),
        Err(broken) => Err(removal_stopped(broken, &found.user, context)),
    }
}
