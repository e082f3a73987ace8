//! docs/json.md describes what the binary prints: every type, with every name in it.

use crate::support::{Keys, Simulated, glasskey, put, run, schemas, seed, with_fd};
use glasskey::sim::aws::{Fault, Wrong};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const DOCUMENT: &str = include_str!("../../docs/json.md");

/// The names in a value, with their paths.
fn names(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            let path = format!("{path}.{name}");
            names(value, &path, into);
            into.insert(path);
        }),
        Value::Array(array) => array.iter().for_each(|value| names(value, path, into)),
        _ => {}
    }
}

fn paths(value: &Value) -> BTreeSet<String> {
    let mut into = BTreeSet::new();
    names(value, "", &mut into);
    into
}

/// Holds an output to the example of its type in the document.
#[track_caller]
pub(crate) fn is_documented(output: &Value) {
    let examples = DOCUMENT.lines().filter(|line| line.starts_with('{'));
    let examples = examples.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let examples = examples.filter(|example| example["type"] == output["type"]);
    let examples: Vec<BTreeSet<String>> = examples.map(|example| paths(&example)).collect();
    // Several where one output can take several forms.
    match examples.as_slice() {
        [only] => assert_eq!(paths(output), *only),
        several => assert!(several.contains(&paths(output)), "{} is not documented: {output}", output["type"]),
    }
}

#[test]
fn every_output_of_the_key_commands_is_as_documented() {
    let keys = Keys::serve(2);
    put(keys.key(0), "a", true);
    put(keys.key(0), "b", false);
    let unplugged = keys.key(1);
    unplugged.pull();
    let (_, secret) = seed();
    let stdin = ["oath", "add", "c", "--yes", "--json"];
    is_documented(&keys.run_with(stdin, secret.as_bytes()).never_says(&[&secret]).json());
    for args in [
        "oath list",
        "oath info",
        "oath code --all",
        "oath code b",
        "oath code a",
        "oath rename b d --yes",
        "oath delete d --yes",
        "oath delete d --yes",
        "oath password clear --yes",
        "oath reset --yes --key 12345678",
        "oath list --key 1",
    ] {
        is_documented(&keys.run(args.split(' ').chain(["--json"])).json());
    }
    let set = keys.glasskey("oath password set --yes --json --new-password-fd 3".split(' '));
    is_documented(&run(&mut with_fd(&set, 3, "some words")).never_says(&["some words"]).json());
}

#[test]
fn every_output_of_enrolling_and_recovering_is_as_documented() {
    let world = Simulated::with_keys(2);
    let with = |more: &[&str]| {
        let mut args = world.enroll_args();
        args.extend(more.iter().map(|arg| (*arg).to_owned()));
        world.run(&args).json()
    };
    is_documented(&with(&["--json", "--dry-run"]));
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::Deny));
    world.aws.fail(Fault { times: 2, ..Fault::next("DeleteVirtualMFADevice", Wrong::Deny) });
    is_documented(&with(&["--json"]));
    is_documented(&world.run(["recover", "--yes", "--no-input", "--json"]).json());
    is_documented(&with(&["--json", "--separate"]));
}

#[test]
fn the_output_of_the_stand_ins_is_as_documented() {
    let home = tempfile::tempdir().unwrap();
    is_documented(&run(glasskey(home.path()).args(["demo", "--json"])).json());
    let mut simulation = glasskey(home.path());
    let mut child = simulation
        .args(["simulate", "--json", "--org", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let stopped = Command::new("kill").args(["-s", "INT", &child.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    assert_eq!(child.wait().unwrap().code(), Some(0), "ended by Ctrl-C, as it says");
    is_documented(&schemas::read(line.as_bytes()));
}
