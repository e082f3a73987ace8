//! CloudWatch Logs: events put and looked for. What trails deliver is found among them.

use super::log_groups::{existing, group, invalid, missing};
use super::log_pattern::LogPattern;
use super::posture::LogEvent;
use super::wire::Refusal;
use super::{Ctx, filter_metrics, json, trail_events};
use serde_json::{Value, json};

const PAGE: usize = 10_000;
const DAY: u64 = 24 * 3600 * 1000;
/// How old an event may be, and how far in the future, in milliseconds.
const OLDEST: u64 = 14 * DAY;
const NEWEST: u64 = 2 * 3600 * 1000;

pub(super) fn put(ctx: &mut Ctx<'_>) -> json::Outcome {
    let stream = json::required(ctx.body, "logStreamName")?;
    let given = ctx.body.get("logEvents").and_then(Value::as_array).filter(|events| !events.is_empty());
    let given = given.ok_or_else(|| invalid("Give at least one log event."))?;
    let now = crate::totp::unix(ctx.now) * 1000;
    let events = given.iter().map(|event| read(event, now)).collect::<Result<Vec<_>, _>>()?;
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let count = events.len();
    let too_old = events.iter().filter(|event| event.timestamp.saturating_add(OLDEST) < now).count();
    let too_new = events.iter().filter(|event| event.timestamp > now.saturating_add(NEWEST)).count();
    let taken = events.into_iter().skip(too_old).take(count.saturating_sub(too_old).saturating_sub(too_new));
    let taken: Vec<LogEvent> = taken.collect();
    let made = group(ctx)?;
    let name = made.name.clone();
    made.streams.get_mut(stream).ok_or_else(|| missing("stream"))?.extend(taken.iter().cloned());
    taken.iter().for_each(|event| filter_metrics::count(ctx.state, ctx.region, &name, event));
    let mut reply = json!({ "nextSequenceToken": format!("{now:056}") });
    let mut rejected = serde_json::Map::new();
    if too_old > 0 {
        rejected.insert("tooOldLogEventEndIndex".to_owned(), json!(too_old));
    }
    if too_new > 0 {
        rejected.insert("tooNewLogEventStartIndex".to_owned(), json!(count.saturating_sub(too_new)));
    }
    if let Some(members) = reply.as_object_mut().filter(|_| !rejected.is_empty()) {
        members.insert("rejectedLogEventsInfo".to_owned(), Value::Object(rejected));
    }
    Ok(reply)
}

fn read(event: &Value, now: u64) -> Result<LogEvent, Refusal> {
    let timestamp = event.get("timestamp").and_then(Value::as_u64);
    let timestamp = timestamp.ok_or_else(|| invalid("A log event needs a timestamp."))?;
    let message = json::text(event, "message").filter(|message| !message.is_empty());
    let message = message.ok_or_else(|| invalid("A log event needs a message."))?;
    Ok(LogEvent { timestamp, ingested: now, message: message.to_owned() })
}

pub(super) fn filter(ctx: &mut Ctx<'_>) -> json::Outcome {
    let name = existing(ctx)?;
    let pattern = LogPattern::read(json::text(ctx.body, "filterPattern").unwrap_or_default()).map_err(invalid)?;
    let number = |name: &str| ctx.body.get(name).and_then(Value::as_u64);
    let (start, end) = (number("startTime").unwrap_or(0), number("endTime").unwrap_or(u64::MAX));
    if start > end {
        return Err(invalid("End time should not be less than start time"));
    }
    let streams = json::texts(ctx.body, "logStreamNames");
    let prefix = json::text(ctx.body, "logStreamNamePrefix").unwrap_or_default();
    let mut events = trail_events::delivered(ctx, &name);
    let made = ctx.state.posture.log_group(ctx.region, &name);
    let put = made.into_iter().flat_map(|group| &group.streams);
    events.extend(put.flat_map(|(stream, events)| events.iter().map(move |event| (stream.clone(), event.clone()))));
    events.retain(|(stream, event)| {
        (start..=end).contains(&event.timestamp)
            && (streams.is_empty() || streams.contains(&stream.as_str()))
            && stream.starts_with(prefix)
            && pattern.matches(&event.message)
    });
    events.sort_by_key(|(_, event)| event.timestamp);
    let events: Vec<_> = events.into_iter().enumerate().collect();
    let (events, next) = json::page(ctx.body, "nextToken", "limit", PAGE, "InvalidParameterException", events)?;
    let written = |(number, (stream, event)): (usize, (String, LogEvent))| {
        json!({
            "logStreamName": stream,
            "timestamp": event.timestamp,
            "message": event.message,
            "ingestionTime": event.ingested,
            "eventId": format!("{:028}{number:028}", event.timestamp),
        })
    };
    let events: Vec<Value> = events.into_iter().map(written).collect();
    Ok(json::with_token(json!({ "events": events, "searchedLogStreams": [] }), "nextToken", next))
}
