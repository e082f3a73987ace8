//! Rules: pure functions from facts to findings. None asks anything, and what could not be read is never a pass.

mod account;
mod alarm;
mod regions;
mod root;
mod topic;
mod trail;

pub(in crate::flow) use alarm::{delivers, filter_tells, rule_tells};
pub(in crate::flow) use regions::{own_break, region_break};

use super::finding::{Evidence, Finding, Verdict};
use super::rule::RuleInfo;
use crate::aws::posture::{Fact, Facts, Unreadable};
use std::time::SystemTime;

/// All of them, in the order in which they are shown.
pub static RULES: [&RuleInfo; 18] = [
    &root::MFA,
    &root::HARDWARE,
    &root::VIRTUAL_LEFT,
    &root::TWO_FACTORS,
    &root::ACCESS_KEYS,
    &root::CERTIFICATES,
    &root::USE,
    &root::CREDENTIALS,
    &account::CENTRAL,
    &account::STOPS_TASKS,
    &trail::RECORDED,
    &trail::VALIDATED,
    &alarm::ALARM,
    &account::OTHER_ADMIN,
    &account::ADMIN_MFA,
    &account::CONTACT,
    &account::SECURITY_CONTACT,
    &account::PASSWORD_POLICY,
];

/// Every rule's answer that there is for these facts: an account that is seen from outside has fewer.
#[must_use]
pub fn check(facts: &Facts) -> Vec<Finding> {
    RULES.iter().filter_map(|rule| (rule.check)(facts)).collect()
}

/// Use within so many days counts as routine (CIS, "eliminate use of the root user for administrative and daily tasks",
/// leaves the number open; Prowler and Security Hub look at a day and at everything; this is a quarter).
pub(super) const RECENT_DAYS: u64 = 90;

fn finding(rule: &'static RuleInfo, verdict: Verdict, evidence: Vec<Evidence>) -> Finding {
    Finding { rule, verdict, evidence, unreadable: Vec::new() }
}

fn unknown(rule: &'static RuleInfo, why: &Unreadable) -> Finding {
    Finding { rule, verdict: Verdict::Unknown, evidence: Vec::new(), unreadable: vec![why.clone()] }
}

/// Checks a fact, or says that it is not known.
fn on<T>(fact: &Fact<T>, rule: &'static RuleInfo, check: impl FnOnce(&T) -> (Verdict, Vec<Evidence>)) -> Finding {
    match fact {
        Fact::Known(value) => {
            let (verdict, evidence) = check(value);
            finding(rule, verdict, evidence)
        }
        Fact::Unreadable(why) => unknown(rule, why),
    }
}

/// Whole days between two moments; none where the first is later.
fn days(from: SystemTime, to: SystemTime) -> u64 {
    to.duration_since(from).map_or(0, |passed| passed.as_secs() / 86_400)
}

fn pass_if(good: bool) -> Verdict {
    if good { Verdict::Pass } else { Verdict::Fail }
}
