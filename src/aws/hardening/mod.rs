//! What hardening an account writes: a trail, its bucket, its log group and its role; the filter, the alarm and the topic
//! that tell a person; the rules of EventBridge and their counters; the topic's key; the account's settings; its
//! administrator. One file for each service; the documents beside the calls (policies, patterns) are pure functions.
//!
//! Calls give [`Error`]s as all others do. What a caller must tell apart in a refusal is [`Error::obstacle`].

mod administrator;
mod alarm;
mod bucket;
mod forwarding;
mod key;
mod log_group;
mod members;
mod metric_filter;
mod obstacle;
mod patience;
mod policy;
mod read;
mod role;
mod rules;
mod samples;
mod service_control;
mod settings;
mod topic;
mod trail;
mod trust;

pub(crate) use super::plain::is_new_bucket_name;
pub use administrator::{DetailedUser, UserGroup};
pub use alarm::{Alarm, AlarmEvent, AlarmState, NewAlarm, PERIOD, PERIODS};
pub use bucket::{Bucket, BucketSettings, trail_statements};
pub use forwarding::{forward_document, forward_trust};
pub use key::{KeyMade, NewKey, TopicKey, key_document};
pub use log_group::{FoundEvent, LogGroup, RETENTIONS};
pub use members::{AT_ONCE, LeftOut, MemberRoots};
pub use metric_filter::{Metric, MetricFilter, MetricFilters, RootPattern};
pub use obstacle::Obstacle;
pub use policy::{NotMergeable, merged, without};
pub use role::{TrailRole, logs_document, trust_document};
pub use rules::{
    ALL_MANAGEMENT_EVENTS, EventRule, NewRule, RuleCounts, RuleTarget, TargetedRule, root_event_pattern,
    root_transformer,
};
pub use samples::{Sample, bus_event};
pub use service_control::{
    ATTACHED, ControlPolicy, OrganizationRoot, POLICIES, denies_root_all, denies_root_alone, deny_root_document,
};
pub use settings::{AlternateContact, FullPasswordPolicy, OwnAccessKey, OwnCertificate};
pub use topic::{Confirmation, Publisher, Subscription, Topic, TopicSubscriber, topic_statements};
pub use trail::{Delivery, NewTrail, Trail, TrailChange, TrailStatus};
pub use trust::TrustedService;

use super::client::Account;
use super::error::Error;
use super::{Call, Caller};
use serde_json::Value;

/// A region of an account: what ARNs begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `aws`, `aws-cn`, …
    pub partition: String,
    /// `us-east-1`, …
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

impl Place {
    /// A region of the caller's account.
    #[must_use]
    pub fn of(caller: &Caller, region: &str) -> Self {
        Self { partition: caller.partition.clone(), region: region.to_owned(), account: caller.account.clone() }
    }

    /// An ARN here: `resource` is what comes after the account.
    #[must_use]
    pub fn arn(&self, service: &str, resource: &str) -> String {
        let Self { partition, region, account } = self;
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    }

    /// What a trail of this name here has as its ARN.
    #[must_use]
    pub fn trail(&self, name: &str) -> String {
        self.arn("cloudtrail", &format!("trail/{name}"))
    }

    /// What a log group of this name here has as its ARN, as CloudTrail wants it: with `:*` at its end.
    #[must_use]
    pub fn log_group(&self, name: &str) -> String {
        self.arn("logs", &format!("log-group:{name}:*"))
    }

    /// What an alarm of this name here has as its ARN.
    #[must_use]
    pub fn alarm(&self, name: &str) -> String {
        self.arn("cloudwatch", &format!("alarm:{name}"))
    }

    /// What the default event bus here has as its ARN.
    #[must_use]
    pub fn default_bus(&self) -> String {
        self.arn("events", "event-bus/default")
    }

    /// What a topic of this name here has as its ARN.
    #[must_use]
    pub fn topic(&self, name: &str) -> String {
        self.arn("sns", name)
    }
}

impl Account {
    /// One call of a plain service.
    pub(super) fn plain(&self, call: Call, region: &str, body: Value) -> Result<Value, Error> {
        self.ask(async |client| client.ask(call, region, body).await)
    }

    /// Every page of a list of a plain service.
    fn plain_list(
        &self,
        call: Call,
        region: &str,
        body: Value,
        (list, next): (&str, &str),
    ) -> Result<Vec<Value>, Error> {
        self.ask(async |client| client.pages(call, region, body, list, next).await)
    }
}

/// What is asked for; `None`: AWS says that there is no such thing.
fn found<T>(outcome: Result<T, Error>) -> Result<Option<T>, Error> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(why) if why.obstacle() == Some(Obstacle::NotThere) => Ok(None),
        Err(why) => Err(why),
    }
}
