//! `glasskey fido info`: everything a key says without its PIN, and what is known of its model.

use super::list::{State, firmware, told};
use super::{Bench, Failed, joined, key_json};
use crate::cli::args::FidoKey;
use crate::cli::explain::{self, Exit};
use crate::cli::page::Page;
use crate::cli::{Outcome, advisories};
use crate::fido::advisories::{Applied, Unknown};
use crate::fido::metadata::{Metadata, Model};
use crate::fido::{Info, Retries};
use crate::ring::fido::Opened;
use serde_json::{Value, json};

pub(super) fn run(named: &FidoKey, bench: &mut Bench<'_>) -> Outcome {
    let mut key = bench.key_to_read(named)?;
    let told = Told::read(&mut key)?;
    bench.console.result(&human(&key, &told), &joined(to_json(&key, &told), key_json(&key)));
    Ok(Exit::Done)
}

/// What a key says, and what is known of it.
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
        let fingers = if state.info.has("uv") { told(key.key.uv_retries()).map_err(failed)? } else { None };
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
        ("versions".to_owned(), words(&info.versions)),
        ("extensions".to_owned(), words(&info.extensions)),
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

fn words(words: &[String]) -> String {
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
    words(&all)
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

fn to_json(key: &Opened, told: &Told) -> Value {
    let info = &told.state.info;
    let of_state = |wanted| info.options.iter().filter(move |(_, on)| **on == wanted).map(|(name, _)| name);
    let algorithms = info.algorithms.iter().map(|number| json!({ "cose": number, "name": algorithm(*number) }));
    let certifications = info.certifications.iter().map(|(name, level)| json!({ "name": name, "level": level }));
    json!({
        "type": "fido_info", "model": key.model(info), "firmware": firmware(key, info),
        "aaguid": info.aaguid.to_string(),
        "metadata": {
            "number": Metadata::bundled().number(), "name": told.model.map(|model| model.name.clone()),
            "certification": told.model.map(|model| model.certification.to_string()),
            "warnings": told.model.map(|model| {
                model.warnings.iter().map(|warning| warning.status()).collect::<Vec<_>>()
            }),
        },
        "versions": info.versions, "extensions": info.extensions, "transports": info.transports,
        "algorithms": algorithms.collect::<Vec<_>>(),
        "options": { "on": of_state(true).collect::<Vec<_>>(), "off": of_state(false).collect::<Vec<_>>() },
        "pin": told.state.pin_json(), "fingerprint_tries_left": told.fingers.map(|retries| retries.left),
        "remaining_credentials": info.remaining_credentials,
        "certifications": certifications.collect::<Vec<_>>(),
        "advisories": advisories::all_to_json(&told.advisories),
    })
}
