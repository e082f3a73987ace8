//! Resetting: the same key, after it was unplugged, and no other.

use super::faults::AT_ONCE;
use crate::cli::json::is_documented;
use crate::support::blows::side_by_side;
use crate::support::{FidoKeys, Typist, run};
use glasskey::sim::authenticator::{Fault, On, Options, SoftAuthenticator, Touch, What, When};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

const RESET: &str = "fido reset --key 12345678 --yes";

/// The command at work, up to the line with these words.
fn until(keys: &FidoKeys, line: &str, words: &str) -> Child {
    let mut command = keys.glasskey(line.split(' '));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    read_until(&mut child, words);
    child
}

fn read_until(child: &mut Child, words: &str) {
    let mut lines = BufReader::with_capacity(1, child.stderr.as_mut().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(words)), "{words}");
}

/// The rest of standard error, and the exit code.
fn end(child: Child) -> (String, Option<i32>) {
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stderr).unwrap(), output.status.code())
}

fn replug(key: &SoftAuthenticator) {
    key.pull();
    key.plug_in();
}

#[test]
fn a_key_is_wiped_after_it_was_plugged_in_again() {
    let keys = FidoKeys::with_pins([Options::new(12_345_678), Options::new(12_345_679)]);
    let child = until(&keys, &format!("{RESET} --json"), "unplug    YubiKey 12345678, and plug it in again");
    replug(keys.key(0));
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}");
    is_documented(&crate::support::schemas::read(&output.stdout));
    assert!(said.ends_with("  12345678  reset: it holds no FIDO credential and has no PIN\n"), "{said}");
    assert_eq!((keys.key(0).has_pin(), keys.key(1).has_pin()), (false, true));
}

#[test]
fn the_serial_number_is_typed() {
    let keys = FidoKeys::with_pin();
    let prompt = "This wipes every FIDO2 and U2F credential of YubiKey 12345678 (YubiKey 5C NFC), its PIN: it can no longer \
                  sign in anywhere with them. Type its serial number to go on: ";
    let mut person = Typist::start(&keys.bare(["fido", "reset"]));
    person.sees(prompt).types("y");
    person.end().1.is(3, "", "glasskey: error: not confirmed; nothing was done\n");
    keys.run("fido reset --key 12345678").is(
        5,
        "",
        "glasskey: error: a confirmation is needed, and nobody can be asked\nglasskey: hint: --yes says yes\n",
    );
    keys.run("fido reset --yes").is(
        2,
        "",
        "glasskey: error: with --yes, a reset needs the key's serial number\n\
         glasskey: hint: name the key with --key SERIAL\n",
    );
    assert!(keys.key(0).has_pin());
}

#[test]
fn a_key_that_stays_plugged_in_is_not_wiped() {
    let keys = FidoKeys::with_pin();
    let run = keys.run(&format!("{RESET} --wait 1"));
    run.is(
        5,
        "",
        "  unplug    YubiKey 12345678, and plug it in again\n\
         glasskey: error: YubiKey 12345678 was not unplugged in time; nothing was wiped\n",
    );
    assert!(keys.key(0).has_pin());
}

#[test]
fn another_key_that_comes_is_left_alone() {
    let keys = FidoKeys::with_pins([Options::new(12_345_678), Options::new(12_345_679)]);
    keys.key(1).pull();
    let mut child = until(&keys, &format!("{RESET} --wait 2"), "unplug");
    keys.key(0).pull();
    read_until(&mut child, "plug in   YubiKey 12345678");
    keys.key(1).plug_in();
    let (said, code) = end(child);
    assert_eq!(code, Some(5), "{said}");
    let expected = "glasskey: error: YubiKey 12345678 did not come back in time; nothing was wiped\n\
                    glasskey: YubiKey 12345679 came, and was left alone\n";
    assert!(said.ends_with(expected), "{said}");
    assert!(keys.key(1).has_pin());
}

#[test]
fn a_key_that_pretends_the_serial_number_but_is_another_model_is_left_alone() {
    let keys = FidoKeys::with_pins([Options::new(12_345_678), Options::preview(12_345_678)]);
    keys.key(1).pull();
    let mut child = until(&keys, &format!("{RESET} --wait 2"), "unplug");
    keys.key(0).pull();
    read_until(&mut child, "plug in");
    keys.key(1).plug_in();
    let (said, code) = end(child);
    assert_eq!(code, Some(5), "{said}");
    assert!(keys.key(1).has_pin());
}

#[test]
fn the_window_is_over() {
    let keys = FidoKeys::with_pin();
    let child = until(&keys, RESET, "unplug");
    // CTAP2_ERR_NOT_ALLOWED to the reset: the key finds that it took too long.
    keys.key(0).fault(Fault { on: On::Command(0x07), when: When::Before, what: What::Status(0x30) });
    replug(keys.key(0));
    let (said, code) = end(child);
    let expected = "glasskey: error: YubiKey 12345678 does not allow that now\n\
                    glasskey: hint: a key can be reset in the first 10 s after it was plugged in; run the command again\n";
    assert!(said.ends_with(expected), "{said}");
    assert_eq!((code, keys.key(0).has_pin()), (Some(3), true));
}

