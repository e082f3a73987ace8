//! Hardening, in worlds of their own, with a fault in one of its calls.

use crate::harden::alarm::topic;
use crate::harden::alarm_test::{code_in_the_mail, ready};
use crate::harden::alarm_world::ADDRESS;
use crate::harden::trail::own;
use crate::harden::world::{Kind, World, members};
use crate::support::{Run, Simulated, Typist, run, run_with};
use glasskey::sim::aws::organization::Kind as MemberKind;
use glasskey::sim::aws::posture::{Bucket, MailKind, Topic, Trail};
use glasskey::sim::aws::{Fault, Organization, Wrong};
use serde_json::json;

type Ending = (i32, &'static str);

/// The call that was to go wrong has been sent.
fn was_sent(outside: &Simulated, fault: &Fault) {
    let action = fault.action.as_ref().unwrap();
    assert!(outside.actions().contains(action), "{action} is not sent: {:?}", outside.actions());
}

/// An account is hardened. Applied again, it is as it would have been.
pub(super) fn hardened(kind: Kind, fault: Fault) -> Ending {
    applied_again(&World::of(kind), fault)
}

fn applied_again(world: &World, fault: Fault) -> Ending {
    let before = world.snapshot();
    world.fail(&fault);
    let done = world.run(&world.all());
    world.heal();
    was_sent(&world.outside, &fault);
    let what = format!("{fault:?}: {done:?}");
    match done.code {
        0 | 1 => {}
        3 => assert!(world.snapshot() == before && world.outside.unfinished() == 0, "{what}"),
        4 => assert_eq!(world.outside.unfinished(), 1, "{what}"),
        _ => panic!("an exit code that means nothing here: {what}"),
    }
    let again = world.run(&world.all());
    let nothing = again.stdout.lines().next() == Some("nothing to do");
    assert_eq!(again.code, 0, "{what}: {again:?}");
    assert!(nothing == (done.code <= 1), "{what}: {again:?}");
    (done.code, if nothing { "done" } else { "applied again" })
}

/// A run is undone that has made a password policy, a contact, and turned on central root access.
pub(super) fn unhardened(fault: Fault) -> Ending {
    let world = World::of(Kind::Managing);
    world.outside.aws.arrange(|posture| posture.password_policy = None);
    undone_again(&world, fault)
}

/// A run is undone that has attached the policy about root.
pub(super) fn unguarded(fault: Fault) -> Ending {
    let world = World::of(Kind::Guarded);
    Organization::of(&world.outside.aws).unwrap().set_scps(true);
    undone_again(&world, fault)
}

fn undone_again(world: &World, fault: Fault) -> Ending {
    let before = world.snapshot();
    let applied = world.run(&[&world.all()[..], &["--json"]].concat());
    let run = applied.json()["run"].as_str().unwrap().to_owned();
    let undo = ["--undo", &run, "--yes", "--no-input"];
    world.fail(&fault);
    let done = world.run(&undo);
    world.heal();
    was_sent(&world.outside, &fault);
    let what = format!("{fault:?}: {done:?}");
    match done.code {
        0 => {}
        4 => assert_eq!(world.run(&undo).code, 0, "{what}"),
        _ => panic!("an exit code that means nothing here: {what}"),
    }
    assert!(world.snapshot() == before && world.outside.unfinished() == 0, "{what}");
    (done.code, if done.code == 0 { "undone" } else { "undone again" })
}

/// Root of a member is let recover its password. Said again, it is so.
pub(super) fn recovery_allowed(fault: Fault) -> Ending {
    let world = World::of(Kind::Organization);
    let organization = Organization::of(&world.outside.aws).unwrap();
    let member = organization.members().remove(0);
    organization.account(&member).unwrap().set_root_password(false);
    let is_allowed = || members(&organization)[0][0];
    let allow = ["--allow-recovery", &member, "--yes", "--no-input"];
    world.fail(&fault);
    let done = world.run(&allow);
    world.heal();
    was_sent(&world.outside, &fault);
    assert!(done.code == 4 || (done.code == 0 && is_allowed()), "{fault:?}: {done:?}");
    let again = world.run(&allow);
    assert!(again.code == 0 && is_allowed(), "{fault:?}: {again:?}");
    (done.code, if done.code == 0 { "allowed" } else { "allowed when said again" })
}

/// A trail that does not validate its files is mended.
pub(super) fn mended(fault: Fault) -> Ending {
    let world = World::of(Kind::Untrailed);
    let trail = own(&world);
    world.outside.aws.arrange(|posture| posture.trails = vec![Trail { validation: false, ..trail }]);
    applied_again(&world, fault)
}

/// A run is undone that has made a trail: what holds records stays, and is named.
pub(super) fn untrailed(kind: Kind, fault: Fault) -> Ending {
    let world = World::of(kind);
    undone_but_records(&world, &world.all(), fault)
}

/// The bucket was there, without a policy.
pub(super) fn unpolicied(fault: Fault) -> Ending {
    let world = World::of(Kind::Untrailed);
    let bucket = Bucket { name: "our-own-bucket".to_owned(), objects: 1, ..Bucket::default() };
    world.outside.aws.arrange(|posture| posture.buckets = vec![bucket]);
    undone_but_records(&world, &[&world.all()[..], &["--bucket", "our-own-bucket"]].concat(), fault)
}

fn undone_but_records(world: &World, apply: &[&str], fault: Fault) -> Ending {
    let before = world.snapshot().recorded.but_records();
    let applied = world.run(&[apply, &["--json"]].concat());
    let run = applied.json()["run"].as_str().unwrap().to_owned();
    let undo = ["--undo", &run, "--yes", "--no-input"];
    world.fail(&fault);
    let done = world.run(&undo);
    world.heal();
    was_sent(&world.outside, &fault);
    let what = format!("{fault:?}: {done:?}");
    match done.code {
        1 => {}
        4 => assert_eq!(world.run(&undo).code, 1, "{what}"),
        _ => panic!("an exit code that means nothing here: {what}"),
    }
    assert!(world.snapshot().recorded.but_records() == before && world.outside.unfinished() == 0, "{what}");
    (done.code, if done.code == 1 { "undone" } else { "undone again" })
}

/// A trail could not be made: its bucket and its log group are empty, and go again.
pub(super) fn emptied(fault: Fault) -> Ending {
    let world = World::of(Kind::Untrailed);
    let before = world.snapshot();
    world.outside.aws.fail(Fault::next("CreateTrail", Wrong::Deny));
    assert_eq!(world.run(&world.all()).code, 4);
    world.heal();
    world.fail(&fault);
    let done = world.recover("--undo");
    world.heal();
    was_sent(&world.outside, &fault);
    let what = format!("{fault:?}: {done:?}");
    match done.code {
        0 => {}
        4 => assert_eq!(world.recover("--undo").code, 0, "{what}"),
        _ => panic!("an exit code that means nothing here: {what}"),
    }
    assert!(world.snapshot() == before && world.outside.unfinished() == 0, "{what}");
    (done.code, if done.code == 0 { "undone" } else { "undone again" })
}

/// A run is undone that has made an alarm.
pub(super) fn unwatched(kind: Kind, fault: Fault) -> Ending {
    undone_again(&World::of(kind), fault)
}

/// A run has made the key and stopped; its policy lets nobody use it.
pub(super) fn keyed_after_another(fault: Fault) -> Ending {
    let world = World::of(Kind::Keyed);
    world.fail(&Fault::next("CreateAlias", Wrong::Deny));
    assert_eq!(world.run(&world.all()).code, 4);
    world.heal();
    let owner = format!("arn:aws:iam::{}:root", world.outside.aws.account());
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "AWS": owner }, "Action": "kms:*", "Resource": "*" },
    ]});
    world.outside.aws.arrange(|posture| posture.keys[0].policy = Some(policy.to_string()));
    applied_again(&world, fault)
}

