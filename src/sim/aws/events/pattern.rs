//! EventBridge's patterns: which events one matches.
//!
//! What it does not know it refuses, so that no pattern silently matches something else.

use super::super::wire::Refusal;
use serde_json::{Map, Value};

fn refusal(reason: &str) -> Refusal {
    Refusal::new(400, "InvalidEventPatternException", format!("Event pattern is not valid. Reason: {reason}"))
}

/// Reads a pattern, and looks at every part of it.
pub(super) fn read(text: &str) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_str(text) {
        Ok(Value::Object(pattern)) if !pattern.is_empty() => {
            pattern.iter().try_for_each(|(name, value)| check(name, value)).map(|()| pattern)
        }
        Ok(Value::Object(_)) => Err(refusal("Empty objects are not allowed")),
        Ok(_) => Err(refusal("Filter is not an object")),
        Err(_) => Err(refusal("Filter is not valid JSON")),
    }
}

fn check(name: &str, value: &Value) -> Result<(), Refusal> {
    match value {
        _ if name == "$or" => Err(refusal("The simulator does not know $or")),
        Value::Object(below) if below.is_empty() => Err(refusal("Empty objects are not allowed")),
        Value::Object(below) => below.iter().try_for_each(|(name, value)| check(name, value)),
        Value::Array(any) if any.is_empty() => Err(refusal("Empty arrays are not allowed")),
        Value::Array(any) => any.iter().try_for_each(check_one),
        _ => Err(refusal(&format!("\"{name}\" must be an object or an array"))),
    }
}

fn check_one(one: &Value) -> Result<(), Refusal> {
    let Value::Object(test) = one else {
        return if one.is_array() {
            Err(refusal("Match value must be String, number, true, false, or null"))
        } else {
            Ok(())
        };
    };
    let mut names = test.keys().map(String::as_str);
    match (names.next(), names.next()) {
        (Some("prefix" | "suffix" | "exists" | "equals-ignore-case" | "wildcard" | "anything-but"), None) => Ok(()),
        (Some(name), None) => Err(refusal(&format!("Unrecognized match type {name}"))),
        _ => Err(refusal("Only one key allowed in match expression")),
    }
}

/// Whether an event has all that a pattern asks for.
pub(super) fn matches(pattern: &Map<String, Value>, event: &Value) -> bool {
    pattern.iter().all(|(name, wanted)| match wanted {
        Value::Object(below) => matches(below, event.get(name).unwrap_or(&Value::Null)),
        Value::Array(any) => any.iter().any(|one| holds(one, event.get(name))),
        _ => false,
    })
}

fn holds(wanted: &Value, actual: Option<&Value>) -> bool {
    let test = wanted.as_object().and_then(|test| test.iter().next());
    if let Some((name, what)) = test.filter(|(name, _)| *name == "exists") {
        debug_assert_eq!(name, "exists");
        return what.as_bool() == Some(actual.is_some());
    }
    match (actual, test) {
        (None, _) => false,
        (Some(Value::Array(several)), _) => several.iter().any(|one| holds(wanted, Some(one))),
        (Some(actual), None) => wanted == actual,
        (Some(actual), Some((name, what))) => fits(name, what, actual),
    }
}

fn fits(test: &str, what: &Value, actual: &Value) -> bool {
    if test == "anything-but" {
        return match what {
            Value::Array(several) => !several.contains(actual),
            Value::Object(inner) => !inner.iter().any(|(name, what)| fits(name, what, actual)),
            one => one != actual,
        };
    }
    let (Some(what), Some(actual)) = (what.as_str(), actual.as_str()) else { return false };
    match test {
        "prefix" => actual.starts_with(what),
        "suffix" => actual.ends_with(what),
        "equals-ignore-case" => actual.eq_ignore_ascii_case(what),
        _ => wildcard(what, actual),
    }
}

/// `*` is any run of characters.
fn wildcard(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            starts.filter_map(|at| rest.get(at..)).any(|rest| wildcard(after, rest))
        }),
    }
}
