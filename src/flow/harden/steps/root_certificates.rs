//! Root's signing certificates of the own account: deactivated, then deleted.

use super::of_root::{View, signed_in};
use super::own_credentials::{self, Kind, has_deactivated};
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

const CERTIFICATES: Kind = Kind {
    noun: "signing certificate",
    set: Account::set_own_certificate,
    delete: Account::delete_own_certificate,
    active,
};

fn active(account: &Account) -> Result<Vec<String>, aws::Error> {
    let certificates = account.own_signing_certificates()?;
    Ok(certificates.into_iter().filter(|one| one.active).map(|one| one.id).collect())
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

    fn propose(&self, state: &State, planning: &Planning<'_>) -> Proposal<State> {
        if let Some(open) = signed_in(&state.view, Self::ID, "signing certificates") {
            return open;
        }
        if state.certificates.is_empty() {
            return Proposal::Nothing;
        }
        let after = State { certificates: Vec::new(), ..state.clone() };
        let undo =
            "a certificate that is deleted does not come back; one that is only deactivated is activated again";
        let calls = vec![Call::UpdateSigningCertificate, Call::DeleteSigningCertificate];
        let grace = planning.settings.grace;
        let mut change = Change::to(after, calls, undo);
        change.waits += grace;
        change.reversible = false;
        change.changes = state.certificates.iter().map(Certificate::goes).collect();
        change.effects = vec![
            own_credentials::effect("certificate", grace),
            "AWS does not say when a certificate was used: look first whether anything uses it.".to_owned(),
        ];
        Proposal::Change(Box::new(change))
    }

    fn needs(&self, _: &State) -> &'static [Protection] {
        &[Protection::Administrator]
    }

    fn is_seen_alike(&self, before: &State, now: &State) -> bool {
        before.view.is_of_root() == now.view.is_of_root()
    }

    /// A certificate that the run has deactivated is active: somebody needs it.
    fn is_taken_back(&self, begun: &Begun<'_, State>) -> bool {
        begun.now.certificates.iter().any(|one| one.active && has_deactivated(begun.notes, &one.id))
    }

    /// Some are gone or inactive; on the way back some are active again.
    fn is_between(&self, from: &State, now: &State, to: &State) -> bool {
        let inactive = |one: &Certificate| Certificate { active: false, ..one.clone() };
        let of = |state: &State, now: &Certificate| {
            state.certificates.iter().any(|one| *now == *one || *now == inactive(one))
        };
        now.view == from.view && now.certificates.iter().all(|one| of(from, one) || of(to, one))
    }

    fn lead(&self, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        let wanted = |one: &Certificate| to.certificates.iter().find(|wanted| wanted.id == one.id);
        for one in &now.certificates {
            if let Some(wanted) = wanted(one).filter(|wanted| wanted.active != one.active) {
                hands.account.set_own_certificate(&one.id, wanted.active)?;
            }
        }
        let going = now.certificates.iter().filter(|one| wanted(one).is_none());
        let going: Vec<(&str, bool)> = going.map(|one| (one.id.as_str(), one.active)).collect();
        CERTIFICATES.take_away(&going, hands)
    }

    fn undone(&self, begun: &Begun<'_, State>) -> Undone<State> {
        let mut to = begun.now.clone();
        let mut stays = Vec::new();
        for was in &begun.before.certificates {
            let what = format!("signing certificate {} of root", was.id);
            match to.certificates.iter_mut().find(|one| one.id == was.id) {
                None => stays.push(format!("{what} is deleted")),
                Some(one) if !was.active || one.active => {}
                Some(one) if has_deactivated(begun.notes, &was.id) => one.active = true,
                Some(_) => stays.push(format!("{what} is inactive, and nothing shows that this run deactivated it")),
            }
        }
        Undone { to, stays }
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
