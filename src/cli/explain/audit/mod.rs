//! What an audit's findings say: names, numbers, titles and reasons. [`fixes`] has what to do, [`seen`] the evidence.

mod fixes;
mod policies;
mod seen;
mod watching;

pub use fixes::{Fix, fix};
pub use seen::{evidence, may_pass, unreadable};

use crate::flow::{Break, Evidence, Rule, Severity, Verdict};

/// Where a rule stands in benchmarks and in other tools; empty where it is in none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Numbers {
    pub cis_v3: &'static str,
    pub cis_v5: &'static str,
    pub cis_v6: &'static str,
    pub cis_v7: &'static str,
    pub security_hub: &'static str,
    pub config: &'static str,
    pub prowler: &'static str,
}

/// A rule's name for scripts.
#[must_use]
pub fn rule_id(rule: Rule) -> &'static str {
    match rule {
        Rule::RootMfa => "root-mfa",
        Rule::RootHardwareMfa => "root-hardware-mfa",
        Rule::RootVirtualMfa => "root-virtual-mfa",
        Rule::RootTwoFactors => "root-two-factors",
        Rule::RootAccessKeys => "root-access-keys",
        Rule::RootCertificates => "root-certificates",
        Rule::RootUse => "root-use",
        Rule::RootCredentials => "root-credentials",
        Rule::CentralRoot => "central-root",
        Rule::ScpStopsTasks => "scp-stops-tasks",
        Rule::Trail => "trail",
        Rule::TrailValidation => "trail-validation",
        Rule::RootAlarm => "root-alarm",
        Rule::OtherAdmin => "other-admin",
        Rule::AdminMfa => "admin-mfa",
        Rule::Contact => "contact",
        Rule::SecurityContact => "security-contact",
        Rule::PasswordPolicy => "password-policy",
    }
}

/// A severity's name.
#[must_use]
pub fn severity_id(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}

/// A verdict's name.
#[must_use]
pub fn verdict_id(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Unknown => "unknown",
        Verdict::NotApplicable => "not_applicable",
    }
}

/// The rule's numbers (CIS Amazon Web Services Foundations, as Prowler 5.46 maps them; Security Hub; AWS Config).
#[must_use]
pub fn numbers(rule: Rule) -> Numbers {
    let row = |cis: [&'static str; 4], security_hub, config, prowler| {
        let [cis_v3, cis_v5, cis_v6, cis_v7] = cis;
        Numbers { cis_v3, cis_v5, cis_v6, cis_v7, security_hub, config, prowler }
    };
    let none = ["", "", "", ""];
    match rule {
        Rule::RootMfa => {
            row(["1.5", "1.4", "2.4", "2.5"], "IAM.9", "root-account-mfa-enabled", "iam_root_mfa_enabled")
        }
        Rule::RootHardwareMfa | Rule::RootVirtualMfa => row(
            ["1.6", "1.5", "2.5", "2.6"],
            "IAM.6",
            "root-account-hardware-mfa-enabled",
            "iam_root_hardware_mfa_enabled",
        ),
        Rule::RootAccessKeys => {
            row(["1.4", "1.3", "2.3", "2.4"], "IAM.4", "iam-root-access-key-check", "iam_no_root_access_key")
        }
        Rule::RootUse => row(["1.7", "1.6", "2.6", "2.7"], "IAM.20", "", "iam_avoid_root_usage"),
        Rule::CentralRoot => row(["", "", "", "2.1.1"], "", "", "iam_root_credentials_management_enabled"),
        Rule::Trail => row(
            ["3.1", "3.1", "4.1", "4.1"],
            "CloudTrail.1",
            "multi-region-cloudtrail-enabled",
            "cloudtrail_multi_region_enabled",
        ),
        Rule::TrailValidation => row(
            ["3.2", "3.2", "4.2", "4.2"],
            "CloudTrail.4",
            "cloud-trail-log-file-validation-enabled",
            "cloudtrail_log_file_validation_enabled",
        ),
        Rule::RootAlarm => {
            row(["4.3", "4.3", "5.3", "5.3"], "CloudWatch.1", "", "cloudwatch_log_metric_filter_root_usage")
        }
        Rule::AdminMfa => row(
            ["1.10", "1.9", "2.9", "2.10"],
            "IAM.5",
            "mfa-enabled-for-iam-console-access",
            "iam_administrator_access_with_mfa",
        ),
        Rule::Contact => row(["1.1", "1.1", "2.1", "2.2"], "", "", "account_maintain_current_contact_details"),
        Rule::SecurityContact => row(
            ["1.2", "1.2", "2.2", "2.3"],
            "Account.1",
            "security-account-information-provided",
            "account_security_contact_information_is_registered",
        ),
        Rule::PasswordPolicy => row(
            ["1.8, 1.9", "1.7, 1.8", "2.7, 2.8", "2.8, 2.9"],
            "IAM.15, IAM.16",
            "iam-password-policy",
            "iam_password_policy_minimum_length_14, iam_password_policy_reuse_24",
        ),
        Rule::RootTwoFactors
        | Rule::RootCertificates
        | Rule::RootCredentials
        | Rule::ScpStopsTasks
        | Rule::OtherAdmin => row(none, "", "", ""),
    }
}

