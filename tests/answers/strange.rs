//! Every call of every flow that changes something is answered by something that is no answer of AWS's, with a status that
//! means success. After each the world is held to the exit code, and recovered where something is left: 0 only where what
//! was to be done is done.

use crate::docs::hold;
use crate::enroll;
use crate::root::remove::Member;
use crate::rotation::access_key_faults as access_key;
use crate::rotation::faults::scene::{Flow, Scene};
use crate::session::Bob;
use crate::support::Simulated;
use crate::support::blows::{side_by_side, tally};
use glasskey::sim::aws::{Fault, Strange, Wrong};
use std::collections::{BTreeMap, BTreeSet};

/// A call in a flow, and what tries it: the exit code after this fault, and the kind of ending.
struct Row {
    flow: &'static str,
    action: &'static str,
    run: fn(&'static str, Fault) -> (i32, &'static str),
}

const ENROLL: &str = "enroll";
const ROTATE: &str = "rotate";
const FIRST: &str = "rotate --replace-first";
const RETIRE: &str = "retire";
const KEY: &str = "rotate --access-key";

const ROWS: &[Row] = &[
    Row { flow: ENROLL, action: "CreateVirtualMFADevice", run: enrolled },
    Row { flow: ENROLL, action: "EnableMFADevice", run: enrolled },
    Row { flow: "enroll, undone", action: "DeleteVirtualMFADevice", run: undone },
    Row { flow: ROTATE, action: "TagUser", run: |action, fault| scene(Flow::Rotate, action, fault) },
    Row { flow: ROTATE, action: "CreateVirtualMFADevice", run: |action, fault| scene(Flow::Rotate, action, fault) },
    Row { flow: ROTATE, action: "EnableMFADevice", run: |action, fault| scene(Flow::Rotate, action, fault) },
    Row { flow: ROTATE, action: "DeactivateMFADevice", run: |action, fault| scene(Flow::Rotate, action, fault) },
    Row { flow: ROTATE, action: "DeleteVirtualMFADevice", run: |action, fault| scene(Flow::Rotate, action, fault) },
    Row { flow: ROTATE, action: "UntagUser", run: |action, fault| scene(Flow::Rotate, action, fault) },
    Row { flow: FIRST, action: "DeactivateMFADevice", run: |action, fault| scene(Flow::ReplaceFirst, action, fault) },
    Row { flow: FIRST, action: "EnableMFADevice", run: |action, fault| scene(Flow::ReplaceFirst, action, fault) },
    Row { flow: RETIRE, action: "TagUser", run: |action, fault| scene(Flow::Retire, action, fault) },
    Row { flow: RETIRE, action: "DeactivateMFADevice", run: |action, fault| scene(Flow::Retire, action, fault) },
    Row { flow: RETIRE, action: "DeleteVirtualMFADevice", run: |action, fault| scene(Flow::Retire, action, fault) },
    Row { flow: RETIRE, action: "UntagUser", run: |action, fault| scene(Flow::Retire, action, fault) },
    Row { flow: "resync", action: "ResyncMFADevice", run: |action, fault| scene(Flow::Resync, action, fault) },
    Row { flow: KEY, action: "CreateAccessKey", run: rotated_key },
    Row { flow: KEY, action: "UpdateAccessKey", run: rotated_key },
    Row { flow: KEY, action: "DeleteAccessKey", run: rotated_key },
    Row { flow: "recover --finish", action: "EnableMFADevice", run: finished },
    Row { flow: "recover --undo", action: "DeleteVirtualMFADevice", run: taken_back },
    Row { flow: "session", action: "GetSessionToken", run: session },
    Row { flow: "session --role", action: "AssumeRole", run: session },
    Row { flow: "root remove", action: "AssumeRoot", run: removed },
    Row { flow: "root remove", action: "DeactivateMFADevice", run: removed },
];

/// Each in a world of its own; those that resynchronise wait for two new codes.
const AT_ONCE: usize = 24;

/// Once, after the request was carried out; once, though it was not; and every time, though it never is.
fn faults(action: &str, what: Strange) -> [Fault; 3] {
    let once = |done| Fault::next(action, Wrong::Reply { what, done });
    [once(true), once(false), Fault { times: 999, ..once(false) }]
}

fn enrolled(_: &'static str, fault: Fault) -> (i32, &'static str) {
    let world = Simulated::with_keys(1);
    world.aws.fail(fault.clone());
    let done = world.run(world.enroll_args());
    world.aws.heal();
    (done.code, enroll::faults::settle(&world, done.code, &format!("{fault:?}"), &done.stderr))
}

