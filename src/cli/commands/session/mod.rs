//! `glasskey session`
//!
//! Its result is a secret, and goes to standard output: that is what it is for. As a `credential_process` it never
//! hangs, and reaches the person past the program that has its streams.

mod deadline;
mod reach;
mod role;

use crate::aws::SessionCredentials;
use crate::cli::args::{Cli, Session as Arguments, SessionFormat};
use crate::cli::console::Console;
use crate::cli::counts::count;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::usage;
use crate::cli::page::Page;
use crate::cli::{Outcome, environment};
use crate::flow::session::{Forgotten, Session, SessionRequest, Source};
use crate::flow::{self, Cause};
use crate::keys::Serial;
use crate::secret::on_wiped_stack;
use crate::totp::unix;
use crate::world::World;
use deadline::Deadline;
use jiff::Timestamp;
use reach::Reached;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use std::time::SystemTime;

pub(in crate::cli) fn run(args: &Arguments, cli: &Cli, console: &mut Console) -> Outcome {
    let request = request(args, cli)?;
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    check_loop(args, &world)?;
    if args.forget {
        return forget(&mut world, console);
    }
    let person = std::mem::replace(&mut world.person, Box::new(Nobody));
    let waited = deadline::Waited::default();
    world.person = Box::new(Reached::new(person, console.style(), cli.global.no_input, waited.clone()));
    let (tell, heard) = (world.aws.on_wait.clone(), waited.clone());
    world.aws.on_wait = Arc::new(move |waiting| {
        heard.hear_process(waiting);
        tell(waiting);
    });
    let deadline = Deadline::begin(args.timeout, world.interrupt.clone(), console.another(), waited.clone());
    let opened = on_wiped_stack(|| flow::session::session(&request, &mut world));
    let in_time = deadline.end();
    match opened {
        Ok((session, source)) => {
            on_wiped_stack(|| print(&session, source, args, cli.global.json, console));
            Ok(Exit::Done)
        }
        Err(_) if !in_time => Err(Box::new(deadline::timed_out(args.timeout, &waited))),
        Err(failed) => {
            let mut text = explain::failed(&failed);
            // A prompt cut short by Ctrl-C is an interruption, not a missing person.
            if world.interrupt.raised() && matches!(failed.cause, Cause::Sink(_)) {
                text = Explanation::interrupted();
            }
            Err(Box::new(text))
        }
    }
}

/// In place of the person while they are handed over.
struct Nobody;

impl crate::person::Person for Nobody {
    fn is_there(&self) -> bool {
        false
    }
    fn tell(&mut self, _: &crate::person::Notice) {}
    fn confirm(&mut self, _: &crate::person::Question) -> Option<bool> {
        None
    }
    fn password(&mut self, _: Serial) -> Option<crate::secret::Password> {
        None
    }
    fn show_qr(&mut self, _: &str, _: &mut dyn FnMut(&crate::secret::Code) -> bool) -> Option<bool> {
        None
    }
}

fn request(args: &Arguments, cli: &Cli) -> Result<SessionRequest, Box<Explanation>> {
    // STS: GetSessionToken 15 minutes to 36 hours, AssumeRole to 12 hours.
    let (what, longest) = if args.role.is_some() { ("a role's session", 12) } else { ("a session", 36) };
    if !(900..=longest * 3600).contains(&args.duration.as_secs()) {
        return Err(usage(format!("{what} lasts 15 minutes (900) to {longest} hours")));
    }
    Ok(SessionRequest {
        device: args.device.clone(),
        key: args.key,
        role: role::wanted(args)?,
        duration: args.duration,
        kept: !args.no_cache,
        no_touch: cli.global.no_input,
        no_wait: args.no_wait,
    })
}

/// A profile whose `credential_process` is this command would start it again, without end. Here the plain case is said
/// before anything is started; others are found by what is started (`aws::config`).
fn check_loop(args: &Arguments, world: &World) -> Result<(), Box<Explanation>> {
    let Some(process) = world.aws.credential_process() else { return Ok(()) };
    let words = shlex::split(&process).unwrap_or_default();
    let command = words.iter().position(|word| is_glasskey(word));
    let ours = command.is_some_and(|at| words.iter().skip(at).any(|word| word == "session"));
    let mut after = words.iter().skip_while(|word| *word != "--profile" && !word.starts_with("--profile="));
    let base = after.next().and_then(|word| word.strip_prefix("--profile=").or(after.next().map(String::as_str)));
    let another = words.iter().take(command.unwrap_or(0)).any(|word| word.starts_with("AWS_"));
    let itself = base.map_or(!another, |base| args.aws.profile.as_deref() == Some(base));
    if ours && itself { Err(Box::new(explain::aws(&world.aws.endless()))) } else { Ok(()) }
}

