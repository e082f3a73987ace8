//! KMS: what a key is, its policy and its aliases; keys made and scheduled for deletion.

mod changes;
mod lists;

use super::posture::Key;
use super::state::State;
use super::wire::Refusal;
use super::{Ctx, auth, json};
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let operation: fn(&mut Ctx<'_>) -> json::Outcome = match action {
        "DescribeKey" => |ctx| describe(ctx),
        "GetKeyPolicy" => |ctx| policy(ctx),
        "GetKeyRotationStatus" => |ctx| Ok(json!({ "KeyRotationEnabled": named(ctx)?.rotates })),
        "ListKeys" => |ctx| lists::keys(ctx),
        "ListAliases" => |ctx| lists::aliases(ctx),
        "ListResourceTags" => |ctx| lists::tags(ctx),
        "CreateKey" => changes::create,
        "PutKeyPolicy" => changes::put_policy,
        "EnableKeyRotation" => changes::rotate,
        "ScheduleKeyDeletion" => changes::schedule_deletion,
        "CancelKeyDeletion" => changes::cancel_deletion,
        "EnableKey" => changes::enable,
        "CreateAlias" => changes::create_alias,
        "DeleteAlias" => changes::delete_alias,
        _ => return None,
    };
    Some(allowed(action, ctx).and_then(|()| operation(ctx)))
}

/// An alias takes the permission on itself and on its key; tags of a new key take one of their own (KMS Developer Guide,
/// "KMS permissions").
fn allowed(action: &str, ctx: &Ctx<'_>) -> Result<(), Refusal> {
    let needed = format!("kms:{action}");
    let with = |kind: &str, tags: &BTreeMap<String, String>, action: &str, resource: &str| {
        let facts: Vec<(String, &str)> = tags
            .iter()
            .map(|(key, value)| (format!("aws:{kind}tag/{}", key.to_ascii_lowercase()), value.as_str()))
            .collect();
        let facts: Vec<(&str, &str)> = facts.iter().map(|(key, value)| (key.as_str(), *value)).collect();
        auth::authorize_with(ctx, action, resource, &facts)
    };
    match action {
        "CreateKey" => {
            let tags = changes::tags(ctx.body);
            with("request", &tags, &needed, "*")?;
            return if tags.is_empty() { Ok(()) } else { with("request", &tags, "kms:TagResource", "*") };
        }
        "ListKeys" | "ListAliases" => return auth::authorize(ctx, &needed, "*"),
        _ => {}
    }
    let alias = json::text(ctx.body, "AliasName");
    if let Some(alias) = alias {
        let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
        auth::authorize(ctx, &needed, &format!("arn:{partition}:kms:{}:{account}:{alias}", ctx.region))?;
    }
    let name = ["KeyId", "TargetKeyId"].into_iter().find_map(|name| json::text(ctx.body, name)).or(alias);
    let name = name.unwrap_or_default();
    match found(ctx.state, ctx.region, name) {
        Some(key) => with("resource", &key.tags, &needed, &arn(ctx.state, key)),
        None if alias.is_some() => Ok(()),
        None => auth::authorize(ctx, &needed, name),
    }
}

pub(super) fn arn(state: &State, key: &Key) -> String {
    format!("arn:{}:kms:{}:{}:key/{}", state.partition.as_str(), key.region, state.account, key.id)
}

/// By its id, its ARN or an alias.
pub(super) fn found<'s>(state: &'s State, region: &str, name: &str) -> Option<&'s Key> {
    let is = |key: &&Key| key.id == name || arn(state, key) == name || key.alias.as_deref() == Some(name);
    state.posture.keys.iter().filter(|key| key.region == region).find(is)
}

fn named<'c>(ctx: &'c Ctx<'_>) -> Result<&'c Key, Refusal> {
    named_by(ctx, "KeyId")
}

fn named_by<'c>(ctx: &'c Ctx<'_>, parameter: &str) -> Result<&'c Key, Refusal> {
    let name = json::required(ctx.body, parameter)?;
    found(ctx.state, ctx.region, name).ok_or_else(|| {
        let what = if name.starts_with("alias/") { "Alias" } else { "Key" };
        Refusal::new(400, "NotFoundException", format!("{what} '{name}' does not exist"))
    })
}

fn describe(ctx: &Ctx<'_>) -> json::Outcome {
    Ok(json!({ "KeyMetadata": metadata(ctx.state, named(ctx)?) }))
}

fn metadata(state: &State, key: &Key) -> Value {
    json!({
        "AWSAccountId": state.account,
        "KeyId": key.id,
        "Arn": arn(state, key),
        "Description": key.description,
        "Enabled": key.state == "Enabled",
        "KeyState": key.state,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyManager": if key.of_aws { "AWS" } else { "CUSTOMER" },
    })
}

/// By an id or an ARN: an alias is not taken.
fn policy(ctx: &Ctx<'_>) -> json::Outcome {
    let key = named(ctx)?;
    if json::required(ctx.body, "KeyId")?.starts_with("alias/") {
        let name = key.alias.clone().unwrap_or_default();
        return Err(Refusal::new(400, "NotFoundException", format!("Invalid keyId '{name}'")));
    }
    let root = format!("arn:{}:iam::{}:root", ctx.state.partition.as_str(), ctx.state.account);
    let of_the_account = || {
        let statement = json!({ "Sid": "Enable IAM User Permissions", "Effect": "Allow", "Principal": { "AWS": root },
            "Action": "kms:*", "Resource": "*" });
        json!({ "Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement] }).to_string()
    };
    let policy: Value = json!(key.policy.clone().unwrap_or_else(of_the_account));
    Ok(json!({ "Policy": policy, "PolicyName": "default" }))
}
