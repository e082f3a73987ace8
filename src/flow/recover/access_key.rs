//! An interrupted rotation of an access key. The secret is gone with the process: who has it, if anybody, is in the
//! journal; what the keys are is IAM's to say.

use super::options::{Course, Doing, Options};
use super::passes::{Kind, Observation, moment, own_account, since, stopped, strike};
use super::{Outcome, RunState};
use crate::aws::{self, AccessKey, Account};
use crate::flow::access_key::{activate, appeared, deactivate, delete, keys_while_active, read, undo_of};
use crate::flow::context::Context;
use crate::flow::failure::{
    AccessKeyRefusal, Cause, CommonRefusal, Failed, Implausible, RecoverRefusal, Refusal, Residue,
};
use crate::flow::record::{KeyRotation, Record, Undo};
use crate::flow::self_management::open_session;
use crate::journal::Writer;
use crate::person::{Choice, DeactivatedBy, Deed, Handed, KeyIs, Notice, UnfinishedKey};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyRun {
    begin: KeyRotation,
    intents: Vec<Undo>,
    new: Option<String>,
    handed: bool,
    /// AWS has said that it deactivated these; or the person takes it that the run did.
    deactivated: Vec<String>,
}

impl From<UnfinishedKey> for RunState {
    fn from(found: UnfinishedKey) -> Self {
        Self::AccessKey(found)
    }
}

impl Kind for KeyRun {
    const COMMANDS: &[&str] = &["rotate"];
    type Observed = UnfinishedKey;
    type Caller<'a> = &'a Account;

    fn begun(first: &Record) -> Option<Result<Self, Implausible>> {
        let Record::Key(begin) = first else { return None };
        let mut going = begin.first.iter().chain(&begin.old);
        Some(match going.find(|id| !begin.before.contains(id)) {
            Some(id) => Err(Implausible::AccessKey { id: id.clone() }),
            None => Ok(Self {
                begin: begin.clone(),
                intents: Vec::new(),
                new: None,
                handed: false,
                deactivated: Vec::new(),
            }),
        })
    }

    fn step(&mut self, record: Record) -> Result<(), Implausible> {
        let other = |id: String| Err(Implausible::AccessKey { id });
        match record {
            Record::Intend(undo) => {
                self.check_undo(&undo)?;
                self.intents.push(undo);
            }
            Record::Void(undo) => {
                self.check_undo(&undo)?;
                self.intents.retain(|intent| *intent != undo);
            }
            // One that was there before is not new.
            Record::NewKey { id } if self.begin.before.contains(&id) => return other(id),
            Record::NewKey { id } => self.new = Some(id),
            Record::HandedOver => self.handed = true,
            Record::KeyDeactivated { id } | Record::KeyDeleted { id } if !self.goes(&id) => return other(id),
            Record::KeyDeactivated { id } => self.deactivated.push(id),
            Record::KeyDeleted { .. } => {}
            _ => return Err(Implausible::Step),
        }
        Ok(())
    }

