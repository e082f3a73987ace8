//! Something goes wrong at every message of a rotation, a retirement and a resynchronisation in turn, on every wire,
//! through the binary. After each: the user has a device that works, none is enabled whose seed is nowhere, the exit
//! code and the words tell the truth, no code was sent twice, and `recover` ends in one of the two good states.

pub(super) mod scene; // the flows, their worlds, and what must hold of those

use crate::support::blows::{self, Blow, is_call, messages, server_error, side_by_side, struck, tally, ways};
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::oath_card::{self, On, What, When};
use glasskey::sim::serve::Server;
use glasskey::sim::tap::{Passing, Wire};
use scene::{Flow, Scene};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

/// As an administrator: nothing waits for STS.
const QUICK: [Flow; 4] = [Flow::Rotate, Flow::ReplaceFirst, Flow::Retire, Flow::Resync];

/// The calls of a run that goes well, each with its number among those of its name.
fn calls(flow: Flow) -> Vec<(String, u32)> {
    let scene = Scene::new(flow);
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let passing = messages(&scene.world, scene.command());
    let names = passing.into_iter().filter(|it| !it.done).filter_map(|it| match it.wire {
        Wire::Aws { action } => Some(action),
        _ => None,
    });
    names
        .map(|action| {
            let count = counts.entry(action.clone()).or_default();
            *count += 1;
            (action, *count)
        })
        .collect()
}

fn with_a_fault(flow: Flow, fault: &Fault) -> &'static str {
    let scene = Scene::new(flow);
    scene.world.aws.fail(fault.clone());
    let done = scene.run();
    scene.settle(&done, &format!("{flow:?}: {fault:?}"))
}

#[test]
fn every_aws_call_in_every_way() {
    for flow in QUICK {
        let mut cases = Vec::new();
        for (action, nth) in calls(flow) {
            for wrong in ways() {
                cases.push(Fault::nth(&action, nth, wrong));
            }
        }
        let endings = side_by_side(8, cases, |fault| with_a_fault(flow, &fault));
        tally(&format!("{flow:?}, each AWS call"), &endings);
    }
}

/// From one call on, AWS is not reached any more.
#[test]
fn the_network_goes_away_at_every_call() {
    let mut cases = Vec::new();
    for flow in QUICK {
        for nth in 1..=calls(flow).len() {
            let nth = u32::try_from(nth).unwrap();
            cases.push((flow, Fault { action: None, nth, times: 999, what: Wrong::NeverArrive }));
        }
    }
    let endings = side_by_side(16, cases, |(flow, fault)| with_a_fault(flow, &fault));
    tally("the network gone from each call on", &endings);
}

/// From one call on, nobody listens: the connection is refused.
#[test]
fn nobody_listens_from_every_call_on() {
    let mut cases = Vec::new();
    for flow in QUICK {
        let calls = calls(flow);
        cases.extend((0..calls.len()).map(|nth| (flow, nth)));
    }
    let endings = side_by_side(16, cases, |(flow, nth)| {
        let scene = Scene::new(flow);
        let gate = Server::start(scene.world.aws.clone(), None).unwrap();
        let mut command = scene.command();
        command.envs(gate.environment(&scene.world.aws.admin()));
        let (close, closing) = mpsc::channel();
        let (close, seen) = (Mutex::new(close), AtomicU32::new(0));
        scene.world.tap.listen(move |it| {
            if matches!(it.wire, Wire::Aws { .. }) && !it.done && seen.fetch_add(1, Ordering::SeqCst) as usize == nth
            {
                let _ = close.lock().unwrap().send(());
            }
        });
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        closing.recv().unwrap();
        drop(gate);
        let done = blows::finished(child);
        scene.world.tap.silence();
        scene.settle(&done, &format!("{flow:?}: nobody listens from call {nth} on"))
    });
    tally("nobody listens from each call on", &endings);
}

