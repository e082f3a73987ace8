//! Hardening: what the audit found is planned, applied, seen, and can be undone.
//!
//! A plan is data: for each step the state that was read, and the state that it leads to. It is applied only where each
//! state is still what was read. A run writes down each step before it changes anything; `recover` finishes or undoes one
//! that did not end, and the record of one that did is kept, so that it can be undone.

mod emit; // the end state in other tools' languages
mod engine; // one step, led from a state to another
mod inputs; // what a run is given beside its plan
mod names; // what the things are called that are made
mod organization; // a whole organization, and what the audit says of its accounts
mod plan; // made, and read back
mod recovery; // given back to root of a member
mod step; // what a step is
mod steps; // each of them
mod used; // which plans have been applied

pub use crate::person::{
    AdministratorSettings, AlarmPattern, AlarmVia, HardenPlan, HardenSettings, HardenStep, OpenCode, OpenStep,
    SecurityContact,
};
pub use emit::{EmitLanguage, Emitted, emit};
pub(in crate::flow) use engine::Engine;
pub use inputs::{HardenInputs, PasswordPlaces};
pub(in crate::flow) use names::ROOT_USE;
pub(in crate::flow) use plan::LASTS;
pub use plan::{is_refused, read_plan};
pub use recovery::{RecoveryAllowed, allow_recovery};
pub(in crate::flow) use step::Step;
pub(in crate::flow) use steps::step;

use super::audit::{Rule, Verdict};
use super::context::Context;
use super::failure::{Cause, Failed, HardenRefusal, Residue, Stage};
use super::record::{HardenRun, Record};
use super::run::begin_log;
use crate::aws::{self, Account};
use crate::journal::Writer;
use crate::person::{HardenNotice, Notice, Question, RecordedState};
use crate::totp::unix;
use crate::world::World;
use organization::{Seen, audited};
use plan::{check_applies, is_wanted, make};
use std::collections::BTreeMap;
use step::Ready;
use steps::STEPS;
use used::UsedPlans;

/// The command that writes the record.
pub(in crate::flow) const COMMAND: &str = "root harden";

/// Whether a step closes a finding of this rule.
#[must_use]
pub fn closes(rule: Rule) -> bool {
    STEPS.iter().any(|step| step.findings().contains(&rule))
}

/// What is to be applied.
pub struct HardenRequest {
    /// Exactly this plan; otherwise one is made from the settings.
    pub plan: Option<HardenPlan>,
    pub settings: HardenSettings,
    pub inputs: HardenInputs,
    /// The account number need not be typed.
    pub approved: bool,
    /// The steps that cannot be undone are agreed to.
    pub for_good: bool,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hardened {
    pub plan: HardenPlan,
    /// The run's name, by which it can be undone; `None`: there was nothing to do.
    pub run: Option<String>,
    /// The findings that were to be closed, before and after; `None`: the audit could not be made.
    pub findings: Vec<Compared>,
    /// The same of each member that has something to close, or had.
    pub members: Vec<MemberFindings>,
    /// The audit could be made afterwards.
    pub audited: bool,
}

/// A finding's verdict before and after; `None`: it could not be told.
pub type Compared = (Rule, Option<Verdict>, Option<Verdict>);

/// The findings of one member of the organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberFindings {
    /// Twelve digits.
    pub account: String,
    /// Its name in the organization.
    pub name: String,
    pub findings: Vec<Compared>,
}

/// Plans, and changes nothing.
///
/// # Errors
/// [`Failed`], and nothing was changed.
pub fn plan(settings: &HardenSettings, world: &mut World) -> Result<HardenPlan, Failed> {
    let (connector, mut context) = Context::look(Stage::Preflight, world)?;
    let planned = connector.connect().map_err(Cause::Aws).and_then(|account| {
        context.tell_clock();
        make(settings, &account, &mut context)
    });
    planned.map_err(|cause| context.fail(Stage::Preflight, cause))
}

