//! Any bytes are authenticator data or are not; what is read can be written and read again.
//! `cargo fuzz run auth_data`
#![no_main]

use glasskey::fido::auth_data::AuthData;
use glasskey::fido::cose::PublicKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(key) = PublicKey::from_cbor(bytes) {
        assert_eq!(PublicKey::from_cbor(&key.to_cbor()), Ok(key.clone()));
        assert!(!key.to_spki().is_empty() && key.verify(b"", bytes).is_err());
    }
    let Ok(data) = AuthData::parse(bytes) else { return };
    let _ = data.credential.as_ref().map(|credential| credential.public_key());
    let again = AuthData::parse(&data.to_bytes());
    // Extensions are written in canonical order, whatever order they came in.
    assert!(again.is_ok_and(|again| again.credential == data.credential && again.counter == data.counter));
});
