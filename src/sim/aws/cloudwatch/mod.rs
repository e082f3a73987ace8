//! CloudWatch: metric alarms, alarms over them, and the metrics they look at.

mod alarms;
mod metrics;
mod states;
mod values;

pub(super) use metrics::record;
pub(super) use states::tick;

use super::posture::{Alarm, Composite};
use super::state::State;
use super::wire::Refusal;
use super::{Ctx, auth, json};
use serde_json::{Value, json};

const PAGE: usize = 100;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let operation: fn(&mut Ctx<'_>) -> json::Outcome = match action {
        "DescribeAlarms" => |ctx| describe(ctx),
        "DescribeAlarmsForMetric" => |ctx| for_metric(ctx),
        "DescribeAlarmHistory" => states::history,
        "SetAlarmState" => states::set,
        "PutMetricAlarm" => alarms::put,
        "DeleteAlarms" => alarms::delete,
        "EnableAlarmActions" => alarms::enable_actions,
        "DisableAlarmActions" => alarms::disable_actions,
        "PutMetricData" => metrics::put,
        "GetMetricData" => metrics::get,
        _ => return None,
    };
    tick(ctx.state, ctx.now);
    let resource = match action {
        "PutMetricData" | "GetMetricData" => "*".to_owned(),
        _ => {
            let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
            // Deleted, and switched on and off, are alarms by their names.
            let names = if action == "DescribeAlarms" { Vec::new() } else { json::texts(ctx.body, "AlarmNames") };
            let name = json::text(ctx.body, "AlarmName").or(names.first().copied()).unwrap_or("*");
            format!("arn:{partition}:cloudwatch:{}:{account}:alarm:{name}", ctx.region)
        }
    };
    let allowed = auth::authorize(ctx, &format!("cloudwatch:{action}"), &resource);
    Some(allowed.and_then(|()| operation(ctx)))
}

fn arn(state: &State, alarm: &Alarm) -> String {
    format!("arn:{}:cloudwatch:{}:{}:alarm:{}", state.partition.as_str(), alarm.region, state.account, alarm.name)
}

fn missing() -> Refusal {
    Refusal::new(404, "ResourceNotFound", "")
}

fn named(ctx: &Ctx<'_>, name: &str) -> Result<Alarm, Refusal> {
    here(ctx).find(|alarm| alarm.name == name).cloned().ok_or_else(missing)
}

fn here<'c>(ctx: &'c Ctx<'_>) -> impl Iterator<Item = &'c Alarm> {
    ctx.state.posture.alarms.iter().filter(|alarm| alarm.region == ctx.region)
}

fn describe(ctx: &Ctx<'_>) -> json::Outcome {
    let names = json::texts(ctx.body, "AlarmNames");
    let prefix = json::text(ctx.body, "AlarmNamePrefix");
    let kinds = json::texts(ctx.body, "AlarmTypes");
    let action = json::text(ctx.body, "ActionPrefix");
    // Without a kind, only metric alarms come.
    let metric = kinds.is_empty() || kinds.contains(&"MetricAlarm");
    let named = |alarm: &&Alarm| {
        metric
            && (names.is_empty() || names.contains(&alarm.name.as_str()))
            && prefix.is_none_or(|prefix| alarm.name.starts_with(prefix))
            && action.is_none_or(|prefix| alarm.actions.iter().any(|action| action.starts_with(prefix)))
    };
    // Only where they are asked for, as the API has it.
    let over: Vec<Value> = match kinds.contains(&"CompositeAlarm") {
        true => composites(ctx).map(|composite| written_over(ctx, composite)).collect(),
        false => Vec::new(),
    };
    let found = here(ctx).filter(named).collect();
    let (alarms, next) = json::page(ctx.body, "NextToken", "MaxRecords", PAGE, "InvalidNextToken", found)?;
    let alarms: Vec<Value> = alarms.into_iter().map(|alarm| written(ctx, alarm)).collect();
    let reply = json!({ "MetricAlarms": alarms, "CompositeAlarms": over });
    Ok(json::with_token(reply, "NextToken", next))
}

