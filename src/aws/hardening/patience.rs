//! Waiting for what AWS does not see yet: a role that IAM has just made, a policy that S3 has just taken.
//!
//! Fifteen seconds were too few for a role (terraform-provider-aws#1820). A role or a policy that is wrong is refused in the
//! same words, so the wait has an end.

use super::Obstacle;
use crate::aws::retry::Retry;
use crate::aws::{Account, Call, Error};
use std::time::Duration;

/// How long is waited in all.
const PATIENCE: Duration = Duration::from_secs(120);

impl Account {
    /// Sends again while AWS refuses for a reason that may pass by itself, for two minutes by the clock.
    pub(super) fn patiently<T>(&self, call: Call, send: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
        let mut waited = Duration::ZERO;
        let mut attempt = 1;
        loop {
            let error = match send() {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let why = match error.obstacle() {
                Some(Obstacle::Role) if call == Call::PutTargets => "EventBridge does not see the role yet",
                Some(Obstacle::Role) => "CloudTrail does not see yet what the role may do",
                Some(Obstacle::BucketPolicy) => "CloudTrail does not see the bucket's policy yet",
                Some(Obstacle::Untrusted) => "CloudTrail does not see yet that the organization trusts it",
                _ => return Err(error),
            };
            // 2, 4, 8, 16, 16, … seconds.
            let after = Duration::from_secs(1 << attempt.min(4));
            waited += after;
            if waited > PATIENCE {
                return Err(error);
            }
            attempt += 1;
            (self.connector.on_retry)(&Retry { call, why: why.to_owned(), after, attempt });
            if !self.connector.clock.sleep(after) {
                return Err(Error::Interrupted);
            }
        }
    }
}
