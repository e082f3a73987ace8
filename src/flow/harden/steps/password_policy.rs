//! The account's password policy: raised, and never lowered.

use crate::aws::hardening::FullPasswordPolicy;
use crate::aws::{self, Account, Call};
use crate::flow::audit::Rule;
use crate::flow::failure::Cause;
use crate::flow::harden::emit::{self, Emission};
use crate::flow::harden::step::{Change, Hands, Hardening, Planning, Proposal};
use crate::person::{HardenChange, HardenSettings};
use serde::{Deserialize, Serialize};

pub(super) struct PasswordPolicy;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    /// `None`: the account has no policy of its own.
    policy: Option<FullPasswordPolicy>,
}

/// What the CIS benchmark asks for.
const LENGTH: i32 = 14;
const REUSE: i32 = 24;

impl Hardening for PasswordPolicy {
    type State = State;

    const ID: &'static str = "password-policy";
    const FINDINGS: &'static [Rule] = &[Rule::PasswordPolicy];

    fn read(&self, account: &Account, _: &HardenSettings) -> Result<State, aws::Error> {
        Ok(State { policy: account.full_password_policy()? })
    }

    fn propose(&self, state: &State, _: &Planning<'_>) -> Proposal<State> {
        let wanted = raised(state.policy.as_ref());
        let changes = changes(state.policy.as_ref(), &wanted);
        if changes.is_empty() {
            return Proposal::Nothing;
        }
        let undo = match &state.policy {
            Some(_) => "the policy of before is set again, with all its values",
            None => "the policy is deleted, as there was none",
        };
        let mut change = Change::to(State { policy: Some(wanted) }, vec![Call::UpdateAccountPasswordPolicy], undo);
        change.changes = changes;
        change.effects = vec![
            "Passwords that are in use stay valid; the policy counts when one is set next.".to_owned(),
            "No password is made to expire. What was stricter before stays as it is.".to_owned(),
        ];
        Proposal::Change(Box::new(change))
    }

    fn lead(&self, _: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        match &to.policy {
            Some(policy) => hands.account.set_password_policy(policy)?,
            None => match hands.account.delete_password_policy() {
                Err(aws::Error::NotFound { .. }) => {}
                outcome => outcome?,
            },
        }
        Ok(())
    }

    fn emission(&self, after: &State, _: &Planning<'_>) -> Emission {
        after.policy.as_ref().map_or_else(Emission::default, emit::password_policy)
    }
}

/// A policy that is at least this strict, and no less strict than the one there is in anything.
fn raised(policy: Option<&FullPasswordPolicy>) -> FullPasswordPolicy {
    let none = FullPasswordPolicy {
        minimum_length: 0,
        symbols: false,
        numbers: false,
        uppercase: false,
        lowercase: false,
        users_may_change: false,
        maximum_age: None,
        reuse_prevention: None,
        hard_expiry: false,
    };
    let policy = policy.unwrap_or(&none);
    FullPasswordPolicy {
        minimum_length: policy.minimum_length.max(LENGTH),
        symbols: true,
        numbers: true,
        uppercase: true,
        lowercase: true,
        reuse_prevention: Some(policy.reuse_prevention.unwrap_or_default().max(REUSE)),
        ..policy.clone()
    }
}

fn changes(before: Option<&FullPasswordPolicy>, after: &FullPasswordPolicy) -> Vec<HardenChange> {
    type Shown = fn(&FullPasswordPolicy) -> String;
    let shown: [(&str, Shown); 6] = [
        ("minimum length", |policy| policy.minimum_length.to_string()),
        ("old passwords refused", |policy| policy.reuse_prevention.unwrap_or_default().to_string()),
        ("a symbol", |policy| required(policy.symbols)),
        ("a digit", |policy| required(policy.numbers)),
        ("a capital letter", |policy| required(policy.uppercase)),
        ("a small letter", |policy| required(policy.lowercase)),
    ];
    let rows = shown.into_iter().map(|(what, shown)| HardenChange {
        what: what.to_owned(),
        before: before.map_or_else(|| "no policy".to_owned(), shown),
        after: shown(after),
    });
    rows.filter(|change| change.before != change.after).collect()
}

fn required(required: bool) -> String {
    if required { "required" } else { "not required" }.to_owned()
}
