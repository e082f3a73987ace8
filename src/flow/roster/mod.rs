//! A roster: many users, one after the other or several at once, from where it stopped the last time. A user that
//! fails stops nobody else.
//!
//! Rows that need nobody (their seed goes to escrow files and commands only) are shared among threads, each with
//! connections of its own and all at one pace. Rows with keys are done one by one: a key is waited for.

mod file;
mod interactive;
mod ledger;
mod parallel;
mod row;

pub use file::{BadRow, Kind, LARGEST, Row, Wrong, read};

use super::context::Context;
use super::enroll::{DeviceResult, Request, enroll_on};
use super::holdings::credentials;
use super::retire::is_called;
use super::rotate::{RotateRequest, rotate_on};
use super::seed_sinks::{SeedSinks, ValidatedSinks};
use crate::aws::{self, Account, Tag};
use crate::flow::failure::{Cause, Failed, RosterRefusal, Stage};
use crate::flow::record::{Begin, Record};
use crate::flow::run::nothing_unfinished;
use crate::keys::Serial;
use crate::oath::Credential;
pub use crate::person::RosterPlan;
use crate::person::{Notice, RemovalPlan};
use crate::totp::unix;
use crate::world::World;
use ledger::{Ledger, Line, State};
use std::collections::HashSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

#[derive(Clone, Debug, Default)]
pub struct RosterRequest {
    pub kind: Kind,
    pub rows: Vec<Row>,
    /// Where it is written down who is done.
    pub ledger: PathBuf,
    /// Places for every seed, beside the row's key.
    pub places: SeedSinks,
    /// Every code asks for a touch, where the row does not say.
    pub touch: bool,
    /// The devices' path; `/` when not named.
    pub path: Option<String>,
    pub tags: Vec<Tag>,
    /// Of a rotation: the old device is deactivated before the new one is made.
    pub replace_first: bool,
    /// Of a rotation: codes want no touch, where the row does not say; otherwise as the old device's do.
    pub no_touch: bool,
    /// Of a rotation: a new device may be on fewer keys than the old one.
    pub fewer_keys: bool,
    pub dry_run: bool,
    /// The plan is approved already.
    pub approved: bool,
}

pub struct UserOutcome<'a> {
    pub row: &'a Row,
    pub became: Became,
}

pub enum Became {
    Done(DeviceResult),
    /// It is, and another one is gone.
    Rotated(Box<DeviceResult>, Box<RemovalPlan>),
    /// Its run had been complete before; the ledger did not know yet.
    FoundDone {
        arn: String,
        keys: Vec<Serial>,
        escrow: Option<PathBuf>,
        /// The command's program.
        command: Option<String>,
    },
    Failed(Box<Failed>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub total: usize,
    pub before: usize,
    pub done: usize,
    pub failed: usize,
    pub left: Option<Duration>,
}

/// Who is told how it goes. Named as the error and the exit code, which flows do not decide.
pub trait Watch {
    /// A user's turn has ended. A failure is named: code and exit code.
    fn user(&mut self, outcome: &UserOutcome<'_>) -> Option<(&'static str, u8)>;

    /// What a turn that nobody sits at has to say beside its outcome: an announcement that could not be made. Of each
    /// kind the first is told, but for tags that are left.
    fn notice(&mut self, notice: &Notice);

    /// AWS asks for fewer calls; they are made more slowly from now on. Told once.
    fn throttled(&mut self, per_second: f64);

