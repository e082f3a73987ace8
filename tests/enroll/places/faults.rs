//! Something goes wrong with several places at once: on the wires, on the disk, in the command, in a plugin.

use super::crash::{TAKES, everything, settle};
use super::escrow::{PLUGIN, WRAPS, with_plugin};
use super::*;
use crate::support::blows::{self, Blow, is_call, messages, server_error, side_by_side, struck};
use glasskey::sim::aws::{Fault, Wrong};
use std::time::{Duration, Instant};

/// Holds a run to its exit code, and the escrow file to the device.
fn ended(world: &Simulated, done: &Run, what: &str) {
    world.tap.silence();
    world.aws.heal();
    world.keys.all().iter().for_each(glasskey::sim::oath_card::SoftKey::plug_in);
    match done.code {
        0 => {
            world.alice_is_enrolled().unwrap_or_else(|problem| panic!("{what}: {problem} {done:?}"));
            assert!(file(world).is_file(), "{what}: {done:?}");
        }
        3 | 130 => {
            world.nothing_is_left().unwrap_or_else(|problem| panic!("{what}: {problem} {done:?}"));
            assert!(!file(world).exists(), "{what}: {done:?}");
            // What cannot be taken back is said.
            let taken = world.keys.home.path().join("taken").exists();
            let said = done.stderr.contains("`cat` may have stored \"AWS (");
            assert!(!taken || said, "{what}: {done:?}");
        }
        4 => {
            assert!(done.stderr.contains("glasskey recover"), "{what}: {done:?}");
            world.aws.clock().advance(Duration::from_secs(90));
            settle(world, what);
        }
        code => panic!("{what}: exit code {code}: {done:?}"),
    }
}

#[test]
fn every_aws_call() {
    let (_, public) = recipient();
    let mut cases = Vec::new();
    let calls = [
        ("GetCallerIdentity", 1),
        ("ListMFADevices", 1),
        ("ListVirtualMFADevices", 1),
        ("CreateVirtualMFADevice", 1),
        ("EnableMFADevice", 1),
        ("ListMFADevices", 2),
    ];
    for (action, nth) in calls {
        for wrong in [Wrong::LoseReply, Wrong::NeverArrive, Wrong::Deny, server_error()] {
            cases.push((vec![Fault::nth(action, nth, wrong)], format!("{action} #{nth}")));
        }
    }
    // And undoing fails too.
    for wrong in [Wrong::LoseReply, Wrong::NeverArrive, Wrong::Deny] {
        let undoing = Fault { times: 9, ..Fault::next("DeleteVirtualMFADevice", wrong) };
        cases.push((vec![Fault::next("EnableMFADevice", Wrong::Deny), undoing], "Enable, and Delete".to_owned()));
    }
    side_by_side(4, cases, |(faults, what)| {
        let world = Simulated::with_keys(1);
        let what = format!("{what}: {faults:?}");
        faults.into_iter().for_each(|fault| world.aws.fail(fault));
        let done = run(&mut everything(&world, &public));
        ended(&world, &done, &what);
    });
}

#[test]
fn interrupted_at_every_message() {
    let (_, public) = recipient();
    let count = {
        let world = Simulated::with_keys(1);
        messages(&world, everything(&world, &public)).len()
    };
    side_by_side(4, (0..count).step_by(3).collect(), |nth| {
        let world = Simulated::with_keys(1);
        let done = struck(&world, everything(&world, &public), Blow::Interrupt, blows::nth(nth));
        assert!(matches!(done.code, 0 | 130), "message {nth}: {done:?}");
        ended(&world, &done, &format!("interrupted at message {nth}"));
    });
}

/// The key goes away when the other places have the seed already.
#[test]
fn the_key_is_pulled_at_the_end() {
    let (_, public) = recipient();
    let world = Simulated::with_keys(1);
    let taken = world.keys.home.path().join("taken");
    let key = world.keys.key(0).clone();
    world.tap.listen(move |passing| {
        if matches!(passing.wire, glasskey::sim::tap::Wire::Key { .. }) && !passing.done && taken.exists() {
            key.pull();
        }
    });
    let done = run(&mut everything(&world, &public));
    assert_eq!((done.code, file(&world).exists()), (4, false), "its credential is left: {done:?}");
    let left = format!("glasskey: left behind: the credential \"{}\" on YubiKey 12345678", world.credential("alice"));
    assert!(done.stderr.contains(&left), "{done:?}");
    assert!(done.stderr.contains("`cat` may have stored \"AWS ("), "{done:?}");
    world.tap.silence();
    world.keys.key(0).plug_in();
    let recovered = world.run(["recover", "--yes", "--no-input"]);
    assert_eq!(recovered.code, 0, "{recovered:?}");
    world.nothing_is_left().unwrap();
}

