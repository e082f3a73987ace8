//! A rule of EventBridge in every region: a rule sees the events of its own region alone. The rules of the other regions
//! send theirs to the bus of the region in which root signs in; one rule there tells one topic, so that one address
//! confirms once. A sign-in needs no other region.

mod lead; // the calls that make them and take them away
mod read; // what there is of them
mod words; // what a plan says of them

pub(super) use lead::lead;
pub(super) use read::read;

use super::super::trail::Trail;
use super::key::{self, OwnKey};
use super::topic::{self, Audience, Consent, OwnTopic, TopicAt};
use super::words as common;
use crate::aws::Call;
use crate::aws::hardening::{NewRule, Place, RuleTarget, root_event_pattern, root_transformer};
use crate::flow::harden::emit::{self, Emission, EmittedRules};
use crate::flow::harden::names::{BUS_ROLE, ROOT_USE};
use crate::flow::harden::step::{Change, Planning, Proposal};
use crate::person::{AlarmPattern, Dollars, HardenSettings, OpenCode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct State {
    /// The region in which root's sign-ins are recorded.
    pub(super) home: String,
    /// A trail that records everything brings root's events to EventBridge, or will.
    pub(super) recorded: bool,
    /// Somebody is told by what does not have glasskey's names.
    pub(super) others_tell: bool,
    /// Somebody is told by the rule of the region of the sign-ins. `None`: not known before undoing; the rest decides it.
    pub(super) tells: Option<bool>,
    /// The rule that has glasskey's name, in each region that is enabled.
    pub(super) rules: BTreeMap<String, Option<OwnRule>>,
    /// The role that sends events from one region to another.
    pub(super) role: Option<OwnRole>,
    pub(super) topic: Option<OwnTopic>,
    /// Of the address that was named, where one was.
    pub(super) consent: Consent,
    /// The topic's key, where one was asked for.
    pub(super) key: Option<OwnKey>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnRule {
    pub(super) events: Events,
    /// It is on, and sees calls that only read as well.
    pub(super) sees_all: bool,
    pub(super) target: OwnTarget,
}

/// Which events a rule takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Events {
    /// Root's, but those of AssumeRoot's tasks.
    SpareTasks,
    /// Root's.
    Root,
    /// Others: glasskey has not made it so.
    Other,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum OwnTarget {
    None,
    /// As glasskey makes it.
    Right,
    /// The right one, which is not sent to as glasskey does.
    Broken,
    /// Another one, as well or instead.
    Other {
        arn: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum OwnRole {
    /// As glasskey makes it.
    Right,
    /// It has no policy yet.
    Half,
    /// glasskey has not made it so. `why`: a part of a sentence.
    Other { why: String },
}

impl Events {
    fn of(wanted: AlarmPattern) -> Self {
        match wanted {
            AlarmPattern::SpareTasks => Self::SpareTasks,
            AlarmPattern::Cis => Self::Root,
        }
    }
}

/// The rule as it should be.
pub(super) fn new_rule(events: Events) -> NewRule {
    NewRule {
        name: ROOT_USE.to_owned(),
        description: "The root user of this account was used".to_owned(),
        pattern: root_event_pattern(events != Events::Root),
    }
}

/// What the rule of a region sends its events to: the topic, or the bus of the region of the sign-ins.
pub(super) fn new_target(home: &Place, region: &str) -> RuleTarget {
    let id = ROOT_USE.to_owned();
    match region == home.region {
        true => RuleTarget { id, arn: home.topic(ROOT_USE), transformer: Some(root_transformer()), role: None },
        false => {
            let Place { partition, account, .. } = home;
            let role = format!("arn:{partition}:iam::{account}:role/{BUS_ROLE}");
            RuleTarget { id, arn: home.default_bus(), transformer: None, role: Some(role) }
        }
    }
}

fn is_whole(state: &State) -> bool {
    let right = |rule: &Option<OwnRule>| {
        rule.as_ref()
            .is_some_and(|rule| rule.sees_all && rule.events != Events::Other && rule.target == OwnTarget::Right)
    };
    let needs_role = state.rules.len() > 1;
    state.tells == Some(true)
        && state.rules.values().all(right)
        && (!needs_role || state.role == Some(OwnRole::Right))
}

/// What should become of it.
pub(super) fn propose(state: &State, planning: &Planning<'_>) -> Proposal<State> {
    let settings = planning.settings;
    let whole = is_whole(state);
    let open = |code, message: String| Proposal::Open { code, message };
    match whole && !asks_for_more(state, settings) {
        _ if state.others_tell && state.tells != Some(true) => return Proposal::Nothing,
        true if state.recorded => return Proposal::Nothing,
        true => return open(OpenCode::NotHere, words::NOT_RECORDED.to_owned()),
        false => {}
    }
    if planning.place.partition != "aws" {
        return open(OpenCode::NotHere, words::ONE_PARTITION.to_owned());
    }
    let is_heard = state.topic.as_ref().is_some_and(|topic| topic.others == Audience::Hears);
    if settings.alarm_email.is_none() && !is_heard && state.consent != Consent::Confirmed {
        return open(OpenCode::NotNamed, common::NO_ADDRESS.to_owned());
    }
    if !state.recorded {
        return open(OpenCode::NotHere, words::NOT_RECORDED.to_owned());
    }
    let at = TopicAt::of_rule(Place { region: state.home.clone(), ..planning.place.clone() });
    if let Some(why) = words::in_the_way(state, &at) {
        return open(OpenCode::NotOurs, why);
    }
    let after = after(state, settings);
    match (State { tells: Some(true), ..state.clone() }) == after {
        false => Proposal::Change(Box::new(change(state, after, settings))),
        true => open(OpenCode::NotOurs, words::BROKEN_ELSEWHERE.to_owned()),
    }
}

/// Whether something was named that rules which work lack.
fn asks_for_more(state: &State, settings: &HardenSettings) -> bool {
    let others = |wanted: AlarmPattern| state.rules.values().flatten().any(|rule| rule.events != Events::of(wanted));
    settings.alarm_pattern.is_some_and(others)
        || settings.alarm_email.is_some() && state.consent != Consent::Confirmed
        || common::lacks_key(state.topic.as_ref(), state.key.as_ref(), settings)
}

fn after(state: &State, settings: &HardenSettings) -> State {
    let at_home = state.rules.get(&state.home).and_then(Option::as_ref).map(|rule| rule.events);
    // A pattern that works is left alone unless another one was asked for.
    let events = match (settings.alarm_pattern, at_home) {
        (Some(wanted), _) => Events::of(wanted),
        (None, Some(known @ (Events::SpareTasks | Events::Root))) => known,
        (None, _) => Events::SpareTasks,
    };
    let right = OwnRule { events, sees_all: true, target: OwnTarget::Right };
    State {
        tells: Some(true),
        rules: state.rules.keys().map(|region| (region.clone(), Some(right.clone()))).collect(),
        role: if state.rules.len() > 1 { Some(OwnRole::Right) } else { state.role.clone() },
        topic: Some(OwnTopic::after(state.topic.as_ref(), settings)),
        key: OwnKey::after(state.key.as_ref(), settings),
        consent: if settings.alarm_email.is_some() { Consent::Confirmed } else { state.consent },
        ..state.clone()
    }
}

impl OwnRule {
    /// Whether glasskey can put it as it is: one that sends nothing yet is half made.
    pub(super) fn can_be_put(&self) -> bool {
        let sends = matches!(self.target, OwnTarget::Right | OwnTarget::None);
        self.sees_all && self.events != Events::Other && sends
    }
}

/// Whether a rule is there that cannot be put back as it was.
fn mends(state: &State) -> bool {
    state.rules.values().flatten().any(|rule| !rule.can_be_put())
}

/// Whether two states are the same, as far as both are known.
pub(super) fn is_same(one: &State, other: &State) -> bool {
    let tells = one.tells.or(other.tells);
    let known = |state: &State| State { tells: state.tells.or(tells), ..state.clone() };
    known(one) == known(other)
}

fn change(state: &State, after: State, settings: &HardenSettings) -> Change<State> {
    let mends = mends(state);
    let mut change = Change::to(after.clone(), calls(state, &after), words::undo(mends));
    change.changes = words::changes(state, &after, settings);
    change.effects = words::effects(state, &after, settings);
    let key = if state.key.is_none() && after.key.is_some() { key::COST } else { 0 };
    change.cost = Dollars { cents: key };
    change.reversible = !mends;
    if state.role != after.role {
        change.waits = change.waits.saturating_add(ROLE_WAIT);
    }
    if state.consent != after.consent {
        change.waits = change.waits.saturating_add(settings.alarm_wait);
        change.unknown = vec![common::UNKNOWN.to_owned()];
    }
    change
}

/// Seconds at most until EventBridge sees a new role.
const ROLE_WAIT: u64 = 120;

fn calls(before: &State, after: &State) -> Vec<Call> {
    let topic = topic::calls((before.topic.as_ref(), before.consent), (after.topic.as_ref(), after.consent));
    let role = before.role != after.role;
    let own = [
        (Call::CreateRole, role && before.role.is_none()),
        (Call::PutRolePolicy, role),
        (Call::PutRule, before.rules != after.rules),
        (Call::PutTargets, before.rules != after.rules),
    ];
    let all = key::calls(before.key.as_ref(), after.key.as_ref()).chain(topic).chain(own);
    all.filter(|(_, due)| *due).map(|(call, _)| call).collect()
}

/// Each part is as it was, or as it is to be, or half made.
pub(super) fn is_between(before: &State, now: &State, after: &State) -> bool {
    // A region may have been disabled since, or enabled: then it has no rule yet.
    let of = |state: &State, region: &String| state.rules.get(region).cloned().flatten();
    let rules = now.rules.keys().all(|region| {
        rule_is_between(of(before, region).as_ref(), of(now, region).as_ref(), of(after, region).as_ref())
    });
    let role = now.role == before.role || now.role == after.role || now.role == Some(OwnRole::Half);
    let topic = topic::is_between(before.topic.as_ref(), now.topic.as_ref(), after.topic.as_ref());
    let key = key::is_between(before.key.as_ref(), now.key.as_ref(), after.key.as_ref());
    let consent = now.consent == before.consent || after.consent == Consent::Confirmed;
    let others = now.others_tell == before.others_tell && now.recorded == before.recorded;
    rules && role && topic && key && consent && others
}

/// A rule is put before its target, and deleted after it.
fn rule_is_between(before: Option<&OwnRule>, now: Option<&OwnRule>, after: Option<&OwnRule>) -> bool {
    let target = before.map_or(OwnTarget::None, |rule| rule.target.clone());
    let put = after.map(|rule| OwnRule { target, ..rule.clone() });
    let emptied = before.map(|rule| OwnRule { target: OwnTarget::None, ..rule.clone() });
    now == before || now == after || now == put.as_ref() || now == emptied.as_ref()
}

/// Whether regions have been enabled or disabled since.
pub(super) fn has_other_regions(before: &State, now: &State) -> bool {
    !before.rules.keys().eq(now.rules.keys())
}

/// The regions that have been disabled since, in which there was no rule: the run may have made one.
pub(super) fn out_of_reach(before: &State, now: &State) -> Vec<String> {
    let lost = before.rules.iter().filter(|(region, rule)| rule.is_none() && !now.rules.contains_key(*region));
    lost.map(|(region, _)| region.clone()).collect()
}

/// Which state undoing leads to, and what stays: what the run has made goes, and a rule that it has mended stays.
pub(super) fn undone(before: &State, now: &State) -> (State, Vec<String>) {
    let mut to = State { key: key::undone(before.key.as_ref()), ..before.clone() };
    let mut stays = topic::stays_undone((before.topic.as_ref(), before.consent), now.consent, &mut to.consent);
    to.rules = now.rules.keys().map(|region| (region.clone(), before.rules.get(region).cloned().flatten())).collect();
    for (region, there) in &mut to.rules {
        let is = now.rules.get(region).and_then(Option::as_ref);
        if there.as_ref().is_some_and(|there| !there.can_be_put()) && is != there.as_ref() {
            (*there, to.tells) = (is.cloned(), None);
            stays.push(words::mended(region));
        }
    }
    (to, stays)
}

/// The state in other languages.
pub(super) fn emission(after: &State, planning: &Planning<'_>) -> Emission {
    let place = Place { region: after.home.clone(), ..planning.place.clone() };
    let events = after.rules.get(&after.home).and_then(Option::as_ref).map(|rule| rule.events);
    let rule = new_rule(events.unwrap_or(Events::SpareTasks));
    let elsewhere = after.rules.keys().filter(|region| **region != after.home).map(String::as_str).collect();
    let topic = common::emitted(after.topic.as_ref(), planning.settings);
    let mut emission = emit::rules(&EmittedRules { rule: &rule, topic, role: BUS_ROLE, elsewhere }, &place);
    if planning.place.region != after.home {
        let where_to =
            format!("the rest of root-alarm is in {}: the provider, or the stack, must be there", after.home);
        emission.not_in_cloudformation.push(where_to.clone());
        emission.not_in_terraform.push(where_to);
    }
    if planning.after::<Trail>().is_some() {
        emission.not_in_terraform.push("the rules see root's events once the trail logs".to_owned());
    }
    emission
}
