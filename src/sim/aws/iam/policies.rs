//! Policies of users, groups and roles: inline ones, and managed ones attached.

use super::super::policy::Policy;
use super::super::state::{Policies, State};
use super::super::wire::{Form, Refusal, Xml, iso};
use super::super::{Ctx, Outcome, managed};
use super::{name, no_user, page, page_of};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

#[derive(Clone, Copy)]
enum Holder {
    User,
    Group,
    Role,
}

impl Holder {
    /// By the action: `PutRolePolicy`, `ListAttachedGroupPolicies`.
    fn of(action: &str) -> Self {
        match action {
            action if action.contains("Group") => Self::Group,
            action if action.contains("Role") => Self::Role,
            _ => Self::User,
        }
    }

    fn parameter(self) -> &'static str {
        match self {
            Self::User => "UserName",
            Self::Group => "GroupName",
            Self::Role => "RoleName",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }

    fn name(self, form: &Form) -> Result<&str, Refusal> {
        name(form, self.parameter(), 128)
    }

    fn policies<'s>(self, state: &'s State, form: &Form) -> Result<(String, &'s Policies), Refusal> {
        let name = self.name(form)?;
        let found = match self {
            Self::User => state.users.get(name).map(|user| &user.policies),
            Self::Group => state.groups.get(name).map(|group| &group.policies),
            Self::Role => state.roles.get(name).map(|role| &role.policies),
        };
        Ok((name.to_owned(), found.ok_or_else(|| self.missing(name))?))
    }

    fn policies_mut<'s>(self, state: &'s mut State, form: &Form) -> Result<&'s mut Policies, Refusal> {
        let name = self.name(form)?;
        let found = match self {
            Self::User => state.users.get_mut(name).map(|user| &mut user.policies),
            Self::Group => state.groups.get_mut(name).map(|group| &mut group.policies),
            Self::Role => state.roles.get_mut(name).map(|role| &mut role.policies),
        };
        found.ok_or_else(|| self.missing(name))
    }

    fn missing(self, name: &str) -> Refusal {
        match self {
            Self::User => no_user(name),
            other => Refusal::missing(format!("The {} with name {name} cannot be found.", other.word())),
        }
    }

    fn no_policy(self, policy: &str) -> Refusal {
        Refusal::missing(format!("The {} policy with name {policy} cannot be found.", self.word()))
    }
}

pub(super) fn put(ctx: &mut Ctx<'_>) -> Outcome {
    let policy_name = name(ctx.form, "PolicyName", 128)?;
    let text = ctx.form.required("PolicyDocument")?;
    let policy = read(text)?;
    let holder = holder(ctx);
    let policies = holder.policies_mut(ctx.state, ctx.form)?;
    policies.inline.insert(policy_name.to_owned(), (text.to_owned(), policy));
    Ok(Xml::default())
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    let holder = holder(ctx);
    let (name, policies) = holder.policies(ctx.state, ctx.form)?;
    let policy_name = ctx.form.required("PolicyName")?;
    let (text, _) = policies.inline.get(policy_name).ok_or_else(|| holder.no_policy(policy_name))?;
    let mut xml = Xml::default();
    xml.text(holder.parameter(), &name);
    xml.text("PolicyName", policy_name);
    xml.text("PolicyDocument", &percent(text));
    Ok(xml)
}

pub(super) fn list(ctx: &mut Ctx<'_>) -> Outcome {
    let (_, policies) = holder(ctx).policies(ctx.state, ctx.form)?;
    let names = policies.inline.keys().map(|name| (name.clone(), name)).collect();
    let mut xml = Xml::default();
    page_of(ctx, &mut xml, "PolicyNames", names, |xml, name| xml.text("member", name))?;
    Ok(xml)
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    let policy_name = ctx.form.required("PolicyName")?;
    let holder = holder(ctx);
    let removed = holder.policies_mut(ctx.state, ctx.form)?.inline.remove(policy_name);
    removed.map(|_| Xml::default()).ok_or_else(|| holder.no_policy(policy_name))
}

pub(super) fn list_attached(ctx: &mut Ctx<'_>) -> Outcome {
    let (_, policies) = holder(ctx).policies(ctx.state, ctx.form)?;
    let attached = policies.attached.iter().map(|arn| (arn.clone(), arn)).collect();
    let mut xml = Xml::default();
    page(ctx, &mut xml, "AttachedPolicies", attached, |xml, arn| write_attached(xml, arn))?;
    Ok(xml)
}

pub(super) fn write_attached(xml: &mut Xml, arn: &str) {
    xml.text("PolicyName", arn.rsplit('/').next().unwrap_or(arn));
    xml.text("PolicyArn", arn);
}

pub(super) fn attach(ctx: &mut Ctx<'_>) -> Outcome {
    let arn = ctx.form.required("PolicyArn")?;
    known(ctx.state, arn)?;
    let holder = holder(ctx);
    holder.policies_mut(ctx.state, ctx.form)?.attached.insert(arn.to_owned());
    Ok(Xml::default())
}

