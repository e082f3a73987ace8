//! The task policies of AssumeRoot: ceilings, every one of them made of Deny alone.
//!
//! The documents are AWS's own, word for word, as GetPolicyVersion returns them.

use super::Partition;
use super::organization::Feature;
use super::policy::Policy;
use std::sync::OnceLock;

/// What a session of AssumeRoot is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Audit,
    Delete,
    CreatePassword,
    UnlockBucket,
    UnlockQueue,
}

const AUDIT: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAllOtherActionsOnAnyResource","Effect":"Deny","NotAction":["iam:ListAccessKeys","iam:ListSigningCertificates","iam:GetLoginProfile","iam:ListMFADevices","iam:GetAccountSummary","iam:GetUser","iam:GetAccessKeyLastUsed"],"Resource":"*"},{"Sid":"DenyAuditingCredentialsOnNonRootUserResource","Effect":"Deny","Action":["iam:ListAccessKeys","iam:ListSigningCertificates","iam:GetLoginProfile","iam:ListMFADevices","iam:GetUser","iam:GetAccessKeyLastUsed"],"NotResource":"arn:aws:iam::*:root"}]}"#;
const DELETE: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAllOtherActionsOnAnyResource","Effect":"Deny","NotAction":["iam:DeleteAccessKey","iam:DeleteSigningCertificate","iam:DeleteLoginProfile","iam:DeactivateMFADevice","iam:DeleteVirtualMFADevice","iam:ListAccessKeys","iam:ListSigningCertificates","iam:GetLoginProfile","iam:ListMFADevices","iam:GetUser","iam:GetAccessKeyLastUsed"],"Resource":"*"},{"Sid":"DenyDeletingRootUserCredentialsOnNonRootUserResource","Effect":"Deny","Action":["iam:DeleteAccessKey","iam:DeleteSigningCertificate","iam:DeleteLoginProfile","iam:DeactivateMFADevice","iam:DeleteVirtualMFADevice","iam:ListAccessKeys","iam:ListSigningCertificates","iam:GetLoginProfile","iam:ListMFADevices","iam:GetUser","iam:GetAccessKeyLastUsed"],"NotResource":"arn:aws:iam::*:root"}]}"#;
const CREATE_PASSWORD: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAllOtherActionsOnAnyResource","Effect":"Deny","NotAction":["iam:CreateLoginProfile","iam:GetLoginProfile"],"Resource":"*"},{"Sid":"DenyCreatingPasswordOnNonRootUserResource","Effect":"Deny","Action":["iam:CreateLoginProfile","iam:GetLoginProfile"],"NotResource":"arn:aws:iam::*:root"}]}"#;
const UNLOCK_BUCKET: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAllOtherActionsOnAnyResource","Effect":"Deny","NotAction":["s3:DeleteBucketPolicy","s3:PutBucketPolicy","s3:GetBucketPolicy","s3:ListAllMyBuckets"],"Resource":"*"},{"Sid":"DenyManagingBucketPolicyForNonRootCallers","Effect":"Deny","Action":["s3:DeleteBucketPolicy","s3:PutBucketPolicy","s3:GetBucketPolicy","s3:ListAllMyBuckets"],"Resource":"*","Condition":{"StringNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}}]}"#;
const UNLOCK_QUEUE: &str = r#"{"Version":"2012-10-17","Statement":[{"Sid":"DenyAllOtherActionsOnAnyResource","Effect":"Deny","NotAction":["sqs:SetQueueAttributes","sqs:GetQueueAttributes","sqs:ListQueues","sqs:GetQueueUrl"],"Resource":"*"},{"Sid":"DenyGettingQueueAttributesOnNonOwnQueue","Effect":"Deny","Action":["sqs:GetQueueAttributes"],"Resource":"arn:aws:sqs:*:*:*","Condition":{"StringNotEqualsIfExists":{"aws:ResourceAccount":["${aws:PrincipalAccount}"]}}},{"Sid":"DenyActionsForNonRootUser","Effect":"Deny","Action":["sqs:SetQueueAttributes","sqs:GetQueueAttributes","sqs:ListQueues","sqs:GetQueueUrl"],"Resource":"*","Condition":{"StringNotLike":{"aws:PrincipalArn":"arn:aws:iam::*:root"}}}]}"#;

const ALL: [Task; 5] = [Task::Audit, Task::Delete, Task::CreatePassword, Task::UnlockBucket, Task::UnlockQueue];

impl Task {
    /// The task of a policy's ARN.
    pub(super) fn of(partition: Partition, arn: &str) -> Option<Self> {
        let prefix = format!("arn:{}:iam::aws:policy/root-task/", partition.as_str());
        let name = arn.strip_prefix(&prefix)?;
        ALL.into_iter().find(|task| task.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Audit => "IAMAuditRootUserCredentials",
            Self::Delete => "IAMDeleteRootUserCredentials",
            Self::CreatePassword => "IAMCreateRootUserPassword",
            Self::UnlockBucket => "S3UnlockBucketPolicy",
            Self::UnlockQueue => "SQSUnlockQueuePolicy",
        }
    }

    /// Whether it is about root's credentials, and not about a bucket or a queue.
    pub(super) fn is_about_credentials(self) -> bool {
        matches!(self, Self::Audit | Self::Delete | Self::CreatePassword)
    }

    pub(super) fn feature(self) -> Feature {
        if self.is_about_credentials() { Feature::RootCredentialsManagement } else { Feature::RootSessions }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Audit => AUDIT,
            Self::Delete => DELETE,
            Self::CreatePassword => CREATE_PASSWORD,
            Self::UnlockBucket => UNLOCK_BUCKET,
            Self::UnlockQueue => UNLOCK_QUEUE,
        }
    }

    /// The policy. In another partition its ARNs are of that partition, which is inferred.
    pub(super) fn policy(self, partition: Partition) -> Policy {
        static READ: OnceLock<Vec<Policy>> = OnceLock::new();
        let at = ALL.iter().position(|task| *task == self).unwrap_or_default();
        let read =
            || ALL.iter().map(|task| Policy::parse(task.text()).unwrap_or_else(|_| Policy::nothing())).collect();
        match partition {
            Partition::Aws => READ.get_or_init(read).get(at).cloned().unwrap_or_else(Policy::nothing),
            other => {
                let text = self.text().replace("arn:aws:", &format!("arn:{}:", other.as_str()));
                Policy::parse(&text).unwrap_or_else(|_| Policy::nothing())
            }
        }
    }
}
