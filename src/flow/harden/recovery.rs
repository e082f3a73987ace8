//! Password recovery given back to root of a member, which has no password.

use super::organization::look;
use super::{HardenNotice, Notice, Question};
use crate::aws::posture::{Fact, OrgMembership};
use crate::aws::{Account, Call, Error, RootTask};
use crate::flow::context::{Context, confirmed};
use crate::flow::failure::{Cause, Failed, HardenRefusal, Residue, Stage};
use crate::world::World;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryAllowed {
    /// Twelve digits.
    pub account: String,
    /// Root could do so before, or has a password.
    pub already: bool,
}

/// Lets root of a member recover its password by e-mail, once that is agreed to. Who reads that mail can then sign in.
///
/// # Errors
/// [`Failed`]; that a reply was lost is settled by asking again, since the repeat is refused where it is done.
pub fn allow_recovery(member: &str, approved: bool, world: &mut World) -> Result<RecoveryAllowed, Failed> {
    let (connector, mut context) = Context::open(Stage::Preflight, world)?;
    let context = &mut context;
    let allowed = connector.connect().map_err(Cause::Aws).and_then(|account| {
        context.tell_clock();
        allow(member, approved, &account, context)
    });
    allowed.map_err(|cause| match cause {
        // Asked twice, and neither reply was AWS's.
        Cause::Aws(Error::OutcomeUnknown { call: Call::CreateLoginProfile, .. }) => {
            let left = Residue::RecoveryPerhaps { account: member.to_owned() };
            context.fail_leaving((Stage::Harden, cause), vec![left])
        }
        cause => context.fail(Stage::Preflight, cause),
    })
}

fn allow(
    member: &str,
    approved: bool,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<RecoveryAllowed, Cause> {
    look(true, account)?;
    check_member(member, account)?;
    context.tell(Notice::from(HardenNotice::AllowRecovery { account: member.to_owned() }));
    context.go_on()?;
    if !approved {
        confirmed(&Question::AllowRecovery { account: member.to_owned() }, context.person, &context.interrupt)?;
    }
    let session = account.assume_root(member, RootTask::CreatePassword)?;
    context.still_wanted()?;
    let outcome = match session.allow_own_recovery() {
        Err(Error::OutcomeUnknown { .. }) => session.allow_own_recovery(),
        outcome => outcome,
    };
    match outcome {
        Ok(()) => Ok(RecoveryAllowed { account: member.to_owned(), already: false }),
        Err(Error::AlreadyExists { .. }) => Ok(RecoveryAllowed { account: member.to_owned(), already: true }),
        Err(why) => Err(Cause::Aws(why)),
    }
}

/// The management account's root user is its own, and so is the caller's.
fn check_member(member: &str, account: &Account) -> Result<(), HardenRefusal> {
    let own = &account.caller().account;
    let manages =
        matches!(account.membership().0, Fact::Known(OrgMembership::Member(management)) if management == member);
    match member == own || manages {
        true => Err(HardenRefusal::NotAMember { account: member.to_owned() }),
        false => Ok(()),
    }
}
