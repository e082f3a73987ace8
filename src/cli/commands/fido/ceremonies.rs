//! `glasskey fido attest`, `enroll`, `assert` and `verify`.

use super::trusting::{IssueReport, Trusted, issue_words};
use super::{Failed, Invocation, KeyReport};
use crate::cli::args::{FidoAssert, FidoAttest, FidoEnroll, FidoKeyAndPin};
use crate::cli::explain::{self, Exit, Explanation, Reason};
use crate::cli::invocation::usage;
use crate::cli::page::Page;
use crate::cli::secret_line::check_stdin_is_free;
use crate::cli::{Outcome, environment};
use crate::fido::metadata::Certification;
use crate::fido::webauthn::{CreationOptions, Origin, RequestOptions};
use crate::flow::Cause;
use crate::flow::fido_key::{self, Attested, Ceremony, RP_ID, Records};
use crate::secret::plain_text;
use crate::totp::unix;
use crate::unlock::fido::Opened;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use schemars::JsonSchema;
use serde::Serialize;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The longest options read; those who read them take no more than half of it.
const MAX_OPTIONS: u64 = 512 * 1024;

impl Invocation<'_> {
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

pub(super) fn attest(args: &FidoAttest, invocation: &mut Invocation<'_>) -> Outcome {
    let trusted = Trusted::read(&args.trusting)?;
    let mut key = invocation.key_to_read(&args.key.key)?;
    let attested =
        invocation.hold(&mut key, args.key.last_try, |ceremony| fido_key::attest(trusted.trust(), ceremony))?;
    let report = AttestReport { key: KeyReport::of(&key), attestation: Attestation::of(&attested) };
    invocation.console.result(&attested_words(&attested), &report);
    match &attested.verdict {
        Ok(_) => Ok(Exit::Done),
        Err(reason) => {
            for hint in explain::attestation_hints(reason) {
                let style = invocation.console.style();
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

/// Whether a key is genuine.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_attested")]
pub(in crate::cli) struct AttestReport<'a> {
    #[serde(flatten)]
    key: KeyReport,
    #[serde(flatten)]
    attestation: Attestation<'a>,
}

/// Whether a key is genuine.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct Attestation<'a> {
    /// The key is proven genuine. False: it is not, for `reason`; the exit code of `fido attest` is 1.
    genuine: bool,
    /// The metadata's name for `aaguid`; null where the metadata does not list it. Where `genuine` is false, this is no
    /// more than the key's claim.
    model: Option<&'a str>,
    /// The model's identifier (AAGUID).
    aaguid: String,
    /// The certificate authority that vouches for the key; null where the key is not proven genuine.
    root: Option<RootReport<'a>>,
    /// The names on the certification path, the key's own first; null where the key is not proven genuine.
    certificates: Option<&'a [String]>,
    /// The FIDO Alliance's certification: `certified`, `L1`, `L1plus`, `L2`, …; null for none.
    certification: Option<&'a str>,
    /// Statuses with which the FIDO Alliance warns of the model, such as `USER_VERIFICATION_BYPASS`; null where the key is
    /// not proven genuine.
    warnings: Option<Vec<&'static str>>,
    /// Why the key is not proven genuine, else null. The code is `no_attestation`, `self_attestation`, `u2f`, `format`,
    /// `malformed`, `algorithm`, `bad_signature`, `leaf_is_ca`, `bad_profile`, `wrong_aaguid`, `unknown_model`, `revoked`,
    /// `unknown_root`, `intermediate_unknown` (no proof either way), `bad_path`, `expired` or `not_yet_valid`.
    reason: Option<Reason>,
    /// The issue of the FIDO Alliance's metadata that the key was checked against.
    metadata: IssueReport,
}

/// A certificate authority.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct RootReport<'a> {
    /// The certificate's name.
    name: &'a str,
    /// The SHA-256 of the certificate, in hexadecimal.
    sha256: String,
    /// Where it is from.
    from: RootFrom,
}

/// Where a root certificate is from.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::cli) enum RootFrom {
    /// The FIDO Alliance's metadata lists it for the model.
    Metadata,
    /// It is in a file of `--attestation-roots`.
    File,
}

