//! Everything that can be known before anything is created.

use super::super::context::Context;
use super::super::naming::credential_name;
use super::super::retire::of_user;
use super::super::seed_sinks::{DeviceSinks, ValidatedSinks};
use super::super::self_management::{self, Factor};
use super::{MAX_DEVICES, Request};
use crate::aws::{self, Account, DeviceArn, Identity, Looked, MfaDevice, NewDevice, VirtualDevice};
use crate::flow::failure::{Cause, CommonRefusal, EnrollRefusal, Refusal};
use crate::flow::record::{Begin, RemovedDevice};
use crate::flow::run::{nothing_unfinished, nothing_unfinished_for};
use crate::keys::{self, Serial};
use crate::oath::{self, Credential, Name, Version};
use crate::person::{Plan, PlannedDevice};
use crate::totp::unix;
use std::collections::BTreeMap;
use std::time::SystemTime;

/// One device and where its seed goes.
pub(in crate::flow) struct DevicePlan {
    pub(in crate::flow) user: String,
    pub(in crate::flow) caller: String,
    pub(in crate::flow) arn: DeviceArn,
    pub(in crate::flow) new: NewDevice,
    pub(in crate::flow) name: Name,
    pub(in crate::flow) keys: Vec<Serial>,
    pub(in crate::flow) phone: bool,
    pub(in crate::flow) touch: bool,
    pub(in crate::flow) beside: DeviceSinks,
    /// When IAM was seen to have no unassigned device of this name. `None`: who asks may not list them.
    pub(in crate::flow) seen_free: Option<SystemTime>,
}

/// What was found to be possible.
pub(in crate::flow) struct Checked {
    pub(in crate::flow) plan: Plan,
    pub(in crate::flow) work: Vec<DevicePlan>,
    /// What IAM's self-management rule asks for a code, if it applies.
    pub(in crate::flow) factor: Option<Factor>,
}

/// A key as pre-flight found it.
struct KeyContents {
    key: Serial,
    model: String,
    firmware: Version,
    capacity: usize,
    credentials: Vec<Credential>,
}

/// What was looked at before anything was decided.
pub(in crate::flow) struct Observed {
    keys: Vec<KeyContents>,
    pub(in crate::flow) user: String,
    pub(in crate::flow) devices: Vec<MfaDevice>,
    /// Virtual devices that are nobody's; `None`: who asks may not list them.
    unassigned: Option<Vec<VirtualDevice>>,
}

/// Looks at the places, the caller, and the user's devices.
pub(in crate::flow) fn read(
    request: &Request,
    connector: &aws::Connector,
    context: &mut Context<'_>,
) -> Result<(Account, ValidatedSinks, Observed), Cause> {
    if request.phone && !context.person.is_there() {
        return Err(Cause::Sink(crate::sink::Error::NobodyToAsk));
    }
    let usable = request.places.usable(context)?;
    let reaching = connector.reach_meanwhile();
    let keys = find_keys(&request.keys, context)?;
    let mut account = reaching.account()?;
    let named = request.user.as_deref().filter(|user| aws::check_name(user));
    let looked = match named {
        Some(user) => account.identify_and_look(user).map(Some),
        None => account.identify().map(|()| None),
    };
    let looked = looked?;
    context.tell_clock();
    let seen = seen(request, keys, looked, &account, context)?;
    Ok((account, usable, seen))
}

