//! Retire: a device is taken away from its user, deleted, and its credential removed from the keys that are here.
//!
//! Until it is deactivated nothing has happened; from then on only forward.

use super::announce::ANNOUNCING;
use super::context::Context;
use super::failure::{Cause, CommonRefusal, Failed, RemovalRefusal, Stage};
use super::holdings::{Holding, Holdings, holdings};
use super::record::{Record, RemovedDevice, Retiring};
use super::removal::{MustRemain, Removal, RemovalError};
use super::run::{begin_log, nothing_unfinished_for};
use super::self_management::{self, Factor};
use crate::aws::{self, Account, Call, DeviceArn, DeviceKind, MfaDevice};
use crate::journal::Writer;
use crate::keys::Serial;
use crate::person::Notice;
pub use crate::person::RemovalPlan;
use crate::totp::unix;
use crate::world::World;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetireRequest {
    pub user: String,
    /// The device: its name, its serial number, or the number of a key here that holds one.
    pub device: String,
    /// The device again, where it is the user's last one.
    pub last_factor: Option<String>,
    pub dry_run: bool,
    /// The plan is approved already.
    pub approved: bool,
}

/// What was done, or is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    pub account: String,
    pub parting: RemovalPlan,
}

impl Retiring {
    pub(super) fn removal(&self, log: &Writer) -> Removal<'_> {
        let stays = if self.last { MustRemain::Nothing } else { MustRemain::Another };
        Removal { user: &self.user, old: &self.old, stays, run: log.id().to_owned() }
    }
}

#[must_use]
pub fn retire_permissions() -> Vec<&'static str> {
    let calls =
        [Call::ListMfaDevices, Call::DeactivateMfaDevice, Call::DeleteVirtualMfaDevice, Call::ListVirtualMfaDevices];
    calls.into_iter().chain(ANNOUNCING).map(Call::permission).collect()
}

/// Retires.
///
/// # Errors
/// [`Failed`], with what is left in the world.
pub fn retire(request: &RetireRequest, world: &mut World) -> Result<Retired, Failed> {
    let (connector, mut context) = Context::plan_or_open(request.dry_run, Stage::Preflight, world)?;
    let before = |cause, context: &Context<'_>| context.fail(Stage::Preflight, cause);
    let ready = preflight(request, &connector, &mut context).map_err(|cause| before(cause, &context))?;
    context.tell(Notice::RemovalPlan(ready.parting.clone()));
    self_management::tell_wait(ready.factor.as_ref(), &mut context);
    let done = Retired { account: ready.retiring.account.clone(), parting: ready.parting };
    if request.dry_run {
        return Ok(done);
    }
    context.approve(request.approved).map_err(|cause| before(cause, &context))?;
    let account = match ready.factor {
        None => ready.account,
        Some(factor) => self_management::open_session(&ready.account, &factor, &mut context)
            .map_err(|cause| before(cause, &context))?,
    };
    carry_out(ready.retiring, &account, &mut context).map(|()| done)
}

/// What pre-flight found to be possible.
struct Preflight {
    parting: RemovalPlan,
    retiring: Retiring,
    account: Account,
    /// What IAM's self-management rule asks for a code, if it applies.
    factor: Option<Factor>,
}

