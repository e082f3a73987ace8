//! Session: temporary credentials, opened with a code that a key computed.
//!
//! What is open already is taken from memory. Of several callers at once one opens it, and the others get the same.

mod kept;
mod role;
mod shared;

pub use kept::Session;

use super::context::Context;
use super::holdings::{Holding, holdings_of, holdings_until};
use super::self_management::{Choice, Factor, with_code};
use crate::aws::{self, Account, DeviceArn, MfaDevice, Role};
use crate::flow::failure::{Cause, Failed, SessionRefusal, Stage};
use crate::keys::Serial;
use crate::person::Notice;
use crate::platform::{Keyring, NoKeyring};
use crate::unlock;
use crate::world::World;
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use shared::{Turn, take_turn};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRequest {
    /// The device, by its serial number or name; one that a key here holds when not named.
    pub device: Option<String>,
    /// The key; any that holds a device when not named.
    pub key: Option<Serial>,
    /// A role to assume instead of a session of the caller's own.
    pub role: Option<Role>,
    pub duration: Duration,
    /// Take it from memory and keep it there.
    pub kept: bool,
    pub no_touch: bool,
    /// Where the present code has been sent already, say so instead of waiting for the next.
    pub no_wait: bool,
}

/// Where a session came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Opened now, with a code from a key.
    Key,
    /// It was open already.
    Memory,
    /// Another glasskey opened it just now.
    Another,
}

/// Opens a session, or finds the one that is open.
///
/// # Errors
/// [`Failed`], with nothing left. A code that was sent is spent.
pub fn session(request: &SessionRequest, world: &mut World) -> Result<(Session, Source), Failed> {
    let state = world.state.clone();
    let (connector, mut context) = Context::open(Stage::Preflight, world)?;
    context.no_touch = request.no_touch;
    context.no_wait = request.no_wait;
    let opened = connector.reach().map_err(Cause::Aws).and_then(|mut account| {
        if let Some(role) = &request.role {
            role::check_duration(role, request.duration, &account)?;
        }
        match &request.role {
            Some(role) if request.kept && account.uses_long_term_key() => {
                role::find_or_assume(request, role, &mut account, &state, &mut context)
            }
            _ if request.kept => find_or_open(request, &mut account, &state, &mut context),
            _ => open(request, &mut account, &mut context),
        }
    });
    opened.map_err(|cause| {
        let cause = context.interrupted_or(cause);
        context.fail(Stage::Preflight, cause)
    })
}

/// Drops from memory every session that was opened with the caller's access key, or with the one that opened the caller's
/// own session, and says how many there were, and how many of other access keys stay.
///
/// # Errors
/// [`Failed`], with the sessions still there.
pub fn forget_sessions(world: &mut World) -> Result<Result<Forgotten, NoKeyring>, Failed> {
    let account = world.aws.reach().map_err(|cause| Failed {
        stage: Stage::Preflight,
        cause: Cause::Aws(cause),
        left: Vec::new(),
        ahead: None,
    })?;
    Ok(Keyring::open().and_then(|keyring| {
        let mut forgotten = Forgotten::default();
        for names in of_one_access_key(&kept(&keyring)?, names_of(account.access_key_id())) {
            forgotten.sessions += keyring.remove_all(&names)?;
        }
        forgotten.others = keyring.names(NAMES)?.len();
        Ok(forgotten)
    }))
}

/// What `forget_sessions` did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Sessions that were kept, and are not any more.
    pub sessions: usize,
    /// Sessions of other access keys, which stay.
    pub others: usize,
}

/// Each kept session: how the names begin of all that was opened with what opened it, and of all that it opened itself.
fn kept(keyring: &Keyring) -> Result<Vec<(String, String)>, NoKeyring> {
    let mut kept = Vec::new();
    for name in keyring.names(NAMES)? {
        let text = keyring.get(&name)?;
        let session = text.and_then(|text| Session::read(&text, &name));
        if let (Some(session), Some((opener, _))) = (session, name.rsplit_once(':')) {
            kept.push((format!("{opener}:"), names_of(&session.credentials.access_key_id)));
        }
    }
    Ok(kept)
}

/// How the names begin of all that comes of the access key which opened these: a session may have opened others.
fn of_one_access_key(kept: &[(String, String)], mut first: String) -> Vec<String> {
    for _ in kept {
        match kept.iter().find(|(_, own)| *own == first) {
            Some((opener, _)) => first.clone_from(opener),
            None => break,
        }
    }
    let mut all = vec![first];
    for _ in kept {
        let opened = kept.iter().filter(|(opener, own)| all.contains(opener) && !all.contains(own));
        let opened: Vec<String> = opened.map(|(_, own)| own.clone()).collect();
        all.extend(opened);
    }
    all
}

