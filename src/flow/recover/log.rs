//! The record of a run, replayed: which kind of run it is, and what it had come to. Whether a run of this program can have
//! written the record is asked line by line: one that was edited, damaged or made by hand may name any credential, file
//! or key, and recovery would remove it. Knows neither IAM nor a key.
//!
//! A new kind of run is a file beside this one and its line in each of the three lists here.

use super::access_key::KeyRun;
use super::added::AddedDevice;
use super::enrollment::Enrollment;
use super::options::Course;
use super::passes::{Kind, recover_one};
use super::retirement::Retirement;
use super::root::RootDevice;
use super::rotation::{Replacing, Rotation};
use super::{RecoverRequest, Recovered, RunState};
use crate::aws::Account;
use crate::flow::context::Context;
use crate::flow::failure::{Failed, Implausible, Residue};
use crate::flow::record::Record;
use crate::journal::FORMAT;

/// What is wrong with a record, after its line, counted from 1.
pub(super) type Flaw = (usize, Implausible);

/// What the record of a run says of it, by kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RunLog {
    Enrollment(Enrollment),
    Rotation(Rotation),
    Root(RootDevice),
    Retirement(Retirement),
    KeyRotation(KeyRun),
}

/// Does the same with a run of any kind.
macro_rules! with_any {
    ($log:expr, $run:ident => $what:expr) => {
        match $log {
            RunLog::Enrollment($run) => $what,
            RunLog::Rotation($run) => $what,
            RunLog::Root($run) => $what,
            RunLog::Retirement($run) => $what,
            RunLog::KeyRotation($run) => $what,
        }
    };
}

impl RunLog {
    /// The run that this record begins.
    fn begun(first: Record) -> Result<Self, Implausible> {
        check_start(&first)?;
        match first {
            Record::Begin(begin) => {
                let (root, run) = (begin.root, AddedDevice::begun(begin)?);
                Ok(match run.begin.replaces.clone() {
                    _ if root => Self::Root(RootDevice { run }),
                    Some(old) => Self::Rotation(Rotation { run, old }),
                    None => Self::Enrollment(Enrollment { run }),
                })
            }
            Record::Retire(begin) => Retirement::begun(begin).map(Self::Retirement),
            Record::Key(begin) => KeyRun::begun(begin).map(Self::KeyRotation),
            _ => Err(Implausible::NoBeginning),
        }
    }

    /// Takes the next record in.
    fn step(&mut self, record: Record) -> Result<(), Implausible> {
        match record {
            Record::Begin(_) | Record::Retire(_) | Record::Key(_) => Err(Implausible::SecondBeginning),
            record => with_any!(self, run => run.step(record)),
        }
    }

    /// What to say of it where nothing could be looked at.
    pub(super) fn unknown(&self) -> Residue {
        with_any!(self, run => run.unknown())
    }

    /// `id`: its name in the journal.
    pub(super) fn recover(
        &self,
        id: &str,
        request: RecoverRequest,
        account: Option<&Account>,
        context: &mut Context<'_>,
    ) -> Result<Recovered, Failed> {
        with_any!(self, run => recover_one(run, id, request, account, context))
    }
}

/// The first pass: what the records say, if a run of this version can have written all of them.
pub(super) fn replay(records: impl IntoIterator<Item = Record>) -> Result<RunLog, Flaw> {
    let mut records = records.into_iter();
    let first = records.next().ok_or((1, Implausible::NoBeginning))?;
    let mut log = RunLog::begun(first).map_err(|why| (1, why))?;
    for (record, line) in records.zip(2..) {
        log.step(record).map_err(|why| (line, why))?;
    }
    Ok(log)
}

/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// Whether the command is one that begins a run of this kind, and the start one that a clock shows.
fn check_start(first: &Record) -> Result<(), Implausible> {
    let (command, commands, started) = match first {
        Record::Begin(begin) => (&begin.command, &["enroll", "rotate", "root enroll"][..], begin.started),
        Record::Retire(begin) => (&begin.command, &["retire"][..], begin.started),
        Record::Key(begin) => (&begin.command, &["rotate"][..], begin.started),
        _ => return Ok(()),
    };
    if !commands.contains(&command.as_str()) {
        return Err(Implausible::Command { command: command.clone() });
    }
    if started > LAST_SECOND { Err(Implausible::Start { started }) } else { Ok(()) }
}

/// Whether the first record names another format than this program's.
pub(super) fn is_of_another_format(first: &Record) -> bool {
    let version = match first {
        Record::Begin(begin) => begin.version,
        Record::Retire(begin) => begin.version,
        Record::Key(begin) => begin.version,
        _ => return false,
    };
    u64::from(version) != FORMAT
}

/// What may be done about a run whose file has these lines, where this is seen; for the tables of docs/flows.md, and
/// tested with them. `None`: that cannot be seen of such a run, or a line is no record.
///
/// # Errors
/// The line that no run writes, counted from 1, and what is wrong with it.
#[doc(hidden)]
pub fn options_of(lines: &str, seen: &RunState) -> Result<Option<Course>, (usize, Implausible)> {
    let records: Result<Vec<Record>, _> = lines.lines().map(serde_json::from_str).collect();
    let Ok(records) = records else { return Ok(None) };
    Ok(match (replay(records)?, seen) {
        (RunLog::Enrollment(run), RunState::Run(seen)) => Some(run.options(seen)),
        (RunLog::Rotation(run), RunState::Run(seen)) => Replacing::of(seen).map(|seen| run.options(&seen)),
        (RunLog::Root(run), RunState::Run(seen)) => Some(run.options(seen)),
        (RunLog::Retirement(run), RunState::Retirement(seen)) => Some(run.options(seen)),
        (RunLog::KeyRotation(run), RunState::AccessKey(seen)) => Some(run.options(seen)),
        _ => None,
    })
}
