//! Where programs meet keys: behind the preloaded shim, or on the test kernel. What is judged is the same.

use super::{python, script};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Stdio};

/// A place with keys plugged in, in which programs run.
pub(crate) trait Bench {
    /// A command that finds the keys.
    fn command(&self, program: &OsStr) -> Command;

    /// The node of the key that was plugged in as the n-th, counted from 0.
    fn node(&self, nth: usize) -> String;

    /// Pulls a key out and plugs it in again.
    fn replug(&self, nth: usize);
}

/// Runs a command to success, with this on standard input, and gives its standard output.
#[track_caller]
pub(crate) fn run(mut command: Command, stdin: &str) -> String {
    let (code, stdout, stderr) = try_run(&mut command, stdin);
    assert_eq!(code, Some(0), "{command:?}:\n{stdout}{stderr}");
    stdout
}

/// Runs a command: its exit code, standard output and standard error.
pub(crate) fn try_run(command: &mut Command, stdin: &str) -> (Option<i32>, String, String) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}"));
    // A command that does not read its input leaves a broken pipe behind.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Has python-fido2 do these steps of `client.py` with the n-th key, and gives what each learned.
#[track_caller]
pub(crate) fn client(bench: &dyn Bench, nth: usize, steps: &[&[&str]]) -> Vec<Value> {
    let mut command = bench.command(python().as_os_str());
    command.arg(script("client.py")).arg(bench.node(nth)).env("PYTHONDONTWRITEBYTECODE", "1");
    serde_json::from_str(&run(command, &serde_json::to_string(steps).unwrap())).unwrap()
}
