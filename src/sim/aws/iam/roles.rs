//! Roles, as far as AssumeRole needs them.

use super::super::random;
use super::super::state::Role;
use super::super::wire::{Refusal, Xml, iso};
use super::super::{Ctx, Outcome};
use super::policies::{percent, read};
use super::{name, path};
use std::collections::BTreeMap;

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
        policies: BTreeMap::new(),
    };
    ctx.state.roles.insert(name.to_owned(), role);
    get(ctx)
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    let role = named(ctx)?;
    let (path, name, id, created) = (role.path.clone(), role.name.clone(), role.id.clone(), role.created);
    let (trust, longest) = (percent(&role.trust.0), role.longest.to_string());
    let mut xml = Xml::default();
    xml.element("Role", |xml| {
        xml.text("Path", &path);
        xml.text("RoleName", &name);
        xml.text("RoleId", &id);
        xml.text("Arn", &ctx.state.arn(&format!("role{path}{name}")));
        xml.text("CreateDate", &iso(created));
        xml.text("AssumeRolePolicyDocument", &trust);
        xml.text("MaxSessionDuration", &longest);
    });
    Ok(xml)
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    if !named(ctx)?.policies.is_empty() {
        return Err(Refusal::conflict("Cannot delete entity, must delete policies first."));
    }
    ctx.state.roles.remove(ctx.form.required("RoleName")?);
    Ok(Xml::default())
}

pub(super) fn put_policy(ctx: &mut Ctx<'_>) -> Outcome {
    let policy_name = name(ctx.form, "PolicyName", 128)?;
    let text = ctx.form.required("PolicyDocument")?;
    let policy = read(text)?;
    named(ctx)?.policies.insert(policy_name.to_owned(), (text.to_owned(), policy));
    Ok(Xml::default())
}

fn named<'c>(ctx: &'c mut Ctx<'_>) -> Result<&'c mut Role, Refusal> {
    let name = ctx.form.required("RoleName")?;
    let missing = || Refusal::missing(format!("The role with name {name} cannot be found."));
    ctx.state.roles.get_mut(name).ok_or_else(missing)
}
