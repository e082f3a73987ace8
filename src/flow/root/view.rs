//! From where root is seen, what is seen of it there, and waiting until something changes.
//!
//! Root itself, and a session of AssumeRoot, see each device by its serial number. An administrator sees whether root
//! has MFA at all, root's virtual devices, and how many devices are in use in the whole account.

use super::WatchLimits;
use crate::aws::{self, Account, Connector, DeviceKind, Identity, MfaDevice, RootTask, Summary};
use crate::flow::failure::{Cause, RootRefusal};
use crate::person::{Notice, Person, Question, RootQuestion, RootStep, RootView};
use crate::totp::Clock;
use std::collections::BTreeSet;
use std::time::Duration;

/// Somebody's eyes on one root user.
pub(super) struct View {
    pub(super) partition: String,
    /// `None`: no credentials and no `--account`.
    pub(super) account: Option<String>,
    vantage: RootVantage,
}

enum RootVantage {
    Root(Box<Account>),
    Administrator(Box<Account>),
    Member { by: Box<Account>, session: Box<Account> },
    None,
}

/// What is seen at one moment. What this view does not tell, or may not, is `None`.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// Root's devices: all of them, or the virtual ones.
    pub(super) devices: Vec<MfaDevice>,
    /// Those are all.
    pub(super) all: bool,
    pub(super) flags: Option<Summary>,
    /// Permissions that are missing.
    pub(super) lacks: Vec<&'static str>,
}

impl Look {
    /// Nothing of root could be seen.
    pub(super) fn is_blind(&self) -> bool {
        self.lacks.len() > 1
    }
}

impl View {
    /// `account`: a member's, unless it is the caller's own. `blind`: AWS is not to be asked.
    pub(super) fn open(connector: &Connector, account: Option<&str>, blind: bool) -> Result<Self, Cause> {
        let caller = match if blind { None } else { Some(connector.connect()) } {
            None | Some(Err(aws::Error::NoCredentials { .. })) => return Self::nowhere(connector, account),
            Some(connected) => Box::new(connected?),
        };
        let (own, identity) = (caller.caller().clone(), caller.caller().identity.clone());
        let vantage = match (account.filter(|account| *account != own.account), identity) {
            (Some(_), Identity::Root) => return Err(Cause::refused(RootRefusal::RootIntoMember)),
            (Some(member), _) => {
                let session = Box::new(caller.assume_root(member, RootTask::Audit)?);
                RootVantage::Member { by: caller, session }
            }
            (None, Identity::Root) => RootVantage::Root(caller),
            (None, _) => RootVantage::Administrator(caller),
        };
        let account = account.map_or(own.account, str::to_owned);
        Ok(Self { partition: own.partition, account: Some(account), vantage })
    }

    fn nowhere(connector: &Connector, account: Option<&str>) -> Result<Self, Cause> {
        let region = connector.settings()?.region;
        let partition = aws::Partition::of_region(&region).name().to_owned();
        Ok(Self { partition, account: account.map(str::to_owned), vantage: RootVantage::None })
    }

    pub(super) fn sees(&self) -> RootView {
        match &self.vantage {
            RootVantage::Root(_) => RootView::Root,
            RootVantage::Administrator(_) => RootView::Administrator,
            RootVantage::Member { .. } => RootView::Member,
            RootVantage::None => RootView::Nowhere,
        }
    }

    /// Whether each device is seen by its serial number.
    pub(super) fn sees_each(&self) -> bool {
        matches!(self.vantage, RootVantage::Root(_) | RootVantage::Member { .. })
    }

    /// Whoever asks from outside, for tasks beyond looking.
    pub(super) fn outside(&self) -> Option<&Account> {
        match &self.vantage {
            RootVantage::Member { by, .. } => Some(by),
            _ => None,
        }
    }

    /// Who is written down as the caller.
    pub(super) fn caller(&self) -> String {
        match &self.vantage {
            RootVantage::Root(account)
            | RootVantage::Administrator(account)
            | RootVantage::Member { by: account, .. } => account.caller().arn.clone(),
            RootVantage::None => String::new(),
        }
    }

