//! IAM lists the run's device as enabled, and its answer to enabling is not on record: another machine may have deleted it
//! and made another of the same name. Only codes of the run's keys show which; without them nothing goes, and nothing is
//! called complete.

use super::others::{enable, replace_by};
use super::*;
use crate::rotation::faults::scene::{Flow, Scene};
use glasskey::oath::{Name, Session};

const NOT_SHOWN: &str = "is enabled, but nothing here shows that it has the run's seed: nothing was touched\n";

/// The request to enable the new device never arrives, and another machine makes the device anew and enables it.
fn remade(flow: Flow) -> Scene {
    let scene = Scene::new(flow);
    let world = &scene.world;
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
    killed(world, &mut scene.command(), |passing| is_call(passing, "EnableMFADevice") && passing.done);
    replace_by(world, "alice");
    enable(world, "alice", &world.arn("alice"));
    scene
}

type All = (Vec<(String, Option<String>)>, Vec<Vec<String>>);

fn all(world: &Simulated) -> All {
    let devices = world.aws.devices().into_iter().map(|device| (device.arn, device.user)).collect();
    (devices, world.keys.all().iter().map(|key| key.credentials()).collect())
}

#[test]
fn without_its_key_an_enrollment_is_not_called_complete() {
    let world = Simulated::with_keys(1);
    killed(&world, &mut enroll(&world), |passing| is_call(passing, "EnableMFADevice") && passing.done);
    world.keys.key(0).pull();
    let before = all(&world);
    let left = recover(&world, &["--yes"]);
    let says = "left as it is: arn:aws:iam::ACCOUNT:mfa/alice is enabled for alice, but nothing here shows that it has the \
                run's seed: plug in a key of the run, or sign in with it; then --finish --accept-unproved takes your word, \
                --forget keeps all\n";
    let told = format!("{}  12345678  not plugged in, or not readable\n", found(UNPROVED));
    is(&world, &left, 4, says, &told);
    for choice in ["--undo", "--finish"] {
        let refused = recover(&world, &[choice]);
        let hints = "glasskey: it may have been deleted and made again since the run was interrupted\n\
                     glasskey: hint: plug in YubiKey 12345678 and run it again, or sign in with a code of the run's: if \
                     that works, `glasskey recover alice --finish --accept-unproved`\n\
                     glasskey: hint: `glasskey recover alice --forget` strikes the run and leaves all as it is\n";
        assert!(refused.code == 4 && refused.stderr.contains(NOT_SHOWN), "{choice}: {refused:?}");
        assert!(hints.lines().all(|hint| refused.stderr.contains(hint)), "{choice}: {refused:?}");
        assert_eq!((all(&world), world.unfinished()), (before.clone(), 1));
    }
    let accepted = recover(&world, &["alice", "--finish", "--accept-unproved"]);
    is(&world, &accepted, 0, "complete already: arn:aws:iam::ACCOUNT:mfa/alice is enabled for alice\n", &told);
    world.alice_is_enrolled().unwrap();
    settled(&world);
}

/// The key proves it, whatever the person's word.
#[test]
fn a_word_is_not_taken_for_what_a_key_here_can_prove() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
    killed(&world, &mut enroll(&world), |passing| is_call(passing, "EnableMFADevice") && passing.done);
    replace_by(&world, "alice");
    enable(&world, "alice", &world.arn("alice"));
    let done = recover_later(&world, &["--finish", "--accept-unproved"]);
    assert!(done.code == 4 && done.stderr.contains("it has another seed\n"), "{done:?}");
    assert_eq!(world.unfinished(), 1);
}

#[test]
fn without_its_key_a_rotation_neither_goes_on_nor_back() {
    let scene = remade(Flow::Rotate);
    let world = &scene.world;
    world.keys.key(1).pull();
    let before = all(world);
    for choice in [&["--yes"][..], &["--finish", "--yes"], &["--undo", "--yes"]] {
        let done = recover(world, choice);
        assert_eq!((done.code, all(world), world.unfinished()), (4, before.clone(), 1), "{choice:?}: {done:?}");
        let says = done.stderr.contains(NOT_SHOWN) || done.stdout.contains("left as it is: ");
        assert!(says && !done.stdout.contains("complete"), "{choice:?}: {done:?}");
    }
}

