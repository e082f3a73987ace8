//! oath
