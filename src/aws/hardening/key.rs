//! KMS: a key of the account's for a topic, which whoever publishes to the topic may use.

use super::read::{flag, needed, text};
use super::{Place, found};
use crate::aws::{Account, Call, Error, Tag};
use serde_json::{Value, json};

/// Days between the schedule and the deletion of a key: the longest that KMS takes. It can be cancelled until then.
const DELETED_AFTER: u64 = 30;

/// A key to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// What a person reads in the console.
    pub description: String,
    /// By which it is known again where the reply to CreateKey was lost.
    pub tag: Tag,
    /// [`key_document`], for example.
    pub policy: Value,
}

/// A key that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMade {
    /// Its ARN.
    pub arn: String,
}

/// A key as it is (DescribeKey).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicKey {
    /// Its ARN.
    pub arn: String,
    /// Its id.
    pub id: String,
    /// What its maker says of it.
    pub description: String,
    /// `Enabled`, `Disabled`, `PendingDeletion`, …
    pub state: String,
    /// It is a service's own, and not the account's.
    pub of_aws: bool,
}

impl Account {
    /// CreateKey: a symmetric key. Sent once: after a lost reply [`Account::keys_without_alias`] tells.
    pub fn create_key(&self, region: &str, key: &NewKey) -> Result<KeyMade, Error> {
        let call = Call::CreateKey;
        let body = json!({
            "Description": key.description, "Policy": key.policy.to_string(),
            "Tags": [{ "TagKey": key.tag.key, "TagValue": key.tag.value }],
        });
        let answer = self.plain(call, region, body)?;
        let made = answer.get("KeyMetadata").ok_or(Error::Malformed { call })?;
        Ok(KeyMade { arn: needed(call, made, "Arn")? })
    }

    /// DescribeKey, by an id, an ARN or an alias. `None`: there is no such key.
    pub fn key(&self, region: &str, name: &str) -> Result<Option<TopicKey>, Error> {
        let call = Call::DescribeKey;
        let Some(answer) = found(self.plain(call, region, json!({ "KeyId": name })))? else { return Ok(None) };
        let of = answer.get("KeyMetadata").ok_or(Error::Malformed { call })?;
        Ok(Some(TopicKey {
            arn: needed(call, of, "Arn")?,
            id: needed(call, of, "KeyId")?,
            description: text(of, "Description").unwrap_or_default(),
            state: needed(call, of, "KeyState")?,
            of_aws: text(of, "KeyManager").as_deref() == Some("AWS"),
        }))
    }

    /// The ids of the region's keys that no alias is for (ListKeys, ListAliases).
    pub fn keys_without_alias(&self, region: &str) -> Result<Vec<String>, Error> {
        let named = self.kms_list(Call::ListAliases, region, json!({}), "Aliases")?;
        let named: Vec<String> = named.iter().filter_map(|one| text(one, "TargetKeyId")).collect();
        let call = Call::ListKeys;
        let keys = self.kms_list(call, region, json!({}), "Keys")?;
        let ids = keys.iter().map(|one| needed(call, one, "KeyId")).collect::<Result<Vec<_>, Error>>()?;
        Ok(ids.into_iter().filter(|id| !named.contains(id)).collect())
    }

    /// Whether a key has a tag (ListResourceTags).
    pub fn key_has_tag(&self, region: &str, key: &str, tag: &Tag) -> Result<bool, Error> {
        let tags = self.kms_list(Call::ListResourceTags, region, json!({ "KeyId": key }), "Tags")?;
        let is = |one: &Value| {
            text(one, "TagKey").as_ref() == Some(&tag.key) && text(one, "TagValue").as_ref() == Some(&tag.value)
        };
        Ok(tags.iter().any(is))
    }

    /// KMS's lists: `Marker` in, `NextMarker` out.
    fn kms_list(&self, call: Call, region: &str, body: Value, list: &str) -> Result<Vec<Value>, Error> {
        self.ask(async |client| client.pages_by(call, region, body, list, ("NextMarker", "Marker")).await)
    }

