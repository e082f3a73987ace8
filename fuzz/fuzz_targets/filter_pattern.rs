//! Any text is a filter pattern or is refused; one that is written out again reads the same, and does the same.
//! `cargo fuzz run filter_pattern`
#![no_main]

use glasskey::aws::posture::{Own, Pattern};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(pattern) = Pattern::parse(text) {
        let again = Pattern::parse(&pattern.to_string()).expect("what is written is read");
        assert_eq!(again, pattern);
        let own = Own { account: "111122223333".to_owned(), partition: "aws".to_owned() };
        assert_eq!(again.coverage(&own), pattern.coverage(&own));
    }
});