impl<'a> Attestation<'a> {
    pub(super) fn of(attested: &'a Attested) -> Self {
        let genuine = attested.verdict.as_ref().ok();
        let reason = attested.verdict.as_ref().err();
        Self {
            genuine: genuine.is_some(),
            model: attested.claimed.as_deref(),
            aaguid: attested.aaguid.to_string(),
            root: genuine.map(|genuine| RootReport {
                name: &genuine.root,
                sha256: HEXLOWER.encode(&genuine.root_fingerprint),
                from: if attested.by_brought_root { RootFrom::File } else { RootFrom::Metadata },
            }),
            certificates: genuine.map(|genuine| genuine.path.as_slice()),
            certification: genuine.and_then(|genuine| match &genuine.certification {
                Certification::None => None,
                Certification::Certified => Some("certified"),
                Certification::Level(level) => Some(level),
            }),
            warnings: genuine.map(|genuine| genuine.warnings.iter().map(|one| one.status()).collect()),
            reason: reason
                .map(|reason| Reason { code: explain::attestation_code(reason), message: reason.to_string() }),
            metadata: (&attested.issue).into(),
        }
    }
}

pub(super) fn enroll(args: &FidoEnroll, invocation: &mut Invocation<'_>) -> Outcome {
    match &args.origin {
        Some(origin) => enroll_for(args, origin, invocation),
        None => enroll_own(&args.key, invocation),
    }
}

fn enroll_for(args: &FidoEnroll, origin: &str, invocation: &mut Invocation<'_>) -> Outcome {
    let origin = origin_of(origin)?;
    let options = CreationOptions::parse(&read_options(args.options.as_ref())?)
        .map_err(|error| Box::new(explain::options(&error)))?;
    options.rp_id(&origin).map_err(|error| Box::new(explain::options(&error)))?;
    let mut key = invocation.key_to_write(&args.key.key)?;
    let made =
        invocation.hold(&mut key, args.key.last_try, |ceremony| fido_key::register(&options, &origin, ceremony))?;
    let response = made.response.to_json();
    invocation.console.json(&response);
    Ok(Exit::Done)
}

fn enroll_own(named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Outcome {
    let records = records()?;
    let mut key = invocation.key_to_write(&named.key)?;
    let now = SystemTime::now();
    let enrolled = invocation.hold(&mut key, named.last_try, |ceremony| fido_key::enroll(&records, now, ceremony))?;
    let record = &enrolled.record;
    let again = if enrolled.replaced { " again; what was on record before is replaced" } else { "" };
    let human = Page::of(&format!("{}: enrolled for glasskey's own checks{again}", key.id));
    let report = EnrollReport {
        key: KeyReport::of(&key),
        model: &record.model,
        aaguid: record.aaguid.to_string(),
        rp_id: RP_ID,
        credential: BASE64URL_NOPAD.encode(&record.credential),
        public_key: BASE64URL_NOPAD.encode(&record.public_key.to_cbor()),
        discoverable: record.discoverable,
        user_verified: record.user_verified,
        counter: record.counter,
        replaced: enrolled.replaced,
    };
    invocation.console.result(&human, &report);
    Ok(Exit::Done)
}

/// A credential for glasskey's own relying party.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_enrolled")]
pub(in crate::cli) struct EnrollReport<'a> {
    #[serde(flatten)]
    key: KeyReport,
    /// The model's name.
    model: &'a str,
    /// The model's identifier (AAGUID).
    aaguid: String,
    /// The relying party.
    rp_id: &'static str,
    /// The credential's id, in base64url.
    credential: String,
    /// The public key, a COSE_Key in base64url.
    public_key: String,
    /// The key stores the credential and finds it by itself.
    discoverable: bool,
    /// PIN or fingerprint was checked; `verify` insists on it then.
    user_verified: bool,
    /// The signature counter.
    counter: u32,
    /// This machine had a record of the key already, which is replaced.
    replaced: bool,
}

