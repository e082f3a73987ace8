//! Something goes wrong at every call and at every message. There is never an administrator without MFA and never a password
//! that nobody has; run again, all comes to the same end.

use super::scene::{NAME, Scene, Snapshot};
use crate::support::Run;
use crate::support::blows::{Blow, KILLED, calls, messages, nth, side_by_side, struck, tally, ways};
use glasskey::sim::aws::{Fault, Strange, Wrong};

const AT_ONCE: usize = 12;

/// The calls by which the step changes something.
const CHANGING: [&str; 8] = [
    "CreateGroup",
    "AttachGroupPolicy",
    "CreateUser",
    "CreateLoginProfile",
    "UpdateLoginProfile",
    "CreateVirtualMFADevice",
    "EnableMFADevice",
    "AddUserToGroup",
];
/// Those by which it looks.
const READING: [&str; 6] = [
    "GetAccountAuthorizationDetails",
    "GetLoginProfile",
    "ListMFADevices",
    "ListVirtualMFADevices",
    "GetAccountPasswordPolicy",
    "ListInstances",
];

fn steps() -> Vec<(String, u32)> {
    let scene = Scene::new();
    calls(&messages(&scene.outside, scene.command(&scene.all())))
}

/// Applied again, with the run of the enrollment recovered where the command says so; and once more.
fn converges(scene: &Scene, what: &str) {
    scene.outside.tap.silence();
    scene.outside.aws.heal();
    let mut again = scene.run(&scene.all());
    // What nobody can say of whose making it is, only a person decides.
    for choice in ["--yes", "--undo"] {
        if again.code == 3 && again.stderr.contains("glasskey recover") {
            let recovered = scene.recover(&[NAME, choice]);
            scene.is_safe(&format!("{what}: {recovered:?}"));
            again = scene.run(&scene.all());
        }
    }
    assert_eq!(again.code, 0, "{what}: {again:?}");
    scene.is_made(&format!("{what}: {again:?}"));
    let third = scene.run(&scene.all());
    assert_eq!((third.code, third.stdout.as_str()), (0, "nothing to do\n"), "{what}: {third:?}");
}

/// Holds the scene to the exit code.
fn settled(scene: &Scene, done: &Run, before: &Snapshot, what: &str) -> &'static str {
    scene.is_safe(what);
    match done.code {
        0 => {
            scene.is_made(what);
            "done"
        }
        1 => "not told",
        3 | 130 => {
            assert!(scene.snapshot() == *before && scene.outside.unfinished() == 0, "{what}");
            "as before"
        }
        4 => {
            assert!(scene.outside.unfinished() > 0, "{what}");
            "left"
        }
        _ => panic!("an exit code that means nothing here: {what}"),
    }
}

#[test]
fn every_call_in_every_way_and_applied_again() {
    let strange = Strange::ALL.into_iter().flat_map(|what| [true, false].map(|done| Wrong::Reply { what, done }));
    let all_ways: Vec<Wrong> = ways().into_iter().chain(strange).collect();
    let mut cases = Vec::new();
    for (action, nth) in steps() {
        let ways = match () {
            () if CHANGING.contains(&&*action) => all_ways.clone(),
            () if READING.contains(&&*action) => vec![Wrong::NeverArrive, Wrong::Deny],
            () => continue,
        };
        cases.extend(ways.into_iter().map(|wrong| Fault::nth(&action, nth, wrong)));
    }
    assert!(cases.len() > 150, "{}", cases.len());
    let endings = side_by_side(AT_ONCE, cases, |fault| {
        let scene = Scene::new();
        let before = scene.snapshot();
        scene.outside.aws.fail(fault.clone());
        let done = scene.run(&scene.all());
        scene.outside.aws.heal();
        let what = format!("{fault:?}: {done:?}");
        let ending = settled(&scene, &done, &before, &what);
        converges(&scene, &what);
        ending
    });
    tally("root harden, administrator, each call", &endings);
}

/// Made with this fault; made again, all is as it should be.
pub(crate) fn made(fault: Fault) -> (i32, &'static str) {
    made_in(&Scene::new(), fault)
}

/// The same after a run whose user has got a password, and no MFA.
pub(crate) fn made_after_another(fault: Fault) -> (i32, &'static str) {
    let scene = Scene::new();
    scene.outside.aws.fail(Fault::next("CreateVirtualMFADevice", Wrong::Deny));
    let done = scene.run(&scene.all());
    assert_eq!(done.code, 4, "{done:?}");
    scene.outside.aws.heal();
    made_in(&scene, fault)
}

fn made_in(scene: &Scene, fault: Fault) -> (i32, &'static str) {
    let what = format!("{fault:?}");
    scene.outside.aws.fail(fault);
    let done = scene.run(&scene.all());
    scene.outside.aws.heal();
    // Which of two passwords is in force nobody can say then, and the person is told.
    let is_untold = format!("whether the password that was handed over is {NAME}'s is not known");
    if !(done.code == 4 && done.stderr.contains(&is_untold)) {
        scene.is_safe(&format!("{what}: {done:?}"));
    }
    converges(scene, &format!("{what}: {done:?}"));
    (done.code, if done.code == 0 { "done" } else { "applied again" })
}

