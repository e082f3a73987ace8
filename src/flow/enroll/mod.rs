//! Enroll: from nothing to an enabled virtual MFA device whose seed lives on the named keys.
//!
//! Until the device is enabled, any failure leaves nothing behind. After that, only forward.

mod preflight;

use super::confirm;
use super::context::Context;
use super::proof::prove_with;
use super::seed_sinks::{self, SeedSinks, ValidatedSinks};
use super::self_management;
use crate::aws::{self, Account, Call, DeviceArn, MfaDevice, Tag};
use crate::flow::failure::{At, Cause, EnrollRefusal, Failed, RecoverRefusal, Residue, Stage};
use crate::flow::record::{Record, Undo};
use crate::flow::run::Run;
use crate::keys::Serial;
use crate::person::Notice;
pub use crate::person::{Plan, PlannedDevice};
use crate::secret::{Code, Seed};
use crate::sink::KeySink;
use crate::totp::{self, AWS, Step, unix};
use crate::world::World;
pub(super) use preflight::{Checked, DevicePlan, Observed, check, keys_can_take, read, read_on};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The IAM user; the caller when not named.
    pub user: Option<String>,
    pub keys: Vec<Serial>,
    pub phone: bool,
    pub places: SeedSinks,
    /// One device per key instead of one seed on all.
    pub separate: bool,
    pub touch: bool,
    /// The device's name; the user's when not named.
    pub device_name: Option<String>,
    /// The device's path; `/` when not named.
    pub path: Option<String>,
    pub tags: Vec<Tag>,
    pub dry_run: bool,
    /// The plan is approved already.
    pub approved: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    pub plan: Plan,
    /// The devices, in the plan's order; none after a dry run.
    pub devices: Vec<DeviceResult>,
}

/// One enabled device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "EnrolledDevice")]
pub struct DeviceResult {
    /// The device's serial number, an ARN.
    #[schemars(with = "String")]
    pub arn: DeviceArn,
    /// The credential's name on each of `keys`.
    pub credential: String,
    /// The serial numbers of the keys that hold the seed, each of which gave the right code.
    pub keys: Vec<Serial>,
    /// A phone holds the seed too, and showed the right code.
    pub phone: bool,
    /// The age file that holds the seed too, and was read back; null where none was asked for.
    #[serde(serialize_with = "shown_or_null")]
    #[schemars(with = "Option<String>")]
    pub escrow: Option<PathBuf>,
    /// The program that got the seed too; null where none was asked for.
    pub command: Option<String>,
    /// A key, a phone or `--code-from-command` gave the seed's code before the device was enabled.
    pub proved: bool,
    /// IAM lists the device for the user. False: AWS acknowledged it, and IAM could not be asked. (Asked, and not listed: that
    /// is an error.)
    pub confirmed: bool,
    /// When a sign-in with a code first works, in seconds since the Unix epoch.
    pub first_code_from: u64,
}

fn shown_or_null<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.display().to_string()).serialize(serializer)
}

/// MFA devices a user may have, of all kinds together (IAM quotas).
pub(super) const MAX_DEVICES: usize = 8;

/// As IAM would list them.
fn enabled_since(done: &[DeviceResult]) -> Vec<MfaDevice> {
    let since = |device: &DeviceResult| UNIX_EPOCH + Duration::from_secs(device.first_code_from) - aws::PROPAGATION;
    done.iter().map(|done| MfaDevice { serial: done.arn.to_string(), enabled: since(done) }).collect()
}

/// The permissions an enrollment needs, and those that undoing and recovering need.
#[must_use]
pub fn permissions(request: &Request) -> Vec<&'static str> {
    let mut calls = vec![
        Call::ListMfaDevices,
        Call::CreateVirtualMfaDevice,
        Call::EnableMfaDevice,
        Call::DeleteVirtualMfaDevice,
        Call::ListVirtualMfaDevices,
        // Recovery proves with it that a device is the one whose seed a key holds.
        Call::ResyncMfaDevice,
    ];
    if !request.tags.is_empty() {
        calls.push(Call::TagMfaDevice);
    }
    calls.into_iter().map(Call::permission).collect()
}

