//! Software FIDO2 keys behind the binary.

use super::{FIRST, Run, glasskey, run, with_fd, without_terminal};
use data_encoding::BASE64;
use glasskey::fido::{Attempt, Ctap2, Limits};
use glasskey::platform::Interrupt;
use glasskey::secret::Password;
use glasskey::sim::authenticator::{Options, SoftAuthenticator};
use glasskey::sim::hid_server::{self, Served};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The PIN of the keys that have one.
pub(crate) const PIN: &str = "246810";

/// A home of its own for the binary, and the FIDO2 keys that it finds plugged in.
pub(crate) struct FidoKeys {
    /// HOME, and GLASSKEY_STATE_DIR in it.
    pub(crate) home: TempDir,
    keys: Vec<SoftAuthenticator>,
    served: Vec<Served>,
}

impl FidoKeys {
    /// Serves `n` keys of the newest firmware, without PINs: 12345678, 12345679, …
    pub(crate) fn serve(n: u32) -> Self {
        Self::of((0..n).map(|nth| Options::new(FIRST + nth)))
    }

    /// Serves one key with [`PIN`].
    pub(crate) fn with_pin() -> Self {
        Self::with_pins([Options::new(FIRST)])
    }

    /// Serves two keys of one maker, each with [`PIN`].
    pub(crate) fn serve_two() -> Self {
        let authority = Some(glasskey::sim::authenticator::Authority::generate());
        Self::with_pins([0, 1].map(|nth| Options { authority: authority.clone(), ..Options::new(FIRST + nth) }))
    }

    /// Serves these keys, each with [`PIN`].
    pub(crate) fn with_pins(options: impl IntoIterator<Item = Options>) -> Self {
        let keys = Self::of(options);
        for key in &keys.keys {
            open(key).set_pin(&Password::new(PIN.to_owned())).unwrap();
        }
        keys
    }

    /// Serves these keys.
    pub(crate) fn of(options: impl IntoIterator<Item = Options>) -> Self {
        // Short: a socket's path has at most 107 bytes.
        let home = tempfile::Builder::new().prefix("fido").tempdir().unwrap();
        let keys: Vec<_> = options.into_iter().map(SoftAuthenticator::new).collect();
        let served = keys.iter().zip(0..).map(|(key, nth)| hid_server::serve(key, home.path(), nth).unwrap());
        let served = served.collect();
        Self { home, keys, served }
    }

    /// The n-th key, counted from 0.
    pub(crate) fn key(&self, nth: usize) -> &SoftAuthenticator {
        &self.keys[nth]
    }

    pub(crate) fn all(&self) -> &[SoftAuthenticator] {
        &self.keys
    }

    /// The n-th key's device, as the binary names it.
    pub(crate) fn path(&self, nth: usize) -> String {
        self.served[nth].path().display().to_string()
    }

    /// The n-th key's socket.
    pub(crate) fn socket(&self, nth: usize) -> PathBuf {
        self.served[nth].path().join("sock")
    }

    /// The binary with these arguments, these keys and nothing of this machine's environment. Standard input is
    /// empty, and there is no terminal to ask on.
    pub(crate) fn glasskey<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.bare(args);
        without_terminal(&mut command);
        command
    }

    /// As [`FidoKeys::glasskey`], with whatever terminal and standard input it is given.
    pub(crate) fn bare<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = glasskey(self.home.path());
        command.args(args).env("GLASSKEY_FIDO", self.home.path());
        command
    }

    /// Runs a line of arguments.
    pub(crate) fn run(&self, line: &str) -> Run {
        run(&mut self.glasskey(line.split_whitespace()))
    }

    /// Runs it with these lines on file descriptor 3, which `--pin-fd` and `--new-pin-fd` may name.
    pub(crate) fn run_with_pins(&self, line: &str, pins: &[&str]) -> Run {
        let content: String = pins.iter().map(|pin| format!("{pin}\n")).collect();
        run(&mut with_fd(&self.glasskey(line.split_whitespace()), 3, &content))
    }

    /// Runs it with [`PIN`] on `--pin-fd`.
    pub(crate) fn run_with_pin(&self, line: &str) -> Run {
        self.run_with_pins(&format!("{line} --pin-fd 3"), &[PIN])
    }

    /// Uses up this many PIN tries of the n-th key; it is plugged in again after every second, which it does not count.
    pub(crate) fn waste_tries(&self, nth: usize, tries: u8) {
        for used in 0..tries {
            if used % 2 == 0 {
                self.keys[nth].pull();
                self.keys[nth].plug_in();
            }
            let _ = open(&self.keys[nth]).verify_pin(Attempt::even_the_last(&Password::new("wrong-one".to_owned())));
        }
        self.keys[nth].pull();
        self.keys[nth].plug_in();
    }
}

/// The key, opened by the library in this process.
pub(crate) fn open(key: &SoftAuthenticator) -> Ctap2 {
    Ctap2::open(key.hid(), Interrupt::new().unwrap(), Limits::default()).unwrap()
}

/// Writes what vouches for a key as PEM: its root, then what is between.
pub(crate) fn write_roots(key: &SoftAuthenticator, path: &Path) {
    let ders = key.attestation_roots().into_iter().chain(key.attestation_intermediates());
    let pem =
        |der: Vec<u8>| format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", BASE64.encode(&der));
    std::fs::write(path, ders.map(pem).collect::<String>()).unwrap();
}
