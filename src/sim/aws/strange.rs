//! Replies that are none of AWS's, or not as AWS gives them: what a proxy, a captive portal or an endpoint that is not AWS
//! puts in place of an answer.

use super::wire::Reply;
use serde::Deserialize;
use serde_json::{Value, json};

/// What comes in place of the answer. The status is one that means success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strange {
    /// 200, and a page.
    Html,
    /// 200, and nothing.
    Empty,
    /// 204.
    NoContent,
    /// 200, and `{}`.
    Braces,
    /// 200, and the answer without its end: the last element, or the last brace; of one without a body, its headers.
    Cut,
    /// 200, and a whole answer to another operation.
    Other,
}

impl Strange {
    pub const ALL: [Self; 6] = [Self::Html, Self::Empty, Self::NoContent, Self::Braces, Self::Cut, Self::Other];

    /// `whole`: the answer as it would have been; `other`: a whole one to another operation.
    pub(super) fn reply(self, mut whole: Reply, other: Reply) -> Reply {
        let (status, kind, body) = match self {
            Self::Html => (200, "text/html", "<html><head></head><body><p>Please sign in<br></body></html>\n".into()),
            Self::Empty => (200, "text/xml", Vec::new()),
            Self::NoContent => (204, "text/xml", Vec::new()),
            Self::Braces => (200, "application/json", "{}".into()),
            Self::Cut if whole.body.is_empty() => (whole.status, "application/xml", Vec::new()),
            Self::Cut => {
                let last = whole.body.len().saturating_sub(1);
                let end = whole.body.windows(2).rposition(|two| two == b"</").unwrap_or(last);
                whole.body.truncate(end);
                return whole;
            }
            Self::Other => return other,
        };
        let date = whole.headers.into_iter().find(|(name, _)| *name == "Date");
        let headers = std::iter::once(("Content-Type", kind.to_owned())).chain(date).collect();
        Reply { status, headers, body }
    }
}

/// What every page says of the next one where the pages come round again.
const AGAIN: &str = "again";

/// The same page, which names itself as the next one.
pub(super) fn of_itself(mut reply: Reply) -> Reply {
    if reply.status != 200 {
        return reply;
    }
    reply.body = match serde_json::from_slice::<Value>(&reply.body) {
        Ok(Value::Object(mut members)) => {
            members.extend(["NextToken", "nextToken"].map(|name| (name.to_owned(), json!(AGAIN))));
            Value::Object(members).to_string().into_bytes()
        }
        _ => xml_of_itself(&String::from_utf8_lossy(&reply.body)).into_bytes(),
    };
    reply
}

/// The same page of one of IAM's lists, which says that there are more, and not which.
pub(super) fn cut_short(mut reply: Reply) -> Reply {
    let body = String::from_utf8_lossy(&reply.body);
    reply.body = body.replace("<IsTruncated>false<", "<IsTruncated>true<").into_bytes();
    reply
}

/// IAM's lists say whether they are cut short; SNS's have a token alone.
fn xml_of_itself(body: &str) -> String {
    let marked = "<IsTruncated>true</IsTruncated>\n<Marker>again</Marker>\n";
    let whole = body.replace("<IsTruncated>false</IsTruncated>\n", marked);
    if whole != body {
        return whole;
    }
    match body.rfind("Result>").and_then(|end| body.get(..end)?.rfind("</")) {
        Some(at) => {
            let (before, after) = body.split_at(at);
            format!("{before}<NextToken>{AGAIN}</NextToken>\n{after}")
        }
        None => whole,
    }
}

/// A request for a page, as one for the first page.
pub(super) fn from_the_start(body: &Value) -> Value {
    let mut body = body.clone();
    if let Some(members) = body.as_object_mut() {
        members.retain(|name, _| !is_token(name));
    }
    body
}

pub(super) fn is_token(name: &str) -> bool {
    ["Marker", "NextToken", "nextToken"].contains(&name)
}
