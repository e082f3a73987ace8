//! Codes and their time, otpauth URIs, and what phones export.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod migration; // several URIs in one, as Google Authenticator has them
mod time; // RFC 6238, and the clock
mod uri; // as apps and services write them

fn bad_value(name: &'static str, value: Option<&str>) -> glasskey::totp::BadUri {
    glasskey::totp::BadUri::Value { name, value: value.map(str::to_owned) }
}
