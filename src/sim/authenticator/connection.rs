//! Open devices, and the life of one command: it comes in, may wait for a touch, and its answer goes out.
//!
//! The key has no thread of its own. Whoever sends or receives carries it on; while it waits for a touch, that is
//! whoever waits for its answer.

use super::applet::Applet;
use super::ctap::{self, Moment, Person};
use super::fault::{self, Passing, What, When};
use super::hid::{self, Message, Step};
use super::options::{Touch, Uv};
use super::status::KEEPALIVE_CANCEL;
use super::{Inner, Logged, SoftAuthenticator, u2f};
use crate::sim::oath_card::Watcher;
use crate::sim::tap::Wire;
use crate::transport::Error;
use crate::transport::hid::{Hid, Report};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// Between two keepalives (CTAP 2.1 §11.2.9.2.1).
const KEEPALIVE_EVERY: Duration = Duration::from_millis(100);
/// STATUS_UPNEEDED.
const TOUCH_NEEDED: u8 = 2;
/// A connection that nobody reads loses what comes after this many reports, as Linux lets it.
const UNREAD: usize = 4096;
/// CTAP1_ERR_OTHER.
const OTHER: u8 = 0x7F;

/// An open software authenticator. Several at a time see each other's answers, as hidraw devices do.
pub struct Connection {
    key: SoftAuthenticator,
    number: u64,
    insertion: u64,
}

/// A command that is being carried out.
pub(super) struct Job {
    number: u64,
    message: Message,
    fault: Option<(When, What)>,
    since: Instant,
    stage: Stage,
}

enum Stage {
    Passing,
    /// Waiting for a touch; when the next keepalive is due.
    Waiting {
        keepalive: Instant,
    },
}

impl Job {
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.stage, Stage::Waiting { .. })
    }
}

impl Connection {
    pub(super) fn open(key: &SoftAuthenticator) -> Self {
        let mut inner = key.inner();
        inner.opened += 1;
        let number = inner.opened;
        if inner.plugged {
            inner.connections.insert(number, Default::default());
        }
        Self { key: key.clone(), number, insertion: inner.insertion }
    }

    /// Sends one report; see [`Hid::send`].
    ///
    /// # Errors
    /// [`Error::Removed`] when the key has been pulled.
    pub fn send(&self, report: &Report) -> Result<(), Error> {
        self.key.tick();
        let mut inner = self.key.inner();
        inner.check(self.insertion)?;
        let (entered, watchers) = inner.take(report);
        drop(inner);
        self.key.0.changed.notify_all();
        watchers.iter().for_each(|watcher| watcher.pulled());
        match entered {
            Entered::Lost => return Err(Error::Removed),
            Entered::Nothing => {}
            Entered::Command(number) => self.key.enter(number),
            Entered::Cancelled(number) => self.key.leave(number, (hid::CBOR, vec![KEEPALIVE_CANCEL.0])),
        }
        Ok(())
    }

    /// The next report; see [`Hid::receive`].
    ///
    /// # Errors
    /// [`Error::Removed`] when the key has been pulled.
    pub fn receive(&self, within: Duration) -> Result<Option<Report>, Error> {
        let end = Instant::now().checked_add(within);
        loop {
            self.key.tick();
            let mut inner = self.key.inner();
            inner.check(self.insertion)?;
            if let Some(report) = inner.connections.get_mut(&self.number).and_then(|unread| unread.pop_front()) {
                return Ok(Some(report));
            }
            let now = Instant::now();
            if end.is_some_and(|end| now >= end) {
                return Ok(None);
            }
            let wake = [end, inner.next_event()].into_iter().flatten().min();
            let wait = wake.map_or(Duration::from_secs(60), |wake| wake.saturating_duration_since(now));
            drop(self.key.0.changed.wait_timeout(inner, wait).unwrap_or_else(PoisonError::into_inner));
        }
    }
}

impl Hid for Connection {
    fn send(&mut self, report: &Report) -> Result<(), Error> {
        Self::send(self, report)
    }

    fn receive(&mut self, within: Duration) -> Result<Option<Report>, Error> {
        Self::receive(self, within)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.key.inner().connections.remove(&self.number);
    }
}

/// What a report set going.
enum Entered {
    /// The key was pulled before the report got there.
    Lost,
    Nothing,
    Command(u64),
    /// The command that was waiting, by the number of its job.
    Cancelled(u64),
}

impl SoftAuthenticator {
    /// Brings a command in: past the tap, then to the applet.
    fn enter(&self, number: u64) {
        self.pass(number, false);
        let mut inner = self.inner();
        let answer = inner.carry_out(number);
        drop(inner);
        self.0.changed.notify_all();
        if let Some(answer) = answer {
            self.leave(number, answer);
        }
    }

