//! The record of a run, replayed: which kind of run it is, and what it had come to. Whether a run of this program can have
//! written the record is asked line by line: one that was edited, damaged or made by hand may name any credential, file
//! or key, and recovery would remove it. Knows neither IAM nor a key.

use super::access_key::KeyRun;
use super::enrollment::Enrollment;
use super::harden::Hardening;
use super::options::Course;
use super::passes::{Kind, recover_one};
use super::retirement::Retirement;
use super::root::RootDevice;
use super::rotation::Rotation;
use super::{RecoverRequest, Recovered, RunState};
use crate::aws::Account;
use crate::flow::context::Context;
use crate::flow::failure::{Failed, Implausible, Residue};
use crate::flow::record::Record;

/// What is wrong with a record, after its line, counted from 1.
pub(super) type Flaw = (usize, Implausible);

/// Every kind of run: what its record says of it.
macro_rules! kinds {
    ($($kind:ident),*) => {
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub(super) enum RunLog {
            $($kind($kind)),*
        }

        impl RunLog {
            /// The run that this record begins.
            fn begun(first: &Record) -> Result<Self, Implausible> {
                $(if let Some(run) = begun_as::<$kind>(first) {
                    return run.map(Self::$kind);
                })*
                Err(Implausible::NoBeginning)
            }

            fn step(&mut self, record: Record) -> Result<(), Implausible> {
                match self {
                    $(Self::$kind(run) => run.step(record)),*
                }
            }

            /// What to say of it where nothing could be looked at.
            pub(super) fn unknown(&self) -> Residue {
                match self {
                    $(Self::$kind(run) => run.unknown()),*
                }
            }

            /// `id`: its name in the journal. `undoing`: recovery has begun to undo it.
            pub(super) fn recover(
                &self,
                (id, undoing): (&str, bool),
                request: &RecoverRequest,
                account: Option<&Account>,
                context: &mut Context<'_>,
            ) -> Result<Recovered, Failed> {
                match self {
                    $(Self::$kind(run) => recover_one(run, (id, undoing), request, account, context)),*
                }
            }

            /// `None`: that cannot be seen of such a run.
            fn options(&self, seen: &RunState) -> Option<Course> {
                match self {
                    $(Self::$kind(run) => $kind::of(seen).map(|seen| run.options(&seen))),*
                }
            }
        }
    };
}

kinds!(Enrollment, Rotation, RootDevice, Retirement, KeyRun, Hardening);

/// The end of the year 9999.
const LAST_SECOND: u64 = 253_402_300_799;

/// The run, where this record begins one of its kind, by a command that does and at a time that a clock shows.
fn begun_as<K: Kind>(first: &Record) -> Option<Result<K, Implausible>> {
    let run = K::begun(first)?;
    let start = first.start()?;
    if !K::COMMANDS.contains(&start.command) {
        return Some(Err(Implausible::Command { command: start.command.to_owned() }));
    }
    if start.started > LAST_SECOND {
        return Some(Err(Implausible::Start { started: start.started }));
    }
    Some(run)
}

/// The first pass: what the records say, if a run of this version can have written all of them.
pub(super) fn replay(records: impl IntoIterator<Item = Record>) -> Result<RunLog, Flaw> {
    let mut records = records.into_iter();
    let first = records.next().ok_or((1, Implausible::NoBeginning))?;
    let mut log = RunLog::begun(&first).map_err(|why| (1, why))?;
    // It says nothing of what the run did.
    for (record, line) in records.zip(2..).filter(|(record, _)| *record != Record::Undoing) {
        let again = record.start().is_some();
        let step = if again { Err(Implausible::SecondBeginning) } else { log.step(record) };
        step.map_err(|why| (line, why))?;
    }
    Ok(log)
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
    Ok(replay(records)?.options(seen))
}
