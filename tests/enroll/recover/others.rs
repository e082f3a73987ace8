//! By the time of recovery somebody else has put a device under the name, or uses what the run made. Nothing that
//! anybody may be signing in with is taken away unless a person says so.

use super::*;
use crate::rotation::faults::scene::{Flow, Scene};
use glasskey::oath::{New, Session};
use glasskey::secret::Seed;
use glasskey::totp::{self, AWS, Step};

const SERIAL: &str = "arn:aws:iam::ACCOUNT:mfa/alice";

/// Enables a device for a user with the two codes that its seed gives.
pub(super) fn enable(world: &Simulated, user: &str, serial: &str) {
    let seed = Seed::from_bytes(&world.aws.seed_of(serial).unwrap()).unwrap();
    let now = Step::at(world.aws.clock().now(), AWS.period);
    let [first, second] = [now.previous(), now].map(|step| totp::code(&seed, AWS, step));
    let codes = [("AuthenticationCode1", first.expose()), ("AuthenticationCode2", second.expose())];
    let parameters = [("UserName", user), ("SerialNumber", serial)].into_iter().chain(codes).collect::<Vec<_>>();
    api::call(&world.aws, &world.aws.admin(), "EnableMFADevice", &parameters);
}

/// Replaces the device by another of the same name.
fn replace(world: &Simulated) {
    replace_by(world, "alice");
}

pub(super) fn replace_by(world: &Simulated, name: &str) {
    let (admin, serial) = (world.aws.admin(), world.arn(name));
    if world.aws.devices().iter().any(|device| device.arn == serial) {
        api::call(&world.aws, &admin, "DeleteVirtualMFADevice", &[("SerialNumber", &serial)]);
    }
    api::call(&world.aws, &admin, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)]);
}

