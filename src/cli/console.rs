//! Where a command's words go: the result to stdout, everything else to stderr.

use super::args::{Color, Global};
use super::explain::Explanation;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, IsTerminal, Write};

/// The two streams, and how they are written.
pub(super) struct Console {
    /// Standard output as it was. Meanwhile the file descriptor points at standard error: what a library prints is no
    /// result. `None` where that cannot be had; then standard output is written to as ever.
    out: Option<File>,
    json: bool,
    color: bool,
    stderr_is_terminal: bool,
}

impl Console {
    pub(super) fn new(global: &Global) -> Self {
        let stderr_is_terminal = io::stderr().is_terminal();
        // https://no-color.org: set and not empty.
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                stderr_is_terminal && !no_color && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        };
        Self { out: take_stdout(), json: global.json, color, stderr_is_terminal }
    }

    /// Another one onto the same streams, for a thread of its own.
    pub(super) fn another(&self) -> Self {
        Self { out: self.out.as_ref().and_then(|out| out.try_clone().ok()), ..*self }
    }

    /// The result: `human` for people, `json` where asked for. A reader that has gone away is no error: what was done
    /// is done, and stderr has told it.
    pub(super) fn result(&mut self, human: &str, json: &Value) {
        let text = if self.json { format!("{json}\n") } else { human.to_owned() };
        self.raw(text.as_bytes());
    }

    /// Raw bytes for stdout.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        let _ = match &mut self.out {
            Some(out) => out.write_all(bytes),
            None => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes).and_then(|()| stdout.flush())
            }
        };
    }

    /// Standard output, for what goes nowhere else.
    pub(super) fn stdout(&self) -> io::Result<File> {
        self.out.as_ref().map_or_else(|| Err(io::ErrorKind::Unsupported.into()), File::try_clone)
    }

    /// Whether a person reads the result as it is written.
    pub(super) fn result_is_read(&self) -> bool {
        self.out.as_ref().map_or_else(|| io::stdout().is_terminal(), File::is_terminal)
    }

    /// What a plan needs, and what for where it is not for the plan itself. `removes`: a device goes by it.
    pub(super) fn permissions(&mut self, permissions: &[&str], removes: bool) {
        self.say("It needs these permissions:");
        for permission in permissions {
            let what_for = match *permission {
                "iam:DeleteVirtualMFADevice" | "iam:ListVirtualMFADevices" if !removes => "  to undo and recover",
                "iam:TagUser" | "iam:ListUserTags" | "iam:UntagUser" => {
                    "  to announce the removal to other machines; it goes on without"
                }
                _ => "",
            };
            self.say(&format!("  {permission}{what_for}"));
        }
    }

    /// A line of the conversation.
    pub(super) fn say(&mut self, line: &str) {
        self.style().say(line);
    }

    /// How to write to stderr.
    pub(super) fn style(&self) -> Style {
        Style { color: self.color, terminal: self.stderr_is_terminal }
    }

    /// An error: sentence, notes, hints and the state of the world on stderr; in JSON on stdout too.
    pub(super) fn error(&mut self, text: &Explanation) {
        let style = self.style();
        style.say(&format!("glasskey: {} {}", style.red("error:"), text.what));
        for note in &text.notes {
            style.say(&format!("glasskey: {note}"));
        }
        for hint in &text.hints {
            style.say(&format!("glasskey: {} {hint}", style.bold("hint:")));
        }
        for state in &text.state {
            style.say(&format!("glasskey: {state}"));
        }
        if self.json {
            let error = json!({
                "type": "error", "code": text.code, "message": text.what, "notes": text.notes, "hints": text.hints,
                "state": text.state, "exit": text.exit as u8,
            });
            self.result("", &error);
        }
    }
}

#[cfg(unix)]
fn take_stdout() -> Option<File> {
    let ours = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), 3).ok()?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr()).ok()?;
    Some(File::from(ours))
}

#[cfg(not(unix))]
fn take_stdout() -> Option<File> {
    None
}

/// How to write to stderr. Cheap to copy into whatever needs to.
#[derive(Clone, Copy)]
pub(super) struct Style {
    color: bool,
    pub(super) terminal: bool,
}

impl Style {
    /// Writes a line.
    pub(super) fn say(self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{line}");
    }

    /// Writes without an end of line.
    pub(super) fn print(self, text: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(super) fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(super) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
