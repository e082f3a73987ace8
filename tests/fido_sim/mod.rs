//! The software authenticator, through its reports: what a FIDO2 key does, also where that is unkind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod attestation; // the certificates, judged by x509-parser
mod cbor; // the codec
mod client; // a bare CTAPHID and CTAP2 client
mod credentials; // registrations and assertions
mod faults; // what goes wrong on demand
mod framing; // reports, channels, keepalives, cancel
mod management; // credentials, fingerprints, configuration, large blobs, reset
mod pins; // PINs, retries, tokens, both protocols
#[cfg(unix)]
mod served; // over sockets, as the hidraw shim does
