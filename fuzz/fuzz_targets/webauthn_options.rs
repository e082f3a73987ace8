//! Any bytes are WebAuthn options or responses or are not; any text is an origin or is not.
//! `cargo fuzz run webauthn_options`
#![no_main]

use glasskey::fido::webauthn::{
    AssertionResponse, CreationOptions, Origin, ReadClientData, RegistrationResponse, RequestOptions, check_rp_id,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(options) = CreationOptions::parse(bytes) {
        assert!(!options.challenge.is_empty() && !options.user.id.is_empty());
    }
    let _ = RequestOptions::parse(bytes);
    let _ = RegistrationResponse::from_json(bytes);
    let _ = AssertionResponse::from_json(bytes);
    let _ = ReadClientData::parse(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(origin) = Origin::parse(text) {
        assert_eq!(Origin::parse(origin.as_str()), Ok(origin.clone()));
        assert!(check_rp_id(&origin, origin.host()).is_ok());
        let _ = check_rp_id(&origin, text);
    }
});
