//! One member of an organization: its root user through a session of AssumeRoot.

use super::facts::{Fact, Facts, OrgMembership, Root, Unreadable};
use super::replies::DescribedAccount;
use super::sweep::{Progress, Target, is_closed};
use super::{read, root};
use crate::aws::send::AsyncClient;
use crate::aws::{Call, Error, RootTask};
use serde_json::json;
use std::time::SystemTime;

/// What it takes to ask a member.
pub(super) struct Member {
    pub(super) client: AsyncClient,
    /// Where the organization is asked.
    pub(super) region: String,
    pub(super) partition: String,
    pub(super) management: String,
}

impl Member {
    /// At most eight calls: AssumeRoot, six about root, one about the contact. One more where a refusal may mean that the
    /// account has been closed since it was listed.
    pub(super) async fn read(self, target: Target, at: SystemTime) -> Progress {
        let root = async {
            match self.assume(&target.account).await {
                Ok(session) => root::by_session(&session).await,
                Err(why) => unreadable(&Unreadable { call: Call::AssumeRoot, why }),
            }
        };
        let contact = read::security_contact(&self.client, &self.region, Some(&target.account));
        let (root, security_contact) = tokio::join!(root, contact);
        if let Fact::Unreadable(Unreadable { why: Error::Denied { .. }, .. }) = &root.summary
            && let Some((name, state)) = self.closed_meanwhile(&target.account).await
        {
            return Progress::Closed { account: target.account, name, state };
        }
        Progress::Facts(Box::new(Facts {
            standing: Fact::Known(match target.account == self.management {
                true => OrgMembership::Management,
                false => OrgMembership::Member(self.management.clone()),
            }),
            account: target.account,
            name: target.name,
            state: target.state,
            partition: self.partition,
            at,
            root,
            security_contact,
            around: None,
        }))
    }

    /// An account's name and AWS's word for its state, where that says that it is not in use.
    async fn closed_meanwhile(&self, account: &str) -> Option<(String, String)> {
        let body = json!({ "AccountId": account });
        let answer = self.client.ask::<DescribedAccount>(Call::DescribeAccount, &self.region, body).await;
        let account = answer.ok()?.account;
        let state = account.state().filter(|state| is_closed(state))?.to_owned();
        Some((account.name.unwrap_or_default(), state))
    }

    /// AssumeRoot for the audit task.
    async fn assume(&self, account: &str) -> Result<AsyncClient, Error> {
        let credentials = self.client.assume_root(account, &RootTask::Audit.policy(&self.partition)).await?;
        Ok(self.client.with_session(credentials))
    }
}

fn unreadable(why: &Unreadable) -> Root {
    fn fact<T>(why: &Unreadable) -> Fact<T> {
        Fact::Unreadable(why.clone())
    }
    Root {
        summary: fact(why),
        factors: fact(why),
        keys: fact(why),
        certificates: fact(why),
        password_used: fact(why),
    }
}
