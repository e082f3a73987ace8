//! KMS's lists. A page has a `NextMarker`, which the next request gives as `Marker`.

use super::super::posture::Key;
use super::super::{Ctx, json};
use super::{arn, named};
use serde_json::{Value, json};

const PAGE: usize = 50;

fn here<'c>(ctx: &'c Ctx<'_>) -> impl Iterator<Item = &'c Key> {
    ctx.state.posture.keys.iter().filter(|key| key.region == ctx.region)
}

fn listed(ctx: &Ctx<'_>, list: &str, items: Vec<Value>) -> json::Outcome {
    let (shown, next) = json::page(ctx.body, "Marker", "Limit", PAGE, "InvalidMarkerException", items)?;
    let mut reply = json!({ list: shown, "Truncated": next.is_some() });
    if let (Some(next), Some(members)) = (next, reply.as_object_mut()) {
        members.insert("NextMarker".to_owned(), json!(next));
    }
    Ok(reply)
}

/// Those that are to be deleted too.
pub(super) fn keys(ctx: &Ctx<'_>) -> json::Outcome {
    let written = here(ctx).map(|key| json!({ "KeyId": key.id, "KeyArn": arn(ctx.state, key) })).collect();
    listed(ctx, "Keys", written)
}

pub(super) fn aliases(ctx: &Ctx<'_>) -> json::Outcome {
    let (partition, account) = (ctx.state.partition.as_str(), &ctx.state.account);
    let alias = |key: &Key| {
        let name = key.alias.as_deref()?;
        let arn = format!("arn:{partition}:kms:{}:{account}:{name}", key.region);
        Some(json!({ "AliasName": name, "AliasArn": arn, "TargetKeyId": key.id }))
    };
    let written = here(ctx).filter_map(alias).collect();
    listed(ctx, "Aliases", written)
}

pub(super) fn tags(ctx: &Ctx<'_>) -> json::Outcome {
    let tags = named(ctx)?.tags.iter().map(|(key, value)| json!({ "TagKey": key, "TagValue": value })).collect();
    listed(ctx, "Tags", tags)
}