/// Applies a plan.
///
/// # Errors
/// [`Failed`], with what is left; before the first step has begun that is always nothing.
pub fn harden(request: HardenRequest, world: &mut World) -> Result<Hardened, Failed> {
    let used = UsedPlans::in_dir(&world.state);
    let (connector, mut context) = Context::open(Stage::Preflight, world)?;
    let context = &mut context;
    let before = |cause, context: &Context<'_>| context.fail(Stage::Preflight, cause);
    let account = connector.connect().map_err(|cause| before(Cause::Aws(cause), context))?;
    context.tell_clock();
    let plan = ready(&request, &account, &used, context).map_err(|cause| before(cause, context))?;
    check_beside(&request, &plan, &account, context).map_err(|cause| before(cause, context))?;
    if plan.steps.is_empty() {
        set_aside(&plan.account, context).map_err(|cause| before(cause, context))?;
        return Ok(Hardened { plan, run: None, findings: Vec::new(), members: Vec::new(), audited: true });
    }
    // Who applies it may be another than who made it.
    let shown = HardenPlan { caller: account.caller().arn.clone(), ..plan.clone() };
    context.tell(Notice::from(HardenNotice::Plan(Box::new(shown))));
    agreed(&request, &plan, context).map_err(|cause| before(cause, context))?;
    let of_members = concerns_members(&plan);
    let was = audited(&account, of_members, context);
    let log = begin(&request, &plan, &account, &used, context).map_err(|cause| before(cause, context))?;
    let run = log.id().to_owned();
    let applying = Applying { log, account: &account, done: Vec::new(), plan: &plan, inputs: &request.inputs };
    let applied = applying.run(context);
    if let Err(failed) = applied {
        if failed.left.is_empty() {
            used.unmark(&plan);
        }
        return Err(failed);
    }
    let comparison = Comparison { was, is: audited(&account, of_members, context) };
    let findings = comparison.of(&plan.account, &concerned(&plan, false));
    let members = comparison.members(&plan.account, &concerned(&plan, true));
    Ok(Hardened { findings, members, audited: comparison.is.is_some(), plan, run: Some(run) })
}

/// The plan, which fits the account as it is.
fn ready(
    request: &HardenRequest,
    account: &Account,
    used: &UsedPlans,
    context: &mut Context<'_>,
) -> Result<HardenPlan, Cause> {
    let Some(plan) = &request.plan else { return make(&request.settings, account, context) };
    check_applies(plan, account, context)?;
    used.check(plan)?;
    if plan.steps.is_empty()
        && let Some(due) = make(&plan.settings, account, context)?.steps.first()
    {
        return Err(HardenRefusal::Changed { step: due.id.clone() }.into());
    }
    // Each is looked at again just before it is done; a plan that is out of date is not begun.
    for planned in &plan.steps {
        context.go_on()?;
        let changed = || HardenRefusal::Changed { step: planned.id.clone() };
        let step = step(&planned.id).ok_or_else(changed)?;
        let now = step.read(account, &plan.settings)?;
        if !step.is_seen_alike(&planned.before, &now) {
            return Err(HardenRefusal::OtherCaller { step: planned.id.clone() }.into());
        }
        if !step.is_same(&now, &planned.before) {
            return Err(changed().into());
        }
    }
    Ok(plan.clone())
}