/// A session that was opened with a code of another key proves nothing of the run's key.
#[test]
fn another_keys_code_is_no_proof_of_the_runs_key() {
    let scene = remade(Flow::RotateOwn);
    let world = &scene.world;
    let other = world.keys.key(0);
    let mut session = Session::open(other.card()).unwrap();
    session.delete(&Name::from_id(&world.credential("alice-1")).unwrap()).unwrap();
    drop(session);
    api::hold(&world.aws, other, &world.arn("alice"), &world.credential("alice"));
    world.aws.clock().advance(Duration::from_secs(90));
    let before = all(world);
    let done = run(&mut scene.as_caller(&["recover", "--yes", "--no-input"]));
    assert!(done.code == 4 && done.stderr.contains("it has another seed\n"), "{done:?}");
    assert_eq!((all(world), world.unfinished()), (before, 1), "{done:?}");
}

/// What is to stay is proved too: the old device was deactivated, and another machine made it anew.
#[test]
fn an_old_device_that_was_made_anew_does_not_count_as_staying() {
    let scene = Scene::new(Flow::Rotate);
    let world = &scene.world;
    killed(world, &mut scene.command(), |passing| is_call(passing, "DeactivateMFADevice") && passing.done);
    replace_by(world, "alice-1");
    enable(world, "alice", &world.arn("alice-1"));
    let before = all(world);
    let done = recover_later(world, &["--undo", "--yes"]);
    let says = format!(
        "{} is enabled, but IAM refuses the codes of YubiKey 12345678: it has another seed\n",
        world.arn("alice-1")
    );
    assert!(done.code == 4 && done.stderr.contains(&says), "{done:?}");
    assert_eq!((all(world), world.unfinished()), (before.clone(), 1), "{done:?}");
    world.keys.key(0).pull();
    let away = recover(world, &["--undo", "--yes"]);
    assert!(away.code == 4 && away.stderr.contains(NOT_SHOWN), "{away:?}");
    assert_eq!((all(world), world.unfinished()), (before, 1), "{away:?}");
}

/// The new device is another's by now, and the old one is deactivated: it comes back, and nothing else is touched.
#[test]
fn the_old_device_comes_back_beside_a_new_one_that_is_anothers() {
    let scene = Scene::new(Flow::Rotate);
    let world = &scene.world;
    let _ = world.aws.add_user("bob");
    killed(world, &mut scene.command(), |passing| is_call(passing, "DeactivateMFADevice") && passing.done);
    let parameters = [("UserName", "alice"), ("SerialNumber", &*world.arn("alice"))];
    api::call(&world.aws, &world.aws.admin(), "DeactivateMFADevice", &parameters);
    replace_by(world, "alice");
    enable(world, "bob", &world.arn("alice"));
    let held = world.keys.key(1).credentials();
    let done = recover_later(world, &["--yes"]);
    let says = format!(
        "undone: {} is enabled; {} is not of this run's making and was not touched\n",
        world.arn("alice-1"),
        world.arn("alice")
    );
    assert_eq!((done.code, &*done.stdout, world.unfinished()), (0, &*says, 0), "{done:?}");
    assert_eq!(world.devices_of("alice"), [world.arn("alice-1")]);
    assert_eq!((world.devices_of("bob"), world.keys.key(1).credentials()), (vec![world.arn("alice")], held));
}

/// A run that was complete is not undone, and that is said.
#[test]
fn what_is_complete_is_not_undone_unsaid() {
    let world = Simulated::with_keys(1);
    killed(&world, &mut enroll(&world), |passing| is_call(passing, "EnableMFADevice") && passing.done);
    let before = all(&world);
    let refused = recover(&world, &["--undo", "--yes"]);
    let says = "glasskey: error: the run is complete, and nothing of it is left to undo\n";
    assert!(refused.code == 4 && refused.stderr.contains(says) && refused.stdout.is_empty(), "{refused:?}");
    assert_eq!((all(&world), world.unfinished()), (before, 1));
    assert_eq!(recover_later(&world, &["alice", "--yes"]).code, 0);
    settled(&world);
}

