//! Who is calling, and may they: the Authorization header, session tokens, signing times, signatures, policies.

use super::Ctx;
use super::policy::{self, Asking, Context, Policy, Verdict};
use super::signature;
use super::state::{Owner, Principal, Session, State};
use super::task::Task;
use super::wire::{Refusal, Request, compact, parse_compact};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// How far a request's signing time may be from AWS's clock.
const SIGNING_WINDOW: Duration = Duration::from_secs(300);

/// A request's credential scope: `Credential=AKID/20261123/us-east-1/iam/aws4_request`.
pub(super) struct Scope {
    pub(super) access_key: String,
    pub(super) region: String,
    pub(super) service: String,
}

/// Reads the scope out of the Authorization header.
pub(super) fn scope(request: &Request) -> Option<Scope> {
    let header = request.header("authorization")?;
    let (_, credential) = header.strip_prefix("AWS4-HMAC-SHA256")?.split_once("Credential=")?;
    let mut parts = credential.split([',', ' ']).next()?.split('/');
    let access_key = parts.next()?.to_owned();
    let region = parts.nth(1)?.to_owned();
    let service = parts.next()?.to_owned();
    Some(Scope { access_key, region, service })
}

pub(super) struct Caller {
    pub(super) principal: Principal,
    pub(super) arn: String,
    pub(super) user_id: String,
    pub(super) temporary: bool,
    /// Signed with temporary credentials that were opened with MFA.
    pub(super) mfa: bool,
    /// What a session that AssumeRoot opened is limited to.
    pub(super) task: Option<Task>,
    /// What a session that AssumeRole opened with a policy is limited to.
    pub(super) policy: Option<Policy>,
    /// What policy conditions see.
    pub(super) context: Context,
}

impl Caller {
    /// The caller as an owner of devices and keys; a role owns none.
    pub(super) fn owner(&self) -> Option<Owner> {
        match &self.principal {
            Principal::Root => Some(Owner::Root),
            Principal::User { name, .. } => Some(Owner::User(name.clone())),
            Principal::Role { .. } => None,
        }
    }
}

pub(super) fn caller(
    state: &State,
    request: &Request,
    organization: Option<String>,
    now: SystemTime,
) -> Result<Caller, Refusal> {
    let Some(scope) = scope(request) else {
        return Err(Refusal::new(403, "MissingAuthenticationToken", "Request is missing Authentication Token"));
    };
    let Presented { principal, mfa, task, secret } =
        presented(state, &scope.access_key, request.header("x-amz-security-token"), now)?;
    if !still_there(state, &principal) {
        return Err(invalid());
    }
    signed_in_time(request, now)?;
    if !signature::is_right(request, secret) {
        return Err(signature::refusal());
    }
    // Sessions of GetSessionToken opened without MFA may not call IAM (API reference, GetSessionToken).
    let without_mfa =
        mfa == Some(None) && task.is_none() && matches!(principal, Principal::User { .. } | Principal::Root);
    if without_mfa && scope.service == "iam" {
        return Err(invalid());
    }
    let mut caller = describe(state, principal, mfa, now);
    caller.policy = state.sessions.get(&scope.access_key).and_then(|session| session.policy.clone());
    if task.is_some() {
        caller.task = task;
        caller.context.insert("aws:assumedroot".to_owned(), "true".to_owned());
    }
    if let Some(organization) = organization {
        caller.context.insert("aws:principalorgid".to_owned(), organization);
    }
    caller.context.insert("aws:requestedregion".to_owned(), scope.region);
    Ok(caller)
}

/// Whose an access key is, and what it is signed with.
struct Presented<'a> {
    principal: Principal,
    /// Of a session: when MFA was given.
    mfa: Option<Option<SystemTime>>,
    task: Option<Task>,
    secret: &'a Zeroizing<String>,
}

fn invalid() -> Refusal {
    Refusal::new(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
}

fn presented<'a>(
    state: &'a State,
    access_key: &str,
    token: Option<&str>,
    now: SystemTime,
) -> Result<Presented<'a>, Refusal> {
    match (state.access_keys.get(access_key), state.sessions.get(access_key)) {
        (Some(key), _) if key.active && key.known_from <= now && token.is_none() => {
            let principal = principal_of(state, &key.owner).ok_or_else(invalid)?;
            Ok(Presented { principal, mfa: None, task: None, secret: &key.secret })
        }
        (None, Some(session)) if token == Some(session.token.as_str()) => {
            if session.expires <= now {
                let message = "The security token included in the request is expired";
                return Err(Refusal::new(403, "ExpiredToken", message));
            }
            let Session { mfa, task, secret, .. } = session;
            Ok(Presented { principal: session.principal.clone(), mfa: Some(*mfa), task: *task, secret })
        }
        _ => Err(invalid()),
    }
}

fn principal_of(state: &State, owner: &Owner) -> Option<Principal> {
    Some(match owner {
        Owner::Root => Principal::Root,
        Owner::User(name) => Principal::User { name: name.clone(), id: state.users.get(name)?.id.clone() },
    })
}

/// Whether the principal exists, and is not a later one of the same name.
fn still_there(state: &State, principal: &Principal) -> bool {
    match principal {
        Principal::Root => true,
        Principal::User { name, id } => state.users.get(name).is_some_and(|user| user.id == *id),
        Principal::Role { name, id, .. } => state.roles.get(name).is_some_and(|role| role.id == *id),
    }
}

