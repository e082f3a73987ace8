//! What a plan says of the alarm, for people.

use super::super::logs_place::LogsPlace;
use super::{Consent, Hindrance, OwnAlarm, OwnFilter, OwnTopic, State};
use crate::aws::hardening::RootPattern;
use crate::flow::harden::names::ROOT_USE;
use crate::person::{HardenChange, HardenSettings};

pub(super) const NO_LOGS: &str = "no trail that records everything delivers to a log group of this account, so there is \
                                  nothing that a filter could look at: `glasskey root audit` says what the trails lack";
pub(super) const NO_ADDRESS: &str = "name the address to be told with --alarm-email ADDRESS; AWS asks it to confirm";
pub(super) const BROKEN_ELSEWHERE: &str = "filter, alarm and topic are as glasskey makes them, and nobody is told: \
                                           `glasskey root audit` says where the chain breaks";
pub(super) const MENDED: &str = "an alarm that was there was mended; how it was before does not come back, so all of it \
                                 stays";
pub(super) const ASKED: &str = "AWS has asked the address to confirm; a subscription that nobody confirms ends by itself \
                                after two days";
pub(super) const CONFIRMED: &str =
    "the address had been asked before, and has confirmed since: its subscription stays";
pub(super) const UNKNOWN: &str = "whether the address confirms";

/// What of glasskey's names is not as glasskey makes it, and may be somebody's.
pub(super) fn in_the_way(state: &State) -> Option<String> {
    if state.filter == Some(OwnFilter::Other) {
        return Some(format!(
            "the metric filter {ROOT_USE} has a unit, a dimension or a default value, which glasskey does not give: \
             delete it, then plan again"
        ));
    }
    if let Some(OwnAlarm::Other { action }) = &state.alarm {
        return Some(format!("the alarm {ROOT_USE} tells {action}, which is not glasskey's: rename or delete it"));
    }
    Some(match state.topic.as_ref()?.hindrance.as_ref()? {
        Hindrance::Key(key) => format!(
            "the topic {ROOT_USE} is encrypted with {key}, with which alarms cannot publish: turn its encryption off, or \
             let cloudwatch.amazonaws.com use a key of your own (kms:Decrypt, kms:GenerateDataKey*)"
        ),
        Hindrance::Policy => format!("the policy of the topic {ROOT_USE} keeps alarms out: mend or delete the topic"),
        Hindrance::Filter => format!(
            "the subscription of the address to the topic {ROOT_USE} has a filter policy, which lets no alarm through: \
             remove it"
        ),
    })
}

pub(super) fn undo(mends: bool) -> String {
    let base = "what was made is deleted: alarm, filter, and the topic with its subscriptions";
    if mends { format!("{base}; an alarm that was mended stays as it is then") } else { base.to_owned() }
}

pub(super) fn changes(
    before: &State,
    after: &State,
    logs: &LogsPlace,
    settings: &HardenSettings,
) -> Vec<HardenChange> {
    let row = |what: &str, before: String, after: String| HardenChange { what: what.to_owned(), before, after };
    let rows = [
        row(&format!("filter of {}", logs.group), filter(before), filter(after)),
        row(&format!("alarm in {}", logs.region), alarm(before), alarm(after)),
        row("topic", topic(before.topic.as_ref()), topic(after.topic.as_ref())),
        row(settings.alarm_email.as_deref().unwrap_or("address"), consent(before), consent(after)),
    ];
    rows.into_iter().filter(|change| change.before != change.after).collect()
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

fn topic(topic: Option<&OwnTopic>) -> String {
    match topic {
        None => "none".to_owned(),
        Some(OwnTopic { lets_alarm: true, .. }) => format!("{ROOT_USE}, whose policy lets this alarm publish"),
        Some(_) => format!("{ROOT_USE}, whose policy does not name this alarm"),
    }
}

fn consent(state: &State) -> String {
    match state.consent {
        Consent::None => "not subscribed",
        Consent::Pending => "asked to confirm",
        Consent::Confirmed => "subscribed and confirmed",
    }
    .to_owned()
}

pub(super) fn effects(before: &State, after: &State, settings: &HardenSettings) -> Vec<String> {
    let mut effects = Vec::new();
    if let Some(address) = settings.alarm_email.as_ref().filter(|_| before.consent != after.consent) {
        effects.push(format!(
            "AWS writes to {address}, which has to confirm: `glasskey root alarm confirm -` takes the link out of that \
             mail. The step is done once it is confirmed; it waits {} s for that.",
            settings.alarm_wait
        ));
    }
    if before.topic.is_none() {
        effects.push(
            "The topic is not encrypted: with AWS's own key for SNS alarms cannot publish, and a key of your own costs \
             $1 a month. The messages say which alarm is on and why."
                .to_owned(),
        );
    }
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
