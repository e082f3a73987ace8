//! Running the binary as a person or a script does, with software keys behind it: no reader, no account and no
//! environment of this machine is touched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, dead_code)]

pub(crate) mod blows;
pub(crate) mod fido;
pub(crate) mod schemas;
mod simulated;
mod terminal;

#[allow(unused_imports)]
pub(crate) use fido::FidoKeys;
#[allow(unused_imports)]
pub(crate) use simulated::Simulated;
#[allow(unused_imports)]
pub(crate) use terminal::Typist;

use glasskey::oath::{Name, New, Session};
use glasskey::secret::{Password, Seed};
use glasskey::sim::card_server::{self, Served};
use glasskey::sim::oath_card::{Options, SoftKey};
use glasskey::totp::{self, Kind, Params};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A home of its own for the binary, and the software keys that it finds plugged in.
pub(crate) struct Keys {
    /// HOME, and GLASSKEY_STATE_DIR in it.
    pub(crate) home: TempDir,
    keys: Vec<SoftKey>,
    served: Vec<Served>,
}

/// The first key's serial; the next ones count up.
pub(crate) const FIRST: u32 = 12_345_678;

impl Keys {
    /// Serves `n` keys of the newest firmware: 12345678, 12345679, …
    pub(crate) fn serve(n: u32) -> Self {
        Self::of((0..n).map(|nth| Options::new(FIRST + nth)).collect())
    }

    /// Serves one key of this firmware.
    pub(crate) fn firmware(major: u8, minor: u8, patch: u8) -> Self {
        Self::of(vec![Options::new(FIRST).firmware(major, minor, patch)])
    }

    pub(crate) fn of(options: Vec<Options>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let keys: Vec<SoftKey> = options.into_iter().map(SoftKey::new).collect();
        let serve = |(nth, key)| card_server::serve(key, &home.path().join(format!("{nth}.sock"))).unwrap();
        let served = keys.iter().enumerate().map(serve).collect();
        Self { home, keys, served }
    }

    /// The n-th key, counted from 0.
    pub(crate) fn key(&self, nth: usize) -> &SoftKey {
        &self.keys[nth]
    }

    pub(crate) fn all(&self) -> &[SoftKey] {
        &self.keys
    }

    pub(crate) fn state_dir(&self) -> PathBuf {
        self.home.path().join("state")
    }

    /// GLASSKEY_CARDS.
    pub(crate) fn cards(&self) -> String {
        let paths: Vec<String> = self.served.iter().map(|served| served.path().display().to_string()).collect();
        paths.join(":")
    }

    /// The binary with these arguments, these keys and nothing of this machine's environment. Standard input is
    /// empty, and there is no terminal to ask on.
    pub(crate) fn glasskey<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.bare(args);
        without_terminal(&mut command);
        command
    }

    /// As [`Keys::glasskey`], with whatever terminal and standard input it is given.
    pub(crate) fn bare<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = glasskey(self.home.path());
        command.args(args).env("GLASSKEY_CARDS", self.cards());
        command
    }

    /// Runs it.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Run {
        run(&mut self.glasskey(args))
    }

    /// Runs it with this on standard input.
    pub(crate) fn run_with<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>, stdin: &[u8]) -> Run {
        run_with(&mut self.glasskey(args), stdin)
    }
}

impl Keys {
    /// Has a command find these FIDO2 keys too.
    pub(crate) fn with_fido(&self, fido: &FidoKeys, line: &str) -> Run {
        let mut command = self.bare(line.split(' '));
        command.env("GLASSKEY_FIDO", fido.home.path());
        without_terminal(&mut command);
        run(&mut command)
    }
}

