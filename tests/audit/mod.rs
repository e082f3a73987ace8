//! `root audit`: what is read, what is judged, and how it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod events; // EventBridge patterns and service control policies
mod patterns; // metric filter patterns, by what they match
mod reports; // credential reports
