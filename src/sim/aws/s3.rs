//! S3: which call a request is, and how replies and errors are written.
//!
//! Buckets and their settings only. A bucket is named in the host (`BUCKET.s3.REGION.amazonaws.com`) or at the
//! beginning of the path.

use super::wire::{self, Refusal, Reply, Request, Xml};
use super::{Ctx, Payload, RestReply, bucket_settings, buckets};
use serde_json::{Value, json};
use std::time::SystemTime;

pub(super) type Outcome = Result<RestReply, Refusal>;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<Outcome> {
    let operation: fn(&mut Ctx<'_>) -> Outcome = match action {
        "CreateBucket" => return Some(buckets::create(ctx)),
        "HeadBucket" => buckets::head,
        "GetBucketLocation" => buckets::location,
        "DeleteBucket" => buckets::delete,
        "PutBucketPolicy" => bucket_settings::put_policy,
        "GetBucketPolicy" => bucket_settings::policy,
        "DeleteBucketPolicy" => bucket_settings::delete_policy,
        "PutPublicAccessBlock" => bucket_settings::put_public_access_block,
        "GetPublicAccessBlock" => bucket_settings::public_access_block,
        "PutBucketOwnershipControls" => bucket_settings::put_ownership,
        "GetBucketOwnershipControls" => bucket_settings::ownership,
        "PutBucketEncryption" => bucket_settings::put_encryption,
        "GetBucketEncryption" => bucket_settings::encryption,
        "PutBucketVersioning" => bucket_settings::put_versioning,
        "GetBucketVersioning" => bucket_settings::versioning,
        "ListObjectVersions" => buckets::versions,
        _ => return None,
    };
    Some(buckets::may(ctx, permission(action)).and_then(|()| operation(ctx)))
}

/// What a policy must allow for a call, where that is not the call's own name.
fn permission(action: &str) -> &str {
    match action {
        "HeadBucket" => "ListBucket",
        "PutPublicAccessBlock" => "PutBucketPublicAccessBlock",
        "GetPublicAccessBlock" => "GetBucketPublicAccessBlock",
        "PutBucketEncryption" => "PutEncryptionConfiguration",
        "GetBucketEncryption" => "GetEncryptionConfiguration",
        "ListObjectVersions" => "ListBucketVersions",
        other => other,
    }
}

/// The call, by its method and by the one word of its query.
pub(super) fn action(request: &Request) -> Option<&'static str> {
    let (_, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let words = query.split('&').map(|pair| pair.split('=').next().unwrap_or_default());
    // `x-id` repeats the name of the call.
    let what = words.into_iter().find(|word| *word != "x-id").unwrap_or_default();
    let (bucket, key) = place(request);
    if bucket.is_empty() || !key.is_empty() {
        return None;
    }
    Some(match (request.method.as_str(), what) {
        ("PUT", "") => "CreateBucket",
        ("HEAD", "") => "HeadBucket",
        ("DELETE", "") => "DeleteBucket",
        ("GET", "location") => "GetBucketLocation",
        ("PUT", "policy") => "PutBucketPolicy",
        ("GET", "policy") => "GetBucketPolicy",
        ("DELETE", "policy") => "DeleteBucketPolicy",
        ("PUT", "publicAccessBlock") => "PutPublicAccessBlock",
        ("GET", "publicAccessBlock") => "GetPublicAccessBlock",
        ("PUT", "ownershipControls") => "PutBucketOwnershipControls",
        ("GET", "ownershipControls") => "GetBucketOwnershipControls",
        ("PUT", "encryption") => "PutBucketEncryption",
        ("GET", "encryption") => "GetBucketEncryption",
        ("PUT", "versioning") => "PutBucketVersioning",
        ("GET", "versioning") => "GetBucketVersioning",
        ("GET", "versions") => "ListObjectVersions",
        _ => return None,
    })
}

/// The bucket and the object's key; empty where there is none.
fn place(request: &Request) -> (String, String) {
    let (path, _) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let path = path.trim_start_matches('/');
    let host = request.header("host").unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let in_host = [".s3.", ".s3-"].iter().find_map(|mark| host.find(mark)).and_then(|end| host.get(..end));
    match in_host.or_else(|| host.strip_suffix(".localhost")) {
        Some(bucket) => (bucket.to_owned(), path.to_owned()),
        None => {
            let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
            (bucket.to_owned(), key.to_owned())
        }
    }
}

/// What a request says, under the names that the SDK gives its parts.
pub(super) fn parameters(request: &Request) -> Value {
    json!({
        "Bucket": place(request).0,
        "ExpectedBucketOwner": request.header("x-amz-expected-bucket-owner"),
        "Body": String::from_utf8_lossy(&request.body),
    })
}

impl RestReply {
    pub(super) fn empty(status: u16) -> Self {
        Self { status, content_type: "application/xml", headers: Vec::new(), body: String::new() }
    }

    pub(super) fn xml(root: &str, inside: impl FnOnce(&mut Xml)) -> Self {
        let mut xml = Xml::default();
        inside(&mut xml);
        let inside = xml.written();
        let body = format!("<{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inside}</{root}>\n");
        Self { body, ..Self::empty(200) }
    }
}

pub(super) fn reply(
    request: &Request,
    outcome: Result<Payload, Refusal>,
    request_id: String,
    now: SystemTime,
) -> Reply {
    let reply = match outcome {
        Ok(Payload::Rest(reply)) => reply,
        Ok(_) => RestReply::empty(200),
        Err(refusal) => {
            let mut xml = Xml::default();
            xml.element("Error", |error| {
                error.text("Code", &refusal.code);
                error.text("Message", &refusal.message);
                error.text("RequestId", &request_id);
            });
            RestReply { body: xml.written(), ..RestReply::empty(refusal.status) }
        }
    };
    let mut headers = reply.headers;
    headers.extend([
        ("x-amz-request-id", request_id),
        ("Content-Type", reply.content_type.to_owned()),
        ("Date", wire::http_date(now)),
    ]);
    // A reply to HEAD is its status and its headers.
    let body = if request.method == "HEAD" { Vec::new() } else { reply.body.into_bytes() };
    Reply { status: reply.status, headers, body }
}

/// The text of the first element of this name; `None`: there is no such element.
pub(super) fn text_of<'x>(xml: &'x str, element: &str) -> Option<&'x str> {
    let (_, after) = xml.split_once(&format!("<{element}>"))?;
    after.split_once('<').map(|(text, _)| text.trim())
}
