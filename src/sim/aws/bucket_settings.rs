//! What a bucket of S3 is set to: its policy, public access, ownership, encryption, versioning.

use super::buckets::{arn, body, named};
use super::policy::Policy;
use super::posture::PublicAccessBlock;
use super::s3::{Outcome, text_of};
use super::wire::Refusal;
use super::{Ctx, RestReply};

fn malformed() -> Refusal {
    Refusal::new(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
    )
}

pub(super) fn put_policy(ctx: &mut Ctx<'_>) -> Outcome {
    let text = body(ctx).to_owned();
    let wrong = |message: String| Refusal::new(400, "MalformedPolicy", message);
    if !text.trim_start().starts_with('{') || serde_json::from_str::<serde_json::Value>(&text).is_err() {
        return Err(wrong("Policies must be valid JSON and the first byte must be '{'".to_owned()));
    }
    let policy = Policy::parse_of_resource(&text).map_err(wrong)?;
    let name = named(ctx)?.name.clone();
    let resource = arn(ctx, &name);
    if !policy.is_only_about(&resource) {
        return Err(wrong("Policy has invalid resource".to_owned()));
    }
    let caller = ctx.caller.arn.clone();
    let bucket = named(ctx)?;
    if policy.is_public() && bucket.public_access_block.as_ref().is_some_and(|block| block.block_policy) {
        return Err(Refusal::denied(format!(
            "User: {caller} is not authorized to perform: s3:PutBucketPolicy on resource: \"{resource}\" because \
             public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access."
        )));
    }
    bucket.policy = Some(text);
    Ok(RestReply::empty(204))
}

pub(super) fn policy(ctx: &mut Ctx<'_>) -> Outcome {
    let missing = || Refusal::new(404, "NoSuchBucketPolicy", "The bucket policy does not exist");
    let body = named(ctx)?.policy.clone().ok_or_else(missing)?;
    Ok(RestReply { content_type: "application/json", body, ..RestReply::empty(200) })
}

pub(super) fn delete_policy(ctx: &mut Ctx<'_>) -> Outcome {
    named(ctx)?.policy = None;
    Ok(RestReply::empty(204))
}

pub(super) fn put_public_access_block(ctx: &mut Ctx<'_>) -> Outcome {
    let text = body(ctx);
    if !text.contains("<PublicAccessBlockConfiguration") {
        return Err(malformed());
    }
    // What is left out is off.
    let on = |name: &str| text_of(text, name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let block = PublicAccessBlock {
        block_acls: on("BlockPublicAcls"),
        ignore_acls: on("IgnorePublicAcls"),
        block_policy: on("BlockPublicPolicy"),
        restrict_buckets: on("RestrictPublicBuckets"),
    };
    named(ctx)?.public_access_block = Some(block);
    Ok(RestReply::empty(200))
}

pub(super) fn public_access_block(ctx: &mut Ctx<'_>) -> Outcome {
    let missing = || {
        Refusal::new(
            404,
            "NoSuchPublicAccessBlockConfiguration",
            "The public access block configuration was not found",
        )
    };
    let block = named(ctx)?.public_access_block.clone().ok_or_else(missing)?;
    Ok(RestReply::xml("PublicAccessBlockConfiguration", |xml| {
        xml.text("BlockPublicAcls", &block.block_acls.to_string());
        xml.text("IgnorePublicAcls", &block.ignore_acls.to_string());
        xml.text("BlockPublicPolicy", &block.block_policy.to_string());
        xml.text("RestrictPublicBuckets", &block.restrict_buckets.to_string());
    }))
}

pub(super) fn put_ownership(ctx: &mut Ctx<'_>) -> Outcome {
    let known = ["BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"];
    let given = text_of(body(ctx), "ObjectOwnership").filter(|one| known.contains(one)).ok_or_else(malformed)?;
    let given = given.to_owned();
    named(ctx)?.ownership = Some(given);
    Ok(RestReply::empty(200))
}

pub(super) fn ownership(ctx: &mut Ctx<'_>) -> Outcome {
    let missing =
        || Refusal::new(404, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found");
    let ownership = named(ctx)?.ownership.clone().ok_or_else(missing)?;
    Ok(RestReply::xml("OwnershipControls", |xml| {
        xml.element("Rule", |rule| rule.text("ObjectOwnership", &ownership))
    }))
}

pub(super) fn put_encryption(ctx: &mut Ctx<'_>) -> Outcome {
    let known = ["AES256", "aws:kms", "aws:kms:dsse"];
    let given = text_of(body(ctx), "SSEAlgorithm").filter(|one| known.contains(one)).ok_or_else(malformed)?;
    let (algorithm, key) = (given.to_owned(), text_of(body(ctx), "KMSMasterKeyID").map(str::to_owned));
    let bucket = named(ctx)?;
    (bucket.encryption, bucket.kms_key) = (algorithm, key);
    Ok(RestReply::empty(200))
}

pub(super) fn encryption(ctx: &mut Ctx<'_>) -> Outcome {
    let bucket = named(ctx)?;
    Ok(RestReply::xml("ServerSideEncryptionConfiguration", |xml| {
        xml.element("Rule", |rule| {
            rule.element("ApplyServerSideEncryptionByDefault", |default| {
                default.text("SSEAlgorithm", &bucket.encryption);
                bucket.kms_key.iter().for_each(|key| default.text("KMSMasterKeyID", key));
            });
            rule.text("BucketKeyEnabled", "false");
        });
    }))
}

pub(super) fn put_versioning(ctx: &mut Ctx<'_>) -> Outcome {
    let known = ["Enabled", "Suspended"];
    let given = text_of(body(ctx), "Status").filter(|one| known.contains(one)).ok_or_else(malformed)?.to_owned();
    named(ctx)?.versioning = Some(given);
    Ok(RestReply::empty(200))
}

pub(super) fn versioning(ctx: &mut Ctx<'_>) -> Outcome {
    let status = named(ctx)?.versioning.clone();
    Ok(RestReply::xml("VersioningConfiguration", |xml| status.iter().for_each(|status| xml.text("Status", status))))
}
