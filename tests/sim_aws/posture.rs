//! What watches root, service by service.

use super::account;
use super::client::{call, json, json_call, json_error, request, verdict};
use glasskey::sim::aws::posture::{AdvancedSelector, FieldSelector, Rule, Selectors, Subscription, Topic, Trail};
use glasskey::sim::aws::{Aws, Fault, Keys, Posture, Wrong};
use serde_json::{Value, json};

fn sound() -> (Aws, Keys) {
    let (aws, admin) = account();
    aws.protect();
    (aws, admin)
}

#[test]
fn the_chain_from_the_trail_to_somebody_who_is_told_holds() {
    let (aws, admin) = sound();
    let trails = json(&aws, &admin, "cloudtrail.DescribeTrails", &json!({}));
    let trail = &trails["trailList"][0];
    assert_eq!((&trail["IsMultiRegionTrail"], &trail["LogFileValidationEnabled"]), (&json!(true), &json!(true)));
    let group = trail["CloudWatchLogsLogGroupArn"].as_str().unwrap();
    assert_eq!(group, "arn:aws:logs:us-east-1:111122223333:log-group:trail:*");
    let status = json(&aws, &admin, "cloudtrail.GetTrailStatus", &json!({"Name": trail["TrailARN"]}));
    assert_eq!(status["IsLogging"], true);
    let selectors = json(&aws, &admin, "cloudtrail.GetEventSelectors", &json!({"TrailName": trail["Name"]}));
    assert_eq!(selectors["EventSelectors"][0]["ReadWriteType"], "All");
    let filters = json(&aws, &admin, "logs.DescribeMetricFilters", &json!({"logGroupName": "trail"}));
    let metric = &filters["metricFilters"][0]["metricTransformations"][0];
    let wanted = json!({"MetricName": metric["metricName"], "Namespace": metric["metricNamespace"]});
    let alarms = json(&aws, &admin, "cloudwatch.DescribeAlarmsForMetric", &wanted);
    let topic = alarms["MetricAlarms"][0]["AlarmActions"][0].as_str().unwrap().to_owned();
    let subscriptions = call(&aws, &admin, "ListSubscriptionsByTopic", &[("TopicArn", &topic)]);
    assert!(subscriptions.get("SubscriptionArn").unwrap().starts_with(&topic), "{subscriptions:?}");
}

#[test]
fn an_account_nobody_has_set_up_has_none_of_it() {
    let (aws, admin) = account();
    assert_eq!(aws.posture(), Posture::default());
    assert_eq!(json(&aws, &admin, "cloudtrail.DescribeTrails", &json!({}))["trailList"], json!([]));
    assert_eq!(json(&aws, &admin, "logs.DescribeMetricFilters", &json!({}))["metricFilters"], json!([]));
    assert_eq!(json(&aws, &admin, "cloudwatch.DescribeAlarms", &json!({}))["MetricAlarms"], json!([]));
    assert_eq!(json(&aws, &admin, "events.ListRules", &json!({}))["Rules"], json!([]));
    assert_eq!(
        json_error(&aws, &admin, "account.GetAlternateContact", &json!({"AlternateContactType": "SECURITY"})),
        "404 ResourceNotFoundException: No contact of the inputted alternate contact type found."
    );
    assert_eq!(
        verdict(&aws, &admin, "ListSubscriptionsByTopic", &[("TopicArn", "arn:aws:sns:us-east-1:111122223333:none")]),
        "404 NotFound: Topic does not exist"
    );
    assert_eq!(
        json_error(&aws, &admin, "cloudtrail.GetTrailStatus", &json!({"Name": "none"})),
        "400 TrailNotFoundException: Unknown trail: arn:aws:cloudtrail:us-east-1:111122223333:trail/none for the \
         user: 111122223333"
    );
}

