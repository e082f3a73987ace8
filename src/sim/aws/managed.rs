//! AWS's managed policies: those that make an administrator, and some that do not.
//!
//! `AdministratorAccess`, `IAMFullAccess` and `PowerUserAccess` are AWS's, word for word. `SecurityAudit` and
//! `ReadOnlyAccess` are thousands of actions long there; here they allow what begins with the usual verbs.

use super::policy::Policy;
use std::sync::OnceLock;

/// A managed policy of AWS's.
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    pub(super) policy: Policy,
}

const READING: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["account:Get*","account:List*","cloudtrail:Describe*","cloudtrail:Get*","cloudtrail:List*","cloudwatch:Describe*","cloudwatch:Get*","cloudwatch:List*","events:Describe*","events:List*","iam:Generate*","iam:Get*","iam:List*","kms:Describe*","kms:Get*","kms:List*","logs:Describe*","logs:Get*","organizations:Describe*","organizations:List*","sns:Get*","sns:List*"],"Resource":"*"}]}"#;

const TEXTS: [(&str, &str); 5] = [
    (
        "AdministratorAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "IAMFullAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount","organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy","organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots","organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}]}"#,
    ),
    (
        "PowerUserAccess",
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation","account:GetPrimaryEmail","account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles","organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}]}"#,
    ),
    ("SecurityAudit", READING),
    ("ReadOnlyAccess", READING),
];

/// The policy of an ARN such as `arn:aws:iam::aws:policy/AdministratorAccess`, in any partition.
pub(super) fn of_aws(arn: &str) -> Option<&'static Known> {
    static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();
    let read = |(name, text): (&'static str, &'static str)| {
        Policy::parse(text).ok().map(|policy| Known { name, text, policy })
    };
    let (_, name) = arn.split_once(":iam::aws:policy/")?;
    KNOWN.get_or_init(|| TEXTS.into_iter().filter_map(read).collect()).iter().find(|known| known.name == name)
}
