//! An interrupted enrollment of a device with codes of root's: the credentials on the keys, perhaps a phone, and whether
//! root needs them.
//!
//! The console makes and enables the device, so there is nothing here that could finish it, and nothing in IAM that is
//! ours to delete. What counts is that no credential goes that may be root's factor.

use super::added::{self, AddedDevice, is_on_a_key, with_credential};
use super::enrollment::{in_use, outcome_of_undo};
use super::options::{Course, Doing, Options, offered};
use super::passes::{Kind, Observation};
use super::{Outcome, RunState};
use crate::aws::{self, Account, Identity, MfaDevice, RootTask};
use crate::flow::context::Context;
use crate::flow::failure::{Cause, Failed, Implausible, RecoverRefusal, Residue};
use crate::flow::record::Record;
use crate::journal::Writer;
use crate::person::{Choice, Deed, DeviceState, KeyState, Unfinished};

/// What its record says. `enabling` of the run: codes were shown. Then the console may have taken them a moment ago, or
/// may yet, and no list of IAM's rules that out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RootDevice {
    pub(super) run: AddedDevice,
}

impl Kind for RootDevice {
    const COMMANDS: &[&str] = added::COMMANDS;
    type Observed = Unfinished;
    /// `None` where AWS cannot be asked.
    type Caller<'a> = Option<&'a Account>;

    fn begun(first: &Record) -> Option<Result<Self, Implausible>> {
        match first {
            Record::Begin(begin) if begin.root => Some(AddedDevice::begun(begin).map(|run| Self { run })),
            _ => None,
        }
    }

    fn step(&mut self, record: Record) -> Result<(), Implausible> {
        self.run.step(record)
    }

    fn caller<'a>(&self, account: Option<&'a Account>) -> Result<Option<&'a Account>, RecoverRefusal> {
        Ok(account)
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

    fn observe(
        &self,
        account: Option<&Account>,
        context: &mut Context<'_>,
    ) -> Result<Observation<Unfinished>, Cause> {
        let listed = account.map(|account| devices(account, self.run.begin.arn.account()));
        let device = match (self.device(listed.and_then(Result::ok).as_deref()), account) {
            (DeviceState::Missing, Some(account)) => self.owned_by_another(account).unwrap_or(DeviceState::Missing),
            (device, _) => device,
        };
        let keys = self.run.keys(context)?;
        Ok(Observation::from(Unfinished { root: true, escrow: None, command: None, ..self.run.seen(device, keys) }))
    }

    fn options(&self, found: &Unfinished) -> Course {
        let on_a_key = is_on_a_key(found);
        match found.device {
            // No call of IAM takes root's codes, so its name is all that shows: whatever was asked for, the credentials stay.
            DeviceState::Enabled => return Course::Struck(Outcome::WasComplete { keys: with_credential(found) }),
            // What a phone has, if it has, is the person's to remove.
            DeviceState::Missing if !on_a_key => return Course::Struck(Outcome::NothingLeft),
            _ if !on_a_key && !found.phone => return Course::Struck(Outcome::NothingLeft),
            _ => {}
        }
        let useless = found.device == DeviceState::Missing && !self.run.enabling;
        let recommended = if useless { Choice::Undo } else { Choice::Leave };
        let undo = match &found.device {
            DeviceState::Foreign { user } => Err(in_use(found, user)),
            _ => Ok(vec![Deed::RemoveCredentials]),
        };
        Course::Open(Options { recommended, finish: offered(false, &[]), undo })
    }

    fn undecided(&self, found: &Unfinished) -> Vec<Residue> {
        let begin = &self.run.begin;
        let kept = found.keys.iter().filter(|(_, state)| *state != KeyState::Absent);
        let keys = kept.map(|(key, _)| Residue::Credential { key: *key, name: begin.credential.clone(), why: None });
        keys.chain(found.phone.then(|| self.run.unknown())).collect()
    }

    fn carry_out(
        &self,
        _doing: &Doing,
        _seen: &Observation<Unfinished>,
        log: Writer,
        _account: Option<&Account>,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Failed> {
        outcome_of_undo(self.run.resumed(log).remove_credentials(context), context)
    }
}

impl RootDevice {
    /// A user of the account has enabled a device of this name: the credential may be theirs.
    fn owned_by_another(&self, account: &Account) -> Option<DeviceState> {
        let arn = &self.run.begin.arn;
        if account.caller().account != arn.account() {
            return None;
        }
        match account.virtual_device(arn) {
            Ok(device) => Some(DeviceState::Foreign { user: device?.user? }),
            Err(_) => Some(DeviceState::Uncertain),
        }
    }

    /// Whether the device is root's, by what IAM lists. `None`: it could not be asked, or did not tell.
    fn device(&self, listed: Option<&[MfaDevice]>) -> DeviceState {
        let serial = self.run.begin.arn.to_string();
        match listed {
            Some(devices) if devices.iter().any(|device| device.serial == serial) => DeviceState::Enabled,
            Some([]) => DeviceState::Missing,
            // The person may have given the device another name in the console, and whatever the record says of when it
            // began, the credential may be this device's.
            Some(_) | None => DeviceState::Uncertain,
        }
    }
}

/// Root's virtual devices: its own word, a member's through AssumeRoot, or an administrator's.
fn devices(account: &Account, number: &str) -> Result<Vec<MfaDevice>, aws::Error> {
    let caller = account.caller();
    if caller.account != number {
        return account.assume_root(number, RootTask::Audit)?.own_mfa_devices();
    }
    if caller.identity == Identity::Root {
        return account.own_mfa_devices();
    }
    account.virtual_devices_of_root()
}
