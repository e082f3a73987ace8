//! A user's access key is rotated: a new one is made, proved and handed over; only then the old one goes.
//!
//! Until the secret has been handed over, any failure deletes the new key again. From then on both work, until the old
//! one is deactivated while the new one is seen to be active. IAM allows two keys: who has two says which makes room.

mod steps;

use super::context::Context;
use super::retire::of_user;
use super::seed_sinks::CommandTo;
use super::self_management::{Factor, find_factor, open_session, tell_wait};
use crate::aws::{self, AccessKey, Account, Call, Identity};
use crate::flow::failure::{AccessKeyRefusal, Cause, CommonRefusal, Failed, Residue, Stage};
use crate::flow::record::{KeyRotation, Record, Undo};
use crate::flow::run::{begin_log, nothing_unfinished_for};
pub use crate::person::KeyPlan;
use crate::person::{Notice, OwnKey};
use crate::sink::{Pipe, SecretFormat, program_of};
use crate::totp::unix;
use crate::world::World;
pub(super) use steps::{activate, appeared, deactivate, delete, keys_while_active};

pub struct KeyRequest {
    pub user: String,
    pub to: SecretTo,
    pub format: SecretFormat,
    /// The key that is to go, where the user has two.
    pub replace: Option<String>,
    /// An inactive key that is deleted first, where the user has two.
    pub make_room: Option<String>,
    /// The old key is deactivated and not deleted.
    pub keep_old: bool,
    pub dry_run: bool,
    /// The plan is approved already, deleting included.
    pub approved: bool,
}

/// Who gets the secret of a new access key.
pub enum SecretTo {
    Command(CommandTo),
    Pipe(Pipe),
}

/// What was done, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRotated {
    pub plan: KeyPlan,
    /// The new key; none after a dry run.
    pub new: Option<String>,
    pub old: OldKey,
}

/// What has become of an old access key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldKey {
    /// Nothing yet.
    Kept,
    Inactive,
    Deleted,
}

#[must_use]
pub fn access_key_permissions() -> Vec<&'static str> {
    let calls = [Call::ListAccessKeys, Call::CreateAccessKey, Call::UpdateAccessKey, Call::DeleteAccessKey];
    calls.map(Call::permission).to_vec()
}

/// Rotates the access key alone.
///
/// # Errors
/// [`Failed`], with what is left in the world; before the plan is approved that is always nothing.
pub fn rotate_access_key(request: &KeyRequest, world: &mut World) -> Result<KeyRotated, Failed> {
    let (connector, mut context) = Context::plan_or_open(request.dry_run, Stage::Preflight, world)?;
    let before = |cause, context: &Context<'_>| context.fail(Stage::Preflight, cause);
    let account = connector.connect().map_err(|cause| before(Cause::Aws(cause), &context))?;
    context.tell_clock();
    let ready = preflight(request, &account, &mut context).map_err(|cause| before(cause, &context))?;
    context.tell(Notice::KeyPlan(ready.plan.clone()));
    if ready.session.is_none() {
        tell_wait(ready.factor.as_ref(), &mut context);
    }
    if request.dry_run {
        return Ok(ready.planned());
    }
    context.approve(request.approved).map_err(|cause| before(cause, &context))?;
    carry_out(request, ready, &account, &mut context)
}

/// What pre-flight found to be possible.
pub(super) struct Preflight {
    pub(super) plan: KeyPlan,
    choice: Choice,
    before: Vec<String>,
    /// A key here that holds a device of the caller's own.
    pub(super) factor: Option<Factor>,
    /// Opened already, since looking needed it.
    pub(super) session: Option<Account>,
}

impl Preflight {
    pub(super) fn planned(&self) -> KeyRotated {
        KeyRotated { plan: self.plan.clone(), new: None, old: OldKey::Kept }
    }
}

#[derive(Default)]
struct Choice {
    first: Option<AccessKey>,
    old: Option<AccessKey>,
}