/// As [`read`], for one of many users: the account is connected, and the places have been tried out.
pub(in crate::flow) fn read_on(
    request: &Request,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Observed, Cause> {
    let keys = find_keys(&request.keys, context)?;
    seen(request, keys, None, account, context)
}

/// The user no earlier run is unfinished for, and the devices there are. `looked`: what came of asking already.
fn seen(
    request: &Request,
    keys: Vec<KeyContents>,
    looked: Option<Looked>,
    account: &Account,
    context: &Context<'_>,
) -> Result<Observed, Cause> {
    let user = target_user(request, account.caller())?;
    nothing_unfinished_for(&account.caller().account, &user, context)?;
    let Looked { devices, unassigned } = match looked {
        Some(looked) => looked,
        None => account.read(&user)?,
    };
    let devices = of_user(&user, devices)?;
    let unassigned = match unassigned {
        Ok(unassigned) => Some(unassigned),
        Err(aws::Error::Denied { .. }) => None,
        Err(cause) => return Err(Cause::Aws(cause)),
    };
    Ok(Observed { keys, user, devices, unassigned })
}

/// Decides whether it can be done on an account, when `leaving` of the user's devices go first.
pub(in crate::flow) fn check(
    request: &Request,
    usable: &ValidatedSinks,
    seen: &Observed,
    (account, leaving): (&Account, usize),
    context: &mut Context<'_>,
) -> Result<Checked, Cause> {
    let Observed { keys, user, devices, unassigned } = seen;
    let mut work = compose(request, user, usable, account)?;
    for device in &work {
        // First: what an earlier run left on a key is for recovery, not for deleting by hand.
        nothing_unfinished(context, |run| run.making == Some(&device.arn))?;
    }
    // Before the keys: a credential of this name may be the user's live factor, and then that is what to say.
    check_devices(&work, devices, leaving)?;
    for device in &work {
        check_keys(device, keys).map_err(|cause| in_use_or(cause, device, account))?;
    }
    look_for_names(&mut work, unassigned.as_deref(), context.clock.now())?;
    let plan = plan(&work, keys, devices, account);
    let factor = self_management::factor_needed(account, user, devices, context)?;
    Ok(Checked { plan, work, factor })
}

impl DevicePlan {
    /// Whether a place proves the seed by a code before the device is enabled.
    pub(in crate::flow) fn is_proved(&self) -> bool {
        !self.keys.is_empty() || self.phone || self.beside.code.is_some()
    }

    /// The first record of its run.
    pub(in crate::flow) fn begin(
        &self,
        command: &str,
        replaces: Option<RemovedDevice>,
        context: &Context<'_>,
    ) -> Begin {
        Begin {
            version: 1,
            command: command.to_owned(),
            started: unix(context.clock.now()),
            caller: self.caller.clone(),
            user: self.user.clone(),
            arn: self.arn.clone(),
            credential: self.name.id().to_owned(),
            keys: self.keys.clone(),
            touch: self.touch,
            phone: self.phone,
            escrow: self.beside.escrow_path(),
            program: self.beside.program(),
            replaces,
            root: false,
            roster: context.journal.is_held(),
        }
    }
}

fn find_keys(wanted: &[Serial], context: &mut Context<'_>) -> Result<Vec<KeyContents>, Cause> {
    let mut read = |key: &Serial| {
        let (found, card) = keys::open(context.keys.ports(), Some(*key))?;
        drop(card);
        let mut session = context.keys.session(*key, context.person)?;
        let credentials = session.list().map_err(Cause::oath(*key))?;
        let (model, info) = (found.device.model, session.info());
        Ok(KeyContents { key: *key, model, firmware: info.version, capacity: info.capacity, credentials })
    };
    wanted.iter().map(&mut read).collect()
}

fn target_user(request: &Request, caller: &aws::Caller) -> Result<String, Cause> {
    let user = match (&request.user, &caller.identity) {
        (Some(user), _) => user.clone(),
        (None, Identity::User(user)) => user.clone(),
        (None, Identity::Root) => return Err(Cause::refused(EnrollRefusal::RootCaller)),
        (None, _) => return Err(Cause::refused(CommonRefusal::NameTheUser { caller: caller.arn.clone() })),
    };
    if aws::check_name(&user) {
        Ok(user)
    } else {
        Err(Cause::refused(CommonRefusal::BadValue { what: "user name", value: user }))
    }
}

/// One device for all sinks, or one a key.
fn compose(
    request: &Request,
    user: &str,
    usable: &ValidatedSinks,
    account: &Account,
) -> Result<Vec<DevicePlan>, Cause> {
    let bad = |what, value: &str| Cause::refused(CommonRefusal::BadValue { what, value: value.to_owned() });
    let base = request.device_name.clone().unwrap_or_else(|| user.to_owned());
    let path = request.path.clone().unwrap_or_else(|| "/".to_owned());
    if !aws::check_name(&base) {
        return Err(bad("device name", &base));
    }
    if !aws::check_path(&path) {
        return Err(bad("path", &path));
    }
    let caller = account.caller();
    let device = |name: String, keys: Vec<Serial>, phone| {
        let arn = DeviceArn::new(&caller.partition, &caller.account, &path, &name);
        let name = credential_name(&arn).map_err(|cause| match cause {
            oath::Error::BadName { bytes } => Cause::refused(EnrollRefusal::NameTooLong {
                name: format!("AWS:{}/{}", arn.account(), arn.resource()),
                bytes,
            }),
            _ => bad("device name", arn.name()),
        })?;
        let new = NewDevice { name: arn.name().to_owned(), path: path.clone(), tags: request.tags.clone() };
        let (user, caller) = (user.to_owned(), caller.arn.clone());
        let (touch, beside) = (request.touch, usable.of(&arn)?);
        Ok(DevicePlan { user, caller, arn, new, name, keys, phone, touch, beside, seen_free: None })
    };
    // Without keys there is nothing to keep apart.
    if request.separate && !request.keys.is_empty() {
        let each = request.keys.iter().map(|key| device(format!("{base}-{key}"), vec![*key], false));
        each.chain(request.phone.then(|| device(format!("{base}-phone"), Vec::new(), true))).collect()
    } else {
        Ok(vec![device(base, request.keys.clone(), request.phone)?])
    }
}

fn check_keys(device: &DevicePlan, keys: &[KeyContents]) -> Result<(), Cause> {
    let mut own = keys.iter().filter(|found| device.keys.contains(&found.key));
    own.try_for_each(|found| check_key(found, &device.name, device.touch))
}

/// Where a key holds a credential of this name whose device somebody uses, that is what to say, and not how to delete it.
fn in_use_or(cause: Cause, device: &DevicePlan, account: &Account) -> Cause {
    if !matches!(&cause, Cause::Refused(Refusal::Enroll(EnrollRefusal::CredentialThere { .. }))) {
        return cause;
    }
    match account.virtual_device(&device.arn) {
        Ok(Some(VirtualDevice { user: Some(user), .. })) => {
            Cause::refused(EnrollRefusal::NameTaken { arn: device.arn.clone(), user: Some(user) })
        }
        _ => cause,
    }
}

fn check_key(found: &KeyContents, name: &Name, touch: bool) -> Result<(), Cause> {
    let key = found.key;
    if found.credentials.iter().any(|credential| credential.name == *name) {
        return Err(Cause::refused(EnrollRefusal::CredentialThere { key, name: name.clone() }));
    }
    if found.credentials.len() >= found.capacity {
        return Err(Cause::refused(EnrollRefusal::KeyFull { key, capacity: found.capacity }));
    }
    if touch && found.firmware < oath::TOUCH_SINCE {
        let cause = oath::Error::Unsupported { what: "touch", since: oath::TOUCH_SINCE };
        return Err(Cause::oath(key)(cause));
    }
    Ok(())
}

/// Whether these keys are here and can take a credential of this name.
pub(in crate::flow) fn keys_can_take(
    keys: &[Serial],
    name: &Name,
    touch: bool,
    context: &mut Context<'_>,
) -> Result<(), Cause> {
    find_keys(keys, context)?.iter().try_for_each(|found| check_key(found, name, touch))
}

fn check_devices(work: &[DevicePlan], devices: &[MfaDevice], leaving: usize) -> Result<(), Cause> {
    if devices.len() + work.len() > MAX_DEVICES + leaving {
        return Err(Cause::refused(EnrollRefusal::TooManyDevices { used: devices.len(), wanted: work.len() }));
    }
    for device in work {
        if devices.iter().any(|there| there.serial == device.arn.to_string()) {
            let user = Some(device.user.clone());
            return Err(Cause::refused(EnrollRefusal::NameTaken { arn: device.arn.clone(), user }));
        }
    }
    Ok(())
}

/// Should the reply to CreateVirtualMFADevice be lost, a device of the name that is nobody's is the run's own to delete only
/// where none was there before.
fn look_for_names(
    work: &mut [DevicePlan],
    unassigned: Option<&[VirtualDevice]>,
    now: SystemTime,
) -> Result<(), Cause> {
    let Some(unassigned) = unassigned else { return Ok(()) };
    for device in work {
        let serial = device.arn.to_string();
        if unassigned.iter().any(|there| there.serial == serial) {
            return Err(Cause::refused(EnrollRefusal::NameTaken { arn: device.arn.clone(), user: None }));
        }
        device.seen_free = Some(now);
    }
    Ok(())
}

fn plan(work: &[DevicePlan], keys: &[KeyContents], devices: &[MfaDevice], account: &Account) -> Plan {
    let models: BTreeMap<_, _> = keys.iter().map(|found| (found.key, found.model.as_str())).collect();
    let named = |key: &Serial| (*key, models.get(key).copied().unwrap_or_default().to_owned());
    Plan {
        account: account.caller().account.clone(),
        caller: account.caller().arn.clone(),
        user: work.first().map(|device| device.user.clone()).unwrap_or_default(),
        used: devices.len(),
        shared_seed: work.iter().any(|device| device.keys.len() + usize::from(device.phone) > 1),
        devices: work
            .iter()
            .map(|device| PlannedDevice {
                arn: device.arn.clone(),
                credential: device.name.id().to_owned(),
                keys: device.keys.iter().map(named).collect(),
                phone: device.phone,
                touch: device.touch,
                escrow: device.beside.escrow_path().map(|path| (path, device.beside.recipients())),
                command: device.beside.program(),
                code: device.beside.code_program(),
            })
            .collect(),
    }
}