/// From memory; or opened by whoever is first, while the others wait for it.
fn find_or_open(
    request: &SessionRequest,
    account: &mut Account,
    state: &Path,
    context: &mut Context<'_>,
) -> Result<(Session, Source), Cause> {
    let name = name(request, account);
    find_or(&name, "session", state, context, |context| open(request, account, context))
}

/// What is kept as `name`; or opened by `open`, in this process or in another that is at it. `turns` names the files
/// by which processes take turns.
fn find_or(
    name: &str,
    turns: &str,
    state: &Path,
    context: &mut Context<'_>,
    open: impl FnOnce(&mut Context<'_>) -> Result<(Session, Source), Cause>,
) -> Result<(Session, Source), Cause> {
    let keyring = match Keyring::open() {
        Ok(keyring) => Some(keyring),
        Err(why) => {
            context.tell(Notice::NotKept(why));
            None
        }
    };
    let find = |context: &mut Context<'_>| match keyring.as_ref().map(|keyring| keyring.get(name)) {
        None | Some(Ok(None)) => None,
        Some(Ok(Some(text))) => Session::read(&text, name).filter(|found| found.is_fresh(context.clock.host_now())),
        Some(Err(why)) => {
            context.tell(Notice::NotKept(why));
            None
        }
    };
    if let Some(found) = find(context) {
        return Ok((found, Source::Memory));
    }
    let shown = match take_turn(state, turns, name, context)? {
        Turn::Given(session) => return Ok((session, Source::Another)),
        Turn::Ours(shown) => shown,
    };
    // Whoever held the turn before may have opened it.
    if let Some(found) = find(context) {
        return Ok((found, Source::Memory));
    }
    let (session, source) = open(context)?;
    let text = session.write(name);
    if let Some(keyring) = &keyring {
        let left = session.credentials.expires.duration_since(context.clock.now()).unwrap_or_default();
        if let Err(why) = keyring.put(name, text.as_bytes(), left) {
            context.tell(Notice::NotKept(why));
        }
    }
    shown.give(text.as_bytes());
    Ok((session, source))
}

/// How the names begin under which the sessions of an access key are kept.
const NAMES: &str = "glasskey:session:";

fn names_of(access_key_id: &str) -> String {
    let hash = HEXLOWER.encode(&Sha256::digest(access_key_id));
    format!("{NAMES}{hash}:")
}

