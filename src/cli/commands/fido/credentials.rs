//! `glasskey fido credentials list`, `delete` and `rename`: the discoverable credentials on a key.

use super::info::algorithm;
use super::{Failed, Invocation, KeyReport, lost};
use crate::cli::Outcome;
use crate::cli::args::{FidoCredentialsCommand, FidoKeyAndPin};
use crate::cli::explain::{Exit, Explanation};
use crate::cli::invocation::usage;
use crate::cli::page::Page;
use crate::cli::table::table;
use crate::fido::{Descriptor, Permissions, StoredCredential, StoredRelyingParty, Token, User};
use crate::unlock::fido::Opened;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use schemars::JsonSchema;
use serde::Serialize;

/// The least of an id that names a credential.
const LEAST: usize = 6;
/// How much of one is shown to people. Keys make ids of up to 64 bytes.
const SHOWN: usize = 16;

pub(super) fn run(command: &FidoCredentialsCommand, invocation: &mut Invocation<'_>) -> Outcome {
    match command {
        FidoCredentialsCommand::List(key) => list(key, invocation),
        FidoCredentialsCommand::Delete { key, id } => delete(key, id, invocation),
        FidoCredentialsCommand::Rename { key, id, name, display_name } => {
            rename(key, id, name, display_name.as_deref(), invocation)
        }
    }
}

/// A credential with its relying party.
struct Kept {
    rp: StoredRelyingParty,
    credential: StoredCredential,
}

impl Kept {
    /// As in WebAuthn's JSON.
    fn id(&self) -> String {
        BASE64URL_NOPAD.encode(&self.credential.id)
    }

    /// As people copy it: nothing that looks like a flag, no matter of case.
    fn hex(&self) -> String {
        HEXLOWER.encode(&self.credential.id)
    }

    /// The relying party, by its id; keys may cut that to 32 bytes or leave it out.
    fn rp(&self) -> String {
        match &self.rp.id {
            Some(id) => id.clone(),
            None => format!("SHA-256 {}", HEXLOWER.encode(&self.rp.id_hash)),
        }
    }

    /// `alice at example.com`.
    fn named(&self) -> String {
        format!("\"{}\" at {}", self.user(), self.rp())
    }

    fn user(&self) -> String {
        let User { id, name, display_name } = &self.credential.user;
        let name = name.as_ref().or(display_name.as_ref()).cloned();
        name.unwrap_or_else(|| format!("user {}", HEXLOWER.encode(id)))
    }

    fn descriptor(&self) -> Descriptor {
        Descriptor { id: self.credential.id.clone(), transports: Vec::new() }
    }

    fn algorithm(&self) -> Option<i64> {
        self.credential.public_key.get_int(3).and_then(crate::fido::cbor::Value::as_int)
    }

    fn report(&self) -> CredentialReport<'_> {
        let Self { rp, credential } = self;
        CredentialReport {
            id: self.id(),
            hex: self.hex(),
            rp_id: rp.id.as_deref(),
            rp_name: rp.name.as_deref(),
            rp_id_hash: HEXLOWER.encode(&rp.id_hash),
            user_id: BASE64URL_NOPAD.encode(&credential.user.id),
            user_name: credential.user.name.as_deref(),
            display_name: credential.user.display_name.as_deref(),
            algorithm: self.algorithm(),
            protection: credential.cred_protect,
        }
    }
}

/// The discoverable credentials on a key.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_credentials")]
pub(in crate::cli) struct ListReport<'a> {
    #[serde(flatten)]
    key: KeyReport,
    /// How many discoverable credentials are on the key.
    existing: u64,
    /// How many more fit, at most.
    remaining: u64,
    /// The credentials.
    credentials: Vec<CredentialReport<'a>>,
}

/// A credential that was deleted.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_credential_deleted")]
pub(in crate::cli) struct DeleteReport<'a> {
    #[serde(flatten)]
    key: KeyReport,
    /// The credential.
    credential: CredentialReport<'a>,
}

/// A credential that was renamed, with its new names.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "fido_credential_renamed")]
pub(in crate::cli) struct RenameReport<'a> {
    #[serde(flatten)]
    key: KeyReport,
    /// The credential.
    credential: CredentialReport<'a>,
}

/// A discoverable credential.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FidoCredential")]
pub(in crate::cli) struct CredentialReport<'a> {
    /// The credential's id in base64url, as in WebAuthn's JSON. `delete` and `rename` take it.
    id: String,
    /// The same in hexadecimal. `delete` and `rename` take this too.
    hex: String,
    /// The relying party's id, which keys may cut to 32 bytes; null where the key left it out.
    rp_id: Option<&'a str>,
    /// The relying party's name; null where the key left it out.
    rp_name: Option<&'a str>,
    /// The SHA-256 of the relying party's whole id, in hexadecimal.
    rp_id_hash: String,
    /// The user's id, in base64url.
    user_id: String,
    /// The user's name; null where there is none.
    user_name: Option<&'a str>,
    /// The user's display name; null where there is none.
    display_name: Option<&'a str>,
    /// The algorithm's COSE number; null where the key does not report it.
    algorithm: Option<i64>,
    /// The credential's protection (credProtect), 1 to 3; null where the key does not report it.
    protection: Option<u8>,
}