    fn progress(&mut self, progress: &Progress);
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterDone {
    pub account: String,
    pub progress: Progress,
    /// Stopped by the person; users are left that nobody has begun.
    pub interrupted: bool,
}

/// Works through the users of a roster.
///
/// # Errors
/// What kept it from beginning, or from writing down what it does. A user's own failure goes to `watch`.
pub fn work_through(request: &RosterRequest, world: &mut World, watch: &mut dyn Watch) -> Result<RosterDone, Failed> {
    let state = world.state.clone();
    let (connector, mut context) = Context::plan_or_open(request.dry_run, Stage::Preflight, world)?;
    let begun = begin(request, &connector, &mut context);
    let (account, usable, mut book) = begun.map_err(|cause| context.fail(Stage::Preflight, cause))?;
    let done = |book: &Book<'_>, interrupted| RosterDone {
        account: account.caller().account.clone(),
        progress: book.progress,
        interrupted,
    };
    if request.dry_run {
        return Ok(done(&book, false));
    }
    let rows: Vec<&Row> = request.rows.iter().filter(|row| book.ledger.state(row) != Some(State::Done)).collect();
    let nobody_needed = rows.iter().all(|row| row.key.is_none()) && !request.places.is_empty();
    let work = SharedInputs { request, usable: &usable, account: &account };
    let outcome = if nobody_needed {
        parallel::work(&work, &rows, &state, &mut book, watch, &mut context)
    } else {
        interactive::work(&work, &rows, &mut book, watch, &mut context)
    };
    match outcome {
        Ok(interrupted) => Ok(done(&book, interrupted)),
        Err(cause) => Err(context.fail(Stage::Roster, cause)),
    }
}

/// What every user's turn is made of.
#[derive(Clone, Copy)]
struct SharedInputs<'a> {
    request: &'a RosterRequest,
    usable: &'a ValidatedSinks,
    account: &'a Account,
}

struct Book<'a> {
    ledger: Ledger,
    path: &'a std::path::Path,
    progress: Progress,
    started: Instant,
    /// Nothing else is told meanwhile, so that a bar can be drawn.
    shown: bool,
}

/// Everything before the first user: recipients, the caller, the ledger, unfinished runs, the plan.
fn begin<'a>(
    request: &'a RosterRequest,
    connector: &aws::Connector,
    context: &mut Context<'_>,
) -> Result<(Account, ValidatedSinks, Book<'a>), Cause> {
    if !request.ledger.exists() {
        somebody_brings_keys(request, request.rows.iter(), context)?;
    }
    let usable = request.places.usable(context)?;
    request.places.check_directory()?;
    match request.dry_run {
        true => context.journal.idle()?,
        false => context.journal.hold()?,
    }
    let account = connector.connect()?;
    context.tell_clock();
    let caller = account.caller();
    let is_in_roster = |user: &str| request.rows.iter().any(|row| row.user == *user);
    // A run that was cut short is recovered first: whether its user is done is not known before.
    nothing_unfinished(context, |run| run.account == caller.account && run.user.is_some_and(is_in_roster))?;
    let ledger = |why| Cause::Ledger { path: request.ledger.clone(), why };
    let opened = if request.dry_run && !request.ledger.exists() {
        Ledger::nowhere()
    } else {
        Ledger::open(&request.ledger, request.kind.command(), &caller.account, &request.rows).map_err(ledger)?
    };
    let to_do: Vec<&Row> = request.rows.iter().filter(|row| opened.state(row) != Some(State::Done)).collect();
    somebody_brings_keys(request, to_do.iter().copied(), context)?;
    let before = request.rows.len() - to_do.len();
    let gets_key = |row: &Row| row.key.is_some() || request.places.is_empty();
    let keys = to_do.iter().filter(|row| gets_key(row)).count();
    let unproved = if request.places.code.is_some() { 0 } else { to_do.len() - keys };
    let progress = Progress { total: request.rows.len(), before, ..Progress::default() };
    context.tell(Notice::RosterPlan(RosterPlan {
        rotate: request.kind == Kind::Rotate,
        account: caller.account.clone(),
        caller: caller.arn.clone(),
        users: to_do.len(),
        before,
        keys,
        recipients: request.places.escrow.iter().flat_map(|to| to.recipients.clone()).collect(),
        command: request.places.command.as_ref().map(|to| crate::sink::program_of(&to.line)),
        code: request.places.code.as_ref().map(|to| crate::sink::program_of(&to.line)),
        unproved,
    }));
    find_unknown(request, &opened, &account, context)?;
    if !request.dry_run && !to_do.is_empty() {
        let unproved = unproved > 0 && !request.places.accept_unproved;
        context.approve_unproved(request.approved, unproved)?;
    }
    Ok((
        account,
        usable,
        Book { ledger: opened, path: &request.ledger, progress, started: Instant::now(), shown: false },
    ))
}

/// Where a row names no key and no other place takes the seed, somebody must bring one.
fn somebody_brings_keys<'r>(
    request: &RosterRequest,
    mut rows: impl Iterator<Item = &'r Row>,
    context: &Context<'_>,
) -> Result<(), Cause> {
    match rows.find(|row| row.key.is_none() && request.places.is_empty()) {
        Some(row) if !context.person.is_there() => {
            Err(Cause::refused(RosterRefusal::NeedsPerson { line: row.line, user: row.user.clone() }))
        }
        _ => Ok(()),
    }
}