/// What a session is kept under: everything that decides what it is. An access key id is one principal's alone, so no
/// account and no user ever finds another's.
fn name(request: &SessionRequest, account: &Account) -> String {
    let role = request.role.as_ref();
    let parts = [
        account.access_key_id().to_owned(),
        account.region(),
        request.device.clone().unwrap_or_default(),
        request.key.map_or_else(String::new, |key| key.to_string()),
        role.map_or_else(String::new, |role| role.arn.clone()),
        role.map_or_else(String::new, |role| role.session_name.clone()),
        role.and_then(|role| role.external_id.clone()).unwrap_or_default(),
        role.and_then(|role| role.policy.clone()).unwrap_or_default(),
        request.duration.as_secs().to_string(),
    ];
    let mut hash = Sha256::new();
    for part in parts.iter().chain(&account.own_endpoints()) {
        // Each with its length: no two lists of parts run together to the same bytes.
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    names_of(account.access_key_id()) + &HEXLOWER.encode(&hash.finalize())
}

fn open(
    request: &SessionRequest,
    account: &mut Account,
    context: &mut Context<'_>,
) -> Result<(Session, Source), Cause> {
    if request.role.is_none() && !account.uses_long_term_key() {
        return Err(Cause::refused(SessionRefusal::SessionOfSession));
    }
    let factor = match find(request, account, context)? {
        Some(factor) => factor,
        None => {
            account.identify()?;
            context.tell_clock();
            find_unlisted(request, account, context)?
        }
    };
    let (serial, duration) = (&factor.serial, request.duration);
    let credentials = with_code(&factor, context, |code| match &request.role {
        Some(role) => account.role_credentials(role, Some((serial, code)), duration),
        None => account.mfa_credentials(serial, code, duration),
    })?;
    context.tell(Notice::SessionOpened { serial: serial.clone(), key: factor.key });
    Ok((Session::new(credentials, factor.serial, factor.key, duration, &context.clock), Source::Key))
}

/// The device and the key that holds it. One call of IAM tells the devices and AWS's time. `None`: that is not allowed.
pub(super) fn find(
    request: &SessionRequest,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Option<Factor>, Cause> {
    match account.own_mfa_devices() {
        Ok(devices) => {
            context.tell_clock();
            listed(request, &devices, context).map(Some)
        }
        Err(aws::Error::Denied { .. } | aws::Error::Invalid { .. }) => Ok(None),
        Err(cause) => Err(Cause::Aws(cause)),
    }
}

fn listed(request: &SessionRequest, devices: &[MfaDevice], context: &mut Context<'_>) -> Result<Factor, Cause> {
    let all = || devices.iter().map(|device| device.serial.clone()).collect::<Vec<_>>();
    if devices.is_empty() {
        return Err(Cause::refused(SessionRefusal::NoDevice));
    }
    let wanted: Vec<&MfaDevice> = devices.iter().filter(|device| is_wanted(request, &device.serial)).collect();
    if wanted.is_empty() {
        let device = request.device.clone().unwrap_or_default();
        return Err(Cause::refused(SessionRefusal::NoSuchDevice { device, devices: all() }));
    }
    let arns = wanted.iter().filter_map(|device| device.serial.parse::<DeviceArn>().ok());
    let account = arns.map(|arn| (arn.partition().to_owned(), arn.account().to_owned())).next();
    let choice = Choice::among(wanted.iter().copied(), context);
    let (held, unread) = match account {
        Some((partition, account)) => read(request, &partition, &account, context, |held| choice.is_due(held))?,
        // Hardware tokens and FIDO devices alone: no OATH credential is one of them.
        None => (Vec::new(), None),
    };
    choice
        .of(held)
        .ok_or_else(|| nowhere(request, wanted.iter().map(|device| device.serial.clone()).collect(), unread))
}

/// Without IAM's list, for a caller who is known: the device that is named, the only one of the account here, or the one called as the user is.
pub(super) fn find_unlisted(
    request: &SessionRequest,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Factor, Cause> {
    let caller = account.caller();
    let (held, unread) = read(request, &caller.partition, &caller.account, context, |_| false)?;
    let mut held: Vec<Holding> =
        held.into_iter().filter(|held| is_wanted(request, &held.device.to_string())).collect();
    if let aws::Identity::User(user) = &caller.identity
        && held.iter().any(|held| held.device.name() == user)
    {
        held.retain(|held| held.device.name() == user);
    }
    let mut devices: Vec<String> = held.iter().map(|held| held.device.to_string()).collect();
    devices.dedup();
    match (devices.len(), held.into_iter().next()) {
        (1, Some(Holding { key, name, device })) => {
            Ok(Factor { serial: device.to_string(), enabled: UNIX_EPOCH, key, name })
        }
        (0, _) | (_, None) => Err(nowhere(request, Vec::new(), unread)),
        _ => Err(Cause::refused(SessionRefusal::NameTheDevice { devices })),
    }
}

fn is_wanted(request: &SessionRequest, serial: &str) -> bool {
    let name = serial.rsplit('/').next().unwrap_or(serial);
    request.device.as_deref().is_none_or(|wanted| wanted == serial || wanted == name)
}

/// A key that could not be read may be the one: then why it could not is what to say.
fn nowhere(request: &SessionRequest, devices: Vec<String>, unread: Option<unlock::Error>) -> Cause {
    match unread {
        Some(cause) => Cause::Sink(cause.into()),
        None => Cause::refused(SessionRefusal::NoKeyHolds { devices, key: request.key }),
    }
}

/// What the keys hold of an account, and why one could not be read. A key that is named is the only one looked at.
fn read(
    request: &SessionRequest,
    partition: &str,
    account: &str,
    context: &mut Context<'_>,
    enough: impl Fn(&Holding) -> bool,
) -> Result<(Vec<Holding>, Option<unlock::Error>), Cause> {
    let Some(key) = request.key else {
        let caller = aws::Caller {
            partition: partition.to_owned(),
            account: account.to_owned(),
            arn: String::new(),
            identity: aws::Identity::Other,
        };
        let all = holdings_until(&caller, context, enough)?;
        return Ok((all.held, all.unread.into_iter().next().map(|(_, cause)| cause)));
    };
    Ok((holdings_of(key, partition, account, context)?, None))
}
