//! What a key proves to IAM: that it holds the seed of a device, by two codes that have not been sent.

use super::context::Context;
use super::failure::{Cause, RecoverRefusal};
use crate::aws::{self, Account};
use crate::keys::Serial;
use crate::oath::{Answer, Name};
use crate::person::Notice;
use crate::secret::Code;
use crate::sink::KeySink;
use crate::totp::{AWS, Step, unix};

/// A credential that is on a key already, and whether its codes want a touch: only CALCULATE ALL says that without
/// waiting for one.
pub(super) fn key_sink(key: Serial, name: Name, context: &mut Context<'_>) -> Result<KeySink, Cause> {
    let now = unix(context.clock.now());
    let answers = context.keys.session(key, context.person)?.all(now).map_err(Cause::oath(key))?;
    let (_, answer) = answers
        .into_iter()
        .find(|(there, _)| *there == name)
        .ok_or_else(|| Cause::oath(key)(crate::oath::Error::NotFound(name.clone())))?;
    Ok(KeySink { key, name, touch: !matches!(answer, Answer::Code(_)) })
}

/// Two consecutive codes of a key, neither of which has been sent, written down as sent.
pub(super) fn fresh_pair(
    sink: &KeySink,
    serial: &str,
    context: &mut Context<'_>,
) -> Result<(Step, [Code; 2]), Cause> {
    context.unspent_pair(serial)?;
    let (step, codes) = sink.two_codes(&mut context.sinks())?;
    context.go_on()?;
    context.spend_pair(serial, step)?;
    Ok((step, codes))
}

/// Sends the codes for the last step and this one: nothing to wait for, unless they have been sent already. Where the
/// reply is lost, the next pair is sent. It is right whether the first was taken or not.
pub(super) fn resync_with(
    user: &str,
    serial: &str,
    sink: &KeySink,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Step, Cause> {
    let (step, codes) = fresh_pair(sink, serial, context)?;
    match account.resync(user, serial, &codes) {
        Ok(()) => return Ok(step),
        Err(aws::Error::OutcomeUnknown { .. }) if !context.interrupt.raised() => context.tell(Notice::ResyncAgain),
        Err(cause) => return Err(Cause::Aws(cause)),
    }
    let (step, codes) = fresh_pair(sink, serial, context)?;
    account.resync(user, serial, &codes)?;
    Ok(step)
}

/// Proves that a device which IAM lists has the seed that this key holds: IAM takes two of its codes. Gives the step of
/// the later one. `keys`: those that are named where IAM refuses them.
///
/// # Errors
/// [`RecoverRefusal::AnotherSeed`] where IAM refuses them twice.
pub(super) fn prove_with(
    prover: &KeySink,
    serial: &str,
    user: &str,
    keys: &[Serial],
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Step, Cause> {
    // Refused codes may be older than the last pair, which another machine has sent: the next pair is not.
    let proved = match resync_with(user, serial, prover, account, context) {
        Err(Cause::Aws(aws::Error::WrongCodes)) => resync_with(user, serial, prover, account, context),
        outcome => outcome,
    };
    let (serial, user) = (serial.to_owned(), user.to_owned());
    match proved {
        Ok(step) => {
            let codes = [step.previous(), step].map(|step| step.begins(AWS.period));
            context.tell(Notice::Resynced { serial, codes });
            Ok(step)
        }
        Err(Cause::Aws(aws::Error::WrongCodes)) => {
            Err(Cause::refused(RecoverRefusal::AnotherSeed { serial, user, keys: keys.to_vec(), comes_back: None }))
        }
        Err(cause) => Err(cause),
    }
}
