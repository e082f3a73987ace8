//! What a run has made of the administrator is taken away again, the rights first.

use super::super::super::step::{Begun, Hands, Undone};
use super::make::{DEVICE, GROUP, USER, device};
use super::state::{Group, State, User, administrator_access};
use crate::aws::{self, Account, DeviceArn};
use crate::flow::context::Context;
use crate::flow::failure::Cause;
use crate::flow::naming::credential_name;
use crate::flow::run::remove_credential;
use crate::keys::Serial;

/// Whether the user has signed in.
pub(super) fn in_use(account: &Account, now: &State) -> Result<Vec<String>, aws::Error> {
    let Some(user) = now.user.as_ref().filter(|user| user.password) else { return Ok(Vec::new()) };
    let used = account.password_last_used(&user.name)?;
    Ok(used
        .map(|_| format!("{} has signed in since, so the user and the group stay as they are", user.name))
        .into_iter()
        .collect())
}

pub(super) fn undone(begun: &Begun<'_, State>) -> Undone<State> {
    let Begun { before, now, notes, uses } = *begun;
    if !uses.is_empty() {
        return Undone { to: now.clone(), stays: uses.to_vec() };
    }
    let has_made = |what: &str| {
        let last = |note: &str| notes.iter().rposition(|there| there == note);
        last(what).is_some_and(|made| last(&format!("not {what}")).is_none_or(|not| not < made))
    };
    let mut stays = Vec::new();
    let mut to = State { identity_center: now.identity_center, ..before.clone() };
    if before.user.is_none() && !has_made(USER) {
        to.user.clone_from(&now.user);
        stays.extend(now.user.as_ref().map(|user| unproved("user", &user.name)));
    }
    if before.group.is_none() && !has_made(GROUP) {
        to.group.clone_from(&now.group);
        stays.extend(now.group.as_ref().map(|group| unproved("group", &group.name)));
    }
    Undone { to, stays }
}

fn unproved(what: &str, name: &str) -> String {
    format!("the {what} {name} is there, and nothing shows that this run has made it")
}

pub(super) fn lead(now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    if let Some(user) = &now.user {
        take_from(user, now.group.as_ref(), to.user.as_ref(), hands)?;
        if to.user.is_none() {
            gone(hands.account.delete_user(&user.name))?;
            hands.tell(format!("the user {} is deleted; the password that was handed over is of no use", user.name));
        }
    }
    let Some(group) = &now.group else { return Ok(()) };
    if group.administers && to.group.as_ref().is_none_or(|to| !to.administers) {
        gone(hands.account.detach_from_group(&group.name, &administrator_access(hands.account)))?;
        hands.tell(format!("the group {} has no AdministratorAccess", group.name));
    }
    if to.group.is_none() {
        gone(hands.account.delete_group(&group.name))?;
        hands.tell(format!("the group {} is deleted", group.name));
    }
    Ok(())
}

/// Takes away what the user is not to have: the rights, MFA, the password.
fn take_from(user: &User, group: Option<&Group>, to: Option<&User>, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let name = &user.name;
    if let Some(group) = group.filter(|_| user.member && to.is_none_or(|to| !to.member)) {
        gone(hands.account.remove_from_group(&group.name, name))?;
        hands.tell(format!("{name} is not in the group {} any more", group.name));
    }
    let stays = |serial: &String| to.is_some_and(|to| to.devices.contains(serial));
    let own = device(hands.account, name);
    // It may have been deactivated and not deleted, or deleted while its credential is still on the keys.
    if user.devices.is_empty() && hands.has_noted(DEVICE) && !stays(&own.to_string()) {
        delete_unassigned(&own, hands)?;
    }
    for serial in user.devices.iter().filter(|serial| !stays(serial)) {
        gone(hands.account.deactivate(name, serial))?;
        if let Ok(arn) = serial.parse::<DeviceArn>() {
            gone(hands.account.delete_virtual_mfa(&arn))?;
            hands.tell(format!("the MFA device {arn} is deleted"));
            remove_credentials(&arn, hands);
        }
    }
    if user.password && to.is_none_or(|to| !to.password) {
        gone(hands.account.delete_password(name))?;
    }
    Ok(())
}

fn delete_unassigned(arn: &DeviceArn, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    match hands.account.virtual_device(arn)? {
        Some(device) if device.user.is_some() => return Ok(()),
        Some(_) => {
            gone(hands.account.delete_virtual_mfa(arn))?;
            hands.tell(format!("the MFA device {arn} is deleted"));
        }
        None => {}
    }
    remove_credentials(arn, hands);
    Ok(())
}

/// From the keys that are here. Of a device that is gone a credential is of no use.
fn remove_credentials(arn: &DeviceArn, hands: &mut Hands<'_, '_>) {
    let Ok(name) = credential_name(arn) else { return };
    let keys: Vec<Serial> = hands.settings.administrator.iter().flat_map(|asked| asked.keys.clone()).collect();
    for key in keys {
        let context: &mut Context<'_> = hands.context;
        if remove_credential(key, name.id(), context).is_err() {
            hands.tell_stays(format!(
                "the credential \"{}\" on YubiKey {key}, which is of no use any more",
                name.id()
            ));
        }
    }
}

fn gone(outcome: Result<(), aws::Error>) -> Result<(), Cause> {
    match outcome {
        Err(aws::Error::NotFound { .. }) => Ok(()),
        outcome => outcome.map_err(Cause::Aws),
    }
}
