//! Inline policies of users.

use super::super::policy::Policy;
use super::super::state::User;
use super::super::wire::{Refusal, Xml};
use super::super::{Ctx, Outcome};
use super::{name, named_user, no_user, page_of};

pub(super) fn put(ctx: &mut Ctx<'_>) -> Outcome {
    let policy_name = name(ctx.form, "PolicyName", 128)?;
    let text = ctx.form.required("PolicyDocument")?;
    let policy = read(text)?;
    user(ctx)?.policies.insert(policy_name.to_owned(), (text.to_owned(), policy));
    Ok(Xml::default())
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    let user = named_user(ctx.state, ctx.form)?;
    let policy_name = ctx.form.required("PolicyName")?;
    let (text, _) = user.policies.get(policy_name).ok_or_else(|| no_policy(policy_name))?;
    let mut xml = Xml::default();
    xml.text("UserName", &user.name);
    xml.text("PolicyName", policy_name);
    xml.text("PolicyDocument", &percent(text));
    Ok(xml)
}

pub(super) fn list(ctx: &mut Ctx<'_>) -> Outcome {
    let user = named_user(ctx.state, ctx.form)?;
    let names = user.policies.keys().map(|name| (name.clone(), name)).collect();
    let mut xml = Xml::default();
    page_of(ctx, &mut xml, "PolicyNames", names, |xml, name| xml.text("member", name))?;
    Ok(xml)
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    let policy_name = ctx.form.required("PolicyName")?;
    let removed = user(ctx)?.policies.remove(policy_name);
    removed.map(|_| Xml::default()).ok_or_else(|| no_policy(policy_name))
}

/// Reads a policy document that is about to be stored.
pub(super) fn read(text: &str) -> Result<Policy, Refusal> {
    Policy::parse(text).map_err(|why| Refusal::new(400, "MalformedPolicyDocument", why))
}

fn user<'c>(ctx: &'c mut Ctx<'_>) -> Result<&'c mut User, Refusal> {
    let name = ctx.form.required("UserName")?;
    ctx.state.users.get_mut(name).ok_or_else(|| no_user(name))
}

fn no_policy(name: &str) -> Refusal {
    Refusal::missing(format!("The user policy with name {name} cannot be found."))
}

/// Documents come back percent-encoded, RFC 3986 §2.1.
pub(super) fn percent(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|b| if keep(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
