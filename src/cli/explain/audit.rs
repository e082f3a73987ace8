//! What an audit's findings say: titles, evidence, reasons and fixes.

use crate::aws::posture::{Example, LastUse, NotJudged, Stops, Unreadable};
use crate::aws::{self, DeviceKind};
use crate::flow::{Break, Evidence, Link, Rule, Severity, TrailProblem, Verdict};
use serde::{Deserialize, Serialize};
use std::time::SystemTime;

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

/// How to put something right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Fix {
    pub glasskey: Option<String>,
    pub aws: Vec<String>,
    pub console: Option<String>,
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
        (Rule::RootCredentials, NotApplicable) => "root credentials are not managed centrally here",
        (Rule::CentralRoot, Pass) => "members' root users are managed centrally",
        (Rule::CentralRoot, Fail) => "members' root users are not managed centrally",
        (Rule::CentralRoot, Unknown) => "the organization's root features",
        (Rule::CentralRoot, NotApplicable) => match evidence.first() {
            Some(Evidence::NoCentralRoot { .. }) => "there is no central root management here",
            _ => "central root management is not this account's affair",
        },
        (Rule::ScpStopsTasks, Pass) => "no service control policy stops AssumeRoot tasks",
        (Rule::ScpStopsTasks, Fail) => "a service control policy stops AssumeRoot tasks",
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
    days.min().map_or_else(|| "root was never used".to_owned(), |days| format!("root not used for {days} days"))
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
            "a session of AssumeRoot has root's ARN, so a policy against root stops it too: neither audit nor removal works then"
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

