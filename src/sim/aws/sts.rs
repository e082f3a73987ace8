//! STS: who am I, sessions and roles, and the checking of single codes.

use super::auth::{self, Caller};
use super::codes::{self, Codes};
use super::policy::{self, Asking, Context, Policy, Verdict};
use super::state::{Owner, Principal, Session, State, VERIFICATION_WINDOW, VERIFICATIONS};
use super::task::Task;
use super::wire::{Form, Refusal, Xml, iso};
use super::{Ctx, Elsewhere, Outcome, Payload, assume_root, random};
use crate::totp;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// How many steps a code may be off the device's adjusted clock.
const TOLERANCE: i64 = 2;

pub(super) fn run(action: &str, ctx: &mut Ctx<'_>) -> Option<Outcome> {
    match action {
        "GetCallerIdentity" => Some(caller_identity(ctx)),
        "GetSessionToken" => Some(session_token(ctx)),
        "AssumeRole" => Some(assume_role(ctx)),
        "AssumeRoot" => Some(assume_root::run(ctx)),
        _ => None,
    }
}

pub(super) fn resource(action: &str, state: &State, caller: &Caller, form: &Form) -> String {
    match action {
        "AssumeRole" => form.get("RoleArn").unwrap_or_default().to_owned(),
        "AssumeRoot" => {
            let target = form.get("TargetPrincipal").unwrap_or_default();
            if target.starts_with("arn:") {
                target.to_owned()
            } else {
                format!("{}{target}:root", state.iam_prefix())
            }
        }
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
    let _ = open(ctx.state, ctx.now, &mut xml, ctx.caller.principal.clone(), seconds, mfa, None);
    Ok(xml)
}

fn assume_role(ctx: &mut Ctx<'_>) -> Outcome {
    let arn = ctx.form.required("RoleArn")?.to_owned();
    let session = ctx.form.required("RoleSessionName")?.to_owned();
    if !(2..=64).contains(&session.len()) {
        let bound = if session.len() < 2 { "greater than or equal to 2" } else { "less than or equal to 64" };
        return Err(Refusal::constraint("RoleSessionName", &format!("have length {bound}")));
    }
    let seconds = ctx.form.number("DurationSeconds", 3600, 900, 43_200)?;
    let mfa = second_factor(ctx, ctx.caller.owner().as_ref())?;
    let caller = Assuming {
        arn: ctx.caller.arn.clone(),
        account: ctx.state.account.clone(),
        root: ctx.state.arn("root"),
        own: auth::verdict(ctx.state, ctx.caller, ASSUME_ROLE, &arn),
        own_refusal: auth::denied(ctx.caller, ASSUME_ROLE, &arn, Verdict::NotAllowed),
        own_denial: auth::denied(ctx.caller, ASSUME_ROLE, &arn, Verdict::Denied),
        context: ctx.caller.context.clone(),
        mfa: mfa.is_some(),
        external_id: ctx.form.get("ExternalId").map(str::to_owned),
        policy: ctx.form.get("Policy").map(session_policy).transpose()?,
    };
    let account = arn.split(':').nth(4).unwrap_or_default().to_owned();
    let now = ctx.now;
    let open = move |state: &mut State| assume_in(state, &caller, &arn, session, seconds, now);
    if account == ctx.state.account || ctx.world.cell(&account).is_none() {
        return open(ctx.state);
    }
    let run = Box::new(move |state: &mut State| open(state).map(Payload::Xml));
    ctx.elsewhere = Some(Elsewhere { account, run });
    Ok(Xml::default())
}

const ASSUME_ROLE: &str = "sts:AssumeRole";

/// Who assumes a role, as far as the role's account sees it.
struct Assuming {
    arn: String,
    account: String,
    /// The ARN that stands for the whole account in a trust policy.
    root: String,
    /// What the caller's own policies say, and how that is told.
    own: Verdict,
    own_refusal: Refusal,
    own_denial: Refusal,
    context: Context,
    mfa: bool,
    external_id: Option<String>,
    policy: Option<Policy>,
}

fn session_policy(text: &str) -> Result<Policy, Refusal> {
    Policy::parse(text).map_err(|what| Refusal::new(400, "MalformedPolicyDocument", what))
}

/// The end of AssumeRole, in the role's account.
fn assume_in(
    state: &mut State,
    caller: &Assuming,
    arn: &str,
    session: String,
    seconds: u64,
    now: SystemTime,
) -> Outcome {
    let (name, id, longest) = trusted(state, caller, arn)?;
    if seconds > longest {
        let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
        return Err(Refusal::validation(message));
    }
    let user_id = format!("{id}:{session}");
    let principal = Principal::Role { name, id, session };
    let session_arn = state.principal_arn(&principal);
    let mut xml = Xml::default();
    // A role's session does not count as opened with MFA (IAM user guide, "MFA-protected API access").
    let id = open(state, now, &mut xml, principal, seconds, None, None);
    if let Some(session) = state.sessions.get_mut(&id) {
        session.policy.clone_from(&caller.policy);
    }
    xml.element("AssumedRoleUser", |user| {
        user.text("Arn", &session_arn);
        user.text("AssumedRoleId", &user_id);
    });
    Ok(xml)
}

/// The role's name, id and longest session, if it trusts the caller and the caller may assume it. A trust policy that
/// names the account leaves it to the caller's own policies; one that names the caller suffices within an account.
fn trusted(state: &State, caller: &Assuming, arn: &str) -> Result<(String, String, u64), Refusal> {
    // Nothing tells a role that is not there from one that is not trusting.
    let refused = || {
        let who = &caller.arn;
        Refusal::denied(format!("User: {who} is not authorized to perform: {ASSUME_ROLE} on resource: {arn}"))
    };
    let role = state.roles.values().find(|role| state.role_arn(role) == arn).ok_or_else(refused)?;
    let mut context = caller.context.clone();
    if caller.mfa {
        context.insert("aws:multifactorauthpresent".to_owned(), "true".to_owned());
        context.insert("aws:multifactorauthage".to_owned(), "0".to_owned());
    }
    if let Some(id) = &caller.external_id {
        context.insert("sts:externalid".to_owned(), id.clone());
    }
    let trusts = |principals: &[String]| {
        let asking = Asking { action: ASSUME_ROLE, resource: None, principals, context: &context };
        policy::evaluate([&role.trust.1], &asking)
    };
    let by_name = trusts(std::slice::from_ref(&caller.arn));
    let by_account = trusts(&[caller.root.clone(), caller.account.clone()]);
    if by_name == Verdict::Denied || by_account == Verdict::Denied {
        return Err(refused());
    }
    if by_name != Verdict::Allowed && by_account != Verdict::Allowed {
        return Err(refused());
    }
    let named_at_home = by_name == Verdict::Allowed && caller.account == state.account;
    match caller.own {
        Verdict::Denied => Err(caller.own_denial.clone()),
        Verdict::NotAllowed if !named_at_home => Err(caller.own_refusal.clone()),
        _ => Ok((role.name.clone(), role.id.clone(), role.longest)),
    }
}

/// Makes temporary credentials and writes them; gives their access key id.
pub(super) fn open(
    state: &mut State,
    now: SystemTime,
    xml: &mut Xml,
    principal: Principal,
    seconds: u64,
    mfa: Option<SystemTime>,
    task: Option<Task>,
) -> String {
    let id = random::access_key_id("ASIA", &state.account);
    let (secret, token) = (random::secret_access_key(), random::session_token());
    let expires = now.checked_add(Duration::from_secs(seconds)).unwrap_or(now);
    xml.element("Credentials", |xml| {
        xml.text("AccessKeyId", &id);
        xml.text("SecretAccessKey", &secret);
        xml.text("SessionToken", &token);
        xml.text("Expiration", &iso(expires));
    });
    let session = Session { secret: secret.into(), token, principal, expires, mfa, task, policy: None };
    state.sessions.insert(id.clone(), session);
    id
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
    if !counts(&mut state.verifications, serial, now) {
        return Err(unable());
    }
    let fresh = steps.find(|step| !totp.spent.contains(step) && codes.is(code, *step));
    let step = fresh
        .ok_or_else(|| Refusal::denied("MultiFactorAuthentication failed with invalid MFA one time pass code."))?;
    totp.spent.insert(step);
    Ok(())
}

/// Counts one more verification of a device, where the window has room for it.
fn counts(verifications: &mut BTreeMap<String, (u64, u32)>, serial: &str, now: SystemTime) -> bool {
    let window = totp::unix(now) / VERIFICATION_WINDOW;
    let (counted, count) = verifications.entry(serial.to_owned()).or_insert((window, 0));
    if *counted != window {
        (*counted, *count) = (window, 0);
    }
    let has_room = *count < VERIFICATIONS;
    *count += u32::from(has_room);
    has_room
}