#[test]
fn an_answer_that_is_lost_leaves_it_open() {
    for (when, wiped) in [(When::Before, false), (When::After, true)] {
        let keys = FidoKeys::with_pin();
        let child = until(&keys, RESET, "unplug");
        keys.key(0).fault(Fault { on: On::Command(0x07), when, what: What::Pull });
        replug(keys.key(0));
        let (said, code) = end(child);
        let expected = "glasskey: error: YubiKey 12345678 was pulled while it was in use\n\
                        glasskey: hint: plug it in again\n\
                        glasskey: it is not known whether the change was made; `glasskey fido info --key 12345678` shows\n";
        assert!(said.ends_with(expected), "{said}");
        assert_eq!((code, keys.key(0).has_pin()), (Some(4), !wiped));
    }
}

#[test]
fn nobody_touches_it() {
    let keys =
        FidoKeys::with_pins([Options { touch_timeout: Duration::from_millis(300), ..Options::new(12_345_678) }]);
    keys.key(0).set_touch(Touch::Never);
    let child = until(&keys, RESET, "unplug");
    replug(keys.key(0));
    let (said, code) = end(child);
    assert_eq!(code, Some(5), "{said}");
    assert!(said.contains("  touch     YubiKey 12345678 now: it blinks\n"), "{said}");
    assert!(said.contains("glasskey: error: nobody touched YubiKey 12345678 in time\n"), "{said}");
    assert!(keys.key(0).has_pin());
}

#[test]
fn interrupted_while_waiting() {
    let keys = FidoKeys::with_pin();
    let child = until(&keys, RESET, "unplug");
    let stopped = run(std::process::Command::new("kill").args(["-s", "INT", &child.id().to_string()]));
    assert_eq!(stopped.code, 0);
    let (said, code) = end(child);
    assert_eq!((&*said, code), ("glasskey: error: interrupted\n", Some(130)));
    assert!(keys.key(0).has_pin());
}

/// One thing goes wrong at the n-th message, before the key is unplugged or after it is plugged in again. `None`: it
/// was through before. Otherwise whether the key was wiped, what was said, and the exit code.
fn struck(nth: usize, back: bool, when: When, what: What) -> Option<(bool, String, Option<i32>)> {
    let keys = FidoKeys::with_pin();
    let fault = Fault { on: On::Message(nth), when, what };
    if !back {
        keys.key(0).fault(fault);
    }
    let mut command = keys.glasskey(format!("{RESET} --wait 3").split(' '));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    for line in BufReader::with_capacity(1, child.stderr.as_mut().unwrap()).lines() {
        said = said + &line.unwrap() + "\n";
        if said.contains("unplug    ") {
            // What has not happened by now would meet the messages that look whether the key is still there.
            if !back && keys.key(0).faults_left() > 0 {
                child.kill().unwrap();
                child.wait().unwrap();
                return None;
            }
            keys.key(0).pull();
            if back {
                keys.key(0).fault(fault);
            }
            keys.key(0).plug_in();
            break;
        }
    }
    let (rest, code) = end(child);
    (keys.key(0).faults_left() == 0).then(|| (!keys.key(0).has_pin(), said + &rest, code))
}

/// More messages than a reset takes.
const MOST: usize = 10;

#[test]
fn struck_at_every_message() {
    let kinds = [
        (When::Before, What::Pull),
        (When::After, What::Pull),
        (When::Before, What::Drop),
        (When::After, What::Drop),
        (When::After, What::Truncated),
        (When::After, What::Malformed),
        (When::After, What::Error(0x7F)),
        (When::Before, What::Status(0x7F)),
        (When::After, What::Stranger),
    ];
    let rows = kinds.into_iter().flat_map(|kind| [(kind, false), (kind, true)]).collect();
    let struck = side_by_side(AT_ONCE, rows, |((when, what), back)| {
        let judge = |nth: usize| {
            let (wiped, said, code) = struck(nth, back, when, what)?;
            let told = format!("message {nth} {when:?} {what:?}, plugged in again: {back}: {code:?} {said}");
            let left = ["it is not known whether the change was made", "the key was reset"];
            match code {
                Some(0) => assert!(wiped, "{told}"),
                Some(3 | 5) => assert!(!wiped && said.contains("error: "), "{told}"),
                Some(4) => assert!(left.iter().any(|words| said.contains(words)), "{told}"),
                _ => panic!("{told}"),
            }
            Some(nth)
        };
        let count = match what {
            // Each of these is waited for.
            What::Drop => side_by_side(MOST, (1..=MOST).collect(), judge).into_iter().flatten().count(),
            _ => (1..=MOST).map_while(judge).count(),
        };
        assert!((2..MOST).contains(&count), "{when:?} {what:?}, plugged in again: {back}: {count}");
        count
    });
    let total: usize = struck.iter().sum();
    assert!(total > 40, "{total}");
}

#[test]
fn nobody_who_unplugs_the_key_is_told_at_once() {
    let keys = FidoKeys::with_pin();
    keys.run("fido reset --key 12345678 --yes --no-input").is(
        5,
        "",
        "glasskey: error: a reset needs somebody who unplugs the key and plugs it in again\n\
         glasskey: hint: run it without --no-input, with the key in hand\n",
    );
}