    /// GetKeyPolicy, by an id or an ARN. `None`: there is no such key.
    pub fn key_policy(&self, region: &str, key: &str) -> Result<Option<String>, Error> {
        let call = Call::GetKeyPolicy;
        let answer = found(self.plain(call, region, json!({ "KeyId": key, "PolicyName": "default" })))?;
        answer.map(|answer| needed(call, &answer, "Policy")).transpose()
    }

    /// PutKeyPolicy: whole. KMS refuses one with which the caller could not put another.
    pub fn put_key_policy(&self, region: &str, key: &str, policy: &str) -> Result<(), Error> {
        let body = json!({ "KeyId": key, "PolicyName": "default", "Policy": policy });
        self.plain(Call::PutKeyPolicy, region, body).map(drop)
    }

    /// GetKeyRotationStatus: whether its material is replaced every year.
    pub fn key_rotates(&self, region: &str, key: &str) -> Result<bool, Error> {
        let answer = self.plain(Call::GetKeyRotationStatus, region, json!({ "KeyId": key }))?;
        Ok(flag(&answer, "KeyRotationEnabled"))
    }

    /// EnableKeyRotation.
    pub fn enable_key_rotation(&self, region: &str, key: &str) -> Result<(), Error> {
        self.plain(Call::EnableKeyRotation, region, json!({ "KeyId": key })).map(drop)
    }

    /// CreateAlias. [`Error::Refused`] with `AlreadyExistsException` where a key has it.
    pub fn create_alias(&self, region: &str, alias: &str, key: &str) -> Result<(), Error> {
        self.plain(Call::CreateAlias, region, json!({ "AliasName": alias, "TargetKeyId": key })).map(drop)
    }

    /// DeleteAlias. The key stays.
    pub fn delete_alias(&self, region: &str, alias: &str) -> Result<(), Error> {
        self.plain(Call::DeleteAlias, region, json!({ "AliasName": alias })).map(drop)
    }

    /// ScheduleKeyDeletion, in thirty days. Until then CancelKeyDeletion takes it back.
    pub fn schedule_key_deletion(&self, region: &str, key: &str) -> Result<(), Error> {
        let body = json!({ "KeyId": key, "PendingWindowInDays": DELETED_AFTER });
        self.plain(Call::ScheduleKeyDeletion, region, body).map(drop)
    }

    /// SetTopicAttributes: the key that encrypts the topic; empty: none.
    pub fn set_topic_key(&self, topic: &str, key: &str) -> Result<(), Error> {
        let region = topic.split(':').nth(3).unwrap_or_default();
        let body = json!({ "TopicArn": topic, "AttributeName": "KmsMasterKeyId", "AttributeValue": key });
        self.plain(Call::SetTopicAttributes, region, body).map(drop)
    }
}

/// The key's policy: the account administers it, and the service that publishes to the topic uses it. EventBridge says
/// neither `aws:SourceArn` nor `aws:SourceAccount` of such a use, so neither is asked for (SNS Developer Guide, "Enable
/// compatibility between event sources from AWS services and encrypted topics").
#[must_use]
pub fn key_document(place: &Place, service: &str) -> Value {
    let root = format!("arn:{}:iam::{}:root", place.partition, place.account);
    json!({
        "Version": "2012-10-17",
        "Statement": [
            { "Sid": "Account", "Effect": "Allow", "Principal": { "AWS": root }, "Action": "kms:*", "Resource": "*" },
            {
                "Sid": "GlasskeyPublisher", "Effect": "Allow", "Principal": { "Service": service },
                "Action": ["kms:Decrypt", "kms:GenerateDataKey*"], "Resource": "*",
            },
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_administers_the_key_and_one_service_uses_it() {
        let place =
            Place { partition: "aws".to_owned(), region: "us-east-1".to_owned(), account: "111122223333".to_owned() };
        let text = key_document(&place, "events.amazonaws.com").to_string();
        assert!(text.contains("arn:aws:iam::111122223333:root") && text.contains("kms:GenerateDataKey*"), "{text}");
        assert!(!text.contains("aws:Source"), "{text}");
    }
}
