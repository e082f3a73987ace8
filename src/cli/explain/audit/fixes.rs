//! How to put right what an audit found.

use super::policies;
use crate::aws::DeviceKind;
use crate::flow::{Break, Evidence, Rule};
use serde::{Deserialize, Serialize};

/// How to put something right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Fix {
    pub glasskey: Option<String>,
    pub aws: Vec<String>,
    pub console: Option<String>,
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
        Rule::ScpStopsTasks => fix(
            None,
            policies::fix(evidence),
            Some(format!("https://{console}/organizations/v2/home/policies/service-control-policy")),
        ),
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
