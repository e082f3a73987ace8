//! A run of `root harden`: finished, by applying the rest of its plan, or undone, the last step first; one that did not end,
//! or one that was complete.

use super::options::{Course, Doing, Options};
use super::passes::{Kind, Observation, moment, own_account, stopped, strike};
use super::{Outcome, RunState};
use crate::aws::{self, Account};
use crate::flow::context::Context;
use crate::flow::failure::{Cause, Failed, HardenRefusal, Implausible, RecoverRefusal, Residue, Stage};
use crate::flow::harden::{COMMAND, Engine, HardenInputs, LASTS, Step, step};
use crate::flow::record::{HardenRun, Record};
use crate::journal::{self, Writer};
use crate::person::{Choice, Deed, HardenNotice, HardenStep, HardenStepIs, Notice, RecordedState, UnfinishedHarden};
use crate::totp::unix;
use crate::world::World;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hardening {
    begin: HardenRun,
    /// The steps that were begun, each with the state it found.
    begun: Vec<(String, RecordedState)>,
    notes: Vec<(String, String)>,
}

/// What undoing a step comes to.
struct Back {
    step: &'static dyn Step,
    now: RecordedState,
    to: RecordedState,
    stays: Vec<String>,
    /// The regions, disabled since, in which something of the run may be.
    out_of_reach: Vec<String>,
}

impl From<UnfinishedHarden> for RunState {
    fn from(found: UnfinishedHarden) -> Self {
        Self::Harden(found)
    }
}

impl Kind for Hardening {
    const COMMANDS: &[&str] = &[COMMAND];
    type Observed = UnfinishedHarden;
    type Caller<'a> = &'a Account;

    fn begun(first: &Record) -> Option<Result<Self, Implausible>> {
        let Record::Harden(begin) = first else { return None };
        Some(match begin.steps.iter().find(|planned| step(&planned.id).is_none()) {
            Some(planned) => Err(Implausible::HardenStep { step: planned.id.clone() }),
            None => Ok(Self { begin: (**begin).clone(), begun: Vec::new(), notes: Vec::new() }),
        })
    }

    fn step(&mut self, record: Record) -> Result<(), Implausible> {
        match record {
            Record::StepBegun { step, before } => {
                let other = !self.begin.steps.iter().any(|planned| planned.id == step && planned.before == before);
                if other {
                    return Err(Implausible::HardenStep { step });
                }
                if !self.is_begun(&step) {
                    self.begun.push((step, before));
                }
            }
            Record::StepNote { step, .. } | Record::StepDone { step } if !self.is_begun(&step) => {
                return Err(Implausible::HardenStep { step });
            }
            Record::StepNote { step, note } => self.notes.push((step, note)),
            Record::StepVoid { step } => self.begun.retain(|(begun, _)| *begun != step),
            Record::StepDone { .. } => {}
            _ => return Err(Implausible::Step),
        }
        Ok(())
    }