pub(super) fn preflight(
    request: &KeyRequest,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Preflight, Cause> {
    let user = &request.user;
    if !aws::check_name(user) {
        return Err(Cause::refused(CommonRefusal::BadValue { what: "user name", value: user.clone() }));
    }
    let caller = account.caller().clone();
    nothing_unfinished_for(&caller.account, user, context)?;
    let Observed { keys, factor, session } = read(user, account, context)?;
    let choice = choose(request, &keys, account.access_key_id())?;
    let named = |key: &AccessKey| (key.id.clone(), key.active);
    let signs = |key: &AccessKey| key.id == account.access_key_id();
    let plan = KeyPlan {
        account: caller.account.clone(),
        caller: caller.arn.clone(),
        user: user.clone(),
        first: choice.first.as_ref().map(named),
        old: choice.old.as_ref().map(named),
        keep: request.keep_old,
        to: request.to.displayed(),
        command: matches!(request.to, SecretTo::Command(_)),
        own: match &choice.old {
            Some(old) if signs(old) => OwnKey::Signs,
            _ if caller.identity == Identity::User(user.clone()) && !account.uses_long_term_key() => OwnKey::NotKnown,
            _ => OwnKey::No,
        },
        session: factor.as_ref().map(|factor| factor.serial.clone()),
    };
    Ok(Preflight { plan, choice, before: keys.into_iter().map(|key| key.id).collect(), factor, session })
}

/// A user's keys, and how the caller acts where it is their own.
pub(super) struct Observed {
    pub(super) keys: Vec<AccessKey>,
    pub(super) factor: Option<Factor>,
    pub(super) session: Option<Account>,
}

/// Looks at a user's keys. Many policies want MFA of users even for looking at their own keys: then the session is
/// opened for it.
pub(super) fn read(user: &str, account: &Account, context: &mut Context<'_>) -> Result<Observed, Cause> {
    let factor = own_factor(user, account, context)?;
    match (account.access_keys(user), factor) {
        (Err(aws::Error::Denied { .. }), Some(factor)) => {
            let session = open_session(account, &factor, context)?;
            let keys = of_user(user, session.access_keys(user))?;
            Ok(Observed { keys, factor: Some(factor), session: Some(session) })
        }
        (keys, factor) => Ok(Observed { keys: of_user(user, keys)?, factor, session: None }),
    }
}

/// A key here that holds a device of the caller's, where it is the caller's own access key that is spoken of. IAM has no
/// rule that wants a session for access keys; policies have.
fn own_factor(user: &str, account: &Account, context: &mut Context<'_>) -> Result<Option<Factor>, Cause> {
    if !account.uses_long_term_key() || account.caller().identity != Identity::User(user.to_owned()) {
        return Ok(None);
    }
    match account.mfa_devices(user) {
        Ok(devices) if devices.is_empty() => Ok(None),
        // Without a reader there is no factor either.
        Ok(devices) => Ok(find_factor(account, &devices, context).ok().flatten()),
        Err(aws::Error::Denied { .. }) => Ok(None),
        Err(cause) => Err(Cause::Aws(cause)),
    }
}

fn choose(request: &KeyRequest, keys: &[AccessKey], signs: &str) -> Result<Choice, Cause> {
    let which = |named: Option<&String>| {
        let keys = keys.iter().map(|key| (key.id.clone(), key.active, key.created)).collect();
        Cause::refused(AccessKeyRefusal::WhichAccessKey { user: request.user.clone(), named: named.cloned(), keys })
    };
    let find = |id: &String| keys.iter().find(|key| key.id == *id).ok_or_else(|| which(Some(id)));
    let replace = request.replace.as_ref().map(find).transpose()?;
    let room = request.make_room.as_ref().map(find).transpose()?;
    let other = |key: &AccessKey| keys.iter().find(|other| other.id != key.id);
    match (keys, replace, room) {
        ([], ..) => Err(Cause::refused(AccessKeyRefusal::NoAccessKey { user: request.user.clone() })),
        ([only], _, None) => Ok(Choice { first: None, old: Some(only.clone()) }),
        (_, _, Some(room)) if room.active => Err(Cause::refused(AccessKeyRefusal::ActiveKey { id: room.id.clone() })),
        (_, replace, Some(room)) if replace.is_none_or(|replace| replace.id != room.id) => {
            Ok(Choice { first: Some(room.clone()), old: other(room).cloned() })
        }
        // There is no room for a third: it goes before the new one is made, and the other one stays.
        (_, Some(goes), _) => {
            if goes.id == signs {
                return Err(Cause::refused(AccessKeyRefusal::SignsThis { id: goes.id.clone() }));
            }
            match other(goes) {
                Some(other) if goes.active && !other.active => {
                    let (id, other) = (goes.id.clone(), other.id.clone());
                    Err(Cause::refused(AccessKeyRefusal::LastActiveKey { id, other }))
                }
                _ => Ok(Choice { first: Some(goes.clone()), old: None }),
            }
        }
        _ => Err(which(None)),
    }
}

impl SecretTo {
    /// What may be shown and written down.
    pub(super) fn displayed(&self) -> String {
        match self {
            Self::Command(to) => program_of(&to.line),
            Self::Pipe(pipe) => format!("file descriptor {}", pipe.fd()),
        }
    }
}

/// The whole of it, from the journal's first line to its last. The plan is approved.
pub(super) fn carry_out(
    request: &KeyRequest,
    mut ready: Preflight,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<KeyRotated, Failed> {
    let before = |cause, context: &Context<'_>| context.fail(Stage::Preflight, cause);
    if ready.session.is_none()
        && let Some(factor) = &ready.factor
    {
        let session = open_session(account, factor, context).map_err(|cause| before(cause, context))?;
        ready.session = Some(session);
    }
    // The question may have stood for minutes: whatever key was made meanwhile is none of this run's.
    let keys = ready.session.as_ref().unwrap_or(account).access_keys(&request.user);
    ready.before = keys.map_err(|cause| before(Cause::Aws(cause), context))?.into_iter().map(|key| key.id).collect();
    let begin = ready.begin(request, account, context);
    let log = begin_log(begin.started, &Record::Key(begin), context).map_err(|cause| before(cause, context))?;
    let Preflight { plan, choice, factor, session, before } = ready;
    let mut rotation =
        steps::Rotation { request, log, base: account, factor, act: session, before, gone: None, deactivated: None };
    match rotation.run(choice.first.as_ref(), choice.old.as_ref(), context) {
        Ok((new, old)) => {
            context.tell_if_kept(rotation.log.finish());
            Ok(KeyRotated { plan, new: Some(new), old })
        }
        Err(broken) => Err(rotation.give_up(broken, context)),
    }
}

impl Preflight {
    fn begin(&self, request: &KeyRequest, account: &Account, context: &Context<'_>) -> KeyRotation {
        let id = |key: &Option<AccessKey>| key.as_ref().map(|key| key.id.clone());
        KeyRotation {
            version: 1,
            command: "rotate".to_owned(),
            started: unix(context.clock.now()),
            caller: account.caller().arn.clone(),
            account: account.caller().account.clone(),
            user: request.user.clone(),
            before: self.before.clone(),
            first: id(&self.choice.first),
            old: id(&self.choice.old),
            keep: request.keep_old,
            to: request.to.displayed(),
        }
    }
}

/// What is left of a rotation that stopped, and whether its run has ended with it.
pub(super) fn left_behind(left: &[Residue]) -> bool {
    left.iter().any(Residue::is_for_recover)
}

/// What a deactivation is undone by.
pub(super) fn undo_of(id: &str) -> Undo {
    Undo::ActivateKey { id: id.to_owned() }
}