/// Enrolls.
///
/// # Errors
/// [`Failed`], with what is left in the world; before the plan is approved that is always nothing.
pub fn enroll(request: &Request, world: &mut World) -> Result<Enrolled, Failed> {
    let (connector, mut context) = Context::plan_or_open(request.dry_run, Stage::Preflight, world)?;
    let ready = read(request, &connector, &mut context).and_then(|(account, usable, seen)| {
        Ok((check(request, &usable, &seen, (&account, 0), &mut context)?, account))
    });
    let (Checked { plan, work, factor }, account) = ready.map_err(|cause| context.fail(Stage::Preflight, cause))?;
    context.tell(Notice::Plan(plan.clone()));
    self_management::tell_wait(factor.as_ref(), &mut context);
    let mut done = Enrolled { plan, devices: Vec::new() };
    if request.dry_run {
        return Ok(done);
    }
    let unproved = !request.places.accept_unproved && !work.iter().all(DevicePlan::is_proved);
    let account = context
        .approve_unproved(request.approved, unproved)
        .and_then(|()| {
            factor.map_or(Ok(None), |factor| self_management::open_session(&account, &factor, &mut context).map(Some))
        })
        .map(|session| session.unwrap_or(account))
        .map_err(|cause| context.fail(Stage::Preflight, cause))?;
    enroll_all(&work, &account, &mut done, &mut context).map(|()| done)
}

