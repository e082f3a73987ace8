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

            /// The permission it needs, as IAM policies spell it.
            #[must_use]
            pub fn permission(self) -> &'static str {
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
// root's is one more that ends after a quarter of an hour. A setting that is set again is the same setting.
//
// `Once`: a session's code is spent. The repeat of a deactivation or a deletion answers "not found", which the flows read
// as done: they ask instead.
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
    GetRole: "iam" "GetRole" None;
    GetAccountPasswordPolicy: "iam" "GetAccountPasswordPolicy" None;
    UpdateAccountPasswordPolicy: "iam" "UpdateAccountPasswordPolicy" Again;
    DeleteAccountPasswordPolicy: "iam" "DeleteAccountPasswordPolicy" Once;
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
    ListAccounts: "organizations" "ListAccounts" None;
    DescribeAccount: "organizations" "DescribeAccount" None;
    ListPolicies: "organizations" "ListPolicies" None;
    DescribePolicy: "organizations" "DescribePolicy" None;
    ListTargetsForPolicy: "organizations" "ListTargetsForPolicy" None;
    ListPoliciesForTarget: "organizations" "ListPoliciesForTarget" None;
    DescribeTrails: "cloudtrail" "DescribeTrails" None;
    GetTrailStatus: "cloudtrail" "GetTrailStatus" None;
    GetEventSelectors: "cloudtrail" "GetEventSelectors" None;
    DescribeMetricFilters: "logs" "DescribeMetricFilters" None;
    DescribeAlarms: "cloudwatch" "DescribeAlarms" None;
    ListSubscriptionsByTopic: "sns" "ListSubscriptionsByTopic" None;
    GetTopicAttributes: "sns" "GetTopicAttributes" None;
    GetSubscriptionAttributes: "sns" "GetSubscriptionAttributes" None;
    DescribeKey: "kms" "DescribeKey" None;
    GetKeyPolicy: "kms" "GetKeyPolicy" None;
    ListRules: "events" "ListRules" None;
    ListTargetsByRule: "events" "ListTargetsByRule" None;
    GetContactInformation: "account" "GetContactInformation" None;
    GetAlternateContact: "account" "GetAlternateContact" None;
    PutAlternateContact: "account" "PutAlternateContact" Again;
    DeleteAlternateContact: "account" "DeleteAlternateContact" Once;
}

impl Call {
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

    /// The service and the operation, as its permission joins them.
    pub(super) fn parts(self) -> (&'static str, &'static str) {
        self.permission().split_once(':').unwrap_or_default()
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

    /// An answer is held to the call by the operation's name.
    #[test]
    fn every_call_that_changes_something_is_found_by_its_name() {
        for call in Call::ALL {
            let (service, name) = call.parts();
            let is_query = ["iam", "sts", "sns"].contains(&service);
            assert_eq!(Call::named(name), is_query.then_some(*call), "{name}");
            let tells = ["Get", "List", "Describe"].iter().any(|verb| name.starts_with(verb));
            assert_eq!(call.changes_something(), !tells || *call == Call::GetSessionToken, "{name}");
            // What these answer is empty, so the flows look at what became of them.
            let looked_at = ["account", "organizations"].contains(&service);
            assert!(is_query || looked_at || !call.changes_something(), "{name}");
        }
    }
}
