//! The steps of a rotation of an access key, and what undoes them.

use super::{KeyRequest, OldKey, SecretTo, left_behind, undo_of};
use crate::aws::{self, AccessKey, Account, Call, Identity, NewAccessKey};
use crate::flow::acknowledged::is_seen;
use crate::flow::context::Context;
use crate::flow::failure::{AccessKeyRefusal, At, Cause, Failed, Residue, Stage};
use crate::flow::record::{Record, Undo};
use crate::flow::self_management::{Factor, open_session};
use crate::journal::Writer;
use crate::person::{AccessKeyStep, Notice, Question};
use crate::sink::{self, AccessKeySink, ChildCommand, CommandEnd, PipeTrouble};
use std::time::{Duration, SystemTime};

/// Between the questions whether AWS knows a new key: a minute and a half in all. Some seconds are usual.
const WAITS: [u64; 10] = [1, 2, 3, 5, 8, 13, 13, 15, 15, 15];

/// A rotation under way.
pub(super) struct Rotation<'a> {
    pub(super) request: &'a KeyRequest,
    pub(super) log: Writer,
    /// Signed with the caller's credentials.
    pub(super) base: &'a Account,
    pub(super) factor: Option<Factor>,
    /// The session that acts, where there is one.
    pub(super) act: Option<Account>,
    /// The keys there were.
    pub(super) before: Vec<String>,
    /// Deleted to make room.
    pub(super) gone: Option<String>,
    /// Deactivated to make room, and not deleted.
    pub(super) deactivated: Option<String>,
}

/// Where it stopped, and what is left.
pub(super) struct StepFailed {
    at: At,
    left: Vec<Residue>,
    new: Made,
    /// Somebody may have stored the secret.
    stored: bool,
}

/// The new key, when a rotation stops.
enum Made {
    No,
    /// Nobody has its secret: it goes.
    Useless(String),
    /// Its reply was lost, and it is not known which one it is, or whether it is.
    Perhaps(aws::Error),
    /// It is handed over, and stays.
    Works(String),
}

fn broken(at: At, new: Made) -> StepFailed {
    StepFailed { at, left: Vec::new(), new, stored: false }
}