/// A recovery is cut short at every call, and another one ends it.
#[test]
fn recovery_killed_at_every_message() {
    for (flow, action) in [
        (Flow::Rotate, "DeactivateMFADevice"),
        (Flow::Rotate, "DeleteVirtualMFADevice"),
        (Flow::ReplaceFirst, "DeactivateMFADevice"),
        (Flow::Retire, "DeleteVirtualMFADevice"),
    ] {
        let left = || {
            let scene = Scene::new(flow);
            let nth = u32::from(flow != Flow::ReplaceFirst);
            if nth == 0 {
                // Killed when the old one is gone first, and nothing else was begun.
                let is_last = |it: &Passing| is_call(it, "CreateVirtualMFADevice") && !it.done;
                assert_eq!(struck(&scene.world, scene.command(), Blow::Kill, is_last).code, blows::KILLED);
            } else {
                scene.world.aws.fail(Fault::next(action, Wrong::Deny));
                assert_eq!(scene.run().code, 4);
            }
            scene.world.aws.clock().advance(Duration::from_secs(90));
            scene
        };
        let scene = left();
        let recovery = |scene: &Scene| scene.as_caller(&["recover", "--undo", "--no-input"]);
        let passing = messages(&scene.world, recovery(&scene));
        let endings = side_by_side(4, places_to_strike(&passing), |nth| {
            let scene = left();
            let done = struck(&scene.world, recovery(&scene), Blow::Kill, blows::nth(nth));
            let what = format!("{flow:?}, {action}, recovery killed at message {nth}, {:?}", passing[nth]);
            // Waits take more looks or fewer, so the message that was to be met may not come.
            if done.code == 0 { scene.is_undone(&what) } else { scene.settle(&done, &what) }
        });
        tally(&format!("{flow:?}, {action} denied, recovery killed"), &endings);
    }
}

/// The calls of one's own rotation. `proof.rs` holds a run that goes well to it.
pub(super) const OWN_ROTATION: [(&str, u32); 14] = [
    ("GetCallerIdentity", 1),
    ("ListMFADevices", 1),
    ("GetSessionToken", 1),
    ("CreateVirtualMFADevice", 1),
    ("EnableMFADevice", 1),
    ("ListMFADevices", 2),
    ("GetSessionToken", 2),
    ("TagUser", 1),
    ("ListUserTags", 1),
    ("ListMFADevices", 3),
    ("DeactivateMFADevice", 1),
    ("ListMFADevices", 4),
    ("UntagUser", 1),
    ("DeleteVirtualMFADevice", 1),
];

