//! `glasskey fido prepare`: one key, or two, made ready for their safes.

use super::ceremonies::Attestation;
use super::trusting::{Trusted, issue_words};
use super::{Failed, Invocation, KeyReport};
use crate::cli::Outcome;
use crate::cli::advisories::{self, AdvisoryReport};
use crate::cli::args::{FidoKey, FidoPrepare};
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::invocation::usage;
use crate::cli::page::Page;
use crate::flow::fido_key::{self, Ceremony, PinNow, PrepareRequest, Prepared, same_key};
use crate::unlock::fido::Opened;
use schemars::JsonSchema;
use serde::Serialize;

pub(super) fn run(args: &FidoPrepare, invocation: &mut Invocation<'_>) -> Outcome {
    if args.pair && args.keys.len() < 2 {
        return Err(Box::new(usage("--pair needs two keys").hint("name both: --key ONE --key OTHER")));
    }
    let ready = make_ready(args, invocation)?;
    let mut human = Page::default();
    for (nth, (prepared, _)) in ready.iter().enumerate() {
        if nth > 0 {
            human.gap();
        }
        human.append(&message(prepared));
    }
    let keys = ready.iter().map(|(prepared, path)| PreparedReport::of(prepared, path)).collect();
    invocation.console.result(&human, &Report { keys });
    Ok(Exit::Done)
}

/// Makes the keys that are meant ready, one after the other, and lets go of them.
pub(in crate::cli) fn make_ready(
    args: &FidoPrepare,
    invocation: &mut Invocation<'_>,
) -> Result<Vec<(Prepared, String)>, Failed> {
    let trusted = Trusted::read(&args.trusting)?;
    invocation.person.new_pins_from(args.new_pin_fd);
    let request = PrepareRequest {
        change_pin: args.change_pin,
        min_pin: args.min_pin_length.map(usize::from),
        always_uv: args.always_uv,
    };
    let mut keys = open(args, invocation)?;
    let several = keys.len() > 1;
    let mut ready: Vec<(Prepared, String)> = Vec::new();
    for key in &mut keys {
        if several {
            invocation.console.say(&format!("{}:", key.id));
        }
        let mut ceremony = Ceremony {
            key,
            person: &mut invocation.person,
            interrupt: &invocation.interrupt,
            last_try: args.last_try,
        };
        match fido_key::prepare(request, trusted.trust(), &mut ceremony) {
            Ok(prepared) => ready.push((prepared, key.found.path.clone())),
            Err(failed) => return Err(not_prepared(key, &failed, &ready)),
        }
    }
    Ok(ready)
}

fn not_prepared(key: &Opened, failed: &fido_key::NotPrepared, ready: &[(Prepared, String)]) -> Failed {
    let mut text = explain::not_prepared(&key.id, failed);
    if let Some((first, _)) = ready.first() {
        text.state.push(format!("{} is ready", first.key));
        text.exit = Exit::Left;
    }
    Box::new(text)
}

/// The keys that are meant: those named, or the only one.
fn open(args: &FidoPrepare, invocation: &mut Invocation<'_>) -> Result<Vec<Opened>, Failed> {
    match args.keys.as_slice() {
        [] => Ok(vec![invocation.key_to_write(&FidoKey { key: None })?]),
        [key] => Ok(vec![invocation.key_to_write(&FidoKey { key: Some(key.clone()) })?]),
        [first, second] => {
            if first == second {
                return Err(the_same(&first.to_string()));
            }
            let first = invocation.key_to_write(&FidoKey { key: Some(first.clone()) })?;
            let second = invocation.key_to_write(&FidoKey { key: Some(second.clone()) })?;
            if same_key(&first, &second) {
                return Err(the_same(&first.id.to_string()));
            }
            Ok(vec![first, second])
        }
        _ => Err(Box::new(usage("more than two keys are named").hint("prepare the others on their own"))),
    }
}

fn the_same(key: &str) -> Failed {
    let text = Explanation::new("same_key", format!("both keys are {key}: a pair needs two different ones"));
    Box::new(text.hint("plug both in, and name each by its own serial number").exit(Exit::Usage))
}

/// The record of a key, to be kept with it.
fn message(prepared: &Prepared) -> Page {
    let mut page = Page::default();
    let mut line = |name: &str, what: String| page.line(&format!("{name:<12} {what}"));
    line("key", prepared.key.to_string());
    let firmware = prepared.firmware.map_or_else(String::new, |version| format!(", firmware {version}"));
    line("model", format!("{}{firmware}", prepared.model));
    if let Ok(genuine) = &prepared.attested.verdict {
        let from = if prepared.attested.by_brought_root { ", a root that you brought" } else { "" };
        line("genuine", format!("{}, attested by {}{from}", genuine.model, genuine.root));
        line("certified", genuine.certification.to_string());
    }
    line("metadata", issue_words(&prepared.attested.issue));
    match &prepared.advisories {
        Ok(all) => all.iter().for_each(|applied| line("advisory", applied.advisory.id.clone())),
        Err(why) => line("advisory", advisories::unknown(*why).to_owned()),
    }
    line("PIN", format!("set; at least {} characters", prepared.min_pin_length));
    if let Some(always) = prepared.always_uv {
        line("always-UV", if always { "on" } else { "off" }.to_owned());
    }
    if let Some(free) = prepared.free_slots {
        line("free slots", free.to_string());
    }
    page
}

/// The keys, in the order named.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_prepared")]
pub(in crate::cli) struct Report<'a> {
    /// The keys.
    keys: Vec<PreparedReport<'a>>,
}

/// A key that is ready.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct PreparedReport<'a> {
    #[serde(flatten)]
    key: KeyReport,
    /// The model's name.
    model: &'a str,
    /// A YubiKey's firmware version. For another maker's key, the number that it reports, in that maker's scheme. Null
    /// where the key does not report one.
    firmware: Option<String>,
    /// Whether the key is genuine.
    attestation: Attestation<'a>,
    /// Security advisories about the key; null where nobody knows: the key does not report its firmware, or glasskey has
    /// no advisories for its kind.
    advisories: Option<Vec<AdvisoryReport>>,
    /// What was done about the PIN.
    pin: PinNow,
    /// The fewest characters of a new PIN.
    min_pin_length: usize,
    /// Whether the key always verifies its user; null where it has no such setting.
    always_uv: Option<bool>,
    /// How many more discoverable credentials fit, at least; null where the key does not report it.
    free_slots: Option<u64>,
}

impl<'a> PreparedReport<'a> {
    pub(in crate::cli) fn of(prepared: &'a Prepared, path: &str) -> Self {
        Self {
            key: KeyReport { key: prepared.key.serial(), path: path.to_owned() },
            model: &prepared.model,
            firmware: prepared.firmware.map(|version| version.to_string()),
            attestation: Attestation::of(&prepared.attested),
            advisories: advisories::reports(&prepared.advisories),
            pin: prepared.pin,
            min_pin_length: prepared.min_pin_length,
            always_uv: prepared.always_uv,
            free_slots: prepared.free_slots,
        }
    }
}