/// The old device is gone, and the new one is not enabled yet: its seed is all that the user has.
#[test]
fn the_last_seed_is_not_undone() {
    let scene = Scene::new(Flow::Rotate);
    let world = &scene.world;
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
    killed(world, &mut scene.command(), |passing| is_call(passing, "EnableMFADevice") && passing.done);
    let old = world.arn("alice-1");
    let parameters = [("UserName", "alice"), ("SerialNumber", &*old)];
    api::call(&world.aws, &world.aws.admin(), "DeactivateMFADevice", &parameters);
    api::call(&world.aws, &world.aws.admin(), "DeleteVirtualMFADevice", &parameters[1..]);
    let before = all(world);
    let refused = recover(world, &["--undo", "--yes"]);
    assert!(refused.code != 0 && refused.stderr.contains("the run cannot be undone"), "{refused:?}");
    assert_eq!((all(world), world.unfinished()), (before, 1));
    assert_eq!(recover_later(world, &["--finish", "--yes"]).code, 0);
    assert_eq!(world.devices_of("alice"), [world.arn("alice")]);
    settled(world);
}

/// A run that cannot be proved stands in no other's way, and is given up on by its user's name alone.
#[test]
fn one_run_that_cannot_be_recovered_stops_no_other() {
    let world = Simulated::with_keys(2);
    let _ = world.aws.add_user("bob");
    for (user, key) in [("alice", "12345678"), ("bob", "12345679")] {
        world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
        let mut command = world.glasskey(["enroll", user, "--key", key, "--yes", "--no-input"]);
        kill_at(&world, &mut command, |passing| is_call(passing, "EnableMFADevice") && passing.done);
    }
    replace_by(&world, "alice");
    enable(&world, "alice", &world.arn("alice"));
    assert_eq!(world.unfinished(), 2);
    let done = recover_later(&world, &["--yes"]);
    assert!(done.code == 4 && done.stderr.contains("it has another seed\n"), "{done:?}");
    assert!(done.stderr.contains("recovered: bob can sign in with YubiKey 12345679\n"), "{done:?}");
    assert_eq!((world.unfinished(), world.devices_of("bob")), (1, vec![world.arn("bob")]), "{done:?}");
    let nobody = recover(&world, &["bob", "--forget"]);
    assert!(nobody.code == 3 && nobody.stderr.contains("no unfinished run is bob's\n"), "{nobody:?}");
    assert_eq!(recover(&world, &["alice", "--forget"]).code, 0);
    assert_eq!(world.unfinished(), 0);
}

/// The device that was to stay has gone since: what helps is said.
#[test]
fn a_retirement_without_another_device_says_how_it_comes_back() {
    let scene = Scene::new(Flow::Retire);
    let world = &scene.world;
    killed(world, &mut scene.command(), |passing| is_call(passing, "DeactivateMFADevice") && passing.done);
    let parameters = [("UserName", "alice"), ("SerialNumber", &*world.arn("alice-2"))];
    api::call(&world.aws, &world.aws.admin(), "DeactivateMFADevice", &parameters);
    let refused = recover(world, &["--yes"]);
    let says = format!(
        "glasskey: error: {} is not deleted: alice has no other MFA device that is enabled\n\
         glasskey: hint: `glasskey recover alice --undo` enables it again from its key\n",
        world.arn("alice-1")
    );
    assert!(refused.code == 4 && refused.stderr.contains(&says), "{refused:?}");
    assert_eq!(recover_later(world, &["alice", "--undo", "--yes"]).code, 0);
    assert_eq!(world.devices_of("alice"), [world.arn("alice-1")]);
    assert_eq!(world.unfinished(), 0);
}
