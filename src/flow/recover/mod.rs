//! Recover: finish or undo every interrupted run, in three passes: what its record says (`log::replay`), what IAM and
//! the keys show and what may be done then (`options`), and the deeds (`passes`). A kind of run is one file here.
//!
//! The journal alone is never believed: a run that no glasskey can have written is left alone, and of the others IAM and
//! the keys are asked. Finishing needs no seed, since both codes can be computed by the key; for people who may not
//! delete MFA devices it is the only way out.

mod access_key; // the rotation of an access key
mod added; // what enrollments and rotations have in common: a device that is made
mod enrollment; // an IAM user's device is made
mod from_key; // a device is enabled with codes of a key
mod harden; // an account is hardened
mod log; // the record of a run, replayed: every kind of run is listed there
mod options; // what may be done, and what each choice would do
mod passes; // what a kind of run says of itself, and the three passes
mod removed; // what rotations and retirements have in common: a device that goes
mod retirement; // a device is taken away
mod root; // root's device is made
mod rotation; // a device is made, and another taken away

use super::context::Context;
use super::failure::{Cause, Failed, RecoverRefusal, Residue, Stage};
use super::record::Record;
use crate::aws;
use crate::journal;
use crate::keys::Serial;
use crate::person::{
    Choice, HardenNotice, Notice, Unfinished, UnfinishedHarden, UnfinishedKey, UnfinishedRetirement,
};
use crate::world::World;
pub use harden::undo_hardening;
#[doc(hidden)]
pub use log::options_of;
use log::{RunLog, replay};
#[doc(hidden)]
pub use options::{Course, Options};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoverRequest {
    /// What to do with each run; the person is asked when not said.
    pub choice: Option<Choice>,
    pub recommended: bool,
    /// The person's word is taken for an enabled device that no key here can prove to be the run's.
    pub accept_unproved: bool,
    /// Only runs of this user; `root` names the root user's, and `user/NAME` an IAM user of any name.
    pub user: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    pub found: RunState,
    pub outcome: Outcome,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    Run(Unfinished),
    Retirement(UnfinishedRetirement),
    AccessKey(UnfinishedKey),
    Harden(UnfinishedHarden),
}

impl RunState {
    /// How a request names whose it is.
    fn user(&self) -> String {
        match self {
            Self::Run(found) => named(&found.user, found.root),
            Self::Retirement(found) => named(&found.user, false),
            Self::AccessKey(found) => named(&found.user, false),
            Self::Harden(_) => ROOT.to_owned(),
        }
    }

    fn notice(&self) -> Notice {
        match self.clone() {
            Self::Run(found) => Notice::Unfinished(found),
            Self::Retirement(found) => Notice::UnfinishedRetirement(found),
            Self::AccessKey(found) => Notice::UnfinishedKey(found),
            Self::Harden(found) => HardenNotice::Unfinished(found).into(),
        }
    }
}

/// What became of an unfinished run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The device was enabled with codes from a key.
    Finished {
        keys: Vec<Serial>,
        /// Seconds since the Unix epoch.
        first_code_from: u64,
    },
    /// The device had been enabled before the run was cut short, and the keys hold it.
    WasComplete {
        keys: Vec<Serial>,
    },
    /// The device that was to go is gone.
    Completed {
        /// The keys that hold the credential of the device that stays.
        keys: Vec<Serial>,
    },
    /// What the run had made was removed, and what it had taken away was given back.
    Undone,
    /// There was nothing in the world to undo.
    NothingLeft,
    Left,
    /// Left as it is, and struck from the journal.
    Forgotten,
}

/// Some runs could not be recovered.
#[derive(Debug)]
pub struct NotAll {
    /// What became of the others.
    pub done: Vec<Recovered>,
    /// Of the first of them why, and what is left of all.
    pub failed: Failed,
}

impl From<Failed> for NotAll {
    fn from(failed: Failed) -> Self {
        Self { done: Vec::new(), failed }
    }
}

/// Recovers every run that did not end, or those of one user, one after the other.
///
/// # Errors
/// [`NotAll`]. Runs that are not believed, or cannot be read, come last, each is named, and they are kept as they are.
pub fn recover(request: &RecoverRequest, world: &mut World) -> Result<Vec<Recovered>, NotAll> {
    let (connector, mut context) = Context::open(Stage::Recover, world)?;
    let Read { mut runs, bad } = read_runs(&mut context).map_err(|cause| context.fail(Stage::Recover, cause))?;
    if request.choice != Some(Choice::Undo) {
        // An enrollment may be a part of one that hardens an account: it is finished before it, and undone after it.
        runs.sort_by_key(|run| matches!(run.log, RunLog::Hardening(_)));
    }
    if let Some(user) = &request.user {
        runs.retain(|run| is_of(run.user.as_deref(), user));
        if runs.is_empty() {
            let cause = Cause::refused(RecoverRefusal::NoRunOf { user: user.clone() });
            return Err(context.fail(Stage::Recover, cause).into());
        }
    }
    let done = if runs.is_empty() { Ok(Vec::new()) } else { recover_each(request, &runs, &connector, &mut context) };
    let mut bad = bad.into_iter();
    let others = |bad: std::vec::IntoIter<Cause>| bad.map(|why| Residue::BadRun { why: Box::new(why) });
    match done {
        Err(mut not_all) => {
            not_all.failed.left.extend(others(bad));
            Err(not_all)
        }
        Ok(done) => match bad.next() {
            Some(cause) => {
                let failed = context.fail_leaving((Stage::Recover, cause), others(bad).collect());
                Err(NotAll { done, failed })
            }
            None => Ok(done),
        },
    }
}

