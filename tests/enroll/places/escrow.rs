//! Escrow files: what is in them, who can open them, and everything that keeps one from being made.

use super::*;
use crate::support::FIRST;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

const SSH: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN alice@example";
/// Of a plugin that a test makes, and of one that nobody has.
pub(super) const PLUGIN: &str = "age1glasstest1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0s9dm6h0";
const MISSING: &str = "age1nosuchplugin1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0sdfv24a";

#[test]
fn a_key_and_an_age_file_hold_one_seed() {
    let world = Simulated::with_keys(1);
    let (identity, public) = recipient();
    let done = run(&mut enroll(&world, &["--key", "12345678", "--escrow", &public, "--json"]));
    assert_eq!(done.code, 0, "{done:?}");
    world.alice_is_enrolled().unwrap();
    let path = file(&world);
    let metadata = path.metadata().unwrap();
    assert_eq!((metadata.permissions().mode() & 0o777, metadata.nlink()), (0o600, 1));
    assert_eq!(open(&path, &identity), uri(&world));
    let told = format!("  escrow    {} for 1 recipient; read back, header and content are right\n", path.display());
    assert!(done.stderr.contains(&told), "{done:?}");
    assert!(done.stderr.contains(&format!("  encrypt its seed into       {} for {public}\n", path.display())));
    let json = done.json();
    assert_eq!(json["devices"][0]["escrow"], path.display().to_string());
    assert_eq!(json["devices"][0]["keys"], serde_json::json!([FIRST]));
    let secret = uri(&world).split_once("secret=").unwrap().1[..20].to_owned();
    done.never_says(&[&secret]);
}

#[test]
fn an_age_file_alone_is_enough() {
    let world = Simulated::with_keys(0);
    let (identity, public) = recipient();
    let (other, second) = recipient();
    let done = run(&mut enroll(&world, &["--escrow", &public, "--escrow", &second, "--escrow", SSH]));
    assert_eq!(done.code, 0, "{done:?}");
    enabled(&world);
    assert!(done.stderr.contains("from the seed"), "{done:?}");
    for identity in [identity, other] {
        assert_eq!(open(&file(&world), &identity), uri(&world));
    }
    let content = std::fs::read(file(&world)).unwrap();
    let header = String::from_utf8_lossy(&content).into_owned();
    let count = |kind: &str| header.matches(&format!("-> {kind} ")).count();
    assert_eq!((count("X25519"), count("ssh-ed25519")), (2, 1));
}

#[test]
fn a_directory_or_a_file_of_another_name() {
    let (_, public) = recipient();
    let world = Simulated::with_keys(0);
    std::fs::create_dir(world.keys.home.path().join("safe")).unwrap();
    let done = run(&mut enroll(&world, &["--escrow", &public, "--escrow-dir", "safe"]));
    assert_eq!((done.code, world.keys.home.path().join("safe/alice.age").is_file()), (0, true), "{done:?}");
    let world = Simulated::with_keys(0);
    let done = run(&mut enroll(&world, &["--escrow", &public, "--escrow-file", "x"]));
    assert_eq!((done.code, world.keys.home.path().join("x").is_file()), (0, true), "{done:?}");
}

#[test]
fn each_separate_device_has_a_file() {
    let world = Simulated::with_keys(2);
    let (_, public) = recipient();
    let keys = ["--key", "12345678", "--key", "12345679", "--separate", "--escrow", &public];
    let done = run(&mut enroll(&world, &keys));
    assert_eq!(done.code, 0, "{done:?}");
    for name in ["alice-12345678.age", "alice-12345679.age"] {
        assert!(world.keys.home.path().join(name).is_file(), "{name}");
    }
}