fn list(named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Outcome {
    let mut key = invocation.key_to_read(&named.key)?;
    let token = token(&mut key, named, invocation)?;
    let count = key.key.credential_count(&token);
    let count = invocation.described(key.described(count))?;
    let all = all(&mut key, &token, invocation)?;
    let mut rows = vec![["RELYING PARTY", "USER", "ALGORITHM", "ID"].map(ToOwned::to_owned)];
    rows.extend(all.iter().map(|kept| {
        [
            kept.rp(),
            kept.user(),
            kept.algorithm().map_or_else(|| "-".to_owned(), algorithm),
            kept.hex().chars().take(SHOWN).collect(),
        ]
    }));
    let human = if all.is_empty() { Page::nothing() } else { table(&rows) };
    let report = ListReport {
        key: KeyReport::of(&key),
        existing: count.existing,
        remaining: count.remaining,
        credentials: all.iter().map(Kept::report).collect(),
    };
    invocation.console.result(&human, &report);
    invocation.console.say(&format!(
        "glasskey: {} discoverable credentials on {}; at most {} more fit",
        count.existing, key.id, count.remaining
    ));
    Ok(Exit::Done)
}

fn delete(named: &FidoKeyAndPin, id: &str, invocation: &mut Invocation<'_>) -> Outcome {
    let mut key = invocation.key_to_write(&named.key)?;
    let kept = find(&mut key, named, id, invocation)?;
    if invocation.global.yes && kept.id() != id && kept.hex() != id {
        return Err(Box::new(
            usage("with --yes, a credential is deleted by its whole id").hint(format!("that is {}", kept.hex())),
        ));
    }
    if kept.rp.id.as_deref().is_some_and(is_aws) {
        invocation
            .warn(&format!("{} is AWS; without this credential the key can no longer sign in there", kept.rp()));
    }
    invocation.confirm_words(&format!("Remove {} from {} for good? [y/N] ", kept.named(), key.id))?;
    // Bought anew: while the person thought it over, the first one may have expired.
    let token = token(&mut key, named, invocation)?;
    let deleted = key.key.delete_credential(&token, &kept.descriptor());
    deleted.map_err(|cause| lost(&key, &cause, "credentials list"))?;
    invocation.step(key.id.argument(), &format!("{} removed", kept.named()));
    invocation
        .console
        .result(&Page::nothing(), &DeleteReport { key: KeyReport::of(&key), credential: kept.report() });
    Ok(Exit::Done)
}

/// The account's id and what is not named stay: the key takes the whole account anew.
fn rename(
    named: &FidoKeyAndPin,
    id: &str,
    name: &str,
    display_name: Option<&str>,
    invocation: &mut Invocation<'_>,
) -> Outcome {
    let mut key = invocation.key_to_write(&named.key)?;
    let mut kept = find(&mut key, named, id, invocation)?;
    let before = kept.named();
    let user = &mut kept.credential.user;
    user.name = Some(name.to_owned());
    user.display_name = display_name.map(ToOwned::to_owned).or(user.display_name.take());
    let token = token(&mut key, named, invocation)?;
    let renamed = key.key.rename_user(&token, &kept.descriptor(), &kept.credential.user);
    renamed.map_err(|cause| lost(&key, &cause, "credentials list"))?;
    invocation.step(key.id.argument(), &format!("{before} is now \"{}\"", kept.user()));
    invocation
        .console
        .result(&Page::nothing(), &RenameReport { key: KeyReport::of(&key), credential: kept.report() });
    Ok(Exit::Done)
}

fn token(key: &mut Opened, named: &FidoKeyAndPin, invocation: &mut Invocation<'_>) -> Result<Token, Failed> {
    let token = key.token(&mut invocation.person, named.last_try, Permissions::CREDENTIAL_MANAGEMENT, None);
    invocation.described(token)
}

fn all(key: &mut Opened, token: &Token, invocation: &Invocation<'_>) -> Result<Vec<Kept>, Failed> {
    let parties = key.key.relying_parties(token);
    let mut all = Vec::new();
    for rp in invocation.described(key.described(parties))? {
        let credentials = key.key.credentials(token, &rp.id_hash);
        let credentials = invocation.described(key.described(credentials))?;
        all.extend(credentials.into_iter().map(|credential| Kept { rp: rp.clone(), credential }));
    }
    all.sort_by_key(|kept| (kept.rp(), kept.user()));
    Ok(all)
}

/// The credential of this id, or the only one whose id begins with it.
fn find(key: &mut Opened, named: &FidoKeyAndPin, id: &str, invocation: &mut Invocation<'_>) -> Result<Kept, Failed> {
    if id.len() < LEAST {
        let what = format!("{LEAST} characters of a credential's id or more are needed");
        return Err(usage(what));
    }
    let token = token(key, named, invocation)?;
    let mut fitting: Vec<_> = all(key, &token, invocation)?
        .into_iter()
        .filter(|kept| kept.hex().starts_with(id) || kept.id().starts_with(id))
        .collect();
    let hint = format!("`glasskey fido credentials list --key {}` shows what is on it", key.id.argument());
    match (fitting.pop(), fitting.len()) {
        (Some(only), 0) => Ok(only),
        (None, _) => Err(Box::new(
            Explanation::new("no_credential", format!("no credential on {} has that id", key.id)).hint(hint),
        )),
        (Some(_), others) => {
            let what = format!("{} credentials on {} have an id that begins so", others + 1, key.id);
            Err(Box::new(Explanation::new("ambiguous_name", what).hint("give more of it").exit(Exit::Usage)))
        }
    }
}

fn is_aws(rp_id: &str) -> bool {
    rp_id.contains("aws.amazon.") || rp_id.contains("amazonaws")
}
