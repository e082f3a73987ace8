//! Each fault that has a name: its exact words on standard error, its exit code, and the world as it was before.

mod account; // the caller, the user, the devices there are
mod configuration; // credentials, profiles, endpoints
mod journal; // the state directory, and two runs at once
mod keys; // the keys and what is on them
mod midway; // after the plan was approved

use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::DeviceView;
use glasskey::sim::oath_card::SoftKey;
use std::process::Command;

/// What a failed run must leave unchanged.
#[derive(Debug, PartialEq)]
struct Standing {
    devices: Vec<DeviceView>,
    credentials: Vec<Vec<String>>,
    unfinished: usize,
}

fn standing(world: &Simulated) -> Standing {
    Standing {
        devices: world.aws.devices(),
        credentials: world.keys.all().iter().map(SoftKey::credentials).collect(),
        unfinished: world.unfinished(),
    }
}

/// Runs a command that must fail with this exit code and these lines, in which `ACCOUNT` stands for the account's
/// number, print no result, and leave the world as it was.
#[track_caller]
fn fails(world: &Simulated, command: &mut Command, code: i32, stderr: &str) -> Run {
    let before = standing(world);
    let done = run(command);
    done.is(code, "", &stderr.replace("ACCOUNT", &world.aws.account()));
    assert_eq!(standing(world), before);
    done
}

/// `enroll alice` on the first key, as the administrator, with more arguments.
fn enroll(world: &Simulated, more: &[&str]) -> Command {
    let args = ["enroll", "alice", "--key", "12345678", "--yes", "--no-input"];
    world.glasskey(args.iter().chain(more))
}

/// The plan for alice's first device on the first key.
const PLAN: &str = "\
glasskey will, in account ACCOUNT as arn:aws:iam::ACCOUNT:user/admin:
  create  virtual MFA device  arn:aws:iam::ACCOUNT:mfa/alice
  write   its seed to         YubiKey 5C NFC 12345678 as \"AWS:ACCOUNT/alice\"
  check   a code from         YubiKey 5C NFC 12345678
  enable  it for              user alice (0 of 8 devices used)
";
const CREATED: &str = "  created   arn:aws:iam::ACCOUNT:mfa/alice\n";
const WRITTEN: &str = "  12345678  written, its code matches\n";
const UNDONE: &str = "glasskey: what had been done was undone again; nothing was left behind\n";
