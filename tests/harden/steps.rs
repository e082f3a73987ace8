//! Each step, where it has something of its own.

use super::world::{CONTACT, Kind, SESSIONS, World, features};
use crate::support::{Simulated, run};
use glasskey::sim::aws::posture::AlternateContact;
use glasskey::sim::aws::{Fault, Organization, Wrong};
use serde_json::json;
use std::time::Duration;

#[test]
fn a_security_contact_is_set_where_it_is_named_and_only_there() {
    let world = World::new();
    let only = ["--only", "security-contact"];
    let unnamed = world.run(&only);
    assert_eq!(unnamed.code, 1, "asked for, and not named: {unnamed:?}");
    assert!(unnamed.stdout.contains("security-contact     name it with --security-name"), "{unnamed:?}");
    let before = world.posture();
    let (done, run) = world.apply(&[&only, &CONTACT[..]].concat());
    let right =
        AlternateContact { name: "Sam Example".to_owned(), title: "Security".to_owned(), ..Default::default() };
    assert_eq!(world.posture().alternate_contacts.get("SECURITY"), Some(&right), "{done:?}");
    assert_eq!(done.json()["findings"], json!([{ "id": "security-contact", "before": "fail", "after": "pass" }]));
    assert_eq!(world.run(&["--undo", &run, "--yes"]).code, 0);
    assert!(world.posture() == before);
}

#[test]
fn another_security_contact_is_replaced_and_comes_back() {
    let world = World::new();
    let other = AlternateContact { name: "Other".to_owned(), ..Default::default() };
    world.outside.aws.arrange(|posture| _ = posture.alternate_contacts.insert("SECURITY".to_owned(), other.clone()));
    let before = world.posture();
    let (_, run) = world.apply(&[&["--only", "security-contact"], &CONTACT[..]].concat());
    assert!(world.posture() != before);
    assert_eq!(world.run(&["--undo", &run, "--yes"]).code, 0);
    assert!(world.posture() == before);
}

#[test]
fn an_option_of_the_contact_alone_is_a_usage_error() {
    let done = World::new().run(&["--security-email", "security@example.com"]);
    assert_eq!(done.code, 2, "{done:?}");
}

/// Only what was off is turned on, and only that is turned off again.
#[test]
fn central_root_access_is_turned_on_and_what_was_on_stays_on() {
    let all = "RootCredentialsManagement RootSessions";
    for on_before in [0, 1, 2] {
        let world = World::of(Kind::Managing);
        let organization = Organization::of(&world.outside.aws).unwrap();
        organization.trust("iam.amazonaws.com", on_before > 0);
        organization.set_features(if on_before > 1 { &[SESSIONS] } else { &[] });
        let before = (world.snapshot(), features(&world.outside.aws));
        let (done, run) = world.apply(&["--only", "central-root"]);
        assert_eq!(features(&world.outside.aws), all, "{done:?}");
        let undone = world.run(&["--undo", &run, "--yes"]);
        assert_eq!(undone.code, 0, "{undone:?}");
        assert!((world.snapshot(), features(&world.outside.aws)) == before, "{on_before}");
    }
}

#[test]
fn central_root_access_is_not_for_an_account_without_an_organization() {
    let done = World::new().run(&["--only", "central-root-access"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, "nothing to do\n"), "{done:?}");
}

const KEYS: [&str; 2] = ["--only", "root-access-keys"];

#[test]
fn an_administrator_is_told_that_root_alone_deletes_its_keys() {
    let world = World::of(Kind::OfRoot);
    let done = run(&mut world.outside.glasskey(["root", "harden", "--only", "root-access-keys"]));
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stdout.contains("AWS lets root alone delete them: sign in with `aws login` as root"), "{done:?}");
    let apply = ["root", "harden", "--only", "root-access-keys", "--apply", "--yes", "--no-input"];
    let done = run(&mut world.outside.glasskey(apply));
    assert_eq!((done.code, world.outside.aws.access_keys("root").len()), (1, 2), "{done:?}");
}

/// With temporary credentials AWS may refuse to deactivate a key of root's.
#[test]
fn roots_keys_and_certificates_go_whether_or_not_they_can_be_deactivated() {
    for refused in [false, true] {
        let world = World::of(Kind::OfRoot);
        if refused {
            let message = "UserName is required".to_owned();
            let what = Wrong::Code { status: 400, code: "ValidationError".to_owned(), message };
            world.outside.aws.fail(Fault::next("UpdateAccessKey", what));
        }
        let plan = world.run(&KEYS);
        assert!(plan.stdout.contains("it is deleted directly then."), "{plan:?}");
        assert!(plan.stdout.contains("  undo    NOT ALL: a key that is deleted does not come back"), "{plan:?}");
        let done = world.run(&world.all());
        assert_eq!((done.code, world.outside.aws.access_keys("root").len()), (0, 0), "{done:?}");
        assert_eq!(done.stderr.contains("cannot be deactivated with these credentials"), refused, "{done:?}");
        assert!(
            done.stdout.lines().any(|line| line.starts_with("root-access-keys     fail             pass")),
            "{done:?}"
        );
        assert!(
            done.stdout.lines().any(|line| line.starts_with("root-certificates    fail             pass")),
            "{done:?}"
        );
    }
}

