//! The alarm: what looks at root's events, a topic, and an address that has confirmed.
//!
//! Somebody who is told already is not told twice: a chain that works is used, whoever made it. What has glasskey's names
//! is mended where it is broken.

mod filter; // a metric filter on the trail's log group, and an alarm on its metric
mod key; // the topic's key
mod recorded; // whether trails record what is to be seen
mod rules; // a rule of EventBridge in every region
mod topic; // the topic, its policy, and who subscribes
mod words; // what a plan says of topic and key

use super::trail::Trail;
use crate::aws::{self, Account};
use crate::flow::audit::Rule;
use crate::flow::failure::Cause;
use crate::flow::harden::emit::Emission;
use crate::flow::harden::step::{Begun, Change, Hands, Hardening, Planning, Proposal, Undone};
use crate::person::{AlarmVia, HardenSettings};
use serde::{Deserialize, Serialize};

pub(super) struct RootAlarm;

/// What there is, of whichever was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum State {
    Filter(filter::State),
    Rules(rules::State),
}

impl Hardening for RootAlarm {
    type State = State;

    const ID: &'static str = "root-alarm";
    const FINDINGS: &'static [Rule] = &[Rule::RootAlarm];
    const RELIES_ON: &'static [&'static str] = &[Trail::ID];

    fn read(&self, account: &Account, settings: &HardenSettings) -> Result<State, aws::Error> {
        match settings.alarm_via {
            Some(AlarmVia::Eventbridge) => rules::read(account, settings).map(State::Rules),
            Some(AlarmVia::Filter) | None => filter::read(account, settings).map(State::Filter),
        }
    }

    fn propose(&self, state: &State, planning: &Planning<'_>) -> Proposal<State> {
        match state {
            State::Filter(state) => of(filter::propose(state, planning), State::Filter),
            State::Rules(state) => of(rules::propose(state, planning), State::Rules),
        }
    }

    fn is_same(&self, one: &State, other: &State) -> bool {
        match (one, other) {
            (State::Filter(one), State::Filter(other)) => filter::is_same(one, other),
            (State::Rules(one), State::Rules(other)) => rules::is_same(one, other),
            _ => false,
        }
    }

    fn is_between(&self, before: &State, now: &State, after: &State) -> bool {
        match (before, now, after) {
            (State::Filter(before), State::Filter(now), State::Filter(after)) => {
                filter::is_between(before, now, after)
            }
            (State::Rules(before), State::Rules(now), State::Rules(after)) => rules::is_between(before, now, after),
            _ => false,
        }
    }

    fn is_taken_back(&self, begun: &Begun<'_, State>) -> bool {
        match (begun.before, begun.now) {
            (State::Rules(before), State::Rules(now)) => rules::has_other_regions(before, now),
            _ => false,
        }
    }

    fn out_of_reach(&self, begun: &Begun<'_, State>) -> Vec<String> {
        match (begun.before, begun.now) {
            (State::Rules(before), State::Rules(now)) => rules::out_of_reach(before, now),
            _ => Vec::new(),
        }
    }

    fn emission(&self, after: &State, planning: &Planning<'_>) -> Emission {
        match after {
            State::Filter(after) => filter::emission(after, planning),
            State::Rules(after) => rules::emission(after, planning),
        }
    }

    fn lead(&self, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        match (now, to) {
            (State::Filter(now), State::Filter(to)) => filter::lead(now, to, hands),
            (State::Rules(now), State::Rules(to)) => rules::lead(now, to, hands),
            // What is read is of the kind that the settings name, and so is what was planned from it.
            _ => Ok(()),
        }
    }

    fn undone(&self, begun: &Begun<'_, State>) -> Undone<State> {
        let wrapped = |undone: (State, Vec<String>)| Undone { to: undone.0, stays: undone.1 };
        match (begun.before, begun.now) {
            (State::Filter(before), State::Filter(now)) => {
                let (to, stays) = filter::undone(before, now);
                wrapped((State::Filter(to), stays))
            }
            (State::Rules(before), State::Rules(now)) => {
                let (to, stays) = rules::undone(before, now);
                wrapped((State::Rules(to), stays))
            }
            _ => wrapped((begun.before.clone(), Vec::new())),
        }
    }
}

fn of<S>(proposal: Proposal<S>, state: impl FnOnce(S) -> State) -> Proposal<State> {
    match proposal {
        Proposal::Nothing => Proposal::Nothing,
        Proposal::Open { code, message } => Proposal::Open { code, message },
        Proposal::Change(change) => {
            let Change { after, unknown, changes, effects, calls, cost, waits, reversible, undo } = *change;
            let after = state(after);
            let change = Change { after, unknown, changes, effects, calls, cost, waits, reversible, undo };
            Proposal::Change(Box::new(change))
        }
    }
}
