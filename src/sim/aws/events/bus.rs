//! EventBridge's default bus: events come in, rules match, targets are told.

use super::super::posture::{Datapoint, Rule, Target};
use super::super::sns::{Publisher, publish_for};
use super::super::state::State;
use super::super::wire::{Refusal, iso};
use super::super::{Ctx, cloudwatch, json, random};
use super::{pattern, roles};
use crate::totp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::SystemTime;

/// What an event must have to be tested.
const MEMBERS: [&str; 7] = ["id", "account", "source", "time", "region", "resources", "detail-type"];
/// Events that one request may bring.
const ENTRIES: usize = 10;

pub(super) fn test(ctx: &mut Ctx<'_>) -> json::Outcome {
    let pattern = pattern::read(json::required(ctx.body, "EventPattern")?)?;
    let invalid = |reason: String| {
        Refusal::new(400, "ValidationException", format!("Parameter Event is not valid. Reason: {reason}"))
    };
    let event: Value = serde_json::from_str(json::required(ctx.body, "Event")?)
        .map_err(|_| invalid("Event is not valid JSON.".to_owned()))?;
    match MEMBERS.iter().find(|name| event.get(**name).is_none()) {
        Some(name) => Err(invalid(format!("Event must have the member {name}."))),
        None => Ok(json!({ "Result": pattern::matches(&pattern, &event) })),
    }
}

/// The event of an entry, or the code and message of what is wrong with it.
fn event(ctx: &Ctx<'_>, entry: &Value) -> Result<Value, (&'static str, String)> {
    let needed = |name: &str| {
        let message = format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
        json::text(entry, name).filter(|text| !text.is_empty()).ok_or(("InvalidArgument", message))
    };
    let (source, kind, detail) = (needed("Source")?, needed("DetailType")?, needed("Detail")?);
    if source.starts_with("aws.") {
        return Err(("NotAuthorizedForSourceException", "Not authorized for the source".to_owned()));
    }
    let malformed = || ("MalformedDetail", "Detail is malformed.".to_owned());
    let detail: Value = serde_json::from_str(detail).ok().filter(Value::is_object).ok_or_else(malformed)?;
    Ok(json!({
        "version": "0", "id": random::request_id(), "detail-type": kind, "source": source,
        "account": ctx.state.account, "time": iso(ctx.now), "region": ctx.region,
        "resources": json::texts(entry, "Resources"), "detail": detail,
    }))
}

pub(super) fn put(ctx: &mut Ctx<'_>) -> json::Outcome {
    let entries = ctx.body.get("Entries").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if !(1..=ENTRIES).contains(&entries.len()) {
        let message = format!(
            "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length \
             between 1 and {ENTRIES}"
        );
        return Err(Refusal::new(400, "ValidationException", message));
    }
    let events: Vec<_> = entries.iter().map(|entry| event(ctx, entry)).collect();
    let failed = events.iter().filter(|event| event.is_err()).count();
    let mut results = Vec::new();
    for event in events {
        results.push(match event {
            Ok(event) => {
                pass(ctx.state, ctx.region, &event, false, ctx.now);
                json!({ "EventId": event.get("id") })
            }
            Err((code, message)) => json!({ "ErrorCode": code, "ErrorMessage": message }),
        });
    }
    Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
}

/// An event of CloudTrail's comes to the bus of its region.
pub(in super::super) fn from_cloudtrail(state: &mut State, region: &str, event: &Value, now: SystemTime) {
    pass(state, region, event, false, now);
}

/// Whether only rules that ask for all management events get this one.
fn only_reads(event: &Value) -> bool {
    let of_aws = json::text(event, "source").is_some_and(|source| source.starts_with("aws."));
    of_aws && event.pointer("/detail/readOnly").and_then(Value::as_bool) == Some(true)
}

/// Tells the targets of every rule that matches, and counts what came of it. `forwarded`: it comes from another bus, and
/// is sent to no third one.
fn pass(state: &mut State, region: &str, event: &Value, forwarded: bool, now: SystemTime) {
    let reads = only_reads(event);
    let matching = |rule: &&Rule| {
        let pattern = rule.pattern.as_deref().and_then(|text| pattern::read(text).ok());
        rule.region == region
            && rule.state != "DISABLED"
            && (!reads || rule.state == "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
            && pattern.is_some_and(|pattern| pattern::matches(&pattern, event))
    };
    let matching: Vec<Rule> = state.posture.rules.iter().filter(matching).cloned().collect();
    for rule in matching {
        let bare = rule.targets.iter().map(|arn| Target { arn: arn.clone(), ..Target::default() });
        let targets: Vec<Target> = bare.chain(rule.targets_by_id.iter().cloned()).collect();
        for target in targets {
            let told = match target.arn.split(':').nth(2) {
                Some("events") if forwarded => continue,
                Some("events") => forward(state, &target, event, now),
                _ => tell(state, &target, event, now),
            };
            count(state, &rule, "Invocations", now);
            if !told {
                count(state, &rule, "FailedInvocations", now);
            }
        }
    }
}

/// Whether another bus took it: the target's role must let EventBridge put events there.
fn forward(state: &mut State, target: &Target, event: &Value, now: SystemTime) -> bool {
    let role = target.role.as_deref().and_then(|arn| roles::of(state, arn));
    if !role.is_some_and(|role| roles::trusts(role) && roles::may_put(state, role, &target.arn)) {
        return false;
    }
    let region = target.arn.split(':').nth(3).unwrap_or_default();
    pass(state, region, event, true, now);
    true
}

/// Whether the target took it. Besides buses, the simulator has topics only.
fn tell(state: &mut State, target: &Target, event: &Value, now: SystemTime) -> bool {
    let text = match (&target.input, &target.transformer) {
        (Some(input), _) => input.clone(),
        (None, Some(transformer)) => transformed(transformer, event),
        (None, None) => event.to_string(),
    };
    let publisher = Publisher { service: "events.amazonaws.com", source: None };
    let is_topic = target.arn.split(':').nth(2) == Some("sns");
    is_topic && publish_for(state, &publisher, &target.arn, ("AWS Notification Message", &text), now).is_ok()
}

/// The template, with `<name>` replaced by what is found on the path of this name.
fn transformed(transformer: &Value, event: &Value) -> String {
    let paths = transformer.get("InputPathsMap").and_then(Value::as_object).into_iter().flatten();
    let template = json::text(transformer, "InputTemplate").unwrap_or_default().to_owned();
    paths.fold(template, |text, (name, path)| {
        let path = path.as_str().and_then(|path| path.strip_prefix("$.")).unwrap_or_default();
        let found = path.split('.').try_fold(event, |at, part| at.get(part));
        let found = found.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        text.replace(&format!("<{name}>"), &found.unwrap_or_default())
    })
}

fn count(state: &mut State, rule: &Rule, metric: &str, now: SystemTime) {
    let point = Datapoint {
        region: rule.region.clone(),
        namespace: "AWS/Events".to_owned(),
        metric: metric.to_owned(),
        dimensions: BTreeMap::from([("RuleName".to_owned(), rule.name.clone())]),
        unit: None,
        at: totp::unix(now),
        value: 1,
    };
    cloudwatch::record(state, point, now);
}
