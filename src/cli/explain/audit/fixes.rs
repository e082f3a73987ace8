//! How to put right what an audit found: commands that can be pasted, where capitals stand for what nobody else knows.

use super::{policies, watching};
use crate::aws::{DeviceKind, Partition, RootTask};
use crate::cli::page::name;
use crate::flow::harden::closes;
use crate::flow::{Evidence, Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to fix what a finding found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// A glasskey command; null where there is none.
    pub glasskey: Option<String>,
    /// Commands of the AWS CLI, in this order; words in capitals stand for what the audit does not know.
    pub aws: Vec<String>,
    /// The page of the AWS console; null where there is none.
    pub console: Option<String>,
}

impl Fix {
    pub(super) fn new(aws: Vec<String>, console: String) -> Self {
        Self { glasskey: None, aws, console: Some(console) }
    }

    fn with_glasskey(self, command: String) -> Self {
        Self { glasskey: Some(command), ..self }
    }
}

/// The account that is to be put right. `member`: its root is reached by AssumeRoot.
struct Account<'a> {
    number: &'a str,
    partition: &'a str,
    member: bool,
}

impl Account<'_> {
    /// What `--account` of a command about root is to say.
    fn flag(&self) -> String {
        if self.member { format!(" --account {}", self.number) } else { String::new() }
    }

    /// As root itself, or for a member in a session of AssumeRoot, which is gone with the parentheses.
    fn as_root(&self, commands: &[String]) -> Vec<String> {
        if !self.member {
            return std::iter::once("aws login".to_owned()).chain(commands.iter().cloned()).collect();
        }
        let (region, number) = (Partition::named(self.partition).region(), self.number);
        let task = RootTask::Delete.policy(self.partition);
        let variable = |name: &str, of: &str| format!("join('=',['{name}',{of}])");
        let variables = [
            variable("AWS_ACCESS_KEY_ID", "AccessKeyId"),
            variable("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
            variable("AWS_SESSION_TOKEN", "SessionToken"),
        ];
        let query = format!("Credentials.[{}]", variables.join(","));
        vec![format!(
            "(export $(aws sts assume-root --region {region} --target-principal {number} --task-policy-arn arn={task} --query \"{query}\" --output text) && {})",
            commands.join(" && ")
        )]
    }
}

/// How to put it right in this account. Where hardening closes the finding, its command is the one to give.
#[must_use]
pub fn fix(rule: Rule, account: &str, partition: &str, member: bool, evidence: &[Evidence]) -> Fix {
    let fix = by_hand(rule, account, partition, member, evidence);
    let by_rules = if evidence.iter().any(watching::is_by_own_rules) { " --via eventbridge" } else { "" };
    let glasskey = fix.glasskey.clone().or_else(|| hardening(rule, member).map(|command| command + by_rules));
    Fix { glasskey, ..fix }
}

/// The command that closes a finding; words in capitals stand for what a person must name.
fn hardening(rule: Rule, member: bool) -> Option<String> {
    let only = name(&rule);
    match (member, rule) {
        // A member's root has no credentials that could sign the command.
        (true, Rule::RootAccessKeys | Rule::RootCertificates | Rule::RootCredentials) => {
            // A password goes only where that is said.
            let more = if rule == Rule::RootCredentials { " --members-password" } else { "" };
            closes(rule).then(|| format!("glasskey root harden --org --only {only}{more}"))
        }
        (true, _) => None,
        (false, _) => closes(rule).then(|| format!("glasskey root harden --only {only}{}", values(rule))),
    }
}

/// What a step needs to be told.
fn values(rule: Rule) -> &'static str {
    match rule {
        Rule::SecurityContact => {
            " --security-name NAME --security-title TITLE --security-email ADDRESS --security-phone NUMBER"
        }
        Rule::RootAlarm => " --alarm-email ADDRESS",
        Rule::OtherAdmin => " --admin-user NAME --admin-key SERIAL --password-to-command COMMAND",
        _ => "",
    }
}

