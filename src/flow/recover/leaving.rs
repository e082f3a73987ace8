//! Recovering what takes a device away: rotations and retirements.
//!
//! A rotation that was cut short between adding the new device and removing the old one has left two that work. It is
//! completed or rolled back as told; what goes, goes only while the other is enabled.

use super::{
    RecoverRequest, close, decide, finish_from_key, held_beside, in_use, is_whole, key_state, moment,
    outcome_of_undo, with_credential,
};
use crate::aws::{self, Account, DeviceArn};
use crate::flow::confirm::{is_not_listed, keep};
use crate::flow::desk::Desk;
use crate::flow::failure::{Cause, Failed, Left, Stage};
use crate::flow::record::{Old, OldCredential, Retiring, Undo};
use crate::flow::recover::Outcome;
use crate::flow::removal::{Broken, Removal, Stays, enable_again};
use crate::flow::retire::devices_of;
use crate::flow::run::Run;
use crate::flow::self_management::{factor_needed, open_session};
use crate::person::{Choice, DeviceState, KeyState, Leaving, Unfinished, UnfinishedRetirement};
use crate::totp::unix;

/// A retirement as the journal has it.
pub(super) struct Retirement {
    pub(super) id: String,
    pub(super) begin: Retiring,
    pub(super) intents: Vec<Undo>,
    pub(super) deleted: bool,
    /// It was about to be enabled again.
    pub(super) again: bool,
}

/// The device that was to go, as it is enabled now, where an undoing that was cut short may have enabled it `again`.
pub(super) fn as_enabled(old: &Old, again: bool, user: &str, account: &Account) -> Result<Old, Cause> {
    let devices = if again { devices_of(user, account)? } else { Vec::new() };
    let enabled = devices.iter().find(|device| device.serial == old.serial).map(|device| unix(device.enabled));
    Ok(Old { enabled: enabled.unwrap_or(old.enabled), ..old.clone() })
}

/// Asks IAM for the device that was to go, and its keys for its credential.
pub(super) fn look(
    old: &Old,
    user: &str,
    intents: &[Undo],
    deleted: bool,
    account: &Account,
    desk: &mut Desk<'_>,
) -> Result<Leaving, aws::Error> {
    let listed = match account.mfa_devices(user) {
        Err(aws::Error::NotFound { .. }) => Vec::new(),
        listed => listed?,
    };
    let own = || DeviceState::Foreign { user: user.to_owned() };
    let device = match listed.iter().find(|device| device.serial == old.serial) {
        Some(_) if deleted => own(),
        Some(device) if old.is(device) || intents.contains(&Undo::EnableAgain) => DeviceState::Enabled,
        Some(_) => own(),
        None => match old.serial.parse::<DeviceArn>().ok().map(|arn| account.virtual_device(&arn)).transpose()? {
            None | Some(None) => DeviceState::Missing,
            Some(Some(aws::VirtualDevice { user: Some(user), .. })) => DeviceState::Foreign { user },
            // Made anew since, under the same name; or the run never came to deactivating it.
            Some(Some(_)) if deleted || !intents.contains(&Undo::EnableAgain) => DeviceState::Uncertain,
            Some(Some(_)) => DeviceState::Unassigned,
        },
    };
    // What belongs to a device of somebody else's making is not looked at.
    let ours = !matches!(device, DeviceState::Foreign { .. } | DeviceState::Uncertain);
    let mut state =
        |held: &OldCredential| (held.key, held.credential.clone(), key_state(held.key, &held.credential, desk));
    let keys = if ours { old.held.iter().map(&mut state).collect() } else { Vec::new() };
    Ok(Leaving { serial: old.serial.clone(), device, keys })
}

fn on_a_key(leaving: &Leaving) -> bool {
    leaving.keys.iter().any(|(_, _, state)| *state == KeyState::Present)
}