const DELEGATE: [&str; 3] = ["--only", "central-root-access", "--delegate"];

fn with_a_member() -> (World, Organization, String) {
    let world = World::of(Kind::Managing);
    let organization = Organization::of(&world.outside.aws).unwrap();
    let member = organization.add(MemberKind::Sound);
    (world, organization, member)
}

/// A member becomes delegated administrator. Applied again, it is.
pub(super) fn delegated(fault: Fault) -> Ending {
    let (world, organization, member) = with_a_member();
    let apply = [&["--apply", "--yes", "--no-input"], &DELEGATE[..], &[&member]].concat();
    world.fail(&fault);
    let done = world.run(&apply);
    world.heal();
    was_sent(&world.outside, &fault);
    let is_so = || organization.view()["delegated"].to_string().contains(&member);
    assert!(done.code == 4 || (done.code == 0 && is_so()), "{fault:?}: {done:?}");
    let again = world.run(&apply);
    assert!(again.code == 0 && is_so() && world.outside.unfinished() == 0, "{fault:?}: {again:?}");
    (done.code, if done.code == 0 { "done" } else { "applied again" })
}

/// The same, undone.
pub(super) fn undelegated(fault: Fault) -> Ending {
    let (world, organization, member) = with_a_member();
    let before = organization.view()["delegated"].clone();
    let (_, run) = world.apply(&[&DELEGATE[..], &[&member]].concat());
    let undo = ["--undo", &run, "--yes", "--no-input"];
    world.fail(&fault);
    let done = world.run(&undo);
    world.heal();
    was_sent(&world.outside, &fault);
    assert!(matches!(done.code, 0 | 4), "{fault:?}: {done:?}");
    if done.code == 4 {
        assert_eq!(world.run(&undo).code, 0, "{fault:?}: {done:?}");
    }
    assert!(organization.view()["delegated"] == before, "{fault:?}: {done:?}");
    (done.code, if done.code == 0 { "undone" } else { "undone again" })
}

