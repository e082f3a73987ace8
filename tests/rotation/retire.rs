//! `glasskey retire`: what it takes away, what it refuses to, and what is left where it stops.

use crate::enroll::api;
use crate::support::blows::{Blow, KILLED, is_call, struck};
use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::json;

/// Alice's device on the first key, and another that nobody here holds.
fn two_devices(world: &Simulated) -> String {
    assert_eq!(world.run(world.enroll_args()).code, 0);
    world.aws.add_device_for("alice", 1).remove(0)
}

fn retire(world: &Simulated, more: &[&str]) -> Run {
    world.run(["retire", "alice", "--yes", "--no-input"].iter().chain(more))
}

#[track_caller]
fn is_gone(world: &Simulated, serial: &str) {
    assert!(world.aws.devices().iter().all(|device| device.arn != serial), "{:?}", world.aws.devices());
    assert_eq!((world.keys.key(0).credentials(), world.unfinished()), (Vec::<String>::new(), 0));
}

#[test]
fn by_name_by_serial_number_and_by_key() {
    for device in ["alice", "ARN", "12345678"] {
        let world = Simulated::with_keys(1);
        let other = two_devices(&world);
        let arn = world.arn("alice");
        let device = if device == "ARN" { &arn } else { device };
        let done = retire(&world, &["--device", device]);
        let told = format!(
            "glasskey will, for user alice:\n  \
             delete  virtual MFA device  {arn}\n  \
             remove  its credential      \"{0}\" from YubiKey 12345678\n\
             One other device stays.\n  \
             inactive  {arn}: its codes open nothing any more\n  \
             deleted   {arn}\n  \
             12345678  \"{0}\" removed\n",
            world.credential("alice")
        );
        done.is(0, &format!("{arn}\n"), &told);
        is_gone(&world, &arn);
        assert_eq!(world.devices_of("alice"), [other]);
    }
}

#[test]
fn json_says_what_was_done_and_a_dry_run_what_would_be() {
    let world = Simulated::with_keys(1);
    let _ = two_devices(&world);
    let mut expected = json!({
        "type": "retirement_plan", "account": world.aws.account(), "user": "alice", "device": world.arn("alice"),
        "kind": "virtual", "devices_left": 1,
        "credentials": [{ "key": 12_345_678, "credential": world.credential("alice") }],
        "permissions": [
            "iam:ListMFADevices", "iam:DeactivateMFADevice", "iam:DeleteVirtualMFADevice", "iam:ListVirtualMFADevices",
            "iam:TagUser", "iam:ListUserTags", "iam:UntagUser"
        ],
    });
    let before = world.aws.devices();
    assert_eq!(retire(&world, &["--device", "alice", "--dry-run", "--json"]).json(), expected);
    assert_eq!(world.aws.devices(), before);
    expected["type"] = json!("retired");
    expected.as_object_mut().unwrap().remove("permissions");
    assert_eq!(retire(&world, &["--device", "alice", "--json"]).json(), expected);
    is_gone(&world, &world.arn("alice"));
}

#[test]
fn the_last_one_must_be_named_twice() {
    let world = Simulated::with_keys(1);
    assert_eq!(world.run(world.enroll_args()).code, 0);
    for more in [&[][..], &["--last-factor", "alice-2"]] {
        let done = retire(&world, &[&["--device", "alice"], more].concat());
        let refused = format!(
            "glasskey: error: {} is the user's last MFA device\n\
             glasskey: hint: `glasskey rotate USER --from alice --key SERIAL` replaces it; to leave the user without any, add --last-factor alice\n",
            world.arn("alice")
        );
        done.is(3, "", &refused);
    }
    world.alice_is_enrolled().unwrap();
    let done = retire(&world, &["--device", "alice", "--last-factor", "alice"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("It is the last one: afterwards a password or an access key is enough.\n"));
    is_gone(&world, &world.arn("alice"));
}

#[test]
fn other_kinds_have_no_life_of_their_own() {
    let world = Simulated::with_keys(1);
    let other = two_devices(&world);
    let fido = world.aws.add_fido_for("alice", "desk");
    world.aws.add_token_for("alice", "GAHT12345678");
    for device in [fido.rsplit('/').next().unwrap(), "GAHT12345678"] {
        let done = retire(&world, &["--device", device]);
        assert_eq!(done.code, 0, "{done:?}");
        assert!(!done.stderr.contains("deleted"), "{done:?}");
    }
    let mut left = vec![world.arn("alice"), other];
    left.sort();
    assert_eq!(world.devices_of("alice"), left);
    assert!(!world.actions().contains(&"DeleteVirtualMFADevice".to_owned()));
    // What stays can sign in, and cannot open a session.
    let _ = world.aws.add_fido_for("alice", "safe");
    assert_eq!(retire(&world, &["--device", "alice-1"]).code, 0);
    let done = retire(&world, &["--device", "alice"]);
    assert!(done.stderr.contains("None of those opens a session on the command line"), "{done:?}");
}

#[test]
fn it_is_not_clear_which() {
    let world = Simulated::with_keys(1);
    let none = retire(&world, &["--device", "bob"]);
    none.is(
        3,
        "",
        "glasskey: error: no device of the user is called \"bob\"\n\
         glasskey: hint: name one by its name, by its serial number, or by the number of a key here that holds it\n",
    );
    let serials = world.aws.add_device_for("alice", 2);
    for serial in &serials {
        api::hold(&world.aws, world.keys.key(0), serial, serial);
    }
    let both = retire(&world, &["--device", "12345678"]);
    assert_eq!(both.code, 3, "{both:?}");
    assert!(both.stderr.starts_with("glasskey: error: more than one device of the user is meant by \"12345678\"\n"));
    assert!(both.stderr.contains(&format!("the user's devices: {}\n", serials.join(", "))), "{both:?}");
    assert_eq!(retire(&world, &["--device", "12345679"]).code, 3);
    assert_eq!(world.devices_of("alice"), serials);
}

#[test]
fn ones_own_through_a_session() {
    let world = Simulated::with_keys(1);
    let alice = api::free_user(&world.aws, "alice");
    let serials = world.aws.add_device_for("alice", 2);
    let args = ["retire", "alice", "--device", "alice-1", "--yes", "--no-input"];
    let done = run(&mut world.glasskey_as(&alice, args));
    assert_eq!(done.code, 3, "no key holds a factor: {done:?}");
    world.aws.clock().advance(std::time::Duration::from_secs(60));
    api::hold(&world.aws, world.keys.key(0), &serials[0], &serials[0]);
    let done = run(&mut world.glasskey_as(&alice, args));
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("  session   opened with a code for "), "{done:?}");
    is_gone(&world, &serials[0]);
}

