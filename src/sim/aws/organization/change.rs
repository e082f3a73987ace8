//! Organizations, as its management account changes it: trusted services, delegated administrators, policies.

use super::super::policy::Policy;
use super::super::posture::Posture;
use super::super::wire::Refusal;
use super::super::{Ctx, auth, json, random};
use super::service::{known_target, named, named_policy, refusal, summary};
use super::{FULL_ACCESS, Register, Scp, Status};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// Characters of a policy, policies of an organization, and policies of one target.
const CHARACTERS: usize = 5_120;
const POLICIES: usize = 10_000;
const ATTACHED: usize = 5;
/// How long a policy type is being enabled.
const ENABLING: Duration = Duration::from_secs(5);
pub(super) const CLOUDTRAIL: &str = "cloudtrail.amazonaws.com";
const SCP: &str = "SERVICE_CONTROL_POLICY";

type Write = fn(&mut Register, &Ctx<'_>) -> json::Outcome;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let write: Write = match action {
        "EnableAWSServiceAccess" => trust,
        "DisableAWSServiceAccess" => distrust,
        "RegisterDelegatedAdministrator" => delegate,
        "DeregisterDelegatedAdministrator" => end_delegation,
        "EnablePolicyType" => enable_type,
        "CreatePolicy" => create,
        "UpdatePolicy" => update,
        "DeletePolicy" => delete,
        "AttachPolicy" => attach,
        "DetachPolicy" => detach,
        _ => return None,
    };
    let facts: Vec<(&str, &str)> = json::text(ctx.body, "ServicePrincipal")
        .map(|service| ("organizations:serviceprincipal", service))
        .into_iter()
        .collect();
    let allowed = auth::authorize_with(ctx, &format!("organizations:{action}"), "*", &facts);
    let outcome = allowed.and_then(|()| {
        let mut organization = ctx.world.organization_mut();
        let account = &ctx.state.account;
        let register = organization.as_mut().filter(|register| register.members.contains_key(account));
        let register = register.ok_or_else(|| {
            refusal("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
        })?;
        if register.management != *account {
            return Err(refusal("AccessDeniedException", "You don't have permissions to access this resource."));
        }
        write(register, ctx)
    });
    if action == "DisableAWSServiceAccess" && outcome.is_ok() {
        let trusts = ctx.world.organization().as_ref().is_some_and(|register| register.trusts(CLOUDTRAIL));
        if !trusts {
            shrink_trails(&mut ctx.state.posture);
            ctx.world.share_trails(ctx.state);
        }
    }
    Some(outcome)
}

/// Without trusted access, organization trails are gone from members, and are trails of the management account alone.
pub(super) fn shrink_trails(posture: &mut Posture) {
    posture.trails.iter_mut().for_each(|trail| trail.organization = false);
}

fn violation(reason: &'static str, message: &str) -> Refusal {
    refusal("ConstraintViolationException", message).because(reason)
}

fn principal<'b>(ctx: &'b Ctx<'_>) -> Result<&'b str, Refusal> {
    let service = json::required(ctx.body, "ServicePrincipal")?;
    match service.ends_with(".amazonaws.com") {
        true => Ok(service),
        false => Err(refusal("InvalidInputException", "You specified an unrecognized service principal.")
            .because("INVALID_ENUM")),
    }
}

fn trust(register: &mut Register, ctx: &Ctx<'_>) -> json::Outcome {
    let service = principal(ctx)?;
    register.trusted.entry(service.to_owned()).or_insert(ctx.now);
    Ok(json!({}))
}

fn distrust(register: &mut Register, ctx: &Ctx<'_>) -> json::Outcome {
    let service = principal(ctx)?;
    register.trusted.remove(service);
    Ok(json!({}))
}

