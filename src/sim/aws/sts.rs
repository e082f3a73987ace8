//! STS: who am I, sessions and roles, and the checking of single codes.

use super::auth::{self, Caller};
use super::codes::{self, Codes};
use super::policy::{self, Asking, Context, Verdict};
use super::state::{Owner, Principal, Session, State, VERIFICATION_WINDOW, VERIFICATIONS};
use super::wire::{Form, Refusal, Xml, iso};
use super::{Ctx, Outcome, random};
use crate::totp;
use std::time::{Duration, SystemTime};

/// How many steps a code may be off the device's adjusted clock.
const TOLERANCE: i64 = 2;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<Outcome> {
    match action {
        "GetCallerIdentity" => Some(caller_identity(ctx)),
        "GetSessionToken" => Some(session_token(ctx)),
        "AssumeRole" => Some(assume_role(ctx)),
        _ => None,
    }
}

pub(super) fn resource(action: &str, _: &State, caller: &Caller, form: &Form) -> String {
    match action {
        "AssumeRole" => form.get("RoleArn").unwrap_or_default().to_owned(),
        _ => caller.arn.clone(),
    }
}

/// Needs no permission, and no policy can deny it.
fn caller_identity(ctx: &mut Ctx<'_>) -> Outcome {
    let mut xml = Xml::default();
    xml.text("Arn", &ctx.caller.arn);
    xml.text("UserId", &ctx.caller.user_id);
    xml.text("Account", &ctx.state.account);
    Ok(xml)
}

/// Needs no permission either; only long-term keys may call it.
fn session_token(ctx: &mut Ctx<'_>) -> Outcome {
    let seconds = ctx.form.number("DurationSeconds", 43_200, 900, 129_600)?;
    let owner = ctx.caller.owner().filter(|_| !ctx.caller.temporary);
    let owner = owner.ok_or_else(|| Refusal::denied("Cannot call GetSessionToken with session credentials"))?;
    // Root's sessions last an hour at most, whatever was asked.
    let seconds = if owner == Owner::Root { seconds.min(3600) } else { seconds };
    let mfa = second_factor(ctx, Some(&owner))?;
    let mut xml = Xml::default();
    open(ctx, &mut xml, ctx.caller.principal.clone(), seconds, mfa);
    Ok(xml)
}

fn assume_role(ctx: &mut Ctx<'_>) -> Outcome {
    let arn = ctx.form.required("RoleArn")?;
    let session = ctx.form.required("RoleSessionName")?.to_owned();
    if !(2..=64).contains(&session.len()) {
        let bound = if session.len() < 2 { "greater than or equal to 2" } else { "less than or equal to 64" };
        return Err(Refusal::constraint("RoleSessionName", &format!("have length {bound}")));
    }
    let seconds = ctx.form.number("DurationSeconds", 3600, 900, 43_200)?;
    let mfa = second_factor(ctx, ctx.caller.owner().as_ref())?;
    let role = trusted(ctx, arn, mfa)?;
    let (name, id, longest) = role;
    if seconds > longest {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(Refusal::validation(message));
    }
    let user_id = format!("{id}:{session}");
    let principal = Principal::Role { name, id, session };
    let session_arn = ctx.state.principal_arn(&principal);
    let mut xml = Xml::default();
    // A role's session does not count as opened with MFA (IAM user guide, "MFA-protected API access").
    open(ctx, &mut xml, principal, seconds, None);
    xml.element("AssumedRoleUser", |user| {
        user.text("Arn", &session_arn);
        user.text("AssumedRoleId", &user_id);
    });
    Ok(xml)
}