/// How to put it right in this account.
#[must_use]
pub fn fix(rule: Rule, account: &str, partition: &str, member: bool, evidence: &[Evidence]) -> Fix {
    let fix = |glasskey: Option<&str>, aws: Vec<String>, console: Option<String>| Fix {
        glasskey: glasskey.map(str::to_owned),
        aws,
        console,
    };
    let console = console_host(partition);
    let security = Some(format!("https://{console}/iam/home#/security_credentials (signed in as root)"));
    // As root itself, or for a member by a session of AssumeRoot.
    let as_root = |command: String| {
        if member {
            let task = format!("arn=arn:{partition}:iam::aws:policy/root-task/IAMDeleteRootUserCredentials");
            vec![
                format!(
                    "aws sts assume-root --region {} --target-principal {account} --task-policy-arn {task}",
                    region(partition)
                ),
                command,
            ]
        } else {
            vec!["aws login".to_owned(), command]
        }
    };
    let of = if member { format!(" --account {account}") } else { String::new() };
    match rule {
        Rule::RootMfa | Rule::RootHardwareMfa => {
            fix(Some(&format!("glasskey root enroll{of} --key SERIAL --key SERIAL")), Vec::new(), security)
        }
        Rule::RootTwoFactors => {
            fix(Some(&format!("glasskey root enroll{of} --one-key --key SERIAL")), Vec::new(), security)
        }
        Rule::RootVirtualMfa => {
            let serial = evidence.iter().find_map(|one| match one {
                Evidence::Factor { serial, kind: DeviceKind::Virtual, .. } => Some(serial.as_str()),
                _ => None,
            });
            let serial = serial.unwrap_or("SERIAL");
            let command = format!("aws iam deactivate-mfa-device --serial-number {serial}");
            let ours = format!("glasskey root remove{of} {serial}");
            fix(Some(&ours), if member { as_root(command) } else { Vec::new() }, security)
        }
        Rule::RootAccessKeys => {
            let id = evidence.iter().find_map(|one| match one {
                Evidence::AccessKey { id, .. } => id.as_deref(),
                _ => None,
            });
            let command = format!("aws iam delete-access-key --access-key-id {}", id.unwrap_or("ID"));
            fix(None, as_root(command), security)
        }
        Rule::RootCertificates => {
            fix(None, as_root("aws iam delete-signing-certificate --certificate-id ID".to_owned()), security)
        }
        Rule::RootUse => fix(None, Vec::new(), Some("sign in as an administrator; keep root's keys sealed".to_owned())),
        Rule::RootCredentials => fix(
            None,
            as_root("aws iam delete-login-profile".to_owned()),
            Some(format!("https://{console}/iam/home#/organizations: choose the account, take privileged action")),
        ),
        Rule::CentralRoot => fix(
            None,
            vec![
                "aws organizations enable-aws-service-access --service-principal iam.amazonaws.com".to_owned(),
                "aws iam enable-organizations-root-credentials-management".to_owned(),
                "aws iam enable-organizations-root-sessions".to_owned(),
            ],
            Some(format!("https://{console}/iam/home#/account_settings: centralized root access for member accounts")),
        ),
        Rule::ScpStopsTasks => {
            let id = evidence.iter().find_map(|one| match one {
                Evidence::Policy { id, attached: true, stops_tasks: Stops::Yes(_), .. } => Some(id.as_str()),
                _ => None,
            });
            fix(
                None,
                vec![
                    format!("aws organizations describe-policy --policy-id {}", id.unwrap_or("ID")),
                    r#"add "BoolIfExists": {"aws:AssumedRoot": "false"} to the statement's Condition"#.to_owned(),
                ],
                Some(format!("https://{console}/organizations/v2/home/policies/service-control-policy")),
            )
        }
        Rule::Trail => fix(
            None,
            vec![
                "aws cloudtrail create-trail --name all-regions --s3-bucket-name BUCKET --is-multi-region-trail --enable-log-file-validation".to_owned(),
                "aws cloudtrail start-logging --name all-regions".to_owned(),
            ],
            Some(format!("https://{console}/cloudtrailv2/home#/trails")),
        ),
        Rule::TrailValidation => {
            let name = evidence.iter().find_map(|one| match one {
                Evidence::Trail { name, .. } => Some(name.as_str()),
                _ => None,
            });
            let command =
                format!("aws cloudtrail update-trail --name {} --enable-log-file-validation", name.unwrap_or("NAME"));
            fix(None, vec![command], Some(format!("https://{console}/cloudtrailv2/home#/trails")))
        }
        Rule::RootAlarm => alarm_fix(console, evidence),
        Rule::OtherAdmin => fix(
            None,
            vec![format!(
                "aws iam attach-role-policy --role-name ROLE --policy-arn arn:{partition}:iam::aws:policy/AdministratorAccess"
            )],
            Some(format!("https://{console}/iam/home#/roles")),
        ),
        Rule::AdminMfa => {
            let user = evidence.iter().find_map(|one| match one {
                Evidence::AdminWithoutMfa { user } => Some(user.as_str()),
                _ => None,
            });
            let command = format!("glasskey enroll {} --key SERIAL", user.unwrap_or("USER"));
            fix(Some(&command), Vec::new(), Some(format!("https://{console}/iam/home#/users")))
        }
        Rule::Contact => fix(
            None,
            vec!["aws account put-contact-information --contact-information file://contact.json".to_owned()],
            Some(format!("https://{console}/billing/home#/account")),
        ),
        Rule::SecurityContact => {
            let whose = if member { format!(" --account-id {account}") } else { String::new() };
            fix(
                None,
                vec![format!(
                    "aws account put-alternate-contact{whose} --alternate-contact-type SECURITY --email-address ADDRESS --name NAME --phone-number NUMBER --title TITLE"
                )],
                Some(format!("https://{console}/billing/home#/account")),
            )
        }
        Rule::PasswordPolicy => fix(
            None,
            vec!["aws iam update-account-password-policy --minimum-password-length 14 --password-reuse-prevention 24".to_owned()],
            Some(format!("https://{console}/iam/home#/account_settings")),
        ),
    }
}