/// Whether what the steps need beside AWS is there.
fn check_beside(
    request: &HardenRequest,
    plan: &HardenPlan,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<(), Cause> {
    for planned in &plan.steps {
        let Some(step) = step(&planned.id) else { continue };
        let (settings, inputs) = (&plan.settings, &request.inputs);
        step.ready(&planned.before, &planned.after, &mut Ready { account, context, settings, inputs })?;
    }
    Ok(())
}

/// Asks once for the whole of it, and apart for what cannot be undone.
fn agreed(request: &HardenRequest, plan: &HardenPlan, context: &mut Context<'_>) -> Result<(), Cause> {
    context.go_on()?;
    let account = plan.account.clone();
    let steps: Vec<String> = plan.steps.iter().filter(|step| !step.reversible).map(|step| step.id.clone()).collect();
    let for_good = !steps.is_empty() && !request.for_good;
    if for_good && !context.person.is_there() {
        return Err(HardenRefusal::ForGood { steps }.into());
    }
    let mut questions = Vec::new();
    let (whole, within) = match (&plan.organization, plan.accounts) {
        (Some(organization), Some(accounts)) => {
            let within = format!("organization {organization}");
            (Question::HardenOrganization { organization: organization.clone(), accounts }, within)
        }
        _ => (Question::Harden { account: account.clone() }, format!("account {account}")),
    };
    if !request.approved {
        questions.push(whole);
    }
    if for_good {
        questions.push(Question::HardenForGood { within, steps });
    }
    questions.iter().try_for_each(|question| super::context::confirmed(question, context.person, &context.interrupt))
}

/// Earlier runs of the account that did not end are set aside: the plan was made from what they have left. Their records
/// are kept, to be undone by.
fn set_aside(account: &str, context: &mut Context<'_>) -> Result<(), Cause> {
    for run in context.journal.unfinished::<Record>()? {
        if matches!(run.entries.first(), Some(Record::Harden(begin)) if begin.account == account) {
            let mut log = context.journal.resume(&run.id)?;
            log.keep_complete();
            log.complete()?;
            context.tell(Notice::from(HardenNotice::SetAside { run: run.id }));
        }
    }
    Ok(())
}

/// The run's record.
fn begin(
    request: &HardenRequest,
    plan: &HardenPlan,
    account: &Account,
    used: &UsedPlans,
    context: &mut Context<'_>,
) -> Result<Writer, Cause> {
    context.go_on()?;
    set_aside(&plan.account, context)?;
    let started = unix(context.clock.now());
    let record = HardenRun {
        version: 1,
        command: COMMAND.to_owned(),
        started,
        caller: account.caller().arn.clone(),
        account: plan.account.clone(),
        partition: plan.partition.clone(),
        region: Some(plan.region.clone()),
        digest: plan.digest.clone(),
        settings: plan.settings.clone(),
        steps: plan.steps.clone(),
    };
    let mut log = begin_log(started, &Record::Harden(Box::new(record)), context)?;
    log.keep_complete();
    // Another process may have applied the file while the question stood.
    let checked = if request.plan.is_some() { used.check(plan) } else { Ok(()) };
    let marked = checked.and_then(|()| used.mark(plan, log.id()));
    match marked {
        Ok(()) => Ok(log),
        Err(cause) => {
            log.finish()?;
            Err(cause)
        }
    }
}

/// A plan that is being applied.
struct Applying<'a> {
    log: Writer,
    account: &'a Account,
    plan: &'a HardenPlan,
    inputs: &'a HardenInputs,
    done: Vec<String>,
}

impl Applying<'_> {
    fn run(mut self, context: &mut Context<'_>) -> Result<(), Failed> {
        for planned in &self.plan.steps {
            let mut engine = Engine {
                account: self.account,
                log: &mut self.log,
                settings: &self.plan.settings,
                inputs: self.inputs,
                notes: Vec::new(),
                left: Vec::new(),
            };
            let applied = match step(&planned.id) {
                Some(step) => engine.apply(step, planned, false, context),
                None => Err(HardenRefusal::Changed { step: planned.id.clone() }.into()),
            };
            let left = engine.left;
            match applied {
                Ok(()) => self.done.push(planned.id.clone()),
                Err(cause) => {
                    let mut failed = self.stop(planned, cause, context);
                    failed.left.extend(left);
                    return Err(failed);
                }
            }
        }
        context.tell_if_kept(self.log.complete());
        Ok(())
    }

    fn read(&self, step: &dyn Step) -> Result<RecordedState, aws::Error> {
        step.read(self.account, &self.plan.settings)
    }

    /// Says what is left. The steps that are done stay: each is good by itself.
    fn stop(mut self, planned: &HardenStep, cause: Cause, context: &mut Context<'_>) -> Failed {
        let cause = context.interrupted_or(cause);
        context.interrupt.clear();
        let is_as_before = is_untouched(&cause)
            || step(&planned.id)
                .is_some_and(|step| self.read(step).is_ok_and(|now| step.is_same(&now, &planned.before)));
        if is_as_before {
            let _ = self.log.append(&Record::StepVoid { step: planned.id.clone() });
        }
        let mut left: Vec<Residue> =
            self.done.iter().map(|step| Residue::HardenDone { step: step.clone() }).collect();
        if self.done.is_empty() && is_as_before {
            if let Err(cause) = self.log.finish() {
                left.push(Residue::Journal { cause });
            }
        } else {
            let (account, run) = (self.plan.account.clone(), self.log.id().to_owned());
            let step = (!is_as_before).then(|| planned.id.clone());
            left.push(Residue::Hardening { account, run, step });
        }
        context.fail_leaving((Stage::Harden, cause), left)
    }
}

