//! What an account and its organization have set for themselves: the password policy, the security contact, central root
//! access, and root's own access keys and certificates.

use crate::aws::posture::{LastUse, home};
use crate::aws::send::AsyncClient;
use crate::aws::{Account, Call, Error};
use aws_sdk_iam::types::StatusType;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::SystemTime;

/// The account's password policy, whole: UpdateAccountPasswordPolicy sets what a request leaves out to its default (IAM
/// API Reference), so that all of it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FullPasswordPolicy {
    /// Characters, 6 to 128.
    pub minimum_length: i32,
    /// One of `!@#$…`.
    pub symbols: bool,
    /// A digit.
    pub numbers: bool,
    /// A capital letter.
    pub uppercase: bool,
    /// A small letter.
    pub lowercase: bool,
    /// Users may change their own.
    pub users_may_change: bool,
    /// Days, 1 to 1095; `None`: passwords do not expire.
    pub maximum_age: Option<i32>,
    /// How many old ones cannot come again, 1 to 24; `None`: all may.
    pub reuse_prevention: Option<i32>,
    /// Who lets a password expire needs an administrator.
    pub hard_expiry: bool,
}

/// An alternate contact (GetAlternateContact).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlternateContact {
    /// The name, at most 64 characters.
    pub name: String,
    /// The title, at most 50 characters.
    pub title: String,
    /// The e-mail address.
    pub email: String,
    /// The phone number.
    pub phone: String,
}

/// An access key of the caller's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAccessKey {
    /// `AKIA…`
    pub id: String,
    /// Whether it may be used.
    pub active: bool,
    /// When it was used last (GetAccessKeyLastUsed).
    pub used: LastUse,
}

/// A signing certificate of the caller's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCertificate {
    /// Its id.
    pub id: String,
    /// Whether it may be used.
    pub active: bool,
}

impl Account {
    /// GetAccountPasswordPolicy; `None`: the account has none.
    pub fn full_password_policy(&self) -> Result<Option<FullPasswordPolicy>, Error> {
        let call = Call::GetAccountPasswordPolicy;
        let answer = match self.call(call, |client| client.iam.get_account_password_policy().send()) {
            Ok(answer) => answer,
            Err(Error::NotFound { .. }) => return Ok(None),
            Err(why) => return Err(why),
        };
        let policy = answer.password_policy.ok_or(Error::Malformed { call })?;
        // Zero days, and zero old passwords, is what some replies have for none.
        let some = |number: Option<i32>| number.filter(|number| *number > 0);
        Ok(Some(FullPasswordPolicy {
            minimum_length: policy.minimum_password_length.ok_or(Error::Malformed { call })?,
            symbols: policy.require_symbols,
            numbers: policy.require_numbers,
            uppercase: policy.require_uppercase_characters,
            lowercase: policy.require_lowercase_characters,
            users_may_change: policy.allow_users_to_change_password,
            maximum_age: some(policy.max_password_age),
            reuse_prevention: some(policy.password_reuse_prevention),
            hard_expiry: policy.hard_expiry.unwrap_or_default(),
        }))
    }

    /// UpdateAccountPasswordPolicy, with everything that a policy has.
    pub fn set_password_policy(&self, policy: &FullPasswordPolicy) -> Result<(), Error> {
        self.call(Call::UpdateAccountPasswordPolicy, |client| {
            client
                .iam
                .update_account_password_policy()
                .minimum_password_length(policy.minimum_length)
                .require_symbols(policy.symbols)
                .require_numbers(policy.numbers)
                .require_uppercase_characters(policy.uppercase)
                .require_lowercase_characters(policy.lowercase)
                .allow_users_to_change_password(policy.users_may_change)
                .set_max_password_age(policy.maximum_age)
                .set_password_reuse_prevention(policy.reuse_prevention)
                .hard_expiry(policy.hard_expiry)
                .send()
        })
        .map(drop)
    }

    /// DeleteAccountPasswordPolicy. [`Error::NotFound`] where there is none.
    pub fn delete_password_policy(&self) -> Result<(), Error> {
        let call = Call::DeleteAccountPasswordPolicy;
        self.call(call, |client| client.iam.delete_account_password_policy().send()).map(drop)
    }

    /// GetAlternateContact of the account's own, for security; `None`: there is none.
    pub fn alternate_contact(&self) -> Result<Option<AlternateContact>, Error> {
        let call = Call::GetAlternateContact;
        let answer: Value = match self.plainly(call, json!({ "AlternateContactType": "SECURITY" })) {
            Ok(answer) => answer,
            Err(Error::Refused { code, .. }) if code == "ResourceNotFoundException" => return Ok(None),
            Err(why) => return Err(why),
        };
        let contact = answer.get("AlternateContact").ok_or(Error::Malformed { call })?;
        let text = |name: &str| contact.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (name, title) = (text("Name"), text("Title"));
        Ok(Some(AlternateContact { name, title, email: text("EmailAddress"), phone: text("PhoneNumber") }))
    }

    /// PutAlternateContact of the account's own, for security. Takes the place of one that is there.
    pub fn put_alternate_contact(&self, contact: &AlternateContact) -> Result<(), Error> {
        let body = json!({
            "AlternateContactType": "SECURITY",
            "Name": contact.name,
            "Title": contact.title,
            "EmailAddress": contact.email,
            "PhoneNumber": contact.phone,
        });
        self.plainly(Call::PutAlternateContact, body).map(drop)
    }