    fn caller<'a>(&self, account: Option<&'a Account>) -> Result<&'a Account, RecoverRefusal> {
        let account = own_account(account, &self.begin.account, None)?;
        match account.caller().partition == self.begin.partition {
            true => Ok(account),
            false => Err(RecoverRefusal::OtherAccount { account: self.begin.account.clone(), path: None }),
        }
    }

    fn keeps_its_record(&self) -> bool {
        true
    }

    fn unknown(&self) -> Residue {
        let step = self.begun.last().map(|(step, _)| step.clone());
        Residue::Hardening { account: self.begin.account.clone(), run: String::new(), step }
    }

    fn of(seen: &RunState) -> Option<UnfinishedHarden> {
        match seen {
            RunState::Harden(seen) => Some(seen.clone()),
            _ => None,
        }
    }

    fn observe(&self, account: &Account, context: &mut Context<'_>) -> Result<Observation<UnfinishedHarden>, Cause> {
        let account = &self.in_its_region(account);
        let (mut steps, mut stays, mut kept) = (Vec::new(), Vec::new(), Vec::new());
        // As undoing goes: whether a step stays may hold an earlier one.
        for planned in self.begin.steps.iter().rev() {
            context.go_on()?;
            let Some(step) = step(&planned.id) else { continue };
            let now = step.read(account, &self.begin.settings)?;
            let is = self.is(step, planned, &now);
            if self.is_begun(&planned.id) {
                let back = self.back(step, planned, now, (account, &mut kept))?;
                let out = back.out_of_reach.iter().map(|region| {
                    format!(
                        "the region {region} is disabled: what the run made there cannot be reached, and does nothing"
                    )
                });
                let left = back.stays.into_iter().chain(out).map(|what| format!("{}: {what}", planned.id));
                stays.splice(..0, left).for_each(drop);
            }
            steps.insert(0, (planned.id.clone(), is));
        }
        let found = UnfinishedHarden {
            account: self.begin.account.clone(),
            started: moment(self.begin.started),
            steps,
            stays,
            expired: unix(context.clock.now()).saturating_sub(self.begin.started) > LASTS.as_secs(),
        };
        Ok(found.into())
    }

    fn options(&self, found: &UnfinishedHarden) -> Course {
        if self.begun.is_empty() {
            return Course::Struck(Outcome::NothingLeft);
        }
        let is = |wanted: HardenStepIs| found.steps.iter().find(move |(_, is)| *is == wanted);
        if let Some((step, _)) = is(HardenStepIs::Unseen) {
            let why = RecoverRefusal::HardenUnseen { step: step.clone() };
            return Course::Open(Options { recommended: Choice::Leave, finish: Err(why.clone()), undo: Err(why) });
        }
        let others = || is(HardenStepIs::Others).or_else(|| is(HardenStepIs::TakenBack));
        let changed = is(HardenStepIs::Changed).or_else(others);
        let left: Vec<&String> =
            found.steps.iter().filter(|(_, is)| *is != HardenStepIs::Done).map(|(step, _)| step).collect();
        let for_good = self.begin.steps.iter().find(|step| !step.reversible && left.contains(&&step.id));
        let finish = match (changed, for_good) {
            (Some((step, _)), _) => Err(RecoverRefusal::HardenChanged { step: step.clone() }),
            _ if left.is_empty() => Ok(Vec::new()),
            (None, Some(step)) => Err(RecoverRefusal::HardenForGood { step: step.id.clone() }),
            (None, None) if found.expired => Err(RecoverRefusal::HardenExpired),
            (None, None) => Ok(vec![Deed::HardenRest]),
        };
        let may_be_undone =
            |is: &HardenStepIs| matches!(is, HardenStepIs::Done | HardenStepIs::Between | HardenStepIs::TakenBack);
        let any = found.steps.iter().any(|(step, is)| self.is_begun(step) && may_be_undone(is));
        let undo = if any { vec![Deed::UndoHardening] } else { Vec::new() };
        let recommended = if finish.is_ok() { Choice::Finish } else { Choice::Leave };
        Course::Open(Options { recommended, finish, undo: Ok(undo) })
    }

    fn carry_out(
        &self,
        doing: &Doing,
        _: &Observation<UnfinishedHarden>,
        mut log: Writer,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Failed> {
        let account = &self.in_its_region(account);
        // What was given to the command beside its plan is not written down.
        let inputs = HardenInputs::default();
        let mut engine = self.engine(account, &mut log, &inputs);
        let done = match doing {
            Doing::Finish(_) => self.finish(&mut engine, context).map(|()| Outcome::Completed { keys: Vec::new() }),
            Doing::Undo(_) => self.undo(&mut engine, context).map(|_| Outcome::Undone),
        };
        let left_of_parts = std::mem::take(&mut engine.left);
        match done {
            Ok(outcome) => strike(log, outcome, context),
            Err(failed) => Err(self.stopped(failed, &log, left_of_parts, context)),
        }
    }
}

/// The step that failed, and why.
type StepFailed = (String, Cause);

impl Hardening {
    /// Whoever recovers the run may have named another region, or none.
    fn in_its_region(&self, account: &Account) -> Account {
        account.in_region(self.begin.region.as_ref().unwrap_or(&account.region()))
    }