#[test]
fn nobody_says_yes() {
    let world = Simulated::with_keys(1);
    let _ = two_devices(&world);
    let done = world.run(["retire", "alice", "--device", "alice", "--no-input"]);
    assert_eq!(done.code, 5, "{done:?}");
    assert_eq!((world.devices_of("alice").len(), world.unfinished()), (2, 0));
}

/// Nothing has happened before the device is deactivated; a refusal leaves nothing to recover.
#[test]
fn deactivating_is_refused() {
    for wrong in [Wrong::Deny, Wrong::Expire] {
        let world = Simulated::with_keys(1);
        let _ = two_devices(&world);
        world.aws.fail(Fault::next("DeactivateMFADevice", wrong));
        let done = retire(&world, &["--device", "alice"]);
        assert_eq!((done.code, world.unfinished(), world.devices_of("alice").len()), (3, 0, 2), "{done:?}");
    }
}

/// From then on the run is on record, and is completed, or undone from the key.
#[test]
fn deleting_is_refused() {
    for choice in ["--yes", "--undo"] {
        let world = Simulated::with_keys(1);
        let other = two_devices(&world);
        world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
        let done = retire(&world, &["--device", "alice"]);
        assert_eq!(done.code, 4, "{done:?}");
        let left =
            format!("glasskey: left behind: {}, not enabled (AWS refused DeleteVirtualMFADevice", world.arn("alice"));
        assert!(done.stderr.contains(&left), "{done:?}");
        let again = retire(&world, &["--device", "alice-1", "--last-factor", "alice-1"]);
        assert_eq!(again.code, 3, "{again:?}");
        assert!(
            again.stderr.starts_with("glasskey: error: an earlier run for user alice did not end; it was removing ")
        );
        // IAM takes newer codes only.
        world.aws.clock().advance(std::time::Duration::from_secs(90));
        let recovered = world.run(["recover", choice, "--no-input"]);
        assert_eq!(recovered.code, 0, "{recovered:?}");
        if choice == "--yes" {
            assert_eq!(recovered.stdout, format!("complete: {} is gone\n", world.arn("alice")));
            is_gone(&world, &world.arn("alice"));
            assert_eq!(world.devices_of("alice"), [other]);
        } else {
            assert_eq!(recovered.stdout, format!("undone: {} is enabled for alice\n", world.arn("alice")));
            assert_eq!(
                (world.devices_of("alice").len(), world.keys.key(0).credentials().len(), world.unfinished()),
                (2, 1, 0)
            );
        }
    }
}

/// The key goes away after everything was looked at; the credential is of no use, and removed when it is back.
#[test]
fn the_key_is_pulled_before_its_credential_is_removed() {
    let world = Simulated::with_keys(1);
    let _ = two_devices(&world);
    let key = world.keys.key(0).clone();
    world.tap.listen(move |passing| {
        if format!("{:?}", passing.wire).contains("DeleteVirtualMFADevice") && passing.done {
            key.pull();
        }
    });
    let done = retire(&world, &["--device", "alice"]);
    assert_eq!((done.code, world.unfinished()), (4, 1), "{done:?}");
    world.tap.silence();
    world.keys.key(0).plug_in();
    let recovered = world.run(["recover", "--yes", "--no-input", "--json"]);
    let runs = json!([{
        "command": "retire", "arn": world.arn("alice"), "user": "alice", "outcome": "finished", "keys": [],
        "escrow": null
    }]);
    assert_eq!(recovered.json()["runs"], runs, "{recovered:?}");
    is_gone(&world, &world.arn("alice"));
}

/// Killed after it had deleted the device: recovery says that it is gone, and not that it has deleted it.
#[test]
fn what_was_gone_before_is_not_said_to_be_deleted() {
    let world = Simulated::with_keys(1);
    let _ = two_devices(&world);
    let command = world.glasskey(["retire", "alice", "--yes", "--no-input", "--device", "alice"]);
    let done = struck(&world, command, Blow::Kill, |it| is_call(it, "DeleteVirtualMFADevice") && it.done);
    assert_eq!(done.code, KILLED, "{done:?}");
    let arn = world.arn("alice");
    let gone = format!("\n  gone      {arn}: IAM has it no more\n");
    let recovered = world.run(["recover", "--yes", "--no-input"]);
    assert!(recovered.code == 0 && recovered.stderr.contains(&gone), "{recovered:?}");
    assert!(!recovered.stderr.contains("  deleted "), "{recovered:?}");
    is_gone(&world, &arn);
}
