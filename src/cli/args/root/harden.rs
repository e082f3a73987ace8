//! `root harden`.

use super::account_id;
use super::administrator::Administrator;
use crate::aws::hardening::is_new_bucket_name;
use crate::cli::args::Aws;
use crate::person::{AlarmPattern, AlarmVia};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(before_long_help = "\
Examples:
  glasskey root harden                          the plan; nothing is changed
  glasskey root harden --out plan.json          and keep it, to be reviewed
  glasskey root harden --apply plan.json        apply exactly that plan
  glasskey root harden --apply                  plan and apply at once
  glasskey root harden --only password-policy   one step, or one finding
  glasskey root harden --emit terraform         the end state as Terraform
  glasskey root harden --undo RUN               undo what a run has changed
  glasskey root harden --org                    the members of the organization too
  glasskey root harden --apply --admin-user alice --admin-key 12345678 \\
      --password-to-command 'pass insert -m aws/$GLASSKEY_USER'
                                                make an administrator with MFA too

Without --apply and --undo this reads and changes nothing. It ends with 0
where there is nothing to do, and with 1 where there is something to do.
--apply asks once: the account number is typed. What cannot be undone is asked
apart. Afterwards the audit runs again; the exit code is 0 only if all that was
asked for passes now.
")]
pub(in crate::cli) struct Harden {
    /// only this step, or the step that closes this finding; give it again for more
    #[arg(long, value_name = "STEP|FINDING")]
    pub(in crate::cli) only: Vec<String>,
    /// leave out this step, or the step that closes this finding
    #[arg(long, value_name = "STEP|FINDING")]
    pub(in crate::cli) skip: Vec<String>,
    /// write the plan to this new file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["apply", "undo"])]
    pub(in crate::cli) out: Option<PathBuf>,
    /// print the plan's end state in this language, and what the language cannot express
    #[arg(long, value_enum, value_name = "LANGUAGE", conflicts_with_all = ["apply", "undo"])]
    pub(in crate::cli) emit: Option<Language>,
    /// apply a plan: exactly the one in this file, or one that is made now
    #[arg(long, value_name = "FILE", num_args = 0..=1)]
    #[arg(conflicts_with = "undo")]
    pub(in crate::cli) apply: Option<Option<PathBuf>>,
    /// agree to the steps that cannot be undone, without being asked
    #[arg(long, requires = "apply")]
    pub(in crate::cli) accept_irreversible: bool,
    /// undo what this run has changed, as far as it can be
    #[arg(long, value_name = "RUN", conflicts_with_all = ["only", "skip", "security_name", "alarm_email"])]
    pub(in crate::cli) undo: Option<String>,
    /// the address to be told by mail when root is used; it has to confirm
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) alarm_email: Option<String>,
    /// which of root's events raise the alarm: spare-tasks leaves out AssumeRoot's tasks, and is the default
    #[arg(long, value_name = "PATTERN")]
    pub(in crate::cli) pattern: Option<AlarmPattern>,
    /// what looks at root's events: filter, on the trail's log group, is the default; eventbridge is a rule in every
    /// enabled region
    #[arg(long, value_name = "MEANS")]
    pub(in crate::cli) via: Option<AlarmVia>,
    /// encrypt the alarm's topic with a key of the account's own, for $1 a month
    #[arg(long)]
    pub(in crate::cli) kms: bool,
    /// how long to wait for the address to confirm; the default is 300
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(0..=86400))]
    pub(in crate::cli) alarm_wait: Option<u64>,
    /// the security contact's name
    #[arg(long, value_name = "NAME", value_parser = contact(64, |_| true))]
    #[arg(requires_all = ["security_title", "security_email", "security_phone"])]
    pub(in crate::cli) security_name: Option<String>,
    /// the security contact's title
    #[arg(long, value_name = "TITLE", requires = "security_name", value_parser = contact(50, |_| true))]
    pub(in crate::cli) security_title: Option<String>,
    /// the security contact's e-mail address
    #[arg(long, value_name = "ADDRESS", requires = "security_name", value_parser = contact(254, is_email))]
    pub(in crate::cli) security_email: Option<String>,
    /// the security contact's phone number
    #[arg(long, value_name = "NUMBER", requires = "security_name", value_parser = contact(25, is_phone))]
    pub(in crate::cli) security_phone: Option<String>,
    /// the trail's bucket [default: a name of the account and the region]
    #[arg(long, value_name = "NAME", value_parser = bucket_name)]
    pub(in crate::cli) bucket: Option<String>,
    /// wait at most so long for a delivery of the new trail; 600 unless it is said
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=3600))]
    pub(in crate::cli) delivery_wait: Option<u64>,
    /// take away no access key of root's that was used within so many days; 90 unless it is said
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=3650))]
    pub(in crate::cli) quiet_days: Option<u64>,
    /// take away this access key of root's although it was used within that time
    #[arg(long = "override", value_name = "KEY-ID", value_parser = root_key_id)]
    pub(in crate::cli) override_keys: Vec<String>,
    /// keep root's access keys and certificates inactive for so long before they are deleted; the default is 0
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=604_800))]
    pub(in crate::cli) grace: Option<u64>,
    /// the whole organization, from its management account or as delegated administrator for IAM: root's access keys and
    /// certificates in members are deleted too
    #[arg(long, conflicts_with = "undo")]
    pub(in crate::cli) org: bool,
    /// make this member delegated administrator for IAM too, which may then look after root of members
    #[arg(long, value_name = "ACCOUNT", value_parser = account_id)]
    pub(in crate::cli) delegate: Option<String>,
    /// delete the passwords of members' root users too
    #[arg(long, requires = "org")]
    pub(in crate::cli) members_password: bool,
    /// remove the MFA devices of members' root users too, after their passwords
    #[arg(long, requires = "members_password")]
    pub(in crate::cli) members_mfa: bool,
    /// attach the policy about root to this unit, and not to the root of the organization
    #[arg(long, value_name = "OU", requires = "org", value_parser = unit_id)]
    pub(in crate::cli) scp_target: Option<String>,
    /// let root of this member recover its password by e-mail; nothing else is done
    #[arg(long, value_name = "ACCOUNT", value_parser = account_id)]
    #[arg(conflicts_with_all = ["apply", "undo", "out", "only", "skip", "org", "security_name", "override_keys"])]
    pub(in crate::cli) allow_recovery: Option<String>,
    #[command(flatten)]
    pub(in crate::cli) administrator: Administrator,
    #[command(flatten)]
    pub(in crate::cli) aws: Aws,
}

