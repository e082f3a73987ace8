//! FIDO2 authenticators: CTAP2 over HID, registrations and assertions, attestation. Has never heard of AWS.

pub mod cbor;
