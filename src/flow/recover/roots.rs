//! Recovering a device with codes of root's: the credentials on the keys, perhaps a phone, and whether root needs them.
//!
//! The console makes and enables the device, so there is nothing here that could finish it, and nothing in IAM that is
//! ours to delete. What counts is that no credential goes that may be root's factor.

use super::{Adding, Outcome, RecoverRequest, close, decide, key_state, moment, outcome_of_undo};
use crate::aws::{self, Account, Identity, MfaDevice, RootTask};
use crate::flow::desk::Desk;
use crate::flow::failure::{Cause, Failed, Left, Stage};
use crate::flow::record::Undo;
use crate::flow::run::Run;
use crate::person::{Choice, DeviceState, KeyState, Unfinished};
/// What IAM says of root, and what is on the keys. `account`: `None` where AWS cannot be asked.
pub(super) fn examine(recorded: &Adding, account: Option<&Account>, desk: &mut Desk<'_>) -> Unfinished {
    let Adding { begin, intents, .. } = recorded;
    let serial = begin.arn.to_string();
    let device = match account.map(|account| devices(account, begin.arn.account())) {
        Some(Ok(devices)) if devices.iter().any(|device| device.serial == serial) => DeviceState::Enabled,
        Some(Ok(devices)) if devices.is_empty() => DeviceState::Missing,
        // The person may have given the device another name in the console, and whatever the record says of when it
        // began, the credential may be this device's.
        Some(Ok(_) | Err(_)) | None => DeviceState::Uncertain,
    };
    let reached = |key| intents.contains(&Undo::RemoveCredential { key });
    let state = |key, desk: &mut Desk<'_>| {
        if reached(key) { key_state(key, &begin.credential, desk) } else { KeyState::Absent }
    };
    let keys = begin.keys.iter().map(|key| (*key, state(*key, desk))).collect();
    Unfinished {
        user: begin.user.clone(),
        arn: begin.arn.clone(),
        credential: begin.credential.clone(),
        started: moment(begin.started),
        device,
        keys,
        phone: intents.contains(&Undo::RemoveFromPhone),
        escrow: None,
        command: None,
        replaces: None,
        root: true,
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

/// Decides, with the person where there is a choice, and carries it out.
///
/// `shown`: codes were. Then the console may have taken them a moment ago, or may yet, and no list of IAM's rules that out.
pub(super) fn settle(
    request: RecoverRequest,
    run: Run,
    found: &Unfinished,
    shown: bool,
    desk: &mut Desk<'_>,
) -> Result<Outcome, Failed> {
    let anywhere = found.keys.iter().any(|(_, state)| *state != KeyState::Absent);
    match found.device {
        // Enabled with codes of these keys: whatever was asked for, they stay.
        DeviceState::Enabled => {
            let keys = found.keys.iter().filter(|(_, state)| *state == KeyState::Present);
            let keys = keys.map(|(key, _)| *key).collect();
            return close(run, Outcome::WasComplete { keys }, desk);
        }
        // What a phone has, if it has, is the person's to remove.
        DeviceState::Missing if !anywhere => return close(run, Outcome::NothingLeft, desk),
        _ if !anywhere && !found.phone => return close(run, Outcome::NothingLeft, desk),
        _ => {}
    }
    let useless = found.device == DeviceState::Missing && !shown;
    let recommended = if useless { Choice::Undo } else { Choice::Leave };
    let choice = decide(request, false, recommended, desk).map_err(|cause| {
        let kept = found.keys.iter().filter(|(_, state)| *state != KeyState::Absent);
        let name = &run.begin.credential;
        let keys = kept.map(|(key, _)| Left::Credential { key: *key, name: name.clone(), why: None });
        let arn = || Left::Unknown { arn: run.begin.arn.clone(), why: aws::Error::Interrupted, asked: None };
        let left = keys.chain(found.phone.then(arn)).collect();
        desk.fail_leaving((Stage::Recover, cause), left)
    })?;
    match choice {
        Choice::Undo => outcome_of_undo(run.remove_credentials(desk), desk),
        Choice::Forget => close(run, Outcome::Forgotten, desk),
        Choice::Leave => Ok(Outcome::Left),
        Choice::Finish => Err(desk.fail(Stage::Recover, Cause::NobodyToAsk)),
    }
}
