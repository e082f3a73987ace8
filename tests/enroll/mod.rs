//! The enroll and recover flows through the binary, against the simulated AWS and software keys.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod faults; // something goes wrong at every message in turn
mod happy; // the promises of an enrollment that goes well
