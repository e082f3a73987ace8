//! A password manager's own command line: the seed goes to its standard input as an otpauth URI, and nowhere else.
//!
//! What is proved: it read all of it, and ended with status 0. What it stored is not looked at; a code of it, printed by
//! another command (`code`), shows that. Its words are thrown away where it succeeds. Where it fails, the end of its
//! standard error is kept, unless the seed is in it.

use super::Error;
use super::told::is_told;
use crate::platform::{Interrupt, processes, program_of, shell};
use crate::secret::{Seed, on_wiped_stack};
use crate::totp::{AWS, Uri};
use std::io::{self, Read, Write};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// A command that takes the seed.
pub struct CommandSink {
    pub child: ChildCommand,
    pub issuer: String,
    pub account: String,
}

/// A command that takes a secret on its standard input.
pub struct ChildCommand {
    /// What the secret is called: `seed`.
    pub what: &'static str,
    /// For the shell (`sh -c`; on Windows `cmd /C`).
    pub line: String,
    pub timeout: Duration,
    /// Variables for it: names, never the secret.
    pub variables: Vec<(&'static str, String)>,
    pub interrupt: Interrupt,
}

/// How a command ended that did not take the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandEnd {
    /// It could not be started; the secret has not left this process.
    #[error("it could not be started: {why}")]
    NotStarted { why: String },
    #[error("exit status {0}")]
    Status(i32),
    #[error("a signal ended it")]
    Killed,
    /// Not in time; it was killed.
    #[error("it did not end within {seconds} s, and was killed")]
    TimedOut { seconds: u64 },
    /// With status 0, and without reading what it was given.
    #[error("it ended without reading its standard input")]
    DidNotRead,
    /// The person asked to stop; it was killed.
    #[error("interrupted")]
    Interrupted,
}

/// How it ended, and its last words.
pub(super) type Ended = (CommandEnd, Option<Vec<String>>);

impl CommandSink {
    /// Hands the seed over. The exit status is the proof; there is no other. When this fails the command may have it or
    /// not.
    ///
    /// # Errors
    /// [`Error::Command`].
    pub fn put(&self, seed: &Seed) -> Result<(), Error> {
        on_wiped_stack(|| {
            let uri = Uri::totp_text(Some(&self.issuer), &self.account, AWS, seed);
            self.child.run(&format_line(&uri), &|heard| holds_seed(heard, &uri, seed))
        })
    }
}

fn format_line(text: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{text}\n"))
}

impl ChildCommand {
    /// Runs it with this on its standard input. `told`: whether the secret is in what it said.
    pub(super) fn run(&self, text: &str, told: &dyn Fn(&[u8]) -> bool) -> Result<(), Error> {
        let failed = |end, said| Error::Command { program: program_of(&self.line), what: self.what, end, said };
        let started = self
            .start(Stdio::null())
            .map_err(|cause| failed(CommandEnd::NotStarted { why: cause.to_string() }, None))?;
        let (mut child, mut stdin, ours) = started;
        let words = Words::listen(child.stderr.take());
        // Less than a pipe holds, so this never waits.
        let written = stdin.write_all(text.as_bytes());
        drop(stdin);
        let end = self
            .wait(&mut child)
            .or_else(|| (written.is_err() || processes::has_unread(&ours)).then_some(CommandEnd::DidNotRead));
        match end {
            None => Ok(()),
            Some(end) => Err(failed(end, words.end(self.what, told))),
        }
    }

    /// Runs it with nothing on its standard input, and gives what it printed: the last kibibytes of it. `told` as above.
    pub(super) fn ask(&self, told: &dyn Fn(&[u8]) -> bool) -> Result<Zeroizing<Vec<u8>>, Ended> {
        let started = self.start(Stdio::piped());
        let (mut child, stdin, _) =
            started.map_err(|cause| (CommandEnd::NotStarted { why: cause.to_string() }, None))?;
        drop(stdin);
        let printed = Words::listen(child.stdout.take());
        let words = Words::listen(child.stderr.take());
        match self.wait(&mut child) {
            None => Ok(printed.whole()),
            Some(end) => Err((end, words.end(self.what, told))),
        }
    }

