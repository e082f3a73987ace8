//! The software authenticator, through its reports: what a FIDO2 key does, also where that is unkind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod cbor;