impl Rotation<'_> {
    fn account(&self) -> &Account {
        self.act.as_ref().unwrap_or(self.base)
    }

    /// Step after step: the new key's id, and what has become of the old one.
    pub(super) fn run(
        &mut self,
        first: Option<&AccessKey>,
        old: Option<&AccessKey>,
        context: &mut Context<'_>,
    ) -> Result<(String, OldKey), StepFailed> {
        if let Some(first) = first {
            self.make_room(first, context)?;
        }
        let key = self.create(context)?;
        let id = key.id.clone();
        self.prove(&key, context).map_err(|cause| broken((Stage::KeyProof, cause), Made::Useless(id.clone())))?;
        self.hand_over(&key, context)?;
        // From here on only forward: both keys work.
        let works =
            |stage, cause, left| StepFailed { at: (stage, cause), left, new: Made::Works(id.clone()), stored: false };
        let Some(old) = old else { return Ok((id, OldKey::Deleted)) };
        self.act_with(&key, old, context)
            .map_err(|cause| works(Stage::KeyDeactivate, cause, vec![Residue::KeyActive { id: old.id.clone() }]))?;
        drop(key);
        let done = self.retire(&id, old, context).map_err(|(stage, cause, left)| works(stage, cause, left))?;
        Ok((id, done))
    }

    /// IAM allows two keys. The one that makes room is deactivated first, where another one is active meanwhile.
    fn make_room(&mut self, first: &AccessKey, context: &mut Context<'_>) -> Result<(), StepFailed> {
        let at = |cause| broken((Stage::KeyRoom, cause), Made::No);
        context.still_wanted().map_err(at)?;
        let user = &self.request.user;
        if first.active {
            let keys = self.account().access_keys(user).map_err(|cause| at(Cause::Aws(cause)))?;
            let other = keys.iter().find(|key| key.id != first.id);
            if !other.is_some_and(|other| other.active) {
                let other = other.map(|other| other.id.clone()).unwrap_or_default();
                return Err(at(Cause::refused(AccessKeyRefusal::LastActiveKey { id: first.id.clone(), other })));
            }
            self.log.append(&Record::Intend(undo_of(&first.id))).map_err(|cause| at(Cause::Journal(cause)))?;
            let account = self.act.as_ref().unwrap_or(self.base);
            deactivate(account, user, &first.id, &mut self.log, context).map_err(|(cause, left)| {
                let left = if let Residue::KeyUnknown { .. } = left { vec![left] } else { Vec::new() };
                StepFailed { at: (Stage::KeyRoom, cause), left, new: Made::No, stored: false }
            })?;
            self.deactivated = Some(first.id.clone());
            context.tell(Notice::AccessKey(AccessKeyStep::Inactive { id: first.id.clone() }));
            // The other one may have gone between the look and the deactivation: then this one is activated again.
            let keys = self.account().access_keys(user).map_err(|cause| at(Cause::Aws(cause)))?;
            if !keys.iter().any(|key| key.id != first.id && key.active) {
                return Err(at(Cause::refused(AccessKeyRefusal::OtherKeyGone { id: first.id.clone() })));
            }
            context.still_wanted().map_err(at)?;
        }
        delete(self.account(), user, &first.id, context).map_err(|(cause, left)| {
            let left = if let Residue::KeyUnknown { .. } = left { vec![left] } else { Vec::new() };
            StepFailed { at: (Stage::KeyRoom, cause), left, new: Made::No, stored: false }
        })?;
        (self.gone, self.deactivated) = (Some(first.id.clone()), None);
        let _ = self.log.append(&Record::KeyDeleted { id: first.id.clone() });
        context.tell(Notice::AccessKey(AccessKeyStep::Deleted { id: first.id.clone() }));
        Ok(())
    }

    /// Creates the key. The only reply that ever holds its secret; if it is lost, the key is looked for and deleted.
    fn create(&mut self, context: &mut Context<'_>) -> Result<NewAccessKey, StepFailed> {
        let at = |cause| broken((Stage::KeyCreate, cause), Made::No);
        context.still_wanted().map_err(at)?;
        self.log.append(&Record::Intend(Undo::DeleteKey)).map_err(|cause| at(Cause::Journal(cause)))?;
        let sent = context.clock.now();
        let key = match self.account().create_access_key(&self.request.user) {
            Ok(key) => key,
            Err(cause @ (aws::Error::OutcomeUnknown { .. } | aws::Error::Malformed { .. })) => {
                return Err(self.find_lost(cause, sent, context));
            }
            Err(cause) => {
                let _ = self.log.append(&Record::Void(Undo::DeleteKey));
                return Err(at(Cause::Aws(cause)));
            }
        };
        let noted = self.log.append(&Record::NewKey { id: key.id.clone() });
        noted.map_err(|cause| broken((Stage::KeyCreate, Cause::Journal(cause)), Made::Useless(key.id.clone())))?;
        context
            .tell(Notice::AccessKey(AccessKeyStep::Created { id: key.id.clone(), user: self.request.user.clone() }));
        Ok(key)
    }

    /// The reply was lost, and with it the secret: a key that was not there before, and was made since the call was sent,
    /// is of no use to anybody. One that is older is somebody else's.
    fn find_lost(&mut self, cause: aws::Error, sent: SystemTime, context: &mut Context<'_>) -> StepFailed {
        let (keys, interrupted) = context.settle(|| self.account().access_keys(&self.request.user));
        let at = (Stage::KeyCreate, if interrupted { Cause::Interrupted } else { Cause::Aws(cause.clone()) });
        match keys {
            Ok(keys) => match &*made_since(sent, appeared(&keys, &self.before)) {
                [] => broken(at, Made::No),
                [lost] => {
                    context.tell(Notice::AccessKey(AccessKeyStep::Found { id: lost.id.clone() }));
                    let _ = self.log.append(&Record::NewKey { id: lost.id.clone() });
                    broken(at, Made::Useless(lost.id.clone()))
                }
                _ => broken(at, Made::Perhaps(cause)),
            },
            Err(why) => broken(at, Made::Perhaps(why)),
        }
    }

    /// The new key itself asks AWS who it is, until AWS knows it.
    fn prove(&self, key: &NewAccessKey, context: &mut Context<'_>) -> Result<(), Cause> {
        let mut waits = WAITS.iter();
        loop {
            context.still_wanted()?;
            match self.base.identity_of(key) {
                Ok(caller) => {
                    let account = &self.base.caller().account;
                    if caller.identity == Identity::User(self.request.user.clone()) && caller.account == *account {
                        context
                            .tell(Notice::AccessKey(AccessKeyStep::Proved { id: key.id.clone(), arn: caller.arn }));
                        return Ok(());
                    }
                    let (id, arn) = (key.id.clone(), caller.arn);
                    return Err(Cause::refused(AccessKeyRefusal::KeyOfAnother { id, arn }));
                }
                Err(aws::Error::UnknownCredentials) => match waits.next() {
                    Some(seconds) => {
                        context.wait("for AWS to know the new access key", Duration::from_secs(*seconds))?
                    }
                    None => {
                        let seconds = WAITS.iter().sum();
                        return Err(Cause::refused(AccessKeyRefusal::KeyNotKnown { id: key.id.clone(), seconds }));
                    }
                },
                Err(cause) => return Err(Cause::Aws(cause)),
            }
        }
    }

    fn hand_over(&mut self, key: &NewAccessKey, context: &mut Context<'_>) -> Result<(), StepFailed> {
        let at = |cause| broken((Stage::KeyHandOver, cause), Made::Useless(key.id.clone()));
        context.still_wanted().map_err(at)?;
        let to = self.request.to.displayed();
        let undo = Undo::TakeBack { program: to.clone() };
        self.log.append(&Record::Intend(undo)).map_err(|cause| at(Cause::Journal(cause)))?;
        let account = &self.base.caller().account;
        let put = self.request.to.put(self.request, key, account, context);
        put.map_err(|cause| {
            let untouched = matches!(
                &cause,
                sink::Error::Command { end: CommandEnd::NotStarted { .. }, .. }
                    | sink::Error::Pipe { why: PipeTrouble::NotOpen { .. } | PipeTrouble::Closed, .. }
            );
            StepFailed { stored: !untouched, ..at(Cause::Sink(cause)) }
        })?;
        // Best effort: without this line recovery asks a person.
        let _ = self.log.append(&Record::HandedOver);
        context.tell(Notice::AccessKey(AccessKeyStep::HandedOver { id: key.id.clone(), to }));
        Ok(())
    }

    /// Where the old key signs this very command, the new one does from here on.
    fn act_with(&mut self, key: &NewAccessKey, old: &AccessKey, context: &mut Context<'_>) -> Result<(), Cause> {
        if self.base.access_key_id() != old.id {
            return Ok(());
        }
        let own = self.base.with_access_key(key);
        self.act = Some(match &self.factor {
            Some(factor) => open_session(&own, factor, context)?,
            None => own,
        });
        context.tell(Notice::AccessKey(AccessKeyStep::ActingWith { id: key.id.clone() }));
        Ok(())
    }

    /// The old key goes, while the new one is seen to be active.
    fn retire(
        &mut self,
        new: &str,
        old: &AccessKey,
        context: &mut Context<'_>,
    ) -> Result<OldKey, (Stage, Cause, Vec<Residue>)> {
        let (user, id) = (&self.request.user, &old.id);
        let active = || Residue::KeyActive { id: id.clone() };
        let kept = |cause| (Stage::KeyDeactivate, cause, vec![active()]);
        context.still_wanted().map_err(kept)?;
        let account = self.act.as_ref().unwrap_or(self.base);
        let keys = keys_while_active(account, user, new).map_err(kept)?;
        match keys.iter().find(|key| key.id == *id) {
            None => return Ok(OldKey::Deleted),
            Some(key) if key.active => {
                self.log.append(&Record::Intend(undo_of(id))).map_err(|cause| kept(Cause::Journal(cause)))?;
                deactivate(account, user, id, &mut self.log, context)
                    .map_err(|(cause, left)| (Stage::KeyDeactivate, cause, vec![left]))?;
                context.tell(Notice::AccessKey(AccessKeyStep::Inactive { id: id.clone() }));
            }
            Some(_) => {}
        }
        if self.request.keep_old {
            return Ok(OldKey::Inactive);
        }
        let inactive = |cause| (Stage::KeyDelete, cause, vec![Residue::KeyInactive { id: id.clone() }]);
        context.still_wanted().map_err(inactive)?;
        let question = Question::DeleteAccessKey { id: id.clone(), user: user.clone() };
        match self.request.approved.then_some(true).or_else(|| context.person.confirm(&question)) {
            Some(true) => {}
            _ if context.interrupt.raised() => return Err(inactive(Cause::Interrupted)),
            Some(false) => return Ok(OldKey::Inactive),
            None => return Err(inactive(Cause::NobodyToAsk)),
        }
        delete(account, user, id, context).map_err(|(cause, left)| (Stage::KeyDelete, cause, vec![left]))?;
        context.tell(Notice::AccessKey(AccessKeyStep::Deleted { id: id.clone() }));
        Ok(OldKey::Deleted)
    }

    /// Undoes what can be, and says what is left.
    pub(super) fn give_up(mut self, broken: StepFailed, context: &mut Context<'_>) -> Failed {
        let StepFailed { at: (stage, cause), mut left, new, stored } = broken;
        let cause = context.interrupted_or(cause);
        context.interrupt.clear();
        let user = self.request.user.clone();
        match new {
            Made::No => {}
            Made::Works(id) => left.insert(0, Residue::KeyWorks { id }),
            Made::Perhaps(why) => left.push(Residue::NewKey { user: user.clone(), id: None, why }),
            Made::Useless(id) => {
                context.tell(Notice::AccessKey(AccessKeyStep::Undoing { id: id.clone() }));
                match delete(self.account(), &user, &id, context) {
                    Ok(()) if stored => left.push(Residue::KeyStored { id, to: self.request.to.displayed() }),
                    Ok(()) => {}
                    Err((Cause::Aws(why), _)) => left.push(Residue::NewKey { user: user.clone(), id: Some(id), why }),
                    Err(_) => {
                        left.push(Residue::NewKey { user: user.clone(), id: Some(id), why: aws::Error::Interrupted })
                    }
                }
            }
        }
        if let Some(id) = self.deactivated.take()
            && activate(self.account(), &user, &id, context).is_err()
        {
            left.push(Residue::KeyInactive { id });
        }
        if let Some(id) = self.gone.take() {
            let works = left.iter().any(|left| matches!(left, Residue::KeyWorks { .. }));
            left.push(Residue::KeyGone { id });
            let none = || self.account().access_keys(&user).is_ok_and(|keys| keys.iter().all(|key| !key.active));
            if !works && none() {
                left.push(Residue::NoActiveKey { user });
            }
        }
        if !left_behind(&left)
            && let Err(cause) = self.log.finish()
        {
            left.push(Residue::Journal { cause });
        }
        context.fail_leaving((stage, cause), left)
    }
}

