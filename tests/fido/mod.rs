//! FIDO2 keys: the channel against scripted devices, every command against the software authenticator.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
mod channel;
mod faults;
mod frames;
mod ports;
mod script;
mod software;
mod status;
