//! A person at a terminal: the binary on a pty whose echo is on, as a shell leaves it.

use super::Run;
use rexpect::process::Signal;
use rexpect::session::{PtySession, spawn_command};
use std::process::Command;
use tempfile::TempDir;

/// The longest any prompt or end is waited for.
const PATIENCE: u64 = 30_000;

/// Somebody typing.
pub(crate) struct Typist {
    pty: PtySession,
    /// Holds what went to standard output and error.
    streams: TempDir,
    seen: String,
}

impl Typist {
    /// Starts the command on a terminal of its own. Standard output and error go to files, so that what is left on
    /// the terminal are the prompts and what the terminal echoes; standard input is the terminal.
    pub(crate) fn start(command: &Command) -> Self {
        Self::with(command, r#"stty echo; exec "$0" "$@" >"$TEST_STREAMS/out" 2>"$TEST_STREAMS/err""#, &[])
    }

    /// As [`Typist::start`], with the conversation on the terminal too, as a person sees it.
    pub(crate) fn start_talking(command: &Command) -> Self {
        Self::with(command, r#"stty echo; exec "$0" "$@" >"$TEST_STREAMS/out""#, &[])
    }

    /// As [`Typist::start`], with this on standard input instead of the terminal. The terminal stays open as 9: one that
    /// nothing has open has hung up, and what is written to it later is not seen.
    pub(crate) fn start_with_stdin(command: &Command, stdin: &[u8]) -> Self {
        let script =
            r#"stty echo; exec "$0" "$@" 9>&1 <"$TEST_STREAMS/in" >"$TEST_STREAMS/out" 2>"$TEST_STREAMS/err""#;
        Self::with(command, script, stdin)
    }

    /// As [`Typist::start_talking`], with standard output full.
    pub(crate) fn start_talking_to_full(command: &Command) -> Self {
        Self::with(command, r#"stty echo; exec "$0" "$@" >/dev/full"#, &[])
    }

    /// As [`Typist::start_talking`], with this on standard input.
    pub(crate) fn start_talking_with_stdin(command: &Command, stdin: &[u8]) -> Self {
        Self::with(command, r#"stty echo; exec "$0" "$@" <"$TEST_STREAMS/in" >"$TEST_STREAMS/out""#, stdin)
    }

    fn with(command: &Command, script: &str, stdin: &[u8]) -> Self {
        let streams = tempfile::tempdir().unwrap();
        std::fs::write(streams.path().join("in"), stdin).unwrap();
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(script).arg(command.get_program()).args(command.get_args()).env_clear();
        shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.env("TEST_STREAMS", streams.path());
        if let Some(directory) = command.get_current_dir() {
            shell.current_dir(directory);
        }
        Self { pty: spawn_command(shell, Some(PATIENCE)).unwrap(), streams, seen: String::new() }
    }

    /// Waits for a prompt.
    #[track_caller]
    pub(crate) fn sees(&mut self, prompt: &str) -> &mut Self {
        let before = self.pty.exp_string(prompt).unwrap_or_else(|why| panic!("{why}; before: {}", self.report()));
        self.seen.push_str(&before);
        self.seen.push_str(prompt);
        self
    }

    /// What has been on the terminal up to the last prompt.
    pub(crate) fn seen(&self) -> &str {
        &self.seen
    }

    /// Types a line and Enter.
    pub(crate) fn types(&mut self, line: &str) -> &mut Self {
        self.pty.send_line(line).unwrap();
        self
    }

    /// Pastes this, with no Enter behind it.
    pub(crate) fn pastes(&mut self, text: &str) -> &mut Self {
        self.pty.send(text).unwrap();
        self.pty.flush().unwrap();
        self
    }

    /// Presses Ctrl-D.
    pub(crate) fn ends_input(&mut self) -> &mut Self {
        self.pty.send_control('d').unwrap();
        self
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupts(&mut self) -> &mut Self {
        self.pty.send_control('c').unwrap();
        self
    }

    /// The process dies where it is.
    pub(crate) fn dies(mut self) {
        self.pty.process_mut().kill(Signal::SIGKILL).unwrap();
    }

    /// Waits for the end: what was on the terminal, and the run.
    pub(crate) fn end(mut self) -> (String, Run) {
        self.seen.push_str(&self.pty.exp_eof().unwrap());
        let code = match self.pty.process().wait().unwrap() {
            rexpect::process::WaitStatus::Exited(_, code) => code,
            other => panic!("the binary did not exit by itself: {other:?}"),
        };
        let run = Run { stdout: self.stream("out"), stderr: self.stream("err"), code };
        (self.seen, run)
    }

    fn stream(&self, name: &str) -> String {
        std::fs::read_to_string(self.streams.path().join(name)).unwrap_or_default()
    }

    fn report(&self) -> String {
        format!("terminal {:?}, stderr {:?}", self.seen, self.stream("err"))
    }
}
