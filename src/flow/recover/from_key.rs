//! A device is enabled, or proved, with two codes of a key that holds its seed; the other keys must agree with it.

use crate::aws::{self, Account};
use crate::flow::confirm::{EnabledWith, confirm};
use crate::flow::context::Context;
use crate::flow::enroll::{enable, tell_first_code};
use crate::flow::failure::{At, Cause, EnrollRefusal, RecoverRefusal, Stage};
use crate::flow::record::Begin;
use crate::flow::resync::resync_with;
use crate::flow::run::Run;
use crate::keys::Serial;
use crate::oath::Name;
use crate::person::Notice;
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
    enable(run, step, &codes, account, context)?;
    let with = EnabledWith { step, by: Some(prover.key) };
    confirm(run, with, account, context)?;
    Ok(tell_first_code(step, context))
}

/// Proves that a device which IAM lists has the seed that these keys hold: IAM takes two of their codes. `by_session`: STS
/// has taken a code of one of them already.
pub(super) fn prove_enabled(
    begin: &Begin,
    keys: &[Serial],
    by_session: bool,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<(), Cause> {
    let prover = agreeing(begin, keys, context)?;
    if by_session {
        return Ok(());
    }
    let serial = begin.arn.to_string();
    // Refused codes may be older than the last pair, which another machine has sent: the next pair is not.
    let proved = match resync_with(&begin.user, &serial, &prover, account, context) {
        Err(Cause::Aws(aws::Error::WrongCodes)) => resync_with(&begin.user, &serial, &prover, account, context),
        outcome => outcome,
    };
    match proved {
        Ok(step) => {
            let codes = [step.previous(), step].map(|step| step.begins(AWS.period));
            context.tell(Notice::Resynced { serial, codes });
            Ok(())
        }
        Err(Cause::Aws(aws::Error::WrongCodes)) => {
            Err(Cause::refused(RecoverRefusal::AnotherSeed { arn: begin.arn.clone(), keys: keys.to_vec() }))
        }
        Err(cause) => Err(cause),
    }
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