#[test]
fn another_users_device_has_the_name_by_now() {
    let world = Simulated::with_keys(1);
    let _ = world.aws.add_user("bob");
    killed_before_enabling(&world);
    replace(&world);
    enable(&world, "bob", &world.arn("alice"));
    let bobs = "has a device of this name, enabled for arn:aws:iam::ACCOUNT:user/bob; it will not be touched";
    let told = format!("{}{HOLDS}", found(bobs));

    let careful = recover(&world, &["--yes"]);
    let leave = format!(
        "left as it is: {SERIAL} is enabled, and not by this run; a credential of its name may be what somebody signs in \
         with; --forget strikes the run\n"
    );
    is(&world, &careful, 4, &leave, &told);
    assert_eq!(world.keys.key(0).credentials().len(), 1);

    // Nothing shows whether bob's codes come from this key.
    let refused = recover(&world, &["--undo"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.stderr.contains("is enabled for bob, and not by this run: nothing was touched"), "{refused:?}");
    assert_eq!((world.keys.key(0).credentials().len(), world.unfinished()), (1, 1));

    is(&world, &recover(&world, &["--forget"]), 0, &format!("forgotten: {SERIAL}, as it is\n"), &told);
    assert_eq!(world.aws.devices()[0].user.as_deref(), Some("bob"));
    assert_eq!((world.keys.key(0).credentials().len(), world.unfinished()), (1, 0));
}

/// IAM refused the name, and the process died before it could write that down: the device that bob is about to enable
/// looks just like one that the run made.
#[test]
fn killed_when_the_name_had_been_refused() {
    let world = Simulated::with_keys(1);
    replace(&world);
    let bobs = world.aws.seed_of(&world.arn("alice")).unwrap();
    world.aws.fail(Fault::next("ListVirtualMFADevices", Wrong::Deny));
    killed_while_creating(&world);
    let told = format!("{}{HOLDS_NOT}", found(UNCERTAIN));
    is(&world, &recover(&world, &["--yes"]), 4, MAY_BE_ANOTHERS, &told);
    let forgotten = recover(&world, &["--forget"]);
    is(&world, &forgotten, 0, &format!("forgotten: {SERIAL}, as it is\n"), &told);
    assert_eq!(world.aws.seed_of(&world.arn("alice")).unwrap(), bobs);
    settled(&world);
}

#[test]
fn the_device_was_enabled_by_hand_for_another_user() {
    let world = Simulated::with_keys(1);
    let _ = world.aws.add_user("bob");
    killed_before_enabling(&world);
    enable(&world, "bob", &world.arn("alice"));
    let done = recover(&world, &["--yes"]);
    assert_eq!(done.code, 4, "{done:?}");
    world.nobody_is_locked_out().unwrap();
    assert_eq!(world.keys.key(0).credentials().len(), 1, "it is the only thing bob can sign in with");
    assert_eq!(recover(&world, &["--forget"]).code, 0);
    settled(&world);
}

#[test]
fn the_device_was_enabled_by_hand_for_its_user() {
    let world = Simulated::with_keys(1);
    // Before the run came to enabling.
    killed(&world, &mut enroll(&world), |passing| {
        matches!(passing.wire, Wire::Key { ins: 0xA2, .. }) && passing.done
    });
    enable(&world, "alice", &world.arn("alice"));
    let done = recover(&world, &["--yes"]);
    let told = format!("{}{HOLDS}", found("has a device of this name, enabled for alice; it will not be touched"));
    // Nothing shows whether it is the one whose seed is on the key.
    let leave = format!(
        "left as it is: {SERIAL} is enabled, and not by this run; a credential of its name may be what somebody signs in \
         with; --forget strikes the run\n"
    );
    is(&world, &done, 4, &leave, &told);
    assert_eq!(recover(&world, &["--forget"]).code, 0);
    assert_eq!(world.keys.key(0).credentials().len(), 1);
    settled(&world);
}

/// As above, of a rotation: neither the old device goes for it, nor it for the old one.
#[test]
fn a_rotations_new_device_was_enabled_by_hand() {
    let scene = Scene::new(Flow::Rotate);
    let world = &scene.world;
    killed(world, &mut scene.command(), |passing| {
        matches!(passing.wire, Wire::Key { ins: 0x01, .. }) && passing.done
    });
    enable(world, "alice", &world.arn("alice"));
    let devices = || world.aws.devices().into_iter().map(|device| (device.arn, device.user)).collect::<Vec<_>>();
    let before = (devices(), world.keys.key(0).credentials(), world.keys.key(1).credentials());
    for choice in ["--yes", "--undo", "--finish"] {
        let done = recover(world, &[choice]);
        assert!([3, 4].contains(&done.code), "{choice}: {done:?}");
        assert_eq!((devices(), world.keys.key(0).credentials(), world.keys.key(1).credentials()), before, "{choice}");
    }
    assert_eq!(recover(world, &["--forget"]).code, 0);
    settled(world);
}

/// Somebody else has the new device's name, and no key holds anything of the run: the old device comes back all the same.
#[test]
fn the_old_device_comes_back_where_somebody_else_has_the_new_ones_name() {
    let scene = Scene::new(Flow::ReplaceFirst);
    let world = &scene.world;
    let _ = world.aws.add_user("bob");
    world.aws.fail(Fault::next("CreateVirtualMFADevice", Wrong::NeverArrive));
    killed(world, &mut scene.command(), |passing| is_call(passing, "CreateVirtualMFADevice") && passing.done);
    api::call(&world.aws, &world.aws.admin(), "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "alice")]);
    enable(world, "bob", &world.arn("alice"));
    let done = recover(world, &["--yes"]);
    assert_eq!(done.code, 0, "{done:?}");
    let whose = |name: &str| {
        let arn = world.arn(name);
        world.aws.devices().into_iter().find(|device| device.arn == arn).unwrap().user
    };
    assert_eq!((whose("alice-1").as_deref(), whose("alice").as_deref()), (Some("alice"), Some("bob")));
    assert_eq!(world.unfinished(), 0);
}

/// A device that is deleted cannot come back.
#[test]
fn a_retirement_whose_device_is_deleted_is_not_undone() {
    let scene = Scene::new(Flow::Retire);
    let world = &scene.world;
    killed(world, &mut scene.command(), |passing| is_call(passing, "DeleteVirtualMFADevice") && passing.done);
    let held = world.keys.key(0).credentials();
    let refused = recover(world, &["--undo"]);
    assert!([3, 4].contains(&refused.code), "{refused:?}");
    let says = format!("the run cannot be undone: {} is deleted", world.arn("alice-1"));
    assert!(refused.stderr.contains(&says), "{refused:?}");
    assert_eq!((world.keys.key(0).credentials(), world.unfinished()), (held, 1));
    assert_eq!(recover(world, &["--finish"]).code, 0);
    assert_eq!(world.keys.key(0).credentials(), [""; 0]);
    settled(world);
}

/// The run never came to making its device; then alice made one of that name herself, on a phone.
#[test]
fn the_user_has_put_a_device_of_their_own_under_the_name() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("CreateVirtualMFADevice", Wrong::NeverArrive));
    killed(&world, &mut enroll(&world), |passing| is_call(passing, "CreateVirtualMFADevice") && passing.done);
    replace(&world);
    enable(&world, "alice", &world.arn("alice"));
    let done = recover(&world, &["--yes"]);
    let told =
        format!("{}{HOLDS_NOT}", found("has a device of this name, enabled for alice; it will not be touched"));
    is(&world, &done, 0, &format!("nothing was left of the run; {SERIAL} is not of its making\n"), &told);
    assert_eq!(world.aws.devices()[0].user.as_deref(), Some("alice"), "her phone still works");
    assert_eq!(world.unfinished(), 0);
}

