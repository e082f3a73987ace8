//! What the steps about root's own credentials have in common: AWS lets root alone list and delete them.

use super::super::step::Proposal;
use crate::aws::{self, Account, Identity, Summary};
use crate::person::OpenCode;
use serde::{Deserialize, Serialize};

/// From where root is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum View {
    /// By itself.
    Root,
    /// By somebody else in the account, who sees whether there are any; `None`: not even that.
    Outside { present: Option<bool> },
}

impl View {
    pub(super) fn is_of_root(&self) -> bool {
        *self == Self::Root
    }

    pub(super) fn of(account: &Account, present: fn(&Summary) -> Option<bool>) -> Result<Self, aws::Error> {
        match account.caller().identity {
            Identity::Root => Ok(Self::Root),
            _ => Ok(Self::Outside { present: present(&account.summary()?) }),
        }
    }
}

/// What becomes of a step that only root can do; `None`: the caller is root.
pub(super) fn signed_in<State>(view: &View, step: &str, what: &str) -> Option<Proposal<State>> {
    let present = match view {
        View::Root => return None,
        View::Outside { present } => *present,
    };
    Some(match present {
        Some(false) => Proposal::Nothing,
        Some(true) => Proposal::Open {
            code: OpenCode::OtherCaller,
            message: format!(
                "root has {what}, and AWS lets root alone delete them: sign in with `aws login` as root, then \
                 `glasskey root harden --only {step} --profile root`"
            ),
        },
        None => Proposal::Open {
            code: OpenCode::Unreadable,
            message: format!("the account's summary does not say whether root has {what}"),
        },
    })
}
