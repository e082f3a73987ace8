//! `glasskey oath delete`, `rename` and `reset`.

use super::{Invocation, by_name, is_for_aws, name_of, not_done, refused, usage, visible};
use crate::cli::Outcome;
use crate::cli::args::OneKey;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::shell::key_option;
use crate::keys::{self, KeyId, OathState, Serial};
use crate::oath::{self, Credential, Name, Session};
use crate::person::Question;
use data_encoding::HEXLOWER_PERMISSIVE;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn delete(key: &OneKey, name: Option<&str>, id: Option<&str>, invocation: &mut Invocation<'_>) -> Outcome {
    let name = match id {
        Some(id) => name_of_bytes(id, key)?,
        None => name_of(name.unwrap_or_default())?,
    };
    let key = invocation.key_to_write(key)?;
    find(&invocation.session(key)?.list().map_err(refused(key))?, &name, key)?;
    if is_for_aws(&name) {
        invocation.warn(&format!(
            "\"{}\" is named like an MFA device of AWS; without it this key can no longer sign in with that device",
            name.id()
        ));
    }
    let nobody = Explanation::new("nobody_to_ask", "a confirmation is needed, and nobody can be asked")
        .hint("--yes says yes")
        .exit(Exit::Person);
    invocation.confirm(&Question::DeleteCredential { key, name: name.id().to_owned() }, nobody)?;
    invocation.session(key)?.delete(&name).map_err(not_done(key, &format!("list --key {key}")))?;
    invocation.step(key, &format!("\"{}\" removed", name.id()));
    invocation.console.result(&Page::nothing(), &DeleteReport { key, name: name.id() });
    Ok(Exit::Done)
}

/// A credential that was deleted.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "credential_deleted")]
pub(in crate::cli) struct DeleteReport<'a> {
    /// The key's serial number.
    key: Serial,
    /// The credential's whole name.
    name: &'a str,
}

/// A credential that was renamed.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "credential_renamed")]
pub(in crate::cli) struct RenameReport<'a> {
    /// The key's serial number.
    key: Serial,
    /// The whole name that it had.
    from: &'a str,
    /// The whole name that it has.
    to: &'a str,
}

/// The applet was reset.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "oath_reset")]
pub(in crate::cli) struct ResetReport {
    /// The key's serial number.
    key: Serial,
    /// How many credentials were wiped; null where a password kept them from being counted.
    credentials: Option<usize>,
}

/// The new name keeps the period, which is a part of the id, not of what people call it.
pub(super) fn rename(key: &OneKey, from: &str, to: &str, invocation: &mut Invocation<'_>) -> Outcome {
    let (from, to) = (name_of(from)?, name_of(to)?);
    visible(to.id()).map_err(usage)?;
    let (period, ..) = from.parts();
    let (written, issuer, account) = to.parts();
    if written != period && written != 30 {
        return Err(usage("a credential's period cannot be changed by renaming it"));
    }
    let to = Name::new(period, issuer, account).map_err(|error| Box::new(explain::oath(None, &error)))?;
    let key = invocation.key_to_write(key)?;
    let renamed = invocation.session(key)?.rename(&from, &to);
    renamed.map_err(not_done(key, &format!("list --key {key}")))?;
    if is_for_aws(&from) && !is_for_aws(&to) {
        invocation.warn("under its new name, glasskey does not recognise it as an MFA device of AWS");
    }
    invocation.step(key, &format!("\"{}\" is now \"{}\"", from.id(), to.id()));
    invocation.console.result(&Page::of(to.id()), &RenameReport { key, from: from.id(), to: to.id() });
    Ok(Exit::Done)
}

/// Works on a locked key too: it is the way out of a forgotten password.
pub(super) fn reset(named: &OneKey, invocation: &mut Invocation<'_>) -> Outcome {
    if invocation.global.yes && named.key.is_none() {
        return Err(Box::new(
            usage("with --yes, a reset needs the key's serial number").hint("name the key with --key SERIAL"),
        ));
    }
    let (found, card) = keys::open(invocation.keys.ports(), named.key).map_err(|error| explain::keys(&error))?;
    let key = match (found.device.serial, named.key) {
        (Some(key), _) => key,
        _ => invocation.key_to_read(named)?,
    };
    let mut session = Session::open(card).map_err(refused(key))?;
    let names = if session.is_locked() { Vec::new() } else { session.list().map_err(refused(key))? };
    drop(session);
    let credentials = match found.oath {
        OathState::Open { used, .. } => Some(used),
        _ => None,
    };
    warn_of_devices(&found.oath, &names, invocation);
    // Typing the serial number confirms the key too, so a key that was not named is not asked about apart.
    let nobody = Explanation::new("nobody_to_ask", "the serial number must be typed in, and nobody can be asked")
        .hint(format!("--yes together with --key {key} does without"))
        .exit(Exit::Person);
    invocation.confirm(&Question::ResetOath { key, credentials }, nobody)?;
    let (_, card) = keys::open(invocation.keys.ports(), Some(key)).map_err(|error| explain::keys(&error))?;
    let reset = Session::open(card).and_then(|mut session| session.reset());
    reset.map_err(not_done(key, &format!("info --key {key}")))?;
    invocation.step(key, "reset: no credential and no password is on it");
    invocation.console.result(&Page::nothing(), &ResetReport { key, credentials });
    Ok(Exit::Done)
}

/// Says that MFA devices of AWS may go with the credentials.
fn warn_of_devices(oath: &OathState, names: &[Credential], invocation: &Invocation<'_>) {
    if matches!(oath, OathState::Locked { .. }) {
        invocation.warn("it has a password, so whether a credential on it is an MFA device of AWS is not known");
    }
    let for_aws = names.iter().filter(|one| is_for_aws(&one.name)).count();
    if for_aws > 0 {
        let (named, them) = match for_aws {
            1 => ("1 of the credentials is named like an MFA device".to_owned(), "it"),
            several => (format!("{several} of the credentials are named like MFA devices"), "them"),
        };
        invocation.warn(&format!("{named} of AWS; without {them} this key can no longer sign in"));
    }
}

fn find<'a>(all: &'a [Credential], name: &Name, key: Serial) -> Result<&'a Credential, super::Failed> {
    all.iter().find(|one| one.name == *name).ok_or_else(|| {
        let mut missing = refused(key)(oath::Error::NotFound(name.clone()));
        // A name that is no text is shown as one that it is not.
        for one in all.iter().filter(|one| one.name.id() == name.id()) {
            let what = format!("`glasskey oath delete --key {key} {}` is what it is deleted by", by_name(&one.name));
            missing.hints.insert(0, what);
        }
        missing
    })
}

fn name_of_bytes(hex: &str, key: &OneKey) -> Result<Name, super::Failed> {
    let key = key.key.map(KeyId::Serial);
    let bytes = HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).map_err(|_| {
        let list = format!("`glasskey oath list{}` shows it beside a name that is no text", key_option(key.as_ref()));
        Box::new(usage("--id is not hex").hint(list))
    })?;
    Name::from_bytes(&bytes).map_err(|error| Box::new(explain::oath(None, &error).exit(Exit::Usage)))
}
