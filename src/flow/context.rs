//! What a flow works with, borrowed from the [`World`] for one command.

use super::failure::{At, Cause, EnrollRefusal, Failed, Residue, Stage};
use crate::aws::Connector;
use crate::journal::{self, Journal};
use crate::person::{Notice, Person, Question};
use crate::platform::Interrupt;
use crate::sink;
use crate::totp::Clock;
use crate::unlock::UnlockedKeys;
use crate::used_codes::UsedCodes;
use crate::world::World;
use std::time::{Duration, SystemTime};

pub(super) struct Context<'w> {
    pub(super) keys: UnlockedKeys<'w>,
    pub(super) person: &'w mut dyn Person,
    pub(super) clock: Clock,
    pub(super) interrupt: Interrupt,
    pub(super) journal: Journal,
    pub(super) used_codes: UsedCodes,
    /// Where a code has been sent already, say when the next one is due instead of waiting for it.
    pub(super) no_wait: bool,
    pub(super) no_touch: bool,
}

/// Beyond this the person is told; a code's life forgives less than it.
const NOTABLE_SECONDS: u64 = 5;

impl<'w> Context<'w> {
    pub(super) fn over(world: &'w mut World) -> Result<Self, Cause> {
        let journal = Journal::open(&world.state)?;
        Ok(Self::with(journal, world))
    }

    fn with(journal: Journal, world: &'w mut World) -> Self {
        Self {
            keys: UnlockedKeys::new(&*world.ports),
            person: &mut *world.person,
            clock: world.clock.clone(),
            interrupt: world.interrupt.clone(),
            journal,
            used_codes: UsedCodes::in_dir(&world.state),
            no_wait: false,
            no_touch: false,
        }
    }

    /// A flow's opening: the way to AWS, and the context.
    pub(super) fn open(stage: Stage, world: &'w mut World) -> Result<(Connector, Self), Failed> {
        Self::opened(Journal::open(&world.state), stage, world)
    }

    /// The same of a flow that only looks, which needs no state directory.
    pub(super) fn look(stage: Stage, world: &'w mut World) -> Result<(Connector, Self), Failed> {
        Self::opened(Journal::look(&world.state), stage, world)
    }

    /// As [`Context::look`] where a run is only planned.
    pub(super) fn plan_or_open(plan: bool, stage: Stage, world: &'w mut World) -> Result<(Connector, Self), Failed> {
        if plan { Self::look(stage, world) } else { Self::open(stage, world) }
    }

    fn opened(
        journal: Result<Journal, journal::Error>,
        stage: Stage,
        world: &'w mut World,
    ) -> Result<(Connector, Self), Failed> {
        match journal {
            Ok(journal) => Ok((world.aws.clone(), Self::with(journal, world))),
            Err(cause) => {
                let (cause, ahead) = (Cause::Journal(cause), world.clock.ahead_seconds());
                Err(Failed { stage, cause, left: Vec::new(), ahead })
            }
        }
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        self.person.tell(&notice);
    }

    pub(super) fn sinks(&mut self) -> sink::Context<'_, 'w> {
        sink::Context { keys: &mut self.keys, person: &mut *self.person, clock: &self.clock }
    }

    /// Says how far the host's clock is off, where that is worth saying.
    pub(super) fn tell_clock(&mut self) {
        if let Some(ahead) = self.clock.ahead_seconds()
            && ahead.unsigned_abs() > NOTABLE_SECONDS
        {
            self.tell(Notice::ClockOff { ahead });
        }
    }

    /// The flow has failed, and the world is as it was.
    pub(super) fn fail(&self, stage: Stage, cause: Cause) -> Failed {
        self.fail_leaving((stage, cause), Vec::new())
    }

    /// The flow has failed, and this is left in the world.
    pub(super) fn fail_leaving(&self, (stage, cause): At, left: Vec<Residue>) -> Failed {
        Failed { stage, cause, left, ahead: self.clock.ahead_seconds() }
    }

    /// As [`Context::fail_leaving`], where the person may have asked to stop, which has been heard then.
    pub(super) fn stopped(&self, (stage, cause): At, left: Vec<Residue>) -> Failed {
        let cause = self.interrupted_or(cause);
        self.interrupt.clear();
        self.fail_leaving((stage, cause), left)
    }

