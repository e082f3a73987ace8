//! The console: its two ends, and the events that it sends to the process.

use super::done;
use std::fs::File;
use std::io;
use std::os::windows::io::{AsHandle, AsRawHandle, BorrowedHandle};
use std::ptr::null_mut;
use std::sync::OnceLock;
use windows_sys::Win32::Foundation::{ERROR_OPERATION_ABORTED, GetLastError, SetLastError};
use windows_sys::Win32::System::Console::{
    CONSOLE_READCONSOLE_CONTROL, CTRL_BREAK_EVENT, CTRL_C_EVENT, FlushConsoleInputBuffer, GetConsoleMode,
    GetNumberOfConsoleInputEvents, INPUT_RECORD, INPUT_RECORD_0, KEY_EVENT, KEY_EVENT_RECORD, KEY_EVENT_RECORD_0,
    PeekConsoleInputW, ReadConsoleInputW, ReadConsoleW, SetConsoleCtrlHandler, SetConsoleMode, WriteConsoleInputW,
    WriteConsoleW,
};

/// Ctrl-Z: the end of the input.
pub(crate) const END: u16 = 0x1a;
/// Enter, as a key.
pub(crate) const ENTER: u16 = 0x0d;

/// What is typed, wherever standard input leads.
pub(crate) struct Input(File);

/// The screen, wherever standard output and error lead.
pub(crate) struct Output(File);

/// A text that was read.
pub(crate) enum Read {
    /// So many units of UTF-16.
    Text(usize),
    /// Ctrl-C or Ctrl-Break ended the reading; the event comes on a thread of its own.
    Aborted,
}

fn mode(console: &File) -> io::Result<u32> {
    let mut mode = 0;
    // SAFETY: the handle is open, and `mode` is there to be written to.
    done(unsafe { GetConsoleMode(console.as_raw_handle(), &raw mut mode) })?;
    Ok(mode)
}

fn set_mode(console: &File, mode: u32) -> io::Result<()> {
    // SAFETY: the handle is open; the rest is a number.
    done(unsafe { SetConsoleMode(console.as_raw_handle(), mode) })
}

impl Input {
    /// Fails where the process has no console.
    pub(crate) fn open() -> io::Result<Self> {
        File::options().read(true).write(true).open("CONIN$").map(Self)
    }

    pub(crate) fn mode(&self) -> io::Result<u32> {
        mode(&self.0)
    }

    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        set_mode(&self.0, mode)
    }

    /// Throws away what has been typed and not read.
    pub(crate) fn flush(&self) -> io::Result<()> {
        // SAFETY: the handle is open.
        done(unsafe { FlushConsoleInputBuffer(self.0.as_raw_handle()) })
    }

    /// Reads text in UTF-16, as the mode has it: a line, or what is there. Ctrl-Z ends a line, and is its last unit.
    pub(crate) fn read(&self, into: &mut [u16]) -> io::Result<Read> {
        let size = size_of::<CONSOLE_READCONSOLE_CONTROL>();
        let ended_by = CONSOLE_READCONSOLE_CONTROL {
            nLength: u32::try_from(size).unwrap_or_default(),
            nInitialChars: 0,
            dwCtrlWakeupMask: 1 << END,
            dwControlKeyState: 0,
        };
        let room = u32::try_from(into.len()).unwrap_or(u32::MAX);
        let mut read = 0;
        // SAFETY: the last error is the thread's own number.
        unsafe { SetLastError(0) };
        // SAFETY: the handle is open; `into` has room for as many units as are asked for, and `read` and `ended_by` live
        // through the call.
        let answer = unsafe {
            ReadConsoleW(self.0.as_raw_handle(), into.as_mut_ptr().cast(), room, &raw mut read, &raw const ended_by)
        };
        // SAFETY: as above.
        let aborted = unsafe { GetLastError() } == ERROR_OPERATION_ABORTED;
        if aborted && read == 0 {
            return Ok(Read::Aborted);
        }
        done(answer)?;
        Ok(Read::Text(usize::try_from(read).unwrap_or_default()))
    }

    /// Takes the next event, where there is one, and says which character was typed by it; 0: none.
    pub(crate) fn take(&self) -> io::Result<Option<u16>> {
        self.event(true)
    }

    /// As [`Input::take`], and leaves it there.
    pub(crate) fn look(&self) -> io::Result<Option<u16>> {
        self.event(false)
    }

    fn event(&self, take: bool) -> io::Result<Option<u16>> {
        let (console, mut there) = (self.0.as_raw_handle(), 0);
        // SAFETY: the handle is open, and `there` is there to be written to.
        done(unsafe { GetNumberOfConsoleInputEvents(console, &raw mut there) })?;
        if there == 0 {
            return Ok(None);
        }
        let (mut event, mut read) = (INPUT_RECORD::default(), 0);
        let call = if take { ReadConsoleInputW } else { PeekConsoleInputW };
        // SAFETY: the handle is open; `event` is room for the one record that is asked for, and `read` lives through the
        // call.
        done(unsafe { call(console, &raw mut event, 1, &raw mut read) })?;
        Ok((read == 1).then(|| typed(&event)))
    }

    /// Types Enter for the person.
    pub(crate) fn press_enter(&self) -> io::Result<()> {
        let key = KEY_EVENT_RECORD {
            bKeyDown: 1,
            wRepeatCount: 1,
            wVirtualKeyCode: ENTER,
            wVirtualScanCode: 0x1c,
            uChar: KEY_EVENT_RECORD_0 { UnicodeChar: ENTER },
            dwControlKeyState: 0,
        };
        let kind = u16::try_from(KEY_EVENT).unwrap_or_default();
        let event = INPUT_RECORD { EventType: kind, Event: INPUT_RECORD_0 { KeyEvent: key } };
        let mut written = 0;
        // SAFETY: the handle is open; `event` is the one record that is given, and `written` lives through the call.
        done(unsafe { WriteConsoleInputW(self.0.as_raw_handle(), &raw const event, 1, &raw mut written) })
    }
}

