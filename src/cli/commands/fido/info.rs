//! `glasskey fido info`: everything a key says without its PIN, and what is known of its model.

use super::list::{Pin, State, described, firmware};
use super::{Failed, Invocation, KeyReport};
use crate::cli::Outcome;
use crate::cli::advisories::{self, AdvisoryReport};
use crate::cli::args::FidoKey;
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::fido::advisories::{Applied, Unknown};
use crate::fido::metadata::{Metadata, Model};
use crate::fido::{Info, Retries};
use crate::unlock::fido::Opened;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn run(named: &FidoKey, invocation: &mut Invocation<'_>) -> Outcome {
    let mut key = invocation.key_to_read(named)?;
    let told = Told::read(&mut key)?;
    invocation.console.result(&human(&key, &told), &report(&key, &told));
    Ok(Exit::Done)
}

/// What a key reports without its PIN, and what is known of its model.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_info")]
pub(in crate::cli) struct Report<'a> {
    #[serde(flatten)]
    key: KeyReport,
    /// The model's name.
    model: String,
    /// A YubiKey's firmware version. For another maker's key, the number that it reports, in that maker's scheme. Null
    /// where the key does not report one.
    firmware: Option<String>,
    /// The model's identifier (AAGUID).
    aaguid: String,
    /// What the FIDO Alliance says of the model in the built-in issue of its metadata.
    metadata: ModelReport<'a>,
    /// CTAP versions, such as `FIDO_2_1`.
    versions: &'a [String],
    /// CTAP extensions, such as `hmac-secret`.
    extensions: &'a [String],
    /// How the key is reached, such as `usb`.
    transports: &'a [String],
    /// Algorithms of credentials, the preferred one first; empty where the key does not report them.
    algorithms: Vec<AlgorithmReport>,
    /// CTAP options, such as `rk`.
    options: OptionsReport<'a>,
    /// The PIN.
    pin: Pin,
    /// Fingerprint tries left. Null where there is no sensor, where no finger is enrolled, and where the key does not
    /// report it.
    fingerprint_tries_left: Option<u8>,
    /// How many more discoverable credentials fit, at least; null where the key does not report it.
    remaining_credentials: Option<u64>,
    /// Certifications that the key claims.
    certifications: Vec<CertificationReport<'a>>,
    /// Security advisories about the key; null where nobody knows: the key does not report its firmware, or glasskey has
    /// no advisories for its kind.
    advisories: Option<Vec<AdvisoryReport>>,
}

/// What the FIDO Alliance says of a model. All but `number` is null where its metadata does not list the model.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct ModelReport<'a> {
    /// The number of the metadata's issue.
    number: u64,
    /// The model's name.
    name: Option<&'a str>,
    /// The certification, for people.
    certification: Option<String>,
    /// Statuses that warn of the model, such as `USER_VERIFICATION_BYPASS`.
    warnings: Option<Vec<&'static str>>,
}

/// An algorithm of credentials.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct AlgorithmReport {
    /// The COSE number.
    cose: i64,
    /// The name.
    name: String,
}

/// CTAP options.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct OptionsReport<'a> {
    /// Options that are on.
    on: Vec<&'a str>,
    /// Options that the key has, and that are off.
    off: Vec<&'a str>,
}

/// A certification that a key claims.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct CertificationReport<'a> {
    /// The scheme.
    name: &'a str,
    /// The level.
    level: u64,
}

struct Told {
    state: State,
    /// Fingerprint tries; `None` where it has no sensor or does not tell.
    fingers: Option<Retries>,
    model: Option<&'static Model>,
    /// Or why nobody knows.
    advisories: Result<Vec<Applied>, Unknown>,
}

impl Told {
    fn read(key: &mut Opened) -> Result<Self, Failed> {
        let failed = |cause| Box::new(explain::fido(Some(&key.id), &cause));
        let state = State::read_from(&mut key.key).map_err(failed)?;
        let fingers = if state.info.has("uv") { described(key.key.uv_retries()).map_err(failed)? } else { None };
        let advisories = key.advisories(&state.info);
        Ok(Self { fingers, model: Metadata::bundled().model(state.info.aaguid), advisories, state })
    }
}

fn human(key: &Opened, told: &Told) -> Page {
    let info = &told.state.info;
    let serial = key.id.serial().map_or_else(String::new, |serial| format!(" {serial}"));
    let mut lines = vec![
        ("key".to_owned(), format!("{}{serial}", key.model(info))),
        ("device".to_owned(), key.found.path.clone()),
        ("model".to_owned(), model(told)),
        ("AAGUID".to_owned(), info.aaguid.to_string()),
        ("firmware".to_owned(), firmware(key, info).unwrap_or_else(|| "not told".to_owned())),
        ("versions".to_owned(), message(&info.versions)),
        ("extensions".to_owned(), message(&info.extensions)),
        ("algorithms".to_owned(), algorithms(info)),
        ("options".to_owned(), options(info)),
        ("PIN".to_owned(), pin(told)),
    ];
    lines.extend(info.option("uv").map(|enrolled| {
        let state = match (enrolled, told.fingers) {
            (false, _) => "none on the key".to_owned(),
            (true, Some(Retries { left: 1, .. })) => "1 try left".to_owned(),
            (true, Some(retries)) => format!("{} tries left", retries.left),
            (true, None) => "on the key; it does not tell how many tries are left".to_owned(),
        };
        ("fingerprints".to_owned(), state)
    }));
    lines.push((
        "discoverable".to_owned(),
        match info.remaining_credentials {
            Some(free) => format!("{free} slots free"),
            None => "the key does not tell how many slots are free".to_owned(),
        },
    ));
    lines.push(("certifications".to_owned(), certifications(info)));
    lines.extend(advisory_lines(told));
    lines.iter().map(|(what, value)| format!("{what:<14}  {value}").trim_end().to_owned()).collect()
}