    /// Lets an answer out: past the tap, then to everybody.
    fn leave(&self, number: u64, answer: (u8, Vec<u8>)) {
        self.pass(number, true);
        let watchers = self.inner().answer(number, answer);
        self.0.changed.notify_all();
        watchers.iter().for_each(|watcher| watcher.pulled());
    }

    fn pass(&self, number: u64, done: bool) {
        let passing = {
            let inner = self.inner();
            let job = inner.job.as_ref().filter(|job| job.number == number);
            job.map(|job| (inner.tap.clone(), inner.applet.options.serial, name(&job.message)))
        };
        if let Some((tap, serial, command)) = passing {
            tap.pass(|| Wire::Fido { serial, command }, done);
        }
    }

    /// Does what is due: a late message, a keepalive, a touch, the end of waiting for one.
    fn tick(&self) {
        let mut inner = self.inner();
        let now = Instant::now();
        if let Some(late) = inner.link.late(now) {
            inner.tell(hid::reports(&late));
            self.0.changed.notify_all();
        }
        let finished = inner.wait_on(now);
        drop(inner);
        if let Some((number, answer)) = finished {
            self.leave(number, answer);
        }
    }
}

impl Inner {
    fn check(&self, insertion: u64) -> Result<(), Error> {
        if self.plugged && insertion == self.insertion { Ok(()) } else { Err(Error::Removed) }
    }

    /// A report to the key; and whom to tell when it pulled the key.
    fn take(&mut self, report: &Report) -> (Entered, Vec<Arc<dyn Watcher>>) {
        self.reports += 1;
        let struck = fault::due(&mut self.faults, Passing::Report);
        let [c0, c1, c2, c3, ..] = *report;
        match struck {
            Some((When::Before, What::Pull)) => return (Entered::Lost, self.pull()),
            Some((_, What::Drop)) => return (Entered::Nothing, Vec::new()),
            Some((_, What::Error(code))) => {
                let answer = hid::error_message(u32::from_be_bytes([c0, c1, c2, c3]), code);
                self.tell(hid::reports(&answer));
                return (Entered::Nothing, Vec::new());
            }
            Some((when, what)) if what != What::Pull => {
                let on = fault::On::Message(1);
                self.faults.push(fault::Armed::new(fault::Fault { on, when, what }));
            }
            _ => {}
        }
        let entered = self.arrived(report);
        // The report got there, and then the key was pulled.
        if let (Some((When::After, What::Pull)), Entered::Command(number)) = (struck, &entered) {
            self.carry_out(*number);
        }
        let pulled = if matches!(struck, Some((_, What::Pull))) { self.pull() } else { Vec::new() };
        (entered, pulled)
    }

    fn arrived(&mut self, report: &Report) -> Entered {
        let busy = self.job.as_ref().map(|job| job.message.channel);
        match self.link.take(report, busy, Instant::now()) {
            Step::Nothing => Entered::Nothing,
            Step::Answer(answer) => {
                self.tell(hid::reports(&answer));
                Entered::Nothing
            }
            Step::Resync(answer) => {
                self.job.take_if(|job| job.message.channel == answer.channel);
                self.tell(hid::reports(&answer));
                Entered::Nothing
            }
            Step::Command(message) => Entered::Command(self.begin(message)),
            Step::Cancel(channel) => {
                let job = self.job.as_mut().filter(|job| job.message.channel == channel && job.is_waiting());
                job.map_or(Entered::Nothing, |job| {
                    job.stage = Stage::Passing;
                    Entered::Cancelled(job.number)
                })
            }
        }
    }

    fn begin(&mut self, message: Message) -> u64 {
        self.jobs += 1;
        let fault = fault::due(&mut self.faults, Passing::Message { command: name(&message) });
        self.job = Some(Job { number: self.jobs, message, fault, since: Instant::now(), stage: Stage::Passing });
        self.jobs
    }

    /// The answer of a command that came in; `None` while it waits for a touch, or when it is there no more.
    fn carry_out(&mut self, number: u64) -> Option<(u8, Vec<u8>)> {
        let job = self.job.as_ref().filter(|job| job.number == number)?;
        let message = job.message.clone();
        if job.fault.is_some_and(|(when, what)| when == When::Before && !fault::spoils_only_the_answer(what)) {
            return Some((message.command, Vec::new()));
        }
        if message.command != hid::CBOR {
            return Some(self.other(&message));
        }
        let mut answer = self.run(&message, Person::Unasked);
        if answer.is_none() && self.touch == Touch::AtOnce {
            answer = self.run(&message, self.person());
        }
        if answer.is_none()
            && let Some(job) = &mut self.job
        {
            job.since = Instant::now();
            job.stage = Stage::Waiting { keepalive: job.since };
        }
        answer.map(|answer| (hid::CBOR, answer))
    }

    fn person(&self) -> Person {
        Person::Touched { matches: self.uv == Uv::Match }
    }

