//! EventBridge event patterns, held against the events that root's use makes.

use super::pattern::like;
use serde_json::{Value, json};

/// What a rule does with root's events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watch {
    /// Sign-ins and API calls.
    Everything,
    /// Sign-ins only.
    SignIns,
    /// Something of root's, but not every sign-in.
    Part,
    /// Nothing of root's.
    Nothing,
    /// Everybody's events too.
    Noisy,
    /// It uses what is not modelled here.
    NotJudged,
}

impl Watch {
    /// What an event pattern watches.
    #[must_use]
    pub fn of(pattern: &str) -> Self {
        let Ok(pattern @ Value::Object(_)) = serde_json::from_str::<Value>(pattern) else { return Self::NotJudged };
        let hits = |events: &[Value]| -> Option<Vec<bool>> {
            events.iter().map(|event| matches(&pattern, Some(event), 0)).collect()
        };
        let (Some(sign_ins), Some(calls), Some(others)) = (hits(&sign_ins()), hits(&calls()), hits(&others())) else {
            return Self::NotJudged;
        };
        let (all, any) = (|hits: &[bool]| hits.iter().all(|hit| *hit), |hits: &[bool]| hits.iter().any(|hit| *hit));
        match () {
            () if !any(&sign_ins) && !any(&calls) => Self::Nothing,
            () if any(&others) => Self::Noisy,
            () if !all(&sign_ins) => Self::Part,
            () if all(&calls) => Self::Everything,
            () => Self::SignIns,
        }
    }
}

fn event(source: &str, kind: &str, identity: &str, name: &str, more: Value) -> Value {
    let mut event = json!({
        "version": "0", "id": "4f0d9c1e", "detail-type": kind, "source": format!("aws.{source}"), "account": "111122223333",
        "time": "2026-11-25T12:00:00Z", "region": "us-east-1", "resources": [],
        "detail": {
            "eventVersion": "1.11", "eventTime": "2026-11-25T12:00:00Z", "awsRegion": "us-east-1",
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "sourceIPAddress": "192.0.2.1",
            "userAgent": "Mozilla/5.0", "readOnly": false, "recipientAccountId": "111122223333",
            "userIdentity": {
                "type": identity, "principalId": "111122223333", "accountId": "111122223333",
                "arn": if identity == "Root" { "arn:aws:iam::111122223333:root" } else { "arn:aws:iam::111122223333:user/groot" },
            },
        },
    });
    if let (Some(detail), Value::Object(more)) = (event.get_mut("detail").and_then(Value::as_object_mut), more) {
        detail.extend(more);
    }
    event
}

fn sign_in(identity: &str, mfa: &str) -> Value {
    let more = json!({
        "eventType": "AwsConsoleSignIn", "managementEvent": true, "responseElements": { "ConsoleLogin": "Success" },
        "additionalEventData": { "MFAUsed": mfa, "MobileVersion": "No" },
    });
    event("signin", "AWS Console Sign In via CloudTrail", identity, "ConsoleLogin", more)
}

fn sign_ins() -> [Value; 2] {
    [sign_in("Root", "Yes"), sign_in("Root", "No")]
}

fn call(source: &str, identity: &str, name: &str) -> Value {
    event(
        source,
        "AWS API Call via CloudTrail",
        identity,
        name,
        json!({ "eventType": "AwsApiCall", "managementEvent": true }),
    )
}

fn calls() -> [Value; 3] {
    [
        call("iam", "Root", "CreateAccessKey"),
        call("ec2", "Root", "RunInstances"),
        call("s3", "Root", "DeleteBucketPolicy"),
    ]
}

fn others() -> [Value; 3] {
    [sign_in("IAMUser", "No"), call("iam", "IAMUser", "CreateAccessKey"), call("ec2", "AssumedRole", "RunInstances")]
}

/// Nesting at most.
const MAX_DEPTH: usize = 32;

/// Whether a pattern matches a value; `None`: it says something not known here.
fn matches(pattern: &Value, value: Option<&Value>, depth: usize) -> Option<bool> {
    if depth > MAX_DEPTH {
        return None;
    }
    match pattern {
        Value::Object(fields) => {
            let mut all = true;
            for (name, inner) in fields {
                let hit = if name == "$or" {
                    let mut any = false;
                    for choice in inner.as_array()? {
                        any |= matches(choice, value, depth + 1)?;
                    }
                    any
                } else {
                    matches(inner, value.and_then(|value| value.get(name)), depth + 1)?
                };
                all &= hit;
            }
            Some(all)
        }
        Value::Array(choices) => {
            let mut any = false;
            for choice in choices {
                any |= chosen(choice, value)?;
            }
            Some(any)
        }
        _ => None,
    }
}

/// One element of a pattern's list: a constant, or `{"prefix": …}` and its like.
fn chosen(choice: &Value, value: Option<&Value>) -> Option<bool> {
    let Value::Object(filter) = choice else { return Some(value == Some(choice)) };
    let text = value.and_then(Value::as_str);
    let mut all = true;
    for (kind, wanted) in filter {
        let hit = match kind.as_str() {
            "exists" => value.is_some() == wanted.as_bool()?,
            "prefix" => text.is_some_and(|text| wanted.as_str().is_some_and(|wanted| text.starts_with(wanted))),
            "suffix" => text.is_some_and(|text| wanted.as_str().is_some_and(|wanted| text.ends_with(wanted))),
            "wildcard" => text.is_some_and(|text| wanted.as_str().is_some_and(|wanted| like(wanted, text))),
            "equals-ignore-case" => {
                text.is_some_and(|text| wanted.as_str().is_some_and(|wanted| text.eq_ignore_ascii_case(wanted)))
            }
            "anything-but" => match wanted {
                Value::Array(wanted) => value.is_some_and(|value| !wanted.contains(value)),
                Value::Object(_) => return None,
                wanted => value.is_some_and(|value| value != wanted),
            },
            _ => return None,
        };
        all &= hit;
    }
    Some(all)
}
