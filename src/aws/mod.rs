//! aws/mod
