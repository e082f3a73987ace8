//! IAM Identity Center: whether there is an instance.

use super::{Ctx, auth, json};
use serde_json::json;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    (action == "ListInstances").then(|| list(ctx))
}

fn list(ctx: &Ctx<'_>) -> json::Outcome {
    auth::authorize(ctx, "sso:ListInstances", "*")?;
    let here = ctx.state.posture.identity_centers.iter().filter(|region| *region == ctx.region);
    let instances: Vec<_> = here
        .map(|_| {
            json!({
                "InstanceArn": format!("arn:{}:sso:::instance/ssoins-7223a1b2c3d4e5f6", ctx.state.partition.as_str()),
                "IdentityStoreId": "d-9067a1b2c3",
                "OwnerAccountId": ctx.state.account,
                "Status": "ACTIVE",
            })
        })
        .collect();
    Ok(json!({ "Instances": instances }))
}