/// One's own devices, under IAM's rule and with the proof by a session. Nearly all of the rotations wait for STS to know
/// the new device, and so all of it happens at once.
#[test]
fn every_aws_call_of_ones_own() {
    enum Case {
        Fault(Flow, Fault),
        Blow(Blow, &'static str, u32, bool),
    }
    let mut cases = Vec::new();
    let retirement = calls(Flow::RetireOwn);
    let rotation = OWN_ROTATION.map(|(action, nth)| (action.to_owned(), nth)).to_vec();
    for (flow, calls) in [(Flow::RotateOwn, rotation), (Flow::RetireOwn, retirement)] {
        for (action, nth) in calls {
            for wrong in [Wrong::LoseReply, Wrong::NeverArrive, Wrong::Deny, server_error()] {
                cases.push(Case::Fault(flow, Fault::nth(&action, nth, wrong)));
            }
        }
    }
    for (action, nth) in OWN_ROTATION {
        for done in [false, true] {
            cases.extend([Blow::Kill, Blow::Interrupt].map(|blow| Case::Blow(blow, action, nth, done)));
        }
    }
    let endings = side_by_side(cases.len(), cases, |case| match case {
        Case::Fault(flow, fault) => with_a_fault(flow, &fault),
        Case::Blow(blow, action, nth, done) => {
            let scene = Scene::new(Flow::RotateOwn);
            let seen = AtomicU32::new(0);
            let ended = struck(&scene.world, scene.command(), blow, move |it| {
                is_call(it, action) && it.done == done && seen.fetch_add(1, Ordering::SeqCst) + 1 == nth
            });
            scene.settle(&ended, &format!("one's own rotation, {blow:?} at {action} #{nth}, done: {done}"))
        }
    });
    tally("one's own, each AWS call", &endings);
}

/// Each command to each key in one way; those that write in every way.
#[test]
fn every_apdu() {
    let ways: Vec<(When, What)> = [When::Before, When::After]
        .into_iter()
        .flat_map(|when| [What::Pull, What::Mute, What::Malformed, What::Sw(0x6F00)].map(|what| (when, what)))
        .collect();
    let mut cases = Vec::new();
    for flow in QUICK {
        let scene = Scene::new(flow);
        let serials: Vec<_> = scene.world.keys.all().iter().map(oath_card::SoftKey::serial).collect();
        let passing = messages(&scene.world, scene.command());
        for (key, serial) in serials.iter().enumerate() {
            let commands = passing.iter().filter(|it| !it.done).filter_map(|it| match it.wire {
                Wire::Key { key, ins } if key == *serial => Some(ins),
                _ => None,
            });
            // Of one of eight devices there is much to read.
            let sample = if flow == Flow::ReplaceFirst { 3 } else { 1 };
            for (nth, ins) in commands.enumerate() {
                // PUT and DELETE.
                let ways = match ins {
                    0x01 | 0x02 => &ways[..],
                    _ if nth % sample == 0 => &ways[nth / sample % 8..=nth / sample % 8],
                    _ => continue,
                };
                cases.extend(ways.iter().map(|(when, what)| {
                    (flow, key, oath_card::Fault { on: On::Nth(nth + 1), when: *when, what: *what })
                }));
            }
        }
    }
    let endings = side_by_side(4, cases, |(flow, key, fault)| {
        let scene = Scene::new(flow);
        scene.world.keys.key(key).fault(fault);
        let done = scene.run();
        scene.settle(&done, &format!("{flow:?}, key {key}, {fault:?}"))
    });
    tally("each APDU", &endings);
}

/// Every message to AWS, every command that writes, and every ninth of the rest.
fn places_to_strike(passing: &[Passing]) -> Vec<usize> {
    let telling = |it: &Passing| matches!(it.wire, Wire::Aws { .. } | Wire::Key { ins: 0x01 | 0x02, .. });
    (0..passing.len()).filter(|nth| telling(&passing[*nth]) || nth % 9 == 0).collect()
}

fn struck_everywhere(flows: &[Flow], workers: usize, blow: Blow) {
    for flow in flows {
        let scene = Scene::new(*flow);
        let passing = messages(&scene.world, scene.command());
        let endings = side_by_side(workers, places_to_strike(&passing), |nth| {
            let scene = Scene::new(*flow);
            let done = struck(&scene.world, scene.command(), blow, blows::nth(nth));
            let what = format!("{flow:?}, {blow:?} at message {nth}, {:?}", passing[nth]);
            if blow == Blow::Kill {
                assert_eq!(done.code, blows::KILLED, "{what}: {done:?}");
            } else {
                assert!(matches!(done.code, 0 | 4 | 130), "{what}: {done:?}");
                let said = done.code == 0 || done.stderr.contains("glasskey: error: interrupted\n");
                assert!(said, "{what}: {done:?}");
            }
            scene.settle(&done, &what)
        });
        tally(&format!("{flow:?}, {blow:?}"), &endings);
    }
}

#[test]
fn killed_at_every_message() {
    struck_everywhere(&QUICK, 4, Blow::Kill);
}

#[test]
fn interrupted_at_every_message() {
    struck_everywhere(&QUICK, 4, Blow::Interrupt);
}
