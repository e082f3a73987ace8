//! CloudTrail: trails, whether they log, and what they record.

use super::posture::{AdvancedSelector, FieldSelector, Logging, Selectors, Trail};
use super::state::State;
use super::wire::Refusal;
use super::{Ctx, auth, json, trail_checks, trails};
use serde_json::{Map, Value, json};

/// The role of a trail that names none.
pub(super) const TRAIL_ROLE: &str = "trail-to-logs";

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let read: Option<fn(&Ctx<'_>) -> json::Outcome> = match action {
        "DescribeTrails" => Some(describe),
        "GetTrail" => Some(|ctx| Ok(json!({ "Trail": written(ctx.state, &named(ctx, "Name")?) }))),
        "GetTrailStatus" => Some(status),
        "GetEventSelectors" => Some(selectors),
        _ => None,
    };
    if read.is_none() && !trails::is_known(action) {
        return None;
    }
    let allowed = auth::authorize(ctx, &format!("cloudtrail:{action}"), &resource(action, ctx));
    Some(allowed.and_then(|()| passes_role(action, ctx)).and_then(|()| match read {
        Some(read) => read(ctx),
        None => {
            let outcome = trails::write(action, ctx);
            ctx.world.share_trails(ctx.state);
            outcome
        }
    }))
}

/// What policies name: the trail, but where trails are listed.
fn resource(action: &str, ctx: &Ctx<'_>) -> String {
    let named = ["Name", "TrailName"].into_iter().find_map(|parameter| json::text(ctx.body, parameter));
    match named.filter(|_| action != "DescribeTrails") {
        None => "*".to_owned(),
        Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
        Some(name) => {
            let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
            format!("arn:{partition}:cloudtrail:{}:{account}:trail/{name}", ctx.region)
        }
    }
}

/// Whoever gives a trail a role must be allowed to.
fn passes_role(action: &str, ctx: &Ctx<'_>) -> Result<(), Refusal> {
    let role = json::text(ctx.body, "CloudWatchLogsRoleArn").filter(|role| !role.is_empty());
    match role.filter(|_| matches!(action, "CreateTrail" | "UpdateTrail")) {
        None => Ok(()),
        Some(role) => {
            let facts = [("iam:passedtoservice", "cloudtrail.amazonaws.com")];
            auth::authorize_with(ctx, "iam:PassRole", role, &facts)
        }
    }
}

pub(super) fn arn(state: &State, trail: &Trail) -> String {
    let owner = trail.owner.as_deref().unwrap_or(&state.account);
    format!("arn:{}:cloudtrail:{}:{owner}:trail/{}", state.partition.as_str(), trail.region, trail.name)
}

/// The trails of this region, its organization's too, and the shadows of those that reach into it from another.
pub(super) fn seen(ctx: &Ctx<'_>, shadows: bool) -> Vec<Trail> {
    let here = |trail: &Trail| trail.region == ctx.region || shadows && trail.multi_region;
    let of_organization = ctx.world.shared_trails(&ctx.state.account);
    ctx.state.posture.trails.iter().cloned().chain(of_organization).filter(here).collect()
}

fn describe(ctx: &Ctx<'_>) -> json::Outcome {
    let shadows = ctx.body.get("includeShadowTrails").and_then(Value::as_bool).unwrap_or(true);
    let wanted = json::texts(ctx.body, "trailNameList");
    let named = |trail: &Trail| {
        wanted.is_empty() || wanted.contains(&trail.name.as_str()) || wanted.contains(&arn(ctx.state, trail).as_str())
    };
    let named = seen(ctx, shadows).into_iter().filter(named);
    let trails: Vec<Value> = named.map(|trail| written(ctx.state, &trail)).collect();
    Ok(json!({ "trailList": trails }))
}