/// How a request names the root user.
const ROOT: &str = "root";

/// How a request names an IAM user, or the root user.
fn named(user: &str, root: bool) -> String {
    match (root, user) {
        (true, _) => ROOT.to_owned(),
        (false, ROOT) => format!("user/{user}"),
        (false, user) => user.to_owned(),
    }
}

/// Whether a run of this IAM user, or of the root user, is what a request names.
fn is_of(user: Option<&str>, named: &str) -> bool {
    match (user, named.strip_prefix("user/")) {
        (None, _) => named == ROOT,
        (Some(user), Some(named)) => user == named,
        (Some(user), None) => user == named && user != ROOT,
    }
}

fn recover_each(
    request: &RecoverRequest,
    runs: &[Recorded],
    connector: &aws::Connector,
    context: &mut Context<'_>,
) -> Result<Vec<Recovered>, NotAll> {
    let at_work = |cause| context.fail(Stage::Recover, Cause::Journal(cause));
    context.journal.idle().map_err(at_work)?;
    let account = match connector.connect() {
        // Root may have been given its device without anybody asking AWS.
        Err(aws::Error::NoCredentials { .. }) if runs.iter().all(|run| matches!(run.log, RunLog::RootDevice(_))) => {
            None
        }
        connected => Some(
            connected
                .map_err(|cause| context.fail_leaving((Stage::Recover, Cause::Aws(cause)), still_there(runs)))?,
        ),
    };
    context.tell_clock();
    let (mut done, mut first): (_, Option<Failed>) = (Vec::new(), None);
    for (n, run) in runs.iter().enumerate() {
        let recovered = match context.still_wanted() {
            Ok(()) => run.log.recover((&run.id, run.undoing), request, account.as_ref(), context),
            Err(cause) => Err(context.fail_leaving((Stage::Recover, cause), vec![run.log.unknown()])),
        };
        let failed = match recovered {
            Ok(recovered) => {
                done.push(recovered);
                continue;
            }
            Err(failed) => failed,
        };
        let ends_all = !concerns_one_run(&failed.cause);
        let failed = match &mut first {
            Some(first) => {
                first.left.extend(failed.left);
                first
            }
            None => first.insert(failed),
        };
        if ends_all {
            failed.left.extend(still_there(runs.get(n + 1..).unwrap_or_default()));
            break;
        }
    }
    match first {
        Some(failed) => Err(NotAll { done, failed }),
        None => Ok(done),
    }
}

/// Whether the other runs may be recovered all the same.
fn concerns_one_run(cause: &Cause) -> bool {
    use aws::Error::{Denied, MfaRefused, NotFound, NotSeen, WrongCodes};
    match cause {
        Cause::Aws(why) => {
            matches!(why, Denied { .. } | NotFound { .. } | WrongCodes | MfaRefused { .. } | NotSeen { .. })
        }
        Cause::Refused(_) | Cause::Keys(_) | Cause::Sink(_) => true,
        _ => false,
    }
}

/// What to say of runs that were not reached: their devices may be there.
fn still_there(runs: &[Recorded]) -> Vec<Residue> {
    runs.iter().map(|run| run.log.unknown()).collect()
}

/// A run as the journal has it.
struct Recorded {
    id: String,
    /// Whose it is; `None`: the root user's.
    user: Option<String>,
    log: RunLog,
    /// Recovery has begun to undo it.
    undoing: bool,
}

struct Read {
    /// Oldest first.
    runs: Vec<Recorded>,
    /// Of what cannot be read or is not believed, why.
    bad: Vec<Cause>,
}

/// Reads the journal. Files of runs that had not begun anything are removed, and that is said.
fn read_runs(context: &mut Context<'_>) -> Result<Read, Cause> {
    let found = context.journal.all::<Record>()?;
    for path in found.empty {
        match context.journal.remove_empty(&path) {
            Ok(removed) => context.tell(Notice::EmptyRun { path, removed }),
            // Another glasskey may have made it just now.
            Err(journal::Error::Busy { .. }) => {}
            Err(error) => return Err(Cause::Journal(error)),
        }
    }
    let mut read = Read { runs: Vec::new(), bad: found.unreadable.into_iter().map(Cause::Journal).collect() };
    for journal::Unfinished { id, entries } in found.unfinished {
        let path = context.journal.path_of(&id);
        let format = entries.first().and_then(Record::start).map(|start| start.version);
        if format.is_some_and(|format| u64::from(format) != journal::FORMAT) {
            read.bad.push(Cause::Journal(journal::Error::Unreadable { path, line: 1 }));
            continue;
        }
        let user = entries.first().and_then(Record::start).and_then(|start| start.user).map(str::to_owned);
        let undoing = entries.contains(&Record::Undoing);
        match replay(entries) {
            Ok(log) => read.runs.push(Recorded { id, user, log, undoing }),
            Err((line, why)) => read.bad.push(Cause::refused(RecoverRefusal::NotBelieved { path, line, why })),
        }
    }
    Ok(read)
}
