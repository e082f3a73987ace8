//! Devices: every MFA device of a user or of the account, and which attached key holds it.
//!
//! Changes nothing. A key is *believed* to hold a device when it has a credential of its name; it is *proved* to when
//! STS has taken a code from it in this very run. Nothing that was recorded earlier counts as proof: a credential of
//! the same name may have been put there since.

use super::context::Context;
use super::failure::{Cause, CommonRefusal, Failed, Stage};
use super::holdings::{Holdings, holdings};
use super::record::Record;
use super::retire::of_user;
use super::self_management::{Factor, open_session};
use crate::aws::{self, Account, Assignment, Call, DeviceKind, Identity, MfaDevice, VirtualDevice};
use crate::keys::{self, Serial};
use crate::totp::unix_or_null;
use crate::unlock;
use crate::world::World;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DevicesRequest {
    /// The user; the caller when not named.
    pub user: Option<String>,
    pub all: bool,
    /// Have STS take a code of each device of the caller's that an attached key is believed to hold.
    pub prove: bool,
}

#[derive(Debug)]
pub struct Inventory {
    pub account: String,
    pub devices: Vec<Device>,
    /// Virtual devices that are nobody's; `None` where only one user's devices were asked for, or it could not be seen.
    pub orphans: Option<Vec<Orphan>>,
    /// What could not be looked at, so that nobody takes the list for whole.
    pub unseen: Vec<Unseen>,
}

/// A device that is enabled.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Device {
    /// The serial number: an ARN for all but SMS and hardware tokens.
    pub serial: String,
    /// The kind, read from the serial number.
    pub kind: DeviceKind,
    /// The user; null for the root user.
    pub user: Option<String>,
    /// When it was enabled, in seconds since the Unix epoch; null where AWS does not say.
    #[serde(serialize_with = "unix_or_null")]
    #[schemars(with = "Option<u64>")]
    pub enabled: Option<SystemTime>,
    /// For a FIDO device: certification scheme to level, such as `"FIDO":"L1"`. Null where there is none, or AWS does not say.
    pub certifications: Option<BTreeMap<String, String>>,
    /// The attached keys that hold the device's seed.
    pub held: Vec<Held>,
}

/// A virtual device that is nobody's.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "UnassignedDevice")]
pub struct Orphan {
    /// The serial number, an ARN.
    pub serial: String,
    /// When the unfinished run of this machine that made it began, in seconds since the Unix epoch. Null where there is no
    /// such run: AWS does not report the age of a device that is not enabled.
    #[serde(serialize_with = "unix_or_null")]
    #[schemars(with = "Option<u64>")]
    pub unfinished_since: Option<SystemTime>,
    /// The attached keys that hold the device's seed, so that it can still be enabled.
    pub held: Vec<Held>,
}

/// A credential on an attached key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Held {
    /// The key's serial number.
    pub key: Serial,
    /// The credential's name on the key.
    pub credential: String,
    /// How that is known. `proved` and `refused` come with `--prove`, for the caller's own devices and a long-term access
    /// key.
    pub proof: Proof,
}

/// How it is known that a key holds a device's seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The key has a credential of the device's name; no code was tried.
    Believed,
    /// STS has just taken its code.
    Proved,
    /// STS has just refused its code.
    Refused,
}

/// What could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum Unseen {
    #[error("no reader could be asked")]
    Keys {
        #[source]
        why: keys::Error,
    },
    #[error("YubiKey {key} could not be read")]
    Key {
        key: Serial,
        #[source]
        why: unlock::Error,
    },
    /// A card that does not even tell which key it is, if it is one.
    #[error("the card in \"{reader}\" could not be read")]
    Reader {
        reader: String,
        #[source]
        why: keys::Error,
    },
    #[error("{call} was refused")]
    Call {
        call: Call,
        #[source]
        why: aws::Error,
    },
    /// FIDO devices of the root user are shown to root only.
    #[error("FIDO devices of the root user are shown to root only")]
    RootsFido,
    #[error("a proof needs the user's own long-term access key")]
    Proof,
}

/// Looks.
///
/// # Errors
/// [`Failed`]; nothing was changed.
pub fn devices(request: &DevicesRequest, world: &mut World) -> Result<Inventory, Failed> {
    let (connector, mut context) = Context::look(Stage::Preflight, world)?;
    read(request, &connector, &mut context).map_err(|cause| {
        let cause = context.interrupted_or(cause);
        context.fail(Stage::Preflight, cause)
    })
}