#[test]
fn regions_see_their_own_and_the_shadows_of_trails() {
    let (aws, admin) = sound();
    let trails = |region: &str, body: Value| {
        let (_, reply) = json_call(&aws, &admin, region, "cloudtrail.DescribeTrails", &body);
        reply["trailList"].as_array().unwrap().len()
    };
    assert_eq!(trails("eu-west-1", json!({})), 1);
    assert_eq!(trails("eu-west-1", json!({"includeShadowTrails": false})), 0);
    let by_name = json_call(&aws, &admin, "eu-west-1", "cloudtrail.GetTrailStatus", &json!({"Name": "trail"}));
    assert_eq!(by_name.0, 400, "away from home only by its ARN");
    let (_, filters) = json_call(&aws, &admin, "eu-west-1", "logs.DescribeMetricFilters", &json!({}));
    assert_eq!(filters["metricFilters"], json!([]));
    aws.arrange(|posture| posture.trails[0].multi_region = false);
    assert_eq!(trails("eu-west-1", json!({})), 0);
    aws.arrange(|posture| posture.subscriptions[0].topic = "arn:aws:sns:eu-west-1:111122223333:far".to_owned());
    let far = [("TopicArn", "arn:aws:sns:eu-west-1:111122223333:far")];
    assert_eq!(
        verdict(&aws, &admin, "ListSubscriptionsByTopic", &far),
        "400 InvalidParameter: Invalid parameter: TopicArn"
    );
}

#[test]
fn every_link_can_be_broken() {
    let (aws, admin) = sound();
    aws.arrange(|posture| {
        let topic = posture.alarms[0].actions.remove(0);
        posture.trails[0].logging = false;
        posture.trails[0].delivery_error = Some("NoSuchBucket".to_owned());
        posture.trails[0].selectors = Selectors::Advanced(vec![AdvancedSelector {
            name: "management".to_owned(),
            fields: vec![FieldSelector {
                field: "eventCategory".to_owned(),
                equals: vec!["Management".to_owned()],
                ..FieldSelector::default()
            }],
        }]);
        posture.subscriptions = vec![Subscription { topic, confirmed: false, ..Subscription::default() }];
    });
    let status = json(&aws, &admin, "cloudtrail.GetTrailStatus", &json!({"Name": "trail"}));
    assert_eq!((&status["IsLogging"], &status["LatestDeliveryError"]), (&json!(false), &json!("NoSuchBucket")));
    let selectors = json(&aws, &admin, "cloudtrail.GetEventSelectors", &json!({"TrailName": "trail"}));
    assert_eq!(selectors.get("EventSelectors"), None);
    assert_eq!(
        selectors["AdvancedEventSelectors"][0]["FieldSelectors"],
        json!([{"Field": "eventCategory", "Equals": ["Management"]}])
    );
    let alarms = json(&aws, &admin, "cloudwatch.DescribeAlarms", &json!({}));
    assert_eq!(alarms["MetricAlarms"][0]["AlarmActions"], json!([]));
    let topic = aws.posture().subscriptions[0].topic.clone();
    let pending = call(&aws, &admin, "ListSubscriptionsByTopic", &[("TopicArn", &topic)]);
    assert_eq!(pending.get("SubscriptionArn").unwrap(), "PendingConfirmation");
    aws.arrange(|posture| posture.subscriptions[0].endpoint.clear());
    let empty = call(&aws, &admin, "ListSubscriptionsByTopic", &[("TopicArn", &topic)]);
    assert_eq!((empty.status, empty.get("SubscriptionArn")), (200, None));
    // A topic needs no subscriber to be there.
    aws.arrange(|posture| {
        posture.subscriptions.clear();
        posture.topics = vec![Topic { arn: topic.clone(), ..Topic::default() }];
    });
    let empty = call(&aws, &admin, "ListSubscriptionsByTopic", &[("TopicArn", &topic)]);
    assert_eq!((empty.status, empty.get("SubscriptionArn")), (200, None));
    assert_eq!(call(&aws, &admin, "GetTopicAttributes", &[("TopicArn", &topic)]).status, 200);
    aws.arrange(|posture| posture.topics.clear());
    assert_eq!(
        verdict(&aws, &admin, "GetTopicAttributes", &[("TopicArn", &topic)]),
        "404 NotFound: Topic does not exist"
    );
}

