//! Users that need nobody: several threads, each with connections of its own, all at one pace.

use super::super::context::Context;
use super::{Became, Book, Row, SharedInputs, Watch, begun};
use crate::aws::Pace;
use crate::flow::failure::Cause;
use crate::journal::Journal;
use crate::person::{Notice, Person, Question};
use crate::platform::Interrupt;
use crate::totp::{Clock, unix};
use crate::unlock::UnlockedKeys;
use crate::used_codes::UsedCodes;
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Calls wait for AWS most of the time; more threads than this would only wait for their turn.
const THREADS: usize = 8;

enum Event<'r> {
    /// This user's turn has come. The thread waits for the answer: whether it is written down.
    Begins(&'r Row, SyncSender<bool>),
    Ended(&'r Row, Became),
    Told(Notice),
}

struct Shared<'a, 'r> {
    rows: &'a [&'r Row],
    next: AtomicUsize,
    stop: AtomicBool,
    /// Rows whose turn had come when an earlier process ended.
    begun: Vec<Option<u64>>,
    clock: Clock,
    interrupt: Interrupt,
    journal: Journal,
    state: &'a Path,
}

/// Works through the rows. `true`: the person interrupted.
pub(super) fn work(
    work: &SharedInputs<'_>,
    rows: &[&Row],
    state: &Path,
    book: &mut Book<'_>,
    watch: &mut dyn Watch,
    context: &mut Context<'_>,
) -> Result<bool, Cause> {
    let pace = Arc::new(Pace::default());
    book.shown = true;
    let shared = Shared {
        rows,
        next: AtomicUsize::new(0),
        stop: AtomicBool::new(false),
        begun: rows.iter().map(|row| begun(book.ledger.state(row))).collect(),
        clock: context.clock.clone(),
        interrupt: context.interrupt.clone(),
        journal: context.journal.clone(),
        state,
    };
    let (events, heard) = sync_channel(THREADS);
    let accounts: Vec<_> = (0..THREADS.min(rows.len())).map(|_| work.account.another(Arc::clone(&pace))).collect();
    let (request, usable) = (work.request, work.usable);
    std::thread::scope(|scope| {
        for account in accounts {
            let (events, shared) = (events.clone(), &shared);
            scope.spawn(move || {
                let work = SharedInputs { request, usable, account: &account };
                one_thread(&work, shared, &events);
            });
        }
        drop(events);
        let outcome = listen(&heard, &shared, &pace, book, watch, context);
        // Whoever is still at work ends the turn it has begun; nobody begins another.
        shared.stop.store(true, Ordering::SeqCst);
        for event in heard {
            match event {
                Event::Ended(row, became) => drop(book.end(row, became, watch, context)),
                Event::Told(notice) => watch.notice(&notice),
                Event::Begins(..) => {}
            }
        }
        outcome
    })
}

/// Until every thread has ended.
fn listen<'r>(
    heard: &Receiver<Event<'r>>,
    shared: &Shared<'_, 'r>,
    pace: &Pace,
    book: &mut Book<'_>,
    watch: &mut dyn Watch,
    context: &mut Context<'_>,
) -> Result<bool, Cause> {
    let mut told = false;
    let mut kinds = HashSet::new();
    let mut interrupted = false;
    loop {
        match heard.recv_timeout(Duration::from_millis(250)) {
            Ok(Event::Begins(row, answer)) => {
                if context.interrupt.ever_raised() {
                    // Its answer never comes, and nobody is begun.
                    interrupted = true;
                    shared.stop.store(true, Ordering::SeqCst);
                    continue;
                }
                let written = book.begin(row, unix(context.clock.now()));
                let _ = answer.send(written.is_ok());
                written?;
            }
            Ok(Event::Ended(row, became)) => {
                if matches!(&became, Became::Failed(why) if matches!(why.cause, Cause::Interrupted)) {
                    interrupted = true;
                    shared.stop.store(true, Ordering::SeqCst);
                }
                book.end(row, became, watch, context)?;
            }
            Ok(Event::Told(notice)) => {
                let left = matches!(notice, Notice::StillAnnounced { .. });
                if left || kinds.insert(std::mem::discriminant(&notice)) {
                    watch.notice(&notice);
                }
            }
            Err(RecvTimeoutError::Timeout) => book.tell_progress(watch),
            Err(RecvTimeoutError::Disconnected) => return Ok(interrupted || context.interrupt.ever_raised()),
        }
        // Whoever was under way may have heard it, and undone or ended its user.
        if context.interrupt.ever_raised() {
            interrupted = true;
            shared.stop.store(true, Ordering::SeqCst);
        }
        if let (1.., rate) = pace.throttled()
            && !std::mem::replace(&mut told, true)
        {
            watch.throttled(rate);
        }
    }
}

/// User after user, until there is none or somebody says stop.
fn one_thread<'r>(work: &SharedInputs<'_>, shared: &Shared<'_, 'r>, events: &SyncSender<Event<'r>>) {
    let mut person = Nobody(events.clone());
    let mut context = Context {
        keys: UnlockedKeys::empty(),
        person: &mut person,
        clock: shared.clock.clone(),
        interrupt: shared.interrupt.clone(),
        journal: shared.journal.clone(),
        used_codes: UsedCodes::in_dir(shared.state),
        no_wait: false,
        no_touch: false,
    };
    while !shared.stop.load(Ordering::SeqCst) {
        let nth = shared.next.fetch_add(1, Ordering::SeqCst);
        let Some(row) = shared.rows.get(nth).copied() else { return };
        let (answer, written) = sync_channel(1);
        if events.send(Event::Begins(row, answer)).is_err() || !written.recv().unwrap_or(false) {
            return;
        }
        let begun = shared.begun.get(nth).copied().flatten();
        let became = work.turn_or_found(row, begun, None, &mut context);
        if events.send(Event::Ended(row, became)).is_err() {
            return;
        }
    }
}

/// There is nobody to talk to: the outcome says all, but for what concerns other machines.
struct Nobody<'r>(SyncSender<Event<'r>>);

impl Person for Nobody<'_> {
    fn is_there(&self) -> bool {
        false
    }
    fn tell(&mut self, notice: &Notice) {
        let of_others = matches!(
            notice,
            Notice::NotAnnounced { .. } | Notice::OthersUnseen { .. } | Notice::StillAnnounced { .. }
        );
        if of_others {
            let _ = self.0.send(Event::Told(notice.clone()));
        }
    }
    fn confirm(&mut self, _: &Question) -> Option<bool> {
        None
    }
}