    /// Looks once. A member's session that has ended is opened anew.
    pub(super) fn read(&mut self) -> Result<Look, aws::Error> {
        match &mut self.vantage {
            RootVantage::None => Ok(Look::default()),
            RootVantage::Root(account) => {
                Ok(Look { devices: account.own_mfa_devices()?, all: true, ..Look::default() })
            }
            RootVantage::Member { by, session } => {
                let devices = match session.own_mfa_devices() {
                    Err(aws::Error::Expired) => {
                        let account = session.caller().account.clone();
                        **session = by.assume_root(&account, RootTask::Audit)?;
                        session.own_mfa_devices()?
                    }
                    devices => devices?,
                };
                Ok(Look { devices, all: true, ..Look::default() })
            }
            RootVantage::Administrator(account) => look_from_outside(account),
        }
    }

    /// Looks once at everything there is, with the flags: whether root has a password and keys.
    pub(super) fn look_closely(&mut self) -> Result<Look, aws::Error> {
        let mut look = self.read()?;
        if let RootVantage::Root(account) | RootVantage::Member { session: account, .. } = &self.vantage {
            match account.summary() {
                Ok(flags) => look.flags = Some(flags),
                Err(aws::Error::Denied { call, .. }) => look.lacks.push(call.permission()),
                Err(why) => return Err(why),
            }
        }
        Ok(look)
    }

    /// What AWS takes a security key of root's to be certified for. Root alone may ask.
    pub(super) fn certifications(&self, serial: &str) -> Option<std::collections::BTreeMap<String, String>> {
        match &self.vantage {
            RootVantage::Root(account) => account.certifications(None, serial).ok(),
            _ => None,
        }
    }
}

fn look_from_outside(account: &Account) -> Result<Look, aws::Error> {
    let mut look = Look::default();
    match account.summary() {
        Ok(flags) => look.flags = Some(flags),
        Err(aws::Error::Denied { call, .. }) => look.lacks.push(call.permission()),
        Err(why) => return Err(why),
    }
    match account.virtual_devices_of_root() {
        Ok(devices) => look.devices = devices,
        Err(aws::Error::Denied { call, .. }) => look.lacks.push(call.permission()),
        Err(why) => return Err(why),
    }
    Ok(look)
}

/// What has been seen and accounted for.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) serials: BTreeSet<String>,
    flag: Option<bool>,
    in_use: Option<u32>,
}

impl Known {
    pub(super) fn of(look: &Look) -> Self {
        Self {
            serials: look.devices.iter().map(|device| device.serial.clone()).collect(),
            flag: look.flags.and_then(|flags| flags.mfa),
            in_use: look.flags.and_then(|flags| flags.devices_in_use),
        }
    }
}

/// What is waited for.
pub(super) struct Awaited<'a> {
    pub(super) kind: DeviceKind,
    /// The name that was proposed: of several, the one that has it.
    pub(super) name: &'a str,
    /// For people.
    pub(super) what: &'a str,
    pub(super) limits: WatchLimits,
}

/// What was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// The device itself.
    Device(String),
    /// Root had no MFA and has it now; which device is not told.
    HasMfaNow,
    /// One more device is in use in the account, and it is no virtual one of root's.
    OneMoreInUse,
}

/// Whether the device in a serial number has this name: `…/NAME` or, for security keys, `…/NAME-ID`.
pub(super) fn is_called(serial: &str, name: &str) -> bool {
    let last = serial.rsplit('/').next().unwrap_or_default();
    let id = last.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
    last == name || id.is_some_and(|id| !id.contains('-'))
}

/// Whether a device that has appeared is what was waited for: by its name, or because the person says so.
pub(super) fn is_meant(serial: &str, name: &str, person: &mut dyn Person) -> bool {
    if is_called(serial, name) {
        return true;
    }
    let (serial, name) = (serial.to_owned(), name.to_owned());
    let expected = Some(name.clone());
    person.tell(&Notice::Root(RootStep::Appeared { serial: Some(serial.clone()), expected }));
    person.confirm(&Question::Root(RootQuestion::IsIt { serial, name })) == Some(true)
}

