//! Killed with every place in play. After each: no device is enabled whose seed is nowhere, and `recover` ends in one
//! of two good states, the escrow file with it.

use super::escrow::{PLUGIN, WRAPS, with_plugin};
use super::*;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

pub(super) const TAKES: &str = "cat >taken";

pub(super) fn everything(world: &Simulated, public: &str) -> Command {
    enroll(world, &["--key", "12345678", "--escrow", public, "--to-command", TAKES])
}

/// Recovers, and holds the world to one of the two good states.
pub(super) fn settle(world: &Simulated, what: &str) {
    world.tap.silence();
    let enabled = world.aws.devices().iter().any(|device| device.user.is_some());
    assert!(!enabled || file(world).is_file(), "{what}: enabled, and the escrow file is not there");
    world.nobody_is_locked_out().unwrap_or_else(|problem| panic!("{what}: {problem}"));
    let mut done = world.run(["recover", "--yes", "--no-input"]);
    if done.code == 4 && done.stdout.contains("may be of somebody else's making") {
        done = world.run(["recover", "--undo", "--no-input"]);
    }
    assert_eq!(done.code, 0, "{what}: {done:?}");
    if world.alice_is_enrolled().is_ok() {
        assert!(file(world).is_file(), "{what}: enrolled without its escrow file: {done:?}");
    } else {
        world.nothing_is_left().unwrap_or_else(|problem| panic!("{what}: {problem} {done:?}"));
        assert!(!file(world).exists(), "{what}: {done:?}");
    }
    let again = world.run(["recover", "--yes", "--no-input"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to recover\n"), "{what}");
}

#[test]
fn killed_at_every_message_with_a_key_a_file_and_a_command() {
    let (_, public) = recipient();
    let count = || {
        let world = Simulated::with_keys(1);
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        world.tap.listen(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(run(&mut everything(&world, &public)).code, 0);
        count.load(Ordering::SeqCst)
    };
    for nth in 0..count().min(count()) {
        let world = Simulated::with_keys(1);
        let pid: Arc<Mutex<Option<u32>>> = Arc::default();
        let (known, seen) = (Arc::clone(&pid), AtomicUsize::new(0));
        world.tap.listen(move |_| {
            if seen.fetch_add(1, Ordering::SeqCst) == nth {
                let pid = known.lock().unwrap().expect("the process runs").to_string();
                assert!(Command::new("kill").args(["-s", "KILL", &pid]).status().unwrap().success());
            }
        });
        let mut slot = pid.lock().unwrap();
        let mut child = everything(&world, &public).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        *slot = Some(child.id());
        drop(slot);
        assert_eq!(child.wait().unwrap().code(), None, "killed at {nth}");
        settle(&world, &format!("killed at message {nth}"));
    }
}

#[test]
fn killed_by_the_command_before_and_after_it_reads() {
    let (_, public) = recipient();
    for line in ["kill -s KILL $PPID; cat >/dev/null", "cat >taken; kill -s KILL $PPID"] {
        for keys in [0, 1] {
            let world = Simulated::with_keys(keys);
            let mut places = vec!["--escrow", &public, "--to-command", line];
            places.extend([&["--key", "12345678"][..], &[]][usize::from(keys == 0)]);
            let done = enroll(&world, &places).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
            assert_eq!((done.code(), world.unfinished(), file(&world).is_file()), (None, 1, true), "{line}");
            settle(&world, line);
        }
    }
}

#[test]
fn killed_by_the_plugin_while_it_encrypts() {
    let world = Simulated::with_keys(1);
    let mut command = enroll(&world, &["--key", "12345678", "--escrow", PLUGIN]);
    // The first two calls are trials, before anything is done.
    let calls = world.keys.home.path().join("calls").display().to_string();
    let script = format!("echo x >>{calls}; [ $(wc -l <{calls}) -lt 3 ] || kill -s KILL $PPID\n{WRAPS}");
    with_plugin(&world, &mut command, &script);
    let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert_eq!((done.code(), world.unfinished(), file(&world).exists()), (None, 1, false));
    settle(&world, "in the plugin");
}

/// A run that was cut short while the file was written: recovery knows it by its beginning, and by nothing else.
#[test]
fn a_file_cut_short_is_removed_and_another_is_not() {
    for (content, stays) in
        [(None, false), (Some(""), false), (Some("age-encryption.org/v1\n-> X25519 "), true), (Some("mine"), true)]
    {
        let world = Simulated::with_keys(0);
        let (_, public) = recipient();
        let places = ["--escrow", &public, "--to-command", "kill -s KILL $PPID"];
        enroll(&world, &places).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        let whole = std::fs::read_to_string(world.keys.home.path().join("alice.age")).unwrap_or_default();
        let cut = std::fs::read(file(&world)).unwrap()[..50].to_vec();
        let content = match content {
            None => cut,
            // Another file's header, longer than what two files have in common.
            Some(text) if text.starts_with("age") => format!("{text}{}", "A".repeat(100)).into_bytes(),
            Some(text) => text.as_bytes().to_vec(),
        };
        std::fs::write(file(&world), &content).unwrap();
        let done = world.run(["recover", "--yes", "--no-input"]);
        assert_eq!((done.code, file(&world).exists()), (0, stays), "{done:?} {whole}");
        world.nothing_is_left().unwrap();
    }
}

#[test]
fn finishing_says_which_place_is_missing() {
    let world = Simulated::with_keys(1);
    let (_, public) = recipient();
    let places = ["--key", "12345678", "--escrow", &public, "--to-command", "kill -s KILL $PPID"];
    enroll(&world, &places).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    std::fs::remove_file(file(&world)).unwrap();
    let done = world.run(["recover", "--finish", "--no-input"]);
    let sum = format!(
        "recovered: alice can sign in with YubiKey 12345678; the escrow file {} was not written\n",
        file(&world).display()
    );
    assert_eq!((done.code, &*done.stdout), (0, &*sum), "{done:?}");
    assert!(done.stderr.contains("  command   `kill` may hold it\n"), "{done:?}");
    world.alice_is_enrolled().unwrap();
}
