//! Password recovery given back to root of a member, which has no password.

use super::organization::look;
use super::plan::tells_nothing;
use super::{HardenNotice, Notice, Question};
use crate::aws::hardening::denies_root_all;
use crate::aws::posture::{Fact, OrgMembership, Place};
use crate::aws::{Account, Call, Error, Identity, RootTask};
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
    check_not_stopped(member, account)?;
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
fn check_member(member: &str, account: &Account) -> Result<(), Cause> {
    if account.caller().identity == Identity::Root {
        return Err(HardenRefusal::CalledByRoot.into());
    }
    let own = &account.caller().account;
    let manages =
        matches!(account.membership().0, Fact::Known(OrgMembership::Member(management)) if management == member);
    let none = || HardenRefusal::NotAMember { account: member.to_owned() };
    if member == own || manages {
        return Err(none().into());
    }
    match account.account_of_organization(member) {
        Ok(Some((_, state))) if state == "ACTIVE" => Ok(()),
        Ok(Some((name, state))) => Err(HardenRefusal::NotActive { account: member.to_owned(), name, state }.into()),
        Ok(None) => Err(none().into()),
        // AssumeRoot will tell.
        Err(why) if tells_nothing(&why) => Ok(()),
        Err(why) => Err(Cause::Aws(why)),
    }
}

/// Under a policy that leaves root nothing, a password would be a factor alone: root could not enroll MFA. Who may not read
/// policies is not told.
fn check_not_stopped(member: &str, account: &Account) -> Result<(), Cause> {
    let stopped = match denying_root(member, account) {
        Ok(stopped) => stopped,
        Err(why) if tells_nothing(&why) => return Ok(()),
        Err(why) => return Err(Cause::Aws(why)),
    };
    match stopped.is_empty() {
        true => Ok(()),
        false => Err(HardenRefusal::RecoveryStopped { account: member.to_owned(), policies: stopped }.into()),
    }
}

/// The policies in force at an account that leave root of it nothing but AssumeRoot's tasks.
fn denying_root(member: &str, account: &Account) -> Result<Vec<String>, Error> {
    let control = match account.service_control() {
        Fact::Known(control) => control,
        Fact::Unreadable(why) => return Err(why.why),
    };
    let mut path = account.above_unit(member)?;
    path.push(member.to_owned());
    let accounts = [member.to_owned()];
    let (partition, region) = (&account.caller().partition, &account.region());
    let place = Place { partition, region, organization: None, accounts: &accounts };
    let mut found = Vec::new();
    for deny in control.denying.iter().filter(|deny| deny.in_force && deny.at.iter().any(|at| path.contains(&at.id)))
    {
        if denies_root_all(&account.control_policy(&deny.policy.id)?.text, &place) {
            found.push(format!("policy {} ({})", deny.policy.name, deny.policy.id));
        }
    }
    Ok(found)
}
