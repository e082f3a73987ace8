//! IAM's self-management rule: a user who has an MFA device and signs with a long-term access key must act on their
//! own devices through an MFA session (AWS security bulletin AWS-2023-001; it comes before any policy).

use super::context::Context;
use super::failure::{Cause, SessionRefusal};
use super::holdings::{Holding, holdings_until};
use crate::aws::{self, Account, Identity, MfaDevice, Retry};
use crate::keys::Serial;
use crate::oath::{Answer, Name};
use crate::person::Notice;
use crate::secret::Code;
use crate::totp::{AWS, Step, unix};
use std::time::{Duration, SystemTime};

/// Codes tried where one is refused.
const TRIES: u32 = 2;

/// How often a throttled STS is asked again, each time with the next step's code.
const THROTTLED: u32 = 2;

/// How often another process may be first with a code, each of another step.
const TAKEN: u32 = 20;

/// The session is for this command only; 15 minutes is the shortest STS gives.
const SESSION: Duration = Duration::from_secs(900);

/// A credential on an attached key that belongs to one of the user's devices.
pub(super) struct Factor {
    pub(super) serial: String,
    pub(super) enabled: SystemTime,
    pub(super) key: Serial,
    pub(super) name: Name,
}

/// Finds the factor to open a session with, where the rule asks for one. `None`: the rule does not apply. Changes
/// nothing and spends no code.
pub(super) fn factor_needed(
    account: &Account,
    user: &str,
    devices: &[MfaDevice],
    context: &mut Context<'_>,
) -> Result<Option<Factor>, Cause> {
    let caller = account.caller();
    if devices.is_empty() || !account.uses_long_term_key() || caller.identity != Identity::User(user.to_owned()) {
        return Ok(None);
    }
    match find_factor(account, devices, context)? {
        Some(factor) => Ok(Some(factor)),
        None => {
            let devices = devices.iter().map(|device| device.serial.clone()).collect();
            Err(Cause::refused(SessionRefusal::NeedsMfaSession { devices }))
        }
    }
}

/// Between the devices of `--separate`: the one just enabled opens the session for the next one. `enabled`: those that
/// this command has enabled.
pub(super) fn session_after(
    account: &Account,
    user: &str,
    enabled: &[MfaDevice],
    context: &mut Context<'_>,
) -> Result<Option<Account>, Cause> {
    let factor = factor_needed(account, user, enabled, context)?;
    factor.map(|factor| open_session(account, &factor, context)).transpose()
}

/// A key here that holds one of the devices; of several devices one whose code need not be waited for, or the shortest.
pub(super) fn find_factor(
    account: &Account,
    devices: &[MfaDevice],
    context: &mut Context<'_>,
) -> Result<Option<Factor>, Cause> {
    let choice = Choice::among(devices.iter(), context);
    let held = holdings_until(account.caller(), context, |held| choice.is_due(held))?.held;
    Ok(choice.of(held))
}

/// Which of several devices gives the next code.
pub(super) struct Choice<'d> {
    /// Each with how long its next code has to be waited for.
    devices: Vec<(&'d MfaDevice, Duration)>,
}

impl<'d> Choice<'d> {
    pub(super) fn among(devices: impl Iterator<Item = &'d MfaDevice>, context: &mut Context<'_>) -> Self {
        Self { devices: devices.map(|device| (device, context.due(&device.serial, device.enabled))).collect() }
    }

    fn device(&self, held: &Holding) -> Option<&(&'d MfaDevice, Duration)> {
        self.devices.iter().find(|(device, _)| device.serial == held.device.to_string())
    }

    /// Whether its code can be sent at once, so that no other key needs to be looked at.
    pub(super) fn is_due(&self, held: &Holding) -> bool {
        self.device(held).is_some_and(|(_, wait)| wait.is_zero())
    }

    /// The one whose code is due first; the first of several.
    pub(super) fn of(&self, held: Vec<Holding>) -> Option<Factor> {
        let devices = held.into_iter().filter_map(|held| Some((*self.device(&held)?, held)));
        devices.min_by_key(|((_, wait), _)| *wait).map(|((device, _), held)| Factor {
            serial: device.serial.clone(),
            enabled: device.enabled,
            key: held.key,
            name: held.name,
        })
    }
}

