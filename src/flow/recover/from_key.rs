//! A device is enabled, or proved, with two codes of a key that holds its seed; the other keys must agree with it.

use super::removed::SessionBy;
use crate::aws::Account;
use crate::flow::confirm::{EnabledWith, confirm};
use crate::flow::context::Context;
use crate::flow::enroll::{enable, tell_first_code};
use crate::flow::failure::{At, Cause, EnrollRefusal, RecoverRefusal, Stage};
use crate::flow::proof::{key_sink, prove_with};
use crate::flow::record::{Begin, OldCredential, RemovedDevice};
use crate::flow::run::Run;
use crate::keys::Serial;
use crate::oath::Name;
use crate::secret::Code;
use crate::sink::KeySink;
use crate::totp::{AWS, Step};

/// Enables the run's device. Gives the second since the Unix epoch from which its first code is taken.
pub(super) fn enable_from_key(
    run: &mut Run,
    keys: &[Serial],
    account: &Account,
    context: &mut Context<'_>,
) -> Result<u64, At> {
    let at = |cause| (Stage::Recover, cause);
    let prover = agreeing(&run.begin, keys, context).map_err(at)?;
    // The run may have sent its two codes before it was cut short.
    context.unspent_pair(&run.begin.arn.to_string()).map_err(at)?;
    let (step, codes) = prover.two_codes(&mut context.sinks()).map_err(|cause| at(Cause::Sink(cause)))?;
    let last = enable(run, (step, &codes), Some(&prover), account, context)?;
    let with = EnabledWith { step, by: Some(prover.key) };
    confirm(run, with, account, context)?;
    Ok(tell_first_code(last, context))
}

/// Proves that a device which IAM lists has the seed that these keys hold: IAM takes two of their codes, or STS has taken
/// one `by` a session that was opened with one of them.
pub(super) fn prove_enabled(
    begin: &Begin,
    keys: &[Serial],
    by: Option<&SessionBy>,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<(), Cause> {
    let prover = agreeing(begin, keys, context)?;
    let serial = begin.arn.to_string();
    if by.is_some_and(|by| by.serial == serial && keys.contains(&by.key)) {
        return Ok(());
    }
    prove_with(&prover, &serial, &begin.user, keys, account, context).map(drop)
}

/// Proves that the device which was to go, and which is enabled anew, has the seed that a key here holds for it.
pub(super) fn prove_again(
    old: &RemovedDevice,
    user: &str,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<(), Cause> {
    let mut refused =
        Cause::refused(RecoverRefusal::unproved(&old.serial, user, old.held.iter().map(|held| held.key)));
    for OldCredential { key, credential } in &old.held {
        let name = Name::from_id(credential).map_err(Cause::oath(*key))?;
        let Ok(prover) = key_sink(*key, name, context) else { continue };
        match prove_with(&prover, &old.serial, user, &[*key], account, context) {
            Err(Cause::Refused(why)) => refused = Cause::Refused(why),
            outcome => return outcome.map(drop),
        }
    }
    Err(refused)
}

/// The last of the keys, once all compute the same code.
fn agreeing(begin: &Begin, keys: &[Serial], context: &mut Context<'_>) -> Result<KeySink, Cause> {
    let cannot = || Cause::refused(RecoverRefusal::CannotFinish);
    let name = Name::from_id(&begin.credential).map_err(|_| cannot())?;
    let sink = |key: &Serial| KeySink { key: *key, name: name.clone(), touch: begin.touch };
    let mut sinks: Vec<KeySink> = keys.iter().map(sink).collect();
    let prover = sinks.pop().ok_or_else(cannot)?;
    agree(&prover, &sinks, context)?;
    Ok(prover)
}

/// All keys compute the same code.
fn agree(prover: &KeySink, others: &[KeySink], context: &mut Context<'_>) -> Result<(), Cause> {
    let reference = Step::at(context.clock.now(), AWS.period);
    let mut first = None;
    for sink in others {
        let code = sink.code_at(reference, &mut context.sinks())?;
        if !first.get_or_insert_with(|| Code::new(code.expose().as_bytes())).matches(&code) {
            return Err(Cause::refused(EnrollRefusal::KeysDiffer));
        }
    }
    let Some(first) = first else { return Ok(()) };
    let code = prover.code_at(reference, &mut context.sinks())?;
    if first.matches(&code) { Ok(()) } else { Err(Cause::refused(EnrollRefusal::KeysDiffer)) }
}
