//! Root's signing certificates of the own account: deleted.

use super::of_root::{View, signed_in};
use crate::aws::{self, Account, Call};
use crate::flow::audit::Rule;
use crate::flow::failure::Cause;
use crate::flow::harden::step::{Begun, Change, Hands, Hardening, Planning, Proposal, Protection, Undone};
use crate::person::{HardenChange, HardenSettings};
use serde::{Deserialize, Serialize};

pub(super) struct RootCertificates;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    view: View,
    certificates: Vec<Certificate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Certificate {
    id: String,
    active: bool,
}

impl Hardening for RootCertificates {
    type State = State;

    const ID: &'static str = "root-certificates";
    const FINDINGS: &'static [Rule] = &[Rule::RootCertificates];

    fn read(&self, account: &Account, _: &HardenSettings) -> Result<State, aws::Error> {
        let view = View::of(account, |summary| summary.certificates)?;
        let found = match view {
            View::Root => account.own_signing_certificates()?,
            View::Outside { .. } => Vec::new(),
        };
        let certificates = found.into_iter().map(|one| Certificate { id: one.id, active: one.active }).collect();
        Ok(State { view, certificates })
    }

    fn propose(&self, state: &State, _: &Planning<'_>) -> Proposal<State> {
        if let Some(open) = signed_in(&state.view, Self::ID, "signing certificates") {
            return open;
        }
        if state.certificates.is_empty() {
            return Proposal::Nothing;
        }
        let after = State { certificates: Vec::new(), ..state.clone() };
        let undo = "a certificate that is deleted does not come back";
        let mut change = Change::to(after, vec![Call::DeleteSigningCertificate], undo);
        change.reversible = false;
        change.changes = state.certificates.iter().map(Certificate::goes).collect();
        change.effects =
            vec!["AWS does not say when a certificate was used: look first whether anything does.".to_owned()];
        Proposal::Change(Box::new(change))
    }

    fn needs(&self, _: &State) -> &'static [Protection] {
        &[Protection::Administrator]
    }

    fn is_seen_alike(&self, before: &State, now: &State) -> bool {
        before.view.is_of_root() == now.view.is_of_root()
    }

    fn is_between(&self, before: &State, now: &State, _: &State) -> bool {
        now.view == before.view && now.certificates.iter().all(|one| before.certificates.contains(one))
    }

    fn lead(&self, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        for one in now.certificates.iter().filter(|one| !to.certificates.contains(one)) {
            hands.go_on()?;
            hands.account.delete_own_certificate(&one.id)?;
            hands.tell(format!("signing certificate {} is deleted", one.id));
        }
        Ok(())
    }

    fn undone(&self, begun: &Begun<'_, State>) -> Undone<State> {
        let gone = begun.before.certificates.iter().filter(|was| !begun.now.certificates.contains(was));
        let stays = gone.map(|was| format!("signing certificate {} of root is deleted", was.id)).collect();
        Undone { to: begun.now.clone(), stays }
    }
}

impl Certificate {
    fn goes(&self) -> HardenChange {
        HardenChange {
            what: self.id.clone(),
            before: if self.active { "active" } else { "inactive" }.to_owned(),
            after: "deleted, for good".to_owned(),
        }
    }
}