impl Known {
    /// What has changed since; all that is no sign of what is waited for is told.
    pub(super) fn compare(&mut self, look: &Look, awaited: &Awaited<'_>, person: &mut dyn Person) -> Option<Sign> {
        let now: BTreeSet<&str> = look.devices.iter().map(|device| &*device.serial).collect();
        let gone = |serial: &&String| !now.contains(serial.as_str());
        for serial in self.serials.iter().filter(gone).cloned().collect::<Vec<_>>() {
            self.serials.remove(&serial);
            person.tell(&Notice::Root(RootStep::Gone { serial }));
        }
        let new: Vec<&str> = now.into_iter().filter(|serial| !self.serials.contains(*serial)).collect();
        let fits = |serial: &&&str| DeviceKind::of(serial) == awaited.kind;
        let called = new.iter().filter(fits).find(|serial| is_called(serial, awaited.name));
        let found = called.or_else(|| new.iter().find(fits)).map(|serial| (*serial).to_owned());
        for serial in new.iter().filter(|serial| DeviceKind::of(serial) != awaited.kind) {
            let (serial, kind) = ((*serial).to_owned(), DeviceKind::of(serial));
            self.serials.insert(serial.clone());
            person.tell(&Notice::Root(RootStep::Other { serial, kind }));
        }
        let others = u32::try_from(new.len()).unwrap_or(u32::MAX);
        if let Some(serial) = found {
            // What else is new and fits stays unknown: the next one to be waited for.
            self.serials.insert(serial.clone());
            self.count(look, others);
            return Some(Sign::Device(serial));
        }
        let (flag, in_use) = (self.flag, self.in_use.map(|before| before.saturating_add(others)));
        self.count(look, others);
        if look.all || awaited.kind == DeviceKind::Virtual || self.flag != Some(true) {
            return None;
        }
        if flag == Some(false) && self.serials.is_empty() {
            return Some(Sign::HasMfaNow);
        }
        self.in_use.zip(in_use).is_some_and(|(now, before)| now > before).then_some(Sign::OneMoreInUse)
    }

    /// The counts were read before the list: a device that came in between is in the list, and not counted yet.
    fn count(&mut self, look: &Look, others: u32) {
        if let Some(flags) = look.flags {
            self.flag = flags.mfa.or(self.flag);
            let expected = self.in_use.filter(|_| others > 0).map(|before| before.saturating_add(others));
            self.in_use = flags.devices_in_use.max(expected).or(self.in_use);
        }
    }

    /// Whether any sign of such a device could be seen.
    pub(super) fn can_tell(&self, view: &View) -> bool {
        view.sees_each() || self.flag == Some(false) || self.in_use.is_some()
    }
}

/// Why nothing was seen.
pub(super) enum Unseen {
    TimedOut,
    Interrupted,
    Blind(aws::Error),
}

/// After this long looks become rarer: whoever is at the console has other things to do first.
const SLOWER: u64 = 120;

/// Looks again and again until there is a sign.
pub(super) fn watch(
    view: &mut View,
    known: &mut Known,
    awaited: &Awaited<'_>,
    clock: &Clock,
    person: &mut dyn Person,
) -> Result<Sign, Unseen> {
    let compare = |look: &Look, person: &mut dyn Person| known.compare(look, awaited, person);
    look_until(view, awaited.limits, awaited.what, clock, person, compare)
}

/// Looks again and again, until `compare` finds something.
pub(super) fn look_until<T>(
    view: &mut View,
    WatchLimits { timeout, every }: WatchLimits,
    what: &str,
    clock: &Clock,
    person: &mut dyn Person,
    mut compare: impl FnMut(&Look, &mut dyn Person) -> Option<T>,
) -> Result<T, Unseen> {
    let (limits, least) = (timeout.as_secs(), every.as_secs());
    let mut elapsed = 0;
    let mut next = 0;
    let mut every = least.max(1);
    loop {
        if elapsed >= next {
            match view.read() {
                Ok(look) if look.is_blind() => return Err(Unseen::Blind(blind(&look))),
                Ok(look) => {
                    if let Some(sign) = compare(&look, person) {
                        return Ok(sign);
                    }
                }
                Err(aws::Error::Interrupted) => return Err(Unseen::Interrupted),
                Err(why) => return Err(Unseen::Blind(why)),
            }
            if elapsed > SLOWER {
                every = (every * 3 / 2).clamp(every + 1, 20.max(least));
            }
            next = elapsed + every;
        }
        if elapsed >= limits {
            return Err(Unseen::TimedOut);
        }
        let what = what.to_owned();
        person.tell(&Notice::Root(RootStep::Watching { what, elapsed, left: limits - elapsed }));
        if !clock.sleep(Duration::from_secs(1)) {
            return Err(Unseen::Interrupted);
        }
        elapsed += 1;
    }
}

fn blind(look: &Look) -> aws::Error {
    aws::Error::Denied {
        call: aws::Call::GetAccountSummary,
        message: format!("neither of {} is allowed", look.lacks.join(" and ")),
        needs_mfa: false,
    }
}
