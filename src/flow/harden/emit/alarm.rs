//! The filter, the alarm, the topic and its subscription.

use super::Emission;
use super::hcl::{Body, Expression, Resource, address};
use crate::aws::hardening::{MetricFilter, NewAlarm, PERIOD, PERIODS, Place, Publisher, topic_statements};
use serde_json::{Value, json};

/// A chain that is made or mended.
pub(in crate::flow::harden) struct EmittedAlarm<'a> {
    pub(in crate::flow::harden) filter: &'a MetricFilter,
    pub(in crate::flow::harden) alarm: &'a NewAlarm,
    /// The topic's name.
    pub(in crate::flow::harden) topic: &'a str,
    /// Who is to get the mail; `None`: the topic reaches somebody already.
    pub(in crate::flow::harden) email: Option<&'a str>,
    /// The log group is the plan's own.
    pub(in crate::flow::harden) makes_group: bool,
}

impl EmittedAlarm<'_> {
    fn policy(&self, place: &Place) -> Value {
        let publishers = [Publisher::Alarm(place.alarm(&self.alarm.name))];
        let statements = topic_statements(&place.topic(self.topic), &publishers);
        json!({ "Version": "2012-10-17", "Statement": statements })
    }
}

/// All of it.
pub(in crate::flow::harden) fn alarm(of: &EmittedAlarm<'_>, place: &Place) -> Emission {
    let confirmed = "a person confirms the subscription from the mail: `glasskey root alarm confirm`".to_owned();
    let left_out: Vec<String> = of.email.iter().map(|_| confirmed.clone()).collect();
    Emission {
        cloudformation: in_cloudformation(of, place),
        terraform: in_terraform(of, place),
        not_in_cloudformation: left_out.clone(),
        not_in_terraform: left_out,
    }
}

fn in_cloudformation(of: &EmittedAlarm<'_>, place: &Place) -> Vec<(&'static str, Value)> {
    let topic = json!({ "Ref": "RootUseTopic" });
    let metric = &of.filter.metric;
    let alarm = json!({
        "AlarmName": of.alarm.name,
        "AlarmDescription": of.alarm.description,
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Statistic": "Sum",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 1,
        "Period": PERIOD,
        "EvaluationPeriods": PERIODS,
        "DatapointsToAlarm": 1,
        "TreatMissingData": "notBreaching",
        "AlarmActions": [topic],
    });
    let policy = json!({ "PolicyDocument": of.policy(place), "Topics": [topic] });
    let mut all = vec![
        ("RootUseTopic", json!({ "Type": "AWS::SNS::Topic", "Properties": { "TopicName": of.topic } })),
        ("RootUseTopicPolicy", json!({ "Type": "AWS::SNS::TopicPolicy", "Properties": policy })),
        ("RootUseFilter", filter_in_cloudformation(of)),
        ("RootUseAlarm", json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": alarm })),
    ];
    all.extend(of.email.map(|email| {
        let subscription = json!({ "TopicArn": topic, "Protocol": "email", "Endpoint": email });
        ("RootUseSubscription", json!({ "Type": "AWS::SNS::Subscription", "Properties": subscription }))
    }));
    all
}

fn filter_in_cloudformation(of: &EmittedAlarm<'_>) -> Value {
    let metric = &of.filter.metric;
    let mut filter = json!({
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "FilterName": of.filter.name,
            "FilterPattern": of.filter.pattern,
            "LogGroupName": of.filter.group,
            "MetricTransformations": [{
                "MetricName": metric.name, "MetricNamespace": metric.namespace, "MetricValue": "1",
            }],
        },
    });
    if let (true, Some(members)) = (of.makes_group, filter.as_object_mut()) {
        members.insert("DependsOn".to_owned(), json!(["TrailLogGroup"]));
    }
    filter
}

fn in_terraform(of: &EmittedAlarm<'_>, place: &Place) -> Vec<Resource> {
    let resource = |kind, body| Resource { kind, name: "root_use", body };
    let topic = || address("aws_sns_topic.root_use.arn");
    let metric = &of.filter.metric;
    let number = |of: u64| Expression::Plain(of.to_string());
    let alarm = Body::default()
        .with("alarm_name", of.alarm.name.as_str())
        .with("alarm_description", of.alarm.description.as_str())
        .with("namespace", metric.namespace.as_str())
        .with("metric_name", metric.name.as_str())
        .with("statistic", "Sum")
        .with("comparison_operator", "GreaterThanOrEqualToThreshold")
        .with("threshold", 1)
        .with("period", number(PERIOD))
        .with("evaluation_periods", number(PERIODS))
        .with("datapoints_to_alarm", 1)
        .with("treat_missing_data", "notBreaching")
        .with("alarm_actions", Expression::List(vec![topic()]));
    let mut all = vec![
        resource("aws_sns_topic", Body::default().with("name", of.topic)),
        resource("aws_sns_topic_policy", Body::default().with("arn", topic()).with("policy", of.policy(place))),
        resource("aws_cloudwatch_log_metric_filter", filter_in_terraform(of)),
        resource("aws_cloudwatch_metric_alarm", alarm),
    ];
    all.extend(of.email.map(|email| {
        let body = Body::default().with("topic_arn", topic()).with("protocol", "email").with("endpoint", email);
        resource("aws_sns_topic_subscription", body)
    }));
    all
}

fn filter_in_terraform(of: &EmittedAlarm<'_>) -> Body {
    let metric = &of.filter.metric;
    let transformation = Body::default()
        .with("name", metric.name.as_str())
        .with("namespace", metric.namespace.as_str())
        .with("value", "1");
    let group = match of.makes_group {
        true => address("aws_cloudwatch_log_group.trail.name"),
        false => of.filter.group.as_str().into(),
    };
    Body::default()
        .with("name", of.filter.name.as_str())
        .with("pattern", of.filter.pattern.as_str())
        .with("log_group_name", group)
        .with_block("metric_transformation", transformation)
}
