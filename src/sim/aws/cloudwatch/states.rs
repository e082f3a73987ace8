//! The states of alarms: how metrics and SetAlarmState change them, what a change sets off, and what the history says.

use super::super::posture::{Alarm, AlarmEvent};
use super::super::sns::{Publisher, Refused, publish_for};
use super::super::state::State;
use super::super::wire::{Refusal, iso};
use super::super::{Ctx, json, random};
use super::values::{statistic, time};
use super::{arn, named};
use crate::totp;
use serde_json::{Value, json};
use std::time::SystemTime;

pub(super) const STATES: [&str; 3] = ["OK", "ALARM", "INSUFFICIENT_DATA"];
/// Seconds after which a new alarm is first evaluated.
pub(super) const FIRST: u64 = 60;
/// Seconds that a state set by SetAlarmState stays.
const SET_STAYS: u64 = 10;

/// Evaluates every alarm that is due.
pub(in super::super) fn tick(state: &mut State, now: SystemTime) {
    let seconds = totp::unix(now);
    let alarms = &state.posture.alarms;
    let due = |alarm: &&Alarm| alarm.evaluate_from.is_some_and(|from| from <= seconds) && alarm.expression.is_none();
    let due: Vec<Alarm> = alarms.iter().filter(due).cloned().collect();
    for alarm in due {
        let value = evaluated(state, &alarm, seconds);
        let reason = match value {
            "ALARM" => "Threshold Crossed: enough datapoints were breaching.",
            "OK" => "Threshold Crossed: not enough datapoints were breaching.",
            _ => "Insufficient Data: no datapoints were received.",
        };
        change(state, &alarm, value, reason, now);
    }
}

/// The state that the metric gives.
fn evaluated(state: &State, alarm: &Alarm, now: u64) -> &'static str {
    let of_metric = state.posture.datapoints.iter().filter(|point| {
        let named =
            point.region == alarm.region && point.namespace == alarm.namespace && point.metric == alarm.metric;
        named && point.dimensions == alarm.dimensions && (alarm.unit.is_none() || alarm.unit == point.unit)
    });
    let points: Vec<(u64, u32)> = of_metric.map(|point| (point.at, point.value)).collect();
    let period = u64::from(alarm.period.max(1));
    let in_window = |n: u64| {
        let (from, to) = (now.saturating_sub((n + 1) * period), now.saturating_sub(n * period));
        let values = points.iter().filter(|(at, _)| *at > from && *at <= to).map(|(_, value)| *value);
        statistic(&alarm.statistic, &values.collect::<Vec<_>>())
    };
    let windows: Vec<Option<bool>> =
        (0..u64::from(alarm.periods)).map(|n| in_window(n).map(|value| breaches(alarm, value))).collect();
    if windows.iter().all(Option::is_none) {
        match alarm.missing.as_str() {
            "missing" => return "INSUFFICIENT_DATA",
            "ignore" => return STATES.into_iter().find(|one| *one == alarm.state).unwrap_or("OK"),
            _ => {}
        }
    }
    let bad = |window: &&Option<bool>| window.unwrap_or(alarm.missing == "breaching");
    let needed = alarm.datapoints.unwrap_or(alarm.periods) as usize;
    if windows.iter().filter(bad).count() >= needed { "ALARM" } else { "OK" }
}

fn breaches(alarm: &Alarm, value: f64) -> bool {
    let threshold = f64::from(alarm.threshold);
    match alarm.comparison.as_str() {
        "GreaterThanThreshold" => value > threshold,
        "LessThanThreshold" => value < threshold,
        "LessThanOrEqualToThreshold" => value <= threshold,
        _ => value >= threshold,
    }
}

pub(super) fn note(state: &mut State, alarm: &Alarm, kind: &str, summary: String, data: &Value, now: SystemTime) {
    state.posture.alarm_history.push(AlarmEvent {
        alarm: alarm.name.clone(),
        region: alarm.region.clone(),
        at: totp::unix(now),
        kind: kind.to_owned(),
        summary,
        data: data.to_string(),
    });
}

/// Gives an alarm a state; nothing happens where it has it already.
fn change(state: &mut State, alarm: &Alarm, value: &str, reason: &str, now: SystemTime) {
    let is = |one: &&mut Alarm| one.name == alarm.name && one.region == alarm.region;
    let Some(there) = state.posture.alarms.iter_mut().find(is).filter(|there| there.state != value) else { return };
    let old = std::mem::replace(&mut there.state, value.to_owned());
    there.reason = reason.to_owned();
    there.state_since = Some(totp::unix(now));
    let alarm = there.clone();
    let data = json!({
        "version": "1.0", "oldState": { "stateValue": old }, "newState": { "stateValue": value, "stateReason": reason },
    });
    note(state, &alarm, "StateUpdate", format!("Alarm updated from {old} to {value}"), &data, now);
    let actions = match value {
        "ALARM" => &alarm.actions,
        "OK" => &alarm.ok_actions,
        _ => &alarm.insufficient_actions,
    };
    if alarm.actions_enabled {
        actions.iter().for_each(|action| act(state, &alarm, action, &old, now));
    }
}

