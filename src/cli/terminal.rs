//! The real person: notices on stderr, questions and secrets on the controlling terminal.
//!
//! What needs an answer goes to the terminal, even when stdin and stderr are redirected; a QR code is erased once it
//! has been read. Where there is no terminal, or `--no-input` was given, nobody can be asked.

use super::args::Global;
use super::console::{Style, painted};
use super::notices;
use super::secret_line::Source;
use super::unanswered::{self, Why};
use crate::cli::deeds;
use crate::keys::{KeyId, Serial};
use crate::person::{AtCodes, Choice, NoNewPin, Notice, Offer, Person, Question, RootQuestion, RootStep, TwoCodes};
use crate::platform::{Interrupt, Terminal, Typed, descriptors};
use crate::secret::{Code, Password, SecretText};
use crate::totp::unix;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::time::{Duration, SystemTime};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Whoever sits at the terminal.
pub(super) struct TerminalPerson {
    style: Style,
    interrupt: Interrupt,
    yes: bool,
    no_input: bool,
    passwords: Option<Source>,
    pins: Option<Source>,
    new_pins: Option<Source>,
    /// What secrets are read from, a line at a time.
    secrets: BTreeMap<Source, File>,
    /// A countdown is on the screen's last line.
    counting: bool,
    /// Two codes are on the screen's last lines.
    codes_shown: bool,
    /// Where codes are written beside the terminal, and the last that were.
    codes: Option<File>,
    written: Option<SystemTime>,
}

/// How often a new PIN is asked for.
const TRIES: usize = 3;

/// Switches to the alternate screen and clears it; and back. What was shown there is gone (xterm, "1049").
const ALTERNATE_ON: &str = "\u{1b}[?1049h\u{1b}[2J\u{1b}[H";
const ALTERNATE_OFF: &str = "\u{1b}[2J\u{1b}[H\u{1b}[?1049l";

impl TerminalPerson {
    pub(super) fn new(global: &Global, style: Style, interrupt: Interrupt) -> Self {
        Self {
            style,
            interrupt,
            yes: global.yes,
            no_input: global.no_input,
            passwords: Source::of_passwords(global),
            pins: Source::of_pins(global),
            new_pins: None,
            secrets: BTreeMap::new(),
            counting: false,
            codes_shown: false,
            codes: None,
            written: None,
        }
    }

    /// Writes two codes to be typed to this file descriptor too, a pair a line.
    pub(super) fn codes_to(&mut self, fd: Option<u32>) {
        self.codes = fd.and_then(|fd| descriptors::open_to_write(fd).ok());
    }

    /// A new pair, where somebody asked for it: both codes, and the second of Unix time when they are too old.
    fn write_codes(&mut self, codes: &TwoCodes) -> Option<()> {
        let file = self.codes.as_mut()?;
        if self.written == Some(codes.good_until) {
            return Some(());
        }
        let [first, second] = &codes.codes;
        let line = Zeroizing::new(format!("{} {} {}\n", first.expose(), second.expose(), unix(codes.good_until)));
        file.write_all(line.as_bytes()).ok()?;
        self.written = Some(codes.good_until);
        Some(())
    }

    /// Takes new PINs from this file descriptor.
    pub(super) fn new_pins_from(&mut self, fd: Option<u32>) {
        self.new_pins = fd.map(Source::Fd);
    }

    fn terminal(&self) -> Option<Terminal> {
        if self.no_input { None } else { Terminal::open().ok() }
    }

    /// Asks one line. `None`: nobody can be asked, or the person interrupted.
    pub(super) fn ask(&self, prompt: &str, hidden: bool) -> Option<Zeroizing<String>> {
        self.answer(&self.terminal()?, prompt, hidden)
    }

    /// As [`TerminalPerson::ask`]. An end of the input (Ctrl-D) is remembered, since it is not that nobody is there.
    fn answer(&self, terminal: &Terminal, prompt: &str, hidden: bool) -> Option<Zeroizing<String>> {
        self.heard(terminal.ask(&painted(prompt), hidden, &self.interrupt))
    }

    /// Remembers why there is no answer, where somebody was there to give it.
    fn heard(&self, answer: std::io::Result<Option<Zeroizing<String>>>) -> Option<Zeroizing<String>> {
        match answer {
            Ok(None) if !self.interrupt.raised() => unanswered::because(Why::Ended),
            Err(cause) if cause.kind() == ErrorKind::InvalidData => unanswered::because(Why::TypedNotUtf8),
            answer => return answer.ok().flatten().inspect(|_| unanswered::answered()),
        }
        None
    }

    /// Asks for a secret without echo.
    pub(super) fn ask_secret(&self, prompt: &str) -> Option<Password> {
        self.ask(prompt, true).map(|mut text| Password::new(std::mem::take(&mut *text)))
    }