fn read(request: &DevicesRequest, connector: &aws::Connector, context: &mut Context<'_>) -> Result<Inventory, Cause> {
    let account = connector.connect()?;
    context.tell_clock();
    let mut unseen = Vec::new();
    let (listed, virtual_devices) = if request.all {
        everybody(&account, &mut unseen, context)?
    } else {
        (one_user(request.user.as_deref(), &account)?, None)
    };
    let holdings = match holdings(account.caller(), context) {
        // Without a reader the list is as good; only what the keys hold is not known.
        Err(Cause::Keys(why)) => {
            unseen.push(Unseen::Keys { why });
            Holdings::default()
        }
        holdings => holdings?,
    };
    let mut devices: Vec<Device> = listed.into_iter().map(|found| device(found, &holdings)).collect();
    certify(&mut devices, &account, &mut unseen)?;
    let orphans = match virtual_devices {
        Some(all) => Some(orphans(&all, &holdings, context)?),
        None => None,
    };
    if request.prove {
        prove(&mut devices, &account, &holdings, &mut unseen, context)?;
    }
    unseen.extend(holdings.unread.into_iter().map(|(key, why)| Unseen::Key { key, why }));
    unseen.extend(holdings.unknown.into_iter().map(|(reader, why)| Unseen::Reader { reader, why }));
    Ok(Inventory { account: account.caller().account.clone(), devices, orphans, unseen })
}

/// A device, and whose it is.
type Listed = (Option<String>, String, Option<SystemTime>);

fn one_user(named: Option<&str>, account: &Account) -> Result<Vec<Listed>, Cause> {
    let (user, devices) = match (named, &account.caller().identity) {
        (Some(user), _) => (Some(user.to_owned()), account.mfa_devices(user)),
        (None, Identity::User(user)) => (Some(user.clone()), account.mfa_devices(user)),
        (None, Identity::Root) => (None, account.own_mfa_devices()),
        (None, Identity::Other) => {
            return Err(Cause::refused(CommonRefusal::NameTheUser { caller: account.caller().arn.clone() }));
        }
    };
    let devices = match &user {
        Some(user) => of_user(user, devices)?,
        None => devices?,
    };
    Ok(of(user.as_deref(), devices).collect())
}

fn of(user: Option<&str>, devices: Vec<MfaDevice>) -> impl Iterator<Item = Listed> + use<'_> {
    devices.into_iter().map(move |device| (user.map(str::to_owned), device.serial, Some(device.enabled)))
}

/// Every user's devices, root's as far as they can be seen, and the list of virtual devices where it may be read.
fn everybody(
    account: &Account,
    unseen: &mut Vec<Unseen>,
    context: &Context<'_>,
) -> Result<(Vec<Listed>, Option<Vec<VirtualDevice>>), Cause> {
    let mut found: Vec<Listed> = Vec::new();
    for user in unless_denied(account.users(), Call::ListUsers, unseen)?.unwrap_or_default() {
        context.go_on()?;
        match account.mfa_devices(&user.name) {
            Ok(devices) => found.extend(of(Some(&user.name), devices)),
            // Deleted since.
            Err(aws::Error::NotFound { .. }) => {}
            Err(why @ aws::Error::Denied { .. }) => {
                unseen.push(Unseen::Call { call: Call::ListMfaDevices, why });
                break;
            }
            Err(cause) => return Err(Cause::Aws(cause)),
        }
    }
    if account.caller().identity == Identity::Root {
        found.extend(of(None, account.own_mfa_devices()?));
    } else {
        unseen.push(Unseen::RootsFido);
    }
    let all = account.virtual_devices(Assignment::Any, |_| false);
    let all = unless_denied(all, Call::ListVirtualMfaDevices, unseen)?;
    let known: BTreeSet<String> = found.iter().map(|(_, serial, _)| serial.clone()).collect();
    for device in all.iter().flatten().filter(|device| !known.contains(&device.serial)) {
        if let Some(caller) = device.user.as_ref().and_then(|user| user.parse::<aws::Caller>().ok()) {
            let user = match caller.identity {
                Identity::User(user) => Some(user),
                _ => None,
            };
            found.push((user, device.serial.clone(), device.enabled));
        }
    }
    found.sort();
    Ok((found, all))
}

