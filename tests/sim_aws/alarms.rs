//! Setting up what tells a person: topics, subscriptions and their mail, alarms and their states.

use super::client::{call, json, json_error, verdict};
use super::{account, wait};
use glasskey::sim::aws::posture::{Key, Mail, MailKind, allowing};
use glasskey::sim::aws::{Aws, Keys};
use serde_json::{Value, json};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:root-use";
const ADDRESS: &str = "security@example.com";

/// A topic that one address is asked to subscribe to.
fn topic() -> (Aws, Keys) {
    let (aws, admin) = account();
    assert_eq!(call(&aws, &admin, "CreateTopic", &[("Name", "root-use")]).get("TopicArn").unwrap(), TOPIC);
    assert_eq!(subscribe(&aws, &admin, &[]), "pending confirmation");
    (aws, admin)
}

fn subscribe(aws: &Aws, keys: &Keys, more: &[(&str, &str)]) -> String {
    let parameters = [&[("TopicArn", TOPIC), ("Protocol", "email"), ("Endpoint", ADDRESS)], more].concat();
    call(aws, keys, "Subscribe", &parameters).get("SubscriptionArn").unwrap()
}

fn last(aws: &Aws, kind: MailKind) -> Mail {
    aws.mailbox().into_iter().rfind(|mail| mail.kind == kind).unwrap()
}

fn confirm(aws: &Aws, keys: &Keys, more: &[(&str, &str)]) -> String {
    let token = last(aws, MailKind::Confirmation).token.unwrap();
    let parameters = [&[("TopicArn", TOPIC), ("Token", token.as_str())], more].concat();
    call(aws, keys, "ConfirmSubscription", &parameters).get("SubscriptionArn").unwrap()
}

fn listed(aws: &Aws, keys: &Keys) -> String {
    let list = call(aws, keys, "ListSubscriptionsByTopic", &[("TopicArn", TOPIC)]);
    list.get("SubscriptionArn").unwrap_or_default()
}

fn set_attribute(aws: &Aws, keys: &Keys, name: &str, value: &str) -> String {
    let parameters = [("TopicArn", TOPIC), ("AttributeName", name), ("AttributeValue", value)];
    verdict(aws, keys, "SetTopicAttributes", &parameters)
}

fn alarm() -> Value {
    json!({
        "AlarmName": "root-use", "MetricName": "RootUse", "Namespace": "LogMetrics", "Statistic": "Sum",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 1.0, "Period": 300,
        "EvaluationPeriods": 3, "DatapointsToAlarm": 1, "TreatMissingData": "notBreaching", "AlarmActions": [TOPIC],
    })
}

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

fn set_state(aws: &Aws, keys: &Keys, value: &str, reason: &str) {
    let body = json!({"AlarmName": "root-use", "StateValue": value, "StateReason": reason});
    json(aws, keys, "cloudwatch.SetAlarmState", &body);
}

fn state(aws: &Aws, keys: &Keys) -> String {
    let alarms = json(aws, keys, "cloudwatch.DescribeAlarms", &json!({}));
    alarms["MetricAlarms"][0]["StateValue"].as_str().unwrap().to_owned()
}

