//! What hardening calls the things that it makes. Another machine, and a later run, know them by these names.

use crate::aws::hardening::Place;
use crate::aws::posture::{OWN_BUS_ROLE, OWN_RULE};

/// The trail.
pub(super) const TRAIL: &str = "glasskey-management-events";
/// The log group to which the trail delivers.
pub(super) const LOG_GROUP: &str = "glasskey-management-events";
/// The role with which CloudTrail writes to the log group.
pub(super) const ROLE: &str = "glasskey-cloudtrail-to-logs";
/// The metric filter, the alarm and the topic that tell of root's use, and the rules in their place.
pub(in crate::flow) const ROOT_USE: &str = OWN_RULE;
/// The metric's namespace.
pub(super) const NAMESPACE: &str = "glasskey";
/// The role with which EventBridge sends root's events to one region.
pub(super) const BUS_ROLE: &str = OWN_BUS_ROLE;
/// The alias of the topic's key.
pub(super) const KEY_ALIAS: &str = "alias/glasskey-root-use";
/// The service control policy that leaves root of members nothing but AssumeRoot's tasks.
pub(super) const DENY_ROOT: &str = "glasskey-deny-root";

/// The trail's bucket, where none is named. Bucket names are everybody's: the account and the region keep it apart.
pub(super) fn bucket(place: &Place) -> String {
    format!("glasskey-trail-{}-{}", place.account, place.region)
}
