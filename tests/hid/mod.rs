//! Keys over HID without a kernel: the real binary, with ctap-hid-fido2 and hidapi in it, and other people's programs
//! find software authenticators through a preloaded shim in place of hidraw and libudev (see `shim.c`).
//!
//! What the shim fakes runs for real in [`crate::kernel`].

#![cfg(all(feature = "hid", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, dead_code)]

mod commands;
pub(crate) mod probe;
pub(crate) mod rig;

use crate::judges::bench::{Bench, client, run, try_run};
use crate::judges::{binary, clients};
use crate::support::fido::write_roots;
use glasskey::sim::authenticator::Options;
use rig::HidRig;
use std::process::Command;

fn two() -> HidRig {
    HidRig::new([Options::new(12_345_678), Options::new(12_345_679)])
}

#[test]
fn the_library_lives_a_keys_whole_life() {
    let mut keys = two();
    probe::library(&mut keys);
    assert!(!keys.key(0).has_pin() && keys.key(0).credentials().is_empty(), "reset");
}

#[test]
fn a_key_that_may_not_be_opened_is_told_from_one_that_is_gone() {
    let keys = two();
    keys.permit(1, false);
    probe::ask(&keys, 1, "denied");
    keys.permit(1, true);
    probe::ask(&keys, 1, "set-up");
    keys.key(1).pull();
    probe::ask(&keys, 1, "gone");
}

#[test]
fn the_binary_runs_with_the_shim() {
    let version = |mut command: Command| {
        command.arg("--version");
        run(command, "")
    };
    let binary = env!("CARGO_BIN_EXE_glasskey");
    assert_eq!(version(two().command(binary.as_ref())), version(Command::new(binary)));
}

#[test]
fn what_a_library_prints_is_no_result() {
    let keys = two();
    let mut command = keys.command(env!("CARGO_BIN_EXE_glasskey").as_ref());
    command.args(["fido", "list", "--json"]).env("GLASSKEY_TEST_STRAY", "1");
    let (code, stdout, stderr) = try_run(&mut command, "");
    let listed = crate::support::schemas::read(stdout.as_bytes());
    assert_eq!(code, Some(0));
    let serials: Vec<_> =
        listed["keys"].as_array().unwrap().iter().map(|key| key["serial"].as_u64().unwrap()).collect();
    assert_eq!(serials, [12_345_678, 12_345_679]);
    assert!(stderr.lines().any(|line| line == "a stray line"), "{stderr}");
}

#[test]
fn the_binary_lives_a_keys_whole_life_before_judges() {
    let options = |serial| Options { intermediate_in_x5c: true, ..Options::new(serial) };
    let keys = HidRig::new([options(12_345_678), options(12_345_679)]);
    let roots = tempfile::NamedTempFile::new().unwrap();
    write_roots(keys.key(0), roots.path());
    binary::lives_a_keys_whole_life(&keys, roots.path());
    assert!(!keys.key(0).has_pin() && keys.key(0).credentials().is_empty(), "reset");
}

#[test]
fn fido2_token_takes_the_pin_that_glasskey_set() {
    let keys = two();
    binary::sets_a_pin_and_enrolls(&keys);
    clients::fido2_token_takes_the_pin(&keys, 0, binary::PIN, &["glasskey.invalid"]);
}

#[test]
fn python_fido2_lives_a_keys_whole_life() {
    let mut keys = two();
    let made = clients::python_fido2(&mut keys);
    assert!(!keys.key(0).has_pin() && keys.key(0).credentials().is_empty(), "reset");
    clients::relying_parties(&made);
}

#[test]
fn fido2_tools_find_and_use_the_keys() {
    clients::fido2_tools(&two(), 2);
}

#[test]
fn fido2_token_takes_the_pin_that_python_fido2_set() {
    let keys = two();
    client(&keys, 0, &[&["pin-set", "246810"], &["register", "246810"]]);
    clients::fido2_token_takes_the_pin(&keys, 0, "246810", &["example.com"]);
}