fn unless_denied<T>(
    outcome: Result<T, aws::Error>,
    call: Call,
    unseen: &mut Vec<Unseen>,
) -> Result<Option<T>, Cause> {
    match outcome {
        Ok(answer) => Ok(Some(answer)),
        Err(why @ aws::Error::Denied { .. }) => {
            unseen.push(Unseen::Call { call, why });
            Ok(None)
        }
        Err(cause) => Err(Cause::Aws(cause)),
    }
}

fn device((user, serial, enabled): Listed, holdings: &Holdings) -> Device {
    let held = believed(holdings, &serial);
    Device { kind: DeviceKind::of(&serial), serial, user, enabled, certifications: None, held }
}

fn believed(holdings: &Holdings, serial: &str) -> Vec<Held> {
    let held = holdings.of(serial);
    held.map(|it| Held { key: it.key, credential: it.name.id().to_owned(), proof: Proof::Believed }).collect()
}

/// Asks for each FIDO device, until that is denied: it would be for the next one too.
fn certify(devices: &mut [Device], account: &Account, unseen: &mut Vec<Unseen>) -> Result<(), Cause> {
    for device in devices.iter_mut().filter(|it| matches!(it.kind, DeviceKind::Fido | DeviceKind::RootFido)) {
        match account.certifications(device.user.as_deref(), &device.serial) {
            Ok(certifications) => device.certifications = Some(certifications),
            Err(aws::Error::NotFound { .. }) => {}
            Err(why @ aws::Error::Denied { .. }) => {
                unseen.push(Unseen::Call { call: Call::GetMfaDevice, why });
                break;
            }
            Err(cause) => return Err(Cause::Aws(cause)),
        }
    }
    Ok(())
}

fn orphans(all: &[VirtualDevice], holdings: &Holdings, context: &Context<'_>) -> Result<Vec<Orphan>, Cause> {
    let mut begun = BTreeMap::new();
    for run in context.journal.unfinished::<Record>()? {
        if let Some(Record::Begin(begin)) = run.entries.first() {
            begun.insert(begin.arn.to_string(), UNIX_EPOCH + Duration::from_secs(begin.started));
        }
    }
    let nobodys = all.iter().filter(|device| device.user.is_none());
    let orphan = |device: &VirtualDevice| Orphan {
        serial: device.serial.clone(),
        unfinished_since: begun.get(&device.serial).copied(),
        held: believed(holdings, &device.serial),
    };
    Ok(nobodys.map(orphan).collect())
}

/// Has STS take one code of each device of the caller's. Both answers are answers; only what is neither ends it.
fn prove(
    devices: &mut [Device],
    account: &Account,
    holdings: &Holdings,
    unseen: &mut Vec<Unseen>,
    context: &mut Context<'_>,
) -> Result<(), Cause> {
    let Identity::User(caller) = &account.caller().identity else {
        unseen.push(Unseen::Proof);
        return Ok(());
    };
    if !account.uses_long_term_key() || devices.iter().any(|device| device.user.as_ref() != Some(caller)) {
        unseen.push(Unseen::Proof);
    }
    if !account.uses_long_term_key() {
        return Ok(());
    }
    for device in devices.iter_mut().filter(|device| device.user.as_ref() == Some(caller)) {
        let enabled = device.enabled.unwrap_or(UNIX_EPOCH);
        for (holding, held) in holdings.of(&device.serial).zip(&mut device.held) {
            let factor =
                Factor { serial: device.serial.clone(), enabled, key: holding.key, name: holding.name.clone() };
            // What STS has not opened opens nothing.
            let opened = open_session(account, &factor, context).and_then(|mut session| match session.identify() {
                Err(aws::Error::UnknownCredentials) => {
                    Err(aws::Error::Malformed { call: Call::GetSessionToken }.into())
                }
                identified => Ok(identified?),
            });
            held.proof = match opened {
                Ok(()) => Proof::Proved,
                Err(Cause::Aws(aws::Error::MfaRefused { .. })) => Proof::Refused,
                Err(cause) => return Err(cause),
            };
        }
    }
    Ok(())
}