fn undone(action: &'static str, fault: Fault) -> (i32, &'static str) {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(fault.clone());
    let done = world.run(world.enroll_args());
    world.aws.heal();
    (done.code, enroll::faults::settle(&world, done.code, &format!("{action}, {fault:?}"), &done.stderr))
}

fn scene(flow: Flow, _: &str, fault: Fault) -> (i32, &'static str) {
    let scene = Scene::new(flow);
    scene.world.aws.fail(fault.clone());
    let done = scene.run_hurried();
    (done.code, scene.settle(&done, &format!("{flow:?}: {fault:?}")))
}

fn rotated_key(_: &'static str, fault: Fault) -> (i32, &'static str) {
    let world = access_key::World::new();
    world.outside.aws.fail(fault.clone());
    let done = world.outside.run(access_key::ROTATE);
    (done.code, world.settle(&done, &format!("{fault:?}")))
}

/// A device that is not enabled, and its credential on the key.
fn left_over() -> Simulated {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    let done = world.run(world.enroll_args());
    assert_eq!(done.code, 4, "{done:?}");
    world.a_minute_passes_for_codes();
    world
}

fn finished(_: &'static str, fault: Fault) -> (i32, &'static str) {
    recovered("--finish", fault)
}

fn taken_back(_: &'static str, fault: Fault) -> (i32, &'static str) {
    recovered("--undo", fault)
}

fn recovered(choice: &str, fault: Fault) -> (i32, &'static str) {
    let world = left_over();
    world.aws.fail(fault.clone());
    let done = world.run(["recover", choice, "--no-input"]);
    world.aws.heal();
    if done.code == 0 {
        let right = if choice == "--finish" { world.alice_is_enrolled() } else { world.nothing_is_left() };
        right.unwrap_or_else(|problem| panic!("{fault:?}: {problem} {done:?}"));
        return (0, "done");
    }
    assert_eq!(done.code, 4, "{fault:?}: {done:?}");
    (4, enroll::faults::settle(&world, done.code, &format!("recover {choice}, {fault:?}"), &done.stderr))
}

fn session(action: &'static str, fault: Fault) -> (i32, &'static str) {
    let bob = Bob::new();
    let role = bob.role();
    let as_role = ["--role", &*role];
    bob.world.aws.fail(fault.clone());
    let done = bob.fresh(if action == "AssumeRole" { &as_role } else { &[] });
    bob.settle(&done, &format!("{fault:?}"));
    (done.code, if done.code == 0 { "done" } else { "none" })
}

fn removed(_: &'static str, fault: Fault) -> (i32, &'static str) {
    let member = Member::with_two_keys();
    member.aws.fail(fault.clone());
    let done = member.remove_first();
    let gone = !member.has_first();
    assert!(done.code != 0 || gone, "{fault:?}: {done:?}");
    assert!(matches!(done.code, 0 | 3), "{fault:?}: {done:?}");
    (done.code, if gone { "done" } else { "as it was" })
}

#[test]
fn no_flow_takes_what_is_not_an_answer_of_aws_for_one() {
    let mut cases = Vec::new();
    for (nth, row) in ROWS.iter().enumerate() {
        for what in Strange::ALL {
            cases.extend(faults(row.action, what).map(|fault| (nth, row, what, fault)));
        }
    }
    // Those that wait longest begin first.
    cases.sort_by_key(|(_, row, ..)| row.flow != "resync");
    let tried = side_by_side(AT_ONCE, cases, |(nth, row, what, fault)| {
        let always = fault.times > 1;
        let (code, ending) = (row.run)(row.action, fault);
        (nth, what, always, code, ending)
    });
    tally("strange replies", &tried.iter().map(|it| it.4).collect::<Vec<_>>());
    let mut cells: BTreeMap<(usize, usize), BTreeSet<(bool, i32)>> = BTreeMap::new();
    for (nth, what, always, code, _) in tried {
        let column = Strange::ALL.iter().position(|it| *it == what).unwrap();
        cells.entry((nth, column)).or_default().insert((always, code));
    }
    let mut right = String::from(
        "| flow | call | 200, a page | 200, nothing | 204 | 200, `{}` | 200, cut short | 200, another call's answer |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for (nth, row) in ROWS.iter().enumerate() {
        right += &format!("| {} | {} |", row.flow, row.action);
        for column in 0..Strange::ALL.len() {
            let codes = |of_always: bool| {
                let of = cells[&(nth, column)].iter().filter(|(always, _)| *always == of_always);
                of.map(|(_, code)| code.to_string()).collect::<Vec<_>>().join(" or ")
            };
            right += &format!(" {}; {} |", codes(false), codes(true));
        }
        right.push('\n');
    }
    hold("docs/flows.md", "answers", &right);
}
