//! S3: the bucket that a trail delivers to. Every call after the first names the account that must own it: a name that a
//! stranger takes in between is refused.

use super::is_new_bucket_name;
use super::read::text;
use super::{Place, found};
use crate::aws::{Account, Call, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Where a bucket needs no location constraint, and takes none.
const FIRST: &str = "us-east-1";

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// A bucket of the account's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The region it is in.
    pub region: String,
    /// The account that must own it: twelve digits.
    pub owner: String,
}

/// What a bucket is set to, as far as a trail's bucket is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketSettings {
    /// All four blocks of public access are on.
    pub public_access_blocked: bool,
    /// `BucketOwnerEnforced`, … `None`: it has no such setting.
    pub ownership: Option<String>,
    /// `AES256`, `aws:kms`, … `None`: it has no such setting.
    pub encryption: Option<String>,
    /// Versioning is enabled.
    pub versioned: bool,
}

impl Bucket {
    fn about(&self) -> Value {
        json!({ "Bucket": self.name, "ExpectedBucketOwner": self.owner })
    }

    fn with(&self, body: &str) -> Value {
        json!({ "Bucket": self.name, "ExpectedBucketOwner": self.owner, "Body": body })
    }
}

impl Account {
    /// CreateBucket, in a region. [`super::Obstacle::OwnBucket`] where the account has it (us-east-1 may give it again),
    /// [`super::Obstacle::StrangersBucket`] where another account has one of the name. Sent once: after a lost reply
    /// [`Account::bucket_region`] tells.
    ///
    /// # Errors
    /// [`Error::Invalid`] where no bucket can be made under the name; nothing is sent then.
    pub fn create_bucket(&self, region: &str, name: &str) -> Result<Bucket, Error> {
        if !is_new_bucket_name(name) {
            return Err(Error::Invalid { message: format!("{name} cannot be the name of a bucket") });
        }
        let body = match region {
            FIRST => String::new(),
            region => format!(
                "<CreateBucketConfiguration xmlns=\"{NAMESPACE}\"><LocationConstraint>{region}</LocationConstraint>\
                 </CreateBucketConfiguration>"
            ),
        };
        self.plain(Call::CreateBucket, region, json!({ "Bucket": name, "Body": body }))?;
        let owner = self.caller().account.clone();
        Ok(Bucket { name: name.to_owned(), region: region.to_owned(), owner })
    }

    /// GetBucketLocation: the region of a bucket of the caller's account. `None`: there is no bucket of this name. One of a
    /// stranger's is [`Error::Denied`]. `region`: where it is asked. us-east-1 knows every bucket of its partition; another
    /// region may say [`super::Obstacle::WrongRegion`] of a bucket elsewhere.
    pub fn bucket_region(&self, region: &str, name: &str) -> Result<Option<String>, Error> {
        let call = Call::GetBucketLocation;
        let body = json!({ "Bucket": name, "ExpectedBucketOwner": self.caller().account });
        let Some(answer) = found(self.plain(call, region, body))? else { return Ok(None) };
        match answer.get("LocationConstraint").and_then(Value::as_str).map(str::trim) {
            Some("") => Ok(Some(FIRST.to_owned())),
            // The oldest buckets in Ireland (API Reference, "GetBucketLocation").
            Some("EU") => Ok(Some("eu-west-1".to_owned())),
            Some(region) => Ok(Some(region.to_owned())),
            None => Err(Error::Malformed { call }),
        }
    }

    /// PutPublicAccessBlock: all four.
    pub fn block_public_access(&self, bucket: &Bucket) -> Result<(), Error> {
        let names = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
        let inside: String = names.iter().map(|name| format!("<{name}>true</{name}>")).collect();
        self.set_bucket(Call::PutPublicAccessBlock, bucket, "PublicAccessBlockConfiguration", &inside)
    }

    /// PutBucketOwnershipControls: the bucket's owner owns every object; access control lists are off.
    pub fn enforce_bucket_owner(&self, bucket: &Bucket) -> Result<(), Error> {
        let inside = "<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>";
        self.set_bucket(Call::PutBucketOwnershipControls, bucket, "OwnershipControls", inside)
    }

    /// PutBucketEncryption: with S3's own keys.
    pub fn encrypt_bucket(&self, bucket: &Bucket) -> Result<(), Error> {
        let inside = "<Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
                      </ApplyServerSideEncryptionByDefault></Rule>";
        self.set_bucket(Call::PutBucketEncryption, bucket, "ServerSideEncryptionConfiguration", inside)
    }

    /// PutBucketVersioning: enabled.
    pub fn version_bucket(&self, bucket: &Bucket) -> Result<(), Error> {
        self.set_bucket(Call::PutBucketVersioning, bucket, "VersioningConfiguration", "<Status>Enabled</Status>")
    }

    fn set_bucket(&self, call: Call, bucket: &Bucket, root: &str, inside: &str) -> Result<(), Error> {
        let body = format!("<{root} xmlns=\"{NAMESPACE}\">{inside}</{root}>");
        self.plain(call, &bucket.region, bucket.with(&body)).map(drop)
    }

