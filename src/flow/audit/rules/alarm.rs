//! Whether somebody is told when root is used: one whole chain is enough, by an alarm or by an EventBridge rule.
//!
//! A chain breaks where something is certainly wrong. What could not be read, or is not modelled, is not known; it counts
//! only where nothing behind it is broken.

use super::super::finding::{Break, Evidence, Finding, Link, Sees, Severity, Verdict};
use super::super::rule::{Benchmark, Rule, RuleInfo, Titles};
use super::regions::{Missed, regions};
use super::topic;
use super::trail::problems;
use crate::aws::posture::{
    Alarm, Behind, Coverage, Fact, Filter, Management, OWN_RULE, Raised, Reach, Rule as EventRule, Surroundings,
    Target, Trail, Unreadable, Watch, brought,
};

pub(super) const ALARM: RuleInfo = RuleInfo {
    id: Rule::RootAlarm,
    severity: Severity::High,
    fails_when: "no chain from an event of root's to a person is whole, or a region's rule is broken or has no trail there",
    why: "root is used so seldom that every use should reach a person within minutes",
    benchmarks: &[
        (Benchmark::CisV3, "4.3"),
        (Benchmark::CisV5, "4.3"),
        (Benchmark::CisV6, "5.3"),
        (Benchmark::CisV7, "5.3"),
        (Benchmark::SecurityHub, "CloudWatch.1"),
        (Benchmark::Prowler, "cloudwatch_log_metric_filter_root_usage"),
    ],
    titles: Titles::new(
        "somebody is told when root is used",
        "nobody is told when root is used",
        "whether anybody is told when root is used",
    )
    .by_evidence(|verdict, evidence| {
        let mut regions: Vec<&str> = evidence.iter().flat_map(not_told_of).map(String::as_str).collect();
        regions.sort_unstable();
        if verdict == Verdict::Pass && !regions.is_empty() {
            return Some(format!(
                "somebody is told when root is used, but not of its calls in {}",
                regions.join(", ")
            ));
        }
        if let (Verdict::Fail, Some(regions)) = (verdict, evidence.iter().find_map(cut)) {
            return Some(format!(
                "somebody is told when root signs in, but not of its calls in {}, where the rule does not work",
                regions.join(", ")
            ));
        }
        if let (Verdict::Fail, Some(regions)) = (verdict, evidence.iter().find_map(without_trail)) {
            return Some(format!(
                "somebody is told when root signs in, but not of its calls in {}, where no trail records them",
                regions.join(", ")
            ));
        }
        let noisy = verdict == Verdict::Fail && evidence.iter().any(tells_of_others);
        noisy.then(|| "whoever is told when root is used is told of others' doings too".to_owned())
    }),
    check: |facts| facts.around.as_ref().map(check),
};

fn check(around: &Surroundings) -> Finding {
    let rule = &ALARM;
    let mut looked = Looked::default();
    match &around.trails {
        Fact::Known(trails) => trails.iter().for_each(|trail| looked.trail(trail)),
        Fact::Unreadable(why) => looked.unreadable.push(why.clone()),
    }
    match &around.rules {
        Fact::Known(rules) => rules.iter().for_each(|rule| looked.rule(rule, &around.trails)),
        Fact::Unreadable(why) => looked.unreadable.push(why.clone()),
    }
    if looked.whole {
        let whole = |evidence: &Evidence| {
            matches!(evidence, Evidence::Chain { broken: None, .. } | Evidence::EventRule { broken: None, .. })
        };
        let mut evidence: Vec<Evidence> = looked.evidence.into_iter().filter(whole).collect();
        let by_rules_alone = evidence.iter().all(|one| matches!(one, Evidence::EventRule { .. }));
        let elsewhere = around.elsewhere.as_ref().filter(|_| by_rules_alone && !evidence.is_empty());
        let home = around.rules.known().map(Vec::as_slice).unwrap_or_default();
        let Missed { evidence: missed, unreadable } =
            elsewhere.map_or_else(Missed::default, |elsewhere| regions(elsewhere, home));
        let verdict = super::pass_if(!missed.iter().any(|one| without_trail(one).or(cut(one)).is_some()));
        evidence.extend(missed);
        return Finding { rule, verdict, evidence, unreadable };
    }
    looked.evidence.extend(sent_for_nothing(around));
    if looked.evidence.is_empty() && looked.unreadable.is_empty() {
        looked.evidence.push(Evidence::NothingWatches);
    }
    let verdict = if looked.unreadable.is_empty() && !looked.undecided { Verdict::Fail } else { Verdict::Unknown };
    Finding { rule, verdict, evidence: looked.evidence, unreadable: looked.unreadable }
}

