//! Every call that is made, and what it does in the world: that decides what may be sent again.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// It tells, and changes nothing.
    None,
    /// It changes something, and twice is as good as once.
    Again,
    /// It changes something, and is sent once.
    Once,
}

/// Writes the enum of all calls, and what is known of each, from one table.
macro_rules! calls {
    ($($call:ident: $service:literal $operation:literal $effect:ident;)*) => {
        /// An API operation, by its name in its service's API reference.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        #[allow(missing_docs)]
        pub enum Call {
            $($call,)*
        }

        impl Call {
            const ALL: &[Self] = &[$(Self::$call,)*];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$call => concat!($service, ":", $operation),)*
                }
            }

            fn effect(self) -> Effect {
                match self {
                    $(Self::$call => Effect::$effect,)*
                }
            }
        }
    };
}

// Each call, its service and operation, and what it does. That is decided here for each, and never by a name.
//
// `Again`: a tag that is set again is the same tag, a report that is made again the same report; a second session of
// root's is one more that ends after a quarter of an hour.
//
// A setting that is put again is the same setting: a retention, a filter, an alarm, a rule. `CreateTopic` gives the topic of
// that name, and a token confirms a subscription more than once. The same password that is set again is the same password;
// who is in a group is in it once.
//
// A service control policy that is attached, detached or deleted again answers that it is so already.
//
// `Once`: a session's code is spent. The repeat of a deactivation or a deletion answers "not found", which the flows read
// as done: they ask instead. A policy that was merged with what was there is merged anew: somebody else may have put one
// since. A second line in a log, a second state of an alarm and a second Subscribe each send another mail.
calls! {
    GetCallerIdentity: "sts" "GetCallerIdentity" None;
    GetSessionToken: "sts" "GetSessionToken" Once;
    AssumeRole: "sts" "AssumeRole" Once;
    ListMfaDevices: "iam" "ListMFADevices" None;
    ListVirtualMfaDevices: "iam" "ListVirtualMFADevices" None;
    CreateVirtualMfaDevice: "iam" "CreateVirtualMFADevice" Once;
    EnableMfaDevice: "iam" "EnableMFADevice" Once;
    DeactivateMfaDevice: "iam" "DeactivateMFADevice" Once;
    DeleteVirtualMfaDevice: "iam" "DeleteVirtualMFADevice" Once;
    ResyncMfaDevice: "iam" "ResyncMFADevice" Once;
    TagMfaDevice: "iam" "TagMFADevice" Once;
    TagUser: "iam" "TagUser" Again;
    UntagUser: "iam" "UntagUser" Again;
    ListUserTags: "iam" "ListUserTags" None;
    GetMfaDevice: "iam" "GetMFADevice" None;
    ListUsers: "iam" "ListUsers" None;
    ListAccessKeys: "iam" "ListAccessKeys" None;
    CreateAccessKey: "iam" "CreateAccessKey" Once;
    UpdateAccessKey: "iam" "UpdateAccessKey" Once;
    DeleteAccessKey: "iam" "DeleteAccessKey" Once;
    AssumeRoot: "sts" "AssumeRoot" Again;
    GetAccountSummary: "iam" "GetAccountSummary" None;
    GenerateCredentialReport: "iam" "GenerateCredentialReport" Again;
    GetCredentialReport: "iam" "GetCredentialReport" None;
    GetAccessKeyLastUsed: "iam" "GetAccessKeyLastUsed" None;
    ListSigningCertificates: "iam" "ListSigningCertificates" None;
    GetUser: "iam" "GetUser" None;
    CreateUser: "iam" "CreateUser" Once;
    DeleteUser: "iam" "DeleteUser" Once;
    GetLoginProfile: "iam" "GetLoginProfile" None;
    CreateLoginProfile: "iam" "CreateLoginProfile" Once;
    UpdateLoginProfile: "iam" "UpdateLoginProfile" Again;
    DeleteLoginProfile: "iam" "DeleteLoginProfile" Once;
    CreateGroup: "iam" "CreateGroup" Once;
    DeleteGroup: "iam" "DeleteGroup" Once;
    AttachGroupPolicy: "iam" "AttachGroupPolicy" Again;
    DetachGroupPolicy: "iam" "DetachGroupPolicy" Once;
    AddUserToGroup: "iam" "AddUserToGroup" Again;
    RemoveUserFromGroup: "iam" "RemoveUserFromGroup" Once;
    ListInstances: "sso" "ListInstances" None;
    GetRole: "iam" "GetRole" None;
    GetRolePolicy: "iam" "GetRolePolicy" None;
    ListRolePolicies: "iam" "ListRolePolicies" None;
    ListAttachedRolePolicies: "iam" "ListAttachedRolePolicies" None;
    CreateRole: "iam" "CreateRole" Once;
    PutRolePolicy: "iam" "PutRolePolicy" Again;
    DeleteRolePolicy: "iam" "DeleteRolePolicy" Once;
    DeleteRole: "iam" "DeleteRole" Once;
    GetAccountPasswordPolicy: "iam" "GetAccountPasswordPolicy" None;
    UpdateAccountPasswordPolicy: "iam" "UpdateAccountPasswordPolicy" Again;
    DeleteAccountPasswordPolicy: "iam" "DeleteAccountPasswordPolicy" Once;
    UpdateSigningCertificate: "iam" "UpdateSigningCertificate" Once;
    DeleteSigningCertificate: "iam" "DeleteSigningCertificate" Once;
    GetAccountAuthorizationDetails: "iam" "GetAccountAuthorizationDetails" None;
    ListOrganizationsFeatures: "iam" "ListOrganizationsFeatures" None;
    EnableOrganizationsRootCredentialsManagement: "iam" "EnableOrganizationsRootCredentialsManagement" Again;
    DisableOrganizationsRootCredentialsManagement: "iam" "DisableOrganizationsRootCredentialsManagement" Again;
    EnableOrganizationsRootSessions: "iam" "EnableOrganizationsRootSessions" Again;
    DisableOrganizationsRootSessions: "iam" "DisableOrganizationsRootSessions" Again;
    DescribeOrganization: "organizations" "DescribeOrganization" None;
    EnableAwsServiceAccess: "organizations" "EnableAWSServiceAccess" Again;
    DisableAwsServiceAccess: "organizations" "DisableAWSServiceAccess" Again;
    ListAwsServiceAccessForOrganization: "organizations" "ListAWSServiceAccessForOrganization" None;
    ListAccounts: "organizations" "ListAccounts" None;
    DescribeAccount: "organizations" "DescribeAccount" None;
    ListPolicies: "organizations" "ListPolicies" None;
    DescribePolicy: "organizations" "DescribePolicy" None;
    ListTargetsForPolicy: "organizations" "ListTargetsForPolicy" None;
    ListPoliciesForTarget: "organizations" "ListPoliciesForTarget" None;
    ListRoots: "organizations" "ListRoots" None;
    ListParents: "organizations" "ListParents" None;
    ListChildren: "organizations" "ListChildren" None;
    ListDelegatedAdministrators: "organizations" "ListDelegatedAdministrators" None;
    RegisterDelegatedAdministrator: "organizations" "RegisterDelegatedAdministrator" Again;
    DeregisterDelegatedAdministrator: "organizations" "DeregisterDelegatedAdministrator" Again;
    EnablePolicyType: "organizations" "EnablePolicyType" Again;
    CreatePolicy: "organizations" "CreatePolicy" Once;
    AttachPolicy: "organizations" "AttachPolicy" Again;
    DetachPolicy: "organizations" "DetachPolicy" Again;
    DeletePolicy: "organizations" "DeletePolicy" Again;
    DescribeTrails: "cloudtrail" "DescribeTrails" None;
    GetTrailStatus: "cloudtrail" "GetTrailStatus" None;
    GetEventSelectors: "cloudtrail" "GetEventSelectors" None;
    GetTrail: "cloudtrail" "GetTrail" None;
    CreateTrail: "cloudtrail" "CreateTrail" Once;
    UpdateTrail: "cloudtrail" "UpdateTrail" Again;
    StartLogging: "cloudtrail" "StartLogging" Again;
    StopLogging: "cloudtrail" "StopLogging" Again;
    DeleteTrail: "cloudtrail" "DeleteTrail" Once;
    CreateBucket: "s3" "CreateBucket" Once;
    DeleteBucket: "s3" "DeleteBucket" Once;
    GetBucketLocation: "s3" "GetBucketLocation" None;
    ListObjectVersions: "s3" "ListObjectVersions" None;
    GetBucketPolicy: "s3" "GetBucketPolicy" None;
    PutBucketPolicy: "s3" "PutBucketPolicy" Once;
    DeleteBucketPolicy: "s3" "DeleteBucketPolicy" Once;
    GetPublicAccessBlock: "s3" "GetPublicAccessBlock" None;
    PutPublicAccessBlock: "s3" "PutPublicAccessBlock" Again;
    GetBucketOwnershipControls: "s3" "GetBucketOwnershipControls" None;
    PutBucketOwnershipControls: "s3" "PutBucketOwnershipControls" Again;
    GetBucketEncryption: "s3" "GetBucketEncryption" None;
    PutBucketEncryption: "s3" "PutBucketEncryption" Again;
    GetBucketVersioning: "s3" "GetBucketVersioning" None;
    PutBucketVersioning: "s3" "PutBucketVersioning" Again;
    DescribeMetricFilters: "logs" "DescribeMetricFilters" None;
    DescribeLogGroups: "logs" "DescribeLogGroups" None;
    CreateLogGroup: "logs" "CreateLogGroup" Once;
    DeleteLogGroup: "logs" "DeleteLogGroup" Once;
    PutRetentionPolicy: "logs" "PutRetentionPolicy" Again;
    CreateLogStream: "logs" "CreateLogStream" Once;
    PutLogEvents: "logs" "PutLogEvents" Once;
    FilterLogEvents: "logs" "FilterLogEvents" None;
    PutMetricFilter: "logs" "PutMetricFilter" Again;
    DeleteMetricFilter: "logs" "DeleteMetricFilter" Once;
    TestMetricFilter: "logs" "TestMetricFilter" None;
    GetMetricData: "cloudwatch" "GetMetricData" None;
    DescribeAlarms: "cloudwatch" "DescribeAlarms" None;
    DescribeAlarmHistory: "cloudwatch" "DescribeAlarmHistory" None;
    PutMetricAlarm: "cloudwatch" "PutMetricAlarm" Again;
    SetAlarmState: "cloudwatch" "SetAlarmState" Once;
    DeleteAlarms: "cloudwatch" "DeleteAlarms" Once;
    ListSubscriptionsByTopic: "sns" "ListSubscriptionsByTopic" None;
    GetTopicAttributes: "sns" "GetTopicAttributes" None;
    GetSubscriptionAttributes: "sns" "GetSubscriptionAttributes" None;
    CreateTopic: "sns" "CreateTopic" Again;
    SetTopicAttributes: "sns" "SetTopicAttributes" Once;
    DeleteTopic: "sns" "DeleteTopic" Once;
    Subscribe: "sns" "Subscribe" Once;
    ConfirmSubscription: "sns" "ConfirmSubscription" Again;
    Unsubscribe: "sns" "Unsubscribe" Once;
    DescribeKey: "kms" "DescribeKey" None;
    GetKeyPolicy: "kms" "GetKeyPolicy" None;
    GetKeyRotationStatus: "kms" "GetKeyRotationStatus" None;
    ListKeys: "kms" "ListKeys" None;
    ListAliases: "kms" "ListAliases" None;
    ListResourceTags: "kms" "ListResourceTags" None;
    CreateKey: "kms" "CreateKey" Once;
    PutKeyPolicy: "kms" "PutKeyPolicy" Once;
    EnableKeyRotation: "kms" "EnableKeyRotation" Again;
    CreateAlias: "kms" "CreateAlias" Once;
    DeleteAlias: "kms" "DeleteAlias" Once;
    ScheduleKeyDeletion: "kms" "ScheduleKeyDeletion" Once;
    ListRules: "events" "ListRules" None;
    ListTargetsByRule: "events" "ListTargetsByRule" None;
    DescribeRule: "events" "DescribeRule" None;
    PutRule: "events" "PutRule" Again;
    DeleteRule: "events" "DeleteRule" Once;
    PutTargets: "events" "PutTargets" Again;
    RemoveTargets: "events" "RemoveTargets" Once;
    TestEventPattern: "events" "TestEventPattern" None;
    PutEvents: "events" "PutEvents" Once;
    ListRegions: "account" "ListRegions" None;
    GetContactInformation: "account" "GetContactInformation" None;
    GetAlternateContact: "account" "GetAlternateContact" None;
    PutAlternateContact: "account" "PutAlternateContact" Again;
    DeleteAlternateContact: "account" "DeleteAlternateContact" Once;
}

