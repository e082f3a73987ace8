//! The person in front of the key: comes late, never, or thinks better of it. The key can be used again at once.

use crate::support::fido::open;
use crate::support::{FIRST, FidoKeys, Typist, run};
use glasskey::sim::authenticator::{Options, Touch};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

fn never() -> FidoKeys {
    let keys = FidoKeys::of([Options { touch_timeout: Duration::from_millis(400), ..Options::new(FIRST) }]);
    keys.key(0).set_touch(Touch::Never);
    keys
}

#[test]
fn nobody_comes() {
    let keys = never();
    keys.run("fido blink").is(
        5,
        "",
        "  touch     YubiKey 12345678 now: it blinks\n\
         glasskey: error: nobody touched YubiKey 12345678 in time\n\
         glasskey: hint: run the command again, and touch the key when it blinks\n",
    );
    assert!(!keys.key(0).is_waiting());
    keys.key(0).set_touch(Touch::AtOnce);
    assert_eq!(keys.run("fido blink").code, 0);
}

#[test]
fn the_touch_is_asked_for_on_the_terminal_wherever_the_conversation_goes() {
    let keys = never();
    keys.key(0).set_touch(Touch::After(Duration::from_millis(250)));
    let mut person = Typist::start(&keys.bare(["fido", "blink"]));
    person.sees("touch     YubiKey 12345678 now: it blinks");
    person.end().1.is(0, "", "  touch     YubiKey 12345678 now: it blinks\n  12345678  it was touched\n");
}

#[test]
fn ctrl_c_cancels_and_leaves_the_key_usable() {
    let keys = FidoKeys::serve(1);
    keys.key(0).set_touch(Touch::Never);
    let mut command = keys.glasskey(["fido", "blink"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert_eq!(lines.next().unwrap().unwrap(), "  touch     YubiKey 12345678 now: it blinks");
    assert!(keys.key(0).is_waiting());
    run(Command::new("kill").args(["-s", "INT", &child.id().to_string()])).is(0, "", "");
    assert_eq!(lines.next().unwrap().unwrap(), "glasskey: error: interrupted");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!keys.key(0).is_waiting(), "the key was told");
    keys.key(0).set_touch(Touch::AtOnce);
    assert_eq!(keys.run("fido blink").code, 0);
}

#[test]
fn a_key_that_serves_another_program_is_waited_for() {
    let keys = FidoKeys::serve(1);
    let key = keys.key(0).clone();
    key.set_touch(Touch::Never);
    let browser = {
        let key = key.clone();
        std::thread::spawn(move || open(&key).select(&mut || ()))
    };
    while !key.is_waiting() {
        std::thread::yield_now();
    }
    let mut command = keys.glasskey(["fido", "info"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It has asked and been refused: more reports came than the browser's.
    let before = key.report_count();
    while key.report_count() < before + 3 {
        std::thread::yield_now();
    }
    key.set_touch(Touch::AtOnce);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
    browser.join().unwrap().unwrap();
}

#[test]
fn a_key_that_is_pulled_while_it_waits() {
    let keys = FidoKeys::serve(1);
    keys.key(0).set_touch(Touch::Never);
    let mut command = keys.glasskey(["fido", "blink"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("touch"));
    keys.key(0).pull();
    assert_eq!(lines.next().unwrap().unwrap(), "glasskey: error: YubiKey 12345678 was pulled while it was in use");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}
