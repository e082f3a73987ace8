//! Elsewhere: an interrupt is a flag that waits look at, and the terminal is standard input and error.

use super::Typed;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How often a wait looks at the flag: there is no handle to wait on.
const LOOK: Duration = Duration::from_millis(50);

/// Time since a moment that is the same for the whole process; nobody sets it.
#[must_use]
pub fn steady() -> Duration {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

/// Whether the person asked to stop. Clones see the same request.
#[derive(Clone)]
pub struct Interrupt {
    flag: Arc<AtomicBool>,
    ever: Arc<AtomicBool>,
}

impl Interrupt {
    /// One that only [`Interrupt::raise`] raises.
    pub fn new() -> io::Result<Self> {
        Ok(Self { flag: Arc::default(), ever: Arc::default() })
    }

    /// One that Ctrl-C raises; a second Ctrl-C ends the process at once with exit code 130.
    pub fn install() -> io::Result<Self> {
        use signal_hook::consts::SIGINT;
        let interrupt = Self::new()?;
        let armed = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register_conditional_shutdown(SIGINT, 130, Arc::clone(&armed))?;
        signal_hook::flag::register(SIGINT, armed)?;
        signal_hook::flag::register(SIGINT, Arc::clone(&interrupt.ever))?;
        signal_hook::flag::register(SIGINT, Arc::clone(&interrupt.flag))?;
        Ok(interrupt)
    }

    /// Raises it, as Ctrl-C would.
    pub fn raise(&self) {
        self.ever.store(true, Ordering::SeqCst);
        self.flag.store(true, Ordering::SeqCst);
    }

    #[must_use]
    pub fn raised(&self) -> bool {
        self.flag.load(Ordering::SeqCst)
    }

    /// Whether it has ever been raised, heard or not: what comes after the work that was under way is not begun.
    #[must_use]
    pub fn ever_raised(&self) -> bool {
        self.ever.load(Ordering::SeqCst)
    }

    /// Lowers it: the request has been heard.
    pub fn clear(&self) {
        self.flag.store(false, Ordering::SeqCst);
    }

    /// Waits for it, at most this long. `true` when it is raised.
    #[must_use]
    pub fn wait(&self, at_most: Duration) -> bool {
        let deadline = Instant::now() + at_most;
        while !self.raised() && Instant::now() < deadline {
            std::thread::sleep(LOOK.min(deadline.saturating_duration_since(Instant::now())));
        }
        self.raised()
    }

    pub async fn raised_async(&self) {
        while !self.raised() {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Standard input and error, where both are a terminal.
pub struct Terminal(());

impl Terminal {
    /// Fails where there is no terminal.
    pub fn open() -> io::Result<Self> {
        if io::stdin().is_terminal() && io::stderr().is_terminal() {
            Ok(Self(()))
        } else {
            Err(io::ErrorKind::NotConnected.into())
        }
    }

    /// Writes and flushes.
    pub fn write(&self, text: &str) -> io::Result<()> {
        io::stderr().write_all(text.as_bytes())?;
        io::stderr().flush()
    }

    /// Waits, at most this long: what is typed meanwhile cannot be seen here.
    pub fn wait_for_line(&self, at_most: Duration, interrupt: &Interrupt) -> io::Result<Typed> {
        Ok(if interrupt.wait(at_most) { Typed::Stop } else { Typed::Nothing })
    }

    /// Throws away what was typed and not read: it was not meant for what is asked or shown next.
    #[cfg(windows)]
    pub fn discard_input(&self) -> io::Result<()> {
        use crossterm_winapi::{Console, Handle};
        let console = Console::from(Handle::current_in_handle()?);
        while console.number_of_console_input_events()? > 0 {
            console.read_console_input()?;
        }
        Ok(())
    }

    /// Nothing is known here of what was typed and not read.
    #[cfg(not(windows))]
    pub fn discard_input(&self) -> io::Result<()> {
        Ok(())
    }

    /// Writes a prompt and reads one line without its end. What was typed before the question could be seen does not
    /// answer it. Hidden lines are refused here: a secret comes by file descriptor instead.
    pub fn ask(&self, prompt: &str, hidden: bool, interrupt: &Interrupt) -> io::Result<Option<Zeroizing<String>>> {
        if hidden {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.discard_input()?;
        self.write(prompt)?;
        let mut line = Zeroizing::new(String::with_capacity(4096));
        let read = io::stdin().lock().read_line(&mut line)?;
        if read == 0 || interrupt.raised() {
            return Ok(None);
        }
        let end = line.trim_end_matches(['\r', '\n']).len();
        line.truncate(end);
        Ok(Some(line))
    }
}

impl Terminal {
    /// As [`Terminal::ask`], hidden, of text that may come in several lines.
    pub fn ask_pasted(&self, prompt: &str, interrupt: &Interrupt) -> io::Result<Option<Zeroizing<String>>> {
        self.ask(prompt, true, interrupt)
    }
}

/// A shell that runs a command line. On Windows its own quotes stand around the line, which is passed as it is.
#[must_use]
pub fn shell(line: &str) -> std::process::Command {
    let mut command = std::process::Command::new("cmd.exe");
    command.arg("/C");
    #[cfg(windows)]
    std::os::windows::process::CommandExt::raw_arg(&mut command, format!("\"{line}\""));
    #[cfg(not(windows))]
    command.arg(line);
    command
}
