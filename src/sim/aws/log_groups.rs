//! CloudWatch Logs: log groups and log streams made and deleted, and how long events are kept.

use super::posture::LogGroup;
use super::wire::Refusal;
use super::{Ctx, json};
use serde_json::{Value, json};

/// The days that events can be kept for.
const RETENTION: [u64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameterException", message)
}

pub(super) fn missing(what: &str) -> Refusal {
    Refusal::new(400, "ResourceNotFoundException", format!("The specified log {what} does not exist."))
}

fn exists(what: &str) -> Refusal {
    Refusal::new(400, "ResourceAlreadyExistsException", format!("The specified log {what} already exists"))
}

fn constraint(value: &str, member: &str, must: &str) -> Refusal {
    invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must {must}"
    ))
}

/// The name of a log group that exists: by `logGroupName`, or by `logGroupIdentifier`, which may be an ARN.
pub(super) fn existing(ctx: &Ctx<'_>) -> Result<String, Refusal> {
    let identifier = || {
        let given = json::text(ctx.body, "logGroupIdentifier")?;
        Some(given.split(':').nth(6).unwrap_or(given))
    };
    let name = match json::text(ctx.body, "logGroupName").or_else(identifier) {
        Some(name) => name,
        None => json::required(ctx.body, "logGroupName")?,
    };
    if !ctx.state.posture.has_log_group(ctx.region, name) {
        return Err(missing("group"));
    }
    Ok(name.to_owned())
}

pub(super) fn group<'c>(ctx: &'c mut Ctx<'_>) -> Result<&'c mut LogGroup, Refusal> {
    let name = existing(ctx)?;
    ctx.state.posture.log_group_mut(ctx.region, &name).ok_or_else(|| missing("group"))
}

pub(super) fn create(ctx: &mut Ctx<'_>) -> json::Outcome {
    let name = json::required(ctx.body, "logGroupName")?.to_owned();
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-_/#".contains(c);
    if name.is_empty() || name.len() > 512 || !name.chars().all(plain) {
        let must = r"satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+";
        return Err(constraint(&name, "logGroupName", must));
    }
    if json::text(ctx.body, "logGroupClass").is_some_and(|class| class != "STANDARD") {
        return Err(invalid("The simulator knows only log groups of the class STANDARD."));
    }
    let posture = &mut ctx.state.posture;
    if posture.has_log_group(ctx.region, &name) {
        return Err(exists("group"));
    }
    posture.log_groups.retain(|group| group.region != ctx.region || group.name != name);
    let created = Some(crate::totp::unix(ctx.now));
    posture.log_groups.push(LogGroup { name, region: ctx.region.to_owned(), created, ..LogGroup::default() });
    Ok(json!({}))
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> json::Outcome {
    let name = existing(ctx)?;
    let posture = &mut ctx.state.posture;
    posture.metric_filters.retain(|filter| filter.region != ctx.region || filter.log_group != name);
    posture
        .past_deliveries
        .retain(|past| past.trail.region != ctx.region || past.trail.group_name() != Some(name.as_str()));
    posture.log_groups.retain(|group| group.region != ctx.region || group.name != name);
    // A trail may still name it: then it would seem to exist.
    if posture.has_log_group(ctx.region, &name) {
        let (region, deleted) = (ctx.region.to_owned(), true);
        posture.log_groups.push(LogGroup { name, region, deleted, ..LogGroup::default() });
    }
    Ok(json!({}))
}

pub(super) fn put_retention(ctx: &mut Ctx<'_>) -> json::Outcome {
    let days = ctx.body.get("retentionInDays").and_then(Value::as_u64).unwrap_or_default();
    let listed = RETENTION.contains(&days);
    let group = group(ctx)?;
    let Some(days) = u32::try_from(days).ok().filter(|_| listed) else {
        let allowed: Vec<String> = RETENTION.iter().map(u64::to_string).collect();
        let must = format!("satisfy enum value set: [{}]", allowed.join(", "));
        return Err(constraint(&days.to_string(), "retentionInDays", &must));
    };
    group.retention_days = Some(days);
    Ok(json!({}))
}

pub(super) fn create_stream(ctx: &mut Ctx<'_>) -> json::Outcome {
    let name = json::required(ctx.body, "logStreamName")?.to_owned();
    if name.is_empty() || name.len() > 512 || name.contains([':', '*']) {
        return Err(constraint(&name, "logStreamName", "satisfy regular expression pattern: [^:*]*"));
    }
    let streams = &mut group(ctx)?.streams;
    if streams.contains_key(&name) {
        return Err(exists("stream"));
    }
    streams.insert(name, Vec::new());
    Ok(json!({}))
}
