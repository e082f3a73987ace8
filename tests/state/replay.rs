//! Records of runs, replayed line by line: which a run of ours can have written, and where one cannot go on.

use super::{begin, delete_device, intend, lines, remove_credential};
use crate::support::Simulated;
use glasskey::flow::Implausible;
use glasskey::flow::recover::{RunState, options_of};
use glasskey::person::UnfinishedKey;
use serde_json::{Value, json};
use std::time::UNIX_EPOCH;

/// The line that is no step of such a run, and why.
fn flaw(records: &[Value]) -> Option<(usize, Implausible)> {
    let seen = RunState::AccessKey(UnfinishedKey {
        user: String::new(),
        started: UNIX_EPOCH,
        new: None,
        active: false,
        certain: false,
        handed: glasskey::person::Handed::No,
        to: String::new(),
        first: None,
        old: None,
        keep: false,
    });
    let text = String::from_utf8(lines(records)).unwrap();
    options_of(&text, &seen).err()
}

#[test]
fn every_line_is_a_step_that_such_a_run_makes_then() {
    let world = Simulated::with_keys(1);
    let account = world.aws.account();
    let of = |record: &str| json!({ "record": record });
    let void = |mut undo: Value| {
        undo["record"] = "void".into();
        undo
    };
    let old = json!({ "serial": world.arn("old"), "enabled": 1, "held": [] });
    let enroll = begin(&world, "alice", &json!({}));
    let rotate = begin(&world, "alice", &json!({ "replaces": old }));
    let root = begin(&world, "alice", &json!({ "root": true }));
    let retire = json!({
        "record": "retire", "version": 1, "command": "retire", "started": 1, "caller": "arn:of:somebody",
        "account": account, "user": "alice", "old": old, "last": false,
    });
    let key = json!({
        "record": "key", "version": 1, "command": "rotate", "started": 1, "caller": "arn:of:somebody",
        "account": account, "user": "alice", "before": ["OLD"], "first": null, "old": "OLD", "keep": false, "to": "x",
    });
    let again = intend(&json!({ "undo": "enable_again" }));
    let activate = |id: &str| intend(&json!({ "undo": "activate_key", "id": id }));
    let new_key = |id: &str| json!({ "record": "new_key", "id": id });
    let step = |line| Some((line, Implausible::Step));
    let other = |line, id: &str| Some((line, Implausible::AccessKey { id: id.to_owned() }));
    let (make, unmake) = (delete_device(), void(delete_device()));
    let beginnings = [
        ("nothing", vec![], Some((1, Implausible::NoBeginning))),
        ("no beginning", vec![&make], Some((1, Implausible::NoBeginning))),
        ("a second beginning", vec![&enroll, &make, &retire], Some((3, Implausible::SecondBeginning))),
        ("an enrollment that has begun", vec![&enroll], None),
        ("a credential without a device", vec![&enroll, &make, &unmake], None),
    ];
    for (what, records, right) in beginnings {
        let records: Vec<Value> = records.into_iter().cloned().collect();
        assert_eq!(flaw(&records), right, "{what}");
    }
    let (created, enabling, enabled, deleted) = (of("created"), of("enabling"), of("enabled"), of("deleted"));
    let (enabling_again, handed) = (of("enabling_again"), of("handed_over"));
    let credential = remove_credential();
    let whole = [&make, &created, &credential, &enabling, &enabled].map(Clone::clone);
    let cases = [
        ("an enrollment", enroll.clone(), whole.to_vec(), None),
        ("a device that was not made", enroll.clone(), vec![make.clone(), unmake, created.clone()], step(4)),
        ("a credential first", enroll.clone(), vec![credential.clone(), make.clone()], step(2)),
        ("an old device of an enrollment", enroll, vec![make.clone(), deleted.clone()], step(3)),
        ("a rotation", rotate.clone(), [&whole[..], &[again.clone(), deleted.clone()]].concat(), None),
        ("a rotation, undone", rotate, vec![again.clone(), enabling_again.clone()], None),
        ("root's", root.clone(), vec![credential.clone(), enabling], None),
        ("a device that the console makes", root.clone(), vec![make], step(2)),
        ("a device that the console enables", root, vec![credential.clone(), enabled], step(3)),
        ("a retirement", retire.clone(), vec![again, deleted, enabling_again], None),
        ("a credential of a retirement", retire, vec![credential], step(2)),
        ("an access key", key.clone(), vec![intend(&json!({ "undo": "delete_key" })), new_key("NEW"), handed], None),
        ("an old access key as the new one", key.clone(), vec![new_key("OLD")], other(2, "OLD")),
        ("the old access key", key.clone(), vec![activate("OLD")], None),
        ("an access key that does not go", key.clone(), vec![activate("OTHER")], other(2, "OTHER")),
        ("a device of an access key's run", key, vec![created], step(2)),
    ];
    for (what, first, rest, right) in cases {
        let records = [vec![first], rest].concat();
        assert_eq!(flaw(&records), right, "{what}");
    }
}