fn composites<'c>(ctx: &'c Ctx<'_>) -> impl Iterator<Item = &'c Composite> {
    ctx.state.posture.composites.iter().filter(|composite| composite.region == ctx.region)
}

fn written_over(ctx: &Ctx<'_>, composite: &Composite) -> Value {
    let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
    json!({
        "AlarmName": composite.name,
        "AlarmArn": format!("arn:{partition}:cloudwatch:{}:{account}:alarm:{}", composite.region, composite.name),
        "ActionsEnabled": true,
        "AlarmActions": composite.actions,
        "AlarmRule": composite.rule,
        "StateValue": "OK",
    })
}

fn for_metric(ctx: &Ctx<'_>) -> json::Outcome {
    let missing = |name: &str| {
        Refusal::new(400, "MissingRequiredParameterException", format!("The parameter {name} is required."))
    };
    let metric = json::text(ctx.body, "MetricName").ok_or_else(|| missing("MetricName"))?;
    let namespace = json::text(ctx.body, "Namespace").ok_or_else(|| missing("Namespace"))?;
    let found = here(ctx).filter(|alarm| alarm.metric == metric && alarm.namespace == namespace);
    let alarms: Vec<Value> = found.map(|alarm| written(ctx, alarm)).collect();
    Ok(json!({ "MetricAlarms": alarms }))
}

fn metric(alarm: &Alarm) -> Value {
    let dimension = |(name, value): (&String, &String)| json!({ "Name": name, "Value": value });
    let dimensions: Vec<Value> = alarm.dimensions.iter().map(dimension).collect();
    json!({ "MetricName": alarm.metric, "Namespace": alarm.namespace, "Dimensions": dimensions })
}

fn written(ctx: &Ctx<'_>, alarm: &Alarm) -> Value {
    let created = json::epoch(ctx.state.created);
    let mut value = json!({
        "AlarmName": alarm.name,
        "AlarmArn": arn(ctx.state, alarm),
        "AlarmConfigurationUpdatedTimestamp": created,
        "ActionsEnabled": alarm.actions_enabled,
        "OKActions": alarm.ok_actions,
        "AlarmActions": alarm.actions,
        "InsufficientDataActions": alarm.insufficient_actions,
        "StateValue": alarm.state,
        "StateReason": alarm.reason,
        "StateUpdatedTimestamp": alarm.state_since.map_or_else(|| created.clone(), |since| json!(since as f64)),
        "EvaluationPeriods": alarm.periods,
        "Threshold": f64::from(alarm.threshold),
        "ComparisonOperator": alarm.comparison,
        "TreatMissingData": alarm.missing,
    });
    let Some(members) = value.as_object_mut() else { return value };
    let mut put = |name: &str, what: Value| drop(members.insert(name.to_owned(), what));
    alarm.description.iter().for_each(|text| put("AlarmDescription", json!(text)));
    alarm.datapoints.iter().for_each(|datapoints| put("DatapointsToAlarm", json!(datapoints)));
    let metric = metric(alarm);
    if let Some(expression) = &alarm.expression {
        let stat = json!({ "Metric": metric, "Period": alarm.period, "Stat": alarm.statistic });
        let queries = json!([
            { "Id": "m1", "MetricStat": stat, "ReturnData": false },
            { "Id": "e1", "Expression": expression, "ReturnData": true },
        ]);
        put("Metrics", queries);
        return value;
    }
    for (name, what) in metric.as_object().into_iter().flatten() {
        put(name, what.clone());
    }
    put("Statistic", json!(alarm.statistic));
    put("Period", json!(alarm.period));
    alarm.unit.iter().for_each(|unit| put("Unit", json!(unit)));
    value
}