/// IAM counts whole seconds, and its clock and ours agree to two.
const SLACK: Duration = Duration::from_secs(3);

fn made_since(sent: SystemTime, mut keys: Vec<&AccessKey>) -> Vec<&AccessKey> {
    keys.retain(|key| key.created.is_none_or(|created| created + SLACK >= sent));
    keys
}

/// Keys that were not there before.
pub(in crate::flow) fn appeared<'k>(keys: &'k [AccessKey], before: &[String]) -> Vec<&'k AccessKey> {
    keys.iter().filter(|key| !before.contains(&key.id)).collect()
}

impl SecretTo {
    fn put(
        &self,
        request: &KeyRequest,
        key: &NewAccessKey,
        account: &str,
        context: &mut Context<'_>,
    ) -> Result<(), sink::Error> {
        let put = |sink: &AccessKeySink<'_>| sink.put(request.format, &request.user, &key.id, &key.secret);
        match self {
            Self::Command(to) => put(&AccessKeySink::Command(ChildCommand {
                what: "secret",
                line: to.line.clone(),
                timeout: to.timeout,
                variables: vec![
                    ("GLASSKEY_USER", request.user.clone()),
                    ("GLASSKEY_ACCOUNT", account.to_owned()),
                    ("GLASSKEY_ACCESS_KEY_ID", key.id.clone()),
                ],
                interrupt: context.interrupt.clone(),
            })),
            Self::Pipe(pipe) => put(&AccessKeySink::Pipe(pipe, &context.interrupt)),
        }
    }
}