/// The binary in a home of its own, with nothing of this machine's environment but PATH.
pub(crate) fn glasskey(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glasskey"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("GLASSKEY_STATE_DIR", home.join("state"))
        .env("NO_COLOR", "1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("TZ", "UTC")
        // Nothing leaves this machine, and to read the system's hundreds of certificates is half of a run.
        .env("SSL_CERT_FILE", concat!(env!("CARGO_MANIFEST_DIR"), "/data/mds-roots.pem"))
        .env("SSL_CERT_DIR", home)
        .current_dir(home);
    command
}

/// The same command with this as file descriptor `fd`, for `--password-fd`.
pub(crate) fn with_fd(command: &Command, fd: u32, content: &str) -> Command {
    let file = command.get_current_dir().unwrap().join(format!("fd{fd}"));
    std::fs::write(&file, content).unwrap();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!(r#"exec "$0" "$@" {fd}<fd{fd}"#)).arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.stdin(Stdio::null()).current_dir(command.get_current_dir().unwrap());
    shell
}

/// Cuts the command off from the terminal the tests may have been started on: /dev/tty cannot be opened in a session
/// that has none.
fn without_terminal(command: &mut Command) {
    // By its path, or else the whole of this process is copied (fork) instead of a program started (posix_spawn).
    let mut detached = Command::new("/usr/bin/setsid");
    detached.arg(command.get_program()).args(command.get_args()).env_clear();
    detached.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    detached.stdin(Stdio::null()).current_dir(command.get_current_dir().unwrap());
    *command = detached;
}

/// What a run of the binary left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

pub(crate) fn run(command: &mut Command) -> Run {
    Run::of(command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap())
}

pub(crate) fn run_with(command: &mut Command, stdin: &[u8]) -> Run {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read its input leaves a broken pipe behind.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    Run::of(child.wait_with_output().unwrap())
}

impl Run {
    /// What it printed with `--json` is as its schema says.
    #[track_caller]
    fn of(output: Output) -> Self {
        let stdout = String::from_utf8(output.stdout).unwrap();
        schemas::hold(&stdout);
        Self {
            stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().expect("the binary exited by itself"),
        }
    }

    /// Holds the run to these words and this exit code.
    #[track_caller]
    pub(crate) fn is(&self, code: i32, stdout: &str, stderr: &str) -> &Self {
        assert_eq!((self.code, &*self.stdout, &*self.stderr), (code, stdout, stderr));
        self
    }

    /// The JSON value on standard output, which holds nothing else.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "one line: {self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    /// That none of these is anywhere in what was written.
    #[track_caller]
    pub(crate) fn never_says(&self, secrets: &[&str]) -> &Self {
        for secret in secrets {
            assert!(!self.stdout.contains(secret) && !self.stderr.contains(secret), "a secret was written");
        }
        self
    }
}

/// A seed of 20 random bytes, and its base32.
pub(crate) fn seed() -> (Seed, String) {
    let mut raw = [0; 20];
    getrandom::fill(&mut raw).unwrap();
    let seed = Seed::from_bytes(&raw).unwrap();
    let text = seed.to_base32().to_string();
    (seed, text)
}

/// Puts a credential straight onto a key, and gives its seed.
pub(crate) fn put(key: &SoftKey, id: &str, touch: bool) -> Seed {
    put_as(key, id, Kind::Totp, touch)
}

pub(crate) fn put_as(key: &SoftKey, id: &str, kind: Kind, touch: bool) -> Seed {
    put_named(key, &Name::from_id(id).unwrap(), kind, touch)
}

/// As [`put_as`], with a name that need not be text.
pub(crate) fn put_named(key: &SoftKey, name: &Name, kind: Kind, touch: bool) -> Seed {
    let (seed, _) = seed();
    let params = Params { period: name.parts().0, ..totp::AWS };
    let new = New { name, kind, params, touch, seed: &seed };
    Session::open(key.card()).unwrap().put(&new).unwrap();
    seed
}

/// Protects a key with a password.
pub(crate) fn protect(key: &SoftKey, password: &str) {
    Session::open(key.card()).unwrap().set_password(&Password::new(password.to_owned())).unwrap();
}
