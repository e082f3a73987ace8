//! IAM: which actions there are, what each one's permission is asked on, and what they share.

mod access_keys;
mod account;
mod certificates;
mod details;
pub(super) mod devices;
mod features;
mod groups;
mod listing;
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
    /// The user named, or the caller.
    User,
    /// The user to be made.
    NewUser,
    /// The whole of a kind: `user/`, `mfa/`.
    All(&'static str),
    /// The device of the serial number.
    Device,
    /// The device to be made.
    NewDevice,
    /// The role named.
    Role,
    /// The group named.
    Group,
    /// The managed policy named.
    Policy,
    /// The owner of the access key.
    KeyOwner,
    /// `*`.
    Anything,
}

struct Operation {
    on: On,
    run: fn(&mut Ctx<'_>) -> Outcome,
}

/// The one table of actions.
fn operation(action: &str) -> Option<Operation> {
    let of = |on, run: fn(&mut Ctx<'_>) -> Outcome| Some(Operation { on, run });
    match action {
        "CreateVirtualMFADevice" => of(On::NewDevice, devices::create_virtual),
        "DeleteVirtualMFADevice" => of(On::Device, devices::delete_virtual),
        "EnableMFADevice" => of(On::User, devices::enable),
        "DeactivateMFADevice" => of(On::User, devices::deactivate),
        "ResyncMFADevice" => of(On::User, devices::resync),
        "GetMFADevice" => of(On::User, listing::get),
        "ListMFADevices" => of(On::User, listing::list),
        "ListVirtualMFADevices" => of(On::All("mfa/"), listing::list_virtual),
        "ListMFADeviceTags" => of(On::Device, tags::list_device),
        "TagMFADevice" => of(On::Device, tags::tag_device),
        "UntagMFADevice" => of(On::Device, tags::untag_device),
        "ListUserTags" => of(On::User, tags::list_user),
        "TagUser" => of(On::User, tags::tag_user),
        "UntagUser" => of(On::User, tags::untag_user),
        "CreateUser" => of(On::NewUser, users::create),
        "GetUser" => of(On::User, users::get),
        "ListUsers" => of(On::All("user/"), users::list),
        "DeleteUser" => of(On::User, users::delete),
        "CreateAccessKey" => of(On::User, access_keys::create),
        "ListAccessKeys" => of(On::User, access_keys::list),
        "UpdateAccessKey" => of(On::User, access_keys::update),
        "DeleteAccessKey" => of(On::User, access_keys::delete),
        "GetAccessKeyLastUsed" => of(On::KeyOwner, access_keys::last_used),
        "ListSigningCertificates" => of(On::User, certificates::list),
        "DeleteSigningCertificate" => of(On::User, certificates::delete),
        "GetLoginProfile" => of(On::User, passwords::get),
        "CreateLoginProfile" => of(On::User, passwords::create),
        "DeleteLoginProfile" => of(On::User, passwords::delete),
        "CreateGroup" => of(On::Group, groups::create),
        "GetGroup" => of(On::Group, groups::get),
        "ListGroups" => of(On::All("group/"), groups::list),
        "ListGroupsForUser" => of(On::User, groups::list_for_user),
        "AddUserToGroup" => of(On::Group, groups::add_user),
        "RemoveUserFromGroup" => of(On::Group, groups::remove_user),
        "CreateRole" => of(On::Role, roles::create),
        "GetRole" => of(On::Role, roles::get),
        "ListRoles" => of(On::All("role/"), roles::list),
        "DeleteRole" => of(On::Role, roles::delete),
        "GetPolicy" => of(On::Policy, policies::get_managed),
        "GetPolicyVersion" => of(On::Policy, policies::get_version),
        "ListEntitiesForPolicy" => of(On::Policy, policies::entities),
        "GetAccountAuthorizationDetails" => of(On::Anything, details::get),
        "GenerateCredentialReport" => of(On::Anything, report::generate),
        "GetCredentialReport" => of(On::Anything, report::get),
        "GetAccountPasswordPolicy" => of(On::Anything, account::password_policy),
        "ListAccountAliases" => of(On::Anything, account::aliases),
        "ListOrganizationsFeatures" => of(On::Anything, features::list),
        "EnableOrganizationsRootCredentialsManagement"
        | "EnableOrganizationsRootSessions"
        | "DisableOrganizationsRootCredentialsManagement"
        | "DisableOrganizationsRootSessions" => of(On::Anything, features::change),
        "GetAccountSummary" => of(On::Anything, account::summary),
        _ => policy_operation(action),
    }
}

/// What is the same for users, groups and roles: `PutUserPolicy`, `AttachRolePolicy`, `ListGroupPolicies`.
fn policy_operation(action: &str) -> Option<Operation> {
    let holders = [("User", On::User), ("Group", On::Group), ("Role", On::Role)];
    let (kind, on) = holders.into_iter().find(|(kind, _)| action.contains(kind))?;
    let run: fn(&mut Ctx<'_>) -> Outcome = match action.replacen(kind, "", 1).as_str() {
        "PutPolicy" => policies::put,
        "GetPolicy" => policies::get,
        "ListPolicies" => policies::list,
        "DeletePolicy" => policies::delete,
        "AttachPolicy" => policies::attach,
        "DetachPolicy" => policies::detach,
        "ListAttachedPolicies" => policies::list_attached,
        _ => return None,
    };
    Some(Operation { on, run })
}

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<Outcome> {
    let operation = operation(action)?;
    let resource = resource(action, ctx.state, ctx.caller, ctx.form);
    let keys = tags::keys(ctx.form);
    let facts: &[_] = if keys.is_empty() { &[] } else { &[("aws:tagkeys", keys.as_str())] };
    let allowed = auth::authorize_with(ctx, &format!("iam:{action}"), &resource, facts);
    Some(allowed.and_then(|()| (operation.run)(ctx)))
}

pub(super) fn resource(action: &str, state: &State, caller: &Caller, form: &Form) -> String {
    match operation(action).map_or(On::Anything, |operation| operation.on) {
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
