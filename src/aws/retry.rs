//! Whether a call may be sent again, and when.
//!
//! Three outcomes are told apart. *Refused for now* (throttling, a concurrent change): nothing happened, so any call
//! may be repeated. *Lost* (no reply): only calls that change nothing are repeated; the others become
//! [`Error::OutcomeUnknown`] and the flow asks. *Answered*: that is the answer.

use super::call::Call;
use super::error::Error;
use crate::totp::{Clock, Trial};
use std::time::{Duration, SystemTime};

/// A repeat that is about to happen, so that it can be said aloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The call.
    pub call: Call,
    /// What happened: "AWS answered Throttling", "no reply came".
    pub why: String,
    /// How long is waited first.
    pub after: Duration,
    /// Which attempt comes next, counted from 1.
    pub attempt: u32,
}

/// Back-off while AWS says "for now": 1, 2, 4, 8 and 16 s, about half a minute in all.
const PATIENCE: u32 = 6;
/// Where calls wait for their turn anyway (a roster): 0.25, 0.5, 1, 2, 4 and then 8 s, about a minute in all.
const PACED_PATIENCE: u32 = 12;
/// Lost replies of calls that change nothing.
const LOST_PATIENCE: u32 = 3;
/// How long two codes of the present are codes of the present. IAM takes older ones too, and then counts the device's
/// clock as slow by as much; STS forgives two steps.
const CODES_LAST: Duration = Duration::from_secs(30);

pub(super) struct Attempts<'c> {
    call: Call,
    clock: &'c Clock,
    /// It is the only call under way, so that the clock may be put to a time that is not believed yet.
    alone: bool,
    began: SystemTime,
    ahead: Option<i64>,
    corrected: bool,
    trial: Option<Trial>,
    count: u32,
}

pub(super) enum Next {
    /// Send again at once, by the corrected clock.
    Now,
    /// Wait so long, and send again.
    After(Duration),
    /// This is the answer.
    GiveUp,
}

impl<'c> Attempts<'c> {
    pub(super) fn at(call: Call, clock: &'c Clock, alone: bool) -> Self {
        let (began, ahead) = (clock.now(), clock.ahead_seconds());
        Self { call, clock, alone, began, ahead, corrected: false, trial: None, count: 1 }
    }

    pub(super) fn begin(&mut self) {
        self.ahead = self.clock.ahead_seconds();
    }

    pub(super) fn end<T>(&mut self, outcome: &Result<T, Error>) {
        if let Some(trial) = self.trial.take() {
            trial.end(outcome.as_ref().err().is_none_or(Error::is_an_answer));
        }
    }

    /// The attempt that comes next, counted from 1.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// `paced`: it was throttled, and all calls of one pace slow down for it.
    pub(super) fn next(&mut self, error: &Error, paced: bool) -> Next {
        let timeout = match error {
            Error::BadSignature { .. } if !self.corrected => return self.correct(),
            // STS spends codes, and does not say whether it looked at this one: the flow takes the next.
            Error::TryLater { .. } if self.call.takes_a_code() => return Next::GiveUp,
            Error::TryLater { .. } if paced => PACED_PATIENCE,
            Error::TryLater { .. } => PATIENCE,
            Error::OutcomeUnknown { .. } if self.call.may_be_repeated() => LOST_PATIENCE,
            Error::Unreachable { .. } => LOST_PATIENCE,
            _ => return Next::GiveUp,
        };
        if self.count >= timeout {
            return Next::GiveUp;
        }
        let after = match paced {
            true => Duration::from_millis(250 << (self.count - 1).min(5)),
            false => Duration::from_secs(1 << (self.count - 1).min(4)),
        };
        self.count += 1;
        if self.call.takes_two_codes() && self.clock.now() + after > self.began + CODES_LAST {
            return Next::GiveUp;
        }
        Next::After(after)
    }

    /// AWS refuses signatures more than 5 minutes off. Where its reply said another time, one corrected try is fair.
    fn correct(&mut self) -> Next {
        if self.clock.ahead_seconds() == self.ahead {
            // The reply named a time that is not believed: AWS itself says whether it is right, by taking a signature.
            self.trial = self.alone.then(|| self.clock.try_doubted()).flatten();
            if self.trial.is_none() {
                return Next::GiveUp;
            }
        }
        self.corrected = true;
        Next::Now
    }
}

/// Whether AWS said that there were too many calls, and not only "not now".
pub(super) fn is_throttling(error: &Error) -> bool {
    matches!(error, Error::TryLater { code, .. } if means_throttling(code))
}

pub(super) fn means_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "Throttled"
            | "ThrottledException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "SlowDown"
    )
}

/// Why a call is sent again.
pub(super) fn why(error: &Error) -> String {
    match error {
        Error::TryLater { code, .. } => format!("AWS answered {code}"),
        Error::Unreachable { .. } => "no connection could be made".to_owned(),
        _ => "no reply came".to_owned(),
    }
}
