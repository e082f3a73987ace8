//! What a step of hardening is. Each is one file under `steps/` and one line in its list.
//!
//! A step reads a small state, and says which state it should be. Both are data, which the plan and the journal hold. To
//! apply a step is to lead the state from what is there to what is planned, and to undo it is to lead it back.

use super::emit::Emission;
use super::inputs::HardenInputs;
use crate::aws::hardening::Place;
use crate::aws::{self, Account, Call};
use crate::flow::audit::Rule;
use crate::flow::context::Context;
use crate::flow::failure::{Cause, Residue};
use crate::flow::record::Record;
use crate::journal::Writer;
use crate::person::{
    Dollars, HardenChange, HardenNotice, HardenSettings, HardenStep, Notice, OpenCode, RecordedState,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A step, as its file says it.
pub(in crate::flow) trait Hardening: Sync {
    /// Its state: as little as it needs, and nothing secret. A use of what it is about must not make it another.
    type State: Serialize + DeserializeOwned + PartialEq + Clone;

    /// Its name, such as `password-policy`.
    const ID: &'static str;
    /// The findings that it closes.
    const FINDINGS: &'static [Rule];
    /// The steps without which what it sets up does not work.
    const RELIES_ON: &'static [&'static str] = &[];
    /// What it sets up that protects from lock-out.
    const GIVES: &'static [Protection] = &[];
    /// The findings are those of the organization's members, and not of the caller's own account.
    const OF_MEMBERS: bool = false;
    /// It is about members alone, and nothing of it is planned unless the whole organization is asked for.
    const OF_ORGANIZATION: bool = Self::OF_MEMBERS;

    /// Asks AWS for the state. Changes nothing.
    fn read(&self, account: &Account, settings: &HardenSettings) -> Result<Self::State, aws::Error>;

    /// What should become of a state. Asks nobody.
    fn propose(&self, state: &Self::State, planning: &Planning<'_>) -> Proposal<Self::State>;

    /// What must be there before the state is led to this one.
    fn needs(&self, _after: &Self::State) -> &'static [Protection] {
        &[]
    }

    /// Whether two states are the same, as far as the step is about them. What changes by itself may be left out.
    fn is_same(&self, one: &Self::State, other: &Self::State) -> bool {
        one == other
    }

    /// Whether a run that was cut short between the two may have left this state.
    fn is_between(&self, _before: &Self::State, _now: &Self::State, _after: &Self::State) -> bool {
        false
    }

    /// Whether the caller sees of the state what the caller saw who read the state before. Another sees less, as a rule.
    fn is_seen_alike(&self, _before: &Self::State, _now: &Self::State) -> bool {
        true
    }

    /// Whether a part of the step that is on record is gone: somebody has taken it back, or its region is disabled.
    fn is_taken_back(&self, _begun: &Begun<'_, Self::State>) -> bool {
        false
    }

    /// Whether what the step needs beside AWS is there: keys, places for secrets. Asked before anything is written.
    fn ready(&self, _now: &Self::State, _to: &Self::State, _ready: &mut Ready<'_, '_>) -> Result<(), Cause> {
        Ok(())
    }

    /// Sends the calls that lead from one state to another. Looking afterwards is the engine's.
    fn lead(&self, now: &Self::State, to: &Self::State, hands: &mut Hands<'_, '_>) -> Result<(), Cause>;

    /// What has been used since, which undoing leaves as it is: each a sentence. A use is no part of the state.
    fn in_use(&self, _account: &Account, _now: &Self::State) -> Result<Vec<String>, aws::Error> {
        Ok(Vec::new())
    }

    /// Which state undoing leads to. What is on before stays on.
    fn undone(&self, begun: &Begun<'_, Self::State>) -> Undone<Self::State> {
        Undone { to: begun.before.clone(), stays: Vec::new() }
    }

    /// The regions that are disabled now, in which undoing cannot reach what the run may have made.
    fn out_of_reach(&self, _begun: &Begun<'_, Self::State>) -> Vec<String> {
        Vec::new()
    }

    /// Whether leading there takes away what signs the calls, so that nothing can be asked afterwards.
    fn takes_own_credentials(&self, _account: &Account, _now: &Self::State, _to: &Self::State) -> bool {
        false
    }

    /// The state in the languages of CloudFormation and Terraform.
    fn emission(&self, _after: &Self::State, _planning: &Planning<'_>) -> Emission {
        Emission::nothing("no resource does this; `glasskey root harden --apply` does")
    }
}

