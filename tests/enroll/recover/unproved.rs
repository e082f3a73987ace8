//! IAM lists the run's device as enabled, and its answer to enabling is not on record: another machine may have deleted it
//! and made another of the same name. Only codes of the run's keys show which; without them nothing goes, and nothing is
//! called complete.

use super::others::{enable, replace_by};
use super::*;
use crate::cli::json::is_documented;
use crate::enroll::places;
use crate::rotation::faults::scene::{Flow, Scene};
use crate::support::protect;
use glasskey::oath::{Name, Session};
use serde_json::{Value, json};

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

/// The seed of the new device is all that opens a door, whether or not it is enabled: the old key's was replaced since.
#[test]
fn a_seed_is_not_undone_where_the_old_key_has_another() {
    for (at, done) in [("EnableMFADevice", false), ("TagUser", true)] {
        let scene = Scene::new(Flow::Rotate);
        let world = &scene.world;
        killed(world, &mut scene.command(), move |passing| is_call(passing, at) && passing.done == done);
        let old = world.keys.key(0);
        let mut session = Session::open(old.card()).unwrap();
        session.delete(&Name::from_id(&world.credential("alice-1")).unwrap()).unwrap();
        drop(session);
        api::hold(&world.aws, old, &world.arn("alice"), &world.credential("alice-1"));
        let before = all(world);
        let refused = recover_later(world, &["--undo", "--yes"]);
        let says =
            format!("no key here computes codes of {}, which would be all that is left\n", world.arn("alice-1"));
        assert!(refused.code == 4 && refused.stderr.contains(&says), "{at}: {refused:?}");
        assert_eq!((all(world), world.unfinished()), (before, 1), "{at}: {refused:?}");
    }
}

/// The key that one rotates away from may be lost: nothing shows that it opens anything, so the new seed stays until
/// somebody says that the old device works.
#[test]
fn a_seed_is_not_undone_where_the_old_key_is_away() {
    for (at, done) in [("EnableMFADevice", false), ("TagUser", true)] {
        let scene = Scene::new(Flow::Rotate);
        let world = &scene.world;
        killed(world, &mut scene.command(), move |passing| is_call(passing, at) && passing.done == done);
        world.keys.key(0).pull();
        let before = all(world);
        let refused = recover(world, &["--undo", "--yes"]);
        let says = format!(
            "glasskey: error: the run is not undone: nothing here shows that {} works, which would be all that is left\n\
             glasskey: hint: plug in YubiKey {} and run it again, or sign in with a code of it\n\
             glasskey: hint: if that works, `glasskey recover alice --undo --accept-unproved`\n\
             glasskey: hint: `glasskey recover alice --finish` keeps the new device\n",
            world.arn("alice-1"),
            world.keys.key(0).serial().unwrap(),
        );
        assert!(refused.code == 4 && refused.stderr.contains(&says), "{at}: {refused:?}");
        assert_eq!((all(world), world.unfinished()), (before, 1), "{at}: {refused:?}");
        let told = recover_later(world, &["alice", "--undo", "--accept-unproved"]);
        assert!(told.code == 0 && told.stdout.starts_with("undone: "), "{at}: {told:?}");
        assert_eq!(world.unfinished(), 0);
        assert_eq!(all(world).0, [(world.arn("alice-1"), Some("alice".to_owned()))], "{at}: {told:?}");
    }
}

/// An undoing was cut short: what is recommended goes on with it.
#[test]
fn an_undoing_that_was_cut_short_is_not_finished_unasked() {
    let scene = Scene::new(Flow::Rotate);
    let world = &scene.world;
    killed(world, &mut scene.command(), |passing| is_call(passing, "TagUser") && passing.done);
    world.aws.clock().advance(Duration::from_secs(60));
    let mut undo = world.glasskey(["recover", "--undo", "--yes", "--no-input"]);
    killed(world, &mut undo, |passing| is_call(passing, "DeactivateMFADevice") && passing.done);
    let done = recover_later(world, &["--yes"]);
    assert!(done.code == 0 && done.stderr.contains("  undoing   had begun"), "{done:?}");
    assert_eq!(all(world).0, [(world.arn("alice-1"), Some("alice".to_owned()))], "{done:?}");
    assert_eq!(world.unfinished(), 0);
}

