//! Time-based one-time passwords (RFC 6238), otpauth URIs, and the clock they are computed by.
//!
//! The arithmetic is totp-rs; this room adds the types the rest of glasskey speaks in: a [`Step`] that cannot be
//! mistaken for seconds, and a [`Clock`] that knows how far the host is from AWS. It knows nothing of keys or AWS.

mod migration;
mod uri;

pub use migration::{BadMigration, Exported, Migration, is_migration};
pub use uri::{BadUri, Given, Kind, Uri};

use crate::secret::{self, Code, Seed};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use zeroize::Zeroizing;

/// A time step, RFC 6238 §4.2: whole periods since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(pub u64);

impl Step {
    /// The step that `time` falls in, for a period in seconds (1 to 2^32 - 1). Before the epoch: step 0.
    #[must_use]
    pub fn at(time: SystemTime, period: u32) -> Self {
        Self(unix(time) / u64::from(period.max(1)))
    }

    /// The step before this one; step 0 has none and returns itself.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The step after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// When the step begins; of a step after the year 9999, when that year ends: no clock here reads more.
    #[must_use]
    pub fn begins(self, period: u32) -> SystemTime {
        let seconds = self.0.saturating_mul(u64::from(period)).min(LAST_SECOND);
        UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
    }
}

/// 9999-12-31T23:59:59Z, in seconds since the Unix epoch.
const LAST_SECOND: u64 = 253_402_300_799;

/// Whole seconds since the Unix epoch; 0 for times before it.
#[must_use]
pub fn unix(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Serializes a time as [`unix`] has it.
pub(crate) fn unix_or_null<S: serde::Serializer>(
    time: &Option<SystemTime>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&time.map(unix), serializer)
}

/// The HMAC's hash, RFC 6238 §1.2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    /// What AWS and nearly every site uses.
    #[default]
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512; needs YubiKey firmware 4.3.1.
    Sha512,
}

impl Algorithm {
    /// The name used in otpauth URIs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
        }
    }

    /// Reads a name as services and programs spell it: `SHA1`, `sha-1`, `HmacSHA256`, `HMAC-SHA-512`. `SHA` alone, which
    /// some mean as SHA-1, is none.
    #[must_use]
    pub fn spelled(text: &str) -> Option<Self> {
        let plain: String = text.chars().filter(|c| !matches!(c, '-' | '_' | ' ' | '/')).collect();
        let plain = plain.to_ascii_uppercase();
        let hash = plain.strip_prefix("HMAC").unwrap_or(&plain);
        [Self::Sha1, Self::Sha256, Self::Sha512].into_iter().find(|algorithm| algorithm.as_str() == hash)
    }
}

/// How codes are computed from a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Params {
    /// The HMAC's hash.
    pub algorithm: Algorithm,
    /// 6, 7 or 8.
    pub digits: u8,
    /// Seconds a code lasts; 30 for AWS.
    pub period: u32,
}

/// What AWS uses for virtual MFA devices: SHA-1, 6 digits, 30 seconds.
pub const AWS: Params = Params { algorithm: Algorithm::Sha1, digits: 6, period: 30 };

/// The code of `seed` for `step` (RFC 6238 §4.2). Computed on a stack that is wiped afterwards.
#[must_use]
pub fn code(seed: &Seed, params: Params, step: Step) -> Code {
    secret::on_wiped_stack(|| {
        seed.expose(|key| {
            let totp = totp_rs::Builder::new()
                .with_algorithm(match params.algorithm {
                    Algorithm::Sha1 => totp_rs::Algorithm::SHA1,
                    Algorithm::Sha256 => totp_rs::Algorithm::SHA256,
                    Algorithm::Sha512 => totp_rs::Algorithm::SHA512,
                })
                .with_digits(params.digits)
                .with_step_duration(1)
                .with_secret(totp_rs::Secret::new(key.into()))
                .build_noncompliant();
            // A step duration of one second makes totp-rs's time argument the step itself.
            Code::new(Zeroizing::new(totp.generate(step.0).to_string()).as_bytes())
        })
    })
}

/// A clock of the machine: what time it thinks it is, and waiting. Simulated in tests and in the demo.
pub trait HostClock: Send + Sync {
    /// The host's idea of now, uncorrected.
    fn now(&self) -> SystemTime;

    /// Waits; returns early, with `false`, when the person interrupts.
    fn sleep(&self, duration: Duration) -> bool;
}

/// Host time corrected by what AWS's replies say the time is. Clones share the correction.
#[derive(Clone)]
pub struct Clock {
    host: Arc<dyn HostClock>,
    ahead_ms: Arc<AtomicI64>,
    /// What was heard last and is too far from what is known to be believed.
    doubted_ms: Arc<AtomicI64>,
    /// What was heard last and was shown to be wrong by the very answer that said it.
    disbelieved_ms: Arc<AtomicI64>,
}

/// A `Date` header counts whole seconds and takes a while to arrive. Within that, a host's own clock is the better one.
const UNCERTAIN_MS: u64 = 1500;

/// A day. Further off than this, a reply is as likely to be wrong as the host: whatever stands between here and AWS may
/// write any date. Then the date is not believed unless AWS takes a signature by it.
const BELIEVED_MS: u64 = 24 * 60 * 60 * 1000;

