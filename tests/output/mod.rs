//! What is written: nothing of it acts on a screen, and nothing of it is lost without a word.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod every; // every command there is, its output lost
mod fields; // each field from outside, in every output
pub(crate) mod lost; // standard output full, closed, and its reader gone
mod raw; // names, paths and messages that would act on a screen
