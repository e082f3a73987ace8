//! What may be done about an interrupted run, what is recommended, and what each choice would do. Data alone; each kind of
//! run fills it in from what its record says and what was seen, and asks nobody.

use super::{Outcome, RecoverRequest};
use crate::flow::context::Context;
use crate::flow::failure::{Cause, RecoverRefusal};
use crate::person::{Choice, Deed, Offer};

/// What follows from what is seen of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Course {
    /// There is nothing to choose: the run is struck from the journal, and this is what became of it.
    Struck(Outcome),
    Open(Options),
}

/// What may be chosen. To leave a run as it is, and to forget it, are always among it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What `--yes` takes.
    pub recommended: Choice,
    /// What finishing does, in this order, or why it is refused.
    pub finish: Result<Vec<Deed>, RecoverRefusal>,
    /// What undoing does, in this order, or why it is refused. Nothing: the run is struck, and nothing else.
    pub undo: Result<Vec<Deed>, RecoverRefusal>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Leave,
    Forget,
    Do(Doing),
}

/// What is to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doing {
    Finish(Vec<Deed>),
    Undo(Vec<Deed>),
}

impl Options {
    /// Where undoing had begun, finishing is not recommended.
    pub(super) fn of_an_undoing(self) -> Self {
        let recommended = match self.recommended {
            Choice::Finish if self.undo.is_ok() => Choice::Undo,
            Choice::Finish => Choice::Leave,
            other => other,
        };
        Self { recommended, ..self }
    }

    /// What a choice comes to.
    fn take(self, choice: Choice) -> Result<Decision, RecoverRefusal> {
        match choice {
            Choice::Leave => Ok(Decision::Leave),
            Choice::Forget => Ok(Decision::Forget),
            Choice::Finish => self.finish.map(|deeds| Decision::Do(Doing::Finish(deeds))),
            Choice::Undo => self.undo.map(|deeds| Decision::Do(Doing::Undo(deeds))),
        }
    }
}

/// Takes what was asked for, or what is recommended, or asks the person.
pub(super) fn decide(
    request: &RecoverRequest,
    options: Options,
    context: &mut Context<'_>,
) -> Result<Decision, Cause> {
    let choice = match request.choice {
        Some(choice) => choice,
        None if request.recommended => options.recommended,
        None => match context.person.choose(offer(&options.finish), offer(&options.undo)) {
            Some(choice) => choice,
            None if context.interrupt.raised() => return Err(Cause::Interrupted),
            None => return Err(Cause::NobodyToAsk),
        },
    };
    options.take(choice).map_err(Cause::refused)
}

fn offer(deeds: &Result<Vec<Deed>, RecoverRefusal>) -> Offer<'_> {
    deeds.as_deref().map_err(ToString::to_string)
}

/// The deeds, where they are offered.
pub(super) fn offered(offered: bool, deeds: &[Deed]) -> Result<Vec<Deed>, RecoverRefusal> {
    if offered { Ok(deeds.to_vec()) } else { Err(RecoverRefusal::CannotFinish) }
}