    /// The four settings, one call each.
    pub fn bucket_settings(&self, bucket: &Bucket) -> Result<BucketSettings, Error> {
        let get = |call| found(self.plain(call, &bucket.region, bucket.about()));
        let rule = |answer: Option<Value>| answer.and_then(|answer| answer.get("Rule").cloned());
        let blocks = get(Call::GetPublicAccessBlock)?;
        let names = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
        let on = |block: &Value, name: &str| block.get(name).and_then(Value::as_str) == Some("true");
        let encryption = rule(get(Call::GetBucketEncryption)?);
        let default = encryption.and_then(|rule| rule.get("ApplyServerSideEncryptionByDefault").cloned());
        let versioning = get(Call::GetBucketVersioning)?;
        Ok(BucketSettings {
            public_access_blocked: blocks.is_some_and(|block| names.iter().all(|name| on(&block, name))),
            ownership: rule(get(Call::GetBucketOwnershipControls)?).and_then(|rule| text(&rule, "ObjectOwnership")),
            encryption: default.and_then(|default| text(&default, "SSEAlgorithm")),
            versioned: versioning.and_then(|answer| text(&answer, "Status")).as_deref() == Some("Enabled"),
        })
    }

    /// GetBucketPolicy. `None`: it has none.
    pub fn bucket_policy(&self, bucket: &Bucket) -> Result<Option<String>, Error> {
        let call = Call::GetBucketPolicy;
        let answer = found(self.plain(call, &bucket.region, bucket.about()))?;
        answer.map(|answer| text(&answer, "Policy").ok_or(Error::Malformed { call })).transpose()
    }

    /// PutBucketPolicy: takes the place of the whole policy, so what is put is [`super::merged`] with what was there.
    pub fn put_bucket_policy(&self, bucket: &Bucket, policy: &str) -> Result<(), Error> {
        self.plain(Call::PutBucketPolicy, &bucket.region, bucket.with(policy)).map(drop)
    }

    /// DeleteBucketPolicy: where there was none before.
    pub fn delete_bucket_policy(&self, bucket: &Bucket) -> Result<(), Error> {
        self.plain(Call::DeleteBucketPolicy, &bucket.region, bucket.about()).map(drop)
    }

    /// ListObjectVersions: whether the bucket holds nothing, no former version and no mark of a deletion either.
    pub fn bucket_is_empty(&self, bucket: &Bucket) -> Result<bool, Error> {
        let call = Call::ListObjectVersions;
        let answer = self.plain(call, &bucket.region, bucket.about())?;
        answer.get("Any").and_then(Value::as_bool).map(|any| !any).ok_or(Error::Malformed { call })
    }

    /// DeleteBucket. [`super::Obstacle::NotEmpty`] where it holds anything: objects are never deleted here.
    pub fn delete_bucket(&self, bucket: &Bucket) -> Result<(), Error> {
        self.plain(Call::DeleteBucket, &bucket.region, bucket.about()).map(drop)
    }
}

/// What lets CloudTrail deliver a trail to a bucket, and nothing else: `trail` is its ARN, which is known before it is made.
/// `organization`: `o-…`, for a trail of every account (CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail").
#[must_use]
pub fn trail_statements(
    place: &Place,
    bucket: &str,
    prefix: Option<&str>,
    trail: &str,
    organization: Option<&str>,
) -> Vec<Value> {
    let bucket = format!("arn:{}:s3:::{bucket}", place.partition);
    let prefix = prefix.map(|prefix| format!("{prefix}/")).unwrap_or_default();
    let logs = |whose: &str| format!("{bucket}/{prefix}AWSLogs/{whose}/*");
    let objects: Value = match organization {
        None => json!(logs(&place.account)),
        Some(organization) => json!([logs(&place.account), logs(organization)]),
    };
    let cloudtrail = json!({ "Service": "cloudtrail.amazonaws.com" });
    vec![
        json!({
            "Sid": "GlasskeyTrailAclCheck", "Effect": "Allow", "Principal": cloudtrail,
            "Action": "s3:GetBucketAcl", "Resource": bucket,
            "Condition": { "StringEquals": { "aws:SourceArn": trail } },
        }),
        json!({
            "Sid": "GlasskeyTrailWrite", "Effect": "Allow", "Principal": cloudtrail,
            "Action": "s3:PutObject", "Resource": objects,
            "Condition": {
                "StringEquals": { "aws:SourceArn": trail, "s3:x-amz-acl": "bucket-owner-full-control" },
            },
        }),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn the_trail_alone_may_write_and_only_below_its_account() {
        let place = Place {
            partition: "aws-cn".to_owned(),
            region: "cn-north-1".to_owned(),
            account: "111122223333".to_owned(),
        };
        let trail = place.trail("all");
        assert_eq!(trail, "arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/all");
        let [look, write] = &trail_statements(&place, "logs", Some("ct"), &trail, None)[..] else { return };
        assert_eq!(look["Resource"], "arn:aws-cn:s3:::logs");
        assert_eq!(write["Resource"], "arn:aws-cn:s3:::logs/ct/AWSLogs/111122223333/*");
        for statement in [look, write] {
            assert_eq!(statement["Condition"]["StringEquals"]["aws:SourceArn"], json!(trail));
            assert_eq!(statement["Principal"], json!({ "Service": "cloudtrail.amazonaws.com" }));
        }
        let all = trail_statements(&place, "logs", None, &trail, Some("o-abc"));
        let objects = ["arn:aws-cn:s3:::logs/AWSLogs/111122223333/*", "arn:aws-cn:s3:::logs/AWSLogs/o-abc/*"];
        assert_eq!(all[1]["Resource"], json!(objects));
    }
}
