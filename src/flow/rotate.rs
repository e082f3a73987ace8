//! Rotate: a new device is added and proved; only then the old one goes, and its credential with it.
//!
//! Until the new device is enabled, any failure is undone. From then on both work, until the old one is removed while
//! the new one is seen to be enabled. So the user is never without a device that works.

use super::desk::Desk;
use super::enroll::{self, DeviceResult, Enrolled, MAX_DEVICES, Request, Work};
use super::holdings::{Holdings, holdings};
use super::removal::{Broken, Old, Removal, Stays, enable_again};
use super::retire::{is_called, named_device};
use super::run::{At, Cause, Failed, Left, Refusal, Run, Stage, Undo, failed};
use super::self_management::{self, Factor};
use crate::aws::{self, Account, Call, DeviceKind, Identity, MfaDevice};
use crate::person::{Notice, Parting};
use crate::totp::unix;
use crate::world::World;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RotateRequest {
    /// The new device, as for an enrollment.
    pub new: Request,
    /// The old one: its name, its serial number, or the number of a key here that holds it.
    pub from: String,
    /// The old device is deactivated before the new one is made: for a user who has eight.
    pub replace_first: bool,
}

/// What was done, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The new device; none after a dry run.
    pub enrolled: Enrolled,
    /// The old one.
    pub old: Parting,
    /// How the new one was proved, or is to be.
    pub proof: ProvedBy,
}

/// How a new device was proved before the old one went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvedBy {
    /// STS opened a session with its code.
    Session,
    /// Its keys' codes are those of the seed that AWS gave, and IAM took two of them. A session as another user, or
    /// from temporary credentials, cannot be opened.
    Arithmetic,
}

/// Verifications of one proof; STS allows nine in three minutes.
const TRIES: u32 = 3;
/// The window in which STS counts, aligned to the epoch.
const WINDOW: Duration = Duration::from_secs(180);

/// The permissions a rotation needs, and those that undoing and recovering need.
#[must_use]
pub fn rotate_permissions(request: &RotateRequest) -> Vec<&'static str> {
    let mut all = vec![Call::DeactivateMfaDevice.permission()];
    all.extend(enroll::permissions(&request.new));
    all
}

/// Rotates.
///
/// # Errors
/// [`Failed`], with what is left in the world; before the plan is approved that is always nothing.
pub fn rotate(request: &RotateRequest, world: &mut World) -> Result<Rotated, Failed> {
    let (connector, mut desk) = Desk::open(Stage::Preflight, world)?;
    let before = |cause, desk: &Desk<'_>| failed((Stage::Preflight, cause), Vec::new(), desk);
    let ready = preflight(request, &connector, &mut desk).map_err(|cause| before(cause, &desk))?;
    ready.tell(&mut desk);
    let mut done = Rotated {
        enrolled: Enrolled { plan: ready.add.plan.clone(), devices: Vec::new() },
        old: ready.parting.clone(),
        proof: ready.proof(),
    };
    if request.new.dry_run {
        return Ok(done);
    }
    desk.approve(request.new.approved).map_err(|cause| before(cause, &desk))?;
    let session = match &ready.add.factor {
        None => None,
        Some(factor) => Some(
            self_management::open_session(&ready.add.account, factor, &mut desk)
                .map_err(|cause| before(cause, &desk))?,
        ),
    };
    let device = replace(&ready, session.as_ref().unwrap_or(&ready.add.account), &mut desk)?;
    done.enrolled.devices.push(device);
    Ok(done)
}

/// What pre-flight found to be possible.
struct Ready {
    add: enroll::Ready,
    work: Work,
    old: Old,
    parting: Parting,
    replace_first: bool,
}

