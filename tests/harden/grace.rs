//! Root's own credentials are deactivated, kept for a time of grace, and only then deleted.

use super::world::{Kind, World};
use crate::support::Run;
use crate::support::blows::Blow;
use glasskey::sim::aws::{Fault, Wrong};
use std::io::{BufRead, BufReader};
use std::process::Stdio;

/// A run that waits for the time of grace, with both keys inactive; what happens then.
fn in_grace(world: &World, then: impl FnOnce(&std::process::Child)) -> Run {
    let apply = ["--apply", "--yes", "--no-input", "--accept-irreversible", "--only", "root-access-keys"];
    let mut command = world.command(&[&apply[..], &["--grace", "600"]].concat());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    while !said.contains("in 600 s they are deleted") {
        said += &(lines.next().expect("it waits").unwrap() + "\n");
    }
    then(&child);
    said.extend(lines.map(|line| line.unwrap() + "\n"));
    let status = child.wait_with_output().unwrap().status;
    Run { code: status.code().unwrap_or(-1), stdout: String::new(), stderr: said }
}

#[test]
fn after_the_time_of_grace_what_is_inactive_goes() {
    let world = World::of(Kind::OfRoot);
    let plan = world.run(&["--only", "root-access-keys", "--grace", "3600"]);
    assert!(
        plan.stdout.contains("3600 s later deleted for good, unless somebody has activated it by then"),
        "{plan:?}"
    );
    assert!(plan.stdout.contains("waits 3630 s at most"), "{plan:?}");
    let done = world.run(&[&world.all()[..], &["--grace", "2"]].concat());
    assert_eq!((done.code, world.outside.aws.access_keys("root").len()), (0, 0), "{done:?}");
    // Deactivated, all of them, and only then deleted.
    let calls = world.outside.actions();
    let of = |action: &str| {
        let found = calls.iter().enumerate().filter(|(_, call)| *call == action);
        found.map(|(nth, _)| nth).collect::<Vec<_>>()
    };
    for what in ["AccessKey", "SigningCertificate"] {
        let (off, gone) = (of(&format!("Update{what}")), of(&format!("Delete{what}")));
        assert!(!off.is_empty() && off.last() < gone.first(), "{what}: {calls:?}");
    }
}

#[test]
fn what_somebody_activates_within_the_time_of_grace_stays() {
    let world = World::of(Kind::OfRoot);
    let before = world.snapshot();
    let active = world.outside.aws.access_keys("root").into_iter().find(|key| key.active).unwrap().id;
    let done = in_grace(&world, |_| {
        let arguments = [("AccessKeyId", &*active), ("Status", "Active")];
        let _ = crate::enroll::api::call(&world.outside.aws, &world.caller, "UpdateAccessKey", &arguments);
    });
    assert_eq!((done.code, world.snapshot() == before, world.outside.unfinished()), (3, true, 0), "{done:?}");
    assert!(done.stderr.contains(&format!("somebody has activated access key {active} of root's again")), "{done:?}");
}

#[test]
fn ctrl_c_within_the_time_of_grace_deletes_nothing() {
    let world = World::of(Kind::OfRoot);
    let before = world.snapshot();
    let done = in_grace(&world, |child| Blow::Interrupt.strike(child.id()));
    assert_eq!((done.code, world.outside.aws.access_keys("root").len()), (4, 2), "{done:?}");
    assert!(world.snapshot() != before, "one is inactive");
    let undone = world.recover("--undo");
    assert_eq!((undone.code, world.snapshot() == before), (0, true), "{undone:?}");
}

/// Credentials that may not deactivate: with a time of grace nothing is deleted directly.
#[test]
fn what_cannot_be_deactivated_stays_where_a_time_of_grace_is_asked_for() {
    let world = World::of(Kind::OfRoot);
    let before = world.snapshot();
    let message = "UserName is required".to_owned();
    let what = Wrong::Code { status: 400, code: "ValidationError".to_owned(), message };
    world.outside.aws.fail(Fault { times: 9, ..Fault::next("UpdateAccessKey", what) });
    let apply = ["--apply", "--yes", "--no-input", "--accept-irreversible", "--only", "root-access-keys"];
    let done = world.run(&[&apply[..], &["--grace", "2"]].concat());
    assert_eq!((done.code, world.snapshot() == before, world.outside.unfinished()), (3, true, 0), "{done:?}");
    assert!(done.stderr.contains("--grace asks for that first"), "{done:?}");
}

#[test]
fn a_certificate_that_the_run_has_deactivated_is_activated_again() {
    let world = World::of(Kind::OfRoot);
    let of_root = |action| crate::enroll::api::call(&world.outside.aws, &world.caller, action, &[]);
    world.outside.aws.fail(Fault::next("DeleteSigningCertificate", Wrong::Deny));
    let before = of_root("ListSigningCertificates");
    let apply = ["--apply", "--yes", "--no-input", "--accept-irreversible", "--only", "root-certificates"];
    let done = world.run(&apply);
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    assert!(before.contains("Active") && of_root("ListSigningCertificates").contains("Inactive"), "{before}");
    let undone = world.recover("--undo");
    assert_eq!(undone.code, 0, "{undone:?}");
    assert!(!of_root("ListSigningCertificates").contains("Inactive"), "{undone:?}");
}

/// One is needed; the other, which the run has deactivated too, is activated again when the run is undone.
#[test]
fn undone_after_somebody_activated_one_key_the_other_is_active_too() {
    let world = World::of(Kind::OfRoot);
    let aws = &world.outside.aws;
    for key in aws.access_keys("root") {
        let arguments = [("AccessKeyId", &*key.id), ("Status", "Active")];
        let _ = crate::enroll::api::call(aws, &world.caller, "UpdateAccessKey", &arguments);
    }
    let before = world.snapshot();
    let needed = aws.access_keys("root").remove(0).id;
    let done = in_grace(&world, |_| {
        let arguments = [("AccessKeyId", &*needed), ("Status", "Active")];
        let _ = crate::enroll::api::call(aws, &world.caller, "UpdateAccessKey", &arguments);
    });
    assert_eq!((done.code, world.outside.unfinished()), (4, 1), "{done:?}");
    let undone = world.recover("--undo");
    assert_eq!((undone.code, world.snapshot() == before), (0, true), "{undone:?}");
}
