//! Organizations, as an AWS client reads it.

use super::super::wire::Refusal;
use super::super::{Ctx, auth, json};
use super::{FULL_ACCESS, Member, Register, Scp};
use serde_json::{Value, json};

/// Items to a page, and what `MaxResults` may ask for at most.
const PAGE: usize = 20;

type Read = fn(&Register, &Ctx<'_>) -> json::Outcome;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<json::Outcome> {
    let read: Read = match action {
        "DescribeOrganization" => organization,
        "ListAccounts" => accounts,
        "DescribeAccount" => account,
        "ListAccountsForParent" => accounts_below,
        "ListRoots" => roots,
        "ListParents" => parents,
        "ListChildren" => children,
        "ListOrganizationalUnitsForParent" => units_below,
        "DescribeOrganizationalUnit" => unit,
        "ListPolicies" => policies,
        "ListPoliciesForTarget" => policies_of,
        "ListTargetsForPolicy" => targets_of,
        "DescribePolicy" => policy,
        "ListAWSServiceAccessForOrganization" => trusted,
        "ListDelegatedAdministrators" => delegates,
        "ListDelegatedServicesForAccount" => delegated_services,
        _ => return None,
    };
    let outcome = auth::authorize(ctx, &format!("organizations:{action}"), "*").and_then(|()| {
        let organization = ctx.world.organization();
        let account = &ctx.state.account;
        let register = organization.as_ref().filter(|register| register.members.contains_key(account));
        let register = register.ok_or_else(|| {
            refusal("AWSOrganizationsNotInUseException", "Your account is not a member of an organization.")
        })?;
        // Every member may ask which organization it is in, and nothing else.
        if action != "DescribeOrganization" && !register.may_read(account) {
            return Err(refusal("AccessDeniedException", "You don't have permissions to access this resource."));
        }
        read(register, ctx)
    });
    Some(outcome)
}

pub(super) fn refusal(code: &str, message: &str) -> Refusal {
    Refusal::new(400, code, message)
}

fn paged<T>(ctx: &Ctx<'_>, name: &str, items: Vec<T>, write: impl Fn(T) -> Value) -> json::Outcome {
    let (shown, next) = json::page(ctx.body, "NextToken", "MaxResults", PAGE, "InvalidInputException", items)?;
    let shown: Vec<Value> = shown.into_iter().map(write).collect();
    Ok(json::with_token(json!({ name: shown }), "NextToken", next))
}

fn organization(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let partition = ctx.state.partition;
    let (id, management) = (&register.id, &register.management);
    let email = register.members.get(management).map(|member| member.email.as_str());
    let types = match register.all_features {
        true => json!([{ "Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED" }]),
        false => json!([]),
    };
    Ok(json!({ "Organization": {
        "Id": id,
        "Arn": register.arn(partition, &format!("organization/{id}")),
        "FeatureSet": if register.all_features { "ALL" } else { "CONSOLIDATED_BILLING" },
        "MasterAccountArn": register.arn(partition, &format!("account/{id}/{management}")),
        "MasterAccountId": management,
        "MasterAccountEmail": email,
        "AvailablePolicyTypes": types,
    } }))
}

fn written(register: &Register, ctx: &Ctx<'_>, member: &Member) -> Value {
    let mut value = json!({
        "Id": member.number,
        "Arn": register.arn(ctx.state.partition, &format!("account/{}/{}", register.id, member.number)),
        "Email": member.email,
        "Name": member.name,
        "State": member.status.as_str(),
        "JoinedMethod": if member.invited { "INVITED" } else { "CREATED" },
        "JoinedTimestamp": json::epoch(member.joined),
    });
    if let Some(members) = value.as_object_mut().filter(|_| register.status_shown) {
        // `Status` never knew PENDING_ACTIVATION.
        let status = match member.status {
            super::Status::PendingActivation => "ACTIVE",
            status => status.as_str(),
        };
        members.insert("Status".to_owned(), json!(status));
    }
    value
}

fn accounts(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    paged(ctx, "Accounts", register.members.values().collect(), |member| written(register, ctx, member))
}

pub(super) fn named<'r>(register: &'r Register, ctx: &Ctx<'_>) -> Result<&'r Member, Refusal> {
    let number = json::required(ctx.body, "AccountId")?;
    register.members.get(number).ok_or_else(|| {
        refusal(
            "AccountNotFoundException",
            "You specified an account that doesn't exist or is not a member of this organization.",
        )
    })
}

