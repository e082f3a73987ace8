//! KMS: what a key is, and its policy.

use super::posture::Key;
use super::state::State;
use super::wire::Refusal;
use super::{Ctx, auth, json};
use serde_json::{Value, json};

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let operation: fn(&Ctx<'_>) -> json::Outcome = match action {
        "DescribeKey" => describe,
        "GetKeyPolicy" => policy,
        _ => return None,
    };
    let name = json::text(ctx.body, "KeyId").unwrap_or_default();
    let resource = found(ctx.state, ctx.region, name).map_or_else(|| name.to_owned(), |key| arn(ctx.state, key));
    let allowed = auth::authorize(ctx, &format!("kms:{action}"), &resource);
    Some(allowed.and_then(|()| operation(ctx)))
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
    let name = json::required(ctx.body, "KeyId")?;
    found(ctx.state, ctx.region, name).ok_or_else(|| {
        let what = if name.starts_with("alias/") { "Alias" } else { "Key" };
        Refusal::new(400, "NotFoundException", format!("{what} '{name}' does not exist"))
    })
}

fn describe(ctx: &Ctx<'_>) -> json::Outcome {
    let key = named(ctx)?;
    Ok(json!({ "KeyMetadata": {
        "AWSAccountId": ctx.state.account,
        "KeyId": key.id,
        "Arn": arn(ctx.state, key),
        "Enabled": key.state == "Enabled",
        "KeyState": key.state,
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyManager": if key.of_aws { "AWS" } else { "CUSTOMER" },
    } }))
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
