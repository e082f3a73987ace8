//! The console of the process, wherever its standard input and output lead. Text goes both ways in UTF-16, so no code
//! page has a say in it.

use super::super::Typed;
use super::interrupt::Interrupt;
use super::system::console::{END, ENTER, Input, Output, Read};
use super::system::events::first_of;
use std::io;
use std::os::windows::io::AsHandle;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use windows_sys::Win32::System::Console::{
    ENABLE_ECHO_INPUT, ENABLE_LINE_INPUT, ENABLE_PROCESSED_INPUT, ENABLE_PROCESSED_OUTPUT,
    ENABLE_VIRTUAL_TERMINAL_INPUT, ENABLE_VIRTUAL_TERMINAL_PROCESSING,
};
use zeroize::Zeroizing;

/// A line is at most this many units: exact capacity, so the buffer never moves.
const LINE: usize = 8192;
/// How soon the next part of a text that is pasted follows.
const PASTED_WITHIN: Duration = Duration::from_millis(50);
/// The longest text that is taken with a first line.
const MOST_PASTED: usize = 16 << 10;
/// How soon the handler follows a reading that Ctrl-C has ended.
const HANDLER_COMES: Duration = Duration::from_secs(2);

/// A line is being read: whoever interrupts ends that.
static READING: AtomicBool = AtomicBool::new(false);
/// The mode to go back to, where it has been changed.
static BEFORE: AtomicU64 = AtomicU64::new(UNCHANGED);
const UNCHANGED: u64 = u64::MAX;

/// How a line ended.
enum End {
    Enter,
    /// Ctrl-Z.
    Input,
    /// Ctrl-C.
    Aborted,
}

pub struct Terminal {
    input: Input,
    output: Output,
}

impl Terminal {
    /// Opens it. Fails where the process has none.
    pub fn open() -> io::Result<Self> {
        let (input, output) = (Input::open()?, Output::open()?);
        input.mode()?;
        show_styles(&output)?;
        Ok(Self { input, output })
    }

    /// Writes and flushes.
    pub fn write(&self, text: &str) -> io::Result<()> {
        let text = Zeroizing::new(text.encode_utf16().collect::<Vec<_>>());
        let mut rest = text.as_slice();
        while let Some(chunk) = rest.get(..rest.len().min(LINE)).filter(|chunk| !chunk.is_empty()) {
            match self.output.write(chunk)? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => rest = rest.get(written..).unwrap_or_default(),
            }
        }
        Ok(())
    }

    /// Throws away what was typed and not read: it was not meant for what is asked or shown next.
    pub fn discard_input(&self) -> io::Result<()> {
        self.input.flush()
    }

    /// Writes a prompt and reads one line without its end. `None` at the end of the input (Ctrl-Z) or when interrupted.
    /// What was typed before the question could be seen does not answer it. Hidden lines are not echoed, and the echo
    /// ends before the prompt is seen.
    pub fn ask(&self, prompt: &str, hidden: bool, interrupt: &Interrupt) -> io::Result<Option<Zeroizing<String>>> {
        let _mode = Mode::of_lines(&self.input, hidden)?;
        self.discard_input()?;
        self.write(prompt)?;
        let line = self.read_line(interrupt).and_then(|line| line.map(|line| text(&line)).transpose());
        if hidden || !matches!(line, Ok(Some(_))) {
            // The person's own Enter was not echoed, or there was none.
            self.write("\n")?;
        }
        line
    }

    /// As [`Terminal::ask`], hidden, of text that may be pasted in several lines: what comes at once with the first line
    /// is part of the answer, its last line with or without an end.
    pub fn ask_pasted(&self, prompt: &str, interrupt: &Interrupt) -> io::Result<Option<Zeroizing<String>>> {
        let mode = Mode::of_lines(&self.input, true)?;
        self.discard_input()?;
        self.write(prompt)?;
        let answer = self.read_line(interrupt).and_then(|first| {
            let Some(mut all) = first else { return Ok(None) };
            let rest = self.rest(&mode)?;
            if !rest.is_empty() {
                all.push(u16::from(b'\n'));
                all.extend_from_slice(&rest);
            }
            text(&all).map(Some)
        });
        self.write("\n")?;
        answer
    }

    /// Waits for a line, at most this long; what it says is thrown away.
    pub fn wait_for_line(&self, at_most: Duration, interrupt: &Interrupt) -> io::Result<Typed> {
        let deadline = Instant::now() + at_most;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match first_of(&[interrupt.as_handle(), self.input.as_handle()], Some(left))? {
                None => return Ok(Typed::Nothing),
                Some(0) => return Ok(Typed::Stop),
                Some(_) => {}
            }
            match self.input.take()? {
                Some(ENTER) => {
                    self.write("\r\n")?;
                    return Ok(Typed::Line);
                }
                Some(END) => return Ok(Typed::Stop),
                _ => {}
            }
        }
    }

    /// One line without its end; `None` at the end of the input or when interrupted.
    fn read_line(&self, interrupt: &Interrupt) -> io::Result<Option<Zeroizing<Vec<u16>>>> {
        let mut line = Zeroizing::new(Vec::with_capacity(LINE));
        if !self.is_typed_at(interrupt)? {
            return Ok(None);
        }
        READING.store(true, Ordering::SeqCst);
        let end = self.read_to_end_of_line(&mut line);
        READING.store(false, Ordering::SeqCst);
        match end? {
            End::Enter => {}
            End::Input => return Ok(None),
            // Its handler says so on another thread, which may be later than we are.
            End::Aborted => {
                let _ = interrupt.wait(HANDLER_COMES);
                return Ok(None);
            }
        }
        // Who interrupts types Enter for the person, so that the reading ends.
        if interrupt.raised() {
            self.discard_input()?;
            return Ok(None);
        }
        let end = line.iter().rposition(|unit| ![u16::from(b'\r'), u16::from(b'\n')].contains(unit));
        line.truncate(end.map_or(0, |end| end + 1));
        Ok(Some(line))
    }

    /// Waits for the first character. `false` when interrupted.
    fn is_typed_at(&self, interrupt: &Interrupt) -> io::Result<bool> {
        loop {
            if first_of(&[interrupt.as_handle(), self.input.as_handle()], None)? == Some(0) {
                return Ok(false);
            }
            match self.input.look()? {
                Some(0) => drop(self.input.take()?),
                Some(_) => return Ok(true),
                None => {}
            }
        }
    }

    fn read_to_end_of_line(&self, line: &mut Vec<u16>) -> io::Result<End> {
        let mut chunk = Zeroizing::new([0; 1024]);
        loop {
            let read = match self.input.read(&mut *chunk)? {
                Read::Text(read @ 1..) => chunk.get(..read).unwrap_or_default(),
                Read::Text(_) => return Ok(End::Input),
                Read::Aborted => return Ok(End::Aborted),
            };
            if read.contains(&END) {
                return Ok(End::Input);
            }
            let room = line.capacity() - line.len();
            line.extend_from_slice(read.get(..read.len().min(room)).unwrap_or_default());
            if read.last() == Some(&u16::from(b'\n')) {
                return Ok(End::Enter);
            }
        }
    }

    /// What was pasted with the line that has been read, with or without an end.
    fn rest(&self, mode: &Mode<'_>) -> io::Result<Zeroizing<Vec<u16>>> {
        mode.of_characters()?;
        let mut rest = Zeroizing::new(Vec::with_capacity(MOST_PASTED));
        let mut chunk = Zeroizing::new([0; 1024]);
        while rest.len() + chunk.len() <= MOST_PASTED {
            match first_of(&[self.input.as_handle()], Some(PASTED_WITHIN))?.map_or(Ok(None), |_| self.input.look())? {
                None => break,
                Some(0) => drop(self.input.take()?),
                Some(_) => match self.input.read(&mut *chunk)? {
                    Read::Text(read) => rest.extend_from_slice(chunk.get(..read).unwrap_or_default()),
                    Read::Aborted => break,
                },
            }
        }
        rest.iter_mut().filter(|unit| **unit == ENTER).for_each(|unit| *unit = u16::from(b'\n'));
        Ok(rest)
    }
}