/// Decides, with the person where there is a choice, and carries it out.
pub(super) fn settle_rotation(
    request: RecoverRequest,
    run: Run,
    old: &Old,
    found: &Unfinished,
    account: &Account,
    desk: &mut Desk<'_>,
) -> Result<Outcome, Failed> {
    let Some(leaving) = &found.replaces else { return Ok(Outcome::Left) };
    let keys = with_credential(found);
    let anywhere = found.keys.iter().any(|(_, state)| *state != KeyState::Absent);
    let (new_there, old_there) = (
        !matches!(found.device, DeviceState::Missing | DeviceState::Foreign { .. }),
        matches!(leaving.device, DeviceState::Enabled | DeviceState::Unassigned),
    );
    if !new_there && !anywhere && leaving.device != DeviceState::Unassigned {
        return close(run, Outcome::NothingLeft, desk);
    }
    if found.device == DeviceState::Enabled && !old_there && !on_a_key(leaving) {
        return close(run, Outcome::WasComplete { keys }, desk);
    }
    let enabled = found.device == DeviceState::Enabled;
    let may_finish = (enabled && (anywhere || held_beside(found)))
        || (found.device == DeviceState::Unassigned && !keys.is_empty());
    let recommended = match found.device {
        DeviceState::Uncertain => Choice::Leave,
        // Somebody may be signing in with what is on these keys.
        DeviceState::Foreign { .. } if anywhere => Choice::Leave,
        DeviceState::Enabled if may_finish && !keys.is_empty() => Choice::Finish,
        DeviceState::Enabled => Choice::Leave,
        DeviceState::Unassigned if may_finish && is_whole(found) => Choice::Finish,
        _ => Choice::Undo,
    };
    let untouched = |cause, desk: &Desk<'_>| {
        desk.fail_leaving((Stage::Recover, cause), vec![Left::Untouched { arn: found.arn.clone() }])
    };
    match decide(request, may_finish, recommended, desk).map_err(|cause| untouched(cause, desk))? {
        Choice::Leave => Ok(Outcome::Left),
        Choice::Forget => close(run, Outcome::Forgotten, desk),
        Choice::Finish => complete(run, old, found, account, desk),
        Choice::Undo => roll_back(run, old, found, leaving, account, desk),
    }
}

/// Enables the new device where it is not, and removes the old one.
fn complete(
    mut run: Run,
    old: &Old,
    found: &Unfinished,
    account: &Account,
    desk: &mut Desk<'_>,
) -> Result<Outcome, Failed> {
    let keys = with_credential(found);
    let new = found.arn.to_string();
    let both = || vec![Left::Untouched { arn: found.arn.clone() }];
    let stopped = |at, desk: &mut Desk<'_>| {
        desk.interrupt.clear();
        desk.fail_leaving(at, both())
    };
    if found.device == DeviceState::Unassigned {
        let session =
            acting(account, &found.user, None, desk).map_err(|cause| stopped((Stage::Recover, cause), desk))?;
        if let Err(at) = finish_from_key(&mut run, &keys, session.as_ref().unwrap_or(account), desk) {
            return Err(if is_not_listed(&at.1) { keep(run, at, Vec::new(), desk) } else { stopped(at, desk) });
        }
    }
    // The user's own session is opened with a code of the new device: the proof that it works.
    let session =
        acting(account, &found.user, Some(&new), desk).map_err(|cause| stopped((Stage::Proof, cause), desk))?;
    let removal = Removal { user: &found.user, old, stays: Stays::This(new), run: run.writer.id().to_owned() };
    let account = session.as_ref().unwrap_or(account);
    match removal.carry_out(Some(&mut run.writer), account, desk) {
        Ok(()) => close(run, Outcome::Completed { keys }, desk),
        Err(broken) => Err(stopped_at(broken, desk)),
    }
}

/// Enables the old device again where it is not, and removes the new one.
fn roll_back(
    mut run: Run,
    old: &Old,
    found: &Unfinished,
    leaving: &Leaving,
    account: &Account,
    desk: &mut Desk<'_>,
) -> Result<Outcome, Failed> {
    let untouched = |cause, desk: &mut Desk<'_>| {
        desk.interrupt.clear();
        desk.fail_leaving((Stage::Recover, cause), vec![Left::Untouched { arn: found.arn.clone() }])
    };
    if let DeviceState::Foreign { user } = &found.device {
        return Err(in_use(&found.arn, user, desk));
    }
    // Deleting what is nobody's needs no session.
    let session = if found.device == DeviceState::Enabled || leaving.device == DeviceState::Unassigned {
        acting(account, &found.user, None, desk).map_err(|cause| untouched(cause, desk))?
    } else {
        None
    };
    let account = session.as_ref().unwrap_or(account);
    if leaving.device == DeviceState::Unassigned {
        enable_again(&found.user, old, Some(&mut run.writer), account, desk)
            .map_err(|cause| untouched(cause, desk))?;
    }
    match found.device {
        DeviceState::Enabled => remove_new(run, old, found, account, desk),
        _ => outcome_of_undo(run.undo(account, desk), desk),
    }
}

/// The new device goes while the old one is enabled.
fn remove_new(
    run: Run,
    old: &Old,
    found: &Unfinished,
    account: &Account,
    desk: &mut Desk<'_>,
) -> Result<Outcome, Failed> {
    let stop = |cause, desk: &Desk<'_>| {
        desk.fail_leaving((Stage::Recover, cause), vec![Left::Untouched { arn: found.arn.clone() }])
    };
    let devices = devices_of(&found.user, account).map_err(|cause| stop(cause, desk))?;
    let serial = found.arn.to_string();
    let enabled = devices.iter().find(|device| device.serial == serial).map_or(0, |device| unix(device.enabled));
    let credential = run.begin.credential.clone();
    let held = found.keys.iter().filter(|(_, state)| *state != KeyState::Absent);
    let held = held.map(|(key, _)| OldCredential { key: *key, credential: credential.clone() }).collect();
    let new = Old { serial, enabled, held };
    let (stays, id) = (Stays::This(old.serial.clone()), run.writer.id().to_owned());
    let removal = Removal { user: &found.user, old: &new, stays, run: id };
    match removal.carry_out(None, account, desk) {
        Ok(()) => match run.remove_escrow() {
            left if left.is_empty() => close(run, Outcome::Undone, desk),
            left => outcome_of_undo(left, desk),
        },
        Err(broken) => Err(stopped_at(broken, desk)),
    }
}