impl ValueEnum for AlarmPattern {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::SpareTasks, Self::Cis]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::SpareTasks => PossibleValue::new("spare-tasks"),
            Self::Cis => PossibleValue::new("cis"),
        })
    }
}

impl ValueEnum for AlarmVia {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Filter, Self::Eventbridge]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Filter => PossibleValue::new("filter"),
            Self::Eventbridge => PossibleValue::new("eventbridge"),
        })
    }
}

fn bucket_name(text: &str) -> Result<String, String> {
    match is_new_bucket_name(text) {
        true => Ok(text.to_owned()),
        false => Err("AWS makes no bucket of this name".to_owned()),
    }
}

/// As IAM has them for keys that last: `AKIA…` (IAM API Reference, AccessKey; IAM User Guide, "Understanding unique ID
/// prefixes").
fn root_key_id(text: &str) -> Result<String, String> {
    let is_word = |c: u8| c.is_ascii_alphanumeric() || c == b'_';
    match text.starts_with("AKIA") && (16..=128).contains(&text.len()) && text.bytes().all(is_word) {
        true => Ok(text.to_owned()),
        false => Err("not the id of an access key: AKIA… of 16 characters or more".to_owned()),
    }
}

/// What the end state is printed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Language {
    /// a template of AWS CloudFormation, as JSON
    Cloudformation,
    /// resources of Terraform's provider hashicorp/aws
    Terraform,
}

/// `r-…` or `ou-…-…` (Organizations API Reference, AttachPolicy).
fn unit_id(text: &str) -> Result<String, String> {
    let is_id = |part: &str, most: usize| {
        (4..=most).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let is_unit = match text.split('-').collect::<Vec<_>>()[..] {
        ["r", root] => is_id(root, 32),
        ["ou", root, unit] => is_id(root, 32) && is_id(unit, 32) && unit.len() >= 8,
        _ => false,
    };
    if is_unit { Ok(text.to_owned()) } else { Err("not the id of an organizational unit: ou-ROOT-UNIT".to_owned()) }
}

/// A member of an alternate contact: up to so many characters, as AWS takes them (Account Management API Reference,
/// PutAlternateContact).
fn contact(
    longest: usize,
    fits: impl Fn(&str) -> bool + Clone + Send + Sync + 'static,
) -> impl Fn(&str) -> Result<String, String> + Clone + Send + Sync + 'static {
    move |text| match (1..=longest).contains(&text.chars().count()) {
        false => Err(format!("AWS takes 1 to {longest} characters")),
        true if !fits(text) => Err("AWS does not take this".to_owned()),
        true => Ok(text.to_owned()),
    }
}

fn is_email(text: &str) -> bool {
    let plain = |part: &str, more: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || more.contains(c))
    };
    let (who, host) = text.trim().split_once('@').unwrap_or_default();
    let (_, top) = host.rsplit_once('.').unwrap_or_default();
    plain(who, "+=.#|!&-") && plain(host, ".-") && plain(top, "")
}

fn is_phone(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || "()+-".contains(c))
}
