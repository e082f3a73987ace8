//! The three passes of recovery, the same for every kind of run: its record is replayed before ([`super::log`]); then it is
//! looked at and what may be done is decided; then that is done.

use super::options::{Course, Decision, Doing, decide};
use super::{Outcome, RecoverRequest, Recovered, RunState};
use crate::aws::{Account, DeviceArn};
use crate::flow::context::Context;
use crate::flow::failure::{Cause, Failed, Implausible, RecoverRefusal, Residue, Stage};
use crate::flow::record::Record;
use crate::journal::Writer;
use crate::person::{Choice, Notice};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What was made so much earlier than the run began is not of its making, whatever the clocks say.
pub(super) const BEFORE: Duration = Duration::from_secs(300);

/// A kind of run: what its record says of it.
pub(super) trait Kind: Sized {
    /// The commands that begin one.
    const COMMANDS: &[&str];
    /// What IAM and the keys show of it.
    type Observed: Clone + Into<RunState>;
    type Caller<'a>: Copy;

    /// First pass: the run that this record begins, if it begins one of this kind.
    fn begun(first: &Record) -> Option<Result<Self, Implausible>>;

    /// Takes the next record in, if such a run can have written it after those before.
    fn step(&mut self, record: Record) -> Result<(), Implausible>;

    /// The account, where it is the run's.
    fn caller<'a>(&self, account: Option<&'a Account>) -> Result<Self::Caller<'a>, RecoverRefusal>;

    /// Whether a roster began it, whose ledger is to say that it is done.
    fn is_of_roster(&self) -> bool {
        false
    }

    /// Whether its record is kept once it is complete, for it to be undone by.
    fn keeps_its_record(&self) -> bool {
        false
    }

    /// What to say of it where nothing could be looked at.
    fn unknown(&self) -> Residue;

    /// What was seen, if that can be seen of such a run.
    fn of(seen: &RunState) -> Option<Self::Observed>;

    /// Second pass: asks IAM and the keys. Changes nothing.
    fn observe(
        &self,
        caller: Self::Caller<'_>,
        context: &mut Context<'_>,
    ) -> Result<Observation<Self::Observed>, Cause>;

    /// What may be done then. Asks nobody.
    fn options(&self, observed: &Self::Observed) -> Course;

    /// Takes the person's word for what nothing here can prove.
    fn accept(&self, _observed: &mut Self::Observed, _choice: Option<Choice>) {}

    /// Proves that a run which seems to have been complete was, before it is struck, and writes that down.
    fn prove(
        &self,
        _observed: &Self::Observed,
        _outcome: &Outcome,
        _log: &mut Writer,
        _: Self::Caller<'_>,
        _: &mut Context<'_>,
    ) -> Result<(), Cause> {
        Ok(())
    }

    /// What is left where nothing was decided, or what was asked for is refused.
    fn undecided(&self, _observed: &Self::Observed) -> Vec<Residue> {
        vec![self.unknown()]
    }

    /// Third pass: does it, and strikes the run when all is done.
    fn carry_out(
        &self,
        doing: &Doing,
        seen: &Observation<Self::Observed>,
        log: Writer,
        caller: Self::Caller<'_>,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Failed>;
}

/// What was seen, and the session that was opened to see it.
pub(super) struct Observation<Observed> {
    pub(super) observed: Observed,
    pub(super) session: Option<Account>,
}

impl<Observed> From<Observed> for Observation<Observed> {
    fn from(observed: Observed) -> Self {
        Self { observed, session: None }
    }
}

