//! The root user of an account: seen by itself, by an administrator, or by a session of AssumeRoot.
//!
//! `UserName` is left out of every call about root: it would mean an IAM user.

use super::arn::{Caller, Identity, root_arn};
use super::call::Call;
use super::client::Account;
use super::error::Error;
use super::mfa::{Assignment, MfaDevice};
use super::retry::means_throttling;
use super::send::AsyncClient;
use aws_config::Region;
use aws_credential_types::Credentials;
use aws_sdk_iam::types::{StatusType, SummaryKeyType};
use aws_sdk_sts::types::PolicyDescriptorType;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// GetAccountSummary, as far as it speaks of root. What a reply leaves out is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// A factor is enabled.
    pub mfa: Option<bool>,
    /// There are access keys, active or not.
    pub keys: Option<bool>,
    /// There is a password.
    pub password: Option<bool>,
    /// There are signing certificates.
    pub certificates: Option<bool>,
    /// MFA devices in use in the whole account, by root and by all users.
    pub devices_in_use: Option<u32>,
}

/// What a session of AssumeRoot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RootTask {
    /// Looking at root's credentials.
    Audit,
    /// Taking them away.
    Delete,
    /// Letting root have a password again.
    CreatePassword,
    /// Taking away a bucket's policy.
    UnlockBucket,
    /// Taking away a queue's policy.
    UnlockQueue,
}

impl RootTask {
    /// The name of the task's policy.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit => "IAMAuditRootUserCredentials",
            Self::Delete => "IAMDeleteRootUserCredentials",
            Self::CreatePassword => "IAMCreateRootUserPassword",
            Self::UnlockBucket => "S3UnlockBucketPolicy",
            Self::UnlockQueue => "SQSUnlockQueuePolicy",
        }
    }

    /// The policy's ARN.
    #[must_use]
    pub fn policy(self, partition: &str) -> String {
        format!("arn:{partition}:iam::aws:policy/root-task/{}", self.name())
    }
}

impl Account {
    /// GetAccountSummary, as far as it speaks of root.
    pub fn summary(&self) -> Result<Summary, Error> {
        self.ask(AsyncClient::summary)
    }

    /// AssumeRoot: a member account's root for one task, for fifteen minutes.
    pub fn assume_root(&self, account: &str, task: RootTask) -> Result<Self, Error> {
        let partition = self.caller().partition.clone();
        let credentials = self.ask(async |client| client.assume_root(account, &task.policy(&partition)).await)?;
        let arn = root_arn(&partition, account);
        let account = account.to_owned();
        Ok(self.as_other(credentials, Caller { partition, account, arn, identity: Identity::Root }))
    }

    /// Root's virtual devices, as an administrator of the account sees them (ListVirtualMFADevices).
    pub fn virtual_devices_of_root(&self) -> Result<Vec<MfaDevice>, Error> {
        let caller = self.caller();
        let root = root_arn(&caller.partition, &caller.account);
        let all = self.virtual_devices(Assignment::Any, |_| false)?;
        let own = all.into_iter().filter(|device| device.user.as_deref() == Some(&*root));
        Ok(own.filter_map(|device| Some(MfaDevice { serial: device.serial, enabled: device.enabled? })).collect())
    }

    /// DeactivateMFADevice of the caller's own: in a session of AssumeRoot's delete task, root's.
    pub fn deactivate_own(&self, serial: &str) -> Result<(), Error> {
        self.call(Call::DeactivateMfaDevice, |client| client.iam.deactivate_mfa_device().serial_number(serial).send())
            .map(drop)
    }

    /// How many access keys the caller has.
    pub fn own_access_keys(&self) -> Result<usize, Error> {
        self.ask(async |client| Ok(client.access_keys(None).await?.len()))
    }

    /// How many signing certificates the caller has.
    pub fn own_certificates(&self) -> Result<usize, Error> {
        self.ask(async |client| Ok(client.certificates().await?.len()))
    }

    /// Whether the last credential report may be read. None is made.
    pub fn may_read_report(&self) -> Result<(), Error> {
        match self.call(Call::GetCredentialReport, |client| client.iam.get_credential_report().send()) {
            Ok(_) => Ok(()),
            // There is none: the permission was looked at before.
            Err(Error::Refused { code, .. }) if code.starts_with("Report") => Ok(()),
            Err(why) => Err(why),
        }
    }
}

impl AsyncClient {
    pub(super) async fn summary(&self) -> Result<Summary, Error> {
        let answer = self.call(Call::GetAccountSummary, |client| client.iam.get_account_summary().send()).await?;
        let count = |key: SummaryKeyType| answer.summary_map().and_then(|map| map.get(&key)).copied();
        let flag = |key| count(key).map(|count| count > 0);
        Ok(Summary {
            mfa: flag(SummaryKeyType::AccountMfaEnabled),
            keys: flag(SummaryKeyType::AccountAccessKeysPresent),
            password: flag(SummaryKeyType::from("AccountPasswordPresent")),
            certificates: flag(SummaryKeyType::AccountSigningCertificatesPresent),
            devices_in_use: count(SummaryKeyType::MfaDevicesInUse).and_then(|count| u32::try_from(count).ok()),
        })
    }

    /// ListSigningCertificates, of the caller: whether each is active.
    pub(super) async fn certificates(&self) -> Result<Vec<bool>, Error> {
        let call = Call::ListSigningCertificates;
        let answer = self.call(call, |client| client.iam.list_signing_certificates().send()).await?;
        Ok(answer.certificates().iter().map(|one| one.status() == &StatusType::Active).collect())
    }

    /// AssumeRoot for the task of this policy. At a regional endpoint, which the SDK goes to unless told otherwise: the
    /// global one does not know the action. What another region refuses, the caller's own decides.
    pub(super) async fn assume_root(&self, account: &str, policy: &str) -> Result<Credentials, Error> {
        let last = Mutex::new(None);
        let outcome = self.assume_root_at(account, policy, || {
            let region = self.spread().next();
            *last.lock().unwrap_or_else(PoisonError::into_inner) = region;
            region
        });
        match (outcome.await, last.into_inner().unwrap_or_else(PoisonError::into_inner)) {
            (Err(Error::TryLater { call, code }), _) => Err(Error::TryLater { call, code }),
            (Err(_), Some(region)) => {
                self.spread().leave_out(region);
                self.assume_root_at(account, policy, || None).await
            }
            (outcome, _) => outcome,
        }
    }

    async fn assume_root_at(
        &self,
        account: &str,
        policy: &str,
        region: impl Fn() -> Option<&'static str>,
    ) -> Result<Credentials, Error> {
        let call = Call::AssumeRoot;
        let spread = self.spread();
        let send = |client: &Self| {
            let policy = PolicyDescriptorType::builder().arn(policy).build();
            let request = client.sts().assume_root().target_principal(account).task_policy_arn(policy);
            let config = aws_sdk_sts::config::Config::builder();
            let config = region().map(|region| config.region(Region::from_static(region)));
            let request = request.duration_seconds(900).customize().config_override(config.unwrap_or_default());
            async {
                let outcome = request.send().await;
                if outcome.as_ref().is_err_and(|error| error.code().is_some_and(means_throttling)) {
                    spread.throttled();
                }
                outcome
            }
        };
        let answer = self.call(call, send).await?;
        let session = answer.credentials().ok_or(Error::Malformed { call })?;
        Ok(Credentials::new(
            session.access_key_id(),
            session.secret_access_key(),
            Some(session.session_token().to_owned()),
            SystemTime::try_from(*session.expiration()).ok(),
            "root task",
        ))
    }
}
