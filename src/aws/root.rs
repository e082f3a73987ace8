//! The root user of an account: seen by itself, by an administrator, or by a session of AssumeRoot.
//!
//! `UserName` is left out of every call about root: it would mean an IAM user.

use super::arn::{Caller, Identity, root_arn};
use super::call::Call;
use super::client::Account;
use super::error::Error;
use super::mfa::{Assignment, MfaDevice};
use aws_credential_types::Credentials;
use aws_sdk_iam::types::SummaryKeyType;
use aws_sdk_sts::types::PolicyDescriptorType;
use std::time::SystemTime;

/// What GetAccountSummary says of root. `None`: it does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootFlags {
    /// Root has MFA.
    pub mfa: Option<bool>,
    /// Root has a password.
    pub password: Option<bool>,
    /// Root has access keys, active or not.
    pub keys: Option<bool>,
    /// Devices in use in the account, by root and by all users.
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
    pub fn root_flags(&self) -> Result<RootFlags, Error> {
        let answer = self.call(Call::GetAccountSummary, |live| live.iam.get_account_summary().send())?;
        let count = |key: SummaryKeyType| answer.summary_map().and_then(|map| map.get(&key)).copied();
        let flag = |key| count(key).map(|count| count > 0);
        Ok(RootFlags {
            mfa: flag(SummaryKeyType::AccountMfaEnabled),
            password: flag(SummaryKeyType::from("AccountPasswordPresent")),
            keys: flag(SummaryKeyType::AccountAccessKeysPresent),
            devices_in_use: count(SummaryKeyType::MfaDevicesInUse).and_then(|count| u32::try_from(count).ok()),
        })
    }

    /// AssumeRoot: a member account's root for one task, for fifteen minutes. At a regional endpoint, which the SDK
    /// goes to unless told otherwise: the global one does not know the action.
    pub fn assume_root(&self, account: &str, task: RootTask) -> Result<Self, Error> {
        let call = Call::AssumeRoot;
        let partition = self.caller().partition.clone();
        let policy = PolicyDescriptorType::builder().arn(task.policy(&partition)).build();
        let answer = self.call(call, |live| {
            let request = live.sts.assume_root().target_principal(account).task_policy_arn(policy.clone());
            request.duration_seconds(900).send()
        })?;
        let session = answer.credentials().ok_or(Error::Malformed { call })?;
        let credentials = Credentials::new(
            session.access_key_id(),
            session.secret_access_key(),
            Some(session.session_token().to_owned()),
            SystemTime::try_from(*session.expiration()).ok(),
            "root task",
        );
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
        self.call(Call::DeactivateMfaDevice, |live| live.iam.deactivate_mfa_device().serial_number(serial).send())
            .map(drop)
    }

    /// How many access keys the caller has.
    pub fn own_access_keys(&self) -> Result<usize, Error> {
        let call = Call::ListAccessKeys;
        let answer = self.call(call, |live| live.iam.list_access_keys().send())?;
        if answer.is_truncated() {
            return Err(Error::Malformed { call });
        }
        Ok(answer.access_key_metadata().len())
    }

    /// How many signing certificates the caller has.
    pub fn own_certificates(&self) -> Result<usize, Error> {
        let call = Call::ListSigningCertificates;
        let answer = self.call(call, |live| live.iam.list_signing_certificates().send())?;
        Ok(answer.certificates().len())
    }

    /// Whether the last credential report may be read. None is made.
    pub fn may_read_report(&self) -> Result<(), Error> {
        match self.call(Call::GetCredentialReport, |live| live.iam.get_credential_report().send()) {
            Ok(_) => Ok(()),
            // There is none: the permission was looked at before.
            Err(Error::Refused { code, .. }) if code.starts_with("Report") => Ok(()),
            Err(why) => Err(why),
        }
    }
}
