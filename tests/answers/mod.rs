//! Replies that are none of AWS's, or not as AWS gives them, through the binary: what a proxy puts in place of an answer,
//! dates that cannot be, lists without an end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod dates; // any year on every reply
mod flows; // every flow with a fault in one of its calls, held to its exit code
mod hardening; // the same for hardening
mod long; // a reply without end
mod pages; // every list whose pages come round again
mod strange; // every call that changes something, answered by what is not AWS: the table in docs/flows.md
mod unlisted; // acknowledged, and not listed
