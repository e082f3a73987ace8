//! A credential's id, composed from its parts and read back.

use super::{Error, MAX_NAME, Name};

/// The period that is not written.
const DEFAULT_PERIOD: u32 = 30;

impl Name {
    /// Composes an id from its parts. `period` is in seconds; 30 is left out, as ykman does. Fails with `BadName`
    /// when the account is empty, the whole is longer than 64 bytes, or the id would be read back with another
    /// period or issuer (a colon in the issuer; `60/…` at the front of what comes first).
    pub fn new(period: u32, issuer: Option<&str>, account: &str) -> Result<Self, Error> {
        let mut id = String::new();
        if period != DEFAULT_PERIOD {
            id.push_str(&format!("{period}/"));
        }
        if let Some(issuer) = issuer {
            id.push_str(issuer);
            id.push(':');
        }
        id.push_str(account);
        let bad = Error::BadName { bytes: id.len() };
        if account.is_empty() {
            return Err(bad);
        }
        let name = Self::from_id(&id)?;
        let (read_period, read_issuer, _) = name.parts();
        // An account with a colon and no issuer is read back as issuer and account, as everywhere; it does no harm.
        if read_period != period || issuer.is_some_and(|issuer| read_issuer != Some(issuer)) {
            return Err(bad);
        }
        Ok(name)
    }

    /// Takes an id as it stands on a key. Fails with `BadName` unless it has 1 to 64 bytes.
    pub fn from_id(id: &str) -> Result<Self, Error> {
        match id.len() {
            1..=MAX_NAME => Ok(Self(id.to_owned())),
            bytes => Err(Error::BadName { bytes }),
        }
    }

    /// Takes what a key sent. An id that is not UTF-8 is still shown and counted, with its odd bytes replaced; it
    /// cannot be addressed.
    pub(super) fn from_key(id: &[u8]) -> Self {
        Self(String::from_utf8_lossy(id).into_owned())
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0
    }

    /// The parts: period in seconds (30 when not written), issuer, account.
    #[must_use]
    pub fn parts(&self) -> (u32, Option<&str>, &str) {
        let (period, rest) = self.period().unwrap_or((DEFAULT_PERIOD, &self.0));
        match rest.split_once(':') {
            Some((issuer, account)) if !issuer.is_empty() && !account.is_empty() => (period, Some(issuer), account),
            _ => (period, None, rest),
        }
    }

    /// The written period, and what follows it. Twelve digits and a slash are an AWS account, not a period.
    fn period(&self) -> Option<(u32, &str)> {
        let (digits, rest) = self.0.split_once('/')?;
        let written = !rest.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
        let period = digits.parse().ok().filter(|period| written && *period > 0)?;
        Some((period, rest))
    }
}