/// The next thing that is missing decides.
fn alarm_fix(console: &str, evidence: &[Evidence]) -> Fix {
    let broken = evidence.iter().find_map(|one| match one {
        Evidence::Chain { broken: Some(broken), .. } | Evidence::EventRule { broken: Some(broken), .. } => {
            Some(broken)
        }
        _ => None,
    });
    let (aws, page) = match broken {
        Some(Break::Unconfirmed { .. }) => {
            (vec!["confirm the subscription: follow the link in the message that AWS has sent".to_owned()], "sns/v3/home#/subscriptions")
        }
        Some(Break::NobodySubscribed { topic }) => (
            vec![format!("aws sns subscribe --topic-arn {topic} --protocol email --notification-endpoint ADDRESS")],
            "sns/v3/home#/topics",
        ),
        Some(Break::AlarmDisabled { alarm }) => {
            (vec![format!("aws cloudwatch enable-alarm-actions --alarm-names {alarm}")], "cloudwatch/home#alarmsV2:")
        }
        Some(Break::RuleDisabled) => (vec!["aws events enable-rule --name RULE".to_owned()], "events/home#/rules"),
        Some(Break::FilterMisses { filter, .. } | Break::FilterNoisy { filter, .. } | Break::FilterNotJudged { filter, .. }) => (
            vec![format!(
                "aws logs put-metric-filter --log-group-name GROUP --filter-name {filter} --metric-transformations metricName=RootUse,metricNamespace=LogMetrics,metricValue=1 --filter-pattern '{ROOT_PATTERN}'"
            )],
            "cloudwatch/home#logsV2:log-groups",
        ),
        _ => (
            vec![
                format!(
                    "aws logs put-metric-filter --log-group-name GROUP --filter-name root-use --metric-transformations metricName=RootUse,metricNamespace=LogMetrics,metricValue=1 --filter-pattern '{ROOT_PATTERN}'"
                ),
                "aws cloudwatch put-metric-alarm --alarm-name root-use --metric-name RootUse --namespace LogMetrics --statistic Sum --period 300 --evaluation-periods 1 --threshold 1 --comparison-operator GreaterThanOrEqualToThreshold --treat-missing-data notBreaching --alarm-actions TOPIC".to_owned(),
            ],
            "cloudwatch/home#alarmsV2:",
        ),
    };
    Fix { glasskey: None, aws, console: Some(format!("https://{console}/{page}")) }
}

/// The pattern of the AWS documentation.
const ROOT_PATTERN: &str =
    r#"{$.userIdentity.type="Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType !="AwsServiceEvent"}"#;

/// A region that answers AssumeRoot: the global endpoint does not.
fn region(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "cn-north-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-eusc" => "eusc-de-east-1",
        _ => "us-east-1",
    }
}

pub(in crate::cli) fn console_host(partition: &str) -> &'static str {
    match partition {
        "aws-eusc" => "console.amazonaws-eusc.eu",
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        _ => "console.aws.amazon.com",
    }
}

/// Whether asking again may tell what could not be read. Otherwise a person must act first: grant a permission, sign in
/// again, trust a service.
#[must_use]
pub fn may_pass(why: &Unreadable) -> bool {
    use aws::Error::{Malformed, OutcomeUnknown, TryLater, Unreachable};
    matches!(why.why, TryLater { .. } | OutcomeUnknown { .. } | Unreachable { .. } | Malformed { .. })
}

/// Why something could not be read.
#[must_use]
pub fn unreadable(why: &Unreadable) -> String {
    let text = super::aws(&why.why).what;
    match &why.why {
        aws::Error::Denied { .. } => format!("{text} (needs {})", why.call.permission()),
        _ => format!("{}: {text}", why.call),
    }
}

fn day(moment: SystemTime) -> String {
    jiff::Timestamp::try_from(moment).map_or_else(|_| "?".to_owned(), |time| time.strftime("%F").to_string())
}

fn kind(kind: DeviceKind) -> &'static str {
    match kind {
        DeviceKind::Virtual => "virtual",
        DeviceKind::Fido | DeviceKind::RootFido => "FIDO",
        DeviceKind::HardwareTotp => "hardware TOTP",
        DeviceKind::Sms => "SMS",
    }
}

fn used(used: LastUse, days: Option<u64>) -> String {
    match (used, days) {
        (LastUse::At(moment), Some(days)) => format!("last used {} ({days} days ago)", day(moment)),
        (LastUse::At(moment), None) => format!("last used {}", day(moment)),
        (LastUse::Never, _) => "never used".to_owned(),
        (LastUse::Untold, _) => "last use not told".to_owned(),
    }
}

