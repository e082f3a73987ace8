//! Something goes wrong at every message in turn, on every wire. After each: nobody is locked out, the exit code tells
//! the truth about what is left, and `recover` brings the world to a good state.

use crate::support::blows::{self, Blow, KILLED, is_call, side_by_side, struck, tally, ways};
use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::oath_card::{self, On, What, When};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Each in a world of its own. Half of the time of any is spent waiting.
const AT_ONCE: usize = 6;

/// Holds a world to its exit code, then recovers it where something is left. Returns the kind of ending.
pub(crate) fn settle(world: &Simulated, code: i32, what: &str, stderr: &str) -> &'static str {
    let say = |problem: String| -> ! { panic!("{what} (exit {code}): {problem}\n{stderr}") };
    world.nobody_is_locked_out().unwrap_or_else(|problem| say(problem));
    match code {
        0 => {
            world.alice_is_enrolled().unwrap_or_else(|problem| say(problem));
            "done"
        }
        3 | 5 | 130 => {
            world.nothing_is_left().unwrap_or_else(|problem| say(problem));
            "undone"
        }
        4 | KILLED => {
            assert!(code == KILLED || stderr.contains("glasskey recover"), "{what}: {stderr}");
            recover(world, what)
        }
        _ => say("an exit code that means nothing here".to_owned()),
    }
}

/// With AWS and the keys well again, recovery ends in one of two good states. Only where the process died before it
/// knew whether the device was of its making, a person has to say so.
fn recover(world: &Simulated, what: &str) -> &'static str {
    world.tap.silence();
    world.aws.heal();
    world.keys.all().iter().for_each(oath_card::SoftKey::plug_in);
    world.a_minute_passes_for_codes();
    let mut done = world.run(["recover", "--yes", "--no-input"]);
    let asked = done.code == 4 && done.stdout.contains("may be of somebody else's making");
    if asked {
        assert_eq!((world.aws.devices().len(), world.unfinished()), (1, 1), "{what}: {done:?}");
        done = world.run(["recover", "--undo", "--no-input"]);
    }
    assert_eq!(done.code, 0, "{what}: {done:?}");
    world.nobody_is_locked_out().unwrap_or_else(|problem| panic!("{what}: {problem} {done:?}"));
    if world.alice_is_enrolled().is_err() {
        world.nothing_is_left().unwrap_or_else(|problem| panic!("{what}: {problem} {done:?}"));
    }
    let again = world.run(["recover", "--yes", "--no-input"]);
    assert_eq!((again.code, again.stdout.as_str()), (0, "nothing to recover\n"), "{what}: {again:?}");
    if asked { "asked" } else { "recovered" }
}

#[test]
fn every_aws_call_in_every_way() {
    let calls = [
        ("GetCallerIdentity", 1),
        ("ListMFADevices", 1),
        ("ListVirtualMFADevices", 1),
        ("CreateVirtualMFADevice", 1),
        ("EnableMFADevice", 1),
        ("ListMFADevices", 2),
    ];
    let cases = calls.into_iter().flat_map(|call| ways().into_iter().map(move |wrong| (call, wrong)));
    let endings = side_by_side(AT_ONCE, cases.collect(), |((action, nth), wrong)| {
        let world = Simulated::with_keys(2);
        world.aws.fail(Fault::nth(action, nth, wrong.clone()));
        let done = world.run(world.enroll_args());
        settle(&world, done.code, &format!("{action} #{nth}: {wrong:?}"), &done.stderr)
    });
    tally("each AWS call", &endings);
}

#[test]
fn undoing_that_is_refused_or_lost_too() {
    let mut endings = Vec::new();
    for wrong in [Wrong::LoseReply, Wrong::NeverArrive, Wrong::Deny, Wrong::Expire] {
        let world = Simulated::with_keys(2);
        world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
        world.aws.fail(Fault { times: 9, ..Fault::next("DeleteVirtualMFADevice", wrong.clone()) });
        let done = world.run(world.enroll_args());
        endings.push(settle(&world, done.code, &format!("enable denied, delete {wrong:?}"), &done.stderr));
    }
    tally("undoing", &endings);
}

