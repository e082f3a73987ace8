//! What the steps about members of an organization have in common: they look through sessions of AssumeRoot.

use super::super::step::Proposal;
use crate::aws::hardening::{LeftOut, MemberRoots};
use crate::aws::posture::{Central, Fact, OrgMembership};
use crate::aws::{Account, Call, Error, Identity, Partition};
use crate::person::{HardenSettings, OpenCode};
use serde::{Deserialize, Serialize};

/// From where members are seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum View {
    /// They are not to be touched.
    NotAsked,
    /// The partition has no central root access.
    NotHere,
    /// The caller is root, which AWS lets assume nobody's root.
    AsRoot,
    /// Central root access is off.
    Off,
    /// Through sessions of AssumeRoot, by the management account.
    Management,
    /// The same, by a delegated administrator for IAM.
    Delegate,
}

/// A member that did not tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Unread {
    pub(super) account: String,
    /// The call that failed, by its permission.
    pub(super) call: String,
}

/// A member that is closed, suspended or not active yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NotInUse {
    pub(super) account: String,
    /// Its name in the organization.
    name: String,
    /// AWS's word for it: `SUSPENDED`, `PENDING_ACTIVATION`, …
    state: String,
}

impl NotInUse {
    pub(super) fn of(LeftOut { account, name, state }: LeftOut) -> Self {
        Self { account, name, state }
    }

    /// It will be in use.
    pub(super) fn is_to_come(&self) -> bool {
        self.state == "PENDING_ACTIVATION"
    }

    /// A part of a sentence.
    pub(super) fn words(&self) -> String {
        format!("{} ({}), {}", self.account, self.name, self.state)
    }
}

impl View {
    pub(super) fn of(account: &Account, settings: &HardenSettings) -> Result<Self, Error> {
        let caller = account.caller();
        if !settings.organization {
            return Ok(Self::NotAsked);
        }
        if !Partition::named(&caller.partition).root_signs_in() {
            return Ok(Self::NotHere);
        }
        if caller.identity == Identity::Root {
            return Ok(Self::AsRoot);
        }
        match account.central_root() {
            Fact::Known(Central { trusted: true, credentials: true, .. }) => {}
            Fact::Known(_) => return Ok(Self::Off),
            Fact::Unreadable(why) => return Err(why.why),
        }
        match account.membership().0 {
            Fact::Known(OrgMembership::Management) => Ok(Self::Management),
            Fact::Known(_) => Ok(Self::Delegate),
            Fact::Unreadable(why) => Err(why.why),
        }
    }

    /// What becomes of a step that cannot look at members; `None`: it can.
    pub(super) fn in_the_way<State>(self) -> Option<Proposal<State>> {
        let open = |code, message: &str| Some(Proposal::Open { code, message: message.to_owned() });
        match self {
            Self::Management | Self::Delegate => None,
            Self::NotAsked => Some(Proposal::Nothing),
            Self::NotHere => open(OpenCode::NotHere, "this partition has no central root access"),
            Self::AsRoot => open(
                OpenCode::OtherCaller,
                "AWS does not let root assume a member's root: sign in as an administrator",
            ),
            Self::Off => open(
                OpenCode::NotProtected,
                "nothing can be seen of members while central root access is off: apply central-root-access first, \
                 and then run this command again",
            ),
        }
    }
}

/// Root of every member.
pub(super) fn roots(account: &Account) -> Result<MemberRoots, Error> {
    let management = match account.membership().0 {
        Fact::Known(OrgMembership::Member(management)) => management,
        Fact::Known(_) => account.caller().account.clone(),
        Fact::Unreadable(why) => return Err(why.why),
    };
    account.member_roots(&management)
}

impl Unread {
    pub(super) fn of(account: &str, call: Call) -> Self {
        Self { account: account.to_owned(), call: call.permission().to_owned() }
    }

    /// A part of a sentence.
    pub(super) fn words(&self) -> String {
        format!("{} did not answer {}", self.account, self.call)
    }
}