fn not_told_of(evidence: &Evidence) -> &[String] {
    match evidence {
        Evidence::RegionsWithoutRule { regions } | Evidence::RegionsCut { regions, .. } => regions,
        _ => &[],
    }
}

/// Rules of glasskey's send events to a region in which its rule is gone.
fn sent_for_nothing(around: &Surroundings) -> Option<Evidence> {
    let own = |rule: &&EventRule| rule.name == OWN_RULE;
    if around.rules.known()?.iter().any(|rule| own(&rule)) {
        return None;
    }
    let watches = around.elsewhere.as_ref()?.known()?;
    let rules = watches.iter().filter_map(|watch| watch.rules.known()).flatten().filter(own);
    let mut targets = rules.filter_map(|rule| rule.targets.known()).flatten();
    let region = targets.find_map(|target| match &target.reach {
        Reach::Bus { region, .. } => Some(region.clone()),
        _ => None,
    });
    region.map(|region| Evidence::RuleGone { rule: OWN_RULE.to_owned(), region })
}

/// Regions whose rule certainly does not work.
fn cut(evidence: &Evidence) -> Option<&[String]> {
    match evidence {
        Evidence::RegionsCut { regions, broken, .. } if !broken.is_undecided() => Some(regions),
        _ => None,
    }
}

fn without_trail(evidence: &Evidence) -> Option<&[String]> {
    match evidence {
        Evidence::RegionsWithoutTrail { regions } => Some(regions),
        _ => None,
    }
}

/// A chain that is whole, but for its filter.
fn tells_of_others(evidence: &Evidence) -> bool {
    matches!(evidence, Evidence::Chain { broken: Some(Break::FilterNoisy { .. }), .. })
}

#[derive(Default)]
struct Looked {
    whole: bool,
    evidence: Vec<Evidence>,
    unreadable: Vec<Unreadable>,
    /// Something might be whole, but is written in a way that is not understood.
    undecided: bool,
}

/// How far a chain was followed.
pub(super) type Followed = Result<Vec<Link>, Stopped>;

pub(super) enum Stop {
    Broken(Break),
    Unreadable(Unreadable),
}

impl Looked {
    fn add(&mut self, followed: Followed, evidence: impl FnOnce(Vec<Link>, Option<Break>) -> Evidence) {
        let (links, broken) = match followed {
            Ok(links) => {
                self.whole = true;
                (links, None)
            }
            Err((links, Stop::Broken(broken))) => {
                self.undecided |= broken.is_undecided();
                (links, Some(broken))
            }
            Err((links, Stop::Unreadable(why))) => {
                self.unreadable.push(why);
                (links, Some(Break::Unreadable))
            }
        };
        self.evidence.push(evidence(links, broken));
    }

    fn trail(&mut self, trail: &Trail) {
        let chain = |links, broken| Evidence::Chain { trail: trail.name.clone(), links, broken };
        match start(trail) {
            Err(stop) => self.add(Err(stop), chain),
            Ok((group, [])) => self.add(Err((vec![group], Stop::Broken(Break::NoFilter))), chain),
            Ok((group, filters)) => {
                for filter in filters {
                    self.add(by_filter(group.clone(), filter), chain);
                }
            }
        }
    }

