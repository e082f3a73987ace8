//! What an enrollment that goes well promises.

use crate::support::{Simulated, run};
use serde_json::json;

#[test]
fn two_keys_hold_one_seed_and_six_calls_are_made() {
    let world = Simulated::with_keys(2);
    let started = std::time::Instant::now();
    let done = world.run(world.enroll_args());
    assert_eq!((done.code, done.stdout.as_str()), (0, format!("{}\n", world.arn("alice")).as_str()), "{done:?}");
    world.alice_is_enrolled().unwrap();
    // The first three go together.
    let mut actions = world.actions();
    actions[..3].sort();
    let first = ["GetCallerIdentity", "ListMFADevices", "ListVirtualMFADevices"];
    let then = ["CreateVirtualMFADevice", "EnableMFADevice", "ListMFADevices"];
    assert_eq!(actions, [first, then].concat());
    // A time step is 30 s; nothing waits for one. The bound is generous: it is no measurement.
    assert!(started.elapsed().as_secs() < 15);
}

#[test]
fn json_says_what_was_done() {
    let world = Simulated::with_keys(1);
    let mut args = world.enroll_args();
    args.push("--json".to_owned());
    let done = world.run(&args).json();
    let first_code = done["devices"][0]["first_code_from"].clone();
    assert!(first_code.as_u64().is_some_and(|from| from > 1_700_000_000), "{done}");
    let device = json!({
        "arn": world.arn("alice"), "credential": world.credential("alice"), "keys": [12_345_678], "phone": false,
        "escrow": null, "command": null, "proved": true, "confirmed": true, "first_code_from": first_code,
    });
    let ahead = done["clock_ahead_seconds"].clone();
    assert!(ahead.as_i64().is_some_and(|ahead| ahead.abs() <= 2), "{done}");
    assert_eq!(
        done,
        json!({
            "type": "enrolled", "account": world.aws.account(), "user": "alice", "devices": [device],
            "clock_ahead_seconds": ahead,
        })
    );
}

#[test]
fn one_device_per_key() {
    let world = Simulated::with_keys(2);
    let mut args = world.enroll_args();
    args.push("--separate".to_owned());
    let done = world.run(&args);
    assert_eq!(done.code, 0, "{done:?}");
    let mut arns: Vec<String> = world.aws.devices().into_iter().map(|device| device.arn).collect();
    arns.sort();
    assert_eq!(arns, [world.arn("alice-12345678"), world.arn("alice-12345679")]);
    world.nobody_is_locked_out().unwrap();
}

#[test]
fn a_dry_run_changes_nothing_and_names_the_permissions() {
    let world = Simulated::with_keys(2);
    let mut args = world.enroll_args();
    args.extend(["--dry-run".to_owned(), "--tag".to_owned(), "team=blue".to_owned()]);
    let done = world.run(&args);
    assert_eq!(done.code, 0, "{done:?}");
    world.nothing_is_left().unwrap();
    assert_eq!(world.sorted_actions(), ["GetCallerIdentity", "ListMFADevices", "ListVirtualMFADevices"]);
    for permission in ["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:TagMFADevice"] {
        assert!(done.stderr.contains(permission), "{permission}: {}", done.stderr);
    }
}

#[test]
fn path_name_and_tags_reach_iam() {
    let world = Simulated::with_keys(1);
    let mut args = world.enroll_args();
    args.extend(["--path", "/team/", "--device-name", "alice-safe", "--tag", "place=safe 2"].map(str::to_owned));
    let done = world.run(&args);
    assert_eq!(done.code, 0, "{done:?}");
    let devices = world.aws.devices();
    assert_eq!(devices[0].arn, world.arn("team/alice-safe"));
    assert_eq!(devices[0].tags.get("place").map(String::as_str), Some("safe 2"));
    assert_eq!(world.keys.key(0).credentials(), [world.credential("team/alice-safe")]);
}

#[test]
fn the_caller_is_the_default_user_and_a_second_device_takes_an_mfa_session() {
    let world = Simulated::with_keys(2);
    let alice = world.aws.add_user("bob");
    world
        .aws
        .allow("bob", r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}"#)
        .unwrap();
    let enroll = |extra: &[&str]| {
        let args = ["enroll", "--yes", "--no-input"].iter().chain(extra);
        run(&mut world.glasskey_as(&alice, args))
    };
    let first = enroll(&["--key", "12345678"]);
    assert_eq!(first.code, 0, "{first:?}");
    // IAM's own time: STS must know the first device before its code opens the session.
    world.aws.clock().advance(std::time::Duration::from_secs(60));
    let second = enroll(&["--key", "12345679", "--device-name", "bob-2"]);
    assert_eq!(second.code, 0, "{second:?}");
    assert!(second.stderr.contains("session   opened with a code for"), "{second:?}");
    assert!(world.actions().contains(&"GetSessionToken".to_owned()));
    world.nobody_is_locked_out().unwrap();
}
