//! One member: what its root user has, and what of that goes.

use super::super::last_use::Used;
use crate::aws::posture::{Fact, Facts, RootKey};
use crate::aws::{Account, Call, Error, RootTask};
use crate::flow::harden::plan::tells_nothing;
use crate::flow::harden::step::Planning;
use crate::person::{HardenChange, HardenSettings};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    pub(super) account: String,
    /// Its name in the organization.
    name: String,
    pub(super) keys: Vec<Key>,
    /// By their ids.
    pub(super) certificates: Vec<String>,
    /// There is a password, and it was asked for.
    pub(super) password: bool,
    /// MFA devices, by their serial numbers, where they were asked for.
    pub(super) devices: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Key {
    pub(super) id: String,
    active: bool,
    used: Used,
}

/// What root of a member has; the call that failed, where AWS answered and did not tell.
///
/// # Errors
/// It could not be asked: it may be asked again.
pub(super) fn look(
    facts: &Facts,
    account: &Account,
    settings: &HardenSettings,
) -> Result<Result<Member, Call>, Error> {
    match seen(facts, account, settings) {
        Ok(member) => Ok(Ok(member)),
        Err((call, why)) if tells_nothing(&why) => Ok(Err(call)),
        Err((_, why)) => Err(why),
    }
}

fn seen(facts: &Facts, account: &Account, settings: &HardenSettings) -> Result<Member, (Call, Error)> {
    let untold = |call| (call, Error::Malformed { call });
    let root = &facts.root;
    let summary = known(&root.summary)?;
    let keys = known(&root.keys)?.iter().map(Key::of).collect::<Result<_, _>>()?;
    let mut certificates = Vec::new();
    if known(&root.certificates)?.present > 0 {
        let call = Call::ListSigningCertificates;
        let session = account.assume_root(&facts.account, RootTask::Audit).map_err(|why| (Call::AssumeRoot, why))?;
        let found = session.own_signing_certificates().map_err(|why| (call, why))?;
        certificates = found.into_iter().map(|one| one.id).collect();
    }
    let password = match settings.members_password || settings.members_mfa {
        true => summary.password.ok_or_else(|| untold(Call::GetAccountSummary))?,
        false => false,
    };
    // Without its factors a password that stays would be easier to use.
    let mut devices: Vec<String> = match settings.members_mfa && (settings.members_password || !password) {
        true => known(&root.factors)?.seen.iter().map(|factor| factor.serial.clone()).collect(),
        false => Vec::new(),
    };
    devices.sort();
    Ok(Member {
        account: facts.account.clone(),
        name: facts.name.clone().unwrap_or_default(),
        keys,
        certificates,
        password: password && settings.members_password,
        devices,
    })
}

fn known<T>(fact: &Fact<T>) -> Result<&T, (Call, Error)> {
    match fact {
        Fact::Known(value) => Ok(value),
        Fact::Unreadable(why) => Err((why.call, why.why.clone())),
    }
}

impl Key {
    fn of(key: &RootKey) -> Result<Self, (Call, Error)> {
        let call = Call::ListAccessKeys;
        match (&key.id, &key.unread) {
            // That AWS does not tell its use is known; whether it would is not.
            (_, Some(unread)) if !tells_nothing(&unread.why) => Err((unread.call, unread.why.clone())),
            (Some(id), _) => Ok(Self { id: id.clone(), active: key.active, used: Used::of(key.used) }),
            (None, _) => Err((call, Error::Malformed { call })),
        }
    }
}

impl Member {
    pub(super) fn has_something(&self) -> bool {
        self.has_keys() || self.has_certificates() || self.password || self.has_devices()
    }

    pub(super) fn has_keys(&self) -> bool {
        !self.keys.is_empty()
    }

    pub(super) fn has_certificates(&self) -> bool {
        !self.certificates.is_empty()
    }

    pub(super) fn has_devices(&self) -> bool {
        !self.devices.is_empty()
    }

    /// Why keys of it stay, each a part of a sentence.
    pub(super) fn in_use(&self, planning: &Planning<'_>) -> Vec<String> {
        let why = self.keys.iter().filter_map(|key| key.used.recently(&key.id, planning.settings, planning.made));
        why.map(|why| format!("in {} {why}", self.account)).collect()
    }

    /// The member as the plan leaves it: with the keys that are in use.
    pub(super) fn what_stays(&self, planning: &Planning<'_>) -> Self {
        let stays = |key: &&Key| key.used.recently(&key.id, planning.settings, planning.made).is_some();
        Self {
            keys: self.keys.iter().filter(stays).cloned().collect(),
            certificates: Vec::new(),
            password: false,
            devices: Vec::new(),
            ..self.clone()
        }
    }

    /// What it has that another does not; all, where there is no other.
    pub(super) fn without(&self, other: Option<&Self>) -> Self {
        let Some(other) = other else { return self.clone() };
        let less =
            |all: &[String], these: &[String]| all.iter().filter(|one| !these.contains(one)).cloned().collect();
        let stays = |key: &&Key| !other.keys.iter().any(|stays| stays.id == key.id);
        Self {
            keys: self.keys.iter().filter(stays).cloned().collect(),
            certificates: less(&self.certificates, &other.certificates),
            password: self.password && !other.password,
            devices: less(&self.devices, &other.devices),
            ..self.clone()
        }
    }

    /// Whether it has all that another state of it has.
    pub(super) fn includes(&self, other: &Self) -> bool {
        (&self.account, &self.name) == (&other.account, &other.name)
            && other.keys.iter().all(|key| self.keys.contains(key))
            && other.certificates.iter().all(|one| self.certificates.contains(one))
            && (self.password || !other.password)
            && other.devices.iter().all(|one| self.devices.contains(one))
    }

    /// For people.
    pub(super) fn changes(&self, planning: &Planning<'_>) -> Vec<HardenChange> {
        let goes = self.without(Some(&self.what_stays(planning)));
        let change = |what: &str, before: String| HardenChange {
            what: format!("{} ({}) {what}", self.account, self.name),
            before,
            after: "deleted, for good".to_owned(),
        };
        let keys = goes.keys.iter().map(|key| {
            let state = if key.active { "active" } else { "inactive" };
            change(&key.id, format!("{state}, {}", key.used.words(planning.made)))
        });
        let certificates =
            goes.certificates.iter().map(|id| change(&format!("certificate {id}"), "there".to_owned()));
        let password = goes.password.then(|| change("password", "there".to_owned()));
        let devices = goes.devices.iter().map(|serial| HardenChange {
            after: "removed".to_owned(),
            ..change(&format!("MFA {serial}"), "enabled".to_owned())
        });
        keys.chain(certificates).chain(password).chain(devices).collect()
    }

    /// What does not come back of this, each a sentence.
    pub(super) fn gone(&self) -> Vec<String> {
        let account = &self.account;
        let keys = self.keys.iter().map(|key| format!("access key {} of root of {account} is deleted", key.id));
        let certificates =
            self.certificates.iter().map(|id| format!("signing certificate {id} of root of {account} is deleted"));
        let password = self.password.then(|| {
            format!(
                "the password of root of {account} is deleted; `glasskey root harden --allow-recovery {account}` lets \
                 root recover one"
            )
        });
        let devices =
            self.devices.iter().map(|serial| format!("MFA device {serial} of root of {account} is removed"));
        keys.chain(certificates).chain(password).chain(devices).collect()
    }
}
