//! `--mds FILE` with a BLOB that the FIDO Alliance signed: taken while it is new, refused when its time is over or a
//! byte of it is another. It comes from the package that `scripts/metadata` compiles the table from, and is months old:
//! the binary is shown the clock of a day on which it was new.

use super::roots_of;
use crate::support::{FidoKeys, Run, run};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// 30 March 2026.
const THEN: &str = "1774828800";
/// 2 April 2026: the next issue is out, and the certificate of who signed this one is still good.
const OVERDUE: &str = "1775088000";
/// 1 January 2027.
const LATER: &str = "1798761600";

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// The package's BLOB.
fn blob() -> &'static Path {
    static BLOB: OnceLock<PathBuf> = OnceLock::new();
    BLOB.get_or_init(|| {
        let script = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/metadata")).unwrap();
        let version = script.lines().find_map(|line| line.strip_prefix("CRATE_VERSION=")).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        std::fs::create_dir(scratch.path().join("src")).unwrap();
        std::fs::write(scratch.path().join("src/lib.rs"), "").unwrap();
        let manifest = format!(
            "[package]\nname = \"scratch\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[dependencies]\n\
             fido_mds3_attestation_ca = \"={version}\"\n"
        );
        let path = scratch.path().join("Cargo.toml");
        std::fs::write(&path, manifest).unwrap();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let told = Command::new(cargo)
            .args(["metadata", "--format-version", "1", "--manifest-path"])
            .arg(&path)
            .output()
            .unwrap();
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
        let packages = told["packages"].as_array().unwrap();
        let package = packages.iter().find(|package| package["name"] == "fido_mds3_attestation_ca").unwrap();
        let manifest = Path::new(package["manifest_path"].as_str().unwrap());
        manifest.parent().unwrap().join("data/ca_list.jwt")
    })
}

/// The library that sets the clock, built once a run.
fn clock() -> &'static Path {
    static CLOCK: OnceLock<PathBuf> = OnceLock::new();
    CLOCK.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/clock.c");
        let (fresh, built) =
            (target().join(format!("clock.{}.so", std::process::id())), target().join("libtestclock.so"));
        let done = Command::new("cc")
            .args(["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"])
            .arg(source)
            .arg("-o")
            .arg(&fresh)
            .status()
            .expect("cc runs");
        assert!(done.success(), "the clock is built (needs gcc and libc6-dev)");
        std::fs::rename(fresh, &built).unwrap();
        built
    })
}

/// Runs the binary at this time.
fn at(time: &str, keys: &FidoKeys, line: &str) -> Run {
    let mut command = keys.glasskey(line.split_whitespace());
    run(command.env("LD_PRELOAD", clock()).env("GLASSKEY_TEST_TIME", time))
}

#[test]
fn a_blob_is_taken_while_it_is_new() {
    let keys = FidoKeys::serve(1);
    let attest = format!("fido attest --json --mds {} --attestation-roots {}", blob().display(), roots_of(&keys, 0));
    let run = at(THEN, &keys, &attest);
    let json = run.json();
    assert_eq!((run.code, &json["genuine"], &json["certification"]), (0, &json!(true), &json!("L2")), "{run:?}");
    assert_eq!(json["metadata"], json!({ "number": 237, "next_update": "2026-04-01", "stale": false }));
    // Its roots are the maker's: those of a simulated key are not among them.
    let run = at(THEN, &keys, &format!("fido attest --json --mds {}", blob().display()));
    assert_eq!((run.code, &run.json()["reason"]["code"]), (1, &json!("unknown_root")));
}

#[test]
fn a_blob_whose_time_is_over_is_refused() {
    let keys = FidoKeys::serve(1);
    let path = blob().display();
    at(LATER, &keys, &format!("fido attest --mds {path}")).is(
        2,
        "",
        &format!(
            "glasskey: error: {path}: who signed the metadata is not trusted: the certificate of \
             \"mds.fidoalliance.org\" has expired\n\
             glasskey: hint: get it anew from https://mds3.fidoalliance.org/\n"
        ),
    );
    assert_eq!(keys.key(0).log().len(), 0);
}

#[test]
fn a_blob_that_should_have_been_replaced_is_refused() {
    let keys = FidoKeys::serve(1);
    let path = blob().display();
    at(OVERDUE, &keys, &format!("fido attest --mds {path}")).is(
        2,
        "",
        &format!(
            "glasskey: error: {path}: metadata number 237 was to be replaced by 2026-04-01\n\
             glasskey: hint: https://mds3.fidoalliance.org/ has the newest issue\n"
        ),
    );
    assert_eq!(keys.key(0).log().len(), 0);
}

#[test]
fn a_blob_with_another_byte_is_refused() {
    let keys = FidoKeys::serve(1);
    let mut bytes = std::fs::read(blob()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
    let forged = keys.home.path().join("forged.jwt");
    std::fs::write(&forged, bytes).unwrap();
    at(THEN, &keys, &format!("fido attest --mds {}", forged.display())).is(
        2,
        "",
        &format!(
            "glasskey: error: {}: the signature on the metadata is wrong\n\
             glasskey: hint: get it anew from https://mds3.fidoalliance.org/\n",
            forged.display()
        ),
    );
}
