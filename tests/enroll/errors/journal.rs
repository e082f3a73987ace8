//! The state directory: where it is, when it cannot be used, and two runs at once.

use super::{PLAN, enroll, fails};
use crate::support::{Simulated, run};
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::tap::Wire;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::mpsc;

/// The lock, held by a process of this number as far as anybody can tell.
fn held(world: &Simulated, pid: &str) -> File {
    glasskey::store::own_directory(&world.keys.state_dir().join("runs")).unwrap();
    let mut lock = File::create(world.keys.state_dir().join("lock")).unwrap();
    lock.lock().unwrap();
    lock.write_all(pid.as_bytes()).unwrap();
    lock
}

/// An enrollment whose device cannot be enabled, and not be deleted again.
fn crashed(world: &Simulated) {
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    let done = run(&mut enroll(world, &[]));
    assert_eq!(done.code, 4, "{done:?}");
    assert_eq!(world.unfinished(), 1);
}

#[test]
fn an_earlier_run_of_ours_did_not_end() {
    let world = Simulated::with_keys(1);
    crashed(&world);
    let words = "glasskey: error: an earlier run for user alice did not end; it was making \
                 arn:aws:iam::ACCOUNT:mfa/alice\n\
                 glasskey: hint: `glasskey recover` finishes or undoes it\n";
    fails(&world, &mut enroll(&world, &[]), 3, words);
    // Under another name, too: finishing the first would make the second's numbers wrong.
    fails(&world, &mut enroll(&world, &["--device-name", "alice-2"]), 3, words);
    let other = run(&mut world.glasskey(["enroll", "admin", "--key", "12345678", "--yes", "--no-input"]));
    assert_eq!(other.code, 0, "another user is not held up: {other:?}");
}

#[test]
fn the_directory_cannot_be_made() {
    let world = Simulated::with_keys(1);
    let file = world.keys.home.path().join("file");
    fs::write(&file, "").unwrap();
    let dir = file.join("state");
    fails(
        &world,
        enroll(&world, &[]).env("GLASSKEY_STATE_DIR", &dir),
        3,
        &format!(
            "glasskey: error: the journal cannot be used: {}/runs: Not a directory (os error 20)\n\
             glasskey: hint: GLASSKEY_STATE_DIR names another directory for it\n",
            dir.display()
        ),
    );
}

#[test]
fn there_is_nowhere_to_put_it() {
    let world = Simulated::with_keys(1);
    fails(
        &world,
        enroll(&world, &[]).env_remove("GLASSKEY_STATE_DIR").env_remove("HOME").env("XDG_STATE_HOME", "relative"),
        3,
        "glasskey: error: there is no directory for the journal: neither HOME nor XDG_STATE_HOME is set\n\
         glasskey: hint: GLASSKEY_STATE_DIR names one\n",
    );
}

#[test]
fn it_is_where_the_desktop_keeps_state_and_only_for_its_owner() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    let state = world.keys.home.path().join("xdg");
    let done = run(enroll(&world, &[]).env_remove("GLASSKEY_STATE_DIR").env("XDG_STATE_HOME", &state));
    assert_eq!(done.code, 4, "{done:?}");
    let runs = state.join("glasskey/runs");
    assert_eq!(fs::read_dir(&runs).unwrap().count(), 1);
    assert_eq!(fs::metadata(&runs).unwrap().permissions().mode() & 0o777, 0o700);
    let home = run(enroll(&world, &[]).env_remove("GLASSKEY_STATE_DIR").env("HOME", world.keys.home.path()));
    assert_eq!(home.code, 3, "{home:?}");
    assert!(world.keys.home.path().join(".local/state/glasskey/runs").is_dir());
}

#[test]
fn it_holds_no_secret() {
    let world = Simulated::with_keys(1);
    crashed(&world);
    let seed = world.aws.seed_of(&world.arn("alice")).unwrap();
    let base32 = data_encoding::BASE32_NOPAD.encode(&seed);
    let hex = data_encoding::HEXLOWER.encode(&seed);
    for entry in fs::read_dir(world.keys.state_dir().join("runs")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains(&base32[..16]) && !text.contains(&hex[..16]), "a seed in {}", path.display());
        let secret = world.aws.admin().secret_access_key;
        assert!(!text.contains(&secret));
        // Codes have six digits; the account has 12, serials 8, times 10.
        let digits = text.split(|c: char| !c.is_ascii_digit()).map(str::len);
        assert!(digits.into_iter().all(|len| len != 6), "{text}");
    }
}

#[test]
fn a_line_is_garbage() {
    let world = Simulated::with_keys(1);
    crashed(&world);
    let entry = fs::read_dir(world.keys.state_dir().join("runs")).unwrap().next().unwrap();
    let path = entry.unwrap().path();
    let lines = fs::read_to_string(&path).unwrap().lines().count();
    File::options().append(true).open(&path).unwrap().write_all(b"{\"record\":\"future\"}\n").unwrap();
    let words = format!(
        "glasskey: error: line {} of {} is not one this version writes\n\
         glasskey: hint: was it written by a later glasskey? Use that one to recover, or move the file away once you \
         know what it left\n",
        lines + 1,
        path.display()
    );
    fails(&world, &mut enroll(&world, &[]), 3, &words);
    fails(&world, &mut world.glasskey(["recover", "--yes", "--no-input"]), 3, &words);
}

#[test]
fn another_program_holds_the_lock() {
    let world = Simulated::with_keys(1);
    let _lock = held(&world, "4711");
    fails(
        &world,
        &mut enroll(&world, &[]),
        3,
        &format!(
            "{PLAN}glasskey: error: another glasskey is at work (process 4711)\n\
             glasskey: hint: wait until it has ended\n"
        ),
    );
}

/// A run in the journal that is being written is no run that did not end.
#[test]
fn an_enrollment_for_the_same_user_is_at_work() {
    let world = Simulated::with_keys(1);
    crashed(&world);
    let _lock = held(&world, "4711");
    let words =
        "glasskey: error: another glasskey is at work (process 4711)\nglasskey: hint: wait until it has ended\n";
    fails(&world, &mut enroll(&world, &[]), 3, words);
    fails(&world, &mut world.glasskey(["recover", "--yes", "--no-input"]), 3, words);
}

#[test]
fn another_enrollment_is_at_work() {
    let world = Simulated::with_keys(1);
    // The first one stands still when its Enable arrives, until the others have been looked at.
    let (arrived, arrival) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let gate = Mutex::new((arrived, released));
    world.tap.listen(move |passing| {
        if matches!(&passing.wire, Wire::Aws { action } if action == "EnableMFADevice") && !passing.done {
            let gate = gate.lock().unwrap();
            gate.0.send(()).unwrap();
            let _ = gate.1.recv();
        }
    });
    let mut first = enroll(&world, &[]);
    let mut first = first.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    arrival.recv().unwrap();
    // The simulated AWS serves one call at a time: the others must not need it.
    let pid = fs::read_to_string(world.keys.state_dir().join("lock")).unwrap();
    let words = format!(
        "glasskey: error: another glasskey is at work (process {pid})\nglasskey: hint: wait until it has ended\n"
    );
    let recover = run(&mut world.glasskey(["recover", "--yes", "--no-input"]));
    recover.is(3, "", &words);
    release.send(()).unwrap();
    assert!(first.wait().unwrap().success());
    world.tap.silence();
    world.alice_is_enrolled().unwrap();
}