/// A chain that is whole, but for its filter.
fn tells_of_others(evidence: &Evidence) -> bool {
    matches!(evidence, Evidence::Chain { broken: Some(Break::FilterNoisy { .. }), .. })
}

/// What a finding says, in a few words.
#[must_use]
pub fn title(rule: Rule, verdict: Verdict, evidence: &[Evidence]) -> String {
    use Verdict::{Fail, NotApplicable, Pass, Unknown};
    let text = match (rule, verdict) {
        (Rule::RootMfa, Pass) => "root has MFA",
        (Rule::RootMfa, Fail) => "root has no MFA",
        (Rule::RootMfa, Unknown) => "whether root has MFA",
        (Rule::RootMfa, NotApplicable) => match evidence.first() {
            Some(Evidence::NoCredentials { .. }) => "root has no credentials, so no MFA is needed",
            Some(Evidence::NoSignIn { .. }) => "root cannot sign in, so no MFA is needed",
            _ => "root has no password, so no MFA is needed",
        },
        (Rule::RootHardwareMfa, Pass) => "root has a hardware factor",
        (Rule::RootHardwareMfa, Fail) => match evidence.first() {
            Some(Evidence::MfaEnabled(false)) => "root has no hardware factor, and no other",
            _ => "root has only virtual MFA",
        },
        (Rule::RootHardwareMfa, Unknown) => "whether root has a hardware factor",
        (Rule::RootHardwareMfa, NotApplicable) => "no hardware factor is needed",
        (Rule::RootVirtualMfa, Pass) => "root has no virtual factor",
        (Rule::RootVirtualMfa, Fail) => "root has a virtual factor beside the hardware",
        (Rule::RootVirtualMfa, Unknown) => "whether root has hardware beside its virtual factor",
        (Rule::RootVirtualMfa, NotApplicable) => "no virtual factor beside hardware",
        (Rule::RootTwoFactors, Pass) => "root has a second factor",
        (Rule::RootTwoFactors, Fail) => "root has one factor: losing it locks root out",
        (Rule::RootTwoFactors, Unknown) => "whether root has a second factor",
        (Rule::RootTwoFactors, NotApplicable) => "no second factor is needed",
        (Rule::RootAccessKeys, Pass) => "no root access keys",
        (Rule::RootAccessKeys, Fail) => "root has access keys",
        (Rule::RootAccessKeys, _) => "whether root has access keys",
        (Rule::RootCertificates, Pass) => "no root signing certificates",
        (Rule::RootCertificates, Fail) => "root has signing certificates",
        (Rule::RootCertificates, _) => "whether root has signing certificates",
        (Rule::RootUse, Pass) => return unused(evidence),
        (Rule::RootUse, Fail) => "root was used lately",
        (Rule::RootUse, Unknown) => "when root was last used",
        (Rule::RootUse, NotApplicable) => "root has nothing to be used with",
        (Rule::RootCredentials, Pass) => "root has no password",
        (Rule::RootCredentials, Fail) => "root of a member account has a password",
        (Rule::RootCredentials, Unknown) => "whether root of a member account has credentials",
        (Rule::RootCredentials, NotApplicable) => match evidence.first() {
            Some(Evidence::IsManagement) => "a management account's root credentials are its own",
            _ => "root credentials are not managed centrally here",
        },
        (Rule::CentralRoot, Pass) => "members' root users are managed centrally",
        (Rule::CentralRoot, Fail) => "members' root users are not managed centrally",
        (Rule::CentralRoot, Unknown) => "the organization's root features",
        (Rule::CentralRoot, NotApplicable) => match evidence.first() {
            Some(Evidence::NoCentralRoot { .. }) => "there is no central root management here",
            _ => "central root management is not this account's affair",
        },
        (Rule::ScpStopsTasks, Pass) => "no service control policy stops AssumeRoot tasks",
        (Rule::ScpStopsTasks, Fail) => "service control policies stop AssumeRoot tasks",
        (Rule::ScpStopsTasks, Unknown) => "the organization's service control policies",
        (Rule::ScpStopsTasks, NotApplicable) => "service control policies are not this account's affair",
        (Rule::Trail, Pass) => "a trail records all regions",
        (Rule::Trail, Fail) => "no trail records everything in all regions",
        (Rule::Trail, _) => "whether a trail records everything",
        (Rule::TrailValidation, Pass) => "log files are validated",
        (Rule::TrailValidation, Fail) => "log files are not validated",
        (Rule::TrailValidation, Unknown) => "whether log files are validated",
        (Rule::TrailValidation, NotApplicable) => "there are no log files to validate",
        (Rule::RootAlarm, Pass) => "somebody is told when root is used",
        (Rule::RootAlarm, Fail) if evidence.iter().any(tells_of_others) => {
            "whoever is told when root is used is told of others' doings too"
        }
        (Rule::RootAlarm, Fail) => "nobody is told when root is used",
        (Rule::RootAlarm, _) => "whether anybody is told when root is used",
        (Rule::OtherAdmin, Pass) => "there are administrators beside root",
        (Rule::OtherAdmin, Fail) => "nobody but root can administer the account",
        (Rule::OtherAdmin, _) => "whether there are administrators beside root",
        (Rule::AdminMfa, Pass) => "every administrator has MFA",
        (Rule::AdminMfa, Fail) => "an administrator has no MFA",
        (Rule::AdminMfa, _) => "whether every administrator has MFA",
        (Rule::Contact, Pass) => "there is a contact",
        (Rule::Contact, Fail) => "the account has no contact",
        (Rule::Contact, _) => "the account's contact",
        (Rule::SecurityContact, Pass) => "there is a security contact",
        (Rule::SecurityContact, Fail) => "there is no security contact",
        (Rule::SecurityContact, _) => "the security contact",
        (Rule::PasswordPolicy, Pass) => "the password policy is strict",
        (Rule::PasswordPolicy, Fail) => "the password policy is weak",
        (Rule::PasswordPolicy, _) => "the password policy",
    };
    text.to_owned()
}

