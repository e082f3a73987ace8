//! CloudWatch Logs: metric filters.

use super::posture::MetricFilter;
use super::{Ctx, auth, json};
use serde_json::{Value, json};

/// Filters to a page.
const PAGE: usize = 50;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    if action != "DescribeMetricFilters" {
        return None;
    }
    let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
    let group = json::text(ctx.body, "logGroupName").unwrap_or_default();
    let resource = format!("arn:{partition}:logs:{}:{account}:log-group:{group}:log-stream:", ctx.region);
    let allowed = auth::authorize(ctx, "logs:DescribeMetricFilters", &resource);
    Some(allowed.and_then(|()| describe(ctx)))
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
            "metricTransformations": [{
                "metricName": filter.metric,
                "metricNamespace": filter.namespace,
                "metricValue": filter.value,
            }],
            "applyOnTransformedLogs": false,
        })
    };
    let filters: Vec<Value> = filters.into_iter().map(written).collect();
    Ok(json::with_token(json!({ "metricFilters": filters }), "nextToken", next))
}
