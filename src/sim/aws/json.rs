//! The JSON protocols, and CBOR where it stands in for JSON: bodies in and out, and errors by their names.
//!
//! Knows the shape of requests, replies and errors; knows no operation.

use super::service::{Protocol, Service};
use super::wire::{self, Refusal, Reply, Request};
use super::{Payload, cbor};
use serde_json::{Value, json};
use std::time::SystemTime;

/// What a JSON operation comes to.
pub(super) type Outcome = Result<Value, Refusal>;

/// Whether a request is of the RPC protocol over CBOR.
pub(super) fn is_cbor(request: &Request) -> bool {
    request.header("smithy-protocol") == Some("rpc-v2-cbor")
}

/// The body; an empty one is an empty object.
pub(super) fn read(request: &Request) -> Option<Value> {
    match request.body.as_slice() {
        [] => Some(json!({})),
        body if is_cbor(request) => cbor::decode(body),
        body => serde_json::from_slice(body).ok(),
    }
}

pub(super) fn reply(
    service: &Service,
    request: &Request,
    outcome: Result<Payload, Refusal>,
    request_id: String,
    now: SystemTime,
) -> Reply {
    let cbor = is_cbor(request);
    let content = match service.protocol {
        _ if cbor => "application/cbor".to_owned(),
        Protocol::Json { version, .. } => format!("application/x-amz-json-{version}"),
        _ => "application/json".to_owned(),
    };
    let mut headers =
        vec![("x-amzn-RequestId", request_id), ("Content-Type", content), ("Date", wire::http_date(now))];
    if cbor {
        headers.push(("smithy-protocol", "rpc-v2-cbor".to_owned()));
    }
    let (status, value) = match outcome {
        Ok(Payload::Json(value)) => (200, value),
        Ok(_) => (200, json!({})),
        Err(refusal) => {
            let (kind, message, reason) = (refusal.code, refusal.message, refusal.reason.map(str::to_owned));
            let value = match service.protocol {
                Protocol::Json { namespace, .. } => {
                    // Organizations writes it with a capital.
                    let member = if service.prefix == "organizations" { "Message" } else { "message" };
                    with_token(json!({ "__type": format!("{namespace}{kind}"), member: message }), "Reason", reason)
                }
                _ => {
                    headers.push(("x-amzn-ErrorType", kind));
                    json!({ "message": message })
                }
            };
            (refusal.status, value)
        }
    };
    let body = if cbor { cbor::encode(&value) } else { value.to_string().into_bytes() };
    Reply { status, headers, body }
}

/// What every service says in words of its own: the same refusals, under the names and statuses of this one.
pub(super) fn in_words_of(service: &Service, mut refusal: Refusal) -> Refusal {
    let (status, code) = match (service.prefix, refusal.code.as_str()) {
        ("sns", "AccessDenied") => (403, "AuthorizationError"),
        ("s3", "InvalidClientTokenId") => (403, "InvalidAccessKeyId"),
        ("s3", "ExpiredToken") => (400, "ExpiredToken"),
        ("s3", "Throttling") => (503, "SlowDown"),
        ("s3", "MissingAuthenticationToken") => (403, "AccessDenied"),
        ("iam" | "sts" | "sns" | "s3", _) => return refusal,
        ("cloudwatch", "AccessDenied" | "Throttling") => (refusal.status, refusal.code.as_str()),
        ("account", "AccessDenied") => (403, "AccessDeniedException"),
        ("account", "Throttling") => (429, "TooManyRequestsException"),
        ("organizations", "Throttling") => (400, "TooManyRequestsException"),
        (_, "AccessDenied") => (400, "AccessDeniedException"),
        (_, "Throttling") => (400, "ThrottlingException"),
        (_, "ExpiredToken") => (400, "ExpiredTokenException"),
        (_, "InvalidClientTokenId") => (400, "UnrecognizedClientException"),
        (_, "SignatureDoesNotMatch") => (400, "InvalidSignatureException"),
        (_, "MissingAuthenticationToken") => (400, "MissingAuthenticationTokenException"),
        (_, "IncompleteSignature") => (400, "IncompleteSignatureException"),
        (_, "ValidationError") => (400, "ValidationException"),
        _ => return refusal,
    };
    // The one REST service says with 403 what the others say with 400 about who calls.
    let about_the_caller =
        ["ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"].contains(&code);
    refusal.status = if service.prefix == "account" && about_the_caller { 403 } else { status };
    refusal.code = code.to_owned();
    refusal
}

pub(super) fn text<'v>(body: &'v Value, name: &str) -> Option<&'v str> {
    body.get(name).and_then(Value::as_str)
}

/// A text member that must be there.
pub(super) fn required<'v>(body: &'v Value, name: &str) -> Result<&'v str, Refusal> {
    text(body, name).ok_or_else(|| {
        Refusal::new(
            400,
            "ValidationException",
            format!(
                "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
                wire::member(name)
            ),
        )
    })
}

pub(super) fn texts<'v>(body: &'v Value, name: &str) -> Vec<&'v str> {
    body.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// One page of items: those after the token, at most so many, and the token of the next page. `invalid` is the name of
/// the error for a token that is none of ours.
pub(super) fn page<T>(
    body: &Value,
    token: &str,
    limit: &str,
    most: usize,
    invalid: &str,
    items: Vec<T>,
) -> Result<(Vec<T>, Option<String>), Refusal> {
    let start = match text(body, token) {
        None => 0,
        Some(given) => wire::read_offset(given)
            .ok_or_else(|| Refusal::new(400, invalid, "The specified pagination token is not valid."))?,
    };
    let asked = body.get(limit).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let size = asked.unwrap_or(most).clamp(1, most);
    let total = items.len();
    let shown: Vec<T> = items.into_iter().skip(start).take(size).collect();
    let end = start.saturating_add(shown.len());
    Ok((shown, (end < total).then(|| wire::write_offset(end))))
}

/// Seconds since the epoch, as JSON replies write times.
pub(super) fn epoch(time: SystemTime) -> Value {
    json!(crate::totp::unix(time) as f64)
}

pub(super) fn with_token(mut reply: Value, name: &str, token: Option<String>) -> Value {
    if let (Some(token), Some(members)) = (token, reply.as_object_mut()) {
        members.insert(name.to_owned(), Value::String(token));
    }
    reply
}
