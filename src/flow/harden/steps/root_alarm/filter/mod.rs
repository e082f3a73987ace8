//! A filter on the trail's log group, and an alarm on its metric.

mod lead; // the calls that make it and take it away
mod read; // what there is of one
mod words; // what a plan says of it

pub(super) use lead::lead;
pub(super) use read::read;

use super::super::logs_place::LogsPlace;
use super::super::trail::Trail;
use super::key::{self, OwnKey};
use super::topic::{self, Audience, Consent, OwnTopic};
use super::words as common;
use crate::aws::Call;
use crate::aws::hardening::{Metric, MetricFilter, Place, RootPattern};
use crate::flow::harden::emit::{self, Emission, EmittedAlarm};
use crate::flow::harden::names::{NAMESPACE, ROOT_USE};
use crate::flow::harden::step::{Change, Planning, Proposal};
use crate::person::{AlarmPattern, Dollars, HardenSettings, OpenCode};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct State {
    /// Where a trail brings root's events; `None`: to no log group of this account.
    pub(super) logs: Option<LogsPlace>,
    /// Somebody is told by a chain that does not have glasskey's names.
    pub(super) others_tell: bool,
    /// Somebody is told by the chain that does.
    pub(super) tells: bool,
    pub(super) filter: Option<OwnFilter>,
    pub(super) alarm: Option<OwnAlarm>,
    pub(super) topic: Option<OwnTopic>,
    /// Of the address that was named, where one was.
    pub(super) consent: Consent,
    /// The topic's key, where one was asked for.
    #[serde(default)]
    pub(super) key: Option<OwnKey>,
}

/// The metric filter that has glasskey's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum OwnFilter {
    /// It counts ones.
    Counts { pattern: String, metric: Metric },
    /// It does something else: glasskey has not made it so.
    Other,
}

/// The alarm that has glasskey's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum OwnAlarm {
    /// As glasskey makes it.
    Right,
    /// It tells glasskey's topic, or nobody, and is not as glasskey makes it.
    Broken,
    /// It does something else as well, or instead.
    Other { action: String },
}

/// What the filter counts into.
pub(super) fn metric() -> Metric {
    Metric { namespace: NAMESPACE.to_owned(), name: ROOT_USE.to_owned() }
}

fn pattern(wanted: AlarmPattern) -> &'static str {
    match wanted {
        AlarmPattern::SpareTasks => RootPattern::SparingTasks.text(),
        AlarmPattern::Cis => RootPattern::Cis.text(),
    }
}

/// What should become of it.
pub(super) fn propose(state: &State, planning: &Planning<'_>) -> Proposal<State> {
    let settings = planning.settings;
    if state.others_tell && !state.tells || state.tells && !asks_for_more(state, settings) {
        return Proposal::Nothing;
    }
    let open = |code, message: String| Proposal::Open { code, message };
    let is_heard = state.topic.as_ref().is_some_and(|topic| topic.others == Audience::Hears);
    if settings.alarm_email.is_none() && !is_heard {
        return open(OpenCode::NotNamed, common::NO_ADDRESS.to_owned());
    }
    // A trail of the same plan brings them where it was read that it would.
    let is_there =
        |logs: &&LogsPlace| planning.after::<Trail>().is_none_or(|trail| trail.delivers_to().as_ref() == Some(*logs));
    let Some(logs) = state.logs.as_ref().filter(is_there) else {
        return open(OpenCode::NotHere, words::NO_LOGS.to_owned());
    };
    let at = topic::TopicAt::of_alarm(Place { region: logs.region.clone(), ..planning.place.clone() });
    if let Some(why) = words::in_the_way(state, &at) {
        return open(OpenCode::NotOurs, why);
    }
    let after = after(state, settings);
    match differs(state, &after) {
        true => Proposal::Change(Box::new(change(state, after, logs, settings))),
        false => open(OpenCode::NotOurs, words::BROKEN_ELSEWHERE.to_owned()),
    }
}

/// Each part is as it was, or as it is to be, or half made.
pub(super) fn is_between(before: &State, now: &State, after: &State) -> bool {
    let filter = now.filter == before.filter || now.filter == after.filter;
    let alarm = now.alarm == before.alarm || now.alarm == after.alarm;
    let topic = topic::is_between(before.topic.as_ref(), now.topic.as_ref(), after.topic.as_ref());
    let key = key::is_between(before.key.as_ref(), now.key.as_ref(), after.key.as_ref());
    // A mail that nobody has confirmed in time, and one that asks.
    let consent = now.consent == before.consent || after.consent == Consent::Confirmed;
    now.logs == before.logs && now.others_tell == before.others_tell && filter && alarm && topic && key && consent
}

