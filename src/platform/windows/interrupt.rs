//! The person asks to stop: an event that every wait can wait for, beside a console, a reply or a time.

use super::system::console::{self, Control};
use super::system::events::{self, Event};
use super::terminal;
use std::io;
use std::os::windows::io::{AsHandle, BorrowedHandle};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Whether the person asked to stop. Clones see the same request.
///
/// The first Ctrl-C, Ctrl-Break, closing of the window, sign-out or shutdown raises it, and the command undoes what it
/// did. A second Ctrl-C ends the process at once with exit code 130; the journal stays for `glasskey recover`.
#[derive(Clone)]
pub struct Interrupt(Arc<State>);

struct State {
    /// Set and reset where `raised` is, so that the two never differ.
    event: Event,
    raised: watch::Sender<bool>,
    ever: AtomicBool,
}

/// Those that the console raises.
static INSTALLED: Mutex<Vec<Interrupt>> = Mutex::new(Vec::new());

/// The next Ctrl-C is a second one.
static ARMED: AtomicBool = AtomicBool::new(false);

impl Interrupt {
    /// One that only [`Interrupt::raise`] raises.
    pub fn new() -> io::Result<Self> {
        let (raised, _) = watch::channel(false);
        Ok(Self(Arc::new(State { event: Event::new()?, raised, ever: AtomicBool::new(false) })))
    }

    /// One that the console raises.
    pub fn install() -> io::Result<Self> {
        let interrupt = Self::new()?;
        INSTALLED.lock().unwrap_or_else(PoisonError::into_inner).push(interrupt.clone());
        console::handle_controls(heard)?;
        Ok(interrupt)
    }

    /// Raises it, as Ctrl-C would.
    pub fn raise(&self) {
        self.0.ever.store(true, Ordering::SeqCst);
        self.become_raised(true);
    }

    fn become_raised(&self, now: bool) {
        self.0.raised.send_modify(|raised| {
            *raised = now;
            // A handle of our own to an event: neither call has a reason to fail.
            let _ = if now { self.0.event.set() } else { self.0.event.reset() };
        });
    }

    #[must_use]
    pub fn raised(&self) -> bool {
        *self.0.raised.borrow()
    }

    /// Whether it has ever been raised, heard or not: what comes after the work that was under way is not begun.
    #[must_use]
    pub fn ever_raised(&self) -> bool {
        self.0.ever.load(Ordering::SeqCst)
    }

    /// Lowers it: the request has been heard, and what follows (the undoing) is not to be cut short by it.
    pub fn clear(&self) {
        self.become_raised(false);
    }

    /// Waits for it, at most this long. `true` when it is raised.
    #[must_use]
    pub fn wait(&self, at_most: Duration) -> bool {
        matches!(events::first_of(&[self.as_handle()], Some(at_most)), Ok(Some(_)))
    }

    /// Completes when it is raised.
    pub async fn raised_async(&self) {
        if self.0.raised.subscribe().wait_for(|raised| *raised).await.is_err() {
            std::future::pending().await
        }
    }
}

impl AsHandle for Interrupt {
    fn as_handle(&self) -> BorrowedHandle<'_> {
        self.0.event.as_handle()
    }
}

/// What the console sends. On a thread of its own, so it may wait.
fn heard(control: Control) {
    if ARMED.swap(true, Ordering::SeqCst) && control == Control::Stop {
        terminal::restore();
        events::end_process(130);
    }
    INSTALLED.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(Interrupt::raise);
    terminal::end_reading();
    // Windows ends the process when this returns, or soon after (5 s for a window that is closed): until then the
    // command undoes what it did, and ends by itself.
    while control == Control::Close {
        std::thread::park();
    }
}
