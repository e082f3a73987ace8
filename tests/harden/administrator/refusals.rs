//! What is there and is not glasskey's is left as it is; plans that are out of date; keys that are not there.

use super::scene::{GROUP, NAME, POLICY, Scene};
use crate::enroll::api;

fn is_open(scene: &Scene, words: &str) {
    let before = scene.snapshot();
    let done = scene.run(&scene.all());
    assert_eq!((done.code, scene.snapshot() == before), (1, true), "{done:?}");
    assert!(done.stdout.contains(words), "{words}: {done:?}");
    assert_eq!(scene.password(), None, "{done:?}");
}

#[test]
fn a_user_whom_glasskey_has_not_made_is_left_alone() {
    let scene = Scene::new();
    let _ = scene.outside.aws.add_user(NAME);
    is_open(&scene, "there is a user boss, whom glasskey has not made");
    let scene = Scene::new();
    let _ = scene.outside.aws.add_user("BOSS");
    is_open(&scene, "there is a user BOSS, and IAM takes boss for the same name");
}

#[test]
fn a_group_in_use_is_not_given_everything() {
    let scene = Scene::new();
    scene.outside.aws.add_group(GROUP, &["alice"]);
    is_open(&scene, "the group Administrators is there and has no AdministratorAccess");
    let scene = Scene::new();
    scene.outside.aws.add_group("administrators", &[]);
    is_open(&scene, "there is a group administrators, and IAM takes Administrators for the same name");
}

#[test]
fn a_user_in_the_group_without_mfa_is_left_alone() {
    let scene = Scene::new();
    let _ = scene.outside.aws.add_user(NAME);
    scene.outside.aws.add_group(GROUP, &[NAME]);
    let arguments = [("GroupName", GROUP), ("PolicyArn", POLICY)];
    let _ = api::call(&scene.outside.aws, &scene.caller, "AttachGroupPolicy", &arguments);
    is_open(&scene, "the user boss is in the group already, without MFA or without a password");
}

/// One who has all of it already, whoever made them, is what was asked for.
#[test]
fn a_user_who_has_all_of_it_is_what_was_asked_for() {
    let scene = Scene::new();
    let aws = &scene.outside.aws;
    let _ = aws.add_user(NAME);
    aws.set_user_password(NAME);
    let _ = aws.add_device_for(NAME, 1);
    aws.add_group(GROUP, &[NAME]);
    let arguments = [("GroupName", GROUP), ("PolicyArn", POLICY)];
    let _ = api::call(aws, &scene.caller, "AttachGroupPolicy", &arguments);
    let done = scene.run(&scene.all());
    assert_eq!((done.code, done.stdout.as_str()), (0, "nothing to do\n"), "{done:?}");
}

#[test]
fn an_empty_group_of_the_name_is_used() {
    let scene = Scene::new();
    scene.outside.aws.add_group(GROUP, &[]);
    let before = scene.snapshot();
    let (_, run) = scene.apply();
    scene.is_made("in an empty group");
    let undone = scene.undo(&run);
    assert_eq!((undone.code, scene.snapshot() == before), (0, true), "{undone:?}");
}

#[test]
fn a_device_of_the_name_stops_it_before_anything() {
    let scene = Scene::new();
    let arguments = [("VirtualMFADeviceName", NAME)];
    let _ = api::call(&scene.outside.aws, &scene.caller, "CreateVirtualMFADevice", &arguments);
    let before = scene.snapshot();
    let done = scene.run(&scene.all());
    assert_eq!((done.code, scene.snapshot() == before), (3, true), "{done:?}");
    assert!(done.stderr.contains(&scene.outside.arn(NAME)), "{done:?}");
    assert_eq!(scene.password(), None, "{done:?}");
}

