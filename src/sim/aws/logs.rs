//! CloudWatch Logs: metric filters, and the log groups that have some or are delivered to.

use super::posture::MetricFilter;
use super::{Ctx, auth, json};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PAGE: usize = 50;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let read: fn(&Ctx<'_>) -> json::Outcome = match action {
        "DescribeMetricFilters" => describe,
        "DescribeLogGroups" => groups,
        _ => return None,
    };
    let group = json::text(ctx.body, "logGroupName").unwrap_or_default();
    let resource = format!("{}:log-stream:", arn(ctx, group));
    let allowed = auth::authorize(ctx, &format!("logs:{action}"), &resource);
    Some(allowed.and_then(|()| read(ctx)))
}

fn arn(ctx: &Ctx<'_>, group: &str) -> String {
    let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
    format!("arn:{partition}:logs:{}:{account}:log-group:{group}", ctx.region)
}

fn groups(ctx: &Ctx<'_>) -> json::Outcome {
    let posture = &ctx.state.posture;
    let filters = posture.metric_filters.iter().filter(|filter| filter.region == ctx.region);
    let mut names: BTreeSet<String> = filters.map(|filter| filter.log_group.clone()).collect();
    // `arn:aws:logs:REGION:ACCOUNT:log-group:NAME:*`
    let delivered = posture.trails.iter().filter(|trail| trail.region == ctx.region);
    names.extend(delivered.filter_map(|trail| trail.log_group.as_ref()?.split(':').nth(6)).map(str::to_owned));
    let prefix = json::text(ctx.body, "logGroupNamePrefix").unwrap_or_default();
    let found = names.into_iter().filter(|name| name.starts_with(prefix)).collect();
    let (names, next) = json::page(ctx.body, "nextToken", "limit", PAGE, "InvalidParameterException", found)?;
    let written = |name: String| {
        let arn = arn(ctx, &name);
        json!({
            "logGroupName": name,
            "arn": format!("{arn}:*"),
            "logGroupArn": arn,
            "creationTime": crate::totp::unix(ctx.state.created) * 1000,
            "metricFilterCount": posture.metric_filters.iter().filter(|filter| filter.log_group == name).count(),
            "storedBytes": 0,
        })
    };
    let groups: Vec<Value> = names.into_iter().map(written).collect();
    Ok(json::with_token(json!({ "logGroups": groups }), "nextToken", next))
}

fn describe(ctx: &Ctx<'_>) -> json::Outcome {
    let given = |name: &str| json::text(ctx.body, name);
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
