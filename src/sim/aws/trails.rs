//! CloudTrail's write calls: trails made, changed, started, stopped and deleted, all in their home region.

use super::cloudtrail::{arn, named, selectors, unknown, written};
use super::posture::{AdvancedSelector, BasicSelector, FieldSelector, Logging, PastDelivery, Selectors, Trail};
use super::trail_checks as checks;
use super::wire::Refusal;
use super::{Ctx, json};
use serde_json::{Value, json};

/// Trails in a region, at most.
const LIMIT: usize = 5;

pub(super) fn is_known(action: &str) -> bool {
    operation(action).is_some()
}

pub(super) fn write(action: &str, ctx: &mut Ctx<'_>) -> json::Outcome {
    operation(action).map_or(Ok(Value::Null), |operation| operation(ctx))
}

type Operation = fn(&mut Ctx<'_>) -> json::Outcome;

fn operation(action: &str) -> Option<Operation> {
    Some(match action {
        "CreateTrail" => create,
        "UpdateTrail" => update,
        "StartLogging" => start,
        "StopLogging" => stop,
        "DeleteTrail" => delete,
        "PutEventSelectors" => put_selectors,
        _ => return None,
    })
}

fn create(ctx: &mut Ctx<'_>) -> json::Outcome {
    let name = json::required(ctx.body, "Name")?;
    checks::name(name)?;
    json::required(ctx.body, "S3BucketName")?;
    let here = |trail: &&Trail| trail.region == ctx.region;
    let posture = &ctx.state.posture;
    if posture.trails.iter().filter(here).any(|trail| trail.name == name) {
        let message = format!("Trail {name} already exists for customer: {}", ctx.state.account);
        return Err(Refusal::new(400, "TrailAlreadyExistsException", message));
    }
    // The shadows of trails from elsewhere count.
    if super::cloudtrail::seen(ctx, true).len() >= LIMIT {
        let message = format!("User: {} already has {LIMIT} trails in {}.", ctx.state.account, ctx.region);
        return Err(Refusal::new(400, "MaximumNumberOfTrailsExceededException", message));
    }
    let mut trail = Trail {
        name: name.to_owned(),
        region: ctx.region.to_owned(),
        multi_region: false,
        validation: false,
        logging: false,
        life: Some(Logging::default()),
        ..Trail::default()
    };
    change(&mut trail, ctx.body);
    checks::all(ctx, &trail)?;
    let reply = reply(ctx, &trail);
    // CloudTrail tries the bucket, and leaves an object behind.
    let bucket = ctx.state.posture.buckets.iter_mut().find(|bucket| bucket.name == trail.bucket);
    bucket.into_iter().for_each(|bucket| bucket.objects += 1);
    ctx.state.posture.trails.push(trail);
    Ok(reply)
}

/// What a request to create or to update says; the rest stays.
fn change(trail: &mut Trail, body: &Value) {
    let flags = [
        ("IsMultiRegionTrail", &mut trail.multi_region),
        ("EnableLogFileValidation", &mut trail.validation),
        ("IncludeGlobalServiceEvents", &mut trail.global_events),
        ("IsOrganizationTrail", &mut trail.organization),
    ];
    for (name, flag) in flags {
        *flag = body.get(name).and_then(Value::as_bool).unwrap_or(*flag);
    }
    if let Some(bucket) = json::text(body, "S3BucketName") {
        bucket.clone_into(&mut trail.bucket);
    }
    let texts = [
        ("S3KeyPrefix", &mut trail.prefix),
        ("KmsKeyId", &mut trail.kms_key),
        ("CloudWatchLogsLogGroupArn", &mut trail.log_group),
        ("CloudWatchLogsRoleArn", &mut trail.role),
    ];
    for (name, place) in texts {
        // An empty text takes away what was there.
        if let Some(text) = json::text(body, name) {
            *place = (!text.is_empty()).then(|| text.to_owned());
        }
    }
}

/// A trail as CreateTrail and UpdateTrail answer: without what only DescribeTrails tells.
fn reply(ctx: &Ctx<'_>, trail: &Trail) -> Value {
    let mut value = written(ctx.state, trail);
    if let Some(members) = value.as_object_mut() {
        members
            .retain(|name, _| !["HomeRegion", "HasCustomEventSelectors", "HasInsightSelectors"].contains(&&**name));
    }
    value
}

/// The place of a trail that may be changed from here: at home, and by its owner.
fn place(ctx: &Ctx<'_>, parameter: &str) -> Result<usize, Refusal> {
    let name = json::required(ctx.body, parameter)?;
    let trail = named(ctx, parameter)?;
    let wanted = arn(ctx.state, &trail);
    if trail.region != ctx.region {
        let message = format!("Trail {wanted} can be changed only in its home region {}.", trail.region);
        return Err(Refusal::new(400, "InvalidHomeRegionException", message));
    }
    if trail.owner.as_ref().is_some_and(|owner| *owner != ctx.state.account) {
        return Err(Refusal::new(
            400,
            "NotOrganizationMasterAccountException",
            "Only the management account can change an organization trail.",
        ));
    }
    let mut trails = ctx.state.posture.trails.iter();
    trails.position(|trail| arn(ctx.state, trail) == wanted).ok_or_else(|| unknown(ctx, name))
}

fn update(ctx: &mut Ctx<'_>) -> json::Outcome {
    let place = place(ctx, "Name")?;
    let Some(old) = ctx.state.posture.trails.get(place).cloned() else { return Ok(Value::Null) };
    let mut new = old.clone();
    change(&mut new, ctx.body);
    checks::all(ctx, &new)?;
    let reply = reply(ctx, &new);
    if old.logging {
        // What was delivered to the old group stays there.
        remember(ctx, &old);
        new.life = Some(Logging { started: Some(now(ctx)), stopped: new.life.and_then(|life| life.stopped) });
    }
    ctx.state.posture.trails.splice(place..=place, [new]);
    Ok(reply)
}

fn now(ctx: &Ctx<'_>) -> u64 {
    crate::totp::unix(ctx.now)
}

/// Keeps what a trail delivered to its log group until now.
fn remember(ctx: &mut Ctx<'_>, trail: &Trail) {
    if trail.logging && trail.log_group.is_some() {
        let until = now(ctx);
        ctx.state.posture.past_deliveries.push(PastDelivery { trail: trail.clone(), until });
    }
}

fn start(ctx: &mut Ctx<'_>) -> json::Outcome {
    let (place, now) = (place(ctx, "Name")?, now(ctx));
    if let Some(trail) = ctx.state.posture.trails.get_mut(place).filter(|trail| !trail.logging) {
        trail.logging = true;
        trail.life.get_or_insert_default().started = Some(now);
    }
    Ok(json!({}))
}

fn stop(ctx: &mut Ctx<'_>) -> json::Outcome {
    let (place, now) = (place(ctx, "Name")?, now(ctx));
    let Some(old) = ctx.state.posture.trails.get(place).filter(|trail| trail.logging).cloned() else {
        return Ok(json!({}));
    };
    remember(ctx, &old);
    let created = crate::totp::unix(ctx.state.created);
    if let Some(trail) = ctx.state.posture.trails.get_mut(place) {
        trail.logging = false;
        let started = trail.life.as_ref().map_or(Some(created), |life| life.started);
        trail.life = Some(Logging { started, stopped: Some(now) });
    }
    Ok(json!({}))
}

fn delete(ctx: &mut Ctx<'_>) -> json::Outcome {
    let place = place(ctx, "Name")?;
    let gone = ctx.state.posture.trails.remove(place);
    // The log group stays, though no trail names it any longer.
    if let Some(group) = gone.group_name().map(str::to_owned) {
        ctx.state.posture.trails.push(gone.clone());
        let _ = ctx.state.posture.log_group_mut(&gone.region, &group);
        ctx.state.posture.trails.pop();
    }
    remember(ctx, &gone);
    Ok(json!({}))
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(400, "InvalidEventSelectorsException", message)
}

fn put_selectors(ctx: &mut Ctx<'_>) -> json::Outcome {
    let place = place(ctx, "TrailName")?;
    let list = |name: &str| ctx.body.get(name).and_then(Value::as_array);
    let new = match (list("EventSelectors"), list("AdvancedEventSelectors")) {
        (Some(basic), None) if (1..=LIMIT).contains(&basic.len()) => {
            Selectors::Basic(basic.iter().map(basic_selector).collect::<Result<_, _>>()?)
        }
        (None, Some(advanced)) if !advanced.is_empty() => {
            Selectors::Advanced(advanced.iter().map(advanced_selector).collect::<Result<_, _>>()?)
        }
        _ => return Err(invalid("Give one to five event selectors, or advanced event selectors.")),
    };
    if let Some(trail) = ctx.state.posture.trails.get_mut(place) {
        trail.selectors = new;
    }
    selectors(ctx)
}

fn basic_selector(value: &Value) -> Result<BasicSelector, Refusal> {
    let read_write = json::text(value, "ReadWriteType").unwrap_or("All");
    if !["All", "ReadOnly", "WriteOnly"].contains(&read_write) {
        return Err(invalid("The ReadWriteType is not All, ReadOnly or WriteOnly."));
    }
    if value.get("DataResources").and_then(Value::as_array).is_some_and(|all| !all.is_empty()) {
        return Err(invalid("The simulator does not know data events."));
    }
    let excluded: Vec<_> =
        json::texts(value, "ExcludeManagementEventSources").into_iter().map(str::to_owned).collect();
    if excluded.iter().any(|source| !["kms.amazonaws.com", "rdsdata.amazonaws.com"].contains(&source.as_str())) {
        return Err(invalid("Only events of kms.amazonaws.com and rdsdata.amazonaws.com can be left out."));
    }
    let management = value.get("IncludeManagementEvents").and_then(Value::as_bool).unwrap_or(true);
    Ok(BasicSelector { read_write: read_write.to_owned(), management, excluded })
}

fn advanced_selector(value: &Value) -> Result<AdvancedSelector, Refusal> {
    let fields = value.get("FieldSelectors").and_then(Value::as_array).filter(|all| !all.is_empty());
    let fields = fields.ok_or_else(|| invalid("An advanced event selector needs field selectors."))?;
    let texts = |field: &Value, name| json::texts(field, name).into_iter().map(str::to_owned).collect();
    let read = |field: &Value| FieldSelector {
        field: json::text(field, "Field").unwrap_or_default().to_owned(),
        equals: texts(field, "Equals"),
        not_equals: texts(field, "NotEquals"),
        starts_with: texts(field, "StartsWith"),
    };
    let fields: Vec<_> = fields.iter().map(read).collect();
    if !fields.iter().any(|field| field.field == "eventCategory") {
        return Err(invalid("An advanced event selector needs the field eventCategory."));
    }
    Ok(AdvancedSelector { name: json::text(value, "Name").unwrap_or_default().to_owned(), fields })
}
