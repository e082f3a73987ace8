//! Each flow in a world of its own, with a fault in one of its calls: the exit code, which the world is held to, and the
//! kind of ending.

use crate::audit::office::{Office, organization};
use crate::drill::Safe;
use crate::enroll;
use crate::root::remove::Member;
use crate::rotation::access_key_faults as access_key;
use crate::rotation::faults::scene::{Flow, Scene};
use crate::session::Bob;
use crate::support::blows::{Blow, is_call, struck};
use crate::support::{Simulated, run};
use glasskey::oath::{Name, Session};
use glasskey::sim::aws::organization::Kind;
use glasskey::sim::aws::{Fault, Wrong};
use std::fs::File;
use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

type Ending = (i32, &'static str);

pub(super) fn enrolled(fault: Fault) -> Ending {
    let world = Simulated::with_keys(1);
    world.aws.fail(fault.clone());
    let done = world.run(world.enroll_args());
    world.aws.heal();
    (done.code, enroll::faults::settle(&world, done.code, &format!("{fault:?}"), &done.stderr))
}

pub(super) fn undone(fault: Fault) -> Ending {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(fault.clone());
    let done = world.run(world.enroll_args());
    world.aws.heal();
    (done.code, enroll::faults::settle(&world, done.code, &format!("undone, {fault:?}"), &done.stderr))
}

pub(super) fn scene(flow: Flow, fault: Fault) -> Ending {
    let scene = Scene::new(flow);
    scene.world.aws.fail(fault.clone());
    let done = scene.run_hurried();
    (done.code, scene.settle(&done, &format!("{flow:?}: {fault:?}")))
}

pub(super) fn rotated_key(fault: Fault) -> Ending {
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

pub(super) fn recovered(choice: &str, fault: Fault) -> Ending {
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

pub(super) fn session(role: bool, fault: Fault) -> Ending {
    let bob = Bob::new();
    let name = bob.role();
    let as_role = ["--role", &*name];
    bob.world.aws.fail(fault.clone());
    let done = bob.fresh(if role { &as_role } else { &[] });
    bob.settle(&done, &format!("{fault:?}"));
    (done.code, if done.code == 0 { "done" } else { "none" })
}

pub(super) fn removed(fault: Fault) -> Ending {
    let member = Member::with_two_keys();
    member.aws.fail(fault.clone());
    let done = member.remove_first();
    let gone = !member.has_first();
    assert!(done.code != 0 || gone, "{fault:?}: {done:?}");
    assert!(matches!(done.code, 0 | 3), "{fault:?}: {done:?}");
    (done.code, if gone { "done" } else { "as it was" })
}

/// A member's virtual device: the task does not let it be deleted, and whether it was is then not known either.
pub(super) fn removed_phone(fault: Fault) -> Ending {
    let member = Member::with_a_phone();
    member.aws.fail(fault.clone());
    let done = member.remove_first();
    assert_eq!(member.user_of_first(), Some(None), "{fault:?}: {done:?}");
    match done.code {
        0 => assert!(done.stderr.contains("is nobody's now, and not deleted"), "{fault:?}: {done:?}"),
        4 => assert!(done.stderr.contains("perhaps left behind: "), "{fault:?}: {done:?}"),
        code => panic!("{fault:?}: exit code {code}: {done:?}"),
    }
    (done.code, "done")
}

/// A user who has a device already opens a session with its code.
pub(super) fn enrolled_by_themselves(fault: Fault) -> Ending {
    let bob = Bob::new();
    bob.world.aws.fail(fault.clone());
    let mut enroll = bob.caller(&["enroll", "--key", "12345678", "--device-name", "bob-new", "--yes", "--no-input"]);
    let done = run(&mut enroll);
    let devices = bob.world.devices_of("bob").len();
    assert_eq!((devices, bob.world.unfinished()), (if done.code == 0 { 2 } else { 1 }, 0), "{fault:?}: {done:?}");
    assert!(matches!(done.code, 0 | 3), "{fault:?}: {done:?}");
    (done.code, if done.code == 0 { "done" } else { "as it was" })
}

/// Two users, and a store that takes their seeds.
pub(super) fn roster(fault: Fault) -> Ending {
    let world = Simulated::with_keys(0);
    let _ = world.aws.add_user("carol");
    std::fs::write(world.keys.home.path().join("team.csv"), "alice\ncarol\n").unwrap();
    let line = "enroll --roster team.csv --to-command cat --accept-unproved --yes --no-input";
    world.aws.fail(fault.clone());
    let done = world.run(line.split(' '));
    world.aws.heal();
    let enabled = world.aws.devices().into_iter().filter(|device| device.user.is_some()).count();
    assert!((done.code == 0) == (enabled == 2), "{fault:?}: {done:?}");
    assert!(matches!(done.code, 0 | 3 | 4), "{fault:?}: {done:?}");
    (done.code, if done.code == 0 { "done" } else { "not all" })
}

/// A device that was enabled, and whose credential went from the key before the run ended.
pub(super) fn enabled_taken_back(fault: Fault) -> Ending {
    let world = Simulated::with_keys(1);
    let enabled = |it: &_| is_call(it, "EnableMFADevice") && it.done;
    struck(&world, world.glasskey(world.enroll_args()), Blow::Kill, enabled);
    is_on_record(&world);
    let mut session = Session::open(world.keys.key(0).card()).unwrap();
    session.delete(&Name::from_id(&world.credential("alice")).unwrap()).unwrap();
    drop(session);
    let undo = || world.run(["recover", "--undo", "--no-input"]);
    world.aws.fail(fault.clone());
    let mut done = undo();
    let code = done.code;
    if code != 0 {
        assert_eq!(code, 4, "{fault:?}: {done:?}");
        world.aws.heal();
        done = undo();
    }
    assert_eq!(done.code, 0, "{fault:?}: {done:?}");
    world.nothing_is_left().unwrap_or_else(|problem| panic!("{fault:?}: {problem} {done:?}"));
    (code, if code == 0 { "done" } else { "recovered" })
}

/// IAM's answer to enabling is on record too.
fn is_on_record(world: &Simulated) {
    let at = world.aws.clock().now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut runs = std::fs::read_dir(world.keys.state_dir().join("runs")).unwrap();
    let mut file = File::options().append(true).open(runs.next().unwrap().unwrap().path()).unwrap();
    writeln!(file, "{{\"record\":\"enabled\",\"at\":{at}}}").unwrap();
}

/// Recovery of a scene whose run has stopped at this call, refused as often as it was sent.
fn stopped(flow: Flow, refused: &str, choice: &str, fault: Fault) -> Ending {
    let scene = Scene::new(flow);
    scene.world.aws.fail(Fault { times: 999, ..Fault::next(refused, Wrong::Deny) });
    let done = scene.run_hurried();
    assert_eq!((done.code, scene.world.unfinished()), (4, 1), "{done:?}");
    scene.world.aws.heal();
    // IAM takes newer codes only.
    scene.world.aws.clock().advance(Duration::from_secs(90));
    scene.world.aws.fail(fault.clone());
    let done = run(&mut scene.as_caller(&["recover", choice, "--no-input"]));
    scene.world.aws.heal();
    (done.code, scene.settle_recovery(&done, choice, &format!("{flow:?}, {choice}: {fault:?}")))
}

pub(super) fn rotation(choice: &str, fault: Fault) -> Ending {
    // What is refused to the run is not what goes wrong in its recovery.
    stopped(Flow::Rotate, "DeactivateMFADevice", choice, fault)
}

pub(super) fn enabled_again(fault: Fault) -> Ending {
    stopped(Flow::ReplaceFirst, "EnableMFADevice", "--undo", fault)
}

pub(super) fn retirement(fault: Fault) -> Ending {
    stopped(Flow::Retire, "DeleteVirtualMFADevice", "--finish", fault)
}

/// The new access key works, and the old one could not be deleted.
pub(super) fn key(choice: &str, fault: Fault) -> Ending {
    let world = access_key::World::new();
    world.outside.aws.fail(Fault::next("DeleteAccessKey", Wrong::Deny));
    let done = world.outside.run(access_key::ROTATE);
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    world.outside.aws.heal();
    world.outside.aws.fail(fault.clone());
    let done = world.outside.run(["recover", choice, "--no-input"]);
    (done.code, world.settle_recovery(&done, choice, &format!("{choice}: {fault:?}")))
}

/// Proved is what STS has taken a code of, and nothing else.
pub(super) fn proved(fault: Fault) -> Ending {
    let bob = Bob::new();
    bob.world.aws.fail(fault.clone());
    let done = run(&mut bob.caller(&["devices", "--prove", "--json", "--no-input"]));
    match done.code {
        0 => assert_eq!(done.json()["devices"][0]["held"][0]["proof"], "proved", "{fault:?}: {done:?}"),
        code => assert_eq!(code, 3, "{fault:?}: {done:?}"),
    }
    (done.code, if done.code == 0 { "proved" } else { "not proved" })
}

/// A drill whose session is not known to have been opened has not passed, and says why.
pub(super) fn drilled(fault: Fault) -> Ending {
    let safe = Safe::new();
    safe.world.aws.fail(fault.clone());
    let done = run(&mut safe.drilling(&["--json"]));
    let record = &done.json()["keys"][0]["record"];
    let state = &record["session"]["state"];
    assert_eq!(
        (state == "passed", &record["passed"]),
        (done.code == 0, &(done.code == 0).into()),
        "{fault:?}: {done:?}"
    );
    assert!(done.code == 0 || !record["session"]["why"].is_null(), "{fault:?}: {done:?}");
    (done.code, if done.code == 0 { "passed" } else { "failed" })
}

/// A rule that needs the report is unknown where there is none.
pub(super) fn audited(fault: Fault) -> Ending {
    whole_or_unknown(&Office::sound(), &[], &fault)
}

pub(super) fn organization_audited(fault: Fault) -> Ending {
    let (_organization, office, _) = organization(&[Kind::Sound]);
    whole_or_unknown(&office, &["--org"], &fault)
}

/// What is unknown is seen in the exit code, and what is known is as it is when all goes well.
fn whole_or_unknown(office: &Office, args: &[&str], fault: &Fault) -> Ending {
    let verdicts = |rows: &[serde_json::Value]| {
        let findings = rows.iter().flat_map(|row| row["findings"].as_array().cloned().unwrap_or_default());
        findings.map(|one| one["verdict"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (right, well) = office.lines(args);
    office.aws.fail(fault.clone());
    let (rows, code) = office.lines(args);
    let unknown = |rows: &[serde_json::Value]| verdicts(rows).iter().filter(|verdict| *verdict == "unknown").count();
    if unknown(&rows) == unknown(&right) {
        assert_eq!((verdicts(&rows), code), (verdicts(&right), well), "{fault:?}: {rows:?}");
        return (code, "whole");
    }
    assert!(unknown(&rows) > unknown(&right) && code != 0, "{fault:?}: {rows:?}");
    (code, "unknown")
}