/// Undone with this fault; undone again, all is as it was.
pub(crate) fn unmade(fault: Fault) -> (i32, &'static str) {
    let scene = Scene::new();
    let before = scene.snapshot();
    let (_, run) = scene.apply();
    let what = format!("{fault:?}");
    scene.outside.aws.fail(fault);
    let done = scene.undo(&run);
    scene.outside.aws.heal();
    scene.is_safe(&format!("{what}: {done:?}"));
    if done.code != 0 {
        assert_eq!(done.code, 4, "{what}: {done:?}");
        let again = scene.undo(&run);
        assert_eq!(again.code, 0, "{what}: {again:?}");
    }
    assert!(scene.snapshot() == before && scene.outside.unfinished() == 0, "{what}: {done:?}");
    (done.code, if done.code == 0 { "undone" } else { "undone again" })
}

/// The messages from the first that the step sends for itself on: those before it only look.
fn its_messages() -> std::ops::Range<usize> {
    let scene = Scene::new();
    let all = messages(&scene.outside, scene.command(&scene.all()));
    let first = all.iter().position(|it| crate::support::blows::is_call(it, "CreateGroup")).unwrap();
    let last = all.iter().rposition(|it| crate::support::blows::is_call(it, "AddUserToGroup")).unwrap();
    first.saturating_sub(2)..(last + 4).min(all.len())
}

#[test]
fn killed_at_every_message_and_applied_again() {
    let endings = side_by_side(AT_ONCE, its_messages().collect(), |at| {
        let scene = Scene::new();
        let done = struck(&scene.outside, scene.command(&scene.all()), Blow::Kill, nth(at));
        let what = format!("killed at message {at}: {done:?}");
        scene.is_safe(&what);
        converges(&scene, &what);
        if done.code == KILLED { "killed" } else { "over" }
    });
    tally("root harden, administrator, SIGKILL at each message", &endings);
}

#[test]
fn interrupted_at_every_message_and_applied_again() {
    let endings = side_by_side(AT_ONCE, its_messages().collect(), |at| {
        let scene = Scene::new();
        let done = struck(&scene.outside, scene.command(&scene.all()), Blow::Interrupt, nth(at));
        let what = format!("interrupted at message {at}: {done:?}");
        assert!(matches!(done.code, 0 | 1 | 4 | 130), "{what}");
        scene.is_safe(&what);
        converges(&scene, &what);
        "converged"
    });
    tally("root harden, administrator, Ctrl-C at each message", &endings);
}

/// Killed, and recovered in each way. Without a place for a password recovery cannot make one, and says so.
#[test]
fn killed_at_every_message_and_recovered() {
    let cases: Vec<_> = its_messages().flat_map(|at| ["--finish", "--undo"].map(|choice| (at, choice))).collect();
    let endings = side_by_side(AT_ONCE, cases, |(at, choice)| {
        let scene = Scene::new();
        let before = scene.snapshot();
        let done = struck(&scene.outside, scene.command(&scene.all()), Blow::Kill, nth(at));
        let unfinished = scene.outside.unfinished();
        let recovered = scene.recover(&[choice]);
        let what = format!("killed at message {at}, {choice}: {done:?} {recovered:?}");
        scene.is_safe(&what);
        match choice {
            _ if unfinished == 0 => "nothing to recover",
            "--undo" => {
                assert_eq!((recovered.code, scene.outside.unfinished()), (0, 0), "{what}");
                assert!(scene.snapshot() == before, "{what}");
                "undone"
            }
            _ if recovered.code == 0 => {
                assert_eq!(scene.outside.unfinished(), 0, "{what}");
                if scene.snapshot() == before {
                    return "nothing was begun";
                }
                scene.is_made(&what);
                "finished"
            }
            _ => {
                let says = recovered.stderr.contains("boss needs a password, and no place for it was named")
                    || recovered.stderr.contains("glasskey recover");
                assert!(says, "{what}");
                converges(&scene, &what);
                "goes on with a place"
            }
        }
    });
    tally("root harden, administrator, killed and recovered", &endings);
}

#[test]
fn undoing_killed_at_every_message_and_undone_again() {
    let count = {
        let scene = Scene::new();
        let (_, run) = scene.apply();
        messages(&scene.outside, scene.command(&["--undo", &run, "--yes", "--no-input"])).len()
    };
    let endings = side_by_side(AT_ONCE, (0..count).collect(), |at| {
        let scene = Scene::new();
        let before = scene.snapshot();
        let (_, run) = scene.apply();
        let undo = ["--undo", &run, "--yes", "--no-input"];
        let done = struck(&scene.outside, scene.command(&undo), Blow::Kill, nth(at));
        let what = format!("killed at message {at}: {done:?}");
        scene.is_safe(&what);
        if done.code == KILLED {
            let again = scene.run(&undo);
            assert_eq!(again.code, 0, "{what}: {again:?}");
        }
        assert!(scene.snapshot() == before, "{what}: {:?}", scene.snapshot());
        assert_eq!(scene.outside.unfinished(), 0, "{what}");
        "undone"
    });
    tally("root harden, administrator, undoing killed", &endings);
}
