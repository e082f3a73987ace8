//! XML as the query protocol and S3 use it, to a JSON value: `<XResponse><XResult>…` gives the result's members;
//! `<member>`s are a list, and an `<entry>` is a member whose name is its `<key>`. S3's settings are the root's members.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use serde_json::{Map, Value};

/// Nothing nests deeper.
const MAX_DEPTH: usize = 16;

/// As [`read`].
pub(super) fn read_response(response: &HttpResponse) -> Option<Value> {
    read(response.body().bytes().unwrap_or_default())
}

/// The text of a document that is one element.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let mut document = Document::try_from(bytes).ok()?;
    let mut root = document.root_element().ok()?;
    try_data(&mut root).ok().map(std::borrow::Cow::into_owned)
}

/// A reply's result, or an error's members under `Error`; of S3, the root's members.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    let mut document = Document::try_from(bytes).ok()?;
    let mut root = document.root_element().ok()?;
    let mut members = Map::new();
    while let Some(mut child) = root.next_tag() {
        let name = child.start_el().local().to_owned();
        let value = match is_leaf(&name) {
            true => Value::String(try_data(&mut child).ok()?.into_owned()),
            false => element(&mut child, 0).ok()?,
        };
        if name.ends_with("Result") {
            return Some(value);
        }
        members.insert(name, value);
    }
    Some(Value::Object(members))
}

fn element(decoder: &mut ScopedDecoder<'_, '_>, depth: usize) -> Result<Value, XmlDecodeError> {
    if depth > MAX_DEPTH {
        return Err(XmlDecodeError::custom("too deep"));
    }
    let mut members = Map::new();
    let mut list = Vec::new();
    // Text is only where there is no element; a decoder gives one or the other.
    let mut any = false;
    while let Some(mut child) = decoder.next_tag() {
        any = true;
        let name = child.start_el().local().to_owned();
        let value = if is_leaf(&name) {
            Value::String(try_data(&mut child)?.into_owned())
        } else {
            element(&mut child, depth + 1)?
        };
        match (name.as_str(), value) {
            ("member", value) => list.push(value),
            ("entry", Value::Object(mut entry)) => {
                if let (Some(Value::String(key)), Some(value)) = (entry.remove("key"), entry.remove("value")) {
                    members.insert(key, value);
                }
            }
            (_, value) => drop(members.insert(name, value)),
        }
    }
    Ok(match any {
        true if members.is_empty() => Value::Array(list),
        _ => Value::Object(members),
    })
}

/// The decoder must be told where text is.
fn is_leaf(name: &str) -> bool {
    let of_s3 = ["Rule", "ApplyServerSideEncryptionByDefault", "BlockedEncryptionTypes"];
    !matches!(name, "Subscriptions" | "member" | "Error" | "Attributes" | "entry" | "ResponseMetadata")
        && !name.ends_with("Result")
        && !of_s3.contains(&name)
}
