//! What happens to a device after it was enrolled, through the binary: devices, resync, retire, rotate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod devices; // the list, and what a key is believed or proved to hold
