//! Keys that programs started with [`HidRig::command`] find at `/dev/hidrawN`, and nobody else does.

use glasskey::sim::authenticator::SoftAuthenticator;
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
    /// These keys, at `/dev/hidraw0` and on.
    pub(crate) fn new(keys: Vec<SoftAuthenticator>) -> Self {
        // Short: a socket's path has at most 107 bytes.
        let directory = tempfile::Builder::new().prefix("hid").tempdir().unwrap();
        let serve = |(nth, key)| hid_server::serve(key, directory.path(), nth).unwrap();
        let served = keys.iter().enumerate().map(serve).collect();
        Self { keys, _served: served, directory }
    }

    /// The key at `/dev/hidrawN`.
    pub(crate) fn key(&self, nth: usize) -> &SoftAuthenticator {
        &self.keys[nth]
    }

    /// `/dev/hidrawN`.
    pub(crate) fn node(nth: usize) -> String {
        format!("/dev/hidraw{nth}")
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

    /// A command that will find the keys.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        self.show_to(&mut command);
        command
    }

    /// Has a command find the keys, and the commands that it starts.
    pub(crate) fn show_to(&self, command: &mut Command) {
        command.env("LD_PRELOAD", shim()).env("GLASSKEY_TEST_HIDRAW", self.directory.path());
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
