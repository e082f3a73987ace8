//! CloudWatch Logs: log groups, metric filters, events.

use super::client::{json, json_error};
use super::{account, wait};
use glasskey::sim::aws::{Aws, Keys};
use serde_json::{Value, json};

fn with_group() -> (Aws, Keys) {
    let (aws, admin) = account();
    json(&aws, &admin, "logs.CreateLogGroup", &json!({"logGroupName": "trail"}));
    (aws, admin)
}

const NO_GROUP: &str = "400 ResourceNotFoundException: The specified log group does not exist.";

#[test]
fn a_log_group_is_made_kept_and_deleted() {
    let (aws, admin) = with_group();
    let name = json!({"logGroupName": "trail"});
    assert_eq!(
        json_error(&aws, &admin, "logs.CreateLogGroup", &name),
        "400 ResourceAlreadyExistsException: The specified log group already exists"
    );
    assert!(
        json_error(&aws, &admin, "logs.CreateLogGroup", &json!({"logGroupName": "a b"}))
            .starts_with("400 InvalidParameterException: 1 validation error detected: Value 'a b' at 'logGroupName'")
    );
    let days = |days: u32| json!({"logGroupName": "trail", "retentionInDays": days});
    let wrong = json_error(&aws, &admin, "logs.PutRetentionPolicy", &days(42));
    assert!(wrong.starts_with("400 InvalidParameterException: ") && wrong.contains("[1, 3, 5, 7, 14, "), "{wrong}");
    json(&aws, &admin, "logs.PutRetentionPolicy", &days(400));
    let groups = json(&aws, &admin, "logs.DescribeLogGroups", &json!({"logGroupNamePrefix": "tr"}));
    assert_eq!(
        (groups["logGroups"][0]["logGroupName"].as_str(), &groups["logGroups"][0]["retentionInDays"]),
        (Some("trail"), &json!(400))
    );
    json(&aws, &admin, "logs.DeleteLogGroup", &name);
    assert_eq!(json(&aws, &admin, "logs.DescribeLogGroups", &json!({}))["logGroups"], json!([]));
    assert_eq!(json_error(&aws, &admin, "logs.DeleteLogGroup", &name), NO_GROUP);
    assert_eq!(json_error(&aws, &admin, "logs.PutRetentionPolicy", &days(400)), NO_GROUP);
}

#[test]
fn a_deleted_group_is_gone_though_a_trail_names_it() {
    let (aws, admin) = account();
    aws.protect();
    json(&aws, &admin, "logs.DeleteLogGroup", &json!({"logGroupName": "trail"}));
    assert_eq!(json(&aws, &admin, "logs.DescribeLogGroups", &json!({}))["logGroups"], json!([]));
    assert_eq!(json(&aws, &admin, "logs.DescribeMetricFilters", &json!({}))["metricFilters"], json!([]));
    json(&aws, &admin, "logs.CreateLogGroup", &json!({"logGroupName": "trail"}));
    assert_eq!(json(&aws, &admin, "logs.DescribeLogGroups", &json!({}))["logGroups"][0]["logGroupName"], "trail");
}

fn metric_filter(name: &str, pattern: &str) -> Value {
    json!({
        "logGroupName": "trail", "filterName": name, "filterPattern": pattern,
        "metricTransformations": [{"metricName": "RootUse", "metricNamespace": "LogMetrics", "metricValue": "1"}],
    })
}

#[test]
fn metric_filters_are_put_replaced_and_deleted() {
    let (aws, admin) = with_group();
    let root = r#"{ $.userIdentity.type = "Root" }"#;
    json(&aws, &admin, "logs.PutMetricFilter", &metric_filter("root", root));
    let changed = r#"{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS }"#;
    json(&aws, &admin, "logs.PutMetricFilter", &metric_filter("root", changed));
    let filters = json(&aws, &admin, "logs.DescribeMetricFilters", &json!({"logGroupName": "trail"}));
    let filters = filters["metricFilters"].as_array().unwrap();
    assert_eq!((filters.len(), filters[0]["filterPattern"].as_str()), (1, Some(changed)));
    assert_eq!(filters[0]["metricTransformations"][0]["metricName"], "RootUse");
    for pattern in ["{ $.userIdentity.type == }", "{ $.a = 1", "{}"] {
        let wrong = json_error(&aws, &admin, "logs.PutMetricFilter", &metric_filter("root", pattern));
        assert_eq!(wrong, "400 InvalidParameterException: Invalid metric filter pattern", "{pattern}");
    }
    let mut elsewhere = metric_filter("root", root);
    elsewhere["logGroupName"] = json!("none");
    assert_eq!(json_error(&aws, &admin, "logs.PutMetricFilter", &elsewhere), NO_GROUP);
    let mut both = metric_filter("root", root);
    both["metricTransformations"][0]["defaultValue"] = json!(0);
    both["metricTransformations"][0]["dimensions"] = json!({"who": "$.userIdentity.arn"});
    assert!(json_error(&aws, &admin, "logs.PutMetricFilter", &both).starts_with("400 InvalidParameterException"));
    let named = json!({"logGroupName": "trail", "filterName": "root"});
    json(&aws, &admin, "logs.DeleteMetricFilter", &named);
    assert_eq!(
        json_error(&aws, &admin, "logs.DeleteMetricFilter", &named),
        "400 ResourceNotFoundException: The specified metric filter does not exist."
    );
}