    /// As [`TerminalPerson::ask_secret`], of text that is pasted as a rule: it may come in several lines.
    pub(super) fn ask_pasted(&self, prompt: &str) -> Option<Password> {
        let text = self.heard(self.terminal()?.ask_pasted(&painted(prompt), &self.interrupt));
        text.map(|mut text| Password::new(std::mem::take(&mut *text)))
    }

    /// A question that one command alone asks, answered with yes or no.
    pub(super) fn confirm_words(&self, question: &str) -> Option<bool> {
        if self.yes { Some(true) } else { yes(&self.ask(question, false)?) }
    }

    pub(super) fn confirm_typed(&self, question: &str, words: &str) -> Option<bool> {
        if self.yes { Some(true) } else { Some(self.ask(question, false)?.trim() == words) }
    }

    /// The next line of `--password-fd` and its like; they may be the same file descriptor.
    fn next_secret(&mut self, from: Source) -> Option<Password> {
        let file = match self.secrets.entry(from) {
            Entry::Occupied(open) => open.into_mut(),
            Entry::Vacant(place) => place.insert(from.open()?),
        };
        from.read_password(file)
    }

    /// Asks for a new PIN twice; `Ok(None)`: it cannot be one, or the two differ.
    fn ask_new_pin(&self, key: &KeyId, least: usize) -> Result<Option<Password>, NoNewPin> {
        let ask = |prompt: &str| self.ask_secret(prompt).ok_or(NoNewPin::NobodyToAsk);
        let first = ask(&format!("New PIN for {key} (at least {least} characters): "))?;
        if first.expose().chars().count() < least {
            self.style.say("glasskey: too short");
            return Ok(None);
        }
        let second = ask("The same again: ")?;
        if bool::from(first.expose().as_bytes().ct_eq(second.expose().as_bytes())) {
            return Ok(Some(first));
        }
        self.style.say("glasskey: the two differ");
        Ok(None)
    }

    /// Whoever says yes to everything has not looked at the console.
    fn confirm_root(&mut self, question: &RootQuestion) -> Option<bool> {
        self.end_countdown();
        match question {
            RootQuestion::WasAdded { name } => {
                yes(&self.ask(&format!("Has the console said that \"{name}\" was added? [y/N] "), false)?)
            }
            RootQuestion::IsIt { serial, name } => {
                yes(&self.ask(&format!("Is {serial} the device that was to be \"{name}\"? [y/N] "), false)?)
            }
            RootQuestion::IsThisKey { serial, key } => {
                let prompt = format!(
                    "Is {serial} {key}, and does it sign in? If not, answer no and register it again. [y/N] "
                );
                yes(&self.ask(&prompt, false)?)
            }
            RootQuestion::WasRemoved { serial } => {
                yes(&self.ask(&format!("Has the console removed {serial}? [y/N] "), false)?)
            }
            RootQuestion::TakeBack { keys, .. } if keys.is_empty() => {
                yes(&self.ask("Did the console take no codes, so that nothing is to be recovered? [y/N] ", false)?)
            }
            RootQuestion::TakeBack { credential, keys } => {
                let keys = keys.iter().map(|key| format!("YubiKey {key}")).collect::<Vec<_>>().join(" and ");
                let prompt = format!(
                    "Remove \"{credential}\" from {keys} again? Only if the console has not taken the codes. [y/N] "
                );
                yes(&self.ask(&prompt, false)?)
            }
            RootQuestion::Remove { .. } if self.yes => Some(true),
            RootQuestion::Remove { account, serials } => {
                let what = if serials.len() == 1 { "it" } else { "them" };
                yes(&self.ask(&format!("Take {what} away from root of {account} for good? [y/N] "), false)?)
            }
        }
    }

    fn end_countdown(&mut self) {
        if std::mem::take(&mut self.counting) {
            self.style.erase();
        }
    }
}

/// A line on the controlling terminal, whoever has standard error.
pub(super) fn on_terminal(line: &str) -> std::io::Result<()> {
    Terminal::open()?.write(&format!("{}\n", painted(line)))
}

impl Person for TerminalPerson {
    fn is_there(&self) -> bool {
        self.terminal().is_some()
    }

    fn tell(&mut self, notice: &Notice) {
        // They are drawn again below it.
        self.hide_codes();
        let waits = matches!(notice, Notice::Waiting { .. } | Notice::Root(RootStep::Watching { .. }));
        if waits && self.style.terminal {
            self.style.write_over(&notices::lines(notice, self.style).concat());
            self.counting = true;
            return;
        }
        // Without a terminal, one line says how long the wait will be; a long one is told of every minute.
        if waits {
            let minute = matches!(notice, Notice::Root(RootStep::Watching { elapsed, .. }) if elapsed % 60 == 0);
            if !std::mem::replace(&mut self.counting, true) || minute {
                notices::lines(notice, self.style).iter().for_each(|line| self.style.say(line));
            }
            return;
        }
        if self.style.terminal {
            self.end_countdown();
        }
        self.counting = false;
        for line in notices::lines(notice, self.style) {
            self.style.say(&line);
            // Whoever is to touch the key looks at the terminal, wherever the conversation goes.
            if let Notice::FidoTouch { .. } = notice
                && !self.style.terminal
                && let Some(terminal) = self.terminal()
            {
                let _ = terminal.write(&format!("{}\r\n", painted(&line)));
            }
        }
    }