/// Runs it with files of so many blocks of 512 bytes at most, as a full disk allows.
fn on_a_disk_of(blocks: u32, command: &Command) -> Run {
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"trap '' XFSZ; ulimit -f "$0"; exec "$@""#, &blocks.to_string()]);
    shell.arg(command.get_program()).args(command.get_args()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(command.get_current_dir().unwrap());
    run(&mut shell)
}

#[test]
fn the_disk_is_full() {
    let world = Simulated::with_keys(1);
    // Many recipients make a file that is larger than the journal's.
    let recipients: Vec<String> = (0..60).map(|_| recipient().1).collect();
    let mut places = vec!["--key", "12345678", "--to-command", TAKES];
    recipients.iter().for_each(|it| places.extend(["--escrow", it]));
    let done = on_a_disk_of(8, &enroll(&world, &places));
    let error = format!(
        "glasskey: error: the escrow file {} cannot be written: File too large (os error 27)\n",
        file(&world).display()
    );
    assert!(done.code == 3 && done.stderr.contains(&error), "{done:?}");
    ended(&world, &done, "a full disk");
    assert!(!world.keys.home.path().join("taken").exists(), "the command comes after it");
    // With room it goes through.
    assert_eq!(run(&mut enroll(&world, &places)).code, 0);
    enabled(&world);
}

/// The kernel's own files: nobody can make one there, not even root.
#[test]
fn the_directory_takes_no_files() {
    let world = Simulated::with_keys(1);
    let (_, public) = recipient();
    let places = ["--key", "12345678", "--escrow", &public, "--escrow-dir", "/sys"];
    let done = run(&mut enroll(&world, &places));
    let error = "glasskey: error: the escrow file /sys/alice.age cannot be written: ";
    assert!(done.code == 3 && done.stderr.contains(error), "{done:?}");
    world.nothing_is_left().unwrap();
}

#[test]
fn a_command_that_is_killed_takes_the_file_and_the_credential_with_it() {
    let (_, public) = recipient();
    for (line, end) in [
        ("cat >/dev/null; kill -s KILL $$", "`cat` did not take the seed: a signal ended it"),
        ("cat >/dev/null; exit 3", "`cat` did not take the seed: exit status 3"),
        ("true", "`true` ended without reading the seed from its standard input"),
    ] {
        let world = Simulated::with_keys(1);
        let places = ["--key", "12345678", "--escrow", &public, "--to-command", line];
        let done = fails(&world, &mut enroll(&world, &places), 3, &format!("glasskey: error: {end}"));
        assert!(!file(&world).exists() && done.stderr.contains("  escrow    "), "{done:?}");
    }
}

/// The first device of `--separate` stays whole with its file; of the second nothing is left.
#[test]
fn the_second_of_two_devices_fails_at_the_command() {
    let world = Simulated::with_keys(2);
    let (_, public) = recipient();
    let line = r#"cat >/dev/null; [ ! -e once ] && touch once"#;
    let places = ["--key", "12345678", "--key", "12345679", "--separate", "--escrow", &public, "--to-command", line];
    let done = run(&mut enroll(&world, &places));
    assert_eq!((done.code, world.unfinished()), (4, 0), "{done:?}");
    let devices: Vec<String> = world.aws.devices().into_iter().map(|device| device.arn).collect();
    assert_eq!(devices.len(), 1, "{done:?}");
    let name = devices[0].rsplit('/').next().unwrap();
    let there = |entry: std::fs::DirEntry| entry.file_name().into_string().ok().filter(|it| it.ends_with(".age"));
    let files: Vec<String> =
        std::fs::read_dir(world.keys.home.path()).unwrap().filter_map(|entry| there(entry.unwrap())).collect();
    assert_eq!(files, [format!("{name}.age")]);
    assert_eq!((world.keys.key(0).credentials().len(), world.keys.key(1).credentials().len()), (1, 0));
    assert!(done.stderr.contains(&format!("glasskey: done before this: {} is enabled and works\n", devices[0])));
}

#[test]
fn a_plugin_that_never_answers() {
    let world = Simulated::with_keys(1);
    let mut command = enroll(&world, &["--key", "12345678", "--escrow", PLUGIN, "--escrow-timeout", "1"]);
    // It has started something itself, and does not listen to the signals that ask.
    let script = format!(
        "{NOTES}trap '' INT TERM HUP\nsh -c \"echo \\$\\$ >>\\$0; exec sleep 30\" \"$notes\" & exec sleep 30\n"
    );
    with_plugin(&world, &mut command, &script);
    let began = Instant::now();
    let error = format!("glasskey: error: the escrow recipient {PLUGIN} cannot be used: no answer within 1 s");
    fails(&world, &mut command, 3, &error);
    assert_eq!(no_plugin_is_left(&world), 2);
    assert!(began.elapsed() < Duration::from_secs(20) && world.actions().is_empty());
}

/// It answered when it was tried out, and does not when it counts.
#[test]
fn a_plugin_that_stops_answering() {
    let world = Simulated::with_keys(1);
    let places = ["--key", "12345678", "--escrow", PLUGIN, "--to-command", TAKES, "--escrow-timeout", "2"];
    let mut command = enroll(&world, &places);
    let calls = world.keys.home.path().join("calls").display().to_string();
    with_plugin(
        &world,
        &mut command,
        &format!("{NOTES}echo x >>{calls}; [ $(wc -l <{calls}) -lt 3 ] || exec sleep 30\n{WRAPS}"),
    );
    let error = "glasskey: error: the escrow recipient all together cannot be used: no answer within 2 s";
    fails(&world, &mut command, 3, error);
    assert_eq!(no_plugin_is_left(&world), 3);
    assert!(!file(&world).exists());
}

#[test]
fn interrupted_while_a_plugin_does_not_answer() {
    let world = Simulated::with_keys(0);
    let mut command = enroll(&world, &["--escrow", PLUGIN]);
    with_plugin(&world, &mut command, &format!("{NOTES}kill -s INT $PPID; exec sleep 30\n"));
    let began = Instant::now();
    let done = run(&mut command);
    assert_eq!((done.code, done.stdout.as_str()), (130, ""), "{done:?}");
    assert!(done.stderr.ends_with("glasskey: error: interrupted\n") && world.actions().is_empty(), "{done:?}");
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(no_plugin_is_left(&world), 1);
}

/// It answers, and does not end when all has been said.
#[test]
fn a_plugin_that_lingers() {
    let world = Simulated::with_keys(1);
    let mut command = enroll(&world, &["--key", "12345678", "--escrow", PLUGIN]);
    with_plugin(&world, &mut command, &format!("{NOTES}{WRAPS}exec >/dev/null <&-; exec sleep 30\n"));
    let began = Instant::now();
    let done = run(&mut command);
    assert!(done.code == 0 && began.elapsed() < Duration::from_secs(20), "{done:?}");
    world.alice_is_enrolled().unwrap();
    assert_eq!(no_plugin_is_left(&world), 3);
}

/// A plugin's first line: it writes down its process.
const NOTES: &str = "notes=${0%/*}/../plugins; echo $$ >>\"$notes\"\n";

/// None of the processes that were written down is there any more. How many those are.
fn no_plugin_is_left(world: &Simulated) -> usize {
    let noted = std::fs::read_to_string(world.keys.home.path().join("plugins")).unwrap();
    for process in noted.lines() {
        // One that has started somebody else's child is reaped by init, in its own time.
        let there =
            || std::fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        let until = Instant::now() + Duration::from_secs(5);
        while there() && Instant::now() < until {
            std::thread::yield_now();
        }
        assert!(!there(), "process {process} is left");
    }
    noted.lines().count()
}

/// Two Ctrl-Cs end it at once: the file stays with its device, for recovery.
#[test]
fn interrupted_twice() {
    let (_, public) = recipient();
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
    let done = struck(&world, everything(&world, &public), Blow::Interrupt, |passing| {
        !passing.done && (is_call(passing, "EnableMFADevice") || is_call(passing, "DeleteVirtualMFADevice"))
    });
    assert_eq!((done.code, world.unfinished(), file(&world).is_file()), (130, 1, true), "{done:?}");
    world.aws.clock().advance(Duration::from_secs(90));
    settle(&world, "interrupted twice");
}