/// Publishes to a topic, and writes down what came of it.
fn act(state: &mut State, alarm: &Alarm, action: &str, old: &str, now: SystemTime) {
    let own = arn(state, alarm);
    let region = match alarm.region.as_str() {
        "us-east-1" => "US East (N. Virginia)",
        other => other,
    };
    let Alarm { name, state: value, reason, .. } = alarm;
    let subject = format!("{value}: \"{name}\" in {region}");
    let text = format!(
        "You are receiving this email because your Amazon CloudWatch Alarm \"{name}\" in the {region} region has entered \
         the {value} state, because \"{reason}\" at \"{}\".\n\nAlarm Details:\n- Name: {name}\n- State Change: {old} -> \
         {value}\n- Reason for State Change: {reason}\n- AWS Account: {}\n- Alarm Arn: {own}",
        iso(now),
        state.account
    );
    let publisher = Publisher { service: "cloudwatch.amazonaws.com", source: Some(&own) };
    let error = match action.split(':').nth(2) {
        Some("sns") => publish_for(state, &publisher, action, (&subject, &text), now)
            .err()
            .map(|refused| refusal(refused, &own, action)),
        _ => Some("The simulator knows no actions but topics".to_owned()),
    };
    let (summary, data) = match error {
        None => (
            format!("Successfully executed action {action}"),
            json!({ "actionState": "Succeeded", "notificationResource": action, "publishedMessage": text }),
        ),
        Some(error) => (
            format!("Failed to execute action {action}. Received error: \"{error}\""),
            json!({ "actionState": "Failed", "notificationResource": action, "error": error }),
        ),
    };
    note(state, alarm, "Action", summary, &data, now);
}

fn refusal(refused: Refused, alarm: &str, topic: &str) -> String {
    match refused {
        Refused::NoTopic => {
            "Topic does not exist (Service: AmazonSNS; Status Code: 404; Error Code: NotFound)".to_owned()
        }
        Refused::ByPolicy => {
            format!("Resource: {alarm} is not authorized to perform: SNS:Publish on resource: {topic}")
        }
        Refused::ByAwsKey => {
            let id = random::request_id();
            format!("null (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: {id})")
        }
        Refused::ByKey => {
            "CloudWatch Alarms does not have authorization to access the SNS topic encryption key.".to_owned()
        }
    }
}

/// Until the alarm is next evaluated.
pub(super) fn set(ctx: &mut Ctx<'_>) -> json::Outcome {
    let alarm = named(ctx, json::required(ctx.body, "AlarmName")?)?;
    let value = json::required(ctx.body, "StateValue")?;
    if !STATES.contains(&value) {
        return Err(Refusal::validation(format!(
            "1 validation error detected: Value '{value}' at 'stateValue' failed to satisfy constraint: Member must \
             satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
        )));
    }
    let reason = json::required(ctx.body, "StateReason")?;
    if reason.len() > 1023 {
        return Err(Refusal::constraint("StateReason", "have length less than or equal to 1023"));
    }
    if json::text(ctx.body, "StateReasonData").is_some_and(|data| serde_json::from_str::<Value>(data).is_err()) {
        return Err(Refusal::new(400, "InvalidFormat", "StateReasonData was not valid JSON"));
    }
    let stays = totp::unix(ctx.now) + SET_STAYS;
    let is = |one: &&mut Alarm| one.name == alarm.name && one.region == alarm.region;
    ctx.state.posture.alarms.iter_mut().filter(is).for_each(|one| one.evaluate_from = Some(stays));
    change(ctx.state, &alarm, value, reason, ctx.now);
    Ok(json!({}))
}

/// Newest first, unless asked otherwise.
pub(super) fn history(ctx: &mut Ctx<'_>) -> json::Outcome {
    let (name, kind) = (json::text(ctx.body, "AlarmName"), json::text(ctx.body, "HistoryItemType"));
    let (start, end) = (time(ctx.body, "StartDate"), time(ctx.body, "EndDate"));
    let wanted = |one: &&AlarmEvent| {
        one.region == ctx.region
            && name.is_none_or(|name| one.alarm == name)
            && kind.is_none_or(|kind| one.kind == kind)
            && start.is_none_or(|start| one.at >= start)
            && end.is_none_or(|end| one.at <= end)
    };
    let mut found: Vec<&AlarmEvent> = ctx.state.posture.alarm_history.iter().filter(wanted).collect();
    if json::text(ctx.body, "ScanBy") != Some("TimestampAscending") {
        found.reverse();
    }
    let (shown, next) = json::page(ctx.body, "NextToken", "MaxRecords", super::PAGE, "InvalidNextToken", found)?;
    let written = |one: &AlarmEvent| {
        json!({
            "AlarmName": one.alarm, "AlarmType": "MetricAlarm", "Timestamp": one.at as f64, "HistoryItemType": one.kind,
            "HistorySummary": one.summary, "HistoryData": one.data,
        })
    };
    let items: Vec<Value> = shown.into_iter().map(written).collect();
    Ok(json::with_token(json!({ "AlarmHistoryItems": items }), "NextToken", next))
}