    fn engine<'e>(&'e self, account: &'e Account, log: &'e mut Writer, inputs: &'e HardenInputs) -> Engine<'e> {
        let (settings, notes) = (&self.begin.settings, self.notes.clone());
        Engine { account, log, settings, inputs, notes, left: Vec::new() }
    }

    /// `parts`: what is left of runs that are parts of this one.
    fn stopped(&self, (step, cause): StepFailed, log: &Writer, parts: Vec<Residue>, context: &Context<'_>) -> Failed {
        let (account, run) = (self.begin.account.clone(), log.id().to_owned());
        let cause = context.interrupted_or(cause);
        let own = Residue::Hardening { account, run, step: Some(step) };
        stopped(cause, std::iter::once(own).chain(parts).collect(), context)
    }

    fn is_begun(&self, step: &str) -> bool {
        self.begun.iter().any(|(begun, _)| begun == step)
    }

    fn is(&self, step: &dyn Step, planned: &HardenStep, now: &RecordedState) -> HardenStepIs {
        let begun = self.is_begun(&planned.id);
        match () {
            () if !step.is_seen_alike(&planned.before, now) => HardenStepIs::Unseen,
            () if step.is_same(now, &planned.after) => HardenStepIs::Done,
            () if begun && step.is_taken_back(&planned.before, now, &self.notes_of(&planned.id)) => {
                match step.is_between(&planned.before, now, &planned.after) {
                    true => HardenStepIs::TakenBack,
                    false => HardenStepIs::Others,
                }
            }
            () if step.is_same(now, &planned.before) && begun => HardenStepIs::AsBefore,
            () if step.is_same(now, &planned.before) => HardenStepIs::NotBegun,
            () if !begun => HardenStepIs::Changed,
            () if step.is_between(&planned.before, now, &planned.after) => HardenStepIs::Between,
            () => HardenStepIs::Others,
        }
    }