/// What a step is planned from, beside its own state.
pub(in crate::flow) struct Planning<'p> {
    pub(in crate::flow) settings: &'p HardenSettings,
    /// The account, and the region that the command was given.
    pub(in crate::flow) place: &'p Place,
    /// When the plan is made, in seconds since 1970.
    pub(in crate::flow) made: u64,
    /// The steps of the plan that come before.
    pub(super) earlier: &'p [HardenStep],
}

impl<'p> Planning<'p> {
    /// For a step alone: what it would propose now.
    pub(in crate::flow) fn of(settings: &'p HardenSettings, place: &'p Place) -> Self {
        Self { settings, place, made: 0, earlier: &[] }
    }

    /// The state that an earlier step of this plan leads to; `None`: the plan has no such step.
    pub(in crate::flow) fn after<H: Hardening>(&self) -> Option<H::State> {
        typed(&self.earlier.iter().find(|planned| planned.id == H::ID)?.after)
    }
}

/// What protects the person from being locked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) enum Protection {
    /// An administrator other than root who can sign in: a user with MFA, or a role that somebody can assume.
    Administrator,
}

/// What should become of a state.
pub(in crate::flow) enum Proposal<State> {
    /// It is as it should be, or none of this account's business.
    Nothing,
    Change(Box<Change<State>>),
    /// It is not as it should be, and this plan leaves it so.
    Open {
        code: OpenCode,
        message: String,
    },
}

/// A change that is planned.
pub(in crate::flow) struct Change<State> {
    pub(in crate::flow) after: State,
    pub(in crate::flow) unknown: Vec<String>,
    pub(in crate::flow) changes: Vec<HardenChange>,
    pub(in crate::flow) effects: Vec<String>,
    /// Those that change something.
    pub(in crate::flow) calls: Vec<Call>,
    pub(in crate::flow) cost: Dollars,
    /// Seconds at most.
    pub(in crate::flow) waits: u64,
    pub(in crate::flow) reversible: bool,
    pub(in crate::flow) undo: String,
}

impl<State> Change<State> {
    /// One that costs nothing, can be undone, and for which AWS needs no time but to show it.
    pub(in crate::flow) fn to(after: State, calls: Vec<Call>, undo: impl Into<String>) -> Self {
        Self {
            after,
            unknown: Vec::new(),
            changes: Vec::new(),
            effects: Vec::new(),
            calls,
            cost: Dollars::default(),
            waits: 30,
            reversible: true,
            undo: undo.into(),
        }
    }
}

/// What is known of a step that a run has begun.
pub(in crate::flow) struct Begun<'r, State> {
    pub(in crate::flow) before: &'r State,
    pub(in crate::flow) now: &'r State,
    /// What the step has noted: [`Hands::note`].
    pub(in crate::flow) notes: &'r [String],
    /// [`Hardening::in_use`].
    pub(in crate::flow) uses: &'r [String],
}

/// What undoing comes to.
pub(in crate::flow) struct Undone<State> {
    pub(in crate::flow) to: State,
    /// What does not come back, each a sentence.
    pub(in crate::flow) stays: Vec<String>,
}

/// What a step works with.
pub(in crate::flow) struct Hands<'h, 'w> {
    pub(in crate::flow) account: &'h Account,
    pub(in crate::flow) context: &'h mut Context<'w>,
    pub(in crate::flow) settings: &'h HardenSettings,
    pub(in crate::flow) inputs: &'h HardenInputs,
    /// What is left of a part of the step that is a run of its own.
    pub(in crate::flow) left: &'h mut Vec<Residue>,
    pub(super) notes: &'h mut Vec<(String, String)>,
    pub(super) log: &'h mut Writer,
    pub(super) step: &'static str,
}

/// What a step may look at before anything is written.
pub(in crate::flow) struct Ready<'h, 'w> {
    pub(in crate::flow) account: &'h Account,
    pub(in crate::flow) context: &'h mut Context<'w>,
    pub(in crate::flow) settings: &'h HardenSettings,
    pub(in crate::flow) inputs: &'h HardenInputs,
}