    fn caller<'a>(&self, account: Option<&'a Account>) -> Result<&'a Account, RecoverRefusal> {
        own_account(account, &self.begin.account, None)
    }

    fn unknown(&self) -> Residue {
        let (user, why) = (self.begin.user.clone(), aws::Error::Interrupted);
        match (&self.begin.old, self.handed) {
            (Some(id), true) => Residue::KeyUnknown { id: id.clone(), why },
            _ => Residue::NewKey { user, id: self.new.clone(), why },
        }
    }

    fn of(seen: &RunState) -> Option<UnfinishedKey> {
        match seen {
            RunState::AccessKey(seen) => Some(seen.clone()),
            _ => None,
        }
    }

    fn undecided(&self, found: &UnfinishedKey) -> Vec<Residue> {
        let old = found.first.iter().chain(&found.old).map(|(id, is)| (id.clone(), is));
        let old = old.map(|(id, is)| match is {
            KeyIs::Active => Residue::KeyActive { id },
            KeyIs::Inactive(_) => Residue::KeyInactive { id },
            KeyIs::Gone => Residue::KeyGone { id },
        });
        old.chain(new_stays(found)).collect()
    }

    fn observe(&self, account: &Account, context: &mut Context<'_>) -> Result<Observation<UnfinishedKey>, Cause> {
        let (keys, session) = match read(&self.begin.user, account, context) {
            Ok(seen) => {
                let session = match (seen.session, &seen.factor) {
                    (None, Some(factor)) => Some(open_session(account, factor, context)?),
                    (session, _) => session,
                };
                (seen.keys, session)
            }
            Err(Cause::Refused(Refusal::Common(CommonRefusal::NoSuchUser { .. }))) => (Vec::new(), None),
            Err(cause) => return Err(cause),
        };
        Ok(Observation { observed: self.found(&keys), session })
    }

    fn options(&self, found: &UnfinishedKey) -> Course {
        let handed = found.new.is_some() && found.handed == Handed::Yes;
        let finishing = finishing(found);
        if handed && finishing.is_empty() && found.active {
            return Course::Struck(Outcome::WasComplete { keys: Vec::new() });
        }
        let undo = undoing(found);
        if undo.as_ref().is_ok_and(Vec::is_empty) {
            return Course::Struck(Outcome::NothingLeft);
        }
        let may_finish = found.new.is_some() && found.certain && found.handed != Handed::No;
        let recommended = match &found.new {
            // Perhaps somebody else has just made it.
            Some(_) if !found.certain => Choice::Leave,
            // Somebody has deactivated it: nobody knows whether what uses it still needs it.
            Some(_) if handed && !found.active && finishing.is_empty() => Choice::Leave,
            Some(_) if handed => Choice::Finish,
            // Somebody has deleted the old one: the new one may be all that the user has.
            Some(_) if found.handed == Handed::Perhaps && gone(&found.old) => Choice::Leave,
            _ if undo.is_err() => Choice::Leave,
            _ => Choice::Undo,
        };
        let finish = match &found.new {
            Some(new) if !found.active && finishing.is_empty() => {
                Err(RecoverRefusal::NewAccessKeyInactive { new: new.clone() })
            }
            Some(id) if !found.certain => {
                Err(RecoverRefusal::NewAccessKeyPerhapsOthers { id: id.clone(), user: found.user.clone() })
            }
            _ if !may_finish => Err(RecoverRefusal::NoAccessKeyToKeep { user: found.user.clone() }),
            _ => Ok(finishing),
        };
        Course::Open(Options { recommended, finish, undo })
    }

    fn accept(&self, found: &mut UnfinishedKey, choice: Option<Choice>) {
        found.certain |= choice == Some(Choice::Undo);
        for (_, is) in found.first.iter_mut().chain(&mut found.old) {
            if *is == KeyIs::Inactive(DeactivatedBy::Unknown) {
                *is = KeyIs::Inactive(DeactivatedBy::Run);
            }
        }
    }

    fn carry_out(
        &self,
        doing: &Doing,
        seen: &Observation<UnfinishedKey>,
        mut log: Writer,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<Outcome, Failed> {
        let (found, act) = (&seen.observed, seen.session.as_ref().unwrap_or(account));
        let outcome = match doing {
            Doing::Finish(deeds) => finish(found, deeds, (account, act), &mut log, context)?,
            Doing::Undo(_) => undo(found, act, context)?,
        };
        strike(log, outcome, context)
    }
}

impl KeyRun {
    /// Whether it takes this key away.
    fn goes(&self, id: &String) -> bool {
        self.begin.first.iter().chain(&self.begin.old).any(|going| going == id)
    }

    fn check_undo(&self, undo: &Undo) -> Result<(), Implausible> {
        match undo {
            Undo::DeleteKey | Undo::TakeBack { .. } => Ok(()),
            Undo::ActivateKey { id } if self.goes(id) => Ok(()),
            Undo::ActivateKey { id } => Err(Implausible::AccessKey { id: id.clone() }),
            _ => Err(Implausible::Step),
        }
    }

    fn found(&self, keys: &[AccessKey]) -> UnfinishedKey {
        let begin = &self.begin;
        let is = |id: &String| match keys.iter().find(|key| key.id == *id) {
            None => KeyIs::Gone,
            Some(key) if key.active => KeyIs::Active,
            Some(_) if self.deactivated.contains(id) => KeyIs::Inactive(DeactivatedBy::Run),
            Some(_) if self.intents.contains(&undo_of(id)) => KeyIs::Inactive(DeactivatedBy::Unknown),
            Some(_) => KeyIs::Inactive(DeactivatedBy::Others),
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
            active: new.as_ref().is_some_and(|id| is(id) == KeyIs::Active),
            new,
            handed,
            to: begin.to.clone(),
            first: with_state(&begin.first),
            old: with_state(&begin.old),
            keep: begin.keep,
        }
    }
}

/// The key that is inactive, if it is so for this reason.
fn inactive(found: &UnfinishedKey, by: DeactivatedBy) -> Option<&String> {
    let mut keys = found.first.iter().chain(&found.old);
    keys.find(|(_, is)| *is == KeyIs::Inactive(by)).map(|(id, _)| id)
}

/// The key that undoing activates again: the run deactivated it.
fn comes_back(found: &UnfinishedKey) -> Option<&String> {
    inactive(found, DeactivatedBy::Run)
}

/// A key that the run was about to deactivate, and that is inactive: it may have been somebody else, who knows why.
fn perhaps_ours(found: &UnfinishedKey) -> Option<&String> {
    inactive(found, DeactivatedBy::Unknown)
}

/// What undoing does. What may be somebody else's doing is not undone unless the person says that it is the run's.
fn undoing(found: &UnfinishedKey) -> Result<Vec<Deed>, RecoverRefusal> {
    let user = || found.user.clone();
    match (perhaps_ours(found), &found.new) {
        (Some(id), _) => Err(RecoverRefusal::AccessKeyPerhapsOthers { id: id.clone(), user: user() }),
        (None, Some(id)) if !found.certain => {
            Err(RecoverRefusal::NewAccessKeyPerhapsOthers { id: id.clone(), user: user() })
        }
        // The user may have no other.
        (None, Some(new)) if found.handed == Handed::Yes && gone(&found.old) => {
            Err(RecoverRefusal::OldAccessKeyDeleted { new: new.clone(), user: user() })
        }
        (None, new) => {
            let activate = comes_back(found).map(|_| Deed::ActivateOldKey);
            Ok(activate.into_iter().chain(new.is_some().then_some(Deed::DeleteNewKey)).collect())
        }
    }
}