fn delegate(register: &mut Register, ctx: &Ctx<'_>) -> json::Outcome {
    let service = principal(ctx)?;
    let member = named(register, ctx)?;
    if member.number == register.management {
        return Err(violation(
            "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR",
            "You cannot register master account/yourself as delegated administrator for your organization.",
        ));
    }
    if member.status != Status::Active {
        return Err(violation(
            "CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR",
            "You cannot register a suspended account as a delegated administrator.",
        ));
    }
    if !register.trusts(service) {
        return Err(violation(
            "SERVICE_ACCESS_NOT_ENABLED",
            "You attempted to register a delegated administrator before you enabled service access.",
        ));
    }
    let entry = (member.number.clone(), service.to_owned());
    if register.delegated.contains_key(&entry) {
        let message = "The provided account is already a delegated administrator for your organization.";
        return Err(refusal("AccountAlreadyRegisteredException", message));
    }
    if register.delegated.keys().any(|(_, delegated)| delegated == service) {
        return Err(violation(
            "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
            "You have registered the maximum number of delegated administrators for this service.",
        ));
    }
    register.delegated.insert(entry, ctx.now);
    Ok(json!({}))
}

fn end_delegation(register: &mut Register, ctx: &Ctx<'_>) -> json::Outcome {
    let service = principal(ctx)?;
    let number = named(register, ctx)?.number.clone();
    let message = "The provided account is not a registered delegated administrator for your organization.";
    let ended = register.delegated.remove(&(number, service.to_owned()));
    ended.map(|_| json!({})).ok_or_else(|| refusal("AccountNotRegisteredException", message))
}

/// The type is pending for some seconds, and then enabled.
fn enable_type(register: &mut Register, ctx: &Ctx<'_>) -> json::Outcome {
    if json::required(ctx.body, "RootId")? != register.root {
        return Err(refusal("RootNotFoundException", "You specified a root that doesn't exist."));
    }
    available(register, json::required(ctx.body, "PolicyType")?)?;
    if register.scps_from.is_some() {
        let message = "The specified policy type is already enabled in the specified root.";
        return Err(refusal("PolicyTypeAlreadyEnabledException", message));
    }
    register.scps_from = ctx.now.checked_add(ENABLING);
    Ok(json!({ "Root": super::service::written_root(register, ctx) }))
}

fn available(register: &Register, kind: &str) -> Result<(), Refusal> {
    let message =
        "You can't use the specified policy type with the feature set currently enabled for this organization.";
    match kind == SCP && register.all_features {
        true => Ok(()),
        false => Err(refusal("PolicyTypeNotAvailableForOrganizationException", message)),
    }
}

/// A policy's content, looked at.
fn content(text: &str) -> Result<Policy, Refusal> {
    if text.chars().count() > CHARACTERS {
        let message = "You have exceeded the number of policy characters allowed.";
        return Err(violation("POLICY_CONTENT_LIMIT_EXCEEDED", message));
    }
    Policy::parse(text).map_err(|why| {
        let message = "The provided policy document does not meet the requirements of the specified policy type.";
        refusal("MalformedPolicyDocumentException", &format!("{message} {why}"))
    })
}

fn free_name(register: &Register, name: &str, own: &str) -> Result<(), Refusal> {
    match register.policies.values().any(|scp| scp.name == name && scp.id != own) {
        true => Err(refusal("DuplicatePolicyException", "A policy with the same name already exists.")),
        false => Ok(()),
    }
}

fn written(register: &Register, ctx: &Ctx<'_>, scp: &Scp) -> Value {
    json!({ "Policy": { "PolicySummary": summary(register, ctx, scp), "Content": scp.text } })
}

