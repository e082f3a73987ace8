//! Something goes wrong at every call and at every message. Run again, the account comes to the same end as undisturbed,
//! and a third run changes nothing.

use super::world::World;
use crate::support::blows::{Blow, KILLED, calls, nth, side_by_side, struck, tally, ways};
use glasskey::sim::aws::Fault;
use glasskey::sim::aws::posture::Posture;

const APPLY: [&str; 3] = ["--apply", "--yes", "--no-input"];
/// Cases beside each other: they wait for something now and then.
const AT_ONCE: usize = 16;

/// What applying leads to when nothing goes wrong.
fn end() -> Posture {
    let world = World::new();
    assert_eq!(world.run(&APPLY).code, 0);
    world.posture()
}

/// Applied again, and once more.
fn converges(world: &World, end: &Posture, what: &str) {
    world.outside.tap.silence();
    world.outside.aws.heal();
    let again = world.run(&APPLY);
    assert_eq!(again.code, 0, "{what}: {again:?}");
    assert!(world.posture() == *end, "{what}: {again:?}");
    assert_eq!(world.outside.unfinished(), 0, "{what}: {again:?}");
    let third = world.run(&APPLY);
    assert_eq!((third.code, third.stdout.lines().next()), (0, Some("nothing to do")), "{what}: {third:?}");
}

#[test]
fn every_call_in_every_way_and_applied_again() {
    let (end, all) = (end(), calls(&World::messages(&[])));
    let cases: Vec<Fault> =
        all.into_iter().flat_map(|(action, nth)| ways().map(|wrong| Fault::nth(&action, nth, wrong))).collect();
    assert!(cases.len() > 100, "{}", cases.len());
    let endings = side_by_side(AT_ONCE, cases, |fault| {
        let world = World::new();
        let before = world.posture();
        world.outside.aws.fail(fault.clone());
        let done = world.run(&APPLY);
        let what = format!("{fault:?}: {done:?}");
        let ending = match done.code {
            0 => {
                assert!(world.posture() == end, "{what}");
                "done"
            }
            // The audit could not be made: all is done, and that is not told.
            1 => "not told",
            3 | 130 => {
                assert!(world.posture() == before && world.outside.unfinished() == 0, "{what}");
                "as before"
            }
            4 => "left",
            _ => panic!("an exit code that means nothing here: {what}"),
        };
        converges(&world, &end, &what);
        ending
    });
    tally("root harden, each call", &endings);
}

#[test]
fn killed_at_every_message_and_applied_again() {
    let (end, count) = (end(), World::messages(&[]).len());
    let endings = side_by_side(AT_ONCE, (0..count).collect(), |at| {
        let world = World::new();
        let done = struck(&world.outside, world.command(&APPLY), Blow::Kill, nth(at));
        converges(&world, &end, &format!("killed at message {at}: {done:?}"));
        if done.code == KILLED { "killed" } else { "over" }
    });
    tally("root harden, SIGKILL at each message", &endings);
}

/// Killed, and recovered in each way.
#[test]
fn killed_at_every_message_and_recovered() {
    let (end, count) = (end(), World::messages(&[]).len());
    let cases: Vec<_> =
        (0..count).flat_map(|at| ["--finish", "--undo", "--yes"].map(|choice| (at, choice))).collect();
    let endings = side_by_side(AT_ONCE, cases, |(at, choice)| {
        let world = World::new();
        let before = world.posture();
        let done = struck(&world.outside, world.command(&APPLY), Blow::Kill, nth(at));
        let unfinished = world.outside.unfinished();
        let recovered = world.outside.run(["recover", choice, "--no-input"]);
        let what = format!("killed at message {at}, {choice}: {done:?} {recovered:?}");
        assert_eq!((recovered.code, world.outside.unfinished()), (0, 0), "{what}");
        let posture = world.posture();
        match (unfinished, choice) {
            // Not begun yet, or complete: there is nothing to recover.
            (0, _) => assert!(posture == before || posture == end, "{what}"),
            (_, "--undo") => assert!(posture == before, "{what}"),
            // A run that had not begun anything is struck.
            _ => assert!(posture == end || recovered.stdout.contains("nothing was begun"), "{what}"),
        }
        if unfinished == 0 { "nothing to recover" } else { "recovered" }
    });
    tally("root harden, killed and recovered", &endings);
}

#[test]
fn interrupted_at_every_message_and_applied_again() {
    let (end, count) = (end(), World::messages(&[]).len());
    let endings = side_by_side(AT_ONCE, (0..count).collect(), |at| {
        let world = World::new();
        let done = struck(&world.outside, world.command(&APPLY), Blow::Interrupt, nth(at));
        assert!(matches!(done.code, 0 | 1 | 4 | 130), "message {at}: {done:?}");
        converges(&world, &end, &format!("interrupted at message {at}: {done:?}"));
        "converged"
    });
    tally("root harden, Ctrl-C at each message", &endings);
}

/// Undoing goes wrong at every message too; undone once more, the account is as it was.
#[test]
fn undoing_killed_at_every_message_and_undone_again() {
    for at in 0..40 {
        let world = World::new();
        let before = world.posture();
        let (_, run) = world.apply(&[]);
        let undo = ["--undo", &run, "--yes", "--no-input"];
        let done = struck(&world.outside, world.command(&undo), Blow::Kill, nth(at));
        if done.code == KILLED {
            let again = world.run(&undo);
            assert_eq!(again.code, 0, "killed at message {at}: {again:?}");
        }
        assert!(world.posture() == before, "killed at message {at}: {done:?}");
        assert_eq!(world.outside.unfinished(), 0, "killed at message {at}");
        if done.code != KILLED {
            return;
        }
    }
    panic!("undoing has more messages than this looked at");
}
