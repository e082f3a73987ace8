//! No code is sent twice: what has been sent is remembered, and the next one is waited for.

use super::api;
use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::{Fault, Keys, Wrong};
use glasskey::totp::unix;
use std::time::{Duration, SystemTime};

/// Sets AWS's clock to this many seconds before the end of a step.
fn before_the_end_of_a_step(world: &Simulated, seconds: i64) {
    let now = unix(SystemTime::now()) as i64;
    world.aws.clock().set_offset_seconds(120 + (30 - seconds - (now + 120) % 30).rem_euclid(30));
}

fn step(world: &Simulated) -> u64 {
    unix(world.aws.clock().now()) / 30
}

/// Bob, who has a device on the first key, which STS has known for long.
fn bob(world: &Simulated) -> (Keys, String) {
    let bob = api::free_user(&world.aws, "bob");
    let serial = world.aws.add_device_for("bob", 1).remove(0);
    world.aws.clock().advance(Duration::from_secs(60));
    api::hold(&world.aws, world.keys.key(0), &serial, &serial);
    (bob, serial)
}

fn enroll(world: &Simulated, caller: &Keys, device: &str) -> Run {
    let args = ["enroll", "--key", "12345678", "--device-name", device, "--yes", "--no-input"];
    run(&mut world.glasskey_as(caller, args))
}

fn count(world: &Simulated, action: &str) -> usize {
    world.actions().iter().filter(|done| *done == action).count()
}

/// The first command's code is not offered again by the second one, which waits for the next.
#[test]
fn the_next_command_waits_for_the_next_code() {
    let world = Simulated::with_keys(1);
    let (bob, serial) = bob(&world);
    before_the_end_of_a_step(&world, 6);
    let began = step(&world);
    // The session's reply is lost: its code is spent all the same.
    world.aws.fail(Fault::next("GetSessionToken", Wrong::NeverArrive));
    let lost = enroll(&world, &bob, "bob-2");
    assert_eq!(lost.code, 3, "{lost:?}");
    assert!(lost.stderr.contains("error: the reply to GetSessionToken was lost"), "{lost:?}");
    assert_eq!(world.spent(&serial), Some(began));
    let done = enroll(&world, &bob, "bob-2");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("  waiting   for the next code: "), "{done:?}");
    assert_eq!(count(&world, "GetSessionToken"), 2);
    assert!(world.spent(&serial) > Some(began));
    // The device's own two codes are remembered as well.
    assert!(world.spent(&world.arn("bob-2")) >= Some(began));
}

/// A throttled STS does not say whether it looked at the code: it is not sent again.
#[test]
fn a_throttled_session_takes_the_next_code() {
    let world = Simulated::with_keys(1);
    let (bob, serial) = bob(&world);
    before_the_end_of_a_step(&world, 4);
    let began = step(&world);
    world.aws.fail(Fault::next("GetSessionToken", Wrong::Throttle));
    let done = enroll(&world, &bob, "bob-2");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains(" s, then GetSessionToken again: AWS answered Throttling\n"), "{done:?}");
    assert!(world.spent(&serial) > Some(began));
}

/// A run that was cut short while enabling may have sent its codes: the next two are waited for.
#[test]
fn recovery_waits_for_two_codes_that_were_not_sent() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    assert_eq!(world.run(world.enroll_args()).code, 4);
    let sent = world.spent(&world.arn("alice")).unwrap();
    // The second step after it begins in three seconds.
    let offset = (sent + 2) * 30 - 3 - unix(SystemTime::now());
    world.aws.clock().set_offset_seconds(offset as i64);
    let done = world.run(["recover", "--yes", "--no-input"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("  waiting   for the next code: "), "{done:?}");
    assert!(world.spent(&world.arn("alice")) >= Some(sent + 2));
    world.alice_is_enrolled().unwrap();
}

/// A device made anew under the same serial number has another seed: nothing to wait for.
#[test]
fn a_new_seed_has_new_codes() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    assert_eq!(world.run(world.enroll_args()).code, 3);
    let done = world.run(world.enroll_args());
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!done.stderr.contains("waiting"), "{done:?}");
}

#[test]
fn an_unreadable_file_stops_nothing() {
    let world = Simulated::with_keys(1);
    let (bob, serial) = bob(&world);
    glasskey::store::own_directory(&world.keys.state_dir()).unwrap();
    let file = world.keys.state_dir().join("spent.json");
    std::fs::write(&file, "{\"version\":1,\"dev").unwrap();
    before_the_end_of_a_step(&world, 4);
    let began = step(&world);
    let done = enroll(&world, &bob, "bob-2");
    assert_eq!(done.code, 0, "{done:?}");
    let warning = format!(
        "glasskey: warning: {} cannot be read; this step's codes count as sent, and a new file is begun\n",
        file.display()
    );
    assert!(done.stderr.contains(&warning), "{done:?}");
    assert!(done.stderr.contains("  waiting   for the next code: "), "{done:?}");
    assert!(world.spent(&serial) > Some(began));
}

#[test]
fn a_file_that_cannot_be_written_stops_nothing() {
    let world = Simulated::with_keys(1);
    let (bob, _) = bob(&world);
    glasskey::store::own_directory(&world.keys.state_dir().join("spent.json.new")).unwrap();
    let done = enroll(&world, &bob, "bob-2");
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("; wait half a minute before another command that needs a code\n"), "{done:?}");
}

/// IAM has not looked at a pair that it refuses for now, so the pair is sent again. But a pair grows old, and an old one
/// would leave the device out of step: after half a minute it ends.
#[test]
fn two_codes_are_sent_again_for_half_a_minute_only() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault { times: 99, ..Fault::next("EnableMFADevice", Wrong::Throttle) });
    let done = world.run(world.enroll_args());
    assert_eq!(done.code, 3, "{done:?}");
    let enabling: Vec<_> = world.aws.calls().into_iter().filter(|call| call.action == "EnableMFADevice").collect();
    assert_eq!(enabling.len(), 5, "after 1, 2, 4 and 8 s: {done:?}");
    assert!(enabling.iter().all(|call| call.codes == enabling[0].codes));
    world.nothing_is_left().unwrap();
}
