//! How fast an account's calls are made when there are thousands of them: shared by all threads, and learned from AWS's
//! refusals. More by a constant while calls go through, less by a factor when one is throttled (AIMD), as TCP does.

use crate::totp::Clock;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A rate that adapts. Every call waits for its turn.
pub struct Pace(Mutex<State>);

struct State {
    /// Calls a second.
    rate: f64,
    /// When the next call may be made.
    next: Instant,
    /// When the rate was last lowered.
    lowered: Option<Instant>,
    throttled: u64,
}

/// Calls a second at first; AWS's real limits are not published, and no account known is slower.
const FIRST: f64 = 8.0;
const LEAST: f64 = 0.5;
const MOST: f64 = 200.0;
/// Gained by each second in which calls go through.
const GAIN: f64 = 1.0;
/// What a refusal leaves of the rate.
const LOSS: f64 = 0.85;
/// Before the first refusal each call that goes through speeds up the next ones by this much.
const SLOW_START: f64 = 1.06;
/// Calls that were under way together are refused together: that counts once.
const ONE_REFUSAL: Duration = Duration::from_secs(1);

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(State { rate: FIRST, next: Instant::now(), lowered: None, throttled: 0 }))
    }
}

impl Pace {
    /// Waits for a turn; `false` when the person interrupts.
    pub(super) fn turn(&self, clock: &Clock) -> bool {
        let wait = {
            let mut state = self.lock();
            let now = Instant::now();
            let at = state.next.max(now);
            state.next = at + Duration::from_secs_f64(1.0 / state.rate);
            at - now
        };
        wait.is_zero() || clock.sleep(wait)
    }

    pub(super) fn went(&self) {
        let mut state = self.lock();
        let faster = if state.lowered.is_none() { state.rate * SLOW_START } else { state.rate + GAIN / state.rate };
        state.rate = faster.min(MOST);
    }

    pub(super) fn refused(&self) {
        let mut state = self.lock();
        state.throttled += 1;
        let now = Instant::now();
        if state.lowered.is_none_or(|at| now - at > ONE_REFUSAL) {
            state.rate = (state.rate * LOSS).max(LEAST);
            state.lowered = Some(now);
        }
    }

    /// How many calls have been refused for being too many, and the rate now.
    #[must_use]
    pub fn throttled(&self) -> (u64, f64) {
        let state = self.lock();
        (state.throttled, state.rate)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faster_while_it_goes_well_and_slower_when_refused() {
        let pace = Pace::default();
        (0..50).for_each(|_| pace.went());
        let (_, fast) = pace.throttled();
        assert!(fast > 100.0, "{fast}");
        (0..20).for_each(|_| pace.refused());
        let (count, slower) = pace.throttled();
        assert!(count == 20 && slower < fast && slower > fast * 0.8, "once: {slower}");
        pace.went();
        let (_, again) = pace.throttled();
        assert!(again > slower && again < slower + 0.1, "{again}");
    }
}
