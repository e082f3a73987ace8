//! Central root access: the management account lets IAM look after the members' root users.

use crate::aws::hardening::TrustedService;
use crate::aws::posture::{Central, Fact, OrgMembership};
use crate::aws::{self, Account, Call, Partition};
use crate::flow::audit::Rule;
use crate::flow::failure::Cause;
use crate::flow::harden::emit::{self, Emission};
use crate::flow::harden::step::{Change, Hands, Hardening, Planning, Proposal};
use crate::person::{HardenChange, HardenSettings, OpenCode};
use serde::{Deserialize, Serialize};

pub(super) struct CentralRootAccess;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    /// The account manages an organization, in a partition that has central root access.
    manages: bool,
    /// The organization has all features, and not consolidated billing alone.
    all_features: bool,
    /// IAM is trusted.
    trusted: bool,
    /// RootCredentialsManagement.
    credentials: bool,
    /// RootSessions.
    sessions: bool,
}

impl Hardening for CentralRootAccess {
    type State = State;

    const ID: &'static str = "central-root-access";
    const FINDINGS: &'static [Rule] = &[Rule::CentralRoot];

    fn read(&self, account: &Account, _: &HardenSettings) -> Result<State, aws::Error> {
        let nothing =
            State { manages: false, all_features: false, trusted: false, credentials: false, sessions: false };
        if !Partition::named(&account.caller().partition).root_signs_in() {
            return Ok(nothing);
        }
        match account.membership().0 {
            Fact::Known(OrgMembership::Management) => {}
            Fact::Known(_) => return Ok(nothing),
            Fact::Unreadable(why) => return Err(why.why),
        }
        match account.central_root() {
            Fact::Known(Central { all_features, trusted, credentials, sessions }) => {
                Ok(State { manages: true, all_features, trusted, credentials, sessions })
            }
            Fact::Unreadable(why) => Err(why.why),
        }
    }

    fn propose(&self, state: &State, _: &Planning<'_>) -> Proposal<State> {
        if !state.manages || (state.trusted && state.credentials && state.sessions) {
            return Proposal::Nothing;
        }
        if !state.all_features {
            let message = "the organization has consolidated billing alone: enable all features in the console first";
            return Proposal::Open { code: OpenCode::NotHere, message: message.to_owned() };
        }
        let after = State { trusted: true, credentials: true, sessions: true, ..state.clone() };
        let parts = [
            (Call::EnableAwsServiceAccess, "trusted access for IAM", state.trusted),
            (Call::EnableOrganizationsRootCredentialsManagement, "RootCredentialsManagement", state.credentials),
            (Call::EnableOrganizationsRootSessions, "RootSessions", state.sessions),
        ];
        let off = parts.into_iter().filter(|(.., on)| !on);
        let (calls, changes) = off.map(|(call, what, _)| (call, turned_on(what))).unzip();
        let mut change = Change::to(after, calls, "what was off before is turned off again, and nothing else");
        change.changes = changes;
        change.effects = vec![
            "The management account can then look at members' root credentials and delete them.".to_owned(),
            "New member accounts have no root password from then on.".to_owned(),
        ];
        Proposal::Change(Box::new(change))
    }

    /// Each part is as it was, or as it is to be.
    fn is_between(&self, before: &State, now: &State, after: &State) -> bool {
        let parts = |state: &State| [state.trusted, state.credentials, state.sessions];
        let of_each = parts(before).into_iter().zip(parts(now)).zip(parts(after));
        (now.manages, now.all_features) == (before.manages, before.all_features)
            && of_each.into_iter().all(|((before, now), after)| now == before || now == after)
    }

    fn lead(&self, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        let account = hands.account;
        // The features need the trust: it is turned on first and off last.
        if to.trusted && !now.trusted {
            account.trust(TrustedService::Iam, true)?;
        }
        if to.credentials != now.credentials {
            account.manage_root_credentials(to.credentials)?;
        }
        if to.sessions != now.sessions {
            account.allow_root_sessions(to.sessions)?;
        }
        if now.trusted && !to.trusted {
            account.trust(TrustedService::Iam, false)?;
        }
        Ok(())
    }

    fn emission(&self, _: &State, _: &Planning<'_>) -> Emission {
        emit::central_root_access()
    }
}

fn turned_on(what: &str) -> HardenChange {
    HardenChange { what: what.to_owned(), before: "off".to_owned(), after: "on".to_owned() }
}
