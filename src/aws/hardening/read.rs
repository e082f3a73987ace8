//! Members of replies, as they are read.

use crate::aws::{Call, Error};
use serde_json::Value;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A text that is there and not empty.
pub(super) fn text(of: &Value, name: &str) -> Option<String> {
    of.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// A text that must be there.
pub(super) fn needed(call: Call, of: &Value, name: &str) -> Result<String, Error> {
    text(of, name).ok_or(Error::Malformed { call })
}

pub(super) fn flag(of: &Value, name: &str) -> bool {
    of.get(name).and_then(Value::as_bool).unwrap_or(false)
}

pub(super) fn texts(of: &Value, name: &str) -> Vec<String> {
    of.get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Seconds since the epoch, with a fraction or without.
pub(super) fn seconds(of: &Value, name: &str) -> Option<SystemTime> {
    let seconds = of.get(name)?.as_f64()?;
    UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
}

/// Milliseconds since the epoch.
pub(super) fn milliseconds(of: &Value, name: &str) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_millis(of.get(name)?.as_u64()?))
}

/// Milliseconds since the epoch, as requests have them.
pub(super) fn since_epoch(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
