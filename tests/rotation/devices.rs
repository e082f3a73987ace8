//! `glasskey devices`.

use crate::enroll::api;
use crate::support::{FIRST, Keys, Simulated, run};
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::oath_card::Options;
use serde_json::{Value, json};

fn serials(found: &Value) -> Vec<&str> {
    found["devices"].as_array().unwrap().iter().map(|device| device["serial"].as_str().unwrap()).collect()
}

#[test]
fn every_kind_of_one_user() {
    let world = Simulated::with_keys(1);
    let virtual_one = world.aws.add_device_for("alice", 1).remove(0);
    let fido = world.aws.add_fido_for("alice", "desk");
    let sms = format!("arn:aws:iam::{}:sms-mfa/alice", world.aws.account());
    world.aws.add_token_for("alice", &sms);
    world.aws.add_token_for("alice", "GAHT12345678");
    api::hold(&world.aws, world.keys.key(0), &virtual_one, &world.credential("alice-1"));
    let done = world.run(["devices", "alice", "--json"]).json();
    let devices = done["devices"].as_array().unwrap();
    let of = |serial: &str| devices.iter().find(|device| device["serial"] == serial).unwrap();
    for (serial, kind) in
        [(&*virtual_one, "virtual"), (&fido, "fido"), (&sms, "sms"), ("GAHT12345678", "hardware_totp")]
    {
        assert_eq!((&of(serial)["kind"], &of(serial)["user"]), (&json!(kind), &json!("alice")), "{done}");
        assert!(of(serial)["enabled"].as_u64().is_some_and(|at| at > 1_700_000_000), "{done}");
    }
    assert_eq!(of(&fido)["certifications"], json!({ "FIDO": "L1" }));
    assert_eq!(of(&virtual_one)["certifications"], Value::Null);
    let held = json!([{ "key": 12_345_678, "credential": world.credential("alice-1"), "proof": "believed" }]);
    assert_eq!(of(&virtual_one)["held"], held);
    assert_eq!(of("GAHT12345678")["held"], json!([]));
    assert_eq!((&done["unassigned"], &done["unseen"]), (&Value::Null, &json!([])), "{done}");
    let calls = world.actions();
    assert_eq!(
        calls,
        ["GetCallerIdentity", "ListMFADevices", "GetMFADevice"],
        "the virtual ones have no certificate"
    );
}

#[test]
fn a_table_for_people() {
    let world = Simulated::with_keys(1);
    assert_eq!(world.run(world.enroll_args()).code, 0);
    let done = world.run(["devices", "alice"]);
    let (head, row) = done.stdout.split_once('\n').unwrap();
    assert_eq!(head.split("  ").next().unwrap(), "DEVICE");
    assert!(row.starts_with(&format!("{}  virtual  alice  ", world.arn("alice"))), "{done:?}");
    assert!(row.ends_with("  12345678 (believed)\n"), "{done:?}");
}

#[test]
fn without_a_name_it_is_the_caller() {
    let world = Simulated::with_keys(1);
    let alice = api::free_user(&world.aws, "alice");
    let serial = world.aws.add_device_for("alice", 1).remove(0);
    let done = run(&mut world.glasskey_as(&alice, ["devices", "--json"])).json();
    assert_eq!(serials(&done), [serial]);
    // Root's are listed without a name.
    let fido = world.aws.add_fido_for("root", "safe");
    let done = run(&mut world.glasskey_as(&world.aws.root(), ["devices", "--json"]));
    assert_eq!(done.code, 0, "{done:?}");
    let done = done.json();
    assert_eq!((serials(&done), &done["devices"][0]["kind"]), (vec![&*fido], &json!("root_fido")));
    assert_eq!(
        (&done["devices"][0]["user"], &done["devices"][0]["certifications"]["FIDO"]),
        (&Value::Null, &json!("L1"))
    );
    // A role is nobody whose devices could be meant.
    let role = api::role_session(&world.aws, "laptop");
    let done = run(&mut world.glasskey_as(&role, ["devices"]));
    assert_eq!(done.code, 2, "{done:?}");
}

#[test]
fn everybody_and_what_is_nobodys() {
    let world = Simulated::with_keys(1);
    let admin = world.aws.admin();
    let _ = world.aws.add_user("bob");
    let bobs = world.aws.add_device_for("bob", 2);
    let roots = world.aws.add_device_for("root", 1).remove(0);
    let _ = world.aws.add_fido_for("root", "safe");
    api::call(&world.aws, &admin, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "somebody")]);
    api::call(&world.aws, &admin, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", "on-key")]);
    api::hold(&world.aws, world.keys.key(0), &world.arn("on-key"), &world.credential("on-key"));
    // A run that cannot undo: its device is nobody's, and ours.
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(Fault::next("DeleteVirtualMFADevice", Wrong::Deny));
    assert_eq!(world.run(world.enroll_args()).code, 4);
    let done = world.run(["devices", "--all", "--json"]).json();
    assert_eq!(serials(&done), [&roots, &bobs[0], &bobs[1]].map(String::as_str), "{done}");
    assert_eq!(done["devices"][0]["user"], Value::Null, "root has no name");
    let orphans = done["unassigned"].as_array().unwrap();
    let of = |name: &str| orphans.iter().find(|orphan| orphan["serial"] == world.arn(name)).unwrap();
    assert_eq!(orphans.len(), 3, "{done}");
    assert!(of("alice")["unfinished_since"].as_u64().is_some_and(|at| at > 1_700_000_000), "{done}");
    assert_eq!(of("alice")["held"].as_array().unwrap().len(), 1, "{done}");
    assert_eq!(
        (&of("on-key")["unfinished_since"], of("on-key")["held"].as_array().unwrap().len()),
        (&Value::Null, 1)
    );
    assert_eq!((&of("somebody")["unfinished_since"], &of("somebody")["held"]), (&Value::Null, &json!([])));
    let unseen = "not seen: FIDO devices of the root user, which AWS shows to root only";
    assert_eq!(done["unseen"], json!([unseen]));
}

