//! Users.

use super::super::state::{Owner, Password, State, User};
use super::super::wire::{Refusal, Xml, iso};
use super::super::{Ctx, Outcome, auth};
use super::{name, named_user, owner, page, path};

pub(super) fn create(ctx: &mut Ctx<'_>) -> Outcome {
    let path = path(ctx.form)?;
    let name = name(ctx.form, "UserName", 64)?;
    // Names are told apart without regard to case.
    if ctx.state.users.keys().any(|taken| taken.eq_ignore_ascii_case(name)) {
        return Err(Refusal::exists(format!("User with name {name} already exists.")));
    }
    let tags = super::tags::given(ctx.form)?;
    if !tags.is_empty() {
        let keys = super::tags::keys(ctx.form);
        let arn = ctx.state.arn(&format!("user{path}{name}"));
        auth::authorize_with(ctx, "iam:TagUser", &arn, &[("aws:tagkeys", keys.as_str())])?;
    }
    ctx.state.insert_user(name, path, ctx.now);
    ctx.state.users.entry(name.to_owned()).and_modify(|user| user.tags = tags);
    let user = named_user(ctx.state, ctx.form)?;
    let mut xml = Xml::default();
    xml.element("User", |xml| write(xml, ctx.state, user));
    Ok(xml)
}

pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    let mut xml = Xml::default();
    match owner(ctx)? {
        Owner::Root => xml.element("User", |xml| write_root(xml, ctx.state)),
        Owner::User(name) => {
            let user = ctx.state.users.get(&name).ok_or_else(|| super::no_user(&name))?;
            xml.element("User", |xml| {
                write(xml, ctx.state, user);
                if !user.tags.is_empty() {
                    super::tags::write(xml, &user.tags);
                }
            });
        }
    }
    Ok(xml)
}

pub(super) fn list(ctx: &mut Ctx<'_>) -> Outcome {
    let prefix = ctx.form.get("PathPrefix").unwrap_or("/");
    let users = ctx.state.users.iter().filter(|(_, user)| user.path.starts_with(prefix));
    let users = users.map(|(name, user)| (name.clone(), user)).collect();
    let mut xml = Xml::default();
    page(ctx, &mut xml, "Users", users, |xml, user| write(xml, ctx.state, user))?;
    Ok(xml)
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    let user = named_user(ctx.state, ctx.form)?;
    let (name, owner) = (user.name.clone(), Owner::User(user.name.clone()));
    if ctx.state.keys_of(&owner).next().is_some() {
        return Err(Refusal::conflict("Cannot delete entity, must delete access keys first."));
    }
    if ctx.state.devices_of(&owner).next().is_some() {
        return Err(Refusal::conflict("Cannot delete entity, must remove tokens from principal first."));
    }
    if user.password.is_some() {
        return Err(Refusal::conflict("Cannot delete entity, must delete login profile first."));
    }
    if ctx.state.groups.values().any(|group| group.members.contains(&name)) {
        return Err(Refusal::conflict("Cannot delete entity, must remove users from group first."));
    }
    if !user.policies.is_empty() {
        return Err(Refusal::conflict("Cannot delete entity, must delete policies first."));
    }
    ctx.state.users.remove(&name);
    Ok(Xml::default())
}

pub(super) fn write(xml: &mut Xml, state: &State, user: &User) {
    xml.text("Path", &user.path);
    xml.text("UserName", &user.name);
    xml.text("UserId", &user.id);
    xml.text("Arn", &state.user_arn(user));
    xml.text("CreateDate", &iso(user.created));
    write_password_use(xml, user.password.as_ref());
}

/// Root has neither a name nor a path.
pub(super) fn write_root(xml: &mut Xml, state: &State) {
    xml.text("UserId", &state.account);
    xml.text("Arn", &state.arn("root"));
    xml.text("CreateDate", &iso(state.created));
    write_password_use(xml, state.root.password.as_ref());
}

fn write_password_use(xml: &mut Xml, password: Option<&Password>) {
    if let Some(used) = password.and_then(|password| password.used) {
        xml.text("PasswordLastUsed", &iso(used));
    }
}
