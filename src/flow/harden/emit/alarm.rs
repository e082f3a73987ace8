//! The filter, the alarm, and the topic that it tells.

use super::Emission;
use super::hcl::{Body, Expression, Resource, address};
use super::topic::EmittedTopic;
use crate::aws::hardening::{MetricFilter, NewAlarm, PERIOD, PERIODS, Place, Publisher};
use serde_json::{Value, json};

/// A chain that is made or mended.
pub(in crate::flow::harden) struct EmittedAlarm<'a> {
    pub(in crate::flow::harden) filter: &'a MetricFilter,
    pub(in crate::flow::harden) alarm: &'a NewAlarm,
    pub(in crate::flow::harden) topic: EmittedTopic<'a>,
    /// The log group is the plan's own.
    pub(in crate::flow::harden) makes_group: bool,
}

/// All of it.
pub(in crate::flow::harden) fn alarm(of: &EmittedAlarm<'_>, place: &Place) -> Emission {
    let left_out = of.topic.left_out();
    Emission {
        cloudformation: in_cloudformation(of, place),
        terraform: in_terraform(of, place),
        not_in_cloudformation: left_out.clone(),
        not_in_terraform: left_out,
    }
}

fn publisher(of: &EmittedAlarm<'_>, place: &Place) -> Publisher {
    Publisher::Alarm(place.alarm(&of.alarm.name))
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
    let mut all = of.topic.in_cloudformation(&publisher(of, place), place);
    all.extend([
        ("RootUseFilter", filter_in_cloudformation(of)),
        ("RootUseAlarm", json!({ "Type": "AWS::CloudWatch::Alarm", "Properties": alarm })),
    ]);
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
    let mut all = of.topic.in_terraform(&publisher(of, place), place);
    all.extend([
        resource("aws_cloudwatch_log_metric_filter", filter_in_terraform(of)),
        resource("aws_cloudwatch_metric_alarm", alarm),
    ]);
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
