//! Recovering the rotation of an access key. The secret is gone with the process: who has it, if anybody, is in the
//! journal; what the keys are is IAM's to say.

use super::{RecoverRequest, decide, moment, since};
use crate::aws::{self, AccessKey, Account};
use crate::flow::access_key::{activate, appeared, deactivate, delete, keys_while_active, look, undo_of};
use crate::flow::desk::Desk;
use crate::flow::failure::{AccessKeyRefusal, Cause, CommonRefusal, Failed, Left, Refusal, Stage};
use crate::flow::record::{KeyRotation, Record, Undo};
use crate::flow::recover::Outcome;
use crate::flow::self_management::open_session;
use crate::journal::Writer;
use crate::person::{Choice, Handed, KeyIs, Notice, UnfinishedKey};

/// A rotation of an access key as the journal has it.
pub(super) struct Rotation {
    pub(super) id: String,
    pub(super) begin: KeyRotation,
    pub(super) intents: Vec<Undo>,
    pub(super) new: Option<String>,
    pub(super) handed: bool,
}

/// What IAM says, and who acts.
pub(super) struct Examined {
    pub(super) found: UnfinishedKey,
    session: Option<Account>,
}

impl Rotation {
    /// What to say of it where nothing could be looked at.
    pub(super) fn unknown(&self) -> Left {
        let (user, why) = (self.begin.user.clone(), aws::Error::Interrupted);
        match (&self.begin.old, self.handed) {
            (Some(id), true) => Left::KeyUnknown { id: id.clone(), why },
            _ => Left::NewKey { user, id: self.new.clone(), why },
        }
    }

    pub(super) fn examine(&self, account: &Account, desk: &mut Desk<'_>) -> Result<Examined, Cause> {
        let (keys, session) = match look(&self.begin.user, account, desk) {
            Ok(seen) => {
                let session = match (seen.session, &seen.factor) {
                    (None, Some(factor)) => Some(open_session(account, factor, desk)?),
                    (session, _) => session,
                };
                (seen.keys, session)
            }
            Err(Cause::Refused(Refusal::Common(CommonRefusal::NoSuchUser { .. }))) => (Vec::new(), None),
            Err(cause) => return Err(cause),
        };
        Ok(Examined { found: self.found(&keys), session })
    }

    fn found(&self, keys: &[AccessKey]) -> UnfinishedKey {
        let begin = &self.begin;
        let is = |id: &String| match keys.iter().find(|key| key.id == *id) {
            None => KeyIs::Gone,
            Some(key) if key.active => KeyIs::Active,
            Some(_) => KeyIs::Inactive,
        };
        let there = |id: &String| is(id) != KeyIs::Gone;
        // One that was made before the run began is not of its making, whatever the record says.
        let made_since = |id: &String| keys.iter().any(|key| key.id == *id && since(begin.started, key.created));
        let new = match &self.new {
            Some(id) => Some(id.clone()).filter(|id| there(id) && made_since(id)),
            None if self.intents.contains(&Undo::DeleteKey) => match &*appeared(keys, &begin.before) {
                [one] => Some(one.id.clone()),
                _ => None,
            },
            None => None,
        };
        let tried = self.intents.iter().any(|intent| matches!(intent, Undo::TakeBack { .. }));
        // The old key goes only when it was handed over, whether or not that could be written down.
        let handed = self.handed || begin.old.as_ref().is_some_and(|id| self.intents.contains(&undo_of(id)));
        let handed = match (handed, tried) {
            (true, _) => Handed::Yes,
            (false, true) => Handed::Perhaps,
            (false, false) => Handed::No,
        };
        let with_state = |id: &Option<String>| id.as_ref().map(|id| (id.clone(), is(id)));
        UnfinishedKey {
            user: begin.user.clone(),
            started: moment(begin.started),
            certain: self.new.is_some(),
            new,
            handed,
            to: begin.to.clone(),
            first: with_state(&begin.first),
            old: with_state(&begin.old),
            keep: begin.keep,
        }
    }

