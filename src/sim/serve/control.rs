//! The control path: `/_glasskey/…`, JSON in and out.

use super::{Response, plain};
use crate::sim::aws::{Aws, Call, Fault};
use crate::totp;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HOST, ORIGIN};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

/// Answers `GET` or `POST /_glasskey/<command>`.
pub(super) fn answer(command: &str, head: &Parts, body: &Bytes, aws: &Aws) -> Response {
    if !is_local(head) {
        return plain(403, "the control path answers only programs on this machine");
    }
    let outcome = match (&head.method, command) {
        (&Method::GET, "log") => Ok(log(aws)),
        (&Method::GET, "state") => Ok(state(aws)),
        (&Method::GET, "clock") => Ok(clock(aws)),
        (&Method::POST, "clock") => read(body).map(|set: Clock| set.apply(aws)),
        (&Method::POST, "fault") => read(body).map(|fault: Fault| {
            aws.fail(fault);
            json!({})
        }),
        (&Method::POST, "heal") => {
            aws.heal();
            Ok(json!({}))
        }
        (&Method::POST, "latency") => read(body).map(|Latency { milliseconds }| {
            aws.set_latency(Duration::from_millis(milliseconds));
            json!({})
        }),
        (&Method::POST, "rate") => read(body).map(|Rate { per_second }| {
            aws.set_rate(per_second);
            json!({})
        }),
        (&Method::POST, "propagation") => read(body).map(|Propagation { seconds }| {
            aws.set_propagation(Duration::from_secs(seconds));
            json!({})
        }),
        _ => return plain(404, "no such command; see docs/simulator.md"),
    };
    match outcome {
        Ok(value) => document(&value),
        Err(why) => plain(400, &why),
    }
}

/// Whether a program on this machine asks, and not a web page: browsers send an `Origin` with what a page posts, and a
/// page that rebinds its own name to 127.0.0.1 still sends that name as the host.
fn is_local(head: &Parts) -> bool {
    let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    !head.headers.contains_key(ORIGIN) && matches!(name, "127.0.0.1" | "localhost")
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Clock {
    AdvanceSeconds(u64),
    OffsetSeconds(i64),
}

impl Clock {
    fn apply(self, aws: &Aws) -> Value {
        match self {
            Self::AdvanceSeconds(seconds) => aws.clock().advance(Duration::from_secs(seconds)),
            Self::OffsetSeconds(seconds) => aws.clock().set_offset_seconds(seconds),
        }
        clock(aws)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    milliseconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rate {
    per_second: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Propagation {
    seconds: u64,
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

fn clock(aws: &Aws) -> Value {
    json!({ "unix_seconds": totp::unix(aws.clock().now()) })
}

fn log(aws: &Aws) -> Value {
    let entry = |call: Call| {
        json!({
            "action": call.action,
            "caller": call.caller,
            "status": call.status,
            "code": call.code,
            "lost": call.lost,
            "unix_seconds": totp::unix(call.at),
        })
    };
    json!({ "calls": aws.calls().into_iter().map(entry).collect::<Vec<_>>() })
}

fn state(aws: &Aws) -> Value {
    json!({
        "account": aws.account(),
        "partition": aws.partition().as_str(),
        "unix_seconds": totp::unix(aws.clock().now()),
        "users": aws.users(),
        "devices": aws.devices(),
    })
}

fn document(value: &Value) -> Response {
    let mut response = Response::new(Full::from(format!("{value}\n")));
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    response
}
