//! Seeds, codes and passwords; base32; QR codes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod base32; // seeds as text
mod qr; // QR codes through PNG and terminal
mod types; // what the types refuse to do