/// Says how long the next code of this factor has to be waited for, where it has to be.
pub(super) fn tell_wait(factor: Option<&Factor>, context: &mut Context<'_>) {
    let Some(factor) = factor else { return };
    let wait = context.due(&factor.serial, factor.enabled);
    if !wait.is_zero() {
        let seconds = wait.as_secs_f64().ceil() as u64;
        context.tell(Notice::CodeDue { serial: factor.serial.clone(), seconds });
    }
}

/// A session for this command.
pub(super) fn open_session(account: &Account, factor: &Factor, context: &mut Context<'_>) -> Result<Account, Cause> {
    open_session_within(account, factor, TRIES, context)
}

/// The same with so many codes at most.
pub(super) fn open_session_within(
    account: &Account,
    factor: &Factor,
    tries: u32,
    context: &mut Context<'_>,
) -> Result<Account, Cause> {
    let session = with_codes(factor, tries, context, &|code| account.mfa_session(&factor.serial, code, SESSION))?;
    context.tell(Notice::SessionOpened { serial: factor.serial.clone(), key: factor.key });
    Ok(session)
}

/// Sends a code of the factor. STS takes each code once, and glasskey sends each once. Where one is refused (another
/// program used it), the next step's is tried, and then no more. So it is where STS is throttled: it does not say
/// whether it has looked at the code.
pub(super) fn with_code<T>(
    factor: &Factor,
    context: &mut Context<'_>,
    send: impl Fn(&Code) -> Result<T, aws::Error>,
) -> Result<T, Cause> {
    with_codes(factor, TRIES, context, &send)
}

fn with_codes<T>(
    factor: &Factor,
    tries: u32,
    context: &mut Context<'_>,
    send: &impl Fn(&Code) -> Result<T, aws::Error>,
) -> Result<T, Cause> {
    if let Ok(left) = (factor.enabled + aws::PROPAGATION).duration_since(context.clock.now()) {
        // A device enabled in the future is not older for being waited for.
        context.wait("for STS to know the new device", left.min(aws::PROPAGATION))?;
    }
    let (mut refused, mut throttled) = (0, 0);
    loop {
        match try_code(factor, context, send) {
            Err(Cause::Aws(aws::Error::MfaRefused { .. })) if refused + 1 < tries => refused += 1,
            Err(Cause::Aws(aws::Error::TryLater { call, code })) if throttled < THROTTLED => {
                throttled += 1;
                let now = context.clock.now();
                let after =
                    Step::at(now, AWS.period).next().begins(AWS.period).duration_since(now).unwrap_or_default();
                let attempt = throttled + 1;
                context.tell(Notice::Retrying(Retry { call, why: format!("AWS answered {code}"), after, attempt }));
            }
            outcome => return outcome,
        }
    }
}

fn try_code<T>(
    factor: &Factor,
    context: &mut Context<'_>,
    send: &impl Fn(&Code) -> Result<T, aws::Error>,
) -> Result<T, Cause> {
    for _ in 0..TAKEN {
        let step = context.unspent_step(&factor.serial)?;
        let code = code(factor, step, context)?;
        context.go_on()?;
        if context.spend(&factor.serial, step) {
            return send(&code).map_err(Cause::Aws);
        }
    }
    let from = Step::at(context.clock.now(), AWS.period).next().begins(AWS.period);
    Err(Cause::refused(SessionRefusal::CodeSpent { serial: factor.serial.clone(), from }))
}

/// Only CALCULATE ALL says whether a credential wants a touch, without waiting for one.
fn code(factor: &Factor, step: Step, context: &mut Context<'_>) -> Result<Code, Cause> {
    let key = factor.key;
    let mut session = context.keys.session(key, context.person)?;
    let answers = session.all(unix(step.begins(AWS.period))).map_err(Cause::oath(key))?;
    match answers.into_iter().find(|(name, _)| *name == factor.name) {
        Some((_, Answer::Code(code))) => Ok(code),
        _ if context.no_touch => Err(Cause::refused(SessionRefusal::TouchNeeded { key })),
        _ => {
            context.person.tell(&Notice::Touch { key });
            session.code(&factor.name, step).map_err(Cause::oath(key))
        }
    }
}
