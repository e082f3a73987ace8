//! The topic, its policy, its key and its subscription.

use super::hcl::{Body, Expression, Resource, address};
use crate::aws::hardening::{Place, Publisher, key_document, topic_statements};
use serde_json::{Value, json};

/// A topic that is made.
pub(in crate::flow::harden) struct EmittedTopic<'a> {
    /// Its name.
    pub(in crate::flow::harden) name: &'a str,
    /// Who is to get the mail; `None`: the topic reaches somebody already.
    pub(in crate::flow::harden) email: Option<&'a str>,
    /// The alias of the key that encrypts it; `None`: it is not encrypted.
    pub(in crate::flow::harden) key: Option<&'a str>,
}

/// What is said of the key.
const KEY: &str = "Encrypts the topic that tells of each use of the root user";

fn key_policy(publisher: &Publisher, place: &Place) -> Value {
    let service = match publisher {
        Publisher::Alarm(_) => "cloudwatch.amazonaws.com",
        Publisher::Rules => "events.amazonaws.com",
    };
    key_document(place, service)
}

impl EmittedTopic<'_> {
    /// What neither language can express of it.
    pub(super) fn left_out(&self) -> Vec<String> {
        let confirmed = "a person confirms the subscription from the mail: `glasskey root alarm confirm`";
        self.email.iter().map(|_| confirmed.to_owned()).collect()
    }

    fn policy(&self, publisher: &Publisher, place: &Place) -> Value {
        let statements = topic_statements(&place.topic(self.name), std::slice::from_ref(publisher));
        json!({ "Version": "2012-10-17", "Statement": statements })
    }

    pub(super) fn in_cloudformation(&self, publisher: &Publisher, place: &Place) -> Vec<(&'static str, Value)> {
        let topic = json!({ "Ref": "RootUseTopic" });
        let mut properties = json!({ "TopicName": self.name });
        if let (Some(_), Some(members)) = (self.key, properties.as_object_mut()) {
            members.insert("KmsMasterKeyId".to_owned(), json!({ "Fn::GetAtt": ["RootUseKey", "Arn"] }));
        }
        let policy = json!({ "PolicyDocument": self.policy(publisher, place), "Topics": [topic] });
        let mut all = vec![
            ("RootUseTopic", json!({ "Type": "AWS::SNS::Topic", "Properties": properties })),
            ("RootUseTopicPolicy", json!({ "Type": "AWS::SNS::TopicPolicy", "Properties": policy })),
        ];
        if let Some(alias) = self.key {
            let key = json!({
                "Description": KEY, "EnableKeyRotation": true, "KeyPolicy": key_policy(publisher, place),
            });
            let alias = json!({ "AliasName": alias, "TargetKeyId": { "Ref": "RootUseKey" } });
            all.push(("RootUseKey", json!({ "Type": "AWS::KMS::Key", "Properties": key })));
            all.push(("RootUseKeyAlias", json!({ "Type": "AWS::KMS::Alias", "Properties": alias })));
        }
        all.extend(self.email.map(|email| {
            let subscription = json!({ "TopicArn": topic, "Protocol": "email", "Endpoint": email });
            ("RootUseSubscription", json!({ "Type": "AWS::SNS::Subscription", "Properties": subscription }))
        }));
        all
    }

    pub(super) fn in_terraform(&self, publisher: &Publisher, place: &Place) -> Vec<Resource> {
        let resource = |kind, body| Resource { kind, name: "root_use", body };
        let topic = || address("aws_sns_topic.root_use.arn");
        let mut all = Vec::new();
        let mut body = Body::default().with("name", self.name);
        if let Some(alias) = self.key {
            let key = Body::default()
                .with("description", KEY)
                .with("enable_key_rotation", true)
                .with("policy", key_policy(publisher, place));
            let target = address("aws_kms_key.root_use.key_id");
            all.push(resource("aws_kms_key", key));
            all.push(resource("aws_kms_alias", Body::default().with("name", alias).with("target_key_id", target)));
            body = body.with("kms_master_key_id", address("aws_kms_key.root_use.arn"));
        }
        let policy = Expression::Json(self.policy(publisher, place));
        all.push(resource("aws_sns_topic", body));
        all.push(resource("aws_sns_topic_policy", Body::default().with("arn", topic()).with("policy", policy)));
        all.extend(self.email.map(|email| {
            let body = Body::default().with("topic_arn", topic()).with("protocol", "email").with("endpoint", email);
            resource("aws_sns_topic_subscription", body)
        }));
        all
    }
}
