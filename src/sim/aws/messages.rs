//! What monitoring leaves behind: messages that SNS has delivered, values of metrics, the history of alarms.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Why a message was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    /// It asks the address to confirm a subscription.
    Confirmation,
    /// It was published to a topic.
    #[default]
    Notification,
    /// Somebody ended the subscription with the link in a mail.
    Cancellation,
}

/// One message to one subscriber.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// The endpoint: an address, as a rule.
    pub to: String,
    /// `email`, `https` and so on.
    pub protocol: String,
    pub kind: MailKind,
    /// The topic's ARN.
    pub topic: String,
    pub subject: String,
    pub text: String,
    /// The token of a confirmation.
    pub token: Option<String>,
    /// The link that confirms, or the one that unsubscribes.
    pub link: Option<String>,
    /// Seconds since the epoch.
    pub sent: u64,
}

/// One line of an alarm's history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlarmEvent {
    /// The alarm's name.
    pub alarm: String,
    pub region: String,
    /// Seconds since the epoch.
    pub at: u64,
    /// `ConfigurationUpdate`, `StateUpdate` or `Action`.
    pub kind: String,
    pub summary: String,
    /// JSON.
    pub data: String,
}

/// One value of a metric.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Datapoint {
    pub region: String,
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    pub unit: Option<String>,
    /// Seconds since the epoch.
    pub at: u64,
    /// Whole numbers only.
    pub value: u32,
}