fn account(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    Ok(json!({ "Account": written(register, ctx, named(register, ctx)?) }))
}

fn parent<'b>(register: &Register, ctx: &'b Ctx<'_>) -> Result<&'b str, Refusal> {
    let id = json::required(ctx.body, "ParentId")?;
    if id == register.root || register.units.contains_key(id) {
        return Ok(id);
    }
    Err(refusal("ParentNotFoundException", "You specified parent that doesn't exist."))
}

fn accounts_below(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let parent = parent(register, ctx)?;
    let below = register.members.values().filter(|member| member.parent == parent).collect();
    paged(ctx, "Accounts", below, |member| written(register, ctx, member))
}

fn units_below(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let parent = parent(register, ctx)?;
    let below = register.units.values().filter(|unit| unit.parent == parent).collect();
    paged(ctx, "OrganizationalUnits", below, |unit| written_unit(register, ctx, unit))
}

fn written_unit(register: &Register, ctx: &Ctx<'_>, unit: &super::Unit) -> Value {
    let arn = register.arn(ctx.state.partition, &format!("ou/{}/{}", register.id, unit.id));
    json!({ "Id": unit.id, "Arn": arn, "Name": unit.name })
}

fn unit(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let id = json::required(ctx.body, "OrganizationalUnitId")?;
    let unit = register.units.get(id).ok_or_else(|| {
        refusal("OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist.")
    })?;
    Ok(json!({ "OrganizationalUnit": written_unit(register, ctx, unit) }))
}

fn roots(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    Ok(json!({ "Roots": [written_root(register, ctx)] }))
}

pub(super) fn written_root(register: &Register, ctx: &Ctx<'_>) -> Value {
    let types = match register.scps_from {
        Some(from) => {
            let status = if from <= ctx.now { "ENABLED" } else { "PENDING_ENABLE" };
            json!([{ "Type": "SERVICE_CONTROL_POLICY", "Status": status }])
        }
        None => json!([]),
    };
    json!({
        "Id": register.root,
        "Arn": register.arn(ctx.state.partition, &format!("root/{}/{}", register.id, register.root)),
        "Name": "Root",
        "PolicyTypes": types,
    })
}

fn parents(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let child = json::required(ctx.body, "ChildId")?;
    let of_member = register.members.get(child).map(|member| &member.parent);
    let parent = of_member.or_else(|| register.units.get(child).map(|unit| &unit.parent));
    let parent = parent.ok_or_else(|| {
        refusal("ChildNotFoundException", "You specified an OU or account that doesn't exist in the organization.")
    })?;
    let kind = if *parent == register.root { "ROOT" } else { "ORGANIZATIONAL_UNIT" };
    Ok(json!({ "Parents": [{ "Id": parent, "Type": kind }] }))
}

fn children(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let parent = parent(register, ctx)?;
    let kind = json::required(ctx.body, "ChildType")?;
    let ids: Vec<&String> = match kind {
        "ACCOUNT" => {
            register.members.values().filter(|member| member.parent == parent).map(|member| &member.number).collect()
        }
        _ => register.units.values().filter(|unit| unit.parent == parent).map(|unit| &unit.id).collect(),
    };
    paged(ctx, "Children", ids, |id| json!({ "Id": id, "Type": kind }))
}

pub(super) fn summary(register: &Register, ctx: &Ctx<'_>, scp: &Scp) -> Value {
    let aws = scp.id == FULL_ACCESS;
    let arn = match aws {
        true => {
            let partition = ctx.state.partition.as_str();
            format!("arn:{partition}:organizations::aws:policy/service_control_policy/{}", scp.id)
        }
        false => {
            let resource = format!("policy/{}/service_control_policy/{}", register.id, scp.id);
            register.arn(ctx.state.partition, &resource)
        }
    };
    json!({
        "Id": scp.id,
        "Arn": arn,
        "Name": scp.name,
        "Description": scp.description,
        "Type": "SERVICE_CONTROL_POLICY",
        "AwsManaged": aws,
    })
}

