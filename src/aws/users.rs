//! IAM users.

use super::call::Call;
use super::client::Account;
use super::error::Error;
use super::mfa::{Tag, tags};
use super::pages::Pages;
use super::send::AsyncClient;

/// An IAM user (ListUsers).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
}

impl Account {
    /// ListUsers: every user of the account.
    pub fn users(&self) -> Result<Vec<User>, Error> {
        self.ask(async |client| {
            let mut users = Vec::new();
            let mut pages = Pages::of(Call::ListUsers);
            while client.page_of_users(1000, &mut pages, &mut users).await? {}
            Ok(users)
        })
    }

    /// ListUserTags: every tag of the user; there are at most 50, in one page.
    pub fn user_tags(&self, user: &str) -> Result<Vec<Tag>, Error> {
        let page = self.call(Call::ListUserTags, |client| client.iam.list_user_tags().user_name(user).send())?;
        let tag = |tag: &aws_sdk_iam::types::Tag| Tag { key: tag.key().to_owned(), value: tag.value().to_owned() };
        Ok(page.tags().iter().map(tag).collect())
    }

    /// TagUser. [`Error::LimitExceeded`] beyond 50 tags.
    pub fn tag_user(&self, user: &str, new: &[Tag]) -> Result<(), Error> {
        let tags = tags(new)?;
        self.call(Call::TagUser, |client| client.iam.tag_user().user_name(user).set_tags(Some(tags.clone())).send())
            .map(drop)
    }

    /// UntagUser: tags that are not there are no error.
    pub fn untag_user(&self, user: &str, keys: &[String]) -> Result<(), Error> {
        self.call(Call::UntagUser, |client| {
            client.iam.untag_user().user_name(user).set_tag_keys(Some(keys.to_vec())).send()
        })
        .map(drop)
    }
}

impl AsyncClient {
    /// ListUsers, one page of so many users at most: whether there is another.
    pub(super) async fn page_of_users(
        &self,
        most: i32,
        pages: &mut Pages,
        users: &mut Vec<User>,
    ) -> Result<bool, Error> {
        let send = |client: &Self| client.iam.list_users().max_items(most).set_marker(pages.token()).send();
        let page = self.call(Call::ListUsers, send).await?;
        let named = page.users().iter();
        users.extend(named.map(|user| User { name: user.user_name().to_owned(), arn: user.arn().to_owned() }));
        pages.go_on_where(page.is_truncated(), page.marker())
    }
}
