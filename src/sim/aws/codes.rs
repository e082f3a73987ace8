//! One-time codes as AWS computes them: RFC 6238, SHA-1, six digits, thirty seconds.
//!
//! Written apart from [`crate::totp`], so that the two judge each other.

use crate::totp;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use std::time::SystemTime;

pub(super) const STEP: u64 = 30;

/// The step `time` falls in.
pub(super) fn step(time: SystemTime) -> i64 {
    i64::try_from(totp::unix(time) / STEP).unwrap_or(i64::MAX)
}

/// A seed, keyed into the HMAC once: a search computes two thousand codes.
pub(super) struct Codes(Option<Hmac<Sha1>>);

impl Codes {
    pub(super) fn of(seed: &[u8]) -> Self {
        Self(Hmac::new_from_slice(seed).ok())
    }

    /// Whether `code` is the one for `step`.
    pub(super) fn is(&self, code: &str, step: i64) -> bool {
        u64::try_from(step).ok().and_then(|step| self.at(step)).is_some_and(|right| code == format!("{right:06}"))
    }

    /// RFC 4226 §5.3.
    fn at(&self, step: u64) -> Option<u32> {
        let mut mac = self.0.clone()?;
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let offset = usize::from(digest.last()? & 0x0f);
        let word: [u8; 4] = digest.get(offset..offset + 4)?.try_into().ok()?;
        Some((u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000)
    }
}

/// Six digits, or the validation error of that parameter.
pub(super) fn well_formed(name: &str, code: &str) -> Result<(), super::wire::Refusal> {
    use super::wire::Refusal;
    match code.len() {
        ..6 => Err(Refusal::constraint(name, "have length greater than or equal to 6")),
        7.. => Err(Refusal::constraint(name, "have length less than or equal to 6")),
        6 if code.bytes().all(|c| c.is_ascii_digit()) => Ok(()),
        6 => Err(Refusal::constraint(name, r"satisfy regular expression pattern: [\d]+")),
    }
}
