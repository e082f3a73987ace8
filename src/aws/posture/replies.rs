//! Replies of the services that have no crate of their own here, as far as they are read. What a reply leaves out is
//! empty, unless it is said to be missing.

use serde::Deserialize;
use serde_json::{Map, Value};

/// Structs whose members may be missing, and are then empty.
macro_rules! replies {
    ($($(#[$about:meta])* $case:literal $name:ident { $($(#[$at:meta])* $member:ident: $kind:ty),* $(,)? })*) => {$(
        $(#[$about])*
        #[derive(Default, Deserialize)]
        #[serde(rename_all = $case, default)]
        pub(super) struct $name {
            $($(#[$at])* pub(super) $member: $kind,)*
        }
    )*};
}

replies! {
    "PascalCase" AlternateContact { email_address: String, name: String }

    "PascalCase" Trail {
        #[serde(rename = "TrailARN")]
        arn: String,
        name: String,
        home_region: String,
        is_multi_region_trail: bool,
        is_organization_trail: bool,
        log_file_validation_enabled: bool,
        cloud_watch_logs_log_group_arn: String,
    }

    /// GetTrailStatus.
    "PascalCase" TrailStatus {
        is_logging: bool,
        latest_delivery_error: String,
        latest_cloud_watch_logs_delivery_error: String,
    }

    /// GetEventSelectors.
    "PascalCase" Selectors { event_selectors: Vec<EventSelector>, advanced_event_selectors: Vec<AdvancedSelector> }

    "PascalCase" EventSelector { include_management_events: bool, read_write_type: String }

    "PascalCase" AdvancedSelector { field_selectors: Vec<FieldSelector> }

    "PascalCase" FieldSelector { field: String, equals: Vec<String>, not_equals: Vec<String> }

    /// Of DescribeMetricFilters.
    "camelCase" MetricFilter {
        filter_name: String,
        filter_pattern: String,
        metric_transformations: Vec<Transformation>,
        field_selection_criteria: String,
        apply_on_transformed_logs: bool,
        emit_system_field_dimensions: Vec<String>,
    }

    "camelCase" Transformation {
        metric_name: String,
        metric_namespace: String,
        metric_value: String,
        default_value: Option<f64>,
        unit: String,
        dimensions: Map<String, Value>,
    }

    /// Of DescribeAlarms: an alarm on a metric, or on an expression over metrics.
    "PascalCase" MetricAlarm {
        alarm_name: String,
        alarm_arn: String,
        alarm_actions: Vec<String>,
        actions_enabled: bool,
        #[serde(flatten)]
        metric: MetricName,
        metrics: Vec<MetricQuery>,
        statistic: String,
        extended_statistic: Option<String>,
        comparison_operator: String,
        threshold: Option<f64>,
        period: Option<u64>,
        evaluation_periods: Option<u64>,
        datapoints_to_alarm: Option<u64>,
        treat_missing_data: String,
        unit: String,
        dimensions: Vec<Dimension>,
    }

    #[derive(PartialEq, Eq)]
    "PascalCase" MetricName { metric_name: String, namespace: String }

    "PascalCase" MetricQuery { metric_stat: Option<MetricStat> }

    "PascalCase" MetricStat { metric: MetricName }

    "PascalCase" Dimension { name: String }

    /// Of DescribeAlarms: an alarm over alarms.
    "PascalCase" CompositeAlarm {
        alarm_name: String,
        alarm_arn: String,
        alarm_rule: String,
        alarm_actions: Vec<String>,
        actions_enabled: bool,
    }

    /// Of ListRules.
    "PascalCase" Rule { name: String, arn: String, event_pattern: String, state: String }

    /// Of ListTargetsByRule.
    "PascalCase" RuleTarget { arn: String, role_arn: String }

    /// GetTopicAttributes.
    "PascalCase" FoundTopic { attributes: TopicAttributes }

    "PascalCase" TopicAttributes { policy: String, kms_master_key_id: String }

    /// Of ListSubscriptionsByTopic. `PendingConfirmation`, or `Deleted`, stands in the place of an ARN.
    "PascalCase" Subscription { subscription_arn: String, protocol: String, endpoint: String }

    /// GetSubscriptionAttributes.
    "PascalCase" FoundSubscription { attributes: SubscriptionAttributes }

    "PascalCase" SubscriptionAttributes { filter_policy: String, filter_policy_scope: String }

    /// DescribeKey.
    "PascalCase" DescribedKey { key_metadata: KeyMetadata }

    "PascalCase" KeyMetadata { arn: String, key_state: String, key_manager: String }

    /// GetKeyPolicy.
    "PascalCase" KeyPolicy { policy: String }

    /// Of ListPolicies and ListPoliciesForTarget.
    "PascalCase" PolicySummary { id: String, name: String, aws_managed: bool }

    /// Of ListTargetsForPolicy.
    "PascalCase" PolicyTarget {
        target_id: String,
        name: String,
        #[serde(rename = "Type")]
        kind: String,
    }
}

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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedAccounts {
    pub(super) accounts: Vec<Account>,
    pub(super) next_token: Option<String>,
}

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

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FoundContact {
    pub(super) alternate_contact: Option<AlternateContact>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribedTrails {
    #[serde(default)]
    pub(super) trail_list: Vec<Trail>,
}

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
