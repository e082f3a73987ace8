//! Something goes wrong at every message of `glasskey devices`. It reads only, so nothing is changed, whatever it was.
//! What it shows is true, and what it could not look at it says.

use crate::enroll::api;
use crate::support::blows::{self, Blow, KILLED, side_by_side, struck, tally, ways};
use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::{self, Fault, Wrong};
use glasskey::sim::oath_card::{self, On, SoftKey, What, When};
use glasskey::sim::tap::{Passing, Wire};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::OnceLock;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ask {
    /// By the administrator, everybody's.
    All,
    /// By the administrator, one user's.
    Alice,
    /// By alice, with a proof.
    Prove,
}

const ASKS: [Ask; 3] = [Ask::All, Ask::Alice, Ask::Prove];

/// Alice has a virtual device, on the second key, and a FIDO device; another virtual device is nobody's.
struct Scene {
    ask: Ask,
    world: Simulated,
    alice: aws::Keys,
}

/// Everything that could be changed.
fn state(world: &Simulated) -> String {
    let held: Vec<_> = world.keys.all().iter().map(SoftKey::credentials).collect();
    format!("{:?} {:?} {held:?} {}", world.aws.devices(), world.aws.users(), world.unfinished())
}

impl Scene {
    fn new(ask: Ask) -> Self {
        let world = Simulated::with_keys(2);
        let alice = api::free_user(&world.aws, "alice");
        // Long enough ago for STS to know of it.
        world.aws.clock().set_offset_seconds(-60);
        let serial = world.aws.add_device_for("alice", 1).remove(0);
        world.aws.clock().set_offset_seconds(0);
        let _ = world.aws.add_fido_for("alice", "desk");
        let admin = world.aws.admin();
        api::call(&world.aws, &admin, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "nobodys")]);
        api::hold(&world.aws, world.keys.key(1), &serial, &world.credential("alice-1"));
        Self { ask, world, alice }
    }

    fn command(&self) -> Command {
        match self.ask {
            Ask::All => self.world.glasskey(["devices", "--all", "--json", "--no-input"]),
            Ask::Alice => self.world.glasskey(["devices", "alice", "--json", "--no-input"]),
            Ask::Prove => self.world.glasskey_as(&self.alice, ["devices", "--prove", "--json", "--no-input"]),
        }
    }

    /// Has something go wrong, and holds the run to what it promises.
    fn holds(&self, what: &str, break_it: impl FnOnce(&Self) -> Run) -> (Run, &'static str) {
        let before = state(&self.world);
        let done = break_it(self);
        self.world.aws.heal();
        self.world.tap.silence();
        self.world.keys.all().iter().for_each(SoftKey::plug_in);
        assert_eq!(state(&self.world), before, "{what}: {done:?}");
        let mut codes = BTreeSet::new();
        for call in self.world.aws.calls() {
            assert!(call.codes.iter().all(|code| codes.insert(code.clone())), "{what}: a code was sent twice");
        }
        let ending = match done.code {
            0 => self.tells_the_truth(&done, what),
            3 => {
                let told = done.json()["type"] == "error" && done.stderr.contains("glasskey: error: ");
                assert!(told && done.json()["state"] == Value::Array(Vec::new()), "{what}: {done:?}");
                "failed"
            }
            130 => {
                assert_eq!(done.json()["code"], "interrupted", "{what}: {done:?}");
                assert!(done.stderr.ends_with("glasskey: error: interrupted\n"), "{what}: {done:?}");
                "interrupted"
            }
            KILLED => "killed",
            code => panic!("{what}: exit code {code} means nothing here: {done:?}"),
        };
        (done, ending)
    }

    /// The list is as it is when all goes well, but for what it says it has not seen.
    fn tells_the_truth(&self, done: &Run, what: &str) -> &'static str {
        let (mut there, mut right) = (done.json(), self.whole());
        let unseen = |json: &mut Value| -> BTreeSet<String> {
            let all = json["unseen"].take();
            all.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
        };
        let (missing, always) = (unseen(&mut there), unseen(&mut right));
        let missing: Vec<_> = missing.difference(&always).collect();
        for sentence in &missing {
            assert!(done.stderr.contains(&format!("glasskey: {sentence}\n")), "{what}: {done:?}");
        }
        if there == right {
            // It can be that what was not seen holds nothing.
            return if missing.is_empty() { "whole" } else { "whole, but for a key" };
        }
        assert!(!missing.is_empty(), "{what}: something is missing, and it is not said: {done:?}");
        if missing.iter().all(|it| it.starts_with("not read: ")) {
            for json in [&mut there, &mut right] {
                json["devices"].as_array_mut().unwrap().iter_mut().for_each(|it| drop(it["held"].take()));
            }
            assert_eq!(there, right, "{what}: only what the keys hold may be missing");
            return "without a key";
        }
        assert!(missing.iter().all(|it| it.starts_with("not seen: no permission for ")), "{what}: {done:?}");
        "without what is not allowed"
    }

    /// The list when all goes well, with this world's names in it.
    fn whole(&self) -> Value {
        let done = run(&mut self.command_of_calm());
        assert_eq!(done.code, 0, "{done:?}");
        done.json()
    }

    /// A code that was sent is not sent again: a proof is compared with one of the next step.
    fn command_of_calm(&self) -> Command {
        if self.ask == Ask::Prove {
            self.world.aws.clock().advance(std::time::Duration::from_secs(60));
        }
        self.command()
    }
}

