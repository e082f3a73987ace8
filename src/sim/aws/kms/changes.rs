//! KMS's keys and aliases: making, changing and scheduling for deletion.

use super::super::policy::{self, Asking, Context, Policy, Verdict};
use super::super::posture::Key;
use super::super::state::State;
use super::super::wire::Refusal;
use super::super::{Ctx, json, random};
use super::{arn, found, metadata, named, named_by};
use crate::totp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Days until a key is deleted.
const WINDOW: std::ops::RangeInclusive<u64> = 7..=30;
const LATER: &str = "PendingDeletion";

fn malformed(message: &str) -> Refusal {
    Refusal::new(400, "MalformedPolicyDocumentException", message)
}

/// A policy that can be read, and with which the account can put another.
fn checked(state: &State, text: &str) -> Result<String, Refusal> {
    let policy = Policy::parse_of_resource(text).map_err(|why| malformed(&why))?;
    let principals = [format!("arn:{}:iam::{}:root", state.partition.as_str(), state.account)];
    let context = Context::new();
    let asking =
        Asking { action: "kms:PutKeyPolicy", resource: Some("*"), principals: &principals, context: &context };
    match policy::evaluate([&policy], &asking) {
        Verdict::Allowed => Ok(text.to_owned()),
        _ => Err(malformed("The new key policy will not allow you to update the key policy in the future.")),
    }
}

pub(super) fn tags(body: &Value) -> BTreeMap<String, String> {
    let pair = |one: &Value| {
        Some((json::text(one, "TagKey")?.to_owned(), json::text(one, "TagValue").unwrap_or_default().to_owned()))
    };
    body.get("Tags").and_then(Value::as_array).into_iter().flatten().filter_map(pair).collect()
}

pub(super) fn create(ctx: &mut Ctx<'_>) -> json::Outcome {
    let policy = json::text(ctx.body, "Policy").map(|text| checked(ctx.state, text)).transpose()?;
    let key = Key {
        id: random::request_id(),
        region: ctx.region.to_owned(),
        policy,
        description: json::text(ctx.body, "Description").unwrap_or_default().to_owned(),
        tags: tags(ctx.body),
        ..Key::default()
    };
    let reply = json!({ "KeyMetadata": metadata(ctx.state, &key) });
    ctx.state.posture.keys.push(key);
    Ok(reply)
}

/// Changes the key that is named, unless it is to be deleted.
fn change(ctx: &mut Ctx<'_>, parameter: &str, change: impl FnOnce(&mut Key)) -> json::Outcome {
    let key = named_by(ctx, parameter)?;
    if key.state == LATER {
        return Err(invalid_state(ctx.state, key));
    }
    let (id, region) = (key.id.clone(), key.region.clone());
    let is = |one: &&mut Key| one.id == id && one.region == region;
    if let Some(key) = ctx.state.posture.keys.iter_mut().find(is) {
        change(key);
    }
    Ok(json!({}))
}

fn invalid_state(state: &State, key: &Key) -> Refusal {
    Refusal::new(400, "KMSInvalidStateException", format!("{} is pending deletion.", arn(state, key)))
}

pub(super) fn put_policy(ctx: &mut Ctx<'_>) -> json::Outcome {
    let policy = checked(ctx.state, json::required(ctx.body, "Policy")?)?;
    change(ctx, "KeyId", |key| key.policy = Some(policy))
}

pub(super) fn rotate(ctx: &mut Ctx<'_>) -> json::Outcome {
    change(ctx, "KeyId", |key| key.rotates = true)
}

pub(super) fn enable(ctx: &mut Ctx<'_>) -> json::Outcome {
    change(ctx, "KeyId", |key| key.state = "Enabled".to_owned())
}

pub(super) fn schedule_deletion(ctx: &mut Ctx<'_>) -> json::Outcome {
    let days = ctx.body.get("PendingWindowInDays").and_then(Value::as_u64).unwrap_or(*WINDOW.end());
    if !WINDOW.contains(&days) {
        let message = format!(
            "1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: Member \
             must have value between 7 and 30"
        );
        return Err(Refusal::validation(message));
    }
    let arn = arn(ctx.state, named(ctx)?);
    let at = totp::unix(ctx.now) + days * 86_400;
    change(ctx, "KeyId", |key| key.state = LATER.to_owned())?;
    Ok(json!({ "KeyId": arn, "DeletionDate": at, "KeyState": LATER, "PendingWindowInDays": days }))
}

/// The key is disabled then.
pub(super) fn cancel_deletion(ctx: &mut Ctx<'_>) -> json::Outcome {
    let key = named(ctx)?;
    if key.state != LATER {
        let message = format!("{} is not pending deletion.", arn(ctx.state, key));
        return Err(Refusal::new(400, "KMSInvalidStateException", message));
    }
    let (id, reply) = (key.id.clone(), json!({ "KeyId": arn(ctx.state, key) }));
    let region = ctx.region;
    let is = |one: &&mut Key| one.id == id && one.region == region;
    ctx.state.posture.keys.iter_mut().filter(is).for_each(|key| key.state = "Disabled".to_owned());
    Ok(reply)
}

fn alias<'c>(ctx: &'c Ctx<'_>) -> Result<&'c str, Refusal> {
    let name = json::required(ctx.body, "AliasName")?;
    match name {
        _ if !name.starts_with("alias/") => Err(Refusal::validation(
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        )),
        _ if name.starts_with("alias/aws/") => Err(Refusal::new(400, "NotAuthorizedException", "")),
        _ => Ok(name),
    }
}

/// A key has one alias here.
pub(super) fn create_alias(ctx: &mut Ctx<'_>) -> json::Outcome {
    let name = alias(ctx)?.to_owned();
    if found(ctx.state, ctx.region, &name).is_some() {
        let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
        let arn = format!("arn:{partition}:kms:{}:{account}:{name}", ctx.region);
        let message = format!("An alias with the name {arn} already exists");
        return Err(Refusal::new(400, "AlreadyExistsException", message));
    }
    change(ctx, "TargetKeyId", |key| key.alias = Some(name))
}

pub(super) fn delete_alias(ctx: &mut Ctx<'_>) -> json::Outcome {
    let name = alias(ctx)?.to_owned();
    let region = ctx.region;
    let is = |key: &&mut Key| key.region == region && key.alias.as_deref() == Some(&name);
    let Some(key) = ctx.state.posture.keys.iter_mut().find(is) else {
        return Err(Refusal::new(400, "NotFoundException", format!("Alias '{name}' is not found.")));
    };
    key.alias = None;
    Ok(json!({}))
}
