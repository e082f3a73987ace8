//! Rules of EventBridge as they are set up: patterns, targets, and the events that reach them.

use super::account;
use super::client::{call, json, json_error};
use glasskey::sim::aws::posture::{MailKind, allowing};
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:root-use";
const PATTERN: &str = r#"{"detail":{"userIdentity":{"type":["Root"]}}}"#;

fn event() -> Value {
    json!({
        "id": "1", "account": "111122223333", "source": "aws.signin", "time": "2026-11-22T12:00:15Z",
        "region": "us-east-1", "resources": [], "detail-type": "AWS Console Sign In via CloudTrail",
        "detail": {"userIdentity": {"type": "Root"}, "eventName": "ConsoleLogin"},
    })
}

#[test]
fn an_event_goes_by_its_rule_into_a_mail() {
    let (aws, admin) = account();
    call(&aws, &admin, "CreateTopic", &[("Name", "root-use")]);
    let parameters = [("TopicArn", TOPIC), ("Protocol", "email"), ("Endpoint", "security@example.com")];
    call(&aws, &admin, "Subscribe", &parameters);
    aws.open_link(&aws.mailbox()[0].link.clone().unwrap()).unwrap();
    let rule = json!({"Name": "root-use", "EventPattern": PATTERN, "Description": "Root is used"});
    let arn = json(&aws, &admin, "events.PutRule", &rule)["RuleArn"].clone();
    assert_eq!(arn, "arn:aws:events:us-east-1:111122223333:rule/root-use");
    let transformer = json!({
        "InputPathsMap": {"who": "$.detail.userIdentity.type"}, "InputTemplate": "\"<who> was used\"",
    });
    let target = json!({"Id": "mail", "Arn": TOPIC, "InputTransformer": transformer});
    json(&aws, &admin, "events.PutTargets", &json!({"Rule": "root-use", "Targets": [target]}));
    let listed = json(&aws, &admin, "events.ListTargetsByRule", &json!({"Rule": "root-use"}));
    assert_eq!(listed["Targets"][0]["Id"], "mail");
    let put = || {
        let entry = |source: &str| {
            json!({
                "Source": source, "DetailType": "AWS Console Sign In via CloudTrail",
                "Detail": event()["detail"].to_string(),
            })
        };
        json(&aws, &admin, "events.PutEvents", &json!({"Entries": [entry("glasskey.test"), entry("aws.signin")]}))
    };
    let reply = put();
    assert_eq!((&reply["FailedEntryCount"], reply["Entries"][0]["EventId"].is_string()), (&json!(1), true));
    let refused =
        json!({"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": "Not authorized for the source"});
    assert_eq!(reply["Entries"][1], refused);
    let sent = || aws.mailbox().into_iter().filter(|mail| mail.kind == MailKind::Notification).collect::<Vec<_>>();
    assert_eq!(sent().len(), 0, "the policy of a new topic lets no rule in");
    assert_eq!(aws.posture().datapoints.last().unwrap().metric, "FailedInvocations");
    let policy = allowing("sns:Publish", TOPIC);
    let policy = [("TopicArn", TOPIC), ("AttributeName", "Policy"), ("AttributeValue", policy.as_str())];
    call(&aws, &admin, "SetTopicAttributes", &policy);
    put();
    assert!(sent()[0].text.starts_with("\"Root was used\""), "{}", sent()[0].text);
    json(&aws, &admin, "events.DisableRule", &json!({"Name": "root-use"}));
    put();
    assert_eq!(sent().len(), 1);
    json(&aws, &admin, "events.EnableRule", &json!({"Name": "root-use"}));
    put();
    assert_eq!(sent().len(), 2);
}

#[test]
fn a_rule_that_is_put_again_keeps_its_targets_alone() {
    let (aws, admin) = account();
    let all = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";
    let rule = json!({"Name": "r", "EventPattern": PATTERN, "Description": "old", "State": all});
    json(&aws, &admin, "events.PutRule", &rule);
    let target = |n: i32| json!({"Id": format!("t{n}"), "Arn": TOPIC});
    let put =
        |numbers: std::ops::Range<i32>| json!({"Rule": "r", "Targets": numbers.map(target).collect::<Vec<_>>()});
    json(&aws, &admin, "events.PutTargets", &put(0..5));
    json(&aws, &admin, "events.PutTargets", &put(4..5));
    assert_eq!(
        json_error(&aws, &admin, "events.PutTargets", &put(5..6)),
        "400 LimitExceededException: The requested resource exceeds the maximum number allowed."
    );
    json(&aws, &admin, "events.PutRule", &json!({"Name": "r", "EventPattern": PATTERN}));
    let rule = json(&aws, &admin, "events.DescribeRule", &json!({"Name": "r"}));
    assert_eq!((&rule["State"], rule.get("Description")), (&json!("ENABLED"), None));
    assert_eq!(
        json_error(&aws, &admin, "events.DeleteRule", &json!({"Name": "r"})),
        "400 ValidationException: Rule can't be deleted since it has targets."
    );
    json(&aws, &admin, "events.RemoveTargets", &json!({"Rule": "r", "Ids": ["t0", "t1", "t2", "t3", "t4", "t5"]}));
    for _ in 0..2 {
        json(&aws, &admin, "events.DeleteRule", &json!({"Name": "r"}));
    }
    let missing = "400 ResourceNotFoundException: Rule r does not exist on EventBus default.";
    assert_eq!(json_error(&aws, &admin, "events.PutTargets", &put(0..1)), missing);
    assert_eq!(json_error(&aws, &admin, "events.EnableRule", &json!({"Name": "r"})), missing);
}

