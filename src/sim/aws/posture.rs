//! What an account has around its root user, apart from IAM: trails, filters, alarms, subscriptions, rules, contacts.
//!
//! Plain data. [`Posture::default`] is an account that nobody has set up; [`Posture::sound`] one where everything that
//! watches root is in place. Tests and the control path put any of it into any state; nothing here is checked, so that
//! an account can be wrong in every way a real one can.

use super::Partition;
pub use super::account_settings::{AlternateContact, Contact, PasswordPolicy, ReportStyle};
pub use super::messages::{AlarmEvent, Datapoint, Mail, MailKind};
pub use super::storage::{Bucket, Delays, Key, LogEvent, LogGroup, Logging, PastDelivery, PublicAccessBlock};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The pattern of the AWS documentation for use of the root user.
pub const ROOT_PATTERN: &str =
    r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Posture {
    /// IAM's password policy; `None`: there is none.
    pub password_policy: Option<PasswordPolicy>,
    pub trails: Vec<Trail>,
    /// CloudWatch Logs' metric filters.
    pub metric_filters: Vec<MetricFilter>,
    /// CloudWatch's alarms.
    pub alarms: Vec<Alarm>,
    /// What has become of the alarms, oldest first.
    pub alarm_history: Vec<AlarmEvent>,
    /// CloudWatch's values of metrics, oldest first.
    pub datapoints: Vec<Datapoint>,
    /// CloudWatch's alarms over alarms.
    pub composites: Vec<Composite>,
    /// SNS's topics, where they are not as a new one is, or have no subscriber.
    pub topics: Vec<Topic>,
    /// SNS's subscriptions. What one is to exists.
    pub subscriptions: Vec<Subscription>,
    /// What SNS has sent to those who subscribe, oldest first.
    pub mailbox: Vec<Mail>,
    pub keys: Vec<Key>,
    /// EventBridge's rules.
    pub rules: Vec<Rule>,
    /// Alternate contacts by type: `SECURITY`, `BILLING`, `OPERATIONS`.
    pub alternate_contacts: BTreeMap<String, AlternateContact>,
    /// The account's own contact information.
    pub contact: Option<Contact>,
    /// The regions in which IAM Identity Center has an instance.
    pub identity_centers: Vec<String>,
    /// The regions that the account has opted in to, such as `ap-east-1`.
    pub opted_in: Vec<String>,
    /// How IAM writes credential reports.
    pub report: ReportStyle,
    pub buckets: Vec<Bucket>,
    /// Names of buckets that belong to strangers.
    pub foreign_buckets: Vec<String>,
    pub log_groups: Vec<LogGroup>,
    pub past_deliveries: Vec<PastDelivery>,
    pub delays: Delays,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trail {
    pub name: String,
    pub region: String,
    /// The account it belongs to, where that is another: an organization's trail, seen from a member.
    pub owner: Option<String>,
    pub multi_region: bool,
    pub organization: bool,
    /// Log files are digested.
    pub validation: bool,
    pub logging: bool,
    /// Events of global services, such as IAM, are included.
    pub global_events: bool,
    /// When it was started and stopped; `None`: it is as old as the account.
    pub life: Option<Logging>,
    /// The S3 bucket.
    pub bucket: String,
    /// What its objects' names begin with.
    pub prefix: Option<String>,
    /// The KMS key of its log files.
    pub kms_key: Option<String>,
    /// The log group's ARN, with `:*` at its end as CloudTrail has it.
    pub log_group: Option<String>,
    /// The ARN of the role that writes to the log group; `None`: one named `trail-to-logs`.
    pub role: Option<String>,
    /// What last went wrong with delivery to S3.
    pub delivery_error: Option<String>,
    /// What last went wrong with delivery to CloudWatch Logs.
    pub logs_delivery_error: Option<String>,
    pub selectors: Selectors,
}

impl Default for Trail {
    /// One in all regions that logs management events and delivers to S3 alone.
    fn default() -> Self {
        Self {
            name: "trail".to_owned(),
            region: "us-east-1".to_owned(),
            owner: None,
            multi_region: true,
            organization: false,
            validation: true,
            logging: true,
            global_events: true,
            life: None,
            bucket: "trail-bucket".to_owned(),
            prefix: None,
            kms_key: None,
            log_group: None,
            role: None,
            delivery_error: None,
            logs_delivery_error: None,
            selectors: Selectors::default(),
        }
    }
}

/// A trail's event selectors, of one kind or the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selectors {
    Basic(Vec<BasicSelector>),
    Advanced(Vec<AdvancedSelector>),
}