    fn rule(&mut self, rule: &EventRule, trails: &Fact<Vec<Trail>>) {
        let fed = match trails {
            Fact::Known(trails) => brought(trails, &rule.region),
            Fact::Unreadable(why) => Fact::Unreadable(why.clone()),
        };
        let sees = match rule.watch {
            Watch::SignIns => Sees::SignIns,
            _ if rule.reads && fed.known() != Some(&Management::Writes) => Sees::Everything,
            _ => Sees::Changes,
        };
        let evidence = |_, broken| Evidence::EventRule { name: rule.name.clone(), sees, broken };
        let stop = |broken| Err((Vec::new(), Stop::Broken(broken)));
        let followed = match (rule.watch, &rule.targets) {
            (Watch::Nothing, _) => stop(Break::RuleMisses),
            (Watch::Part, _) => stop(Break::RulePart),
            (Watch::Noisy, _) => stop(Break::RuleNoisy),
            _ if !rule.enabled => stop(Break::RuleDisabled),
            (_, Fact::Known(targets)) if targets.is_empty() => stop(Break::NoTarget),
            (_, Fact::Known(targets)) => any(Vec::new(), targets),
            (_, Fact::Unreadable(why)) => Err((Vec::new(), Stop::Unreadable(why.clone()))),
        };
        let fed = followed.and_then(|links| match (rule.watch, fed) {
            (Watch::NotJudged, _) => stop(Break::RuleNotJudged),
            (_, Fact::Known(management)) if management.has_changes() => Ok(links),
            (_, Fact::Known(_)) => stop(Break::NoTrailForRules),
            (_, Fact::Unreadable(why)) => Err((Vec::new(), Stop::Unreadable(why))),
        });
        self.add(fed, evidence);
    }
}

/// Whether a trail brings every event of root's to a log group of this account.
pub(in crate::flow) fn delivers(trail: &Trail) -> Result<bool, Unreadable> {
    known(start(trail))
}

/// Whether somebody is told of root's events that a filter of a log group looks at.
pub(in crate::flow) fn filter_tells(filter: &Filter) -> Result<bool, Unreadable> {
    known(by_filter(Link::LogGroup(String::new()), filter))
}

/// Whether a rule tells somebody, provided that a trail feeds its bus.
pub(in crate::flow) fn rule_tells(rule: &EventRule) -> Result<bool, Unreadable> {
    match (rule.watch, &rule.targets) {
        (Watch::Everything | Watch::SignIns, Fact::Known(targets)) if rule.enabled => known(any(Vec::new(), targets)),
        (Watch::Everything | Watch::SignIns, Fact::Unreadable(why)) if rule.enabled => Err(why.clone()),
        _ => Ok(false),
    }
}

fn known<T>(followed: Result<T, Stopped>) -> Result<bool, Unreadable> {
    match followed {
        Ok(_) => Ok(true),
        Err((_, Stop::Broken(_))) => Ok(false),
        Err((_, Stop::Unreadable(why))) => Err(why),
    }
}

/// How far a chain comes, and where it stops.
pub(super) type Stopped = (Vec<Link>, Stop);

/// From the trail to the filters of its log group.
fn start(trail: &Trail) -> Result<(Link, &[Filter]), Stopped> {
    let at_once = |stop| Err((Vec::new(), stop));
    let (wrong, unreadable) = problems(trail);
    // A trail of one region misses sign-ins of others; one that records reads only misses them too.
    if !wrong.is_empty() {
        return at_once(Stop::Broken(Break::TrailDoesNotRecord));
    }
    let Some(logs) = &trail.logs else { return at_once(Stop::Broken(Break::NoLogGroup)) };
    if let Fact::Known(status) = &trail.status
        && let Some(error) = &status.logs_error
    {
        return at_once(Stop::Broken(Break::LogsNotDelivered(error.clone())));
    }
    let group = Link::LogGroup(logs.group.clone());
    match &logs.behind {
        Behind::Nothing => Err((vec![group], Stop::Broken(Break::LogGroupGone))),
        _ if !unreadable.is_empty() => match unreadable.into_iter().next() {
            Some(why) => at_once(Stop::Unreadable(why)),
            None => at_once(Stop::Broken(Break::Unreadable)),
        },
        Behind::Elsewhere(account) => Err((vec![group], Stop::Broken(Break::LogGroupElsewhere(account.clone())))),
        Behind::Filters(Fact::Known(filters)) => Ok((group, filters)),
        Behind::Filters(Fact::Unreadable(why)) => at_once(Stop::Unreadable(why.clone())),
    }
}

