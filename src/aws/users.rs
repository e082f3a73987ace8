//! IAM users.

use super::call::Call;
use super::client::Account;
use super::error::Error;

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
        let mut users = Vec::new();
        let mut marker = None;
        loop {
            let page = self.call(Call::ListUsers, |live| {
                live.iam.list_users().max_items(1000).set_marker(marker.clone()).send()
            })?;
            let named = page.users().iter();
            users.extend(named.map(|user| User { name: user.user_name().to_owned(), arn: user.arn().to_owned() }));
            marker = page.marker().map(str::to_owned);
            if !page.is_truncated() || marker.is_none() {
                return Ok(users);
            }
        }
    }
}
