//! AssumeRoot: sessions of a member account's root, for one task.

use super::organization::Status;
use super::state::Principal;
use super::task::Task;
use super::wire::{Refusal, Xml};
use super::{Ctx, Elsewhere, Outcome, Payload, auth, sts};

/// The organization's name for IAM.
pub(super) const IAM: &str = "iam.amazonaws.com";

pub(super) fn run(ctx: &mut Ctx<'_>) -> Outcome {
    // The global endpoint does not know the action.
    if matches!(ctx.host, "sts.amazonaws.com") {
        return Err(Refusal::new(400, "InvalidAction", "Unknown Operation"));
    }
    let seconds = ctx.form.number("DurationSeconds", 900, 0, 900)?;
    let target = ctx.form.required("TargetPrincipal")?;
    let policy = ctx.form.get("TaskPolicyArn.arn").map_or_else(|| ctx.form.required("TaskPolicyArn"), Ok)?;
    let invalid = || Refusal::validation("Request must contain a valid target principal");
    let number = account(ctx, target).ok_or_else(invalid)?.to_owned();
    let invalid = || Refusal::validation("Request must contain valid AWS managed task policy ARN");
    let task = Task::of(ctx.state.partition, policy).ok_or_else(invalid)?;
    may(ctx, &number, policy)?;
    eligible(ctx, &number, task)?;
    let (now, expiry) = (ctx.now, seconds);
    let run = move |state: &mut super::state::State| {
        let mut xml = Xml::default();
        let _ = sts::open(state, now, &mut xml, Principal::Root, expiry, None, Some(task));
        Ok(Payload::Xml(xml))
    };
    ctx.elsewhere = Some(Elsewhere { account: number, run: Box::new(run) });
    Ok(Xml::default())
}

/// The account of a number or of a root's ARN.
fn account<'t>(ctx: &Ctx<'_>, target: &'t str) -> Option<&'t str> {
    let prefix = format!("arn:{}:iam::", ctx.state.partition.as_str());
    let number = match target.strip_prefix(&prefix) {
        Some(rest) => rest.strip_suffix(":root")?,
        None => target,
    };
    (number.len() == 12 && number.bytes().all(|c| c.is_ascii_digit())).then_some(number)
}

fn refused(ctx: &Ctx<'_>, number: &str) -> Refusal {
    let (arn, partition) = (&ctx.caller.arn, ctx.state.partition.as_str());
    Refusal::denied(format!(
        "User: {arn} is not authorized to perform: sts:AssumeRoot on resource: arn:{partition}:iam::{number}:root"
    ))
}

/// Whether the caller's policies allow it. Whatever is in the way, AWS says the same.
fn may(ctx: &Ctx<'_>, number: &str, policy: &str) -> Result<(), Refusal> {
    if ctx.caller.principal == Principal::Root {
        return Err(refused(ctx, number));
    }
    let resource = format!("arn:{}:iam::{number}:root", ctx.state.partition.as_str());
    let with = [("sts:taskpolicyarn", policy)];
    auth::authorize_with(ctx, "sts:AssumeRoot", &resource, &with).map_err(|_| refused(ctx, number))
}

/// Whether the organization lets this account open such a session in that one.
fn eligible(ctx: &Ctx<'_>, number: &str, task: Task) -> Result<(), Refusal> {
    let organization = ctx.world.organization();
    let own = &ctx.state.account;
    let register = organization.as_ref().filter(|register| register.members.contains_key(own));
    let register = register.filter(|register| register.speaks_for(own, IAM)).ok_or_else(|| refused(ctx, number))?;
    let member = register.members.get(number).filter(|member| member.number != register.management);
    let active = member.is_some_and(|member| member.status == Status::Active);
    if !active {
        return Err(refused(ctx, number));
    }
    if !register.all_features || !register.trusts(IAM) {
        return Err(Refusal::denied("Service not enabled for AWS Organizations."));
    }
    if !register.features.contains(&task.feature()) {
        let feature = match task.is_about_credentials() {
            true => "credentials management",
            false => "sessions",
        };
        let message = format!("Root {feature} feature is not enabled for your AWS Organization.");
        return Err(Refusal::denied(message));
    }
    Ok(())
}
