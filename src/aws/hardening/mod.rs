//! Calls that harden an account. What they take and give are glasskey's own types.

mod settings;

pub use settings::{AlternateContact, FullPasswordPolicy, OwnAccessKey, OwnCertificate};
