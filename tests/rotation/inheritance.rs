//! What a new device takes over from the old one, and what the plan says that is lost.

use crate::support::{Keys, Run, Simulated, run};
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::oath_card::Options;
use serde_json::json;

/// Alice has one device, its seed on the first `n` keys of three.
fn enrolled(n: usize, more: &[&str]) -> Simulated {
    let world = Simulated::with_keys(3);
    let keys = ["--key", "12345678", "--key", "12345679"];
    let args = ["enroll", "alice", "--yes", "--no-input"].iter().chain(&keys[..2 * n]).chain(more);
    assert_eq!(world.run(args).code, 0);
    world
}

fn rotate(world: &Simulated, more: &[&str]) -> Run {
    world.run(["rotate", "alice", "--from", "alice", "--yes", "--no-input"].iter().chain(more))
}

/// Whether the credential of `alice-2` on a key asks for a touch.
fn touches(world: &Simulated, key: usize) -> bool {
    let mut session = glasskey::oath::Session::open(world.keys.key(key).card()).unwrap();
    let all = session.all(0).unwrap();
    let ours = all.into_iter().find(|(name, _)| name.id() == world.credential("alice-2")).unwrap();
    !matches!(ours.1, glasskey::oath::Answer::Code(_))
}

#[test]
fn the_touch_is_taken_over_unless_it_is_given_up() {
    for (old, more, touch) in [
        (&["--touch"][..], &[][..], true),
        (&["--touch"], &["--no-touch"], false),
        (&[], &[], false),
        (&[], &["--touch"], true),
    ] {
        let world = enrolled(1, old);
        let dry = rotate(&world, &[&["--key", "12345680", "--dry-run", "--json"], more].concat());
        assert_eq!(dry.json()["device"]["touch"], touch, "{old:?} {more:?}: {dry:?}");
        let done = rotate(&world, &[&["--key", "12345680"], more].concat());
        assert_eq!((done.code, touches(&world, 2)), (0, touch), "{old:?} {more:?}: {done:?}");
        let lost = "glasskey: warning: no touch: the old device's codes want one, the new one's will not\n";
        assert_eq!(done.stderr.contains(lost), !old.is_empty() && !touch, "{done:?}");
        assert_eq!(done.stderr.contains(", with touch\n"), touch, "{done:?}");
    }
}

/// One seed on two keys with touch does not become one key without touch unless each is asked for.
#[test]
fn fewer_keys_must_be_asked_for() {
    let world = enrolled(2, &["--touch"]);
    let refused = rotate(&world, &["--key", "12345680"]);
    let error = format!(
        "glasskey: error: {} is on 2 keys here (12345678, 12345679), and the new device would be on 1 key\n\
         glasskey: hint: name as many with --key, or give --fewer-keys where that is meant\n",
        world.arn("alice")
    );
    refused.is(2, "", &error);
    assert_eq!(world.devices_of("alice"), [world.arn("alice")]);
    let plan = rotate(&world, &["--key", "12345680", "--fewer-keys", "--dry-run", "--json"]);
    assert_eq!(plan.json()["losses"], json!(["fewer_keys", "name"]), "{plan:?}");
    let done = rotate(&world, &["--key", "12345680", "--fewer-keys"]);
    assert_eq!((done.code, touches(&world, 2)), (0, true), "{done:?}");
    for line in [
        "glasskey: warning: fewer keys: the old device is on 2 (12345678, 12345679), the new one will be on 1 key\n",
        "The device gets another name: it is alice now, and will be alice-2.\n",
    ] {
        assert!(done.stderr.contains(line), "{line}: {done:?}");
    }
    // As many as before, one of them new.
    let world = enrolled(2, &[]);
    let done = rotate(&world, &["--key", "12345678", "--key", "12345680", "--json"]);
    assert_eq!((done.code, &done.json()["losses"]), (0, &json!(["name"])), "{done:?}");
}

/// What cannot be seen is said, and not taken for nothing.
#[test]
fn what_a_lost_key_held_is_not_known() {
    let world = enrolled(1, &["--touch"]);
    world.keys.key(0).pull();
    let done = rotate(&world, &["--key", "12345680"]);
    let said = "glasskey: warning: no key here holds alice: on how many keys it is, and whether its codes want a touch, is \
                not known. The new one's codes will not; --touch makes them\n";
    assert!(done.code == 0 && done.stderr.contains(said), "{done:?}");
}

#[test]
fn a_security_key_that_goes_is_a_loss() {
    let world = Simulated::with_keys(1);
    let fido = world.aws.add_fido_for("alice", "desk");
    let args = ["rotate", "alice", "--from", &fido, "--key", "12345678", "--yes", "--no-input", "--json"];
    let done = world.run(args);
    assert_eq!((done.code, &done.json()["losses"]), (0, &json!(["phishing_resistance"])), "{done:?}");
}

#[test]
fn a_key_that_cannot_ask_for_a_touch_is_said() {
    let keys = Keys::of(vec![Options::new(12_345_678), Options::new(12_345_679).firmware(4, 2, 4)]);
    let world = Simulated::around(keys);
    let args = ["enroll", "alice", "--key", "12345678", "--touch", "--yes", "--no-input"];
    assert_eq!(world.run(args).code, 0);
    let refused = rotate(&world, &["--key", "12345679"]);
    assert!(
        refused.code == 3 && refused.stderr.contains("YubiKey 12345679 is too old to ask for one"),
        "{refused:?}"
    );
    assert_eq!(rotate(&world, &["--key", "12345679", "--no-touch"]).code, 0);
}

/// Each permission is said to be for what it is for.
#[test]
fn a_dry_run_says_what_each_permission_is_for() {
    let world = enrolled(1, &[]);
    let done = rotate(&world, &["--key", "12345680", "--dry-run"]);
    let (_, permissions) = done.stderr.split_once("It needs these permissions:\n").unwrap();
    for line in [
        "  iam:DeleteVirtualMFADevice\n",
        "  iam:ListVirtualMFADevices\n",
        "  iam:TagUser  to announce the removal to other machines; it goes on without\n",
    ] {
        assert!(permissions.contains(line), "{line}: {permissions}");
    }
    let plan = world.run(["enroll", "alice", "--key", "12345680", "--device-name", "b", "--tag", "a=b", "--dry-run"]);
    for line in ["  iam:DeleteVirtualMFADevice  to undo and recover\n", "  iam:TagMFADevice\n"] {
        assert!(plan.stderr.contains(line), "{line}: {plan:?}");
    }
}

/// AWS did answer: it refused.
#[test]
fn a_refusal_is_an_answer() {
    let world = enrolled(1, &[]);
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    world.aws.fail(Fault::nth("ListVirtualMFADevices", 2, Wrong::Deny));
    let done =
        run(&mut world.glasskey(["rotate", "alice", "--from", "alice", "--key", "12345680", "--yes", "--no-input"]));
    let said = format!(
        "glasskey: perhaps left behind: {}; AWS was asked and refused: iam:ListVirtualMFADevices is not allowed\n",
        world.arn("alice")
    );
    assert!(done.code == 4 && done.stderr.contains(&said) && !done.stderr.contains("did not answer"), "{done:?}");
}
