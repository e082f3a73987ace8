//! authenticatorGetAssertion and authenticatorGetNextAssertion (CTAP 2.1 §6.2, §6.3).

use super::{Ctap2, cmd, descriptor, map, read_descriptor, read_user, secret};
use crate::fido::Error;
use crate::fido::auth_data::AuthData;
use crate::fido::cbor::Value;
use crate::fido::fields::Fields;
use crate::fido::pin::{Protocol, SharedSecret, Token};
use crate::fido::types::{Assertion, AssertionRequest, Descriptor};

const WHAT: &str = "signing in";
/// A list this long goes to every key in one message of 1024 bytes (ids are mostly 48 to 64 bytes long).
const LIKELY_TO_FIT: usize = 8;
/// What a message has besides its list of credentials: names, hashes, algorithms, extensions.
const BESIDES: usize = 512;
/// What a credential's id is wrapped in.
const DESCRIPTOR: usize = 25;
/// What a key that has no limit of its own is trusted with.
const MOST_ANSWERS: u64 = 1000;

impl Ctap2 {
    /// Signs in; all credentials that fit, the newest first. [`Error::NoCredentials`], [`Error::TouchTimedOut`].
    pub fn get_assertion(
        &mut self,
        request: &AssertionRequest<'_>,
        touch: &mut dyn FnMut(),
    ) -> Result<Vec<Assertion>, Error> {
        let allow = self.short_list(request.rp_id, request.allow, request.token)?;
        if allow.is_empty() && !request.allow.is_empty() {
            return Err(Error::NoCredentials);
        }
        let agreed = request.hmac_salts.map(|_| self.agree()).transpose()?;
        let message = message(request, &allow, agreed.as_ref())?;
        let answer = self.ask_person(cmd::GET_ASSERTION, Some(&message), request.timeout, touch)?;
        let fields = Fields::new(&answer, WHAT)?;
        // A key may leave out which credential it was when only one was named (§6.2.2).
        let only = match allow.as_slice() {
            [only] => Some(only.id.as_slice()),
            _ => None,
        };
        let mut assertions = vec![read_one(&fields, only, agreed.as_ref())?];
        let count = fields.uint(0x05)?.unwrap_or(1);
        if count > MOST_ANSWERS {
            return Err(fields.malformed());
        }
        for _ in 1..count {
            let answer = self.ask(cmd::GET_NEXT_ASSERTION, None)?;
            assertions.push(read_one(&Fields::new(&answer, WHAT)?, None, agreed.as_ref())?);
        }
        Ok(assertions)
    }

    /// A list of credentials as the key can take it: those too long to be its own left out, and when it is still too
    /// long, the one that is on the key, found by asking without a touch in parts (WebAuthn's pre-flight).
    pub(super) fn short_list(
        &mut self,
        rp_id: &str,
        list: &[Descriptor],
        token: Option<&Token>,
    ) -> Result<Vec<Descriptor>, Error> {
        if list.is_empty() {
            return Ok(Vec::new());
        }
        let info = self.known()?;
        let longest = info.max_credential_id.unwrap_or(usize::MAX);
        let most = info.max_credentials_in_list.unwrap_or(LIKELY_TO_FIT);
        let room = info.max_message.saturating_sub(BESIDES);
        let possible: Vec<&Descriptor> = list.iter().filter(|credential| credential.id.len() <= longest).collect();
        let mut parts = parts(&possible, most, room);
        if parts.len() <= 1 {
            return Ok(parts.pop().unwrap_or_default());
        }
        for part in parts {
            let hash = [0; 32];
            let probe = AssertionRequest { user_presence: false, token, ..AssertionRequest::new(rp_id, &hash) };
            let answer = match self.ask(cmd::GET_ASSERTION, Some(&message(&probe, &part, None)?)) {
                Err(Error::NoCredentials) => continue,
                answer => answer?,
            };
            let only = part.first().filter(|_| part.len() == 1).map(|only| only.id.as_slice());
            let id = read_one(&Fields::new(&answer, WHAT)?, only, None)?.credential_id;
            return Ok(part.into_iter().filter(|credential| credential.id == id).collect());
        }
        Ok(Vec::new())
    }
}

