//! `glasskey oath`: the OATH applet of one key, by hand.
//!
//! No prompt is shown while a key is open: what a person thinks over for a minute must not lock other programs out of
//! the reader. So a command opens the key, looks, lets go, asks, and opens it again.

mod add;
mod code;
mod import;
pub(in crate::cli) mod lines;
mod many;
mod password;
mod picture;
mod plan;
mod remove;
pub(in crate::cli) mod secret;
mod show;

use crate::cli::args::{Cli, Oath, OathCommand, OneKey, PasswordCommand};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::{self, Failed, catch_signals, usage};
use crate::cli::page::acts;
use crate::cli::report::schema;
use crate::cli::shell::by_name;
use crate::cli::{Outcome, environment};
use crate::keys::{self, Device, Serial};
use crate::oath::{self, Name, Session};
use crate::person::Question;
use crate::unlock::{self, UnlockedKeys};
use data_encoding::HEXLOWER;
use schemars::{JsonSchema, Schema};
use serde::Serialize;

pub(in crate::cli) fn run(args: &Oath, cli: &Cli, console: &mut Console) -> Outcome {
    let ports = environment::ports();
    let mut invocation = Invocation::new(UnlockedKeys::new(&*ports), cli, console, catch_signals()?);
    match &args.command {
        OathCommand::List(key) => show::list(key, &mut invocation),
        OathCommand::Info(key) => show::info(key, &mut invocation),
        OathCommand::Code { key, name, at, .. } => code::run(key, name.as_deref(), at.as_deref(), &mut invocation),
        OathCommand::Add(add) => add::run(add, &mut invocation),
        OathCommand::Import(import) => import::run(import, &mut invocation),
        OathCommand::Delete { key, name, id } => remove::delete(key, name.as_deref(), id.as_deref(), &mut invocation),
        OathCommand::Rename { key, from, to } => remove::rename(key, from, to, &mut invocation),
        OathCommand::Reset(key) => remove::reset(key, &mut invocation),
        OathCommand::Password { command: PasswordCommand::Set { key, new_password_fd } } => {
            password::set(key, *new_password_fd, &mut invocation)
        }
        OathCommand::Password { command: PasswordCommand::Clear(key) } => password::clear(key, &mut invocation),
    }
}

type Invocation<'a> = invocation::Invocation<'a, UnlockedKeys<'a>>;

impl Invocation<'_> {
    /// The key to read: the one named, or the only one.
    fn key_to_read(&self, named: &OneKey) -> Result<Serial, Failed> {
        match named.key {
            Some(serial) => Ok(serial),
            None => self.only_key().map(|(serial, _)| serial),
        }
    }

    /// The key to write: the one named, or the only one once the person has confirmed that it is meant.
    fn key_to_write(&mut self, named: &OneKey) -> Result<Serial, Failed> {
        if let Some(serial) = named.key {
            return Ok(serial);
        }
        let (key, Device { model, .. }) = self.only_key()?;
        let nobody = Explanation::new("nobody_to_ask", format!("is {model} {key} meant? Nobody can be asked"))
            .hint(format!("name it with --key {key}"))
            .exit(Exit::Person);
        self.confirm(&Question::UseTheOnlyKey { key, model }, nobody)?;
        Ok(key)
    }

    fn only_key(&self) -> Result<(Serial, Device), Failed> {
        let key = keys::open(self.keys.ports(), None).map_err(|error| explain::keys(&error))?.0.device;
        let no_serial = || {
            Explanation::new("no_serial", format!("the {} here does not tell its serial number", key.model))
                .hint(explain::TELL_SERIAL)
        };
        Ok((key.serial.ok_or_else(no_serial)?, key))
    }

    /// Opens the key's applet, unlocked.
    fn session(&mut self, key: Serial) -> Result<Session, Failed> {
        self.keys.session(key, &mut self.person).map_err(|error| match error {
            unlock::Error::NobodyToAsk { .. } => self.unanswered(explain::unlock(&error)),
            error => Box::new(explain::unlock(&error)),
        })
    }
}

/// What the applet of `key` said to a command that changes nothing.
fn refused(key: Serial) -> impl Fn(oath::Error) -> Failed {
    move |error| Box::new(explain::oath(Some(key), &error))
}

/// What the applet said to a command that changes something. When its answer was lost, the change may have been made:
/// `look` is the command that tells.
fn not_done(key: Serial, look: &str) -> impl Fn(oath::Error) -> Failed {
    move |error| {
        let mut text = explain::oath(Some(key), &error);
        if let oath::Error::Transport(_) | oath::Error::Malformed = error {
            text.exit = Exit::Left;
            text.state.push(format!("it is not known whether the change was made; `glasskey oath {look}` shows"));
        }
        Box::new(text)
    }
}

fn name_of(id: &str) -> Result<Name, Failed> {
    Name::from_id(id).map_err(|error| Box::new(explain::oath(None, &error)))
}

/// A name that is to be given has no character that acts on what shows it, or that nobody sees: every program that lists
/// the key would get it. The sentence, where it has.
fn visible(name: &str) -> Result<(), String> {
    let bad = name.char_indices().find(|(_, c)| acts(*c));
    bad.map_or(Ok(()), |(at, c)| {
        let place = name.get(..at).unwrap_or_default().chars().count() + 1;
        let code = u32::from(c);
        Err(format!("character {place} of the name is U+{code:04X}, which cannot be seen or acts on what shows it"))
    })
}

/// A credential's name.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct NameReport<'a> {
    /// The credential's whole name, which `delete` and `rename` take.
    name: &'a str,
    /// The issuer in it; null where there is none.
    issuer: Option<&'a str>,
    /// The account in it.
    account: &'a str,
    /// Whether codes follow the time or a counter.
    kind: CodeKind,
    /// How long a code is valid, in seconds; null for `hotp`.
    period: Option<u32>,
    /// Only where the name is not UTF-8: its bytes in hexadecimal, which `delete --id` takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

/// What a credential's codes follow.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum CodeKind {
    /// The time (RFC 6238).
    Totp,
    /// A counter (RFC 4226).
    Hotp,
}

impl<'a> NameReport<'a> {
    fn of(name: &'a Name, hotp: bool) -> Self {
        let (period, issuer, account) = name.parts();
        Self {
            name: name.id(),
            issuer,
            account,
            kind: if hotp { CodeKind::Hotp } else { CodeKind::Totp },
            period: Some(period).filter(|_| !hotp),
            id: (!name.is_text()).then(|| HEXLOWER.encode(name.bytes())),
        }
    }
}

/// Whether a credential's name is one that AWS, glasskey or another tool gives to an MFA device of AWS.
fn is_for_aws(name: &Name) -> bool {
    let (_, issuer, account) = name.parts();
    name.id().starts_with("arn:aws")
        || issuer.is_some_and(|issuer| {
            matches!(issuer, "AWS" | "Amazon Web Services" | "Amazon") || issuer.starts_with("aws/iam/")
        })
        || account.starts_with("arn:aws")
}

pub(in crate::cli) fn schemas() -> Vec<Schema> {
    vec![
        schema::<show::ListReport<'_>>(),
        schema::<code::Report<'_>>(),
        schema::<add::Report<'_>>(),
        schema::<import::Report<'_>>(),
        schema::<remove::DeleteReport<'_>>(),
        schema::<remove::RenameReport<'_>>(),
        schema::<password::Report>(),
        schema::<remove::ResetReport>(),
        schema::<show::InfoReport<'_>>(),
    ]
}