/// The new key may be lost as well: the old device stays until somebody says that the new one works.
#[test]
fn a_rotation_is_not_finished_where_the_new_key_is_away() {
    let scene = Scene::new(Flow::Rotate);
    let world = &scene.world;
    killed(world, &mut scene.command(), |passing| is_call(passing, "TagUser") && passing.done);
    world.keys.key(1).pull();
    let before = all(world);
    let refused = recover(world, &["--finish", "--yes"]);
    let says = format!(
        "glasskey: error: the run is not finished: nothing here shows that {} works, which would be all that is left\n\
         glasskey: hint: plug in YubiKey {} and run it again, or sign in with a code of it\n\
         glasskey: hint: if that works, `glasskey recover alice --finish --accept-unproved`\n\
         glasskey: hint: `glasskey recover alice --undo` keeps the old device\n",
        world.arn("alice"),
        world.keys.key(1).serial().unwrap(),
    );
    assert!(refused.code == 4 && refused.stderr.contains(&says), "{refused:?}");
    assert_eq!((all(world), world.unfinished()), (before, 1), "{refused:?}");
    let told = recover(world, &["alice", "--finish", "--accept-unproved"]);
    assert!(told.code == 0 && told.stdout.starts_with("complete: "), "{told:?}");
    assert_eq!(all(world).0, [(world.arn("alice"), Some("alice".to_owned()))], "{told:?}");
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
        "no key here computes codes of {}, which would be all that is left\n\
         glasskey: hint: `glasskey recover alice --finish` keeps the new device\n",
        world.arn("alice-1")
    );
    assert!(done.code == 4 && done.stderr.contains(&says), "{done:?}");
    assert_eq!((all(world), world.unfinished()), (before.clone(), 1), "{done:?}");
    world.keys.key(0).pull();
    let away = recover(world, &["--undo", "--yes"]);
    let unseen = "is enabled again, and no key that is plugged in shows whose it is: nothing was touched\n";
    assert!(away.code == 4 && away.stderr.contains(unseen), "{away:?}");
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
        "undone: {} is enabled; {} is not of this run's making and was not touched; YubiKey 12345679 holds \
         a credential of its name\n",
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
    let done = recover_later(&world, &["--yes", "--json"]);
    assert!(done.code == 4 && done.stderr.contains("it has another seed\n"), "{done:?}");
    let told: Value = serde_json::from_str(&done.stdout).unwrap();
    is_documented(&told);
    assert_eq!((&told["runs"][0]["user"], &told["runs"][0]["outcome"]), (&json!("bob"), &json!("finished")));
    assert_eq!((&told["error"]["code"], &told["error"]["exit"]), (&json!("another_seed"), &json!(4)));
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

/// Without a crash: the request to enable is lost, and another machine makes the device anew before IAM is asked.
#[test]
fn a_rotation_whose_reply_was_lost_proves_the_new_device_itself() {
    let scene = Scene::new(Flow::Rotate);
    let world = &scene.world;
    remade_while_it_is_enabled(world, "alice");
    let before = world.devices_of("alice");
    let done = run(&mut scene.command());
    world.tap.silence();
    assert!(done.code == 4 && done.stderr.contains("it has another seed\n"), "{done:?}");
    assert!(before.iter().all(|old| world.devices_of("alice").contains(old)), "{done:?}");
    assert_eq!((world.unfinished(), world.keys.key(0).credentials().len()), (1, 1), "{done:?}");
}

/// Loses the next request to enable this device, and makes the device anew, enabled, before IAM is asked.
fn remade_while_it_is_enabled(world: &Simulated, name: &'static str) {
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
    let (aws, serial) = (world.aws.clone(), world.arn(name));
    let lost = AtomicBool::new(false);
    world.tap.listen(move |it| {
        if is_call(it, "EnableMFADevice") && it.done && !lost.swap(true, Ordering::SeqCst) {
            api::call(&aws, &aws.admin(), "DeleteVirtualMFADevice", &[("SerialNumber", &serial)]);
            let _ = aws.add_virtual_for("alice", name);
        }
        // The next two codes are not waited for.
        let asks = is_call(it, "ListMFADevices") || is_call(it, "ResyncMFADevice");
        if asks && !it.done && lost.load(Ordering::SeqCst) {
            aws.clock().advance(Duration::from_secs(60));
        }
    });
}

#[track_caller]
fn is_disproved(world: &Simulated, done: &Run, before: &All) {
    assert!(done.code == 4 && done.stderr.contains("it has another seed\n"), "{done:?}");
    assert_eq!((&all(world), world.unfinished()), (before, 1), "{done:?}");
}

