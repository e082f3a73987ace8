//! The control path: `/_glasskey/…`, JSON in and out.

use super::{Response, plain};
use crate::sim::aws::{AtConsole, Aws, Call, Fault, Organization, Posture, RootState};
use crate::totp;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::time::Duration;

/// Answers `GET` or `POST /_glasskey/<command>`. Most commands are about one account: the one that `account` names, in
/// the body or in the query, or else the one that is served.
pub(super) fn answer(command: &str, head: &Parts, body: &Bytes, aws: &Aws) -> Response {
    let outcome = named(head, body, aws).and_then(|(account, body)| match head.method {
        Method::GET => Ok(show(command, &account)),
        Method::POST => act(command, body, &account),
        _ => Ok(None),
    });
    match outcome {
        Ok(Some(value)) => document(&value),
        Ok(None) => plain(404, "no such command; see docs/simulator.md"),
        Err(why) => plain(400, &why),
    }
}

/// The account meant, and the rest of the body; null where there is none.
fn named(head: &Parts, body: &Bytes, aws: &Aws) -> Result<(Aws, Value), String> {
    let mut body: Value = match body.as_ref() {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes).map_err(|error| error.to_string())?,
    };
    let in_body = body.as_object_mut().and_then(|members| members.remove("account"));
    let mut query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
    let in_query = query.find(|(name, _)| name == "account").map(|(_, number)| json!(number));
    let account = match in_body.or(in_query) {
        None => aws.clone(),
        Some(number) => {
            let found = number.as_str().and_then(|number| aws.in_account(number));
            found.ok_or_else(|| format!("there is no account {number}"))?
        }
    };
    Ok((account, body))
}

/// What a command shows; `None`: there is no such command.
fn show(command: &str, aws: &Aws) -> Option<Value> {
    match command {
        "log" => Some(log(aws)),
        "state" => Some(state(aws)),
        "clock" => Some(clock(aws)),
        "posture" => Some(json!(aws.posture())),
        "mailbox" => Some(json!({ "mails": aws.mailbox() })),
        "organization" => Some(Organization::of(aws).map_or(Value::Null, |organization| organization.view())),
        _ => None,
    }
}

/// What a command does; `None`: there is no such command.
fn act(command: &str, body: Value, aws: &Aws) -> Result<Option<Value>, String> {
    match command {
        "clock" => return Ok(Some(read::<Clock>(body)?.apply(aws))),
        "fault" => aws.fail(read::<Fault>(body)?),
        "heal" => aws.heal(),
        "latency" => aws.set_latency(Duration::from_millis(read::<Latency>(body)?.milliseconds)),
        "rate" => aws.set_rate(read::<Rate>(body)?.per_second),
        "propagation" => aws.set_propagation(Duration::from_secs(read::<Propagation>(body)?.seconds)),
        "protect" => aws.protect(),
        "console" => return aws.at_console(&read::<AtConsole>(body)?).map(Some),
        "mailbox" => {
            let Mailbox::Open(link) = read(body)?;
            return aws.open_link(&link).map(|page| Some(json!({ "page": page })));
        }
        "root" => aws.set_root(&read::<RootState>(body)?)?,
        "posture" => {
            let mut whole = json!(aws.posture());
            merge(&mut whole, body);
            let posture: Posture = read(whole)?;
            aws.arrange(|old| *old = posture);
        }
        "organization" => {
            let organization = Organization::of(aws).ok_or("the account is in no organization")?;
            organization.apply(&read(body)?)?;
        }
        _ => return Ok(None),
    }
    Ok(Some(json!({})))
}

/// RFC 7386: what `patch` says takes the place of what was there; null takes it away.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    let Some(members) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            members.remove(&name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), value);
        }
    }
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

/// What a reader of the mailbox does.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Mailbox {
    /// Opens a link.
    Open(String),
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

fn read<T: DeserializeOwned>(body: Value) -> Result<T, String> {
    serde_json::from_value(body).map_err(|error| error.to_string())
}

fn clock(aws: &Aws) -> Value {
    json!({ "unix_seconds": totp::unix(aws.clock().now()) })
}

fn log(aws: &Aws) -> Value {
    let entry = |call: Call| {
        json!({
            "service": call.service,
            "action": call.action,
            "account": call.account,
            "target": call.target,
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
