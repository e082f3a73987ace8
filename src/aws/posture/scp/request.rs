//! A call that a task of AssumeRoot makes, as far as it is known before it is made; and whether a statement of a policy
//! applies to it: action, resource and every condition.
//!
//! What the request will say is known of some condition keys and not of others (an address, a tag of a bucket). Where
//! such a key decides, the answer is that it cannot be told.

use super::super::policy::{Answer, Keys, Known, conditions, filled_in, fits, named};
use super::Place;
use crate::aws::root_arn;
use serde_json::Value;

/// What a call is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// No resource: a policy matches it with `*` alone.
    Account,
    Root,
    /// Any bucket. A policy that protects buckets of certain names stops no task.
    Bucket,
    Queue,
}

impl On {
    /// IAM is in one region; buckets and queues are in any.
    pub(super) fn has_a_region_of_its_own(self) -> bool {
        matches!(self, Self::Bucket | Self::Queue)
    }
}

/// Whose request it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Root, signed in or by its access key.
    Root,
    /// Root by AssumeRoot.
    Session,
    /// A role like any other.
    Role,
}

/// A request.
pub(super) struct Scene<'a> {
    pub(super) place: &'a Place<'a>,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) who: Who,
    pub(super) on: On,
}

/// Whether a statement applies to a call, whatever its effect is.
pub(super) fn applies(statement: &Value, action: &str, scene: &Scene<'_>) -> Answer {
    let action = named(statement, "Action", "NotAction", |pattern| {
        Answer::told(fits(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()))
    });
    let arn = scene.arn();
    let resource = || {
        named(statement, "Resource", "NotResource", |pattern| match filled_in(pattern, scene) {
            Ok(pattern) => Answer::told(fits(&pattern, &arn)),
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

impl Scene<'_> {
    fn arn(&self) -> String {
        let (partition, region, account) = (self.place.partition, self.region, self.account);
        match self.on {
            On::Account => "*".to_owned(),
            On::Root => root_arn(partition, account),
            On::Bucket => format!("arn:{partition}:s3:::a-bucket-of-no-name-in-particular"),
            On::Queue => format!("arn:{partition}:sqs:{region}:{account}:a-queue-of-no-name-in-particular"),
        }
    }
}

impl Keys for Scene<'_> {
    fn key(&self, key: &str) -> Known {
        let is = |text: &str| Known::Is(text.to_owned());
        let organization = || self.place.organization.map_or(Known::Unknown, is);
        let partition = self.place.partition;
        match (key, self.who) {
            ("aws:principalarn", Who::Role) => {
                Known::Is(format!("arn:{partition}:iam::{}:role/a-role", self.account))
            }
            ("aws:principalarn", _) => Known::Is(root_arn(partition, self.account)),
            ("aws:principaltype", Who::Role) => is("AssumedRole"),
            ("aws:principaltype", _) => is("Account"),
            ("aws:assumedroot", Who::Session) => is("true"),
            ("aws:assumedroot", _) => Known::Absent,
            ("aws:userid", Who::Role) => Known::Unknown,
            ("aws:principalaccount" | "aws:resourceaccount" | "aws:userid", _) => is(self.account),
            ("aws:principalorgid" | "aws:resourceorgid", _) => organization(),
            ("aws:viaawsservice" | "aws:principalisawsservice", _) => is("false"),
            ("aws:securetransport", _) => is("true"),
            ("aws:username" | "aws:principalservicename" | "aws:federatedprovider" | "aws:tagkeys", _) => {
                Known::Absent
            }
            ("aws:requestedregion", _) => is(self.region),
            // Root has no tags, and no task gives any. Nor is it called on behalf of a service.
            (key, who) if key.starts_with("aws:principaltag/") && who != Who::Role => Known::Absent,
            (key, _) if key.starts_with("aws:requesttag/") || key.starts_with("aws:calledvia") => Known::Absent,
            _ => Known::Unknown,
        }
    }
}
