//! AssumeRoot over the STS endpoints of several regions. Each has a limit of its own (AWS re:Post, "IAM and STS API
//! throttling"), so where one throttles, the next calls go to all of them in turn.

use super::partition::Partition;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Which region's endpoint comes next.
pub(super) struct Spread {
    /// The caller's own first: `None`.
    regions: Mutex<Vec<Option<&'static str>>>,
    turn: AtomicUsize,
    /// AWS has throttled.
    on: AtomicBool,
}

impl Spread {
    /// `pinned`: the caller's own region alone, or an endpoint that was named.
    pub(super) fn from(region: &str, pinned: bool) -> Self {
        let others =
            Partition::of_region(region).regions().iter().copied().filter(|other| *other != region && !pinned);
        let regions = std::iter::once(None).chain(others.map(Some)).collect();
        Self { regions: Mutex::new(regions), turn: AtomicUsize::new(0), on: AtomicBool::new(false) }
    }

    /// The region to go to; `None`: the caller's own.
    pub(super) fn next(&self) -> Option<&'static str> {
        if !self.on.load(Ordering::Relaxed) {
            return None;
        }
        let regions = self.regions.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = self.turn.fetch_add(1, Ordering::Relaxed).checked_rem(regions.len())?;
        regions.get(turn).copied().flatten()
    }

    pub(super) fn throttled(&self) {
        self.on.store(true, Ordering::Relaxed);
    }

    /// A region refuses for another reason: STS is not active there, or a policy denies the region. It is left out.
    pub(super) fn leave_out(&self, region: &'static str) {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner).retain(|other| *other != Some(region));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(spread: &Spread, count: usize) -> Vec<Option<&'static str>> {
        (0..count).map(|_| spread.next()).collect()
    }

    #[test]
    fn every_region_in_turn_once_one_throttles() {
        let spread = Spread::from("cn-north-1", false);
        assert_eq!(some(&spread, 3), [None; 3]);
        spread.throttled();
        assert_eq!(some(&spread, 4), [None, Some("cn-northwest-1"), None, Some("cn-northwest-1")]);
        spread.leave_out("cn-northwest-1");
        assert_eq!(some(&spread, 3), [None; 3]);
    }

    #[test]
    fn a_region_that_was_named_is_the_only_one() {
        let spread = Spread::from("eu-west-1", true);
        spread.throttled();
        assert_eq!(some(&spread, 20), [None; 20]);
    }

    #[test]
    fn never_the_callers_own_twice_in_a_lap() {
        let spread = Spread::from("eu-west-1", false);
        spread.throttled();
        let lap = some(&spread, 17);
        assert_eq!(lap.iter().filter(|region| region.is_none()).count(), 1);
        assert!(!lap.contains(&Some("eu-west-1")) && lap.contains(&Some("us-east-1")));
    }
}