    /// Where a state is led back to. What somebody else has changed since is left as it is, and so is what it relies on.
    /// `kept`: the later steps that stay.
    fn back(
        &self,
        step: &'static dyn Step,
        planned: &HardenStep,
        now: RecordedState,
        (account, kept): (&Account, &mut Vec<&'static dyn Step>),
    ) -> Result<Back, aws::Error> {
        let holds = kept.iter().find(|later| later.relies_on().contains(&step.id()));
        let stays = match holds {
            Some(later) => Some(format!("{} stays, and works only with it", later.id())),
            None if self.is(step, planned, &now) == HardenStepIs::Others => {
                Some("somebody has changed it since, so it is left as it is".to_owned())
            }
            None => None,
        };
        if let Some(stays) = stays {
            kept.push(step);
            return Ok(Back { step, to: now.clone(), now, stays: vec![stays], out_of_reach: Vec::new() });
        }
        let uses = step.in_use(account, &now)?;
        let undone = step.undone(&planned.before, &now, (&self.notes_of(&planned.id), &uses));
        let out_of_reach = step.out_of_reach(&planned.before, &now);
        Ok(Back { step, now, to: undone.to, stays: undone.stays, out_of_reach })
    }

    fn notes_of(&self, step: &str) -> Vec<String> {
        self.notes.iter().filter(|(of, _)| of == step).map(|(_, note)| note.clone()).collect()
    }

    fn finish(&self, engine: &mut Engine<'_>, context: &mut Context<'_>) -> Result<(), StepFailed> {
        for planned in &self.begin.steps {
            let failed = |cause| (planned.id.clone(), cause);
            let Some(step) = step(&planned.id) else { continue };
            engine.apply(step, planned, self.is_begun(&planned.id), context).map_err(failed)?;
        }
        Ok(())
    }

    /// Gives what does not come back. What is in a region that is disabled comes last: all else is undone then.
    fn undo(&self, engine: &mut Engine<'_>, context: &mut Context<'_>) -> Result<Vec<String>, StepFailed> {
        let (mut all, mut kept, mut out) = (Vec::new(), Vec::new(), None);
        let begun = self.begin.steps.iter().rev().filter(|planned| self.is_begun(&planned.id));
        for planned in begun {
            let failed = |cause| (planned.id.clone(), cause);
            let Some(step) = step(&planned.id) else { continue };
            context.still_wanted().map_err(failed)?;
            let now = step.read(engine.account, engine.settings).map_err(|why| failed(Cause::Aws(why)))?;
            let back = self.back(step, planned, now, (engine.account, &mut kept));
            let Back { step, now, to, stays, out_of_reach } = back.map_err(|why| failed(Cause::Aws(why)))?;
            if !step.is_same(&now, &to) {
                engine.lead(step, &now, &to, context).map_err(failed)?;
                context.tell(Notice::from(HardenNotice::Undone { step: planned.id.clone() }));
            }
            for what in stays {
                all.push(format!("{}: {what}", planned.id));
                context.tell(Notice::from(HardenNotice::Stays { step: planned.id.clone(), what }));
            }
            if !out_of_reach.is_empty() {
                engine
                    .left
                    .extend(out_of_reach.iter().map(|region| Residue::RuleOutOfReach { region: region.clone() }));
                out = Some(failed(HardenRefusal::OutOfReach { regions: out_of_reach }.into()));
            }
        }
        out.map_or(Ok(all), Err)
    }
}

/// Undoes a run of `root harden`, complete or not, once that is agreed to.
///
/// # Errors
/// [`Failed`]; the run stays in the journal then, to be undone further.
pub fn undo_hardening(run: &str, approved: bool, world: &mut World) -> Result<UnfinishedHarden, Failed> {
    let (connector, mut context) = Context::open(Stage::Recover, world)?;
    let context = &mut context;
    let at_first = |cause, context: &Context<'_>| context.fail(Stage::Recover, cause);
    let hardening = recorded(run, context).map_err(|cause| at_first(cause, context))?;
    let account = connector.connect().map_err(|cause| at_first(Cause::Aws(cause), context))?;
    context.tell_clock();
    let caller = hardening.caller(Some(&account)).map_err(|why| at_first(Cause::refused(why), context))?;
    let mut seen = hardening.observe(caller, context).map_err(|cause| at_first(cause, context))?;
    context.tell(HardenNotice::Unfinished(seen.observed.clone()).into());
    if let Some((step, _)) = seen.observed.steps.iter().find(|(_, is)| *is == HardenStepIs::Unseen) {
        let why = RecoverRefusal::HardenUnseen { step: step.clone() };
        return Err(at_first(Cause::refused(why), context));
    }
    context.approve(approved).map_err(|cause| at_first(cause, context))?;
    let mut log = context.journal.reopen(run).map_err(|cause| at_first(Cause::Journal(cause), context))?;
    log.append(&Record::Undoing).map_err(|cause| at_first(Cause::Journal(cause), context))?;
    let inputs = HardenInputs::default();
    let account = hardening.in_its_region(caller);
    let mut engine = hardening.engine(&account, &mut log, &inputs);
    let undone = hardening.undo(&mut engine, context);
    let parts = std::mem::take(&mut engine.left);
    match undone {
        Ok(stays) => seen.observed.stays = stays,
        Err(failed) => return Err(hardening.stopped(failed, &log, parts, context)),
    }
    strike(log, Outcome::Undone, context)?;
    Ok(seen.observed)
}

/// The record of a run, be it of one that was complete.
fn recorded(run: &str, context: &Context<'_>) -> Result<Hardening, Cause> {
    let none = || Cause::refused(HardenRefusal::NoSuchRun { run: run.to_owned() });
    let complete = context.journal.complete::<Record>()?;
    let unfinished = context.journal.all::<Record>()?.unfinished;
    let mut runs = complete.into_iter().chain(unfinished);
    let journal::Unfinished { entries, .. } = runs.find(|found| found.id == run).ok_or_else(none)?;
    match super::log::replay(entries) {
        Ok(super::log::RunLog::Hardening(hardening)) => Ok(hardening),
        Ok(_) => Err(none()),
        Err((line, why)) => {
            let path = context.journal.file_of(run);
            Err(Cause::refused(RecoverRefusal::NotBelieved { path, line, why }))
        }
    }
}
