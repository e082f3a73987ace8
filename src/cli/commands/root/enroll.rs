//! `glasskey root enroll`: security keys.

use crate::aws::DeviceKind;
use crate::cli::args::{Cli, FidoPrepare, Pace, RootEnroll};
use crate::cli::commands::fido::prepare::PreparedReport;
use crate::cli::commands::fido::{Invocation, prepare};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::usage;
use crate::cli::notices::console_url;
use crate::cli::page::Page;
use crate::cli::{Outcome, environment};
use crate::flow::fido_key::Prepared;
use crate::flow::root::{self, Candidate, Enrolled, Evidence, FidoRequest, Registered, WatchLimits};
use crate::keys::Serial;
use crate::person::RootView;
use crate::platform;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) fn run(args: &RootEnroll, cli: &Cli, console: &mut Console) -> Outcome {
    check_keys(args)?;
    let mut world = environment::world(&cli.global, Some(&args.aws), console)?;
    let request = FidoRequest {
        keys: args.keys.len(),
        account: args.account.clone(),
        blind: args.watching.no_watch,
        limits: limits(&args.watching.pace),
    };
    let sitting = root::begin(&request, &mut world).map_err(|failed| explain::root_not_done(&failed))?;
    let ready = make_ready(args, cli, world.interrupt.clone(), console)?;
    if args.open {
        open(sitting.partition(), console);
    }
    let candidates: Vec<Candidate> = ready.iter().map(|(prepared, _)| candidate(prepared)).collect();
    let enrolled = sitting.register(&candidates, &mut world).map_err(|failed| explain::root_not_done(&failed))?;
    last_words(&enrolled, args.one_key, console);
    console.result(&message(&enrolled), &report(&enrolled, &ready));
    Ok(Exit::Done)
}

/// Two keys, unless somebody says outright that one will do.
fn check_keys(args: &RootEnroll) -> Result<(), Box<Explanation>> {
    match (args.keys.as_slice(), args.one_key) {
        ([_], true) | ([_, _], false) => Ok(()),
        ([_], false) => Err(Box::new(
            usage("one key is named, and whoever loses the only key of root is locked out")
                .hint("name the second too: --key ONE --key OTHER; or say --one-key, where root has another factor"),
        )),
        ([], _) => Err(Box::new(
            usage("no key is named")
                .hint("name both: --key ONE --key OTHER (`glasskey fido list` shows them); --totp --phone is for codes on a phone"),
        )),
        (_, true) => Err(usage("--one-key, and several keys are named")),
        _ => Err(Box::new(usage("more than two keys are named").hint("enroll two now, and others with --one-key"))),
    }
}

pub(super) fn limits(pace: &Pace) -> WatchLimits {
    WatchLimits { timeout: Duration::from_secs(pace.timeout), every: Duration::from_secs(pace.every) }
}

/// What `fido prepare` does with them.
fn make_ready(
    args: &RootEnroll,
    cli: &Cli,
    interrupt: platform::Interrupt,
    console: &mut Console,
) -> Result<Vec<(Prepared, String)>, Box<Explanation>> {
    let prepare = FidoPrepare {
        keys: args.keys.clone(),
        pair: args.keys.len() == 2,
        change_pin: false,
        min_pin_length: None,
        always_uv: false,
        new_pin_fd: args.new_pin_fd,
        last_try: false,
        trusting: args.trusting.clone(),
    };
    prepare::make_ready(&prepare, &mut Invocation::new(environment::fido_ports(), cli, console, interrupt))
}

pub(super) fn open(partition: &str, console: &Console) {
    let url = console_url(partition);
    if let Err(cause) = platform::open_in_browser(&url) {
        console.style().warn(&format!("no browser could be opened ({cause}): {url}"));
    }
}

fn candidate(prepared: &Prepared) -> Candidate {
    let genuine = prepared.attested.verdict.as_ref().ok();
    let certification =
        genuine.map_or_else(String::new, |genuine| format!("{}, {}", genuine.model, genuine.certification));
    Candidate { id: prepared.key.clone(), certification }
}

fn last_words(enrolled: &Enrolled, one_key: bool, console: &mut Console) {
    let factors = enrolled.devices.as_ref().map(Vec::len);
    if one_key && factors.is_none_or(|factors| factors < 2) {
        console.say("glasskey: one key was asked for; losing it locks root out unless root has another factor");
    }
    if enrolled.keys.iter().any(|one| one.evidence == Evidence::Said) {
        console.say("glasskey: what you said has not been seen; `glasskey root audit` as root would show it");
    }
    console.say("glasskey: sign out, and sign in as root once with each key before it goes into its safe");
}

fn message(enrolled: &Enrolled) -> Page {
    let one = |one: &Registered| {
        let what = match (&one.serial, one.evidence) {
            (Some(serial), _) => serial.clone(),
            (None, Evidence::Seen | Evidence::RootHasMfa) => format!("\"{}\", seen by root's having MFA", one.name),
            (None, Evidence::Said) => format!("\"{}\", as you said", one.name),
        };
        format!("{}  {what}", one.key)
    };
    enrolled.keys.iter().map(one).collect()
}

/// Root's new factors.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "root_enrolled")]
pub(in crate::cli) struct Report<'a> {
    /// The account number; null where it is not known.
    pub(super) account: Option<&'a str>,
    /// The partition, such as `aws`.
    pub(super) partition: &'a str,
    /// From where root was seen.
    pub(super) view: RootView,
    /// `fido`; with `--totp` `virtual`, which AWS does not count as hardware MFA.
    pub(super) kind: DeviceKind,
    /// The factors that were registered.
    pub(super) registered: Vec<RegisteredReport<'a>>,
    /// The serial numbers of all of root's devices; null where the view does not show them.
    pub(super) devices: Option<&'a [String]>,
}

/// A factor that was registered.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct RegisteredReport<'a> {
    /// The device's name.
    pub(super) name: &'a str,
    /// How the registration is known.
    pub(super) evidence: Evidence,
    /// The device's serial number, an ARN; null where the view does not show it.
    pub(super) serial: Option<&'a str>,
    #[serde(flatten)]
    pub(super) factor: Factor<'a>,
}

/// What differs by the kind of factor.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::cli) enum Factor<'a> {
    /// A security key.
    Fido {
        /// What AWS reports the key to be certified for (GetMFADevice): scheme to level. Null where AWS could not be asked.
        certifications: Option<&'a BTreeMap<String, String>>,
        /// The key.
        key: Box<PreparedReport<'a>>,
    },
    /// With `--totp`: a virtual device.
    Virtual {
        /// The credential's name on each of `keys`.
        credential: &'a str,
        /// The serial numbers of the keys that hold the seed.
        keys: &'a [Serial],
        /// A phone holds the seed too, and has shown a code.
        phone: bool,
    },
}

fn report<'a>(enrolled: &'a Enrolled, ready: &'a [(Prepared, String)]) -> Report<'a> {
    let one = |(one, (prepared, path)): (&'a Registered, &'a (Prepared, String))| RegisteredReport {
        name: &one.name,
        evidence: one.evidence,
        serial: one.serial.as_deref(),
        factor: Factor::Fido {
            certifications: one.certifications.as_ref(),
            key: Box::new(PreparedReport::of(prepared, path)),
        },
    };
    Report {
        account: enrolled.account.as_deref(),
        partition: &enrolled.partition,
        view: enrolled.view,
        kind: DeviceKind::Fido,
        registered: enrolled.keys.iter().zip(ready).map(one).collect(),
        devices: enrolled.devices.as_deref(),
    }
}