/// The messages of a run that goes well.
fn calm(ask: Ask) -> &'static [Passing] {
    static CALM: [OnceLock<Vec<Passing>>; 3] = [const { OnceLock::new() }; 3];
    CALM[ask as usize].get_or_init(|| {
        let scene = Scene::new(ask);
        blows::messages(&scene.world, scene.command())
    })
}

/// The calls, each with its number among those of its name.
fn calls(ask: Ask) -> Vec<(String, u32)> {
    let mut all: Vec<(String, u32)> = Vec::new();
    for it in calm(ask).iter().filter(|it| !it.done) {
        if let Wire::Aws { action } = &it.wire {
            let before = all.iter().filter(|call| call.0 == *action).count();
            all.push((action.clone(), u32::try_from(before + 1).unwrap()));
        }
    }
    all
}

#[test]
fn every_aws_call_in_every_way() {
    let mut cases = Vec::new();
    for ask in ASKS {
        for (action, nth) in calls(ask) {
            cases.extend(ways().map(|wrong| (ask, Fault::nth(&action, nth, wrong))));
        }
        for nth in 1..=u32::try_from(calls(ask).len()).unwrap() {
            cases.push((ask, Fault { action: None, nth, times: 999, what: Wrong::NeverArrive }));
        }
    }
    let endings = side_by_side(cases.len(), cases, |(ask, fault)| {
        let what = format!("{ask:?}: {fault:?}");
        let (done, ending) = Scene::new(ask).holds(&what, |scene| {
            scene.world.aws.fail(fault.clone());
            run(&mut scene.command())
        });
        match (&fault.what, fault.times, fault.action.as_deref()) {
            (Wrong::Expire, ..) => {
                assert!(
                    done.code == 3 && done.stderr.contains("error: the AWS credentials have expired\n"),
                    "{what}"
                );
            }
            (Wrong::NeverArrive, 999, _) => assert_eq!(done.code, 3, "{what}: {done:?}"),
            // STS may have spent the code.
            (Wrong::LoseReply | Wrong::NeverArrive, _, Some("GetSessionToken")) => assert_eq!(done.code, 3, "{what}"),
            (Wrong::Deny, ..) => {}
            (_, _, Some("GetSessionToken")) => {}
            // Reading is repeated.
            _ => assert_eq!((done.code, ending), (0, "whole"), "{what}: {done:?}"),
        }
        ending
    });
    tally("devices, each AWS call", &endings);
}

#[test]
fn every_command_to_a_key() {
    let mut cases = Vec::new();
    for ask in [Ask::All, Ask::Prove] {
        for key in 0..2 {
            let serial = Some(glasskey::keys::Serial(crate::support::FIRST + u32::try_from(key).unwrap()));
            let is_its = |it: &&Passing| matches!(it.wire, Wire::Key { key, .. } if key == serial) && !it.done;
            for nth in 1..=calm(ask).iter().filter(is_its).count() {
                let ways = [What::Pull, What::Mute, What::Malformed, What::Sw(0x6F00)];
                for what in [ways[nth % 4], ways[(nth / 4 + nth + 1) % 4]] {
                    let when = if nth % 2 == 0 { When::Before } else { When::After };
                    cases.push((ask, key, oath_card::Fault { on: On::Nth(nth), when, what }));
                }
            }
        }
    }
    let endings = side_by_side(16, cases, |(ask, key, fault)| {
        let what = format!("{ask:?}, key {key}: {fault:?}");
        let (done, ending) = Scene::new(ask).holds(&what, |scene| {
            scene.world.keys.key(key).fault(fault);
            run(&mut scene.command())
        });
        // Only a proof needs the key.
        assert!(done.code == 0 || ask == Ask::Prove && key == 1, "{what}: {done:?}");
        ending
    });
    tally("devices, each command to a key", &endings);
}

#[test]
fn killed_and_interrupted_at_every_message() {
    let mut cases = Vec::new();
    for ask in ASKS {
        let places = (0..calm(ask).len()).filter(|nth| ask != Ask::Alice || nth % 4 == 0);
        cases.extend(places.map(|nth| (ask, nth, if nth / 2 % 2 == 0 { Blow::Interrupt } else { Blow::Kill })));
        let calls = (0..calm(ask).len()).filter(|nth| matches!(calm(ask)[*nth].wire, Wire::Aws { .. }));
        cases.extend(calls.flat_map(|nth| [(ask, nth, Blow::Interrupt), (ask, nth, Blow::Kill)]));
    }
    let endings = side_by_side(16, cases, |(ask, nth, blow)| {
        let what = format!("{ask:?}, {blow:?} at message {nth}, {:?}", calm(ask)[nth]);
        let (done, ending) =
            Scene::new(ask).holds(&what, |scene| struck(&scene.world, scene.command(), blow, blows::nth(nth)));
        let right = if blow == Blow::Kill { done.code == KILLED } else { matches!(done.code, 0 | 130) };
        assert!(right, "{what}: {done:?}");
        ending
    });
    tally("devices, struck", &endings);
}
