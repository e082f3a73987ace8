//! Somebody takes away what must stay without glasskey, between its last look and its deactivation of the old device.
//! IAM has no call that would tell; what there is to do about it is done before anything is deleted.

use super::faults::scene::{Flow, Scene};
use crate::enroll::api;
use crate::support::{Run, run};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Runs a flow during whose deactivation another machine removes `other`; `key_away`: the first key goes away then, too.
fn raced(scene: &Scene, other: &str, key_away: bool) -> Run {
    let (aws, serial, key) = (scene.world.aws.clone(), scene.world.arn(other), scene.world.keys.key(0).clone());
    let begun = AtomicBool::new(false);
    scene.world.tap.listen(move |passing| {
        let deactivating = crate::support::blows::is_call(passing, "DeactivateMFADevice") && !passing.done;
        if deactivating && !begun.swap(true, Ordering::SeqCst) {
            let admin = aws.admin();
            api::call(&aws, &admin, "DeactivateMFADevice", &[("UserName", "alice"), ("SerialNumber", &serial)]);
            api::call(&aws, &admin, "DeleteVirtualMFADevice", &[("SerialNumber", &serial)]);
            if key_away {
                key.pull();
            }
        }
    });
    let done = scene.run();
    scene.world.tap.silence();
    done
}

#[test]
fn the_old_device_is_enabled_again_at_once() {
    for (flow, other) in [(Flow::Rotate, "alice"), (Flow::Retire, "alice-2")] {
        let scene = Scene::new(flow);
        let done = raced(&scene, other, false);
        let old = scene.world.arn("alice-1");
        assert_eq!((done.code, scene.world.devices_of("alice")), (4, vec![old.clone()]), "{done:?}");
        let (inactive, enabled) = (format!("  inactive  {old}: "), "  enabled   with the codes for ");
        let (_, after) = done.stderr.split_once(&inactive).unwrap_or_else(|| panic!("{done:?}"));
        assert!(after.contains(enabled) && after.contains(", from YubiKey 12345678\n"), "{done:?}");
        assert!(after.contains(&format!("glasskey: as it was: {old} is enabled\n")), "{done:?}");
        assert!(!after.contains("  deleted   "), "{done:?}");
        if flow == Flow::Rotate {
            let error = format!(
                "glasskey: error: {} is not enabled any more, or was enabled anew, so {old} must stay\n",
                scene.world.arn(other)
            );
            assert!(done.stderr.contains(&error), "{done:?}");
        }
        scene.world.nobody_is_locked_out().unwrap();
    }
}

/// Its key went away at that very moment: there is no device, and that is what is said. With the key back, recovery
/// enables it.
#[test]
fn without_its_key_it_is_said_and_recovered() {
    let scene = Scene::new(Flow::Rotate);
    let done = raced(&scene, "alice", true);
    let old = scene.world.arn("alice-1");
    assert_eq!((done.code, scene.world.devices_of("alice")), (4, Vec::new()), "{done:?}");
    assert!(done.stderr.contains(&format!("glasskey: {old} was deactivated, and is not deleted yet\n")), "{done:?}");
    let works = format!("{} is enabled and works\n", scene.world.arn("alice"));
    assert!(!done.stderr.contains(&works), "it is not there any more: {done:?}");
    scene.world.keys.key(0).plug_in();
    scene.world.aws.clock().advance(Duration::from_secs(90));
    let recovered = run(&mut scene.world.glasskey(["recover", "--yes", "--no-input"]));
    assert_eq!(
        (recovered.code, scene.world.devices_of("alice"), scene.world.unfinished()),
        (0, vec![old], 0),
        "{recovered:?}"
    );
    scene.world.nobody_is_locked_out().unwrap();
}
