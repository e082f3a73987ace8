//! An interrupted retirement: a device was to be taken away from its user for good.

use super::options::{Course, Deed, Doing, Options};
use super::passes::{Kind, Seen, moment, own_account, stopped, strike};
use super::removed::{
    acting, as_enabled, check_old, is_there, observe_old, old_gone, old_is_on_a_key, removal_stopped,
};
use super::{Found, Outcome};
use crate::aws::{self, Account, DeviceArn};
use crate::flow::desk::Desk;
use crate::flow::failure::{Cause, Failed, Implausible, Left, RecoverRefusal};
use crate::flow::record::{Record, Retiring, Undo};
use crate::flow::removal::enable_again;
use crate::journal::Writer;
use crate::person::{Choice, DeviceState, UnfinishedRetirement};

/// What its record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Retirement {
    begin: Retiring,
    /// What was intended and not declared void.
    intents: Vec<Undo>,
    /// The device is deleted.
    deleted: bool,
    /// It was about to be enabled again.
    again: bool,
}

impl From<UnfinishedRetirement> for Found {
    fn from(found: UnfinishedRetirement) -> Self {
        Self::Retirement(found)
    }
}

impl Kind for Retirement {
    type Observed = UnfinishedRetirement;
    type Caller<'a> = &'a Account;

    fn step(&mut self, record: Record) -> Result<(), Implausible> {
        match record {
            Record::Intend(undo @ Undo::EnableAgain) => self.intents.push(undo),
            Record::Void(undo @ Undo::EnableAgain) => self.intents.retain(|intent| *intent != undo),
            Record::Deleted => self.deleted = true,
            Record::EnablingAgain => self.again = true,
            _ => return Err(Implausible::Step),
        }
        Ok(())
    }

    fn caller<'a>(&self, account: Option<&'a Account>) -> Result<&'a Account, RecoverRefusal> {
        own_account(account, &self.begin.account, self.begin.old.serial.parse::<DeviceArn>().ok().as_ref())
    }

    fn unknown(&self) -> Left {
        Left::PerhapsEnabled { serial: self.begin.old.serial.clone(), why: aws::Error::Interrupted }
    }

    fn observe(&self, account: &Account, desk: &mut Desk<'_>) -> Result<Seen<UnfinishedRetirement>, Cause> {
        let Retiring { user, started, old, .. } = &self.begin;
        let leaving = observe_old(old, user, (&self.intents, self.deleted), account, desk).map_err(Cause::Aws)?;
        Ok(Seen::from(UnfinishedRetirement { user: user.clone(), started: moment(*started), leaving }))
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
        let recommended = if untouched_last { Choice::Undo } else { Choice::Finish };
        let undo = match device {
            DeviceState::Enabled => Ok(Vec::new()),
            DeviceState::Missing => Err(old_gone(&found.leaving.serial)),
            _ => Ok(vec![Deed::EnableOld]),
        };
        Course::Open(Options { recommended, finish: Ok(vec![Deed::RemoveOld]), undo })
    }

    fn undecided(&self, found: &UnfinishedRetirement) -> Vec<Left> {
        let serial = self.begin.old.serial.clone();
        vec![match found.leaving.device {
            DeviceState::Enabled => Left::Kept { serial },
            _ => Left::Deactivated { serial },
        }]
    }

    fn carry_out(
        &self,
        doing: &Doing,
        seen: &Seen<UnfinishedRetirement>,
        mut log: Writer,
        account: &Account,
        desk: &mut Desk<'_>,
    ) -> Result<Outcome, Failed> {
        let stop = |cause, desk: &Desk<'_>| stopped(cause, self.undecided(&seen.observed), desk);
        let user = &self.begin.user;
        let outcome = match doing {
            Doing::Undo(deeds) if !deeds.contains(&Deed::EnableOld) => Outcome::Undone,
            Doing::Undo(_) => {
                let session = acting(account, user, None, desk).map_err(|cause| stop(cause, desk))?;
                let account = session.as_ref().unwrap_or(account);
                enable_again(user, &self.begin.old, Some(&mut log), account, desk)
                    .map_err(|cause| stop(cause, desk))?;
                Outcome::Undone
            }
            Doing::Finish(_) => {
                let session = acting(account, user, None, desk).map_err(|cause| stop(cause, desk))?;
                let account = session.as_ref().unwrap_or(account);
                let mut begin = self.begin.clone();
                begin.old = as_enabled(&begin.old, self.again, user, account).map_err(|cause| stop(cause, desk))?;
                let removal = begin.removal(&log);
                removal.carry_out(Some(&mut log), account, desk).map_err(|broken| removal_stopped(broken, desk))?;
                Outcome::Completed { keys: Vec::new() }
            }
        };
        strike(log, outcome, desk)
    }
}

impl Retirement {
    pub(super) fn begun(begin: Retiring) -> Result<Self, Implausible> {
        check_old(&begin.old, &begin.account, begin.started)?;
        Ok(Self { begin, intents: Vec::new(), deleted: false, again: false })
    }
}
