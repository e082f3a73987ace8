//! What an account has set for itself: contacts, a password policy, and how IAM writes its credential reports.

use serde::{Deserialize, Serialize};

/// A password policy, as GetAccountPasswordPolicy has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordPolicy {
    /// Characters.
    pub minimum_length: u32,
    /// One of `!@#$…`.
    pub symbols: bool,
    pub numbers: bool,
    pub uppercase: bool,
    pub lowercase: bool,
    pub users_may_change: bool,
    /// Days; `None`: passwords do not expire.
    pub maximum_age: Option<u32>,
    /// How many old ones cannot be used again.
    pub reuse_prevention: Option<u32>,
    /// Expired passwords need an administrator.
    pub hard_expiry: bool,
}

impl Default for PasswordPolicy {
    /// What the CIS benchmark asks for.
    fn default() -> Self {
        Self {
            minimum_length: 14,
            symbols: true,
            numbers: true,
            uppercase: true,
            lowercase: true,
            users_may_change: true,
            maximum_age: None,
            reuse_prevention: Some(24),
            hard_expiry: false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlternateContact {
    pub name: String,
    pub title: String,
    /// Where mail reaches them.
    pub email: String,
    pub phone: String,
}

impl Default for AlternateContact {
    fn default() -> Self {
        Self {
            name: "Security".to_owned(),
            title: "Security team".to_owned(),
            email: "security@example.com".to_owned(),
            phone: "+1 202 555 0100".to_owned(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contact {
    pub name: String,
    pub company: Option<String>,
    /// Where a call reaches them.
    pub phone: String,
    pub address: String,
    pub city: String,
    /// Two letters.
    pub country: String,
    pub postal_code: String,
}

impl Default for Contact {
    fn default() -> Self {
        Self {
            name: "Example Owner".to_owned(),
            company: Some("Example Ltd".to_owned()),
            phone: "+1 202 555 0101".to_owned(),
            address: "1 Example Street".to_owned(),
            city: "Example".to_owned(),
            country: "US".to_owned(),
            postal_code: "00000".to_owned(),
        }
    }
}

/// How IAM writes credential reports: what has been seen, and what is documented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReportStyle {
    /// With the 23rd column, `additional_credentials_info`.
    pub additional_column: bool,
    /// `TRUE` and `FALSE` for `true` and `false`.
    pub capitals: bool,
    /// How many GenerateCredentialReport calls do not say COMPLETE: 1 as recorded, more for a large account.
    pub polls: u32,
    /// Root's `password_enabled` is `not_supported`, as reports had it before 2024.
    pub password_not_supported: bool,
}

impl Default for ReportStyle {
    fn default() -> Self {
        Self { additional_column: false, capitals: false, polls: 1, password_not_supported: false }
    }
}
