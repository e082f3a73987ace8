//! A call that a task of AssumeRoot makes, as far as it is known before it is made; and whether a statement of a policy
//! applies to it: action, resource and every condition.
//!
//! What the request will say is known of some condition keys and not of others (an address, a tag of a bucket). Where
//! such a key decides, the answer is that it cannot be told.

use super::super::policy::{Answer, KeyValue, Keys, conditions, filled_in, fits, named};
use super::Place;
use crate::aws::root_arn;
use serde_json::Value;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ResourceKind {
    /// No resource: a policy matches it with `*` alone.
    Account,
    Root,
    /// Any bucket. A policy that protects buckets of certain names stops no task.
    Bucket,
    Queue,
}

impl ResourceKind {
    /// IAM is in one region; buckets and queues are in any.
    pub(super) fn has_a_region_of_its_own(self) -> bool {
        matches!(self, Self::Bucket | Self::Queue)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PrincipalKind {
    /// Root, signed in or by its access key.
    Root,
    /// Root by AssumeRoot.
    Session,
    /// A role like any other.
    Role,
}

pub(super) struct RequestContext<'a> {
    pub(super) place: &'a Place<'a>,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) who: PrincipalKind,
    pub(super) on: ResourceKind,
}

/// Whether a statement applies to a call, whatever its effect is.
pub(super) fn applies(statement: &Value, action: &str, scene: &RequestContext<'_>) -> Answer {
    let action = named(statement, "Action", "NotAction", |pattern| {
        Answer::of(fits(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()))
    });
    let arn = scene.arn();
    let resource = || {
        named(statement, "Resource", "NotResource", |pattern| match filled_in(pattern, scene) {
            Ok(pattern) => Answer::of(fits(&pattern, &arn)),
            // Whatever the variable is, it would not fit.
            Err(unclear) if !fits(&unclear.at_most, &arn) => Answer::No,
            Err(unclear) => Answer::Unclear(unclear.variable),
        })
    };
    match action {
        Answer::No => Answer::No,
        action => action.and(resource()).and(conditions(statement, scene)),
    }
}

impl RequestContext<'_> {
    fn arn(&self) -> String {
        let (partition, region, account) = (self.place.partition, self.region, self.account);
        match self.on {
            ResourceKind::Account => "*".to_owned(),
            ResourceKind::Root => root_arn(partition, account),
            ResourceKind::Bucket => format!("arn:{partition}:s3:::a-bucket-of-no-name-in-particular"),
            ResourceKind::Queue => format!("arn:{partition}:sqs:{region}:{account}:a-queue-of-no-name-in-particular"),
        }
    }
}

impl Keys for RequestContext<'_> {
    fn key(&self, key: &str) -> KeyValue {
        let is = |text: &str| KeyValue::Is(text.to_owned());
        let organization = || self.place.organization.map_or(KeyValue::Unknown, is);
        let partition = self.place.partition;
        match (key, self.who) {
            ("aws:principalarn", PrincipalKind::Role) => {
                KeyValue::Is(format!("arn:{partition}:iam::{}:role/a-role", self.account))
            }
            ("aws:principalarn", _) => KeyValue::Is(root_arn(partition, self.account)),
            ("aws:principaltype", PrincipalKind::Role) => is("AssumedRole"),
            ("aws:principaltype", _) => is("Account"),
            ("aws:assumedroot", PrincipalKind::Session) => is("true"),
            ("aws:assumedroot", _) => KeyValue::Absent,
            ("aws:userid", PrincipalKind::Role) => KeyValue::Unknown,
            ("aws:principalaccount" | "aws:resourceaccount" | "aws:userid", _) => is(self.account),
            ("aws:principalorgid" | "aws:resourceorgid", _) => organization(),
            ("aws:viaawsservice" | "aws:principalisawsservice", _) => is("false"),
            ("aws:securetransport", _) => is("true"),
            ("aws:username" | "aws:principalservicename" | "aws:federatedprovider" | "aws:tagkeys", _) => {
                KeyValue::Absent
            }
            ("aws:requestedregion", _) => is(self.region),
            // Root has no tags, and no task gives any. Nor is it called on behalf of a service.
            (key, who) if key.starts_with("aws:principaltag/") && who != PrincipalKind::Role => KeyValue::Absent,
            (key, _) if key.starts_with("aws:requesttag/") || key.starts_with("aws:calledvia") => KeyValue::Absent,
            _ => KeyValue::Unknown,
        }
    }
}
