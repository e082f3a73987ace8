//! The real person: notices on stderr, questions and secrets on the controlling terminal.
//!
//! What needs an answer goes to the terminal, even when stdin and stderr are redirected; a QR code is erased once it
//! has been read. Where there is no terminal, or `--no-input` was given, nobody can be asked.

use super::args::Global;
use super::console::Style;
use super::notices;
use crate::keys::Serial;
use crate::person::{Choice, Notice, Person, Question};
use crate::platform::{Interrupt, Terminal};
use crate::secret::{Code, Password};
use std::fs::File;
use std::io::Read;
use zeroize::Zeroizing;

/// Whoever sits at the terminal.
pub(super) struct TerminalPerson {
    style: Style,
    interrupt: Interrupt,
    yes: bool,
    no_input: bool,
    password_fd: Option<u32>,
    passwords: Option<File>,
    /// A countdown is on the screen's last line.
    counting: bool,
}

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
            password_fd: global.password_fd,
            passwords: None,
            counting: false,
        }
    }

    fn terminal(&self) -> Option<Terminal> {
        if self.no_input { None } else { Terminal::open().ok() }
    }

    /// Asks one line. `None`: nobody can be asked, or the person interrupted.
    pub(super) fn ask(&self, prompt: &str, hidden: bool) -> Option<Zeroizing<String>> {
        self.terminal()?.ask(prompt, hidden, &self.interrupt).ok().flatten()
    }

    /// Asks for a secret without echo.
    pub(super) fn ask_secret(&self, prompt: &str) -> Option<Password> {
        self.ask(prompt, true).map(|mut text| Password::new(std::mem::take(&mut *text)))
    }

    /// The next line of `--password-fd`.
    fn next_password(&mut self, fd: u32) -> Option<Password> {
        if self.passwords.is_none() {
            self.passwords = open_fd(fd);
        }
        self.passwords.as_mut().and_then(read_password)
    }

    fn end_countdown(&mut self) {
        if std::mem::take(&mut self.counting) {
            self.style.print("\r\u{1b}[2K");
        }
    }
}

/// Opens an inherited file descriptor by its name, which needs no unsafe code.
pub(super) fn open_fd(fd: u32) -> Option<File> {
    File::open(format!("/dev/fd/{fd}")).ok()
}

/// Reads one line, byte by byte so that the next reader finds the next line.
pub(super) fn read_password(file: &mut File) -> Option<Password> {
    let mut line = Zeroizing::new(Vec::with_capacity(4096));
    let mut byte = Zeroizing::new([0]);
    while file.read(&mut *byte).ok()? == 1 && *byte != [b'\n'] && line.len() < 4096 {
        line.extend_from_slice(&*byte);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    let text = std::str::from_utf8(&line).ok().filter(|text| !text.is_empty())?;
    Some(Password::new(text.to_owned()))
}

impl Person for TerminalPerson {
    fn is_there(&self) -> bool {
        self.terminal().is_some()
    }

    fn tell(&mut self, notice: &Notice) {
        if let Notice::Waiting { .. } = notice
            && self.style.terminal
        {
            self.style.print(&format!("\r\u{1b}[2K{}", notices::lines(notice, self.style).concat()));
            self.counting = true;
            return;
        }
        // Without a terminal, one line says how long the wait will be.
        if let Notice::Waiting { .. } = notice {
            if !std::mem::replace(&mut self.counting, true) {
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
        }
    }

    fn confirm(&mut self, question: &Question) -> Option<bool> {
        if self.yes {
            return Some(true);
        }
        match question {
            Question::Proceed => yes(&self.ask("Continue? [y/N] ", false)?),
            Question::DeleteCredential { key, name } => {
                yes(&self.ask(&format!("Remove \"{name}\" from YubiKey {key} for good? [y/N] "), false)?)
            }
            Question::UseTheOnlyKey { key, model } => {
                yes(&self.ask(&format!("Write to {model} {key}, the only key here? [y/N] "), false)?)
            }
            Question::ResetOath { key, credentials } => {
                let what = match credentials {
                    Some(count) => format!("all {count} OATH credentials"),
                    None => "all OATH credentials".to_owned(),
                };
                let prompt = format!("This wipes {what} of YubiKey {key}. Type its serial number to go on: ");
                Some(*self.ask(&prompt, false)?.trim() == key.to_string())
            }
        }
    }

    fn password(&mut self, key: Serial) -> Option<Password> {
        match self.password_fd {
            Some(fd) => self.next_password(fd),
            None => self.ask_secret(&format!("OATH password of YubiKey {key}: ")),
        }
    }

    fn choose(&mut self, may_finish: bool) -> Option<Choice> {
        let terminal = self.terminal()?;
        let (explain, prompt) = if may_finish {
            ("  It can be finished from the key (no seed is needed), or undone.\n", "[f]inish, [u]ndo, [l]eave? ")
        } else {
            ("  It can be undone.\n", "[u]ndo, [l]eave? ")
        };
        terminal.write(explain).ok()?;
        loop {
            terminal.write(prompt).ok()?;
            let answer = terminal.read_line(false, &self.interrupt).ok()??;
            match answer.trim() {
                "f" | "finish" if may_finish => return Some(Choice::Finish),
                "u" | "undo" => return Some(Choice::Undo),
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
                terminal.write("Code the app shows now (empty to give up): ").ok()?;
                let typed = terminal.read_line(false, &self.interrupt).ok()??;
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
}

fn yes(answer: &str) -> Option<bool> {
    Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}