#[test]
fn a_recipient_that_cannot_be_used_is_refused_before_anything_is_done() {
    let world = Simulated::with_keys(0);
    let secret = recipient().0.to_string();
    let secret = secret.expose_secret();
    let rsa = "ssh-dss AAAAB3NzaC1kc3MAAACB";
    for (recipient, code, error) in [
        ("age1nonsense", 2, "\"age1nonsense\" is no escrow recipient: it is neither an age nor an SSH recipient"),
        (rsa, 2, "\"ssh-dss AAAAB3NzaC1kc3MAAACB\" is no escrow recipient: age takes ssh-ed25519 and ssh-rsa only"),
        (
            secret,
            2,
            "\"AGE-…\" is no escrow recipient: it is an identity, which must stay secret; name its recipient",
        ),
    ] {
        let done =
            fails(&world, &mut enroll(&world, &["--escrow", recipient]), code, &format!("glasskey: error: {error}"));
        done.never_says(&[&secret[20..]]);
    }
    let error = format!(
        "glasskey: error: the escrow recipient {MISSING} cannot be used: age-plugin-nosuchplugin is not on the PATH"
    );
    fails(&world, &mut enroll(&world, &["--escrow", MISSING]), 3, &error);
    assert!(world.actions().is_empty(), "AWS is not asked");
    assert!(!file(&world).exists());
}

/// A plugin made of a shell script, first on the PATH.
pub(super) fn with_plugin(world: &Simulated, command: &mut Command, script: &str) {
    let directory = world.keys.home.path().join("bin");
    std::fs::create_dir_all(&directory).unwrap();
    let path = directory.join("age-plugin-glasstest");
    std::fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    let old = std::env::var("PATH").unwrap();
    command.env("PATH", format!("{}:{old}", directory.display()));
}

/// Wraps nothing: its stanza is the file key itself, which the test can read.
pub(super) const WRAPS: &str = r#"
while read -r line; do
    [ "$last" = "-> wrap-file-key" ] && key=$line
    [ "$line" = "-> done" ] && break
    last=$line
done
read -r line
printf -- '-> recipient-stanza 0 glasstest\n%s\n' "$key"
read -r line; read -r line
printf -- '-> done\n\n'
"#;

#[test]
fn a_plugin_takes_part() {
    let world = Simulated::with_keys(0);
    let (identity, public) = recipient();
    let mut command = enroll(&world, &["--escrow", PLUGIN, "--escrow", &public]);
    with_plugin(&world, &mut command, WRAPS);
    let done = run(&mut command);
    assert_eq!(done.code, 0, "{done:?}");
    enabled(&world);
    let content = std::fs::read(file(&world)).unwrap();
    assert!(String::from_utf8_lossy(&content).contains("\n-> glasstest\n"));
    assert_eq!(open(&file(&world), &identity), uri(&world));
}

#[test]
fn a_plugin_that_refuses_is_refused_before_anything_is_done() {
    let world = Simulated::with_keys(0);
    let mut command = enroll(&world, &["--escrow", PLUGIN]);
    with_plugin(&world, &mut command, "exit 1\n");
    let done = run(&mut command);
    assert_eq!(done.code, 3, "{done:?}");
    let error = format!("glasskey: error: the escrow recipient {PLUGIN} cannot be used: ");
    assert!(done.stderr.starts_with(&error), "{done:?}");
    assert!(world.actions().is_empty());
}

#[test]
fn a_file_that_is_there_is_not_touched() {
    let world = Simulated::with_keys(1);
    let (_, public) = recipient();
    std::fs::write(file(&world), "mine").unwrap();
    let error = "glasskey: error: HOME/alice.age exists already; it was not touched";
    fails(&world, &mut enroll(&world, &["--key", "12345678", "--escrow", &public]), 3, error);
    assert_eq!(std::fs::read(file(&world)).unwrap(), b"mine");
    assert_eq!(world.sorted_actions(), ["GetCallerIdentity", "ListMFADevices", "ListVirtualMFADevices"]);
    let error = "glasskey: error: the escrow file nowhere/alice.age cannot be written: there is no such directory";
    fails(&world, &mut enroll(&world, &["--escrow", &public, "--escrow-dir", "nowhere"]), 3, error);
}

