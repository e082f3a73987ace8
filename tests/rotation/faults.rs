//! Something goes wrong at every message of a rotation, a retirement and a resynchronisation in turn, on every wire,
//! through the binary. After each: the user has a device that works, none is enabled whose seed is nowhere, the exit
//! code and the words tell the truth, no code was sent twice, and `recover` ends in one of the two good states.

mod own; // one's own devices, with a session for proof
mod patience; // what waits for half a minute and more
pub(crate) mod scene; // the flows, their worlds, and what must hold of those
mod strikes; // the process is killed or interrupted, and so is the recovery

use crate::support::blows::{self, side_by_side, tally, ways};
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::oath_card::{self, On, What, When};
use glasskey::sim::serve::Server;
use glasskey::sim::tap::{Passing, Wire};
pub(super) use own::OWN_ROTATION;
use scene::{Flow, Scene};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, mpsc};

/// As an administrator: nothing waits for STS.
const QUICK: [Flow; 4] = [Flow::Rotate, Flow::ReplaceFirst, Flow::Retire, Flow::Resync];

/// Most cases wait for something now and then: a retry, a lost reply.
const AT_ONCE: usize = 24;

/// The calls of a run that goes well, each with its number among those of its name.
fn calls(flow: Flow) -> Vec<(String, u32)> {
    blows::calls(scene::calm(flow))
}

fn with_a_fault(flow: Flow, fault: &Fault) -> &'static str {
    let scene = Scene::new(flow);
    scene.world.aws.fail(fault.clone());
    let done = scene.run_hurried();
    scene.settle(&done, &format!("{flow:?}: {fault:?}"))
}

/// Counts the endings of each flow's cases.
fn tally_by_flow(what: &str, endings: Vec<(Flow, &'static str)>) {
    for flow in QUICK {
        let of: Vec<_> = endings.iter().filter(|it| it.0 == flow).map(|it| it.1).collect();
        tally(&format!("{flow:?}, {what}"), &of);
    }
}

#[test]
fn every_aws_call_in_every_way() {
    let mut cases = Vec::new();
    for flow in QUICK {
        for (action, nth) in calls(flow) {
            // Where its outcome is not known two new codes are waited for.
            let ways = ways().into_iter().filter(|wrong| action != "ResyncMFADevice" || !patience::is_lost(wrong));
            cases.extend(ways.map(|wrong| (flow, Fault::nth(&action, nth, wrong))));
        }
    }
    let endings = side_by_side(AT_ONCE, cases, |(flow, fault)| (flow, with_a_fault(flow, &fault)));
    tally_by_flow("each AWS call", endings);
}

/// From one call on, AWS is not reached any more: no request arrives, or nobody listens and the connection is refused.
#[test]
fn aws_goes_away_at_every_call() {
    let mut cases = Vec::new();
    for flow in QUICK {
        let patient = usize::from(flow == Flow::Resync);
        cases.extend((0..calls(flow).len() - patient).flat_map(|nth| [(flow, nth, false), (flow, nth, true)]));
    }
    let endings = side_by_side(cases.len(), cases, |(flow, nth, refused)| {
        if refused {
            return nobody_listens_from(flow, nth);
        }
        let nth = u32::try_from(nth + 1).unwrap();
        with_a_fault(flow, &Fault { action: None, nth, times: 999, what: Wrong::NeverArrive })
    });
    tally("AWS gone from each call on", &endings);
}

fn nobody_listens_from(flow: Flow, nth: usize) -> &'static str {
    let scene = Scene::new(flow);
    let gate = Server::start(scene.world.aws.clone(), None).unwrap();
    let mut command = scene.command();
    command.envs(gate.environment(&scene.world.aws.admin()));
    let (close, closing) = mpsc::channel();
    let (close, seen) = (Mutex::new(close), AtomicU32::new(0));
    scene.world.tap.listen(move |it| {
        if matches!(it.wire, Wire::Aws { .. }) && !it.done && seen.fetch_add(1, Ordering::SeqCst) as usize == nth {
            let _ = close.lock().unwrap().send(());
        }
    });
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    closing.recv().unwrap();
    drop(gate);
    let done = blows::finished(child);
    scene.world.tap.silence();
    scene.settle(&done, &format!("{flow:?}: nobody listens from call {nth} on"))
}

/// How a command to a key goes wrong.
const SPOILT: [(When, What); 8] = [
    (When::Before, What::Pull),
    (When::Before, What::Mute),
    (When::Before, What::Malformed),
    (When::Before, What::Sw(0x6F00)),
    (When::After, What::Pull),
    (When::After, What::Mute),
    (When::After, What::Malformed),
    (When::After, What::Sw(0x6F00)),
];

/// The commands of a run that goes well, spoilt: by key, each in one way; those that write in every way.
fn spoilt(passing: &[Passing], picks: impl Fn(usize) -> bool) -> Vec<(usize, oath_card::Fault)> {
    let mut cases = Vec::new();
    for key in 0..2 {
        let serial = glasskey::keys::Serial(crate::support::FIRST + u32::try_from(key).unwrap());
        let commands = passing.iter().enumerate().filter(|(_, it)| !it.done).filter_map(|(at, it)| match it.wire {
            Wire::Key { key, ins } if key == Some(serial) => Some((at, ins)),
            _ => None,
        });
        for (nth, (at, ins)) in commands.enumerate() {
            let ways = match ins {
                // PUT and DELETE.
                0x01 | 0x02 => &SPOILT[..],
                _ if picks(at) => &SPOILT[nth % 8..=nth % 8],
                _ => continue,
            };
            let fault =
                |(when, what): &(When, What)| oath_card::Fault { on: On::Nth(nth + 1), when: *when, what: *what };
            cases.extend(ways.iter().map(|way| (key, fault(way))));
        }
    }
    cases
}

/// Each command to each key in one way; those that write in every way.
#[test]
fn every_apdu() {
    let mut cases = Vec::new();
    for flow in QUICK {
        let passing = scene::calm(flow);
        let distinct = scene::distinct(passing);
        // Of one of eight devices there is much to read.
        let picks = |at| flow != Flow::ReplaceFirst || distinct.contains(&at);
        cases.extend(spoilt(passing, picks).into_iter().map(|(key, fault)| (flow, key, fault)));
    }
    let endings = side_by_side(8, cases, |(flow, key, fault)| spoil(&Scene::new(flow), key, fault));
    tally("each APDU", &endings);
}

fn spoil(scene: &Scene, key: usize, fault: oath_card::Fault) -> &'static str {
    scene.world.keys.key(key).fault(fault);
    let done = scene.run_hurried();
    scene.settle(&done, &format!("{:?}, key {key}, {fault:?}", scene.flow))
}