/// The role's name, id and longest session, if it trusts the caller and the caller may assume it. A trust policy that
/// names the account leaves it to the caller's own policies; one that names the caller suffices.
fn trusted(ctx: &Ctx<'_>, arn: &str, mfa: Option<SystemTime>) -> Result<(String, String, u64), Refusal> {
    const ACTION: &str = "sts:AssumeRole";
    let caller = ctx.caller;
    // Nothing tells a role that is not there from one that is not trusting.
    let refused =
        || Refusal::denied(format!("User: {} is not authorized to perform: {ACTION} on resource: {arn}", caller.arn));
    let role = ctx.state.roles.values().find(|role| ctx.state.role_arn(role) == arn).ok_or_else(refused)?;
    let mut context: Context = caller.context.clone();
    if mfa.is_some() {
        context.insert("aws:multifactorauthpresent".to_owned(), "true".to_owned());
        context.insert("aws:multifactorauthage".to_owned(), "0".to_owned());
    }
    let trusts = |principals: &[String]| {
        let asking = Asking { action: ACTION, resource: None, principals, context: &context };
        policy::evaluate([&role.trust.1], &asking)
    };
    let by_name = std::slice::from_ref(&caller.arn);
    let by_account = [ctx.state.arn("root"), ctx.state.account.clone()];
    let own = auth::verdict(ctx.state, caller, ACTION, arn);
    match (trusts(by_name), trusts(&by_account), own) {
        (Verdict::Denied, ..) | (_, Verdict::Denied, _) | (Verdict::NotAllowed, Verdict::NotAllowed, _) => {
            Err(refused())
        }
        (_, _, Verdict::Denied) => Err(auth::denied(caller, ACTION, arn, Verdict::Denied)),
        (Verdict::Allowed, ..) | (_, _, Verdict::Allowed) => Ok((role.name.clone(), role.id.clone(), role.longest)),
        (Verdict::NotAllowed, Verdict::Allowed, verdict) => Err(auth::denied(caller, ACTION, arn, verdict)),
    }
}

/// Makes temporary credentials and writes them.
fn open(ctx: &mut Ctx<'_>, xml: &mut Xml, principal: Principal, seconds: u64, mfa: Option<SystemTime>) {
    let id = random::identifier("ASIA");
    let token = random::session_token();
    let expires = ctx.now.checked_add(Duration::from_secs(seconds)).unwrap_or(ctx.now);
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &id);
        xml.text("SecretAccessKey", &random::secret_access_key());
        xml.text("SessionToken", &token);
        xml.text("Expiration", &iso(expires));
    });
    ctx.state.sessions.insert(id, Session { token, principal, expires, mfa });
}

/// Checks `SerialNumber` and `TokenCode`, if they were sent: when MFA was given, or `None` for a request without.
fn second_factor(ctx: &mut Ctx<'_>, owner: Option<&Owner>) -> Result<Option<SystemTime>, Refusal> {
    let (serial, code) = match (ctx.form.get("SerialNumber"), ctx.form.get("TokenCode")) {
        (None, None) => return Ok(None),
        (Some(serial), Some(code)) => (serial, code),
        _ => {
            let message =
                "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.";
            return Err(Refusal::denied(message));
        }
    };
    codes::well_formed("TokenCode", code)?;
    verify(ctx.state, owner, serial, code, ctx.now)?;
    Ok(Some(ctx.now))
}

/// Checks one code as STS does: against the binding STS sees, each code once, so many times in a window.
fn verify(
    state: &mut State,
    owner: Option<&Owner>,
    serial: &str,
    code: &str,
    now: SystemTime,
) -> Result<(), Refusal> {
    // Two spaces after the full stop: AWS's own.
    let unable = || {
        Refusal::denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is \
             valid and associated with this user.",
        )
    };
    let device = state.devices.get_mut(serial).ok_or_else(unable)?;
    let enabled_since = device.owner().is_some() && device.owner() == owner;
    let totp = device.totp.as_mut().ok_or_else(unable)?;
    let seen = totp.seen_by_sts(now).filter(|binding| binding.owner.is_some() && binding.owner.as_ref() == owner);
    let known = seen.is_some();
    let center = codes::step(now) + seen.map_or(totp.offset, |binding| binding.offset);
    let codes = Codes::of(&totp.seed);
    let mut steps = center - TOLERANCE..=center + TOLERANCE;
    if !known {
        // A code offered before STS knew of the device's being enabled was refused later, too, when it had come to
        // know.
        if enabled_since {
            totp.spent.extend(steps.find(|step| codes.is(code, *step)));
        }
        return Err(unable());
    }
    let window = totp::unix(now) / VERIFICATION_WINDOW;
    let (counted, count) = state.verifications.entry(serial.to_owned()).or_insert((window, 0));
    if *counted != window {
        (*counted, *count) = (window, 0);
    }
    if *count >= VERIFICATIONS {
        return Err(unable());
    }
    *count += 1;
    let fresh = steps.find(|step| !totp.spent.contains(step) && codes.is(code, *step));
    let step = fresh
        .ok_or_else(|| Refusal::denied("MultiFactorAuthentication failed with invalid MFA one time pass code."))?;
    totp.spent.insert(step);
    Ok(())
}
