//! IAM: a user who administers the account, the group that lets them, and the password that they sign in with.

use super::found;
use crate::aws::mfa::{Tag, tags};
use crate::aws::pages::Pages;
use crate::aws::{Account, Call, Error};
use crate::secret::SecretText;
use aws_sdk_iam::operation::get_account_authorization_details::GetAccountAuthorizationDetailsOutput;
use aws_sdk_iam::types::{AttachedPolicy, EntityType, PolicyDetail};
use serde_json::{Value, json};
use std::time::SystemTime;

/// A group, as GetAccountAuthorizationDetails has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserGroup {
    /// As it was made; IAM compares names without regard to case.
    pub name: String,
    /// Its policies: ARNs of managed ones, names of inline ones; sorted.
    pub policies: Vec<String>,
    /// The names of its users, sorted.
    pub members: Vec<String>,
}

/// A user, as GetAccountAuthorizationDetails has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetailedUser {
    /// As it was made; IAM compares names without regard to case.
    pub name: String,
    /// At most 50.
    pub tags: Vec<Tag>,
    /// The names of the groups, sorted.
    pub groups: Vec<String>,
    /// Their own: ARNs of managed ones and of the permissions boundary, names of inline ones; sorted.
    pub policies: Vec<String>,
}

impl Account {
    /// GetAccountAuthorizationDetails, for the group and the user of these names. `None`: there is no such one.
    pub fn group_and_user(
        &self,
        group: &str,
        user: &str,
    ) -> Result<(Option<UserGroup>, Option<DetailedUser>), Error> {
        self.ask(async |client| {
            let call = Call::GetAccountAuthorizationDetails;
            let (mut seen, mut pages) = (Seen::default(), Pages::of(call));
            loop {
                let page = client
                    .call(call, |client| {
                        let request = client.iam.get_account_authorization_details().max_items(1000);
                        let request = request.filter(EntityType::User).filter(EntityType::Group);
                        request.set_marker(pages.token()).send()
                    })
                    .await?;
                seen.take(&page, group, user);
                if !pages.go_on_where(page.is_truncated(), page.marker())? {
                    return Ok(seen.found());
                }
            }
        })
    }

    /// CreateGroup. Sent once. [`Error::AlreadyExists`] where there is one.
    pub fn create_group(&self, name: &str) -> Result<(), Error> {
        self.call(Call::CreateGroup, |client| client.iam.create_group().group_name(name).send()).map(drop)
    }

    /// DeleteGroup. [`Error::DeleteConflict`] while it has users or policies.
    pub fn delete_group(&self, name: &str) -> Result<(), Error> {
        self.call(Call::DeleteGroup, |client| client.iam.delete_group().group_name(name).send()).map(drop)
    }

    /// AttachGroupPolicy.
    pub fn attach_to_group(&self, group: &str, policy: &str) -> Result<(), Error> {
        self.call(Call::AttachGroupPolicy, |client| {
            client.iam.attach_group_policy().group_name(group).policy_arn(policy).send()
        })
        .map(drop)
    }

    /// DetachGroupPolicy. [`Error::NotFound`] where it is not attached.
    pub fn detach_from_group(&self, group: &str, policy: &str) -> Result<(), Error> {
        self.call(Call::DetachGroupPolicy, |client| {
            client.iam.detach_group_policy().group_name(group).policy_arn(policy).send()
        })
        .map(drop)
    }

    /// CreateUser, with tags. Sent once. [`Error::AlreadyExists`] where there is one.
    pub fn create_user(&self, name: &str, with: &[Tag]) -> Result<(), Error> {
        let tags = tags(with)?;
        self.call(Call::CreateUser, |client| {
            client.iam.create_user().user_name(name).set_tags(Some(tags.clone())).send()
        })
        .map(drop)
    }

    /// DeleteUser. [`Error::DeleteConflict`] while they have anything.
    pub fn delete_user(&self, name: &str) -> Result<(), Error> {
        self.call(Call::DeleteUser, |client| client.iam.delete_user().user_name(name).send()).map(drop)
    }

    /// AddUserToGroup. Who is in it stays in it.
    pub fn add_to_group(&self, group: &str, user: &str) -> Result<(), Error> {
        self.call(Call::AddUserToGroup, |client| {
            client.iam.add_user_to_group().group_name(group).user_name(user).send()
        })
        .map(drop)
    }

    /// RemoveUserFromGroup. Who is not in it stays out of it.
    pub fn remove_from_group(&self, group: &str, user: &str) -> Result<(), Error> {
        self.call(Call::RemoveUserFromGroup, |client| {
            client.iam.remove_user_from_group().group_name(group).user_name(user).send()
        })
        .map(drop)
    }

    /// GetLoginProfile: whether a user has a password.
    pub fn has_password(&self, user: &str) -> Result<bool, Error> {
        let asked = self.call(Call::GetLoginProfile, |client| client.iam.get_login_profile().user_name(user).send());
        found(asked).map(|profile| profile.is_some())
    }

