//! Any bytes are an attestation object or are not; none of them shows a key to be genuine.
//! `cargo fuzz run attestation_object`
#![no_main]

use glasskey::fido::attestation::{AttestationObject, verify};
use glasskey::fido::metadata::Metadata;
use libfuzzer_sys::fuzz_target;
use std::time::SystemTime;

fuzz_target!(|bytes: &[u8]| {
    let Ok(object) = AttestationObject::from_bytes(bytes) else { return };
    assert_eq!(AttestationObject::from_bytes(&object.to_bytes()).map(|again| again.fmt), Ok(object.fmt.clone()));
    let _ = object.stripped();
    assert!(verify(&object, &[0; 32], Metadata::bundled(), &[], SystemTime::UNIX_EPOCH).is_err());
});
