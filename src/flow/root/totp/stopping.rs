//! What was begun and did not succeed: what goes, what stays, and who says so.

use super::{TotpEnrolled, TotpSitting};
use crate::flow::context::Context;
use crate::flow::failure::{At, Cause, Residue, Stage};
use crate::flow::root::NotDone;
use crate::flow::root::fido::Evidence;
use crate::flow::run::Run;
use crate::flow::seed_sinks::account_of;
use crate::keys::Serial;
use crate::person::{Notice, Question, RootQuestion, RootStep};

impl TotpSitting {
    /// The person gave up, or something broke while codes were shown. The console may have taken them all the same.
    pub(super) fn stop(mut self, run: Run, cause: Cause, context: &mut Context<'_>) -> Result<TotpEnrolled, NotDone> {
        // Heard. What follows is the undoing, which a second Ctrl-C ends.
        context.interrupt.clear();
        if let Some(serial) = self.is_there_after_all(context) {
            context.tell_if_kept(run.finish());
            return Ok(self.done(Evidence::Seen, Some(serial)));
        }
        Err(self.take_back_if_told(run, (Stage::Codes, cause), context))
    }

    /// The phone did not prove itself. It may have the seed, and the console its codes.
    pub(super) fn no_phone(mut self, run: Run, (stage, cause): At, context: &mut Context<'_>) -> NotDone {
        let at = (stage, context.interrupted_or(cause));
        context.interrupt.clear();
        if self.is_there_after_all(context).is_some() {
            return self.kept(at);
        }
        if self.request.keys.is_empty() {
            // Nothing that glasskey could take back.
            return undone(run, at, context);
        }
        self.take_back_if_told(run, at, context)
    }

    fn is_there_after_all(&mut self, context: &mut Context<'_>) -> Option<String> {
        let serial = if self.tells { self.read(context).ok().flatten() } else { None }?;
        context.tell(Notice::Root(RootStep::Appeared { serial: Some(serial.clone()), expected: None }));
        Some(serial)
    }

    fn take_back_if_told(self, run: Run, at: At, context: &mut Context<'_>) -> NotDone {
        let (credential, keys) = (self.name.id().to_owned(), self.request.keys.clone());
        let answer = context.person.confirm(&Question::Root(RootQuestion::TakeBack { credential, keys }));
        context.interrupt.clear();
        if answer != Some(true) {
            return self.kept(at);
        }
        undone(run, at, context)
    }

    /// Nobody can say that root does not have it: it may be root's only factor.
    fn kept(&self, at: At) -> NotDone {
        let credential = |key: &Serial| Residue::Credential { key: *key, name: self.name.id().to_owned(), why: None };
        let phone = self.request.phone.then(|| Residue::OnPhone { account: account_of(&self.arn) });
        let left = self.request.keys.iter().map(credential).chain(phone).collect();
        NotDone::from(at).leaving(left)
    }
}

/// No code has been seen by anybody.
pub(super) fn take_back(run: Run, (stage, cause): At, context: &mut Context<'_>) -> NotDone {
    let cause = context.interrupted_or(cause);
    if matches!(cause, Cause::Interrupted) && !run.intents.is_empty() {
        context.tell(Notice::Undoing { earlier: false });
    }
    context.interrupt.clear();
    undone(run, (stage, cause), context)
}

fn undone(run: Run, at: At, context: &mut Context<'_>) -> NotDone {
    let left = run.remove_credentials(context);
    NotDone { undone: true, ..NotDone::from(at).leaving(left) }
}
