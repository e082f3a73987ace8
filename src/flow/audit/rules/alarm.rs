//! Whether somebody is told when root is used: one whole chain is enough, by an alarm or by an EventBridge rule.

use super::super::finding::{Break, Evidence, Finding, Link, Rule, Severity, Verdict};
use super::trail::problems;
use crate::aws::posture::{
    Alarm, Around, Coverage, Fact, Filter, Rule as EventRule, Target, Trail, Unreadable, Watch,
};

pub(super) fn judge(around: &Around) -> Finding {
    let (rule, severity) = (Rule::RootAlarm, Severity::High);
    let mut looked = Looked::default();
    match &around.trails {
        Fact::Known(trails) => trails.iter().for_each(|trail| looked.trail(trail)),
        Fact::Unreadable(why) => looked.unreadable.push(why.clone()),
    }
    match &around.rules {
        Fact::Known(rules) => rules.iter().for_each(|rule| looked.rule(rule)),
        Fact::Unreadable(why) => looked.unreadable.push(why.clone()),
    }
    if looked.whole {
        let whole = |evidence: &Evidence| {
            matches!(evidence, Evidence::Chain { broken: None, .. } | Evidence::EventRule { broken: None, .. })
        };
        let evidence = looked.evidence.into_iter().filter(whole).collect();
        return Finding { rule, verdict: Verdict::Pass, severity, evidence, unreadable: Vec::new() };
    }
    if looked.evidence.is_empty() && looked.unreadable.is_empty() {
        looked.evidence.push(Evidence::NothingWatches);
    }
    let verdict = if looked.unreadable.is_empty() && !looked.not_judged { Verdict::Fail } else { Verdict::Unknown };
    Finding { rule, verdict, severity, evidence: looked.evidence, unreadable: looked.unreadable }
}

#[derive(Default)]
struct Looked {
    whole: bool,
    evidence: Vec<Evidence>,
    unreadable: Vec<Unreadable>,
    /// Something might be whole, but is written in a way that is not understood.
    not_judged: bool,
}

/// How far a chain was followed.
type Followed = Result<Vec<Link>, (Vec<Link>, Stop)>;

/// Why it ends early.
enum Stop {
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
                self.not_judged |= matches!(broken, Break::FilterNotJudged { .. } | Break::RuleNotJudged);
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
            Err(stop) => self.add(Err((Vec::new(), stop)), chain),
            Ok((group, [])) => self.add(Err((vec![group], Stop::Broken(Break::NoFilter))), chain),
            Ok((group, filters)) => {
                for filter in filters {
                    self.add(by_filter(group.clone(), filter), chain);
                }
            }
        }
    }

    fn rule(&mut self, rule: &EventRule) {
        let sign_ins_only = rule.watch == Watch::SignIns;
        let evidence = |_, broken| Evidence::EventRule { name: rule.name.clone(), sign_ins_only, broken };
        let stop = |broken| Err((Vec::new(), Stop::Broken(broken)));
        let followed = match (rule.watch, &rule.targets) {
            (Watch::NotJudged, _) => stop(Break::RuleNotJudged),
            (Watch::Part | Watch::Nothing | Watch::Noisy, _) => stop(Break::RulePart),
            _ if !rule.enabled => stop(Break::RuleDisabled),
            (_, Fact::Known(targets)) if targets.is_empty() => stop(Break::NoTarget),
            (_, Fact::Known(targets)) => any(Vec::new(), targets),
            (_, Fact::Unreadable(why)) => Err((Vec::new(), Stop::Unreadable(why.clone()))),
        };
        self.add(followed, evidence);
    }
}