    /// A key that the run has deactivated, or was about to.
    fn deactivated<'f>(&self, found: &'f UnfinishedKey) -> Option<&'f String> {
        let keys = found.first.iter().chain(&found.old);
        let mut ours = keys.filter(|(id, is)| *is == KeyIs::Inactive && self.intents.contains(&undo_of(id)));
        ours.next().map(|(id, _)| id)
    }

    /// Decides, with the person where there is a choice, and carries it out.
    pub(super) fn settle(
        &self,
        request: RecoverRequest,
        examined: &Examined,
        account: &Account,
        desk: &mut Desk<'_>,
    ) -> Result<Outcome, Failed> {
        let found = &examined.found;
        let act = examined.session.as_ref().unwrap_or(account);
        let stop = |cause, left: Vec<Left>, desk: &mut Desk<'_>| {
            desk.interrupt.clear();
            desk.fail_leaving((Stage::Recover, cause), left)
        };
        let journal = |cause, desk: &mut Desk<'_>| stop(Cause::Journal(cause), Vec::new(), desk);
        let mut log = desk.journal.resume(&self.id).map_err(|cause| journal(cause, desk))?;
        let open = match &found.old {
            Some((_, KeyIs::Active)) => true,
            Some((_, KeyIs::Inactive)) => !found.keep,
            Some((_, KeyIs::Gone)) | None => false,
        };
        let handed = found.new.is_some() && found.handed == Handed::Yes;
        let outcome = if handed && !open {
            Outcome::WasComplete { keys: Vec::new() }
        } else if found.new.is_none() && self.deactivated(found).is_none() {
            Outcome::NothingLeft
        } else {
            let may_finish = found.new.is_some() && found.certain && found.handed != Handed::No;
            let recommended = match &found.new {
                // Perhaps somebody else has just made it.
                Some(_) if !found.certain => Choice::Leave,
                Some(_) if handed => Choice::Finish,
                // Somebody has deleted the old one: the new one may be all that the user has.
                Some(_) if found.handed == Handed::Perhaps && gone(&found.old) => Choice::Leave,
                _ => Choice::Undo,
            };
            let choice = decide(request, may_finish, recommended, desk)
                .map_err(|cause| stop(cause, vec![self.unknown()], desk))?;
            match choice {
                Choice::Leave => return Ok(Outcome::Left),
                Choice::Forget => Outcome::Forgotten,
                Choice::Finish => self.finish(found, (account, act), &mut log, desk)?,
                Choice::Undo => self.undo(found, act, desk)?,
            }
        };
        log.finish().map_err(|cause| journal(cause, desk))?;
        Ok(outcome)
    }

    fn finish(
        &self,
        found: &UnfinishedKey,
        (account, act): (&Account, &Account),
        log: &mut Writer,
        desk: &mut Desk<'_>,
    ) -> Result<Outcome, Failed> {
        let done = Ok(Outcome::Completed { keys: Vec::new() });
        let (Some((id, is)), Some(new)) = (&found.old, &found.new) else { return done };
        let stop = |(cause, left), desk: &mut Desk<'_>| {
            desk.interrupt.clear();
            desk.fail_leaving((Stage::Recover, cause), vec![left])
        };
        if account.access_key_id() == id {
            let left = Left::KeyActive { id: id.clone() };
            return Err(stop((Cause::refused(AccessKeyRefusal::SignsThis { id: id.clone() }), left), desk));
        }
        let stays = |cause| match is {
            KeyIs::Active => (cause, Left::KeyActive { id: id.clone() }),
            _ => (cause, Left::KeyInactive { id: id.clone() }),
        };
        keys_while_active(act, &found.user, new).map_err(|cause| stop(stays(cause), desk))?;
        if *is == KeyIs::Active {
            log.append(&Record::Intend(undo_of(id)))
                .map_err(|cause| stop((Cause::Journal(cause), Left::KeyActive { id: id.clone() }), desk))?;
            deactivate(act, &found.user, id, desk).map_err(|stopped| stop(stopped, desk))?;
            desk.tell(Notice::key_inactive(id));
        }
        if !found.keep && *is != KeyIs::Gone {
            delete(act, &found.user, id, desk).map_err(|stopped| stop(stopped, desk))?;
            desk.tell(Notice::key_deleted(id));
        }
        done
    }

    /// The old key is activated first: what uses it must not wait for the rest.
    fn undo(&self, found: &UnfinishedKey, act: &Account, desk: &mut Desk<'_>) -> Result<Outcome, Failed> {
        let stop = |(cause, left), desk: &mut Desk<'_>| {
            desk.interrupt.clear();
            desk.fail_leaving((Stage::Recover, cause), vec![left])
        };
        if let Some(id) = self.deactivated(found) {
            activate(act, &found.user, id, desk).map_err(|stopped| stop(stopped, desk))?;
        }
        if let Some(new) = &found.new {
            delete(act, &found.user, new, desk).map_err(|(cause, _)| {
                let why = match &cause {
                    Cause::Aws(why) => why.clone(),
                    _ => aws::Error::Interrupted,
                };
                stop((cause, Left::NewKey { user: found.user.clone(), id: Some(new.clone()), why }), desk)
            })?;
            desk.tell(Notice::key_deleted(new));
        }
        Ok(Outcome::Undone)
    }
}

fn gone(key: &Option<(String, KeyIs)>) -> bool {
    matches!(key, Some((_, KeyIs::Gone)))
}
