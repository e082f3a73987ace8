//! A process that is struck when a message passes, and many worlds side by side.

use super::{Run, Simulated};
use glasskey::sim::aws::Wrong;
use glasskey::sim::tap::{Passing, Wire};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::io::Read;
use std::panic::resume_unwind;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// What is done to the process.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Blow {
    Kill,
    Interrupt,
}

/// Not an exit code: the process was killed.
pub(crate) const KILLED: i32 = -9;

impl Blow {
    pub(crate) fn strike(self, pid: u32) {
        let signal = match self {
            Self::Kill => Signal::KILL,
            Self::Interrupt => Signal::INT,
        };
        kill_process(i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap(), signal).unwrap();
    }
}

/// Runs the command, and strikes its process at each message that `when` picks. The message waits until the signal has
/// been sent.
pub(crate) fn struck(
    world: &Simulated,
    mut command: Command,
    blow: Blow,
    when: impl Fn(&Passing) -> bool + Send + Sync + 'static,
) -> Run {
    let pid: Arc<Mutex<Option<u32>>> = Arc::default();
    let known = Arc::clone(&pid);
    world.tap.listen(move |passing| {
        if when(passing) {
            blow.strike(known.lock().unwrap().expect("the process runs"));
        }
    });
    let mut slot = pid.lock().unwrap();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    *slot = Some(child.id());
    drop(slot);
    let done = finished(child);
    world.tap.silence();
    done
}

/// Picks the n-th message, counted from 0.
pub(crate) fn nth(nth: usize) -> impl Fn(&Passing) -> bool + Send + Sync + 'static {
    let seen = std::sync::atomic::AtomicUsize::new(0);
    move |_| seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == nth
}

/// Whether this is a call of that name to AWS.
pub(crate) fn is_call(passing: &Passing, name: &str) -> bool {
    matches!(&passing.wire, Wire::Aws { action } if action == name)
}

pub(crate) fn finished(mut child: Child) -> Run {
    let mut stdout = String::new();
    let mut stderr = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    Run { stdout, stderr, code: child.wait().unwrap().code().unwrap_or(KILLED) }
}

/// Every message of a run that must go well.
pub(crate) fn messages(world: &Simulated, command: Command) -> Vec<Passing> {
    messages_beside(world, command, |_| {})
}

/// The same, while somebody else listens too.
pub(crate) fn messages_beside(
    world: &Simulated,
    mut command: Command,
    beside: impl Fn(&Passing) + Send + Sync + 'static,
) -> Vec<Passing> {
    let passed = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&passed);
    world.tap.listen(move |passing| {
        beside(passing);
        list.lock().unwrap().push(passing.clone());
    });
    let done = super::run(&mut command);
    world.tap.silence();
    assert_eq!(done.code, 0, "{done:?}");
    let passed = passed.lock().unwrap();
    passed.clone()
}

/// The calls to AWS among messages, each with its number among those of its name.
pub(crate) fn calls(passing: &[Passing]) -> Vec<(String, u32)> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let names = passing.iter().filter(|it| !it.done).filter_map(|it| match &it.wire {
        Wire::Aws { action } => Some(action.clone()),
        _ => None,
    });
    names
        .map(|action| {
            let count = counts.entry(action.clone()).or_default();
            *count += 1;
            (action, *count)
        })
        .collect()
}

pub(crate) fn server_error() -> Wrong {
    Wrong::Code { status: 500, code: "ServiceFailure".to_owned(), message: "Internal".to_owned() }
}

/// What may go wrong with a call to AWS.
pub(crate) fn ways() -> [Wrong; 7] {
    let concurrent =
        Wrong::Code { status: 409, code: "ConcurrentModification".to_owned(), message: "Wait".to_owned() };
    [Wrong::LoseReply, Wrong::NeverArrive, Wrong::Throttle, Wrong::Deny, Wrong::Expire, server_error(), concurrent]
}

/// Counts endings by kind, and prints them.
#[allow(clippy::print_stdout)]
pub(crate) fn tally(name: &str, endings: &[&'static str]) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    endings.iter().for_each(|ending| *counts.entry(ending).or_default() += 1);
    println!("{name}: {} cases, {counts:?}", endings.len());
}

/// Tries every case, so many at a time: most of them wait for something now and then.
pub(crate) fn side_by_side<T: Send, R: Send>(
    workers: usize,
    cases: Vec<T>,
    try_one: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let cases = Mutex::new(cases.into_iter());
    let work = || {
        let next = || cases.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
        std::iter::from_fn(next).map(&try_one).collect::<Vec<R>>()
    };
    std::thread::scope(|scope| {
        let working: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        working.into_iter().flat_map(|it| it.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}
