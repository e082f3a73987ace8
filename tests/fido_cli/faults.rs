//! Something goes wrong at every message in turn, in every command. The exit code tells the truth about what was
//! changed, the PIN's tries are not used up, and the key can be used again at once.

use super::ceremonies::request;
use super::credentials::register;
use crate::support::blows::side_by_side;
use crate::support::fido::{PIN, open};
use crate::support::{FIRST, FidoKeys, Run, with_fd};
use glasskey::fido::{Attempt, Permissions};
use glasskey::secret::Password;
use glasskey::sim::authenticator::{Fault, On, Options, SoftAuthenticator, What, When};
use glasskey::sim::tap::Tap;
use serde_json::json;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

/// Most of what is tried here waits: for a key that is silent, or for a process that ends. More would keep each other
/// from answering in time.
pub(super) const AT_ONCE: usize = 12;
/// The PIN that `pin set` and `pin change` give.
const NEW: &str = "a-new-one";

/// A command, and the key that it meets.
struct Case {
    line: &'static str,
    /// What its file descriptor 3 holds.
    pins: &'static [&'static str],
    key: fn() -> FidoKeys,
}

fn plain() -> FidoKeys {
    FidoKeys::serve(1)
}

fn with_pin() -> FidoKeys {
    FidoKeys::with_pin()
}

fn enterprise() -> FidoKeys {
    FidoKeys::with_pins([Options { enterprise_attestation: true, ..Options::new(FIRST) }])
}

fn with_credential() -> FidoKeys {
    let keys = FidoKeys::with_pin();
    register(keys.key(0), "example.com", "alice");
    keys
}

fn bio() -> FidoKeys {
    FidoKeys::with_pins([Options::bio(FIRST)])
}

fn with_finger() -> FidoKeys {
    let keys = bio();
    let mut opened = open(keys.key(0));
    let pin = Password::new(PIN.to_owned());
    let token = opened.token(Attempt::new(&pin), Permissions::BIO_ENROLLMENT, None).unwrap();
    let id = opened.enroll_fingerprint(&token, &mut |_| ()).unwrap();
    opened.rename_fingerprint(&token, &id, "thumb").unwrap();
    keys
}

const READING: &[Case] = &[
    Case { line: "fido list", pins: &[], key: with_pin },
    Case { line: "fido info", pins: &[], key: bio },
    Case { line: "fido blink", pins: &[], key: plain },
    Case { line: "fido pin verify", pins: &[PIN], key: with_pin },
    Case { line: "fido credentials list", pins: &[PIN], key: with_credential },
    Case { line: "fido fingerprints list", pins: &[PIN], key: with_finger },
    Case { line: "fido assert --origin https://example.com --options OPTIONS", pins: &[PIN], key: with_credential },
];

const PINS: &[Case] = &[
    Case { line: "fido pin set --new-pin-fd 3", pins: &[NEW], key: plain },
    Case { line: "fido pin change --new-pin-fd 3", pins: &[PIN, NEW], key: with_pin },
    Case { line: "fido config always-uv on", pins: &[PIN], key: with_pin },
    Case { line: "fido config min-pin-length 5", pins: &[PIN], key: with_pin },
    Case { line: "fido config force-pin-change", pins: &[PIN], key: with_pin },
    Case { line: "fido config enterprise-attestation", pins: &[PIN], key: enterprise },
];

const KEPT: &[Case] = &[
    Case { line: "fido credentials rename ID bob", pins: &[PIN], key: with_credential },
    Case { line: "fido credentials delete ID", pins: &[PIN], key: with_credential },
    Case { line: "fido fingerprints add", pins: &[PIN], key: bio },
    Case { line: "fido fingerprints rename thumb finger", pins: &[PIN], key: with_finger },
    Case { line: "fido fingerprints delete thumb", pins: &[PIN], key: with_finger },
];

