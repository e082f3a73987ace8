//! CloudWatch Logs: log groups and metric filters, as they are listed; the way to its other calls.

use super::posture::MetricFilter;
use super::{Ctx, auth, json, log_events, log_groups, metric_filters};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PAGE: usize = 50;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let operation: fn(&mut Ctx<'_>) -> json::Outcome = match action {
        "DescribeMetricFilters" => |ctx| describe(ctx),
        "DescribeLogGroups" => |ctx| groups(ctx),
        "CreateLogGroup" => log_groups::create,
        "DeleteLogGroup" => log_groups::delete,
        "PutRetentionPolicy" => log_groups::put_retention,
        "CreateLogStream" => log_groups::create_stream,
        "PutMetricFilter" => metric_filters::put,
        "DeleteMetricFilter" => metric_filters::delete,
        "TestMetricFilter" => metric_filters::test,
        "PutLogEvents" => log_events::put,
        "FilterLogEvents" => log_events::filter,
        _ => return None,
    };
    let group = json::text(ctx.body, "logGroupName").unwrap_or_default();
    let stream = json::text(ctx.body, "logStreamName").unwrap_or_default();
    let resource = format!("{}:log-stream:{stream}", arn(ctx, group));
    let allowed = auth::authorize(ctx, &format!("logs:{action}"), &resource);
    Some(allowed.and_then(|()| operation(ctx)))
}

fn arn(ctx: &Ctx<'_>, group: &str) -> String {
    let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
    format!("arn:{partition}:logs:{}:{account}:log-group:{group}", ctx.region)
}

fn groups(ctx: &Ctx<'_>) -> json::Outcome {
    let posture = &ctx.state.posture;
    let filters = posture.metric_filters.iter().filter(|filter| filter.region == ctx.region);
    let mut names: BTreeSet<String> = filters.map(|filter| filter.log_group.clone()).collect();
    let delivered = posture.trails.iter().filter(|trail| trail.region == ctx.region);
    names.extend(delivered.filter_map(|trail| trail.group_name()).map(str::to_owned));
    let made = posture.log_groups.iter().filter(|group| group.region == ctx.region);
    names.extend(made.map(|group| group.name.clone()));
    let prefix = json::text(ctx.body, "logGroupNamePrefix").unwrap_or_default();
    let exists = |name: &String| name.starts_with(prefix) && posture.has_log_group(ctx.region, name);
    let found = names.into_iter().filter(exists).collect();
    let (names, next) = json::page(ctx.body, "nextToken", "limit", PAGE, "InvalidParameterException", found)?;
    let written = |name: String| {
        let arn = arn(ctx, &name);
        let made = posture.log_group(ctx.region, &name);
        let created = made.and_then(|group| group.created).unwrap_or(crate::totp::unix(ctx.state.created));
        let mut value = json!({
            "logGroupName": name,
            "logGroupClass": "STANDARD",
            "arn": format!("{arn}:*"),
            "logGroupArn": arn,
            "creationTime": created * 1000,
            "metricFilterCount": posture.metric_filters.iter().filter(|filter| filter.log_group == name).count(),
            "storedBytes": 0,
        });
        if let (Some(days), Some(members)) = (made.and_then(|group| group.retention_days), value.as_object_mut()) {
            members.insert("retentionInDays".to_owned(), json!(days));
        }
        value
    };
    let groups: Vec<Value> = names.into_iter().map(written).collect();
    Ok(json::with_token(json!({ "logGroups": groups }), "nextToken", next))
}

fn describe(ctx: &Ctx<'_>) -> json::Outcome {
    let given = |name: &str| json::text(ctx.body, name);
    if given("logGroupName").is_some_and(|group| !ctx.state.posture.has_log_group(ctx.region, group)) {
        return Err(log_groups::missing("group"));
    }
    let here = |filter: &&MetricFilter| filter.region == ctx.region;
    let named = |filter: &&MetricFilter| {
        given("logGroupName").is_none_or(|group| group == filter.log_group)
            && given("filterNamePrefix").is_none_or(|prefix| filter.name.starts_with(prefix))
            && given("metricName").is_none_or(|metric| metric == filter.metric)
            && given("metricNamespace").is_none_or(|namespace| namespace == filter.namespace)
    };
    let found = ctx.state.posture.metric_filters.iter().filter(here).filter(named).collect();
    let (filters, next) = json::page(ctx.body, "nextToken", "limit", PAGE, "InvalidParameterException", found)?;
    let written = |filter: &MetricFilter| {
        json!({
            "filterName": filter.name,
            "filterPattern": filter.pattern,
            "logGroupName": filter.log_group,
            "creationTime": crate::totp::unix(ctx.state.created) * 1000,
            "metricTransformations": [transformation(filter)],
            "applyOnTransformedLogs": filter.transformed,
            "fieldSelectionCriteria": filter.criteria,
            "emitSystemFieldDimensions": filter.system_dimensions,
        })
    };
    let filters: Vec<Value> = filters.into_iter().map(written).collect();
    Ok(json::with_token(json!({ "metricFilters": filters }), "nextToken", next))
}

fn transformation(filter: &MetricFilter) -> Value {
    let mut value = json!({
        "metricName": filter.metric,
        "metricNamespace": filter.namespace,
        "metricValue": filter.value,
    });
    if let Some(members) = value.as_object_mut() {
        let mut put = |name: &str, what: Value| drop(members.insert(name.to_owned(), what));
        filter.default_value.iter().for_each(|default| put("defaultValue", json!(f64::from(*default))));
        filter.unit.iter().for_each(|unit| put("unit", json!(unit)));
        if !filter.dimensions.is_empty() {
            put("dimensions", json!(filter.dimensions));
        }
    }
    value
}
