//! What there is of the rules: in each region that is enabled, the rule that has glasskey's name.

use super::super::key;
use super::super::recorded::{is_fed, is_recorded, told};
use super::super::topic::{self, Consent, TopicAt, known};
use super::{Events, OwnRole, OwnRule, OwnTarget, State, new_rule, new_target};
use crate::aws::hardening::{
    ALL_MANAGEMENT_EVENTS, EventRule, Place, RuleTarget, TargetedRule, forward_document, forward_trust,
};
use crate::aws::posture::{self, Behind, Fact};
use crate::aws::{self, Account};
use crate::flow::audit::{delivers, filter_tells, rule_tells};
use crate::flow::harden::names::{BUS_ROLE, ROOT_USE};
use crate::person::HardenSettings;

pub(in super::super) fn read(account: &Account, settings: &HardenSettings) -> Result<State, aws::Error> {
    let home = Place::of(account.caller(), &account.sign_in_region()?);
    let (trails, rules) = account.watchers()?;
    let (trails, rules) = (known(trails)?, known(rules)?);
    let at = TopicAt::of_rule(home.clone());
    let mut state = State {
        home: home.region.clone(),
        recorded: is_recorded(account, settings, &trails)?,
        others_tell: filters_tell(&trails)?,
        tells: Some(false),
        rules: Default::default(),
        role: read_role(account, &home)?,
        topic: None,
        consent: Consent::None,
        key: None,
    };
    for rule in &rules {
        let tells = told(rule_tells(rule))?;
        // Without a trail nothing comes to a rule.
        state.recorded = state.recorded || tells && is_fed(account)?;
        match rule.name == ROOT_USE {
            true => state.tells = state.tells.map(|told| told || tells),
            false => state.others_tell |= tells && state.recorded,
        }
    }
    let mut regions = account.enabled_regions()?;
    if !regions.contains(&home.region) {
        regions.push(home.region.clone());
    }
    let found = account.rules_of(&regions, ROOT_USE)?;
    state.rules = regions.into_iter().zip(found).map(|(region, rule)| own_rule(&home, region, rule)).collect();
    let key = key::read(account, &at, settings)?;
    let arn = key.as_ref().map(|(_, arn)| arn.as_str());
    (state.topic, state.consent) = topic::read(account, &at, settings, arn)?;
    state.key = key.map(|(key, _)| key);
    Ok(state)
}

/// Whether somebody is told by a metric filter.
fn filters_tell(trails: &[posture::Trail]) -> Result<bool, aws::Error> {
    for trail in trails {
        let Some(logs) = trail.logs.as_ref().filter(|_| delivers(trail).unwrap_or(false)) else { continue };
        let Behind::Filters(Fact::Known(filters)) = &logs.behind else { continue };
        for filter in filters {
            if told(filter_tells(filter))? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What there is of the role that has glasskey's name. One that can do more, or that somebody else may use, is not used.
pub(super) fn read_role(account: &Account, home: &Place) -> Result<Option<OwnRole>, aws::Error> {
    let Some(role) = account.role(BUS_ROLE)? else { return Ok(None) };
    let other = |why: String| Ok(Some(OwnRole::Other { why }));
    if role.trust != Some(forward_trust()) {
        return other("is not for EventBridge alone".to_owned());
    }
    let further = account.further_policies(BUS_ROLE, BUS_ROLE)?;
    if !further.is_empty() {
        return other(format!("has further policies ({})", further.join(", ")));
    }
    match account.role_policy(BUS_ROLE, BUS_ROLE)? {
        None => Ok(Some(OwnRole::Half)),
        Some(policy) if policy == forward_document(home) => Ok(Some(OwnRole::Right)),
        Some(_) => other(format!("has another policy {BUS_ROLE} than glasskey's")),
    }
}

fn own_rule(home: &Place, region: String, found: Option<TargetedRule>) -> (String, Option<OwnRule>) {
    let wanted = new_target(home, &region);
    let rule = found.map(|(rule, targets)| OwnRule {
        events: events(&rule),
        sees_all: rule.state == ALL_MANAGEMENT_EVENTS,
        target: target(&targets, &wanted),
    });
    (region, rule)
}

fn events(rule: &EventRule) -> Events {
    let is = |events: Events| rule.pattern.as_ref() == Some(&new_rule(events).pattern);
    [Events::SpareTasks, Events::Root].into_iter().find(|events| is(*events)).unwrap_or(Events::Other)
}

fn target(there: &[RuleTarget], wanted: &RuleTarget) -> OwnTarget {
    match there.iter().find(|one| one.id != wanted.id || one.arn != wanted.arn) {
        Some(other) => OwnTarget::Other { arn: other.arn.clone() },
        None if there.is_empty() => OwnTarget::None,
        None if there.iter().all(|one| one == wanted) => OwnTarget::Right,
        None => OwnTarget::Broken,
    }
}