impl Case {
    fn command(&self, keys: &FidoKeys) -> Command {
        let id = keys.key(0).credentials().first().map(|one| data_encoding::HEXLOWER.encode(&one.id));
        let options = keys.home.path().join("request.json");
        std::fs::write(&options, request(&json!({})).to_string()).unwrap();
        let line = self.line.replace("ID", &id.unwrap_or_default());
        let line = line.replace("OPTIONS", &options.display().to_string());
        let fd = if self.pins.is_empty() { "" } else { " --pin-fd 3" };
        let named = if self.line == "fido list" { "" } else { " --key 12345678" };
        let command = keys.glasskey(format!("{line}{named}{fd} --yes").split_whitespace());
        let content: String = self.pins.iter().map(|pin| format!("{pin}\n")).collect();
        with_fd(&command, 3, &content)
    }

    /// Runs it with one thing going wrong; `None` when it never came to that.
    fn strike(&self, keys: &FidoKeys, fault: Fault) -> Option<Run> {
        keys.key(0).fault(fault);
        let run = crate::support::run(&mut self.command(keys));
        (keys.key(0).faults_left() == 0).then_some(run)
    }
}

/// Everything that a command may change, as the key shows it to the library.
#[derive(Debug, PartialEq)]
struct World {
    pins: [bool; 2],
    credentials: Vec<glasskey::sim::authenticator::Stored>,
    options: Vec<(String, bool)>,
    rule: (usize, bool),
    fingers: Option<Vec<glasskey::fido::Fingerprint>>,
}

fn world(key: &SoftAuthenticator) -> World {
    key.pull();
    key.plug_in();
    let mut opened = open(key);
    let info = opened.info().unwrap();
    let fingers = (info.bio_enrollment().is_some() && key.pin_is(PIN)).then(|| {
        let pin = Password::new(PIN.to_owned());
        let token = opened.token(Attempt::new(&pin), Permissions::BIO_ENROLLMENT, None).unwrap();
        opened.fingerprints(&token).unwrap()
    });
    World {
        pins: [PIN, NEW].map(|pin| key.pin_is(pin)),
        credentials: key.credentials(),
        rule: (info.min_pin_length, info.force_pin_change),
        options: info.options.into_iter().collect(),
        fingers,
    }
}

/// Holds a run to its exit code. Gives whether the key is as it was.
fn settle(case: &Case, keys: &FidoKeys, before: &World, run: &Run, what: &str) -> bool {
    let say = |problem: &str| panic!("{}: {what}: {problem}: {run:?}", case.line);
    let key = keys.key(0);
    if key.has_pin() {
        assert_eq!(key.pin_retries(), 8, "{}: {what}: {run:?}", case.line);
    }
    if key.is_plugged_in() && key.is_waiting() {
        say("it still waits");
    }
    let after = world(key);
    let unchanged = after == *before;
    match run.code {
        0 => assert!(!run.stderr.contains("error"), "{run:?}"),
        3 | 5 | 130 if unchanged => {}
        3 | 5 | 130 => say("something was changed"),
        4 => assert!(run.stderr.contains("it is not known whether") || run.stderr.contains(" was "), "{run:?}"),
        _ => say("an exit code that means nothing here"),
    }
    unchanged
}

/// Strikes every message of every command in turn, until a command is through before the blow.
fn sweep<'c>(cases: impl IntoIterator<Item = &'c Case>, kinds: &[(When, What)], rotate: bool) {
    side_by_side(AT_ONCE, cases.into_iter().collect(), |case| {
        let mut keys = (case.key)();
        let mut before = world(keys.key(0));
        let mut struck = 0;
        for nth in 1.. {
            let mut through = false;
            let chosen: Vec<_> =
                if rotate { vec![kinds[(nth + case.line.len()) % kinds.len()]] } else { kinds.to_vec() };
            for (when, what) in chosen {
                let named = format!("message {nth} {when:?} {what:?}");
                let Some(run) = case.strike(&keys, Fault { on: On::Message(nth), when, what }) else {
                    through = true;
                    break;
                };
                struck += 1;
                if !settle(case, &keys, &before, &run, &named) {
                    keys = (case.key)();
                    before = world(keys.key(0));
                }
            }
            if through {
                break;
            }
        }
        assert!(struck >= 3, "{}: only {struck}", case.line);
    });
}

