//! A user who has a device already and signs with a long-term key must act through an MFA session: it is opened with a
//! code of an attached key, or the error says exactly what is missing.

use super::api;
use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::{Fault, Keys, Wrong};
use glasskey::totp::unix;

/// Bob, who may do everything, with one device.
fn bob(world: &Simulated) -> (Keys, String) {
    let bob = api::free_user(&world.aws, "bob");
    let serial = world.aws.add_device_for("bob", 1).remove(0);
    // Enabled long ago: STS knows it.
    world.aws.clock().advance(std::time::Duration::from_secs(60));
    (bob, serial)
}

/// Bob enrolls a second device for himself, on the first key.
fn enroll(world: &Simulated, caller: &Keys) -> Run {
    run(&mut world
        .glasskey_as(caller, ["enroll", "--key", "12345678", "--device-name", "bob-new", "--yes", "--no-input"]))
}

#[track_caller]
fn is_enrolled(world: &Simulated) {
    let arn = world.arn("bob-new");
    let devices = world.aws.devices();
    let device = devices.iter().find(|device| device.arn == arn).expect("the device is there");
    assert_eq!(device.user.as_deref(), Some("bob"));
    assert_eq!(world.unfinished(), 0);
}

/// The exact refusal of somebody whose keys hold none of their factors.
fn needs_session(devices: &str) -> String {
    format!(
        "glasskey: error: you have an MFA device already, so AWS lets you change your devices only through an MFA \
         session\n\
         glasskey: your devices: {devices}\n\
         glasskey: hint: plug in a key that holds one of them (a FIDO device cannot open such a session), use the \
         credentials of an MFA session, or have an administrator do it\n"
    )
}

#[test]
fn the_factor_is_found_under_every_spelling() {
    for spelling in
        ["AWS:ACCOUNT/bob-1", "SERIAL", "aws/iam/ACCOUNT:bob-1", "Amazon Web Services:bob-1@ACCOUNT", "bob-1@ACCOUNT"]
    {
        let world = Simulated::with_keys(2);
        let (bob, serial) = bob(&world);
        let id = spelling.replace("ACCOUNT", &world.aws.account()).replace("SERIAL", &serial);
        // On the other key: both are plugged in.
        api::hold(&world.aws, world.keys.key(1), &serial, &id);
        let done = enroll(&world, &bob);
        assert_eq!(done.code, 0, "{spelling}: {done:?}");
        let opened = format!("  session   opened with a code for {serial} from YubiKey 12345679\n");
        assert!(done.stderr.contains(&opened), "{spelling}: {done:?}");
        assert_eq!(world.actions().iter().filter(|action| *action == "GetSessionToken").count(), 1, "{spelling}");
        is_enrolled(&world);
    }
}

#[test]
fn no_key_holds_a_factor() {
    let world = Simulated::with_keys(1);
    let bob = api::free_user(&world.aws, "bob");
    let serial = world.aws.add_device_for("bob", 1).remove(0);
    // Of another account, of another device, and of another issuer.
    for (nth, id) in ["AWS:999999999999/bob-1", "AWS:ACCOUNT/bob-2", "Example:bob-1", "aws/iam/999999999999:bob-1"]
        .iter()
        .enumerate()
    {
        api::hold(&world.aws, world.keys.key(0), &serial, &id.replace("ACCOUNT", &world.aws.account()));
        assert_eq!(world.keys.key(0).credentials().len(), nth + 1);
    }
    let done = enroll(&world, &bob);
    done.is(3, "", &needs_session(&serial));
    assert!(!world.actions().contains(&"GetSessionToken".to_owned()), "no code is spent");
    assert_eq!(world.aws.devices().len(), 1);
}

#[test]
fn all_devices_are_fido() {
    let world = Simulated::with_keys(1);
    let bob = api::free_user(&world.aws, "bob");
    let serials = [world.aws.add_fido_for("bob", "desk"), world.aws.add_fido_for("bob", "safe")];
    let done = enroll(&world, &bob);
    let mut listed = serials.to_vec();
    listed.sort();
    done.is(3, "", &needs_session(&listed.join(", ")));
}

#[test]
fn a_dry_run_spends_no_code() {
    let world = Simulated::with_keys(1);
    let (bob, serial) = bob(&world);
    api::hold(&world.aws, world.keys.key(0), &serial, &serial);
    let args = ["enroll", "--key", "12345678", "--device-name", "bob-new", "--dry-run"];
    let done = run(&mut world.glasskey_as(&bob, args));
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(world.sorted_actions(), ["GetCallerIdentity", "ListMFADevices", "ListVirtualMFADevices"]);
}

#[test]
fn nobody_says_yes_and_no_code_is_spent() {
    let world = Simulated::with_keys(1);
    let (bob, serial) = bob(&world);
    api::hold(&world.aws, world.keys.key(0), &serial, &serial);
    let args = ["enroll", "--key", "12345678", "--device-name", "bob-new", "--no-input"];
    let done = run(&mut world.glasskey_as(&bob, args));
    assert_eq!(done.code, 5, "{done:?}");
    assert!(!world.actions().contains(&"GetSessionToken".to_owned()));
}

#[test]
fn credentials_of_an_mfa_session_need_no_key() {
    let world = Simulated::with_keys(1);
    let (bob, serial) = bob(&world);
    let session = api::mfa_session(&world.aws, &bob, &serial);
    let done = enroll(&world, &session);
    assert_eq!(done.code, 0, "{done:?}");
    is_enrolled(&world);
}

