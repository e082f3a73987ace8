"""boto3 sets up a trail: bucket, policy, log group, role, trail, logging; and finds its own call in the log group."""

import json

import boto3
from botocore.exceptions import ClientError

s3, logs, iam, cloudtrail = (boto3.client(name) for name in ["s3", "logs", "iam", "cloudtrail"])
account = boto3.client("sts").get_caller_identity()["Account"]
bucket = f"trail-{account}"
source = f"arn:aws:cloudtrail:us-east-1:{account}:trail/all"
owner = {"Bucket": bucket, "ExpectedBucketOwner": account}


def refused(code, call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{code} was expected")


def allow(action, **more):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, **more}]})


s3.create_bucket(Bucket=bucket)
far = boto3.client("s3", region_name="eu-west-1")
constraint = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
far.create_bucket(Bucket=f"{bucket}-eu", **constraint)
refused("BucketAlreadyOwnedByYou", far.create_bucket, Bucket=f"{bucket}-eu", **constraint)
refused("IllegalLocationConstraintException", far.create_bucket, Bucket=f"{bucket}-other")
refused("403", s3.head_bucket, Bucket=bucket, ExpectedBucketOwner="999999999999")
assert far.get_bucket_location(Bucket=f"{bucket}-eu")["LocationConstraint"] == "eu-west-1"
far.delete_bucket(Bucket=f"{bucket}-eu")

everything = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"]
block = dict.fromkeys(everything, True)
s3.put_public_access_block(**owner, PublicAccessBlockConfiguration=block)
assert s3.get_public_access_block(**owner)["PublicAccessBlockConfiguration"] == block
ownership = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
s3.put_bucket_ownership_controls(**owner, OwnershipControls=ownership)
assert s3.get_bucket_ownership_controls(**owner)["OwnershipControls"] == ownership
rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
s3.put_bucket_encryption(**owner, ServerSideEncryptionConfiguration={"Rules": [rule]})
read = s3.get_bucket_encryption(**owner)["ServerSideEncryptionConfiguration"]["Rules"][0]
assert read["ApplyServerSideEncryptionByDefault"] == rule["ApplyServerSideEncryptionByDefault"]
s3.put_bucket_versioning(**owner, VersioningConfiguration={"Status": "Enabled"})
assert s3.get_bucket_versioning(**owner)["Status"] == "Enabled"
refused("NoSuchBucketPolicy", s3.get_bucket_policy, **owner)

service = {"Service": "cloudtrail.amazonaws.com"}
logs.create_log_group(logGroupName="trail")
logs.put_retention_policy(logGroupName="trail", retentionInDays=365)
role = iam.create_role(
    RoleName="trail-to-logs", AssumeRolePolicyDocument=allow("sts:AssumeRole", Principal=service)
)["Role"]["Arn"]
group = f"arn:aws:logs:us-east-1:{account}:log-group:trail"
write = allow(
    ["logs:CreateLogStream", "logs:PutLogEvents"], Resource=f"{group}:log-stream:{account}_CloudTrail_us-east-1*"
)
iam.put_role_policy(RoleName="trail-to-logs", PolicyName="write", PolicyDocument=write)
trail = {
    "Name": "all",
    "S3BucketName": bucket,
    "IsMultiRegionTrail": True,
    "EnableLogFileValidation": True,
    "CloudWatchLogsLogGroupArn": f"{group}:*",
    "CloudWatchLogsRoleArn": role,
}
refused("InsufficientS3BucketPolicyException", cloudtrail.create_trail, **trail)
look = {
    "Effect": "Allow",
    "Principal": service,
    "Action": "s3:GetBucketAcl",
    "Resource": f"arn:aws:s3:::{bucket}",
    "Condition": {"StringEquals": {"aws:SourceArn": source}},
}
put = {
    "Effect": "Allow",
    "Principal": service,
    "Action": "s3:PutObject",
    "Resource": f"arn:aws:s3:::{bucket}/AWSLogs/{account}/*",
    "Condition": {"StringEquals": {"aws:SourceArn": source, "s3:x-amz-acl": "bucket-owner-full-control"}},
}
policy = json.dumps({"Version": "2012-10-17", "Statement": [look, put]})
s3.put_bucket_policy(**owner, Policy=policy)
assert s3.get_bucket_policy(**owner)["Policy"] == policy
assert cloudtrail.create_trail(**trail)["TrailARN"] == source
assert not cloudtrail.get_trail_status(Name="all")["IsLogging"]
cloudtrail.start_logging(Name="all")
assert cloudtrail.get_trail_status(Name="all")["LatestCloudWatchLogsDeliveryTime"]

logs.put_metric_filter(
    logGroupName="trail",
    filterName="root",
    filterPattern='{ $.userIdentity.type = "Root" }',
    metricTransformations=[{"metricName": "RootUse", "metricNamespace": "LogMetrics", "metricValue": "1"}],
)
found = logs.filter_log_events(logGroupName="trail", filterPattern='{ $.eventName = "PutMetricFilter" }')["events"]
assert json.loads(found[0]["message"])["userIdentity"]["userName"] == "admin", found
assert found[0]["logStreamName"] == f"{account}_CloudTrail_us-east-1"
cloudtrail.delete_trail(Name="all")
refused("BucketNotEmpty", s3.delete_bucket, **owner)
print("all well")
