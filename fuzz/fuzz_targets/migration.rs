//! Any message is a part of an export or is not; what is read of it can be written as otpauth URIs.
//! `cargo +nightly fuzz run migration`
#![no_main]

use glasskey::totp::{Migration, Uri};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|message: &[u8]| {
    let _ = Migration::parse(message);
    let text = format!("otpauth-migration://offline?data={}", data_encoding::BASE64URL.encode(message));
    let Ok(found) = Migration::parse(text.as_bytes()) else { return };
    assert!(found.part < found.parts.max(1));
    for uri in found.entries.into_iter().filter_map(|entry| entry.uri.ok()) {
        assert!((6..=8).contains(&uri.params.digits));
        assert!(Uri::parse(uri.to_text().as_bytes()).is_ok() || uri.account.contains(':') || uri.issuer.is_some());
    }
});
