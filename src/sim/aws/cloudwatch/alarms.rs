//! CloudWatch's metric alarms: making, changing and deleting them.

use super::super::posture::Alarm;
use super::super::wire::Refusal;
use super::super::{Ctx, json};
use super::states::{FIRST, note};
use super::values::{dimensions, invalid, whole};
use super::{missing, named};
use crate::totp;
use serde_json::{Value, json};

const STATISTICS: [&str; 5] = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];
const COMPARISONS: [&str; 4] =
    ["GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"];
const MISSING: [&str; 4] = ["missing", "notBreaching", "breaching", "ignore"];
/// What PutMetricAlarm takes that the simulator does not know.
const UNKNOWN: [&str; 4] = ["Metrics", "ExtendedStatistic", "ThresholdMetricId", "WarmUpConfiguration"];

fn one_of<'b>(body: &'b Value, name: &str, known: &[&str]) -> Result<&'b str, Refusal> {
    let value = json::required(body, name)?;
    if known.contains(&value) {
        return Ok(value);
    }
    let member = super::super::wire::member(name);
    Err(Refusal::validation(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy \
         enum value set: [{}]",
        known.join(", ")
    )))
}

fn actions(body: &Value, name: &str) -> Result<Vec<String>, Refusal> {
    let actions: Vec<String> = json::texts(body, name).into_iter().map(str::to_owned).collect();
    if actions.len() > 5 {
        let member = super::super::wire::member(name);
        let message = format!(
            "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to 5"
        );
        return Err(Refusal::validation(message));
    }
    match actions.iter().find(|action| !action.starts_with("arn:")) {
        Some(action) => Err(Refusal::validation(format!("Invalid arn syntax: {action}"))),
        None => Ok(actions),
    }
}

/// The times that an alarm looks at: its period, how many of them, and how many must be bad.
fn times(body: &Value) -> Result<(u32, u32, Option<u32>), Refusal> {
    let needed = |name: &str| whole(body, name)?.ok_or_else(|| missing_parameter(name));
    let (period, periods) = (needed("Period")?, needed("EvaluationPeriods")?);
    if ![10, 20, 30].contains(&period) && (period == 0 || period % 60 != 0) {
        return Err(Refusal::validation("Period must be 10, 20, 30 or a multiple of 60"));
    }
    let (days, most) = if period < 3600 { ("a day", 86_400) } else { ("a week", 604_800) };
    if u64::from(period) * u64::from(periods) > most {
        return Err(Refusal::validation(format!(
            "Metrics cannot be checked across more than {days} (EvaluationPeriods * Period must be <= {most})."
        )));
    }
    let datapoints = whole(body, "DatapointsToAlarm")?;
    if periods == 0 || datapoints.is_some_and(|datapoints| datapoints == 0 || datapoints > periods) {
        return Err(Refusal::validation("DatapointsToAlarm must be between 1 and EvaluationPeriods."));
    }
    Ok((period, periods, datapoints))
}

fn missing_parameter(name: &str) -> Refusal {
    Refusal::new(400, "MissingRequiredParameterException", format!("The parameter {name} is required."))
}

/// An alarm as a request describes it, in its first state.
fn read(ctx: &Ctx<'_>) -> Result<Alarm, Refusal> {
    let body = ctx.body;
    if let Some(unknown) = UNKNOWN.iter().find(|name| body.get(**name).is_some()) {
        return Err(invalid(format!("The simulator does not know the parameter {unknown}.")));
    }
    let text = |name: &str| json::text(body, name).map(str::to_owned);
    let (period, periods, datapoints) = times(body)?;
    let missing = text("TreatMissingData").unwrap_or_else(|| "missing".to_owned());
    if !MISSING.contains(&missing.as_str()) {
        return Err(Refusal::validation(format!(
            "Option {missing} for parameter TreatMissingData is not supported."
        )));
    }
    Ok(Alarm {
        name: json::required(body, "AlarmName")?.to_owned(),
        region: ctx.region.to_owned(),
        metric: text("MetricName").ok_or_else(|| missing_parameter("MetricName"))?,
        namespace: text("Namespace").ok_or_else(|| missing_parameter("Namespace"))?,
        description: text("AlarmDescription"),
        actions_enabled: body.get("ActionsEnabled").and_then(Value::as_bool).unwrap_or(true),
        actions: actions(body, "AlarmActions")?,
        ok_actions: actions(body, "OKActions")?,
        insufficient_actions: actions(body, "InsufficientDataActions")?,
        statistic: one_of(body, "Statistic", &STATISTICS)?.to_owned(),
        comparison: one_of(body, "ComparisonOperator", &COMPARISONS)?.to_owned(),
        threshold: whole(body, "Threshold")?.ok_or_else(|| missing_parameter("Threshold"))?,
        period,
        periods,
        datapoints,
        missing,
        unit: text("Unit"),
        dimensions: dimensions(body),
        expression: None,
        state: "INSUFFICIENT_DATA".to_owned(),
        reason: "Unchecked: Initial alarm creation".to_owned(),
        state_since: Some(totp::unix(ctx.now)),
        evaluate_from: Some(totp::unix(ctx.now) + FIRST),
    })
}

/// An alarm that is there keeps its state, and nothing else that the request leaves out.
pub(super) fn put(ctx: &mut Ctx<'_>) -> json::Outcome {
    let mut alarm = read(ctx)?;
    let is = |one: &&mut Alarm| one.name == alarm.name && one.region == alarm.region;
    let what = match ctx.state.posture.alarms.iter_mut().find(is) {
        Some(there) => {
            alarm.state = there.state.clone();
            alarm.reason = there.reason.clone();
            alarm.state_since = there.state_since;
            *there = alarm.clone();
            "updated"
        }
        None => {
            ctx.state.posture.alarms.push(alarm.clone());
            "created"
        }
    };
    let summary = format!("Alarm \"{}\" {what}", alarm.name);
    note(ctx.state, &alarm, "ConfigurationUpdate", summary, &json!({ "version": "1.0" }), ctx.now);
    Ok(json!({}))
}

/// All of them or none.
pub(super) fn delete(ctx: &mut Ctx<'_>) -> json::Outcome {
    let names = json::texts(ctx.body, "AlarmNames");
    let alarms = names.iter().map(|name| named(ctx, name)).collect::<Result<Vec<_>, _>>().map_err(|_| missing())?;
    for alarm in alarms {
        ctx.state.posture.alarms.retain(|one| one.name != alarm.name || one.region != alarm.region);
        let summary = format!("Alarm \"{}\" deleted", alarm.name);
        note(ctx.state, &alarm, "ConfigurationUpdate", summary, &json!({ "version": "1.0" }), ctx.now);
    }
    Ok(json!({}))
}

/// Names that no alarm has are passed over.
fn enable(ctx: &mut Ctx<'_>, enabled: bool) -> json::Outcome {
    let (names, region) = (json::texts(ctx.body, "AlarmNames"), ctx.region);
    let is = |one: &&mut Alarm| one.region == region && names.contains(&one.name.as_str());
    ctx.state.posture.alarms.iter_mut().filter(is).for_each(|one| one.actions_enabled = enabled);
    Ok(json!({}))
}

pub(super) fn enable_actions(ctx: &mut Ctx<'_>) -> json::Outcome {
    enable(ctx, true)
}

pub(super) fn disable_actions(ctx: &mut Ctx<'_>) -> json::Outcome {
    enable(ctx, false)
}
