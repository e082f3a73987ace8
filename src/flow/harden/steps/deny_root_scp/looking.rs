//! What the step looks at: the target, the policies, and the members below.

use super::super::member_root_credentials::MemberRootCredentials;
use super::super::of_members::{NotInUse, Unread, View, roots};
use super::{Own, State};
use crate::aws::hardening::{ATTACHED, ControlPolicy, POLICIES, denies_root_alone, deny_root_document};
use crate::aws::posture::{Fact, Facts, Level, OrgMembership, Place, PolicyName, ServiceControl, Stops, Tasks};
use crate::aws::{Account, Call, Error};
use crate::flow::harden::names::DENY_ROOT;
use crate::flow::harden::plan::{tells_nothing, wants};
use crate::flow::harden::step::Hardening;
use crate::person::HardenSettings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A member whose root user can sign in and has no MFA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiting {
    pub(super) account: String,
    /// Its name in the organization.
    name: String,
}

impl Waiting {
    pub(super) fn words(&self) -> String {
        format!("{} ({})", self.account, self.name)
    }
}

/// An access key of a member's root user that is active, or its signing certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActiveCredential {
    pub(super) account: String,
    /// The key's id; `None`: signing certificates.
    pub(super) key: Option<String>,
}

impl ActiveCredential {
    pub(super) fn words(&self) -> String {
        match &self.key {
            Some(id) => format!("access key {id} of root of {}", self.account),
            None => format!("a signing certificate of root of {}", self.account),
        }
    }

    /// Those of a member; the call that does not tell.
    fn of(facts: &Facts) -> Result<Result<Vec<Self>, Call>, Error> {
        let (keys, certificates) = match (&facts.root.keys, &facts.root.certificates) {
            (Fact::Known(keys), Fact::Known(certificates)) => (keys, certificates),
            (Fact::Unreadable(why), _) | (_, Fact::Unreadable(why)) if tells_nothing(&why.why) => {
                return Ok(Err(why.call));
            }
            (Fact::Unreadable(why), _) | (_, Fact::Unreadable(why)) => return Err(why.why.clone()),
        };
        let one = |key| Self { account: facts.account.clone(), key };
        let mut found: Vec<Self> = Vec::new();
        for key in keys.iter().filter(|key| key.active) {
            let Some(id) = &key.id else { return Ok(Err(Call::ListAccessKeys)) };
            found.push(one(Some(id.clone())));
        }
        found.extend((certificates.active > 0).then(|| one(None)));
        Ok(Ok(found))
    }
}

/// Where a target is in the organization, by ids.
struct Around {
    /// The target, and the units above it up to the root.
    path: Vec<String>,
    /// The accounts and units below it; `None`: all of the organization.
    below: Option<BTreeSet<String>>,
}

impl Around {
    fn of(account: &Account, target: &str) -> Result<Self, Error> {
        let mut path = vec![target.to_owned()];
        if target.starts_with("r-") {
            return Ok(Self { path, below: None });
        }
        path.extend(account.above_unit(target)?);
        Ok(Self { path, below: Some(account.below_unit(target)?) })
    }

    /// Whether it is the target, above it, or below.
    fn has(&self, id: &str) -> bool {
        self.is_above(id) || self.below.as_ref().is_none_or(|ids| ids.contains(id))
    }

    /// Whether what is attached there holds at the target too.
    fn is_above(&self, id: &str) -> bool {
        self.path.iter().any(|above| above == id)
    }
}

pub(super) fn look(account: &Account, settings: &HardenSettings) -> Result<State, Error> {
    let mut state = State {
        view: View::of(account, settings)?,
        target: String::new(),
        enabled: false,
        own: None,
        enough: None,
        limits: Vec::new(),
        stopping: Vec::new(),
        waiting: Vec::new(),
        active: Vec::new(),
        unread: Vec::new(),
        left_out: Vec::new(),
        looked_at: 0,
    };
    // While central root access is off, members cannot be looked at; what is attached can.
    let manages = state.view == View::Management || (state.view == View::Off && manages(account)?);
    if !manages {
        return Ok(state);
    }
    let root = account.organization_root()?;
    state.enabled = root.scps;
    state.target = settings.scp_target.clone().unwrap_or(root.id);
    let around = Around::of(account, &state.target)?;
    look_at_policies(&mut state, account, &around)?;
    if state.view == View::Management {
        look_at_members(&mut state, account, settings, &around)?;
    }
    Ok(state)
}

fn manages(account: &Account) -> Result<bool, Error> {
    match account.membership().0 {
        Fact::Known(membership) => Ok(membership == OrgMembership::Management),
        Fact::Unreadable(why) => Err(why.why),
    }
}

/// glasskey's own policy, by its name.
pub(super) fn own_policy(account: &Account) -> Result<Option<ControlPolicy>, Error> {
    match account.control_policies()?.into_iter().find(|policy| policy.name == DENY_ROOT) {
        Some(policy) => account.control_policy(&policy.id).map(Some),
        None => Ok(None),
    }
}