fn by_hand(rule: Rule, account: &str, partition: &str, member: bool, evidence: &[Evidence]) -> Fix {
    let account = Account { number: account, partition, member };
    let (console, region) =
        (format!("https://{}", Partition::named(partition).console()), Partition::named(partition).region());
    let by_root = format!("{console}/iam/home#/security_credentials (signed in as root)");
    match rule {
        Rule::RootMfa | Rule::RootHardwareMfa => Fix::new(Vec::new(), by_root)
            .with_glasskey(format!("glasskey root enroll{} --key SERIAL --key SERIAL", account.flag())),
        Rule::RootTwoFactors => Fix::new(Vec::new(), by_root)
            .with_glasskey(format!("glasskey root enroll{} --one-key --key SERIAL", account.flag())),
        Rule::RootVirtualMfa => virtual_device(&account, by_root, evidence),
        Rule::RootAccessKeys => Fix::new(account.as_root(&delete_keys(evidence)), by_root),
        Rule::RootCertificates => Fix::new(account.as_root(&[DELETE_CERTIFICATES.to_owned()]), by_root),
        Rule::RootUse => root_use(&account, &console),
        Rule::RootCredentials => Fix::new(
            account.as_root(&["aws iam delete-login-profile".to_owned()]),
            format!("{console}/iam/home#/organizations: choose the account, take privileged action"),
        ),
        Rule::CentralRoot => Fix::new(
            central(evidence),
            format!("{console}/iam/home#/account_settings: centralized root access for member accounts"),
        ),
        Rule::ScpStopsTasks => Fix::new(
            policies::fix(evidence),
            format!("{console}/organizations/v2/home/policies/service-control-policy"),
        ),
        Rule::Trail => watching::trail(&console, evidence),
        Rule::TrailValidation => watching::validation(&console, evidence),
        Rule::RootAlarm => watching::alarm(&console, region, evidence),
        Rule::OtherAdmin => Fix::new(
            vec![format!(
                "aws iam attach-role-policy --role-name ROLE --policy-arn arn:{partition}:iam::aws:policy/AdministratorAccess"
            )],
            format!("{console}/iam/home#/roles"),
        ),
        Rule::AdminMfa => admin(&account, &console, evidence),
        Rule::Contact => Fix::new(vec![PUT_CONTACT.to_owned()], format!("{console}/billing/home#/account")),
        Rule::SecurityContact => security_contact(&account, &console),
        Rule::PasswordPolicy => {
            Fix::new(vec![PUT_PASSWORD_POLICY.to_owned()], format!("{console}/iam/home#/account_settings"))
        }
    }
}

const PUT_CONTACT: &str = "aws account put-contact-information --contact-information FullName=NAME,AddressLine1=STREET,City=CITY,PostalCode=CODE,CountryCode=CC,PhoneNumber=NUMBER";
/// What is left out of it is reset.
const PUT_PASSWORD_POLICY: &str = "aws iam update-account-password-policy --minimum-password-length 14 --password-reuse-prevention 24 --require-symbols --require-numbers --require-uppercase-characters --require-lowercase-characters --allow-users-to-change-password";
const DELETE_CERTIFICATES: &str = "for id in $(aws iam list-signing-certificates --query 'Certificates[].CertificateId' --output text); do aws iam delete-signing-certificate --certificate-id $id; done";

fn root_use(account: &Account<'_>, console: &str) -> Fix {
    let look = format!(
        "aws cloudtrail lookup-events --region {} --lookup-attributes AttributeKey=Username,AttributeValue=root",
        Partition::named(account.partition).region()
    );
    let page = format!(
        "{console}/cloudtrailv2/home#/events?Username=root shows what for; sign in as an administrator instead, and keep root's keys sealed"
    );
    Fix::new(vec![look], page)
}

