//! Whether everything is recorded.

use super::super::finding::{Evidence, Finding, Rule, Severity, TrailProblem, Verdict};
use super::{finding, unknown};
use crate::aws::posture::{Around, Fact, Management, Trail, Unreadable};

pub(super) fn judge(around: &Around) -> Vec<Finding> {
    let trails = match &around.trails {
        Fact::Known(trails) => trails,
        Fact::Unreadable(why) => {
            return vec![
                unknown(Rule::Trail, Severity::High, why),
                unknown(Rule::TrailValidation, Severity::Low, why),
            ];
        }
    };
    vec![recorded(trails), validated(trails)]
}

/// What is wrong with a trail, and what could not be read about it.
pub(super) fn problems(trail: &Trail) -> (Vec<TrailProblem>, Vec<Unreadable>) {
    let (mut problems, mut unreadable) = (Vec::new(), Vec::new());
    if !trail.all_regions {
        problems.push(TrailProblem::OneRegion);
    }
    match &trail.status {
        Fact::Known(status) if !status.logging => problems.push(TrailProblem::NotLogging),
        Fact::Known(status) => problems.extend(status.delivery_error.clone().map(TrailProblem::NotDelivered)),
        Fact::Unreadable(why) => unreadable.push(why.clone()),
    }
    match &trail.management {
        Fact::Known(Management::All) => {}
        Fact::Known(Management::Reads | Management::Writes) => problems.push(TrailProblem::HalfTheEvents),
        Fact::Known(Management::None) => problems.push(TrailProblem::NoManagementEvents),
        Fact::Unreadable(why) => unreadable.push(why.clone()),
    }
    (problems, unreadable)
}

/// One good trail is enough.
fn recorded(trails: &[Trail]) -> Finding {
    let (rule, severity) = (Rule::Trail, Severity::High);
    if trails.is_empty() {
        return finding(rule, severity, Verdict::Fail, vec![Evidence::NoTrail]);
    }
    let looked: Vec<_> = trails.iter().map(|trail| (trail, problems(trail))).collect();
    if let Some((trail, _)) =
        looked.iter().find(|(_, (problems, unreadable))| problems.is_empty() && unreadable.is_empty())
    {
        let evidence = Evidence::Trail { name: trail.name.clone(), problems: Vec::new() };
        return finding(rule, severity, Verdict::Pass, vec![evidence]);
    }
    let unreadable: Vec<Unreadable> = looked
        .iter()
        .filter(|(_, (problems, _))| problems.is_empty())
        .flat_map(|(_, (_, unreadable))| unreadable.clone())
        .collect();
    let evidence = looked
        .into_iter()
        .map(|(trail, (problems, _))| Evidence::Trail { name: trail.name.clone(), problems })
        .collect();
    let verdict = if unreadable.is_empty() { Verdict::Fail } else { Verdict::Unknown };
    Finding { rule, verdict, severity, evidence, unreadable }
}

fn validated(trails: &[Trail]) -> Finding {
    let (rule, severity) = (Rule::TrailValidation, Severity::Low);
    if trails.is_empty() {
        return finding(rule, severity, Verdict::NotApplicable, vec![Evidence::NoTrail]);
    }
    let evidence = |trail: &Trail| Evidence::Trail {
        name: trail.name.clone(),
        problems: if trail.validation { Vec::new() } else { vec![TrailProblem::NotValidated] },
    };
    let verdict = super::pass_if(trails.iter().any(|trail| trail.all_regions && trail.validation));
    finding(rule, severity, verdict, trails.iter().map(evidence).collect())
}
