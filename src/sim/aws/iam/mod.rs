//! IAM: which actions there are, what each one's permission is asked on, and what they share.

mod access_keys;
mod account;
mod certificates;
mod details;
pub(super) mod devices;
mod features;
mod groups;
mod listing;
mod password_policy;
mod passwords;
mod policies;
mod report;
mod roles;
pub(super) mod tags;
mod users;

use super::auth::{self, Caller};
use super::state::{Owner, State, User};
use super::wire::{Form, Refusal, Xml, read_marker, write_marker};
use super::{Ctx, Outcome};

/// What an action's permission is asked on, as the Service Authorization Reference has it.
#[derive(Clone, Copy)]
enum On {
    User,
    NewUser,
    /// The whole of a kind: `user/`, `mfa/`.
    All(&'static str),
    Device,
    NewDevice,
    Role,
    Group,
    Policy,
    KeyOwner,
    /// `*`.
    Anything,
}

type Run = fn(&mut Ctx<'_>) -> Outcome;

/// What an action is asked on, and what carries it out.
type Operation = (On, Run);

const OPERATIONS: &[(&str, On, Run)] = &[
    ("CreateVirtualMFADevice", On::NewDevice, devices::create_virtual),
    ("DeleteVirtualMFADevice", On::Device, devices::delete_virtual),
    ("EnableMFADevice", On::User, devices::enable),
    ("DeactivateMFADevice", On::User, devices::deactivate),
    ("ResyncMFADevice", On::User, devices::resync),
    ("GetMFADevice", On::User, listing::get),
    ("ListMFADevices", On::User, listing::list),
    ("ListVirtualMFADevices", On::All("mfa/"), listing::list_virtual),
    ("ListMFADeviceTags", On::Device, tags::list_device),
    ("TagMFADevice", On::Device, tags::tag_device),
    ("UntagMFADevice", On::Device, tags::untag_device),
    ("ListUserTags", On::User, tags::list_user),
    ("TagUser", On::User, tags::tag_user),
    ("UntagUser", On::User, tags::untag_user),
    ("CreateUser", On::NewUser, users::create),
    ("GetUser", On::User, users::get),
    ("ListUsers", On::All("user/"), users::list),
    ("DeleteUser", On::User, users::delete),
    ("CreateAccessKey", On::User, access_keys::create),
    ("ListAccessKeys", On::User, access_keys::list),
    ("UpdateAccessKey", On::User, access_keys::update),
    ("DeleteAccessKey", On::User, access_keys::delete),
    ("GetAccessKeyLastUsed", On::KeyOwner, access_keys::last_used),
    ("ListSigningCertificates", On::User, certificates::list),
    ("UpdateSigningCertificate", On::User, certificates::update),
    ("DeleteSigningCertificate", On::User, certificates::delete),
    ("GetLoginProfile", On::User, passwords::get),
    ("CreateLoginProfile", On::User, passwords::create),
    ("UpdateLoginProfile", On::User, passwords::update),
    ("DeleteLoginProfile", On::User, passwords::delete),
    ("CreateGroup", On::Group, groups::create),
    ("GetGroup", On::Group, groups::get),
    ("ListGroups", On::All("group/"), groups::list),
    ("ListGroupsForUser", On::User, groups::list_for_user),
    ("DeleteGroup", On::Group, groups::delete),
    ("AddUserToGroup", On::Group, groups::add_user),
    ("RemoveUserFromGroup", On::Group, groups::remove_user),
    ("CreateRole", On::Role, roles::create),
    ("GetRole", On::Role, roles::get),
    ("ListRoles", On::All("role/"), roles::list),
    ("DeleteRole", On::Role, roles::delete),
    ("GetPolicy", On::Policy, policies::get_managed),
    ("GetPolicyVersion", On::Policy, policies::get_version),
    ("ListEntitiesForPolicy", On::Policy, policies::entities),
    ("GetAccountAuthorizationDetails", On::Anything, details::get),
    ("GenerateCredentialReport", On::Anything, report::generate),
    ("GetCredentialReport", On::Anything, report::get),
    ("GetAccountPasswordPolicy", On::Anything, password_policy::get),
    ("UpdateAccountPasswordPolicy", On::Anything, password_policy::update),
    ("DeleteAccountPasswordPolicy", On::Anything, password_policy::delete),
    ("ListAccountAliases", On::Anything, account::aliases),
    ("ListOrganizationsFeatures", On::Anything, features::list),
    ("EnableOrganizationsRootCredentialsManagement", On::Anything, features::change),
    ("EnableOrganizationsRootSessions", On::Anything, features::change),
    ("DisableOrganizationsRootCredentialsManagement", On::Anything, features::change),
    ("DisableOrganizationsRootSessions", On::Anything, features::change),
    ("GetAccountSummary", On::Anything, account::summary),
];

fn operation(action: &str) -> Option<Operation> {
    let known = OPERATIONS.iter().find(|(name, ..)| *name == action);
    known.map(|(_, on, run)| (*on, *run)).or_else(|| policy_operation(action))
}

/// What is the same for users, groups and roles: `PutUserPolicy`, `AttachRolePolicy`, `ListGroupPolicies`.
fn policy_operation(action: &str) -> Option<Operation> {
    let holders = [("User", On::User), ("Group", On::Group), ("Role", On::Role)];
    let (kind, on) = holders.into_iter().find(|(kind, _)| action.contains(kind))?;
    let run: Run = match action.replacen(kind, "", 1).as_str() {
        "PutPolicy" => policies::put,
        "GetPolicy" => policies::get,
        "ListPolicies" => policies::list,
        "DeletePolicy" => policies::delete,
        "AttachPolicy" => policies::attach,
        "DetachPolicy" => policies::detach,
        "ListAttachedPolicies" => policies::list_attached,
        _ => return None,
    };
    Some((on, run))
}

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<Outcome> {
    let (_, run) = operation(action)?;
    let resource = resource(action, ctx.state, ctx.caller, ctx.form);
    let keys = tags::keys(ctx.form);
    let of_tags = Some(("aws:tagkeys", keys.as_str())).filter(|_| !keys.is_empty());
    let facts: Vec<_> =
        of_tags.into_iter().chain(ctx.form.get("PolicyArn").map(|arn| ("iam:policyarn", arn))).collect();
    let allowed = auth::authorize_with(ctx, &format!("iam:{action}"), &resource, &facts);
    Some(allowed.and_then(|()| run(ctx)))
}

pub(super) fn resource(action: &str, state: &State, caller: &Caller, form: &Form) -> String {
    match operation(action).map_or(On::Anything, |(on, _)| on) {
        // A user that does not exist has no ARN: AWS then writes "user NAME".
        On::User => match form.get("UserName") {
            Some(name) => state.users.get(name).map_or_else(|| format!("user {name}"), |user| state.user_arn(user)),
            None => caller.arn.clone(),
        },
        On::NewUser => state.arn(&format!("user{}", path_and_name(form, "UserName"))),
        On::All(kind) => state.arn(kind),
        On::Device => form.get("SerialNumber").unwrap_or_default().to_owned(),
        On::NewDevice => state.arn(&format!("mfa{}", path_and_name(form, "VirtualMFADeviceName"))),
        On::Role => {
            let name = form.get("RoleName").unwrap_or_default();
            let known = state.roles.get(name).map(|role| state.role_arn(role));
            known.unwrap_or_else(|| state.arn(&format!("role{}", path_and_name(form, "RoleName"))))
        }
        On::Group => {
            let known = form.get("GroupName").and_then(|name| state.groups.get(name));
            let path_and_name = || path_and_name(form, "GroupName");
            known.map_or_else(|| state.arn(&format!("group{}", path_and_name())), |group| state.group_arn(group))
        }
        On::Policy => form.get("PolicyArn").unwrap_or_default().to_owned(),
        On::KeyOwner => {
            match form.get("AccessKeyId").and_then(|id| state.access_keys.get(id)).map(|key| &key.owner) {
                Some(Owner::Root) => state.arn("root"),
                Some(Owner::User(name)) => {
                    state.users.get(name).map_or_else(|| format!("user {name}"), |user| state.user_arn(user))
                }
                None => caller.arn.clone(),
            }
        }
        On::Anything => "*".to_owned(),
    }
}

fn path_and_name(form: &Form, name: &str) -> String {
    format!("{}{}", form.get("Path").unwrap_or("/"), form.get(name).unwrap_or_default())
}

/// The `Path` parameter, `/` without one.
fn path(form: &Form) -> Result<&str, Refusal> {
    let path = form.get("Path").unwrap_or("/");
    if path.len() > 512 {
        return Err(Refusal::constraint("Path", "have length less than or equal to 512"));
    }
    let printable = path.bytes().all(|c| (0x21..=0x7e).contains(&c));
    if !(path.starts_with('/') && path.ends_with('/') && printable) {
        return Err(Refusal::validation(
            "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric \
             characters and/or / characters.",
        ));
    }
    Ok(path)
}

/// A name in IAM's alphabet, of at most `longest` characters.
fn name<'f>(form: &'f Form, parameter: &str, longest: usize) -> Result<&'f str, Refusal> {
    let name = form.required(parameter)?;
    if name.is_empty() {
        return Err(Refusal::constraint(parameter, "have length greater than or equal to 1"));
    }
    if name.len() > longest {
        return Err(Refusal::constraint(parameter, &format!("have length less than or equal to {longest}")));
    }
    if !name.bytes().all(|c| c.is_ascii_alphanumeric() || b"+=,.@_-".contains(&c)) {
        let spelled = spelled(parameter);
        return Err(Refusal::validation(format!(
            "The specified value for {spelled} is invalid. It must contain only alphanumeric characters and/or the \
             following: +=,.@_-"
        )));
    }
    Ok(name)
}

