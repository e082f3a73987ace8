//! A credential as the text of a URI: as short as every reader takes it.

use super::{Kind, Uri};
use crate::secret::{Seed, on_wiped_stack};
use crate::totp::{AWS, Params};
use std::fmt::Write;
use zeroize::Zeroizing;

impl Uri {
    /// The URI as text, for a QR code.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        write(self.issuer.as_deref(), &self.account, self.params, self.kind, &self.seed)
    }

    /// The text of a TOTP credential's URI, for a QR code. [`Uri::parse`] reads it back as it was, with two
    /// exceptions the format cannot express: an account with a colon and no issuer comes back as issuer and account,
    /// and blanks at either end of a name are lost. `issuer` and `account` are not empty and hold no control
    /// characters; an issuer holds no colon.
    #[must_use]
    pub fn totp_text(issuer: Option<&str>, account: &str, params: Params, seed: &Seed) -> Zeroizing<String> {
        write(issuer, account, params, Kind::Totp, seed)
    }
}

fn write(issuer: Option<&str>, account: &str, params: Params, kind: Kind, seed: &Seed) -> Zeroizing<String> {
    on_wiped_stack(|| {
        let secret = seed.to_base32();
        // Escaped, a byte takes three; the issuer is written twice; the rest is less than 128.
        let room = 6 * issuer.map_or(0, str::len) + 3 * account.len() + secret.len() + 128;
        let mut text = Zeroizing::new(String::with_capacity(room));
        text.push_str(if kind == Kind::Totp { "otpauth://totp/" } else { "otpauth://hotp/" });
        // With a colon in it, the label could not be told apart again.
        if let Some(issuer) = issuer.filter(|issuer| !issuer.contains(':')) {
            escape(issuer, &mut text);
            text.push(':');
        }
        escape(account, &mut text);
        text.push_str("?secret=");
        text.push_str(&secret);
        if let Some(issuer) = issuer {
            text.push_str("&issuer=");
            escape(issuer, &mut text);
        }
        write_params(params, kind, &mut text);
        text
    })
}

/// Only what differs from the defaults every reader has, for the smallest QR code.
fn write_params(params: Params, kind: Kind, text: &mut String) {
    if params.algorithm != AWS.algorithm {
        text.push_str("&algorithm=");
        text.push_str(params.algorithm.as_str());
    }
    // Writing to a String does not fail.
    if params.digits != AWS.digits {
        let _ = write!(text, "&digits={}", params.digits);
    }
    match kind {
        Kind::Hotp { counter } => _ = write!(text, "&counter={counter}"),
        Kind::Totp if params.period != AWS.period => _ = write!(text, "&period={}", params.period),
        Kind::Totp => {}
    }
}

/// Percent-encodes all but RFC 3986's unreserved characters and `@`, which may stand in a path and in a query.
fn escape(name: &str, text: &mut String) {
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'@' => text.push(char::from(byte)),
            _ => _ = write!(text, "%{byte:02X}"),
        }
    }
}
