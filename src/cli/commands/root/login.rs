//! `glasskey root login-check`

use crate::aws::{self, Call};
use crate::cli::args::{Cli, RootLoginCheck};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit};
use crate::cli::moments::date_time;
use crate::cli::page::Page;
use crate::cli::{Outcome, outside};
use crate::flow::root::{self, Answer, Login};
use crate::totp::unix;
use serde_json::{Value, json};

pub(super) fn run(args: &RootLoginCheck, cli: &Cli, console: &mut Console) -> Outcome {
    let mut world = outside::world(&cli.global, Some(&args.aws), console)?;
    let login = root::login_check(&mut world).map_err(|error| Box::new(explain::aws(&error)))?;
    console.result(&words(&login), &to_json(&login));
    hints(&login, console);
    Ok(if login.root { Exit::Done } else { Exit::No })
}

/// How the caller came by its credentials.
fn kind(login: &Login) -> &'static str {
    match (login.access_key, login.signed_in.as_deref() == Some(&*login.caller)) {
        (_, true) => "aws_login",
        (true, false) => "access_key",
        (false, false) => "session",
    }
}

fn words(login: &Login) -> Page {
    let mut page = Page::default();
    let mut line = |name: &str, what: String| page.line(&format!("{name:<12} {what}"));
    line("caller", login.caller.clone());
    line("root", if login.root { "yes, exactly" } else { "no" }.to_owned());
    let how = match kind(login) {
        "aws_login" => "`aws login`, renewed for up to 12 hours",
        "access_key" => "an access key",
        _ => "a session",
    };
    let until = login.expires.map(|at| format!("; these credentials end at {}", date_time(at)));
    line("credentials", format!("{how}{}", until.unwrap_or_default()));
    for sight in &login.sees {
        let what = serves(sight.call);
        line(answer_id(&sight.answer), format!("{}: {what}", sight.call.permission()));
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

/// What a call is good for.
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

fn answer_id(answer: &Answer) -> &'static str {
    match answer {
        Answer::Allowed => "allowed",
        Answer::Denied(_) => "denied",
        Answer::Unknown(_) => "unknown",
    }
}

fn to_json(login: &Login) -> Value {
    let why = |error: &aws::Error| explain::aws(error).what;
    let sees: Vec<Value> = login
        .sees
        .iter()
        .map(|sight| {
            let reason = match &sight.answer {
                Answer::Allowed => None,
                Answer::Denied(error) | Answer::Unknown(error) => Some(why(error)),
            };
            json!({
                "permission": sight.call.permission(), "answer": answer_id(&sight.answer), "reason": reason,
                "serves": serves(sight.call),
            })
        })
        .collect();
    json!({
        "type": "root_login", "account": login.account, "caller": login.caller, "root": login.root,
        "credentials": kind(login), "login_session": login.signed_in, "expires": login.expires.map(unix),
        "sees": sees,
    })
}
