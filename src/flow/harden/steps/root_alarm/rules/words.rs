//! What a plan says of the rules, for people.

use super::super::key;
use super::super::topic::TopicAt;
use super::super::words::{self, row, rows, topic_in_the_way};
use super::{Events, OwnRole, OwnRule, OwnTarget, State};
use crate::flow::harden::names::{BUS_ROLE, ROOT_USE};
use crate::person::{HardenChange, HardenSettings};

pub(super) const NOT_RECORDED: &str = "no trail records everything of all regions, and EventBridge has root's events only \
                                       where a trail records them: `glasskey root audit` says what the trails lack";
pub(super) const ONE_PARTITION: &str = "EventBridge sends events from one region to another in the partition aws only: \
                                        leave out --via eventbridge, and a metric filter watches all regions";
pub(super) const BROKEN_ELSEWHERE: &str = "rules, role and topic are as glasskey makes them, and nobody is told: \
                                           `glasskey root audit` says where the chain breaks";

/// What of glasskey's names is not as glasskey makes it, and may be somebody's.
pub(super) fn in_the_way(state: &State, at: &TopicAt) -> Option<String> {
    for (region, rule) in &state.rules {
        if let Some(OwnRule { events: Events::Other, target: OwnTarget::None, .. }) = rule {
            return Some(format!(
                "the rule {ROOT_USE} in {region} takes other events than root's and sends nothing, so it is not glasskey's: \
                 rename or delete it"
            ));
        }
        if let Some(OwnRule { target: OwnTarget::Other { arn }, .. }) = rule {
            return Some(format!(
                "the rule {ROOT_USE} in {region} sends events to {arn}, which is not glasskey's: rename or delete the rule"
            ));
        }
    }
    if let Some(OwnRole::Other { why }) = &state.role {
        return Some(format!(
            "the role {BUS_ROLE} {why}, so it is not glasskey's: find out who uses it, and delete it"
        ));
    }
    key::in_the_way(state.key.as_ref()).or_else(|| topic_in_the_way(state.topic.as_ref(), at))
}

/// What undoing leaves of a rule that was mended.
pub(super) fn mended(region: &str) -> String {
    format!(
        "the rule {ROOT_USE} in {region} was there before and has been mended: how it was does not come back, so it stays \
         as it is now"
    )
}

pub(super) fn undo(mends: bool) -> String {
    let base =
        "what this run has made of the rules of all regions, the role, the topic and the subscription is deleted";
    if mends { format!("{base}; rules that were mended stay as they are then") } else { base.to_owned() }
}

pub(super) fn changes(before: &State, after: &State, settings: &HardenSettings) -> Vec<HardenChange> {
    let of = |state: &State, region: &String| rule(state.rules.get(region).and_then(Option::as_ref), region, state);
    let each =
        after.rules.keys().map(|region| row(&format!("rule in {region}"), of(before, region), of(after, region)));
    let mut all: Vec<HardenChange> = each.collect();
    all.push(row("role", role(before.role.as_ref()), role(after.role.as_ref())));
    let (topics, keys) = ((before.topic.as_ref(), after.topic.as_ref()), (before.key.as_ref(), after.key.as_ref()));
    all.extend(rows(topics, keys, (before.consent, after.consent), settings, "rules"));
    all.retain(|change| change.before != change.after);
    all
}

fn rule(rule: Option<&OwnRule>, region: &str, state: &State) -> String {
    let Some(rule) = rule else { return "none".to_owned() };
    let to = match region == state.home {
        true => "to the topic".to_owned(),
        false => format!("to {}", state.home),
    };
    let events = match rule {
        OwnRule { target: OwnTarget::None, .. } => return format!("{ROOT_USE}, which sends nothing"),
        OwnRule { sees_all: false, .. } => {
            return format!("{ROOT_USE}, which is off or passes over calls that only read");
        }
        OwnRule { events: Events::Other, .. } => "other events",
        OwnRule { events: Events::Root, .. } => "root's events",
        OwnRule { events: Events::SpareTasks, .. } => "root's events but those of AssumeRoot's tasks",
    };
    let broken = if rule.target == OwnTarget::Right { "" } else { ", not as glasskey does" };
    format!("{ROOT_USE}, {events} {to}{broken}")
}

fn role(role: Option<&OwnRole>) -> String {
    match role {
        None => "none".to_owned(),
        Some(OwnRole::Right) => format!("{BUS_ROLE}, with which EventBridge sends from region to region"),
        Some(OwnRole::Half | OwnRole::Other { .. }) => format!("{BUS_ROLE}, which may not send"),
    }
}

pub(super) fn effects(before: &State, after: &State, settings: &HardenSettings) -> Vec<String> {
    let mut effects = words::effects((before.consent, after.consent), before.topic.is_none(), settings, "rules");
    if before.rules != after.rules {
        effects.push(format!(
            "Each rule sees the events of its own region and sends them to {}, where root signs in. A region that is \
             enabled later has none: the audit names it, and applying this again makes its rule.",
            after.home
        ));
    }
    let events = |state: &State| state.rules.get(&state.home).and_then(Option::as_ref).map(|rule| rule.events);
    if events(before) != events(after) {
        effects.push(
            match events(after) {
                Some(Events::Root) => {
                    "Task sessions of AssumeRoot are told of too, those of `glasskey root audit` among them."
                }
                _ => "Task sessions of AssumeRoot are not told of. --pattern cis tells of them too.",
            }
            .to_owned(),
        );
    }
    effects
}