/// The same, where a topic of that name was there: the address is unsubscribed from it.
pub(super) fn unsubscribed(fault: Fault) -> Ending {
    let world = World::of(Kind::Watched);
    let topic = Topic::open(&topic(&world));
    // As it is written after the statement was put in and taken out again.
    let policy: serde_json::Value = serde_json::from_str(topic.policy.as_ref().unwrap()).unwrap();
    let topic = Topic { policy: Some(policy.to_string()), ..topic };
    world.outside.aws.arrange(|posture| posture.topics.push(topic));
    undone_again(&world, fault)
}

/// A link confirms a subscription; it does so once more.
pub(super) fn confirmed(fault: Fault) -> Ending {
    let world = World::of(Kind::Bare);
    crate::harden::alarm_world::record(&world.outside.aws);
    let asked = ["--apply", "--yes", "--no-input", "--only", "root-alarm", "--alarm-email", ADDRESS];
    assert_eq!(world.run(&[&asked[..], &["--alarm-wait", "0"]].concat()).code, 4);
    let mails = world.outside.aws.mailbox();
    let mail = mails.iter().find(|mail| mail.kind == MailKind::Confirmation).unwrap();
    let confirm = || {
        let mut command = world.any_command(&["root", "alarm", "confirm", "-"]);
        run_with(&mut command, mail.link.as_ref().unwrap().as_bytes())
    };
    world.fail(&fault);
    let done = confirm();
    world.heal();
    was_sent(&world.outside, &fault);
    let is_confirmed = || world.posture().subscriptions.iter().any(|one| one.confirmed);
    assert!(done.code != 0 || is_confirmed(), "{fault:?}: {done:?}");
    let again = confirm();
    assert!(again.code == 0 && is_confirmed(), "{fault:?}: {again:?}");
    (done.code, if done.code == 0 { "confirmed" } else { "confirmed when said again" })
}

/// What is not proven is not called proven.
pub(super) fn proven(fault: Fault) -> Ending {
    let world = ready();
    world.fail(&fault);
    let test = ["root", "alarm", "test", "--json", "--yes", "--no-input", "--wait", "3"];
    let done = run(&mut world.any_command(&test));
    world.heal();
    was_sent(&world.outside, &fault);
    settled_proof(&done, &fault)
}

/// At a terminal, with the code of the mail where there is one.
pub(super) fn proven_by_mail(fault: Fault) -> Ending {
    let world = ready();
    world.fail(&fault);
    let mut command = world.outside.keys.bare(["root", "alarm", "test", "--json", "--yes", "--wait", "3"]);
    command.envs(world.outside.environment(&world.caller));
    let mut typist = Typist::start(&command);
    typist.sees("Code in the mail to ");
    world.heal();
    was_sent(&world.outside, &fault);
    let mailed = world.outside.aws.mailbox().iter().any(|mail| mail.text.contains("the code is "));
    typist.types(&if mailed { code_in_the_mail(&world) } else { String::new() });
    let (_, done) = typist.end();
    assert_eq!(done.code == 0, mailed, "{fault:?}: {done:?}");
    settled_proof(&done, &fault)
}

/// Rules, each proved by a marked event.
pub(super) fn proven_by_rules(fault: Fault) -> Ending {
    let world = crate::harden::alarm_rules::made();
    world.fail(&fault);
    let done =
        run(&mut world.any_command(&["root", "alarm", "test", "--json", "--yes", "--no-input", "--wait", "3"]));
    world.heal();
    was_sent(&world.outside, &fault);
    settled_proof(&done, &fault)
}

fn settled_proof(done: &Run, fault: &Fault) -> Ending {
    let report = done.json();
    let hops = report["hops"].as_array().unwrap();
    let all = hops.iter().all(|hop| hop["proof"] == "proven" || hop["proof"] == "not_provable");
    assert!(matches!(done.code, 0 | 1) && all == (done.code == 0), "{fault:?}: {done:?}");
    (done.code, if all { "proven" } else { "not proven" })
}
