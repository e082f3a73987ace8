//! The alarm's topic, encrypted with a key of the account's own.

use super::alarm::root_alarm;
use super::alarm_world::ADDRESS;
use super::world::{Kind, TOLD, VIA_RULES, World};
use glasskey::sim::aws::posture::{self, Key, MailKind, Posture};
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::json;

fn told(world: &World) -> bool {
    let mails = world.outside.aws.mailbox();
    mails.iter().any(|mail| mail.kind == MailKind::Notification && mail.to == ADDRESS)
}

#[test]
fn a_plan_says_what_the_key_costs_and_how_it_goes() {
    for kind in [Kind::Keyed, Kind::KeyedRules] {
        let world = World::of(kind);
        let before = world.posture();
        let args: Vec<&str> = world.all().into_iter().filter(|arg| *arg != "--apply" && *arg != "--yes").collect();
        let done = world.run(&args);
        assert_eq!((done.code, world.posture() == before), (1, true), "{done:?}");
        assert!(done.stdout.contains("alias/glasskey-root-use, rotated every year"), "{done:?}");
        assert!(done.stdout.contains("The key costs $1 a month."), "{done:?}");
        assert!(done.stdout.contains("kms:CreateKey, kms:CreateAlias, kms:EnableKeyRotation"), "{done:?}");
    }
}

/// Root signs in, and the mail arrives although the topic is encrypted; undone, the key is deleted later.
#[test]
fn an_encrypted_topic_tells_and_undone_its_key_is_scheduled_for_deletion() {
    for kind in [Kind::Keyed, Kind::KeyedRules] {
        let world = World::of(kind);
        let before = world.snapshot();
        let done = world.run(&[&world.all()[..], &["--json"]].concat());
        assert_eq!((done.code, root_alarm(&world)), (0, json!("pass")), "{kind:?}: {done:?}");
        let key = world.posture().keys.remove(0);
        assert_eq!((key.alias.as_deref(), key.rotates), (Some("alias/glasskey-root-use"), true), "{key:?}");
        let again = world.run(&world.all());
        assert_eq!((again.code, again.stdout.lines().next()), (0, Some("nothing to do")), "{again:?}");
        world.outside.aws.sign_in_as_root().unwrap();
        world.outside.aws.clock().set_offset_seconds(301);
        assert!(told(&world), "{kind:?}");
        let run = done.json()["run"].as_str().unwrap().to_owned();
        let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
        assert_eq!(undone.code, 0, "{undone:?}");
        assert!(world.snapshot() == before, "{kind:?}: {:?}", world.posture());
        assert_eq!(world.posture().keys[0].state, "PendingDeletion");
        assert!(
            undone.stderr.contains(&format!("aws kms cancel-key-deletion --region us-east-1 --key-id {}", key.id))
        );
    }
}

#[test]
fn a_topic_that_is_there_is_encrypted_later_and_comes_back() {
    for kind in [Kind::Watched, Kind::Ruled] {
        let world = World::of(kind);
        assert_eq!(world.run(&world.all()).code, 0);
        let before = world.snapshot();
        let done = world.run(&[&world.all()[..], &["--kms", "--json"]].concat());
        assert_eq!((done.code, root_alarm(&world)), (0, json!("pass")), "{kind:?}: {done:?}");
        assert!(world.posture().topics[0].key.is_some(), "{kind:?}");
        let run = done.json()["run"].as_str().unwrap().to_owned();
        let undone = world.run(&["--undo", &run, "--yes", "--no-input"]);
        assert_eq!((undone.code, world.snapshot() == before), (0, true), "{kind:?}: {undone:?}");
    }
}

/// The reply to CreateKey is lost, and the run killed: the key is found by its tag, and no second one is made.
#[test]
fn a_key_whose_reply_was_lost_is_found_again() {
    let world = World::of(Kind::Keyed);
    world.outside.aws.fail(Fault::next("CreateKey", Wrong::LoseReply));
    world.outside.aws.fail(Fault::next("CreateAlias", Wrong::Deny));
    let done = world.run(&world.all());
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    let keys = world.posture().keys;
    assert_eq!((keys.len(), keys[0].alias.as_deref()), (1, None));
    world.outside.aws.heal();
    let again = world.run(&world.all());
    let now = world.posture().keys;
    assert_eq!((again.code, now.len(), &now[0].id), (0, 1, &keys[0].id), "{again:?}");
    assert_eq!(now[0].alias.as_deref(), Some("alias/glasskey-root-use"));
}

/// A key of that name that does not work may be somebody's: it is named, and nothing is written.
#[test]
fn a_key_of_that_name_that_does_not_work_is_left_alone() {
    let alias = Some("alias/glasskey-root-use".to_owned());
    let lets = posture::allowing("kms:*", "*");
    for (state, policy) in [("Enabled", None), ("Disabled", Some(lets.clone())), ("PendingDeletion", Some(lets))] {
        let world = World::of(Kind::Keyed);
        let key = Key { alias: alias.clone(), state: state.to_owned(), policy, ..Key::default() };
        world.outside.aws.arrange(|posture: &mut Posture| posture.keys = vec![key.clone()]);
        let done = world.run(&world.all());
        let now = world.posture();
        assert_eq!((done.code, now.keys, now.topics.len()), (1, vec![key], 0), "{state}: {done:?}");
        assert!(done.stdout.contains("the key alias/glasskey-root-use is not enabled, or its policy"), "{done:?}");
    }
}

/// Somebody's key of that name that works is used, and stays when the run is undone.
#[test]
fn a_key_of_that_name_that_works_is_used_and_stays() {
    let world = World::of(Kind::KeyedRules);
    let alias = Some("alias/glasskey-root-use".to_owned());
    let policy = Some(posture::allowing("kms:*", "*"));
    let key = Key { alias, policy, rotates: true, ..Key::default() };
    world.outside.aws.arrange(|posture: &mut Posture| posture.keys = vec![key.clone()]);
    let before = world.snapshot();
    let (done, run) = world.apply(&[&TOLD[..], &VIA_RULES, &["--kms"]].concat());
    assert_eq!(root_alarm(&world), "pass", "{done:?}");
    assert!(!world.outside.actions().contains(&"CreateKey".to_owned()));
    assert_eq!(world.run(&["--undo", &run, "--yes", "--no-input"]).code, 0);
    assert!(world.snapshot() == before, "{:?}", world.posture());
}
