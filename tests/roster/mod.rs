//! `enroll --roster` through the binary: several users at once, key after key, from where it stopped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod file; // rosters and ledgers that cannot be used
mod interactive; // keys, waited for and handed out
mod parallel; // users that need nobody: counts, throttling, failures, restarts
mod plan; // what is said before anything is done
mod rotate; // devices replaced, for many users

use crate::support::{Keys, Run, Simulated, run};
use serde_json::Value;
use std::process::Command;

/// An escrow recipient; nobody needs its identity here.
const RECIPIENT: &str = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj";

/// A world with users `user1` to `usern` and a roster of them.
fn world(users: usize) -> Simulated {
    let world = Simulated::around(Keys::serve(0));
    (1..=users).for_each(|nth| _ = world.aws.add_user(&format!("user{nth}")));
    roster(&world, &(1..=users).map(|nth| format!("user{nth}\n")).collect::<String>());
    world
}

fn roster(world: &Simulated, text: &str) {
    std::fs::write(world.keys.home.path().join("team.csv"), text).unwrap();
}

/// `enroll --roster team.csv`, approved, with these places, whether they prove the seed or not.
fn enroll(world: &Simulated, more: &[&str]) -> Command {
    world.glasskey(["enroll", "--roster", "team.csv", "--yes", "--no-input", "--accept-unproved"].iter().chain(more))
}

fn escrowed(world: &Simulated) -> Command {
    enroll(world, &["--escrow", RECIPIENT, "--json"])
}

/// The ledger's lines.
fn ledger(world: &Simulated) -> Vec<Value> {
    let text = std::fs::read_to_string(world.keys.home.path().join("team.csv.ledger.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The JSON lines on standard output: users, and the summary.
fn lines(done: &Run) -> (Vec<Value>, Value) {
    let mut all: Vec<Value> = done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let summary = all.pop().unwrap_or_else(|| panic!("{done:?}"));
    (all, summary)
}

/// Users whose device is enabled; each has its escrow file, and nobody has two devices.
#[track_caller]
fn enrolled(world: &Simulated) -> usize {
    let devices = world.aws.devices();
    for device in &devices {
        let name = device.arn.rsplit('/').next().unwrap();
        assert_eq!(device.user.as_deref(), Some(name), "{device:?}");
        assert!(world.keys.home.path().join(format!("{name}.age")).is_file(), "{name}");
    }
    devices.len()
}
