//! The role with which a rule sends events to another bus.

use super::super::Ctx;
use super::super::policy::{self, Asking, Context, Policy, Verdict};
use super::super::state::{Role, State};
use std::time::Duration;

pub(super) const PRINCIPAL: &str = "events.amazonaws.com";

/// The role of this ARN.
pub(super) fn of<'s>(state: &'s State, arn: &str) -> Option<&'s Role> {
    state.roles.values().find(|role| state.role_arn(role) == arn)
}

/// Whether EventBridge may assume a role, as far as the role says.
pub(super) fn trusts(role: &Role) -> bool {
    let (principals, context) = ([policy::service(PRINCIPAL)], Context::new());
    let asking = Asking { action: "sts:AssumeRole", resource: None, principals: &principals, context: &context };
    policy::evaluate([&role.trust.1] as [&Policy; 1], &asking) == Verdict::Allowed
}

/// Whether EventBridge sees by now that it may assume the role of this ARN.
pub(super) fn is_seen(ctx: &Ctx<'_>, arn: &str) -> bool {
    let wait = Duration::from_secs(ctx.state.posture.delays.role);
    of(ctx.state, arn)
        .is_some_and(|role| trusts(role) && role.created.checked_add(wait).is_some_and(|from| from <= ctx.now))
}

/// Whether a role may put events on a bus.
pub(super) fn may_put(state: &State, role: &Role, bus: &str) -> bool {
    let context = Context::new();
    let asking = Asking { action: "events:PutEvents", resource: Some(bus), principals: &[], context: &context };
    policy::evaluate(state.policies_of_role(&role.name), &asking) == Verdict::Allowed
}
