//! What CloudTrail delivers to a log group: the calls that were made here, as its events, once their time has come.

use super::posture::{LogEvent, Trail};
use super::wire::iso;
use super::{Call, Ctx};
use crate::totp::unix;
use serde_json::{Value, json};

/// Beginnings of the names of calls that change nothing.
const READS: [&str; 7] = ["Get", "List", "Describe", "Head", "Lookup", "Test", "Assume"];

/// The events in a group of this region, each with its log stream.
pub(super) fn delivered(ctx: &Ctx<'_>, group: &str) -> Vec<(String, LogEvent)> {
    let posture = &ctx.state.posture;
    let to_group = |trail: &&Trail| trail.region == ctx.region && trail.group_name() == Some(group);
    let works = |trail: &&Trail| trail.logging && trail.logs_delivery_error.is_none();
    let present = posture.trails.iter().filter(to_group).filter(works).map(|trail| (trail, u64::MAX));
    let past = posture.past_deliveries.iter().filter(|past| to_group(&&past.trail));
    let times: Vec<(&Trail, u64)> = present.chain(past.map(|past| (&past.trail, past.until))).collect();
    if times.is_empty() {
        return Vec::new();
    }
    let made = posture.log_group(ctx.region, group).and_then(|group| group.created).unwrap_or(0);
    let delay = posture.delays.delivery;
    let now = unix(ctx.now);
    let organization = ctx.world.organization();
    let of_organization =
        |account: &str| organization.as_ref().is_some_and(|register| register.members.contains_key(account));
    let mut events = Vec::new();
    for (nth, call) in ctx.world.calls().iter().enumerate() {
        let at = unix(call.at);
        let (Some(account), Some(_)) = (&call.account, &call.caller) else { continue };
        let seen = |(trail, until): &&(&Trail, u64)| {
            let ours = *account == ctx.state.account || trail.organization && of_organization(account);
            ours && (trail.logs_since().max(made)..*until).contains(&at)
                && trail.records(&call.region, is_read(&call.action), &source(call))
        };
        let arrived = at.saturating_add(delay);
        if arrived > now || call.status == 0 || call.action == "PutLogEvents" || !times.iter().any(|one| seen(&one)) {
            continue;
        }
        let message = event(call, account, nth).to_string();
        let stream = format!("{account}_CloudTrail_{}", ctx.region);
        events.push((stream, LogEvent { timestamp: at * 1000, ingested: arrived * 1000, message }));
    }
    events
}

fn is_read(action: &str) -> bool {
    READS.iter().any(|start| action.starts_with(start)) || action == "FilterLogEvents"
}

fn source(call: &Call) -> String {
    let name = if call.service == "cloudwatch" { "monitoring" } else { call.service };
    format!("{name}.amazonaws.com")
}

fn event(call: &Call, account: &str, nth: usize) -> Value {
    let id = format!("{:08x}-0000-4000-8000-{nth:012x}", unix(call.at) & 0xffff_ffff);
    let mut event = json!({
        "eventVersion": "1.11",
        "userIdentity": identity(call, account),
        "eventTime": iso(call.at),
        "eventSource": source(call),
        "eventName": call.action,
        "awsRegion": call.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "simulated",
        "requestParameters": null,
        "responseElements": null,
        "requestID": id,
        "eventID": id,
        "readOnly": is_read(&call.action),
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "recipientAccountId": account,
        "eventCategory": "Management",
    });
    if let (Some(code), Some(members)) = (&call.code, event.as_object_mut()) {
        members.insert("errorCode".to_owned(), json!(code));
    }
    event
}

fn identity(call: &Call, account: &str) -> Value {
    let arn = call.caller.as_deref().unwrap_or_default();
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let (kind, name) = match resource.split_once('/') {
        None => ("Root", None),
        Some(("user", path)) => ("IAMUser", path.rsplit('/').next()),
        Some(_) => ("AssumedRole", None),
    };
    let mut identity = json!({ "type": kind, "arn": arn, "accountId": account });
    if let Some(members) = identity.as_object_mut() {
        if let Some(name) = name {
            members.insert("userName".to_owned(), json!(name));
        }
        if call.assumed_root {
            members.insert("sessionContext".to_owned(), json!({ "assumedRoot": "true" }));
        }
    }
    identity
}