    /// DeleteAlternateContact of the account's own, for security. One that is not there is gone.
    pub fn delete_alternate_contact(&self) -> Result<(), Error> {
        match self.plainly(Call::DeleteAlternateContact, json!({ "AlternateContactType": "SECURITY" })) {
            Err(Error::Refused { code, .. }) if code == "ResourceNotFoundException" => Ok(()),
            outcome => outcome.map(drop),
        }
    }

    /// EnableOrganizationsRootCredentialsManagement, or Disable….
    pub fn manage_root_credentials(&self, on: bool) -> Result<(), Error> {
        match on {
            true => {
                let call = Call::EnableOrganizationsRootCredentialsManagement;
                let send =
                    |client: &AsyncClient| client.iam.enable_organizations_root_credentials_management().send();
                self.call(call, send).map(drop)
            }
            false => {
                let call = Call::DisableOrganizationsRootCredentialsManagement;
                let send =
                    |client: &AsyncClient| client.iam.disable_organizations_root_credentials_management().send();
                self.call(call, send).map(drop)
            }
        }
    }

    /// EnableOrganizationsRootSessions, or Disable….
    pub fn allow_root_sessions(&self, on: bool) -> Result<(), Error> {
        match on {
            true => {
                let call = Call::EnableOrganizationsRootSessions;
                self.call(call, |client| client.iam.enable_organizations_root_sessions().send()).map(drop)
            }
            false => {
                let call = Call::DisableOrganizationsRootSessions;
                self.call(call, |client| client.iam.disable_organizations_root_sessions().send()).map(drop)
            }
        }
    }

    /// ListAccessKeys of the caller's own, each with when it was used last (GetAccessKeyLastUsed).
    pub fn own_keys_in_use(&self) -> Result<Vec<OwnAccessKey>, Error> {
        self.ask(async |client| {
            let mut keys = Vec::new();
            for key in client.access_keys(None).await? {
                let call = Call::GetAccessKeyLastUsed;
                let send = |client: &AsyncClient| client.iam.get_access_key_last_used().access_key_id(&key.id).send();
                let used = match client.call(call, send).await {
                    Ok(answer) => last_use(answer.access_key_last_used().and_then(|used| used.last_used_date())),
                    // It was deleted since it was listed.
                    Err(Error::NotFound { .. }) => continue,
                    Err(why) => return Err(why),
                };
                keys.push(OwnAccessKey { id: key.id, active: key.active, used });
            }
            Ok(keys)
        })
    }

    /// UpdateAccessKey of the caller's own. Under temporary credentials AWS may refuse it: "If a temporary access key is
    /// used, then UserName is required" (IAM API Reference), and root has none.
    pub fn set_own_access_key(&self, id: &str, active: bool) -> Result<(), Error> {
        let status = if active { StatusType::Active } else { StatusType::Inactive };
        let send =
            |client: &AsyncClient| client.iam.update_access_key().access_key_id(id).status(status.clone()).send();
        self.call(Call::UpdateAccessKey, send).map(drop)
    }

    /// DeleteAccessKey of the caller's own. One that is not there is gone.
    pub fn delete_own_access_key(&self, id: &str) -> Result<(), Error> {
        let send = |client: &AsyncClient| client.iam.delete_access_key().access_key_id(id).send();
        gone(self.call(Call::DeleteAccessKey, send).map(drop))
    }

    /// ListSigningCertificates of the caller's own.
    pub fn own_signing_certificates(&self) -> Result<Vec<OwnCertificate>, Error> {
        let call = Call::ListSigningCertificates;
        let answer = self.call(call, |client| client.iam.list_signing_certificates().send())?;
        let certificate = |one: &aws_sdk_iam::types::SigningCertificate| OwnCertificate {
            id: one.certificate_id().to_owned(),
            active: one.status() == &StatusType::Active,
        };
        Ok(answer.certificates().iter().map(certificate).collect())
    }

    /// UpdateSigningCertificate of the caller's own.
    pub fn set_own_certificate(&self, id: &str, active: bool) -> Result<(), Error> {
        let status = if active { StatusType::Active } else { StatusType::Inactive };
        let send = |client: &AsyncClient| {
            client.iam.update_signing_certificate().certificate_id(id).status(status.clone()).send()
        };
        self.call(Call::UpdateSigningCertificate, send).map(drop)
    }

    /// DeleteSigningCertificate of the caller's own. One that is not there is gone.
    pub fn delete_own_certificate(&self, id: &str) -> Result<(), Error> {
        let send = |client: &AsyncClient| client.iam.delete_signing_certificate().certificate_id(id).send();
        gone(self.call(Call::DeleteSigningCertificate, send).map(drop))
    }

    /// A call to a global service that has no crate of its own.
    pub(super) fn plainly(&self, call: Call, body: Value) -> Result<Value, Error> {
        self.ask(async |client| {
            let region = home(self).await;
            client.ask(call, &region, body).await
        })
    }
}

pub(super) fn gone(outcome: Result<(), Error>) -> Result<(), Error> {
    match outcome {
        Err(Error::NotFound { .. }) => Ok(()),
        outcome => outcome,
    }
}

fn last_use(date: Option<&aws_smithy_types::DateTime>) -> LastUse {
    match date.map(|date| SystemTime::try_from(*date)) {
        None => LastUse::Never,
        Some(Ok(at)) if at > SystemTime::UNIX_EPOCH => LastUse::At(at),
        Some(Ok(_)) => LastUse::Never,
        Some(Err(_)) => LastUse::Untold,
    }
}
