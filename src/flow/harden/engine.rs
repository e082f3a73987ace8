//! One step, led from a state to another and seen to be there: applied, finished or undone, all the same way.

use super::inputs::HardenInputs;
use super::plan::Protections;
use super::step::{Hands, Step};
use crate::aws::{self, Account};
use crate::flow::acknowledged::look_until;
use crate::flow::context::Context;
use crate::flow::failure::{Cause, HardenRefusal, Residue};
use crate::flow::record::Record;
use crate::journal::Writer;
use crate::person::{HardenNotice, HardenSettings, HardenStep, Notice, RecordedState};

/// How often a step is led on where a reply was lost and the world shows that it is not there yet.
const TRIES: u32 = 3;

/// What a step is applied with.
pub(in crate::flow) struct Engine<'e> {
    pub(in crate::flow) account: &'e Account,
    pub(in crate::flow) log: &'e mut Writer,
    pub(in crate::flow) settings: &'e HardenSettings,
    pub(in crate::flow) inputs: &'e HardenInputs,
    /// What the run's steps have noted, each by its name.
    pub(in crate::flow) notes: Vec<(String, String)>,
    /// What is left of runs that are parts of this one.
    pub(in crate::flow) left: Vec<Residue>,
}

impl Engine<'_> {
    /// Applies a step of a plan. The state is read again just before: where it is neither what the plan was made for nor,
    /// for a step that this run has begun, on the way from there, nothing is written.
    pub(in crate::flow) fn apply(
        &mut self,
        step: &'static dyn Step,
        planned: &HardenStep,
        begun: bool,
        context: &mut Context<'_>,
    ) -> Result<(), Cause> {
        context.still_wanted()?;
        let now = step.read(self.account, self.settings)?;
        let is_between = || begun && step.is_between(&planned.before, &now, &planned.after);
        if begun && step.is_same(&now, &planned.after) {
            return self.done(step, context);
        }
        if !step.is_seen_alike(&planned.before, &now) {
            return Err(HardenRefusal::OtherCaller { step: planned.id.clone() }.into());
        }
        if !step.is_same(&now, &planned.before) && !is_between() {
            return Err(HardenRefusal::Changed { step: planned.id.clone() }.into());
        }
        if Protections::of(self.account).missing(step.needs(&planned.after))?.is_some() {
            return Err(HardenRefusal::NoAdministrator { step: planned.id.clone() }.into());
        }
        if !begun {
            self.log.append(&Record::StepBegun { step: planned.id.clone(), before: planned.before.clone() })?;
        }
        self.lead(step, &now, &planned.after, context)?;
        self.done(step, context)
    }

    fn done(&mut self, step: &'static dyn Step, context: &mut Context<'_>) -> Result<(), Cause> {
        let step = step.id().to_owned();
        // If this line is lost, recovery looks.
        let _ = self.log.append(&Record::StepDone { step: step.clone() });
        context.tell(Notice::from(HardenNotice::Done { step }));
        Ok(())
    }

    /// Leads a step's state from one to another, and looks until it is there. Where a reply is lost, AWS is asked.
    pub(in crate::flow) fn lead(
        &mut self,
        step: &'static dyn Step,
        from: &RecordedState,
        to: &RecordedState,
        context: &mut Context<'_>,
    ) -> Result<(), Cause> {
        let mut now = from.clone();
        let mut tries_left = TRIES;
        loop {
            tries_left -= 1;
            let led = step.lead(&now, to, &mut self.hands(step, context));
            let lost = match led {
                Ok(()) => return self.seen(step, (&now, to), context),
                Err(Cause::Aws(why @ aws::Error::OutcomeUnknown { .. })) if self.left.is_empty() => why,
                Err(cause) => return Err(cause),
            };
            let (looked, interrupted) = context.settle(|| step.read(self.account, self.settings));
            let may_go_on = tries_left > 0 && !interrupted;
            match looked {
                Ok(there) if step.is_same(&there, to) => return Ok(()),
                Ok(there) if may_go_on && (step.is_same(&there, from) || step.is_between(from, &there, to)) => {
                    now = there;
                }
                // The key that signs is gone, and was to go.
                Err(aws::Error::UnknownCredentials) if step.takes_own_credentials(self.account, &now, to) => {
                    return Ok(());
                }
                _ if interrupted => return Err(Cause::Interrupted),
                _ => return Err(Cause::Aws(lost)),
            }
        }
    }

    fn hands<'h, 'w>(&'h mut self, step: &'static dyn Step, context: &'h mut Context<'w>) -> Hands<'h, 'w> {
        Hands {
            account: self.account,
            context,
            settings: self.settings,
            inputs: self.inputs,
            left: &mut self.left,
            notes: &mut self.notes,
            log: self.log,
            step: step.id(),
        }
    }

    /// AWS has acknowledged all of it: it is to show it.
    fn seen(
        &self,
        step: &'static dyn Step,
        (led_from, to): (&RecordedState, &RecordedState),
        context: &mut Context<'_>,
    ) -> Result<(), Cause> {
        let looked = look_until("for AWS to show the change", context, || {
            let there = step.read(self.account, self.settings)?;
            let is_so = step.is_same(&there, to);
            Ok(((), is_so))
        });
        match looked {
            Ok(((), true)) => Ok(()),
            Ok(((), false)) => Err(HardenRefusal::NotShown { step: step.id().to_owned() }.into()),
            // The key that signs is gone, and was to go.
            Err(aws::Error::UnknownCredentials) if step.takes_own_credentials(self.account, led_from, to) => Ok(()),
            Err(aws::Error::Interrupted) => Err(Cause::Interrupted),
            Err(_) => Err(HardenRefusal::NotAsked { step: step.id().to_owned() }.into()),
        }
    }
}