fn create(register: &mut Register, ctx: &Ctx<'_>) -> json::Outcome {
    let (text, name) = (json::required(ctx.body, "Content")?, json::required(ctx.body, "Name")?);
    let description = json::required(ctx.body, "Description")?;
    available(register, json::required(ctx.body, "Type")?)?;
    let policy = content(text)?;
    free_name(register, name, "")?;
    if register.policies.len() >= POLICIES {
        return Err(violation("POLICY_NUMBER_LIMIT_EXCEEDED", "You have exceeded the number of policies allowed."));
    }
    let id = format!("p-{}", random::lower(8));
    let (name, text, description) = (name.to_owned(), text.to_owned(), description.to_owned());
    let scp = Scp { id: id.clone(), name, description, text, policy };
    let reply = written(register, ctx, &scp);
    register.policies.insert(id, scp);
    Ok(reply)
}

/// The id of a policy that is the organization's own.
fn own_policy(register: &Register, ctx: &Ctx<'_>) -> Result<String, Refusal> {
    let id = named_policy(register, ctx)?.id.clone();
    if id == FULL_ACCESS {
        let message = "You specified a policy that is managed by AWS and can't be modified.";
        return Err(refusal("InvalidInputException", message).because("IMMUTABLE_POLICY"));
    }
    Ok(id)
}

/// What the request leaves out stays.
fn update(register: &mut Register, ctx: &Ctx<'_>) -> json::Outcome {
    let id = own_policy(register, ctx)?;
    let text = json::text(ctx.body, "Content");
    let policy = text.map(content).transpose()?;
    let name = json::text(ctx.body, "Name");
    name.map(|name| free_name(register, name, &id)).transpose()?;
    if let Some(scp) = register.policies.get_mut(&id) {
        scp.name = name.unwrap_or(&scp.name).to_owned();
        scp.description = json::text(ctx.body, "Description").unwrap_or(&scp.description).to_owned();
        scp.text = text.unwrap_or(&scp.text).to_owned();
        scp.policy = policy.unwrap_or_else(|| scp.policy.clone());
    }
    Ok(written(register, ctx, named_policy(register, ctx)?))
}

fn delete(register: &mut Register, ctx: &Ctx<'_>) -> json::Outcome {
    let id = own_policy(register, ctx)?;
    if register.attached.values().any(|ids| ids.contains(&id)) {
        return Err(refusal(
            "PolicyInUseException",
            "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts \
             before performing this operation.",
        ));
    }
    register.policies.remove(&id);
    Ok(json!({}))
}

/// The policy and the target that a request names, and what is attached to the target.
fn attachment(register: &Register, ctx: &Ctx<'_>) -> Result<(String, String, BTreeSet<String>), Refusal> {
    let id = named_policy(register, ctx)?.id.clone();
    let target = known_target(register, ctx)?.to_owned();
    let attached = register.attached_to(&target).into_iter().map(|scp| scp.id.clone()).collect();
    Ok((id, target, attached))
}

fn attach(register: &mut Register, ctx: &Ctx<'_>) -> json::Outcome {
    let (id, target, mut attached) = attachment(register, ctx)?;
    if register.scps_from.is_none_or(|from| from > ctx.now) {
        let message = "This operation can be performed only for enabled policy types.";
        return Err(refusal("PolicyTypeNotEnabledException", message));
    }
    if attached.contains(&id) {
        let message = "The selected policy is already attached to the specified target.";
        return Err(refusal("DuplicatePolicyAttachmentException", message));
    }
    if attached.len() >= ATTACHED {
        let message = "You have attached the maximum number of policies of a certain type to an entity.";
        return Err(violation("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
    }
    attached.insert(id);
    register.attached.insert(target, attached);
    Ok(json!({}))
}

fn detach(register: &mut Register, ctx: &Ctx<'_>) -> json::Outcome {
    let (id, target, mut attached) = attachment(register, ctx)?;
    if !attached.remove(&id) {
        let message = "The policy isn't attached to the specified target in the specified root.";
        return Err(refusal("PolicyNotAttachedException", message));
    }
    if attached.is_empty() {
        let message = "You can't remove the last policy of a certain type from an entity.";
        return Err(violation("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
    }
    register.attached.insert(target, attached);
    Ok(json!({}))
}
