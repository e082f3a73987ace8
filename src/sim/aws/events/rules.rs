//! EventBridge's rules and targets: making, changing and deleting them.

use super::super::posture::{Rule, Target};
use super::super::wire::Refusal;
use super::super::{Ctx, auth, json};
use super::{arn, here, missing_rule, named, pattern, roles};
use serde_json::{Value, json};

const STATES: [&str; 3] = ["ENABLED", "DISABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"];
/// Targets of a rule: EventBridge's quota.
const TARGETS: usize = 5;

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "ValidationException", message)
}

fn state<'c>(ctx: &'c Ctx<'_>) -> Result<&'c str, Refusal> {
    let state = json::text(ctx.body, "State").unwrap_or("ENABLED");
    match STATES.contains(&state) {
        true => Ok(state),
        false => Err(invalid(format!(
            "1 validation error detected: Value '{state}' at 'state' failed to satisfy constraint: Member must satisfy \
             enum value set: [{}]",
            STATES.join(", ")
        ))),
    }
}

/// Takes the place of a rule with the same name, except for its targets.
pub(super) fn put(ctx: &mut Ctx<'_>) -> json::Outcome {
    let name = json::required(ctx.body, "Name")?.to_owned();
    drop(here(ctx)?);
    let fits = name.bytes().all(|c| c.is_ascii_alphanumeric() || b".-_".contains(&c));
    if !fits || !(1..=64).contains(&name.len()) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: [\\.\\-_A-Za-z0-9]+"
        )));
    }
    if json::text(ctx.body, "ScheduleExpression").is_some() {
        return Err(invalid("The simulator runs no schedules."));
    }
    let text = json::text(ctx.body, "EventPattern")
        .ok_or_else(|| invalid("Parameter(s) EventPattern or ScheduleExpression must be specified."))?;
    pattern::read(text)?;
    let mut rule = Rule {
        name: name.clone(),
        region: ctx.region.to_owned(),
        description: json::text(ctx.body, "Description").map(str::to_owned),
        pattern: Some(text.to_owned()),
        state: state(ctx)?.to_owned(),
        ..Rule::default()
    };
    let arn = arn(ctx, &name);
    let rules = &mut ctx.state.posture.rules;
    match rules.iter_mut().find(|there| there.name == name && there.region == rule.region) {
        Some(there) => {
            rule.targets = std::mem::take(&mut there.targets);
            rule.targets_by_id = std::mem::take(&mut there.targets_by_id);
            *there = rule;
        }
        None => rules.push(rule),
    }
    Ok(json!({ "RuleArn": arn }))
}

fn change<'c>(ctx: &'c mut Ctx<'_>, parameter: &str) -> Result<&'c mut Rule, Refusal> {
    let name = named(ctx, parameter)?.name.clone();
    let region = ctx.region;
    let found = ctx.state.posture.rules.iter_mut().find(|rule| rule.name == name && rule.region == region);
    found.ok_or_else(|| missing_rule(&name))
}

pub(super) fn enable(ctx: &mut Ctx<'_>) -> json::Outcome {
    change(ctx, "Name")?.state = "ENABLED".to_owned();
    Ok(json!({}))
}

pub(super) fn disable(ctx: &mut Ctx<'_>) -> json::Outcome {
    change(ctx, "Name")?.state = "DISABLED".to_owned();
    Ok(json!({}))
}

/// A rule that is not there is no error.
pub(super) fn delete(ctx: &mut Ctx<'_>) -> json::Outcome {
    let (name, region) = (json::required(ctx.body, "Name")?, ctx.region);
    let Some(rule) = here(ctx)?.find(|rule| rule.name == name) else { return Ok(json!({})) };
    if !rule.targets.is_empty() || !rule.targets_by_id.is_empty() {
        return Err(invalid("Rule can't be deleted since it has targets."));
    }
    ctx.state.posture.rules.retain(|rule| rule.name != name || rule.region != region);
    Ok(json!({}))
}

fn target(ctx: &Ctx<'_>, value: &Value) -> Result<Target, Refusal> {
    let (id, arn) = (json::required(value, "Id")?, json::required(value, "Arn")?);
    let mut parts = arn.split(':').skip(2);
    let (service, region) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if !arn.starts_with("arn:") || service.is_empty() {
        return Err(invalid(format!("Parameter {arn} is not valid. Reason: Provided Arn is not in correct format.")));
    }
    let role = json::text(value, "RoleArn").map(str::to_owned);
    let is_bus = service == "events" && arn.contains(":event-bus/");
    if is_bus {
        may_send(ctx, role.as_deref())?;
    } else if !region.is_empty() && region != ctx.region {
        return Err(invalid(format!("Parameter {arn} is not valid. Reason: Provided Arn is not in correct region.")));
    }
    if value.get("RoleArn").is_some() && ["sns", "sqs"].contains(&service) {
        return Err(invalid(format!("RoleArn is not supported for target {arn}.")));
    }
    let transformer = value.get("InputTransformer").cloned();
    let input = json::text(value, "Input").map(str::to_owned);
    Ok(Target { id: id.to_owned(), arn: arn.to_owned(), input, transformer, role })
}

/// Another bus is sent to with a role that the caller may pass on, and that EventBridge may assume.
fn may_send(ctx: &Ctx<'_>, role: Option<&str>) -> Result<(), Refusal> {
    let Some(role) = role else {
        return Err(invalid("The simulator sends to another bus with a RoleArn only."));
    };
    auth::authorize_with(ctx, "iam:PassRole", role, &[("iam:passedtoservice", roles::PRINCIPAL)])?;
    match roles::is_seen(ctx, role) {
        true => Ok(()),
        false => {
            Err(invalid(format!("Provided role '{role}' cannot be assumed by principal 'events.amazonaws.com'.")))
        }
    }
}

pub(super) fn put_targets(ctx: &mut Ctx<'_>) -> json::Outcome {
    named(ctx, "Rule")?;
    let given = ctx.body.get("Targets").and_then(Value::as_array).into_iter().flatten();
    let given = given.map(|value| target(ctx, value)).collect::<Result<Vec<_>, _>>()?;
    let rule = change(ctx, "Rule")?;
    let mut targets = rule.targets_by_id.clone();
    for one in given {
        targets.retain(|there| there.id != one.id);
        targets.push(one);
    }
    if targets.len() + rule.targets.len() > TARGETS {
        let message = "The requested resource exceeds the maximum number allowed.";
        return Err(Refusal::new(400, "LimitExceededException", message));
    }
    rule.targets_by_id = targets;
    Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
}

/// Ids that no target has are passed over.
pub(super) fn remove_targets(ctx: &mut Ctx<'_>) -> json::Outcome {
    let ids: Vec<String> = json::texts(ctx.body, "Ids").into_iter().map(str::to_owned).collect();
    let rule = change(ctx, "Rule")?;
    let mut number = 0;
    rule.targets.retain(|_| {
        number += 1;
        !ids.contains(&format!("target-{}", number - 1))
    });
    rule.targets_by_id.retain(|target| !ids.contains(&target.id));
    Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
}