fn signed_in_time(request: &Request, now: SystemTime) -> Result<(), Refusal> {
    let Some(signed) = request.header("x-amz-date").and_then(parse_compact) else {
        let message = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.";
        return Err(Refusal::new(400, "IncompleteSignature", message));
    };
    let earliest = now.checked_sub(SIGNING_WINDOW).unwrap_or(SystemTime::UNIX_EPOCH);
    let latest = now.checked_add(SIGNING_WINDOW).unwrap_or(now);
    let (signed_text, now_text) = (compact(signed), compact(now));
    // AWS compares what it prints: whole seconds.
    let message = if signed_text < compact(earliest) {
        format!("Signature expired: {signed_text} is now earlier than {} ({now_text} - 5 min.)", compact(earliest))
    } else if signed_text > compact(latest) {
        let latest = compact(latest);
        format!("Signature not yet current: {signed_text} is still later than {latest} ({now_text} + 5 min.)")
    } else {
        return Ok(());
    };
    Err(Refusal::new(403, "SignatureDoesNotMatch", message))
}

/// `mfa`: `None` for long-term keys; for a session, when MFA was given if it was.
fn describe(state: &State, principal: Principal, mfa: Option<Option<SystemTime>>, now: SystemTime) -> Caller {
    let arn = state.principal_arn(&principal);
    let mut context = Context::new();
    let mut know = |key: &str, value: String| drop(context.insert(key.to_owned(), value));
    know("aws:principalarn", arn.clone());
    know("aws:principalaccount", state.account.clone());
    let user_id = match &principal {
        Principal::Root => {
            know("aws:principaltype", "Account".to_owned());
            state.account.clone()
        }
        Principal::User { name, id } => {
            know("aws:username", name.clone());
            know("aws:principaltype", "User".to_owned());
            id.clone()
        }
        Principal::Role { id, session, .. } => {
            know("aws:principaltype", "AssumedRole".to_owned());
            format!("{id}:{session}")
        }
    };
    know("aws:userid", user_id.clone());
    // Absent, not false, for long-term keys: what BoolIfExists is for.
    if let Some(given) = mfa {
        know("aws:multifactorauthpresent", given.is_some().to_string());
        if let Some(age) = given.and_then(|at| now.duration_since(at).ok()) {
            know("aws:multifactorauthage", age.as_secs().to_string());
        }
    }
    let (temporary, mfa) = (mfa.is_some(), mfa.flatten().is_some());
    Caller { principal, arn, user_id, temporary, mfa, task: None, policy: None, context }
}

/// Whether the caller's own policies allow `action` on `resource`.
pub(super) fn verdict(state: &State, caller: &Caller, action: &str, resource: &str) -> Verdict {
    let asking = Asking { action, resource: Some(resource), principals: &[], context: &caller.context };
    own_verdict(state, caller, &asking)
}

fn own_verdict(state: &State, caller: &Caller, asking: &Asking<'_>) -> Verdict {
    match &caller.principal {
        Principal::Root => Verdict::Allowed,
        Principal::User { name, .. } => policy::evaluate(state.policies_of_user(name), asking),
        Principal::Role { name, .. } => policy::evaluate(state.policies_of_role(name), asking),
    }
}

/// The error for an action that may not be done: by the task of the session, by a service control policy, or by the
/// caller's own policies.
pub(super) fn authorize(ctx: &Ctx<'_>, action: &str, resource: &str) -> Result<(), Refusal> {
    authorize_with(ctx, action, resource, &[])
}

/// The same, where the request brings facts of its own to the conditions.
pub(super) fn authorize_with(
    ctx: &Ctx<'_>,
    action: &str,
    resource: &str,
    facts: &[(&str, &str)],
) -> Result<(), Refusal> {
    let caller = ctx.caller;
    let mut context = caller.context.clone();
    context.extend(facts.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let asking = Asking { action, resource: Some(resource), principals: &[], context: &context };
    let because = |reason: &str| Err(refused(caller, action, resource, reason));
    if let Some(task) = caller.task
        && policy::evaluate([&task.policy(ctx.state.partition)], &asking) == Verdict::Denied
    {
        return because("with an explicit deny in a session policy");
    }
    match caller.policy.as_ref().map(|policy| policy::evaluate([policy], &asking)) {
        Some(Verdict::Denied) => return because("with an explicit deny in a session policy"),
        Some(Verdict::NotAllowed) => {
            return because(&format!("because no session policy allows the {action} action"));
        }
        Some(Verdict::Allowed) | None => {}
    }
    let organization = ctx.world.organization();
    match organization.as_ref().map(|register| register.verdict(&ctx.state.account, &asking)) {
        Some(Verdict::Denied) => return because("with an explicit deny in a service control policy"),
        Some(Verdict::NotAllowed) => {
            return because(&format!("because no service control policy allows the {action} action"));
        }
        Some(Verdict::Allowed) | None => {}
    }
    match own_verdict(ctx.state, caller, &asking) {
        Verdict::Allowed => Ok(()),
        verdict => Err(denied(caller, action, resource, verdict)),
    }
}

/// AWS's sentence for an action the policies do not allow.
pub(super) fn denied(caller: &Caller, action: &str, resource: &str, verdict: Verdict) -> Refusal {
    if verdict == Verdict::Denied {
        refused(caller, action, resource, "with an explicit deny in an identity-based policy")
    } else {
        refused(caller, action, resource, &format!("because no identity-based policy allows the {action} action"))
    }
}

fn refused(caller: &Caller, action: &str, resource: &str, reason: &str) -> Refusal {
    let arn = &caller.arn;
    Refusal::denied(format!("User: {arn} is not authorized to perform: {action} on resource: {resource} {reason}"))
}
