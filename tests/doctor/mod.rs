//! `glasskey doctor`: each thing it looks at, well and unwell, through the binary.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod account; // configuration, identity, clock
mod keys; // PC/SC and HID, and the keys behind them
mod machine; // journal and memory

use crate::support::Run;
use serde_json::Value;

/// The checks of this name.
fn checks(run: &Run, name: &str) -> Vec<Value> {
    let json = run.json();
    assert_eq!(json["type"], "doctor");
    let count = |verdict: &str| {
        json["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == verdict).count() as u64
    };
    assert_eq!(
        (json["problems"].as_u64(), json["cannot_tell"].as_u64()),
        (Some(count("problem")), Some(count("cannot_tell")))
    );
    assert_eq!(run.code, i32::from(count("problem") > 0), "{run:?}");
    json["checks"].as_array().unwrap().iter().filter(|check| check["check"] == name).cloned().collect()
}

/// The only check of this name.
#[track_caller]
fn check(run: &Run, name: &str) -> Value {
    let checks = checks(run, name);
    assert_eq!(checks.len(), 1, "{name}: {run:?}");
    checks[0].clone()
}

/// Holds the only check of this name to a verdict, a message and what to do.
#[track_caller]
fn says(run: &Run, name: &str, verdict: &str, message: &str, fixes: &[&str]) {
    let check = check(run, name);
    assert_eq!((&check["verdict"], &check["message"]), (&Value::from(verdict), &Value::from(message)), "{check}");
    assert_eq!(check["fixes"], Value::from(fixes), "{check}");
}