    fn confirm(&mut self, question: &Question) -> Option<bool> {
        if let Question::Root(question) = question {
            return self.confirm_root(question);
        }
        // Whoever says yes to everything has not thought of these.
        let weighty = matches!(
            question,
            Question::LastPinTry { .. } | Question::EnableUnproved | Question::HardenForGood { .. }
        );
        if self.yes && !weighty {
            return Some(true);
        }
        let answer = self.ask(&prompt(question), false)?;
        match question {
            Question::ResetOath { key, .. } => Some(*answer.trim() == key.to_string()),
            Question::Harden { account } | Question::AllowRecovery { account } => Some(answer.trim() == account),
            Question::HardenOrganization { organization, accounts } => {
                Some(answer.split_whitespace().eq([organization.as_str(), &accounts.to_string()]))
            }
            _ => yes(&answer),
        }
    }

    fn password(&mut self, key: Serial) -> Option<Password> {
        match self.passwords {
            Some(from) => self.next_secret(from),
            None => self.ask_secret(&format!("OATH password of YubiKey {key}: ")),
        }
    }

    fn pin(&mut self, key: &KeyId, left: u8) -> Option<Password> {
        let tries = if left == 1 { "1 try" } else { &format!("{left} tries") };
        match self.pins {
            Some(from) => self.next_secret(from),
            None => self.ask_secret(&format!("PIN of {key} ({tries} left): ")),
        }
    }

    fn can_be_asked_again(&self) -> bool {
        self.pins.is_none() && self.is_there()
    }

    fn new_pin(&mut self, key: &KeyId, least: usize) -> Result<Password, NoNewPin> {
        if let Some(from) = self.new_pins {
            return self.next_secret(from).ok_or(NoNewPin::NobodyToAsk);
        }
        for _ in 0..TRIES {
            if let Some(pin) = self.ask_new_pin(key, least)? {
                return Ok(pin);
            }
        }
        Err(NoNewPin::Differ)
    }

    fn choose(&mut self, finish: Offer<'_>, undo: Offer<'_>) -> Option<Choice> {
        let terminal = self.terminal()?;
        let prompt = match (&finish, &undo) {
            (Ok(_), Ok(_)) => "[f]inish, [u]ndo, [l]eave? ",
            (Ok(_), Err(_)) => "[f]inish, [l]eave? ",
            (Err(_), Ok(_)) => "[u]ndo, [l]eave? ",
            (Err(_), Err(_)) => "[l]eave? ",
        };
        terminal.write(&deeds::choices(&finish, &undo)).ok()?;
        loop {
            let answer = self.answer(&terminal, prompt, false)?;
            match answer.trim() {
                "f" | "finish" if finish.is_ok() => return Some(Choice::Finish),
                "u" | "undo" if undo.is_ok() => return Some(Choice::Undo),
                "l" | "leave" | "" => return Some(Choice::Leave),
                _ => {}
            }
        }
    }

    fn show_qr(&mut self, uri: &str, check: &mut dyn FnMut(&Code) -> bool) -> Option<bool> {
        let terminal = self.terminal()?;
        let picture = crate::qr::render(uri).ok()?;
        terminal.write(ALTERNATE_ON).ok()?;
        let confirmed = (|| {
            terminal.write(&picture).ok()?;
            terminal.write("Scan this with an authenticator app. Nothing of it stays on this screen.\n").ok()?;
            for _ in 0..3 {
                let typed = self.answer(&terminal, "Code the app shows now (empty to give up): ", false)?;
                if typed.trim().is_empty() {
                    return Some(false);
                }
                if check(&Code::new(typed.as_bytes())) {
                    return Some(true);
                }
                terminal.write("That is not its code. ").ok()?;
            }
            Some(false)
        })();
        terminal.write(ALTERNATE_OFF).ok()?;
        // Interrupted or hung up at the prompt: nothing was proved.
        Some(confirmed.unwrap_or(false))
    }

