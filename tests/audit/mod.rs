//! `root audit`: what is read, what is judged, and how it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod events; // EventBridge patterns
mod faults; // every call in turn: denied, throttled, lost
mod office;
mod output; // what is written, in every format, and what the exit code is
mod partitions; // other partitions than aws
mod patterns; // metric filter patterns, by what they match
mod policies; // service control policies
mod reports; // credential reports
mod scale; // a thousand accounts
mod truth; // account states, and every rule's verdict on each