    /// GetUser: when the user last signed in with their password. `None`: never, or not for long.
    pub fn password_last_used(&self, user: &str) -> Result<Option<SystemTime>, Error> {
        let call = Call::GetUser;
        let answer = self.call(call, |client| client.iam.get_user().user_name(user).send())?;
        let user = answer.user().ok_or(Error::Malformed { call })?;
        Ok(user.password_last_used().and_then(|date| SystemTime::try_from(*date).ok()))
    }

    /// CreateLoginProfile: a first password, which the user has to change when they sign in. Sent once. Afterwards every
    /// connection is closed.
    pub fn create_password(&self, user: &str, password: &SecretText) -> Result<(), Error> {
        let made = self.call(Call::CreateLoginProfile, |client| {
            let request = client.iam.create_login_profile().user_name(user).password_reset_required(true);
            request.password(password.expose(str::to_owned)).send()
        });
        self.close();
        made.map(drop)
    }

    /// UpdateLoginProfile: another password in the place of the one that is there, to be changed likewise. Afterwards every
    /// connection is closed.
    pub fn replace_password(&self, user: &str, password: &SecretText) -> Result<(), Error> {
        let replaced = self.call(Call::UpdateLoginProfile, |client| {
            let request = client.iam.update_login_profile().user_name(user).password_reset_required(true);
            request.password(password.expose(str::to_owned)).send()
        });
        self.close();
        replaced.map(drop)
    }

    /// DeleteLoginProfile. [`Error::NotFound`] where there is no password.
    pub fn delete_password(&self, user: &str) -> Result<(), Error> {
        self.call(Call::DeleteLoginProfile, |client| client.iam.delete_login_profile().user_name(user).send())
            .map(drop)
    }

    /// Whether a user has MFA, and a password or an active access key: ListMFADevices, GetLoginProfile, ListAccessKeys. The
    /// credential report says the same, and may be four hours old.
    pub fn signs_in_with_mfa(&self, user: &str) -> Result<bool, Error> {
        if self.mfa_devices(user)?.is_empty() {
            return Ok(false);
        }
        Ok(self.has_password(user)? || self.access_keys(user)?.iter().any(|key| key.active))
    }

    /// ListInstances: whether IAM Identity Center has an instance that this account sees, in a region.
    pub fn has_identity_center(&self, region: &str) -> Result<bool, Error> {
        let call = Call::ListInstances;
        let instances = self.plain_list(call, region, json!({}), ("Instances", "NextToken"))?;
        let in_use = |instance: &Value| {
            let status = instance.get("Status").and_then(Value::as_str).unwrap_or("ACTIVE");
            !matches!(status, "CREATE_FAILED" | "DELETE_IN_PROGRESS")
        };
        Ok(instances.iter().any(in_use))
    }
}

/// What is collected over all pages: whose groups a user is in comes with the user.
#[derive(Default)]
struct Seen {
    group: Option<UserGroup>,
    user: Option<DetailedUser>,
    members: Vec<String>,
}

impl Seen {
    fn take(&mut self, page: &GetAccountAuthorizationDetailsOutput, group: &str, user: &str) {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        for found in page.group_detail_list() {
            if text(found.group_name()).eq_ignore_ascii_case(group) {
                let policies = named(found.group_policy_list(), found.attached_managed_policies());
                self.group = Some(UserGroup { name: text(found.group_name()), policies, members: Vec::new() });
            }
        }
        for found in page.user_detail_list() {
            if found.group_list().iter().any(|name| name.eq_ignore_ascii_case(group)) {
                self.members.push(text(found.user_name()));
            }
            if text(found.user_name()).eq_ignore_ascii_case(user) {
                let mut policies = named(found.user_policy_list(), found.attached_managed_policies());
                let boundary = found.permissions_boundary().and_then(|one| one.permissions_boundary_arn());
                policies.extend(boundary.map(str::to_owned));
                let mut groups = found.group_list().to_vec();
                groups.sort();
                let tags = found.tags().iter();
                let tags = tags.map(|tag| Tag { key: tag.key().to_owned(), value: tag.value().to_owned() });
                let tags = tags.collect();
                self.user = Some(DetailedUser { name: text(found.user_name()), tags, groups, policies });
            }
        }
    }

    fn found(mut self) -> (Option<UserGroup>, Option<DetailedUser>) {
        self.members.sort();
        let members = self.members;
        (self.group.map(|group| UserGroup { members, ..group }), self.user)
    }
}

fn named(inline: &[PolicyDetail], attached: &[AttachedPolicy]) -> Vec<String> {
    let inline = inline.iter().filter_map(|policy| policy.policy_name());
    let attached = attached.iter().filter_map(|policy| policy.policy_arn());
    let mut all: Vec<String> = inline.chain(attached).map(str::to_owned).collect();
    all.sort();
    all
}
