//! One's own rotation: the new device has to open a session before the old one goes, and what happens when it does not.

use super::faults::OWN_ROTATION;
use super::faults::scene::{Flow, Scene};
use crate::support::blows::side_by_side;
use glasskey::sim::aws::{Call, Fault, Wrong};
use glasskey::sim::tap::Wire;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The codes offered to STS, by device.
fn offered(scene: &Scene) -> Vec<(String, String)> {
    let of = |call: Call| Some((call.serial?, call.codes.first()?.clone()));
    scene.world.aws.calls().into_iter().filter(|call| call.action == "GetSessionToken").filter_map(of).collect()
}

fn refused(message: &str) -> Wrong {
    Wrong::Code { status: 403, code: "AccessDenied".to_owned(), message: message.to_owned() }
}

const WRONG: &str = "MultiFactorAuthentication failed with invalid MFA one time pass code.";

/// Once the device is enabled, a step passes while a code is on its way: the next one is not waited for.
fn steps_pass(scene: &Scene) {
    let clock = scene.world.aws.clock().clone();
    let (enabled, due) = (AtomicBool::new(false), AtomicBool::new(false));
    scene.world.tap.listen(move |passing| match &passing.wire {
        Wire::Aws { action } if passing.done => {
            let enabled = enabled.fetch_or(action == "EnableMFADevice", Ordering::SeqCst);
            if action == "EnableMFADevice" || enabled && action == "GetSessionToken" {
                due.store(true, Ordering::SeqCst);
            }
        }
        // SELECT, when the key is opened for a code.
        Wire::Key { ins: 0xA4, .. } if passing.done && due.swap(false, Ordering::SeqCst) => {
            clock.advance(Duration::from_secs(30));
        }
        _ => {}
    });
}

fn it_goes_well() {
    let scene = Scene::new(Flow::RotateOwn);
    let done = scene.run();
    assert_eq!(done.code, 0, "{done:?}");
    // The first three go together.
    let mut actions = scene.world.actions();
    actions[..3].sort();
    assert_eq!(actions, OWN_ROTATION.map(|(action, _)| action));
    let (old, new) = (scene.world.arn("alice-1"), scene.world.arn("alice"));
    let serials: Vec<String> = offered(&scene).into_iter().map(|(serial, _)| serial).collect();
    assert_eq!(serials, [old.clone(), new.clone()]);
    let told = [
        format!("  session   opened with a code for {old} from YubiKey 12345678\n"),
        format!("  created   {new}\n"),
        "  waiting   for STS to know the new device: ".to_owned(),
        format!("  session   opened with a code for {new} from YubiKey 12345679\n"),
        format!("  inactive  {old}: its codes open nothing any more\n"),
    ];
    let mut rest = &*done.stderr;
    for line in told {
        rest = rest.split_once(&line).unwrap_or_else(|| panic!("{line}: {done:?}")).1;
    }
    assert_eq!(scene.settle(&done, "one's own"), "done");
}

/// Three codes, each another one; then no more, and when STS counts anew. Both devices stay.
fn three_codes_are_refused() {
    let scene = Scene::new(Flow::RotateOwn);
    scene.world.aws.fail(Fault { times: 9, ..Fault::nth("GetSessionToken", 2, refused(WRONG)) });
    steps_pass(&scene);
    let done = scene.run();
    scene.world.tap.silence();
    assert_eq!(done.code, 4, "{done:?}");
    let new = scene.world.arn("alice");
    let error = format!("glasskey: error: STS took none of 3 codes for {new}: {WRONG}\n");
    let note = "glasskey: STS allows nine tries in three minutes, and counts anew from ";
    let both =
        format!("glasskey: {new} is enabled\nglasskey: as it was: {} is enabled\n", scene.world.arn("alice-1"));
    assert!(done.stderr.contains(&error) && done.stderr.contains(note) && done.stderr.ends_with(&both), "{done:?}");
    assert!(done.stderr.contains("; no more are made now\n"), "{done:?}");
    let tried = offered(&scene).into_iter().filter(|(serial, _)| *serial == new).count();
    assert_eq!((tried, scene.world.actions().contains(&"DeactivateMFADevice".to_owned())), (3, false));
    assert_eq!(scene.settle(&done, "three refusals"), "recovered: finished");
}

/// A code that STS was too busy for counts as sent: the next step's follows.
fn a_throttled_code_is_not_sent_again() {
    let scene = Scene::new(Flow::RotateOwn);
    scene.world.aws.fail(Fault::nth("GetSessionToken", 2, Wrong::Throttle));
    steps_pass(&scene);
    let done = scene.run();
    scene.world.tap.silence();
    assert_eq!(done.code, 0, "{done:?}");
    let new = scene.world.arn("alice");
    let codes: Vec<String> = offered(&scene).into_iter().filter(|it| it.0 == new).map(|it| it.1).collect();
    assert!(codes.len() == 2 && codes[0] != codes[1], "{codes:?}");
    assert_eq!(scene.settle(&done, "throttled"), "done");
}

/// What STS has not said is no proof: both devices stay.
fn an_answer_that_makes_no_sense_proves_nothing() {
    for wrong in [
        Wrong::Code { status: 200, code: "Nothing".to_owned(), message: String::new() },
        Wrong::Code { status: 503, code: "ServiceUnavailable".to_owned(), message: String::new() },
    ] {
        let scene = Scene::new(Flow::RotateOwn);
        scene.world.aws.fail(Fault::nth("GetSessionToken", 2, wrong.clone()));
        let done = scene.run();
        assert_eq!(done.code, 4, "{wrong:?}: {done:?}");
        assert!(!scene.world.actions().contains(&"DeactivateMFADevice".to_owned()), "{done:?}");
        assert_eq!(offered(&scene).len(), 2);
        assert_eq!(scene.settle(&done, "no sense"), "recovered: finished");
    }
}

/// All at once: each waits 15 s for STS to know the new device.
#[test]
fn by_a_session_with_the_new_device() {
    let cases: Vec<fn()> = vec![
        it_goes_well,
        three_codes_are_refused,
        a_throttled_code_is_not_sent_again,
        an_answer_that_makes_no_sense_proves_nothing,
    ];
    side_by_side(cases.len(), cases, |case| case());
}