#[test]
fn undoing_says_which_keys_do_not_come_back() {
    let world = World::of(Kind::OfRoot);
    let ids: Vec<String> = world.outside.aws.access_keys("root").into_iter().map(|key| key.id).collect();
    let (_, run) = world.apply(&["--only", "root-access-keys", "--accept-irreversible"]);
    let undone = world.run(&["--undo", &run, "--yes", "--no-input", "--json"]);
    assert_eq!(undone.code, 1, "{undone:?}");
    let stays = undone.json()["stays"].to_string();
    assert!(ids.iter().all(|id| stays.contains(&format!("access key {id} of root is deleted"))), "{stays}");
}

/// Killed after a key was deactivated: undone, it works again; deactivated by somebody else, it does not.
#[test]
fn a_key_that_the_run_has_deactivated_is_activated_again() {
    let world = World::of(Kind::OfRoot);
    let aws = &world.outside.aws;
    let inactive = aws.access_keys("root").into_iter().find(|key| !key.active).unwrap().id;
    let _ = crate::enroll::api::call(aws, &world.caller, "DeleteAccessKey", &[("AccessKeyId", &*inactive)]);
    aws.fail(Fault::next("DeleteAccessKey", Wrong::Deny));
    let before = world.snapshot();
    let done = world.run(&[&KEYS[..], &["--apply", "--yes", "--no-input", "--accept-irreversible"]].concat());
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    let undone = world.recover("--undo");
    assert_eq!(undone.code, 0, "{undone:?}");
    assert!(world.snapshot() == before, "{undone:?}");
}

#[test]
fn what_cannot_be_undone_is_agreed_to_apart() {
    let world = World::of(Kind::OfRoot);
    let before = world.snapshot();
    let done = world.run(&["--apply", "--yes", "--no-input"]);
    assert_eq!((done.code, world.snapshot() == before), (5, true), "{done:?}");
    let error = "these steps cannot be undone, and nobody can be asked: root-certificates, root-access-keys\n";
    assert!(done.stderr.contains(error) && done.stderr.contains("--accept-irreversible agrees to them"), "{done:?}");
}

/// Used within the quiet days, a key stays; named, it goes.
#[test]
fn a_key_in_use_stays_unless_it_is_named() {
    for (days, goes) in [(10, false), (89, false), (91, true)] {
        let world = World::of(Kind::OfRoot);
        let used = world.outside.aws.access_keys("root").remove(0);
        world.outside.aws.use_key(&used.id, Duration::from_secs(days * 86_400), "s3", "us-east-1");
        let apply = [&KEYS[..], &["--apply", "--yes", "--no-input", "--accept-irreversible"]].concat();
        let done = world.run(&apply);
        let left: Vec<String> = world.outside.aws.access_keys("root").into_iter().map(|key| key.id).collect();
        assert_eq!((done.code == 0, left.is_empty()), (goes, goes), "{days}: {done:?}");
        if !goes {
            assert_eq!(left, std::slice::from_ref(&used.id), "the other one is gone");
            assert!(
                done.stderr.contains(&format!("{} was used {days} days ago, within 90 days", used.id)),
                "{done:?}"
            );
            let done = world.run(&[&apply[..], &["--override", &used.id]].concat());
            assert_eq!((done.code, world.outside.aws.access_keys("root").len()), (0, 0), "{done:?}");
        }
    }
}

/// Without another administrator nobody could do anything once root's keys are gone.
#[test]
fn roots_keys_stay_where_nobody_else_can_administer_the_account() {
    let world = World::of(Kind::OfRoot);
    for serial in world.outside.devices_of("admin") {
        world.outside.aws.remove_device(&serial);
    }
    world.outside.aws.forget_report();
    let before = world.snapshot();
    let done = world.run(&[&KEYS[..], &["--apply", "--yes", "--no-input", "--accept-irreversible"]].concat());
    assert_eq!((done.code, world.snapshot() == before), (1, true), "{done:?}");
    assert!(done.stdout.contains("no administrator other than root is seen who can sign in"), "{done:?}");
}

