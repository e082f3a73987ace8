//! Rotate: a new device is added and proved; only then the old one goes, and its credential with it.
//!
//! Until the new device is enabled, any failure is undone. From then on both work, until the old one is removed while
//! the new one is seen to be enabled. So the user is never without a device that works.

mod inheritance;

use super::access_key::{self, KeyRequest, KeyRotated};
use super::announce::ANNOUNCING;
use super::confirm;
use super::context::Context;
use super::enroll::{self, Checked, DevicePlan, DeviceResult, Enrolled, MAX_DEVICES, Observed, Request};
use super::failure::{At, Cause, Failed, RecoverRefusal, Refusal, RemovalRefusal, Residue, RotateRefusal, Stage};
use super::holdings::{Holdings, holdings};
use super::record::{RemovedDevice, Undo};
use super::removal::{MustRemain, Removal, RemovalError, enable_again};
use super::retire::{is_called, named_device};
use super::run::Run;
use super::seed_sinks::ValidatedSinks;
use super::self_management::{self, Factor};
use crate::aws::{self, Account, Call, Identity, MfaDevice};
use crate::person::Notice;
pub use crate::person::{Loss, Proving, RemovalPlan};
use crate::totp::unix;
use crate::world::World;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RotateRequest {
    pub new: Request,
    /// The old one: its name, its serial number, or the number of a key here that holds it. `None`: the user's only one.
    pub from: Option<String>,
    /// The old device is deactivated before the new one is made: for a user who has eight.
    pub replace_first: bool,
    /// The new device's codes want no touch; otherwise they do where the old one's do, or where `new` says so.
    pub no_touch: bool,
    /// The new device may be on fewer keys than the old one.
    pub fewer_keys: bool,
}

/// What was done, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The new device; none after a dry run.
    pub enrolled: Enrolled,
    pub old: RemovalPlan,
    /// How the new one was proved, or is to be.
    pub proof: ProvedBy,
    pub losses: Vec<Loss>,
}

/// How a new device was proved before the old one went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProvedBy {
    /// STS opened a session with its code.
    Session,
    /// The codes of its keys, or of a store, are those of the seed that AWS gave. A session as another user, or from
    /// temporary credentials, cannot be opened.
    Arithmetic,
    /// By nothing: no place computed a code. Somebody has accepted that.
    #[serde(rename = "none")]
    Nothing,
}

/// Verifications of one proof; STS allows nine in three minutes.
const TRIES: u32 = 3;
/// The window in which STS counts, aligned to the epoch.
const WINDOW: Duration = Duration::from_secs(180);

/// The permissions a rotation needs, and those that undoing and recovering need.
#[must_use]
pub fn rotate_permissions(request: &RotateRequest) -> Vec<&'static str> {
    let mut all = vec![Call::DeactivateMfaDevice.permission()];
    all.extend(ANNOUNCING.map(Call::permission));
    all.extend(enroll::permissions(&request.new));
    all
}

/// Rotates.
///
/// # Errors
/// [`Failed`], with what is left in the world; before the plan is approved that is always nothing.
pub fn rotate(request: &RotateRequest, world: &mut World) -> Result<Rotated, Failed> {
    rotate_all(request, None, world).map(|(rotated, _)| rotated)
}

/// Rotates the device, and then the user's access key too.
///
/// # Errors
/// As [`rotate`]; where the device is done and the access key is not, that is said.
pub fn rotate_with_access_key(
    request: &RotateRequest,
    key: &KeyRequest,
    world: &mut World,
) -> Result<(Rotated, Option<KeyRotated>), Failed> {
    rotate_all(request, Some(key), world)
}