#[test]
fn a_group_has_a_hundred_metric_filters_at_most() {
    let (aws, admin) = with_group();
    for n in 0..100 {
        json(&aws, &admin, "logs.PutMetricFilter", &metric_filter(&format!("f{n}"), "ERROR"));
    }
    assert_eq!(
        json_error(&aws, &admin, "logs.PutMetricFilter", &metric_filter("f100", "ERROR")),
        "400 LimitExceededException: Resource limit exceeded."
    );
    json(&aws, &admin, "logs.PutMetricFilter", &metric_filter("f99", "WARNING"));
}

#[test]
fn patterns_are_tried_on_events() {
    let (aws, admin) = with_group();
    let matched = |pattern: &str| {
        let messages = [
            r#"{"userIdentity":{"type":"Root"},"eventType":"AwsApiCall","n":7,"list":[{"a":"x"},{"a":"y"}]}"#,
            r#"{"userIdentity":{"type":"Root","invokedBy":"s"},"eventType":"AwsServiceEvent","ok":true,"none":null}"#,
            "an ERROR in words",
        ];
        let body = json!({"filterPattern": pattern, "logEventMessages": messages});
        let matches = json(&aws, &admin, "logs.TestMetricFilter", &body);
        let matches = matches["matches"].as_array().unwrap();
        matches.iter().map(|one| one["eventNumber"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(matched(glasskey::sim::aws::posture::ROOT_PATTERN), [1]);
    assert_eq!(matched(r#"{ $.userIdentity.type = "Ro*" }"#), [1, 2]);
    assert_eq!(matched("{ $.n >= 7 }"), [1]);
    assert_eq!(matched(r#"{ $.list[1].a = "y" || $.list[*].a = "z" }"#), [1]);
    assert_eq!(matched("{ $.ok IS TRUE && $.none IS NULL }"), [2]);
    assert_eq!(matched("ERROR -Root"), [3]);
    assert_eq!(matched("?ERROR ?AwsServiceEvent"), [2, 3]);
    assert_eq!(matched("\"in words\""), [3]);
    assert_eq!(matched(""), [1, 2, 3]);
    let test = |pattern: &str| {
        json_error(
            &aws,
            &admin,
            "logs.TestMetricFilter",
            &json!({"filterPattern": pattern, "logEventMessages": ["x"]}),
        )
    };
    assert_eq!(test("{ $.a"), "400 InvalidParameterException: Invalid metric filter pattern");
    assert_eq!(test("a:b"), "400 InvalidParameterException: Invalid character(s) in term 'a:b'");
}

#[test]
fn events_are_put_and_found() {
    let (aws, admin) = with_group();
    let stream = json!({"logGroupName": "trail", "logStreamName": "test"});
    let now = aws.clock().now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis() as u64;
    let put = |times: &[u64]| {
        let events: Vec<_> =
            times.iter().map(|time| json!({"timestamp": time, "message": format!("{{\"t\":{time}}}")})).collect();
        json!({"logGroupName": "trail", "logStreamName": "test", "logEvents": events})
    };
    assert_eq!(
        json_error(&aws, &admin, "logs.PutLogEvents", &put(&[now])),
        "400 ResourceNotFoundException: The specified log stream does not exist."
    );
    json(&aws, &admin, "logs.CreateLogStream", &stream);
    assert_eq!(
        json_error(&aws, &admin, "logs.CreateLogStream", &stream),
        "400 ResourceAlreadyExistsException: The specified log stream already exists"
    );
    assert!(json_error(&aws, &admin, "logs.PutLogEvents", &put(&[now, now - 1])).contains("chronological order"));
    let day = 24 * 3600 * 1000;
    let rejected = json(&aws, &admin, "logs.PutLogEvents", &put(&[now - 15 * day, now - 1, now, now + day]));
    assert_eq!(
        rejected["rejectedLogEventsInfo"],
        json!({"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 3})
    );
    let found = |mut more: Value| {
        more["logGroupName"] = json!("trail");
        let found = json(&aws, &admin, "logs.FilterLogEvents", &more);
        found["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["timestamp"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(json!({})), [now - 1, now]);
    assert_eq!(found(json!({"startTime": now})), [now]);
    assert_eq!(found(json!({"endTime": now - 1, "logStreamNames": ["test"]})), [now - 1]);
    assert_eq!(found(json!({"logStreamNamePrefix": "other"})), [0; 0]);
    assert_eq!(found(json!({"filterPattern": format!("{{ $.t = {now} }}")})), [now]);
    wait(&aws, 1);
    assert_eq!(json_error(&aws, &admin, "logs.FilterLogEvents", &json!({"logGroupName": "none"})), NO_GROUP);
}