#[test]
fn rules_and_targets_that_are_refused() {
    let (aws, admin) = account();
    let rule = |body: Value| json_error(&aws, &admin, "events.PutRule", &body);
    let needed = "400 ValidationException: Parameter(s) EventPattern or ScheduleExpression must be specified.";
    assert_eq!(rule(json!({"Name": "r"})), needed);
    assert!(rule(json!({"Name": "r r", "EventPattern": PATTERN})).starts_with("400 ValidationException: "));
    assert!(rule(json!({"Name": "r", "EventPattern": PATTERN, "State": "ON"})).contains("enum value set"));
    for (pattern, why) in [
        ("{", "Filter is not valid JSON"),
        (r#"{"source":"aws.iam"}"#, "\"source\" must be an object or an array"),
        (r#"{"source":[{"starts":"aws"}]}"#, "Unrecognized match type starts"),
    ] {
        assert_eq!(
            rule(json!({"Name": "r", "EventPattern": pattern})),
            format!("400 InvalidEventPatternException: Event pattern is not valid. Reason: {why}")
        );
    }
    json(&aws, &admin, "events.PutRule", &json!({"Name": "r", "EventPattern": PATTERN}));
    let target =
        |target: Value| json_error(&aws, &admin, "events.PutTargets", &json!({"Rule": "r", "Targets": [target]}));
    let far = TOPIC.replace("us-east-1", "eu-west-1");
    assert_eq!(
        target(json!({"Id": "t", "Arn": far})),
        format!(
            "400 ValidationException: Parameter {far} is not valid. Reason: Provided Arn is not in correct region."
        )
    );
    assert_eq!(
        target(json!({"Id": "t", "Arn": TOPIC, "RoleArn": "arn:aws:iam::111122223333:role/r"})),
        format!("400 ValidationException: RoleArn is not supported for target {TOPIC}.")
    );
}

#[test]
fn a_pattern_is_tested_against_a_whole_event() {
    let (aws, admin) = account();
    let test = |pattern: &str, event: &Value| {
        let body = json!({"EventPattern": pattern, "Event": event.to_string()});
        json(&aws, &admin, "events.TestEventPattern", &body)["Result"] == true
    };
    assert!(test(PATTERN, &event()));
    for (pattern, fits) in [
        (r#"{"source":[{"prefix":"aws."}]}"#, true),
        (r#"{"source":[{"anything-but":["aws.signin"]}]}"#, false),
        (r#"{"source":[{"anything-but":{"prefix":"custom"}}]}"#, true),
        (r#"{"source":[{"wildcard":"aws.*n"}]}"#, true),
        (r#"{"source":[{"equals-ignore-case":"AWS.SignIn"}]}"#, true),
        (r#"{"source":[{"suffix":"iam"}]}"#, false),
        (r#"{"detail":{"errorCode":[{"exists":false}]}}"#, true),
        (r#"{"detail":{"eventName":[{"exists":false}]}}"#, false),
        (r#"{"detail":{"userIdentity":{"type":["IAMUser","Root"]}}}"#, true),
        (r#"{"detail":{"userIdentity":{"invokedBy":["x"]}}}"#, false),
    ] {
        assert_eq!(test(pattern, &event()), fits, "{pattern}");
    }
    let mut cut = event();
    cut.as_object_mut().unwrap().remove("detail-type");
    let body = json!({"EventPattern": PATTERN, "Event": cut.to_string()});
    assert_eq!(
        json_error(&aws, &admin, "events.TestEventPattern", &body),
        "400 ValidationException: Parameter Event is not valid. Reason: Event must have the member detail-type."
    );
    let entry = |entry: Value| {
        let reply = json(&aws, &admin, "events.PutEvents", &json!({"Entries": [entry]}));
        reply["Entries"][0]["ErrorCode"].as_str().unwrap().to_owned()
    };
    assert_eq!(entry(json!({"Source": "x", "Detail": "{}"})), "InvalidArgument");
    assert_eq!(entry(json!({"Source": "x", "DetailType": "y", "Detail": "["})), "MalformedDetail");
    assert!(json_error(&aws, &admin, "events.PutEvents", &json!({"Entries": []})).starts_with("400 Validation"));
}
