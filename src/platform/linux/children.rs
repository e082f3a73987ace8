//! Ending the programs that a thread has started through somebody else's code, which keeps no handle to them.
//!
//! Linux tells the children of each thread in `/proc` (`CONFIG_PROC_CHILDREN`, which distributions' kernels have).
//! Where nothing is told, nothing is ended.

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const LOOK: Duration = Duration::from_millis(5);

/// How long a program that is asked to end may take.
const TO_END: Duration = Duration::from_millis(300);

/// The programs that one thread has started.
#[derive(Clone)]
pub struct Children {
    list: PathBuf,
}

impl Children {
    /// Of the thread that calls this.
    #[must_use]
    pub fn of_this_thread() -> Self {
        let thread = fs::read_link("/proc/thread-self").unwrap_or_default();
        Self { list: Path::new("/proc").join(thread).join("children") }
    }

    /// Waits so long for them to end by themselves; then they are killed, with all that they have started. None stays
    /// behind as a zombie.
    pub fn end(&self, grace: Duration) {
        let deadline = Instant::now() + grace;
        let mut all = listed(&self.list);
        loop {
            all.retain(|child| matches!(waitpid(Some(*child), WaitOptions::NOHANG), Ok(None)));
            if all.is_empty() || Instant::now() >= deadline {
                break;
            }
            std::thread::sleep(LOOK);
        }
        for descendant in all.iter().flat_map(|child| stopped(*child)) {
            let _ = kill_process(descendant, Signal::KILL);
        }
        for child in all {
            let _ = waitpid(Some(child), WaitOptions::empty());
        }
    }
}

/// Asks a child of this process, and all that it has started, to end; what does not is killed soon after. It is left to be
/// waited for.
pub fn end_with_all_it_started(child: u32) {
    let Some(first) = i32::try_from(child).ok().and_then(Pid::from_raw) else { return };
    let all = stopped(first);
    for process in &all {
        let _ = kill_process(*process, Signal::TERM).and_then(|()| kill_process(*process, Signal::CONT));
    }
    let deadline = Instant::now() + TO_END;
    while all.iter().any(|process| runs(*process)) && Instant::now() < deadline {
        std::thread::sleep(LOOK);
    }
    for process in all.into_iter().filter(|process| runs(*process)) {
        let _ = kill_process(process, Signal::KILL);
    }
}

/// Neither gone nor a zombie: `PID (NAME) STATE …` (proc_pid_stat(5)).
fn runs(process: Pid) -> bool {
    let stat = fs::read(format!("/proc/{}/stat", process.as_raw_pid())).unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat);
    stat.rsplit_once(')').is_some_and(|(_, after)| !after.trim_start().starts_with(['Z', 'X']))
}

/// A process and all that it has started: stopped one by one, so that they start no more meanwhile.
fn stopped(first: Pid) -> Vec<Pid> {
    let mut found = vec![first];
    let mut next = 0;
    while let Some(process) = found.get(next).copied() {
        next += 1;
        let _ = kill_process(process, Signal::STOP);
        let threads = fs::read_dir(format!("/proc/{}/task", process.as_raw_pid()));
        for thread in threads.into_iter().flatten().flatten() {
            found.extend(listed(&thread.path().join("children")));
        }
    }
    found
}

fn listed(list: &Path) -> Vec<Pid> {
    let text = fs::read_to_string(list).unwrap_or_default();
    text.split_whitespace().filter_map(|word| word.parse().ok().and_then(Pid::from_raw)).collect()
}
