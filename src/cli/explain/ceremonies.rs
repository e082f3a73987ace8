//! Ceremonies with FIDO2 keys that came to nothing, and what they found.

use super::{Exit, Explanation, fido, nobody};
use crate::cli::moments::date_time;
use crate::cli::shell::key_option;
use crate::fido::attestation::Reason;
use crate::fido::webauthn::{self, BadRpId, Refusal};
use crate::flow::fido_key::{Finding, NotPrepared};
use crate::flow::{BadRecord, Cause, FidoRefusal, Stage};
use crate::journal;
use crate::keys::KeyId;
use crate::person::{KeyStep, NoNewPin};

/// What a relying party's options say that cannot be done.
pub(in crate::cli) fn options(error: &webauthn::Error) -> Explanation {
    use webauthn::Error as E;
    let code = match error {
        E::NotJson { .. } | E::Missing { .. } | E::Wrong { .. } => "bad_options",
        E::RpId(_) => "wrong_rp_id",
        E::NoAlgorithm => return unsupported(error.to_string()),
    };
    let text = Explanation::new(code, error.to_string()).exit(Exit::Usage);
    match error {
        E::NotJson { .. } => text.hint("give the object that the relying party's server makes, as it makes it"),
        E::RpId(BadRpId::OtherDomain { .. }) => {
            text.hint("a browser refuses this too: either the options or --origin are another site's")
        }
        _ => text,
    }
}

fn unsupported(what: String) -> Explanation {
    Explanation::new("unsupported", what)
}

/// A ceremony with this key that came to nothing.
pub(in crate::cli) fn ceremony(key: &KeyId, cause: &Cause) -> Explanation {
    match cause {
        Cause::Refused(crate::flow::Refusal::Fido(refusal)) => refused(key, refusal),
        cause => super::flow::cause(cause, Stage::Preflight),
    }
}

fn refused(key: &KeyId, refusal: &FidoRefusal) -> Explanation {
    let names = |names: &[String]| {
        let shown = |name: &String| if name.is_empty() { "(unnamed)".to_owned() } else { format!("\"{name}\"") };
        names.iter().map(shown).collect::<Vec<_>>().join(", ")
    };
    match refusal {
        FidoRefusal::PerhapsMade(cause) => {
            let mut text = fido(Some(key), cause);
            text.exit = Exit::Left;
            text.state.push(format!(
                "it is not known whether {key} holds the new credential; running the command again makes another"
            ));
            text
        }
        FidoRefusal::Options(error) => options(error),
        FidoRefusal::PlatformWanted => unsupported(refusal.to_string()),
        FidoRefusal::NotDiscoverable => {
            unsupported(format!("the relying party wants a discoverable credential, and {key} keeps none"))
        }
        FidoRefusal::NoProtection => {
            unsupported(format!("the relying party insists on credProtect, which {key} does not have"))
        }
        FidoRefusal::NoLargeBlob => {
            unsupported(format!("the relying party insists on large blobs, which {key} does not have"))
        }
        FidoRefusal::SeveralAccounts { names: found } => Explanation::new(
            "several_accounts",
            format!("{key} holds credentials for several users: {}", names(found)),
        )
        .hint("name one with --user NAME")
        .exit(Exit::Usage),
        FidoRefusal::NoSuchAccount { names: found } => Explanation::new(
            "no_credential",
            format!("{key} holds no credential for that user; it has: {}", names(found)),
        ),
        FidoRefusal::Refused(why) => {
            Explanation::new("bad_response", format!("what {key} answered does not hold: {why}"))
                .hint(unreliable(key))
        }
        FidoRefusal::NotEnrolled => {
            Explanation::new("not_enrolled", format!("{key} is not enrolled for glasskey's own checks"))
                .note("neither this machine's records nor the key know of such a credential")
                .hint(format!("`glasskey fido enroll --key {}` enrolls it", key.argument()))
        }
        FidoRefusal::NoNewPin(why) => no_new_pin(key, *why),
        FidoRefusal::NotGenuine(reason) => {
            let mut text = Explanation::new("not_genuine", format!("{key} is not shown to be genuine: {reason}"));
            text.hints = attestation_hints(reason);
            text.exit(Exit::No)
        }
        FidoRefusal::InDoubt { cause, step } => {
            let mut text = fido(Some(key), cause).exit(Exit::Left).hint("the same command goes on from here");
            text.state.extend(done(step).map(|done| format!("it is not known whether {done}")));
            text
        }
    }
}

fn no_new_pin(key: &KeyId, why: NoNewPin) -> Explanation {
    match why {
        NoNewPin::NobodyToAsk => nobody(format!("{key} needs a new PIN, and nobody can be asked for it"))
            .hint("run the command on a terminal, or give it with --new-pin-fd FD"),
        NoNewPin::Differ => Explanation::of("no_new_pin", &why).hint("run the command again"),
    }
}

