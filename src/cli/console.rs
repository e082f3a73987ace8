//! Where a command's words go: the result to stdout, everything else to stderr. The only file that prints.
//!
//! Standard output takes pages and JSON, in which nothing acts on a screen (see [`page`](super::page)); standard error
//! takes single lines, and writes out what would act. What could not be written is remembered, and is the command's
//! exit code.

use super::args::{Color, Global};
use super::explain::{self, Exit, Explanation};
use super::page::{Page, displayed, json_line};
use crate::platform::{descriptors, styles_are_shown};
use schemars::JsonSchema;
use serde::Serialize;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// The two streams, and how they are written.
pub(super) struct Console {
    out: Out,
    /// Why something of the result could not be written, for all consoles onto the same stream.
    lost: Arc<Mutex<Option<io::Error>>>,
    /// What is spent although nobody has read it.
    spent: Option<&'static str>,
    json: bool,
    color: bool,
    stderr_is_terminal: bool,
}

/// In place of the result, where a command fails.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "error")]
pub(super) struct ErrorReport<'a> {
    #[serde(flatten)]
    text: &'a Explanation,
}

enum Out {
    /// As it was. Meanwhile the file descriptor points at standard error: what a library prints is no result.
    Taken(File),
    /// Where that cannot be had, it is written to as ever.
    AsEver,
    /// It was closed when the process began.
    Closed,
}

impl Out {
    fn take() -> Self {
        if crate::secret::stdout_was_closed() {
            Self::Closed
        } else {
            descriptors::take_stdout().map_or(Self::AsEver, Self::Taken)
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Taken(out) => out.write_all(bytes).and_then(|()| out.flush()),
            Self::AsEver => {
                let mut stdout = io::stdout().lock();
                stdout.write_all(bytes).and_then(|()| stdout.flush())
            }
            Self::Closed => Err(io::Error::other("it is closed")),
        }
    }

    fn file(&self) -> io::Result<File> {
        match self {
            Self::Taken(out) => out.try_clone(),
            Self::AsEver | Self::Closed => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// Tells a panic as everything else is told: in lines in which nothing acts, whatever text from outside its message
/// holds. A backtrace follows where `RUST_BACKTRACE` asks for one.
pub(super) fn say_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        print_error(&panic_page(panic.payload_as_str(), place.as_deref()));
        let trace = std::backtrace::Backtrace::capture();
        if trace.status() == std::backtrace::BacktraceStatus::Captured {
            print_error(&trace.to_string().lines().collect());
        }
    }));
}

fn panic_page(message: Option<&str>, place: Option<&str>) -> Page {
    let (message, place) = (message.unwrap_or("no message"), place.unwrap_or("an unknown place"));
    let mut page = Page::of(&format!("glasskey: error: a fault in glasskey itself (panicked at {place}): {message}"));
    page.line("glasskey: hint: `glasskey recover` shows whether anything is left; please report the line above");
    page
}

/// Writes what is printed before there is a console: help and the version.
pub(super) fn print(write: impl FnOnce() -> io::Result<()>) -> Exit {
    let written = if crate::secret::stdout_was_closed() { Err(io::Error::other("it is closed")) } else { write() };
    match written.and_then(|()| io::stdout().flush()) {
        Err(cause) if cause.kind() != io::ErrorKind::BrokenPipe => {
            let text = explain::not_written(&cause, None);
            Style { color: false, terminal: false }.explain(&text);
            text.exit
        }
        _ => Exit::Done,
    }
}

/// A page, before there is a console.
pub(super) fn print_page(page: &Page) -> Exit {
    print(|| io::stdout().write_all(page.text().as_bytes()))
}

