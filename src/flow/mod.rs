//! flow/mod
