//! How many accounts are asked at once: as TCP does, doubled in each round until AWS first throttles; then half of it for
//! each time that AWS throttles, and a little more for each account that goes well.

/// How many at once, now.
pub(super) struct Window {
    limit: f64,
    most: f64,
    /// How often AWS had throttled when an account was last done.
    throttled: u64,
}

const BEGIN: f64 = 16.0;

impl Window {
    pub(super) fn up_to(most: usize) -> Self {
        let most = most.max(1) as f64;
        Self { limit: BEGIN.min(most), most, throttled: 0 }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit as usize
    }

    pub(super) fn most(&self) -> usize {
        self.most as usize
    }

    /// An account is done, and AWS has throttled so many calls so far.
    pub(super) fn adapt(&mut self, throttled: u64) {
        if throttled > self.throttled {
            self.throttled = throttled;
            self.limit = (self.limit / 2.0).max(1.0);
            return;
        }
        // One more for each that is done doubles it while as many are done as are under way.
        let more = if self.throttled == 0 { 1.0 } else { 2.0 / self.limit };
        self.limit = (self.limit + more).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubled_in_each_round_until_the_first_throttling() {
        let mut window = Window::up_to(200);
        for round in [16, 32, 64, 128] {
            assert_eq!(window.limit(), round);
            (0..round).for_each(|_| window.adapt(0));
        }
        assert_eq!(window.limit(), 200);
        window.adapt(3);
        assert_eq!(window.limit(), 100);
        (0..50).for_each(|_| window.adapt(3));
        assert_eq!(window.limit(), 100, "slowly from here");
        (0..50).for_each(|_| window.adapt(3));
        assert_eq!(window.limit(), 101);
    }

    #[test]
    fn never_more_than_asked_for_and_never_none() {
        let mut window = Window::up_to(3);
        (0..9).for_each(|_| window.adapt(0));
        assert_eq!(window.limit(), 3);
        (1..9).for_each(|throttled| window.adapt(throttled));
        assert_eq!(window.limit(), 1);
        assert_eq!(Window::up_to(0).limit(), 1);
    }
}