/// By the name of the program, wherever it is and whatever stands before it: `env`, a variable, a wrapper.
fn is_glasskey(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name == "glasskey" || name == "glasskey.exe"
}

fn forget(world: &mut World, console: &mut Console) -> Outcome {
    match flow::session::forget_sessions(world).map_err(|failed| Box::new(explain::failed(&failed)))? {
        Ok(Forgotten { sessions, others }) => {
            let human = match sessions {
                0 => "no session of this access key was kept".to_owned(),
                1 => "forgotten".to_owned(),
                several => format!("forgotten: {several} sessions"),
            };
            if others > 0 {
                let others = count(others, "session");
                console.say(&format!("glasskey: {others} that another access key opened are kept until they end"));
            }
            console.result(&Page::of(&human), &ForgetReport { kept: sessions > 0, sessions, others });
            Ok(Exit::Done)
        }
        Err(why) => Err(Box::new(Explanation::new("keyring", explain::no_keyring(&why)))),
    }
}

fn print(session: &Session, source: Source, args: &Arguments, json: bool, console: &mut Console) {
    let SessionCredentials { access_key_id, secret_access_key, session_token, expires } = &session.credentials;
    if let Source::Key = source {
        console.spent("the session was opened, and the code that it took is spent");
    }
    let expiration = rfc3339(*expires);
    match args.format {
        _ if json => console.json(&Report::of(session, source, args)),
        SessionFormat::Json => console.json(&Report::of(session, source, args)),
        SessionFormat::Env => {
            let line = |name: &str, value: &str| format!("export {name}='{}'", value.replace('\'', "'\\''"));
            let lines = [
                line("AWS_ACCESS_KEY_ID", access_key_id),
                line("AWS_SECRET_ACCESS_KEY", secret_access_key),
                line("AWS_SESSION_TOKEN", session_token),
                line("AWS_CREDENTIAL_EXPIRATION", &expiration),
            ];
            console.page(&lines.iter().collect());
        }
        SessionFormat::CredentialProcess => {
            console.json(&CredentialProcess {
                version: 1,
                access_key_id,
                secret_access_key,
                session_token,
                expiration,
            });
        }
    }
}

/// Temporary credentials: the one result that is secret.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "session")]
pub(in crate::cli) struct Report<'a> {
    /// The access key's id.
    access_key_id: &'a str,
    /// The secret access key.
    secret_access_key: &'a str,
    /// The session token.
    session_token: &'a str,
    /// When the credentials end, in seconds since the Unix epoch, by AWS's clock.
    expires: u64,
    /// The serial number of the device whose code opened the session.
    device: &'a str,
    /// The serial number of the key that computed the code.
    key: Serial,
    /// The role's ARN; null for a session of the caller's own.
    role: Option<&'a str>,
    /// Where the session came from. A role's session is assumed from an MFA session; it is that one's source.
    source: Source,
}

/// With `--forget`.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "session_forgotten")]
pub(in crate::cli) struct ForgetReport {
    /// Whether a session was kept.
    kept: bool,
    /// How many there were; none is kept any more that comes of the caller's access key.
    sessions: usize,
    /// How many are kept that other access keys opened.
    others: usize,
}

/// What AWS tools read from a `credential_process`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CredentialProcess<'a> {
    version: u8,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    expiration: String,
}

impl<'a> Report<'a> {
    fn of(session: &'a Session, source: Source, args: &'a Arguments) -> Self {
        let SessionCredentials { access_key_id, secret_access_key, session_token, expires } = &session.credentials;
        Self {
            access_key_id,
            secret_access_key,
            session_token,
            expires: unix(*expires),
            device: &session.device,
            key: session.key,
            role: args.role.as_deref(),
            source,
        }
    }
}

fn rfc3339(time: SystemTime) -> String {
    Timestamp::try_from(time).map_or_else(|_| String::new(), |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}
