//! `glasskey fido attest`, `enroll`, `assert` and `verify`.

use super::trusting::{Trusted, issue_json, issue_words};
use super::{Bench, Failed, joined, key_json};
use crate::cli::args::{FidoAssert, FidoAttest, FidoEnroll, FidoKeyAndPin};
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::{Outcome, outside};
use crate::fido::metadata::Certification;
use crate::fido::webauthn::{CreationOptions, Origin, RequestOptions};
use crate::flow::Cause;
use crate::flow::fido_key::{self, Attested, Ceremony, RP_ID, Records};
use crate::ring::fido::Opened;
use crate::secret::plain_text;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The longest options read; those who read them take no more than half of it.
const MAX_OPTIONS: u64 = 512 * 1024;

pub(super) fn usage(what: impl Into<String>) -> Explanation {
    Explanation::new("usage", what).exit(Exit::Usage)
}

impl Bench<'_> {
    /// A ceremony with this key, and its trouble as it is shown.
    pub(super) fn hold<R>(
        &mut self,
        key: &mut Opened,
        last_try: bool,
        story: impl FnOnce(&mut Ceremony<'_>) -> Result<R, Cause>,
    ) -> Result<R, Failed> {
        let outcome = story(&mut Ceremony { key, person: &mut self.person, interrupt: &self.interrupt, last_try });
        outcome.map_err(|cause| Box::new(explain::ceremony(&key.id, &cause)))
    }
}

pub(super) fn attest(args: &FidoAttest, bench: &mut Bench<'_>) -> Outcome {
    let trusted = Trusted::read(&args.trusting)?;
    let mut key = bench.key_to_read(&args.key.key)?;
    let attested = bench.hold(&mut key, args.key.last_try, |ceremony| fido_key::attest(trusted.trust(), ceremony))?;
    let json = joined(json!({ "type": "fido_attested" }), joined(key_json(&key), attested_json(&attested)));
    bench.console.result(&attested_words(&attested), &json);
    match &attested.verdict {
        Ok(_) => Ok(Exit::Done),
        Err(reason) => {
            for hint in explain::attestation_hints(reason) {
                let style = bench.console.style();
                style.say(&format!("glasskey: {} {hint}", style.bold("hint:")));
            }
            Ok(Exit::No)
        }
    }
}

fn attested_words(attested: &Attested) -> Page {
    let mut page = Page::default();
    let mut line = |name: &str, what: String| page.line(&format!("{name:<12} {what}"));
    match &attested.verdict {
        Ok(genuine) => {
            line("genuine", "yes".to_owned());
            line("model", format!("{} ({})", genuine.model, genuine.aaguid));
            let from = if attested.by_brought_root { ", a root that you brought" } else { "" };
            line("attested by", format!("{}{from}", genuine.root));
            line("certified", genuine.certification.to_string());
            for warning in &genuine.warnings {
                line("warning", format!("the FIDO Alliance lists the model as {}", warning.status()));
            }
        }
        Err(reason) => {
            line("genuine", format!("not shown: {reason}"));
            let name = attested.claimed.as_deref().unwrap_or("a model that no metadata names");
            line("says it is", format!("{name} ({})", attested.aaguid));
        }
    }
    line("metadata", issue_words(&attested.issue));
    page
}

pub(super) fn attested_json(attested: &Attested) -> Value {
    let genuine = attested.verdict.as_ref().ok();
    let reason = attested.verdict.as_ref().err();
    let from = if attested.by_brought_root { "file" } else { "metadata" };
    json!({
        "genuine": genuine.is_some(),
        "model": attested.claimed,
        "aaguid": attested.aaguid.to_string(),
        "root": genuine.map(|genuine| json!({
            "name": genuine.root, "sha256": HEXLOWER.encode(&genuine.root_fingerprint), "from": from,
        })),
        "certificates": genuine.map(|genuine| genuine.path.clone()),
        "certification": genuine.and_then(|genuine| match &genuine.certification {
            Certification::None => None,
            Certification::Certified => Some("certified".to_owned()),
            Certification::Level(level) => Some(level.clone()),
        }),
        "warnings": genuine.map(|genuine| genuine.warnings.iter().map(|one| one.status()).collect::<Vec<_>>()),
        "reason": reason.map(|reason| json!({
            "code": explain::attestation_code(reason), "message": reason.to_string(),
        })),
        "metadata": issue_json(&attested.issue),
    })
}

pub(super) fn enroll(args: &FidoEnroll, bench: &mut Bench<'_>) -> Outcome {
    match &args.origin {
        Some(origin) => enroll_for(args, origin, bench),
        None => enroll_own(&args.key, bench),
    }
}

fn enroll_for(args: &FidoEnroll, origin: &str, bench: &mut Bench<'_>) -> Outcome {
    let origin = origin_of(origin)?;
    let options = CreationOptions::parse(&read_options(args.options.as_ref())?)
        .map_err(|error| Box::new(explain::options(&error)))?;
    options.rp_id(&origin).map_err(|error| Box::new(explain::options(&error)))?;
    let mut key = bench.key_to_write(&args.key.key)?;
    let made = bench.hold(&mut key, args.key.last_try, |ceremony| fido_key::register(&options, &origin, ceremony))?;
    let response = made.response.to_json();
    bench.console.json(&response);
    Ok(Exit::Done)
}

