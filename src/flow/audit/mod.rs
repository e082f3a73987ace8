//! The audit: facts first, rules second. One account, some, or all of an organization.

mod finding;
mod proofs; // when an alarm was last proved
mod rule;
mod rules;

pub use finding::{Break, Evidence, Finding, Link, Sees, Severity, TrailProblem, Verdict};
pub(in crate::flow) use proofs::{Proofs, ProvedChain, hears};
pub use rule::{Benchmark, Rule, RuleInfo, Titles};
pub use rules::{RULES, check};
pub(in crate::flow) use rules::{delivers, filter_tells, own_break, region_break, rule_tells};

use crate::aws::posture::{Fact, Facts, OrgMembership, Progress, Scope, Sweep};
use crate::aws::{Call, Caller, Error};
use crate::world::World;

pub struct AuditRequest {
    /// Which accounts; `None`: the caller's own, from inside.
    pub scope: Option<Scope>,
    pub at_once: usize,
    pub known: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audited {
    /// It was looked at.
    Account { facts: Box<Facts>, findings: Vec<Finding> },
    /// It is not in use, so there is nothing to look at.
    Closed {
        /// Twelve digits.
        account: String,
        name: String,
        state: String,
    },
    /// It is among [`AuditRequest::known`], and is wanted.
    Known {
        /// Twelve digits.
        account: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// The caller's ARN.
    pub caller: String,
    pub sweep: Sweep,
}

/// Asks AWS who the caller is.
///
/// # Errors
/// Without credentials, or where AWS does not answer.
pub fn caller(world: &mut World) -> Result<Caller, Error> {
    Ok(world.aws.connect()?.caller().clone())
}

/// Audits, and hands over each account as it is done, with how many are known to be wanted so far. `each` returns false
/// to stop early.
pub fn audit(
    request: AuditRequest,
    world: &mut World,
    each: &mut dyn FnMut(Audited, usize) -> bool,
) -> Result<Swept, Error> {
    let account = world.aws.connect()?;
    let caller = account.caller().arn.clone();
    let (clock, proofs) = (world.clock.clone(), Proofs::in_dir(&world.state));
    let Some(scope) = request.scope else {
        let facts = account.posture(clock.now())?;
        each(judged(facts, &proofs), 1);
        return Ok(Swept { caller, sweep: Sweep::default() });
    };
    let known: std::collections::HashSet<String> = request.known.into_iter().collect();
    let sweep = account.sweep(
        scope,
        request.at_once,
        &|| clock.now(),
        &|account| known.contains(account),
        &mut |progress, wanted| {
            let audited = match progress {
                Progress::Facts(facts) => judged(*facts, &proofs),
                Progress::Closed { account, name, state } => Audited::Closed { account, name, state },
                Progress::Skipped { account } => Audited::Known { account },
            };
            each(audited, wanted)
        },
    )?;
    Ok(Swept { caller, sweep })
}

/// The findings; that of the alarm with when it was last proved from here.
fn judged(facts: Facts, proofs: &Proofs) -> Audited {
    let mut findings = check(&facts);
    if let Some(alarm) = findings.iter_mut().find(|finding| finding.rule.id == Rule::RootAlarm)
        && let Some(at) = proofs.last(&facts)
    {
        alarm.evidence.push(Evidence::AlarmProved { at });
    }
    Audited::Account { facts: Box::new(facts), findings }
}

/// Whether a member's root user could be asked at all.
#[must_use]
pub fn out_of_reach(facts: &Facts) -> bool {
    matches!(&facts.root.summary, Fact::Unreadable(why) if why.call == Call::AssumeRoot)
}

/// Whether an account is a member of the organization.
#[must_use]
pub fn is_member(facts: &Facts) -> bool {
    matches!(facts.standing, Fact::Known(OrgMembership::Member(_)))
}