    /// The child, the writing end of its standard input, and a reading end of ours that tells what it has not read.
    fn start(&self, stdout: Stdio) -> io::Result<(Child, io::PipeWriter, io::PipeReader)> {
        let (reader, writer) = io::pipe()?;
        let mut command = shell(&self.line);
        command.envs(self.variables.iter().map(|(name, value)| (*name, value)));
        command.stdin(reader.try_clone()?).stdout(stdout).stderr(Stdio::piped());
        processes::in_its_own_group(&mut command);
        Ok((command.spawn()?, writer, reader))
    }

    /// `None`: status 0.
    fn wait(&self, child: &mut Child) -> Option<CommandEnd> {
        let deadline = Instant::now() + self.timeout;
        loop {
            match child.try_wait() {
                Ok(Some(status)) if status.success() => return None,
                Ok(Some(status)) => return Some(status.code().map_or(CommandEnd::Killed, CommandEnd::Status)),
                Ok(None) => {}
                Err(cause) => return Some(CommandEnd::NotStarted { why: cause.to_string() }),
            }
            let end = if self.interrupt.wait(Duration::from_millis(10)) {
                CommandEnd::Interrupted
            } else if Instant::now() >= deadline {
                CommandEnd::TimedOut { seconds: self.timeout.as_secs() }
            } else {
                continue;
            };
            processes::kill_group(child);
            return Some(end);
        }
    }
}

/// What a command says: drained always, so that it never waits for us; the end is kept.
struct Words {
    heard: Arc<Mutex<Zeroizing<Vec<u8>>>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Bytes kept, twice.
const KEPT: usize = 4096;

impl Words {
    fn listen(from: Option<impl Read + Send + 'static>) -> Self {
        let heard = Arc::new(Mutex::new(Zeroizing::new(Vec::with_capacity(2 * KEPT))));
        let into = Arc::clone(&heard);
        let thread = from.and_then(|mut from| {
            let drain = move || {
                let mut chunk = Zeroizing::new([0; KEPT]);
                while let Ok(read @ 1..) = from.read(&mut *chunk) {
                    let mut kept = into.lock().unwrap_or_else(PoisonError::into_inner);
                    if kept.len() + read > 2 * KEPT {
                        let surplus = kept.len() + read - 2 * KEPT;
                        let surplus = surplus.min(kept.len());
                        kept.drain(..surplus);
                    }
                    kept.extend_from_slice(chunk.get(..read).unwrap_or_default());
                }
            };
            std::thread::Builder::new().spawn(drain).ok()
        });
        Self { heard, thread }
    }

    /// All that is kept. A process left behind by the command may hold its end open for ever: it is not waited for.
    fn whole(&self) -> Zeroizing<Vec<u8>> {
        let until = Instant::now() + Duration::from_millis(500);
        while self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last lines; `None` where there are none, or the secret is in them.
    fn end(self, what: &str, told: &dyn Fn(&[u8]) -> bool) -> Option<Vec<String>> {
        let heard = self.whole();
        if told(&heard) {
            return Some(vec![format!("it printed the {what}; its words are not shown")]);
        }
        let text = String::from_utf8_lossy(&heard);
        let lines: Vec<String> = text.lines().filter(|line| !line.trim().is_empty()).map(shortened).collect();
        let last = lines.len().saturating_sub(3);
        lines.get(last..).filter(|lines| !lines.is_empty()).map(<[String]>::to_vec)
    }
}

/// As it was said: whoever prints it writes out what would act on a screen.
fn shortened(line: &str) -> String {
    line.trim_end().chars().take(200).collect()
}

/// Whether a part of the seed is in what was heard, in whatever form.
pub(super) fn holds_seed(heard: &[u8], uri: &str, seed: &Seed) -> bool {
    let secret = seed.to_base32();
    seed.expose(|raw| is_told(heard, &[raw, secret.as_bytes()], uri.as_bytes()))
}