/// A session without MFA looks like one with it; IAM tells, and everything is undone.
#[test]
fn credentials_of_a_session_without_mfa_are_refused_by_iam() {
    let world = Simulated::with_keys(1);
    let (bob, _) = bob(&world);
    let session = api::plain_session(&world.aws, &bob);
    // A session without MFA may call IAM only where it was opened with MFA, unless a policy of the simulator allows it.
    let done = enroll(&world, &session);
    assert_ne!(done.code, 0, "{done:?}");
    assert_eq!(world.aws.devices().len(), 1, "{done:?}");
    assert_eq!((world.unfinished(), world.keys.key(0).credentials().len()), (0, 0), "{done:?}");
}

#[test]
fn an_administrator_needs_no_session_for_somebody_else() {
    let world = Simulated::with_keys(1);
    let (_, _) = bob(&world);
    let args = ["enroll", "bob", "--key", "12345678", "--device-name", "bob-new", "--yes", "--no-input"];
    let done = world.run(args);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!world.actions().contains(&"GetSessionToken".to_owned()));
    is_enrolled(&world);
}

/// Somebody has just used this step's code. The next one is waited for, once.
#[test]
fn a_code_that_is_spent_is_followed_by_the_next_one() {
    let world = Simulated::with_keys(1);
    let (bob, serial) = bob(&world);
    api::hold(&world.aws, world.keys.key(0), &serial, &serial);
    // Four seconds before the end of a step, by AWS's clock: the wait for the next one is short.
    let off = 60 + (30 + 26 - (unix(std::time::SystemTime::now()) + 60) as i64 % 30) % 30;
    world.aws.clock().set_offset_seconds(off);
    let _ = api::mfa_session(&world.aws, &bob, &serial);
    let done = enroll(&world, &bob);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("  waiting   for the next code: "), "{done:?}");
    // The first is the test's own.
    assert_eq!(world.actions().iter().filter(|action| *action == "GetSessionToken").count(), 3);
    is_enrolled(&world);
}

#[test]
fn codes_are_tried_twice_and_no_more() {
    let world = Simulated::with_keys(1);
    let (bob, serial) = bob(&world);
    api::hold(&world.aws, world.keys.key(0), &serial, &serial);
    let off = 60 + (30 + 26 - (unix(std::time::SystemTime::now()) + 60) as i64 % 30) % 30;
    world.aws.clock().set_offset_seconds(off);
    let message = "MultiFactorAuthentication failed with invalid MFA one time pass code.".to_owned();
    let wrong = Wrong::Code { status: 403, code: "AccessDenied".to_owned(), message };
    world.aws.fail(Fault { times: 9, ..Fault::next("GetSessionToken", wrong) });
    let done = enroll(&world, &bob);
    assert_eq!(done.code, 3, "{done:?}");
    let error = "\nglasskey: error: STS did not accept the code: MultiFactorAuthentication failed with invalid MFA one \
                 time pass code.\n";
    let hint = "\nglasskey: hint: every code is accepted once, and nine tries in three minutes lock the device for the \
                rest of them\n";
    assert!(done.stderr.contains(error) && done.stderr.ends_with(hint), "{done:?}");
    assert_eq!(world.actions().iter().filter(|action| *action == "GetSessionToken").count(), 2);
    assert_eq!(world.aws.devices().len(), 1);
    assert_eq!((world.unfinished(), world.keys.key(0).credentials().len()), (0, 1));
}

/// Of two devices on one key the one whose code has not been sent yet opens the session; where there is only one, the
/// plan says how long the wait will be.
#[test]
fn a_fresh_code_is_taken_and_a_wait_is_in_the_plan() {
    let world = Simulated::with_keys(1);
    let (bob, serial) = bob(&world);
    let args = |name: &'static str, more: &'static str| {
        ["enroll", "--key", "12345678", "--device-name", name, "--yes", "--no-input", more]
    };
    api::hold(&world.aws, world.keys.key(0), &serial, &serial);
    // Early in a step by AWS's clock.
    let off = 60 + (30 + 2 - (unix(std::time::SystemTime::now()) + 60) as i64 % 30) % 30;
    world.aws.clock().set_offset_seconds(off);
    let session = ["session", "--no-cache", "--format", "json"];
    assert_eq!(run(&mut world.glasskey_as(&bob, session)).code, 0);
    let plan = run(&mut world.glasskey_as(&bob, args("bob-2", "--dry-run")));
    let said = format!("First a code of {serial} is needed, and the next one is due in ");
    assert!(plan.code == 0 && plan.stderr.contains(&said), "{plan:?}");
    // Another of the user's, on the same key.
    world.aws.clock().set_offset_seconds(off - 60);
    let other = world.aws.add_device_for("bob", 1).remove(0);
    world.aws.clock().set_offset_seconds(off);
    api::hold(&world.aws, world.keys.key(0), &other, &other);
    let done = run(&mut world.glasskey_as(&bob, args("bob-3", "--json")));
    assert!(done.code == 0 && !done.stderr.contains("waiting") && !done.stderr.contains(&said), "{done:?}");
    assert!(done.stderr.contains(&format!("opened with a code for {other}")), "{done:?}");
}