pub(super) fn record(error: &BadRecord) -> Explanation {
    match error {
        BadRecord::Files(journal::Error::Io { path, cause }) => {
            Explanation::new("record", format!("{error}: {}: {cause}", path.display()))
                .hint("GLASSKEY_STATE_DIR names another directory for it")
        }
        BadRecord::Files(_) => Explanation::of("record", error),
        BadRecord::Unreadable { .. } => {
            Explanation::of("bad_record", error).hint("move it away; the key itself still knows its credential")
        }
    }
}

/// What a key's proof showed to be wrong.
pub(in crate::cli) fn finding(key: &KeyId, finding: &Finding) -> Explanation {
    let name = key_option(Some(key));
    let changed = format!("the record was changed after it was made; `glasskey fido enroll{name}` makes a new one");
    let text = |code| Explanation::of(code, finding).exit(Exit::No);
    match finding {
        Finding::NotOnKey => text("not_on_key")
            .hint("it was reset, or enrolled anew from another machine; if neither was you, it is another key"),
        Finding::OtherModel { .. } => text("other_model").hint(format!(
            "the record was changed after it was made; `glasskey fido attest{name}` shows what the key is"
        )),
        Finding::OtherKey { recorded: Some(recorded) } => {
            Explanation::new("other_key", format!("{finding}, {recorded}")).hint(changed).exit(Exit::No)
        }
        Finding::OtherKey { recorded: None } => {
            Explanation::new("other_key", "its record names no key").hint(changed).exit(Exit::No)
        }
        Finding::InTheFuture { moment } => Explanation::new(
            "future_record",
            format!("its record is dated {}, which is in the future", date_time(*moment)),
        )
        .hint(format!(
            "the record was changed, or this computer's clock is wrong; `glasskey fido enroll{name}` makes a new record"
        ))
        .exit(Exit::No),
        Finding::Refused(Refusal::Counter { stored, got }) => {
            Explanation::new("counter", format!("the signature counter went back from {stored} to {got}"))
                .hint("there may be a copy of this key's credentials: take the key out of use and find out why")
                .exit(Exit::No)
        }
        Finding::Refused(_) => text("bad_response").hint(unreliable(key)),
    }
}

fn unreliable(key: &KeyId) -> String {
    format!("do not rely on this key; `glasskey fido attest{}` shows whether it is genuine", key_option(Some(key)))
}

/// A short, stable name for a reason not to call a key genuine.
pub(in crate::cli) fn attestation_code(reason: &Reason) -> &'static str {
    match reason {
        Reason::NoAttestation => "no_attestation",
        Reason::SelfAttestation => "self_attestation",
        Reason::U2f => "u2f",
        Reason::Format { .. } => "format",
        Reason::Malformed(_) => "malformed",
        Reason::Algorithm { .. } => "algorithm",
        Reason::BadSignature => "bad_signature",
        Reason::LeafIsCa => "leaf_is_ca",
        Reason::BadProfile { .. } => "bad_profile",
        Reason::WrongAaguid { .. } => "wrong_aaguid",
        Reason::UnknownModel { .. } => "unknown_model",
        Reason::Revoked { .. } => "revoked",
        Reason::UnknownRoot { .. } => "unknown_root",
        Reason::IntermediateUnknown { .. } => "intermediate_unknown",
        Reason::BadPath(_) => "bad_path",
        Reason::Expired { .. } => "expired",
        Reason::NotYetValid { .. } => "not_yet_valid",
    }
}

/// What to do where a key is not shown to be genuine.
pub(in crate::cli) fn attestation_hints(reason: &Reason) -> Vec<String> {
    let hint = match reason {
        Reason::UnknownModel { .. } => {
            "a newer issue of the metadata may name it: --mds FILE, from https://mds3.fidoalliance.org/"
        }
        Reason::IntermediateUnknown { .. } => {
            "this proves nothing either way: give the maker's intermediates with --attestation-roots FILE, or newer metadata with --mds FILE"
        }
        Reason::NotYetValid { .. } => "this computer's clock may be wrong",
        _ => "do not rely on this key before its seller has explained this",
    };
    vec![hint.to_owned()]
}

/// A key that is not ready.
pub(in crate::cli) fn not_prepared(key: &KeyId, failed: &NotPrepared) -> Explanation {
    let mut text = ceremony(key, &failed.cause);
    text.state.extend(failed.done.iter().filter_map(done).map(|done| format!("done before this: {done}")));
    if failed.done.is_empty() {
        return text;
    }
    // Interrupted or not: what was done stays, and the next run goes on from there.
    text.exit = Exit::Left;
    if !matches!(failed.cause, Cause::Refused(crate::flow::Refusal::Fido(FidoRefusal::InDoubt { .. }))) {
        text.hints.push("the same command goes on from here".to_owned());
    }
    text
}

fn done(step: &KeyStep) -> Option<String> {
    Some(match step {
        KeyStep::PinSet => "the PIN is set".to_owned(),
        KeyStep::PinChanged => "the PIN is changed".to_owned(),
        KeyStep::MinPinLength { length, .. } => format!("a PIN has at least {length} characters"),
        KeyStep::AlwaysUv { .. } => "always-UV is on".to_owned(),
        _ => return None,
    })
}