/// Whether a key is active; `None`: the user has none of this id.
fn state(account: &Account, user: &str, id: &str) -> Result<Option<bool>, aws::Error> {
    let keys = account.access_keys(user)?;
    Ok(keys.iter().find(|key| key.id == id).map(|key| key.active))
}

/// The user's keys, if the one that is to stay is seen to be active among them.
pub(in crate::flow) fn keys_while_active(
    account: &Account,
    user: &str,
    stays: &str,
) -> Result<Vec<AccessKey>, Cause> {
    let keys = account.access_keys(user)?;
    match keys.iter().any(|key| key.id == stays && key.active) {
        true => Ok(keys),
        false => Err(Cause::refused(AccessKeyRefusal::NewKeyGone { id: stays.to_owned() })),
    }
}

/// Deactivates a key, and writes down that it is. Sent once; after a lost reply IAM is asked.
pub(in crate::flow) fn deactivate(
    account: &Account,
    user: &str,
    id: &str,
    log: &mut Writer,
    context: &mut Context<'_>,
) -> Result<(), (Cause, Residue)> {
    set(account, user, id, false, context)?;
    // If this line is lost, recovery asks before it activates the key again.
    let _ = log.append(&Record::KeyDeactivated { id: id.to_owned() });
    Ok(())
}