/// There are service control policies and no others.
fn asks_for_scps(ctx: &Ctx<'_>) -> Result<bool, Refusal> {
    Ok(json::required(ctx.body, "Filter")? == "SERVICE_CONTROL_POLICY")
}

fn policies(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let scps = asks_for_scps(ctx)?;
    let all = register.policies.values().filter(|_| scps).collect();
    paged(ctx, "Policies", all, |scp| summary(register, ctx, scp))
}

/// The root, unit or account that a request names as its target.
pub(super) fn known_target<'b>(register: &Register, ctx: &'b Ctx<'_>) -> Result<&'b str, Refusal> {
    let target = json::required(ctx.body, "TargetId")?;
    let known =
        target == register.root || register.units.contains_key(target) || register.members.contains_key(target);
    let missing = || refusal("TargetNotFoundException", "You specified a target that doesn't exist.");
    if known { Ok(target) } else { Err(missing()) }
}

fn policies_of(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let scps = asks_for_scps(ctx)?;
    let target = known_target(register, ctx)?;
    let attached = register.attached_to(target).into_iter().filter(|_| scps).collect();
    paged(ctx, "Policies", attached, |scp| summary(register, ctx, scp))
}

pub(super) fn named_policy<'r>(register: &'r Register, ctx: &Ctx<'_>) -> Result<&'r Scp, Refusal> {
    let id = json::required(ctx.body, "PolicyId")?;
    let missing = || refusal("PolicyNotFoundException", "You specified a policy that doesn't exist.");
    register.policies.get(id).ok_or_else(missing)
}

fn policy(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let scp = named_policy(register, ctx)?;
    Ok(json!({ "Policy": { "PolicySummary": summary(register, ctx, scp), "Content": scp.text } }))
}

fn targets_of(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let scp = named_policy(register, ctx)?;
    let partition = ctx.state.partition;
    let root = [(register.root.as_str(), "Root", "ROOT", format!("root/{}/{}", register.id, register.root))];
    let units = register.units.values();
    let units = units.map(|unit| {
        (unit.id.as_str(), unit.name.as_str(), "ORGANIZATIONAL_UNIT", format!("ou/{}/{}", register.id, unit.id))
    });
    let members = register.members.values();
    let members = members.map(|member| {
        let resource = format!("account/{}/{}", register.id, member.number);
        (member.number.as_str(), member.name.as_str(), "ACCOUNT", resource)
    });
    let every = root.into_iter().chain(units).chain(members);
    let targets = every.filter(|(id, ..)| register.attached_to(id).iter().any(|attached| attached.id == scp.id));
    paged(
        ctx,
        "Targets",
        targets.collect(),
        |(id, name, kind, resource)| json!({ "TargetId": id, "Arn": register.arn(partition, &resource), "Name": name, "Type": kind }),
    )
}

fn trusted(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    paged(
        ctx,
        "EnabledServicePrincipals",
        register.trusted.iter().collect(),
        |(service, since)| json!({ "ServicePrincipal": service, "DateEnabled": json::epoch(*since) }),
    )
}

fn delegates(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let wanted = json::text(ctx.body, "ServicePrincipal");
    let mut found: Vec<(&Member, Value)> = Vec::new();
    for ((account, service), since) in &register.delegated {
        let listed = found.iter().any(|(member, _)| member.number == *account);
        if let Some(member) = register.members.get(account)
            && !listed
            && wanted.is_none_or(|wanted| wanted == service)
        {
            found.push((member, json::epoch(*since)));
        }
    }
    paged(ctx, "DelegatedAdministrators", found, |(member, since)| {
        let mut value = written(register, ctx, member);
        if let Some(members) = value.as_object_mut() {
            members.insert("DelegationEnabledDate".to_owned(), since);
        }
        value
    })
}

fn delegated_services(register: &Register, ctx: &Ctx<'_>) -> json::Outcome {
    let number = &named(register, ctx)?.number;
    let services: Vec<_> = register.delegated.iter().filter(|((account, _), _)| account == number).collect();
    if services.is_empty() {
        let message = "The provided account is not a registered delegated administrator for your organization.";
        return Err(refusal("AccountNotRegisteredException", message));
    }
    paged(
        ctx,
        "DelegatedServices",
        services,
        |((_, service), since)| json!({ "ServicePrincipal": service, "DelegationEnabledDate": json::epoch(*since) }),
    )
}
