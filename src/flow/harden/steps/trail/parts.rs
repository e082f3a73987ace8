//! What a trail is made of: its bucket, its log group and its role, as they should be.

use super::{Bucket, BucketIs, Group, GroupIs, OwnBucket, Role, State};
use crate::aws::hardening::{BucketSettings, Delivery, Place, logs_document, merged, trail_statements};
use crate::flow::harden::names;
use crate::person::OpenCode;

/// Days that events are kept in CloudWatch Logs.
pub(super) const KEPT_DAYS: u32 = 365;
/// The class of log groups that can have metric filters.
pub(super) const FILTERED: &str = "STANDARD";

/// Why a step is left out.
pub(super) type Left = (OpenCode, String);

pub(super) fn cannot(message: String) -> Left {
    (OpenCode::NotSafe, message)
}

/// glasskey's role.
pub(super) fn role_arn(place: &Place) -> String {
    format!("arn:{}:iam::{}:role/{}", place.partition, place.account, names::ROLE)
}

impl Bucket {
    /// It has glasskey's name, or the one that was named.
    pub(super) fn is_glasskeys(&self) -> bool {
        matches!(&self.is, BucketIs::Own(own) if own.settings.is_some())
    }
}

impl State {
    /// Where the parts are.
    pub(super) fn place(&self, command: &Place) -> Place {
        Place { region: self.region.clone(), ..command.clone() }
    }

    pub(super) fn policy_of_bucket(&self) -> Option<&str> {
        match &self.bucket.is {
            BucketIs::Own(bucket) => bucket.policy.as_deref(),
            BucketIs::Absent | BucketIs::Elsewhere => None,
        }
    }

    /// The trail that is used delivers to a log group of this account that does not exist.
    pub(super) fn has_lost_its_group(&self) -> bool {
        let own =
            self.used().is_some_and(|used| used.is_own(&self.account) && used.group_in(&self.account).is_some());
        own && self.group.is.is_none()
    }
}

/// The bucket for a new trail: what is stricter stays.
pub(super) fn bucket(state: &State, place: &Place, trail: &str) -> Result<OwnBucket, Left> {
    let name = &state.bucket.name;
    let new = OwnBucket { region: place.region.clone(), settings: None, policy: None, empty: true };
    let there = match &state.bucket.is {
        BucketIs::Own(bucket) => bucket,
        BucketIs::Absent => &new,
        BucketIs::Elsewhere => {
            return Err((
                OpenCode::NameTaken,
                format!(
                    "the bucket {name} is another account's, or these credentials may not look at it: choose another \
                     name with --bucket NAME"
                ),
            ));
        }
    };
    let statements = trail_statements(place, name, None, trail, state.id_for(state.scope().whole)?);
    let policy = merged(there.policy.as_deref(), &statements)
        .map_err(|why| cannot(format!("{why} (bucket {name}); choose another with --bucket NAME")))?;
    let encryption = there.settings.as_ref().and_then(|settings| settings.encryption.clone());
    let settings = BucketSettings {
        public_access_blocked: true,
        ownership: Some("BucketOwnerEnforced".to_owned()),
        encryption: encryption.or_else(|| Some("AES256".to_owned())),
        versioned: true,
    };
    Ok(OwnBucket { settings: Some(settings), policy: policy.or_else(|| there.policy.clone()), ..there.clone() })
}

pub(super) fn new_group() -> GroupIs {
    GroupIs { retention_days: Some(KEPT_DAYS), class: FILTERED.to_owned(), empty: true }
}

/// Sets up delivery to the log group by glasskey's role, for a trail of every account or of this one alone.
pub(super) fn logs(after: &mut State, of_all: bool, place: &Place) -> Result<Delivery, Left> {
    let wanted = logs_document(place, &after.group.name, after.id_for(of_all)?);
    let role = role_arn(place);
    let used = after.used().map(|used| &used.is.arn);
    let by_role = |seen: &&super::Seen| seen.is.logs.as_ref().is_some_and(|logs| logs.role == role);
    let shared = after.trails.iter().filter(by_role).any(|seen| Some(&seen.is.arn) != used);
    match &after.role {
        Some(there) if !there.trusts_cloudtrail => {
            let name = names::ROLE;
            return Err(cannot(format!(
                "the role {name} is there, and is not one for CloudTrail alone, so it is left alone: find out who uses it; a trail is \
                 planned once CloudTrail alone may assume it, or it is gone"
            )));
        }
        Some(there) if !there.further.is_empty() => {
            let (name, further) = (names::ROLE, there.further.join(", "));
            return Err(cannot(format!(
                "the role {name} is there, and has further policies ({further}), so it is left alone: find out who uses \
                 it; a trail is planned once they are gone, or it is gone"
            )));
        }
        Some(there) if shared && there.policy.as_ref() != Some(&wanted) => {
            let name = names::ROLE;
            return Err(cannot(format!("the role {name} writes to another log group for another trail")));
        }
        _ => after.role = Some(Role { trusts_cloudtrail: true, policy: Some(wanted), further: Vec::new() }),
    }
    let Group { name, is } = &mut after.group;
    match is {
        Some(group) if group.class != FILTERED => {
            let class = &group.class;
            return Err(cannot(format!("the log group {name} is of the class {class}, which has no metric filters")));
        }
        // A period for events that are there would delete the oldest of them.
        Some(group) => {
            let new = group.retention_days.is_none() && group.empty && *name == names::LOG_GROUP;
            group.retention_days = if new { Some(KEPT_DAYS) } else { group.retention_days };
        }
        None => *is = Some(new_group()),
    }
    Ok(Delivery { log_group: place.log_group(name), role })
}

pub(super) fn group_row(group: &Group) -> String {
    match &group.is {
        None => "none".to_owned(),
        Some(is) => match is.retention_days {
            Some(days) => format!("{}, events kept for {days} days", group.name),
            None => format!("{}, events kept for ever", group.name),
        },
    }
}

pub(super) fn role_row(role: Option<&Role>) -> String {
    let name = names::ROLE;
    match role {
        None => "none".to_owned(),
        Some(Role { policy: None, .. }) => format!("{name}, which may do nothing"),
        Some(Role { policy: Some(policy), .. }) => {
            let on = policy.pointer("/Statement/0/Resource/0").and_then(serde_json::Value::as_str);
            format!("{name}, which may write to {}", on.unwrap_or("something"))
        }
    }
}