#[test]
fn rules_and_their_targets() {
    let (aws, admin) = account();
    aws.arrange(|posture| {
        posture.rules = vec![Rule { targets: vec!["arn:aws:sns:us-east-1:1:x".to_owned()], ..Rule::default() }];
    });
    let rules = json(&aws, &admin, "events.ListRules", &json!({"NamePrefix": "root"}));
    assert_eq!(rules["Rules"][0]["State"], "ENABLED");
    let rule = json(&aws, &admin, "events.DescribeRule", &json!({"Name": "root-use"}));
    assert!(rule["EventPattern"].as_str().unwrap().contains("Console Sign In via CloudTrail"));
    let targets = json(&aws, &admin, "events.ListTargetsByRule", &json!({"Rule": "root-use"}));
    assert_eq!(targets["Targets"], json!([{"Id": "target-0", "Arn": "arn:aws:sns:us-east-1:1:x"}]));
    assert_eq!(
        json_error(&aws, &admin, "events.ListTargetsByRule", &json!({"Rule": "other"})),
        "400 ResourceNotFoundException: Rule other does not exist on EventBus default."
    );
}

#[test]
fn long_lists_come_in_pages() {
    let (aws, admin) = sound();
    aws.arrange(|posture| {
        let subscription = posture.subscriptions[0].clone();
        posture.subscriptions = vec![subscription; 101];
        let alarm = posture.alarms[0].clone();
        posture.alarms =
            (0..101).map(|n| glasskey::sim::aws::posture::Alarm { name: format!("a{n}"), ..alarm.clone() }).collect();
        let trail = Trail::default();
        posture.trails = vec![trail; 3];
    });
    let first = json(&aws, &admin, "cloudwatch.DescribeAlarms", &json!({}));
    assert_eq!(first["MetricAlarms"].as_array().unwrap().len(), 100);
    let rest = json(&aws, &admin, "cloudwatch.DescribeAlarms", &json!({"NextToken": first["NextToken"]}));
    assert_eq!((rest["MetricAlarms"].as_array().unwrap().len(), rest.get("NextToken")), (1, None));
    let topic = aws.posture().subscriptions[0].topic.clone();
    let first = call(&aws, &admin, "ListSubscriptionsByTopic", &[("TopicArn", &topic)]);
    let token = first.get("NextToken").unwrap();
    let rest = call(&aws, &admin, "ListSubscriptionsByTopic", &[("TopicArn", &topic), ("NextToken", &token)]);
    assert_eq!((first.all("Endpoint").len(), rest.all("Endpoint").len()), (100, 1));
    assert_eq!(
        json_error(&aws, &admin, "cloudwatch.DescribeAlarms", &json!({"NextToken": "made up"})),
        "400 InvalidNextToken: The specified pagination token is not valid."
    );
}

/// Each service says in its own words that somebody may not, and that they ask too often.
#[test]
fn refusals_are_in_each_services_words() {
    let (aws, _) = account();
    let bob = aws.add_user("bob");
    let who = "User: arn:aws:iam::111122223333:user/bob is not authorized to perform:";
    for (action, body, denied, throttled) in [
        ("cloudtrail.DescribeTrails", json!({}), "400 AccessDeniedException", "400 ThrottlingException"),
        ("logs.DescribeMetricFilters", json!({}), "400 AccessDeniedException", "400 ThrottlingException"),
        ("events.ListRules", json!({}), "400 AccessDeniedException", "400 ThrottlingException"),
        ("cloudwatch.DescribeAlarms", json!({}), "403 AccessDenied", "400 Throttling"),
        ("organizations.ListAccounts", json!({}), "400 AccessDeniedException", "400 TooManyRequestsException"),
        ("account.GetContactInformation", json!({}), "403 AccessDeniedException", "429 TooManyRequestsException"),
    ] {
        let permission = action.replace('.', ":");
        let got = json_error(&aws, &bob, action, &body);
        assert!(got.starts_with(&format!("{denied}: {who} {permission} on resource: ")), "{got}");
        let bare = action.split_once('.').unwrap().1;
        aws.fail(Fault::next(bare, Wrong::Throttle));
        assert_eq!(json_error(&aws, &bob, action, &body), format!("{throttled}: Rate exceeded"));
        aws.fail(Fault::next(bare, Wrong::Deny));
        assert!(json_error(&aws, &aws.admin(), action, &body).starts_with(denied), "{action}");
    }
    let topic = [("TopicArn", "arn:aws:sns:us-east-1:111122223333:x")];
    assert!(verdict(&aws, &bob, "ListSubscriptionsByTopic", &topic).starts_with("403 AuthorizationError: User: "));
    let unknown = json_error(&aws, &aws.admin(), "cloudtrail.CreateEventDataStore", &json!({}));
    assert_eq!(unknown, "400 UnknownOperationException: ");
}