    fn show_codes(&mut self, codes: &TwoCodes, now: SystemTime) -> Option<AtCodes> {
        let written = self.write_codes(codes);
        let Some(terminal) = self.terminal() else {
            written?;
            let stop = self.interrupt.wait(Duration::from_secs(1));
            return Some(if stop { AtCodes::GivesUp } else { AtCodes::Reads });
        };
        self.end_countdown();
        let left = codes.good_until.duration_since(now).map_or(0, |left| left.as_secs());
        let [first, second] = &codes.codes;
        let [numbers, clock] = notices::code_lines(first.expose(), second.expose(), left, codes.good_until);
        let again = std::mem::replace(&mut self.codes_shown, true);
        if !again {
            // An Enter typed before them says nothing of them.
            terminal.discard_input().ok()?;
        }
        let up = if again { "\r\u{1b}[2A" } else { "" };
        let shown = Zeroizing::new(format!("{up}\u{1b}[J{}\n{}\n", *numbers, *clock));
        terminal.write(&shown).ok()?;
        Some(match terminal.wait_for_line(Duration::from_secs(1), &self.interrupt).ok()? {
            Typed::Nothing => AtCodes::Reads,
            Typed::Line => {
                // Enter moved the cursor down.
                let _ = terminal.write("\u{1b}[1A");
                AtCodes::Done
            }
            Typed::Stop => AtCodes::GivesUp,
        })
    }

    fn mailed_code(&mut self, address: &str) -> Option<String> {
        self.end_countdown();
        let typed = self.ask(&format!("Code in the mail to {address} (empty to give up): "), false)?;
        Some(typed.trim().to_owned()).filter(|typed| !typed.is_empty())
    }

    fn show_password(&mut self, user: &str, password: &SecretText) -> Option<bool> {
        let terminal = self.terminal()?;
        terminal.write(ALTERNATE_ON).ok()?;
        let taken_down = (|| {
            let text =
                password.expose(|text| Zeroizing::new(format!("The first password of {user}:\n\n  {text}\n\n")));
            terminal.write(&text).ok()?;
            terminal.discard_input().ok()?;
            let answer = self.answer(
                &terminal,
                "Nothing of it stays on this screen. Type \"done\" once you have it: ",
                false,
            )?;
            Some(answer.trim() == "done")
        })();
        terminal.write(ALTERNATE_OFF).ok()?;
        // Interrupted or hung up at the prompt: nobody has it.
        Some(taken_down.unwrap_or(false))
    }

    fn hide_codes(&mut self) {
        if std::mem::take(&mut self.codes_shown)
            && let Some(terminal) = self.terminal()
        {
            let _ = terminal.write("\r\u{1b}[2A\u{1b}[J");
        }
    }
}

fn yes(answer: &str) -> Option<bool> {
    Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// What is asked; root's questions have their own.
fn prompt(question: &Question) -> String {
    match question {
        Question::Root(_) => String::new(),
        Question::Proceed => "Continue? [y/N] ".to_owned(),
        Question::LastPinTry { key } => format!(
            "One PIN try is left; a wrong PIN now blocks {key} until it is reset, which wipes it. Try? [y/N] "
        ),
        Question::EnableUnproved => {
            "No place proves the seed by a code. Enable the device all the same? [y/N] ".to_owned()
        }
        Question::DeleteCredential { key, name } => {
            format!("Remove \"{name}\" from YubiKey {key} for good? [y/N] ")
        }
        Question::Import { key, write, leave } => {
            let credentials = if *write == 1 { "credential" } else { "credentials" };
            let leave = if *leave == 0 { String::new() } else { format!(" and leave out {leave}") };
            format!("Write {write} {credentials} to YubiKey {key}{leave}? [y/N] ")
        }
        Question::DeleteAccessKey { id, user } => format!(
            "{id} of {user} is inactive, and can be activated again until it is deleted. Delete it for good? [y/N] "
        ),
        Question::UseTheOnlyFidoKey { key, model } => {
            format!("Write to {key} ({model}), the only FIDO2 key here? [y/N] ")
        }
        Question::Harden { account } => format!("Type the account number to change account {account}: "),
        Question::HardenOrganization { organization, accounts } => format!(
            "Type the organization's id and its number of accounts ({organization} {accounts}) to change them: "
        ),
        Question::AllowRecovery { account } => {
            format!("Type the account number to let root of {account} recover its password: ")
        }
        Question::HardenForGood { within, steps } => {
            format!("This cannot be undone in {within}: {}. Do it for good? [y/N] ", steps.join(", "))
        }
        Question::HandOut { key, model, user } => format!("Use {model} {key} for {user}? [y/N] "),
        Question::UseTheOnlyKey { key, model } => format!("Write to {model} {key}, the only key here? [y/N] "),
        Question::ResetOath { key, credentials } => {
            let what = match credentials {
                Some(1) => "the only OATH credential".to_owned(),
                Some(count @ 2..) => format!("all {count} OATH credentials"),
                _ => "all OATH credentials".to_owned(),
            };
            format!("This wipes {what} of YubiKey {key}. Type its serial number to go on: ")
        }
    }
}
