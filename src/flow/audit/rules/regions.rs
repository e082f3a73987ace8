//! Regions in which root does not sign in: a rule there tells somebody of root's calls, or sends them to a rule that does.

use super::super::finding::{Break, Evidence};
use super::alarm::{Stop, by_target, rule_tells};
use crate::aws::posture::{Fact, Management, OWN_RULE, Reach, RegionWatch, Rule, Sent, Target, Unreadable, Watch};

/// What the rules of a region come to.
enum Told {
    /// Of these calls somebody is told, as far as trails record them there.
    Of(Management),
    NoRule,
    Broken {
        rule: String,
        why: Break,
    },
}

/// What is wrong in regions, and what could not be read.
#[derive(Default)]
pub(super) struct Missed {
    pub(super) evidence: Vec<Evidence>,
    pub(super) unreadable: Vec<Unreadable>,
}

pub(super) fn regions(elsewhere: &Fact<Vec<RegionWatch>>, home: &[Rule]) -> Missed {
    let (mut cut, mut unreadable) = (Vec::<Evidence>::new(), Vec::new());
    let (mut without_rule, mut without_trail, mut without_reads) = (Vec::new(), Vec::new(), Vec::new());
    let regions = match elsewhere {
        Fact::Known(regions) => regions,
        Fact::Unreadable(why) => return Missed { evidence: cut, unreadable: vec![why.clone()] },
    };
    for watch in regions {
        let region = watch.region.clone();
        match told(watch, home) {
            Ok(Told::Of(Management::All)) => {}
            Ok(Told::Of(Management::Writes)) => without_reads.push(region),
            Ok(Told::Of(Management::Reads | Management::None)) => without_trail.push(region),
            Ok(Told::NoRule) => without_rule.push(region),
            Ok(Told::Broken { rule, why }) => add(&mut cut, region, rule, why),
            Err(why) => unreadable.push(why),
        }
    }
    let named = |regions: Vec<String>, evidence: fn(Vec<String>) -> Evidence| {
        (!regions.is_empty()).then(|| evidence(regions))
    };
    let evidence = named(without_rule, |regions| Evidence::RegionsWithoutRule { regions })
        .into_iter()
        .chain(cut)
        .chain(named(without_trail, |regions| Evidence::RegionsWithoutTrail { regions }))
        .chain(named(without_reads, |regions| Evidence::RegionsWithoutReads { regions }))
        .collect();
    Missed { evidence, unreadable }
}

/// Regions in which the same is wrong are said together.
fn add(cut: &mut Vec<Evidence>, region: String, rule: String, broken: Break) {
    for one in cut.iter_mut() {
        if let Evidence::RegionsCut { regions, rule: other, broken: same } = one
            && (&*other, &*same) == (&rule, &broken)
        {
            regions.push(region);
            return;
        }
    }
    cut.push(Evidence::RegionsCut { regions: vec![region], rule, broken });
}

fn told(watch: &RegionWatch, home: &[Rule]) -> Result<Told, Unreadable> {
    let rules = match &watch.rules {
        Fact::Known(rules) => rules,
        Fact::Unreadable(why) => return Err(why.clone()),
    };
    let takes = |region: &str| {
        home.iter().any(|rule| {
            rule.region == region && watch.taken.contains(&rule.name) && rule_tells(rule).unwrap_or(false)
        })
    };
    let (mut telling, mut worst) = (Vec::new(), Told::NoRule);
    for rule in rules {
        match region_break(rule, takes)? {
            None => telling.push(rule),
            // One that was never about root is none.
            Some(why) if rule.name == OWN_RULE || rule.watch == Watch::Everything => {
                worst = Told::Broken { rule: rule.name.clone(), why };
            }
            Some(_) => {}
        }
    }
    if telling.is_empty() {
        return Ok(worst);
    }
    match &watch.brought {
        Some(Fact::Known(Management::All)) if telling.iter().all(|rule| !rule.reads) => {
            Ok(Told::Of(Management::Writes))
        }
        Some(Fact::Known(management)) => Ok(Told::Of(*management)),
        Some(Fact::Unreadable(why)) => Err(why.clone()),
        None => Ok(Told::Of(Management::None)),
    }
}

/// Where a rule of a region breaks, in which root does not sign in. `takes`: whether a rule of this other region takes what
/// is sent there, and tells somebody.
pub(in crate::flow) fn region_break(rule: &Rule, takes: impl Fn(&str) -> bool) -> Result<Option<Break>, Unreadable> {
    if let Some(why) = own_break(rule, rule.watch == Watch::Everything) {
        return Ok(Some(why));
    }
    let targets = match &rule.targets {
        Fact::Known(targets) => targets,
        Fact::Unreadable(why) => return Err(why.clone()),
    };
    let mut first = None;
    for target in targets {
        match target_break(target, &takes)? {
            None => return Ok(None),
            Some(why) => first = first.or(Some(why)),
        }
    }
    Ok(first.or(Some(Break::NoTarget)))
}

/// What is wrong with a rule itself. `watches`: it takes what it must of root's.
pub(in crate::flow) fn own_break(rule: &Rule, watches: bool) -> Option<Break> {
    match rule.watch {
        _ if !rule.enabled => Some(Break::RuleDisabled),
        _ if watches => {
            matches!(&rule.targets, Fact::Known(targets) if targets.is_empty()).then_some(Break::NoTarget)
        }
        Watch::Noisy => Some(Break::RuleNoisy),
        Watch::NotJudged => Some(Break::RuleNotJudged),
        Watch::Nothing => Some(Break::RuleMisses),
        Watch::Part | Watch::SignIns | Watch::Everything => Some(Break::RulePart),
    }
}

fn target_break(target: &Target, takes: impl Fn(&str) -> bool) -> Result<Option<Break>, Unreadable> {
    Ok(match &target.reach {
        Reach::Bus { region, sent: Fact::Known(sent) } => match sent {
            Sent::Comes if takes(region) => None,
            Sent::Comes => Some(Break::NotTaken { region: region.clone() }),
            Sent::NoRole => Some(Break::RoleGone),
            Sent::NotAssumed => Some(Break::RoleNotAssumed),
            Sent::MayNotPut => Some(Break::RoleMayNotSend),
        },
        Reach::Bus { sent: Fact::Unreadable(why), .. } => return Err(why.clone()),
        _ => match by_target(Vec::new(), target) {
            Ok(_) => None,
            Err((_, Stop::Broken(why))) => Some(why),
            Err((_, Stop::Unreadable(why))) => return Err(why),
        },
    })
}
