//! Unix: signals become a readable pipe, so that every wait (a prompt, a reply, a back-off) can end on Ctrl-C.

pub mod descriptors;
pub mod files;
pub mod local;
pub mod processes;

use super::Typed;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcsetattr};
use rustix::time::{ClockId, clock_gettime};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use zeroize::Zeroizing;

/// Time since a moment that is the same for the whole process, the time that the machine sleeps included; nobody sets it.
/// (clock_gettime(2): `CLOCK_BOOTTIME`; macOS's `CLOCK_MONOTONIC` counts sleep too.)
#[must_use]
pub fn steady() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: ClockId = ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: ClockId = ClockId::Monotonic;
    let now = clock_gettime(CLOCK);
    let part = u32::try_from(now.tv_nsec).unwrap_or_default();
    Duration::new(u64::try_from(now.tv_sec).unwrap_or_default(), part)
}

/// Whether the person asked to stop. Clones see the same request.
///
/// The first SIGINT, SIGTERM or SIGHUP raises it, and the command undoes what it did. A second one ends the process
/// at once with exit code 130; the journal stays for `glasskey recover`.
#[derive(Clone)]
pub struct Interrupt {
    read: Arc<UnixStream>,
    write: Arc<UnixStream>,
    ever: Arc<AtomicBool>,
}

impl Interrupt {
    /// One that only [`Interrupt::raise`] raises.
    pub fn new() -> io::Result<Self> {
        let (read, write) = UnixStream::pair()?;
        read.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        Ok(Self { read: Arc::new(read), write: Arc::new(write), ever: Arc::default() })
    }

