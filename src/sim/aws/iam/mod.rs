//! IAM: which actions there are, what each one's permission is asked on, and what they share.

mod access_keys;
mod account;
mod devices;
mod listing;
mod policies;
mod roles;
mod users;

use super::auth::{self, Caller};
use super::state::{Owner, State, User};
use super::wire::{Form, Refusal, Xml};
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
        "ListMFADeviceTags" => of(On::Device, listing::list_tags),
        "TagMFADevice" => of(On::Device, devices::tag),
        "UntagMFADevice" => of(On::Device, devices::untag),
        "CreateUser" => of(On::NewUser, users::create),
        "GetUser" => of(On::User, users::get),
        "ListUsers" => of(On::All("user/"), users::list),
        "DeleteUser" => of(On::User, users::delete),
        "CreateAccessKey" => of(On::User, access_keys::create),
        "ListAccessKeys" => of(On::User, access_keys::list),
        "UpdateAccessKey" => of(On::User, access_keys::update),
        "DeleteAccessKey" => of(On::User, access_keys::delete),
        "PutUserPolicy" => of(On::User, policies::put),
        "GetUserPolicy" => of(On::User, policies::get),
        "ListUserPolicies" => of(On::User, policies::list),
        "DeleteUserPolicy" => of(On::User, policies::delete),
        "CreateRole" => of(On::Role, roles::create),
        "GetRole" => of(On::Role, roles::get),
        "DeleteRole" => of(On::Role, roles::delete),
        "PutRolePolicy" => of(On::Role, roles::put_policy),
        "GetAccountSummary" => of(On::Anything, account::summary),
        _ => None,
    }
}

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<Outcome> {
    let operation = operation(action)?;
    let resource = resource(action, ctx.state, ctx.caller, ctx.form);
    let allowed = auth::authorize(ctx.state, ctx.caller, &format!("iam:{action}"), &resource);
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
    let most = ctx.form.number("MaxItems", 100, 1, 1000)?;
    let after = ctx.form.get("Marker").map(read_marker).transpose()?;
    let mut rest = items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after)).peekable();
    let mut last = String::new();
    let mut shown = Vec::new();
    while let Some((key, item)) = rest.next_if(|_| (shown.len() as u64) < most) {
        last = key;
        shown.push(item);
    }
    let truncated = rest.peek().is_some();
    xml.element(list, |xml| shown.into_iter().for_each(|item| each(xml, item)));
    xml.text("IsTruncated", if truncated { "true" } else { "false" });
    if truncated {
        xml.text("Marker", &write_marker(&last));
    }
    Ok(())
}

/// Markers are opaque to the caller; this prefix tells ours from any other base64.
const MARKER: &str = "after ";

fn write_marker(key: &str) -> String {
    data_encoding::BASE64.encode(format!("{MARKER}{key}").as_bytes())
}

fn read_marker(marker: &str) -> Result<String, Refusal> {
    let decoded = data_encoding::BASE64.decode(marker.as_bytes()).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.strip_prefix(MARKER).map(str::to_owned))
        .ok_or_else(|| Refusal::validation("Invalid Marker."))
}