fn model(told: &Told) -> String {
    match told.model {
        Some(model) => {
            let warnings = model.warnings.iter().map(|warning| format!("; {}", warning.status()));
            format!("{}, {}{}", model.name, model.certification, warnings.collect::<String>())
        }
        None => format!("not in the FIDO Alliance's metadata no. {}", Metadata::bundled().number()),
    }
}

fn message(words: &[String]) -> String {
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn algorithms(info: &Info) -> String {
    // CTAP 2.0 keys do not tell.
    let names: Vec<_> = info.algorithms.iter().map(|number| algorithm(*number)).collect();
    if names.is_empty() { "not told".to_owned() } else { names.join(", ") }
}

/// An algorithm's name (IANA COSE registry).
pub(super) fn algorithm(number: i64) -> String {
    let name = match number {
        -7 => "ES256",
        -8 => "EdDSA",
        -9 => "ESP256",
        -19 => "Ed25519",
        -35 => "ES384",
        -36 => "ES512",
        -37 => "PS256",
        -47 => "ES256K",
        -257 => "RS256",
        number => return format!("COSE {number}"),
    };
    name.to_owned()
}

fn options(info: &Info) -> String {
    let state = |on: &bool| if *on { "" } else { " off" };
    let all: Vec<_> = info.options.iter().map(|(name, on)| format!("{name}{}", state(on))).collect();
    message(&all)
}

fn pin(told: &Told) -> String {
    let info = &told.state.info;
    let mut text = match (info.pin_set(), told.state.pin) {
        (Some(true), Some(Retries { left: 0, .. })) => "set, and blocked".to_owned(),
        (Some(true), Some(Retries { left: 1, .. })) => "set, 1 try left".to_owned(),
        (Some(true), Some(Retries { left, .. })) => format!("set, {left} tries left"),
        (Some(true), None) => "set; the key does not tell how many tries are left".to_owned(),
        (Some(false), _) => "not set".to_owned(),
        _ => return "the key takes none".to_owned(),
    };
    if told.state.pin.is_some_and(|retries| retries.power_cycle == Some(true)) {
        text.push_str("; the key must be unplugged first");
    }
    if info.force_pin_change {
        text.push_str("; must be changed before it is taken");
    }
    format!("{text}; a new one has at least {} characters", info.min_pin_length)
}

fn certifications(info: &Info) -> String {
    let all: Vec<_> = info.certifications.iter().map(|(name, level)| format!("{name} {level}")).collect();
    if all.is_empty() { "the key tells none".to_owned() } else { all.join(", ") }
}

fn advisory_lines(told: &Told) -> Vec<(String, String)> {
    let line = |text: &str| vec![("advisories".to_owned(), text.to_owned())];
    match &told.advisories {
        Err(why) => line(advisories::unknown(*why)),
        Ok(none) if none.is_empty() => line("none that is known touches this firmware"),
        Ok(some) => some.iter().flat_map(advisories::lines).collect(),
    }
}

fn report<'a>(key: &Opened, told: &'a Told) -> Report<'a> {
    let info = &told.state.info;
    let of_state = |wanted| {
        let options = info.options.iter().filter(move |(_, on)| **on == wanted);
        options.map(|(name, _)| name.as_str()).collect()
    };
    let certification = |(name, level): (&'a String, &u64)| CertificationReport { name, level: *level };
    let warnings = |model: &Model| model.warnings.iter().map(|warning| warning.status()).collect();
    Report {
        key: KeyReport::of(key),
        model: key.model(info),
        firmware: firmware(key, info),
        aaguid: info.aaguid.to_string(),
        metadata: ModelReport {
            number: Metadata::bundled().number(),
            name: told.model.map(|model| model.name.as_str()),
            certification: told.model.map(|model| model.certification.to_string()),
            warnings: told.model.map(warnings),
        },
        versions: &info.versions,
        extensions: &info.extensions,
        transports: &info.transports,
        algorithms: info
            .algorithms
            .iter()
            .map(|cose| AlgorithmReport { cose: *cose, name: algorithm(*cose) })
            .collect(),
        options: OptionsReport { on: of_state(true), off: of_state(false) },
        pin: told.state.pin(),
        fingerprint_tries_left: told.fingers.map(|retries| retries.left),
        remaining_credentials: info.remaining_credentials,
        certifications: info.certifications.iter().map(certification).collect(),
        advisories: advisories::reports(&told.advisories),
    }
}
