//! What was begun and did not succeed: what goes, what stays, and who says so.

use super::{TotpEnrolled, TotpSitting};
use crate::flow::desk::Desk;
use crate::flow::failure::{At, Cause, Left, Stage};
use crate::flow::places::account_of;
use crate::flow::root::NotDone;
use crate::flow::root::fido::Evidence;
use crate::flow::run::Run;
use crate::keys::Serial;
use crate::person::{Notice, Question, RootQuestion, RootStep};

impl TotpSitting {
    /// The person gave up, or something broke while codes were shown. The console may have taken them all the same.
    pub(super) fn stop(mut self, run: Run, cause: Cause, desk: &mut Desk<'_>) -> Result<TotpEnrolled, NotDone> {
        // Heard. What follows is the undoing, which a second Ctrl-C ends.
        desk.interrupt.clear();
        if let Some(serial) = self.is_there_after_all(desk) {
            if run.finish().is_err() {
                desk.tell(Notice::JournalKept);
            }
            return Ok(self.done(Evidence::Seen, Some(serial)));
        }
        Err(self.take_back_if_told(run, (Stage::Codes, cause), desk))
    }

    /// The phone did not prove itself. It may have the seed, and the console its codes.
    pub(super) fn no_phone(mut self, run: Run, (stage, cause): At, desk: &mut Desk<'_>) -> NotDone {
        let at = (stage, desk.interrupted_or(cause));
        desk.interrupt.clear();
        if self.is_there_after_all(desk).is_some() {
            return self.kept(at);
        }
        if self.request.keys.is_empty() {
            // Nothing that glasskey could take back.
            return undone(run, at, desk);
        }
        self.take_back_if_told(run, at, desk)
    }

    fn is_there_after_all(&mut self, desk: &mut Desk<'_>) -> Option<String> {
        let serial = if self.tells { self.look(desk).ok().flatten() } else { None }?;
        desk.tell(Notice::Root(RootStep::Appeared { serial: Some(serial.clone()), expected: None }));
        Some(serial)
    }

    fn take_back_if_told(self, run: Run, at: At, desk: &mut Desk<'_>) -> NotDone {
        let (credential, keys) = (self.name.id().to_owned(), self.request.keys.clone());
        let answer = desk.person.confirm(&Question::Root(RootQuestion::TakeBack { credential, keys }));
        desk.interrupt.clear();
        if answer != Some(true) {
            return self.kept(at);
        }
        undone(run, at, desk)
    }

    /// Nobody can say that root does not have it: it may be root's only factor.
    fn kept(&self, at: At) -> NotDone {
        let credential = |key: &Serial| Left::Credential { key: *key, name: self.name.id().to_owned(), why: None };
        let phone = self.request.phone.then(|| Left::OnPhone { account: account_of(&self.arn) });
        let left = self.request.keys.iter().map(credential).chain(phone).collect();
        NotDone::from(at).leaving(left)
    }
}

/// No code has been seen by anybody.
pub(super) fn take_back(run: Run, (stage, cause): At, desk: &mut Desk<'_>) -> NotDone {
    let cause = desk.interrupted_or(cause);
    if matches!(cause, Cause::Interrupted) && !run.intents.is_empty() {
        desk.tell(Notice::Undoing);
    }
    desk.interrupt.clear();
    undone(run, (stage, cause), desk)
}

fn undone(run: Run, at: At, desk: &mut Desk<'_>) -> NotDone {
    let left = run.remove_credentials(desk);
    NotDone { undone: true, ..NotDone::from(at).leaving(left) }
}
