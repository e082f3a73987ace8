//! What rotations and retirements have in common: a device is taken away, and may have to be given back.

use super::added::key_state;
use super::passes::BEFORE;
use crate::aws::{self, Account, DeviceArn};
use crate::flow::context::Context;
use crate::flow::failure::{Cause, CommonRefusal, Failed, Implausible, RecoverRefusal, Refusal, RemovalRefusal};
use crate::flow::naming::device_of;
use crate::flow::record::{OldCredential, RemovedDevice, Undo};
use crate::flow::removal::RemovalError;
use crate::flow::retire::devices_of;
use crate::flow::self_management::{Factor, factor_needed, open_session};
use crate::keys::Serial;
use crate::oath::Name;
use crate::person::{Deed, DeviceState, KeyState, OldDevice};
use crate::totp::unix;
use std::collections::BTreeSet;

/// The credentials of a device that is to go are called as that device: by whatever tool wrote them.
pub(super) fn check_old(old: &RemovedDevice, account: &str, started: u64) -> Result<(), Implausible> {
    let arn = old.serial.parse::<DeviceArn>().ok();
    // One that was enabled when the run had begun cannot have been what it was to remove.
    let later = old.enabled > started.saturating_add(BEFORE.as_secs());
    if later || arn.as_ref().is_some_and(|arn| arn.account() != account) {
        return Err(Implausible::Device { serial: old.serial.clone() });
    }
    let is_of = |credential: &str| {
        let (Some(arn), Ok(name)) = (&arn, Name::from_id(credential)) else { return false };
        device_of(&name, arn.partition(), account).as_ref() == Some(arn)
    };
    let mut seen = BTreeSet::new();
    if let Some(held) = old.held.iter().find(|held| !seen.insert((held.key.to_string(), &held.credential))) {
        return Err(Implausible::KeyTwice { key: held.key });
    }
    match old.held.iter().find(|held| !is_of(&held.credential)) {
        Some(held) => Err(Implausible::Credential { named: held.credential.clone(), device: old.serial.clone() }),
        None => Ok(()),
    }
}

/// The device that was to go, as it was seen: an undoing that was cut short may have enabled it again.
pub(super) fn as_seen(old: &RemovedDevice, seen: &OldDevice) -> RemovedDevice {
    let enabled = seen.enabled.filter(|_| matches!(seen.device, DeviceState::Enabled | DeviceState::Unproved));
    RemovedDevice { enabled: enabled.map_or(old.enabled, unix), ..old.clone() }
}

/// Asks IAM for the device that was to go, and its keys for its credential. `deleted`: the run has.
pub(super) fn observe_old(
    old: &RemovedDevice,
    user: &str,
    (intents, deleted): (&[Undo], bool),
    account: &Account,
    context: &mut Context<'_>,
) -> Result<OldDevice, Cause> {
    let listed = match account.mfa_devices(user) {
        Err(aws::Error::NotFound { .. }) => Vec::new(),
        listed => listed?,
    };
    let enabled = listed.iter().find(|device| device.serial == old.serial).map(|device| device.enabled);
    let own = || DeviceState::Foreign { user: user.to_owned() };
    let device = match listed.iter().find(|device| device.serial == old.serial) {
        Some(_) if deleted => own(),
        Some(device) if old.is(device) => DeviceState::Enabled,
        // An undoing that was cut short has enabled it again, or somebody has made it anew.
        Some(_) if intents.contains(&Undo::EnableAgain) => DeviceState::Unproved,
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
    let mut state = |held: &OldCredential| {
        Ok((held.key, held.credential.clone(), key_state(held.key, &held.credential, context)?))
    };
    let keys = if ours { old.held.iter().map(&mut state).collect::<Result<_, Cause>>()? } else { Vec::new() };
    Ok(OldDevice { serial: old.serial.clone(), device, enabled, keys })
}

/// Whether the device that was to go is there and was the user's, or is.
pub(super) fn is_there(old: &OldDevice) -> bool {
    matches!(old.device, DeviceState::Enabled | DeviceState::Unproved | DeviceState::Unassigned)
}

/// What proves the device that was to go, where it is enabled and that needs a proof.
pub(super) fn proof_of_old(old: &OldDevice, user: &str) -> Result<Option<Deed>, RecoverRefusal> {
    match old.device {
        DeviceState::Unproved if old_is_on_a_key(old) => Ok(Some(Deed::ProveOld)),
        DeviceState::Unproved => {
            Err(RecoverRefusal::OldUnproved { serial: old.serial.clone(), user: user.to_owned() })
        }
        _ => Ok(None),
    }
}

/// Whether a key here holds a credential of the device that was to go.
pub(super) fn old_is_on_a_key(old: &OldDevice) -> bool {
    old.keys.iter().any(|(_, _, state)| *state == KeyState::Present)
}

/// Whether the keys that held its credential are here, and none does any more.
pub(super) fn is_on_no_key(old: &OldDevice) -> bool {
    !old.keys.is_empty() && old.keys.iter().all(|(_, _, state)| *state == KeyState::Absent)
}

/// Why a run whose old device is gone is not undone.
pub(super) fn old_gone(serial: &str, user: &str) -> RecoverRefusal {
    RecoverRefusal::OldGone { serial: serial.to_owned(), user: user.to_owned() }
}

pub(super) fn removal_stopped(broken: RemovalError, user: &str, context: &Context<'_>) -> Failed {
    let (stage, cause) = broken.at;
    let cause = match cause {
        Cause::Refused(Refusal::Removal(RemovalRefusal::LastFactor { serial, without: None })) => {
            Cause::refused(RecoverRefusal::NothingElse { serial, user: user.to_owned() })
        }
        cause => cause,
    };
    context.stopped((stage, cause), broken.left)
}

/// With what a session was opened: its codes are proved by that.
pub(super) struct SessionBy {
    pub(super) serial: String,
    pub(super) key: Serial,
}

/// A session, where IAM's self-management rule asks the caller for one: opened with the device `by` where a key here
/// holds it, else with any.
pub(super) fn acting(
    account: &Account,
    user: &str,
    by: Option<&str>,
    context: &mut Context<'_>,
) -> Result<Option<(Account, SessionBy)>, Cause> {
    let devices = match devices_of(user, account) {
        Err(Cause::Refused(Refusal::Common(CommonRefusal::NoSuchUser { user }))) => {
            return Err(Cause::refused(RecoverRefusal::UserGone { user }));
        }
        devices => devices?,
    };
    let chosen: Vec<_> = devices.iter().filter(|device| Some(&*device.serial) == by).cloned().collect();
    let factor = match factor_needed(account, user, &chosen, context) {
        Ok(Some(factor)) => Some(factor),
        _ => factor_needed(account, user, &devices, context)?,
    };
    let open = |factor: Factor| {
        let session = open_session(account, &factor, context)?;
        Ok((session, SessionBy { serial: factor.serial, key: factor.key }))
    };
    factor.map(open).transpose()
}
