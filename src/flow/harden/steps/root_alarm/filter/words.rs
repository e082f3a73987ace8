//! What a plan says of filter and alarm, for people.

use super::super::super::logs_place::LogsPlace;
use super::super::key;
use super::super::topic::TopicAt;
use super::super::words::{self, row, rows, topic_in_the_way};
use super::{OwnAlarm, OwnFilter, State};
use crate::aws::hardening::RootPattern;
use crate::flow::harden::names::ROOT_USE;
use crate::person::{HardenChange, HardenSettings};

pub(super) const NO_LOGS: &str = "no trail that records everything delivers to a log group of this account, so there is \
                                  nothing that a filter could look at: `glasskey root audit` says what the trails lack";
pub(super) const BROKEN_ELSEWHERE: &str = "filter, alarm and topic are as glasskey makes them, and nobody is told: \
                                           `glasskey root audit` says where the chain breaks";
pub(super) const MENDED: &str = "the alarm glasskey-root-use was there before and has been mended: how it was does not \
                                 come back, so it stays as it is now";

/// What of glasskey's names is not as glasskey makes it, and may be somebody's.
pub(super) fn in_the_way(state: &State, at: &TopicAt) -> Option<String> {
    if state.filter == Some(OwnFilter::Other) {
        return Some(format!(
            "the metric filter {ROOT_USE} has a unit, a dimension or a default value, which glasskey does not give: \
             delete it, then plan again"
        ));
    }
    if let Some(OwnAlarm::Other { action }) = &state.alarm {
        return Some(format!("the alarm {ROOT_USE} tells {action}, which is not glasskey's: rename or delete it"));
    }
    key::in_the_way(state.key.as_ref()).or_else(|| topic_in_the_way(state.topic.as_ref(), at))
}

pub(super) fn undo(mends: bool) -> String {
    let base = "what this run has made of alarm, filter, topic and subscription is deleted";
    if mends { format!("{base}; an alarm that was mended stays as it is then") } else { base.to_owned() }
}

pub(super) fn changes(
    before: &State,
    after: &State,
    logs: &LogsPlace,
    settings: &HardenSettings,
) -> Vec<HardenChange> {
    let mut all = vec![
        row(&format!("filter of {}", logs.group), filter(before), filter(after)),
        row(&format!("alarm in {}", logs.region), alarm(before), alarm(after)),
    ];
    let (topics, keys) = ((before.topic.as_ref(), after.topic.as_ref()), (before.key.as_ref(), after.key.as_ref()));
    all.extend(rows(topics, keys, (before.consent, after.consent), settings, "this alarm"));
    all.retain(|change| change.before != change.after);
    all
}

fn filter(state: &State) -> String {
    match &state.filter {
        None => "none".to_owned(),
        Some(OwnFilter::Other) => format!("{ROOT_USE}, which counts otherwise"),
        Some(OwnFilter::Counts { pattern, .. }) if pattern == RootPattern::SparingTasks.text() => {
            format!("{ROOT_USE}, for root's events but those of AssumeRoot's tasks")
        }
        Some(OwnFilter::Counts { pattern, .. }) if pattern == RootPattern::Cis.text() => {
            format!("{ROOT_USE}, for root's events")
        }
        Some(OwnFilter::Counts { pattern, .. }) => format!("{ROOT_USE}, for {pattern}"),
    }
}

fn alarm(state: &State) -> String {
    match &state.alarm {
        None => "none".to_owned(),
        Some(OwnAlarm::Right) => format!("{ROOT_USE}, on one event in 15 minutes"),
        Some(OwnAlarm::Broken) => format!("{ROOT_USE}, which does not work"),
        Some(OwnAlarm::Other { action }) => format!("{ROOT_USE}, which tells {action}"),
    }
}

pub(super) fn effects(before: &State, after: &State, settings: &HardenSettings) -> Vec<String> {
    let mut effects = words::effects((before.consent, after.consent), before.topic.is_none(), settings, "alarms");
    if before.filter != after.filter {
        let cis =
            matches!(&after.filter, Some(OwnFilter::Counts { pattern, .. }) if pattern == RootPattern::Cis.text());
        effects.push(
            match cis {
                true => "Task sessions of AssumeRoot raise the alarm too, those of `glasskey root audit` among them.",
                false => {
                    "Task sessions of AssumeRoot do not raise the alarm. --pattern cis takes the pattern of the CIS \
                     benchmark to the letter, with which they do."
                }
            }
            .to_owned(),
        );
    }
    effects
}
