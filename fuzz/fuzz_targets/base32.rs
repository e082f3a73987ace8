//! Any bytes are base32 or are refused in place; wherever a strict decoder succeeds, both agree.
//! `cargo fuzz run base32`
#![no_main]

use data_encoding::BASE32_NOPAD;
use glasskey::secret::{BadSeed, Seed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let strict = BASE32_NOPAD.decode(text);
    match Seed::from_base32(text) {
        Ok(seed) => {
            if let Ok(raw) = strict {
                assert!(seed.expose(|key| key == raw));
            }
            assert_eq!(BASE32_NOPAD.decode(seed.to_base32().as_bytes()).map(|raw| raw.len()), Ok(seed.len()));
        }
        Err(BadSeed::NotBase32 { position }) => assert!(position < text.len() && strict.is_err()),
        Err(BadSeed::Empty) => assert!(strict.is_err() || text.is_empty()),
        Err(BadSeed::Lines | BadSeed::Incomplete { .. }) => assert!(strict.is_err()),
        Err(_) => assert!(text.len() > 1024),
    }
});
