//! What a command has at hand that asks and answers by itself, without a flow: `glasskey oath` and `glasskey fido`.

use super::args::{Cli, Global};
use super::console::Console;
use super::explain::{Exit, Explanation};
use super::terminal::TerminalPerson;
use crate::person::{Person, Question};
use crate::platform::Interrupt;

pub(super) type Failed = Box<Explanation>;

/// `Keys`: the way to the keys that the command is about.
pub(super) struct Invocation<'a, Keys> {
    pub(super) keys: Keys,
    pub(super) person: TerminalPerson,
    pub(super) interrupt: Interrupt,
    pub(super) console: &'a mut Console,
    pub(super) global: &'a Global,
}

impl<'a, Keys> Invocation<'a, Keys> {
    pub(super) fn new(keys: Keys, cli: &'a Cli, console: &'a mut Console, interrupt: Interrupt) -> Self {
        let person = TerminalPerson::new(&cli.global, console.style(), interrupt.clone());
        Self { keys, person, interrupt, console, global: &cli.global }
    }

    /// Asks for a yes; `nobody` is the error where nobody can be asked.
    pub(super) fn confirm(&mut self, question: &Question, nobody: Explanation) -> Result<(), Failed> {
        let answer = self.person.confirm(question);
        self.answered(answer, nobody)
    }

    pub(super) fn answered(&self, answer: Option<bool>, nobody: Explanation) -> Result<(), Failed> {
        match answer {
            Some(true) => Ok(()),
            Some(false) => Err(Box::new(Explanation::new("declined", "not confirmed; nothing was done"))),
            None => Err(self.unanswered(nobody)),
        }
    }

    /// Why a prompt has no answer: an interruption, or `nobody`.
    pub(super) fn unanswered(&self, nobody: Explanation) -> Failed {
        Box::new(if self.interrupt.raised() { Explanation::interrupted() } else { nobody })
    }

    /// A line about something that was done.
    pub(super) fn step(&self, verb: impl ToString, what: &str) {
        let style = self.console.style();
        style.say(&format!("  {} {what}", style.bold(&format!("{:<9}", verb.to_string()))));
    }

    pub(super) fn warn(&self, what: &str) {
        self.console.style().warn(what);
    }
}

pub(super) fn usage(what: impl Into<String>) -> Failed {
    Box::new(Explanation::new("usage", what).exit(Exit::Usage))
}

/// Ctrl-C ends what the command does, and not the program.
pub(super) fn catch_signals() -> Result<Interrupt, Failed> {
    Interrupt::install()
        .map_err(|cause| Box::new(Explanation::new("signals", format!("cannot catch signals: {cause}"))))
}
