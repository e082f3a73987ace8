//! CloudWatch: the alarm on a filter's metric, its states and what its history says of the mails it sent.

use super::Metric;
use super::read::{flag, needed, seconds, text, texts};
use crate::aws::{Account, Call, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::SystemTime;

/// Seconds of a period. Three of them are looked at and one with an event is enough: CloudTrail delivers late, and a
/// datapoint of ten minutes ago must still count.
pub const PERIOD: u64 = 300;
/// How many of them.
pub const PERIODS: u64 = 3;

/// An alarm to be put: raised by one event in a quarter of an hour, and by nothing where there are no events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAlarm {
    /// Its name. One of the same name keeps its state and is overwritten otherwise.
    pub name: String,
    /// What a person reads in the mail.
    pub description: String,
    /// What it looks at.
    pub metric: Metric,
    /// The topic's ARN.
    pub topic: String,
}

/// An alarm as it is (DescribeAlarms).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Alarm {
    pub name: String,
    pub arn: String,
    /// `None`: it looks at an expression over metrics.
    pub metric: Option<Metric>,
    /// ARNs.
    pub actions: Vec<String>,
    pub actions_enabled: bool,
    pub statistic: String,
    pub comparison: String,
    pub threshold: Option<f64>,
    /// Seconds.
    pub period: Option<u64>,
    pub periods: Option<u64>,
    pub datapoints: Option<u64>,
    pub missing_data: String,
    /// What the metric's values must be counted in, where it asks for that.
    pub unit: Option<String>,
    /// It looks at some of the metric's values alone.
    pub has_dimensions: bool,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
    /// Why it has this state.
    pub reason: String,
    /// Since when.
    pub since: Option<SystemTime>,
}

impl Alarm {
    /// Whether it is what [`Account::put_alarm`] would put, apart from its description.
    #[must_use]
    pub fn is(&self, wanted: &NewAlarm) -> bool {
        self.metric.as_ref() == Some(&wanted.metric)
            && self.actions == [wanted.topic.as_str()]
            && self.actions_enabled
            && self.statistic == "Sum"
            && self.comparison == "GreaterThanOrEqualToThreshold"
            && self.threshold == Some(1.0)
            && (self.period, self.periods, self.datapoints) == (Some(PERIOD), Some(PERIODS), Some(1))
            && self.missing_data == "notBreaching"
            && self.unit.is_none()
            && !self.has_dimensions
    }
}

/// A state that an alarm can be set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum AlarmState {
    Ok,
    Alarm,
}

/// A line of an alarm's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmEvent {
    /// When.
    pub at: Option<SystemTime>,
    /// `ConfigurationUpdate`, `StateUpdate` or `Action`.
    pub kind: String,
    /// What happened, in AWS's words.
    pub summary: String,
    /// More of it: JSON.
    pub data: String,
}

impl AlarmEvent {
    /// Whether it tells of an action that was carried out: `Some(false)`, one that was refused; `None`: of something else.
    #[must_use]
    pub fn acted(&self) -> Option<bool> {
        (self.kind == "Action").then(|| self.summary.starts_with("Successfully"))
    }
}

impl Account {
    /// PutMetricAlarm.
    pub fn put_alarm(&self, region: &str, alarm: &NewAlarm) -> Result<(), Error> {
        let body = json!({
            "AlarmName": alarm.name, "AlarmDescription": alarm.description, "ActionsEnabled": true,
            "AlarmActions": [alarm.topic], "Namespace": alarm.metric.namespace, "MetricName": alarm.metric.name,
            "Statistic": "Sum", "ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 1.0,
            "Period": PERIOD, "EvaluationPeriods": PERIODS, "DatapointsToAlarm": 1, "TreatMissingData": "notBreaching",
        });
        self.plain(Call::PutMetricAlarm, region, body).map(drop)
    }

    /// DescribeAlarms: the metric alarm of this name.
    pub fn alarm(&self, region: &str, name: &str) -> Result<Option<Alarm>, Error> {
        let call = Call::DescribeAlarms;
        let body = json!({ "AlarmNames": [name], "AlarmTypes": ["MetricAlarm"] });
        let alarms = self.plain_list(call, region, body, ("MetricAlarms", "NextToken"))?;
        let is = |one: &&Value| one.get("AlarmName").and_then(Value::as_str) == Some(name);
        alarms.iter().find(is).map(|one| read(call, one)).transpose()
    }

    /// DescribeAlarmHistory: what happened to it since then, newest first.
    pub fn alarm_history(&self, region: &str, name: &str, since: SystemTime) -> Result<Vec<AlarmEvent>, Error> {
        let call = Call::DescribeAlarmHistory;
        let start = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let body = json!({ "AlarmName": name, "StartDate": start, "ScanBy": "TimestampDescending" });
        let items = self.plain_list(call, region, body, ("AlarmHistoryItems", "NextToken"))?;
        let event = |item: &Value| {
            Ok(AlarmEvent {
                at: seconds(item, "Timestamp"),
                kind: needed(call, item, "HistoryItemType")?,
                summary: text(item, "HistorySummary").unwrap_or_default(),
                data: text(item, "HistoryData").unwrap_or_default(),
            })
        };
        items.iter().map(event).collect()
    }

    /// SetAlarmState, until the alarm is next evaluated: seconds. It acts where it was in another state before. Sent once:
    /// after a lost reply [`Account::alarm_history`] tells. `reason`: at most 1023 characters, and in the mail.
    pub fn set_alarm_state(&self, region: &str, name: &str, state: AlarmState, reason: &str) -> Result<(), Error> {
        let value = match state {
            AlarmState::Ok => "OK",
            AlarmState::Alarm => "ALARM",
        };
        let body = json!({ "AlarmName": name, "StateValue": value, "StateReason": reason });
        self.plain(Call::SetAlarmState, region, body).map(drop)
    }

    /// DeleteAlarms: this one.
    pub fn delete_alarm(&self, region: &str, name: &str) -> Result<(), Error> {
        self.plain(Call::DeleteAlarms, region, json!({ "AlarmNames": [name] })).map(drop)
    }
}

fn read(call: Call, of: &Value) -> Result<Alarm, Error> {
    let number = |name: &str| of.get(name).and_then(Value::as_u64);
    let metric = |namespace, name| Metric { namespace, name };
    Ok(Alarm {
        name: needed(call, of, "AlarmName")?,
        arn: needed(call, of, "AlarmArn")?,
        metric: text(of, "Namespace").zip(text(of, "MetricName")).map(|(namespace, name)| metric(namespace, name)),
        actions: texts(of, "AlarmActions"),
        actions_enabled: flag(of, "ActionsEnabled"),
        statistic: text(of, "Statistic").unwrap_or_default(),
        comparison: text(of, "ComparisonOperator").unwrap_or_default(),
        threshold: of.get("Threshold").and_then(Value::as_f64),
        period: number("Period"),
        periods: number("EvaluationPeriods"),
        datapoints: number("DatapointsToAlarm"),
        missing_data: text(of, "TreatMissingData").unwrap_or_default(),
        unit: text(of, "Unit"),
        has_dimensions: of.get("Dimensions").and_then(Value::as_array).is_some_and(|all| !all.is_empty()),
        state: text(of, "StateValue").unwrap_or_default(),
        reason: text(of, "StateReason").unwrap_or_default(),
        since: seconds(of, "StateUpdatedTimestamp"),
    })
}