impl Default for Selectors {
    fn default() -> Self {
        Self::Basic(vec![BasicSelector::default()])
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BasicSelector {
    /// `All`, `ReadOnly` or `WriteOnly`.
    pub read_write: String,
    pub management: bool,
    /// Services whose management events are left out.
    pub excluded: Vec<String>,
}

impl Default for BasicSelector {
    fn default() -> Self {
        Self { read_write: "All".to_owned(), management: true, excluded: Vec::new() }
    }
}

/// An advanced event selector: all its fields must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdvancedSelector {
    pub name: String,
    pub fields: Vec<FieldSelector>,
}

/// One field of an advanced event selector. Empty lists are left out of replies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldSelector {
    /// `eventCategory`, `readOnly`, `eventSource` and so on.
    pub field: String,
    /// `Equals`.
    pub equals: Vec<String>,
    /// `NotEquals`.
    pub not_equals: Vec<String>,
    /// `StartsWith`.
    pub starts_with: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetricFilter {
    pub name: String,
    pub region: String,
    pub log_group: String,
    pub pattern: String,
    pub metric: String,
    pub namespace: String,
    pub value: String,
    /// What it writes in minutes in which nothing matches.
    pub default_value: Option<u32>,
    pub unit: Option<String>,
    /// Names of dimensions, and the fields that their values come from.
    pub dimensions: BTreeMap<String, String>,
    /// Fields of Logs' own that it gives as dimensions, such as `@aws.account`.
    pub system_dimensions: Vec<String>,
    /// Which events it looks at; all where it is empty.
    pub criteria: String,
    /// It looks at what a transformer of the log group has made of the events.
    pub transformed: bool,
}

impl Default for MetricFilter {
    fn default() -> Self {
        Self {
            name: "root-use".to_owned(),
            region: "us-east-1".to_owned(),
            log_group: "trail".to_owned(),
            pattern: ROOT_PATTERN.to_owned(),
            metric: "RootUse".to_owned(),
            namespace: "LogMetrics".to_owned(),
            value: "1".to_owned(),
            default_value: None,
            system_dimensions: Vec::new(),
            criteria: String::new(),
            transformed: false,
            unit: None,
            dimensions: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alarm {
    pub name: String,
    pub region: String,
    pub metric: String,
    pub namespace: String,
    pub actions_enabled: bool,
    pub description: Option<String>,
    /// What happens on alarm: ARNs.
    pub actions: Vec<String>,
    /// What happens when it is over.
    pub ok_actions: Vec<String>,
    pub insufficient_actions: Vec<String>,
    /// `Sum` as a rule.
    pub statistic: String,
    /// `GreaterThanOrEqualToThreshold` as a rule.
    pub comparison: String,
    /// Whole numbers only.
    pub threshold: u32,
    /// Seconds.
    pub period: u32,
    pub periods: u32,
    /// How many of them must be bad; `None`: all.
    pub datapoints: Option<u32>,
    /// `TreatMissingData`.
    pub missing: String,
    pub unit: Option<String>,
    pub dimensions: BTreeMap<String, String>,
    /// An expression over the metric, which is `m1`, in the place of the metric itself.
    pub expression: Option<String>,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why it has this state.
    pub reason: String,
    /// Since when, in seconds since the epoch; `None`: since the account was made.
    pub state_since: Option<u64>,
    /// From when on the metric decides about the state, in seconds since the epoch; `None`: never.
    pub evaluate_from: Option<u64>,
}

impl Default for Alarm {
    /// One that is raised by a single event, and tells nobody.
    fn default() -> Self {
        Self {
            name: "root-use".to_owned(),
            region: "us-east-1".to_owned(),
            metric: "RootUse".to_owned(),
            namespace: "LogMetrics".to_owned(),
            actions_enabled: true,
            description: None,
            actions: Vec::new(),
            ok_actions: Vec::new(),
            insufficient_actions: Vec::new(),
            statistic: "Sum".to_owned(),
            comparison: "GreaterThanOrEqualToThreshold".to_owned(),
            threshold: 1,
            period: 300,
            periods: 1,
            datapoints: None,
            missing: "notBreaching".to_owned(),
            unit: None,
            dimensions: BTreeMap::new(),
            expression: None,
            state: "OK".to_owned(),
            reason: "Threshold not crossed".to_owned(),
            state_since: None,
            evaluate_from: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Composite {
    pub name: String,
    pub region: String,
    /// `ALARM("root-use")`, for example.
    pub rule: String,
    /// What happens on alarm: ARNs.
    pub actions: Vec<String>,
}

impl Default for Composite {
    /// One over the default alarm, that tells nobody.
    fn default() -> Self {
        Self {
            name: "root-use-or-else".to_owned(),
            region: "us-east-1".to_owned(),
            rule: "ALARM(\"root-use\")".to_owned(),
            actions: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Topic {
    /// Its ARN.
    pub arn: String,
    /// Its policy; `None`: the one that a new topic has.
    pub policy: Option<String>,
    /// The KMS key it is encrypted with: an id, an ARN or an alias.
    pub key: Option<String>,
}

impl Topic {
    /// One that alarms and rules may publish to.
    pub fn open(arn: &str) -> Self {
        Self { arn: arn.to_owned(), policy: Some(allowing("sns:Publish", arn)), key: None }
    }
}

/// A policy that lets CloudWatch and EventBridge do something.
pub fn allowing(action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":["cloudwatch.amazonaws.com","events.amazonaws.com"]}},"Action":"{action}","Resource":"{resource}"}}]}}"#
    )
}

/// A subscription to an SNS topic. A topic exists when something subscribes to it, or when it is among the topics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subscription {
    /// The topic's ARN.
    pub topic: String,
    /// `email`, `https`, `lambda` and so on.
    pub protocol: String,
    /// Whom it reaches; empty: the topic has no subscriber.
    pub endpoint: String,
    pub confirmed: bool,
    /// `FilterPolicy`.
    pub filter: Option<String>,
    /// The filter is over the message's body, and not over its attributes.
    pub filters_body: bool,
    /// Its ARN; empty: one with its number among the topic's.
    pub arn: String,
    /// Confirmed by the account itself: the link in a mail does not end it.
    pub authenticated: bool,
    /// It has ended, and is still listed.
    pub deleted: bool,
    /// What confirms it.
    pub token: Option<String>,
    /// When the last confirmation mail was sent, in seconds since the epoch; `None`: it waits without end.
    pub asked: Option<u64>,
}

impl Default for Subscription {
    fn default() -> Self {
        Self {
            topic: String::new(),
            protocol: "email".to_owned(),
            endpoint: "security@example.com".to_owned(),
            confirmed: true,
            filter: None,
            filters_body: false,
            arn: String::new(),
            authenticated: false,
            deleted: false,
            token: None,
            asked: None,
        }
    }
}

/// An EventBridge rule on the default bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    pub name: String,
    pub region: String,
    /// The event pattern; `None`: it runs by a schedule.
    pub pattern: Option<String>,
    /// `ENABLED`, `DISABLED` or `ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS`.
    pub state: String,
    pub description: Option<String>,
    /// ARNs.
    pub targets: Vec<String>,
    /// Targets with ids of their own.
    pub targets_by_id: Vec<Target>,
}

/// What a rule sends its events to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// What it is sent in the place of the event.
    pub input: Option<String>,
    /// `InputTransformer`.
    pub transformer: Option<serde_json::Value>,
    /// The ARN of the role that sends events to another bus.
    pub role: Option<String>,
}

impl Default for Rule {
    /// Root's sign-ins, sent to nobody.
    fn default() -> Self {
        Self {
            name: "root-use".to_owned(),
            region: "us-east-1".to_owned(),
            pattern: Some(
                r#"{"detail-type":["AWS API Call via CloudTrail","AWS Console Sign In via CloudTrail"],"detail":{"userIdentity":{"type":["Root"]}}}"#
                    .to_owned(),
            ),
            state: "ENABLED".to_owned(),
            description: None,
            targets: Vec::new(),
            targets_by_id: Vec::new(),
        }
    }
}

impl Posture {
    /// Everything that watches root is in place: a trail in all regions that logs, validates and delivers to a log
    /// group; the filter, its alarm, the alarm's topic and somebody who confirmed; contacts; a password policy.
    pub fn sound(partition: Partition, account: &str) -> Self {
        let (name, region) = (partition.as_str(), partition.region());
        let topic = format!("arn:{name}:sns:{region}:{account}:root-use");
        let region = || region.to_owned();
        Self {
            password_policy: Some(PasswordPolicy::default()),
            trails: vec![Trail {
                region: region(),
                log_group: Some(format!("arn:{name}:logs:{}:{account}:log-group:trail:*", partition.region())),
                ..Trail::default()
            }],
            metric_filters: vec![MetricFilter { region: region(), ..MetricFilter::default() }],
            alarms: vec![Alarm { region: region(), actions: vec![topic.clone()], ..Alarm::default() }],
            subscriptions: vec![Subscription { topic, ..Subscription::default() }],
            alternate_contacts: ["SECURITY", "BILLING", "OPERATIONS"]
                .map(|kind| (kind.to_owned(), AlternateContact::default()))
                .into_iter()
                .collect(),
            contact: Some(Contact::default()),
            buckets: vec![Bucket {
                region: region(),
                policy: Some(trail_bucket_policy(partition, account, "trail-bucket", "trail")),
                objects: 1,
                ..Bucket::default()
            }],
            ..Self::default()
        }
    }
}

/// The bucket policy of the CloudTrail User Guide, for a trail of this name in the partition's first region.
pub fn trail_bucket_policy(partition: Partition, account: &str, bucket: &str, trail: &str) -> String {
    let (name, region) = (partition.as_str(), partition.region());
    let source = format!("arn:{name}:cloudtrail:{region}:{account}:trail/{trail}");
    let bucket = format!("arn:{name}:s3:::{bucket}");
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"AWSCloudTrailAclCheck","Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":"s3:GetBucketAcl","Resource":"{bucket}","Condition":{{"StringEquals":{{"aws:SourceArn":"{source}"}}}}}},{{"Sid":"AWSCloudTrailWrite","Effect":"Allow","Principal":{{"Service":"cloudtrail.amazonaws.com"}},"Action":"s3:PutObject","Resource":"{bucket}/AWSLogs/{account}/*","Condition":{{"StringEquals":{{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceArn":"{source}"}}}}}}]}}"#
    )
}
