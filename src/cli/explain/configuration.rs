//! What is wrong with the AWS configuration.

use super::Explanation;
use crate::aws::{Misnamed, NearMiss, ProcessFault, Trouble, Unreadable};
use crate::cli::shell::word;

const CODE: &str = "bad_configuration";

pub(super) fn configuration(trouble: &Trouble) -> Explanation {
    let text = Explanation::of(CODE, trouble);
    match trouble {
        Trouble::NoSuchProfile { name, near: Some(near), .. } => misnamed(text, name, near),
        Trouble::NoSuchProfile { name, known, near: None } => {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            text.note(format!("there are: {known}"))
                .hint(format!("`aws configure --profile {}` makes it", word(name)))
        }
        Trouble::Unreadable { path, line, why } => {
            let text = Explanation::new(CODE, unreadable(&path.display().to_string(), *line, why));
            text.note("nothing of it is used: what it says may decide whose credentials are").hint(match why {
                Unreadable::NotUtf8 | Unreadable::Utf16 | Unreadable::ByteOrderMark => {
                    "save it as UTF-8, without a byte order mark"
                }
                Unreadable::NotAFile => {
                    "name a regular file there: the AWS CLI passes over this one, and goes on without it"
                }
                Unreadable::ReturnWithin => "save it with one kind of line end",
                _ => "the AWS CLI does not take it either: `aws configure list`",
            })
        }
        Trouble::WantsMfa { role, source, device, .. } => wants_mfa(text, role, source.as_deref(), device),
        Trouble::Endless { profile, bases } => {
            let base = bases.iter().find(|base| *base != profile).map_or("NAME".into(), |base| word(base));
            text.hint(format!(
                "in its credential_process, name the profile that holds the access key: `glasskey session --profile {base} --format credential-process`"
            ))
        }
        Trouble::Process { profile, program, why } => process(text, profile, program, why),
        Trouble::CannotBeSent { .. } => {
            text.hint("set it anew without; a file with the line ends of another system is a common cause")
        }
        Trouble::HalfAProfile { .. } => text
            .hint("write both into that one file: a secret in another is not taken for its own, nor by the AWS CLI"),
        Trouble::HalfAKey => text.hint("set both; or unset both, for the credentials of a profile"),
        Trouble::Bundle { .. } => {
            text.hint("it is a file of certificates in PEM, and is trusted instead of the system's")
        }
        Trouble::System { .. } => text.hint("is the limit of open files very low? `ulimit -n` shows it"),
        Trouble::NoSourceProfile { profile, source, near: Some(near) } => {
            let what =
                format!("the source_profile of profile \"{profile}\" is \"{source}\", and there is no such profile");
            misnamed(Explanation::new(CODE, what), source, near)
        }
        Trouble::NoSourceProfile { source, near: None, .. } => {
            text.hint(format!("correct source_profile, or make it: `aws configure --profile {}`", word(source)))
        }
        Trouble::NoSsoSession { .. } => text.hint("`aws configure sso-session` makes it"),
        Trouble::SsoLacks { profile, .. } => {
            text.hint(format!("`aws configure sso --profile {}` asks for account and role", word(profile)))
        }
        Trouble::File { .. } => text.hint("`glasskey doctor` shows where credentials come from"),
        Trouble::BadRegion { .. } => text.hint("--region, AWS_REGION, or region in the profile names it: us-east-1"),
        Trouble::BadEndpoint { .. } | Trouble::NotASwitch { .. } | Trouble::NotText { .. } => text,
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

fn wants_mfa(text: Explanation, role: &str, source: Option<&str>, device: &str) -> Explanation {
    let base = source.map_or_else(String::new, |source| format!(" --profile {}", word(source)));
    text.note("a key computes it, and `glasskey session` sends it; nobody is asked to type one").hint(format!(
        "`eval \"$(glasskey session {}{base} --role {})\"`, then run this without --profile",
        word(device),
        word(role)
    ))
}

/// Where the program is another glasskey, its own error goes first: of several within each other, the innermost one's.
fn process(text: Explanation, profile: &str, program: &str, why: &ProcessFault) -> Explanation {
    let said = if let ProcessFault::Status { said, .. } = why { said.as_slice() } else { &[] };
    let error = said.iter().find_map(|line| line.strip_prefix("glasskey: error: "));
    if let Some(error) = error {
        let hints = said.iter().filter_map(|line| line.strip_prefix("glasskey: hint: "));
        let text = Explanation::new(CODE, error)
            .note(format!("so says `{program}`, the credential_process of profile \"{profile}\""));
        return hints.fold(text, Explanation::hint);
    }
    let last = said.len().saturating_sub(3);
    let text = said.iter().skip(last).fold(text, |text, line| text.note(line.chars().take(200).collect::<String>()));
    match why {
        ProcessFault::Expired { .. } => {
            text.hint("the AWS CLI refuses them too; sign in again with the tool behind it")
        }
        _ => text.hint("run the command that credential_process names by itself, and see what it prints"),
    }
}