fn preflight(
    request: &RetireRequest,
    connector: &aws::Connector,
    context: &mut Context<'_>,
) -> Result<Preflight, Cause> {
    let account = connector.connect()?;
    context.tell_clock();
    let caller = account.caller().clone();
    nothing_unfinished_for(&caller.account, &request.user, context)?;
    let (devices, held) = devices_and_keys(&request.user, &account, context)?;
    held.tell_unread(context);
    let device = named_device(&request.device, &devices, &held)?;
    let others: Vec<&MfaDevice> = devices.iter().filter(|other| other.serial != device.serial).collect();
    let last = others.is_empty();
    if last && request.last_factor.as_deref().is_none_or(|named| !is_called(&device.serial, named)) {
        return Err(Cause::refused(RemovalRefusal::LastFactor { serial: device.serial.clone(), without: None }));
    }
    let old = RemovedDevice::new(device, held.of(&device.serial));
    let no_session = !last && others.iter().all(|other| !opens_sessions(&other.serial));
    let parting = RemovalPlan { no_session, ..old.plan(&request.user, others.len()) };
    let factor = self_management::factor_needed(&account, &request.user, &devices, context)?;
    let retiring = Retiring {
        version: 1,
        command: "retire".to_owned(),
        started: unix(context.clock.now()),
        caller: caller.arn,
        account: caller.account,
        user: request.user.clone(),
        old,
        last,
    };
    Ok(Preflight { parting, retiring, account, factor })
}

fn carry_out(retiring: Retiring, account: &Account, context: &mut Context<'_>) -> Result<(), Failed> {
    let mut log = begin_log(retiring.started, &Record::Retire(retiring.clone()), context)
        .map_err(|cause| context.fail(Stage::Preflight, cause))?;
    let Err(RemovalError { at, left, untouched }) =
        retiring.removal(&log).carry_out(Some(&mut log), account, context)
    else {
        context.tell_if_kept(log.finish());
        return Ok(());
    };
    // Nothing has happened: there is nothing to recover either.
    let left = if untouched && log.finish().is_ok() { Vec::new() } else { left };
    Err(context.stopped(at, left))
}

/// The user's devices, and what the keys here hold of the account's.
pub(super) fn devices_and_keys(
    user: &str,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<(Vec<MfaDevice>, Holdings), Cause> {
    let devices = devices_of(user, account)?;
    Ok((devices, holdings(account.caller(), context)?))
}

pub(super) fn devices_of(user: &str, account: &Account) -> Result<Vec<MfaDevice>, Cause> {
    of_user(user, account.mfa_devices(user))
}

/// What came of asking for something of the user's.
pub(super) fn of_user<T>(user: &str, found: Result<T, aws::Error>) -> Result<T, Cause> {
    found.map_err(|cause| match cause {
        aws::Error::NotFound { .. } => Cause::refused(CommonRefusal::NoSuchUser { user: user.to_owned() }),
        cause => Cause::Aws(cause),
    })
}

/// The one device that is meant: by its name, its serial number, or a key here that holds it.
pub(super) fn named_device<'d>(
    named: &str,
    devices: &'d [MfaDevice],
    held: &Holdings,
) -> Result<&'d MfaDevice, Cause> {
    let mut meant: Vec<&MfaDevice> = devices.iter().filter(|device| is_called(&device.serial, named)).collect();
    if meant.is_empty()
        && let Ok(key) = named.parse().map(Serial)
    {
        let on_key = |held: &&Holding| held.key == key;
        let of = |device: &MfaDevice| held.of(&device.serial).any(|held| on_key(&held));
        meant = devices.iter().filter(|device| of(device)).collect();
    }
    match *meant {
        [device] => Ok(device),
        _ => {
            let devices = devices.iter().map(|device| device.serial.clone()).collect();
            let several = !meant.is_empty();
            Err(Cause::refused(CommonRefusal::WhichDevice { named: named.to_owned(), devices, several }))
        }
    }
}

/// Whether a person calls the device so: by its serial number, or by the name in it.
pub(super) fn is_called(serial: &str, named: &str) -> bool {
    let by_name = match serial.parse::<DeviceArn>() {
        Ok(arn) => arn.name() == named || arn.resource() == named,
        Err(_) => serial.rsplit('/').next() == Some(named),
    };
    serial == named || by_name
}

/// Codes open sessions; FIDO keys do not, and SMS is gone.
fn opens_sessions(serial: &str) -> bool {
    matches!(DeviceKind::of(serial), DeviceKind::Virtual | DeviceKind::HardwareTotp)
}
