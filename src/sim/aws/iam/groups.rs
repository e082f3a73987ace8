//! Groups and who is in them.

use super::super::random;
use super::super::state::{Group, Policies, State};
use super::super::wire::{Refusal, Xml, iso};
use super::super::{Ctx, Outcome};
use super::{name, named_user, page, path, users};
use std::collections::BTreeSet;

pub(super) fn create(ctx: &mut Ctx<'_>) -> Outcome {
    let path = path(ctx.form)?;
    let name = name(ctx.form, "GroupName", 128)?;
    if ctx.state.groups.contains_key(name) {
        return Err(Refusal::exists(format!("Group with name {name} already exists.")));
    }
    let group = Group {
        name: name.to_owned(),
        id: random::identifier("AGPA"),
        path: path.to_owned(),
        created: ctx.now,
        members: BTreeSet::new(),
        policies: Policies::default(),
    };
    let mut xml = Xml::default();
    xml.element("Group", |xml| write(xml, ctx.state, &group));
    ctx.state.groups.insert(name.to_owned(), group);
    Ok(xml)
}

pub(super) fn list(ctx: &mut Ctx<'_>) -> Outcome {
    let groups = ctx.state.groups.iter().map(|(name, group)| (name.clone(), group)).collect();
    let mut xml = Xml::default();
    page(ctx, &mut xml, "Groups", groups, |xml, group| write(xml, ctx.state, group))?;
    Ok(xml)
}

pub(super) fn list_for_user(ctx: &mut Ctx<'_>) -> Outcome {
    let user = &named_user(ctx.state, ctx.form)?.name;
    let groups = ctx.state.groups.iter().filter(|(_, group)| group.members.contains(user));
    let groups = groups.map(|(name, group)| (name.clone(), group)).collect();
    let mut xml = Xml::default();
    page(ctx, &mut xml, "Groups", groups, |xml, group| write(xml, ctx.state, group))?;
    Ok(xml)
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    let name = ctx.form.required("GroupName")?;
    let group = ctx.state.groups.get(name).ok_or_else(|| missing(name))?;
    let members = group.members.iter().filter_map(|name| Some((name.clone(), ctx.state.users.get(name)?))).collect();
    let mut xml = Xml::default();
    xml.element("Group", |xml| write(xml, ctx.state, group));
    page(ctx, &mut xml, "Users", members, |xml, user| users::write(xml, ctx.state, user))?;
    Ok(xml)
}

pub(super) fn add_user(ctx: &mut Ctx<'_>) -> Outcome {
    let user = named_user(ctx.state, ctx.form)?.name.clone();
    let name = ctx.form.required("GroupName")?;
    ctx.state.groups.get_mut(name).ok_or_else(|| missing(name))?.members.insert(user);
    Ok(Xml::default())
}

pub(super) fn remove_user(ctx: &mut Ctx<'_>) -> Outcome {
    let user = named_user(ctx.state, ctx.form)?.name.clone();
    let name = ctx.form.required("GroupName")?;
    ctx.state.groups.get_mut(name).ok_or_else(|| missing(name))?.members.remove(&user);
    Ok(Xml::default())
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    let name = ctx.form.required("GroupName")?;
    let group = ctx.state.groups.get(name).ok_or_else(|| missing(name))?;
    if !group.members.is_empty() {
        return Err(Refusal::conflict("Cannot delete entity, must remove users from group first."));
    }
    if !group.policies.is_empty() {
        return Err(Refusal::conflict("Cannot delete entity, must detach all policies first."));
    }
    ctx.state.groups.remove(name);
    Ok(Xml::default())
}

fn missing(name: &str) -> Refusal {
    Refusal::missing(format!("The group with name {name} cannot be found."))
}

pub(super) fn write(xml: &mut Xml, state: &State, group: &Group) {
    xml.text("Path", &group.path);
    xml.text("GroupName", &group.name);
    xml.text("GroupId", &group.id);
    xml.text("Arn", &state.group_arn(group));
    xml.text("CreateDate", &iso(group.created));
}
