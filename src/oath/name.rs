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
            1..=MAX_NAME => Ok(Self { shown: id.into(), odd: None }),
            bytes => Err(Error::BadName { bytes }),
        }
    }

    /// Takes an id by its bytes, which need not be text. Fails with `BadName` unless there are 1 to 64 of them.
    pub fn from_bytes(id: &[u8]) -> Result<Self, Error> {
        match id.len() {
            1..=MAX_NAME => Ok(Self::from_key(id)),
            bytes => Err(Error::BadName { bytes }),
        }
    }

    /// Takes what a key sent.
    pub(super) fn from_key(id: &[u8]) -> Self {
        match std::str::from_utf8(id) {
            Ok(id) => Self { shown: id.into(), odd: None },
            Err(_) => Self { shown: String::from_utf8_lossy(id).into(), odd: Some(id.into()) },
        }
    }

    /// The id, as text.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.shown
    }

    /// The id as it is on the key.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.odd.as_deref().unwrap_or(self.shown.as_bytes())
    }

    /// Whether the id is text, which [`Name::id`] then is.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.odd.is_none()
    }

    /// The parts: period in seconds (30 when not written), issuer, account.
    #[must_use]
    pub fn parts(&self) -> (u32, Option<&str>, &str) {
        let (period, rest) = self.period().unwrap_or((DEFAULT_PERIOD, &self.shown));
        match rest.split_once(':') {
            Some((issuer, account)) if !issuer.is_empty() && !account.is_empty() => (period, Some(issuer), account),
            _ => (period, None, rest),
        }
    }

    /// The written period, and what follows it. Twelve digits and a slash are an AWS account, not a period.
    fn period(&self) -> Option<(u32, &str)> {
        let (digits, rest) = self.shown.split_once('/')?;
        let written = !rest.is_empty() && digits.bytes().all(|c| c.is_ascii_digit());
        let period = digits.parse().ok().filter(|period| written && *period > 0)?;
        Some((period, rest))
    }
}