/// The newest line of this kind in the alarm's history.
fn history(aws: &Aws, keys: &Keys, kind: &str) -> String {
    let body = json!({"AlarmName": "root-use", "HistoryItemType": kind});
    let items = json(aws, keys, "cloudwatch.DescribeAlarmHistory", &body);
    items["AlarmHistoryItems"][0]["HistorySummary"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn from_a_topic_to_a_mail_in_the_box() {
    let (aws, admin) = topic();
    let asked = last(&aws, MailKind::Confirmation);
    assert_eq!((asked.to.as_str(), asked.topic.as_str()), (ADDRESS, TOPIC));
    assert!(asked.link.unwrap().contains(&asked.token.unwrap()));
    let policy = allowing("sns:Publish", TOPIC);
    assert_eq!(set_attribute(&aws, &admin, "Policy", &policy), "200");
    let arn = confirm(&aws, &admin, &[("AuthenticateOnUnsubscribe", "true")]);
    assert_eq!(listed(&aws, &admin), arn);
    json(&aws, &admin, "cloudwatch.PutMetricAlarm", &alarm());
    assert_eq!(state(&aws, &admin), "INSUFFICIENT_DATA");
    set_state(&aws, &admin, "ALARM", "code 314159");
    assert_eq!(history(&aws, &admin, "StateUpdate"), "Alarm updated from INSUFFICIENT_DATA to ALARM");
    assert_eq!(history(&aws, &admin, "Action"), format!("Successfully executed action {TOPIC}"));
    let mail = last(&aws, MailKind::Notification);
    assert_eq!(mail.subject, "ALARM: \"root-use\" in US East (N. Virginia)");
    assert!(mail.text.contains("- Reason for State Change: code 314159\n"), "{}", mail.text);
    // The same state again sends nothing; the metric takes over within seconds.
    set_state(&aws, &admin, "ALARM", "again");
    assert_eq!(aws.mailbox().len(), 2);
    wait(&aws, 10);
    assert_eq!(state(&aws, &admin), "OK");
}

#[test]
fn topics_come_change_and_go() {
    let (aws, admin) = topic();
    let v = |action: &str, parameters: &[(&str, &str)]| verdict(&aws, &admin, action, parameters);
    let invalid = |what: &str| format!("400 InvalidParameter: Invalid parameter: {what}");
    assert_eq!(v("CreateTopic", &[("Name", "root-use")]), "200");
    let key = [("Name", "root-use"), ("Attributes.entry.1.key", "KmsMasterKeyId"), ("Attributes.entry.1.value", "k")];
    assert_eq!(v("CreateTopic", &key), invalid("Attributes Reason: Topic already exists with different attributes"));
    assert_eq!(v("CreateTopic", &[("Name", "root use")]), invalid("Topic Name"));
    assert_eq!(set_attribute(&aws, &admin, "Colour", "red"), invalid("AttributeName"));
    assert_eq!(set_attribute(&aws, &admin, "Policy", "{"), invalid("Policy Error: null"));
    assert_eq!(set_attribute(&aws, &admin, "KmsMasterKeyId", "alias/mine"), "200");
    let attributes = || call(&aws, &admin, "GetTopicAttributes", &[("TopicArn", TOPIC)]).text;
    assert!(attributes().contains("alias/mine"));
    assert_eq!(set_attribute(&aws, &admin, "KmsMasterKeyId", ""), "200");
    assert!(!attributes().contains("KmsMasterKeyId"));
    for _ in 0..2 {
        assert_eq!(v("DeleteTopic", &[("TopicArn", TOPIC)]), "200");
    }
    assert_eq!(set_attribute(&aws, &admin, "Policy", "{}"), "404 NotFound: Topic does not exist");
    assert_eq!(aws.posture().subscriptions, []);
    let bob = aws.add_user("bob");
    assert_eq!(
        verdict(&aws, &bob, "CreateTopic", &[("Name", "x")]),
        "403 AuthorizationError: User: arn:aws:iam::111122223333:user/bob is not authorized to perform: \
         sns:CreateTopic on resource: arn:aws:sns:us-east-1:111122223333:x because no identity-based policy allows the \
         sns:CreateTopic action"
    );
}

#[test]
fn a_subscription_waits_two_days_for_its_confirmation() {
    let (aws, admin) = topic();
    assert_eq!(listed(&aws, &admin), "PendingConfirmation");
    let pending = "400 InvalidParameter: Invalid parameter: SubscriptionArn Reason: pending confirmation does not \
                   start with arn";
    assert_eq!(verdict(&aws, &admin, "Unsubscribe", &[("SubscriptionArn", "pending confirmation")]), pending);
    wait(&aws, 86_400);
    // Asking once more sends another mail, and gives the time anew.
    let arn = subscribe(&aws, &admin, &[("ReturnSubscriptionArn", "true")]);
    assert!(arn.starts_with(TOPIC) && aws.mailbox().len() == 2);
    assert_eq!(verdict(&aws, &admin, "Unsubscribe", &[("SubscriptionArn", &arn)]), pending);
    let attributes = call(&aws, &admin, "GetSubscriptionAttributes", &[("SubscriptionArn", &arn)]).text;
    assert!(attributes.contains("<key>PendingConfirmation</key>\n<value>true</value>"), "{attributes}");
    let token = last(&aws, MailKind::Confirmation).token.unwrap();
    let confirm = [("TopicArn", TOPIC), ("Token", token.as_str())];
    let wrong = [confirm[0], ("Token", "2336")];
    let invalid = "400 InvalidParameter: Invalid parameter: Token";
    assert_eq!(verdict(&aws, &admin, "ConfirmSubscription", &wrong), invalid);
    wait(&aws, 2 * 86_400);
    assert_eq!(verdict(&aws, &admin, "ConfirmSubscription", &confirm), invalid);
    assert_eq!(listed(&aws, &admin), "");
}

#[test]
fn what_cannot_be_subscribed() {
    let (aws, admin) = topic();
    for (protocol, endpoint, why) in [
        ("pigeon", "loft", "Amazon SNS does not support this protocol string: pigeon"),
        ("email", "nobody", "Email address"),
        ("https", "http://example.com", "Endpoint must match the specified protocol"),
    ] {
        let parameters = [("TopicArn", TOPIC), ("Protocol", protocol), ("Endpoint", endpoint)];
        let refused = format!("400 InvalidParameter: Invalid parameter: {why}");
        assert_eq!(verdict(&aws, &admin, "Subscribe", &parameters), refused);
    }
}

/// Mail scanners open every link: only a confirmation by the account itself withstands that.
#[test]
fn a_link_ends_a_subscription_that_a_link_confirmed() {
    let (aws, admin) = topic();
    let link = last(&aws, MailKind::Confirmation).link.unwrap();
    assert!(aws.open_link(&link).unwrap().starts_with("Subscription confirmed!"));
    let publish = [("TopicArn", TOPIC), ("Message", "hello"), ("Subject", "greeting")];
    assert_eq!(verdict(&aws, &admin, "Publish", &publish), "200");
    let unsubscribe = last(&aws, MailKind::Notification).link.unwrap();
    assert_eq!(aws.open_link(&unsubscribe), Ok("Subscription removed!".to_owned()));
    assert_eq!(listed(&aws, &admin), "Deleted");
    assert_eq!(last(&aws, MailKind::Cancellation).to, ADDRESS);
    assert!(aws.open_link("https://example.com/").is_err());
    // Subscribed anew, and confirmed by the account.
    assert_eq!(subscribe(&aws, &admin, &[]), "pending confirmation");
    let arn = confirm(&aws, &admin, &[("AuthenticateOnUnsubscribe", "true")]);
    let attributes = call(&aws, &admin, "GetSubscriptionAttributes", &[("SubscriptionArn", &arn)]).text;
    assert!(attributes.contains("<key>ConfirmationWasAuthenticated</key>\n<value>true</value>"), "{attributes}");
    assert_eq!(verdict(&aws, &admin, "Publish", &publish), "200");
    assert!(aws.open_link(&last(&aws, MailKind::Notification).link.unwrap()).is_err());
    for _ in 0..2 {
        assert_eq!(verdict(&aws, &admin, "Unsubscribe", &[("SubscriptionArn", &arn)]), "200");
    }
    assert_eq!(listed(&aws, &admin), "Deleted");
    let empty = [("TopicArn", TOPIC), ("Message", "")];
    let refused = "400 InvalidParameter: Invalid parameter: Empty message";
    assert_eq!(verdict(&aws, &admin, "Publish", &empty), refused);
}

/// The alarm says nothing about a mail that did not go; its history does.
#[test]
fn the_topics_policy_and_its_key_decide_whether_a_mail_goes() {
    let (aws, admin) = topic();
    confirm(&aws, &admin, &[]);
    json(&aws, &admin, "cloudwatch.PutMetricAlarm", &alarm());
    let went = |wrong: &str| {
        let before = aws.mailbox().len();
        set_state(&aws, &admin, "OK", "before");
        set_state(&aws, &admin, "ALARM", "now");
        let history = history(&aws, &admin, "Action");
        assert!(history.contains(wrong), "{history}");
        aws.mailbox().len() > before
    };
    assert!(went("Successfully"), "the policy of a new topic lets the account's alarms in");
    set_attribute(&aws, &admin, "KmsMasterKeyId", "alias/aws/sns");
    assert!(!went("Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException"));
    set_attribute(&aws, &admin, "KmsMasterKeyId", "alias/mine");
    let refused = "CloudWatch Alarms does not have authorization to access the SNS topic encryption key";
    assert!(!went(refused));
    let key = Key { alias: Some("alias/mine".to_owned()), policy: Some(allowing("kms:*", "*")), ..Key::default() };
    aws.arrange(|posture| posture.keys = vec![key]);
    assert!(went("Successfully"));
    let other = allowing("sns:Publish", "arn:aws:sns:us-east-1:111122223333:other");
    set_attribute(&aws, &admin, "Policy", &other);
    let alarm = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:root-use";
    assert!(!went(&format!("Resource: {alarm} is not authorized to perform: SNS:Publish on resource: {TOPIC}")));
    let of_alarm = |source: &str| {
        json!({"Statement": [{
            "Effect": "Allow", "Principal": {"Service": "cloudwatch.amazonaws.com"}, "Action": "sns:Publish",
            "Resource": TOPIC,
            "Condition": {
                "ArnLike": {"aws:SourceArn": source}, "StringEquals": {"aws:SourceAccount": "111122223333"},
            },
        }]})
    };
    set_attribute(&aws, &admin, "Policy", &of_alarm(alarm).to_string());
    assert!(went("Successfully"));
    set_attribute(&aws, &admin, "Policy", &of_alarm("arn:aws:cloudwatch:*:*:alarm:other").to_string());
    assert!(!went("is not authorized"));
    verdict(&aws, &admin, "DeleteTopic", &[("TopicArn", TOPIC)]);
    assert!(!went("Topic does not exist"));
}

#[test]
fn an_alarm_that_is_put_again_keeps_its_state_and_nothing_else() {
    let (aws, admin) = account();
    let put = |body: &Value| json(&aws, &admin, "cloudwatch.PutMetricAlarm", body);
    put(&with(alarm(), "AlarmDescription", json!("Root is used")));
    set_state(&aws, &admin, "OK", "quiet");
    let mut body = alarm();
    body.as_object_mut().unwrap().remove("AlarmActions");
    put(&body);
    let alarms = json(&aws, &admin, "cloudwatch.DescribeAlarms", &json!({}));
    let alarm = &alarms["MetricAlarms"][0];
    assert_eq!((&alarm["StateValue"], &alarm["StateReason"]), (&json!("OK"), &json!("quiet")));
    assert_eq!((&alarm["AlarmActions"], alarm.get("AlarmDescription")), (&json!([]), None));
    let names = json!({"AlarmNames": ["root-use"]});
    json(&aws, &admin, "cloudwatch.DisableAlarmActions", &names);
    assert!(!aws.posture().alarms[0].actions_enabled);
    json(&aws, &admin, "cloudwatch.EnableAlarmActions", &names);
    assert!(aws.posture().alarms[0].actions_enabled);
    let both = json!({"AlarmNames": ["root-use", "other"]});
    assert_eq!(json_error(&aws, &admin, "cloudwatch.DeleteAlarms", &both), "404 ResourceNotFound: ");
    json(&aws, &admin, "cloudwatch.DeleteAlarms", &names);
    assert_eq!(aws.posture().alarms, []);
    assert_eq!(history(&aws, &admin, "ConfigurationUpdate"), "Alarm \"root-use\" deleted");
}

#[test]
fn alarms_that_are_not_made() {
    let (aws, admin) = account();
    let refused = |body: &Value| json_error(&aws, &admin, "cloudwatch.PutMetricAlarm", body);
    for (name, value, why) in [
        ("Period", json!(7), "Period must be 10, 20, 30 or a multiple of 60"),
        ("EvaluationPeriods", json!(289), "(EvaluationPeriods * Period must be <= 86400)"),
        ("DatapointsToAlarm", json!(4), "DatapointsToAlarm must be between 1 and EvaluationPeriods"),
        ("Statistic", json!("Total"), "Member must satisfy enum value set: [SampleCount, "),
        ("TreatMissingData", json!("good"), "Option good for parameter TreatMissingData is not supported"),
        ("AlarmActions", json!(["topic"]), "Invalid arn syntax: topic"),
        ("AlarmActions", json!(["arn:1", "arn:2", "arn:3", "arn:4", "arn:5", "arn:6"]), "less than or equal to 5"),
    ] {
        let got = refused(&with(alarm(), name, value));
        assert!(got.starts_with("400 ValidationException: ") && got.contains(why), "{got}");
    }
    assert!(refused(&with(alarm(), "Threshold", json!(0.5))).contains("whole numbers only"));
    let set = |body: Value| json_error(&aws, &admin, "cloudwatch.SetAlarmState", &body);
    let ghost = json!({"AlarmName": "ghost", "StateValue": "OK", "StateReason": "x"});
    assert_eq!(set(ghost.clone()), "404 ResourceNotFound: ");
    json(&aws, &admin, "cloudwatch.PutMetricAlarm", &alarm());
    let own = with(ghost, "AlarmName", json!("root-use"));
    assert!(set(with(own.clone(), "StateValue", json!("RED"))).starts_with("400 ValidationException: "));
    let got = set(with(own, "StateReasonData", json!("{")));
    assert_eq!(got, "400 InvalidFormat: StateReasonData was not valid JSON");
}

#[test]
fn the_metric_raises_the_alarm_once_and_lets_it_go() {
    let (aws, admin) = topic();
    confirm(&aws, &admin, &[]);
    json(&aws, &admin, "cloudwatch.PutMetricAlarm", &alarm());
    wait(&aws, 60);
    assert_eq!(state(&aws, &admin), "OK");
    let one = json!({"Namespace": "LogMetrics", "MetricData": [{"MetricName": "RootUse", "Value": 1.0}]});
    for _ in 0..2 {
        json(&aws, &admin, "cloudwatch.PutMetricData", &one);
    }
    assert_eq!(state(&aws, &admin), "ALARM");
    let sent = || aws.mailbox().into_iter().filter(|mail| mail.kind == MailKind::Notification).count();
    assert_eq!(sent(), 1);
    let now = super::client::now_step(&aws) * 30;
    let query = |stat: &str| {
        let metric = json!({"Namespace": "LogMetrics", "MetricName": "RootUse"});
        json!({
            "StartTime": now - 300, "EndTime": now + 300,
            "MetricDataQueries": [{"Id": "m", "MetricStat": {"Metric": metric, "Period": 300, "Stat": stat}}],
        })
    };
    let values = |stat: &str| {
        json(&aws, &admin, "cloudwatch.GetMetricData", &query(stat))["MetricDataResults"][0]["Values"].clone()
    };
    assert_eq!((values("Sum"), values("Average")), (json!([2.0]), json!([1.0])));
    wait(&aws, 900);
    assert_eq!(state(&aws, &admin), "OK");
    let of_aws = with(one.clone(), "Namespace", json!("AWS/Logs"));
    assert_eq!(
        json_error(&aws, &admin, "cloudwatch.PutMetricData", &of_aws),
        "400 InvalidParameterValueException: The value AWS/Logs for parameter Namespace is invalid."
    );
    let old = json!([{"MetricName": "RootUse", "Value": 1.0, "Timestamp": now - 15 * 86_400}]);
    let old = with(one, "MetricData", old);
    let got = json_error(&aws, &admin, "cloudwatch.PutMetricData", &old);
    assert!(got.starts_with("400 InvalidParameterValueException: "), "{got}");
}
