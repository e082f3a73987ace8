//! Any bytes are CBOR or are not. What the strict decoder reads is canonical, and written again as it came.
//! `cargo fuzz run cbor`
#![no_main]

use glasskey::fido::cbor::{decode, decode_all, decode_all_lenient, decode_lenient, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((value, used)) = decode(bytes) {
        assert_eq!(encode(&value), bytes[..used]);
        assert_eq!(decode_lenient(bytes), Ok((value, used)), "what is canonical is CBOR");
    }
    if let Ok((value, used)) = decode_lenient(bytes) {
        assert!(used <= bytes.len());
        // The members of its maps may come in any order; they are written in one.
        let written = encode(&value);
        assert_eq!(decode_all_lenient(&written).map(|again| encode(&again)), Ok(written));
    }
    let _ = decode_all(bytes);
});
