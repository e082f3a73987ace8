//! One's own devices, under IAM's rule and with the proof by a session. Nearly all of the rotations wait for STS to know
//! the new device, and so all of it happens at once.

use super::scene::{self, Flow, Scene};
use super::{calls, spoil, spoilt, strikes, with_a_fault};
use crate::support::blows::{Blow, is_call, server_error, side_by_side, struck, tally};
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::tap::Wire;
use std::sync::atomic::{AtomicU32, Ordering};

/// The calls of one's own rotation. `proof.rs` holds a run that goes well to it.
pub(in crate::rotation) const OWN_ROTATION: [(&str, u32); 17] = [
    ("GetCallerIdentity", 1),
    ("ListMFADevices", 1),
    ("ListVirtualMFADevices", 1),
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
    ("ListUserTags", 2),
    ("DeleteVirtualMFADevice", 1),
    ("ListVirtualMFADevices", 2),
];

#[test]
fn every_aws_call() {
    enum Case {
        Fault(Flow, Fault),
        Blow(Blow, &'static str, u32, bool),
    }
    let mut cases = Vec::new();
    let rotation = OWN_ROTATION.map(|(action, nth)| (action.to_owned(), nth)).to_vec();
    for (flow, calls) in [(Flow::RotateOwn, rotation), (Flow::RetireOwn, calls(Flow::RetireOwn))] {
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
            let (hurry, seen) = (scene.hurry(), AtomicU32::new(0));
            let ended = struck(&scene.world, scene.command(), blow, move |it| {
                hurry(it);
                is_call(it, action) && it.done == done && seen.fetch_add(1, Ordering::SeqCst) + 1 == nth
            });
            scene.settle(&ended, &format!("one's own rotation, {blow:?} at {action} #{nth}, done: {done}"))
        }
    });
    tally("one's own, each AWS call", &endings);
}

/// Spoilt, killed and interrupted at each place of its own.
#[test]
fn every_command_to_a_key() {
    enum Case {
        Spoilt(Flow, usize, glasskey::sim::oath_card::Fault),
        Blow(Flow, Blow, usize),
    }
    let mut cases = Vec::new();
    for flow in [Flow::RotateOwn, Flow::RetireOwn] {
        let passing = scene::calm(flow);
        let distinct = scene::distinct(passing);
        let spoilt = spoilt(passing, |at| distinct.contains(&at));
        cases.extend(spoilt.into_iter().map(|(key, fault)| Case::Spoilt(flow, key, fault)));
        let keys = scene::places(passing).into_iter().filter(|nth| !matches!(passing[*nth].wire, Wire::Aws { .. }));
        cases.extend(keys.flat_map(|nth| [Blow::Kill, Blow::Interrupt].map(|blow| Case::Blow(flow, blow, nth))));
    }
    let endings = side_by_side(cases.len(), cases, |case| match case {
        Case::Spoilt(flow, key, fault) => spoil(&Scene::new(flow), key, fault),
        Case::Blow(flow, blow, nth) => strikes::strike(&Scene::new(flow), blow, nth),
    });
    tally("one's own, each command to a key", &endings);
}
