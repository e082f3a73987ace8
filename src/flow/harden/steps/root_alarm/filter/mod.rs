//! The alarm: a filter on the trail's log group, an alarm on its metric, a topic, and an address that has confirmed.
//!
//! Somebody who is told already is not told twice: a chain that works is used, whoever made it. What has glasskey's names
//! is mended where it is broken.

mod lead; // the calls that make it and take it away
mod read; // what there is of one
mod words; // what a plan says of it

use super::logs_place::LogsPlace;
use super::trail::Trail;
use crate::aws::hardening::{Metric, MetricFilter, Place, RootPattern};
use crate::aws::{self, Account, Call};
use crate::flow::audit::Rule;
use crate::flow::failure::Cause;
use crate::flow::harden::emit::{self, Emission, EmittedAlarm};
use crate::flow::harden::names::{NAMESPACE, ROOT_USE};
use crate::flow::harden::step::{Begun, Change, Hands, Hardening, Planning, Proposal, Undone};
use crate::person::{AlarmPattern, Dollars, HardenSettings, OpenCode};
use serde::{Deserialize, Serialize};

pub(super) struct RootAlarm;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
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

/// The topic that has glasskey's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnTopic {
    /// Its policy has the statement that lets the alarm in.
    pub(super) lets_alarm: bool,
    /// What keeps the alarm's messages from the address, and is not glasskey's to change.
    pub(super) hindrance: Option<Hindrance>,
    pub(super) others: Audience,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Hindrance {
    /// It is encrypted with this key, which does not let alarms.
    Key(String),
    /// Its policy denies it, or cannot be read.
    Policy,
    /// The address's subscription filters the messages out.
    Filter,
}