pub(super) fn written(state: &State, trail: &Trail) -> Value {
    let advanced = matches!(trail.selectors, Selectors::Advanced(_));
    let mut value = json!({
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": trail.global_events,
        "IsMultiRegionTrail": trail.multi_region,
        "HomeRegion": trail.region,
        "TrailARN": arn(state, trail),
        "LogFileValidationEnabled": trail.validation,
        "HasCustomEventSelectors": advanced || trail.selectors != Selectors::default(),
        "HasInsightSelectors": false,
        "IsOrganizationTrail": trail.organization,
    });
    let Some(members) = value.as_object_mut() else { return value };
    let mut put = |name: &str, what: &str| drop(members.insert(name.to_owned(), json!(what)));
    if let Some(group) = &trail.log_group {
        put("CloudWatchLogsLogGroupArn", group);
        put("CloudWatchLogsRoleArn", trail.role.as_ref().unwrap_or(&state.arn(&format!("role/{TRAIL_ROLE}"))));
    }
    trail.prefix.iter().for_each(|prefix| put("S3KeyPrefix", prefix));
    trail.kms_key.iter().for_each(|key| put("KmsKeyId", key));
    value
}

/// A trail by its name, in its home region, or by its ARN, wherever it reaches.
pub(super) fn named(ctx: &Ctx<'_>, parameter: &str) -> Result<Trail, Refusal> {
    let name = json::required(ctx.body, parameter)?;
    let mut found = seen(ctx, true).into_iter();
    let trail = found.find(|trail| arn(ctx.state, trail) == name || trail.name == name && trail.region == ctx.region);
    trail.ok_or_else(|| unknown(ctx, name))
}

pub(super) fn unknown(ctx: &Ctx<'_>, name: &str) -> Refusal {
    let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
    let arn = if name.starts_with("arn:") {
        name.to_owned()
    } else {
        format!("arn:{partition}:cloudtrail:{}:{account}:trail/{name}", ctx.region)
    };
    Refusal::new(400, "TrailNotFoundException", format!("Unknown trail: {arn} for the user: {account}"))
}

fn status(ctx: &Ctx<'_>) -> json::Outcome {
    let trail = &named(ctx, "Name")?;
    let mut value = json!({ "IsLogging": trail.logging });
    let Some(members) = value.as_object_mut() else { return Ok(value) };
    let mut put = |name: &str, what: Value| drop(members.insert(name.to_owned(), what));
    let created = crate::totp::unix(ctx.state.created);
    let as_old_as_the_account = Logging { started: Some(created), stopped: (!trail.logging).then_some(created) };
    let life = trail.life.as_ref().unwrap_or(&as_old_as_the_account);
    life.started.iter().for_each(|at| put("StartLoggingTime", json!(*at as f64)));
    life.stopped.iter().for_each(|at| put("StopLoggingTime", json!(*at as f64)));
    let delivered = delivered(ctx, trail);
    delivered.iter().for_each(|at| put("LatestDeliveryTime", json!(*at as f64)));
    let since = trail.logs_since();
    let digest = delivered.filter(|at| trail.validation && trail.life.is_some() && at.saturating_sub(since) >= 3600);
    digest.iter().for_each(|at| put("LatestDigestDeliveryTime", json!((at - (at - since) % 3600) as f64)));
    // Of a trail that was made here, the bucket's policy is asked again.
    let bucket = ctx.state.posture.bucket(&trail.bucket).filter(|_| trail.life.is_some());
    let refused = bucket.is_some_and(|bucket| !trail_checks::takes(ctx, trail, bucket));
    if let Some(error) = trail.delivery_error.as_deref().or(refused.then_some("AccessDenied")) {
        put("LatestDeliveryError", json!(error));
    }
    if let Some(error) = &trail.logs_delivery_error {
        put("LatestCloudWatchLogsDeliveryError", json!(error));
    } else if trail.log_group.is_some() {
        delivered.iter().for_each(|at| put("LatestCloudWatchLogsDeliveryTime", json!(*at as f64)));
    }
    Ok(value)
}

/// When a trail last delivered: just now while it logs, once the first delivery has had its time.
fn delivered(ctx: &Ctx<'_>, trail: &Trail) -> Option<u64> {
    let now = crate::totp::unix(ctx.now);
    let Some(life) = &trail.life else { return trail.logging.then_some(now) };
    let end = if trail.logging { now } else { life.stopped? };
    (end >= life.started?.saturating_add(ctx.state.posture.delays.delivery)).then_some(end)
}

pub(super) fn selectors(ctx: &Ctx<'_>) -> json::Outcome {
    let trail = &named(ctx, "TrailName")?;
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