pub(super) fn detach(ctx: &mut Ctx<'_>) -> Outcome {
    let arn = ctx.form.required("PolicyArn")?;
    let holder = holder(ctx);
    let removed = holder.policies_mut(ctx.state, ctx.form)?.attached.remove(arn);
    if removed { Ok(Xml::default()) } else { Err(no_managed(arn)) }
}

/// A managed policy's text and name.
fn known<'s>(state: &'s State, arn: &str) -> Result<(&'s str, &'s str), Refusal> {
    let own = state.managed.get(arn).map(|own| (own.name.as_str(), own.text.as_str()));
    own.or_else(|| managed::of_aws(arn).map(|known| (known.name, known.text))).ok_or_else(|| no_managed(arn))
}

fn no_managed(arn: &str) -> Refusal {
    Refusal::missing(format!("Policy {arn} does not exist or is not attachable."))
}

pub(super) fn get_managed(ctx: &mut Ctx<'_>) -> Outcome {
    let arn = ctx.form.required("PolicyArn")?;
    let (name, _) = known(ctx.state, arn)?;
    let mut xml = Xml::default();
    xml.element("Policy", |xml| write_managed(xml, ctx.state, arn, name));
    Ok(xml)
}

/// What GetPolicy says of a policy, without the end of its element.
pub(super) fn write_managed(xml: &mut Xml, state: &State, arn: &str, name: &str) {
    let own = state.managed.get(arn);
    let every = state.users.values().map(|user| &user.policies);
    let every = every.chain(state.groups.values().map(|group| &group.policies));
    let every = every.chain(state.roles.values().map(|role| &role.policies));
    let attached = every.filter(|policies| policies.attached.contains(arn)).count();
    let created = iso(own.map_or(state.created, |own| own.created));
    xml.text("PolicyName", name);
    xml.text("PolicyId", own.map_or("ANPAAWSMANAGED", |own| own.id.as_str()));
    xml.text("Arn", arn);
    xml.text("Path", own.map_or("/", |own| own.path.as_str()));
    xml.text("DefaultVersionId", "v1");
    xml.text("AttachmentCount", &attached.to_string());
    xml.text("PermissionsBoundaryUsageCount", "0");
    xml.text("IsAttachable", "true");
    xml.text("CreateDate", &created);
    xml.text("UpdateDate", &created);
}

pub(super) fn get_version(ctx: &mut Ctx<'_>) -> Outcome {
    let arn = ctx.form.required("PolicyArn")?;
    let version = ctx.form.required("VersionId")?;
    let (_, text) = known(ctx.state, arn)?;
    if version != "v1" {
        let message = format!("Policy {arn} version {version} does not exist or is not attachable.");
        return Err(Refusal::missing(message));
    }
    let mut xml = Xml::default();
    xml.element("PolicyVersion", |xml| write_version(xml, ctx.state, text));
    Ok(xml)
}

pub(super) fn write_version(xml: &mut Xml, state: &State, text: &str) {
    xml.text("Document", &percent(text));
    xml.text("VersionId", "v1");
    xml.text("IsDefaultVersion", "true");
    xml.text("CreateDate", &iso(state.created));
}

/// Who a managed policy is attached to; all on one page.
pub(super) fn entities(ctx: &mut Ctx<'_>) -> Outcome {
    let arn = ctx.form.required("PolicyArn")?;
    known(ctx.state, arn)?;
    let state = &*ctx.state;
    let filter = ctx.form.get("EntityFilter");
    let wanted = |kind: &str| filter.is_none_or(|filter| filter == kind);
    let groups = state.groups.values().filter(|g| wanted("Group") && g.policies.attached.contains(arn));
    let users = state.users.values().filter(|u| wanted("User") && u.policies.attached.contains(arn));
    let roles = state.roles.values().filter(|r| wanted("Role") && r.policies.attached.contains(arn));
    let mut xml = Xml::default();
    let named = |kind: &str| {
        let (name, id) = (format!("{kind}Name"), format!("{kind}Id"));
        move |xml: &mut Xml, (its_name, its_id): (&String, &String)| {
            xml.text(&name, its_name);
            xml.text(&id, its_id);
        }
    };
    xml.list("PolicyGroups", groups.map(|g| (&g.name, &g.id)), named("Group"));
    xml.list("PolicyUsers", users.map(|u| (&u.name, &u.id)), named("User"));
    xml.list("PolicyRoles", roles.map(|r| (&r.name, &r.id)), named("Role"));
    xml.text("IsTruncated", "false");
    Ok(xml)
}

/// Reads a policy document that is about to be stored.
pub(super) fn read(text: &str) -> Result<Policy, Refusal> {
    Policy::parse(text).map_err(|why| Refusal::new(400, "MalformedPolicyDocument", why))
}

fn holder(ctx: &Ctx<'_>) -> Holder {
    Holder::of(ctx.form.get("Action").unwrap_or_default())
}

/// Documents come back percent-encoded, but for unreserved characters (RFC 3986 §2.3).
pub(super) fn percent(text: &str) -> String {
    const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
    utf8_percent_encode(text, &ESCAPED).to_string()
}
