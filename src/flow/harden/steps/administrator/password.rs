//! The administrator's first password: drawn, handed over once, and taken back where it did not come into force.
//!
//! It is handed over before AWS gets it: a password that is in force is always one that somebody has.

use super::super::super::inputs::PasswordPlaces;
use super::super::super::step::{Hands, Ready};
use crate::aws::{self, Account};
use crate::flow::failure::{Cause, HardenRefusal};
use crate::flow::seed_sinks::{CommandTo, EscrowTo};
use crate::secret::SecretText;
use crate::sink::{
    self, ChildCommand, CommandEnd, EscrowFile, EscrowSink, PasswordSink, Recipients, Secret, program_of,
};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// Characters, where the account's policy does not ask for more.
const LENGTH: usize = 40;
/// How often a password is sent where replies are lost.
const TRIES: u32 = 3;
/// What is noted once it is in force.
const IN_FORCE: &str = "password in force";

/// A password that is in the places.
pub(super) struct Handed {
    password: SecretText,
    /// The age file.
    file: Option<EscrowFile>,
    /// The others who have it.
    others: Vec<String>,
}

/// Whether the places can be used: recipients are tried out, the file is not there yet, there is a terminal.
pub(super) fn check(user: &str, ready: &Ready<'_, '_>) -> Result<(), Cause> {
    let none = || HardenRefusal::NoPasswordPlace { user: user.to_owned() };
    let places = ready.inputs.password.as_ref().ok_or_else(none)?;
    if places.shown && !ready.context.person.is_there() {
        return Err(HardenRefusal::NobodyToShow.into());
    }
    if let Some(escrow) = &places.escrow {
        Recipients::parse(&escrow.recipients, escrow.timeout, &ready.context.interrupt)?.try_out()?;
        free_path(escrow)?;
    }
    Ok(())
}

/// The file's whole path, where there is a directory for it and no file yet.
fn free_path(to: &EscrowTo) -> Result<PathBuf, Cause> {
    let path = to.file.clone().unwrap_or_default();
    let trouble = |kind, why: String| sink::Error::Escrow { path: path.clone(), what: Secret::Password, kind, why };
    let whole = std::path::absolute(&path).map_err(|cause| trouble(cause.kind(), cause.to_string()))?;
    if whole.symlink_metadata().is_ok() {
        return Err(sink::Error::EscrowThere { path: whole, what: Secret::Password }.into());
    }
    if !whole.parent().is_some_and(Path::is_dir) {
        return Err(trouble(ErrorKind::NotFound, "there is no such directory".to_owned()).into());
    }
    Ok(whole)
}

/// Whether the user gets a password now: they have none, or one that is not in use and that no part of this run has set.
pub(super) fn is_due(user: &str, has_one: bool, hands: &mut Hands<'_, '_>) -> Result<bool, Cause> {
    if !has_one {
        return Ok(true);
    }
    if hands.inputs.password.is_none() || hands.has_noted(IN_FORCE) {
        return Ok(false);
    }
    if hands.account.password_last_used(user)?.is_some() {
        hands.tell_stays(format!("the password of {user}, since it is in use"));
        return Ok(false);
    }
    Ok(true)
}

impl Handed {
    /// Draws a password that keeps to the account's policy, and to any that this plan sets, and hands it over.
    pub(super) fn new(user: &str, hands: &mut Hands<'_, '_>) -> Result<Self, Cause> {
        let none = || HardenRefusal::NoPasswordPlace { user: user.to_owned() };
        let places = hands.inputs.password.as_ref().ok_or_else(none)?;
        let least = hands.account.full_password_policy()?.map_or(0, |policy| policy.minimum_length);
        let length = LENGTH.max(usize::try_from(least).unwrap_or_default());
        let password = SecretText::new_password(length).ok_or(HardenRefusal::NoPassword)?;
        let mut handed = Self { password, file: None, others: Vec::new() };
        match handed.hand_over(places, user, hands) {
            Ok(()) => Ok(handed),
            Err(cause) => {
                handed.take_back(user, hands);
                Err(cause)
            }
        }
    }