/// `UserName` as messages write it.
fn spelled(parameter: &str) -> String {
    let mut text = parameter.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

/// A `UserName` that must be given and exist.
fn named_user<'s>(state: &'s State, form: &Form) -> Result<&'s User, Refusal> {
    let name = name(form, "UserName", 128)?;
    state.users.get(name).ok_or_else(|| no_user(name))
}

fn no_user(name: &str) -> Refusal {
    Refusal::missing(format!("The user with name {name} cannot be found."))
}

/// The owner that a `UserName`, or without one the caller, stands for.
fn owner(ctx: &Ctx<'_>) -> Result<Owner, Refusal> {
    match ctx.form.get("UserName") {
        Some(_) => named_user(ctx.state, ctx.form).map(|user| Owner::User(user.name.clone())),
        None => ctx
            .caller
            .owner()
            .ok_or_else(|| Refusal::validation("Must specify userName when calling with non-User credentials")),
    }
}

/// One page out of structures that are ordered by their keys: writes `IsTruncated` and `Marker` after them.
fn page<T>(
    ctx: &Ctx<'_>,
    xml: &mut Xml,
    list: &str,
    items: Vec<(String, T)>,
    each: impl Fn(&mut Xml, T),
) -> Result<(), Refusal> {
    page_of(ctx, xml, list, items, |xml, item| xml.element("member", |member| each(member, item)))
}