impl AsHandle for Input {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.as_handle()
    }
}

/// The character of a key that went down, or of Alt that went up after the digits of one.
fn typed(event: &INPUT_RECORD) -> u16 {
    const ALT: u16 = 0x12;
    if u32::from(event.EventType) != KEY_EVENT {
        return 0;
    }
    // SAFETY: the type says that the union holds a key event, whose character is written as UTF-16.
    let (key, character) = unsafe { (event.Event.KeyEvent, event.Event.KeyEvent.uChar.UnicodeChar) };
    if key.bKeyDown != 0 || key.wVirtualKeyCode == ALT { character } else { 0 }
}

impl Output {
    /// Fails where the process has no console.
    pub(crate) fn open() -> io::Result<Self> {
        File::options().read(true).write(true).open("CONOUT$").map(Self)
    }

    pub(crate) fn mode(&self) -> io::Result<u32> {
        mode(&self.0)
    }

    pub(crate) fn set_mode(&self, mode: u32) -> io::Result<()> {
        set_mode(&self.0, mode)
    }

    /// Writes text in UTF-16, whatever the console's code page; says how much of it.
    pub(crate) fn write(&self, text: &[u16]) -> io::Result<usize> {
        let count = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let mut written = 0;
        // SAFETY: the handle is open; `text` holds as many units as are given, and `written` lives through the call.
        done(unsafe { WriteConsoleW(self.0.as_raw_handle(), text.as_ptr(), count, &raw mut written, null_mut()) })?;
        Ok(usize::try_from(written).unwrap_or_default())
    }
}

/// What a console sends to its processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    /// Ctrl-C or Ctrl-Break.
    Stop,
    /// The window is closed, the user signs out, the machine shuts down: the process is ended when the handler returns.
    Close,
}

static HANDLER: OnceLock<fn(Control)> = OnceLock::new();

/// Has this called for what the console sends, each time on a thread of its own; the first one stays.
pub(crate) fn handle_controls(handler: fn(Control)) -> io::Result<()> {
    unsafe extern "system" fn handle(kind: u32) -> i32 {
        let stops = [CTRL_C_EVENT, CTRL_BREAK_EVENT].contains(&kind);
        if let Some(handler) = HANDLER.get() {
            handler(if stops { Control::Stop } else { Control::Close });
        }
        1
    }
    if HANDLER.set(handler).is_err() {
        return Ok(());
    }
    // A program that was started to ignore Ctrl-C (`start /b`, a new process group) ignores it no longer.
    // SAFETY: no handler is given: the call changes one flag of the process.
    done(unsafe { SetConsoleCtrlHandler(None, 0) })?;
    // SAFETY: the function lives as long as the process, and may be called on any thread.
    done(unsafe { SetConsoleCtrlHandler(Some(handle), 1) })
}