    /// The file first, since it can be taken back; then what cannot.
    fn hand_over(&mut self, places: &PasswordPlaces, user: &str, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        if let Some(escrow) = &places.escrow {
            self.seal(escrow, hands)?;
        }
        if let Some(command) = &places.command {
            self.run(command, user, hands)?;
        }
        if places.shown {
            hands.go_on()?;
            self.others.push("the terminal".to_owned());
            match hands.context.person.show_password(user, &self.password) {
                Some(true) => {}
                Some(false) => return Err(HardenRefusal::NotTakenDown.into()),
                None => return Err(HardenRefusal::NobodyToShow.into()),
            }
        }
        hands.go_on()
    }

    fn seal(&mut self, escrow: &EscrowTo, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        hands.go_on()?;
        let path = free_path(escrow)?;
        let recipients = Recipients::parse(&escrow.recipients, escrow.timeout, &hands.context.interrupt)?;
        let sealed = EscrowSink::seal_password(&recipients, &path, &self.password)?;
        match sealed.put() {
            // Somebody else's, since it was looked for.
            Err(why @ sink::Error::EscrowThere { .. }) => return Err(why.into()),
            outcome => {
                self.file = Some(sealed.file().clone());
                outcome?;
            }
        }
        sealed.verify_password(&self.password)?;
        let count = recipients.texts().count();
        let who = if count == 1 { "its recipient".to_owned() } else { format!("its {count} recipients") };
        hands.tell(format!("the password is in {}, which {who} can open", path.display()));
        Ok(())
    }

    fn run(&mut self, to: &CommandTo, user: &str, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        hands.go_on()?;
        let program = program_of(&to.line);
        let account = hands.account.caller().account.clone();
        let child = ChildCommand {
            what: "password",
            line: to.line.clone(),
            timeout: to.timeout,
            variables: vec![("GLASSKEY_USER", user.to_owned()), ("GLASSKEY_ACCOUNT", account)],
            interrupt: hands.context.interrupt.clone(),
        };
        let put = PasswordSink { child }.put(&self.password);
        if !matches!(&put, Err(sink::Error::Command { end: CommandEnd::NotStarted { .. }, .. })) {
            self.others.push(format!("`{program}`"));
        }
        put?;
        hands.tell(format!("`{program}` took the password"));
        Ok(())
    }

    /// Sets it. Where AWS has refused it for certain, what was handed over is taken back as far as that goes.
    pub(super) fn set(&self, user: &str, has_one: bool, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        self.sent(user, has_one, hands)?;
        hands.note(IN_FORCE)?;
        hands.tell(format!("the password of {user} is set; it has to be changed at the first sign-in"));
        Ok(())
    }

    fn sent(&self, user: &str, has_one: bool, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        let account: &Account = hands.account;
        for tries_left in (0..TRIES).rev() {
            hands.go_on()?;
            let sent = match has_one {
                true => account.replace_password(user, &self.password),
                false => account.create_password(user, &self.password),
            };
            let lost = match sent {
                Ok(()) => return Ok(()),
                Err(why @ aws::Error::OutcomeUnknown { .. }) => why,
                Err(why) => return Err(why.into()),
            };
            let (there, interrupted) = hands.context.settle(|| account.has_password(user));
            match there {
                // There was none, and this run alone sets one.
                Ok(true) if !has_one => return Ok(()),
                Ok(_) if tries_left > 0 && !interrupted => {}
                _ if interrupted => return Err(Cause::Interrupted),
                _ => return Err(lost.into()),
            }
        }
        Ok(())
    }

    /// It did not come into force: the file goes, and the others are named.
    pub(super) fn take_back(self, user: &str, hands: &mut Hands<'_, '_>) {
        if let Some(file) = &self.file
            && file.remove().is_err()
        {
            hands.tell_stays(format!("{}, with a password that is not {user}'s", file.path.display()));
        }
        for who in &self.others {
            hands.tell_stays(format!("the password that {who} got is of no use: it is not {user}'s"));
        }
    }
}
