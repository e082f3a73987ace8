//! A device is enabled with two codes of a key that holds its seed; the other keys must agree with it.

use crate::aws::Account;
use crate::flow::confirm::{EnabledWith, confirm};
use crate::flow::context::Context;
use crate::flow::enroll::{enable, tell_first_code};
use crate::flow::failure::{At, Cause, EnrollRefusal, RecoverRefusal, Stage};
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
    let name = Name::from_id(&run.begin.credential).map_err(|_| at(Cause::refused(RecoverRefusal::CannotFinish)))?;
    let sinks: Vec<KeySink> =
        keys.iter().map(|key| KeySink { key: *key, name: name.clone(), touch: run.begin.touch }).collect();
    let Some((prover, others)) = sinks.split_last() else {
        return Err(at(Cause::refused(RecoverRefusal::CannotFinish)));
    };
    agree(prover, others, context).map_err(at)?;
    // The run may have sent its two codes before it was cut short.
    context.unspent_pair(&run.begin.arn.to_string()).map_err(at)?;
    let (step, codes) = prover.two_codes(&mut context.sinks()).map_err(|cause| at(Cause::Sink(cause)))?;
    enable(run, step, &codes, account, context)?;
    let with = EnabledWith { step, by: Some(prover.key) };
    confirm(account, &run.begin.user, &run.begin.arn, with, context)?;
    Ok(tell_first_code(step, context))
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
