//! The enroll and recover flows through the binary, against the simulated AWS and software keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

pub(crate) mod api; // calls to the simulated account that glasskey itself does not make
mod clock; // a host whose clock is wrong
mod errors; // each named fault: its words, its exit code, and the world as it was
pub(crate) mod faults; // something goes wrong at every message in turn
mod happy; // the promises of an enrollment that goes well
mod places; // escrow files and commands
mod recover; // each row of the situation table
mod self_management; // a user who has a device already
mod used_codes; // no code is sent twice