fn rotate_all(
    request: &RotateRequest,
    key: Option<&KeyRequest>,
    world: &mut World,
) -> Result<(Rotated, Option<KeyRotated>), Failed> {
    let (connector, mut context) = Context::plan_or_open(request.new.dry_run, Stage::Preflight, world)?;
    let before = |cause, context: &Context<'_>| context.fail(Stage::Preflight, cause);
    let (account, usable, seen) =
        enroll::read(&request.new, &connector, &mut context).map_err(|cause| before(cause, &context))?;
    let ready = check(request, &usable, &seen, &account, &mut context).map_err(|cause| before(cause, &context))?;
    let key_ready = key.map(|key| access_key::preflight(key, &account, &mut context)).transpose();
    let key_ready = key_ready.map_err(|cause| before(cause, &context))?;
    ready.tell(&mut context);
    if let Some(key) = &key_ready {
        context.tell(Notice::KeyPlan(key.plan.clone()));
    }
    let mut done = Rotated {
        enrolled: Enrolled { plan: ready.add.plan.clone(), devices: Vec::new() },
        old: ready.parting.clone(),
        proof: ready.proof(),
        losses: ready.losses.clone(),
    };
    if request.new.dry_run {
        return Ok((done, key_ready.map(|key| key.planned())));
    }
    let unproved = !request.new.places.accept_unproved && !ready.work.is_proved();
    context.approve_unproved(request.new.approved, unproved).map_err(|cause| before(cause, &context))?;
    let session = ready.session(&mut context).map_err(|cause| before(cause, &context))?;
    let (device, proof) = replace(&ready, session.as_ref().unwrap_or(&account), &mut context)?;
    done.enrolled.devices.push(device);
    let (Some(key), Some(mut key_ready)) = (key, key_ready) else { return Ok((done, None)) };
    // What opens sessions from here on is the new device.
    key_ready.factor = proof.is_some().then(|| ready.new_factor(&context)).flatten();
    key_ready.session = proof;
    let rotated = access_key::carry_out(key, key_ready, &account, &mut context).map_err(|mut failed| {
        failed.left.insert(0, Residue::Rotated { arn: ready.work.arn.clone() });
        failed
    })?;
    Ok((done, Some(rotated)))
}

/// One user of many: the plan was approved for all of them, the account is connected, the places have been tried out.
pub(super) fn rotate_on(
    request: &RotateRequest,
    usable: &ValidatedSinks,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<(DeviceResult, RemovalPlan), Failed> {
    let before = |cause, context: &Context<'_>| context.fail(Stage::Preflight, cause);
    let seen = enroll::read_on(&request.new, account, context).map_err(|cause| before(cause, context))?;
    let ready = check(request, usable, &seen, account, context).map_err(|cause| before(cause, context))?;
    ready.tell_losses(context);
    let session = ready.session(context).map_err(|cause| before(cause, context))?;
    let (device, _) = replace(&ready, session.as_ref().unwrap_or(account), context)?;
    Ok((device, ready.parting))
}

/// What pre-flight found to be possible.
struct Preflight<'a> {
    account: &'a Account,
    add: Checked,
    work: DevicePlan,
    old: RemovedDevice,
    parting: RemovalPlan,
    replace_first: bool,
    losses: Vec<Loss>,
}

fn check<'a>(
    request: &RotateRequest,
    usable: &ValidatedSinks,
    seen: &Observed,
    account: &'a Account,
    context: &mut Context<'_>,
) -> Result<Preflight<'a>, Cause> {
    let held = holdings(account.caller(), context)?;
    held.tell_unread(context);
    let device = match (request.from.as_deref(), &*seen.devices) {
        (Some(from), devices) => named_device(from, devices, &held)?.clone(),
        (None, [only]) => only.clone(),
        (None, devices) => {
            let devices = devices.iter().map(|device| device.serial.clone()).collect();
            return Err(Cause::refused(RotateRefusal::NameOldDevice { devices }));
        }
    };
    let used = seen.devices.len();
    if request.replace_first && used == 1 {
        return Err(Cause::refused(RotateRefusal::OnlyFactor { serial: device.serial }));
    }
    if !request.replace_first && used >= MAX_DEVICES {
        return Err(Cause::refused(RotateRefusal::NoRoomToRotate { used }));
    }
    let old = RemovedDevice::new(&device, held.of(&device.serial));
    // The new one among the others.
    let parting = old.plan(&seen.user, used);
    let mut new = request.new.clone();
    let before = inheritance::read(request, &old, context);
    before.is_kept(request, &old)?;
    new.touch = before.touch_of_new(request);
    new.device_name.get_or_insert_with(|| free_name(&seen.user, &seen.devices, &held));
    let leaving = usize::from(request.replace_first);
    let add = enroll::check(&new, usable, seen, (account, leaving), context);
    let mut add = add.map_err(|cause| before.explain(cause, request, &old))?;
    let work = add.work.pop().ok_or(Cause::refused(RecoverRefusal::CannotFinish))?;
    let losses = before.losses(&work, &parting);
    Ok(Preflight { account, add, work, old, parting, replace_first: request.replace_first, losses })
}

