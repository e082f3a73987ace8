//! Keys that programs started with [`Bench::command`] find at `/dev/hidrawN`, and nobody else does.

use crate::judges::bench::Bench;
use glasskey::sim::authenticator::{Options, SoftAuthenticator};
use glasskey::sim::hid_server::{self, Served};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// Software keys in a directory of their own. All are unplugged when it is dropped.
pub(crate) struct HidRig {
    keys: Vec<SoftAuthenticator>,
    _served: Vec<Served>,
    directory: TempDir,
}

impl HidRig {
    /// Keys of these kinds, at `/dev/hidraw0` and on.
    pub(crate) fn new(options: impl IntoIterator<Item = Options>) -> Self {
        // Short: a socket's path has at most 107 bytes.
        let directory = tempfile::Builder::new().prefix("hid").tempdir().unwrap();
        let keys: Vec<_> = options.into_iter().map(SoftAuthenticator::new).collect();
        let served = keys.iter().zip(0..).map(|(key, nth)| hid_server::serve(key, directory.path(), nth).unwrap());
        let served = served.collect();
        Self { keys, _served: served, directory }
    }

    /// The key at `/dev/hidrawN`.
    pub(crate) fn key(&self, nth: usize) -> &SoftAuthenticator {
        &self.keys[nth]
    }

    /// Whether this user may open the key.
    pub(crate) fn permit(&self, nth: usize, permitted: bool) {
        let denied = self.directory.path().join(format!("hidraw{nth}/denied"));
        if permitted {
            std::fs::remove_file(denied).unwrap();
        } else {
            std::fs::write(denied, "").unwrap();
        }
    }

    /// Has a command find the keys, and the commands that it starts.
    pub(crate) fn show_to(&self, command: &mut Command) {
        command.env("LD_PRELOAD", shim()).env("GLASSKEY_TEST_HIDRAW", self.directory.path());
    }
}

impl Bench for HidRig {
    fn command(&self, program: &OsStr) -> Command {
        let mut command = Command::new(program);
        self.show_to(&mut command);
        command
    }

    fn node(&self, nth: usize) -> String {
        format!("/dev/hidraw{nth}")
    }

    fn replug(&self, nth: usize) {
        self.key(nth).pull();
        self.key(nth).plug_in();
    }
}

/// The shim, built once a run.
fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hid/shim.c");
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (fresh, shim) = (place.join(format!("shim.{}.so", std::process::id())), place.join("libhidshim.so"));
        let built = Command::new("cc")
            .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"])
            .arg(source)
            .arg("-o")
            .arg(&fresh)
            .status()
            .expect("cc runs");
        assert!(built.success(), "the shim is built (needs gcc and libc6-dev)");
        // Renamed into place: another test run may have the old one loaded.
        std::fs::rename(fresh, &shim).unwrap();
        shim
    })
}