fn enroll_own(named: &FidoKeyAndPin, bench: &mut Bench<'_>) -> Outcome {
    let records = records()?;
    let mut key = bench.key_to_write(&named.key)?;
    let now = SystemTime::now();
    let enrolled = bench.hold(&mut key, named.last_try, |ceremony| fido_key::enroll(&records, now, ceremony))?;
    let record = &enrolled.record;
    let again = if enrolled.replaced { " again; what was on record before is replaced" } else { "" };
    let human = Page::of(&format!("{}: enrolled for glasskey's own checks{again}", key.id));
    let json = json!({
        "type": "fido_enrolled", "model": record.model, "aaguid": record.aaguid.to_string(), "rp_id": RP_ID,
        "credential": BASE64URL_NOPAD.encode(&record.credential),
        "public_key": BASE64URL_NOPAD.encode(&record.public_key.to_cbor()),
        "discoverable": record.discoverable, "user_verified": record.user_verified, "counter": record.counter,
        "replaced": enrolled.replaced,
    });
    bench.console.result(&human, &joined(json, key_json(&key)));
    Ok(Exit::Done)
}

pub(super) fn assert(args: &FidoAssert, bench: &mut Bench<'_>) -> Outcome {
    let origin = origin_of(&args.origin)?;
    let options = RequestOptions::parse(&read_options(args.options.as_ref())?)
        .map_err(|error| Box::new(explain::options(&error)))?;
    options.rp_id(&origin).map_err(|error| Box::new(explain::options(&error)))?;
    let mut key = bench.key_to_read(&args.key.key)?;
    let response = bench.hold(&mut key, args.key.last_try, |ceremony| {
        fido_key::assert(&options, &origin, args.user.as_deref(), ceremony)
    })?;
    let response = response.to_json();
    bench.console.json(&response);
    Ok(Exit::Done)
}

pub(super) fn verify(named: &FidoKeyAndPin, bench: &mut Bench<'_>) -> Outcome {
    let records = records()?;
    let mut key = bench.key_to_read(&named.key)?;
    let now = SystemTime::now();
    let verified = bench.hold(&mut key, named.last_try, |ceremony| fido_key::verify(&records, now, ceremony))?;
    let record = &verified.record;
    let finding = verified.verdict.as_ref().err().map(explain::finding);
    let human = match &finding {
        None => {
            format!("{}: verified; enrolled {}, signature counter {}", key.id, since(&verified), record.counter)
        }
        Some(text) => format!("{}: not verified: {}", key.id, text.what),
    };
    let json = json!({
        "type": "fido_verified", "verified": finding.is_none(),
        "finding": finding.as_ref().map(|text| json!({ "code": text.code, "message": text.what })),
        "model": record.model, "aaguid": record.aaguid.to_string(),
        "user_verified": verified.verdict.as_ref().is_ok_and(|asserted| asserted.flags.user_verified()),
        "counter": record.counter, "enrolled": seconds(record.enrolled), "from_key": verified.from_key,
    });
    bench.console.result(&Page::of(&human), &joined(json, key_json(&key)));
    let Some(text) = finding else { return Ok(Exit::Done) };
    for hint in &text.hints {
        let style = bench.console.style();
        style.say(&format!("glasskey: {} {hint}", style.bold("hint:")));
    }
    Ok(Exit::No)
}

fn since(verified: &fido_key::Verified) -> String {
    if verified.from_key {
        return "elsewhere (this machine had no record, and made one)".to_owned();
    }
    // The key proves its signature and its counter; the date is this machine's word.
    format!("{} by this machine's record", crate::cli::moments::date_time(verified.record.enrolled))
}

fn seconds(moment: SystemTime) -> u64 {
    moment.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn records() -> Result<Records, Failed> {
    Ok(Records::of_state(&outside::state_dir()?))
}

fn origin_of(text: &str) -> Result<Origin, Failed> {
    Origin::parse(text).map_err(|bad| {
        let shown: String = text.chars().take(80).collect();
        Box::new(Explanation::new("bad_origin", format!("--origin {shown}: {bad}")).exit(Exit::Usage))
    })
}

/// The relying party's options, from a file or standard input, as UTF-8 whatever an editor has made of them.
fn read_options(file: Option<&PathBuf>) -> Result<Vec<u8>, Failed> {
    let mut bytes = Vec::new();
    let from_file =
        |path: &Path, bytes: &mut Vec<u8>| crate::store::named(path)?.take(MAX_OPTIONS).read_to_end(bytes);
    let read = match file {
        Some(path) if path.as_os_str() != "-" => {
            from_file(path, &mut bytes).map_err(|cause| format!("cannot read {}: {cause}", path.display()))
        }
        None if io::stdin().is_terminal() => {
            let text = usage("the relying party's options are read from standard input, which is a terminal");
            return Err(Box::new(text.hint("pipe them in, or name a file with --options FILE")));
        }
        _ => io::stdin()
            .lock()
            .take(MAX_OPTIONS)
            .read_to_end(&mut bytes)
            .map_err(|cause| format!("cannot read standard input: {cause}")),
    };
    read.map_err(|what| Box::new(usage(what)))?;
    plain_text(&bytes).map(|text| text.to_vec()).ok_or_else(|| {
        let text =
            Explanation::new("bad_options", "the relying party's options are UTF-16, and damaged or cut short");
        Box::new(text.hint("save them as UTF-8").exit(Exit::Usage))
    })
}
