//! Places for a seed beside keys: an escrow file, a phone, and a password manager's command. What is asked for, what is
//! ready, and the steps of an enrollment.

use super::context::Context;
use super::failure::{At, Cause, Stage};
use super::record::Undo;
use super::run::Run;
use crate::aws::DeviceArn;
use crate::person::Notice;
use crate::secret::Seed;
use crate::sink::{
    self, ChildCommand, CodeCommand, CommandEnd, CommandSink, EscrowSink, KeySink, PhoneSink, Recipients, Secret,
    program_of,
};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeedSinks {
    pub escrow: Option<EscrowTo>,
    /// A command that takes the seed on its standard input.
    pub command: Option<CommandTo>,
    /// A command that prints the current code of what the other one stored: that proves it.
    pub code: Option<CommandTo>,
    /// A device may be enabled though no place has proved its seed by a code.
    pub accept_unproved: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EscrowTo {
    pub recipients: Vec<String>,
    /// Its name; `DEVICE.age` when not given.
    pub file: Option<PathBuf>,
    /// Where; the current directory when not given.
    pub directory: Option<PathBuf>,
    /// How long an age plugin is waited for.
    pub timeout: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandTo {
    pub line: String,
    pub timeout: Duration,
}

/// Places that can be used, for any device.
#[derive(Clone, Default)]
pub(super) struct ValidatedSinks {
    escrow: Option<(Recipients, EscrowTo)>,
    command: Option<CommandTo>,
    code: Option<CommandTo>,
}

#[derive(Clone, Default)]
pub(super) struct DeviceSinks {
    pub(super) escrow: Option<(Recipients, PathBuf)>,
    pub(super) command: Option<CommandTo>,
    pub(super) code: Option<CommandTo>,
}

impl SeedSinks {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.escrow.is_none() && self.command.is_none()
    }

    /// Whether the directory that many users' escrow files go to is there.
    pub(super) fn check_directory(&self) -> Result<(), Cause> {
        let directory = self.escrow.as_ref().and_then(|to| to.directory.as_ref());
        match directory.filter(|directory| !directory.is_dir()) {
            Some(directory) => Err(no_directory(&directory.join("USER.age"))),
            None => Ok(()),
        }
    }

    /// Tries every recipient out: what cannot be used is found before anything is done.
    pub(super) fn usable(&self, context: &Context<'_>) -> Result<ValidatedSinks, Cause> {
        let escrow = match &self.escrow {
            None => None,
            Some(to) => {
                let recipients = Recipients::parse(&to.recipients, to.timeout, &context.interrupt)?;
                recipients.try_out().map_err(|cause| {
                    if context.interrupt.raised() { Cause::Interrupted } else { Cause::Sink(cause) }
                })?;
                Some((recipients, to.clone()))
            }
        };
        Ok(ValidatedSinks { escrow, command: self.command.clone(), code: self.code.clone() })
    }
}

impl ValidatedSinks {
    /// The places of this device. Its escrow file is not there yet, and its directory is.
    pub(super) fn of(&self, arn: &DeviceArn) -> Result<DeviceSinks, Cause> {
        let escrow = match &self.escrow {
            None => None,
            Some((recipients, to)) => Some((recipients.clone(), free_path(to, arn)?)),
        };
        Ok(DeviceSinks { escrow, command: self.command.clone(), code: self.code.clone() })
    }
}

fn free_path(to: &EscrowTo, arn: &DeviceArn) -> Result<PathBuf, Cause> {
    let directory = to.directory.as_deref().unwrap_or(Path::new("."));
    let path = to.file.clone().unwrap_or_else(|| directory.join(format!("{}.age", arn.name())));
    // The journal names it, and recovery may run elsewhere.
    let whole = std::path::absolute(&path).map_err(|cause| {
        let (kind, why) = (cause.kind(), cause.to_string());
        Cause::Sink(sink::Error::Escrow { path: path.clone(), what: Secret::Seed, kind, why })
    })?;
    if whole.symlink_metadata().is_ok() {
        return Err(Cause::Sink(sink::Error::EscrowThere { path: whole, what: Secret::Seed }));
    }
    if !whole.parent().is_some_and(Path::is_dir) {
        return Err(no_directory(&path));
    }
    Ok(whole)
}

fn no_directory(path: &Path) -> Cause {
    let why = "there is no such directory".to_owned();
    Cause::Sink(sink::Error::Escrow { path: path.to_owned(), what: Secret::Seed, kind: ErrorKind::NotFound, why })
}

impl DeviceSinks {
    pub(super) fn is_empty(&self) -> bool {
        self.escrow.is_none() && self.command.is_none()
    }

    pub(super) fn escrow_path(&self) -> Option<PathBuf> {
        self.escrow.as_ref().map(|(_, path)| path.clone())
    }

    pub(super) fn program(&self) -> Option<String> {
        self.command.as_ref().map(|command| program_of(&command.line))
    }

    /// The program that prints a code of what the command stored.
    pub(super) fn code_program(&self) -> Option<String> {
        self.code.as_ref().map(|command| program_of(&command.line))
    }

    pub(super) fn recipients(&self) -> Vec<String> {
        self.escrow.iter().flat_map(|(recipients, _)| recipients.texts()).map(str::to_owned).collect()
    }

    pub(super) fn escrow(&self, run: &mut Run, seed: &Seed, context: &mut Context<'_>) -> Result<(), At> {
        let Some((recipients, path)) = &self.escrow else { return Ok(()) };
        let at = |cause| (Stage::Escrow, cause);
        let sink = |cause| at(Cause::Sink(cause));
        context.go_on().map_err(at)?;
        let file = EscrowSink::seal(recipients, path, ISSUER, &account_of(&run.begin.arn), seed).map_err(sink)?;
        let undo = Undo::RemoveEscrow(file.file().clone());
        run.intend(undo.clone()).map_err(at)?;
        file.put().map_err(|cause| {
            if matches!(cause, sink::Error::EscrowThere { .. }) {
                // Somebody else's, since it was looked for.
                run.void(&undo);
            }
            sink(cause)
        })?;
        file.verify(ISSUER, &account_of(&run.begin.arn), seed).map_err(sink)?;
        context.tell(Notice::Escrowed { path: path.clone(), recipients: recipients.texts().count() });
        Ok(())
    }

    /// Hands the seed over; of all places the one that cannot be undone, so it comes last. Where a command prints a code
    /// of what was stored, that must be the seed's.
    pub(super) fn command(&self, run: &mut Run, seed: &Seed, context: &mut Context<'_>) -> Result<(), At> {
        let Some(to) = &self.command else { return Ok(()) };
        let at = |cause| (Stage::Command, cause);
        context.go_on().map_err(at)?;
        let program = program_of(&to.line);
        let undo = Undo::TakeBack { program: program.clone() };
        let sink = CommandSink {
            child: child("seed", to, run, context),
            issuer: ISSUER.to_owned(),
            account: account_of(&run.begin.arn),
        };
        run.intend(undo.clone()).map_err(at)?;
        sink.put(seed).map_err(|cause| {
            if matches!(cause, sink::Error::Command { end: CommandEnd::NotStarted { .. }, .. }) {
                run.void(&undo);
            }
            at(Cause::Sink(cause))
        })?;
        context.tell(Notice::HandedOver { program, checked: self.code.is_some() });
        let Some(code) = &self.code else { return Ok(()) };
        let check = CodeCommand { child: child("code", code, run, context) };
        check.check(seed, &context.clock).map_err(|cause| at(Cause::Sink(cause)))?;
        context.tell(Notice::StoreChecked { program: program_of(&code.line) });
        Ok(())
    }
}

/// A command, told in its environment whose device this is.
fn child(what: &'static str, to: &CommandTo, run: &Run, context: &Context<'_>) -> ChildCommand {
    ChildCommand {
        what,
        line: to.line.clone(),
        timeout: to.timeout,
        variables: vec![
            ("GLASSKEY_USER", run.begin.user.clone()),
            ("GLASSKEY_DEVICE", run.begin.arn.name().to_owned()),
            ("GLASSKEY_ACCOUNT", run.begin.arn.account().to_owned()),
            ("GLASSKEY_ARN", run.begin.arn.to_string()),
        ],
        interrupt: context.interrupt.clone(),
    }
}

/// Writes the seed to a key.
pub(super) fn key(run: &mut Run, sink: &KeySink, seed: &Seed, context: &mut Context<'_>) -> Result<(), At> {
    let key = sink.key;
    let at = |cause| (Stage::Write { key }, cause);
    context.go_on().map_err(at)?;
    run.intend(Undo::RemoveCredential { key }).map_err(at)?;
    sink.put(seed, &mut context.sinks()).map_err(|cause| {
        if is_taken(&cause) {
            // Written by somebody else since pre-flight looked: not ours to remove.
            run.void(&Undo::RemoveCredential { key });
        }
        at(Cause::Sink(cause))
    })
}

fn is_taken(cause: &sink::Error) -> bool {
    use crate::{oath, unlock};
    matches!(cause, sink::Error::Unlock(unlock::Error::Oath { cause: oath::Error::NameTaken(_), .. }))
}

/// Shows a phone the seed, and has a code of its typed.
pub(super) fn phone(run: &mut Run, seed: &Seed, context: &mut Context<'_>) -> Result<(), At> {
    let at = |cause| (Stage::Phone, cause);
    context.go_on().map_err(at)?;
    run.intend(Undo::RemoveFromPhone).map_err(at)?;
    let sink = PhoneSink { issuer: ISSUER.to_owned(), account: account_of(&run.begin.arn) };
    sink.verify(seed, &mut context.sinks()).map_err(|cause| at(Cause::Sink(cause)))
}

/// What an authenticator app would show.
const ISSUER: &str = "AWS";

/// As above: account number and device.
pub(super) fn account_of(arn: &DeviceArn) -> String {
    format!("{}/{}", arn.account(), arn.resource())
}