/// Tells who of the roster does not exist, before anything is done: a call for each thousand users of the account. They
/// fail at their turn, unless somebody makes them until then.
fn find_unknown(
    request: &RosterRequest,
    ledger: &Ledger,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<(), Cause> {
    let to_do = || request.rows.iter().filter(|row| ledger.state(row) != Some(State::Done));
    if to_do().next().is_none() {
        return Ok(());
    }
    let users: HashSet<String> = match account.users() {
        Ok(users) => users.into_iter().map(|user| user.name).collect(),
        Err(aws::Error::Denied { .. }) => {
            context.tell(Notice::UsersNotListed);
            return Ok(());
        }
        Err(cause) => return Err(Cause::Aws(cause)),
    };
    let unknown = to_do().filter(|row| !users.contains(&row.user)).map(|row| (row.line, row.user.clone()));
    let unknown: Vec<_> = unknown.collect();
    if !unknown.is_empty() {
        context.tell(Notice::UnknownUsers { users: unknown });
    }
    Ok(())
}

impl Kind {
    fn command(self) -> &'static str {
        match self {
            Self::Enroll => "enroll",
            Self::Rotate => "rotate",
        }
    }
}

impl SharedInputs<'_> {
    /// One user's turn, with this key.
    fn turn(&self, row: &Row, key: Option<Serial>, account: &Account, context: &mut Context<'_>) -> Became {
        let request = Request {
            user: Some(row.user.clone()),
            keys: key.into_iter().collect(),
            touch: row.touch.unwrap_or(self.request.touch),
            device_name: Some(row.device.clone()).filter(|name| !name.is_empty()),
            path: self.request.path.clone(),
            tags: self.request.tags.clone(),
            approved: true,
            ..Request::default()
        };
        let outcome = match self.request.kind {
            Kind::Enroll => enroll_on(&request, self.usable, account, context).map(Became::Done),
            Kind::Rotate => {
                let request = RotateRequest {
                    new: request,
                    from: row.from.clone(),
                    replace_first: self.request.replace_first,
                    no_touch: row.touch.map_or(self.request.no_touch, |touch| !touch),
                    // Whoever names no key means the other places: which key is plugged in meanwhile says nothing.
                    fewer_keys: self.request.fewer_keys || key.is_none(),
                };
                let rotated = rotate_on(&request, self.usable, account, context);
                rotated.map(|(device, old)| Became::Rotated(Box::new(device), Box::new(old)))
            }
        };
        outcome.unwrap_or_else(|why| Became::Failed(Box::new(why)))
    }

    /// As [`Self::turn`], unless an earlier process had begun it (at that second), and it is found to be done.
    fn turn_or_found(&self, row: &Row, begun: Option<u64>, key: Option<Serial>, context: &mut Context<'_>) -> Became {
        let found = begun.and_then(|at| self.found_done(row, at, context));
        found.unwrap_or_else(|| self.turn(row, key, self.account, context))
    }

    /// The ledger says that the row's turn had come when the process ended. The journal keeps the run where it was
    /// complete, by itself or by `recover`; and IAM lists its device still, enabled since the moment on record.
    fn found_done(&self, row: &Row, begun: u64, context: &mut Context<'_>) -> Option<Became> {
        let rotates = self.request.kind == Kind::Rotate;
        let complete = complete_runs(context).filter(|CompleteRun { begin: run, .. }| {
            let serial = run.arn.to_string();
            let named = row.device.is_empty() || is_called(&serial, &row.device);
            let on_key = row.key.is_none_or(|key| run.keys.contains(&key));
            // The clocks of the two processes agree to some minutes.
            let since = run.started.saturating_add(300) >= begun;
            let own = run.user == row.user && run.arn.account() == self.account.caller().account;
            own && named && on_key && since && run.replaces.is_some() == rotates
        });
        let complete = complete.last()?;
        let arn = complete.begin.arn.to_string();
        let devices = self.account.mfa_devices(&row.user).ok()?;
        let device = devices.iter().find(|device| device.serial == arn)?;
        // IAM shows a date in two lists; they may be rounded differently.
        let is_it = complete.enabled.is_none_or(|at| unix(device.enabled).abs_diff(at) <= 2);
        let Begin { keys, credential, escrow, program: command, .. } = complete.begin;
        // A key that is here and was emptied since opens nothing.
        let lacks = |credentials: Vec<Credential>| credentials.iter().all(|held| held.name.id() != credential);
        let is_emptied = keys.iter().any(|key| credentials(*key, context).is_ok_and(lacks));
        (is_it && !is_emptied).then_some(Became::FoundDone { arn, keys, escrow, command })
    }
}