fn stopped_at(broken: Broken, desk: &mut Desk<'_>) -> Failed {
    let (stage, cause) = broken.at;
    let cause = desk.interrupted_or(cause);
    desk.interrupt.clear();
    desk.fail_leaving((stage, cause), broken.left)
}

/// A session, where IAM's self-management rule asks the caller for one: opened with the device `by` where a key here
/// holds it, else with any.
fn acting(account: &Account, user: &str, by: Option<&str>, desk: &mut Desk<'_>) -> Result<Option<Account>, Cause> {
    let devices = devices_of(user, account)?;
    let chosen: Vec<_> = devices.iter().filter(|device| Some(&*device.serial) == by).cloned().collect();
    let factor = match factor_needed(account, user, &chosen, desk) {
        Ok(Some(factor)) => Some(factor),
        _ => factor_needed(account, user, &devices, desk)?,
    };
    factor.map(|factor| open_session(account, &factor, desk)).transpose()
}

impl Retirement {
    pub(super) fn examine(&self, account: &Account, desk: &mut Desk<'_>) -> Result<UnfinishedRetirement, aws::Error> {
        let Retiring { user, started, old, .. } = &self.begin;
        let leaving = look(old, user, &self.intents, self.deleted, account, desk)?;
        Ok(UnfinishedRetirement { user: user.clone(), started: moment(*started), leaving })
    }

    pub(super) fn settle(
        &self,
        request: RecoverRequest,
        found: &UnfinishedRetirement,
        account: &Account,
        desk: &mut Desk<'_>,
    ) -> Result<Outcome, Failed> {
        let stop = |cause, left: Vec<Left>, desk: &mut Desk<'_>| {
            desk.interrupt.clear();
            desk.fail_leaving((Stage::Recover, cause), left)
        };
        let journal = |cause, desk: &mut Desk<'_>| stop(Cause::Journal(cause), Vec::new(), desk);
        let mut log = desk.journal.resume(&self.id).map_err(|cause| journal(cause, desk))?;
        let there = matches!(found.leaving.device, DeviceState::Enabled | DeviceState::Unassigned);
        // Nothing has happened to the user's last device yet, and nobody loses it unasked.
        let untouched_last = self.begin.last && found.leaving.device == DeviceState::Enabled;
        let recommended = if untouched_last { Choice::Undo } else { Choice::Finish };
        let choice = if there || on_a_key(&found.leaving) {
            decide(request, true, recommended, desk).map_err(|cause| stop(cause, vec![self.state(found)], desk))?
        } else {
            log.finish().map_err(|cause| journal(cause, desk))?;
            let foreign = found.leaving.device != DeviceState::Missing;
            return Ok(if foreign { Outcome::NothingLeft } else { Outcome::WasComplete { keys: Vec::new() } });
        };
        let outcome = match choice {
            Choice::Leave => return Ok(Outcome::Left),
            Choice::Forget => Outcome::Forgotten,
            Choice::Undo if found.leaving.device == DeviceState::Enabled => Outcome::Undone,
            Choice::Undo => {
                acting(account, &found.user, None, desk)
                    .and_then(|session| {
                        let account = session.as_ref().unwrap_or(account);
                        enable_again(&found.user, &self.begin.old, Some(&mut log), account, desk)
                    })
                    .map_err(|cause| stop(cause, vec![self.state(found)], desk))?;
                Outcome::Undone
            }
            Choice::Finish => {
                let session = acting(account, &found.user, None, desk)
                    .map_err(|cause| stop(cause, vec![self.state(found)], desk))?;
                let account = session.as_ref().unwrap_or(account);
                let mut begin = self.begin.clone();
                begin.old = as_enabled(&begin.old, self.again, &begin.user, account)
                    .map_err(|cause| stop(cause, vec![self.state(found)], desk))?;
                begin
                    .removal(&log)
                    .carry_out(Some(&mut log), account, desk)
                    .map_err(|broken| stopped_at(broken, desk))?;
                Outcome::Completed { keys: Vec::new() }
            }
        };
        log.finish().map_err(|cause| journal(cause, desk))?;
        Ok(outcome)
    }

    fn state(&self, found: &UnfinishedRetirement) -> Left {
        let serial = self.begin.old.serial.clone();
        match found.leaving.device {
            DeviceState::Enabled => Left::Kept { serial },
            _ => Left::Deactivated { serial },
        }
    }
}