const PULLED: &[(When, What)] = &[(When::Before, What::Pull), (When::After, What::Pull)];

#[test]
fn pulled_at_every_message_of_reading() {
    sweep(READING, PULLED, false);
}

#[test]
fn pulled_at_every_message_of_pins_and_rules() {
    sweep(PINS, PULLED, false);
}

#[test]
fn pulled_at_every_message_of_what_is_kept() {
    sweep(KEPT, PULLED, false);
}

/// What a broken key, a bad hub or another program may make of an answer; each message meets one of them.
const SPOILED: &[(When, What)] = &[
    (When::After, What::Truncated),
    (When::After, What::Malformed),
    (When::After, What::WrongSequence),
    (When::After, What::Error(0x7F)),
    (When::After, What::Stranger),
    (When::Before, What::Status(0x7F)),
    (When::Before, What::Error(0x06)),
];

#[test]
fn spoiled_at_every_message() {
    sweep(READING.iter().chain(PINS).chain(KEPT), SPOILED, true);
}

/// How many messages the command takes when all goes well.
fn messages(case: &Case) -> usize {
    let keys = (case.key)();
    let before = keys.key(0).log().len();
    let run = crate::support::run(&mut case.command(&keys));
    assert_eq!(run.code, 0, "{}: {run:?}", case.line);
    keys.key(0).log().len() - before
}

/// A key falls silent at the first message, which does not reach it, and at the last ones, which it carries out.
fn silent(cases: &[Case]) {
    let lengths = side_by_side(AT_ONCE, cases.iter().collect(), |case| (case, messages(case)));
    let silences =
        |(case, last)| [(1, When::Before), (last - 1, When::After), (last, When::After)].map(|at| (case, at));
    side_by_side(AT_ONCE, lengths.into_iter().flat_map(silences).collect(), |(case, (nth, when)): (&Case, _)| {
        let keys = (case.key)();
        let before = world(keys.key(0));
        let what = format!("silent at message {nth}, {when:?}");
        let run = case.strike(&keys, Fault { on: On::Message(nth), when, what: What::Drop });
        let run = run.unwrap_or_else(|| panic!("{}: {what}: it never came to that", case.line));
        settle(case, &keys, &before, &run, &what);
        if run.code != 0 {
            assert!(run.stderr.contains(" has not answered for 5 s"), "{}: {what}: {run:?}", case.line);
        }
    });
}

#[test]
fn silent_during_reading() {
    silent(READING);
}

#[test]
fn silent_during_pins_and_rules() {
    silent(PINS);
}

#[test]
fn silent_during_what_is_kept() {
    silent(KEPT);
}

#[test]
fn another_program_at_the_same_time_is_not_in_the_way() {
    side_by_side(AT_ONCE, READING.iter().chain(PINS).chain(KEPT).collect(), |case: &Case| {
        let keys = (case.key)();
        for nth in 1..40 {
            keys.key(0).fault(Fault { on: On::Message(nth), when: When::After, what: What::Stranger });
        }
        let run = crate::support::run(&mut case.command(&keys));
        assert_eq!(run.code, 0, "{}: {run:?}", case.line);
    });
}

#[test]
fn members_that_no_standard_knows_are_passed_over() {
    side_by_side(AT_ONCE, READING.iter().chain(PINS).chain(KEPT).collect(), |case: &Case| {
        let keys = (case.key)();
        let known = crate::support::run(&mut case.command(&keys));
        let keys = (case.key)();
        keys.key(0).add_unknown_members();
        let run = crate::support::run(&mut case.command(&keys));
        assert_eq!((known.code, run.code), (0, 0), "{}: {run:?}", case.line);
        assert_eq!(run.stdout.lines().count(), known.stdout.lines().count(), "{}", case.line);
    });
    let keys = FidoKeys::serve(1);
    let before = keys.run("fido info");
    keys.key(0).add_unknown_members();
    keys.run("fido info").is(0, &before.stdout, "");
}