fn by_filter(group: Link, filter: &Filter) -> Followed {
    let mut links = vec![group];
    let name = filter.name.clone();
    // What is wrong with a filter is said at the end of its chain: a noisy one tells somebody.
    let but = match &filter.coverage {
        Ok(Coverage::Root { assumed }) => {
            links.push(Link::Filter { name: name.clone(), spares_assumed: !assumed });
            None
        }
        Ok(Coverage::Misses(event)) => {
            return broken(links, Break::FilterMisses { filter: name, event: event.clone() });
        }
        Ok(Coverage::Noisy(event)) => Some(Break::FilterNoisy { filter: name.clone(), event: event.clone() }),
        Err(why) => Some(Break::FilterNotJudged { filter: name.clone(), why: why.clone() }),
    };
    if but.is_some() {
        links.push(Link::Filter { name: name.clone(), spares_assumed: false });
    }
    let alarms = match &filter.alarms {
        Fact::Known(alarms) => alarms,
        Fact::Unreadable(why) => return Err((links, Stop::Unreadable(why.clone()))),
    };
    let tried: Vec<Followed> = alarms.iter().map(|alarm| by_alarm(links.clone(), alarm)).collect();
    let followed = best(tried).unwrap_or_else(|| broken(links, Break::NoAlarm { filter: name }));
    match (followed, but) {
        (Ok(links), Some(but)) => broken(links, but),
        (followed, _) => followed,
    }
}

fn by_alarm(mut links: Vec<Link>, alarm: &Alarm) -> Followed {
    let name = alarm.name.clone();
    match alarm.raised {
        Raised::NeedsMore => return broken(links, Break::AlarmNeedsMore { alarm: name }),
        Raised::NotBySeveral => return broken(links, Break::AlarmNotBySeveral { alarm: name }),
        Raised::AlwaysOn => return broken(links, Break::AlarmAlwaysOn { alarm: name }),
        Raised::NoData => return broken(links, Break::AlarmWithoutData { alarm: name }),
        Raised::ByOneEvent | Raised::NotJudged(_) => {}
    }
    if alarm.targets.is_empty() {
        return broken(links, Break::NoAction { alarm: name });
    }
    if !alarm.enabled {
        return broken(links, Break::AlarmDisabled { alarm: name });
    }
    links.push(Link::Alarm(name.clone()));
    match (any(links, &alarm.targets), alarm.raised) {
        (Ok(links), Raised::NotJudged(why)) => broken(links, Break::AlarmNotJudged { alarm: name, why }),
        (followed, _) => followed,
    }
}

/// One target that reaches somebody is enough.
fn any(links: Vec<Link>, targets: &[Target]) -> Followed {
    let tried = targets.iter().map(|target| by_target(links.clone(), target)).collect();
    best(tried).unwrap_or_else(|| broken(links, Break::NoTarget))
}

pub(super) fn by_target(mut links: Vec<Link>, target: &Target) -> Followed {
    let arn = target.arn.clone();
    links.push(Link::Target(arn.clone()));
    match &target.reach {
        Reach::Topic(topic) => topic::follow(links, &arn, topic),
        Reach::NoTopic => broken(links, Break::TopicGone { topic: arn }),
        Reach::Elsewhere(account) => broken(links, Break::TopicElsewhere { account: account.clone() }),
        Reach::Program => Ok(links),
        Reach::Nobody => broken(links, Break::TellsNobody { target: arn }),
        Reach::NotKnown | Reach::Bus { .. } => broken(links, Break::TargetNotJudged { target: arn }),
    }
}

pub(super) fn broken(links: Vec<Link>, broken: Break) -> Followed {
    Err((links, Stop::Broken(broken)))
}

/// A whole one, else one of which it is not known, else the one that went furthest.
fn best(tried: Vec<Followed>) -> Option<Followed> {
    tried.into_iter().max_by_key(|followed| match followed {
        Ok(_) => (3, 0),
        Err((links, Stop::Unreadable(_))) => (2, links.len()),
        Err((links, Stop::Broken(broken))) if broken.is_undecided() => (1, links.len()),
        Err((links, Stop::Broken(_))) => (0, links.len()),
    })
}
