//! Things that go wrong on demand: for tests, and for people who want to see what happens.

use super::strange::Strange;
use super::wire::Refusal;
use serde::Deserialize;
use std::time::Instant;

/// Something to go wrong with requests to come.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The action it waits for, such as `EnableMFADevice`; `None`: any.
    #[serde(default)]
    pub action: Option<String>,
    /// Which of the matching requests is the first to suffer; 1 is the next.
    #[serde(default = "one")]
    pub nth: u32,
    /// How many matching requests suffer.
    #[serde(default = "one")]
    pub times: u32,
    pub what: Wrong,
}

fn one() -> u32 {
    1
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Wrong {
    /// `Throttling`, 400, `Rate exceeded`. Nothing is done.
    Throttle,
    /// `AccessDenied`, as if no policy allowed the action.
    Deny,
    /// `ExpiredToken`, as if the session had run out.
    Expire,
    /// Any error. Nothing is done.
    Code { status: u16, code: String, message: String },
    /// The request is carried out and its reply is dropped.
    LoseReply,
    /// The request is dropped before it is carried out.
    NeverArrive,
    /// Something comes that is no answer of AWS's to it.
    Reply {
        what: Strange,
        /// Whether the request was carried out before.
        #[serde(default)]
        done: bool,
    },
    /// The answer of AWS to a request that was carried out, though it was not.
    Pretend,
    /// It is carried out, and the answer has this `Date` header.
    Date(String),
    /// It is carried out, and the page of a list that comes names itself as the next one.
    SamePage,
    /// It is carried out, and the page of one of IAM's lists that comes says that there are more, and not which.
    NoMarker,
    /// CloudTrail does not see yet what the role of a trail may do. Nothing is done.
    RoleUnseen,
    /// CloudTrail does not see the policy of a trail's bucket yet. Nothing is done.
    PolicyUnseen,
    /// A stranger has just taken the name of the bucket that the request is about, and keeps it.
    StrangersBucket,
}

impl Wrong {
    /// Nothing is done, and something is answered all the same.
    pub(super) fn only_answers(&self) -> bool {
        matches!(self, Self::Pretend | Self::Reply { done: false, .. })
    }
}

impl Fault {
    /// The next request of this action goes wrong, once.
    pub fn next(action: &str, what: Wrong) -> Self {
        Self::nth(action, 1, what)
    }

    /// The `nth` request of this action from now goes wrong, once.
    pub fn nth(action: &str, nth: u32, what: Wrong) -> Self {
        Self { action: Some(action.to_owned()), nth, times: 1, what }
    }
}

/// The faults that are waiting, and the rate limit.
#[derive(Default)]
pub(super) struct Faults {
    /// Each with how many matching requests it has seen.
    waiting: Vec<(Fault, u32)>,
    bucket: Option<Bucket>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.waiting.push((fault, 0));
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// What happens to a request of this action: the first fault that is due. Every matching fault counts the request.
    pub(super) fn due(&mut self, action: &str) -> Option<Wrong> {
        let mut due = None;
        for (fault, seen) in &mut self.waiting {
            if fault.action.as_deref().is_some_and(|wanted| wanted != action) {
                continue;
            }
            *seen = seen.saturating_add(1);
            if *seen >= fault.nth && due.is_none() {
                due = Some(fault.what.clone());
            }
        }
        self.waiting.retain(|(fault, seen)| *seen < fault.nth.saturating_add(fault.times).saturating_sub(1));
        due
    }

    /// Lets this many requests through each second of real time, in bursts of at most a second's worth.
    pub(super) fn limit(&mut self, per_second: Option<f64>) {
        self.bucket = per_second.filter(|rate| rate.is_finite() && *rate > 0.0).map(Bucket::new);
    }

    /// Takes a token for one request.
    pub(super) fn admit(&mut self) -> Result<(), Refusal> {
        match self.bucket.as_mut().map(Bucket::take) {
            None | Some(true) => Ok(()),
            Some(false) => Err(throttling()),
        }
    }
}

pub(super) fn throttling() -> Refusal {
    Refusal::new(400, "Throttling", "Rate exceeded")
}

/// A token bucket on real time: throttling is about how fast requests really come.
struct Bucket {
    per_second: f64,
    tokens: f64,
    filled: Instant,
}

impl Bucket {
    fn new(per_second: f64) -> Self {
        Self { per_second, tokens: per_second.max(1.0), filled: Instant::now() }
    }

    fn take(&mut self) -> bool {
        let now = Instant::now();
        let gained = now.duration_since(self.filled).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + gained).min(self.per_second.max(1.0));
        self.filled = now;
        let admitted = self.tokens >= 1.0;
        if admitted {
            self.tokens -= 1.0;
        }
        admitted
    }
}