fn preflight(request: &RotateRequest, connector: &aws::Connector, desk: &mut Desk<'_>) -> Result<Ready, Cause> {
    let seen = enroll::look(&request.new, connector, desk)?;
    let held = holdings(seen.account.caller(), desk)?;
    held.tell_unread(desk);
    let device = named_device(&request.from, &seen.devices, &held)?.clone();
    let used = seen.devices.len();
    if request.replace_first && used == 1 {
        return Err(Cause::Refused(Refusal::OnlyFactor { serial: device.serial }));
    }
    if !request.replace_first && used >= MAX_DEVICES {
        return Err(Cause::Refused(Refusal::NoRoomToRotate { used }));
    }
    let old = Old::new(&device, held.of(&device.serial));
    let parting = Parting {
        user: seen.user.clone(),
        serial: device.serial.clone(),
        kind: DeviceKind::of(&device.serial),
        credentials: old.held.iter().map(|held| (held.key, held.credential.clone())).collect(),
        // The new one among them.
        others: used,
        no_session: false,
    };
    let mut new = request.new.clone();
    new.device_name.get_or_insert_with(|| free_name(&seen.user, &seen.devices, &held));
    let mut add = enroll::judge(&new, seen, usize::from(request.replace_first), desk)?;
    let work = add.work.pop().ok_or(Cause::Refused(Refusal::CannotFinish))?;
    Ok(Ready { add, work, old, parting, replace_first: request.replace_first })
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

impl Ready {
    fn is_own(&self) -> bool {
        self.add.account.caller().identity == Identity::User(self.work.user.clone())
    }

    fn proof(&self) -> ProvedBy {
        if self.is_own() && self.add.account.uses_long_term_key() && !self.work.keys.is_empty() {
            ProvedBy::Session
        } else {
            ProvedBy::Arithmetic
        }
    }

    fn tell(&self, desk: &mut Desk<'_>) {
        desk.tell(Notice::Plan(self.add.plan.clone()));
        desk.tell(Notice::Parting(self.parting.clone()));
        desk.tell(Notice::ProofPlanned { session: self.proof() == ProvedBy::Session });
        if self.is_own() && self.work.arn.name() != self.work.user {
            desk.tell(Notice::OtherName { name: self.work.arn.name().to_owned(), user: self.work.user.clone() });
        }
    }
}

/// The whole of it, from the journal's first line to its last.
fn replace(ready: &Ready, account: &Account, desk: &mut Desk<'_>) -> Result<DeviceResult, Failed> {
    let Ready { work, old, .. } = ready;
    let begin = work.begin("rotate", Some(old.clone()), desk);
    let mut run = Run::begin(begin, desk).map_err(|cause| failed((Stage::Preflight, cause), Vec::new(), desk))?;
    if ready.replace_first {
        let removal = Removal { user: &work.user, old, stays: Stays::Another };
        if let Err(broken) = removal.deactivate(Some(&mut run.writer), account, desk) {
            return Err(not_deactivated(broken, run, desk));
        }
        run.intents.push(Undo::EnableAgain);
    }
    let added = desk.still_wanted().map_err(|cause| (Stage::Create, cause));
    let device = match added.and_then(|()| enroll::attempt(&mut run, work, account, desk)) {
        Ok(device) => device,
        Err(at) => return Err(give_back(run, at, ready, account, desk)),
    };
    // From here on only forward: both devices work, but for an old one that went first.
    let both = |(stage, cause): At, left: Vec<Left>, desk: &mut Desk<'_>| {
        let cause = if desk.interrupt.raised() { Cause::Interrupted } else { cause };
        desk.interrupt.clear();
        let new = Left::Earlier { arn: work.arn.clone() };
        let left = left.into_iter().map(|left| match left {
            Left::Kept { serial } if ready.replace_first => Left::Deactivated { serial },
            left => left,
        });
        failed((stage, cause), std::iter::once(new).chain(left).collect(), desk)
    };
    let proved = desk.still_wanted().map_err(|cause| (Stage::Proof, cause)).and_then(|()| prove(ready, desk));
    let session = proved.map_err(|at| both(at, vec![Left::Kept { serial: old.serial.clone() }], desk))?;
    let removal = Removal { user: &work.user, old, stays: Stays::This(work.arn.to_string()) };
    removal
        .carry_out(Some(&mut run.writer), session.as_ref().unwrap_or(account), desk)
        .map_err(|Broken { at, left, .. }| both(at, left, desk))?;
    if run.finish().is_err() {
        desk.tell(Notice::JournalKept);
    }
    Ok(device)
}

/// The old device was to be deactivated first, and was not.
fn not_deactivated(broken: Broken, run: Run, desk: &mut Desk<'_>) -> Failed {
    let (stage, cause) = broken.at;
    let cause = if desk.interrupt.raised() { Cause::Interrupted } else { cause };
    desk.interrupt.clear();
    let left = if broken.untouched && run.finish().is_ok() { Vec::new() } else { broken.left };
    failed((stage, cause), left, desk)
}

/// The new device could not be made: it is removed again, after the old one was enabled again where it had to go first.
fn give_back(run: Run, (stage, cause): At, ready: &Ready, account: &Account, desk: &mut Desk<'_>) -> Failed {
    let cause = if desk.interrupt.raised() { Cause::Interrupted } else { cause };
    let cause = explain_denied(cause, ready);
    if ready.replace_first {
        desk.interrupt.clear();
        if enable_again(&ready.work.user, &ready.old, account, desk).is_err() {
            let old = Left::Deactivated { serial: ready.old.serial.clone() };
            let new = Left::Unknown { arn: ready.work.arn.clone(), why: aws::Error::Interrupted };
            return failed((stage, cause), vec![old, new], desk);
        }
    }
    run.give_up((stage, cause), account, desk)
}

/// A policy that allows a user only the device of their own name does not allow a second one.
fn explain_denied(cause: Cause, ready: &Ready) -> Cause {
    match cause {
        Cause::Aws(aws::Error::Denied { call: Call::CreateVirtualMfaDevice, message, needs_mfa: false })
            if ready.is_own() =>
        {
            Cause::Refused(Refusal::NameNotAllowed { arn: ready.work.arn.clone(), message })
        }
        cause => cause,
    }
}

/// Opens a session with a code of the new device, where one can be opened. At most three codes are tried, each once.
fn prove(ready: &Ready, desk: &mut Desk<'_>) -> Result<Option<Account>, At> {
    let (ProvedBy::Session, Some(key)) = (ready.proof(), ready.work.keys.last()) else { return Ok(None) };
    let serial = ready.work.arn.to_string();
    let factor =
        Factor { serial: serial.clone(), enabled: desk.clock.now(), key: *key, name: ready.work.name.clone() };
    let proof = self_management::open_session_within(&ready.add.account, &factor, TRIES, desk);
    proof.map(Some).map_err(|cause| match cause {
        Cause::Aws(aws::Error::MfaRefused { message }) => {
            let refills = refills(desk.clock.now());
            (Stage::Proof, Cause::Refused(Refusal::NotProved { serial, message, tried: TRIES, refills }))
        }
        cause => (Stage::Proof, cause),
    })
}

/// When STS begins to count anew.
fn refills(now: SystemTime) -> SystemTime {
    let window = WINDOW.as_secs();
    UNIX_EPOCH + Duration::from_secs((unix(now) / window + 1) * window)
}