/// Lines, before there is a console: standard error.
pub(super) fn print_error(page: &Page) {
    let _ = io::stderr().write_all(page.text().as_bytes());
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
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                stderr_is_terminal && !no_color && !dumb && styles_are_shown()
            }
        };
        Self { out: Out::take(), lost: Arc::default(), spent: None, json: global.json, color, stderr_is_terminal }
    }

    /// Another one onto the same streams, for a thread of its own.
    pub(super) fn another(&self) -> Self {
        let out = match &self.out {
            Out::Taken(out) => out.try_clone().map_or(Out::AsEver, Out::Taken),
            Out::AsEver => Out::AsEver,
            Out::Closed => Out::Closed,
        };
        Self { out, lost: Arc::clone(&self.lost), ..*self }
    }

    /// The result: `human` for people, `json` where asked for. A reader that has gone away is no error: what was done
    /// is done, and stderr has told it.
    pub(super) fn result(&mut self, human: &Page, json: &impl Serialize) {
        if self.json { self.json(json) } else { self.page(human) }
    }

    /// For people, or in a format of its own.
    pub(super) fn page(&mut self, page: &Page) {
        self.bytes(page.text().as_bytes());
    }

    /// A line of JSON, with its names in alphabetical order.
    pub(super) fn json(&mut self, json: &impl Serialize) {
        self.json_in_order(&serde_json::to_value(json).unwrap_or_default());
    }

    /// A line of JSON, with its names in the order of the type.
    pub(super) fn json_in_order(&mut self, json: &impl Serialize) {
        self.bytes(format!("{}\n", json_line(json)).as_bytes());
    }

    /// What this program alone has written: a manual page, a shell's completions.
    pub(super) fn made_here(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        // Nothing to say is said on a closed stream too.
        if bytes.is_empty() {
            return;
        }
        if let Err(cause) = self.out.write(bytes)
            && cause.kind() != io::ErrorKind::BrokenPipe
        {
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(cause);
        }
    }

    /// Says beforehand what is spent once the result is there, whether or not anybody reads it.
    pub(super) fn spent(&mut self, what: &'static str) {
        self.spent = Some(what);
    }

    /// Whether something of the result could not be written.
    pub(super) fn has_lost(&self) -> bool {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The exit code, once nothing more is to be written: what nobody could read is no success, and no answer.
    pub(super) fn end(&mut self, exit: Exit) -> Exit {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(cause) = lost else { return exit };
        if !matches!(exit, Exit::Done | Exit::No) {
            self.style().explain(&Explanation { notes: Vec::new(), ..explain::not_written(&cause, None) });
            return exit;
        }
        let text = explain::not_written(&cause, self.spent);
        self.style().explain(&text);
        text.exit
    }

    /// Standard output, for what goes nowhere else.
    pub(super) fn stdout(&self) -> io::Result<File> {
        self.out.file()
    }

    pub(super) fn result_is_read(&self) -> bool {
        match &self.out {
            Out::Taken(out) => out.is_terminal(),
            Out::AsEver => io::stdout().is_terminal(),
            Out::Closed => false,
        }
    }

    /// What a plan needs, and what for where it is not for the plan itself. `removes`: a device goes by it.
    pub(super) fn permissions(&mut self, permissions: &[&str], removes: bool) {
        self.say("It needs these permissions:");
        for permission in permissions {
            let what_for = match *permission {
                "iam:DeleteVirtualMFADevice" if !removes => "  to undo and recover",
                "iam:ListVirtualMFADevices" if !removes => "  to see whether the name is taken, and to recover",
                "iam:ResyncMFADevice" => "  where a reply is lost, and to recover",
                "iam:TagUser" | "iam:ListUserTags" | "iam:UntagUser" => {
                    "  to announce the removal to other machines; it goes on without"
                }
                _ => "",
            };
            self.say(&format!("  {permission}{what_for}"));
        }
    }

    pub(super) fn say(&mut self, line: &str) {
        self.style().say(line);
    }

    /// How to write to stderr.
    pub(super) fn style(&self) -> Style {
        Style { color: self.color, terminal: self.stderr_is_terminal }
    }

    /// An error: sentence, notes, hints and the state of the world on stderr; in JSON on stdout too.
    pub(super) fn error(&mut self, text: &Explanation) {
        self.style().explain(text);
        if self.json {
            self.json(&ErrorReport { text });
        }
    }
}

/// How to write to stderr. Cheap to copy into whatever needs to.
#[derive(Clone, Copy)]
pub(super) struct Style {
    color: bool,
    pub(super) terminal: bool,
}

impl Style {
    /// Writes a line; an end of line within it is written out.
    pub(super) fn say(self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", painted(line));
    }

    pub(super) fn warn(self, what: &str) {
        self.say(&format!("glasskey: {} {what}", self.yellow("warning:")));
    }

    /// An error: sentence, notes, hints and the state of the world.
    pub(super) fn explain(self, text: &Explanation) {
        self.say(&format!("glasskey: {} {}", self.red("error:"), text.what));
        text.notes.iter().for_each(|note| self.say(&format!("glasskey: {note}")));
        text.hints.iter().for_each(|hint| self.say(&format!("glasskey: {} {hint}", self.bold("hint:"))));
        text.state.iter().for_each(|state| self.say(&format!("glasskey: {state}")));
    }

    /// Writes over the terminal's last line, and stays on it.
    pub(super) fn write_over(self, line: &str) {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(format!("{ERASED}{}", painted(line)).as_bytes()).and_then(|()| stderr.flush());
    }

    /// Erases the terminal's last line.
    pub(super) fn erase(self) {
        self.write_over("");
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
        if self.color { format!("{seal}{code}m{text}{seal}0m", seal = seal()) } else { text.to_owned() }
    }
}

/// To the beginning of the line, and the line erased (ECMA-48: CR, EL).
const ERASED: &str = "\r\u{1b}[2K";

/// What stands for `ESC [` in a styled line until it is written: drawn anew by every process, so that no text from
/// outside can have it.
fn seal() -> &'static str {
    static SEAL: OnceLock<String> = OnceLock::new();
    SEAL.get_or_init(|| format!("\u{fdd0}{:016x}", RandomState::new().build_hasher().finish()))
}

/// A line as a terminal gets it: in our own style, and with everything else that would act on it written out.
pub(super) fn painted(line: &str) -> String {
    let mut parts = line.split(seal());
    let mut painted = displayed(parts.next().unwrap_or_default());
    for part in parts {
        let (code, rest) = part.split_once('m').unwrap_or(("0", part));
        painted.push_str(&format!("\u{1b}[{code}m{}", displayed(rest)));
    }
    painted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_in_lines_in_which_nothing_acts() {
        let page = panic_page(Some("a\u{1b}[2J\nglasskey: error: forged\u{202e}"), Some("src/x.rs:1:2"));
        let told = "glasskey: error: a fault in glasskey itself (panicked at src/x.rs:1:2): \
                    a\\u{1b}[2J\\u{a}glasskey: error: forged\\u{202e}\n";
        assert!(page.text().starts_with(told), "{}", page.text());
        assert_eq!(page.text().lines().count(), 2);
        assert!(panic_page(None, None).text().contains("at an unknown place): no message"));
    }
}