/// Runs the command and interrupts it at its n-th message, before or after that is carried out. `None`: it was
/// through before.
fn interrupted(case: &Case, keys: &FidoKeys, nth: usize, done: bool) -> Option<Run> {
    let seen = AtomicUsize::new(0);
    interrupted_when(case, keys, move |now| now == done && seen.fetch_add(1, Ordering::SeqCst) + 1 == nth)
}

/// Runs the command and interrupts it at the first message for which this holds; it is told whether that was carried out.
fn interrupted_when(case: &Case, keys: &FidoKeys, due: impl Fn(bool) -> bool + Send + Sync + 'static) -> Option<Run> {
    let tap = Tap::default();
    keys.key(0).tap(&tap);
    let (arrive, arrived) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let may_go = std::sync::Mutex::new(may_go);
    let met = AtomicBool::new(false);
    tap.listen(move |passing| {
        if !met.load(Ordering::SeqCst) && due(passing.done) {
            met.store(true, Ordering::SeqCst);
            let _ = arrive.send(());
            // Until the signal has been sent.
            let _ = may_go.lock().unwrap().recv();
        }
    });
    let mut command = case.command(keys);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let id = child.id();
    let waiter = std::thread::spawn(move || child.wait_with_output().unwrap());
    let struck = loop {
        match arrived.recv_timeout(std::time::Duration::from_millis(20)) {
            Ok(()) => break true,
            Err(_) if waiter.is_finished() => break false,
            Err(_) => {}
        }
    };
    if struck {
        let sent = Command::new("kill").args(["-s", "INT", &id.to_string()]).status().unwrap();
        assert!(sent.success());
        go.send(()).unwrap();
    }
    let output = waiter.join().unwrap();
    tap.silence();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let run = Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().unwrap() };
    struck.then_some(run)
}

#[test]
fn interrupted_at_every_message() {
    side_by_side(AT_ONCE, READING.iter().chain(PINS).chain(KEPT).collect(), |case: &Case| {
        let mut keys = (case.key)();
        let mut before = world(keys.key(0));
        for nth in 1.. {
            // Before one message, after the next; a change and the look at it are two.
            let done = (nth + case.line.len()).is_multiple_of(2);
            let Some(run) = interrupted(case, &keys, nth, done) else { break };
            let named = format!("interrupted at message {nth}, carried out: {done}");
            assert!([0, 4, 130].contains(&run.code), "{}: {named}: {run:?}", case.line);
            if !settle(case, &keys, &before, &run, &named) {
                keys = (case.key)();
                before = world(keys.key(0));
            }
        }
    });
}

/// The key carries it out, its answer is lost, and the person interrupts the wait for it: the key has nothing to say.
#[test]
fn interrupted_while_it_is_silent() {
    let unsaid = AtomicUsize::new(0);
    let lengths = side_by_side(AT_ONCE, PINS.iter().chain(KEPT).collect(), |case: &Case| (case, messages(case)));
    let silences = |(case, last)| (last - 3..=last).map(move |nth| (case, nth));
    side_by_side(AT_ONCE, lengths.into_iter().flat_map(silences).collect(), |(case, nth): (&Case, usize)| {
        let keys = (case.key)();
        let before = world(keys.key(0));
        keys.key(0).fault(Fault { on: On::Message(nth), when: When::After, what: What::Drop });
        let what = format!("silent and interrupted at message {nth}");
        let key = keys.key(0).clone();
        let run = interrupted_when(case, &keys, move |done| done && key.faults_left() == 0);
        let run = run.unwrap_or_else(|| panic!("{}: {what}: it never came to that", case.line));
        assert!([0, 3, 4, 130].contains(&run.code), "{}: {what}: {run:?}", case.line);
        settle(case, &keys, &before, &run, &what);
        if run.stderr.contains("interrupted, and YubiKey 12345678 did not say that it stopped") && run.code == 4 {
            unsaid.fetch_add(1, Ordering::SeqCst);
        }
    });
    assert!(unsaid.into_inner() >= PINS.len() + KEPT.len());
}
