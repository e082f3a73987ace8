//! A roster may be any bytes: it is read, or every line that is wrong is told.
//! `cargo fuzz run roster`
#![no_main]

use glasskey::flow::roster::{Kind as RosterKind, read as read_roster};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for kind in [RosterKind::Enroll, RosterKind::Rotate] {
        match read_roster(bytes, kind) {
            Ok(rows) => assert!(rows.iter().all(|row| !row.user.is_empty())),
            Err(wrong) => assert!(!wrong.is_empty()),
        }
    }
});