#[test]
fn every_apdu_in_every_way() {
    let mut cases = Vec::new();
    for key in 0..2 {
        let calm = Simulated::with_keys(2);
        assert_eq!(calm.run(calm.enroll_args()).code, 0);
        let apdus = calm.keys.key(key).apdu_count();
        for nth in 1..=apdus {
            for when in [When::Before, When::After] {
                for what in [What::Pull, What::Mute, What::Malformed, What::Sw(0x6F00)] {
                    cases.push((key, apdus, oath_card::Fault { on: On::Nth(nth), when, what }));
                }
            }
        }
    }
    let endings = side_by_side(AT_ONCE, cases, |(key, apdus, fault)| {
        let world = Simulated::with_keys(2);
        let name = format!("key {key}, {fault:?} of {apdus}");
        world.keys.key(key).fault(fault);
        let done = world.run(world.enroll_args());
        settle(&world, done.code, &name, &done.stderr)
    });
    tally("each APDU", &endings);
}

/// Counts the messages of an enrollment that goes well. The shorter of two: where a time step ends in between, a code
/// is asked for once more.
fn messages() -> usize {
    let count = || {
        let world = Simulated::with_keys(2);
        let count = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&count);
        world.tap.listen(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        assert_eq!(world.run(world.enroll_args()).code, 0);
        count.load(Ordering::SeqCst)
    };
    count().min(count())
}

/// Runs an enrollment whose process is struck when the n-th message (counted from 0) passes.
fn struck_at(world: &Simulated, nth: usize, blow: Blow) -> Run {
    struck(world, world.glasskey(world.enroll_args()), blow, blows::nth(nth))
}

#[test]
fn killed_at_every_message() {
    let endings = side_by_side(AT_ONCE, (0..messages()).collect(), |nth| {
        let world = Simulated::with_keys(2);
        let done = struck_at(&world, nth, Blow::Kill);
        assert_eq!(done.code, KILLED, "message {nth}: {done:?}");
        settle(&world, done.code, &format!("killed at message {nth}"), &done.stderr)
    });
    let asked = endings.iter().filter(|ending| **ending == "asked").count();
    assert_eq!(asked, 2, "a person is needed while Create is under way, and nowhere else");
    tally("SIGKILL at each message", &endings);
}

#[test]
fn interrupted_at_every_message() {
    let endings = side_by_side(AT_ONCE, (0..messages()).collect(), |nth| {
        let world = Simulated::with_keys(2);
        let done = struck_at(&world, nth, Blow::Interrupt);
        assert!(matches!(done.code, 0 | 130), "message {nth}: {done:?}");
        settle(&world, done.code, &format!("interrupted at message {nth}"), &done.stderr)
    });
    tally("Ctrl-C at each message", &endings);
}

#[test]
fn interrupted_twice_the_journal_stays() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
    let done = struck(&world, world.glasskey(world.enroll_args()), Blow::Interrupt, |passing| {
        let (deleting, enabling) = (is_call(passing, "DeleteVirtualMFADevice"), is_call(passing, "EnableMFADevice"));
        (deleting || enabling) && !passing.done
    });
    assert_eq!(done.code, 130, "{done:?}");
    assert_eq!(world.unfinished(), 1, "{done:?}");
    recover(&world, "interrupted twice");
}

#[test]
fn nobody_is_there_to_say_yes() {
    let world = Simulated::with_keys(1);
    let done = run(&mut world.glasskey(["enroll", "alice", "--key", "12345678"]));
    assert_eq!(done.code, 5, "{done:?}");
    assert!(done.stderr.ends_with(
        "glasskey: error: a confirmation is needed, and nobody can be asked\nglasskey: hint: --yes says yes\n"
    ));
    world.nothing_is_left().unwrap();
}