    /// One that the process's signals raise.
    pub fn install() -> io::Result<Self> {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let interrupt = Self::new()?;
        let armed = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // Order matters: the shutdown looks at the flag before this same signal sets it.
            signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&armed))?;
            signal_hook::flag::register(signal, Arc::clone(&armed))?;
            signal_hook::flag::register(signal, Arc::clone(&interrupt.ever))?;
            signal_hook::low_level::pipe::register(signal, interrupt.write.try_clone()?)?;
        }
        Ok(interrupt)
    }

    /// Raises it, as a signal would.
    pub fn raise(&self) {
        self.ever.store(true, Ordering::SeqCst);
        // A full pipe is as readable as one byte.
        let _ = (&*self.write).write(&[0]);
    }

    #[must_use]
    pub fn raised(&self) -> bool {
        self.wait(Duration::ZERO)
    }

    /// Whether it has ever been raised, heard or not: what comes after the work that was under way is not begun.
    #[must_use]
    pub fn ever_raised(&self) -> bool {
        self.ever.load(Ordering::SeqCst) || self.raised()
    }

    /// Lowers it: the request has been heard, and what follows (the undoing) is not to be cut short by it.
    pub fn clear(&self) {
        let mut sink = [0; 64];
        while matches!((&*self.read).read(&mut sink), Ok(1..)) {}
    }

    /// Waits for it, at most this long. `true` when it is raised.
    #[must_use]
    pub fn wait(&self, at_most: Duration) -> bool {
        let deadline = std::time::Instant::now() + at_most;
        loop {
            let left = deadline.saturating_duration_since(std::time::Instant::now());
            let timeout = Timespec::try_from(left).ok();
            let mut fds = [PollFd::new(&*self.read, PollFlags::IN)];
            match poll(&mut fds, timeout.as_ref()) {
                Ok(ready) => return ready > 0,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Completes when it is raised; for `select!` inside a runtime with I/O enabled.
    pub async fn raised_async(&self) {
        let watched = self.read.try_clone().and_then(tokio::net::UnixStream::from_std);
        match watched {
            Ok(stream) => {
                let _ = stream.readable().await;
            }
            Err(_) => std::future::pending().await,
        }
    }
}

pub struct Terminal {
    tty: File,
}

impl Terminal {
    /// Opens it. Fails where the process has none.
    pub fn open() -> io::Result<Self> {
        let tty = File::options().read(true).write(true).open("/dev/tty")?;
        tcgetattr(&tty)?;
        Ok(Self { tty })
    }

    /// Writes and flushes.
    pub fn write(&self, text: &str) -> io::Result<()> {
        (&self.tty).write_all(text.as_bytes())?;
        (&self.tty).flush()
    }

    /// Throws away what was typed and not read: it was not meant for what is asked or shown next.
    pub fn discard_input(&self) -> io::Result<()> {
        Ok(tcflush(&self.tty, QueueSelector::IFlush)?)
    }

    /// Writes a prompt and reads one line without its end. `None` at end of file or when interrupted. What was typed
    /// before the question could be seen does not answer it. Hidden lines are not echoed, and the echo ends before the
    /// prompt is seen: a secret that is pasted or typed at once would be shown otherwise.
    pub fn ask(&self, prompt: &str, hidden: bool, interrupt: &Interrupt) -> io::Result<Option<Zeroizing<String>>> {
        let _guard = if hidden { Some(EchoOff::on(&self.tty)?) } else { None };
        self.discard_input()?;
        self.write(prompt)?;
        let line = self.read_raw_line(interrupt);
        if hidden {
            // The person's own Enter was not echoed either.
            self.write("\n")?;
        }
        line
    }

    /// As [`Terminal::ask`], hidden, of text that may be pasted in several lines: what comes at once with the first line
    /// is part of the answer, its last line with or without an end.
    pub fn ask_pasted(&self, prompt: &str, interrupt: &Interrupt) -> io::Result<Option<Zeroizing<String>>> {
        let guard = EchoOff::on(&self.tty)?;
        self.discard_input()?;
        self.write(prompt)?;
        let mut answer = self.read_raw_line(interrupt);
        if let Ok(Some(first)) = &answer {
            let rest = guard.rest()?;
            if !rest.is_empty() {
                let rest = std::str::from_utf8(&rest).map_err(|_| not_utf8())?;
                answer = Ok(Some(Zeroizing::new(format!("{}\n{rest}", **first))));
            }
        }
        self.write("\n")?;
        answer
    }

    /// Waits for a line, at most this long; what it says is thrown away.
    pub fn wait_for_line(&self, at_most: Duration, interrupt: &Interrupt) -> io::Result<Typed> {
        let timeout = Timespec::try_from(at_most).ok();
        let mut fds = [PollFd::new(&self.tty, PollFlags::IN), PollFd::new(&*interrupt.read, PollFlags::IN)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(Typed::Nothing),
            Ok(_) => {}
            Err(cause) => return Err(cause.into()),
        }
        let [tty, stop] = fds;
        if !stop.revents().is_empty() {
            return Ok(Typed::Stop);
        }
        if tty.revents().is_empty() {
            return Ok(Typed::Nothing);
        }
        match self.read_raw_line(interrupt)? {
            Some(_) => Ok(Typed::Line),
            None => Ok(Typed::Stop),
        }
    }

    fn read_raw_line(&self, interrupt: &Interrupt) -> io::Result<Option<Zeroizing<String>>> {
        // A terminal's line is at most 4096 bytes (N_TTY): exact capacity, so the buffer never moves.
        let mut line = Zeroizing::new(Vec::with_capacity(4096));
        loop {
            let mut fds = [PollFd::new(&self.tty, PollFlags::IN), PollFd::new(&*interrupt.read, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(cause) => return Err(cause.into()),
            }
            let [tty, stop] = fds;
            if !stop.revents().is_empty() {
                return Ok(None);
            }
            if tty.revents().is_empty() {
                continue;
            }
            let mut byte = [0];
            match (&self.tty).read(&mut byte) {
                Ok(0) => return Ok(None),
                Ok(_) if byte == [b'\n'] => break,
                Ok(_) if line.len() < 4096 => line.push(byte[0]),
                Ok(_) => {}
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        match std::str::from_utf8(&line) {
            Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
            Err(_) => Err(not_utf8()),
        }
    }
}

fn not_utf8() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "not UTF-8")
}

/// Restores the terminal's echo on drop.
struct EchoOff<'a> {
    tty: &'a File,
    before: Termios,
}

impl<'a> EchoOff<'a> {
    fn on(tty: &'a File) -> io::Result<Self> {
        let before = tcgetattr(tty)?;
        let mut off = before.clone();
        off.local_modes.remove(LocalModes::ECHO | LocalModes::ECHONL);
        tcsetattr(tty, OptionalActions::Flush, &off)?;
        Ok(Self { tty, before })
    }

    /// What was pasted with the line that has been read. A terminal in its ordinary mode hides a line without an end.
    fn rest(&self) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut raw = tcgetattr(self.tty)?;
        raw.local_modes.remove(LocalModes::ICANON);
        tcsetattr(self.tty, OptionalActions::Now, &raw)?;
        let soon = Timespec { tv_sec: 0, tv_nsec: PASTED_WITHIN.subsec_nanos().into() };
        let mut rest = Zeroizing::new(Vec::with_capacity(MOST_PASTED));
        let mut chunk = Zeroizing::new([0; 1024]);
        while rest.len() + chunk.len() <= MOST_PASTED {
            let mut fds = [PollFd::new(self.tty, PollFlags::IN)];
            if poll(&mut fds, Some(&soon))? == 0 {
                break;
            }
            let mut tty = self.tty;
            match tty.read(&mut *chunk)? {
                0 => break,
                read => rest.extend_from_slice(chunk.get(..read).unwrap_or_default()),
            }
        }
        Ok(rest)
    }
}

/// How soon the next part of a text that is pasted follows.
const PASTED_WITHIN: Duration = Duration::from_millis(50);
/// The longest text that is taken with a first line.
const MOST_PASTED: usize = 16 << 10;

impl Drop for EchoOff<'_> {
    fn drop(&mut self) {
        // What follows a secret may be more of it, and is nobody else's to read: the shell would run it as a command.
        let _ = tcflush(self.tty, QueueSelector::IFlush);
        let _ = tcsetattr(self.tty, OptionalActions::Now, &self.before);
    }
}

#[must_use]
pub fn shell(line: &str) -> std::process::Command {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", line]);
    command
}

/// Whether the screen shows colours and takes the cursor's movements: every terminal does.
#[must_use]
pub fn styles_are_shown() -> bool {
    true
}