/// Enabled, and then the credential went from the key: renamed, or deleted. Nothing shows whose the device is.
#[test]
fn the_device_is_enabled_and_the_key_holds_nothing_of_the_name() {
    let world = Simulated::with_keys(1);
    killed(&world, &mut enroll(&world), |passing| is_call(passing, "EnableMFADevice") && passing.done);
    let mut session = Session::open(world.keys.key(0).card()).unwrap();
    let name = |id: &str| glasskey::oath::Name::from_id(id).unwrap();
    session.rename(&name(&world.credential("alice")), &name("AWS:mine")).unwrap();
    drop(session);
    for choice in ["--yes", "--undo", "--finish"] {
        let careful = recover(&world, &[choice]);
        assert_eq!((careful.code, world.unfinished()), (4, 1), "{choice}: {careful:?}");
        assert_eq!(world.aws.devices()[0].user.as_deref(), Some("alice"), "{choice}");
        assert_eq!(world.keys.key(0).credentials(), ["AWS:mine"], "{choice}");
    }
    let forgotten = recover(&world, &["alice", "--forget"]);
    assert_eq!((forgotten.code, &*forgotten.stdout), (0, &*format!("forgotten: {}, as it is\n", world.arn("alice"))));
    let retired =
        world.run(["retire", "alice", "--device", "alice", "--last-factor", "alice", "--yes", "--no-input"]);
    assert_eq!(retired.code, 0, "{retired:?}");
    assert!(world.aws.devices().is_empty());
}

/// The request to enable it never arrived; somebody made the device anew and enabled it: it has another seed.
#[test]
fn the_device_was_made_again_and_enabled_before_recovery() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
    killed(&world, &mut enroll(&world), |passing| is_call(passing, "EnableMFADevice") && passing.done);
    replace(&world);
    enable(&world, "alice", &world.arn("alice"));
    let done = recover_later(&world, &["--yes"]);
    assert_eq!((done.code, world.unfinished()), (4, 1), "{done:?}");
    let why = "is enabled, but IAM refuses the codes of YubiKey 12345678: it has another seed\n";
    assert!(done.stderr.contains(why) && !done.stdout.contains("complete"), "{done:?}");
    assert_eq!(world.aws.devices()[0].user.as_deref(), Some("alice"));
    assert_eq!(recover(&world, &["--forget"]).code, 0);
    assert_eq!(world.keys.key(0).credentials().len(), 1);
}

/// As above, of a rotation: the old device, which works, stays.
#[test]
fn the_new_device_of_a_rotation_was_made_again_and_enabled_before_recovery() {
    let scene = Scene::new(Flow::Rotate);
    let world = &scene.world;
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
    killed(world, &mut scene.command(), |passing| is_call(passing, "EnableMFADevice") && passing.done);
    replace_by(world, "alice");
    enable(world, "alice", &world.arn("alice"));
    nothing_goes(world, "--yes");
}

/// Nor is it taken away when the run is undone.
#[test]
fn undoing_a_rotation_leaves_a_device_that_was_made_again() {
    let scene = Scene::new(Flow::Rotate);
    let world = &scene.world;
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
    killed(world, &mut scene.command(), |passing| is_call(passing, "EnableMFADevice") && passing.done);
    replace_by(world, "alice");
    enable(world, "alice", &world.arn("alice"));
    nothing_goes(world, "--undo");
}

/// What the key holds under the new device's name is another credential by the time of recovery.
#[test]
fn the_new_credential_of_a_rotation_was_replaced_before_recovery() {
    let scene = Scene::new(Flow::Rotate);
    let world = &scene.world;
    killed(world, &mut scene.command(), |passing| is_call(passing, "DeactivateMFADevice") && !passing.done);
    let name = world.credential("alice");
    let key = world.keys.all().iter().find(|key| key.credentials().contains(&name)).unwrap().clone();
    let mut session = Session::open(key.card()).unwrap();
    let credentials = session.list().unwrap();
    let ours = credentials.into_iter().find(|credential| credential.name.id() == name).unwrap();
    session.delete(&ours.name).unwrap();
    let seed = Seed::from_bytes(&[7; 20]).unwrap();
    let new = New { name: &ours.name, kind: totp::Kind::Totp, params: AWS, touch: false, seed: &seed };
    session.put(&new).unwrap();
    drop(session);
    nothing_goes(world, "--yes");
}

fn nothing_goes(world: &Simulated, choice: &str) {
    let devices = || world.aws.devices().into_iter().map(|device| (device.arn, device.user)).collect::<Vec<_>>();
    let held = || world.keys.all().iter().map(|key| key.credentials()).collect::<Vec<_>>();
    let before = (devices(), held());
    let done = recover_later(world, &[choice]);
    assert_eq!((done.code, world.unfinished()), (4, 1), "{done:?}");
    assert!(done.stderr.contains("it has another seed\n"), "{done:?}");
    assert_eq!((devices(), held()), before);
}
