//! The accounts of an organization, and what a session of AssumeRoot does about a member's password.

use super::settings::gone;
use crate::aws::posture::{Facts, Progress, Scope};
use crate::aws::send::AsyncClient;
use crate::aws::{Account, Call, Error};
use serde_json::{Value, json};

/// How many members are asked at once at most; fewer while AWS throttles.
pub const AT_ONCE: usize = 40;

/// What root of each member has, in the order of the account numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberRoots {
    /// The members that are in use.
    pub members: Vec<Facts>,
    /// Those that are not, or not yet.
    pub left_out: Vec<LeftOut>,
}

/// A member that is closed, suspended or not active yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Twelve digits.
    pub account: String,
    /// Its name.
    pub name: String,
    /// AWS's word for its state: `SUSPENDED`, `PENDING_CLOSURE`, …
    pub state: String,
}

impl Account {
    /// How many accounts the organization has, in whatever state (ListAccounts).
    pub fn count_accounts(&self) -> Result<usize, Error> {
        let call = Call::ListAccounts;
        let listed: Vec<Value> = self.ask(async |client| {
            let region = crate::aws::posture::home(self).await;
            client.pages(call, &region, json!({}), "Accounts", "NextToken").await
        })?;
        Ok(listed.len())
    }

    /// Root of each member, through sessions of AssumeRoot for the audit task. The management account is no member; the
    /// caller's own account is left to its own steps.
    pub fn member_roots(&self, management: &str) -> Result<MemberRoots, Error> {
        let mut found = MemberRoots::default();
        let own = self.caller().account.clone();
        let skip = |account: &str| account == own || account == management;
        let clock = self.connector.clock.clone();
        self.sweep(Scope::Organization, AT_ONCE, &|| clock.now(), &skip, &mut |progress, _| {
            match progress {
                Progress::Facts(facts) => found.take(*facts),
                Progress::Closed { account, name, state } => found.left_out.push(LeftOut { account, name, state }),
                Progress::Skipped { .. } => {}
            }
            true
        })?;
        found.members.sort_by(|one, other| one.account.cmp(&other.account));
        found.left_out.sort_by(|one, other| one.account.cmp(&other.account));
        Ok(found)
    }

    /// DeleteLoginProfile of the caller's own: in a session of AssumeRoot's delete task, root's. One that is not there is
    /// gone.
    pub fn delete_own_password(&self) -> Result<(), Error> {
        let send = |client: &AsyncClient| client.iam.delete_login_profile().send();
        gone(self.call(Call::DeleteLoginProfile, send).map(drop))
    }

    /// GetLoginProfile of the caller's own: in a session of AssumeRoot's delete task, whether root has a password.
    pub fn has_own_password(&self) -> Result<bool, Error> {
        match self.call(Call::GetLoginProfile, |client| client.iam.get_login_profile().send()) {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(why) => Err(why),
        }
    }

    /// DescribeAccount of an account of the organization: its name, and AWS's word for its state. `None`: there is no such
    /// account in it.
    pub fn account_of_organization(&self, account: &str) -> Result<Option<(String, String)>, Error> {
        let call = Call::DescribeAccount;
        let answer = match self.plainly(call, json!({ "AccountId": account })) {
            Ok(answer) => answer,
            Err(Error::Refused { code, .. }) if code == "AccountNotFoundException" => return Ok(None),
            Err(why) => return Err(why),
        };
        let found = answer.get("Account").ok_or(Error::Malformed { call })?;
        let text = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let state = Some(text("State")).filter(|state| !state.is_empty()).unwrap_or_else(|| text("Status"));
        Ok(Some((text("Name"), state)))
    }

    /// CreateLoginProfile of the caller's own, without a password: in a session of AssumeRoot's password task it lets root
    /// recover its password by e-mail. [`Error::AlreadyExists`] where it can already.
    pub fn allow_own_recovery(&self) -> Result<(), Error> {
        self.call(Call::CreateLoginProfile, |client| client.iam.create_login_profile().send()).map(drop)
    }
}

impl MemberRoots {
    /// A state other than `ACTIVE` is none in which an account is in use.
    fn take(&mut self, facts: Facts) {
        match &facts.state {
            None => self.members.push(facts),
            Some(state) => self.left_out.push(LeftOut {
                state: state.clone(),
                name: facts.name.clone().unwrap_or_default(),
                account: facts.account,
            }),
        }
    }
}
