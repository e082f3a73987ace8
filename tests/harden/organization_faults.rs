//! Something goes wrong while an organization is hardened: run again, it comes to the same end as undisturbed.

use super::faults::{AT_ONCE, converges, end, settled};
use super::world::{Kind, World};
use crate::support::blows::{Blow, KILLED, calls, nth, side_by_side, struck, tally, ways};
use glasskey::sim::aws::Fault;

const KIND: Kind = Kind::Organization;

#[test]
fn calls_about_members_go_wrong_and_are_applied_again() {
    every_call(Kind::Organization);
}

#[test]
fn calls_about_the_policy_go_wrong_and_are_applied_again() {
    every_call(Kind::Guarded);
}

/// Every third call, in one of the ways after another.
fn every_call(kind: Kind) {
    let (end, all) = (end(kind), calls(&World::messages(kind)));
    let ways = ways();
    let one_way =
        |(at, (action, nth)): (usize, (String, u32))| Fault::nth(&action, nth, ways[at % ways.len()].clone());
    let cases: Vec<Fault> = all.into_iter().enumerate().step_by(3).map(one_way).collect();
    assert!(cases.len() > 30, "{}", cases.len());
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
    tally(&format!("root harden --org, {kind:?}, each call"), &endings);
}

/// Each call that changes something, in every way.
#[test]
fn every_call_that_changes_something_goes_wrong_in_every_way() {
    [Kind::Organization, Kind::Guarded].into_iter().for_each(every_change);
}

fn every_change(kind: Kind) {
    let (end, all) = (end(kind), calls(&World::messages(kind)));
    let writes =
        all.into_iter().filter(|(action, _)| glasskey::aws::Call::changing().any(|it| it.to_string() == *action));
    let writes = writes.filter(|(action, _)| !["AssumeRoot", "GenerateCredentialReport"].contains(&action.as_str()));
    let cases: Vec<Fault> =
        writes.flat_map(|(action, nth)| ways().map(|wrong| Fault::nth(&action, nth, wrong))).collect();
    assert!(cases.len() > 20, "{}", cases.len());
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
    tally(&format!("root harden --org, {kind:?}, each change in every way"), &endings);
}

#[test]
fn killed_on_the_way_and_applied_again() {
    [Kind::Organization, Kind::Guarded].into_iter().for_each(killed);
}

/// Killed at every seventh message, and applied again.
fn killed(kind: Kind) {
    let (end, count) = (end(kind), World::messages(kind).len());
    let endings = side_by_side(AT_ONCE, (0..count).step_by(7).collect(), |at| {
        let world = World::of(kind);
        let done = struck(&world.outside, world.command(&world.all()), Blow::Kill, nth(at));
        converges(&world, &end, &format!("killed at message {at}: {done:?}"));
        if done.code == KILLED { "killed" } else { "over" }
    });
    tally(&format!("root harden --org, {kind:?}, SIGKILL at every seventh message"), &endings);
}

/// Killed at each message about a change, and recovered in each way.
#[test]
fn killed_at_a_change_and_recovered() {
    let (end, messages) = (end(KIND), World::messages(KIND));
    let is_deletion = |at: &usize| {
        let name = format!("{:?}", messages[*at].wire);
        name.contains("Delete") || name.contains("Deactivate")
    };
    let at: Vec<usize> = (0..messages.len()).filter(is_deletion).collect();
    let cases: Vec<_> = at.into_iter().flat_map(|at| ["--finish", "--undo"].map(|choice| (at, choice))).collect();
    assert!(cases.len() > 20, "{}", cases.len());
    let endings = side_by_side(AT_ONCE, cases, |(at, choice)| {
        let world = World::of(KIND);
        let done = struck(&world.outside, world.command(&world.all()), Blow::Kill, nth(at));
        assert_eq!((done.code, world.outside.unfinished()), (KILLED, 1), "{at}: {done:?}");
        let left = world.snapshot();
        let recovered = world.recover(choice);
        // What cannot be undone is not finished unasked; a new plan asks.
        if choice == "--finish" && recovered.code == 4 {
            assert!(recovered.stderr.contains("so it is not finished unasked"), "{at}: {recovered:?}");
            assert!(world.snapshot() == left && world.outside.unfinished() == 1, "{at}: {recovered:?}");
            converges(&world, &end, &format!("killed at message {at}: {done:?}"));
            return "planned anew";
        }
        assert_eq!((recovered.code, world.outside.unfinished()), (0, 0), "{at} {choice}: {recovered:?}");
        assert!(choice == "--undo" || world.snapshot() == end, "{at}: {recovered:?}");
        "recovered"
    });
    tally("root harden --org, killed at a change and recovered", &endings);
}