fn unused(evidence: &[Evidence]) -> String {
    let days = evidence.iter().filter_map(|one| match one {
        Evidence::PasswordUsed { days, .. } | Evidence::AccessKey { days, .. } => *days,
        _ => None,
    });
    match days.min() {
        None => "root was never used".to_owned(),
        Some(1) => "root not used for 1 day".to_owned(),
        Some(days) => format!("root not used for {days} days"),
    }
}

/// Why a rule matters.
#[must_use]
pub fn why(rule: Rule) -> &'static str {
    match rule {
        Rule::RootMfa => "whoever has root's password, or its mailbox, owns the account",
        Rule::RootHardwareMfa => {
            "a virtual device is a secret that can be copied or phished; a hardware key is neither"
        }
        Rule::RootVirtualMfa => "AWS accepts any one of root's factors, so the weakest decides",
        Rule::RootTwoFactors => "the loss of the only factor leaves no way in but AWS support",
        Rule::RootAccessKeys => {
            "a root access key can do everything, needs no MFA, and cannot be limited by a policy; an inactive one can be switched on again"
        }
        Rule::RootCertificates => "a signing certificate of root signs requests without MFA, as an access key does",
        Rule::RootUse => "root is for the few tasks nothing else can do; routine use hides abuse",
        Rule::RootCredentials => {
            "credentials that do not exist cannot be stolen; the organization can give them back for a task"
        }
        Rule::CentralRoot => {
            "with both features on, members need no root credentials, and locked buckets and queues can be opened without them"
        }
        Rule::ScpStopsTasks => {
            "a session of AssumeRoot has root's ARN, so a policy against root stops it too, as does a level that does not allow what it calls: neither audit nor removal works then"
        }
        Rule::Trail => {
            "what is not recorded cannot be investigated; sign-ins of root are recorded in one region only"
        }
        Rule::TrailValidation => "without digests nobody can show that a log file was not changed",
        Rule::RootAlarm => "root is used so seldom that every use should reach a person within minutes",
        Rule::OtherAdmin => "where nobody else can do the work, root is used for it",
        Rule::AdminMfa => "an administrator without MFA is as good as root without MFA",
        Rule::Contact => "AWS writes to the account's contact before it acts",
        Rule::SecurityContact => "AWS tells the security contact about abuse and exposed keys",
        Rule::PasswordPolicy => "short and repeated passwords are guessed",
    }
}
