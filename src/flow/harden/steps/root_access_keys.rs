//! Root's access keys of the own account: deactivated, then deleted. The key that signs the run goes last.

use super::last_use::{Used, override_with};
use super::of_root::{View, signed_in};
use super::own_credentials::{self, Kind, has_deactivated};
use crate::aws::hardening::OwnAccessKey;
use crate::aws::{Account, Call, Error};
use crate::flow::audit::Rule;
use crate::flow::failure::Cause;
use crate::flow::harden::step::{Begun, Change, Hands, Hardening, Planning, Proposal, Protection, Undone};
use crate::person::{HardenChange, HardenSettings, OpenCode};
use serde::{Deserialize, Serialize};

pub(super) struct RootAccessKeys;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    view: View,
    /// The caller signs with temporary credentials, for which AWS may refuse to deactivate a key of root's.
    temporary: bool,
    keys: Vec<Key>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    id: String,
    active: bool,
    used: Used,
    /// It signs this very command: of its use nothing is kept, since every call is one.
    signs: bool,
}

const KEYS: Kind =
    Kind { noun: "access key", set: Account::set_own_access_key, delete: Account::delete_own_access_key, active };

fn active(account: &Account) -> Result<Vec<String>, Error> {
    let keys = account.own_keys_in_use()?;
    Ok(keys.into_iter().filter(|key| key.active).map(|key| key.id).collect())
}

impl Hardening for RootAccessKeys {
    type State = State;

    const ID: &'static str = "root-access-keys";
    const FINDINGS: &'static [Rule] = &[Rule::RootAccessKeys];

    fn read(&self, account: &Account, _: &HardenSettings) -> Result<State, Error> {
        let view = View::of(account, |summary| summary.keys)?;
        let keys = match view {
            View::Root => account.own_keys_in_use()?,
            View::Outside { .. } => Vec::new(),
        };
        let key = |key: OwnAccessKey| {
            let signs = key.id == account.access_key_id();
            Key { used: if signs { Used::Untold } else { Used::of(key.used) }, id: key.id, active: key.active, signs }
        };
        Ok(State { view, temporary: !account.uses_long_term_key(), keys: keys.into_iter().map(key).collect() })
    }

    fn propose(&self, state: &State, planning: &Planning<'_>) -> Proposal<State> {
        let Planning { settings, made, .. } = *planning;
        if let Some(open) = signed_in(&state.view, Self::ID, "access keys") {
            return open;
        }
        let kept = |key: &&Key| key.in_use(settings, made).is_some();
        let (kept, going): (Vec<&Key>, Vec<&Key>) = state.keys.iter().partition(kept);
        let why = kept.iter().filter_map(|key| key.in_use(settings, made));
        if going.is_empty() {
            let why: Vec<String> = why.collect();
            return match why.is_empty() {
                true => Proposal::Nothing,
                false => Proposal::Open { code: OpenCode::InUse, message: why.join("; ") },
            };
        }
        let after = State { keys: kept.iter().map(|key| (**key).clone()).collect(), ..state.clone() };
        let undo = "a key that is deleted does not come back; one that is only deactivated is activated again";
        let mut change = Change::to(after, vec![Call::UpdateAccessKey, Call::DeleteAccessKey], undo);
        change.reversible = false;
        change.changes = going.iter().map(|key| key.goes(made)).collect();
        change.waits += settings.grace;
        change.effects = vec![own_credentials::effect("key", settings.grace)];
        change.effects.extend(state.temporary.then(|| own_credentials::of_temporary("a key", settings.grace)));
        if going.iter().any(|key| key.signs) {
            change.effects.push(
                "The key that signs this command goes last and directly; nothing can be asked with it afterwards."
                    .to_owned(),
            );
        }
        change.effects.extend(why.map(|why| format!("Kept: {why}.")));
        Proposal::Change(Box::new(change))
    }

    fn needs(&self, _: &State) -> &'static [Protection] {
        &[Protection::Administrator]
    }

    fn is_seen_alike(&self, before: &State, now: &State) -> bool {
        before.view.is_of_root() == now.view.is_of_root()
    }

    /// A key that the run has deactivated is active: somebody needs it.
    fn is_taken_back(&self, begun: &Begun<'_, State>) -> bool {
        begun.now.keys.iter().any(|key| key.active && has_deactivated(begun.notes, &key.id))
    }

    /// Keys may be gone or deactivated, and none was used or made since.
    fn is_between(&self, before: &State, now: &State, after: &State) -> bool {
        let stays = |key: &Key| now.keys.contains(key);
        let is_of_before =
            |now: &Key| before.keys.iter().any(|was| *now == *was || *now == Key { active: false, ..was.clone() });
        now.view == before.view && now.keys.iter().all(is_of_before) && after.keys.iter().all(stays)
            || comes_back(before, now, after)
    }

    fn lead(&self, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        let (signing, others): (Vec<&Key>, Vec<&Key>) = now.keys.iter().partition(|key| key.signs);
        let wanted = |key: &Key| to.keys.iter().find(|wanted| wanted.id == key.id);
        for key in &now.keys {
            if let Some(wanted) = wanted(key).filter(|wanted| wanted.active != key.active) {
                hands.account.set_own_access_key(&key.id, wanted.active)?;
            }
        }
        let going = others.into_iter().filter(|key| wanted(key).is_none());
        let going: Vec<(&str, bool)> = going.map(|key| (key.id.as_str(), key.active)).collect();
        KEYS.take_away(&going, hands)?;
        // Deactivated, it could not sign its own deletion.
        signing.into_iter().filter(|key| wanted(key).is_none()).try_for_each(|key| KEYS.delete(&key.id, hands))
    }

    fn undone(&self, begun: &Begun<'_, State>) -> Undone<State> {
        let mut to = begun.now.clone();
        let mut stays = Vec::new();
        for was in &begun.before.keys {
            let by_run = has_deactivated(begun.notes, &was.id);
            match to.keys.iter_mut().find(|key| key.id == was.id) {
                None => stays.push(format!("access key {} of root is deleted", was.id)),
                Some(key) if was.active && !key.active && by_run => key.active = true,
                Some(key) if was.active && !key.active => stays.push(format!(
                    "access key {} of root is inactive, and nothing shows that this run deactivated it",
                    was.id
                )),
                Some(_) => {}
            }
        }
        Undone { to, stays }
    }

    fn takes_own_credentials(&self, _: &Account, now: &State, to: &State) -> bool {
        let signing = now.keys.iter().find(|key| key.signs);
        signing.is_some_and(|key| !to.keys.iter().any(|stays| stays.id == key.id))
    }
}

/// Undoing activates keys again: each is as it is in one of the two.
fn comes_back(from: &State, now: &State, to: &State) -> bool {
    now.view == from.view
        && now.keys.len() == from.keys.len()
        && now.keys.iter().all(|key| from.keys.contains(key) || to.keys.contains(key))
}

impl Key {
    /// Why it is not taken away, as a part of a sentence.
    fn in_use(&self, settings: &HardenSettings, made: u64) -> Option<String> {
        let id = &self.id;
        if self.signs && !settings.override_keys.contains(id) {
            return Some(format!("{id} signs this command, which hides any other use; {}", override_with(id)));
        }
        self.used.recently(id, settings, made)
    }

    fn goes(&self, made: u64) -> HardenChange {
        let state = if self.active { "active" } else { "inactive" };
        let used = match self.used {
            _ if self.signs => "signs this command".to_owned(),
            used => used.words(made),
        };
        HardenChange {
            what: self.id.clone(),
            before: format!("{state}, {used}"),
            after: "deleted, for good".to_owned(),
        }
    }
}
