//! FIDO2 authenticators: CTAP2 over HID, registrations and assertions, attestation. Has never heard of AWS.

pub mod advisories;
pub mod attestation;
pub mod auth_data;
pub mod cbor;
pub mod certificates;
pub mod cose;
pub mod metadata;
pub mod webauthn;