fn bounds(at_least: usize, at_most: Option<usize>) -> String {
    match at_most {
        Some(at_most) if at_most == at_least => at_least.to_string(),
        Some(at_most) => format!("{at_least} to {at_most}"),
        None => format!("{at_least} or more"),
    }
}

/// One thing that was seen, as a sentence.
#[must_use]
pub fn evidence(one: &Evidence) -> String {
    match one {
        Evidence::NoCredentials { managed: true } => {
            "no password, no access key, no certificate: managed by the organization".to_owned()
        }
        Evidence::NoCredentials { managed: false } => "no password, no access key, no certificate".to_owned(),
        Evidence::NoPassword => "no password".to_owned(),
        Evidence::Password => "a password is set".to_owned(),
        Evidence::MfaEnabled(true) => "IAM's account summary: MFA is enabled for root".to_owned(),
        Evidence::MfaEnabled(false) => "IAM's account summary: no MFA for root".to_owned(),
        Evidence::Factor { serial, kind: of, enabled } => {
            let since = enabled.map_or_else(String::new, |moment| format!(", enabled {}", day(moment)));
            format!("{serial} ({}){since}", kind(*of))
        }
        Evidence::UnseenFactors { at_least, at_most } => {
            let many = bounds(*at_least, *at_most);
            format!("hardware factors that only root itself sees (`aws login`): {many}")
        }
        Evidence::FactorCount { at_least, at_most } => format!("factors: {}", bounds(*at_least, *at_most)),
        Evidence::NoSignIn { partition } => {
            format!("in the partition {partition} root cannot sign in to the console, and has no MFA")
        }
        Evidence::NoCentralRoot { partition } => format!("the partition {partition} has no central root access"),
        Evidence::AccessKey { id, active, used: when, days } => {
            let id = id.as_deref().unwrap_or("an access key");
            format!("{id}, {}, {}", if *active { "active" } else { "inactive" }, used(*when, *days))
        }
        Evidence::Certificates { present: 0, .. } => "none".to_owned(),
        Evidence::Certificates { active, present } => format!("{present} present, {active} known to be active"),
        Evidence::PasswordUsed { used: when, days } => format!("password {}", used(*when, *days)),
        Evidence::Central { all_features: false, .. } => {
            "the organization has consolidated billing alone, and not all features".to_owned()
        }
        Evidence::Central { trusted: false, .. } => "IAM has no trusted access in the organization".to_owned(),
        Evidence::Central { credentials, sessions, .. } => {
            let on = |on: bool| if on { "on" } else { "off" };
            format!("RootCredentialsManagement {}, RootSessions {}", on(*credentials), on(*sessions))
        }
        Evidence::NotManagement => "this is not an organization's management account".to_owned(),
        Evidence::IsManagement => "this is the management account, which nobody manages".to_owned(),
        Evidence::Policy { id, name, attached, stops_tasks } => {
            let attached = if *attached { "attached" } else { "not attached" };
            let does = match stops_tasks {
                Stops::Yes(call) => format!("denies root {call}, AssumeRoot's sessions included"),
                Stops::No => "denies root and spares AssumeRoot's sessions".to_owned(),
                Stops::DependsOn(key) => format!("whether it stops AssumeRoot's sessions depends on {key}"),
            };
            format!("{name} ({id}), {attached}: {does}")
        }
        Evidence::NoPolicyStopsTasks => "no policy that is attached stops them".to_owned(),
        Evidence::NoTrail => "there is no trail".to_owned(),
        Evidence::Trail { name, problems } if problems.is_empty() => format!("trail \"{name}\": well"),
        Evidence::Trail { name, problems } => {
            let problems: Vec<String> = problems.iter().map(problem).collect();
            format!("trail \"{name}\": {}", problems.join(", "))
        }
        Evidence::Chain { trail, links, broken } => {
            let mut parts = vec![format!("trail \"{trail}\"")];
            parts.extend(links.iter().map(link));
            parts.extend(broken.iter().map(break_text));
            parts.join(" → ")
        }
        Evidence::EventRule { name, sign_ins_only, broken } => {
            let what = if *sign_ins_only { " (sign-ins only)" } else { "" };
            let end = broken.as_ref().map_or_else(String::new, |broken| format!(" → {}", break_text(broken)));
            format!("EventBridge rule \"{name}\"{what}{end}")
        }
        Evidence::NothingWatches => {
            "no metric filter on a trail's log group and no EventBridge rule is about root".to_owned()
        }
        Evidence::Admins { users, roles } => format!("{users} users and {roles} roles can do everything"),
        Evidence::AdminWithoutMfa { user } => format!("user {user} can do everything and has no MFA"),
        Evidence::Contact { who } => who.clone(),
        Evidence::NoContact => "none is set".to_owned(),
        Evidence::NoPasswordPolicy => "none is set".to_owned(),
        Evidence::PasswordPolicy { length, reuse } => {
            format!("at least {length} characters, {reuse} old passwords remembered")
        }
    }
}

