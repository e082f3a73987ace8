//! CloudWatch Logs: the log group that a trail delivers to, and the events in it.

use super::read::{milliseconds, needed, since_epoch, text};
use crate::aws::pages::Pages;
use crate::aws::{Account, Call, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::SystemTime;

/// The days that Logs can keep events for (API Reference, "PutRetentionPolicy").
pub const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// A log group (DescribeLogGroups).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// Its ARN, with `:*` at its end.
    pub arn: String,
    /// Days that events are kept; `None`: for ever.
    pub retention_days: Option<u32>,
    /// `STANDARD`, which alone can have metric filters, or another class.
    pub class: String,
}

/// An event in a log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundEvent {
    /// Its log stream.
    pub stream: String,
    /// When it happened.
    pub at: Option<SystemTime>,
    /// When it arrived.
    pub ingested: Option<SystemTime>,
    /// What it says.
    pub message: String,
}

impl Account {
    /// CreateLogGroup, of the class that can have metric filters. [`super::Obstacle::NameTaken`] where it is there.
    pub fn create_log_group(&self, region: &str, name: &str) -> Result<(), Error> {
        let body = json!({ "logGroupName": name, "logGroupClass": "STANDARD" });
        self.plain(Call::CreateLogGroup, region, body).map(drop)
    }

    /// DescribeLogGroups: the one of this name.
    pub fn log_group(&self, region: &str, name: &str) -> Result<Option<LogGroup>, Error> {
        let call = Call::DescribeLogGroups;
        let body = json!({ "logGroupNamePrefix": name });
        let groups = self.plain_list(call, region, body, ("logGroups", "nextToken"))?;
        let is = |one: &&Value| one.get("logGroupName").and_then(Value::as_str) == Some(name);
        let Some(one) = groups.iter().find(is) else { return Ok(None) };
        let days = one.get("retentionInDays").and_then(Value::as_u64);
        Ok(Some(LogGroup {
            name: name.to_owned(),
            arn: needed(call, one, "arn")?,
            retention_days: days.and_then(|days| u32::try_from(days).ok()),
            class: text(one, "logGroupClass").unwrap_or_else(|| "STANDARD".to_owned()),
        }))
    }

    /// FilterLogEvents: whether a log group holds no event. A page without events is not the last one.
    pub fn log_group_is_empty(&self, region: &str, name: &str) -> Result<bool, Error> {
        let call = Call::FilterLogEvents;
        let mut pages = Pages::of(call);
        loop {
            let mut body = json!({ "logGroupName": name, "limit": 1 });
            if let (Some(token), Some(members)) = (pages.token(), body.as_object_mut()) {
                members.insert("nextToken".to_owned(), json!(token));
            }
            let answer = self.plain(call, region, body)?;
            let events = answer.get("events").and_then(Value::as_array).ok_or(Error::Malformed { call })?;
            if !events.is_empty() {
                return Ok(false);
            }
            if !pages.go_on(answer.get("nextToken").and_then(Value::as_str))? {
                return Ok(true);
            }
        }
    }

    /// PutRetentionPolicy: one of [`RETENTIONS`].
    pub fn keep_log_events(&self, region: &str, name: &str, days: u32) -> Result<(), Error> {
        let body = json!({ "logGroupName": name, "retentionInDays": days });
        self.plain(Call::PutRetentionPolicy, region, body).map(drop)
    }

    /// DeleteLogGroup, with its events and its filters.
    pub fn delete_log_group(&self, region: &str, name: &str) -> Result<(), Error> {
        self.plain(Call::DeleteLogGroup, region, json!({ "logGroupName": name })).map(drop)
    }

    /// CreateLogStream. [`super::Obstacle::NameTaken`] where it is there.
    pub fn create_log_stream(&self, region: &str, group: &str, stream: &str) -> Result<(), Error> {
        let body = json!({ "logGroupName": group, "logStreamName": stream });
        self.plain(Call::CreateLogStream, region, body).map(drop)
    }

    /// PutLogEvents: one event. Sent once: after a lost reply [`Account::find_log_events`] tells.
    ///
    /// # Errors
    /// [`Error::Invalid`] where Logs took the request and rejects the event: it is too old, or of the future.
    pub fn put_log_event(
        &self,
        region: &str,
        (group, stream): (&str, &str),
        at: SystemTime,
        message: &str,
    ) -> Result<(), Error> {
        let event = json!({ "timestamp": since_epoch(at), "message": message });
        let body = json!({ "logGroupName": group, "logStreamName": stream, "logEvents": [event] });
        let answer = self.plain(Call::PutLogEvents, region, body)?;
        match answer.get("rejectedLogEventsInfo").filter(|rejected| !rejected.is_null()) {
            None => Ok(()),
            Some(why) => Err(Error::Invalid { message: format!("CloudWatch Logs rejects the event: {why}") }),
        }
    }

    /// FilterLogEvents: what matches a pattern and happened since then, in all streams.
    pub fn find_log_events(
        &self,
        region: &str,
        group: &str,
        pattern: &str,
        since: SystemTime,
    ) -> Result<Vec<FoundEvent>, Error> {
        let call = Call::FilterLogEvents;
        let body = json!({ "logGroupName": group, "filterPattern": pattern, "startTime": since_epoch(since) });
        let events = self.plain_list(call, region, body, ("events", "nextToken"))?;
        let read = |event: &Value| {
            Ok(FoundEvent {
                stream: text(event, "logStreamName").unwrap_or_default(),
                at: milliseconds(event, "timestamp"),
                ingested: milliseconds(event, "ingestionTime"),
                message: needed(call, event, "message")?,
            })
        };
        events.iter().map(read).collect()
    }
}