pub(super) fn assert(args: &FidoAssert, invocation: &mut Invocation<'_>) -> Outcome {
    let origin = origin_of(&args.origin)?;
    let options = RequestOptions::parse(&read_options(args.options.as_ref())?)
        .map_err(|error| Box::new(explain::options(&error)))?;
    options.rp_id(&origin).map_err(|error| Box::new(explain::options(&error)))?;
    let mut key = invocation.key_to_read(&args.key.key)?;
    let response = invocation.hold(&mut key, args.key.last_try, |ceremony| {
        fido_key::assert(&options, &origin, args.user.as_deref(), ceremony)
    })?;
    let response = response.to_json();
    invocation.console.json(&response);
    Ok(Exit::Done)
}

pub(super) fn verify(named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Outcome {
    let records = records()?;
    let mut key = invocation.key_to_read(&named.key)?;
    let now = SystemTime::now();
    let verified = invocation.hold(&mut key, named.last_try, |ceremony| fido_key::verify(&records, now, ceremony))?;
    let record = &verified.record;
    let finding = verified.verdict.as_ref().err().map(|finding| explain::finding(&key.id, finding));
    let human = match &finding {
        None => {
            format!("{}: verified; enrolled {}, signature counter {}", key.id, since(&verified), record.counter)
        }
        Some(text) => format!("{}: not verified: {}", key.id, text.what),
    };
    let report = VerifyReport {
        key: KeyReport::of(&key),
        verified: finding.is_none(),
        finding: finding.as_ref().map(Into::into),
        model: &record.model,
        aaguid: record.aaguid.to_string(),
        user_verified: verified.verdict.as_ref().is_ok_and(|asserted| asserted.flags.user_verified()),
        counter: record.counter,
        enrolled: unix(record.enrolled),
        from_key: verified.from_key,
    };
    invocation.console.result(&Page::of(&human), &report);
    let Some(text) = finding else { return Ok(Exit::Done) };
    for hint in &text.hints {
        let style = invocation.console.style();
        style.say(&format!("glasskey: {} {hint}", style.bold("hint:")));
    }
    Ok(Exit::No)
}

/// Whether the key still signs with its credential for glasskey's own relying party.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_verified")]
pub(in crate::cli) struct VerifyReport<'a> {
    #[serde(flatten)]
    key: KeyReport,
    /// Signature, relying party, flags and counter are right. False: the exit code is 1.
    verified: bool,
    /// Why it is not verified, else null. The code is `counter`: it went back; `not_on_key`: the key does not hold the
    /// credential on record; `other_model`: the record names another model than the key; `other_key`: the record names
    /// another key; `future_record`: the record has a date in the future; `bad_response`: anything else that is wrong.
    finding: Option<Reason>,
    /// The model's name.
    model: &'a str,
    /// The model's identifier (AAGUID).
    aaguid: String,
    /// PIN or fingerprint was checked.
    user_verified: bool,
    /// The signature counter on record now; it moves only where everything is right.
    counter: u32,
    /// When the key was enrolled, in seconds since the Unix epoch.
    enrolled: u64,
    /// This machine had no record. A new one was made from what the key reports, and its counter begins here.
    from_key: bool,
}

fn since(verified: &fido_key::Verified) -> String {
    if verified.from_key {
        return "elsewhere (this machine had no record, and made one)".to_owned();
    }
    // The key proves its signature and its counter; the date is this machine's word.
    format!("{} by this machine's record", crate::cli::moments::date_time(verified.record.enrolled))
}

fn records() -> Result<Records, Failed> {
    Ok(Records::of_state(&environment::state_dir()?))
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
    if file.is_none_or(|path| path.as_os_str() == "-") {
        check_stdin_is_free("the relying party's options")?;
    }
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
    read.map_err(usage)?;
    plain_text(&bytes).map(|text| text.to_vec()).ok_or_else(|| {
        let text =
            Explanation::new("bad_options", "the relying party's options are UTF-16, and damaged or cut short");
        Box::new(text.hint("save them as UTF-8").exit(Exit::Usage))
    })
}
