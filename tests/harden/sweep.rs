//! Something goes wrong while an account or an organization is hardened: the world is held to the exit code, and run again it
//! comes to the same end as undisturbed. A third run changes nothing.

use super::world::{Kind, Snapshot, World};
use crate::support::Run;
use crate::support::blows::{Blow, KILLED, calls, nth, side_by_side, struck, tally};
use glasskey::sim::aws::{Fault, Strange, Wrong};
use glasskey::sim::tap::{Passing, Wire};

/// Cases beside each other: they wait for something now and then.
const AT_ONCE: usize = 16;

/// What applying leads to when nothing goes wrong.
fn end(kind: Kind) -> Snapshot {
    let world = World::of(kind);
    let done = world.run(&world.all());
    assert_eq!(done.code, 0, "{done:?}");
    world.snapshot()
}

/// Applied again, and once more.
fn converges(world: &World, end: &Snapshot, what: &str) {
    world.outside.tap.silence();
    world.heal();
    let again = world.run(&world.all());
    assert_eq!(again.code, 0, "{what}: {again:?}");
    assert!(world.snapshot() == *end, "{what}: {again:?}");
    assert_eq!(world.outside.unfinished(), 0, "{what}: {again:?}");
    let third = world.run(&world.all());
    assert_eq!((third.code, third.stdout.lines().next()), (0, Some("nothing to do")), "{what}: {third:?}");
}

/// Holds the world to the exit code.
fn settled(world: &World, done: &Run, before: &Snapshot, end: &Snapshot, what: &str) -> &'static str {
    match done.code {
        0 => {
            assert!(world.snapshot() == *end && world.outside.unfinished() == 0, "{what}");
            "done"
        }
        // The audit could not be made, or a step could not be read: what passes is not known.
        1 => "not told",
        3 | 130 => {
            assert!(world.snapshot() == *before && world.outside.unfinished() == 0, "{what}");
            "as before"
        }
        4 => {
            assert_eq!(world.outside.unfinished(), 1, "{what}");
            "left"
        }
        _ => panic!("an exit code that means nothing here: {what}"),
    }
}

/// Whether a call of this name changes nothing.
pub(super) fn is_read(action: &str) -> bool {
    ["Get", "List", "Describe", "Generate", "Filter", "Assume"].iter().any(|verb| action.starts_with(verb))
}

/// The messages at which a run is struck, by their numbers. Of one with many, those of the calls that change something,
/// and every fifth of the others: nothing lies between two looks.
pub(super) fn moments(kind: Kind) -> Vec<usize> {
    let messages = World::messages(kind);
    let is_struck = |(at, passing): &(usize, &Passing)| match &passing.wire {
        Wire::Aws { action } if kind.is_long() && is_read(action) => at % 5 == 0,
        _ => true,
    };
    messages.iter().enumerate().filter(is_struck).map(|(at, _)| at).collect()
}

/// The calls of applying all, each with its number among those of its name.
pub(super) fn all_calls(kind: Kind) -> Vec<(String, u32)> {
    calls(&World::messages(kind))
}

/// Each of these goes wrong in a world of its own.
pub(super) fn goes_wrong(kind: Kind, cases: Vec<Fault>, what: &str) {
    let end = end(kind);
    let endings = side_by_side(AT_ONCE, cases, |fault| {
        let world = World::of(kind);
        let before = world.snapshot();
        world.fail(&fault);
        let done = world.run(&world.all());
        world.heal();
        let what = format!("{fault:?}: {done:?}");
        let ending = settled(&world, &done, &before, &end, &what);
        converges(&world, &end, &what);
        ending
    });
    tally(&format!("root harden, {kind:?}, {what}"), &endings);
}

/// Each call that changes something gets a reply of success that is none of AWS's.
pub(super) fn every_strange_reply(kind: Kind) {
    let writes = all_calls(kind).into_iter().filter(|(action, _)| !is_read(action));
    let of_each = |(action, nth): (String, u32)| {
        let replies = Strange::ALL.into_iter().flat_map(|what| [false, true].map(|done| Wrong::Reply { what, done }));
        replies.map(move |wrong| Fault::nth(&action, nth, wrong)).collect::<Vec<_>>()
    };
    goes_wrong(kind, writes.flat_map(of_each).collect(), "each strange reply");
}

/// Killed at each of these messages.
pub(super) fn killed(kind: Kind, moments: Vec<usize>) {
    let end = end(kind);
    let endings = side_by_side(AT_ONCE, moments, |at| {
        let world = World::of(kind);
        let done = struck(&world.outside, world.command(&world.all()), Blow::Kill, nth(at));
        converges(&world, &end, &format!("killed at message {at}: {done:?}"));
        if done.code == KILLED { "killed" } else { "over" }
    });
    tally(&format!("root harden, {kind:?}, SIGKILL at each message"), &endings);
}

/// Killed at each of these messages, and recovered in each way.
pub(super) fn recovered(kind: Kind, moments: Vec<usize>) {
    let end = end(kind);
    let cases: Vec<_> =
        moments.into_iter().flat_map(|at| ["--finish", "--undo", "--yes"].map(|choice| (at, choice))).collect();
    let endings = side_by_side(AT_ONCE, cases, |(at, choice)| {
        let world = World::of(kind);
        let before = world.snapshot();
        let done = struck(&world.outside, world.command(&world.all()), Blow::Kill, nth(at));
        let (unfinished, left) = (world.outside.unfinished(), world.snapshot());
        let recovered = world.recover(choice);
        let what = format!("killed at message {at}, {choice}: {done:?} {recovered:?}");
        // What cannot be undone is not finished unasked; a new plan asks.
        if kind.is_for_good() && choice != "--undo" && recovered.code == 4 {
            assert!(world.snapshot() == left && world.outside.unfinished() == 1, "{what}");
            converges(&world, &end, &what);
            return "planned anew";
        }
        assert_eq!((recovered.code, world.outside.unfinished()), (0, 0), "{what}");
        let now = world.snapshot();
        let named = recovered.stdout.contains("not brought back: ");
        match (unfinished, choice) {
            // Not begun yet, or complete: there is nothing to recover.
            (0, _) => assert!(now == before || now == end, "{what}"),
            // What does not come back is named.
            (_, "--undo") if kind.leaves_records() => {
                let right = if named { now.recorded.but_records() == before.recorded } else { now == before };
                assert!(right, "{what}");
            }
            (_, "--undo") => assert!(now == before || (kind.is_for_good() && named), "{what}"),
            // A run that had not begun anything is struck.
            _ => assert!(now == end || recovered.stdout.contains("nothing was begun"), "{what}"),
        }
        if unfinished == 0 { "nothing to recover" } else { "recovered" }
    });
    tally(&format!("root harden, {kind:?}, killed and recovered"), &endings);
}

/// Interrupted at each of these messages.
pub(super) fn interrupted(kind: Kind, moments: Vec<usize>) {
    let end = end(kind);
    let endings = side_by_side(AT_ONCE, moments, |at| {
        let world = World::of(kind);
        let done = struck(&world.outside, world.command(&world.all()), Blow::Interrupt, nth(at));
        assert!(matches!(done.code, 0 | 1 | 4 | 130), "message {at}: {done:?}");
        converges(&world, &end, &format!("interrupted at message {at}: {done:?}"));
        "converged"
    });
    tally(&format!("root harden, {kind:?}, Ctrl-C at each message"), &endings);
}