/// A roster takes no `--escrow-file`.
#[test]
fn the_option_that_is_named_is_one_of_the_command() {
    let world = Simulated::with_keys(1);
    let (_, public) = recipient();
    let places = ["--escrow", &public, "--accept-unproved", "--yes", "--no-input"];
    let says = |args: &[&str], hint: &str| {
        let done = run(&mut world.glasskey([args, &places].concat()));
        assert_eq!(done.code, 3, "{done:?}");
        assert!(done.stderr.contains(&format!("glasskey: hint: {hint}\n")), "{done:?}");
    };
    let roster = world.keys.home.path().join("team.csv");
    std::fs::write(&roster, "user,device-name,key-serial,touch\nalice,,,\n").unwrap();
    let elsewhere = "--escrow-dir names another place";
    says(&["enroll", "alice", "--escrow-dir", "nowhere"], elsewhere);
    says(&["enroll", "--roster", roster.to_str().unwrap(), "--escrow-dir", "nowhere"], elsewhere);
    std::fs::write(file(&world), "mine").unwrap();
    says(&["enroll", "alice"], "move it away, or name another place with --escrow-dir");
}

/// What is done when the device has just been created.
fn after_creating(world: &Simulated, act: impl Fn() + Send + Sync + 'static) {
    world.tap.listen(move |passing| {
        if format!("{:?}", passing.wire).contains("CreateVirtualMFADevice") && passing.done {
            act();
        }
    });
}

#[test]
fn a_file_that_appears_meanwhile_is_not_touched() {
    let world = Simulated::with_keys(1);
    let (_, public) = recipient();
    let path = file(&world);
    after_creating(&world, move || std::fs::write(&path, "").unwrap());
    let error = "glasskey: error: HOME/alice.age exists already; it was not touched";
    fails(&world, &mut enroll(&world, &["--key", "12345678", "--escrow", &public]), 3, error);
    assert_eq!(std::fs::read(file(&world)).unwrap(), b"");
}

#[test]
fn a_directory_that_goes_away_meanwhile() {
    let world = Simulated::with_keys(1);
    let (_, public) = recipient();
    let safe = world.keys.home.path().join("safe");
    std::fs::create_dir(&safe).unwrap();
    let gone = safe.clone();
    after_creating(&world, move || std::fs::remove_dir(&gone).unwrap());
    let places = ["--key", "12345678", "--escrow", &public, "--escrow-dir", "safe"];
    let error = "glasskey: error: the escrow file HOME/safe/alice.age cannot be written: No such file or directory (os \
                 error 2)";
    let done = fails(&world, &mut enroll(&world, &places), 3, error);
    assert!(done.stderr.ends_with("glasskey: what had been done was undone again; nothing was left behind\n"));
}

#[test]
fn refused_at_the_end_and_the_file_goes() {
    let world = Simulated::with_keys(1);
    let (_, public) = recipient();
    world.aws.fail(glasskey::sim::aws::Fault::next("EnableMFADevice", glasskey::sim::aws::Wrong::Expire));
    let done = run(&mut enroll(&world, &["--key", "12345678", "--escrow", &public]));
    assert_eq!((done.code, file(&world).exists()), (3, false), "{done:?}");
    assert!(done.stderr.contains("  escrow    "), "it was there");
    world.nothing_is_left().unwrap();
}

#[test]
fn kept_as_long_as_its_device_exists() {
    use glasskey::sim::aws::{Fault, Wrong};
    let world = Simulated::with_keys(0);
    let (_, public) = recipient();
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    let done = run(&mut enroll(&world, &["--escrow", &public]));
    assert_eq!((done.code, file(&world).exists()), (4, true), "{done:?}");
    let kept = format!("glasskey: kept: {}, as long as its device exists\n", file(&world).display());
    assert!(done.stderr.contains(&kept), "{done:?}");
    let recovered = world.run(["recover", "--yes", "--no-input"]);
    assert_eq!((recovered.code, file(&world).exists()), (0, false), "{recovered:?}");
    assert!(recovered.stderr.contains("alice.age holds the seed, encrypted\n"), "{recovered:?}");
    world.nothing_is_left().unwrap();
}