/// The user's name, or with a number behind it: neither a device of the user's nor a credential on a key here is
/// called so.
fn free_name(user: &str, devices: &[MfaDevice], held: &Holdings) -> String {
    let taken = |name: &str| {
        devices.iter().any(|device| is_called(&device.serial, name))
            || held.held.iter().any(|held| held.device.name() == name)
    };
    let numbered = (2..100).map(|number| format!("{user}-{number}"));
    let free = std::iter::once(user.to_owned()).chain(numbered).find(|name| !taken(name));
    free.unwrap_or_else(|| user.to_owned())
}

impl Preflight<'_> {
    /// As IAM's self-management rule asks for.
    fn session(&self, context: &mut Context<'_>) -> Result<Option<Account>, Cause> {
        let factor = self.add.factor.as_ref();
        factor.map(|factor| self_management::open_session(self.account, factor, context)).transpose()
    }

    fn is_own(&self) -> bool {
        self.account.caller().identity == Identity::User(self.work.user.clone())
    }

    fn proof(&self) -> ProvedBy {
        if self.is_own() && self.account.uses_long_term_key() && !self.work.keys.is_empty() {
            ProvedBy::Session
        } else if self.work.is_proved() {
            ProvedBy::Arithmetic
        } else {
            ProvedBy::Nothing
        }
    }

    fn proving(&self) -> Proving {
        match self.proof() {
            ProvedBy::Session => Proving::Session,
            ProvedBy::Arithmetic if self.work.keys.is_empty() => Proving::Store,
            ProvedBy::Arithmetic => Proving::Keys,
            ProvedBy::Nothing => Proving::Nothing,
        }
    }

    fn tell_losses(&self, context: &mut Context<'_>) {
        if !self.losses.is_empty() {
            context.tell(Notice::Losses(self.losses.clone()));
        }
    }

    fn new_factor(&self, context: &Context<'_>) -> Option<Factor> {
        let (serial, enabled) = (self.work.arn.to_string(), context.clock.now());
        let key = *self.work.keys.last()?;
        Some(Factor { serial, enabled, key, name: self.work.name.clone() })
    }

    fn tell(&self, context: &mut Context<'_>) {
        context.tell(Notice::Plan(self.add.plan.clone()));
        context.tell(Notice::RemovalPlan(self.parting.clone()));
        context.tell(Notice::ProofPlanned(self.proving()));
        self_management::tell_wait(self.add.factor.as_ref(), context);
        self.tell_losses(context);
        if self.is_own() && self.work.arn.name() != self.work.user {
            context.tell(Notice::OtherName { name: self.work.arn.name().to_owned(), user: self.work.user.clone() });
        }
    }
}

/// The whole of it, from the journal's first line to its last: the device, and the session that proved it.
fn replace(
    ready: &Preflight<'_>,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<(DeviceResult, Option<Account>), Failed> {
    let Preflight { work, old, .. } = ready;
    let begin = work.begin("rotate", Some(old.clone()), context);
    let mut run = Run::begin(begin, context).map_err(|cause| context.fail(Stage::Preflight, cause))?;
    if ready.replace_first {
        let removal = Removal { user: &work.user, old, stays: MustRemain::Another, run: run.writer.id().to_owned() };
        if let Err(broken) = removal.deactivate(Some(&mut run.writer), account, context) {
            return Err(not_deactivated(broken, run, context));
        }
        run.intents.push(Undo::EnableAgain);
    }
    let added = context.still_wanted().map_err(|cause| (Stage::Create, cause));
    let device = match added.and_then(|()| enroll::attempt(&mut run, work, account, context)) {
        Ok(device) => device,
        Err(at) if confirm::is_not_listed(&at.1) => return Err(keep_both(run, at, ready, context)),
        Err(at) => return Err(give_back(run, at, ready, account, context)),
    };
    // From here on only forward: both devices work, but for an old one that went first.
    let both = |(stage, cause): At, left: Vec<Residue>, context: &mut Context<'_>| {
        let cause = context.interrupted_or(cause);
        context.interrupt.clear();
        // Another machine may have taken it away.
        let gone =
            matches!(cause, Cause::Refused(Refusal::Removal(RemovalRefusal::LastFactor { without: Some(_), .. })));
        let arn = work.arn.clone();
        let new = (!gone).then_some(match stage {
            Stage::Proof => Residue::Enabled { arn },
            _ => Residue::Earlier { arn },
        });
        let left = left.into_iter().map(|left| match left {
            Residue::Kept { serial } if ready.replace_first => Residue::Deactivated { serial },
            left => left,
        });
        context.fail_leaving((stage, cause), new.into_iter().chain(left).collect())
    };
    let proved = context.still_wanted().map_err(|cause| (Stage::Proof, cause)).and_then(|()| prove(ready, context));
    let proved = proved.and_then(|session| {
        let unproved = || RecoverRefusal::unproved(&work.arn.to_string(), &work.user, std::iter::empty());
        if run.is_unproved { Err((Stage::Proof, Cause::refused(unproved()))) } else { Ok(session) }
    });
    let session = proved.map_err(|at| both(at, vec![Residue::Kept { serial: old.serial.clone() }], context))?;
    let stays = MustRemain::This { serial: work.arn.to_string(), enabled: run.listed };
    let removal = Removal { user: &work.user, old, stays, run: run.writer.id().to_owned() };
    removal
        .carry_out(Some(&mut run.writer), session.as_ref().unwrap_or(account), context)
        .map_err(|RemovalError { at, left, .. }| both(at, left, context))?;
    context.tell_if_kept(run.complete());
    Ok((device, session))
}