/// From the trail to the filters of its log group.
fn start(trail: &Trail) -> Result<(Link, &[Filter]), Stop> {
    let (wrong, unreadable) = problems(trail);
    if let Some(why) = unreadable.into_iter().next() {
        return Err(Stop::Unreadable(why));
    }
    // A trail of one region misses sign-ins of others; one that records reads only misses them too.
    if !wrong.is_empty() {
        return Err(Stop::Broken(Break::TrailDoesNotRecord));
    }
    let Some(logs) = &trail.logs else { return Err(Stop::Broken(Break::NoLogGroup)) };
    if let Fact::Known(status) = &trail.status
        && let Some(error) = &status.logs_error
    {
        return Err(Stop::Broken(Break::LogsNotDelivered(error.clone())));
    }
    match &logs.filters {
        Fact::Known(filters) => Ok((Link::LogGroup(logs.group.clone()), filters)),
        Fact::Unreadable(why) => Err(Stop::Unreadable(why.clone())),
    }
}

fn by_filter(group: Link, filter: &Filter) -> Followed {
    let mut links = vec![group];
    let name = filter.name.clone();
    match &filter.coverage {
        Ok(Coverage::Root { assumed }) => links.push(Link::Filter { name: name.clone(), spares_assumed: !assumed }),
        Ok(Coverage::Noisy(event)) => {
            return broken(links, Break::FilterNoisy { filter: name, event: event.clone() });
        }
        Ok(Coverage::Misses(event)) => {
            return broken(links, Break::FilterMisses { filter: name, event: event.clone() });
        }
        Err(why) => return broken(links, Break::FilterNotJudged { filter: name, why: why.clone() }),
    }
    let alarms = match &filter.alarms {
        Fact::Known(alarms) => alarms,
        Fact::Unreadable(why) => return Err((links, Stop::Unreadable(why.clone()))),
    };
    let tried: Vec<Followed> = alarms.iter().map(|alarm| by_alarm(links.clone(), alarm)).collect();
    best(tried).unwrap_or_else(|| broken(links, Break::NoAlarm { filter: name }))
}

fn by_alarm(mut links: Vec<Link>, alarm: &Alarm) -> Followed {
    let name = alarm.name.clone();
    if !alarm.by_one_event {
        return broken(links, Break::AlarmNeedsMore { alarm: name });
    }
    if alarm.targets.is_empty() {
        return broken(links, Break::NoAction { alarm: name });
    }
    if !alarm.enabled {
        return broken(links, Break::AlarmDisabled { alarm: name });
    }
    links.push(Link::Alarm(name));
    any(links, &alarm.targets)
}

/// One target that reaches somebody is enough.
fn any(links: Vec<Link>, targets: &[Target]) -> Followed {
    let tried = targets.iter().map(|target| by_target(links.clone(), target)).collect();
    best(tried).unwrap_or_else(|| broken(links, Break::NoTarget))
}

fn by_target(mut links: Vec<Link>, target: &Target) -> Followed {
    links.push(Link::Target(target.arn.clone()));
    let subscriptions = match &target.subscriptions {
        // A Lambda function, a queue, an incident: whether it tells anybody is its own affair.
        None => return Ok(links),
        Some(Fact::Known(subscriptions)) => subscriptions,
        Some(Fact::Unreadable(why)) => return Err((links, Stop::Unreadable(why.clone()))),
    };
    if let Some(confirmed) = subscriptions.iter().find(|subscription| subscription.confirmed) {
        links.push(Link::Subscription(confirmed.endpoint.clone()));
        return Ok(links);
    }
    let topic = target.arn.clone();
    if subscriptions.is_empty() {
        return broken(links, Break::NobodySubscribed { topic });
    }
    let endpoints = subscriptions.iter().map(|subscription| subscription.endpoint.clone()).collect();
    broken(links, Break::Unconfirmed { topic, endpoints })
}

fn broken(links: Vec<Link>, broken: Break) -> Followed {
    Err((links, Stop::Broken(broken)))
}

/// A whole one, else one that could not be followed to its end, else the one that went furthest.
fn best(tried: Vec<Followed>) -> Option<Followed> {
    tried.into_iter().max_by_key(|followed| match followed {
        Ok(_) => (2, 0),
        Err((links, Stop::Unreadable(_))) => (1, links.len()),
        Err((links, Stop::Broken(_))) => (0, links.len()),
    })
}
