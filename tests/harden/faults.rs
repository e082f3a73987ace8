//! Something goes wrong at every call and at every message. Run again, the account comes to the same end as undisturbed,
//! and a third run changes nothing.

use super::sweep::{all_calls, every_strange_reply, goes_wrong, interrupted, is_read, killed, moments, recovered};
use super::world::{Kind, World};
use crate::support::blows::{Blow, KILLED, nth, struck, ways};
use glasskey::sim::aws::{Fault, Wrong};

/// What is struck at every message.
const STRUCK: [Kind; 7] =
    [Kind::Bare, Kind::Untrailed, Kind::Managing, Kind::OfRoot, Kind::Watched, Kind::Ruled, Kind::Keyed];

fn every_call(kind: Kind) {
    let ways_of = |action: &str| match kind.is_long() && is_read(action) {
        true => vec![Wrong::Deny, Wrong::NeverArrive],
        false => ways().to_vec(),
    };
    let faults =
        |(action, nth): (String, u32)| ways_of(&action).into_iter().map(move |wrong| Fault::nth(&action, nth, wrong));
    let cases: Vec<Fault> = all_calls(kind).into_iter().flat_map(faults).collect();
    assert!(cases.len() > 100, "{}", cases.len());
    goes_wrong(kind, cases, "each call");
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
fn every_call_that_makes_an_organizations_trail_in_every_way_and_applied_again() {
    every_call(Kind::OrganizationTrail);
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

#[test]
fn every_strange_reply_while_a_trail_is_made_and_applied_again() {
    every_strange_reply(Kind::Untrailed);
}

#[test]
fn every_strange_reply_while_an_organizations_trail_is_made_and_applied_again() {
    every_strange_reply(Kind::OrganizationTrail);
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

#[test]
fn killed_at_every_message_and_applied_again() {
    STRUCK.into_iter().for_each(|kind| killed(kind, moments(kind)));
}

#[test]
fn killed_at_every_message_and_recovered() {
    STRUCK.into_iter().for_each(|kind| recovered(kind, moments(kind)));
}

#[test]
fn interrupted_at_every_message_and_applied_again() {
    STRUCK.into_iter().for_each(|kind| interrupted(kind, moments(kind)));
}

/// An organization's trail by itself: it has the most messages.
#[test]
fn an_organizations_trail_killed_at_every_message_and_applied_again() {
    killed(Kind::OrganizationTrail, moments(Kind::OrganizationTrail));
}

#[test]
fn an_organizations_trail_killed_at_every_message_and_recovered() {
    recovered(Kind::OrganizationTrail, moments(Kind::OrganizationTrail));
}

#[test]
fn an_organizations_trail_interrupted_at_every_message_and_applied_again() {
    interrupted(Kind::OrganizationTrail, moments(Kind::OrganizationTrail));
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
