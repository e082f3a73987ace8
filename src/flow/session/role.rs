//! A role's session from an access key: the roles share one MFA session, so that a code opens them all.
//!
//! Tools start one `credential_process` for each profile, all at once. AWS takes a code only once, so a code for each
//! role would make the second wait 30 s and the third a minute.

use super::kept::Session;
use super::{SessionRequest, Source, find_or, find_or_open, name, open};
use crate::aws::{self, Account, Call, Retry, Role, SessionCredentials};
use crate::flow::context::Context;
use crate::flow::failure::{Cause, SessionRefusal};
use crate::person::Notice;
use std::path::Path;
use std::time::Duration;

/// How long the MFA session lasts that roles are assumed from: as long as `glasskey session` opens it by default, so
/// that they find each other's.
const SHARED: Duration = Duration::from_secs(3600);

/// No role's longest session is shorter than this (IAM, `MaxSessionDuration`).
const EVERY_ROLE: Duration = Duration::from_secs(3600);

/// How often AssumeRole is sent without a code: after 1, 2 and 4 s again.
const TRIES: u32 = 4;

/// Refuses a session that is longer than the role allows, before a code is spent. Where IAM does not tell the role's
/// maximum, STS decides.
pub(super) fn check_duration(role: &Role, wanted: Duration, account: &Account) -> Result<(), Cause> {
    if wanted <= EVERY_ROLE {
        return Ok(());
    }
    match account.longest_session(role) {
        Ok(Some(longest)) if wanted > longest => {
            Err(Cause::refused(SessionRefusal::LongerThanRole { role: role.arn.clone(), longest }))
        }
        Err(
            cause @ (aws::Error::Interrupted | aws::Error::BadConfiguration { .. } | aws::Error::Configuration(_)),
        ) => Err(Cause::Aws(cause)),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The role's session from memory; or assumed from the caller's MFA session, which is kept as well.
pub(super) fn find_or_assume(
    request: &SessionRequest,
    role: &Role,
    account: &mut Account,
    state: &Path,
    context: &mut Context<'_>,
) -> Result<(Session, Source), Cause> {
    let name = name(request, account);
    // Turns of their own: who holds a role's turn waits for the session's, and never the other way round.
    find_or(&name, "role", state, context, |context| assume(request, role, account, state, context))
}

fn assume(
    request: &SessionRequest,
    role: &Role,
    account: &mut Account,
    state: &Path,
    context: &mut Context<'_>,
) -> Result<(Session, Source), Cause> {
    let shared = SessionRequest { role: None, duration: SHARED, ..request.clone() };
    let (session, source) = find_or_open(&shared, account, state, context)?;
    context.go_on()?;
    match without_code(role, request.duration, &account.through(&session.credentials), context) {
        Ok(credentials) => {
            let Session { device, key, .. } = session;
            Ok((Session::new(credentials, device, key, request.duration, &context.clock), source))
        }
        // The role may want a code that is fresher than the session (aws:MultiFactorAuthAge).
        Err(aws::Error::Denied { .. }) if source != Source::Key => open(request, account, context),
        Err(cause) => Err(Cause::Aws(cause)),
    }
}

/// AssumeRole from an MFA session. No code goes with it, so it is sent again where AWS is busy or its reply is lost.
fn without_code(
    role: &Role,
    duration: Duration,
    session: &Account,
    context: &mut Context<'_>,
) -> Result<SessionCredentials, aws::Error> {
    let mut attempt = 1;
    loop {
        let why = match session.role_credentials(role, None, duration) {
            Err(aws::Error::TryLater { code, .. }) if attempt < TRIES => format!("AWS answered {code}"),
            Err(aws::Error::OutcomeUnknown { .. }) if attempt < TRIES && !context.interrupt.raised() => {
                "no reply came".to_owned()
            }
            outcome => return outcome,
        };
        let after = Duration::from_secs(1 << (attempt - 1));
        attempt += 1;
        context.tell(Notice::Retrying(Retry { call: Call::AssumeRole, why, after, attempt }));
        if !context.clock.sleep(after) {
            return Err(aws::Error::Interrupted);
        }
    }
}
