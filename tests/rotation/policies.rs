//! One's own rotation under a policy that does not let one of the last steps through: the new device works, nothing is
//! taken back, what is left and what to do is said, and `recover` tells the same until somebody may.

use super::faults::scene::{Flow, Scene};
use crate::support::blows::side_by_side;
use crate::support::{Run, run};
use std::time::Duration;

/// `docs/policies/self-service-rotate.json` without one permission.
fn without(permission: &str) -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policies/self-service-rotate.json");
    let mut policy: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut taken = 0;
    for statement in policy["Statement"].as_array_mut().unwrap() {
        if let Some(actions) = statement["Action"].as_array_mut() {
            let before = actions.len();
            actions.retain(|action| action != permission);
            taken += before - actions.len();
        }
    }
    assert_eq!(taken, 1, "{permission}");
    policy.to_string()
}

/// The devices there are, by name, and whether each is enabled.
fn devices(scene: &Scene) -> Vec<(String, bool)> {
    let name = |arn: &str| arn.rsplit('/').next().unwrap().to_owned();
    scene.world.aws.devices().iter().map(|it| (name(&it.arn), it.user.is_some())).collect()
}

#[track_caller]
fn says(done: &Run, sentences: &[&str]) {
    for sentence in sentences {
        assert!(done.stderr.contains(sentence), "{sentence}: {done:?}");
    }
}

fn refused(action: &str, left: &[(&str, bool)], state: impl Fn(&Scene) -> String) {
    let permission = format!("iam:{action}");
    let scene = Scene::under(Flow::RotateOwn, &without(&permission));
    let left: Vec<_> = left.iter().map(|(name, enabled)| ((*name).to_owned(), *enabled)).collect();
    let denied = format!("glasskey: error: AWS refused {action}: ");
    let hint = format!("glasskey: hint: the caller needs the permission {permission} for this\n");
    let done = scene.run_hurried();
    assert_eq!((done.code, devices(&scene), scene.world.unfinished()), (4, left.clone(), 1), "{done:?}");
    let recover = "glasskey: hint: `glasskey recover` looks at what is left and finishes or undoes it\n";
    says(&done, &[&denied, &hint, recover, &state(&scene)]);
    let new = format!("glasskey: done before this: {} is enabled and works\n", scene.world.arn("alice"));
    says(&done, &[&new]);
    scene.world.nobody_is_locked_out().unwrap();
    // She may not finish it either.
    scene.world.aws.clock().advance(Duration::from_secs(90));
    let again = run(&mut scene.as_caller(&["recover", "--yes", "--no-input"]));
    assert_eq!((again.code, devices(&scene), scene.world.unfinished()), (4, left, 1), "{again:?}");
    says(&again, &[&denied, &hint]);
    scene.world.nobody_is_locked_out().unwrap();
    // An administrator may, on this machine, with the keys in it.
    scene.world.aws.clock().advance(Duration::from_secs(90));
    let done = run(&mut scene.world.glasskey(["recover", "--yes", "--no-input"]));
    let right = (0, vec![("alice".to_owned(), true)], 0);
    assert_eq!((done.code, devices(&scene), scene.world.unfinished()), right, "{done:?}");
    let gone = format!("complete: alice can sign in with YubiKey 12345679; {} is gone\n", scene.world.arn("alice-1"));
    assert_eq!(done.stdout, gone);
    assert_eq!(scene.world.keys.key(0).credentials(), Vec::<String>::new());
}

#[test]
fn the_last_steps_are_refused_by_the_policy() {
    side_by_side(2, vec!["DeactivateMFADevice", "DeleteVirtualMFADevice"], |action| match action {
        "DeactivateMFADevice" => refused(action, &[("alice", true), ("alice-1", true)], |scene| {
            format!("glasskey: as it was: {} is enabled\n", scene.world.arn("alice-1"))
        }),
        _ => refused(action, &[("alice", true), ("alice-1", false)], |scene| {
            let old = scene.world.arn("alice-1");
            format!("glasskey: left behind: {old}, not enabled (AWS refused DeleteVirtualMFADevice: ")
        }),
    });
}
