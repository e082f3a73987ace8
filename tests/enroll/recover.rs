//! Recovery, one row of the situation table after the other: what it says, what it does, and what is left.

mod choices; // a person at the terminal decides
mod others; // devices and credentials that the run did not make
mod own; // what the run did make
mod unproved; // IAM lists the device, and only the run's keys can show whether it is the run's

use super::api;
use crate::support::{Run, Simulated, run};
use glasskey::sim::aws::{Fault, Keys, Wrong};
use glasskey::sim::tap::{Passing, Wire};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// `enroll alice` on every key, as the administrator.
fn enroll(world: &Simulated) -> Command {
    world.glasskey(world.enroll_args())
}

fn recover(world: &Simulated, more: &[&str]) -> Run {
    run(&mut world.glasskey(["recover", "--no-input"].iter().chain(more)))
}

/// An enrollment whose process is killed at the first message that `when` picks. What was to become of the message is done by then, where `when` asks for that.
fn killed(world: &Simulated, command: &mut Command, when: impl Fn(&Passing) -> bool + Send + Sync + 'static) {
    kill_at(world, command, when);
    assert_eq!(world.unfinished(), 1);
}

/// As [`killed`], whatever runs there are beside it.
fn kill_at(world: &Simulated, command: &mut Command, when: impl Fn(&Passing) -> bool + Send + Sync + 'static) {
    let pid: Arc<Mutex<Option<u32>>> = Arc::default();
    let known = Arc::clone(&pid);
    world.tap.listen(move |passing| {
        if when(passing)
            && let Some(pid) = known.lock().unwrap().take()
        {
            assert!(Command::new("kill").args(["-s", "KILL", &pid.to_string()]).status().unwrap().success());
        }
    });
    let mut slot = pid.lock().unwrap();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    *slot = Some(child.id());
    drop(slot);
    assert_eq!(child.wait().unwrap().code(), None, "killed");
    world.tap.silence();
    world.a_minute_passes_for_codes();
}

fn is_call(passing: &Passing, name: &str) -> bool {
    matches!(&passing.wire, Wire::Aws { action } if action == name)
}

/// Killed when every key was written and proved, and the device not yet enabled.
fn killed_before_enabling(world: &Simulated) {
    world.aws.fail(Fault::next("EnableMFADevice", Wrong::NeverArrive));
    killed(world, &mut enroll(world), |passing| is_call(passing, "EnableMFADevice") && passing.done);
}

/// Killed when the device had been created and that was on record, and nothing was written.
fn killed_after_creating(world: &Simulated) {
    let created = AtomicBool::new(false);
    killed(world, &mut enroll(world), move |passing| {
        if is_call(passing, "CreateVirtualMFADevice") {
            created.store(true, Ordering::SeqCst);
        }
        matches!(passing.wire, Wire::Key { .. }) && created.load(Ordering::SeqCst)
    });
}

/// Killed when the device had been created, before the answer was read.
fn killed_while_creating(world: &Simulated) {
    killed(world, &mut enroll(world), |passing| is_call(passing, "CreateVirtualMFADevice") && passing.done);
}

/// What was said, with `ACCOUNT`, `DATE`, `TIME` and `SECONDS` in place of what differs from run to run.
fn said(world: &Simulated, run: &Run) -> (i32, String, String) {
    let account = world.aws.account();
    let plain = |text: &str| -> String { text.replace(&account, "ACCOUNT").lines().map(line).collect() };
    (run.code, plain(&run.stdout), plain(&run.stderr))
}

fn line(line: &str) -> String {
    let words = line.split(' ').map(|word| match word.trim_end_matches(['.', ',']) {
        // HH:MM:SS
        time if time.len() == 8 && time.matches(':').count() == 2 => word.replace(time, "TIME"),
        date if date.len() == 10 && date.matches('-').count() == 2 => word.replace(date, "DATE"),
        _ => word.to_owned(),
    });
    let line = words.collect::<Vec<_>>().join(" ");
    match line.split_once("(in ") {
        Some((before, _)) => format!("{before}(in SECONDS).\n"),
        None => format!("{line}\n"),
    }
}

#[track_caller]
fn is(world: &Simulated, run: &Run, code: i32, stdout: &str, stderr: &str) {
    assert_eq!(said(world, run), (code, stdout.to_owned(), stderr.to_owned()));
}

/// When the codes that were sent are old: AWS's clock goes ahead, and the first line tells so.
fn recover_later(world: &Simulated, more: &[&str]) -> Run {
    world.aws.clock().advance(Duration::from_secs(90));
    let mut done = recover(world, more);
    let (clock, rest) = done.stderr.split_once('\n').unwrap();
    assert!(clock.starts_with("glasskey: warning: this computer's clock is "), "{done:?}");
    done.stderr = rest.to_owned();
    done
}

/// The first two lines about a run.
fn found(device: &str) -> String {
    let anew = if device == NOT_ENABLED { MADE_ANEW } else { "" };
    format!(
        "enroll alice, started DATE TIME UTC, did not end\n  IAM       {device}: arn:aws:iam::ACCOUNT:mfa/alice\n{anew}"
    )
}

/// Before anybody is asked whether to delete it.
const MADE_ANEW: &str =
    "            IAM does not say when it was made; one that somebody else has made since looks the same\n";

const NOT_ENABLED: &str = "has the device, not enabled";
const UNPROVED: &str =
    "has a device of this name, enabled for alice; the run ended before it knew whether it had enabled it";
const UNCERTAIN: &str = "has a device of this name, not enabled; the run ended before it knew whether it had made it";
const MAY_BE_ANOTHERS: &str = "left as it is: arn:aws:iam::ACCOUNT:mfa/alice is nobody's, and may be of somebody else's \
                               making; --undo deletes it, --forget keeps it\n";
const HOLDS: &str = "  12345678  holds the credential \"AWS:ACCOUNT/alice\"\n";
const HOLDS_NOT: &str = "  12345678  does not hold the credential\n";
const FINISHED: &str = "  enabled   with the codes for TIME and TIME, from YubiKey 12345678\n  listed    IAM shows it for alice\n\
                        First sign-in code: from TIME (in SECONDS).\n";
const PROVED: &str = "  in step   arn:aws:iam::ACCOUNT:mfa/alice: AWS took the codes for TIME and TIME\n";
const NOTHING: (i32, &str, &str) = (0, "nothing to recover\n", "");

/// A second recovery finds nothing.
#[track_caller]
fn settled(world: &Simulated) {
    let again = recover(world, &["--yes"]);
    again.is(NOTHING.0, NOTHING.1, NOTHING.2);
    assert_eq!(world.unfinished(), 0);
    world.nobody_is_locked_out().unwrap();
}

/// A user who may do all that enrolling takes, and may not delete MFA devices.
fn without_delete(world: &Simulated, name: &str) -> Keys {
    let keys = world.aws.add_user(name);
    for policy in [
        api::EVERYTHING,
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:DeleteVirtualMFADevice","Resource":"*"}}"#,
    ] {
        world.aws.allow(name, policy).unwrap();
    }
    keys
}