#[test]
fn credentials_that_do_not_hold_are_told_in_json_too() {
    let (aws, admin) = account();
    let stranger = Keys { access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(), ..admin.clone() };
    assert_eq!(
        json_error(&aws, &stranger, "organizations.DescribeOrganization", &json!({})),
        "400 UnrecognizedClientException: The security token included in the request is invalid."
    );
    aws.fail(Fault::next("ListRegions", Wrong::Expire));
    assert_eq!(
        json_error(&aws, &admin, "account.ListRegions", &json!({})),
        "403 ExpiredTokenException: The security token included in the request is expired"
    );
}

#[test]
fn contacts() {
    let (aws, admin) = sound();
    let contact = json(&aws, &admin, "account.GetAlternateContact", &json!({"AlternateContactType": "SECURITY"}));
    assert_eq!(contact["AlternateContact"]["EmailAddress"], "security@example.com");
    let own = json(&aws, &admin, "account.GetContactInformation", &json!({}));
    assert_eq!(own["ContactInformation"]["CountryCode"], "US");
    assert!(
        json_error(&aws, &admin, "account.GetPrimaryEmail", &json!({"AccountId": "111122223333"})).starts_with("403")
    );
}

/// The Rust SDK asks CloudWatch in CBOR: a map of indefinite length in, numbers and times as CBOR has them out.
#[test]
fn cloudwatch_speaks_cbor_to_those_who_do() {
    let (aws, admin) = sound();
    let ask = |body: &[u8]| {
        let mut request = request(&admin, aws.clock().now(), "X", &[]);
        request.headers.insert("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned());
        request.path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms".to_owned();
        request.body = body.to_vec();
        super::client::reply(&aws, &request.signed(&admin, aws.clock().now(), "us-east-1", "monitoring"))
    };
    // {"AlarmNames": ["root-use"]}, both of indefinite length (RFC 8949 §3.2.2).
    let reply = ask(b"\xbf\x6aAlarmNames\x9f\x68root-use\xff\xff");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/cbor")));
    assert_eq!(reply.header("smithy-protocol"), Some("rpc-v2-cbor"));
    let holds = |part: &[u8]| reply.body.windows(part.len()).any(|window| window == part);
    assert!(holds(b"\x69AlarmName\x68root-use"));
    assert!(holds(b"\x69Threshold\xfb\x3f\xf0\0\0\0\0\0\0"), "1.0 as a double");
    assert!(holds(b"\x66Period\x19\x01\x2c"), "300 in its shortest form");
    assert!(holds(b"\x75StateUpdatedTimestamp\xc1\xfb"), "tag 1 before a time");
    let other = ask(b"\xa1\x6aAlarmNames\x81\x65other");
    assert!(!other.body.windows(8).any(|window| window == b"root-use"));
    aws.fail(Fault::next("DescribeAlarms", Wrong::Throttle));
    let refused = ask(b"\xa0");
    let text = String::from_utf8_lossy(&refused.body).into_owned();
    assert_eq!(refused.status, 400);
    assert!(text.contains("#Throttling") && text.contains("Rate exceeded"), "{text}");
}

proptest::proptest! {
    /// Whatever a JSON or CBOR service is sent, it answers.
    #[test]
    fn nonsense_is_answered_by_every_service(
        body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120),
        service in "(cloudtrail|logs|monitoring|organizations|events|account)",
        action in "(DescribeTrails|DescribeAlarms|ListAccounts|ListRules|DescribeMetricFilters|GetAlternateContact|X)",
        cbor in proptest::prelude::any::<bool>(),
    ) {
        let (aws, admin) = account();
        let mut request = request(&admin, aws.clock().now(), "X", &[]);
        let signed = request.headers["authorization"].replace("/iam/", &format!("/{service}/"));
        request.headers.insert("authorization".to_owned(), signed);
        request.headers.insert("x-amz-target".to_owned(), format!("T.{action}"));
        request.path = format!("/service/S/operation/{action}");
        if cbor {
            request.headers.insert("smithy-protocol".to_owned(), "rpc-v2-cbor".to_owned());
        }
        request.body = body;
        let reply = super::client::reply(&aws, &request);
        proptest::prop_assert!((200..500).contains(&reply.status));
    }
}
