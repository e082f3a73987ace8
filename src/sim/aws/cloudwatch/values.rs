//! What requests about metrics hold, and what becomes of several values.

use super::super::json;
use super::super::wire::Refusal;
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameterValueException", message)
}

pub(super) fn dimensions(of: &Value) -> BTreeMap<String, String> {
    let pair = |one: &Value| Some((json::text(one, "Name")?.to_owned(), json::text(one, "Value")?.to_owned()));
    of.get("Dimensions").and_then(Value::as_array).into_iter().flatten().filter_map(pair).collect()
}

/// A time in a request: seconds since the epoch.
pub(super) fn time(of: &Value, name: &str) -> Option<u64> {
    of.get(name).and_then(Value::as_f64).map(|seconds| seconds as u64)
}

/// A whole number in a request, however it is written.
pub(super) fn whole(of: &Value, name: &str) -> Result<Option<u32>, Refusal> {
    let Some(number) = of.get(name) else { return Ok(None) };
    let whole = number.as_f64().filter(|n| n.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(n));
    whole
        .map(|n| Some(n as u32))
        .ok_or_else(|| invalid(format!("The simulator knows whole numbers only for {name}.")))
}

/// A statistic of some values; `None` without any.
pub(super) fn statistic(name: &str, values: &[u32]) -> Option<f64> {
    let sum: f64 = values.iter().copied().map(f64::from).sum();
    let most = values.iter().max()?;
    Some(match name {
        "Average" => sum / values.len() as f64,
        "SampleCount" => values.len() as f64,
        "Minimum" => f64::from(values.iter().min().copied().unwrap_or_default()),
        "Maximum" => f64::from(*most),
        _ => sum,
    })
}