fn problem(problem: &TrailProblem) -> String {
    match problem {
        TrailProblem::OneRegion => "records one region only".to_owned(),
        TrailProblem::NotLogging => "is switched off".to_owned(),
        TrailProblem::HalfTheEvents => "records only some of the management events".to_owned(),
        TrailProblem::NoManagementEvents => "records no management events".to_owned(),
        TrailProblem::NotValidated => "files are not validated".to_owned(),
        TrailProblem::NotDelivered(error) => format!("cannot deliver ({error})"),
    }
}

fn link(link: &Link) -> String {
    match link {
        Link::LogGroup(group) => format!("log group \"{group}\""),
        Link::Filter { name, spares_assumed: false } => format!("filter \"{name}\""),
        Link::Filter { name, spares_assumed: true } => format!("filter \"{name}\" (AssumeRoot's sessions left out)"),
        Link::Alarm(alarm) => format!("alarm \"{alarm}\""),
        Link::Target(arn) => arn.clone(),
        Link::Subscription(endpoint) => endpoint.clone(),
    }
}

fn shown(event: &Example) -> String {
    event.iter().map(|(field, value)| format!("{field}={value}")).collect::<Vec<_>>().join(", ")
}

fn break_text(broken: &Break) -> String {
    match broken {
        Break::TrailDoesNotRecord => "does not record everything".to_owned(),
        Break::NoLogGroup => "does not deliver to a log group".to_owned(),
        Break::LogsNotDelivered(error) => format!("cannot deliver to the log group ({error})"),
        Break::NoFilter => "no metric filter is about root".to_owned(),
        Break::FilterMisses { filter, event } => {
            format!("filter \"{filter}\" misses root events such as {}", shown(event))
        }
        Break::FilterNoisy { filter, event } => {
            format!("filter \"{filter}\" counts events of others too, such as {}", shown(event))
        }
        Break::FilterNotJudged { filter, why } => {
            let why = match why {
                NotJudged::Syntax(at) => format!("its pattern cannot be read from character {at} on"),
                NotJudged::Unmodelled => {
                    "its pattern uses regular expressions, or names with a dot or a bracket in them".to_owned()
                }
                NotJudged::TooManyFields => "its pattern compares too many fields".to_owned(),
            };
            format!("filter \"{filter}\" is not judged: {why}")
        }
        Break::NoAlarm { filter } => format!("filter \"{filter}\" has no alarm on its metric"),
        Break::AlarmDisabled { alarm } => format!("the actions of alarm \"{alarm}\" are switched off"),
        Break::AlarmNeedsMore { alarm } => format!("alarm \"{alarm}\" is not raised by a single event"),
        Break::NoAction { alarm } => format!("alarm \"{alarm}\" tells nobody"),
        Break::NobodySubscribed { topic } => format!("{topic} has no subscription"),
        Break::Unconfirmed { topic, endpoints } => {
            format!("{topic} has only an unconfirmed subscription ({})", endpoints.join(", "))
        }
        Break::RuleDisabled => "it is switched off".to_owned(),
        Break::RulePart => "it does not catch every sign-in of root".to_owned(),
        Break::RuleNotJudged => "its pattern is not understood".to_owned(),
        Break::NoTarget => "it has no target".to_owned(),
        Break::Unreadable => "what is behind it could not be read".to_owned(),
    }
}
