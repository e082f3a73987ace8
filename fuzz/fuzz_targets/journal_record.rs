//! A line of the journal may be anything: it is a record or is refused, and what is read is written as it came.
//! `cargo fuzz run journal_record`
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    glasskey::flow::fuzz_record(line);
});
