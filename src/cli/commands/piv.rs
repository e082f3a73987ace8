//! `glasskey piv info`: what the PIV applet says. Nothing is changed, and nothing secret is asked for.

use crate::cli::args::{Cli, OneKey, Piv, PivCommand};
use crate::cli::console::Console;
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::page::Page;
use crate::cli::{Outcome, environment};
use crate::keys::{self, Device, Serial};
use crate::oath::Version;
use crate::piv::{self, Certificate, Info, METADATA_SINCE, ManagementKey, Slot, SlotKey, Tries};
use crate::totp::unix;
use schemars::JsonSchema;
use serde::Serialize;
use std::time::SystemTime;

pub(in crate::cli) fn run(args: &Piv, _cli: &Cli, console: &mut Console) -> Outcome {
    match &args.command {
        PivCommand::Info(key) => info(key, console),
    }
}

/// Finds the key by way of our own transport, lets go of it, and has that reader alone read for PIV.
fn info(named: &OneKey, console: &mut Console) -> Outcome {
    if environment::are_software_keys() {
        return Err(Box::new(out_of_reach()));
    }
    if cfg!(not(feature = "piv")) {
        return Err(Box::new(explain::piv(named.key, &piv::Error::NotBuiltIn)));
    }
    let (key, card) = keys::open(&*environment::ports(), named.key).map_err(|error| explain::keys(&error))?;
    drop(card); // held exclusively
    let (reader, key) = (key.reader, key.device);
    let info = piv::read(&reader, key.serial).map_err(|error| explain::piv(key.serial, &error))?;
    let now = SystemTime::now();
    console.result(&human(&key, &info, now), &Report::of(&key, &info, now));
    Ok(Exit::Done)
}

fn out_of_reach() -> Explanation {
    let what = format!(
        "PIV is read through the PC/SC service alone, and {} names software keys on sockets",
        environment::CARDS
    );
    Explanation::new("software_key", what).hint(format!(
        "unset {} to read a real key; behind a virtual reader of pcscd, `glasskey simulate --card-socket PATH` makes one to try with",
        environment::CARDS
    ))
}

fn human(key: &Device, info: &Info, now: SystemTime) -> Page {
    let mut lines = vec![
        ("key".to_owned(), format!("{} {}", key.model, info.serial)),
        ("firmware".to_owned(), key.firmware.to_string()),
        ("PIN".to_owned(), tries(info.pin)),
        ("PUK".to_owned(), info.puk.map_or_else(|| unavailable("tries left"), tries)),
        ("management key".to_owned(), management_key(info.management_key)),
    ];
    lines.extend(info.slots.iter().map(|slot| (format!("slot {:02x}", slot.number), described(slot, now))));
    if info.slots.is_empty() {
        lines.push(("slots".to_owned(), "none is occupied".to_owned()));
    }
    if info.version < METADATA_SINCE {
        lines.push(("slots".to_owned(), unavailable("keys without a certificate")));
    }
    lines.iter().map(|(what, value)| format!("{what:<14}  {value}")).collect()
}

/// What nothing tells before GET METADATA.
fn unavailable(what: &str) -> String {
    let Version(major, minor, _) = METADATA_SINCE;
    format!("{what} are not available on this firmware ({major}.{minor} and later tell)")
}

fn tries(Tries { left, of, default }: Tries) -> String {
    let mut text = match (left, of) {
        (0, _) => "blocked: no tries left".to_owned(),
        (left, Some(of)) => format!("{left} of {of} tries left"),
        (15, None) => "15 or more tries left".to_owned(),
        (1, None) => "1 try left".to_owned(),
        (left, None) => format!("{left} tries left"),
    };
    match default {
        Some(true) => text.push_str("; still the factory's, which everybody knows"),
        Some(false) => {}
        None => text.push_str("; whether it is still the factory's is not available on this firmware"),
    }
    text
}

fn management_key(ManagementKey { algorithm, factory_algorithm, default }: ManagementKey) -> String {
    let mut text = match algorithm {
        None => "an algorithm that glasskey does not know".to_owned(),
        Some(algorithm) if algorithm == factory_algorithm => format!("{algorithm}, the default algorithm"),
        Some(algorithm) => format!("{algorithm}, not the default algorithm ({factory_algorithm})"),
    };
    match default {
        Some(true) => text.push_str("; still the factory's, which everybody knows"),
        Some(false) => text.push_str("; changed"),
        None => text.push_str("; whether it is still the factory's is not available on this firmware"),
    }
    text
}

