//! CloudTrail: trails, whether they log, and what they record.

use super::posture::{AdvancedSelector, FieldSelector, Selectors, Trail};
use super::state::State;
use super::wire::Refusal;
use super::{Ctx, auth, json};
use serde_json::{Map, Value, json};

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let operation: fn(&Ctx<'_>) -> json::Outcome = match action {
        "DescribeTrails" => describe,
        "GetTrailStatus" => status,
        "GetEventSelectors" => selectors,
        _ => return None,
    };
    let allowed = auth::authorize(ctx, &format!("cloudtrail:{action}"), "*");
    Some(allowed.and_then(|()| operation(ctx)))
}

fn arn(state: &State, trail: &Trail) -> String {
    let owner = trail.owner.as_deref().unwrap_or(&state.account);
    format!("arn:{}:cloudtrail:{}:{owner}:trail/{}", state.partition.as_str(), trail.region, trail.name)
}

/// The trails of this region, and the shadows of those that reach into it from another.
fn seen<'c>(ctx: &'c Ctx<'_>, shadows: bool) -> impl Iterator<Item = &'c Trail> {
    let here = move |trail: &&Trail| trail.region == ctx.region || shadows && trail.multi_region;
    ctx.state.posture.trails.iter().filter(here)
}

fn describe(ctx: &Ctx<'_>) -> json::Outcome {
    let shadows = ctx.body.get("includeShadowTrails").and_then(Value::as_bool).unwrap_or(true);
    let wanted = json::texts(ctx.body, "trailNameList");
    let named = |trail: &&Trail| {
        wanted.is_empty() || wanted.contains(&trail.name.as_str()) || wanted.contains(&arn(ctx.state, trail).as_str())
    };
    let trails: Vec<Value> = seen(ctx, shadows).filter(named).map(|trail| written(ctx.state, trail)).collect();
    Ok(json!({ "trailList": trails }))
}

fn written(state: &State, trail: &Trail) -> Value {
    let advanced = matches!(trail.selectors, Selectors::Advanced(_));
    let mut value = json!({
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": true,
        "IsMultiRegionTrail": trail.multi_region,
        "HomeRegion": trail.region,
        "TrailARN": arn(state, trail),
        "LogFileValidationEnabled": trail.validation,
        "HasCustomEventSelectors": advanced || trail.selectors != Selectors::default(),
        "HasInsightSelectors": false,
        "IsOrganizationTrail": trail.organization,
    });
    if let (Some(group), Some(members)) = (&trail.log_group, value.as_object_mut()) {
        let role = format!("arn:{}:iam::{}:role/trail-to-logs", state.partition.as_str(), state.account);
        members.insert("CloudWatchLogsLogGroupArn".to_owned(), json!(group));
        members.insert("CloudWatchLogsRoleArn".to_owned(), json!(role));
    }
    value
}

/// A trail by its name, in its home region, or by its ARN, wherever it reaches.
fn named<'c>(ctx: &'c Ctx<'_>, parameter: &str) -> Result<&'c Trail, Refusal> {
    let name = json::required(ctx.body, parameter)?;
    let mut found = seen(ctx, true);
    let trail = found.find(|trail| arn(ctx.state, trail) == name || trail.name == name && trail.region == ctx.region);
    trail.ok_or_else(|| {
        let partition = ctx.state.partition.as_str();
        let arn = if name.starts_with("arn:") {
            name.to_owned()
        } else {
            format!("arn:{partition}:cloudtrail:{}:{}:trail/{name}", ctx.region, ctx.state.account)
        };
        Refusal::new(
            400,
            "TrailNotFoundException",
            format!("Unknown trail: {arn} for the user: {}", ctx.state.account),
        )
    })
}

fn status(ctx: &Ctx<'_>) -> json::Outcome {
    let trail = named(ctx, "Name")?;
    let mut value = json!({ "IsLogging": trail.logging, "StartLoggingTime": json::epoch(ctx.state.created) });
    let Some(members) = value.as_object_mut() else { return Ok(value) };
    let mut put = |name: &str, what: Value| drop(members.insert(name.to_owned(), what));
    if trail.logging {
        put("LatestDeliveryTime", json::epoch(ctx.now));
    } else {
        put("StopLoggingTime", json::epoch(ctx.state.created));
    }
    if let Some(error) = &trail.delivery_error {
        put("LatestDeliveryError", json!(error));
    }
    if let Some(error) = &trail.logs_delivery_error {
        put("LatestCloudWatchLogsDeliveryError", json!(error));
    } else if trail.logging && trail.log_group.is_some() {
        put("LatestCloudWatchLogsDeliveryTime", json::epoch(ctx.now));
    }
    Ok(value)
}

fn selectors(ctx: &Ctx<'_>) -> json::Outcome {
    let trail = named(ctx, "TrailName")?;
    let mut value = json!({ "TrailARN": arn(ctx.state, trail) });
    let (name, written): (_, Vec<Value>) = match &trail.selectors {
        Selectors::Basic(all) => {
            let one = |selector: &super::posture::BasicSelector| {
                json!({
                    "ReadWriteType": selector.read_write,
                    "IncludeManagementEvents": selector.management,
                    "DataResources": [],
                    "ExcludeManagementEventSources": selector.excluded,
                })
            };
            ("EventSelectors", all.iter().map(one).collect())
        }
        Selectors::Advanced(all) => ("AdvancedEventSelectors", all.iter().map(advanced).collect()),
    };
    if let Some(members) = value.as_object_mut() {
        members.insert(name.to_owned(), Value::Array(written));
    }
    Ok(value)
}

fn advanced(selector: &AdvancedSelector) -> Value {
    let field = |field: &FieldSelector| {
        let mut members = Map::new();
        members.insert("Field".to_owned(), json!(field.field));
        let lists = [("Equals", &field.equals), ("NotEquals", &field.not_equals), ("StartsWith", &field.starts_with)];
        for (name, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
            members.insert(name.to_owned(), json!(values));
        }
        Value::Object(members)
    };
    json!({ "Name": selector.name, "FieldSelectors": selector.fields.iter().map(field).collect::<Vec<_>>() })
}
