//! A touch, a password, or nobody: it never hangs.

use super::{Bob, keyring_is};
use crate::support::{Typist, protect, run, with_fd};
use glasskey::sim::oath_card::Touch;
use glasskey::sim::tap::Wire;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

#[test]
fn nobody_touches_the_key() {
    let bob = Bob::with(true);
    bob.world.keys.key(0).set_touch(Touch::Never(Duration::from_millis(50)));
    let done = bob.fresh(&[]);
    assert_eq!((done.code, done.stdout.as_str()), (5, ""), "{done:?}");
    assert!(done.stderr.ends_with("glasskey: error: nobody touched YubiKey 12345678 in time\n"), "{done:?}");
    assert_eq!(bob.count("GetSessionToken"), 0);
}

/// A key that blinks for longer than there is time.
#[test]
fn the_time_is_over_before_the_touch() {
    let bob = Bob::with(true);
    bob.world.keys.key(0).set_touch(Touch::Never(Duration::from_secs(60)));
    let began = Instant::now();
    let done = bob.run(&["--timeout", "1", "--format", "credential-process"]);
    assert_eq!((done.code, done.stdout.as_str()), (5, ""), "{done:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(done.stderr.ends_with(
        "glasskey: error: gave up after 1 s: no touch, no answer\n\
         glasskey: hint: run the same command again and touch the key when it blinks; --timeout gives more time\n"
    ));
}

/// Another glasskey holds the turn, and does not come to an end.
#[test]
fn the_time_is_over_before_the_turn() {
    let bob = Bob::new();
    let state = bob.world.keys.state_dir();
    glasskey::store::own_directory(&state).unwrap();
    let locks: Vec<_> = "0123456789abcdef"
        .chars()
        .map(|place| {
            let lock = std::fs::File::create(state.join(format!("session-{place}.lock"))).unwrap();
            lock.lock().unwrap();
            lock
        })
        .collect();
    let done = bob.run(&["--timeout", "1s"]);
    assert_eq!(done.code, 5, "{done:?}");
    assert!(done.stderr.contains("error: gave up after 1 s"), "{done:?}");
    drop(locks);
    assert_eq!(bob.run(&[]).code, 0);
}

#[test]
fn no_input_means_no_touch_and_no_password() {
    let bob = Bob::with(true);
    bob.fresh(&["--no-input"]).is(
        5,
        "",
        "glasskey: error: YubiKey 12345678 wants a touch, and nobody can be asked for it\n",
    );
    assert_eq!(bob.calculated(), 0);
    let bob = Bob::new();
    protect(bob.world.keys.key(0), "open sesame");
    let done = bob.fresh(&["--no-input"]);
    assert_eq!((done.code, bob.count("GetSessionToken")), (5, 0), "{done:?}");
    // It is open already: nobody is needed.
    let kept = run(&mut with_fd(&bob.command(&["--password-fd", "3"]), 3, "open sesame\n"));
    assert_eq!(kept.code, 0, "{kept:?}");
    let done = bob.run(&["--no-input", "--json"]);
    assert_eq!(done.json()["source"], "memory", "{done:?}");
}

#[test]
fn a_wrong_password_spends_no_code() {
    let bob = Bob::new();
    protect(bob.world.keys.key(0), "open sesame");
    let done = run(&mut with_fd(&bob.command(&["--no-cache", "--password-fd", "3"]), 3, "sesame\n"));
    assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{done:?}");
    assert!(done.stderr.contains("error: that is not the OATH password of YubiKey 12345678"), "{done:?}");
    assert_eq!(bob.count("GetSessionToken"), 0);
    assert_eq!(bob.world.spent(&bob.serial), None);
}

#[test]
fn ctrl_c_at_the_password() {
    let bob = Bob::new();
    protect(bob.world.keys.key(0), "open sesame");
    let mut command = bob.world.keys.bare(["session", "--no-cache"]);
    command.envs(bob.world.environment(&bob.keys));
    let mut typist = Typist::start(&command);
    typist.sees("OATH password of YubiKey 12345678: ").interrupts();
    let (_, done) = typist.end();
    assert_eq!((done.code, done.stdout.as_str()), (130, ""), "{done:?}");
    assert!(done.stderr.ends_with("glasskey: error: interrupted\n"), "{done:?}");
}

#[test]
fn ctrl_c_while_the_key_blinks() {
    let bob = Bob::with(true);
    bob.world.keys.key(0).set_touch(Touch::Never(Duration::from_millis(300)));
    let (send, blinking) = std::sync::mpsc::channel();
    let send = std::sync::Mutex::new(send);
    bob.world.tap.listen(move |passing| {
        if matches!(passing.wire, Wire::Key { ins: 0xa2, .. }) && !passing.done {
            let _ = send.lock().unwrap().send(());
        }
    });
    let child = bob.command(&["--no-cache"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    blinking.recv().unwrap();
    let killed = std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(130), 0));
    assert_eq!(bob.count("GetSessionToken"), 0);
}

/// A tool keeps standard error to itself; the terminal is where the person is.
#[test]
fn the_terminal_asks_for_the_touch() {
    let bob = Bob::with(true);
    let mut command = bob.world.keys.bare(["session", "--no-cache", "--format", "credential-process"]);
    command.envs(bob.world.environment(&bob.keys));
    let mut typist = Typist::start(&command);
    typist.sees("glasskey: touch YubiKey 12345678 now: it blinks");
    let (_, done) = typist.end();
    assert_eq!((done.code, done.json()["Version"].as_u64()), (0, Some(1)), "{done:?}");
}

/// And the desktop, where there is no terminal.
#[test]
fn the_desktop_asks_where_there_is_no_terminal() {
    let bob = Bob::with(true);
    let home = bob.world.keys.home.path();
    let program = home.join("notify-send");
    std::fs::write(
        &program,
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$HOME/said.new\"; mv \"$HOME/said.new\" \"$HOME/said\"\n",
    )
    .unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", home.display(), std::env::var("PATH").unwrap());
    let said = home.join("said");
    let mut command = bob.command(&["--no-cache"]);
    keyring_is(&mut command, "missing");
    let done = run(command.env("PATH", path));
    assert_eq!(done.code, 0, "{done:?}");
    // Started by the command, and not waited for by it.
    let patience = Instant::now() + Duration::from_secs(10);
    while !said.exists() && Instant::now() < patience {
        std::thread::yield_now();
    }
    let said = std::fs::read_to_string(said).unwrap();
    assert!(said.ends_with("Touch YubiKey 12345678 now: it blinks\n"), "{said}");
}

/// What it waited for was not a person.
#[test]
fn the_time_is_over_while_sts_is_waited_for() {
    let bob = Bob::new();
    bob.world.aws.clock().set_offset_seconds(-58);
    let done = bob.run(&["--timeout", "1"]);
    assert_eq!((done.code, done.stdout.as_str()), (5, ""), "{done:?}");
    assert!(
        done.stderr.ends_with(
            "glasskey: error: gave up after 1 s, while waiting for STS to know the new device\n\
             glasskey: hint: run the same command again a little later; --timeout gives more time\n"
        ),
        "{done:?}"
    );
}
