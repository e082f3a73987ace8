//! What CloudTrail delivers to a log group, and to EventBridge: the calls that were made here, as its events, once their
//! time has come.

use super::posture::{LogEvent, Trail};
use super::state::State;
use super::wire::iso;
use super::world::World;
use super::{Call, Ctx};
use crate::totp::unix;
use serde_json::{Value, json};
use std::time::SystemTime;

/// Beginnings of the names of calls that change nothing.
const READS: [&str; 7] = ["Get", "List", "Describe", "Head", "Lookup", "Test", "Assume"];
/// What console sign-ins are logged as.
const SIGN_IN: &str = "signin";

/// The events in a group of this region, each with its log stream.
pub(super) fn delivered(ctx: &Ctx<'_>, group: &str) -> Vec<(String, LogEvent)> {
    let feed = Feed::of(ctx.state, ctx.region, group);
    feed.among(ctx.world, 0, ctx.now).into_iter().map(|(_, stream, event)| (stream, event)).collect()
}

/// What trails deliver to a group: which of them, and since when until when.
pub(super) struct Feed<'s> {
    state: &'s State,
    region: &'s str,
    times: Vec<(&'s Trail, u64)>,
    /// When the group was made.
    since: u64,
}

impl<'s> Feed<'s> {
    pub(super) fn of(state: &'s State, region: &'s str, group: &str) -> Self {
        let posture = &state.posture;
        let to_group = |trail: &&Trail| trail.region == region && trail.group_name() == Some(group);
        let works = |trail: &&Trail| trail.logging && trail.logs_delivery_error.is_none();
        let present = posture.trails.iter().filter(to_group).filter(works).map(|trail| (trail, u64::MAX));
        let past = posture.past_deliveries.iter().filter(|past| to_group(&&past.trail));
        let times = present.chain(past.map(|past| (&past.trail, past.until))).collect();
        let since = posture.log_group(region, group).and_then(|group| group.created).unwrap_or(0);
        Self { state, region, times, since }
    }

    /// What has arrived by now of the calls from a number on: the call's number, the log stream, and the event.
    pub(super) fn among(&self, world: &World, from: u64, now: SystemTime) -> Vec<(u64, String, LogEvent)> {
        if self.times.is_empty() {
            return Vec::new();
        }
        let organization = world.organization();
        let member =
            |account: &str| organization.as_ref().is_some_and(|register| register.members.contains_key(account));
        let delay = self.state.posture.delays.delivery;
        let calls = world.calls();
        let first = world.forgotten();
        let mut events = Vec::new();
        for (number, call) in
            (first..).zip(calls.iter()).skip(usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX))
        {
            let at = unix(call.at);
            let arrived = at.saturating_add(delay);
            let Some(account) = call.account.as_deref().filter(|_| call.caller.is_some()) else { continue };
            if arrived > unix(now) || call.status == 0 || call.action == "PutLogEvents" {
                continue;
            }
            if let Some(trail) = self.takes(call, account, member(account)) {
                let message = event(call, account, number).to_string();
                let id = organization.as_ref().filter(|_| trail.organization).map(|register| &register.id);
                let begin = id.map(|id| format!("{id}_")).unwrap_or_default();
                let stream = format!("{begin}{account}_CloudTrail_{}", self.region);
                events.push((number, stream, LogEvent { timestamp: at * 1000, ingested: arrived * 1000, message }));
            }
        }
        events
    }

    /// The trail that brings a call's event.
    fn takes(&self, call: &Call, account: &str, member: bool) -> Option<&'s Trail> {
        let at = unix(call.at);
        let takes = |(trail, until): &&(&'s Trail, u64)| {
            (account == self.state.account || trail.organization && member)
                && (trail.logs_since().max(self.since)..*until).contains(&at)
                && trail.records(&call.region, is_read(&call.action), &source(call))
        };
        self.times.iter().find(takes).map(|(trail, _)| *trail)
    }
}

/// What has come to EventBridge's buses by now of the calls from a number on, each with its region: what a trail of the
/// account records.
pub(super) fn on_the_bus(state: &State, world: &World, from: u64, now: SystemTime) -> Vec<(String, Value)> {
    if state.posture.rules.is_empty() {
        return Vec::new();
    }
    let delay = state.posture.delays.delivery;
    let (calls, first) = (world.calls(), world.forgotten());
    let skipped = usize::try_from(from.saturating_sub(first)).unwrap_or(usize::MAX);
    let comes = |call: &Call| {
        let own = call.account.as_deref() == Some(state.account.as_str()) && call.caller.is_some();
        let recorded = |trail: &Trail| {
            trail.logging
                && trail.logs_since() <= unix(call.at)
                && trail.records(&call.region, is_read(&call.action), &source(call))
        };
        let arrived = unix(call.at).saturating_add(delay) <= unix(now);
        own && arrived && call.status != 0 && state.posture.trails.iter().any(recorded)
    };
    let numbered = (first..).zip(calls.iter()).skip(skipped).filter(|(_, call)| comes(call));
    let event = |(number, call): (u64, &Call)| {
        let detail = event(call, &state.account, number);
        let kind = if call.service == SIGN_IN { "AWS Console Sign In" } else { "AWS API Call" };
        let event = json!({
            "version": "0", "id": detail.get("eventID"), "detail-type": format!("{kind} via CloudTrail"),
            "source": format!("aws.{}", source(call).split('.').next().unwrap_or_default()),
            "account": state.account, "time": iso(call.at), "region": call.region, "resources": [], "detail": detail,
        });
        (call.region.clone(), event)
    };
    numbered.map(event).collect()
}

fn is_read(action: &str) -> bool {
    READS.iter().any(|start| action.starts_with(start)) || action == "FilterLogEvents"
}

fn source(call: &Call) -> String {
    let name = if call.service == "cloudwatch" { "monitoring" } else { call.service };
    format!("{name}.amazonaws.com")
}

fn event(call: &Call, account: &str, number: u64) -> Value {
    let id = format!("{:08x}-0000-4000-8000-{number:012x}", unix(call.at) & 0xffff_ffff);
    let signs_in = call.service == SIGN_IN;
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
        "responseElements": if signs_in { json!({ "ConsoleLogin": "Success" }) } else { Value::Null },
        "requestID": id,
        "eventID": id,
        "readOnly": is_read(&call.action),
        "eventType": if signs_in { "AwsConsoleSignIn" } else { "AwsApiCall" },
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