/// AWS accepts a signature made within 5 minutes of its own time, S3 within 15 (IAM User Guide, "Troubleshoot Signature
/// Version 4 requests"). A reply to an accepted signature that is dated further from it was dated by somebody else.
const ACCEPTED_MS: u64 = 15 * 60 * 1000;

/// Not yet compared with AWS; nothing is doubted or disbelieved.
const UNKNOWN: i64 = i64::MIN;

impl Clock {
    /// A clock not yet compared with AWS.
    #[must_use]
    pub fn new(host: Arc<dyn HostClock>) -> Self {
        let unknown = || Arc::new(AtomicI64::new(UNKNOWN));
        Self { host, ahead_ms: unknown(), doubted_ms: unknown(), disbelieved_ms: unknown() }
    }

    /// Now, corrected where AWS has been heard and disagrees by more than its header can be wrong.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        let ahead = self.ahead_ms().filter(|ms| ms.unsigned_abs() > UNCERTAIN_MS).unwrap_or(0);
        let now = self.host.now();
        let by = Duration::from_millis(ahead.unsigned_abs());
        if ahead >= 0 { now.checked_sub(by).unwrap_or(UNIX_EPOCH) } else { now.checked_add(by).unwrap_or(now) }
    }

    /// The host's time, uncorrected.
    #[must_use]
    pub fn host_now(&self) -> SystemTime {
        self.host.now()
    }

    /// Waits; returns early, with `false`, when the person interrupts.
    pub fn sleep(&self, duration: Duration) -> bool {
        self.host.sleep(duration)
    }

    /// Notes what AWS said the time was, in a reply that refuses a request for its time, when the host's clock read
    /// `host`. What is more than a day from both the host's time and the corrected one is not believed
    /// ([`Clock::try_doubted`]).
    pub fn heard(&self, aws: SystemTime, host: SystemTime) {
        let ahead = ahead_ms(host, aws);
        let near = |known: i64| ahead.abs_diff(known) <= BELIEVED_MS;
        if near(0) || self.ahead_ms().is_some_and(near) {
            self.ahead_ms.store(ahead, Ordering::Relaxed);
            self.doubted_ms.store(UNKNOWN, Ordering::Relaxed);
        } else {
            self.doubted_ms.store(ahead, Ordering::Relaxed);
        }
    }

    /// Notes what a reply to a request that was signed at `signed` said the time was, where it does not refuse the
    /// request for its time. Further from that than AWS accepts a signature, it is not believed, and changes nothing.
    pub fn heard_in_answer(&self, aws: SystemTime, host: SystemTime, signed: SystemTime) {
        let ahead = ahead_ms(host, aws);
        if ahead_ms(signed, aws).unsigned_abs() <= ACCEPTED_MS {
            self.ahead_ms.store(ahead, Ordering::Relaxed);
            self.doubted_ms.store(UNKNOWN, Ordering::Relaxed);
        } else {
            self.disbelieved_ms.store(ahead, Ordering::Relaxed);
        }
    }

    /// How far the host's clock is ahead of the last time that a reply named and its answer showed to be wrong, in
    /// whole seconds toward zero (negative: behind). `None`: every date that came was believed.
    #[must_use]
    pub fn disbelieved_seconds(&self) -> Option<i64> {
        Some(self.disbelieved_ms.load(Ordering::Relaxed)).filter(|ms| *ms != UNKNOWN).map(|ms| ms / 1000)
    }

    /// Goes by the time that was heard last and not believed, until the trial's end says whether AWS does too. `None`:
    /// nothing is in doubt.
    #[must_use]
    pub fn try_doubted(&self) -> Option<Trial> {
        let doubted = Some(self.doubted_ms.swap(UNKNOWN, Ordering::Relaxed)).filter(|ms| *ms != UNKNOWN)?;
        let before = self.ahead_ms.swap(doubted, Ordering::Relaxed);
        Some(Trial { clock: self.clone(), before })
    }

    /// How far the host's clock is ahead of AWS, in whole seconds toward zero (negative: behind). `None` before the
    /// first reply. AWS's `Date` header counts whole seconds, so the last second is uncertain.
    #[must_use]
    pub fn ahead_seconds(&self) -> Option<i64> {
        self.ahead_ms().map(|ms| ms / 1000)
    }

    fn ahead_ms(&self) -> Option<i64> {
        Some(self.ahead_ms.load(Ordering::Relaxed)).filter(|ms| *ms != UNKNOWN)
    }
}

/// How far `this` is ahead of `that`, in milliseconds; negative: behind.
fn ahead_ms(this: SystemTime, that: SystemTime) -> i64 {
    match this.duration_since(that) {
        Ok(ahead) => i64::try_from(ahead.as_millis()).unwrap_or(i64::MAX),
        Err(behind) => i64::try_from(behind.duration().as_millis()).map_or(i64::MIN + 1, |ms| -ms),
    }
}

/// A time that is not believed yet, while a request is signed by it.
#[must_use = "a trial has an end"]
pub struct Trial {
    clock: Clock,
    before: i64,
}

impl Trial {
    /// AWS has taken the signature, and the time with it; or it has not, and the time is what it was before.
    pub fn end(self, taken: bool) {
        if !taken {
            self.clock.ahead_ms.store(self.before, Ordering::Relaxed);
            self.clock.doubted_ms.store(UNKNOWN, Ordering::Relaxed);
        }
    }
}
