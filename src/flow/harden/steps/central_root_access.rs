//! Central root access: the management account lets IAM look after the members' root users.

use crate::aws::hardening::TrustedService;
use crate::aws::posture::{Central, Fact, OrgMembership};
use crate::aws::{self, Account, Call, Partition};
use crate::flow::acknowledged::look_until;
use crate::flow::audit::Rule;
use crate::flow::failure::{Cause, HardenRefusal};
use crate::flow::harden::emit::{self, Emission};
use crate::flow::harden::plan::tells_nothing;
use crate::flow::harden::step::{Begun, Change, Hands, Hardening, Planning, Proposal, Undone};
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
    /// The account that was named is delegated administrator for IAM; `None`: none was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delegate: Option<Delegate>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Delegate {
    /// Twelve digits.
    account: String,
    registered: bool,
    /// Why AWS would not register it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unfit: Option<Unfit>,
}

/// Why an account cannot be delegated administrator (Organizations, RegisterDelegatedAdministrator).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Unfit {
    IsManagement,
    NotInOrganization,
    /// It is not in use: AWS's word for its state.
    NotActive {
        state: String,
    },
}

impl Hardening for CentralRootAccess {
    type State = State;

    const ID: &'static str = "central-root-access";
    const FINDINGS: &'static [Rule] = &[Rule::CentralRoot];

    fn read(&self, account: &Account, settings: &HardenSettings) -> Result<State, aws::Error> {
        let nothing = State {
            manages: false,
            all_features: false,
            trusted: false,
            credentials: false,
            sessions: false,
            delegate: None,
        };
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
                let delegate = settings.delegate.as_ref().map(|named| Delegate::read(named, trusted, account));
                let delegate = delegate.transpose()?;
                Ok(State { manages: true, all_features, trusted, credentials, sessions, delegate })
            }
            Fact::Unreadable(why) => Err(why.why),
        }
    }

    fn propose(&self, state: &State, planning: &Planning<'_>) -> Proposal<State> {
        let to_register = state.delegate.as_ref().filter(|delegate| !delegate.registered);
        if let Some((code, message)) = delegate_in_the_way(state, planning.settings) {
            return Proposal::Open { code, message };
        }
        if !state.manages || (state.trusted && state.credentials && state.sessions && to_register.is_none()) {
            return Proposal::Nothing;
        }
        if !state.all_features {
            let message = "the organization has consolidated billing alone: enable all features in the console first";
            return Proposal::Open { code: OpenCode::NotHere, message: message.to_owned() };
        }
        let delegate = state.delegate.clone().map(|delegate| Delegate { registered: true, ..delegate });
        let after = State { trusted: true, credentials: true, sessions: true, delegate, ..state.clone() };
        let parts = [
            (Call::EnableAwsServiceAccess, "trusted access for IAM", state.trusted),
            (Call::EnableOrganizationsRootCredentialsManagement, "RootCredentialsManagement", state.credentials),
            (Call::EnableOrganizationsRootSessions, "RootSessions", state.sessions),
        ];
        let off = parts.into_iter().filter(|(.., on)| !on);
        let (mut calls, mut changes): (Vec<_>, Vec<_>) = off.map(|(call, what, _)| (call, turned_on(what))).unzip();
        calls.extend(to_register.map(|_| Call::RegisterDelegatedAdministrator));
        changes
            .extend(to_register.map(|delegate| turned_on(&format!("delegated administrator {}", delegate.account))));
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
            && (now.delegate == before.delegate || now.delegate == after.delegate)
            && of_each.into_iter().all(|((before, now), after)| now == before || now == after)
    }

    fn lead(&self, now: &State, to: &State, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        let account = hands.account;
        // The features and a delegate need the trust: it is turned on first and off last.
        if to.trusted && !now.trusted {
            account.trust(TrustedService::Iam, true)?;
        }
        if let Some(delegate) = to.delegate.as_ref().filter(|_| to.delegate != now.delegate) {
            delegate.lead(hands)?;
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

    /// Accounts that look after root of members too.
    fn in_use(&self, account: &Account, now: &State) -> Result<Vec<String>, aws::Error> {
        let mut found = if now.trusted { account.delegates_for_iam()? } else { Vec::new() };
        // The one that was named is the step's own to take back.
        found.retain(|id| now.delegate.as_ref().is_none_or(|delegate| delegate.account != *id));
        let sentence = |id| format!("central root access stays on: account {id} is delegated administrator for IAM");
        Ok(found.into_iter().map(sentence).collect())
    }

    fn undone(&self, begun: &Begun<'_, State>) -> Undone<State> {
        // Without the trust there was no delegate before: whoever registered one uses it since.
        match begun.before.trusted || begun.uses.is_empty() {
            true => Undone { to: begun.before.clone(), stays: Vec::new() },
            false => Undone { to: begun.now.clone(), stays: begun.uses.to_vec() },
        }
    }

    fn emission(&self, _: &State, _: &Planning<'_>) -> Emission {
        emit::central_root_access()
    }
}

impl Delegate {
    /// A delegate who stays registered could not be seen once the trust is off.
    fn lead(&self, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        let account = hands.account;
        account.delegate_iam(&self.account, self.registered)?;
        let looked = look_until("for AWS to show the change", hands.context, || {
            let is_so = account.delegates_for_iam()?.contains(&self.account) == self.registered;
            Ok(((), is_so))
        });
        match looked? {
            ((), true) => Ok(()),
            ((), false) => Err(HardenRefusal::NotShown { step: CentralRootAccess::ID.to_owned() }.into()),
        }
    }

    /// Without the trust there is none.
    fn read(named: &str, trusted: bool, account: &Account) -> Result<Self, aws::Error> {
        let registered = trusted && account.delegates_for_iam()?.iter().any(|id| id == named);
        let unfit = if registered { None } else { unfit(named, account)? };
        Ok(Self { account: named.to_owned(), registered, unfit })
    }
}

/// `None` too where AWS does not say what the account is: registering it will tell.
fn unfit(named: &str, account: &Account) -> Result<Option<Unfit>, aws::Error> {
    if named == account.caller().account {
        return Ok(Some(Unfit::IsManagement));
    }
    match account.account_of_organization(named) {
        Ok(Some((_, state))) => Ok((state != "ACTIVE").then_some(Unfit::NotActive { state })),
        Ok(None) => Ok(Some(Unfit::NotInOrganization)),
        Err(why) if tells_nothing(&why) => Ok(None),
        Err(why) => Err(why),
    }
}

/// Why the account that was named cannot be made delegated administrator.
fn delegate_in_the_way(state: &State, settings: &HardenSettings) -> Option<(OpenCode, String)> {
    let named = settings.delegate.as_ref()?;
    let why = match state.delegate.as_ref().map(|delegate| &delegate.unfit) {
        None if !state.manages => {
            let message = format!(
                "account {named} is not made delegated administrator for IAM: this account manages no organization with \
                 central root access"
            );
            return Some((OpenCode::OtherCaller, message));
        }
        None | Some(None) => return None,
        Some(Some(Unfit::IsManagement)) => "it is the management account".to_owned(),
        Some(Some(Unfit::NotInOrganization)) => "it is not in the organization".to_owned(),
        Some(Some(Unfit::NotActive { state })) => format!("it is {state}"),
    };
    let message = format!(
        "account {named} cannot be delegated administrator for IAM: {why}; name another member with --delegate, or leave \
         that out"
    );
    Some((OpenCode::NotHere, message))
}

fn turned_on(what: &str) -> HardenChange {
    HardenChange { what: what.to_owned(), before: "off".to_owned(), after: "on".to_owned() }
}
