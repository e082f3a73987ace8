//! What a role may do beside one policy of its own.

use super::pages::Pages;
use super::send::AsyncClient;
use super::{Call, Error};

impl AsyncClient {
    /// ListRolePolicies, ListAttachedRolePolicies: what a role has beside its inline policy of this name.
    pub(super) async fn further_policies(&self, role: &str, own: &str) -> Result<Vec<String>, Error> {
        let mut all = self.inline_policies(role).await?;
        all.retain(|name| name != own);
        all.extend(self.attached_policies(role).await?);
        Ok(all)
    }

    async fn inline_policies(&self, role: &str) -> Result<Vec<String>, Error> {
        let call = Call::ListRolePolicies;
        let (mut names, mut pages) = (Vec::new(), Pages::of(call));
        loop {
            let send =
                |client: &Self| client.iam.list_role_policies().role_name(role).set_marker(pages.token()).send();
            let page = self.call(call, send).await?;
            names.extend_from_slice(page.policy_names());
            if !pages.go_on_where(page.is_truncated(), page.marker())? {
                return Ok(names);
            }
        }
    }

    async fn attached_policies(&self, role: &str) -> Result<Vec<String>, Error> {
        let call = Call::ListAttachedRolePolicies;
        let (mut names, mut pages) = (Vec::new(), Pages::of(call));
        loop {
            let send = |client: &Self| {
                client.iam.list_attached_role_policies().role_name(role).set_marker(pages.token()).send()
            };
            let page = self.call(call, send).await?;
            let named = page.attached_policies().iter().filter_map(|one| one.policy_name().or(one.policy_arn()));
            names.extend(named.map(str::to_owned));
            if !pages.go_on_where(page.is_truncated(), page.marker())? {
                return Ok(names);
            }
        }
    }
}
