//! A whole organization: who may harden it, how many accounts it has, and what the audit says of them.

use super::super::audit::{Rule, Verdict, check};
use crate::aws::hardening::AT_ONCE;
use crate::aws::posture::{Fact, Facts, OrgMembership, Progress, Scope};
use crate::aws::{Account, Error};
use crate::flow::context::Context;
use crate::flow::failure::{Cause, HardenRefusal};
use std::collections::BTreeMap;

/// The organization's id, where the caller is in one, and how many accounts it has, where the `whole` was asked for.
///
/// # Errors
/// The whole was asked for, and the caller's account neither manages it nor administers IAM for it.
pub(super) fn look(whole: bool, account: &Account) -> Result<(Option<String>, Option<usize>), Cause> {
    let (standing, id) = account.membership();
    if !whole {
        return Ok((id, None));
    }
    let own = account.caller().account.clone();
    match standing {
        Fact::Known(OrgMembership::Management) => {}
        Fact::Known(OrgMembership::Alone) => return Err(HardenRefusal::NoOrganization { account: own }.into()),
        // AWS tells this to the management account and to a delegated administrator for IAM alone.
        Fact::Known(OrgMembership::Member(management)) => match account.central_root() {
            Fact::Known(_) => {}
            Fact::Unreadable(why) if matches!(why.why, Error::Refused { .. } | Error::Denied { .. }) => {
                return Err(HardenRefusal::NotManaging { account: own, management }.into());
            }
            Fact::Unreadable(why) => return Err(Cause::Aws(why.why)),
        },
        Fact::Unreadable(why) => return Err(Cause::Aws(why.why)),
    }
    Ok((id, Some(account.count_accounts()?)))
}

/// What the audit says of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) name: String,
    pub(super) is_member: bool,
    pub(super) verdicts: BTreeMap<Rule, Verdict>,
}

/// What the audit says of the caller's account, and with `members` of every account of the organization; `None`: it could
/// not be made.
pub(super) fn audited(account: &Account, members: bool, context: &Context<'_>) -> Option<BTreeMap<String, Seen>> {
    let mut seen = BTreeMap::new();
    if members {
        let clock = context.clock.clone();
        let swept = account.sweep(Scope::Organization, AT_ONCE, &|| clock.now(), &|_| false, &mut |progress, _| {
            // One that is not active yet is left out like one that is closed.
            if let Progress::Facts(facts) = progress
                && facts.state.is_none()
            {
                seen.insert(facts.account.clone(), Seen::of(&facts));
            }
            true
        });
        return swept.ok().map(|_| seen);
    }
    let facts = account.posture(context.clock.now()).ok()?;
    seen.insert(facts.account.clone(), Seen::of(&facts));
    Some(seen)
}

impl Seen {
    fn of(facts: &Facts) -> Self {
        Self {
            name: facts.name.clone().unwrap_or_default(),
            is_member: matches!(facts.standing, Fact::Known(OrgMembership::Member(_))),
            verdicts: check(facts).into_iter().map(|finding| (finding.rule.id, finding.verdict)).collect(),
        }
    }
}
