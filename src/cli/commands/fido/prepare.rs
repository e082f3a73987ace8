//! `glasskey fido prepare`: one key, or two, made ready for their safes.

use super::ceremonies::{attested_json, usage};
use super::trusting::{Trusted, issue_words};
use super::{Bench, Failed, joined};
use crate::cli::args::{FidoKey, FidoPrepare};
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::{Outcome, advisories};
use crate::flow::fido_key::{self, Ceremony, PinNow, PrepareRequest, Prepared, same_key};
use crate::ring::fido::Opened;
use serde_json::{Value, json};

pub(super) fn run(args: &FidoPrepare, bench: &mut Bench<'_>) -> Outcome {
    if args.pair && args.keys.len() < 2 {
        return Err(Box::new(usage("--pair needs two keys").hint("name both: --key ONE --key OTHER")));
    }
    let ready = make_ready(args, bench)?;
    let mut human = Page::default();
    for (nth, (prepared, _)) in ready.iter().enumerate() {
        if nth > 0 {
            human.gap();
        }
        human.append(&words(prepared));
    }
    let keys: Vec<Value> = ready.iter().map(|(prepared, path)| to_json(prepared, path)).collect();
    bench.console.result(&human, &json!({ "type": "fido_prepared", "keys": keys }));
    Ok(Exit::Done)
}

/// Makes the keys that are meant ready, one after the other, and lets go of them.
pub(in crate::cli) fn make_ready(
    args: &FidoPrepare,
    bench: &mut Bench<'_>,
) -> Result<Vec<(Prepared, String)>, Failed> {
    let trusted = Trusted::read(&args.trusting)?;
    bench.person.new_pins_from(args.new_pin_fd);
    let request = PrepareRequest {
        change_pin: args.change_pin,
        min_pin: args.min_pin_length.map(usize::from),
        always_uv: args.always_uv,
    };
    let mut keys = open(args, bench)?;
    let several = keys.len() > 1;
    let mut ready: Vec<(Prepared, String)> = Vec::new();
    for key in &mut keys {
        if several {
            bench.console.say(&format!("{}:", key.id));
        }
        let mut ceremony =
            Ceremony { key, person: &mut bench.person, interrupt: &bench.interrupt, last_try: args.last_try };
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
fn open(args: &FidoPrepare, bench: &mut Bench<'_>) -> Result<Vec<Opened>, Failed> {
    match args.keys.as_slice() {
        [] => Ok(vec![bench.key_to_write(&FidoKey { key: None })?]),
        [key] => Ok(vec![bench.key_to_write(&FidoKey { key: Some(key.clone()) })?]),
        [first, second] => {
            if first == second {
                return Err(the_same(&first.to_string()));
            }
            let first = bench.key_to_write(&FidoKey { key: Some(first.clone()) })?;
            let second = bench.key_to_write(&FidoKey { key: Some(second.clone()) })?;
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
fn words(prepared: &Prepared) -> Page {
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

pub(in crate::cli) fn to_json(prepared: &Prepared, path: &str) -> Value {
    let advisories = advisories::all_to_json(&prepared.advisories);
    let key = json!({
        "key": prepared.key.serial(), "path": path, "model": prepared.model,
        "firmware": prepared.firmware.map(|version| version.to_string()),
        "attestation": attested_json(&prepared.attested), "advisories": advisories,
        "pin": match prepared.pin {
            PinNow::Set => "set",
            PinNow::Changed => "changed",
            PinNow::Right => "right",
        },
    });
    let rules = json!({
        "min_pin_length": prepared.min_pin_length, "always_uv": prepared.always_uv, "free_slots": prepared.free_slots,
    });
    joined(key, rules)
}
