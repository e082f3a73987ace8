//! What needs no key: authenticator data, attestation, metadata, advisories, WebAuthn JSON.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod advisories;
mod attestation;
mod auth_data;
mod authority;
mod metadata;
mod webauthn;