/// Who subscribes to the topic beside the address that was named, and has confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Audience {
    Nobody,
    /// Somebody who receives nothing of this.
    Deaf,
    /// Somebody who is told.
    Hears,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Consent {
    None,
    /// The mail that asks has been sent.
    Pending,
    Confirmed,
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

impl Hardening for RootAlarm {
    type State = State;

    const ID: &'static str = "root-alarm";
    const FINDINGS: &'static [Rule] = &[Rule::RootAlarm];

    fn read(&self, account: &Account, settings: &HardenSettings) -> Result<State, aws::Error> {
        read::read(account, settings)
    }

    fn propose(&self, state: &State, planning: &Planning<'_>) -> Proposal<State> {
        let settings = planning.settings;
        if state.others_tell && !state.tells || state.tells && !asks_for_more(state, settings) {
            return Proposal::Nothing;
        }
        let open = |code, message: String| Proposal::Open { code, message };
        let is_heard = state.topic.as_ref().is_some_and(|topic| topic.others == Audience::Hears);
        if settings.alarm_email.is_none() && !is_heard {
            return open(OpenCode::NotNamed, words::NO_ADDRESS.to_owned());
        }
        // A trail of the same plan brings them where it was read that it would.
        let is_there = |logs: &&LogsPlace| {
            planning.after::<Trail>().is_none_or(|trail| trail.delivers_to().as_ref() == Some(*logs))
        };
        let Some(logs) = state.logs.as_ref().filter(is_there) else {
            return open(OpenCode::NotHere, words::NO_LOGS.to_owned());
        };
        if let Some(why) = words::in_the_way(state) {
            return open(OpenCode::NotOurs, why);
        }
        let after = after(state, settings);
        match differs(state, &after) {
            true => Proposal::Change(Box::new(change(state, after, logs, settings))),
            false => open(OpenCode::NotOurs, words::BROKEN_ELSEWHERE.to_owned()),
        }
    }

    /// Each part is as it was, or as it is to be, or half made.
    fn is_between(&self, before: &State, now: &State, after: &State) -> bool {
        let filter = now.filter == before.filter || now.filter == after.filter;
        let alarm = now.alarm == before.alarm || now.alarm == after.alarm;
        let half = |topic: &OwnTopic| OwnTopic { lets_alarm: false, ..topic.clone() };
        let topic = now.topic == before.topic
            || now.topic == after.topic
            || before.topic.is_none() && now.topic == after.topic.as_ref().map(half);
        // A mail that nobody has confirmed in time, and one that asks.
        let consent = now.consent == before.consent || after.consent == Consent::Confirmed;
        now.logs == before.logs && now.others_tell == before.others_tell && filter && alarm && topic && consent
    }

    fn emission(&self, after: &State, planning: &Planning<'_>) -> Emission {
        let Some((logs, OwnFilter::Counts { pattern, metric })) = after.logs.as_ref().zip(after.filter.as_ref())
        else {
            return Emission::nothing("there is no log group to watch");
        };
        let place = Place { region: logs.region.clone(), ..planning.place.clone() };
        let (name, group) = (ROOT_USE.to_owned(), logs.group.clone());
        let filter = MetricFilter { name, group, pattern: pattern.clone(), metric: metric.clone() };
        let alarm = read::Names::in_place(&place, &logs.group).new_alarm();
        let email = planning.settings.alarm_email.as_deref();
        let makes_group = planning.after::<Trail>().is_some();
        emit::alarm(&EmittedAlarm { filter: &filter, alarm: &alarm, topic: ROOT_USE, email, makes_group }, &place)
    }

    fn lead(&self, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        lead::lead(now, to, hands)
    }

    fn undone(&self, begun: &Begun<'_, State>) -> Undone<State> {
        let Begun { before, now, .. } = begun;
        if before.alarm == Some(OwnAlarm::Broken) && now.alarm == Some(OwnAlarm::Right) {
            return Undone { to: (*now).clone(), stays: vec![words::MENDED.to_owned()] };
        }
        let mut to = (*before).clone();
        let mut stays = Vec::new();
        // With the topic, its subscriptions go.
        if before.topic.is_some() {
            match (before.consent, now.consent) {
                (Consent::None, Consent::Pending) => {
                    to.consent = Consent::Pending;
                    stays.push(words::ASKED.to_owned());
                }
                (Consent::Pending, Consent::Confirmed) => {
                    to.consent = Consent::Confirmed;
                    stays.push(words::CONFIRMED.to_owned());
                }
                (Consent::Pending, Consent::None) => to.consent = Consent::None,
                _ => {}
            }
        }
        Undone { to, stays }
    }
}

/// Whether something was named that a chain of glasskey's lacks, although it works.
fn asks_for_more(state: &State, settings: &HardenSettings) -> bool {
    let other_pattern = settings.alarm_pattern.is_some_and(
        |wanted| !matches!(&state.filter, Some(OwnFilter::Counts { pattern: there, .. }) if there == pattern(wanted)),
    );
    other_pattern || settings.alarm_email.is_some() && state.consent != Consent::Confirmed
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
    let topic = match &state.topic {
        Some(topic) => OwnTopic { lets_alarm: true, ..topic.clone() },
        None => OwnTopic { lets_alarm: true, hindrance: None, others: Audience::Nobody },
    };
    State {
        tells: true,
        filter: Some(OwnFilter::Counts { pattern: pattern.to_owned(), metric: metric() }),
        alarm: Some(OwnAlarm::Right),
        topic: Some(topic),
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
    change.cost = Dollars { cents: if made { COST } else { 0 } };
    change.reversible = !mends;
    if state.consent != after.consent {
        change.waits = change.waits.saturating_add(settings.alarm_wait);
        change.unknown = vec![words::UNKNOWN.to_owned()];
    }
    change
}

fn calls(before: &State, after: &State) -> Vec<Call> {
    let lets = before.topic.as_ref().is_some_and(|topic| topic.lets_alarm);
    let calls = [
        (Call::CreateTopic, before.topic.is_none()),
        (Call::SetTopicAttributes, !lets),
        (Call::Subscribe, before.consent != after.consent),
        (Call::PutMetricFilter, before.filter != after.filter),
        (Call::PutMetricAlarm, before.alarm != after.alarm),
    ];
    calls.into_iter().filter(|(_, due)| *due).map(|(call, _)| call).collect()
}
