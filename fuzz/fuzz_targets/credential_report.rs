//! Any text is a credential report or is refused, and so are event patterns.
//! `cargo fuzz run credential_report`
#![no_main]

use glasskey::aws::posture::{CredentialReport, Own, Watch};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(report) = CredentialReport::parse(text) {
        assert!(report.users.len() <= text.lines().count());
    }
    let own = Own { account: "111122223333".to_owned(), partition: "aws".to_owned() };
    let _ = Watch::of(text, &own, "us-east-1");
});