/// The old key is activated first: what uses it must not wait for the rest.
fn undo(found: &UnfinishedKey, act: &Account, context: &mut Context<'_>) -> Result<Outcome, Failed> {
    if let Some(id) = comes_back(found) {
        activate(act, &found.user, id, context).map_err(|(cause, left)| stopped(cause, vec![left], context))?;
    }
    if let Some(new) = &found.new {
        // What was seen may have changed since: the old one is to work before the new one goes.
        let stays = found.old.iter().find(|(id, is)| *is == KeyIs::Active || comes_back(found) == Some(id));
        if let Some((old, _)) = stays {
            still_active(act, &found.user, old, new)
                .map_err(|cause| stopped(cause, new_stays(found).into_iter().collect(), context))?;
        }
        delete(act, &found.user, new, context).map_err(|(cause, _)| {
            let why = match &cause {
                Cause::Aws(why) => why.clone(),
                _ => aws::Error::Interrupted,
            };
            let left = Residue::NewKey { user: found.user.clone(), id: Some(new.clone()), why };
            stopped(cause, vec![left], context)
        })?;
        context.tell(Notice::key_deleted(new));
    }
    Ok(Outcome::Undone)
}

fn still_active(account: &Account, user: &str, old: &str, new: &str) -> Result<(), Cause> {
    let keys = account.access_keys(user)?;
    match keys.iter().any(|key| key.id == old && key.active) {
        true => Ok(()),
        false => Err(Cause::refused(RecoverRefusal::OldAccessKeyGone { old: old.to_owned(), new: new.to_owned() })),
    }
}

/// What is still to be done about the old key.
fn finishing(found: &UnfinishedKey) -> Vec<Deed> {
    let delete = (!found.keep).then_some(Deed::DeleteOldKey);
    match &found.old {
        Some((_, KeyIs::Active)) => std::iter::once(Deed::DeactivateOldKey).chain(delete).collect(),
        Some((_, KeyIs::Inactive(_))) => delete.into_iter().collect(),
        Some((_, KeyIs::Gone)) | None => Vec::new(),
    }
}

/// The old key goes while the new one is seen to be active.
fn finish(
    found: &UnfinishedKey,
    deeds: &[Deed],
    (account, act): (&Account, &Account),
    log: &mut Writer,
    context: &mut Context<'_>,
) -> Result<Outcome, Failed> {
    let done = Ok(Outcome::Completed { keys: Vec::new() });
    let (Some((id, is)), Some(new)) = (&found.old, &found.new) else { return done };
    let stop = |(cause, left), context: &mut Context<'_>| stopped(cause, vec![left], context);
    if account.access_key_id() == id {
        let left = Residue::KeyActive { id: id.clone() };
        return Err(stop((Cause::refused(AccessKeyRefusal::SignsThis { id: id.clone() }), left), context));
    }
    let stays = |cause| match is {
        KeyIs::Active => (cause, Residue::KeyActive { id: id.clone() }),
        KeyIs::Inactive(DeactivatedBy::Run) => {
            (cause, Residue::KeyMayComeBack { id: id.clone(), user: found.user.clone() })
        }
        KeyIs::Inactive(_) => (cause, Residue::KeyInactive { id: id.clone() }),
        KeyIs::Gone => (cause, Residue::KeyGone { id: id.clone() }),
    };
    keys_while_active(act, &found.user, new).map_err(|cause| stop(stays(cause), context))?;
    if deeds.contains(&Deed::DeactivateOldKey) {
        log.append(&Record::Intend(undo_of(id)))
            .map_err(|cause| stop((Cause::Journal(cause), Residue::KeyActive { id: id.clone() }), context))?;
        deactivate(act, &found.user, id, log, context).map_err(|stopped| stop(stopped, context))?;
        context.tell(Notice::key_inactive(id));
    }
    if deeds.contains(&Deed::DeleteOldKey) {
        delete(act, &found.user, id, context).map_err(|stopped| stop(stopped, context))?;
        context.tell(Notice::key_deleted(id));
    }
    done
}

/// The new key, which was not touched.
fn new_stays(found: &UnfinishedKey) -> Option<Residue> {
    let id = found.new.clone()?;
    Some(match found.handed {
        _ if !found.certain => Residue::KeyPerhapsAnothers { id, user: found.user.clone() },
        Handed::Yes if !found.active => Residue::KeyInactive { id },
        Handed::Yes => Residue::KeyWorks { id },
        _ => Residue::NewKey { user: found.user.clone(), id: Some(id), why: aws::Error::Interrupted },
    })
}

fn gone(key: &Option<(String, KeyIs)>) -> bool {
    matches!(key, Some((_, KeyIs::Gone)))
}
