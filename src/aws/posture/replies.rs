//! Replies of the services that have no crate of their own here, as far as they are read. What a reply leaves out is
//! empty, unless it is said to be missing.

use serde::Deserialize;
use serde_json::{Map, Value};

/// DescribeOrganization.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribedOrganization {
    pub(super) organization: Organization,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Organization {
    pub(super) id: Option<String>,
    pub(super) master_account_id: Option<String>,
    pub(super) feature_set: Option<String>,
}

/// A page of ListAccounts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedAccounts {
    pub(super) accounts: Vec<Account>,
    pub(super) next_token: Option<String>,
}

/// DescribeAccount.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribedAccount {
    pub(super) account: Account,
}

/// `State` is the newer name, with more to say; `Status` goes away in 2026.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Account {
    pub(super) id: String,
    pub(super) name: Option<String>,
    state: Option<String>,
    status: Option<String>,
}

impl Account {
    /// AWS's word for its state, where that is not `ACTIVE`.
    pub(super) fn state(&self) -> Option<&str> {
        self.state.as_deref().or(self.status.as_deref()).filter(|state| *state != "ACTIVE")
    }
}

/// GetContactInformation.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContactInformation {
    pub(super) contact_information: Option<ContactName>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ContactName {
    pub(super) full_name: Option<String>,
}

/// GetAlternateContact.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FoundContact {
    pub(super) alternate_contact: Option<AlternateContact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
pub(super) struct AlternateContact {
    pub(super) email_address: String,
    pub(super) name: String,
}

/// DescribeTrails.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribedTrails {
    #[serde(default)]
    pub(super) trail_list: Vec<Trail>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Trail {
    #[serde(rename = "TrailARN")]
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) home_region: String,
    pub(super) is_multi_region_trail: bool,
    pub(super) is_organization_trail: bool,
    pub(super) log_file_validation_enabled: bool,
    pub(super) cloud_watch_logs_log_group_arn: String,
}

/// GetTrailStatus.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TrailStatus {
    pub(super) is_logging: bool,
    pub(super) latest_delivery_error: String,
    pub(super) latest_cloud_watch_logs_delivery_error: String,
}

/// GetEventSelectors.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Selectors {
    pub(super) event_selectors: Vec<EventSelector>,
    pub(super) advanced_event_selectors: Vec<AdvancedSelector>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct EventSelector {
    pub(super) include_management_events: bool,
    pub(super) read_write_type: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct AdvancedSelector {
    pub(super) field_selectors: Vec<FieldSelector>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct FieldSelector {
    pub(super) field: String,
    pub(super) equals: Vec<String>,
    pub(super) not_equals: Vec<String>,
}

/// Of DescribeMetricFilters.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct MetricFilter {
    pub(super) filter_name: String,
    pub(super) filter_pattern: String,
    pub(super) metric_transformations: Vec<Transformation>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Transformation {
    pub(super) metric_name: String,
    pub(super) metric_namespace: String,
    pub(super) metric_value: String,
    pub(super) default_value: Option<f64>,
    pub(super) unit: String,
    pub(super) dimensions: Map<String, Value>,
}

/// Of DescribeAlarms: an alarm on a metric, or on an expression over metrics.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct MetricAlarm {
    pub(super) alarm_name: String,
    pub(super) alarm_arn: String,
    pub(super) alarm_actions: Vec<String>,
    pub(super) actions_enabled: bool,
    #[serde(flatten)]
    pub(super) metric: MetricName,
    pub(super) metrics: Vec<MetricQuery>,
    pub(super) statistic: String,
    pub(super) extended_statistic: Option<String>,
    pub(super) comparison_operator: String,
    pub(super) threshold: Option<f64>,
    pub(super) period: Option<u64>,
    pub(super) evaluation_periods: Option<u64>,
    pub(super) datapoints_to_alarm: Option<u64>,
    pub(super) treat_missing_data: String,
    pub(super) unit: String,
    pub(super) dimensions: Vec<Dimension>,
}

#[derive(Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct MetricName {
    pub(super) metric_name: String,
    pub(super) namespace: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct MetricQuery {
    pub(super) metric_stat: Option<MetricStat>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct MetricStat {
    pub(super) metric: MetricName,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Dimension {
    pub(super) name: String,
}

/// Of DescribeAlarms: an alarm over alarms.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CompositeAlarm {
    pub(super) alarm_name: String,
    pub(super) alarm_arn: String,
    pub(super) alarm_rule: String,
    pub(super) alarm_actions: Vec<String>,
    pub(super) actions_enabled: bool,
}

/// Of ListRules.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) event_pattern: String,
    pub(super) state: String,
}

/// Of ListTargetsByRule.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RuleTarget {
    pub(super) arn: String,
    pub(super) role_arn: String,
}

/// GetTopicAttributes.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct FoundTopic {
    pub(super) attributes: TopicAttributes,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct TopicAttributes {
    pub(super) policy: String,
    pub(super) kms_master_key_id: String,
}

/// Of ListSubscriptionsByTopic. `PendingConfirmation`, or `Deleted`, stands in the place of an ARN.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Subscription {
    pub(super) subscription_arn: String,
    pub(super) protocol: String,
    pub(super) endpoint: String,
}

/// GetSubscriptionAttributes.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct FoundSubscription {
    pub(super) attributes: SubscriptionAttributes,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct SubscriptionAttributes {
    pub(super) filter_policy: String,
    pub(super) filter_policy_scope: String,
}

/// DescribeKey.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct DescribedKey {
    pub(super) key_metadata: KeyMetadata,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct KeyMetadata {
    pub(super) arn: String,
    pub(super) key_state: String,
    pub(super) key_manager: String,
}

/// GetKeyPolicy.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct KeyPolicy {
    pub(super) policy: String,
}

/// Of ListPolicies and ListPoliciesForTarget.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PolicySummary {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) aws_managed: bool,
}

/// DescribePolicy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DescribedPolicy {
    pub(super) policy: PolicyContent,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PolicyContent {
    pub(super) content: String,
}

/// Of ListTargetsForPolicy.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PolicyTarget {
    pub(super) target_id: String,
    pub(super) name: String,
    #[serde(rename = "Type")]
    pub(super) kind: String,
}