/// One user of many: the plan was approved for all of them, the account is connected, the places have been tried out.
pub(super) fn enroll_on(
    request: &Request,
    usable: &ValidatedSinks,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<DeviceResult, Failed> {
    let before = |cause, context: &Context<'_>| context.fail(Stage::Preflight, cause);
    let ready = read_on(request, account, context)
        .and_then(|seen| check(request, usable, &seen, (account, 0), context))
        .and_then(|Checked { plan, work, factor }| {
            let open = |factor| self_management::open_session(account, &factor, context);
            Ok((plan, work, factor.map(open).transpose()?))
        });
    let (plan, work, session) = ready.map_err(|cause| before(cause, context))?;
    let mut done = Enrolled { plan, devices: Vec::new() };
    enroll_all(&work, session.as_ref().unwrap_or(account), &mut done, context)?;
    done.devices.pop().ok_or_else(|| before(Cause::refused(RecoverRefusal::CannotFinish), context))
}

/// Device after device. One that fails leaves those before it enabled, and says so.
fn enroll_all(
    work: &[DevicePlan],
    account: &Account,
    done: &mut Enrolled,
    context: &mut Context<'_>,
) -> Result<(), Failed> {
    let mut opened: Option<Account> = None;
    for device in work {
        let account = opened.as_ref().unwrap_or(account);
        let wanted = if done.devices.is_empty() { Ok(()) } else { context.still_wanted() };
        let result = wanted
            .and_then(|()| {
                self_management::session_after(account, &device.user, &enabled_since(&done.devices), context)
            })
            .map_err(|cause| context.fail(Stage::Enable, cause))
            .and_then(|session| {
                let result = one_device(device, session.as_ref().unwrap_or(account), context)?;
                Ok((result, session))
            });
        match result {
            Ok((result, session)) => {
                done.devices.push(result);
                opened = session.or(opened);
            }
            Err(mut failed) => {
                failed.left.extend(done.devices.iter().map(|device| Residue::Earlier { arn: device.arn.clone() }));
                return Err(failed);
            }
        }
    }
    Ok(())
}

/// One device, from the journal's first line to its last.
fn one_device(device: &DevicePlan, account: &Account, context: &mut Context<'_>) -> Result<DeviceResult, Failed> {
    let begin = device.begin("enroll", None, context);
    let mut run = Run::begin(begin, context).map_err(|cause| context.fail(Stage::Preflight, cause))?;
    match attempt(&mut run, device, account, context) {
        Ok(result) => {
            // Enabled and proved; where the record stays, recovery will find nothing to do.
            context.tell_if_kept(run.complete());
            Ok(result)
        }
        Err(at) if confirm::is_not_listed(&at.1) => Err(confirm::keep(run, at, Vec::new(), context)),
        Err(at) => Err(run.give_up(at, account, context)),
    }
}

/// The part that can be undone, and the step beyond which it cannot.
pub(super) fn attempt(
    run: &mut Run,
    device: &DevicePlan,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<DeviceResult, At> {
    let seed = create(run, device, account, context)?;
    let pair = spread(run, device, &seed, context)?;
    drop(seed);
    let prover = pair.by.map(|key| KeySink { key, name: device.name.clone(), touch: device.touch });
    let last = enable(run, (pair.step, &pair.codes), prover.as_ref(), account, context)?;
    let with = confirm::EnabledWith { step: pair.step, by: pair.by };
    let confirmed = confirm::confirm(run, with, account, context)?;
    Ok(DeviceResult {
        arn: device.arn.clone(),
        credential: device.name.id().to_owned(),
        keys: device.keys.clone(),
        phone: device.phone,
        escrow: device.beside.escrow_path(),
        command: device.beside.program(),
        proved: device.is_proved(),
        confirmed,
        first_code_from: tell_first_code(last, context),
    })
}

/// For so long IAM's answer that no device has a name is believed: what stands there after a lost reply is the run's own.
const FRESH: Duration = Duration::from_secs(10);

/// Creates the device. The only reply that ever holds the seed; if it is lost, the device is deleted again.
fn create(run: &mut Run, device: &DevicePlan, account: &Account, context: &mut Context<'_>) -> Result<Seed, At> {
    let at = |cause| (Stage::Create, cause);
    context.go_on().map_err(at)?;
    run.intend(Undo::DeleteDevice).map_err(at)?;
    let was_free = device.seen_free.is_some_and(|seen| context.is_within(FRESH, seen));
    // A reply that is about another device is not the answer to this request.
    let is_own = |(arn, seed)| match arn == device.arn {
        true => Ok((arn, seed)),
        false => Err(aws::Error::Malformed { call: Call::CreateVirtualMfaDevice }),
    };
    let (arn, seed) = account.create_virtual_mfa(&device.new).and_then(is_own).map_err(|cause| {
        if !matches!(cause, aws::Error::OutcomeUnknown { .. } | aws::Error::Malformed { .. }) {
            // Refused: whatever stands there under this name is not ours to delete.
            run.void(&Undo::DeleteDevice);
        } else if !was_free {
            run.may_be_anothers = true;
        }
        at(explain_taken(cause, device, account))
    })?;
    run.note(&Record::Created).map_err(at)?;
    // An earlier device of this serial number had another seed.
    context.forget_spent(&arn.to_string());
    context.tell(Notice::Created { arn });
    Ok(seed)
}

/// "Already exists" means another's device: finds out whose, for the message.
fn explain_taken(cause: aws::Error, device: &DevicePlan, account: &Account) -> Cause {
    if !matches!(cause, aws::Error::AlreadyExists { .. }) {
        return Cause::Aws(cause);
    }
    let user = account.virtual_device(&device.arn).ok().flatten().and_then(|device| device.user);
    Cause::refused(EnrollRefusal::NameTaken { arn: device.arn.clone(), user })
}

/// Two consecutive codes, the later one's step, and the key that computed them.
struct Pair {
    step: Step,
    codes: [Code; 2],
    by: Option<Serial>,
}

/// Puts the seed in every place and has each prove it. The last key proves it with the two codes that will enable the
/// device, so that they are as fresh as can be and cost no touch more. Where other places follow, which may take a
/// while, the codes are computed after them.
fn spread(run: &mut Run, device: &DevicePlan, seed: &Seed, context: &mut Context<'_>) -> Result<Pair, At> {
    let mut pair = None;
    for (n, key) in device.keys.iter().enumerate() {
        let key = *key;
        let sink = KeySink { key, name: device.name.clone(), touch: device.touch };
        seed_sinks::key(run, &sink, seed, context)?;
        let prove = |cause| (Stage::Prove { key }, Cause::Sink(cause));
        if n + 1 == device.keys.len() && !device.phone && device.beside.is_empty() {
            pair = Some(prove_pair(&sink, seed, context).map_err(prove)?);
        } else {
            sink.verify(seed, &mut context.sinks()).map_err(prove)?;
        }
        context.tell(Notice::Written { key });
    }
    device.beside.escrow(run, seed, context)?;
    if device.phone {
        seed_sinks::phone(run, seed, context)?;
    }
    device.beside.command(run, seed, context)?;
    match (pair, device.keys.last()) {
        (Some(pair), _) => Ok(pair),
        (None, Some(key)) => {
            let sink = KeySink { key: *key, name: device.name.clone(), touch: device.touch };
            prove_pair(&sink, seed, context).map_err(|cause| (Stage::Prove { key: *key }, Cause::Sink(cause)))
        }
        // No key: none of the other places can be asked for codes of the past, so the seed gives both.
        (None, None) => {
            let step = Step::at(context.clock.now(), AWS.period);
            let codes = [step.previous(), step].map(|step| totp::code(seed, AWS, step));
            Ok(Pair { step, codes, by: None })
        }
    }
}

fn prove_pair(sink: &KeySink, seed: &Seed, context: &mut Context<'_>) -> Result<Pair, crate::sink::Error> {
    let (step, codes) = sink.two_codes(&mut context.sinks())?;
    for (step, code) in [step.previous(), step].into_iter().zip(&codes) {
        sink.compare(seed, step, code)?;
    }
    Ok(Pair { step, codes, by: Some(sink.key) })
}

/// Enables the device with the codes for the step before `step` and for `step`. Sent once. A lost reply is settled by
/// asking IAM what the user has; and since that may be another machine's device of the name, the key that computed the
/// codes then proves it with two more. Gives the step of the last code that was sent.
pub(super) fn enable(
    run: &mut Run,
    (step, codes): (Step, &[Code; 2]),
    prover: Option<&KeySink>,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Step, At> {
    let at = |cause| (Stage::Enable, cause);
    context.go_on().map_err(at)?;
    let (user, arn) = (run.begin.user.clone(), run.begin.arn.clone());
    context.spend_pair(&arn.to_string(), step).map_err(at)?;
    run.note(&Record::Enabling { at: Some(unix(context.clock.now())) }).map_err(at)?;
    let lost = match account.enable(&user, &arn, codes) {
        Ok(()) => None,
        Err(cause @ aws::Error::OutcomeUnknown { .. }) => Some(cause),
        Err(cause) => return Err(at(Cause::Aws(cause))),
    };
    if let Some(cause) = lost {
        let (devices, interrupted) = context.settle(|| account.mfa_devices(&user));
        let serial = arn.to_string();
        if !devices.is_ok_and(|devices| devices.iter().any(|device| device.serial == serial)) {
            return Err(at(if interrupted { Cause::Interrupted } else { Cause::Aws(cause) }));
        }
        match prover {
            Some(prover) => {
                let proved = prove_with(prover, &serial, &user, &[prover.key], account, context);
                // Then it may be another machine's, and undoing does not ask IAM to delete it.
                run.may_be_anothers |= proved.is_err();
                return proved.map_err(at);
            }
            None => run.is_unproved = true,
        }
    }
    Ok(step)
}

/// The two codes are spent. The next step's is good, once STS knows the device.
pub(super) fn tell_first_code(step: Step, context: &mut Context<'_>) -> u64 {
    let now = context.clock.now();
    let from = step.next().begins(AWS.period).max(now + aws::PROPAGATION);
    let seconds = from.duration_since(now).map_or(0, |left| left.as_secs());
    context.tell(Notice::FirstCode { from, seconds });
    unix(from)
}
