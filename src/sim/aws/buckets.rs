//! S3's buckets: made, looked for, deleted; and who may.

use super::posture::Bucket;
use super::s3::{Outcome, text_of};
use super::wire::Refusal;
use super::{Ctx, RestReply, auth, json};
use crate::aws::hardening::is_new_bucket_name;

/// The region where a bucket needs no location constraint.
const FIRST: &str = "us-east-1";

pub(super) fn arn(ctx: &Ctx<'_>, bucket: &str) -> String {
    format!("arn:{}:s3:::{bucket}", ctx.state.partition.as_str())
}

pub(super) fn body<'c>(ctx: &'c Ctx<'_>) -> &'c str {
    json::text(ctx.body, "Body").unwrap_or_default()
}

fn name<'c>(ctx: &'c Ctx<'_>) -> &'c str {
    json::text(ctx.body, "Bucket").unwrap_or_default()
}

/// Whether the caller may do this with the bucket that the request names, and the bucket is here.
pub(super) fn may(ctx: &Ctx<'_>, permission: &str) -> Result<(), Refusal> {
    let name = name(ctx);
    let posture = &ctx.state.posture;
    if posture.foreign_buckets.iter().any(|foreign| foreign == name) {
        return Err(Refusal::denied("Access Denied"));
    }
    auth::authorize(ctx, &format!("s3:{permission}"), &arn(ctx, name))?;
    let missing = || Refusal::new(404, "NoSuchBucket", "The specified bucket does not exist");
    let bucket = posture.bucket(name).ok_or_else(missing)?;
    if json::text(ctx.body, "ExpectedBucketOwner").is_some_and(|owner| owner != ctx.state.account) {
        return Err(Refusal::denied("Access Denied"));
    }
    if bucket.region != ctx.region && permission != "GetBucketLocation" {
        return Err(Refusal::new(
            301,
            "PermanentRedirect",
            "The bucket you are attempting to access must be addressed using the specified endpoint. Please send all \
             future requests to this endpoint.",
        ));
    }
    Ok(())
}

/// The bucket that a request names, after [`may`].
pub(super) fn named<'c>(ctx: &'c mut Ctx<'_>) -> Result<&'c mut Bucket, Refusal> {
    let name = json::text(ctx.body, "Bucket").unwrap_or_default();
    let found = ctx.state.posture.buckets.iter_mut().find(|bucket| bucket.name == name);
    found.ok_or_else(|| Refusal::new(404, "NoSuchBucket", "The specified bucket does not exist"))
}

pub(super) fn create(ctx: &mut Ctx<'_>) -> Outcome {
    let name = name(ctx).to_owned();
    auth::authorize(ctx, "s3:CreateBucket", &arn(ctx, &name))?;
    if !is_new_bucket_name(&name) {
        return Err(Refusal::new(400, "InvalidBucketName", "The specified bucket is not valid."));
    }
    let region = region(ctx)?;
    let posture = &mut ctx.state.posture;
    if posture.foreign_buckets.contains(&name) {
        return Err(Refusal::new(
            409,
            "BucketAlreadyExists",
            "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
             Please select a different name and try again.",
        ));
    }
    match posture.bucket(&name) {
        // In the first region alone it is no error.
        Some(own) if own.region == FIRST && region == FIRST => {}
        Some(_) => {
            return Err(Refusal::new(
                409,
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded and you already own it.",
            ));
        }
        None => posture.buckets.push(Bucket { name: name.clone(), region, ..Bucket::default() }),
    }
    Ok(RestReply { headers: vec![("Location", format!("/{name}"))], ..RestReply::empty(200) })
}

/// The region of a bucket to be made.
fn region(ctx: &Ctx<'_>) -> Result<String, Refusal> {
    let wrong = |which: &str| {
        Refusal::new(
            400,
            "IllegalLocationConstraintException",
            format!(
                "The {which} location constraint is incompatible for the region specific endpoint this request was \
                 sent to."
            ),
        )
    };
    match text_of(body(ctx), "LocationConstraint").filter(|region| !region.is_empty()) {
        None if ctx.region == FIRST => Ok(FIRST.to_owned()),
        None => Err(wrong("unspecified")),
        Some(FIRST) => {
            Err(Refusal::new(400, "InvalidLocationConstraint", "The specified location-constraint is not valid"))
        }
        Some(given) if given == ctx.region || ctx.region == FIRST => Ok(given.to_owned()),
        Some(given) => Err(wrong(given)),
    }
}

pub(super) fn head(ctx: &mut Ctx<'_>) -> Outcome {
    let region = named(ctx)?.region.clone();
    Ok(RestReply { headers: vec![("x-amz-bucket-region", region)], ..RestReply::empty(200) })
}

pub(super) fn location(ctx: &mut Ctx<'_>) -> Outcome {
    let region = named(ctx)?.region.clone();
    let region = if region == FIRST { "" } else { &region };
    Ok(RestReply {
        body: format!(
            "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{region}</LocationConstraint>\n"
        ),
        ..RestReply::empty(200)
    })
}

/// The first page, of one object: whether there are any is all that is asked here.
pub(super) fn versions(ctx: &mut Ctx<'_>) -> Outcome {
    let (name, objects) = (named(ctx)?.name.clone(), named(ctx)?.objects);
    Ok(RestReply::xml("ListVersionsResult", |xml| {
        xml.text("Name", &name);
        xml.text("MaxKeys", "1");
        xml.text("IsTruncated", if objects > 1 { "true" } else { "false" });
        if objects > 0 {
            xml.element("Version", |version| {
                version.text("Key", "AWSLogs/");
                version.text("VersionId", "null");
                version.text("IsLatest", "true");
            });
        }
    }))
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    let bucket = named(ctx)?;
    if bucket.objects > 0 {
        return Err(Refusal::new(409, "BucketNotEmpty", "The bucket you tried to delete is not empty"));
    }
    let name = bucket.name.clone();
    ctx.state.posture.buckets.retain(|bucket| bucket.name != name);
    Ok(RestReply::empty(204))
}
