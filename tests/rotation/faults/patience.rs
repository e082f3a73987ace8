//! What waits for half a minute and more: AWS throttles for ever, in every command that changes devices, sessions and
//! access keys, and the outcome of a resynchronisation is not known. All at once.

use super::scene::{Flow, Scene};
use super::{OWN_ROTATION, QUICK, calls, nobody_listens_from, with_a_fault};
use crate::drill::Safe;
use crate::rotation::access_key_faults as access_key;
use crate::session::Bob;
use crate::support::Run;
use crate::support::blows::{server_error, side_by_side, tally};
use glasskey::sim::aws::{Aws, Fault, Wrong};
use glasskey::sim::tap::{Tap, Wire};
use std::time::Duration;

/// Whether it was carried out is not known.
pub(super) fn is_lost(wrong: &Wrong) -> bool {
    [Wrong::LoseReply, Wrong::NeverArrive, server_error()].contains(wrong)
}

/// Where the same is asked once more to undo, AWS is well again by then: it would take as long again.
fn for_ever(action: &str, nth: u32) -> Fault {
    let times = if action.starts_with("List") && nth == 2 { 6 } else { 999 };
    Fault { times, ..Fault::nth(action, nth, Wrong::Throttle) }
}

/// Where STS is too busy for a code, the next step's is sent: it comes at once.
fn steps_pass(tap: &Tap, aws: &Aws) {
    let clock = aws.clock().clone();
    tap.listen(move |it| {
        if it.done
            && matches!(&it.wire, Wire::Aws { action } if action == "GetSessionToken" || action == "AssumeRole")
        {
            clock.advance(Duration::from_secs(30));
        }
    });
}

/// The exit code, and the sentence that says so.
fn is_told(done: &Run, action: &str, codes: &[i32], what: &str) {
    let error = format!("AWS still answers Throttling to {action} after several tries\n");
    let said = done.stderr.contains(&format!("glasskey: error: {error}")) || done.stdout.contains(&error);
    assert!(codes.contains(&done.code) && said, "{what}: {done:?}");
}

#[test]
fn what_takes_long() {
    let mut cases: Vec<Box<dyn FnOnce() -> &'static str + Send>> = Vec::new();
    for wrong in [Wrong::LoseReply, Wrong::NeverArrive, server_error()] {
        cases.push(Box::new(move || with_a_fault(Flow::Resync, &Fault::next("ResyncMFADevice", wrong))));
    }
    let last = calls(Flow::Resync).len();
    cases.push(Box::new(move || nobody_listens_from(Flow::Resync, last - 1)));
    let own = OWN_ROTATION.map(|(action, nth)| (action.to_owned(), nth)).to_vec();
    let flows = QUICK.into_iter().map(|flow| (flow, calls(flow)));
    for (flow, calls) in flows.chain([(Flow::RotateOwn, own), (Flow::RetireOwn, calls(Flow::RetireOwn))]) {
        for (action, nth) in calls {
            cases.push(Box::new(move || device(flow, &action, nth)));
        }
    }
    for (action, nth) in access_key::CALLS {
        cases.push(Box::new(move || {
            let world = access_key::World::new();
            world.outside.aws.fail(for_ever(action, nth));
            let done = world.outside.run(access_key::ROTATE);
            let what = format!("access key, {action} #{nth} throttled for ever");
            // The last two look at what AWS has acknowledged, which stands where they cannot.
            if done.code == 0 {
                assert!((action, nth) >= ("ListAccessKeys", 4) && action == "ListAccessKeys", "{what}: {done:?}");
                assert!(
                    done.stderr.contains("then ListAccessKeys again: AWS answered Throttling"),
                    "{what}: {done:?}"
                );
            } else {
                is_told(&done, action, &[3, 4], &what);
            }
            world.settle(&done, &what)
        }));
    }
    for action in ["ListMFADevices", "GetSessionToken", "AssumeRole"] {
        cases.push(Box::new(move || session(action)));
    }
    for (action, nth) in
        [("GetCallerIdentity", 1), ("ListMFADevices", 1), ("GetSessionToken", 1), ("GetCallerIdentity", 2)]
    {
        cases.push(Box::new(move || drill(action, nth)));
    }
    let endings = side_by_side(cases.len(), cases, |case| case());
    tally("what takes long", &endings);
}

fn device(flow: Flow, action: &str, nth: u32) -> &'static str {
    let scene = Scene::new(flow);
    let what = format!("{flow:?}, {action} #{nth} throttled for ever");
    scene.world.aws.fail(for_ever(action, nth));
    steps_pass(&scene.world.tap, &scene.world.aws);
    let done = scene.run();
    scene.world.tap.silence();
    if done.code == 0 {
        // What can be done without: the look that follows enabling, and the tag that stays where it is in nobody's way.
        let said = match (action, nth) {
            ("ListMFADevices", 2) => {
                "  enabled   AWS acknowledged it; not looked up again (AWS still answers Throttling to ListMFADevices after several tries)\n"
            }
            ("UntagUser", _) => {
                "left on user alice: the tag that announced the removal (AWS still answers Throttling to UntagUser after several tries"
            }
            // What AWS acknowledged stands where it cannot be looked at.
            ("ListVirtualMFADevices", _) => "then ListVirtualMFADevices again: AWS answered Throttling",
            ("ListUserTags", 2..) => "then ListUserTags again: AWS answered Throttling",
            _ => panic!("{what}: {done:?}"),
        };
        assert!(done.stderr.contains(said), "{what}: {done:?}");
    } else {
        is_told(&done, action, &[3, 4], &what);
    }
    scene.settle(&done, &what)
}

fn session(action: &str) -> &'static str {
    let bob = Bob::new();
    bob.world.aws.fail(for_ever(action, 1));
    steps_pass(&bob.world.tap, &bob.world.aws);
    let role = bob.role();
    let as_role = ["--role", &*role];
    let done = bob.fresh(if action == "AssumeRole" { &as_role } else { &[] });
    bob.world.tap.silence();
    let what = format!("session, {action} throttled for ever");
    is_told(&done, action, &[3], &what);
    bob.settle(&done, &what);
    "no session"
}

fn drill(action: &str, nth: u32) -> &'static str {
    let safe = Safe::new();
    let calls = safe.world.aws.calls().len();
    safe.world.aws.fail(for_ever(action, nth));
    steps_pass(&safe.world.tap, &safe.world.aws);
    let done = crate::support::run(&mut safe.drilling(&[]));
    safe.world.tap.silence();
    let what = format!("drill, {action} #{nth} throttled for ever");
    // A drill in which AWS did not answer has failed; without knowing whose it is there is none.
    is_told(&done, action, if nth == 1 && action == "GetCallerIdentity" { &[3] } else { &[1] }, &what);
    safe.settle(&done, 0, calls, &what);
    "written down"
}