/// Activates a key again, as [`deactivate`].
pub(in crate::flow) fn activate(
    account: &Account,
    user: &str,
    id: &str,
    context: &mut Context<'_>,
) -> Result<(), (Cause, Residue)> {
    set(account, user, id, true, context)
}

fn set(
    account: &Account,
    user: &str,
    id: &str,
    active: bool,
    context: &mut Context<'_>,
) -> Result<(), (Cause, Residue)> {
    let as_it_was = || {
        let id = id.to_owned();
        if active { Residue::KeyInactive { id } } else { Residue::KeyActive { id } }
    };
    match account.set_access_key(user, id, active) {
        Ok(()) => {
            let is_set = || Ok(state(account, user, id)?.is_none_or(|now| now == active));
            is_seen(Call::UpdateAccessKey, context, is_set).map_err(|why| (Cause::Aws(why), as_it_was()))
        }
        Err(cause @ aws::Error::OutcomeUnknown { .. }) => match context.settle(|| state(account, user, id)).0 {
            Ok(Some(now)) if now == active => Ok(()),
            Ok(None) if !active => Ok(()),
            Ok(_) => Err((Cause::Aws(cause), as_it_was())),
            Err(why) => Err((Cause::Aws(cause), Residue::KeyUnknown { id: id.to_owned(), why })),
        },
        Err(aws::Error::NotFound { .. }) if !active => Ok(()),
        Err(cause) => Err((Cause::Aws(cause), as_it_was())),
    }
}

/// Deletes a key. "Not found" is success; after a lost reply IAM is asked, and it is deleted once more if it is there.
pub(in crate::flow) fn delete(
    account: &Account,
    user: &str,
    id: &str,
    context: &mut Context<'_>,
) -> Result<(), (Cause, Residue)> {
    let there = || Residue::KeyInactive { id: id.to_owned() };
    let gone = |outcome: &Result<(), aws::Error>| matches!(outcome, Ok(()) | Err(aws::Error::NotFound { .. }));
    let cause = match account.delete_access_key(user, id) {
        Ok(()) => {
            let is_gone = || Ok(state(account, user, id)?.is_none());
            return is_seen(Call::DeleteAccessKey, context, is_gone).map_err(|why| (Cause::Aws(why), there()));
        }
        Err(aws::Error::NotFound { .. }) => return Ok(()),
        Err(cause @ aws::Error::OutcomeUnknown { call: Call::DeleteAccessKey, .. }) => cause,
        Err(cause) => return Err((Cause::Aws(cause), there())),
    };
    match context.settle(|| state(account, user, id)).0 {
        Ok(None) => Ok(()),
        Ok(Some(_)) if gone(&account.delete_access_key(user, id)) => Ok(()),
        Ok(Some(_)) => Err((Cause::Aws(cause), there())),
        Err(why) => Err((Cause::Aws(cause), Residue::KeyUnknown { id: id.to_owned(), why })),
    }
}
