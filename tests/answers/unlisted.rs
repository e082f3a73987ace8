//! AWS acknowledges that a device is enabled, and IAM does not list it: nobody is told that it is done, and nothing that
//! may be needed is taken away.

use crate::rotation::faults::scene::{Flow, Scene};
use crate::support::{Run, Simulated};
use glasskey::sim::aws::{Fault, Strange, Wrong};

fn pretended() -> Fault {
    Fault::next("EnableMFADevice", Wrong::Pretend)
}

#[track_caller]
fn is_told(world: &Simulated, done: &Run, user: &str, device: &str) {
    let arn = world.arn(device);
    let error = format!(
        "glasskey: error: AWS acknowledged that {arn} is enabled, but IAM does not list it for {user}\n\
         glasskey: hint: `glasskey recover` looks at what is left and finishes or undoes it\n\
         glasskey: perhaps left behind: {arn}, enabled or not; whatever holds its seed was left as it is\n"
    );
    assert!(done.code == 4 && done.stderr.contains(&error), "{done:?}");
    assert!(!done.stderr.contains("  enabled  "), "nobody is told that it is enabled: {done:?}");
    assert_eq!(world.unfinished(), 1, "{done:?}");
}

#[test]
fn an_enrollment_that_iam_does_not_list_is_kept_and_recovered() {
    let world = Simulated::with_keys(1);
    world.aws.fail(pretended());
    let done = world.run(world.enroll_args());
    is_told(&world, &done, "alice", "alice");
    assert_eq!(world.keys.key(0).credentials(), [world.credential("alice")]);
    world.a_minute_passes_for_codes();
    let recovered = world.run(["recover", "--yes", "--no-input"]);
    assert_eq!(recovered.code, 0, "{recovered:?}");
    world.alice_is_enrolled().unwrap();
}

#[test]
fn a_recovery_that_iam_does_not_list_is_not_done_either() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    assert_eq!(world.run(world.enroll_args()).code, 4);
    world.a_minute_passes_for_codes();
    world.aws.fail(pretended());
    let done = world.run(["recover", "--finish", "--no-input"]);
    is_told(&world, &done, "alice", "alice");
}

#[test]
fn a_rotation_keeps_the_old_device_where_iam_does_not_list_the_new_one() {
    for flow in [Flow::Rotate, Flow::ReplaceFirst] {
        let scene = Scene::new(flow);
        scene.world.aws.fail(pretended());
        let done = scene.run_hurried();
        is_told(&scene.world, &done, "alice", "alice");
        scene.settle(&done, &format!("{flow:?}, acknowledged and not listed"));
    }
}

/// What AWS acknowledged is done where IAM only does not tell: why it does not is said as it is.
#[test]
fn where_iam_does_not_tell_the_reason_is_the_true_one() {
    let nobody = "the reply to ListMFADevices lacks what it must have";
    let cases = [
        (Wrong::Deny, "no permission for iam:ListMFADevices"),
        (Wrong::Expire, "the AWS credentials have expired"),
        (Wrong::Reply { what: Strange::Html, done: false }, nobody),
        (Wrong::LoseReply, "the reply to ListMFADevices was lost (the connection ended before a reply came)"),
    ];
    for (wrong, why) in cases {
        let world = Simulated::with_keys(1);
        world.aws.fail(Fault { times: 99, ..Fault::nth("ListMFADevices", 2, wrong) });
        let done = world.run(world.enroll_args());
        assert_eq!(done.code, 0, "{done:?}");
        let told = format!("  enabled   AWS acknowledged it; not looked up again ({why})\n");
        assert!(done.stderr.contains(&told) && !done.stderr.contains("  listed  "), "{told}: {done:?}");
        assert!(!done.stderr.contains("with the codes for"), "{done:?}");
    }
}

/// IAM's lists may be behind by some seconds.
#[test]
fn a_device_that_is_listed_late_is_waited_for() {
    let world = Simulated::with_keys(1);
    world.aws.fail(pretended());
    let (aws, arn) = (world.aws.clone(), world.arn("alice"));
    let looks = std::sync::atomic::AtomicUsize::new(0);
    world.tap.listen(move |it| {
        let looked = crate::support::blows::is_call(it, "ListMFADevices") && it.done;
        // Before the plan, right after enabling, and a second later.
        if looked && looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 2 {
            aws.enable_for("alice", &arn);
        }
    });
    let done = world.run(world.enroll_args());
    world.tap.silence();
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("  listed    IAM shows it for alice\n"), "{done:?}");
}

