//! Whether everything is recorded.

use super::super::finding::{Evidence, Finding, Severity, TrailProblem, Verdict};
use super::super::rule::{Benchmark, Rule, RuleInfo, Titles};
use super::{finding, unknown};
use crate::aws::posture::{Fact, Facts, Management, Trail, Unreadable};

/// Judges the account's trails, where they were asked for.
fn by_trails(facts: &Facts, rule: &'static RuleInfo, check: fn(&[Trail]) -> Finding) -> Option<Finding> {
    Some(match &facts.around.as_ref()?.trails {
        Fact::Known(trails) => check(trails),
        Fact::Unreadable(why) => unknown(rule, why),
    })
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

pub(super) const RECORDED: RuleInfo = RuleInfo {
    id: Rule::Trail,
    severity: Severity::High,
    fails_when: "no trail records all management events in all regions, and delivers them",
    why: "what is not recorded cannot be investigated; sign-ins of root are recorded in one region only",
    benchmarks: &[
        (Benchmark::CisV3, "3.1"),
        (Benchmark::CisV5, "3.1"),
        (Benchmark::CisV6, "4.1"),
        (Benchmark::CisV7, "4.1"),
        (Benchmark::SecurityHub, "CloudTrail.1"),
        (Benchmark::Config, "multi-region-cloudtrail-enabled"),
        (Benchmark::Prowler, "cloudtrail_multi_region_enabled"),
    ],
    titles: Titles::new(
        "a trail records all regions",
        "no trail records everything in all regions",
        "whether a trail records everything",
    ),
    check: |facts| by_trails(facts, &RECORDED, recorded),
};

/// One good trail is enough.
fn recorded(trails: &[Trail]) -> Finding {
    let rule = &RECORDED;
    if trails.is_empty() {
        return finding(rule, Verdict::Fail, vec![Evidence::NoTrail]);
    }
    let looked: Vec<_> = trails.iter().map(|trail| (trail, problems(trail))).collect();
    if let Some((trail, _)) =
        looked.iter().find(|(_, (problems, unreadable))| problems.is_empty() && unreadable.is_empty())
    {
        let evidence = Evidence::Trail { name: trail.name.clone(), problems: Vec::new() };
        return finding(rule, Verdict::Pass, vec![evidence]);
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
    Finding { rule, verdict, evidence, unreadable }
}

pub(super) const VALIDATED: RuleInfo = RuleInfo {
    id: Rule::TrailValidation,
    severity: Severity::Low,
    fails_when: "no trail of all regions validates its files",
    why: "without digests nobody can show that a log file was not changed",
    benchmarks: &[
        (Benchmark::CisV3, "3.2"),
        (Benchmark::CisV5, "3.2"),
        (Benchmark::CisV6, "4.2"),
        (Benchmark::CisV7, "4.2"),
        (Benchmark::SecurityHub, "CloudTrail.4"),
        (Benchmark::Config, "cloud-trail-log-file-validation-enabled"),
        (Benchmark::Prowler, "cloudtrail_log_file_validation_enabled"),
    ],
    titles: Titles::new("log files are validated", "log files are not validated", "whether log files are validated")
        .not_applicable("there are no log files to validate"),
    check: |facts| by_trails(facts, &VALIDATED, validated),
};

fn validated(trails: &[Trail]) -> Finding {
    let rule = &VALIDATED;
    if trails.is_empty() {
        return finding(rule, Verdict::NotApplicable, vec![Evidence::NoTrail]);
    }
    let evidence = |trail: &Trail| Evidence::Trail {
        name: trail.name.clone(),
        problems: if trail.validation { Vec::new() } else { vec![TrailProblem::NotValidated] },
    };
    let verdict = super::pass_if(trails.iter().any(|trail| trail.all_regions && trail.validation));
    finding(rule, verdict, trails.iter().map(evidence).collect())
}