/// What may not be seen is said, and what may be is shown.
#[test]
fn each_call_is_denied() {
    for (action, says) in [
        ("ListUsers", "not seen: no permission for iam:ListUsers"),
        ("ListMFADevices", "not seen: no permission for iam:ListMFADevices"),
        ("ListVirtualMFADevices", "not seen: no permission for iam:ListVirtualMFADevices"),
        ("GetMFADevice", "not seen: no permission for iam:GetMFADevice"),
    ] {
        let world = Simulated::with_keys(1);
        let mut all = world.aws.add_device_for("alice", 1);
        all.push(world.aws.add_fido_for("alice", "desk"));
        world.aws.fail(Fault { times: 9, ..Fault::next(action, Wrong::Deny) });
        let done = world.run(["devices", "--all", "--json"]);
        assert_eq!(done.code, 0, "{action}: {done:?}");
        assert!(done.stderr.contains(&format!("glasskey: {says}\n")), "{action}: {done:?}");
        let seen = serials(&done.json()).len();
        // Without the users or their lists, the virtual devices still tell whose they are.
        let expected = if ["ListUsers", "ListMFADevices"].contains(&action) { 1 } else { 2 };
        assert_eq!(seen, expected, "{action}");
    }
    let world = Simulated::with_keys(0);
    world.aws.fail(Fault::next("ListMFADevices", Wrong::Deny));
    assert_eq!(world.run(["devices", "alice"]).code, 3);
    assert_eq!(world.run(["devices", "nobody"]).code, 3);
}

/// Without a reader the list is as good.
#[test]
fn no_reader_is_there() {
    let world = Simulated::with_keys(0);
    let serial = world.aws.add_device_for("alice", 1).remove(0);
    let done = world.run(["devices", "alice", "--json"]);
    assert_eq!((done.code, serials(&done.json())), (0, vec![&*serial]));
    assert!(done.stderr.starts_with("glasskey: not read: the keys ("), "{done:?}");
}

#[test]
fn a_key_that_cannot_be_read_is_named() {
    let world = Simulated::with_keys(2);
    crate::support::protect(world.keys.key(0), "swordfish");
    let serial = world.aws.add_device_for("alice", 1).remove(0);
    api::hold(&world.aws, world.keys.key(1), &serial, &serial);
    let done = world.run(["devices", "alice", "--no-input", "--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.json()["devices"][0]["held"][0]["key"], json!(12_345_679));
    assert!(done.stderr.starts_with("glasskey: not read: YubiKey 12345678 ("), "{done:?}");
}

/// Some keys are set not to show it, and keys are told apart by it.
#[test]
fn a_key_that_hides_its_serial_number_is_said() {
    let hidden = Options { serial: None, ..Options::new(0) };
    let world = Simulated::around(Keys::of(vec![Options::new(FIRST), hidden]));
    let serials = world.aws.add_device_for("alice", 2);
    api::hold(&world.aws, world.keys.key(0), &serials[0], &serials[0]);
    api::hold(&world.aws, world.keys.key(1), &serials[1], &serials[1]);
    let done = world.run(["devices", "alice", "--no-input", "--json"]);
    let devices = done.json()["devices"].clone();
    assert_eq!(
        (done.code, &devices[0]["held"][0]["key"], &devices[1]["held"]),
        (0, &json!(FIRST), &json!([])),
        "{done:?}"
    );
    let told = "(the YubiKey hides its serial number, by which keys are told apart)\n";
    assert!(
        done.stderr.starts_with("glasskey: not read: the card in the reader ") && done.stderr.ends_with(told),
        "{done:?}"
    );
    let done = world.run(["retire", "alice", "--device", "alice-2", "--yes", "--no-input"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.starts_with("glasskey: warning: the key in the reader "), "{done:?}");
}

#[test]
fn a_proof_spends_a_code_and_tells_a_false_name() {
    let world = Simulated::with_keys(1);
    let alice = api::free_user(&world.aws, "alice");
    // Long enough ago for STS to know of them.
    world.aws.clock().set_offset_seconds(-60);
    let serials = world.aws.add_device_for("alice", 2);
    world.aws.clock().set_offset_seconds(0);
    api::hold(&world.aws, world.keys.key(0), &serials[0], &world.credential("alice-1"));
    let done = run(&mut world.glasskey_as(&alice, ["devices", "--prove", "--json"]));
    assert_eq!(done.code, 0, "{done:?}");
    let done = done.json();
    assert_eq!(done["devices"][0]["held"][0]["proof"], json!("proved"), "{done}");
    assert_eq!(done["devices"][1]["held"], json!([]));
    assert_eq!(world.actions().iter().filter(|action| *action == "GetSessionToken").count(), 1);
    // Another's devices cannot be proved by anybody else.
    let done = world.run(["devices", "alice", "--prove", "--json"]).json();
    assert_eq!(done["devices"][0]["held"][0]["proof"], json!("believed"), "{done}");
    assert!(done["unseen"][0].as_str().unwrap().starts_with("not proved: "), "{done}");
}