fn security_contact(account: &Account<'_>, console: &str) -> Fix {
    let whose = if account.member { format!(" --account-id {}", account.number) } else { String::new() };
    let put = format!(
        "aws account put-alternate-contact{whose} --alternate-contact-type SECURITY --email-address ADDRESS --name NAME --phone-number NUMBER --title TITLE"
    );
    Fix::new(vec![put], format!("{console}/billing/home#/account"))
}

/// Outside an organization root's devices are the console's.
fn virtual_device(account: &Account<'_>, console: String, evidence: &[Evidence]) -> Fix {
    let serials: Vec<&str> = evidence
        .iter()
        .filter_map(|one| match one {
            Evidence::Factor { serial, kind: DeviceKind::Virtual, .. } => Some(serial.as_str()),
            _ => None,
        })
        .collect();
    let deactivate: Vec<String> = serials
        .iter()
        .map(|serial| format!("aws iam deactivate-mfa-device --serial-number {}", quoted(serial)))
        .collect();
    let aws = match account.member && !serials.is_empty() {
        true => account.as_root(&deactivate),
        false => Vec::new(),
    };
    let serials = if serials.is_empty() {
        "SERIAL".to_owned()
    } else {
        serials.iter().map(|serial| quoted(serial)).collect::<Vec<_>>().join(" ")
    };
    Fix::new(aws, console).with_glasskey(format!("glasskey root remove{} {serials}", account.flag()))
}

fn delete_keys(evidence: &[Evidence]) -> Vec<String> {
    let ids = evidence.iter().filter_map(|one| match one {
        Evidence::AccessKey { id, .. } => id.as_deref(),
        _ => None,
    });
    let delete: Vec<String> =
        ids.map(|id| format!("aws iam delete-access-key --access-key-id {}", quoted(id))).collect();
    match delete.is_empty() {
        true => vec!["for id in $(aws iam list-access-keys --query 'AccessKeyMetadata[].AccessKeyId' --output text); do aws iam delete-access-key --access-key-id $id; done".to_owned()],
        false => delete,
    }
}

/// What is missing, in the order in which it can be turned on.
fn central(evidence: &[Evidence]) -> Vec<String> {
    let of = |one: &Evidence| match one {
        Evidence::Central { all_features, trusted, credentials, sessions } => {
            Some([*all_features, *trusted, *credentials, *sessions])
        }
        _ => None,
    };
    let there = evidence.iter().find_map(of).unwrap_or([true, false, false, false]);
    let commands = [
        "aws organizations enable-all-features",
        "aws organizations enable-aws-service-access --service-principal iam.amazonaws.com",
        "aws iam enable-organizations-root-credentials-management",
        "aws iam enable-organizations-root-sessions",
    ];
    commands.iter().zip(there).filter(|(_, there)| !there).map(|(command, _)| (*command).to_owned()).collect()
}

fn admin(account: &Account<'_>, console: &str, evidence: &[Evidence]) -> Fix {
    let user = evidence.iter().find_map(|one| match one {
        Evidence::AdminWithoutMfa { user } | Evidence::PerhapsAdminWithoutMfa { user } => Some(user.as_str()),
        _ => None,
    });
    let (user, number, partition) = (quoted(user.unwrap_or("USER")), account.number, account.partition);
    let aws = vec![
        format!(
            "aws iam create-virtual-mfa-device --virtual-mfa-device-name {user} --bootstrap-method QRCodePNG --outfile {user}.png"
        ),
        format!(
            "aws iam enable-mfa-device --user-name {user} --serial-number arn:{partition}:iam::{number}:mfa/{user} --authentication-code1 CODE --authentication-code2 CODE"
        ),
    ];
    Fix::new(aws, format!("{console}/iam/home#/users")).with_glasskey(format!("glasskey enroll {user} --key SERIAL"))
}

/// A word of the shell: names of filters, alarms and addresses are other people's words.
pub(super) fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@+=,%".contains(letter);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
