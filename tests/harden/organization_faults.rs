//! Something goes wrong while members of an organization are hardened: run again, it comes to the same end as undisturbed.

use super::sweep::{all_calls, goes_wrong, killed, recovered};
use super::world::{Kind, World};
use crate::support::blows::ways;
use glasskey::aws::Call;
use glasskey::sim::aws::Fault;

#[test]
fn calls_about_members_go_wrong_and_are_applied_again() {
    every_third_call(Kind::Organization);
}

#[test]
fn calls_about_the_policy_go_wrong_and_are_applied_again() {
    every_third_call(Kind::Guarded);
}

/// In one of the ways after another.
fn every_third_call(kind: Kind) {
    let ways = ways();
    let one_way =
        |(at, (action, nth)): (usize, (String, u32))| Fault::nth(&action, nth, ways[at % ways.len()].clone());
    let cases: Vec<Fault> = all_calls(kind).into_iter().enumerate().step_by(3).map(one_way).collect();
    assert!(cases.len() > 30, "{}", cases.len());
    goes_wrong(kind, cases, "every third call");
}

/// Each call that changes something, in every way.
#[test]
fn every_call_that_changes_something_goes_wrong_in_every_way() {
    for kind in [Kind::Organization, Kind::Guarded] {
        let is_change = |action: &str| {
            Call::changing().any(|it| it.to_string() == action)
                && !["AssumeRoot", "GenerateCredentialReport"].contains(&action)
        };
        let writes = all_calls(kind).into_iter().filter(|(action, _)| is_change(action));
        let cases: Vec<Fault> =
            writes.flat_map(|(action, nth)| ways().map(|wrong| Fault::nth(&action, nth, wrong))).collect();
        assert!(cases.len() > 20, "{}", cases.len());
        goes_wrong(kind, cases, "each change in every way");
    }
}

#[test]
fn killed_on_the_way_and_applied_again() {
    for kind in [Kind::Organization, Kind::Guarded] {
        killed(kind, (0..World::messages(kind).len()).step_by(7).collect());
    }
}

/// Killed at each message about a change, and recovered in each way.
#[test]
fn killed_at_a_change_and_recovered() {
    let messages = World::messages(Kind::Organization);
    let is_deletion = |at: &usize| {
        let name = format!("{:?}", messages[*at].wire);
        name.contains("Delete") || name.contains("Deactivate")
    };
    let at: Vec<usize> = (0..messages.len()).filter(is_deletion).collect();
    assert!(at.len() > 10, "{}", at.len());
    recovered(Kind::Organization, at);
}
