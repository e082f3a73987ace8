//! What metric filters make of log events: values of metrics, one for each event that matches, at the event's own time;
//! and what rules of EventBridge are given of them.
//!
//! What trails deliver arrives by itself: it is looked at when somebody asks about logs, alarms or mails, each event as of
//! the moment at which it arrived. A filter counts nothing that arrived before it was put.

use super::log_pattern::LogPattern;
use super::posture::{Datapoint, LogEvent, MetricFilter};
use super::state::State;
use super::trail_events::{Feed, on_the_bus};
use super::world::World;
use super::{cloudwatch, events};
use crate::totp::unix;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Counts what trails have delivered since it was last looked.
pub(super) fn tick(state: &mut State, world: &World, now: SystemTime) {
    let from = state.uncounted;
    state.uncounted = uncounted(state, world, now);
    let filters = &state.posture.metric_filters;
    let groups: BTreeSet<_> = filters.iter().map(|one| (one.region.clone(), one.log_group.clone())).collect();
    let mut arrived = Vec::new();
    for (region, group) in groups {
        let events = Feed::of(state, &region, &group).among(world, from, now);
        let of_group = |(_, _, event): (u64, String, LogEvent)| (region.clone(), group.clone(), event);
        arrived.extend(events.into_iter().map(of_group));
    }
    arrived.sort_by_key(|(_, _, event)| event.ingested);
    for (region, group, event) in arrived {
        count(state, &region, &group, &event);
    }
    for (region, event) in on_the_bus(state, world, from, now) {
        events::from_cloudtrail(state, &region, &event, now);
    }
}

/// The number of the first call that has not arrived yet.
fn uncounted(state: &State, world: &World, now: SystemTime) -> u64 {
    let delay = state.posture.delays.delivery;
    let calls = world.calls();
    let late = calls.iter().rev().take_while(|call| unix(call.at).saturating_add(delay) > unix(now)).count();
    let end = world.forgotten() + calls.len() as u64;
    end.saturating_sub(late as u64).max(state.uncounted)
}

/// Counts one event in a group, as of the moment at which it arrived.
pub(super) fn count(state: &mut State, region: &str, group: &str, event: &LogEvent) {
    let of_group = |one: &&MetricFilter| one.region == region && one.log_group == group;
    let filters: Vec<MetricFilter> = state.posture.metric_filters.iter().filter(of_group).cloned().collect();
    let now = UNIX_EPOCH.checked_add(Duration::from_millis(event.ingested)).unwrap_or(UNIX_EPOCH);
    for filter in filters.iter().filter(|one| one.criteria.is_empty() && !one.transformed) {
        let Ok(pattern) = LogPattern::read(&filter.pattern) else { continue };
        let point = match pattern.matches(&event.message) {
            true => point(filter, event),
            false => quiet(state, filter, event),
        };
        point.into_iter().for_each(|point| cloudwatch::record(state, point, now));
    }
}

/// The value of an event that matches. `None`: it lacks a field that the filter counts with.
fn point(filter: &MetricFilter, event: &LogEvent) -> Option<Datapoint> {
    let message: Value = serde_json::from_str(&event.message).unwrap_or(Value::Null);
    let value = match filter.value.strip_prefix("$.") {
        Some(path) => field(&message, path)?,
        None => filter.value.clone(),
    };
    let dimension =
        |(name, path): (&String, &String)| Some((name.clone(), field(&message, path.strip_prefix("$.")?)?));
    let dimensions = filter.dimensions.iter().map(dimension).collect::<Option<BTreeMap<_, _>>>()?;
    Some(Datapoint { dimensions, ..datapoint(filter, event, value.parse().ok()?) })
}

/// A field, by the names on the way to it.
fn field(message: &Value, path: &str) -> Option<String> {
    match path.split('.').try_fold(message, |value, name| value.get(name))? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// The default value, in a minute in which nothing was counted.
fn quiet(state: &State, filter: &MetricFilter, event: &LogEvent) -> Option<Datapoint> {
    let point = datapoint(filter, event, filter.default_value?);
    let same = |one: &Datapoint| {
        (&one.region, &one.namespace, &one.metric) == (&point.region, &point.namespace, &point.metric)
            && one.at / 60 == point.at / 60
    };
    (!state.posture.datapoints.iter().any(same)).then_some(point)
}

fn datapoint(filter: &MetricFilter, event: &LogEvent, value: u32) -> Datapoint {
    Datapoint {
        region: filter.region.clone(),
        namespace: filter.namespace.clone(),
        metric: filter.metric.clone(),
        unit: filter.unit.clone().filter(|unit| unit != "None"),
        at: event.timestamp / 1000,
        value,
        ..Datapoint::default()
    }
}
