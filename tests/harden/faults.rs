//! Something goes wrong at every call and at every message. Run again, the account comes to the same end as undisturbed,
//! and a third run changes nothing.

use super::world::{Kind, Snapshot, World};
use crate::support::Run;
use crate::support::blows::{Blow, KILLED, calls, nth, side_by_side, struck, tally, ways};
use glasskey::sim::aws::{Fault, Strange, Wrong};
use glasskey::sim::tap::{Passing, Wire};

/// Those of an account of its own.
const KINDS: [Kind; 7] =
    [Kind::Bare, Kind::Untrailed, Kind::Managing, Kind::OfRoot, Kind::Watched, Kind::Ruled, Kind::Keyed];

/// Cases beside each other: they wait for something now and then.
pub(super) const AT_ONCE: usize = 16;

/// What applying leads to when nothing goes wrong.
pub(super) fn end(kind: Kind) -> Snapshot {
    let world = World::of(kind);
    let done = world.run(&world.all());
    assert_eq!(done.code, 0, "{done:?}");
    world.snapshot()
}

/// Applied again, and once more.
pub(super) fn converges(world: &World, end: &Snapshot, what: &str) {
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
pub(super) fn settled(world: &World, done: &Run, before: &Snapshot, end: &Snapshot, what: &str) -> &'static str {
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
fn is_read(action: &str) -> bool {
    ["Get", "List", "Describe", "Generate", "Filter", "Assume"].iter().any(|verb| action.starts_with(verb))
}

/// The messages at which a run is struck, by their numbers. Of one with many, those of the calls that change something,
/// and every fifth of the others: nothing lies between two looks.
fn moments(kind: Kind) -> Vec<usize> {
    let messages = World::messages(kind);
    let is_struck = |(at, passing): &(usize, &Passing)| match &passing.wire {
        Wire::Aws { action } if kind.is_long() && is_read(action) => at % 5 == 0,
        _ => true,
    };
    messages.iter().enumerate().filter(is_struck).map(|(at, _)| at).collect()
}

fn every_call(kind: Kind) {
    let (end, all) = (end(kind), calls(&World::messages(kind)));
    let ways_of = |action: &str| match kind.is_long() && is_read(action) {
        true => vec![Wrong::Deny, Wrong::NeverArrive],
        false => ways().to_vec(),
    };
    let faults =
        |(action, nth): (String, u32)| ways_of(&action).into_iter().map(move |wrong| Fault::nth(&action, nth, wrong));
    let cases: Vec<Fault> = all.into_iter().flat_map(faults).collect();
    assert!(cases.len() > 100, "{}", cases.len());
    let endings = side_by_side(AT_ONCE, cases, |fault| {
        let world = World::of(kind);
        let before = world.snapshot();
        world.outside.aws.fail(fault.clone());
        let done = world.run(&world.all());
        world.outside.aws.heal();
        let what = format!("{fault:?}: {done:?}");
        let ending = settled(&world, &done, &before, &end, &what);
        converges(&world, &end, &what);
        ending
    });
    tally(&format!("root harden, {kind:?}, each call"), &endings);
}

#[test]
fn every_call_in_every_way_and_applied_again() {
    every_call(Kind::Bare);
}

#[test]
fn every_call_that_makes_a_trail_in_every_way_and_applied_again() {
    every_call(Kind::Untrailed);
}

#[test]
fn every_call_of_an_organization_in_every_way_and_applied_again() {
    every_call(Kind::Managing);
}

#[test]
fn every_call_about_roots_credentials_in_every_way_and_applied_again() {
    every_call(Kind::OfRoot);
}

#[test]
fn every_call_about_the_alarm_in_every_way_and_applied_again() {
    every_call(Kind::Watched);
}

#[test]
fn every_call_about_rules_in_every_way_and_applied_again() {
    every_call(Kind::Ruled);
}

#[test]
fn every_call_about_an_encrypted_alarm_in_every_way_and_applied_again() {
    every_call(Kind::Keyed);
}

/// Each call that changes something gets a reply of success that is none of AWS's.
fn every_strange_reply(kind: Kind) {
    let (end, all) = (end(kind), calls(&World::messages(kind)));
    let writes = all.into_iter().filter(|(action, _)| !is_read(action));
    let mut cases = Vec::new();
    for (action, nth) in writes {
        for what in Strange::ALL {
            cases.extend([false, true].map(|done| Fault::nth(&action, nth, Wrong::Reply { what, done })));
        }
    }
    let endings = side_by_side(AT_ONCE, cases, |fault| {
        let world = World::of(kind);
        let before = world.snapshot();
        world.outside.aws.fail(fault.clone());
        let done = world.run(&world.all());
        world.outside.aws.heal();
        let what = format!("{fault:?}: {done:?}");
        let ending = settled(&world, &done, &before, &end, &what);
        converges(&world, &end, &what);
        ending
    });
    tally(&format!("root harden, {kind:?}, each strange reply"), &endings);
}

#[test]
fn every_strange_reply_while_a_trail_is_made_and_applied_again() {
    every_strange_reply(Kind::Untrailed);
}

#[test]
fn every_strange_reply_while_an_alarm_is_made_and_applied_again() {
    every_strange_reply(Kind::Watched);
}

#[test]
fn every_strange_reply_while_rules_are_made_and_applied_again() {
    every_strange_reply(Kind::Ruled);
}

#[test]
fn every_strange_reply_while_an_encrypted_alarm_is_made_and_applied_again() {
    every_strange_reply(Kind::Keyed);
}

fn killed(kind: Kind) {
    let end = end(kind);
    let endings = side_by_side(AT_ONCE, moments(kind), |at| {
        let world = World::of(kind);
        let done = struck(&world.outside, world.command(&world.all()), Blow::Kill, nth(at));
        converges(&world, &end, &format!("killed at message {at}: {done:?}"));
        if done.code == KILLED { "killed" } else { "over" }
    });
    tally(&format!("root harden, {kind:?}, SIGKILL at each message"), &endings);
}

#[test]
fn killed_at_every_message_and_applied_again() {
    KINDS.into_iter().for_each(killed);
}

/// Killed, and recovered in each way.
fn recovered(kind: Kind) {
    let end = end(kind);
    let cases: Vec<_> =
        moments(kind).into_iter().flat_map(|at| ["--finish", "--undo", "--yes"].map(|choice| (at, choice))).collect();
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
            (_, "--undo") if kind == Kind::Untrailed => {
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

#[test]
fn killed_at_every_message_and_recovered() {
    KINDS.into_iter().for_each(recovered);
}

fn interrupted(kind: Kind) {
    let end = end(kind);
    let endings = side_by_side(AT_ONCE, moments(kind), |at| {
        let world = World::of(kind);
        let done = struck(&world.outside, world.command(&world.all()), Blow::Interrupt, nth(at));
        assert!(matches!(done.code, 0 | 1 | 4 | 130), "message {at}: {done:?}");
        converges(&world, &end, &format!("interrupted at message {at}: {done:?}"));
        "converged"
    });
    tally(&format!("root harden, {kind:?}, Ctrl-C at each message"), &endings);
}

#[test]
fn interrupted_at_every_message_and_applied_again() {
    KINDS.into_iter().for_each(interrupted);
}

/// Undoing is killed at every message; undone once more, the account is as it was.
#[test]
fn undoing_killed_at_every_message_and_undone_again() {
    for at in 0..120 {
        let world = World::of(Kind::Managing);
        let before = world.snapshot();
        let run = world.run(&[&world.all()[..], &["--json"]].concat()).json()["run"].as_str().unwrap().to_owned();
        let undo = ["--undo", &run, "--yes", "--no-input"];
        let done = struck(&world.outside, world.command(&undo), Blow::Kill, nth(at));
        if done.code == KILLED {
            let again = world.run(&undo);
            assert_eq!(again.code, 0, "killed at message {at}: {again:?}");
        }
        assert!(world.snapshot() == before, "killed at message {at}: {done:?}");
        assert_eq!(world.outside.unfinished(), 0, "killed at message {at}");
        if done.code != KILLED {
            return;
        }
    }
    panic!("undoing has more messages than this looked at");
}

/// Undoing a trail is killed at every third message; undone once more, what holds no records is gone.
#[test]
fn undoing_a_trail_killed_at_each_third_message_and_undone_again() {
    for at in (0..200).step_by(3) {
        let world = World::of(Kind::Untrailed);
        let before = world.snapshot();
        let run = world.run(&[&world.all()[..], &["--json"]].concat()).json()["run"].as_str().unwrap().to_owned();
        let undo = ["--undo", &run, "--yes", "--no-input"];
        let done = struck(&world.outside, world.command(&undo), Blow::Kill, nth(at));
        if done.code == KILLED {
            let again = world.run(&undo);
            assert_eq!(again.code, 1, "killed at message {at}: {again:?}");
        }
        assert!(world.snapshot().recorded.but_records() == before.recorded, "killed at message {at}: {done:?}");
        assert_eq!(world.outside.unfinished(), 0, "killed at message {at}");
        if done.code != KILLED {
            return;
        }
    }
    panic!("undoing has more messages than this looked at");
}

/// Undoing an alarm is killed at every fifth message; undone once more, the account is as it was.
#[test]
fn undoing_an_alarm_killed_at_each_fifth_message_and_undone_again() {
    for kind in [Kind::Ruled, Kind::KeyedRules] {
        let is_over = (0..300).step_by(5).any(|at| {
            let world = World::of(kind);
            let before = world.snapshot();
            let run = world.run(&[&world.all()[..], &["--json"]].concat()).json()["run"].as_str().unwrap().to_owned();
            let undo = ["--undo", &run, "--yes", "--no-input"];
            let done = struck(&world.outside, world.command(&undo), Blow::Kill, nth(at));
            if done.code == KILLED {
                let again = world.run(&undo);
                assert_eq!(again.code, 0, "{kind:?}, killed at message {at}: {again:?}");
            }
            assert!(world.snapshot() == before, "{kind:?}, killed at message {at}: {done:?}");
            assert_eq!(world.outside.unfinished(), 0, "{kind:?}, killed at message {at}");
            done.code != KILLED
        });
        assert!(is_over, "{kind:?}: undoing has more messages than this looked at");
    }
}

/// A trail is refused after each part of it: undone, what is empty is gone.
#[test]
fn undone_after_each_part_of_a_trail_the_account_is_as_it_was() {
    for action in [
        "PutPublicAccessBlock",
        "PutBucketOwnershipControls",
        "PutBucketVersioning",
        "PutBucketPolicy",
        "CreateLogGroup",
        "PutRetentionPolicy",
        "CreateRole",
        "PutRolePolicy",
        "CreateTrail",
    ] {
        let world = World::of(Kind::Untrailed);
        let before = world.snapshot();
        world.outside.aws.fail(Fault::next(action, Wrong::Deny));
        let done = world.run(&world.all());
        // What a new bucket is set to already is not set again.
        if done.code != 0 {
            assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{action}: {done:?}");
            let undone = world.recover("--undo");
            assert_eq!(undone.code, 0, "{action}: {undone:?}");
            assert!(world.snapshot() == before, "{action}: {undone:?}");
        }
    }
}

/// A call that is refused every time stops the run after each number of steps: what was done is undone.
#[test]
fn undone_after_each_prefix_the_account_is_as_it_was() {
    for action in [
        "UpdateAccountPasswordPolicy",
        "PutAlternateContact",
        "EnableAWSServiceAccess",
        "EnableOrganizationsRootCredentialsManagement",
        "EnableOrganizationsRootSessions",
    ] {
        let world = World::of(Kind::Managing);
        let before = world.snapshot();
        world.outside.aws.fail(Fault::next(action, Wrong::Deny));
        let done = world.run(&world.all());
        if action == "UpdateAccountPasswordPolicy" {
            assert_eq!((done.code, world.outside.unfinished()), (3, 0), "{action}: {done:?}");
        } else {
            assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{action}: {done:?}");
            assert!(done.stderr.contains("glasskey: done before this: password-policy\n"), "{done:?}");
            let undone = world.recover("--undo");
            assert_eq!(undone.code, 0, "{action}: {undone:?}");
        }
        assert!(world.snapshot() == before, "{action}");
        assert_eq!(world.outside.unfinished(), 0, "{action}");
    }
}
