//! A file of drills may be anything: it is proved, or every line that proves nothing is named.
//! `cargo fuzz run drill_log`
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;

fuzz_target!(|text: &[u8]| {
    if let Err(problems) = glasskey::flow::drill::prove(text, &BTreeMap::new()) {
        assert!(!problems.is_empty() && problems.iter().all(|problem| problem.line > 0));
    }
});
