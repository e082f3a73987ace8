//! The parts of [`super::Posture`] that the write calls of S3, CloudWatch Logs and CloudTrail make: buckets, log
//! groups, and what a trail did before it was stopped. Plain data, as there.

use super::posture::{Posture, Selectors, Trail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bucket {
    pub name: String,
    pub region: String,
    /// The bucket policy, as it was put.
    pub policy: Option<String>,
    pub public_access_block: Option<PublicAccessBlock>,
    /// `BucketOwnerEnforced`, `BucketOwnerPreferred` or `ObjectWriter`.
    pub ownership: Option<String>,
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub encryption: String,
    /// The KMS key that objects are encrypted with.
    pub kms_key: Option<String>,
    /// `Enabled` or `Suspended`; `None`: it never was enabled.
    pub versioning: Option<String>,
    /// How many objects it holds. A bucket with any cannot be deleted.
    pub objects: u32,
}

impl Default for Bucket {
    /// A new bucket, as S3 has made them since April 2023.
    fn default() -> Self {
        Self {
            name: "trail-bucket".to_owned(),
            region: "us-east-1".to_owned(),
            policy: None,
            public_access_block: Some(PublicAccessBlock::default()),
            ownership: Some("BucketOwnerEnforced".to_owned()),
            encryption: "AES256".to_owned(),
            kms_key: None,
            versioning: None,
            objects: 0,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublicAccessBlock {
    pub block_acls: bool,
    pub ignore_acls: bool,
    pub block_policy: bool,
    pub restrict_buckets: bool,
}

impl Default for PublicAccessBlock {
    fn default() -> Self {
        Self { block_acls: true, ignore_acls: true, block_policy: true, restrict_buckets: true }
    }
}

/// A log group. A group that a filter or a trail names exists without being listed here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogGroup {
    pub name: String,
    pub region: String,
    /// Unix seconds; `None`: as old as the account.
    pub created: Option<u64>,
    pub retention_days: Option<u32>,
    /// It was deleted, though a trail still names it.
    pub deleted: bool,
    /// Events by log stream. What trails deliver is not among them.
    pub streams: BTreeMap<String, Vec<LogEvent>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogEvent {
    /// Milliseconds.
    pub timestamp: u64,
    /// When it arrived, in milliseconds.
    pub ingested: u64,
    pub message: String,
}

/// When a trail was started and stopped, in Unix seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Logging {
    pub started: Option<u64>,
    pub stopped: Option<u64>,
}

/// A time in which a trail delivered to a log group, and no longer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PastDelivery {
    /// The trail as it was.
    pub trail: Trail,
    /// Unix seconds.
    pub until: u64,
}

/// How long AWS takes, in seconds of the simulator's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Delays {
    /// Until CloudTrail may use a new role.
    pub role: u64,
    /// Until a trail has delivered an event.
    pub delivery: u64,
}

impl Default for Delays {
    fn default() -> Self {
        Self { role: 10, delivery: 300 }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Key {
    pub id: String,
    pub region: String,
    /// `alias/…`.
    pub alias: Option<String>,
    /// It is AWS's own, for a service.
    pub of_aws: bool,
    /// `Enabled`, `Disabled`, `PendingDeletion`.
    pub state: String,
    /// Its policy; `None`: the one that lets the account, and no service.
    pub policy: Option<String>,
    pub description: String,
    pub tags: BTreeMap<String, String>,
    /// Its material is replaced every year.
    pub rotates: bool,
}

impl Default for Key {
    fn default() -> Self {
        Self {
            id: "1234abcd-12ab-34cd-56ef-1234567890ab".to_owned(),
            region: "us-east-1".to_owned(),
            alias: None,
            of_aws: false,
            state: "Enabled".to_owned(),
            policy: None,
            description: String::new(),
            tags: BTreeMap::new(),
            rotates: false,
        }
    }
}

impl Trail {
    /// The name of its log group: `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`.
    pub(super) fn group_name(&self) -> Option<&str> {
        self.log_group.as_ref()?.split(':').nth(6)
    }

    /// Since when it logs, in Unix seconds; since ever, where that is not known.
    pub(super) fn logs_since(&self) -> u64 {
        self.life.as_ref().and_then(|life| life.started).unwrap_or(0)
    }

    /// Whether a management event of a service in a region is one it records.
    pub(super) fn records(&self, region: &str, read_only: bool, source: &str) -> bool {
        let here = self.multi_region || self.region == region;
        here && match &self.selectors {
            Selectors::Basic(all) => all.iter().any(|one| {
                let kind = match one.read_write.as_str() {
                    "ReadOnly" => read_only,
                    "WriteOnly" => !read_only,
                    _ => true,
                };
                one.management && kind && !one.excluded.iter().any(|excluded| excluded == source)
            }),
            Selectors::Advanced(all) => all.iter().any(|one| {
                let mut management = false;
                let fits = one.fields.iter().all(|field| {
                    let value = match field.field.as_str() {
                        "eventCategory" => "Management".to_owned(),
                        "readOnly" => read_only.to_string(),
                        "eventSource" => source.to_owned(),
                        _ => return true,
                    };
                    management |= field.field == "eventCategory";
                    (field.equals.is_empty() || field.equals.contains(&value)) && !field.not_equals.contains(&value)
                });
                management && fits
            }),
        }
    }
}

impl Posture {
    pub(super) fn bucket(&self, name: &str) -> Option<&Bucket> {
        self.buckets.iter().find(|bucket| bucket.name == name)
    }

    pub(super) fn log_group(&self, region: &str, name: &str) -> Option<&LogGroup> {
        self.log_groups.iter().find(|group| group.region == region && group.name == name)
    }

    /// Whether a log group exists: by itself, or since a filter or a trail names it.
    pub(super) fn has_log_group(&self, region: &str, name: &str) -> bool {
        let listed = self.log_group(region, name);
        listed.map_or_else(|| self.names_log_group(region, name), |group| !group.deleted)
    }

    fn names_log_group(&self, region: &str, name: &str) -> bool {
        self.metric_filters.iter().any(|filter| filter.region == region && filter.log_group == name)
            || self.trails.iter().any(|trail| trail.region == region && trail.group_name() == Some(name))
    }

    /// An existing log group, to be changed.
    pub(super) fn log_group_mut(&mut self, region: &str, name: &str) -> Option<&mut LogGroup> {
        if !self.has_log_group(region, name) {
            return None;
        }
        if self.log_group(region, name).is_none() {
            let (name, region) = (name.to_owned(), region.to_owned());
            self.log_groups.push(LogGroup { name, region, ..LogGroup::default() });
        }
        self.log_groups.iter_mut().find(|group| group.region == region && group.name == name)
    }
}
