//! Passwords: of users, and of root, which is meant where a session of AssumeRoot names nobody.

use super::super::state::{Owner, Password, State};
use super::super::wire::{Refusal, Xml, iso};
use super::super::{Ctx, Outcome};
use super::owner;

pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    let owner = owner(ctx)?;
    let created = slot(ctx.state, &owner)?.as_ref().ok_or_else(|| missing(&owner))?.created;
    let mut xml = Xml::default();
    xml.element("LoginProfile", |xml| {
        if let Owner::User(name) = &owner {
            xml.text("UserName", name);
        }
        xml.text("CreateDate", &iso(created));
        xml.text("PasswordResetRequired", "false");
    });
    Ok(xml)
}

/// For root: takes no password, and lets the account's address ask for one.
pub(super) fn create(ctx: &mut Ctx<'_>) -> Outcome {
    let owner = owner(ctx)?;
    if matches!(owner, Owner::User(_)) {
        ctx.form.required("Password")?;
    }
    let (now, account) = (ctx.now, ctx.state.account.clone());
    let slot = slot(ctx.state, &owner)?;
    if slot.is_some() {
        return Err(Refusal::exists(match &owner {
            Owner::Root => format!("Login Profile for account {account} already exists."),
            Owner::User(name) => format!("Login Profile for user {name} already exists."),
        }));
    }
    *slot = Some(Password { created: now, used: None });
    get(ctx)
}

pub(super) fn delete(ctx: &mut Ctx<'_>) -> Outcome {
    let owner = owner(ctx)?;
    slot(ctx.state, &owner)?.take().map(|_| Xml::default()).ok_or_else(|| missing(&owner))
}

fn slot<'s>(state: &'s mut State, owner: &Owner) -> Result<&'s mut Option<Password>, Refusal> {
    match owner {
        Owner::Root => Ok(&mut state.root.password),
        Owner::User(name) => {
            let user = state.users.get_mut(name).ok_or_else(|| super::no_user(name))?;
            Ok(&mut user.password)
        }
    }
}

/// AWS writes root's name, of which there is none, as `null`.
fn missing(owner: &Owner) -> Refusal {
    let name = match owner {
        Owner::Root => "null",
        Owner::User(name) => name,
    };
    Refusal::missing(format!("Login Profile for User {name} cannot be found."))
}
