//! The rules of EventBridge: one in the region of the sign-ins, which tells the topic, and one in each other region, which
//! sends its events there.

use super::Emission;
use super::hcl::{Body, Expression, Resource, address};
use super::topic::EmittedTopic;
use crate::aws::hardening::{
    ALL_MANAGEMENT_EVENTS, NewRule, Place, Publisher, forward_document, forward_trust, root_transformer,
};
use serde_json::{Value, json};

/// With what a resource of Terraform's is made in each region.
pub(super) const EACH_REGION: &str = "each.value";

/// Rules in every region.
pub(in crate::flow::harden) struct EmittedRules<'a> {
    pub(in crate::flow::harden) rule: &'a NewRule,
    pub(in crate::flow::harden) topic: EmittedTopic<'a>,
    /// The name of the role that sends events from one region to another.
    pub(in crate::flow::harden) role: &'a str,
    /// The other regions.
    pub(in crate::flow::harden) elsewhere: Vec<&'a str>,
}

/// All of it. `place`: where the topic is.
pub(in crate::flow::harden) fn rules(of: &EmittedRules<'_>, place: &Place) -> Emission {
    let left_out = of.topic.left_out();
    let mut not_in_cloudformation = left_out.clone();
    if !of.elsewhere.is_empty() {
        not_in_cloudformation.push(format!(
            "the rules of the other regions ({}), each of which sends its events to {}: a stack is in one region",
            of.elsewhere.join(", "),
            place.default_bus()
        ));
    }
    let mut not_in_terraform = left_out;
    not_in_terraform.push("a region that is enabled later has no rule until it is named here".to_owned());
    Emission {
        cloudformation: in_cloudformation(of, place),
        terraform: in_terraform(of, place),
        not_in_cloudformation,
        not_in_terraform,
    }
}

fn in_cloudformation(of: &EmittedRules<'_>, place: &Place) -> Vec<(&'static str, Value)> {
    let target = json!({
        "Id": of.rule.name, "Arn": { "Ref": "RootUseTopic" }, "InputTransformer": root_transformer(),
    });
    let rule = json!({
        "Name": of.rule.name,
        "Description": of.rule.description,
        "EventPattern": of.rule.pattern,
        "State": ALL_MANAGEMENT_EVENTS,
        "Targets": [target],
    });
    let mut all = of.topic.in_cloudformation(&Publisher::Rules, place);
    all.push(("RootUseRule", json!({ "Type": "AWS::Events::Rule", "Properties": rule })));
    if !of.elsewhere.is_empty() {
        let policy = json!({ "PolicyName": of.role, "PolicyDocument": forward_document(place) });
        let role = json!({ "RoleName": of.role, "AssumeRolePolicyDocument": forward_trust(), "Policies": [policy] });
        all.push(("RootUseBusRole", json!({ "Type": "AWS::IAM::Role", "Properties": role })));
    }
    all
}

fn rule(of: &EmittedRules<'_>, body: Body) -> Body {
    body.with("name", of.rule.name.as_str())
        .with("description", of.rule.description.as_str())
        .with("event_pattern", of.rule.pattern.clone())
        .with("state", ALL_MANAGEMENT_EVENTS)
}

fn in_terraform(of: &EmittedRules<'_>, place: &Place) -> Vec<Resource> {
    let resource = |kind, name, body| Resource { kind, name, body };
    let transformer = root_transformer();
    let part = |name: &str| transformer.get(name).cloned().unwrap_or_default();
    let template = part("InputTemplate");
    let target = Body::default()
        .with("rule", address("aws_cloudwatch_event_rule.root_use.name"))
        .with("target_id", of.rule.name.as_str())
        .with("arn", address("aws_sns_topic.root_use.arn"))
        .with_block(
            "input_transformer",
            Body::default()
                .with("input_paths", Expression::Object(part("InputPathsMap")))
                .with("input_template", template.as_str().unwrap_or_default()),
        );
    let mut all = of.topic.in_terraform(&Publisher::Rules, place);
    all.push(resource("aws_cloudwatch_event_rule", "root_use", rule(of, Body::default())));
    all.push(resource("aws_cloudwatch_event_target", "root_use", target));
    if !of.elsewhere.is_empty() {
        all.extend(elsewhere_in_terraform(of, place));
    }
    all
}

fn elsewhere_in_terraform(of: &EmittedRules<'_>, place: &Place) -> Vec<Resource> {
    let resource = |kind, name, body| Resource { kind, name, body };
    let regions: Vec<String> = of.elsewhere.iter().map(|region| format!("\"{region}\"")).collect();
    let in_each = || {
        let each = address(&format!("toset([{}])", regions.join(", ")));
        Body::default().with("for_each", each).with("region", address(EACH_REGION))
    };
    let role = Body::default().with("name", of.role).with("assume_role_policy", forward_trust());
    let policy = Body::default()
        .with("name", of.role)
        .with("role", address("aws_iam_role.root_use_bus.id"))
        .with("policy", forward_document(place));
    let target = in_each()
        .with("rule", address("aws_cloudwatch_event_rule.root_use_elsewhere[each.value].name"))
        .with("target_id", of.rule.name.as_str())
        .with("arn", place.default_bus())
        .with("role_arn", address("aws_iam_role.root_use_bus.arn"));
    vec![
        resource("aws_iam_role", "root_use_bus", role),
        resource("aws_iam_role_policy", "root_use_bus", policy),
        resource("aws_cloudwatch_event_rule", "root_use_elsewhere", rule(of, in_each())),
        resource("aws_cloudwatch_event_target", "root_use_elsewhere", target),
    ]
}
