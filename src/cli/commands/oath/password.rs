//! `glasskey oath password set` and `clear`.

use super::{Failed, Invocation, not_done, refused, usage};
use crate::cli::Outcome;
use crate::cli::args::OneKey;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::secret_line::Source;
use crate::keys::{self, Serial};
use crate::oath::Session;
use crate::secret::Password;
use schemars::JsonSchema;
use serde::Serialize;
use subtle::ConstantTimeEq;

/// Whether the applet has a password.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "oath_password")]
pub(in crate::cli) struct Report {
    /// The key's serial number.
    key: Serial,
    /// Whether a password is set now.
    password: bool,
}

/// How often two passwords may differ.
const TRIES: usize = 3;

pub(super) fn set(key: &OneKey, new_password_fd: Option<u32>, invocation: &mut Invocation<'_>) -> Outcome {
    if new_password_fd.is_some() && new_password_fd == invocation.global.password_fd {
        return Err(usage("--new-password-fd and --password-fd must be two file descriptors"));
    }
    let given = new_password_fd.map(from_fd).transpose()?;
    let key = invocation.key_to_write(key)?;
    drop(invocation.session(key)?); // asks for the present password, before the new one
    let new = match given {
        Some(new) => new,
        None => ask_twice(key, invocation)?,
    };
    invocation.session(key)?.set_password(&new).map_err(not_done(key, &format!("info --key {key}")))?;
    check(key, &new, invocation)?;
    invocation.step(key, "password set, and the key accepts it");
    invocation.console.say(
        "glasskey: a forgotten password cannot be recovered; `glasskey oath reset` would wipe the credentials too",
    );
    invocation.console.result(&Page::nothing(), &Report { key, password: true });
    Ok(Exit::Done)
}

pub(super) fn clear(key: &OneKey, invocation: &mut Invocation<'_>) -> Outcome {
    let key = invocation.key_to_write(key)?;
    let mut session = invocation.session(key)?;
    if session.info().protected {
        session.clear_password().map_err(not_done(key, &format!("info --key {key}")))?;
        invocation.step(key, "password removed; whoever holds the key can read its codes");
    } else {
        invocation.step(key, "has no password; nothing to do");
    }
    invocation.console.result(&Page::nothing(), &Report { key, password: false });
    Ok(Exit::Done)
}

/// Unlocks the key anew with the password it was just given.
fn check(key: Serial, new: &Password, invocation: &Invocation<'_>) -> Result<(), Failed> {
    let (_, card) = keys::open(invocation.keys.ports(), Some(key)).map_err(|error| explain::keys(&error))?;
    let mut session = Session::open(card).map_err(refused(key))?;
    session.unlock(new).map_err(refused(key))
}

fn from_fd(fd: u32) -> Result<Password, Failed> {
    let from = Source::Fd(fd);
    let read = from.open().and_then(|mut file| from.read_password(&mut file));
    read.ok_or_else(|| usage(format!("there is no password to read on file descriptor {fd}")))
}

fn ask_twice(key: Serial, invocation: &Invocation<'_>) -> Result<Password, Failed> {
    let ask = |prompt: &str| {
        let nobody = || {
            Explanation::new("nobody_to_ask", "the new password is needed, and nobody can be asked")
                .hint("--new-password-fd FD reads it from a file descriptor")
                .exit(Exit::Person)
        };
        invocation.person.ask_secret(prompt).ok_or_else(|| invocation.unanswered(nobody()))
    };
    for _ in 0..TRIES {
        let first = ask(&format!("New OATH password for YubiKey {key}: "))?;
        if first.expose().is_empty() {
            invocation
                .console
                .style()
                .say("glasskey: an empty password is none; `glasskey oath password clear` removes the password");
            continue;
        }
        let second = ask("The same again: ")?;
        if bool::from(first.expose().as_bytes().ct_eq(second.expose().as_bytes())) {
            return Ok(first);
        }
        invocation.console.style().say("glasskey: the two differ");
    }
    Err(Box::new(Explanation::new("passwords_differ", "no new password was given twice alike; nothing was changed")))
}