/// Looks at a run, decides, with the person where there is a choice, and carries it out.
pub(super) fn recover_one<K: Kind>(
    run: &K,
    (id, undoing): (&str, bool),
    request: &RecoverRequest,
    account: Option<&Account>,
    context: &mut Context<'_>,
) -> Result<Recovered, Failed> {
    let still = |cause, context: &Context<'_>| context.fail_leaving((Stage::Recover, cause), vec![run.unknown()]);
    let caller = run.caller(account).map_err(|why| still(Cause::refused(with_path(why, id, context)), context))?;
    let mut seen = run.observe(caller, context).map_err(|cause| still(cause, context))?;
    let found: RunState = seen.observed.clone().into();
    context.tell(found.notice());
    let mut log = context.journal.resume(id).map_err(|cause| context.fail(Stage::Recover, Cause::Journal(cause)))?;
    if run.is_of_roster() || run.keeps_its_record() {
        log.keep_complete();
    }
    if request.accept_unproved {
        run.accept(&mut seen.observed, request.choice);
    }
    let options = match run.options(&seen.observed) {
        Course::Struck(Outcome::WasComplete { .. }) if request.choice == Some(Choice::Forget) => {
            return Ok(Recovered { found, outcome: strike(log, Outcome::Forgotten, context)? });
        }
        Course::Struck(outcome) => {
            run.prove(&seen.observed, &outcome, &mut log, caller, context)
                .map_err(|cause| stopped(cause, run.undecided(&seen.observed), context))?;
            if matches!(outcome, Outcome::WasComplete { .. }) && request.choice == Some(Choice::Undo) {
                let cause = Cause::refused(RecoverRefusal::Complete { user: found.user() });
                return Err(context.fail_leaving((Stage::Recover, cause), run.undecided(&seen.observed)));
            }
            return Ok(Recovered { found, outcome: strike(log, outcome, context)? });
        }
        Course::Open(options) if undoing => {
            context.tell(Notice::Undoing { earlier: true });
            options.of_an_undoing()
        }
        Course::Open(options) => options,
    };
    let decided = decide(request, options, context)
        .map_err(|cause| context.fail_leaving((Stage::Recover, cause), run.undecided(&seen.observed)))?;
    let outcome = match decided {
        Decision::Leave => Outcome::Left,
        Decision::Forget => strike(log, Outcome::Forgotten, context)?,
        Decision::Do(doing) => {
            if !undoing && matches!(doing, Doing::Undo(_)) {
                log.append(&Record::Undoing).map_err(|cause| still(Cause::Journal(cause), context))?;
            }
            run.carry_out(&doing, &seen, log, caller, context)?
        }
    };
    Ok(Recovered { found, outcome })
}

/// With the record's path, for whom no credentials of that account are left to.
fn with_path(why: RecoverRefusal, id: &str, context: &Context<'_>) -> RecoverRefusal {
    match why {
        RecoverRefusal::OtherAccount { account, .. } => {
            RecoverRefusal::OtherAccount { account, path: Some(context.journal.path_of(id)) }
        }
        why => why,
    }
}

/// Ends the run: its file goes.
pub(super) fn strike(log: Writer, outcome: Outcome, context: &Context<'_>) -> Result<Outcome, Failed> {
    let complete =
        matches!(outcome, Outcome::Finished { .. } | Outcome::WasComplete { .. } | Outcome::Completed { .. });
    match if complete { log.complete() } else { log.finish() } {
        Ok(()) => Ok(outcome),
        Err(cause) => Err(context.fail(Stage::Recover, Cause::Journal(cause))),
    }
}

/// A deed has failed: what interrupted it has been heard.
pub(super) fn stopped(cause: Cause, left: Vec<Residue>, context: &Context<'_>) -> Failed {
    context.interrupt.clear();
    context.fail_leaving((Stage::Recover, cause), left)
}

/// The account, where it is that of this number. One of the same number in another partition is another one.
pub(super) fn own_account<'a>(
    account: Option<&'a Account>,
    number: &str,
    device: Option<&DeviceArn>,
) -> Result<&'a Account, RecoverRefusal> {
    let is_own = |account: &&Account| {
        account.caller().account == number
            && device.is_none_or(|device| account.caller().partition == device.partition())
    };
    account.filter(is_own).ok_or_else(|| RecoverRefusal::OtherAccount { account: number.to_owned(), path: None })
}

/// A second since the Unix epoch; of what no clock can show, the epoch.
pub(super) fn moment(seconds: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
}

/// Whether something that was made then may be of the making of a run that began at this second since the Unix epoch.
pub(super) fn since(started: u64, made: Option<SystemTime>) -> bool {
    let earliest = moment(started).checked_sub(BEFORE).unwrap_or(UNIX_EPOCH);
    made.is_none_or(|made| made >= earliest)
}
