//! The simulated clock: AWS's time, and a host whose clock may be wrong.
//!
//! A test starts a manual clock at an instant of its choice; a server follows the host's clock with an offset. Nobody
//! who sleeps on either really waits: the clock moves instead, so that thirty-second steps cost nothing.

use crate::totp::HostClock;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that moves when told. Clones share it.
#[derive(Clone, Debug)]
pub struct SimClock(Arc<Mutex<Mode>>);

#[derive(Debug)]
enum Mode {
    Manual(SystemTime),
    Host { offset: Offset },
}

#[derive(Clone, Copy, Debug)]
enum Offset {
    Ahead(Duration),
    Behind(Duration),
}

impl SimClock {
    /// A clock that stands at `start` until it is advanced.
    pub fn manual(start: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(Mode::Manual(start))))
    }

    /// A clock that follows the host's, at first without an offset.
    pub fn host() -> Self {
        Self(Arc::new(Mutex::new(Mode::Host { offset: Offset::Ahead(Duration::ZERO) })))
    }

    pub fn now(&self) -> SystemTime {
        match *self.lock() {
            Mode::Manual(now) => now,
            Mode::Host { offset } => offset.apply(SystemTime::now()),
        }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        match &mut *self.lock() {
            Mode::Manual(now) => *now = now.checked_add(by).unwrap_or(*now),
            Mode::Host { offset } => *offset = offset.plus(by),
        }
    }

    /// A clock that follows the host: sets how many seconds it is ahead of the host (negative: behind). A manual
    /// clock: moves it by that many seconds from where it stands.
    pub fn set_offset_seconds(&self, seconds: i64) {
        let given = Offset::seconds(seconds);
        match &mut *self.lock() {
            Mode::Manual(now) => *now = given.apply(*now),
            Mode::Host { offset } => *offset = given,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Mode> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HostClock for SimClock {
    fn now(&self) -> SystemTime {
        Self::now(self)
    }

    /// Advances the clock instead of waiting; never interrupted.
    fn sleep(&self, duration: Duration) -> bool {
        self.advance(duration);
        true
    }
}

impl Offset {
    fn seconds(seconds: i64) -> Self {
        let length = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { Self::Behind(length) } else { Self::Ahead(length) }
    }

    fn apply(self, time: SystemTime) -> SystemTime {
        match self {
            Self::Ahead(by) => time.checked_add(by).unwrap_or(time),
            Self::Behind(by) => time.checked_sub(by).unwrap_or(UNIX_EPOCH),
        }
    }

    fn plus(self, by: Duration) -> Self {
        match self {
            Self::Ahead(ahead) => Self::Ahead(ahead.saturating_add(by)),
            Self::Behind(behind) => {
                behind.checked_sub(by).map_or_else(|| Self::Ahead(by.saturating_sub(behind)), Self::Behind)
            }
        }
    }
}

/// A computer whose clock is wrong: it reads the simulated time plus a constant.
#[derive(Clone, Debug)]
pub struct SkewedClock {
    pub clock: SimClock,
    /// Seconds this computer is ahead of it; negative: behind.
    pub ahead: i64,
}

impl HostClock for SkewedClock {
    fn now(&self) -> SystemTime {
        Offset::seconds(self.ahead).apply(self.clock.now())
    }

    /// Advances the clock instead of waiting; never interrupted.
    fn sleep(&self, duration: Duration) -> bool {
        self.clock.advance(duration);
        true
    }
}