impl Hands<'_, '_> {
    /// Writes down that AWS has acknowledged a part of the step. Without it, undoing does not take that for the run's.
    pub(in crate::flow) fn note(&mut self, note: impl Into<String>) -> Result<(), Cause> {
        let (step, note) = (self.step.to_owned(), note.into());
        self.log.append(&Record::StepNote { step: step.clone(), note: note.clone() })?;
        self.notes.push((step, note));
        Ok(())
    }

    /// Whether the step has noted this, in this run.
    pub(in crate::flow) fn has_noted(&self, note: &str) -> bool {
        self.notes.iter().any(|(of, noted)| of == self.step && noted == note)
    }

    /// Says of something that it stays as it is.
    pub(in crate::flow) fn tell_stays(&mut self, what: impl Into<String>) {
        let (step, what) = (self.step.to_owned(), what.into());
        self.context.tell(Notice::from(HardenNotice::Stays { step, what }));
    }

    /// Lets the step begin runs of their own, which are parts of this one.
    pub(in crate::flow) fn may_begin_runs(&mut self) {
        self.context.journal.within(self.log);
    }

    /// Says that what the step has set up was not seen to work.
    pub(in crate::flow) fn tell_not_seen(&mut self, what: impl Into<String>) {
        self.context.tell(Notice::from(HardenNotice::NotSeen { what: what.into() }));
    }

    /// Says that one call has had its effect.
    pub(in crate::flow) fn tell(&mut self, what: impl Into<String>) {
        self.context.tell(Notice::from(HardenNotice::Part { what: what.into() }));
    }

    /// Before a call that cannot be taken back.
    pub(in crate::flow) fn go_on(&self) -> Result<(), Cause> {
        self.context.still_wanted()
    }
}

