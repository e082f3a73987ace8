//! `glasskey rotate` through the binary, by an administrator. What waits for STS is in `model.rs`, on a simulated clock.

use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::json;

fn enrolled() -> Simulated {
    let world = Simulated::with_keys(2);
    let done = world.run(["enroll", "alice", "--key", "12345678", "--yes", "--no-input"]);
    assert_eq!(done.code, 0, "{done:?}");
    world
}

fn rotate(world: &Simulated, more: &[&str]) -> Run {
    world.run(["rotate", "alice", "--key", "12345679", "--yes", "--no-input"].iter().chain(more))
}

fn has(world: &Simulated) -> Vec<String> {
    let devices = world.aws.devices().into_iter();
    devices.filter(|device| device.user.as_deref() == Some("alice")).map(|device| device.arn).collect()
}

/// The new device is alice's only one, on the second key; of the old one nothing is left.
#[track_caller]
fn is_rotated(world: &Simulated) {
    assert_eq!(has(world), [world.arn("alice-2")]);
    assert_eq!(world.aws.devices().len(), 1);
    assert_eq!(world.keys.key(0).credentials(), Vec::<String>::new());
    assert_eq!(world.keys.key(1).credentials(), [world.credential("alice-2")]);
    assert_eq!(world.unfinished(), 0);
    world.nobody_is_locked_out().unwrap();
}

#[test]
fn from_one_key_to_another() {
    for from in ["alice", "12345678"] {
        let world = enrolled();
        let done = rotate(&world, &["--from", from]);
        assert_eq!(
            (done.code, done.stdout.as_str()),
            (0, format!("{}\n", world.arn("alice-2")).as_str()),
            "{done:?}"
        );
        let told = [
            "  create  virtual MFA device  ARN-2",
            "  delete  virtual MFA device  ARN",
            "  remove  its credential      \"NAME\" from YubiKey 12345678",
            "No session can be opened as this user here: the new one is proved by its keys' codes alone.",
            "  created   ARN-2",
            "  listed    IAM shows it for alice",
            "  inactive  ARN: its codes open nothing any more",
            "  deleted   ARN",
            "  12345678  \"NAME\" removed",
        ];
        let mut rest = &*done.stderr;
        for line in told {
            let line = line.replace("ARN", &world.arn("alice")).replace("NAME", &world.credential("alice"));
            let (_, after) = rest.split_once(&format!("{line}\n")).unwrap_or_else(|| panic!("{line}: {done:?}"));
            rest = after;
        }
        is_rotated(&world);
        // And back: the name is free again.
        let back = world.run(["rotate", "alice", "--from", "alice-2", "--key", "12345678", "--yes", "--no-input"]);
        assert_eq!(back.stdout, format!("{}\n", world.arn("alice")), "{back:?}");
    }
}

#[test]
fn json_says_what_was_done() {
    let world = enrolled();
    let plan = rotate(&world, &["--from", "alice", "--dry-run", "--json"]).json();
    let retired = json!({
        "device": world.arn("alice"), "kind": "virtual",
        "credentials": [{ "key": 12_345_678, "credential": world.credential("alice") }],
    });
    assert_eq!(
        (&plan["type"], &plan["proof"], &plan["retired"]),
        (&json!("rotation_plan"), &json!("arithmetic"), &retired)
    );
    assert!(plan["permissions"].as_array().unwrap().contains(&json!("iam:DeactivateMFADevice")), "{plan}");
    world.alice_has_only(&world.arn("alice"));
    let done = rotate(&world, &["--from", "alice", "--json"]).json();
    assert_eq!((&done["type"], &done["user"], &done["retired"]), (&json!("rotated"), &json!("alice"), &retired));
    assert_eq!(done["device"]["arn"], json!(world.arn("alice-2")));
    assert_eq!(done["device"]["keys"], json!([12_345_679]));
    is_rotated(&world);
}

/// A key that is lost cannot be cleaned, and need not be.
#[test]
fn the_old_key_is_lost() {
    let world = enrolled();
    world.keys.key(0).pull();
    let done = rotate(&world, &["--from", "alice"]);
    assert_eq!((done.code, world.unfinished()), (0, 0), "{done:?}");
    assert_eq!(has(&world), [world.arn("alice-2")]);
}

#[test]
fn a_token_and_a_fido_key_can_be_replaced() {
    let world = Simulated::with_keys(2);
    world.aws.add_token_for("alice", "GAHT12345678");
    let fido = world.aws.add_fido_for("alice", "desk");
    for (from, device) in [("GAHT12345678", "alice"), (&*fido, "alice-2")] {
        let done = rotate(&world, &["--from", from]);
        assert_eq!(done.stdout, format!("{}\n", world.arn(device)), "{done:?}");
    }
    assert_eq!(has(&world), [world.arn("alice"), world.arn("alice-2")]);
}

