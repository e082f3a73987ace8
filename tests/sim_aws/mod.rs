//! The simulated AWS keeps to the recorded semantics: every rule through `handle`, on a clock that stands still.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod client;
mod sdk;