/// The state in other languages.
pub(super) fn emission(after: &State, planning: &Planning<'_>) -> Emission {
    let Some((logs, OwnFilter::Counts { pattern, metric })) = after.logs.as_ref().zip(after.filter.as_ref()) else {
        return Emission::nothing("there is no log group to watch");
    };
    let place = Place { region: logs.region.clone(), ..planning.place.clone() };
    let (name, group) = (ROOT_USE.to_owned(), logs.group.clone());
    let filter = MetricFilter { name, group, pattern: pattern.clone(), metric: metric.clone() };
    let alarm = read::Names::in_place(&place, &logs.group).new_alarm();
    let topic = common::emitted(after.topic.as_ref(), planning.settings);
    let makes_group = planning.after::<Trail>().is_some();
    emit::alarm(&EmittedAlarm { filter: &filter, alarm: &alarm, topic, makes_group }, &place)
}

/// Which state undoing leads to, and what stays.
pub(super) fn undone(before: &State, now: &State) -> (State, Vec<String>) {
    if before.alarm == Some(OwnAlarm::Broken) && now.alarm == Some(OwnAlarm::Right) {
        return (now.clone(), vec![words::MENDED.to_owned()]);
    }
    let mut to = State { key: key::undone(before.key.as_ref()), ..before.clone() };
    let mut stays = Vec::new();
    if before.topic.is_some() {
        to.consent = topic::consent_undone(before.consent, now.consent, &mut stays);
    }
    (to, stays)
}

/// Whether something was named that a chain of glasskey's lacks, although it works.
fn asks_for_more(state: &State, settings: &HardenSettings) -> bool {
    let other_pattern = settings.alarm_pattern.is_some_and(
        |wanted| !matches!(&state.filter, Some(OwnFilter::Counts { pattern: there, .. }) if there == pattern(wanted)),
    );
    other_pattern
        || settings.alarm_email.is_some() && state.consent != Consent::Confirmed
        || common::lacks_key(state.topic.as_ref(), state.key.as_ref(), settings)
}

fn after(state: &State, settings: &HardenSettings) -> State {
    let there = match &state.filter {
        Some(OwnFilter::Counts { pattern, metric: counted }) if *counted == metric() => Some(pattern.as_str()),
        _ => None,
    };
    // A pattern that works is left alone unless another one was asked for.
    let pattern = match settings.alarm_pattern {
        Some(wanted) => pattern(wanted),
        None => [AlarmPattern::SpareTasks, AlarmPattern::Cis]
            .map(pattern)
            .into_iter()
            .find(|known| there == Some(*known))
            .unwrap_or_else(|| pattern(AlarmPattern::SpareTasks)),
    };
    State {
        tells: true,
        filter: Some(OwnFilter::Counts { pattern: pattern.to_owned(), metric: metric() }),
        alarm: Some(OwnAlarm::Right),
        topic: Some(OwnTopic::after(state.topic.as_ref(), settings)),
        key: OwnKey::after(state.key.as_ref(), settings),
        consent: if settings.alarm_email.is_some() { Consent::Confirmed } else { state.consent },
        ..state.clone()
    }
}

/// Whether there is anything to be sent.
fn differs(before: &State, after: &State) -> bool {
    State { tells: true, ..before.clone() } != *after
}

/// What an alarm and a metric cost a month, in cents (CloudWatch, us-east-1's price list).
const COST: u32 = 40;

fn change(state: &State, after: State, logs: &LogsPlace, settings: &HardenSettings) -> Change<State> {
    let mends = state.alarm == Some(OwnAlarm::Broken);
    let made = state.alarm.is_none() || state.filter.is_none();
    let mut change = Change::to(after.clone(), calls(state, &after), words::undo(mends));
    change.changes = words::changes(state, &after, logs, settings);
    change.effects = words::effects(state, &after, settings);
    let key = if state.key.is_none() && after.key.is_some() { key::COST } else { 0 };
    change.cost = Dollars { cents: key + if made { COST } else { 0 } };
    change.reversible = !mends;
    if state.consent != after.consent {
        change.waits = change.waits.saturating_add(settings.alarm_wait);
        change.unknown = vec![common::UNKNOWN.to_owned()];
    }
    change
}

fn calls(before: &State, after: &State) -> Vec<Call> {
    let topic = topic::calls((before.topic.as_ref(), before.consent), (after.topic.as_ref(), after.consent));
    let own =
        [(Call::PutMetricFilter, before.filter != after.filter), (Call::PutMetricAlarm, before.alarm != after.alarm)];
    let all = key::calls(before.key.as_ref(), after.key.as_ref()).chain(topic).chain(own);
    all.filter(|(_, due)| *due).map(|(call, _)| call).collect()
}
