//! Numbers of things, with the noun as it goes with them.

use std::fmt::Display;

/// "1 user", "2 users".
pub(super) fn count<N: Display + PartialEq + From<u8>>(n: N, one: &str) -> String {
    if n == N::from(1) { format!("{n} {one}") } else { format!("{n} {one}s") }
}