/// Whether a step stopped before it wrote anything.
fn is_untouched(cause: &Cause) -> bool {
    use super::failure::Refusal::Harden;
    use HardenRefusal::{BucketTaken, Changed, MembersSign, MembersWait, NoAdministrator, OtherCaller};
    let Cause::Refused(Harden(refusal)) = cause else { return false };
    matches!(
        refusal,
        Changed { .. }
            | NoAdministrator { .. }
            | OtherCaller { .. }
            | BucketTaken { .. }
            | MembersSign { .. }
            | MembersWait { .. }
    )
}

/// Whether a plan is about members, be it that it leaves them as they are.
fn concerns_members(plan: &HardenPlan) -> bool {
    let open = plan.open.iter().map(|open| &open.id);
    let mut ids = plan.steps.iter().map(|planned| &planned.id).chain(open);
    ids.any(|id| step(id).is_some_and(Step::is_of_members))
}

/// The findings that were asked to be closed, of the caller's account or of its organization's members: those of every step
/// that is wanted, planned or not, but for steps whose values were not named.
fn concerned(plan: &HardenPlan, members: bool) -> Vec<Rule> {
    let unnamed =
        |step: &dyn Step| plan.open.iter().any(|open| open.id == step.id() && !is_refused(open, &plan.settings));
    let wanted = STEPS.iter().filter(|step| is_wanted(**step, &plan.settings) && !unnamed(**step));
    let of_these = wanted.filter(|step| step.is_of_members() == members);
    let mut rules: Vec<Rule> = of_these.flat_map(|step| step.findings()).copied().collect();
    // Passwords of members are another matter than what they can do harm with.
    rules.retain(|rule| !members || *rule != Rule::RootCredentials || plan.settings.members_password);
    rules.sort();
    rules.dedup();
    rules
}

/// What the audit said before, and what it says now.
struct Comparison {
    was: Option<BTreeMap<String, Seen>>,
    is: Option<BTreeMap<String, Seen>>,
}

impl Comparison {
    fn of(&self, account: &str, rules: &[Rule]) -> Vec<Compared> {
        let verdict = |seen: &Option<BTreeMap<String, Seen>>, rule: &Rule| {
            seen.as_ref()?.get(account)?.verdicts.get(rule).copied()
        };
        rules.iter().map(|rule| (*rule, verdict(&self.was, rule), verdict(&self.is, rule))).collect()
    }

    /// Those for which not all is well, or was; the caller's `own` account has rows of its own.
    fn members(&self, own: &str, rules: &[Rule]) -> Vec<MemberFindings> {
        let seen =
            self.was.iter().chain(&self.is).flatten().filter(|(account, seen)| seen.is_member && *account != own);
        let names: BTreeMap<&String, &String> = seen.map(|(account, seen)| (account, &seen.name)).collect();
        let rows = names.into_iter().map(|(account, name)| MemberFindings {
            account: account.clone(),
            name: name.clone(),
            findings: self.of(account, rules),
        });
        let is_well = |verdict: &Option<Verdict>| matches!(verdict, Some(Verdict::Pass | Verdict::NotApplicable));
        rows.filter(|row| row.findings.iter().any(|(_, was, is)| !is_well(was) || !is_well(is))).collect()
    }
}
