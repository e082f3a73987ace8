//! Passwords: of users, and of root, which is meant where a session of AssumeRoot names nobody.

use super::super::state::{Owner, Password, State};
use super::super::wire::{Refusal, Xml, iso};
use super::super::{Ctx, Outcome};
use super::{owner, password_policy};
use zeroize::Zeroizing;

pub(super) fn get(ctx: &mut Ctx<'_>) -> Outcome {
    let owner = owner(ctx)?;
    let password = slot(ctx.state, &owner)?.as_ref().ok_or_else(|| missing(&owner))?;
    let (created, reset) = (password.created, password.reset);
    let mut xml = Xml::default();
    xml.element("LoginProfile", |xml| {
        if let Owner::User(name) = &owner {
            xml.text("UserName", name);
        }
        xml.text("CreateDate", &iso(created));
        xml.text("PasswordResetRequired", if reset { "true" } else { "false" });
    });
    Ok(xml)
}

/// For root: takes no password, and lets the account's address ask for one.
pub(super) fn create(ctx: &mut Ctx<'_>) -> Outcome {
    let owner = owner(ctx)?;
    let (now, account) = (ctx.now, ctx.state.account.clone());
    if slot(ctx.state, &owner)?.is_some() {
        return Err(Refusal::exists(match &owner {
            Owner::Root => format!("Login Profile for account {account} already exists."),
            Owner::User(name) => format!("Login Profile for user {name} already exists."),
        }));
    }
    if matches!(owner, Owner::User(_)) {
        let password = ctx.form.required("Password")?;
        password_policy::check(ctx.state.posture.password_policy.as_ref(), password)?;
    }
    let text = given(ctx);
    let reset = wants_reset(ctx);
    *slot(ctx.state, &owner)? = Some(Password { created: now, used: None, reset, text });
    get(ctx)
}

fn given(ctx: &Ctx<'_>) -> Option<Zeroizing<String>> {
    ctx.form.get("Password").map(|text| Zeroizing::new(text.to_owned()))
}

/// Whether the user has to choose another password when they first sign in.
fn wants_reset(ctx: &Ctx<'_>) -> bool {
    ctx.form.get("PasswordResetRequired").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// What the request leaves out stays.
pub(super) fn update(ctx: &mut Ctx<'_>) -> Outcome {
    let owner = Owner::User(super::named_user(ctx.state, ctx.form)?.name.clone());
    slot(ctx.state, &owner)?.as_ref().ok_or_else(|| missing(&owner))?;
    if let Some(password) = ctx.form.get("Password") {
        password_policy::check(ctx.state.posture.password_policy.as_ref(), password)?;
    }
    let reset = ctx.form.get("PasswordResetRequired").map(|_| wants_reset(ctx));
    let text = given(ctx);
    let slot = slot(ctx.state, &owner)?.as_mut().ok_or_else(|| missing(&owner))?;
    slot.reset = reset.unwrap_or(slot.reset);
    slot.text = text.or(slot.text.take());
    Ok(Xml::default())
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
