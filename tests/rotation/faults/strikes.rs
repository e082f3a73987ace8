//! The process is killed or interrupted, and so is the recovery.

use super::scene::{self, Flow, Scene};
use super::{AT_ONCE, QUICK, tally_by_flow};
use crate::support::blows::{self, Blow, is_call, messages, side_by_side, struck};
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::tap::Passing;
use std::time::Duration;

fn struck_everywhere(blow: Blow) {
    let places = |flow| scene::places(scene::calm(flow)).into_iter().map(move |nth| (flow, nth));
    let cases: Vec<_> = QUICK.into_iter().flat_map(places).collect();
    let endings = side_by_side(AT_ONCE, cases, |(flow, nth)| (flow, strike(&Scene::new(flow), blow, nth)));
    tally_by_flow(&format!("{blow:?}"), endings);
}

/// Strikes at the n-th message of a run that goes well.
pub(super) fn strike(scene: &Scene, blow: Blow, nth: usize) -> &'static str {
    let (hurry, picked) = (scene.hurry(), blows::nth(nth));
    let done = struck(&scene.world, scene.command(), blow, move |it| {
        hurry(it);
        picked(it)
    });
    let what = format!("{:?}, {blow:?} at message {nth}, {:?}", scene.flow, scene::calm(scene.flow)[nth]);
    if blow == Blow::Kill {
        assert_eq!(done.code, blows::KILLED, "{what}: {done:?}");
    } else {
        assert!(matches!(done.code, 0 | 4 | 130), "{what}: {done:?}");
        let said = done.code == 0 || done.stderr.contains("glasskey: error: interrupted\n");
        assert!(said, "{what}: {done:?}");
    }
    scene.settle(&done, &what)
}

#[test]
fn killed_at_every_message() {
    struck_everywhere(Blow::Kill);
}

#[test]
fn interrupted_at_every_message() {
    struck_everywhere(Blow::Interrupt);
}

/// What a recovery finds.
#[derive(Clone, Copy, Debug)]
enum Found {
    /// The last step but one, or the last one, was denied.
    Denied(Flow, &'static str),
    /// Killed when the old one is gone first, and nothing else was begun.
    GoneFirst,
}

const FOUND: [Found; 4] = [
    Found::Denied(Flow::Rotate, "DeactivateMFADevice"),
    Found::Denied(Flow::Rotate, "DeleteVirtualMFADevice"),
    Found::GoneFirst,
    Found::Denied(Flow::Retire, "DeleteVirtualMFADevice"),
];

impl Found {
    fn flow(self) -> Flow {
        match self {
            Self::Denied(flow, _) => flow,
            Self::GoneFirst => Flow::ReplaceFirst,
        }
    }

    fn choices(self) -> &'static [&'static str] {
        // No key holds anything yet that could be enabled.
        if matches!(self, Self::GoneFirst) { &["--undo"] } else { &["--undo", "--finish"] }
    }

    fn scene(self) -> Scene {
        let scene = Scene::new(self.flow());
        match self {
            Self::Denied(_, action) => {
                scene.world.aws.fail(Fault::next(action, Wrong::Deny));
                assert_eq!(scene.run().code, 4);
            }
            Self::GoneFirst => {
                let is_last = |it: &Passing| is_call(it, "CreateVirtualMFADevice") && !it.done;
                assert_eq!(struck(&scene.world, scene.command(), Blow::Kill, is_last).code, blows::KILLED);
            }
        }
        scene.world.aws.clock().advance(Duration::from_secs(90));
        scene
    }
}

/// A recovery, told to undo or to finish, is cut short at every message, and another one ends it.
#[test]
fn recovery_struck_at_every_message() {
    let mut cases = Vec::new();
    for found in FOUND {
        for choice in found.choices() {
            let scene = found.scene();
            let passing = messages(&scene.world, scene.as_caller(&["recover", choice, "--no-input"]));
            let all = scene::places(&passing);
            // What it reads is the same, whatever it was told.
            let places = all.into_iter().filter(|nth| *choice == "--undo" || scene::tells(&passing[*nth].wire));
            for (nth, place) in places.enumerate() {
                let blow = if nth % 2 == 0 { Blow::Kill } else { Blow::Interrupt };
                cases.push((found, choice, blow, place));
            }
        }
    }
    let endings = side_by_side(AT_ONCE, cases, |(found, choice, blow, nth)| {
        let scene = found.scene();
        let recovery = scene.as_caller(&["recover", choice, "--no-input"]);
        let done = struck(&scene.world, recovery, blow, blows::nth(nth));
        (
            found.flow(),
            scene.settle_recovery(&done, choice, &format!("{found:?}, {choice}, {blow:?} at message {nth}")),
        )
    });
    tally_by_flow("recovery struck", endings);
}
