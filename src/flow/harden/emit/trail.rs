//! The trail, with its bucket, its log group and its role.

use super::Emission;
use super::hcl::{Body, Expression, Resource, address};
use crate::aws::hardening::{Place, logs_document, trail_statements, trust_document};
use serde_json::{Value, json};

/// A trail that is made or mended.
pub(in crate::flow::harden) struct EmittedTrail<'t> {
    pub(in crate::flow::harden) name: &'t str,
    pub(in crate::flow::harden) bucket: &'t str,
    pub(in crate::flow::harden) log_group: &'t str,
    pub(in crate::flow::harden) role: &'t str,
    /// Of the log group, in days.
    pub(in crate::flow::harden) retention: u32,
    /// `o-…`, for a trail of every account.
    pub(in crate::flow::harden) organization: Option<&'t str>,
}

impl EmittedTrail<'_> {
    fn bucket_policy(&self, place: &Place) -> Value {
        let statements = trail_statements(place, self.bucket, None, &place.trail(self.name), self.organization);
        json!({ "Version": "2012-10-17", "Statement": statements })
    }
}

/// All of it: CloudTrail looks at the bucket's policy and at the role when the trail is made, so it comes last.
pub(in crate::flow::harden) fn trail(of: &EmittedTrail<'_>, place: &Place) -> Emission {
    let cloudformation = in_cloudformation(of, place);
    let terraform = bucket(of, place).into_iter().chain(logs(of, place)).collect();
    let trust = "trusted access for cloudtrail.amazonaws.com: without it no trail can be of all accounts; `aws \
                 organizations enable-aws-service-access --service-principal cloudtrail.amazonaws.com` turns it on";
    let left_out: Vec<String> = of.organization.iter().map(|_| trust.to_owned()).collect();
    Emission { cloudformation, terraform, not_in_cloudformation: left_out.clone(), not_in_terraform: left_out }
}

fn in_cloudformation(of: &EmittedTrail<'_>, place: &Place) -> Vec<(&'static str, Value)> {
    let policy = json!({ "Bucket": { "Ref": "TrailBucket" }, "PolicyDocument": of.bucket_policy(place) });
    let writes = logs_document(place, of.log_group, of.organization);
    let role = json!({
        "RoleName": of.role,
        "AssumeRolePolicyDocument": trust_document(),
        "Policies": [{ "PolicyName": of.role, "PolicyDocument": writes }],
    });
    let trail = json!({
        "TrailName": of.name,
        "S3BucketName": { "Ref": "TrailBucket" },
        "IsLogging": true,
        "IsMultiRegionTrail": true,
        "IncludeGlobalServiceEvents": true,
        "EnableLogFileValidation": true,
        "IsOrganizationTrail": of.organization.is_some(),
        "CloudWatchLogsLogGroupArn": { "Fn::GetAtt": ["TrailLogGroup", "Arn"] },
        "CloudWatchLogsRoleArn": { "Fn::GetAtt": ["TrailRole", "Arn"] },
    });
    let group = json!({ "LogGroupName": of.log_group, "RetentionInDays": of.retention });
    // The log files stay when the stack goes.
    let kept = |kind: &str, of: Value| json!({ "Type": kind, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain", "Properties": of });
    vec![
        ("TrailBucket", kept("AWS::S3::Bucket", bucket_in_cloudformation(of.bucket))),
        ("TrailBucketPolicy", json!({ "Type": "AWS::S3::BucketPolicy", "Properties": policy })),
        ("TrailLogGroup", kept("AWS::Logs::LogGroup", group)),
        ("TrailRole", json!({ "Type": "AWS::IAM::Role", "Properties": role })),
        (
            "Trail",
            json!({ "Type": "AWS::CloudTrail::Trail", "DependsOn": ["TrailBucketPolicy"], "Properties": trail }),
        ),
    ]
}

fn bucket_in_cloudformation(name: &str) -> Value {
    let encryption = json!({ "ServerSideEncryptionByDefault": { "SSEAlgorithm": "AES256" } });
    json!({
        "BucketName": name,
        "OwnershipControls": { "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] },
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true, "RestrictPublicBuckets": true,
        },
        "BucketEncryption": { "ServerSideEncryptionConfiguration": [encryption] },
        "VersioningConfiguration": { "Status": "Enabled" },
    })
}

fn bucket(of: &EmittedTrail<'_>, place: &Place) -> Vec<Resource> {
    let of_bucket = || Body::default().with("bucket", address("aws_s3_bucket.trail.id"));
    let resource = |kind, body| Resource { kind, name: "trail", body };
    let by_default = Body::default().with("sse_algorithm", "AES256");
    let encryption = Body::default().with_block("apply_server_side_encryption_by_default", by_default);
    let blocked = ["block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"];
    let blocked = blocked.into_iter().fold(of_bucket(), |body, name| body.with(name, true));
    let owner = Body::default().with("object_ownership", "BucketOwnerEnforced");
    vec![
        resource("aws_s3_bucket", Body::default().with("bucket", of.bucket)),
        resource("aws_s3_bucket_ownership_controls", of_bucket().with_block("rule", owner)),
        resource("aws_s3_bucket_public_access_block", blocked),
        resource("aws_s3_bucket_server_side_encryption_configuration", of_bucket().with_block("rule", encryption)),
        resource(
            "aws_s3_bucket_versioning",
            of_bucket().with_block("versioning_configuration", Body::default().with("status", "Enabled")),
        ),
        resource("aws_s3_bucket_policy", of_bucket().with("policy", of.bucket_policy(place))),
    ]
}

fn logs(of: &EmittedTrail<'_>, place: &Place) -> Vec<Resource> {
    let resource = |kind, body| Resource { kind, name: "trail", body };
    let group = Body::default().with("name", of.log_group).with("retention_in_days", of.retention);
    let role = Body::default().with("name", of.role).with("assume_role_policy", trust_document());
    let policy = Body::default()
        .with("name", of.role)
        .with("role", address("aws_iam_role.trail.id"))
        .with("policy", logs_document(place, of.log_group, of.organization));
    let needs = ["aws_s3_bucket_policy.trail", "aws_iam_role_policy.trail"].map(address);
    let trail = Body::default()
        .with("name", of.name)
        .with("s3_bucket_name", address("aws_s3_bucket.trail.id"))
        .with("is_multi_region_trail", true)
        .with("include_global_service_events", true)
        .with("enable_log_file_validation", true)
        .with("is_organization_trail", of.organization.is_some())
        .with("cloud_watch_logs_group_arn", address("\"${aws_cloudwatch_log_group.trail.arn}:*\""))
        .with("cloud_watch_logs_role_arn", address("aws_iam_role.trail.arn"))
        .with("depends_on", Expression::List(needs.into()));
    vec![
        resource("aws_cloudwatch_log_group", group),
        resource("aws_iam_role", role),
        resource("aws_iam_role_policy", policy),
        resource("aws_cloudtrail", trail),
    ]
}
