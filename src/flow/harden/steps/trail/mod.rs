//! The trail: one of every region, with validated log files, that delivers to a bucket and to CloudWatch Logs, and is seen
//! to deliver. A good one that is there is used; a broken one is mended where that is safe.

mod back; // what lies between two states, and where undoing leads
mod deeds; // what is done between two states
mod delivery; // whether it is seen to deliver
mod judge; // which trail is used, and what is wrong with it
mod lead; // the calls
mod parts; // bucket, log group and role
mod plan; // what should become of it
mod read; // what AWS says
mod whole; // the organization
mod words; // what a plan says

use super::logs_place::LogsPlace;
use crate::aws::hardening::{self, BucketSettings};
use crate::aws::posture::Management;
use crate::aws::{Account, Error};
use crate::flow::audit::Rule;
use crate::flow::failure::Cause;
use crate::flow::harden::emit::{self, Emission, EmittedTrail};
use crate::flow::harden::names;
use crate::flow::harden::step::{Begun, Hands, Hardening, Planning, Proposal, Undone};
use crate::person::HardenSettings;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use whole::Whole;

pub(super) struct Trail;

/// The trails, and what the one that is used is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    /// The account number.
    account: String,
    /// Where the parts are: the home of the trail that is used, or the command's region.
    region: String,
    /// The organization, where the trail is or should be of all its accounts; null: this account does not manage it.
    organization: Option<Whole>,
    /// How many trails count in the command's region, those of other regions included.
    count: usize,
    /// Those that record management events, in the order of their ARNs.
    trails: Vec<Seen>,
    bucket: Bucket,
    group: Group,
    /// glasskey's role; `None`: there is none.
    role: Option<Role>,
}

/// A trail, and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    is: hardening::Trail,
    /// `None`: not readable from this account, as `events`.
    logging: Option<bool>,
    events: Option<Management>,
    /// Why it did not deliver to its bucket, in AWS's words.
    bucket_error: Option<String>,
    /// Why it did not deliver to its log group.
    logs_error: Option<String>,
}

/// The bucket of the trail that is used, or of the one to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bucket {
    name: String,
    is: BucketIs,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BucketIs {
    /// There is none of this name.
    Absent,
    /// It is another account's, or may not be looked at.
    Elsewhere,
    Own(OwnBucket),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnBucket {
    region: String,
    /// `None`: it is not glasskey's, and they are left alone.
    settings: Option<BucketSettings>,
    policy: Option<String>,
    /// It holds no object. Not asked of another one than glasskey's, and not known where AWS does not say.
    empty: bool,
}

/// The log group of the trail that is used, or of the one to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    name: String,
    /// `None`: there is none of this name.
    is: Option<GroupIs>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupIs {
    retention_days: Option<u32>,
    class: String,
    /// It holds no event. As for the bucket.
    empty: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Role {
    /// CloudTrail may assume it, and nobody else.
    trusts_cloudtrail: bool,
    /// glasskey's inline policy.
    policy: Option<Value>,
    /// The names of what it has beside that.
    #[serde(default)]
    further: Vec<String>,
}

impl Hardening for Trail {
    type State = State;

    const ID: &'static str = "trail";
    const FINDINGS: &'static [Rule] = &[Rule::Trail, Rule::TrailValidation];

    fn read(&self, account: &Account, settings: &HardenSettings) -> Result<State, Error> {
        read::state(account, settings)
    }

    fn propose(&self, state: &State, planning: &Planning<'_>) -> Proposal<State> {
        plan::proposal(state, planning)
    }

    fn is_same(&self, one: &State, other: &State) -> bool {
        one.still() == other.still()
    }

    fn is_between(&self, before: &State, now: &State, after: &State) -> bool {
        now.is_between(before, after)
    }

    fn emission(&self, after: &State, planning: &Planning<'_>) -> Emission {
        let (bucket, log_group) = (&*after.bucket.name, &*after.group.name);
        let place = after.place(planning.place);
        let is_new = after.used().is_some_and(|used| used.is.name == names::TRAIL)
            && bucket == read::settings_bucket(planning.settings, &place)
            && log_group == names::LOG_GROUP;
        if !is_new {
            return Emission::nothing("the trail that is there is mended in place: import it, or apply this step");
        }
        let of_all = after.used().is_some_and(|used| used.is.organization);
        let organization = after.organization.as_ref().filter(|_| of_all).map(|whole| &*whole.id);
        let (name, role, retention) = (names::TRAIL, names::ROLE, parts::KEPT_DAYS);
        emit::trail(&EmittedTrail { name, bucket, log_group, role, retention, organization }, &place)
    }

    fn lead(&self, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        lead::lead(now, to, hands)
    }

    /// Metric filters on the log group: without the trail they count nothing. That of the alarm goes with it.
    fn in_use(&self, account: &Account, now: &State) -> Result<Vec<String>, Error> {
        let (region, group) = (&now.region, &now.group.name);
        let of_own = now.used().is_some_and(|used| used.is.name == names::TRAIL) && now.group.is.is_some();
        let filters = if of_own { account.metric_filters(region, group)? } else { None };
        let others = filters.map(|filters| filters.names()).unwrap_or_default();
        let others = others.into_iter().filter(|name| name != names::ROOT_USE);
        let sentence =
            |name| format!("trail {} stays: metric filter {name} counts its events in {group}", names::TRAIL);
        Ok(others.map(sentence).collect())
    }

    fn undone(&self, begun: &Begun<'_, State>) -> Undone<State> {
        match begun.uses.is_empty() {
            true => back::undone(begun),
            false => Undone { to: begun.now.clone(), stays: begun.uses.to_vec() },
        }
    }
}

impl State {
    /// Where the events of the trail that is used can be watched. `None`: there is no trail that works, or it delivers to no
    /// log group of this account that can have metric filters.
    pub(super) fn delivers_to(&self) -> Option<LogsPlace> {
        let used = self.used().filter(|used| used.records() && used.logs_error.is_none())?;
        let group = used.group_in(&self.account).filter(|group| *group == self.group.name)?;
        let filtered = self.group.is.as_ref().is_some_and(|group| group.class == parts::FILTERED);
        filtered.then(|| LogsPlace { region: self.region.clone(), group: group.to_owned() })
    }
}