/// The same for members that `each` writes whole.
fn page_of<T>(
    ctx: &Ctx<'_>,
    xml: &mut Xml,
    list: &str,
    items: Vec<(String, T)>,
    each: impl Fn(&mut Xml, T),
) -> Result<(), Refusal> {
    in_page(ctx, items, |shown, more| {
        xml.element(list, |xml| shown.into_iter().for_each(|item| each(xml, item)));
        write_truncation(xml, more);
    })
}

/// Shows `write` the items of the page that is asked for, and the marker of the next one if there is one.
fn in_page<T>(
    ctx: &Ctx<'_>,
    items: Vec<(String, T)>,
    write: impl FnOnce(Vec<T>, Option<String>),
) -> Result<(), Refusal> {
    let most = ctx.form.number("MaxItems", 100, 1, 1000)?;
    let invalid = || Refusal::validation("Invalid Marker.");
    let after = ctx.form.get("Marker").map(|marker| read_marker(marker).ok_or_else(invalid)).transpose()?;
    let mut rest = items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).peekable();
    let mut last = String::new();
    let mut shown = Vec::new();
    while let Some((key, item)) = rest.next_if(|_| (shown.len() as u64) < most) {
        last = key;
        shown.push(item);
    }
    let more = rest.peek().is_some().then(|| write_marker(&last));
    write(shown, more);
    Ok(())
}

fn write_truncation(xml: &mut Xml, more: Option<String>) {
    xml.text("IsTruncated", if more.is_some() { "true" } else { "false" });
    if let Some(marker) = more {
        xml.text("Marker", &marker);
    }
}
