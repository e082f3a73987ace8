//! CloudWatch's metrics: values go in, and statistics come out.

use super::super::posture::Datapoint;
use super::super::state::State;
use super::super::wire::Refusal;
use super::super::{Ctx, json};
use super::states;
use super::values::{dimensions, invalid, statistic, time, whole};
use crate::totp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::SystemTime;

/// Seconds before and after now that a value may be from.
const PAST: u64 = 14 * 86_400;
const FUTURE: u64 = 2 * 3_600;
/// The account keeps this many values.
const KEPT: usize = 100_000;

fn read(ctx: &Ctx<'_>, namespace: &str, item: &Value) -> Result<Datapoint, Refusal> {
    let now = totp::unix(ctx.now);
    let at = time(item, "Timestamp").unwrap_or(now);
    if !(now.saturating_sub(PAST)..=now + FUTURE).contains(&at) {
        return Err(invalid(
            "The value for parameter Timestamp is outside of the two weeks before now and two hours after.",
        ));
    }
    Ok(Datapoint {
        region: ctx.region.to_owned(),
        namespace: namespace.to_owned(),
        metric: json::required(item, "MetricName")?.to_owned(),
        dimensions: dimensions(item),
        unit: json::text(item, "Unit").filter(|unit| *unit != "None").map(str::to_owned),
        at,
        value: whole(item, "Value")?
            .ok_or_else(|| invalid("The parameter MetricData.member.1.Value is required."))?,
    })
}

pub(super) fn put(ctx: &mut Ctx<'_>) -> json::Outcome {
    let namespace = json::required(ctx.body, "Namespace")?;
    if namespace.starts_with("AWS/") {
        return Err(invalid(format!("The value {namespace} for parameter Namespace is invalid.")));
    }
    let items = ctx.body.get("MetricData").and_then(Value::as_array).into_iter().flatten();
    let points = items.map(|item| read(ctx, namespace, item)).collect::<Result<Vec<_>, _>>()?;
    points.into_iter().for_each(|point| record(ctx.state, point, ctx.now));
    Ok(json!({}))
}

/// Adds a value, and lets the alarms see it.
pub(in super::super) fn record(state: &mut State, point: Datapoint, now: SystemTime) {
    let points = &mut state.posture.datapoints;
    if points.len() >= KEPT {
        points.remove(0);
    }
    points.push(point);
    states::tick(state, now);
}

fn result(ctx: &Ctx<'_>, query: &Value, start: u64, end: u64) -> json::Outcome {
    let stat = query.get("MetricStat").ok_or_else(|| invalid("The simulator knows no metric expressions."))?;
    let metric = stat.get("Metric").unwrap_or(&Value::Null);
    let (namespace, name) = (json::required(metric, "Namespace")?, json::required(metric, "MetricName")?);
    let dimensions = dimensions(metric);
    let period = u64::from(whole(stat, "Period")?.unwrap_or(60).max(1));
    let mut slots: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    let is = |point: &&Datapoint| {
        point.region == ctx.region
            && point.namespace == namespace
            && point.metric == name
            && point.dimensions == dimensions
    };
    for point in ctx.state.posture.datapoints.iter().filter(is).filter(|point| (start..end).contains(&point.at)) {
        slots.entry(point.at - point.at % period).or_default().push(point.value);
    }
    let of = json::required(stat, "Stat")?;
    // The newest first, as the API has it.
    let values: Vec<f64> = slots.values().rev().filter_map(|values| statistic(of, values)).collect();
    let times: Vec<f64> = slots.keys().rev().map(|at| *at as f64).collect();
    Ok(json!({
        "Id": json::required(query, "Id")?, "Label": name, "Timestamps": times, "Values": values, "StatusCode": "Complete",
    }))
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> json::Outcome {
    let missing = |name: &str| invalid(format!("The parameter {name} is required."));
    let start = time(ctx.body, "StartTime").ok_or_else(|| missing("StartTime"))?;
    let end = time(ctx.body, "EndTime").ok_or_else(|| missing("EndTime"))?;
    if start >= end {
        return Err(Refusal::validation("The parameter StartTime must be less than the parameter EndTime."));
    }
    let queries = ctx.body.get("MetricDataQueries").and_then(Value::as_array).into_iter().flatten();
    let results = queries.map(|query| result(ctx, query, start, end)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({ "MetricDataResults": results, "Messages": [] }))
}