/// As above, of an enrollment, of a recovery that finishes, and of an old device that is enabled again.
#[test]
fn what_a_lost_reply_leaves_is_proved_wherever_a_device_is_enabled() {
    let world = Simulated::with_keys(1);
    remade_while_it_is_enabled(&world, "alice");
    let done = run(&mut enroll(&world));
    let before = all(&world);
    is_disproved(&world, &done, &before);
    // What was disproved is not believed by the next command either, with the key or without.
    let undone = recover_later(&world, &["--undo", "--yes"]);
    is_disproved(&world, &undone, &before);
    world.keys.key(0).pull();
    for choice in ["--yes", "--undo", "--finish"] {
        let left = recover(&world, &[choice]);
        assert_eq!((left.code, all(&world), world.unfinished()), (4, before.clone(), 1), "{choice}: {left:?}");
    }

    for (what, choice) in [("EnableMFADevice", "--finish"), ("DeactivateMFADevice", "--undo")] {
        let scene = Scene::new(Flow::Rotate);
        let world = &scene.world;
        if what == "EnableMFADevice" {
            world.aws.fail(Fault::next(what, Wrong::NeverArrive));
        }
        killed(world, &mut scene.command(), |passing| is_call(passing, what) && passing.done);
        let before = all(world);
        remade_while_it_is_enabled(world, if choice == "--undo" { "alice-1" } else { "alice" });
        let done = recover_later(world, &[choice, "--yes"]);
        world.tap.silence();
        assert!(done.code == 4 && done.stderr.contains("it has another seed\n"), "{choice}: {done:?}");
        assert_eq!((all(world).1, world.unfinished()), (before.1, 1), "{choice}: {done:?}");
        assert_eq!(world.devices_of("alice").len(), 2, "{choice}: {done:?}");
    }
}

/// The new device is made anew after IAM has listed it: what stays is not the one that was enabled.
#[test]
fn what_stays_is_the_device_that_was_enabled_and_no_other_of_its_name() {
    let scene = Scene::new(Flow::Rotate);
    let (aws, new) = (scene.world.aws.clone(), scene.world.arn("alice"));
    scene.world.tap.listen(move |it| {
        if is_call(it, "TagUser") && it.done {
            let of_alice = [("UserName", "alice"), ("SerialNumber", &*new)];
            api::call(&aws, &aws.admin(), "DeactivateMFADevice", &of_alice);
            api::call(&aws, &aws.admin(), "DeleteVirtualMFADevice", &of_alice[1..]);
            aws.clock().advance(Duration::from_secs(5));
            let _ = aws.add_virtual_for("alice", "alice");
        }
    });
    let done = run(&mut scene.command());
    scene.world.tap.silence();
    assert_eq!(done.code, 4, "{done:?}");
    assert!(scene.world.devices_of("alice").contains(&scene.world.arn("alice-1")), "{done:?}");
    assert_eq!(scene.world.keys.key(0).credentials().len(), 1);
}

/// A key that is here and wants its password is not taken for one that is elsewhere.
#[test]
fn a_key_that_wants_its_password_is_not_elsewhere() {
    let scene = remade(Flow::Rotate);
    let world = &scene.world;
    protect(world.keys.key(1), "secret");
    let before = all(world).0;
    for choice in [&["--yes"][..], &["--finish", "--accept-unproved"], &["--undo"]] {
        let done = recover(world, choice);
        assert!(done.code == 4 && done.stderr.contains("has a password, and nobody can be asked for it"), "{done:?}");
        assert_eq!((all(world).0, world.unfinished()), (before.clone(), 1), "{choice:?}");
    }
}

/// The escrow file was written before the device was enabled, and is in its safe by now.
#[test]
fn a_file_that_was_moved_is_not_lost() {
    let world = Simulated::with_keys(0);
    let (_, public) = places::recipient();
    let (file, mut command) = (places::file(&world), places::enroll(&world, &["--escrow", &public]));
    killed(&world, &mut command, |passing| is_call(passing, "EnableMFADevice") && passing.done);
    std::fs::rename(&file, world.keys.home.path().join("safe.age")).unwrap();
    let refused = recover(&world, &["--undo", "--yes"]);
    assert!(refused.code == 4 && refused.stderr.contains("the run is complete"), "{refused:?}");
    assert!(refused.stderr.contains("alice.age is not there any more\n"), "{refused:?}");
    assert_eq!(world.devices_of("alice"), [world.arn("alice")]);
    assert_eq!(recover(&world, &["alice", "--yes"]).code, 0);
    assert_eq!(world.unfinished(), 0);
}