/// A step, as the engine sees it: its states are data.
pub(in crate::flow) trait Step: Sync {
    fn id(&self) -> &'static str;
    fn findings(&self) -> &'static [Rule];
    fn relies_on(&self) -> &'static [&'static str];
    fn gives(&self) -> &'static [Protection];
    fn is_of_members(&self) -> bool;
    fn is_of_organization(&self) -> bool;
    fn read(&self, account: &Account, settings: &HardenSettings) -> Result<RecordedState, aws::Error>;
    /// `None`: that is no state of this step.
    fn propose(&self, state: &RecordedState, planning: &Planning<'_>) -> Option<Proposal<RecordedState>>;
    fn needs(&self, after: &RecordedState) -> &'static [Protection];
    fn is_same(&self, one: &RecordedState, other: &RecordedState) -> bool;
    fn is_between(&self, before: &RecordedState, now: &RecordedState, after: &RecordedState) -> bool;
    fn is_seen_alike(&self, before: &RecordedState, now: &RecordedState) -> bool;
    fn is_taken_back(&self, before: &RecordedState, now: &RecordedState, notes: &[String]) -> bool;
    fn ready(&self, now: &RecordedState, to: &RecordedState, ready: &mut Ready<'_, '_>) -> Result<(), Cause>;
    fn lead(&self, now: &RecordedState, to: &RecordedState, hands: &mut Hands<'_, '_>) -> Result<(), Cause>;
    fn in_use(&self, account: &Account, now: &RecordedState) -> Result<Vec<String>, aws::Error>;
    /// `known`: its notes, and its uses.
    fn undone(
        &self,
        before: &RecordedState,
        now: &RecordedState,
        known: (&[String], &[String]),
    ) -> Undone<RecordedState>;
    fn out_of_reach(&self, before: &RecordedState, now: &RecordedState) -> Vec<String>;
    fn takes_own_credentials(&self, account: &Account, now: &RecordedState, to: &RecordedState) -> bool;
    fn emission(&self, after: &RecordedState, planning: &Planning<'_>) -> Emission;
}

impl<H: Hardening> Step for H {
    fn id(&self) -> &'static str {
        H::ID
    }

    fn findings(&self) -> &'static [Rule] {
        H::FINDINGS
    }

    fn relies_on(&self) -> &'static [&'static str] {
        H::RELIES_ON
    }

    fn gives(&self) -> &'static [Protection] {
        H::GIVES
    }

    fn is_of_members(&self) -> bool {
        H::OF_MEMBERS
    }

    fn is_of_organization(&self) -> bool {
        H::OF_ORGANIZATION
    }

    fn read(&self, account: &Account, settings: &HardenSettings) -> Result<RecordedState, aws::Error> {
        Hardening::read(self, account, settings).map(|state| recorded(&state))
    }

    fn propose(&self, state: &RecordedState, planning: &Planning<'_>) -> Option<Proposal<RecordedState>> {
        Some(match Hardening::propose(self, &typed(state)?, planning) {
            Proposal::Nothing => Proposal::Nothing,
            Proposal::Open { code, message } => Proposal::Open { code, message },
            Proposal::Change(change) => {
                let Change { after, unknown, changes, effects, calls, cost, waits, reversible, undo } = *change;
                let after = recorded(&after);
                let change = Change { after, unknown, changes, effects, calls, cost, waits, reversible, undo };
                Proposal::Change(Box::new(change))
            }
        })
    }

    fn needs(&self, after: &RecordedState) -> &'static [Protection] {
        typed(after).map_or(&[], |after| Hardening::needs(self, &after))
    }

    fn is_same(&self, one: &RecordedState, other: &RecordedState) -> bool {
        let states = typed(one).zip(typed(other));
        states.map_or_else(|| one == other, |(one, other)| Hardening::is_same(self, &one, &other))
    }

    fn is_between(&self, before: &RecordedState, now: &RecordedState, after: &RecordedState) -> bool {
        let states = typed(before).zip(typed(now)).zip(typed(after));
        states.is_some_and(|((before, now), after)| Hardening::is_between(self, &before, &now, &after))
    }

    fn is_seen_alike(&self, before: &RecordedState, now: &RecordedState) -> bool {
        let states = typed(before).zip(typed(now));
        states.is_none_or(|(before, now)| Hardening::is_seen_alike(self, &before, &now))
    }

    fn is_taken_back(&self, before: &RecordedState, now: &RecordedState, notes: &[String]) -> bool {
        let states = typed(before).zip(typed(now));
        let begun = |(before, now): &(H::State, H::State)| {
            Hardening::is_taken_back(self, &Begun { before, now, notes, uses: &[] })
        };
        states.as_ref().is_some_and(begun)
    }

    fn ready(&self, now: &RecordedState, to: &RecordedState, ready: &mut Ready<'_, '_>) -> Result<(), Cause> {
        typed(now).zip(typed(to)).map_or(Ok(()), |(now, to)| Hardening::ready(self, &now, &to, ready))
    }

    fn lead(&self, now: &RecordedState, to: &RecordedState, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        match typed(now).zip(typed(to)) {
            Some((now, to)) => Hardening::lead(self, &now, &to, hands),
            // Nobody gets here: what is read is a state, and plans and records are looked at before.
            None => Ok(()),
        }
    }

    fn in_use(&self, account: &Account, now: &RecordedState) -> Result<Vec<String>, aws::Error> {
        typed(now).map_or(Ok(Vec::new()), |now| Hardening::in_use(self, account, &now))
    }

    fn undone(
        &self,
        before: &RecordedState,
        now: &RecordedState,
        (notes, uses): (&[String], &[String]),
    ) -> Undone<RecordedState> {
        match typed(before).zip(typed(now)) {
            Some((before, now)) => {
                let begun = Begun { before: &before, now: &now, notes, uses };
                let Undone { to, stays } = Hardening::undone(self, &begun);
                Undone { to: recorded(&to), stays }
            }
            None => Undone { to: now.clone(), stays: Vec::new() },
        }
    }

    fn out_of_reach(&self, before: &RecordedState, now: &RecordedState) -> Vec<String> {
        typed(before).zip(typed(now)).map_or_else(Vec::new, |(before, now)| {
            Hardening::out_of_reach(self, &Begun { before: &before, now: &now, notes: &[], uses: &[] })
        })
    }

    fn takes_own_credentials(&self, account: &Account, now: &RecordedState, to: &RecordedState) -> bool {
        let states = typed(now).zip(typed(to));
        states.is_some_and(|(now, to)| Hardening::takes_own_credentials(self, account, &now, &to))
    }

    fn emission(&self, after: &RecordedState, planning: &Planning<'_>) -> Emission {
        typed(after).map_or_else(Emission::default, |after| Hardening::emission(self, &after, planning))
    }
}

fn recorded(state: &impl Serialize) -> RecordedState {
    match serde_json::to_value(state) {
        Ok(Value::Object(members)) => members,
        _ => RecordedState::new(),
    }
}

fn typed<State: DeserializeOwned>(state: &RecordedState) -> Option<State> {
    serde_json::from_value(Value::Object(state.clone())).ok()
}
