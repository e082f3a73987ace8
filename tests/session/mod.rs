//! `glasskey session` through the binary: what it prints, what it keeps and for whom, and that it never hangs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod clients; // the aws CLI and boto3 with it as their credential_process
mod faults; // something goes wrong at every message, and with the process
mod kept; // the kernel keyring, and many callers at once
mod odd; // credentials that no STS gives
mod opening; // which device and key, what goes wrong, the words
mod person; // touches, passwords, terminals, the end of all waiting
mod roles; // many roles, one code; external ids, session policies, the longest session

use crate::enroll::api;
use crate::support::{Keys, Run, Simulated, run};
use glasskey::oath::{Name, New, Session};
use glasskey::secret::Seed;
use glasskey::sim::aws::Keys as AccessKey;
use glasskey::sim::oath_card::SoftKey;
use glasskey::totp::{self, AWS, unix};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// A user with a device that STS has known for long, its seed on the first key.
pub(crate) struct Bob {
    pub(crate) world: Simulated,
    keys: AccessKey,
    serial: String,
}

impl Bob {
    pub(crate) fn new() -> Self {
        Self::with(false)
    }

    fn with(touch: bool) -> Self {
        Self::at(touch, 0)
    }

    /// While AWS is this many seconds ahead of the host (negative: behind).
    fn at(touch: bool, ahead: i64) -> Self {
        let world = Simulated::around(Keys::serve(1));
        let keys = api::free_user(&world.aws, "bob");
        world.aws.clock().set_offset_seconds(ahead - 60);
        let serial = world.aws.add_device_for("bob", 1).remove(0);
        world.aws.clock().set_offset_seconds(ahead);
        let bob = Self { world, keys, serial };
        bob.hold(bob.world.keys.key(0), "bob-1", touch);
        bob
    }

    fn hold(&self, key: &SoftKey, device: &str, touch: bool) {
        let seed = Seed::from_bytes(&self.world.aws.seed_of(&self.world.arn(device)).unwrap()).unwrap();
        let name = Name::from_id(&self.world.credential(device)).unwrap();
        let new = New { name: &name, kind: totp::Kind::Totp, params: AWS, touch, seed: &seed };
        Session::open(key.card()).unwrap().put(&new).unwrap();
    }

    pub(crate) fn command(&self, more: &[&str]) -> Command {
        self.caller(&[&["session"], more].concat())
    }

    /// Any command, as bob.
    pub(crate) fn caller(&self, args: &[&str]) -> Command {
        self.world.glasskey_as(&self.keys, args)
    }

    fn run(&self, more: &[&str]) -> Run {
        run(&mut self.command(more))
    }

    /// With nothing kept: one test does not see what another left.
    pub(crate) fn fresh(&self, more: &[&str]) -> Run {
        self.run(&[&["--no-cache"], more].concat())
    }

    fn count(&self, action: &str) -> usize {
        self.world.actions().iter().filter(|done| *done == action).count()
    }

    /// How often the first key was told to compute a code (CALCULATE).
    fn calculated(&self) -> usize {
        self.world.keys.key(0).log().iter().filter(|logged| logged.ins == 0xa2).count()
    }

    /// Moves AWS's clock to this many seconds before the end of a step.
    fn before_the_end_of_a_step(&self, seconds: i64) {
        let now = unix(SystemTime::now()) as i64;
        self.world.aws.clock().set_offset_seconds(120 + (30 - seconds - (now + 120) % 30).rem_euclid(30));
    }

    fn step(&self) -> u64 {
        unix(self.world.aws.clock().now()) / 30
    }

    fn opened(&self) -> String {
        format!("  session   opened with a code for {} from YubiKey 12345678\n", self.serial)
    }
}

impl Drop for Bob {
    /// What tests have the kernel keep does not outlive them.
    fn drop(&mut self) {
        let _ = self.run(&["--forget"]);
    }
}

/// The kernel's key service, as `tests/session/keyring.c` makes it.
fn keyring_is(command: &mut Command, what: &str) {
    command.env("LD_PRELOAD", shim()).env("KEYRING_IS", what);
}

fn shim() -> &'static Path {
    static SHIM: OnceLock<PathBuf> = OnceLock::new();
    SHIM.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/session/keyring.c");
        let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let (fresh, shim) =
            (place.join(format!("keyring.{}.so", std::process::id())), place.join("libkeyringshim.so"));
        let built = Command::new("cc")
            .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"])
            .arg(source)
            .arg("-o")
            .arg(&fresh)
            .status()
            .expect("cc runs");
        assert!(built.success(), "the shim is built (needs gcc and libc6-dev)");
        std::fs::rename(fresh, &shim).unwrap();
        shim
    })
}

/// The session's keys, from `--format json`.
fn keys_of(run: &Run) -> AccessKey {
    let json = run.json();
    let text = |name: &str| json[name].as_str().unwrap().to_owned();
    AccessKey {
        access_key_id: text("access_key_id"),
        secret_access_key: text("secret_access_key"),
        session_token: Some(text("session_token")),
    }
}
