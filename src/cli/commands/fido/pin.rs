//! `glasskey fido pin set`, `change` and `verify`.

use super::{Failed, Invocation, KeyReport, after, lost};
use crate::cli::Outcome;
use crate::cli::args::{FidoKey, FidoKeyAndPin};
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::fido::{Attempt, Error, Retries};
use crate::person::{NoNewPin, Person};
use crate::secret::{Password, on_wiped_stack};
use crate::unlock::fido::{NotChanged, Opened};
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn set(named: &FidoKey, invocation: &mut Invocation<'_>) -> Outcome {
    let mut key = invocation.key_to_write(named)?;
    let info = key.info();
    let info = invocation.described(info)?;
    match info.pin_set() {
        None => return Err(refused(&key, &Error::NotSupported { what: "PINs" })),
        Some(true) => return Err(refused(&key, &Error::PinAlreadySet)),
        Some(false) => {}
    }
    let new = new_pin(&key, info.min_pin_length, invocation)?;
    on_wiped_stack(|| key.key.set_pin(&new)).map_err(|cause| lost(&key, &cause, "info"))?;
    on_wiped_stack(|| key.key.verify_pin(Attempt::new(&new)))
        .map_err(|cause| after(&key, &cause, "the PIN was set; it could not be tried"))?;
    invocation.step(key.id.argument(), "PIN set, and the key accepts it");
    invocation
        .console
        .say("glasskey: a forgotten PIN cannot be recovered; `glasskey fido reset` would wipe the credentials too");
    report(&mut key, Done::Set, invocation)
}

pub(super) fn change(named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Outcome {
    let mut key = invocation.key_to_write(&named.key)?;
    let info = key.info();
    let least = invocation.described(info)?.min_pin_length;
    let new = match key.change_pin(&mut invocation.person, named.last_try, least) {
        Ok(new) => new,
        Err(NotChanged::Asking(error)) => return invocation.described(Err(error)),
        Err(NotChanged::New(why)) => return Err(no_new_pin(&key, why, invocation)),
        Err(NotChanged::Key(cause)) => return Err(lost(&key, &cause, "pin verify")),
    };
    on_wiped_stack(|| key.key.verify_pin(Attempt::new(&new)))
        .map_err(|cause| after(&key, &cause, "the PIN was changed; the new one could not be tried"))?;
    invocation.step(key.id.argument(), "PIN changed, and the key accepts the new one");
    report(&mut key, Done::Changed, invocation)
}

pub(super) fn verify(named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Outcome {
    let mut key = invocation.key_to_read(&named.key)?;
    let verified = key.with_pin(&mut invocation.person, named.last_try, |key, pin| key.verify_pin(pin));
    invocation.described(verified)?;
    invocation.step(key.id.argument(), "that is its PIN");
    report(&mut key, Done::Verified, invocation)
}

/// Asks for a new PIN. The key's other rules are looked at before it is sent.
pub(super) fn new_pin(key: &Opened, least: usize, invocation: &mut Invocation<'_>) -> Result<Password, Failed> {
    invocation.person.new_pin(&key.id, least).map_err(|why| no_new_pin(key, why, invocation))
}

fn no_new_pin(key: &Opened, why: NoNewPin, invocation: &mut Invocation<'_>) -> Failed {
    match why {
        NoNewPin::NobodyToAsk => invocation.unanswered(
            Explanation::new(
                "nobody_to_ask",
                format!("the new PIN for {} is needed, and nobody can be asked", key.id),
            )
            .hint("--new-pin-fd FD reads it from a file descriptor")
            .exit(Exit::Person),
        ),
        NoNewPin::Differ => {
            Box::new(Explanation::new("pins_differ", "no new PIN was given twice alike; nothing was changed"))
        }
    }
}

fn report(key: &mut Opened, done: Done, invocation: &mut Invocation<'_>) -> Outcome {
    // Told already; how many tries there are is an extra.
    let left = key.key.pin_retries().ok().map(|Retries { left, .. }| left);
    invocation.console.result(&Page::nothing(), &Report { key: KeyReport::of(key), done, tries_left: left });
    Ok(Exit::Done)
}

/// What was done about a PIN.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_pin")]
pub(in crate::cli) struct Report {
    #[serde(flatten)]
    key: KeyReport,
    /// What was done.
    done: Done,
    /// Tries left; null where the key does not report it.
    tries_left: Option<u8>,
}

/// What was done about a PIN.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub(in crate::cli) enum Done {
    Set,
    Changed,
    Verified,
}

fn refused(key: &Opened, cause: &Error) -> Failed {
    Box::new(explain::fido(Some(&key.id), cause))
}
