//! A key's large-blob array: whatever it is, nothing in it opens, and what is put into one comes out again.
//! `cargo fuzz run large_blob`
#![no_main]

use glasskey::fido::large_blob::{read, written};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let key = [7; 32];
    let Ok(found) = read(bytes, &key) else { return };
    assert!(found.is_none());
    let array = written(bytes, &key, b"ours").expect("an array takes another entry");
    assert_eq!(read(&array, &key).expect("still an array").as_deref(), Some(&b"ours"[..]));
});