fn described(slot: &Slot, now: SystemTime) -> String {
    let key = match slot.key {
        SlotKey::Untold => None,
        SlotKey::Absent => Some("no key".to_owned()),
        SlotKey::Present { algorithm, generated } => {
            let how = match generated {
                Some(true) => ", generated on it",
                Some(false) => ", imported",
                None => "",
            };
            Some(format!("{} key{how}", algorithm.unwrap_or("unknown")))
        }
    };
    let certificate = match &slot.certificate {
        None => "no certificate".to_owned(),
        Some(Certificate::Unreadable) => "a certificate that cannot be read".to_owned(),
        Some(Certificate::Readable { subject, not_before, not_after }) => {
            let when = match state(*not_before, *not_after, now) {
                CertificateState::Expired => format!("EXPIRED on {}", day(*not_after)),
                CertificateState::NotYetValid => format!("NOT VALID before {}", day(*not_before)),
                _ if is_for_ever(*not_after) => "does not expire".to_owned(),
                _ => format!("expires on {}", day(*not_after)),
            };
            format!("\"{}\" {when}", subject)
        }
    };
    let parts = [Some(purpose(slot.number).to_owned()), key, Some(certificate)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn purpose(slot: u8) -> &'static str {
    match slot {
        0x9A => "authentication",
        0x9C => "signature",
        0x9D => "key management",
        0x9E => "card authentication",
        0xF9 => "attestation",
        _ => "retired key management",
    }
}

fn state(not_before: SystemTime, not_after: SystemTime, now: SystemTime) -> CertificateState {
    match () {
        () if now > not_after => CertificateState::Expired,
        () if now < not_before => CertificateState::NotYetValid,
        () => CertificateState::Valid,
    }
}

/// 9999-12-31T23:59:59Z.
fn is_for_ever(moment: SystemTime) -> bool {
    unix(moment) >= 253_402_300_799
}

fn day(moment: SystemTime) -> String {
    jiff::Timestamp::try_from(moment).map_or_else(|_| "9999-12-31".to_owned(), |time| time.strftime("%F").to_string())
}

/// The PIV applet of a key.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "piv_info")]
pub(in crate::cli) struct Report<'a> {
    /// The key's serial number.
    key: Serial,
    /// The model's name.
    model: &'a str,
    /// The key's firmware version.
    firmware: String,
    /// The applet's version.
    applet: String,
    /// The PIN.
    pin: TriesReport,
    /// The PUK.
    puk: TriesReport,
    /// The management key.
    management_key: ManagementKeyReport,
    /// The slots with a key or a certificate; before firmware 5.3, those with a certificate.
    slots: Vec<SlotReport<'a>>,
}

/// Tries of a PIN or PUK.
#[derive(Default, Serialize, JsonSchema)]
pub(in crate::cli) struct TriesReport {
    /// Tries left; 0 is blocked. Before firmware 5.3, 15 means 15 or more for the PIN, and the PUK's are null.
    left: Option<u8>,
    /// Tries in all; null before firmware 5.3.
    of: Option<u8>,
    /// Whether it is still the factory's; null before firmware 5.3.
    default: Option<bool>,
}

/// The management key of the PIV applet.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct ManagementKeyReport {
    /// `3DES`, `AES-128`, `AES-192` or `AES-256`; null for one that is not known.
    algorithm: Option<&'static str>,
    /// Whether that is the firmware's own: `3DES`, or `AES-192` from 5.7.
    default_algorithm: bool,
    /// Whether the key is still the factory's; null before firmware 5.3.
    default: Option<bool>,
}

/// A slot of the PIV applet.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct SlotReport<'a> {
    /// Two hexadecimal digits: `9a`, `9c`, `9d`, `9e`, `82` to `95`, or `f9` (attestation).
    slot: String,
    /// Whether the slot holds a private key; null before firmware 5.3.
    key: Option<bool>,
    /// `RSA-1024`, `RSA-2048`, `RSA-3072`, `RSA-4096`, `P-256`, `P-384`, `Ed25519` or `X25519`; null where it is not known.
    algorithm: Option<&'static str>,
    /// Whether the key was generated on the device (true) or imported (false); null where that is not known.
    generated: Option<bool>,
    /// The certificate; null where there is none.
    certificate: Option<CertificateReport<'a>>,
}

/// A certificate in a slot.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct CertificateReport<'a> {
    /// The subject (RFC 4514); null where the certificate is unreadable.
    subject: Option<&'a str>,
    /// Start of validity, in seconds since the Unix epoch; null where the certificate is unreadable.
    not_before: Option<u64>,
    /// End of validity, in seconds since the Unix epoch; null where the certificate is unreadable.
    not_after: Option<u64>,
    /// Whether it is valid by this computer's clock; nothing else is checked.
    state: CertificateState,
}

/// Whether a certificate is valid.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub(in crate::cli) enum CertificateState {
    Valid,
    Expired,
    NotYetValid,
    Unreadable,
}

impl<'a> Report<'a> {
    fn of(key: &'a Device, info: &'a Info, now: SystemTime) -> Self {
        let tries = |tries: Tries| TriesReport { left: Some(tries.left), of: tries.of, default: tries.default };
        let ManagementKey { algorithm, factory_algorithm, default } = info.management_key;
        Self {
            key: info.serial,
            model: &key.model,
            firmware: key.firmware.to_string(),
            applet: info.version.to_string(),
            pin: tries(info.pin),
            puk: info.puk.map(tries).unwrap_or_default(),
            management_key: ManagementKeyReport {
                algorithm,
                default_algorithm: algorithm == Some(factory_algorithm),
                default,
            },
            slots: info.slots.iter().map(|slot| SlotReport::of(slot, now)).collect(),
        }
    }
}

impl<'a> SlotReport<'a> {
    fn of(slot: &'a Slot, now: SystemTime) -> Self {
        let (key, algorithm, generated) = match slot.key {
            SlotKey::Untold => (None, None, None),
            SlotKey::Absent => (Some(false), None, None),
            SlotKey::Present { algorithm, generated } => (Some(true), algorithm, generated),
        };
        let certificate = slot.certificate.as_ref().map(|certificate| match certificate {
            Certificate::Unreadable => CertificateReport {
                subject: None,
                not_before: None,
                not_after: None,
                state: CertificateState::Unreadable,
            },
            Certificate::Readable { subject, not_before, not_after } => CertificateReport {
                subject: Some(subject),
                not_before: Some(unix(*not_before)),
                not_after: Some(unix(*not_after)),
                state: state(*not_before, *not_after, now),
            },
        });
        Self { slot: format!("{:02x}", slot.number), key, algorithm, generated, certificate }
    }
}
