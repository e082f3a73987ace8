//! Places for a seed beside keys and phones: escrow files and commands, each in every way it can fail.

mod command; // a password manager's command line
mod crash; // killed at every message, and inside the command and a plugin
mod escrow; // age files
mod faults;
mod proof; // a seed that no place proves, and a store that proves it // on the wires, on the disk, in the command, in a plugin

use crate::support::{Run, Simulated, run};
use age_core::secrecy::ExposeSecret;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A recipient, and the identity that opens what is for it.
pub(super) fn recipient() -> (age::x25519::Identity, String) {
    let identity = age::x25519::Identity::generate();
    let public = identity.to_public().to_string();
    assert!(identity.to_string().expose_secret().starts_with("AGE-SECRET-KEY-"));
    (identity, public)
}

/// `enroll alice`, approved, with these places and no key, whether they prove the seed or not.
pub(super) fn enroll(world: &Simulated, places: &[&str]) -> Command {
    world.glasskey(["enroll", "alice", "--yes", "--no-input", "--accept-unproved"].iter().chain(places))
}

pub(super) fn file(world: &Simulated) -> PathBuf {
    world.keys.home.path().join("alice.age")
}

/// What the file holds.
fn open(path: &Path, identity: &age::x25519::Identity) -> String {
    let text = age::decrypt(identity, &std::fs::read(path).unwrap()).unwrap();
    String::from_utf8(text).unwrap()
}

/// The otpauth URI of alice's device, as AWS knows its seed.
fn uri(world: &Simulated) -> String {
    let seed = world.aws.seed_of(&world.arn("alice")).unwrap();
    let account = world.aws.account();
    format!("otpauth://totp/AWS:{account}%2Falice?secret={}&issuer=AWS", data_encoding::BASE32_NOPAD.encode(&seed))
}

/// Alice's device is enabled, whatever holds its seed.
#[track_caller]
fn enabled(world: &Simulated) {
    let devices = world.aws.devices();
    assert_eq!(devices.len(), 1, "{devices:?}");
    assert_eq!(devices[0].user.as_deref(), Some("alice"));
    assert_eq!(world.unfinished(), 0);
}

/// An enrollment that must fail and leave nothing: its code and the error's first line.
#[track_caller]
fn fails(world: &Simulated, command: &mut Command, code: i32, error: &str) -> Run {
    let done = run(command);
    let said = done.stderr.lines().find(|line| line.starts_with("glasskey: error:")).unwrap_or_default();
    let home = world.keys.home.path().display().to_string();
    assert_eq!((done.code, &*said.replace(&home, "HOME"), &*done.stdout), (code, error, ""), "{done:?}");
    world.nothing_is_left().unwrap();
    done
}
