//! `glasskey root login-check`

use crate::aws::Call;
use crate::cli::args::{Cli, RootLoginCheck};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::moments::date_time;
use crate::cli::page::{Page, name};
use crate::cli::{Outcome, environment};
use crate::flow::root::{self, Answer, Login};
use crate::totp::unix;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn run(args: &RootLoginCheck, cli: &Cli, console: &mut Console) -> Outcome {
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let login = root::login_check(&mut world).map_err(|error| Box::new(explain::aws(&error)))?;
    console.result(&message(&login), &Report::of(&login));
    hints(&login, console);
    Ok(if login.root { Exit::Done } else { Exit::No })
}

fn kind(login: &Login) -> Credentials {
    match (login.access_key, login.signed_in.as_deref() == Some(&*login.caller)) {
        (_, true) => Credentials::AwsLogin,
        (true, false) => Credentials::AccessKey,
        (false, false) => Credentials::Session,
    }
}

fn message(login: &Login) -> Page {
    let mut page = Page::default();
    let mut line = |name: &str, what: String| page.line(&format!("{name:<12} {what}"));
    line("caller", login.caller.clone());
    line("root", if login.root { "yes, exactly" } else { "no" }.to_owned());
    let how = match kind(login) {
        Credentials::AwsLogin => "`aws login`, renewed for up to 12 hours",
        Credentials::AccessKey => "an access key",
        Credentials::Session => "a session",
    };
    let until = login.expires.map(|at| format!("; these credentials end at {}", date_time(at)));
    line("credentials", format!("{how}{}", until.unwrap_or_default()));
    for sight in &login.sees {
        let what = serves(sight.call);
        line(&name(&answer(&sight.answer)), format!("{}: {what}", sight.call.permission()));
    }
    page
}

fn hints(login: &Login, console: &Console) {
    let style = console.style();
    let hint = |text: &str| style.say(&format!("glasskey: {} {text}", style.bold("hint:")));
    match (login.root, login.access_key) {
        (false, _) => {
            hint("`aws login --profile NAME`, and sign in as root in the browser; then name that profile here");
        }
        (true, true) => hint("root should have no access key: sign in with `aws login` instead, and delete the key"),
        (true, false) => {}
    }
    for sight in &login.sees {
        if let Answer::Denied(why) | Answer::Unknown(why) = &sight.answer {
            style.say(&format!("glasskey: {}", explain::aws(why).what));
        }
    }
}

fn serves(call: Call) -> &'static str {
    match call {
        Call::ListMfaDevices => "`root enroll` sees each new device by its serial number, `root audit` each factor",
        Call::GetMfaDevice => "`root enroll` tells what AWS takes a security key to be certified for",
        Call::GetAccountSummary => "whether root has MFA, a password, access keys",
        Call::ListVirtualMfaDevices => "which virtual devices are root's",
        Call::ListAccessKeys => "`root audit` sees root's access keys",
        Call::ListSigningCertificates => "`root audit` sees root's signing certificates",
        _ => "`root audit` sees when root was last used",
    }
}

fn answer(answer: &Answer) -> AnswerReport {
    match answer {
        Answer::Allowed => AnswerReport::Allowed,
        Answer::Denied(_) => AnswerReport::Denied,
        Answer::Unknown(_) => AnswerReport::Unknown,
    }
}

/// Whether the caller is root.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "root_login")]
pub(in crate::cli) struct Report<'a> {
    /// The account number.
    account: &'a str,
    /// The caller's ARN.
    caller: &'a str,
    /// The caller is exactly `arn:PARTITION:iam::ACCOUNT:root`. False: the exit code is 1.
    root: bool,
    /// How the caller came by its credentials.
    credentials: Credentials,
    /// The profile's `login_session`, an ARN, as `aws login` wrote it; null where there is none.
    login_session: Option<&'a str>,
    /// When the credentials end, in seconds since the Unix epoch; null where that is not known.
    expires: Option<u64>,
    /// Calls that only read, and AWS's answers; empty where the caller is not root.
    sees: Vec<SightReport>,
}

/// How the caller came by its credentials.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum Credentials {
    /// By `aws login`.
    AwsLogin,
    /// They are an access key.
    AccessKey,
    /// Any other credentials that end.
    Session,
}

/// A call that was tried.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct SightReport {
    /// The IAM permission that the call needs.
    permission: &'static str,
    /// AWS's answer.
    answer: AnswerReport,
    /// Why the call is not allowed, or why that is not known, for people; else null.
    reason: Option<String>,
    /// What the call is good for, for people.
    serves: &'static str,
}

/// AWS's answer to a call.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub(in crate::cli) enum AnswerReport {
    Allowed,
    Denied,
    Unknown,
}

impl<'a> Report<'a> {
    fn of(login: &'a Login) -> Self {
        let sees = login.sees.iter().map(|sight| SightReport {
            permission: sight.call.permission(),
            answer: answer(&sight.answer),
            reason: match &sight.answer {
                Answer::Allowed => None,
                Answer::Denied(error) | Answer::Unknown(error) => Some(explain::aws(error).what),
            },
            serves: serves(sight.call),
        });
        Self {
            account: &login.account,
            caller: &login.caller,
            root: login.root,
            credentials: kind(login),
            login_session: login.signed_in.as_deref(),
            expires: login.expires.map(unix),
            sees: sees.collect(),
        }
    }
}
