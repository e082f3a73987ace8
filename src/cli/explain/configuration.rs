//! What is wrong with the AWS configuration.

use super::Explanation;
use crate::aws::{Misnamed, NearMiss, ProcessFault, Trouble, Unreadable};
use crate::cli::shell::word;

pub(super) fn configuration(trouble: &Trouble) -> Explanation {
    let wrong = |what: String| Explanation::new("bad_configuration", what);
    match trouble {
        Trouble::NoSuchProfile { name, near: Some(near), .. } => {
            misnamed(wrong(format!("there is no AWS profile \"{name}\"")), name, near)
        }
        Trouble::NoSuchProfile { name, known, near: None } => {
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
                Unreadable::NotAFile => {
                    text.hint("name a regular file there: the AWS CLI passes over this one, and goes on without it")
                }
                Unreadable::ReturnWithin => text.hint("save it with one kind of line end"),
                _ => text.hint("the AWS CLI does not take it either: `aws configure list`"),
            }
        }
        Trouble::WantsMfa { profile, role, source, device } => wants_mfa(profile, role, source.as_deref(), device),
        Trouble::Endless { profile, bases } => endless(profile, bases),
        Trouble::Process { profile, program, why } => process(trouble, profile, program, why),
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
        Trouble::NoSourceProfile { profile, source, near: Some(near) } => {
            let what = format!("the source_profile of profile \"{profile}\" is \"{source}\", and there is no such profile");
            misnamed(wrong(what), source, near)
        }
        Trouble::NoSourceProfile { profile, source, near: None } => {
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
        Trouble::File { .. } => wrong(trouble.to_string()).hint("`glasskey doctor` shows where credentials come from"),
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

/// A section that was meant to be this profile's.
fn misnamed(text: Explanation, name: &str, near: &NearMiss) -> Explanation {
    let why = match near.why {
        Misnamed::Bare => "which is no profile's: the word `profile` is missing",
        Misnamed::Superfluous => "which is another profile's: in this file the word `profile` is superfluous",
        Misnamed::Spaced => {
            "whose name begins or ends with a space: the AWS CLI does not take it for the profile's either"
        }
    };
    // As `aws configure` writes it.
    let right = match name {
        _ if !near.in_config => name.to_owned(),
        "default" => name.to_owned(),
        name => format!("profile {}", word(name)),
    };
    text.note(format!("{} has a section [{}], {why}", near.path.display(), near.section))
        .hint(format!("write [{right}] there"))
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

/// Where the program is another glasskey, its own error goes first: of several within each other, the innermost one's.
fn process(trouble: &Trouble, profile: &str, program: &str, why: &ProcessFault) -> Explanation {
    let explained = |what: String| Explanation::new("bad_configuration", what);
    let said = if let ProcessFault::Status { said, .. } = why { said.as_slice() } else { &[] };
    let error = said.iter().find_map(|line| line.strip_prefix("glasskey: error: "));
    if let Some(error) = error {
        let hints = said.iter().filter_map(|line| line.strip_prefix("glasskey: hint: "));
        let text = explained(error.to_owned())
            .note(format!("so says `{program}`, the credential_process of profile \"{profile}\""));
        return hints.fold(text, Explanation::hint);
    }
    let text = explained(trouble.to_string());
    let last = said.len().saturating_sub(3);
    let text = said.iter().skip(last).fold(text, |text, line| text.note(line.chars().take(200).collect::<String>()));
    match why {
        ProcessFault::Expired { .. } => {
            text.hint("the AWS CLI refuses them too; sign in again with the tool behind it")
        }
        _ => text.hint("run the command that credential_process names by itself, and see what it prints"),
    }
}