    /// A run is done: says so where the journal still lists it.
    pub(super) fn tell_if_kept(&mut self, finished: Result<(), journal::Error>) {
        if finished.is_err() {
            self.tell(Notice::JournalKept);
        }
    }

    /// What ended a step: where the person has asked to stop, that, whatever it looked like to the step.
    pub(super) fn interrupted_or(&self, cause: Cause) -> Cause {
        if self.interrupt.raised() { Cause::Interrupted } else { cause }
    }

    /// The reply to a call that changes something was lost: asks what is so now, and says whether the person had
    /// interrupted. An interrupt that cut the wait short has been heard; the question must still be asked.
    pub(super) fn settle<T>(&mut self, ask: impl FnOnce() -> T) -> (T, bool) {
        let interrupted = self.interrupt.raised();
        self.interrupt.clear();
        self.tell(Notice::Asking);
        (ask(), interrupted)
    }

    /// Whether a moment is no further from now than this, on either side: the machine may have slept since, or its clock
    /// may have been put right.
    pub(super) fn is_within(&self, limit: Duration, moment: SystemTime) -> bool {
        let now = self.clock.now();
        now.duration_since(moment).unwrap_or_else(|ahead| ahead.duration()) <= limit
    }

    /// Between two steps: has the person asked to stop?
    pub(super) fn go_on(&self) -> Result<(), Cause> {
        if self.interrupt.raised() { Err(Cause::Interrupted) } else { Ok(()) }
    }

    /// Before something that cannot be taken back: has the person ever asked to stop, be it that the request was heard
    /// where a lost reply had to be settled first?
    pub(super) fn still_wanted(&self) -> Result<(), Cause> {
        if self.interrupt.ever_raised() { Err(Cause::Interrupted) } else { Ok(()) }
    }

    /// The plan has been told: may it be carried out?
    pub(super) fn approve(&mut self, approved: bool) -> Result<(), Cause> {
        self.go_on()?;
        if approved { Ok(()) } else { confirmed(&Question::Proceed, self.person, &self.interrupt) }
    }

    /// As [`Context::approve`]. Where a device would be enabled whose seed no place has proved, that is asked by itself, and
    /// a yes to everything does not answer it.
    pub(super) fn approve_unproved(&mut self, approved: bool, unproved: bool) -> Result<(), Cause> {
        if approved && unproved {
            return Err(Cause::refused(EnrollRefusal::Unproved));
        }
        self.approve(approved)?;
        if unproved { confirmed(&Question::EnableUnproved, self.person, &self.interrupt) } else { Ok(()) }
    }

    /// Waits, second by second so that a countdown can be shown.
    pub(super) fn wait(&mut self, what: &'static str, duration: Duration) -> Result<(), Cause> {
        self.wait_part(what, duration, 0)
    }

    /// The same of a part of a longer wait, of which so many seconds are left afterwards.
    pub(super) fn wait_part(&mut self, what: &'static str, duration: Duration, left: u64) -> Result<(), Cause> {
        let went_on = count_down_to(left, what, duration, &self.clock, self.person);
        if went_on { Ok(()) } else { Err(Cause::Interrupted) }
    }
}

/// Asks whether to go on.
pub(super) fn confirmed(question: &Question, person: &mut dyn Person, interrupt: &Interrupt) -> Result<(), Cause> {
    match person.confirm(question) {
        Some(true) => Ok(()),
        _ if interrupt.raised() => Err(Cause::Interrupted),
        Some(false) => Err(Cause::Declined),
        None => Err(Cause::NobodyToAsk),
    }
}

/// Waits, and tells the person each second how many are left. `false`: interrupted.
pub(super) fn count_down(what: &'static str, duration: Duration, clock: &Clock, person: &mut dyn Person) -> bool {
    count_down_to(0, what, duration, clock, person)
}

fn count_down_to(left: u64, what: &'static str, duration: Duration, clock: &Clock, person: &mut dyn Person) -> bool {
    (1..=duration.as_secs_f64().ceil() as u64).rev().all(|seconds| {
        person.tell(&Notice::Waiting { what, seconds: seconds.saturating_add(left) });
        clock.sleep(Duration::from_secs(1))
    })
}
