//! `glasskey fido`: FIDO2 keys over USB HID.
//!
//! A key is named by its serial number or its device. What changes a key never takes the only one for granted: it asks
//! by its name.

mod blink;
pub(in crate::cli) mod ceremonies;
mod config;
mod credentials;
mod fingerprints;
mod info;
mod list;
mod pin;
pub(in crate::cli) mod prepare;
mod reset;
pub(in crate::cli) mod trusting;

pub(in crate::cli) use list::{Pin, State, described};

use crate::cli::args::{Cli, Fido, FidoCommand, FidoKey, FidoPinCommand};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::{self, Failed, catch_signals};
use crate::cli::report::schema;
use crate::cli::{Outcome, environment};
use crate::fido::{self, FidoPorts};
use crate::keys::Serial;
use crate::person::Question;
use crate::unlock::fido::{self as unlock, Opened};
use schemars::{JsonSchema, Schema};
use serde::Serialize;

pub(in crate::cli) fn run(args: &Fido, cli: &Cli, console: &mut Console) -> Outcome {
    let mut invocation = Invocation::new(environment::fido_ports(), cli, console, catch_signals()?);
    match &args.command {
        FidoCommand::List => list::run(&mut invocation),
        FidoCommand::Pin { command: FidoPinCommand::Set { key, new_pin_fd } } => {
            pin::set(key, invocation.new_pins_from(*new_pin_fd))
        }
        FidoCommand::Pin { command: FidoPinCommand::Change { key, new_pin_fd } } => {
            pin::change(key, invocation.new_pins_from(*new_pin_fd))
        }
        FidoCommand::Pin { command: FidoPinCommand::Verify(key) } => pin::verify(key, &mut invocation),
        FidoCommand::Info(key) => info::run(key, &mut invocation),
        FidoCommand::Config { command } => config::run(command, &mut invocation),
        FidoCommand::Credentials { command } => credentials::run(command, &mut invocation),
        FidoCommand::Fingerprints { command } => fingerprints::run(command, &mut invocation),
        FidoCommand::Reset(args) => reset::run(args, &mut invocation),
        FidoCommand::Attest(args) => ceremonies::attest(args, &mut invocation),
        FidoCommand::Enroll(args) => ceremonies::enroll(args, &mut invocation),
        FidoCommand::Assert(args) => ceremonies::assert(args, &mut invocation),
        FidoCommand::Verify(key) => ceremonies::verify(key, &mut invocation),
        FidoCommand::Prepare(args) => prepare::run(args, &mut invocation),
        FidoCommand::Blink(key) => blink::run(key, &mut invocation),
    }
}

pub(in crate::cli) type Invocation<'a> = invocation::Invocation<'a, Box<dyn FidoPorts>>;

impl Invocation<'_> {
    /// Takes new PINs from this file descriptor.
    fn new_pins_from(&mut self, fd: Option<u32>) -> &mut Self {
        self.person.new_pins_from(fd);
        self
    }

    /// The key to read: the one named, or the only one.
    fn key_to_read(&self, named: &FidoKey) -> Result<Opened, Failed> {
        self.described(unlock::open(&*self.keys, named.key.as_ref(), &self.interrupt))
    }

    /// The key to write: the one named, or the only one once the person has confirmed that it is meant.
    fn key_to_write(&mut self, named: &FidoKey) -> Result<Opened, Failed> {
        let mut opened = self.key_to_read(named)?;
        if named.key.is_some() {
            return Ok(opened);
        }
        let info = opened.info();
        let (key, model) = (opened.id.clone(), opened.model(&self.described(info)?));
        let nobody = Explanation::new("nobody_to_ask", format!("is {key} ({model}) meant? Nobody can be asked"))
            .hint(format!("name it with --key {}", key.argument()))
            .exit(Exit::Person);
        self.confirm(&Question::UseTheOnlyFidoKey { key, model }, nobody)?;
        Ok(opened)
    }

    /// A key's error as it is shown. What fails after Ctrl-C fails because of it.
    fn described<R>(&self, outcome: Result<R, unlock::Error>) -> Result<R, Failed> {
        outcome.map_err(|error| match error {
            unlock::Error::NobodyToAsk { .. } => self.unanswered(explain::fido_unlock(&error)),
            error => Box::new(explain::fido_unlock(&error)),
        })
    }

    /// As [`Invocation::confirm`], for a question that only this command asks.
    fn confirm_words(&self, question: &str) -> Result<(), Failed> {
        self.answered(self.person.confirm_words(question), nobody_confirms())
    }

    fn confirm_typed(&self, question: &str, words: &str) -> Result<(), Failed> {
        self.answered(self.person.confirm_typed(question, words), nobody_confirms())
    }
}

fn nobody_confirms() -> Explanation {
    Explanation::new("nobody_to_ask", "a confirmation is needed, and nobody can be asked")
        .hint("--yes says yes")
        .exit(Exit::Person)
}

/// What a key said to a command that changes something. When its answer was lost, the change may have been made: `look`
/// is the command that tells.
fn lost(key: &Opened, cause: &fido::Error, look: &str) -> Failed {
    let mut text = explain::fido(Some(&key.id), cause);
    use fido::Error as E;
    if let E::Transport(_) | E::NoAnswer { .. } | E::CancelUnanswered | E::Malformed { .. } | E::Channel(_) = cause {
        text.exit = Exit::Left;
        let name = key.id.argument();
        text.state
            .push(format!("it is not known whether the change was made; `glasskey fido {look} --key {name}` shows"));
    }
    Box::new(text)
}

/// What a key said when it was looked at after a change that it had acknowledged: `done` is what is so now.
fn after(key: &Opened, cause: &fido::Error, done: &str) -> Failed {
    let mut text = explain::fido(Some(&key.id), cause);
    text.exit = Exit::Left;
    text.state.push(done.to_owned());
    Box::new(text)
}

/// Which key it is.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct KeyReport {
    /// The key's serial number; null where the key does not report one.
    key: Option<Serial>,
    /// The HID device, such as `/dev/hidraw3`.
    path: String,
}

impl KeyReport {
    fn of(opened: &Opened) -> Self {
        Self { key: opened.id.serial(), path: opened.found.path.clone() }
    }
}

pub(in crate::cli) fn schemas() -> Vec<Schema> {
    vec![
        schema::<list::Report>(),
        schema::<pin::Report>(),
        schema::<info::Report<'_>>(),
        schema::<config::Report>(),
        schema::<credentials::ListReport<'_>>(),
        schema::<credentials::DeleteReport<'_>>(),
        schema::<credentials::RenameReport<'_>>(),
        schema::<fingerprints::ListReport<'_>>(),
        schema::<fingerprints::AddReport<'_>>(),
        schema::<fingerprints::RenameReport<'_>>(),
        schema::<fingerprints::DeleteReport<'_>>(),
        schema::<reset::Report>(),
        schema::<blink::Report>(),
        schema::<ceremonies::AttestReport<'_>>(),
        schema::<ceremonies::EnrollReport<'_>>(),
        schema::<ceremonies::VerifyReport<'_>>(),
        schema::<prepare::Report<'_>>(),
    ]
}