impl Call {
    /// The permission it needs, as IAM policies spell it.
    #[must_use]
    pub fn permission(self) -> &'static str {
        match self {
            // S3's are named otherwise than the operations (Service Authorization Reference, "Amazon S3").
            Self::GetPublicAccessBlock => "s3:GetBucketPublicAccessBlock",
            Self::PutPublicAccessBlock => "s3:PutBucketPublicAccessBlock",
            Self::ListObjectVersions => "s3:ListBucketVersions",
            Self::GetBucketEncryption => "s3:GetEncryptionConfiguration",
            Self::PutBucketEncryption => "s3:PutEncryptionConfiguration",
            call => call.name(),
        }
    }

    /// Every call after which something in the world is another, be it a code that is spent.
    pub fn changing() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|call| call.changes_something())
    }

    /// Whether anything in the world is another afterwards, be it a code that is spent.
    pub(super) fn changes_something(self) -> bool {
        self.effect() != Effect::None
    }

    /// Whether repeating it after a lost reply can do no harm.
    pub(super) fn may_be_repeated(self) -> bool {
        self.effect() != Effect::Once
    }

    /// Whether it spends a code of STS's, which does not say whether it has looked at it when it answers "for now".
    pub(super) fn takes_a_code(self) -> bool {
        matches!(self, Self::GetSessionToken | Self::AssumeRole)
    }

    /// Whether it carries two codes, which age.
    pub(super) fn takes_two_codes(self) -> bool {
        matches!(self, Self::EnableMfaDevice | Self::ResyncMfaDevice)
    }

    /// The service, as permissions begin, and the operation, as the API reference has it.
    pub(super) fn parts(self) -> (&'static str, &'static str) {
        self.name().split_once(':').unwrap_or_default()
    }

    /// The call of this name in the API reference, where it is answered in the query protocol.
    pub(super) fn named(operation: &str) -> Option<Self> {
        let is_query = |service| matches!(service, "iam" | "sts" | "sns");
        let named = |call: &&Self| matches!(call.parts(), (service, name) if is_query(service) && name == operation);
        Self::ALL.iter().find(named).copied()
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.parts().1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer of the query protocol is held to the call by the operation's name.
    #[test]
    fn every_call_that_changes_something_is_found_by_its_name() {
        for call in Call::ALL {
            let (service, name) = call.parts();
            let is_query = ["iam", "sts", "sns"].contains(&service);
            assert_eq!(Call::named(name), is_query.then_some(*call), "{name}");
            let tells = ["Get", "List", "Describe", "Filter", "Test"].iter().any(|verb| name.starts_with(verb));
            assert_eq!(call.changes_something(), !tells || *call == Call::GetSessionToken, "{name}");
        }
    }

    #[test]
    fn the_permissions_of_s3_are_those_of_its_policies() {
        assert_eq!(Call::PutBucketEncryption.permission(), "s3:PutEncryptionConfiguration");
        assert_eq!(Call::PutBucketEncryption.to_string(), "PutBucketEncryption");
        assert_eq!(Call::PutBucketPolicy.permission(), "s3:PutBucketPolicy");
    }
}
