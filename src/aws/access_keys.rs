//! Long-term access keys of users. A new one's secret comes in one reply and never again.

use super::arn::Caller;
use super::call::Call;
use super::client::Account;
use super::error::Error;
use super::send::AsyncClient;
use crate::secret::SecretText;
use aws_credential_types::Credentials;
use aws_sdk_iam::types::StatusType;
use std::time::SystemTime;

/// An access key (ListAccessKeys).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA…`
    pub id: String,
    /// Whether it may be used.
    pub active: bool,
    /// When it was made.
    pub created: Option<SystemTime>,
}

/// An access key that was just made.
pub struct NewAccessKey {
    /// `AKIA…`
    pub id: String,
    /// Forty characters, never told again.
    pub secret: SecretText,
}

impl Account {
    /// ListAccessKeys: at most two for a user.
    pub fn access_keys(&self, user: &str) -> Result<Vec<AccessKey>, Error> {
        self.ask(async |client| client.access_keys(Some(user)).await)
    }

    /// CreateAccessKey. Sent once; after a lost reply nobody has the secret, and [`Account::access_keys`] tells
    /// whether there is a key to delete. Afterwards every connection is closed.
    pub fn create_access_key(&self, user: &str) -> Result<NewAccessKey, Error> {
        let call = Call::CreateAccessKey;
        let created = self.call(call, |client| {
            let request = client.iam.create_access_key().user_name(user).send();
            async {
                let key = request.await?.access_key;
                Ok(key.and_then(|key| {
                    let secret = SecretText::new(key.secret_access_key)?;
                    Some(NewAccessKey { id: key.access_key_id, secret })
                }))
            }
        });
        self.close();
        created?.ok_or(Error::Malformed { call })
    }

    /// UpdateAccessKey: whether it may be used.
    pub fn set_access_key(&self, user: &str, id: &str, active: bool) -> Result<(), Error> {
        let status = if active { StatusType::Active } else { StatusType::Inactive };
        self.call(Call::UpdateAccessKey, |client| {
            client.iam.update_access_key().user_name(user).access_key_id(id).status(status.clone()).send()
        })
        .map(drop)
    }

    /// DeleteAccessKey. [`Error::NotFound`] when it is not the user's.
    pub fn delete_access_key(&self, user: &str, id: &str) -> Result<(), Error> {
        self.call(Call::DeleteAccessKey, |client| {
            client.iam.delete_access_key().user_name(user).access_key_id(id).send()
        })
        .map(drop)
    }

    /// The caller through a new access key of theirs.
    #[must_use]
    pub fn with_access_key(&self, key: &NewAccessKey) -> Self {
        let with = key.secret.expose(|secret| Credentials::new(key.id.clone(), secret, None, None, "new access key"));
        let mut account = self.with_session(with);
        account.long_term = true;
        account
    }

    /// Asks AWS who calls with a new access key. [`Error::UnknownCredentials`] until AWS knows the key everywhere, which
    /// takes some seconds.
    pub fn identity_of(&self, key: &NewAccessKey) -> Result<Caller, Error> {
        self.with_access_key(key).get_caller_identity()
    }
}

impl AsyncClient {
    /// ListAccessKeys; without a user, of the caller.
    pub(super) async fn access_keys(&self, user: Option<&str>) -> Result<Vec<AccessKey>, Error> {
        let call = Call::ListAccessKeys;
        let send = |client: &Self| client.iam.list_access_keys().set_user_name(user.map(str::to_owned)).send();
        let page = self.call(call, send).await?;
        if page.is_truncated() {
            return Err(Error::Malformed { call });
        }
        let keys = page.access_key_metadata().iter();
        keys.map(|key| {
            Ok(AccessKey {
                id: key.access_key_id().ok_or(Error::Malformed { call })?.to_owned(),
                active: key.status() == Some(&StatusType::Active),
                created: key.create_date().and_then(|date| SystemTime::try_from(*date).ok()),
            })
        })
        .collect()
    }
}
