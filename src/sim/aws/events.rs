//! EventBridge: rules of the default bus and their targets.

use super::posture::Rule;
use super::wire::Refusal;
use super::{Ctx, auth, json};
use serde_json::{Value, json};

const PAGE: usize = 100;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let (operation, parameter): (fn(&Ctx<'_>) -> json::Outcome, _) = match action {
        "ListRules" => (list, None),
        "DescribeRule" => (describe, Some("Name")),
        "ListTargetsByRule" => (targets, Some("Rule")),
        _ => return None,
    };
    let name = parameter.map_or("*", |parameter| json::text(ctx.body, parameter).unwrap_or_default());
    let allowed = auth::authorize(ctx, &format!("events:{action}"), &arn(ctx, name));
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
    found.ok_or_else(|| missing(format!("Rule {name} does not exist on EventBus default.")))
}

fn describe(ctx: &Ctx<'_>) -> json::Outcome {
    Ok(written(ctx, named(ctx, "Name")?))
}

fn targets(ctx: &Ctx<'_>) -> json::Outcome {
    let found = named(ctx, "Rule")?.targets.iter().enumerate().collect();
    let (targets, next) = json::page(ctx.body, "NextToken", "Limit", PAGE, "ValidationException", found)?;
    let written = |(number, arn): (usize, &String)| json!({ "Id": format!("target-{number}"), "Arn": arn });
    let targets: Vec<Value> = targets.into_iter().map(written).collect();
    Ok(json::with_token(json!({ "Targets": targets }), "NextToken", next))
}