/// A run that was complete, and that no ledger is known to have.
struct CompleteRun {
    /// Its name in the journal.
    id: String,
    begin: Begin,
    /// Since when its device is enabled, in seconds since the Unix epoch, where that is on record.
    enabled: Option<u64>,
}

fn complete_runs(context: &Context<'_>) -> impl Iterator<Item = CompleteRun> {
    let runs = context.journal.complete::<Record>().unwrap_or_default();
    runs.into_iter().filter_map(|run| {
        let enabled = run.entries.iter().rev().find_map(|record| match record {
            Record::Enabled { at } => *at,
            _ => None,
        });
        match run.entries.into_iter().next() {
            Some(Record::Begin(begin)) => Some(CompleteRun { id: run.id, begin, enabled }),
            _ => None,
        }
    })
}

impl Book<'_> {
    fn begin(&mut self, row: &Row, now: u64) -> Result<(), Cause> {
        self.write(&Line::Begun { user: row.user.clone(), device: row.device.clone(), at: now })
    }

    /// Tells and writes down what became of a user.
    fn end(&mut self, row: &Row, became: Became, watch: &mut dyn Watch, context: &Context<'_>) -> Result<(), Cause> {
        let outcome = UserOutcome { row, became };
        let failure = watch.user(&outcome);
        let (user, device, at) = (row.user.clone(), row.device.clone(), unix(context.clock.now()));
        let line = match (&outcome.became, failure) {
            (Became::Done(done), _) => done_line(user, device, done, at),
            (Became::Rotated(done, _), _) => done_line(user, device, done, at),
            (Became::FoundDone { arn, keys, escrow, command }, _) => {
                let (arn, keys) = (arn.clone(), keys.clone());
                Line::Done { user, device, arn, keys, escrow: escrow.clone(), command: command.clone(), at }
            }
            (Became::Failed(_), failure) => {
                let (code, exit) = failure.unwrap_or(("failed", 3));
                Line::Failed { user, device, code: code.to_owned(), exit, at }
            }
        };
        if let Line::Done { keys, .. } = &line {
            self.ledger.used.extend(keys);
            self.progress.done += 1;
        } else {
            self.progress.failed += 1;
        }
        self.write(&line)?;
        if let Line::Done { arn, .. } = &line {
            // One that stays says of a row that is done that it is.
            let done = complete_runs(context).filter(|run| run.begin.arn.to_string() == *arn);
            done.for_each(|run| _ = context.journal.remove_complete(&run.id));
        }
        self.tell_progress(watch);
        Ok(())
    }

    fn tell_progress(&mut self, watch: &mut dyn Watch) {
        let Progress { total, before, done, failed, .. } = self.progress;
        let ended = done + failed;
        let left = u32::try_from(total.saturating_sub(before + ended)).unwrap_or(u32::MAX);
        let each = u32::try_from(ended).ok().and_then(|ended| self.started.elapsed().checked_div(ended));
        self.progress.left = each.map(|each| each.saturating_mul(left));
        if self.shown {
            watch.progress(&self.progress);
        }
    }

    fn write(&mut self, line: &Line) -> Result<(), Cause> {
        self.ledger.write(line).map_err(|why| Cause::Ledger { path: self.path.to_owned(), why })
    }
}

fn done_line(user: String, device: String, done: &DeviceResult, at: u64) -> Line {
    let (arn, keys) = (done.arn.to_string(), done.keys.clone());
    Line::Done { user, device, arn, keys, escrow: done.escrow.clone(), command: done.command.clone(), at }
}

/// When the turn began that an earlier process did not end.
fn begun(state: Option<State>) -> Option<u64> {
    match state {
        Some(State::Begun(at)) => Some(at),
        _ => None,
    }
}