#[test]
fn a_key_that_is_not_here_stops_it_before_anything() {
    for pulled in [false, true] {
        let scene = Scene::new();
        let before = scene.snapshot();
        let mut args = scene.all();
        if pulled {
            scene.outside.keys.key(0).pull();
        } else {
            *args.iter_mut().find(|arg| **arg == scene.serial()).unwrap() = "99999999".to_owned();
        }
        let done = scene.run(&args);
        assert!(done.code == 3 || done.code == 5, "{done:?}");
        assert_eq!((scene.snapshot() == before, scene.password()), (true, None), "{done:?}");
        assert_eq!(scene.outside.unfinished(), 0, "{done:?}");
    }
}

/// Pulled after the user was made: there is a user without rights, which is said, and the next run goes on.
#[test]
fn a_key_that_is_pulled_on_the_way_leaves_a_user_without_rights() {
    use crate::support::blows::is_call;
    let scene = Scene::new();
    let key = scene.outside.keys.key(0).clone();
    scene.outside.tap.listen(move |passing| {
        if is_call(passing, "CreateLoginProfile") && passing.done {
            key.pull();
        }
    });
    let done = scene.run(&scene.all());
    scene.outside.tap.silence();
    assert_eq!((done.code, scene.outside.unfinished()), (4, 1), "{done:?}");
    scene.outside.keys.key(0).plug_in();
    scene.is_safe("pulled");
    assert!(scene.outside.aws.groups()[0].members.is_empty(), "{done:?}");
    let (_, _) = scene.apply();
    scene.is_made("plugged in again");
}

/// Each thing under the step changes between the plan and its application.
#[test]
fn a_plan_whose_facts_have_changed_is_refused() {
    let changes: [fn(&Scene); 4] = [
        |scene| drop(scene.outside.aws.add_user(NAME)),
        |scene| scene.outside.aws.add_group(GROUP, &[]),
        |scene| scene.outside.aws.add_group(GROUP, &["alice"]),
        |scene| scene.outside.aws.arrange(|posture| posture.identity_centers = vec!["us-east-1".to_owned()]),
    ];
    for change in changes {
        let scene = Scene::new();
        let path = scene.outside.keys.home.path().join("plan.json");
        let out = ["--out".to_owned(), path.to_str().unwrap().to_owned()];
        let planned = scene.run(&[scene.named(), out.to_vec()].concat());
        assert_eq!(planned.code, 1, "{planned:?}");
        change(&scene);
        let before = scene.snapshot();
        let taking = format!("cat >'{}'", scene.taken().display());
        let apply = ["--apply", path.to_str().unwrap(), "--yes", "--no-input", "--password-to-command", &taking];
        let done = scene.run(&apply);
        assert_eq!((done.code, scene.snapshot() == before), (3, true), "{done:?}");
        assert!(done.stderr.contains("administrator has changed"), "{done:?}");
        assert_eq!(scene.password(), None);
    }
}

/// The plan holds names and serial numbers; the places are named when it is applied.
#[test]
fn a_plan_in_a_file_is_applied_with_the_places_that_are_named_then() {
    let scene = Scene::new();
    let path = scene.outside.keys.home.path().join("plan.json");
    let out = ["--out".to_owned(), path.to_str().unwrap().to_owned()];
    let _ = scene.run(&[scene.named(), out.to_vec()].concat());
    let apply = ["--apply", path.to_str().unwrap(), "--yes", "--no-input"];
    assert_eq!(scene.run(&apply).code, 2);
    let taking = format!("cat >'{}'", scene.taken().display());
    let done = scene.run(&[&apply[..], &["--password-to-command", &taking]].concat());
    assert_eq!(done.code, 0, "{done:?}");
    scene.is_made("from a file");
}

#[test]
fn what_is_named_in_part_is_a_usage_error() {
    let scene = Scene::new();
    let serial = scene.serial();
    for args in [
        &["--admin-user", NAME][..],
        &["--admin-key", &serial],
        &["--admin-user", "no name", "--admin-key", &serial],
        &["--show-password"],
        &["--apply", "--password-escrow", "x.age"],
        &["--apply", "--recipient", "age1x"],
    ] {
        let done = scene.run(args);
        assert_eq!(done.code, 2, "{args:?}: {done:?}");
    }
}
