//! Which trail is used, and what is wrong with it.

use super::{Seen, State};
use crate::aws::posture::Management;
use crate::flow::harden::names;

/// What is wrong with a trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// It is of this account alone, and is to be of every account of the organization.
    OneAccount,
    OneRegion,
    NotLogging,
    NotValidated,
    /// Only reads or only writes: which events it leaves out was somebody's choice.
    HalfTheEvents,
    NotDelivered,
    NoLogs,
    LogsNotDelivered,
    /// AWS does not let this account look.
    Unreadable,
}

/// What the trail is to be of.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    /// This account's number.
    pub(super) account: &'s str,
    /// Every account of the organization that it manages.
    pub(super) whole: bool,
}

impl Problem {
    /// Whether it can be mended by changing what the trail was set to.
    pub(super) fn is_mendable(self) -> bool {
        !matches!(self, Self::HalfTheEvents | Self::Unreadable)
    }
}

impl Seen {
    /// Whether this account may change it.
    pub(super) fn is_own(&self, account: &str) -> bool {
        self.is.arn.split(':').nth(4) == Some(account)
    }

    /// It records every management event of every region, and delivers them.
    pub(super) fn records(&self) -> bool {
        self.is.multi_region
            && self.logging == Some(true)
            && self.events == Some(Management::All)
            && self.bucket_error.is_none()
    }

    /// The name of its log group, where that is this account's: `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`.
    pub(super) fn group_in(&self, account: &str) -> Option<&str> {
        let mut parts = self.is.logs.as_ref()?.log_group.split(':').skip(4);
        parts.next().filter(|owner| *owner == account)?;
        parts.nth(1)
    }

    /// Its name, and what is wrong with it, as a part of a sentence.
    pub(super) fn sentence(&self, problems: &[Problem]) -> String {
        let is = &self.is;
        let error = |error: &Option<String>| error.clone().unwrap_or_else(|| "its log group is gone".to_owned());
        let said = problems.iter().map(|problem| match problem {
            Problem::OneAccount => "is of this account alone".to_owned(),
            Problem::OneRegion => format!("records the region {} alone", is.home_region),
            Problem::NotLogging => "does not log".to_owned(),
            Problem::NotValidated => "does not validate its log files".to_owned(),
            Problem::HalfTheEvents => "does not record all management events".to_owned(),
            Problem::NotDelivered => {
                format!("cannot deliver to bucket {} ({})", is.bucket, error(&self.bucket_error))
            }
            Problem::NoLogs => "does not deliver to CloudWatch Logs".to_owned(),
            Problem::LogsNotDelivered => format!("cannot deliver to CloudWatch Logs ({})", error(&self.logs_error)),
            Problem::Unreadable => "does not show itself to this account".to_owned(),
        });
        format!("{} {}", is.name, said.collect::<Vec<_>>().join(", and "))
    }

    /// What is wrong with it. Where another account's trail is seen, its log group is no concern of this account.
    pub(super) fn problems(&self, scope: Scope<'_>) -> Vec<Problem> {
        let own = self.is_own(scope.account);
        let wrong = [
            (Problem::OneAccount, scope.whole && !self.is.organization),
            (Problem::OneRegion, !self.is.multi_region),
            (Problem::NotLogging, self.logging == Some(false)),
            (Problem::NotDelivered, self.bucket_error.is_some()),
            (Problem::HalfTheEvents, self.events.is_some_and(|events| events != Management::All)),
            (Problem::NotValidated, !self.is.validation),
            (Problem::NoLogs, own && self.is.logs.is_none()),
            (Problem::LogsNotDelivered, own && self.logs_error.is_some()),
            (Problem::Unreadable, self.logging.is_none() || self.events.is_none()),
        ];
        wrong.into_iter().filter(|(_, is_so)| *is_so).map(|(problem, _)| problem).collect()
    }
}

/// The trail that is used: one that records everything before one that does not, this account's before another's, and then
/// the one with the fewest problems. Where it is to be of every account, one that is comes first, and then glasskey's, which
/// may become one. Mending it leaves it the first.
fn used<'s>(trails: &'s [Seen], scope: Scope<'_>) -> Option<&'s Seen> {
    let rank = |seen: &&Seen| {
        let problems = seen.problems(scope);
        let mendable = problems.iter().all(|problem| problem.is_mendable());
        let of_one = scope.whole && !seen.is.organization;
        let of_whom = (of_one, of_one && seen.is.name != names::TRAIL);
        (of_whom, !seen.records(), !seen.is_own(scope.account), !mendable, problems.len(), seen.is.arn.clone())
    };
    trails.iter().min_by_key(rank)
}

impl State {
    pub(super) fn used(&self) -> Option<&Seen> {
        used(&self.trails, self.scope())
    }

    /// There is a trail with which nothing is wrong.
    pub(super) fn is_good(&self) -> bool {
        let is_good = self.used().is_some_and(|used| used.problems(self.scope()).is_empty());
        is_good && !self.has_lost_its_group() && !self.is_untrusted()
    }
}