fn text(line: &[u16]) -> io::Result<Zeroizing<String>> {
    // Room for all of it, so that nothing is left behind where it grew.
    let mut text = Zeroizing::new(String::with_capacity(3 * line.len()));
    for character in char::decode_utf16(line.iter().copied()) {
        text.push(character.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-16"))?);
    }
    Ok(text)
}

/// How the console takes what is typed, while a question stands; goes back to what it was on drop.
struct Mode<'a> {
    input: &'a Input,
    before: u32,
    hidden: bool,
}

impl<'a> Mode<'a> {
    /// A line at a time, with the console's own editing; hidden: without echo.
    fn of_lines(input: &'a Input, hidden: bool) -> io::Result<Self> {
        let before = input.mode()?;
        BEFORE.store(u64::from(before), Ordering::SeqCst);
        let mode = Self { input, before, hidden };
        let lines = ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT | ENABLE_ECHO_INPUT;
        let without = if hidden { ENABLE_ECHO_INPUT } else { 0 } | ENABLE_VIRTUAL_TERMINAL_INPUT;
        input.set_mode((before | lines) & !without)?;
        Ok(mode)
    }

    /// What is there, without echo.
    fn of_characters(&self) -> io::Result<()> {
        let lines = ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_VIRTUAL_TERMINAL_INPUT;
        self.input.set_mode((self.before | ENABLE_PROCESSED_INPUT) & !lines)
    }
}

impl Drop for Mode<'_> {
    fn drop(&mut self) {
        if self.hidden {
            // What follows a secret may be more of it, and is nobody else's to read: the shell would run it as a command.
            let _ = self.input.flush();
        }
        let _ = self.input.set_mode(self.before);
        BEFORE.store(UNCHANGED, Ordering::SeqCst);
    }
}

/// Puts the console back as it was, where a question stands: the process is about to end.
pub(super) fn restore() {
    if let Ok(before) = u32::try_from(BEFORE.load(Ordering::SeqCst))
        && let Ok(input) = Input::open()
    {
        let _ = input.flush().and_then(|()| input.set_mode(before));
    }
}

/// Ends a reading that stands. Ctrl-C does so by itself; the closing of a window does not.
pub(super) fn end_reading() {
    if READING.load(Ordering::SeqCst)
        && let Ok(input) = Input::open()
    {
        let _ = input.press_enter();
    }
}

/// Has the screen take control sequences (ECMA-48), which Windows 10 and later can.
fn show_styles(output: &Output) -> io::Result<()> {
    let sequences = ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING;
    let mode = output.mode()?;
    if mode & sequences == sequences { Ok(()) } else { output.set_mode(mode | sequences) }
}

/// Whether the screen shows colours and takes the cursor's movements. Where it does not, they would be seen as text.
#[must_use]
pub fn styles_are_shown() -> bool {
    Output::open().and_then(|output| show_styles(&output)).is_ok()
}