/// The key that signs goes last, and only where it is named: every call of this very command is a use of it.
#[test]
fn the_key_that_signs_goes_last_and_only_where_it_is_named() {
    let mut world = World::of(Kind::OfRoot);
    let Simulated { aws, .. } = &world.outside;
    let active = aws.access_keys("root").into_iter().find(|key| key.active).unwrap().id;
    let arguments = [("AccessKeyId", &*active)];
    let _ = crate::enroll::api::call(aws, &aws.root_session(), "DeleteAccessKey", &arguments);
    world.caller = world.outside.aws.root();
    let signing = world.caller.access_key_id.clone();
    let apply = [&KEYS[..], &["--apply", "--yes", "--no-input", "--accept-irreversible"]].concat();
    let done = world.run(&apply);
    let left: Vec<String> = world.outside.aws.access_keys("root").into_iter().map(|key| key.id).collect();
    assert_eq!((done.code, left), (1, vec![signing.clone()]), "{done:?}");
    assert!(done.stderr.contains(&format!("{signing} signs this command, which hides any other use")), "{done:?}");
    let done = world.run(&[&apply[..], &["--override", &signing]].concat());
    assert_eq!(world.outside.aws.access_keys("root").len(), 0, "{done:?}");
    assert_eq!((done.code, world.outside.unfinished()), (1, 0), "nothing can be asked with it any more: {done:?}");
}

/// Root began it and somebody else looks: what cannot be seen is neither undone nor finished, and the record stays.
#[test]
fn a_run_of_roots_is_roots_to_recover() {
    let world = World::of(Kind::OfRoot);
    let aws = &world.outside.aws;
    let inactive = aws.access_keys("root").into_iter().find(|key| !key.active).unwrap().id;
    let _ = crate::enroll::api::call(aws, &world.caller, "DeleteAccessKey", &[("AccessKeyId", &*inactive)]);
    aws.fail(Fault::next("DeleteAccessKey", Wrong::Deny));
    let done = world.run(&[&KEYS[..], &["--apply", "--yes", "--no-input", "--accept-irreversible"]].concat());
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    let before = world.snapshot();
    let admin = world.outside.aws.admin();
    for choice in ["--undo", "--finish", "--yes"] {
        let run = run(&mut world.outside.glasskey_as(&admin, ["recover", choice, "--no-input"]));
        assert_eq!((run.code, world.outside.unfinished(), world.snapshot() == before), (4, 1, true), "{run:?}");
        assert!(run.stderr.contains("not to be seen with these credentials"), "{run:?}");
    }
    let undone = world.recover("--undo");
    assert_eq!(undone.code, 0, "{undone:?}");
}

/// A key that the run had deactivated works again: somebody needs it, so it is not deleted.
#[test]
fn a_key_that_somebody_has_activated_again_stays() {
    let world = World::of(Kind::OfRoot);
    let aws = &world.outside.aws;
    let (active, inactive): (Vec<_>, Vec<_>) = aws.access_keys("root").into_iter().partition(|key| key.active);
    let (active, inactive) = (&active[0].id, &inactive[0].id);
    let _ = crate::enroll::api::call(aws, &world.caller, "DeleteAccessKey", &[("AccessKeyId", inactive)]);
    aws.fail(Fault::next("DeleteAccessKey", Wrong::Deny));
    let done = world.run(&[&KEYS[..], &["--apply", "--yes", "--no-input", "--accept-irreversible"]].concat());
    assert_eq!(done.code, 4, "{done:?}");
    let arguments = [("AccessKeyId", &**active), ("Status", "Active")];
    let _ = crate::enroll::api::call(aws, &world.caller, "UpdateAccessKey", &arguments);
    let before = world.snapshot();
    for choice in ["--finish", "--yes"] {
        let recovered = world.recover(choice);
        assert_eq!((recovered.code, world.snapshot() == before), (4, true), "{recovered:?}");
    }
}

/// Whoever has become delegated administrator for IAM since needs the trust.
#[test]
fn central_root_access_stays_on_where_a_delegate_uses_it() {
    let world = World::of(Kind::Managing);
    let organization = Organization::of(&world.outside.aws).unwrap();
    let (_, run) = world.apply(&["--only", "central-root"]);
    let delegate = organization.add(glasskey::sim::aws::organization::Kind::Sound);
    organization.delegate(&delegate, "iam.amazonaws.com");
    let before = features(&world.outside.aws);
    let undone = world.run(&["--undo", &run, "--yes"]);
    assert_eq!((undone.code, features(&world.outside.aws) == before), (1, true), "{undone:?}");
    let why = format!("central root access stays on: account {delegate} is delegated administrator for IAM");
    assert!(undone.stdout.contains(&why), "{undone:?}");
}