/// AWS acknowledges that a device is deactivated, and IAM lists it as before: nobody has enabled it again.
#[test]
fn a_device_that_iam_lists_as_before_is_not_said_to_be_deactivated() {
    for flow in [Flow::Rotate, Flow::ReplaceFirst, Flow::Retire] {
        let scene = Scene::new(flow);
        scene.world.aws.fail(Fault::next("DeactivateMFADevice", Wrong::Pretend));
        let done = scene.run_hurried();
        let old = scene.world.arn("alice-1");
        let error = format!("glasskey: error: AWS acknowledged that {old} is deactivated, but IAM lists it still\n");
        assert!(done.code == 4 && done.stderr.contains(&error), "{flow:?}: {done:?}");
        assert!(
            !done.stderr.contains("  inactive  ") && !done.stderr.contains("enabled it again"),
            "{flow:?}: {done:?}"
        );
        scene.settle(&done, &format!("{flow:?}, acknowledged and listed as before"));
    }
}

/// IAM's lists may be behind by some seconds there too.
#[test]
fn a_device_that_is_listed_for_some_seconds_more_is_waited_for() {
    let scene = Scene::new(Flow::Retire);
    let aws = scene.world.aws.clone();
    aws.fail(Fault::next("DeactivateMFADevice", Wrong::Pretend));
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let old = scene.world.arn("alice-1");
    scene.world.tap.listen(move |it| {
        let looked = crate::support::blows::is_call(it, "ListMFADevices") && it.done;
        // Before the plan, before deactivating, right after it.
        if looked && looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 2 {
            let device = [("UserName", "alice"), ("SerialNumber", &*old)];
            crate::enroll::api::call(&aws, &aws.admin(), "DeactivateMFADevice", &device);
        }
    });
    let done = scene.run();
    scene.world.tap.silence();
    assert_eq!(done.code, 0, "{done:?}");
}

/// As above, of what is deleted: a device by a removal, and by an enrollment that is undone.
#[test]
fn a_device_that_iam_lists_is_not_said_to_be_deleted() {
    let not_seen = "AWS acknowledged DeleteVirtualMFADevice, but IAM does not show it";
    let scene = Scene::new(Flow::Retire);
    scene.world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Pretend));
    let done = scene.run();
    assert!(done.code == 4 && done.stderr.contains(&format!("glasskey: error: {not_seen}")), "{done:?}");
    assert!(!done.stderr.contains("  deleted  "), "{done:?}");
    scene.settle(&done, "deleting acknowledged, and listed as before");

    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Pretend));
    let done = world.run(world.enroll_args());
    let left = format!("glasskey: left behind: {}, not enabled ({not_seen})\n", world.arn("alice"));
    assert!(done.code == 4 && done.stderr.contains(&left), "{done:?}");
    assert_eq!(world.run(["recover", "--undo", "--no-input"]).code, 0);
    assert!(world.aws.devices().is_empty() && world.keys.key(0).credentials().is_empty());
}

/// And of access keys.
#[test]
fn an_access_key_that_iam_lists_as_before_is_not_said_to_be_gone() {
    for (call, said) in [("UpdateAccessKey", "  inactive  "), ("DeleteAccessKey", "  deleted   ")] {
        let world = Simulated::with_keys(0);
        world.aws.fail(Fault::next(call, Wrong::Pretend));
        let done = world.run(crate::rotation::access_key_faults::ROTATE);
        let error = format!("glasskey: error: AWS acknowledged {call}, but IAM does not show it");
        assert!(done.code == 4 && done.stderr.contains(&error) && !done.stderr.contains(said), "{done:?}");
        assert_eq!(world.run(["recover", "--yes", "--no-input"]).code, 0);
        assert_eq!(world.aws.access_keys("alice").len(), 1);
    }
}

/// An announcement that nobody can read announces nothing, and that is said.
#[test]
fn an_announcement_that_iam_does_not_list_is_no_announcement() {
    let scene = Scene::new(Flow::Retire);
    scene.world.aws.fail(Fault::next("TagUser", Wrong::Pretend));
    let done = scene.run();
    assert!(done.code == 0, "{done:?}");
    assert!(done.stderr.contains("AWS acknowledged TagUser, but IAM does not show it"), "{done:?}");
}

/// And an announcement that IAM lists as before is not taken back.
#[test]
fn an_announcement_that_iam_lists_as_before_is_said_to_be_there() {
    for flow in [Flow::Rotate, Flow::Retire] {
        let scene = Scene::new(flow);
        scene.world.aws.fail(Fault::next("UntagUser", Wrong::Pretend));
        let done = scene.run_hurried();
        let left = "left on user alice: the tag that announced the removal (AWS acknowledged UntagUser, but IAM does not \
                    show it); it says nothing after ";
        assert!(done.code == 0 && done.stderr.contains(left), "{flow:?}: {done:?}");
    }
}

/// And of root's devices in a member account.
#[test]
fn a_device_that_root_has_as_before_is_not_said_to_be_removed() {
    let member = crate::root::remove::Member::with_two_keys();
    member.aws.fail(Fault { times: 9, ..Fault::next("DeactivateMFADevice", Wrong::Pretend) });
    let done = crate::support::run(&mut member.removal());
    assert!(done.code != 0 && done.stdout.is_empty(), "{done:?}");
    assert!(done.stderr.contains("AWS acknowledged DeactivateMFADevice, but IAM does not show it"), "{done:?}");
}