    fn run(&mut self, message: &Message, person: Person) -> Option<Vec<u8>> {
        let at = Moment { now: self.applet.options.clock.now(), person };
        ctap::run(&mut self.applet, at, &message.data)
    }

    /// What is not CTAP2.
    fn other(&mut self, message: &Message) -> (u8, Vec<u8>) {
        let refuse = |code| (hid::ERROR, vec![code]);
        match (message.command, &message.data[..]) {
            (hid::PING, data) => (hid::PING, data.to_vec()),
            (hid::MSG, apdu) if self.applet.options.u2f => (hid::MSG, u2f::answer(apdu)),
            (hid::WINK, []) => {
                self.winks += 1;
                (hid::WINK, Vec::new())
            }
            (hid::LOCK, [seconds @ 0..=10]) => {
                self.link.lock(message.channel, *seconds, Instant::now());
                (hid::LOCK, Vec::new())
            }
            (hid::LOCK, [_]) => refuse(hid::INVALID_PARAMETER),
            (hid::WINK | hid::LOCK, _) => refuse(hid::INVALID_LENGTH),
            (hid::DEVICE_INFO, data) if self.applet.options.device_info => match device_info(&self.applet, data) {
                Some(page) => (hid::DEVICE_INFO, page),
                None => refuse(hid::INVALID_PARAMETER),
            },
            _ => refuse(hid::INVALID_COMMAND),
        }
    }

    /// Carries on with the command that waits for a touch; its answer, where the wait is over.
    fn wait_on(&mut self, now: Instant) -> Option<(u64, (u8, Vec<u8>))> {
        let (touched, given_up) = (self.touch_due()?, self.given_up()?);
        let person = match () {
            () if touched.is_some_and(|due| now >= due) => self.person(),
            () if now >= given_up => Person::Absent,
            () => {
                self.keep_alive(now);
                return None;
            }
        };
        let message = self.job.as_ref()?.message.clone();
        let answer = self.run(&message, person).unwrap_or_else(|| vec![OTHER]);
        let job = self.job.as_mut()?;
        job.stage = Stage::Passing;
        Some((job.number, (hid::CBOR, answer)))
    }

    fn keep_alive(&mut self, now: Instant) {
        let Some(job) = &mut self.job else { return };
        let Stage::Waiting { keepalive } = &mut job.stage else { return };
        if now >= *keepalive {
            *keepalive = now + KEEPALIVE_EVERY;
            let alive = Message { channel: job.message.channel, command: hid::KEEPALIVE, data: vec![TOUCH_NEEDED] };
            self.tell(hid::reports(&alive));
        }
    }

    /// Where something waits: when the person touches the key, if ever.
    fn touch_due(&self) -> Option<Option<Instant>> {
        let job = self.job.as_ref().filter(|job| job.is_waiting())?;
        Some(match self.touch {
            Touch::AtOnce => Some(job.since),
            Touch::After(delay) => Some(job.since + delay),
            Touch::Never => None,
        })
    }

    /// Where something waits: until when.
    fn given_up(&self) -> Option<Instant> {
        let job = self.job.as_ref().filter(|job| job.is_waiting())?;
        Some(job.since + self.applet.options.touch_timeout)
    }

    /// When something will happen by itself.
    fn next_event(&self) -> Option<Instant> {
        let keepalive = self.job.as_ref().and_then(|job| match job.stage {
            Stage::Waiting { keepalive } => Some(keepalive),
            Stage::Passing => None,
        });
        [self.link.deadline(), keepalive, self.touch_due().flatten(), self.given_up()].into_iter().flatten().min()
    }

    /// Sends an answer, with what is to happen to it; and whom to tell when that pulled the key.
    fn answer(&mut self, number: u64, (command, data): (u8, Vec<u8>)) -> Vec<Arc<dyn Watcher>> {
        let Some(job) = self.job.take_if(|job| job.number == number) else { return Vec::new() };
        let what = job.fault.map(|(_, what)| what);
        let status = data.first().copied().filter(|_| command == hid::CBOR && what.is_none());
        self.log.push(Logged { command: name(&job.message), status });
        self.tell(fault::spoil(what, Message { channel: job.message.channel, command, data }));
        if what == Some(What::Pull) { self.pull() } else { Vec::new() }
    }

    /// Every open connection gets the reports.
    fn tell(&mut self, reports: Vec<Report>) {
        for unread in self.connections.values_mut() {
            let room = UNREAD.saturating_sub(unread.len());
            unread.extend(reports.iter().take(room));
        }
    }
}

/// How a command is called in taps, faults and logs.
fn name(message: &Message) -> u8 {
    match message.data.first() {
        Some(command) if message.command == hid::CBOR => *command,
        _ => hid::FIRST | message.command,
    }
}

fn device_info(applet: &Applet, data: &[u8]) -> Option<Vec<u8>> {
    match data {
        [] => applet.options.device_info(0),
        [page] => applet.options.device_info(*page),
        _ => None,
    }
}
