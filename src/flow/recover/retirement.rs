//! An interrupted retirement: a device was to be taken away from its user for good.

use super::from_key::prove_again;
use super::options::{Course, Doing, Options};
use super::passes::{Kind, Observation, moment, own_account, stopped, strike};
use super::removed::{
    acting, as_seen, check_old, is_there, observe_old, old_gone, old_is_on_a_key, proof_of_old, removal_stopped,
};
use super::{Outcome, RunState};
use crate::aws::{self, Account, DeviceArn};
use crate::flow::context::Context;
use crate::flow::failure::{Cause, Failed, Implausible, RecoverRefusal, Residue};
use crate::flow::record::{Record, Retiring, Undo};
use crate::flow::removal::enable_again;
use crate::journal::Writer;
use crate::person::{Choice, Deed, DeviceState, UnfinishedRetirement};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Retirement {
    begin: Retiring,
    intents: Vec<Undo>,
    deleted: bool,
}

impl From<UnfinishedRetirement> for RunState {
    fn from(found: UnfinishedRetirement) -> Self {
        Self::Retirement(found)
    }
}

impl Kind for Retirement {
    const COMMANDS: &[&str] = &["retire"];
    type Observed = UnfinishedRetirement;
    type Caller<'a> = &'a Account;

    fn begun(first: &Record) -> Option<Result<Self, Implausible>> {
        let Record::Retire(begin) = first else { return None };
        let checked = check_old(&begin.old, &begin.account, begin.started);
        Some(checked.map(|()| Self { begin: begin.clone(), intents: Vec::new(), deleted: false }))
    }

    fn step(&mut self, record: Record) -> Result<(), Implausible> {
        match record {
            Record::Intend(undo @ Undo::EnableAgain) => self.intents.push(undo),
            Record::Void(undo @ Undo::EnableAgain) => self.intents.retain(|intent| *intent != undo),
            Record::Deleted => self.deleted = true,
            Record::EnablingAgain => {}
            _ => return Err(Implausible::Step),
        }
        Ok(())
    }

    fn caller<'a>(&self, account: Option<&'a Account>) -> Result<&'a Account, RecoverRefusal> {
        own_account(account, &self.begin.account, self.begin.old.serial.parse::<DeviceArn>().ok().as_ref())
    }

    fn unknown(&self) -> Residue {
        Residue::PerhapsEnabled { serial: self.begin.old.serial.clone(), why: aws::Error::Interrupted }
    }

    fn of(seen: &RunState) -> Option<UnfinishedRetirement> {
        match seen {
            RunState::Retirement(seen) => Some(seen.clone()),
            _ => None,
        }
    }

    fn observe(
        &self,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<Observation<UnfinishedRetirement>, Cause> {
        let Retiring { user, started, old, .. } = &self.begin;
        let leaving = observe_old(old, user, (&self.intents, self.deleted), account, context)?;
        Ok(Observation::from(UnfinishedRetirement { user: user.clone(), started: moment(*started), leaving }))
    }

    fn options(&self, found: &UnfinishedRetirement) -> Course {
        let device = &found.leaving.device;
        if !is_there(&found.leaving) && !old_is_on_a_key(&found.leaving) {
            let foreign = *device != DeviceState::Missing;
            let complete = Outcome::WasComplete { keys: Vec::new() };
            return Course::Struck(if foreign { Outcome::NothingLeft } else { complete });
        }
        // Nothing has happened to the user's last device yet, and nobody loses it unasked.
        let untouched_last = self.begin.last && *device == DeviceState::Enabled;
        let proof = proof_of_old(&found.leaving, &found.user);
        let recommended = match proof {
            Err(_) => Choice::Leave,
            Ok(_) if untouched_last => Choice::Undo,
            Ok(_) => Choice::Finish,
        };
        let undo = match device {
            DeviceState::Enabled => Ok(Vec::new()),
            DeviceState::Unproved => proof.clone().map(|proof| proof.into_iter().collect()),
            DeviceState::Missing => Err(old_gone(&found.leaving.serial, &found.user)),
            _ => Ok(vec![Deed::EnableOld]),
        };
        let finish = proof.map(|proof| proof.into_iter().chain([Deed::RemoveOld]).collect());
        Course::Open(Options { recommended, finish, undo })
    }

    fn undecided(&self, found: &UnfinishedRetirement) -> Vec<Residue> {
        let serial = self.begin.old.serial.clone();
        vec![match found.leaving.device {
            DeviceState::Enabled | DeviceState::Unproved => Residue::Kept { serial },
            _ => Residue::Deactivated { serial },
        }]
    }

    fn carry_out(
        &self,
        doing: &Doing,
        seen: &Observation<UnfinishedRetirement>,
        mut log: Writer,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Failed> {
        let stop = |cause, context: &Context<'_>| stopped(cause, self.undecided(&seen.observed), context);
        let (Doing::Finish(deeds) | Doing::Undo(deeds)) = doing;
        if deeds.is_empty() {
            return strike(log, Outcome::Undone, context);
        }
        let user = &self.begin.user;
        let session = acting(account, user, None, context).map_err(|cause| stop(cause, context))?;
        let account = session.as_ref().map_or(account, |(session, _)| session);
        if deeds.contains(&Deed::ProveOld) {
            prove_again(&self.begin.old, user, account, context).map_err(|cause| stop(cause, context))?;
        }
        if deeds.contains(&Deed::EnableOld) {
            enable_again(user, &self.begin.old, account, context).map_err(|cause| stop(cause, context))?;
        }
        if !deeds.contains(&Deed::RemoveOld) {
            return strike(log, Outcome::Undone, context);
        }
        let begin = Retiring { old: as_seen(&self.begin.old, &seen.observed.leaving), ..self.begin.clone() };
        let removal = begin.removal(&log);
        removal
            .carry_out(Some(&mut log), account, context)
            .map_err(|broken| removal_stopped(broken, user, context))?;
        strike(log, Outcome::Completed { keys: Vec::new() }, context)
    }
}