#[test]
fn eight_devices_leave_no_room() {
    let world = enrolled();
    let _ = world.aws.add_device_for("alice", 7);
    let refused = rotate(&world, &["--from", "alice", "--device-name", "alice-new"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    let error = "glasskey: error: the user has 8 MFA devices, and AWS allows no more, not even for a moment\n";
    assert!(refused.stderr.starts_with(error), "{refused:?}");
    let done = rotate(&world, &["--from", "alice", "--device-name", "alice-new", "--replace-first"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!((has(&world).len(), has(&world).contains(&world.arn("alice-new"))), (8, true));
    assert!(!has(&world).contains(&world.arn("alice")));
}

#[test]
fn the_only_device_cannot_go_first() {
    let world = enrolled();
    let done = rotate(&world, &["--from", "alice", "--replace-first"]);
    let error = format!(
        "glasskey: error: {} is the user's only MFA device, so it cannot go before the new one works\n\
         glasskey: hint: leave out --replace-first\n",
        world.arn("alice")
    );
    done.is(3, "", &error);
}

/// What had to go first comes back when the new one cannot be made.
#[test]
fn what_went_first_is_given_back() {
    let world = enrolled();
    let _ = world.aws.add_device_for("alice", 1);
    world.aws.clock().advance(std::time::Duration::from_secs(120));
    world.aws.fail(Fault::next("CreateVirtualMFADevice", Wrong::Deny));
    let done = rotate(&world, &["--from", "alice", "--device-name", "alice-new", "--replace-first"]);
    assert_eq!((done.code, world.unfinished()), (3, 0), "{done:?}");
    assert!(has(&world).contains(&world.arn("alice")), "{done:?}");
    world.alice_keeps(&world.arn("alice"));
}

/// The new one stays, the old one stays, and it is said what to do.
#[test]
fn the_last_step_is_denied() {
    for action in ["DeactivateMFADevice", "DeleteVirtualMFADevice"] {
        for choice in ["--yes", "--undo"] {
            let world = enrolled();
            world.aws.clock().advance(std::time::Duration::from_secs(120));
            world.aws.fail(Fault::next(action, Wrong::Deny));
            let done = rotate(&world, &["--from", "alice"]);
            assert_eq!((done.code, world.unfinished()), (4, 1), "{action}: {done:?}");
            let new = format!("glasskey: done before this: {} is enabled and works\n", world.arn("alice-2"));
            let hint = "glasskey: hint: `glasskey recover` looks at what is left and finishes or undoes it\n";
            assert!(done.stderr.contains(&new) && done.stderr.contains(hint), "{action}: {done:?}");
            if action == "DeactivateMFADevice" {
                let old = format!("glasskey: as it was: {} is enabled\n", world.arn("alice"));
                assert!(done.stderr.contains(&old), "{done:?}");
                assert_eq!(has(&world).len(), 2);
            }
            world.aws.clock().advance(std::time::Duration::from_secs(120));
            let recovered = world.run(["recover", choice, "--no-input"]);
            assert_eq!(recovered.code, 0, "{action}, {choice}: {recovered:?}");
            if choice == "--yes" {
                is_rotated(&world);
                let said =
                    format!("complete: alice can sign in with YubiKey 12345679; {} is gone\n", world.arn("alice"));
                assert_eq!(recovered.stdout, said);
            } else {
                world.alice_has_only(&world.arn("alice"));
                assert_eq!(world.keys.key(1).credentials(), Vec::<String>::new());
            }
        }
    }
}

/// A policy that knows one name per user does not let a user rotate; nothing is changed.
#[test]
fn the_policy_allows_one_name_only() {
    let world = enrolled();
    let alice = world.aws.add_user("alice");
    let policy = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policies/self-service.json"));
    world.aws.allow("alice", &policy.unwrap()).unwrap();
    world.aws.clock().advance(std::time::Duration::from_secs(120));
    let args = ["rotate", "alice", "--from", "alice", "--key", "12345679", "--yes", "--no-input"];
    let done = run(&mut world.glasskey_as(&alice, args));
    assert_eq!((done.code, world.unfinished()), (3, 0), "{done:?}");
    let plan = "Two devices cannot have one name. A policy that allows only the device \"alice\" refuses \"alice-2\"; \
                then nothing is changed.\n";
    let hint = "glasskey: hint: an administrator can rotate for you, or widen the policy: \
                docs/policies/self-service-rotate.json\n";
    assert!(done.stderr.contains(plan) && done.stderr.contains(hint), "{done:?}");
    world.alice_has_only(&world.arn("alice"));
}

#[test]
fn nobody_says_yes_and_mistakes_in_the_command_line() {
    let world = enrolled();
    let args = ["rotate", "alice", "--from", "alice", "--key", "12345679", "--no-input"];
    assert_eq!(world.run(args).code, 5);
    assert_eq!(world.run(["rotate", "alice", "--from", "alice", "--yes"]).code, 2);
    assert_eq!(rotate(&world, &["--from", "alice", "--key", "12345679"]).code, 2);
    assert_eq!(rotate(&world, &["--from", "bob"]).code, 3);
    assert_eq!(world.run(["rotate", "nobody", "--from", "x", "--key", "12345679", "--yes"]).code, 3);
    world.alice_has_only(&world.arn("alice"));
}

#[test]
fn another_run_for_the_user_is_unfinished() {
    let world = enrolled();
    world.aws.fail(Fault::next("DeactivateMFADevice", Wrong::Deny));
    assert_eq!(rotate(&world, &["--from", "alice"]).code, 4);
    let again = rotate(&world, &["--from", "alice"]);
    assert_eq!(again.code, 3, "{again:?}");
    assert!(again.stderr.contains("an earlier run for user alice did not end"), "{again:?}");
}

impl Simulated {
    #[track_caller]
    fn alice_has_only(&self, arn: &str) {
        assert_eq!((has(self), self.unfinished()), (vec![arn.to_owned()], 0));
        self.alice_keeps(arn);
    }

    /// Its credential is on the first key still, and right.
    #[track_caller]
    fn alice_keeps(&self, arn: &str) {
        let name = arn.split_once(":mfa/").unwrap().1;
        assert_eq!(self.keys.key(0).credentials(), [self.credential(name)]);
        assert_eq!(self.aws.devices().iter().filter(|device| device.user.is_none()).count(), 0);
    }
}
