//! CloudWatch Logs: metric filters put, deleted and tried.

use super::log_groups::{existing, invalid};
use super::log_pattern::LogPattern;
use super::posture::MetricFilter;
use super::wire::Refusal;
use super::{Ctx, json};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Metric filters of a log group, at most.
const LIMIT: usize = 100;

pub(super) fn put(ctx: &mut Ctx<'_>) -> json::Outcome {
    let name = json::required(ctx.body, "filterName")?.to_owned();
    let pattern = json::required(ctx.body, "filterPattern")?.to_owned();
    let log_group = existing(ctx)?;
    LogPattern::check(&pattern).map_err(invalid)?;
    let transformations = ctx.body.get("metricTransformations").and_then(Value::as_array);
    let Some([transformation]) = transformations.map(Vec::as_slice) else {
        return Err(invalid("A metric filter needs exactly one metric transformation."));
    };
    let mut filter = transformed(transformation)?;
    (filter.name, filter.pattern, filter.log_group) = (name, pattern, log_group);
    ctx.region.clone_into(&mut filter.region);
    filter.criteria = json::text(ctx.body, "fieldSelectionCriteria").unwrap_or_default().to_owned();
    let dimensions = json::texts(ctx.body, "emitSystemFieldDimensions");
    filter.system_dimensions = dimensions.into_iter().map(str::to_owned).collect();
    filter.transformed = ctx.body.get("applyOnTransformedLogs").and_then(Value::as_bool).unwrap_or(false);
    let filters = &mut ctx.state.posture.metric_filters;
    let of_group = |one: &MetricFilter| one.region == filter.region && one.log_group == filter.log_group;
    match filters.iter().position(|one| of_group(one) && one.name == filter.name) {
        Some(place) => drop(filters.splice(place..=place, [filter])),
        None if filters.iter().filter(|one| of_group(one)).count() >= LIMIT => {
            return Err(Refusal::new(400, "LimitExceededException", "Resource limit exceeded."));
        }
        None => filters.push(filter),
    }
    Ok(json!({}))
}

/// A filter with the metric that a transformation names.
fn transformed(of: &Value) -> Result<MetricFilter, Refusal> {
    let unit = json::text(of, "unit").map(str::to_owned);
    // The simulator's filters know whole numbers only.
    let default_value = match of.get("defaultValue").filter(|value| !value.is_null()) {
        None => None,
        Some(given) => {
            let whole = given.as_f64().filter(|value| *value >= 0.0 && value.fract() == 0.0);
            let whole = whole.and_then(|value| format!("{value:.0}").parse().ok());
            Some(whole.ok_or_else(|| invalid("The simulator knows only whole numbers as a default value."))?)
        }
    };
    let dimensions: BTreeMap<String, String> = of
        .get("dimensions")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, field)| Some((name.clone(), field.as_str()?.to_owned())))
        .collect();
    if default_value.is_some() && !dimensions.is_empty() {
        return Err(invalid("A metric filter with dimensions cannot have a default value."));
    }
    Ok(MetricFilter {
        metric: json::required(of, "metricName")?.to_owned(),
        namespace: json::required(of, "metricNamespace")?.to_owned(),
        value: json::required(of, "metricValue")?.to_owned(),
        default_value,
        unit,
        dimensions,
        ..MetricFilter::default()
    })
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> json::Outcome {
    let log_group = existing(ctx)?;
    let name = json::required(ctx.body, "filterName")?;
    let filters = &mut ctx.state.posture.metric_filters;
    let before = filters.len();
    filters.retain(|one| one.region != ctx.region || one.log_group != log_group || one.name != name);
    if filters.len() == before {
        return Err(Refusal::new(400, "ResourceNotFoundException", "The specified metric filter does not exist."));
    }
    // The group may have been known by this filter alone.
    if !ctx.state.posture.has_log_group(ctx.region, &log_group) {
        let region = ctx.region.to_owned();
        let group = super::posture::LogGroup { name: log_group, region, ..super::posture::LogGroup::default() };
        ctx.state.posture.log_groups.push(group);
    }
    Ok(json!({}))
}

pub(super) fn test(ctx: &mut Ctx<'_>) -> json::Outcome {
    let pattern = LogPattern::read(json::required(ctx.body, "filterPattern")?).map_err(invalid)?;
    let messages = json::texts(ctx.body, "logEventMessages");
    if messages.is_empty() || messages.len() > 50 {
        return Err(invalid("Give 1 to 50 log event messages."));
    }
    let matches: Vec<Value> = (1..)
        .zip(messages)
        .filter(|(_, message)| pattern.matches(message))
        .map(|(number, message): (u32, &str)| {
            json!({ "eventNumber": number, "eventMessage": message, "extractedValues": {} })
        })
        .collect();
    Ok(json!({ "matches": matches }))
}
