//! The administrator is made, the rights last.

use super::super::super::step::{Hands, Ready};
use super::password::{self, Handed};
use super::state::{Group, State, User, administrator_access, tag};
use crate::aws::{self, Account, Assignment, Call, DeviceArn};
use crate::flow::acknowledged::is_seen;
use crate::flow::enroll::{Request, enroll_on, keys_can_take};
use crate::flow::failure::{Cause, EnrollRefusal, Residue};
use crate::flow::naming::credential_name;
use crate::flow::run::nothing_unfinished_for;
use crate::flow::seed_sinks::ValidatedSinks;

/// What is noted before each thing is made; with `not ` before it, that it was not.
pub(super) const GROUP: &str = "group";
pub(super) const USER: &str = "user";
pub(super) const DEVICE: &str = "device";

/// Whether the keys are here and the places can be used, and no earlier run of this user is unfinished.
pub(super) fn ready(now: &State, ready: &mut Ready<'_, '_>) -> Result<(), Cause> {
    let Some(asked) = &ready.settings.administrator else { return Ok(()) };
    let account = ready.account;
    nothing_unfinished_for(&account.caller().account, &asked.user, ready.context)?;
    let user = now.user.as_ref();
    if user.is_none_or(|user| user.devices.is_empty()) {
        let arn = device(account, &asked.user);
        let name = credential_name(&arn).map_err(|_| too_long(&arn))?;
        keys_can_take(&asked.keys, &name, false, ready.context)?;
        let serial = arn.to_string();
        let there = account.virtual_devices(Assignment::Any, |device| device.serial == serial)?;
        if let Some(other) = there.into_iter().find(|device| device.serial == serial) {
            return Err(Cause::refused(EnrollRefusal::NameTaken { arn, user: other.user }));
        }
    }
    if user.is_some_and(|user| user.password) && ready.inputs.password.is_none() {
        return Ok(());
    }
    password::check(&asked.user, ready)
}

fn too_long(arn: &DeviceArn) -> Cause {
    let name = format!("AWS:{}/{}", arn.account(), arn.resource());
    Cause::refused(EnrollRefusal::NameTooLong { bytes: name.len(), name })
}

/// The device that is made for a user.
pub(super) fn device(account: &Account, user: &str) -> DeviceArn {
    let caller = account.caller();
    DeviceArn::new(&caller.partition, &caller.account, "/", user)
}

/// Group, user, password, MFA, and then the rights.
pub(super) fn lead(now: &State, (group, user): (&Group, &User), hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let has_password = now.user.as_ref().is_some_and(|user| user.password);
    let is_due = password::is_due(&user.name, has_password, hands)?;
    let handed = if is_due { Some(Handed::new(&user.name, hands)?) } else { None };
    if let Err(cause) = make_group(now.group.as_ref(), group, hands).and_then(|()| make_user(now, user, hands)) {
        handed.into_iter().for_each(|handed| handed.take_back(&user.name, hands));
        return Err(cause);
    }
    if let Some(handed) = handed {
        let set = handed.set(&user.name, has_password, hands);
        if let Err(cause) = set {
            // The state does not show which of two passwords is in force.
            if has_password && matches!(cause, Cause::Aws(aws::Error::OutcomeUnknown { .. })) {
                hands.left.push(Residue::PasswordPerhaps { user: user.name.clone() });
            }
            match cause {
                Cause::Aws(aws::Error::OutcomeUnknown { .. }) | Cause::Interrupted | Cause::Journal(_) => {
                    hands.tell_stays(format!(
                        "whether the password that was handed over is {}'s is not known",
                        user.name
                    ));
                }
                _ => handed.take_back(&user.name, hands),
            }
            return Err(cause);
        }
    }
    enable_mfa(now, user, hands)?;
    hands.go_on()?;
    hands.account.add_to_group(&group.name, &user.name)?;
    hands.tell(format!("{} is in the group {}", user.name, group.name));
    Ok(())
}

/// Makes something, and writes that down first. Where AWS refuses it, it was not made.
fn make(
    what: &str,
    hands: &mut Hands<'_, '_>,
    call: impl FnOnce(&Account) -> Result<(), aws::Error>,
) -> Result<(), Cause> {
    hands.go_on()?;
    hands.note(what)?;
    let made = call(hands.account);
    if made.as_ref().is_err_and(|why| !matches!(why, aws::Error::OutcomeUnknown { .. })) {
        hands.note(format!("not {what}"))?;
    }
    made.map_err(Cause::Aws)
}

fn make_group(now: Option<&Group>, group: &Group, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    if now.is_none() {
        make(GROUP, hands, |account| account.create_group(&group.name))?;
        hands.tell(format!("the group {} is made", group.name));
    }
    if now.is_none_or(|group| !group.administers) {
        hands.go_on()?;
        hands.account.attach_to_group(&group.name, &administrator_access(hands.account))?;
        hands.tell(format!("the group {} has AdministratorAccess", group.name));
    }
    Ok(())
}

fn make_user(now: &State, user: &User, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    if now.user.is_some() {
        return Ok(());
    }
    make(USER, hands, |account| account.create_user(&user.name, &[tag()]))?;
    hands.tell(format!("the user {} is made", user.name));
    let account = hands.account;
    let is_there = || match account.mfa_devices(&user.name) {
        Err(aws::Error::NotFound { .. }) => Ok(false),
        devices => devices.map(|_| true),
    };
    is_seen(Call::CreateUser, hands.context, is_there).map_err(Cause::Aws)
}

/// As `glasskey enroll` does it; it is a run of its own, which recovery finishes or undoes by itself.
fn enable_mfa(now: &State, user: &User, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let has_one = now.user.as_ref().is_some_and(|user| !user.devices.is_empty());
    let Some(asked) = hands.settings.administrator.as_ref().filter(|_| !has_one) else { return Ok(()) };
    hands.go_on()?;
    hands.note(DEVICE)?;
    let request = Request { user: Some(user.name.clone()), keys: asked.keys.clone(), ..Request::default() };
    hands.may_begin_runs();
    match enroll_on(&request, &ValidatedSinks::default(), hands.account, hands.context) {
        Ok(device) => {
            hands.tell(format!("{} signs in with {}", user.name, device.arn));
            Ok(())
        }
        Err(failed) => {
            hands.left.extend(failed.left);
            Err(failed.cause)
        }
    }
}