fn look_at_policies(state: &mut State, account: &Account, around: &Around) -> Result<(), Error> {
    let all = account.control_policies()?;
    let own = own_policy(account)?;
    let text = deny_root_document(&account.caller().partition);
    state.own = own.as_ref().map(|policy| Own {
        attached: policy.targets.contains(&state.target),
        elsewhere: policy.targets.iter().any(|target| *target != state.target),
        as_made: is_same(&policy.text, &text),
    });
    let at_target = account.control_policies_of(&state.target)?;
    let others = |policies: &[PolicyName]| policies.iter().filter(|policy| policy.name != DENY_ROOT).count();
    if others(&at_target) >= ATTACHED {
        state.limits.push(format!(
            "{} has {ATTACHED} policies, which is the most AWS takes: detach one that is not FullAWSAccess",
            state.target
        ));
    }
    if others(&all) >= POLICIES {
        state.limits.push(format!("the organization has {POLICIES} policies, which is the most AWS takes"));
    }
    let control = match account.service_control() {
        Fact::Known(control) => control,
        Fact::Unreadable(why) => return Err(why.why),
    };
    state.stopping = stopping(&control, around);
    state.enough = enough(&control, account, around)?;
    Ok(())
}

fn is_same(one: &str, other: &str) -> bool {
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    read(one).is_some() && read(one) == read(other)
}

/// Policies and levels around the target that stop a task of AssumeRoot, or may.
fn stopping(control: &ServiceControl, around: &Around) -> Vec<String> {
    let here = |level: &Level| around.has(&level.id);
    let stops = |tasks: &Tasks| tasks.worst() != Stops::No;
    let denying =
        control.denying.iter().filter(|deny| deny.in_force && deny.at.iter().any(here) && stops(&deny.stops));
    let denying = denying.map(|deny| format!("policy {} ({})", deny.policy.name, deny.policy.id));
    let lists = control.allow_lists.iter().filter(|list| here(&list.level) && stops(&list.stops));
    let mut found: Vec<String> = denying.chain(lists.map(|list| format!("what {} allows", list.level.id))).collect();
    found.sort();
    found
}

/// Another policy that does the same, attached to the target or to what is above it.
fn enough(control: &ServiceControl, account: &Account, around: &Around) -> Result<Option<String>, Error> {
    let place = Place {
        partition: &account.caller().partition,
        region: &account.region(),
        organization: None,
        accounts: &[],
    };
    let above = |level: &Level| around.is_above(&level.id);
    for deny in &control.denying {
        if deny.policy.name != DENY_ROOT && deny.in_force && deny.at.iter().any(above) {
            let policy = account.control_policy(&deny.policy.id)?;
            if denies_root_alone(&policy.text, &place) {
                return Ok(Some(deny.policy.id.clone()));
            }
        }
    }
    Ok(None)
}

fn look_at_members(
    state: &mut State,
    account: &Account,
    settings: &HardenSettings,
    around: &Around,
) -> Result<(), Error> {
    // Whose password goes in the same plan does not wait any more. It is looked at once more before anything is attached.
    let passwords_go = settings.members_password && wants(MemberRootCredentials::ID, settings);
    let roots = roots(account)?;
    let left_out = roots.left_out.into_iter().filter(|one| around.has(&one.account));
    state.left_out = left_out.map(NotInUse::of).collect();
    for facts in roots.members.iter().filter(|facts| around.has(&facts.account)) {
        state.looked_at += 1;
        match waits(facts)? {
            Ok(true) if !passwords_go => state.waiting.push(Waiting::of(facts)),
            Ok(_) => {}
            Err(call) => state.unread.push(Unread::of(&facts.account, call)),
        }
        match ActiveCredential::of(facts)? {
            Ok(active) => state.active.extend(active),
            Err(call) => state.unread.push(Unread::of(&facts.account, call)),
        }
    }
    state.unread.dedup();
    Ok(())
}

/// What is below a target and would be locked out.
#[derive(Default)]
pub(super) struct Hindered {
    /// Members that wait for MFA now, or that did not tell.
    pub(super) waiting: Vec<Waiting>,
    pub(super) active: Vec<ActiveCredential>,
    /// A member did not tell whether root signs requests, as it did for the plan.
    pub(super) untold: bool,
}

/// Looks once more, just before the policy is attached.
pub(super) fn hindered(account: &Account, target: &str) -> Result<Hindered, Error> {
    let around = Around::of(account, target)?;
    let mut found = Hindered::default();
    for facts in roots(account)?.members.iter().filter(|facts| around.has(&facts.account)) {
        match (waits(facts)?, ActiveCredential::of(facts)?) {
            (Ok(false), Ok(active)) => found.active.extend(active),
            (Ok(false), Err(_)) => found.untold = true,
            _ => found.waiting.push(Waiting::of(facts)),
        }
    }
    Ok(found)
}

/// Whether root can sign in and has no MFA; the call that does not tell.
fn waits(facts: &Facts) -> Result<Result<bool, Call>, Error> {
    let summary = match &facts.root.summary {
        Fact::Known(summary) => summary,
        Fact::Unreadable(why) if tells_nothing(&why.why) => return Ok(Err(why.call)),
        Fact::Unreadable(why) => return Err(why.why.clone()),
    };
    Ok(match (summary.password, summary.mfa) {
        (Some(false), _) | (_, Some(true)) => Ok(false),
        (Some(true), Some(false)) => Ok(true),
        (None, _) | (_, None) => Err(Call::GetAccountSummary),
    })
}

impl Waiting {
    fn of(facts: &Facts) -> Self {
        Self { account: facts.account.clone(), name: facts.name.clone().unwrap_or_default() }
    }
}
