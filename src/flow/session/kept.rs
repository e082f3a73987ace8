//! A session as it is kept in memory: in the kernel's keyring, and on its way to a glasskey that waits for it.
//!
//! Lines of text, since types that hold secrets are not serializable. Pure.

use crate::aws::SessionCredentials;
use crate::keys::Serial;
use crate::totp::{Clock, unix};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// An open session, with what is worth knowing of how it was opened.
pub struct Session {
    pub credentials: SessionCredentials,
    pub device: String,
    pub key: Serial,
    /// How long it lived when it was opened.
    pub(super) lifetime: Duration,
    /// When that was, by this computer's clock: right or wrong, it ages alike.
    pub(super) opened: SystemTime,
}

const HEAD: &str = "glasskey session 1";

impl Session {
    /// One that has just been opened for `asked`.
    pub(super) fn new(
        credentials: SessionCredentials,
        device: String,
        key: Serial,
        asked: Duration,
        clock: &Clock,
    ) -> Self {
        // Root's sessions are shorter than asked for.
        let lifetime = credentials.expires.duration_since(clock.now()).unwrap_or_default().min(asked);
        Self { credentials, device, key, lifetime, opened: clock.host_now() }
    }

    /// Whether enough is left of it to be handed out: a tenth of its life, or five minutes. Goes by its
    /// age, so a clock that is wrong changes nothing.
    pub(super) fn is_fresh(&self, now: SystemTime) -> bool {
        let margin = (self.lifetime / 10).min(Duration::from_secs(300));
        now.duration_since(self.opened).is_ok_and(|age| age < self.lifetime.saturating_sub(margin))
    }

    /// The text, which says what it is kept for.
    pub(super) fn write(&self, name: &str) -> Zeroizing<String> {
        let SessionCredentials { access_key_id, secret_access_key, session_token, expires } = &self.credentials;
        let (device, key) = (&self.device, self.key);
        let [expires, opened] = [*expires, self.opened].map(unix);
        let lifetime = self.lifetime.as_secs();
        let lines: [&str; 5] = [HEAD, name, access_key_id, secret_access_key, session_token];
        // Never grows: a string that moves leaves its old place behind.
        let mut text =
            Zeroizing::new(String::with_capacity(lines.iter().map(|line| line.len() + 1).sum::<usize>() + 512));
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str(&format!("{expires} {opened} {lifetime} {key} {device}\n"));
        text
    }

    /// Reads what is kept for `name`. `None`: it is not that, or not whole.
    pub(super) fn read(text: &[u8], name: &str) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?.strip_suffix('\n')?;
        let mut lines = text.split('\n');
        if lines.next()? != HEAD || lines.next()? != name {
            return None;
        }
        let [id, secret, token] = [lines.next()?, lines.next()?, lines.next()?];
        let last = lines.next()?;
        if lines.next().is_some() || [id, secret, token].iter().any(|part| part.is_empty()) {
            return None;
        }
        let mut facts = last.splitn(5, ' ');
        let mut number = || facts.next()?.parse::<u64>().ok();
        let [expires, opened, lifetime] = [number()?, number()?, number()?];
        let key = Serial(u32::try_from(number()?).ok()?);
        Some(Self {
            credentials: SessionCredentials {
                access_key_id: id.to_owned(),
                secret_access_key: Zeroizing::new(secret.to_owned()),
                session_token: Zeroizing::new(token.to_owned()),
                expires: moment(expires)?,
            },
            device: facts.next()?.to_owned(),
            key,
            lifetime: Duration::from_secs(lifetime),
            opened: moment(opened)?,
        })
    }
}

fn moment(seconds: u64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use proptest::prelude::*;

    fn session(secret: &str, device: &str, opened: u64, lifetime: u64) -> Session {
        Session {
            credentials: SessionCredentials {
                access_key_id: "ASIAEXAMPLE".to_owned(),
                secret_access_key: Zeroizing::new(secret.to_owned()),
                session_token: Zeroizing::new("token//+=".to_owned()),
                expires: moment(opened + lifetime).unwrap(),
            },
            device: device.to_owned(),
            key: Serial(12_345_678),
            lifetime: Duration::from_secs(lifetime),
            opened: moment(opened).unwrap(),
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(secret in "[!-~]{1,80}", device in "[ -~]{1,256}", opened in 0..u64::from(u32::MAX), lifetime in 900..129_600u64) {
            let kept = session(&secret, &device, opened, lifetime);
            let text = kept.write("name");
            let read = Session::read(text.as_bytes(), "name").unwrap();
            prop_assert_eq!(&*read.credentials.secret_access_key, &secret);
            prop_assert_eq!(&read.device, &device);
            prop_assert_eq!((read.opened, read.lifetime, read.credentials.expires), (kept.opened, kept.lifetime, kept.credentials.expires));
            prop_assert!(Session::read(text.as_bytes(), "another").is_none());
            // Cut short anywhere: not a session.
            let end = text.len() - 1;
            for cut in 0..=end {
                prop_assert!(Session::read(&text.as_bytes()[..cut], "name").is_none());
            }
        }

        #[test]
        fn nothing_else_is_read_and_nothing_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Session::read(&text, "name").is_none());
        }
    }

    #[test]
    fn it_is_renewed_before_its_end_whatever_the_clock() {
        let kept = session("s", "d", 1_000_000, 900);
        for (age, fresh) in [(0, true), (809, true), (810, false), (900, false), (10_000_000, false)] {
            assert_eq!(kept.is_fresh(moment(1_000_000 + age).unwrap()), fresh, "{age}");
        }
        let long = session("s", "d", 1_000_000, 43_200);
        assert!(long.is_fresh(moment(1_000_000 + 42_899).unwrap()));
        assert!(!long.is_fresh(moment(1_000_000 + 42_900).unwrap()));
        // The clock was set back meanwhile: its age is not known.
        assert!(!kept.is_fresh(moment(999_999).unwrap()));
    }
}
