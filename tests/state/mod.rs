//! What the state directory is trusted with: nothing that others can write to, that is no file of ours, or that no run of
//! ours can have written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod crafted; // runs that were made by hand, damaged or planted
mod directory; // whose it is, who may write to it, where it is
mod files; // links, pipes, limits, torn ends
mod fixtures; // what version 0.1.0 wrote, and what a later one may
mod replay; // the lines of a run, one after the other
mod used_codes; // which codes have been sent

use crate::enroll::api;
use crate::support::{Run, Simulated};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

fn recover(world: &Simulated, choice: &str) -> Run {
    world.run(["recover", choice, "--no-input"])
}

/// The directory of runs, made as glasskey makes it.
pub(crate) fn runs(world: &Simulated) -> PathBuf {
    let runs = world.keys.state_dir().join("runs");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&runs).unwrap();
    runs
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The first record of an enrollment of alice on the first key; `changes` replaces fields.
pub(crate) fn begin(world: &Simulated, device: &str, changes: &Value) -> Value {
    let mut begin = json!({
        "record": "begin", "version": 1, "command": "enroll", "started": now(), "caller": "arn:of:somebody",
        "user": "alice", "arn": world.arn(device), "credential": world.credential(device), "keys": [12_345_678],
        "touch": false, "phone": false,
    });
    change(&mut begin, changes);
    begin
}

fn change(record: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        record[name] = value.clone();
    }
}

pub(crate) fn intend(undo: &Value) -> Value {
    let mut record = json!({ "record": "intend" });
    change(&mut record, undo);
    record
}

pub(crate) fn delete_device() -> Value {
    intend(&json!({ "undo": "delete_device" }))
}

fn remove_credential() -> Value {
    intend(&json!({ "undo": "remove_credential", "key": 12_345_678 }))
}

pub(crate) fn lines(records: &[Value]) -> Vec<u8> {
    records.iter().flat_map(|record| format!("{record}\n").into_bytes()).collect()
}

/// Creates a device that nobody has, as an administrator would by hand.
fn unassigned(world: &Simulated, name: &str) -> String {
    let named = [("VirtualMFADeviceName", name)];
    api::call(&world.aws, &world.aws.admin(), "CreateVirtualMFADevice", &named);
    world.arn(name)
}

/// When a user's only listed device was enabled.
fn enabled(world: &Simulated, user: &str) -> u64 {
    let body = api::call(&world.aws, &world.aws.admin(), "ListMFADevices", &[("UserName", user)]);
    let date = body.split_once("<EnableDate>").unwrap().1.split_once('<').unwrap().0;
    date.parse::<jiff::Timestamp>().unwrap().as_second().try_into().unwrap()
}