/// The old device was to be deactivated first, and was not.
fn not_deactivated(broken: RemovalError, run: Run, context: &mut Context<'_>) -> Failed {
    let left = if broken.untouched && run.finish().is_ok() { Vec::new() } else { broken.left };
    context.stopped(broken.at, left)
}

/// Whether the new device is enabled is not known: neither is touched.
fn keep_both(run: Run, at: At, ready: &Preflight<'_>, context: &mut Context<'_>) -> Failed {
    let serial = ready.old.serial.clone();
    let old = if ready.replace_first { Residue::Deactivated { serial } } else { Residue::Kept { serial } };
    confirm::keep(run, at, vec![old], context)
}

/// The new device could not be made: it is removed again, after the old one was enabled again where it had to go first.
fn give_back(
    run: Run,
    (stage, cause): At,
    ready: &Preflight<'_>,
    account: &Account,
    context: &mut Context<'_>,
) -> Failed {
    let cause = context.interrupted_or(cause);
    let cause = explain_denied(cause, ready);
    if ready.replace_first {
        context.interrupt.clear();
        if enable_again(&ready.work.user, &ready.old, account, context).is_err() {
            let old = Residue::Deactivated { serial: ready.old.serial.clone() };
            let new = Residue::Unknown { arn: ready.work.arn.clone(), why: aws::Error::Interrupted, asked: None };
            return context.fail_leaving((stage, cause), vec![old, new]);
        }
    }
    run.give_up((stage, cause), account, context)
}

/// A policy that allows a user only the device of their own name does not allow a second one.
fn explain_denied(cause: Cause, ready: &Preflight<'_>) -> Cause {
    match cause {
        Cause::Aws(aws::Error::Denied { call: Call::CreateVirtualMfaDevice, message, needs_mfa: false })
            if ready.is_own() =>
        {
            Cause::refused(RotateRefusal::NameNotAllowed { arn: ready.work.arn.clone(), message })
        }
        cause => cause,
    }
}

/// Opens a session with a code of the new device, where one can be opened. At most three codes are tried, each once.
fn prove(ready: &Preflight<'_>, context: &mut Context<'_>) -> Result<Option<Account>, At> {
    let (ProvedBy::Session, Some(factor)) = (ready.proof(), ready.new_factor(context)) else { return Ok(None) };
    let serial = factor.serial.clone();
    let proof = self_management::open_session_within(ready.account, &factor, TRIES, context);
    proof.map(Some).map_err(|cause| match cause {
        Cause::Aws(aws::Error::MfaRefused { message }) => {
            let refills = refills(context.clock.now());
            (Stage::Proof, Cause::refused(RotateRefusal::NotProved { serial, message, tried: TRIES, refills }))
        }
        cause => (Stage::Proof, cause),
    })
}

/// When STS begins to count anew.
fn refills(now: SystemTime) -> SystemTime {
    let window = WINDOW.as_secs();
    UNIX_EPOCH + Duration::from_secs((unix(now) / window + 1) * window)
}
