//! Roles, as far as AssumeRole needs them.

use super::super::random;
use super::super::state::{Policies, Role, State};
use super::super::wire::{Refusal, Xml, iso};
use super::super::{Ctx, Outcome};
use super::policies::{percent, read};
use super::{name, page, path};

pub(super) fn create(ctx: &mut Ctx<'_>) -> Outcome {
    let path = path(ctx.form)?;
    let name = name(ctx.form, "RoleName", 64)?;
    let text = ctx.form.required("AssumeRolePolicyDocument")?;
    let trust = (text.to_owned(), read(text)?);
    let longest = ctx.form.number("MaxSessionDuration", 3600, 3600, 43200)?;
    if ctx.state.roles.contains_key(name) {
        return Err(Refusal::exists(format!("Role with name {name} already exists.")));
    }
    let role = Role {
        name: name.to_owned(),
        id: random::identifier("AROA"),
        path: path.to_owned(),
        created: ctx.now,
        trust,
        longest,
        policies: Policies::default(),
    };
    ctx.state.roles.insert(name.to_owned(), role);
    get(ctx)
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    named(ctx)?;
    let mut xml = Xml::default();
    let role = ctx.form.get("RoleName").and_then(|name| ctx.state.roles.get(name));
    xml.element("Role", |xml| role.into_iter().for_each(|role| write_one(xml, ctx.state, role)));
    Ok(xml)
}

pub(super) fn list(ctx: &mut Ctx<'_>) -> Outcome {
    let prefix = ctx.form.get("PathPrefix").unwrap_or("/");
    let roles = ctx.state.roles.iter().filter(|(_, role)| role.path.starts_with(prefix));
    let roles = roles.map(|(name, role)| (name.clone(), role)).collect();
    let mut xml = Xml::default();
    page(ctx, &mut xml, "Roles", roles, |xml, role| write_one(xml, ctx.state, role))?;
    Ok(xml)
}

fn write_one(xml: &mut Xml, state: &State, role: &Role) {
    write(xml, state, role);
    xml.text("MaxSessionDuration", &role.longest.to_string());
}

pub(super) fn write(xml: &mut Xml, state: &State, role: &Role) {
    xml.text("Path", &role.path);
    xml.text("RoleName", &role.name);
    xml.text("RoleId", &role.id);
    xml.text("Arn", &state.role_arn(role));
    xml.text("CreateDate", &iso(role.created));
    xml.text("AssumeRolePolicyDocument", &percent(&role.trust.0));
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    if !named(ctx)?.policies.is_empty() {
        return Err(Refusal::conflict("Cannot delete entity, must delete policies first."));
    }
    ctx.state.roles.remove(ctx.form.required("RoleName")?);
    Ok(Xml::default())
}

fn named<'c>(ctx: &'c mut Ctx<'_>) -> Result<&'c mut Role, Refusal> {
    let name = ctx.form.required("RoleName")?;
    let missing = || Refusal::missing(format!("The role with name {name} cannot be found."));
    ctx.state.roles.get_mut(name).ok_or_else(missing)
}
