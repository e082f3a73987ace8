//! EventBridge: rules of the default bus, their targets, and the events that reach them.

mod bus;
mod pattern;
mod roles;
mod rules;

pub(super) use bus::from_cloudtrail;

use super::posture::{Rule, Target};
use super::wire::Refusal;
use super::{Ctx, auth, json};
use serde_json::{Value, json};

const PAGE: usize = 100;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let (operation, parameter): (fn(&mut Ctx<'_>) -> json::Outcome, _) = match action {
        "ListRules" => (|ctx| list(ctx), None),
        "DescribeRule" => (|ctx| describe(ctx), Some("Name")),
        "ListTargetsByRule" => (|ctx| targets(ctx), Some("Rule")),
        "PutRule" => (rules::put, Some("Name")),
        "EnableRule" => (rules::enable, Some("Name")),
        "DisableRule" => (rules::disable, Some("Name")),
        "DeleteRule" => (rules::delete, Some("Name")),
        "PutTargets" => (rules::put_targets, Some("Rule")),
        "RemoveTargets" => (rules::remove_targets, Some("Rule")),
        "TestEventPattern" => (bus::test, None),
        "PutEvents" => (bus::put, None),
        _ => return None,
    };
    let resource = match (action, parameter) {
        ("TestEventPattern", _) => "*".to_owned(),
        ("PutEvents", _) => {
            let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
            format!("arn:{partition}:events:{}:{account}:event-bus/default", ctx.region)
        }
        (_, Some(parameter)) => arn(ctx, json::text(ctx.body, parameter).unwrap_or_default()),
        (_, None) => arn(ctx, "*"),
    };
    let allowed = auth::authorize(ctx, &format!("events:{action}"), &resource);
    Some(allowed.and_then(|()| operation(ctx)))
}

fn arn(ctx: &Ctx<'_>, name: &str) -> String {
    format!("arn:{}:events:{}:{}:rule/{name}", ctx.state.partition.as_str(), ctx.region, ctx.state.account)
}

fn here<'c>(ctx: &'c Ctx<'_>) -> Result<impl Iterator<Item = &'c Rule>, Refusal> {
    match json::text(ctx.body, "EventBusName") {
        None | Some("default") => Ok(ctx.state.posture.rules.iter().filter(|rule| rule.region == ctx.region)),
        Some(bus) => Err(missing(format!("Event bus {bus} does not exist."))),
    }
}

fn missing(message: String) -> Refusal {
    Refusal::new(400, "ResourceNotFoundException", message)
}

fn written(ctx: &Ctx<'_>, rule: &Rule) -> Value {
    let mut value = json!({
        "Name": rule.name,
        "Arn": arn(ctx, &rule.name),
        "State": rule.state,
        "EventBusName": "default",
    });
    if let Some(members) = value.as_object_mut() {
        rule.description.iter().for_each(|text| drop(members.insert("Description".to_owned(), json!(text))));
        match &rule.pattern {
            Some(pattern) => members.insert("EventPattern".to_owned(), json!(pattern)),
            None => members.insert("ScheduleExpression".to_owned(), json!("rate(1 day)")),
        };
    }
    value
}

fn list(ctx: &Ctx<'_>) -> json::Outcome {
    let prefix = json::text(ctx.body, "NamePrefix").unwrap_or_default();
    let found = here(ctx)?.filter(|rule| rule.name.starts_with(prefix)).collect();
    let (rules, next) = json::page(ctx.body, "NextToken", "Limit", PAGE, "ValidationException", found)?;
    let rules: Vec<Value> = rules.into_iter().map(|rule| written(ctx, rule)).collect();
    Ok(json::with_token(json!({ "Rules": rules }), "NextToken", next))
}

fn named<'c>(ctx: &'c Ctx<'_>, parameter: &str) -> Result<&'c Rule, Refusal> {
    let name = json::required(ctx.body, parameter)?;
    let found = here(ctx)?.find(|rule| rule.name == name);
    found.ok_or_else(|| missing_rule(name))
}

fn missing_rule(name: &str) -> Refusal {
    missing(format!("Rule {name} does not exist on EventBus default."))
}

fn describe(ctx: &Ctx<'_>) -> json::Outcome {
    Ok(written(ctx, named(ctx, "Name")?))
}

fn targets(ctx: &Ctx<'_>) -> json::Outcome {
    let rule = named(ctx, "Rule")?;
    let bare = rule.targets.iter().enumerate();
    let bare = bare.map(|(number, arn)| json!({ "Id": format!("target-{number}"), "Arn": arn }));
    let found = bare.chain(rule.targets_by_id.iter().map(written_target)).collect();
    let (targets, next) = json::page(ctx.body, "NextToken", "Limit", PAGE, "ValidationException", found)?;
    Ok(json::with_token(json!({ "Targets": targets }), "NextToken", next))
}

fn written_target(target: &Target) -> Value {
    let mut value = json!({ "Id": target.id, "Arn": target.arn });
    if let Some(members) = value.as_object_mut() {
        target.input.iter().for_each(|input| drop(members.insert("Input".to_owned(), json!(input))));
        let transformer = target.transformer.iter().cloned();
        transformer.for_each(|one| drop(members.insert("InputTransformer".to_owned(), one)));
        target.role.iter().for_each(|role| drop(members.insert("RoleArn".to_owned(), json!(role))));
    }
    value
}
