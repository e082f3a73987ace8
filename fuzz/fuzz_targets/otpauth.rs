//! Any bytes are an otpauth URI or are not; what is read can be written and read again.
//! `cargo fuzz run otpauth`
#![no_main]

use glasskey::totp::{Kind, Uri};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(uri) = Uri::parse(text) else { return };
    assert!(!uri.account.is_empty());
    assert!((6..=8).contains(&uri.params.digits) && (1..=86_400).contains(&uri.params.period));
    // An account that begins with a colon cannot be told from one with an issuer; that much the format does not say.
    if uri.account.contains(':') || uri.issuer.as_ref().is_some_and(|issuer| issuer.contains(':')) {
        return;
    }
    let Ok(again) = Uri::parse(uri.to_text().as_bytes()) else { panic!("what was written cannot be read") };
    assert_eq!((&uri.issuer, &uri.account, uri.kind), (&again.issuer, &again.account, again.kind));
    if uri.kind == Kind::Totp {
        assert_eq!(uri.params, again.params);
    }
    assert!(uri.seed.expose(|one| again.seed.expose(|other| one == other)));
});
