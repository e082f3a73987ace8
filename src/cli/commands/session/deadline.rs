//! The end of all waiting. A prompt, a wait or a reply is ended as Ctrl-C would end it; a key that still blinks then
//! cannot be told to stop, so the process ends without it.

use crate::aws::{Running, Waiting};
use crate::cli::console::Console;
use crate::cli::explain::{Exit, Explanation};
use crate::person::Notice;
use crate::platform::Interrupt;
use std::borrow::Cow;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long what was interrupted may take to end.
const GRACE: Duration = Duration::from_secs(1);

/// What is waited for at this moment, behind `while waiting`. `None`: for a person, who was asked for a touch.
#[derive(Clone)]
pub(super) struct Waited(Arc<Mutex<Option<Cow<'static, str>>>>);

impl Default for Waited {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Some(ANSWERS))))
    }
}

/// Where nothing else is known.
const ANSWERS: Cow<'static, str> = Cow::Borrowed("for AWS, the key or another glasskey to answer");

impl Waited {
    fn set(&self, what: Option<Cow<'static, str>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = what;
    }

    pub(super) fn hear(&self, notice: &Notice) {
        match notice {
            Notice::Waiting { what, .. } => self.set(Some(Cow::Borrowed(*what))),
            Notice::Touch { .. } => self.set(None),
            _ => self.set(Some(ANSWERS)),
        }
    }

    pub(super) fn hear_process(&self, waiting: &Waiting) {
        let Waiting { profile, program, stage } = waiting;
        match stage {
            Running::Ended => self.set(Some(ANSWERS)),
            _ => self.set(Some(format!("for `{program}`, the credential_process of profile \"{profile}\"").into())),
        }
    }
}

pub(super) struct Deadline {
    done: Sender<()>,
    watch: JoinHandle<bool>,
}

impl Deadline {
    pub(super) fn begin(after: Duration, interrupt: Interrupt, console: Console, waited: Waited) -> Self {
        let (done, ended) = channel();
        let watch = std::thread::spawn(move || watch(&ended, after, &interrupt, console, &waited));
        Self { done, watch }
    }

    /// Whether the command ended in time.
    pub(super) fn end(self) -> bool {
        drop(self.done);
        self.watch.join().unwrap_or(true)
    }
}

fn watch(
    ended: &Receiver<()>,
    after: Duration,
    interrupt: &Interrupt,
    mut console: Console,
    waited: &Waited,
) -> bool {
    let over = |wait| ended.recv_timeout(wait) != Err(RecvTimeoutError::Timeout);
    if over(after) {
        return true;
    }
    interrupt.raise();
    if !over(GRACE) {
        console.error(&timed_out(after, waited));
        signal_hook::low_level::exit(Exit::Person as i32);
    }
    false
}

pub(super) fn timed_out(after: Duration, waited: &Waited) -> Explanation {
    let after = after.as_secs();
    if let Some(what) = &*waited.0.lock().unwrap_or_else(PoisonError::into_inner) {
        return Explanation::new("timed_out", format!("gave up after {after} s, while waiting {what}"))
            .hint("run the same command again a little later; --timeout gives more time")
            .exit(Exit::Person);
    }
    Explanation::new("timed_out", format!("gave up after {after} s: no touch, no answer"))
        .hint("run the same command again and touch the key when it blinks; --timeout gives more time")
        .exit(Exit::Person)
}
