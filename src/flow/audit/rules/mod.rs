//! Rules: pure functions from facts to findings. None asks anything, and what could not be read is never a pass.

mod account;
mod alarm;
mod root;
mod topic;
mod trail;

use super::finding::{Evidence, Finding, Rule, Severity, Verdict};
use crate::aws::posture::{Fact, Facts, Unreadable};
use std::time::SystemTime;

/// Every rule's answer that there is for these facts: an account that is seen from outside has fewer.
#[must_use]
pub fn judge(facts: &Facts) -> Vec<Finding> {
    let mut findings = root::judge(facts);
    findings.extend(account::judge(facts));
    if let Some(around) = &facts.around {
        findings.extend(trail::judge(around));
        findings.push(alarm::judge(around));
    }
    findings.sort_by_key(|finding| finding.rule);
    findings
}

/// Use within so many days counts as routine (CIS, "eliminate use of the root user for administrative and daily tasks",
/// leaves the number open; Prowler and Security Hub look at a day and at everything; this is a quarter).
pub(super) const RECENT_DAYS: u64 = 90;

fn finding(rule: Rule, severity: Severity, verdict: Verdict, evidence: Vec<Evidence>) -> Finding {
    Finding { rule, verdict, severity, evidence, unreadable: Vec::new() }
}

fn unknown(rule: Rule, severity: Severity, why: &Unreadable) -> Finding {
    Finding { rule, verdict: Verdict::Unknown, severity, evidence: Vec::new(), unreadable: vec![why.clone()] }
}

/// Judges a fact, or says that it is not known.
fn on<T>(
    fact: &Fact<T>,
    rule: Rule,
    severity: Severity,
    judge: impl FnOnce(&T) -> (Verdict, Vec<Evidence>),
) -> Finding {
    match fact {
        Fact::Known(value) => {
            let (verdict, evidence) = judge(value);
            finding(rule, severity, verdict, evidence)
        }
        Fact::Unreadable(why) => unknown(rule, severity, why),
    }
}

/// Whole days between two moments; none where the first is later.
fn days(from: SystemTime, to: SystemTime) -> u64 {
    to.duration_since(from).map_or(0, |passed| passed.as_secs() / 86_400)
}

fn pass_if(good: bool) -> Verdict {
    if good { Verdict::Pass } else { Verdict::Fail }
}
