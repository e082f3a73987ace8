//! Any text is a credential report or is refused, and so are event patterns and policies.
//! `cargo fuzz run credential_report`
#![no_main]

use glasskey::aws::posture::{CredentialReport, Effect, Watch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(report) = CredentialReport::parse(text) {
        assert!(report.users.len() <= text.lines().count());
    }
    let _ = Watch::of(text);
    let _ = Effect::of(text);
});
