//! The end of all waiting. A prompt, a wait or a reply is ended as Ctrl-C would end it; a key that still blinks then
//! cannot be told to stop, so the process ends without it.

use crate::cli::console::Console;
use crate::cli::explain::{Exit, Explanation};
use crate::platform::Interrupt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long what was interrupted may take to end.
const GRACE: Duration = Duration::from_secs(1);

pub(super) struct Deadline {
    done: Sender<()>,
    watch: JoinHandle<bool>,
}

impl Deadline {
    pub(super) fn begin(after: Duration, interrupt: Interrupt, console: Console) -> Self {
        let (done, ended) = channel();
        let watch = std::thread::spawn(move || watch(&ended, after, &interrupt, console));
        Self { done, watch }
    }

    /// Whether the command ended in time.
    pub(super) fn end(self) -> bool {
        drop(self.done);
        self.watch.join().unwrap_or(true)
    }
}

fn watch(ended: &Receiver<()>, after: Duration, interrupt: &Interrupt, mut console: Console) -> bool {
    let over = |wait| ended.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
    if over(after) {
        return true;
    }
    interrupt.raise();
    if !over(GRACE) {
        console.error(&timed_out(after));
        signal_hook::low_level::exit(Exit::Person as i32);
    }
    false
}

pub(super) fn timed_out(after: Duration) -> Explanation {
    Explanation::new("timed_out", format!("gave up after {} s: no touch, no answer", after.as_secs()))
        .hint("run the same command again and touch the key when it blinks; --timeout gives more time")
        .exit(Exit::Person)
}