/// Cuts a list into parts of so many credentials, and so many bytes as they are sent.
fn parts(list: &[&Descriptor], most: usize, room: usize) -> Vec<Vec<Descriptor>> {
    let mut parts: Vec<Vec<Descriptor>> = Vec::new();
    let mut used = 0;
    for credential in list {
        let size = credential.id.len() + DESCRIPTOR;
        match parts.last_mut() {
            Some(part) if part.len() < most && used + size <= room => part.push((*credential).clone()),
            _ => {
                parts.push(vec![(*credential).clone()]);
                used = 0;
            }
        }
        used += size;
    }
    parts
}

fn message(
    request: &AssertionRequest<'_>,
    allow: &[Descriptor],
    agreed: Option<&SharedSecret>,
) -> Result<Value, Error> {
    let proof = request.token.map(|token| token.authenticate(request.client_data_hash)).transpose()?;
    Ok(map([
        (0x01, Some(Value::from(request.rp_id))),
        (0x02, Some(Value::from(request.client_data_hash.as_slice()))),
        (0x03, (!allow.is_empty()).then(|| Value::array(allow.iter().map(descriptor)))),
        (0x04, extensions(request, agreed)?),
        (0x05, options(request)),
        (0x06, proof.map(Value::from)),
        (0x07, request.token.map(|token| Value::Uint(token.protocol().number().into()))),
    ]))
}

/// Presence is on unless it is turned off.
fn options(request: &AssertionRequest<'_>) -> Option<Value> {
    let mut options = Vec::new();
    if !request.user_presence {
        options.push(("up", false));
    }
    if request.built_in_uv && request.token.is_none() {
        options.push(("uv", true));
    }
    (!options.is_empty()).then(|| Value::map(options))
}

fn extensions(request: &AssertionRequest<'_>, agreed: Option<&SharedSecret>) -> Result<Option<Value>, Error> {
    let mut entries: Vec<(&str, Value)> = Vec::new();
    if let (Some(salts), Some(secret)) = (request.hmac_salts, agreed) {
        if !(1..=2).contains(&salts.len()) {
            return Err(Error::LimitExceeded);
        }
        let encrypted = secret.encrypt(&salts.concat())?;
        let proof = secret.authenticate(&encrypted)?;
        let input = map([
            (0x01, Some(secret.platform())),
            (0x02, Some(encrypted.into())),
            (0x03, Some(proof.into())),
            // Keys of CTAP 2.0 do not know the member (§12.5).
            (0x04, (secret.protocol() != Protocol::One).then(|| Value::Uint(secret.protocol().number().into()))),
        ]);
        entries.push(("hmac-secret", input));
    }
    if request.large_blob_key {
        entries.push(("largeBlobKey", true.into()));
    }
    if request.cred_blob {
        entries.push(("credBlob", true.into()));
    }
    Ok((!entries.is_empty()).then(|| Value::map(entries)))
}

pub(super) fn read_one(
    answer: &Fields<'_>,
    only: Option<&[u8]>,
    agreed: Option<&SharedSecret>,
) -> Result<Assertion, Error> {
    let named = answer.read(0x01, read_descriptor)?;
    let signed = answer.need(0x02, Value::as_bytes)?.to_vec();
    let auth_data = AuthData::parse(&signed)?;
    let outputs = auth_data.extension("hmac-secret").and_then(Value::as_bytes);
    let hmac_secret = match (agreed, outputs) {
        (Some(secret), Some(encrypted)) => Some(secret.decrypt(encrypted)?),
        _ => None,
    };
    Ok(Assertion {
        credential_id: named.or(only.map(<[u8]>::to_vec)).ok_or(answer.malformed())?,
        auth_data,
        signed,
        signature: answer.need(0x03, Value::as_bytes)?.to_vec(),
        user: answer.read(0x04, read_user)?,
        user_selected: answer.truth(0x06)?.unwrap_or(false),
        large_blob_key: secret(answer, 0x07)?,
        hmac_secret,
    })
}
