//! S3: REST with XML, or a policy's JSON. The bucket is in the path, which every region and every endpoint takes.

use super::xml;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use data_encoding::BASE64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Each operation: its method, and the one word of its query (Amazon S3 API Reference).
const OPERATIONS: &[(&str, &str, &str)] = &[
    ("CreateBucket", "PUT", ""),
    ("DeleteBucket", "DELETE", ""),
    ("GetBucketLocation", "GET", "location"),
    ("GetBucketPolicy", "GET", "policy"),
    ("PutBucketPolicy", "PUT", "policy"),
    ("DeleteBucketPolicy", "DELETE", "policy"),
    ("GetPublicAccessBlock", "GET", "publicAccessBlock"),
    ("PutPublicAccessBlock", "PUT", "publicAccessBlock"),
    ("GetBucketOwnershipControls", "GET", "ownershipControls"),
    ("PutBucketOwnershipControls", "PUT", "ownershipControls"),
    ("GetBucketEncryption", "GET", "encryption"),
    ("PutBucketEncryption", "PUT", "encryption"),
    ("GetBucketVersioning", "GET", "versioning"),
    ("ListObjectVersions", "GET", "versions&max-keys=1"),
    ("PutBucketVersioning", "PUT", "versioning"),
];

/// A request about `Bucket`, which must belong to `ExpectedBucketOwner` where that is given, with `Body`. `None`: there is no
/// such operation, or no bucket can have the name.
pub(super) fn request(action: &str, parameters: &Value) -> Option<HttpRequest> {
    let (_, method, query) = OPERATIONS.iter().find(|(name, ..)| *name == action)?;
    let text = |name: &str| parameters.get(name).and_then(Value::as_str);
    let bucket = text("Bucket").filter(|name| is_name(name))?;
    let body = text("Body").unwrap_or_default();
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method(method).ok()?;
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    request.set_uri(format!("/{bucket}{query}")).ok()?;
    let headers = request.headers_mut();
    if let Some(owner) = text("ExpectedBucketOwner") {
        headers.insert("x-amz-expected-bucket-owner", owner.to_owned());
    }
    if !body.is_empty() {
        let content = if body.starts_with('{') { "application/json" } else { "application/xml" };
        headers.insert("content-type", content);
        // The settings of a bucket are taken with a checksum only.
        headers.insert("x-amz-sdk-checksum-algorithm", "SHA256");
        headers.insert("x-amz-checksum-sha256", BASE64.encode(&Sha256::digest(body)));
    }
    Some(request)
}

/// Whether a bucket can be made under this name (Amazon S3 User Guide, "General purpose bucket naming rules"). There may be
/// older ones whose names AWS keeps for itself by now.
pub(crate) fn is_new_name(name: &str) -> bool {
    let is_address = name.split('.').count() == 4 && name.bytes().all(|c| c.is_ascii_digit() || c == b'.');
    let begins = ["xn--", "sthree-", "amzn-s3-demo-"];
    let ends = ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"];
    let is_reserved = begins.iter().any(|it| name.starts_with(it)) || ends.iter().any(|it| name.ends_with(it));
    is_name(name) && !is_address && !is_reserved
}

/// Whether a bucket can have this name.
fn is_name(name: &str) -> bool {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let ends = [name.bytes().next(), name.bytes().last()];
    (3..=63).contains(&name.len())
        && name.bytes().all(|c| plain(c) || b".-".contains(&c))
        && ends.into_iter().flatten().all(plain)
        && !name.contains("..")
}

/// A setting's members; a policy's text as `Policy`; a location as `LocationConstraint`; of a list of versions whether there
/// are `Any`. An error's members.
pub(super) fn read(response: &HttpResponse) -> Option<Value> {
    let bytes = response.body().bytes()?;
    let text = std::str::from_utf8(bytes).ok()?.trim();
    if text.is_empty() {
        return None;
    }
    if text.starts_with('{') {
        let is_policy = serde_json::from_str::<Value>(text).is_ok_and(|policy| policy.get("Statement").is_some());
        return is_policy.then(|| json!({ "Policy": text }));
    }
    if text.contains("<LocationConstraint") {
        return Some(json!({ "LocationConstraint": xml::text(bytes)? }));
    }
    if text.contains("<ListVersionsResult") {
        // Markup in the names of objects is escaped.
        let any = ["<Version>", "<DeleteMarker>"].iter().any(|one| text.contains(one));
        return text.ends_with("</ListVersionsResult>").then(|| json!({ "Any": any }));
    }
    xml::read(bytes)
}
