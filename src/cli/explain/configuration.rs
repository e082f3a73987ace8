//! What is wrong with the AWS configuration.

use super::Explanation;
use crate::aws::{Trouble, Unreadable};
use crate::cli::shell::word;
use std::path::Path;

pub(super) fn configuration(trouble: &Trouble) -> Explanation {
    let wrong = |what: String| Explanation::new("bad_configuration", what);
    match trouble {
        Trouble::NoSuchProfile { name, bare: Some(path), .. } => {
            bare(wrong(format!("there is no AWS profile \"{name}\"")), name, path)
        }
        Trouble::NoSuchProfile { name, known, bare: None } => {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            wrong(format!("there is no AWS profile \"{name}\""))
                .note(format!("there are: {known}"))
                .hint(format!("`aws configure --profile {}` makes it", word(name)))
        }
        Trouble::Unreadable { path, line, why } => {
            let text = wrong(unreadable(&path.display().to_string(), *line, why));
            let text = text.note("nothing of it is used: what it says may decide whose credentials are");
            match why {
                Unreadable::NotUtf8 | Unreadable::Utf16 | Unreadable::ByteOrderMark => {
                    text.hint("save it as UTF-8, without a byte order mark")
                }
                Unreadable::ReturnWithin => text.hint("save it with one kind of line end"),
                _ => text.hint("the AWS CLI does not take it either: `aws configure list`"),
            }
        }
        Trouble::WantsMfa { profile, role, source, device } => wants_mfa(profile, role, source.as_deref(), device),
        Trouble::Endless { profile, bases } => endless(profile, bases),
        Trouble::CannotBeSent { part, character } => {
            wrong(format!("the {part} of the AWS credentials has {character} in it, which cannot be sent"))
                .hint("set it anew without; a file with the line ends of another system is a common cause")
        }
        Trouble::HalfAProfile { profile, path } => wrong(format!(
            "profile \"{profile}\" has an aws_access_key_id in {}, and no aws_secret_access_key beside it",
            path.display()
        ))
        .hint("write both into that one file: a secret in another is not taken for its own, nor by the AWS CLI"),
        Trouble::HalfAKey => wrong("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not".to_owned())
            .hint("set both; or unset both, for the credentials of a profile"),
        Trouble::Bundle { setting, path, why } => {
            wrong(format!("{setting} names {}, which gives no certificates to trust: {why}", path.display()))
                .hint("it is a file of certificates in PEM, and is trusted instead of the system's")
        }
        Trouble::System { why } => wrong(format!("the system lets no connection be made: {why}"))
            .hint("is the limit of open files very low? `ulimit -n` shows it"),
        other => named(other),
    }
}

/// What a setting says, and why it cannot be used.
fn named(trouble: &Trouble) -> Explanation {
    let wrong = |what: String| Explanation::new("bad_configuration", what);
    match trouble {
        Trouble::NoSourceProfile { profile, source, bare: Some(path) } => {
            let what = format!("the source_profile of profile \"{profile}\" is \"{source}\", and there is no such profile");
            bare(wrong(what), source, path)
        }
        Trouble::NoSourceProfile { profile, source, bare: None } => {
            wrong(format!("profile \"{profile}\" assumes its role with the credentials of profile \"{source}\", and there is no such profile"))
                .hint(format!("correct source_profile, or make it: `aws configure --profile {}`", word(source)))
        }
        Trouble::NoSsoSession { profile, session } => {
            wrong(format!("profile \"{profile}\" signs in with sso-session \"{session}\", and there is none of that name"))
                .hint("`aws configure sso-session` makes it")
        }
        Trouble::SsoLacks { profile, lacks } => {
            wrong(format!("profile \"{profile}\" signs in with IAM Identity Center, and its {lacks} is missing"))
                .hint(format!("`aws configure sso --profile {}` asks for account and role", word(profile)))
        }
        Trouble::BadEndpoint { setting, value } => {
            let value = value.rsplit('@').next().unwrap_or_default();
            wrong(format!("{setting} is \"{value}\", which is no http:// or https:// address"))
        }
        Trouble::NotASwitch { setting, value } => wrong(format!("{setting} is \"{value}\", neither true nor false")),
        Trouble::BadRegion { value } => wrong(format!("\"{value}\" is not the name of a region"))
            .hint("--region, AWS_REGION, or region in the profile names it: us-east-1"),
        Trouble::NotText { variable } => wrong(format!("the variable {variable} is not text (UTF-8)")),
        _ => wrong("the AWS configuration cannot be used".to_owned()),
    }
}

fn unreadable(path: &str, line: Option<usize>, why: &Unreadable) -> String {
    let place = line.map_or_else(|| path.to_owned(), |line| format!("line {line} of {path}"));
    match why {
        Unreadable::System { why } => format!("{path} cannot be read: {why}"),
        Unreadable::NotAFile => format!("{path} is not a file"),
        Unreadable::TooLong => format!("{path} is too long for a configuration"),
        Unreadable::ByteOrderMark => format!("{path} begins with a byte order mark"),
        Unreadable::Utf16 => format!("{path} is UTF-16"),
        Unreadable::NotUtf8 => format!("{place} is not UTF-8"),
        Unreadable::NoSection => format!("{place} stands before the first section"),
        Unreadable::ReturnWithin => format!("{place} has another line behind a carriage return"),
        Unreadable::OpenSection => format!("{place} begins a section without an end: \"]\" is missing"),
        Unreadable::NotASetting => format!("{place} is neither a section nor a setting: \"=\" is missing"),
        Unreadable::Twice { name } => format!("{place} has {name} a second time"),
    }
}

/// A section that lacks the word `profile`.
fn bare(text: Explanation, name: &str, path: &Path) -> Explanation {
    // As `aws configure` writes it.
    let section = word(name);
    text.note(format!(
        "{} has a section [{name}], which is no profile's: the word `profile` is missing",
        path.display()
    ))
    .hint(format!("write [profile {section}] there"))
}

fn wants_mfa(profile: &str, role: &str, source: Option<&str>, device: &str) -> Explanation {
    let base = source.map_or_else(String::new, |source| format!(" --profile {}", word(source)));
    Explanation::new(
        "bad_configuration",
        format!("profile \"{profile}\" assumes its role with a one-time code (mfa_serial)"),
    )
    .note("a key computes it, and `glasskey session` sends it; nobody is asked to type one")
    .hint(format!(
        "`eval \"$(glasskey session {}{base} --role {})\"`, then run this without --profile",
        word(device),
        word(role)
    ))
}

fn endless(profile: &str, bases: &[String]) -> Explanation {
    let bases: Vec<&String> = bases.iter().filter(|base| *base != profile).collect();
    let text = Explanation::new(
        "bad_configuration",
        format!("profile \"{profile}\" gets its credentials from the very command that asks for them, without end"),
    );
    let base = bases.first().map_or_else(|| "NAME".to_owned(), |base| word(base).into_owned());
    text.hint(format!(
        "in its credential_process, name the profile that holds the access key: `glasskey session --profile {base} --format credential-process`"
    ))
}
