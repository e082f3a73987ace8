//! KMS's keys as they are made, named and scheduled for deletion; events that a role sends from bus to bus.

use super::client::{call, json, json_call, json_error};
use super::{account, wait};
use glasskey::sim::aws::posture::allowing;
use glasskey::sim::aws::{Aws, Keys};
use serde_json::{Value, json};

const ROOT: &str = "arn:aws:iam::111122223333:root";

fn policy(action: &str) -> String {
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": ROOT }, "Action": action, "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

/// The status and the code of a refusal.
fn refusal(aws: &Aws, keys: &Keys, action: &str, body: &Value) -> String {
    json_error(aws, keys, action, body).split(':').next().unwrap().to_owned()
}

#[test]
fn a_key_is_made_named_and_scheduled_for_deletion() {
    let (aws, admin) = account();
    let tags = json!([{ "TagKey": "made-by", "TagValue": "somebody" }]);
    let wanted = json!({ "Policy": policy("kms:*"), "Description": "A key", "Tags": tags });
    let made = json(&aws, &admin, "kms.CreateKey", &wanted)["KeyMetadata"].clone();
    let named = |action: &str| json(&aws, &admin, action, &json!({ "KeyId": made["KeyId"] }));
    assert_eq!((&made["KeyState"], &made["Description"]), (&json!("Enabled"), &json!("A key")));
    assert_eq!(named("kms.ListResourceTags")["Tags"], tags);
    let alias = json!({ "AliasName": "alias/mine", "TargetKeyId": made["KeyId"] });
    json(&aws, &admin, "kms.CreateAlias", &alias);
    assert_eq!(refusal(&aws, &admin, "kms.CreateAlias", &alias), "400 AlreadyExistsException");
    assert_eq!(json(&aws, &admin, "kms.ListAliases", &json!({}))["Aliases"][0]["TargetKeyId"], made["KeyId"]);
    assert_eq!(named("kms.GetKeyRotationStatus")["KeyRotationEnabled"], json!(false));
    named("kms.EnableKeyRotation");
    assert_eq!(named("kms.GetKeyRotationStatus")["KeyRotationEnabled"], json!(true));
    let days = |days: u32| json!({ "KeyId": made["KeyId"], "PendingWindowInDays": days });
    assert_eq!(refusal(&aws, &admin, "kms.ScheduleKeyDeletion", &days(31)), "400 ValidationException");
    json(&aws, &admin, "kms.ScheduleKeyDeletion", &days(30));
    for (action, body) in [
        ("kms.ScheduleKeyDeletion", days(30)),
        ("kms.EnableKeyRotation", json!({ "KeyId": made["KeyId"] })),
        ("kms.CreateAlias", json!({ "AliasName": "alias/other", "TargetKeyId": made["KeyId"] })),
    ] {
        assert_eq!(refusal(&aws, &admin, action, &body), "400 KMSInvalidStateException", "{action}");
    }
    named("kms.CancelKeyDeletion");
    assert_eq!(named("kms.DescribeKey")["KeyMetadata"]["KeyState"], "Disabled");
    json(&aws, &admin, "kms.DeleteAlias", &json!({ "AliasName": "alias/mine" }));
    assert_eq!(refusal(&aws, &admin, "kms.DescribeKey", &json!({ "KeyId": "alias/mine" })), "400 NotFoundException");
}

#[test]
fn a_policy_that_locks_the_account_out_is_refused() {
    let (aws, admin) = account();
    for text in [policy("kms:Decrypt"), allowing("kms:*", "*"), "{".to_owned()] {
        let refused = refusal(&aws, &admin, "kms.CreateKey", &json!({ "Policy": text }));
        assert_eq!(refused, "400 MalformedPolicyDocumentException", "{text}");
    }
    for (alias, right) in [("mine", "400 ValidationException"), ("alias/aws/x", "400 NotAuthorizedException")] {
        let wanted = json!({ "AliasName": alias, "TargetKeyId": "x" });
        assert_eq!(refusal(&aws, &admin, "kms.CreateAlias", &wanted), right);
    }
}

/// The role is seen after a while, and decides whether an event comes to the other bus.
#[test]
fn a_role_sends_events_from_bus_to_bus() {
    let (aws, admin) = account();
    let bus = "arn:aws:events:us-east-1:111122223333:event-bus/default";
    let rule = json!({ "Name": "r", "EventPattern": "{\"source\":[\"mine\"]}" });
    for region in ["us-east-1", "eu-west-1"] {
        assert_eq!(json_call(&aws, &admin, region, "events.PutRule", &rule).0, 200);
    }
    let role = "arn:aws:iam::111122223333:role/sender";
    let target = json!({ "Rule": "r", "Targets": [{ "Id": "bus", "Arn": bus, "RoleArn": role }] });
    let put = || json_call(&aws, &admin, "eu-west-1", "events.PutTargets", &target);
    let refused = put();
    assert!(refused.1.to_string().contains("cannot be assumed by principal 'events.amazonaws.com'"), "{refused:?}");
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    call(&aws, &admin, "CreateRole", &[("RoleName", "sender"), ("AssumeRolePolicyDocument", trust)]);
    assert_eq!(put().0, 400, "not seen yet");
    wait(&aws, 11);
    assert_eq!(put().0, 200);
    let topic = "arn:aws:sns:us-east-1:111122223333:t";
    call(&aws, &admin, "CreateTopic", &[("Name", "t")]);
    let to_topic = json!({ "Rule": "r", "Targets": [{ "Id": "topic", "Arn": topic }] });
    assert_eq!(json_call(&aws, &admin, "us-east-1", "events.PutTargets", &to_topic).0, 200);
    let entry = json!({ "Entries": [{ "Source": "mine", "DetailType": "x", "Detail": "{}" }] });
    let counted = || {
        let points = aws.posture().datapoints;
        let of = |region: &str, metric: &str| {
            points.iter().filter(|point| point.region == region && point.metric == metric).count()
        };
        (of("eu-west-1", "FailedInvocations"), of("us-east-1", "Invocations"))
    };
    json_call(&aws, &admin, "eu-west-1", "events.PutEvents", &entry);
    assert_eq!(counted(), (1, 0), "the role may not");
    let may = json!({ "Effect": "Allow", "Action": "events:PutEvents", "Resource": bus });
    let may = json!({ "Version": "2012-10-17", "Statement": [may] });
    let policy = [("RoleName", "sender"), ("PolicyName", "p"), ("PolicyDocument", &may.to_string())];
    call(&aws, &admin, "PutRolePolicy", &policy);
    json_call(&aws, &admin, "eu-west-1", "events.PutEvents", &entry);
    assert_eq!(counted(), (1, 1));
}
