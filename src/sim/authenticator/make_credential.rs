//! authenticatorMakeCredential (CTAP 2.1 §6.1) and its extensions (§12).

use super::applet::{Applet, Credential, User};
use super::ctap::{Answer, Auth, Moment, Stop, as_map, option, optional, permission, required};
use super::get_info::{MAX_CRED_BLOB, MAX_CREDENTIALS_IN_LIST};
use super::keys::{PrivateKey, random};
use super::options::{Algorithm, Attestation, Feature, Level};
use super::status::{
    CBOR_UNEXPECTED_TYPE, CREDENTIAL_EXCLUDED, INVALID_LENGTH, INVALID_OPTION, INVALID_PARAMETER, KEY_STORE_FULL,
    LIMIT_EXCEEDED, PUAT_REQUIRED, Status, UNSUPPORTED_ALGORITHM, UNSUPPORTED_OPTION,
};
use crate::fido::cbor::{self, Value};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const UP: u8 = 0x01;
const UV: u8 = 0x04;
const ATTESTED: u8 = 0x40;
const EXTENDED: u8 = 0x80;

struct Registration<'a> {
    client_data_hash: &'a [u8],
    rp_id: &'a str,
    rp_name: Option<&'a str>,
    user: User,
    algorithm: Algorithm,
    exclude: Vec<&'a [u8]>,
    discoverable: bool,
    extensions: Extensions,
}

#[derive(Default)]
struct Extensions {
    protection: Option<u8>,
    hmac_secret: bool,
    min_pin_length: bool,
    blob: Option<Vec<u8>>,
    large_blob_key: bool,
}

impl Applet {
    pub(super) fn make_credential(&mut self, at: Moment, request: &Value) -> Answer {
        let auth = Auth::of(request, 9, 8)?;
        self.touched_to_choose(at, auth.param)?;
        let registration = self.registration(request)?;
        let enterprise = self.enterprise(request, registration.rp_id)?;
        let verified = self.verify_user_for_registration(at, request, &auth, &registration)?;
        if self.is_excluded(&registration, verified) {
            at.touch()?;
            return Err(CREDENTIAL_EXCLUDED.into());
        }
        at.touch()?;
        let replaced = self.replaced(&registration);
        if registration.discoverable && replaced.is_none() && self.slots_left() == 0 {
            return Err(KEY_STORE_FULL.into());
        }
        if let Some(replaced) = replaced {
            self.held.credentials.remove(replaced);
        }
        self.spend_token();
        let credential = create(&registration);
        let answer = self.registered(&registration, &credential, verified, enterprise);
        self.held.credentials.push(credential);
        Ok(Some(answer))
    }

    fn registration<'a>(&self, request: &'a Value) -> Result<Registration<'a>, Status> {
        let client_data_hash = client_data_hash(request, 1)?;
        let rp = required(request, 2, as_map)?;
        let rp_id = required(rp, "id", Value::as_text)?;
        let rp_name = optional(rp, "name", Value::as_text)?;
        let user = user(required(request, 3, as_map)?)?;
        let algorithm = self.algorithm(required(request, 4, Value::as_array)?)?;
        let exclude = descriptors(optional(request, 5, Value::as_array)?)?;
        let options = optional(request, 7, as_map)?;
        if option(options, "up")? == Some(false) {
            return Err(INVALID_OPTION);
        }
        let discoverable = option(options, "rk")?.unwrap_or_default();
        let extensions = self.extensions_asked(optional(request, 6, as_map)?, discoverable)?;
        Ok(Registration { client_data_hash, rp_id, rp_name, user, algorithm, exclude, discoverable, extensions })
    }

    /// The first that the key has. What is not a public key, or of no known algorithm, is passed over.
    fn algorithm(&self, wanted: &[Value]) -> Result<Algorithm, Status> {
        let mut found = None;
        for each in wanted {
            let kind = required(each, "type", Value::as_text)?;
            let number = required(each, "alg", Value::as_int)?;
            let known = self.options.algorithms.iter().find(|algorithm| i64::from(algorithm.cose()) == number);
            found = found.or(known.filter(|_| kind == "public-key"));
        }
        found.copied().ok_or(UNSUPPORTED_ALGORITHM)
    }

    fn extensions_asked(&self, asked: Option<&Value>, discoverable: bool) -> Result<Extensions, Status> {
        let Some(asked) = asked else { return Ok(Extensions::default()) };
        let standard = self.speaks(Level::Fido21);
        let mut extensions = Extensions::default();
        if self.options.cred_protect && self.speaks(Level::Fido21Pre) {
            let level = optional(asked, "credProtect", Value::as_uint)?;
            extensions.protection = match level {
                None => None,
                Some(level @ 1..=3) => u8::try_from(level).ok(),
                Some(_) => return Err(INVALID_OPTION),
            };
        }
        if self.options.hmac_secret {
            extensions.hmac_secret = optional(asked, "hmac-secret", Value::as_bool)?.unwrap_or_default();
        }
        if self.options.min_pin_length && standard {
            extensions.min_pin_length = optional(asked, "minPinLength", Value::as_bool)?.unwrap_or_default();
        }
        if self.options.cred_blob && standard {
            extensions.blob = optional(asked, "credBlob", Value::as_bytes)?.map(<[u8]>::to_vec);
        }
        if self.options.large_blobs && standard {
            let wanted = optional(asked, "largeBlobKey", Value::as_bool)?;
            if wanted == Some(false) || wanted.is_some() && !discoverable {
                return Err(INVALID_OPTION);
            }
            extensions.large_blob_key = wanted.is_some();
        }
        Ok(extensions)
    }

    /// Whether the answer is enterprise attestation. The relying party's kind (1) is given to those that the key was
    /// made for, the platform's kind (2) to whomever the platform lets ask.
    fn enterprise(&self, request: &Value, rp_id: &str) -> Result<bool, Status> {
        let Some(kind) = optional(request, 10, Value::as_uint)? else { return Ok(false) };
        if !self.options.enterprise_attestation || !self.held.enterprise {
            return Err(INVALID_PARAMETER);
        }
        match kind {
            1 => Ok(self.options.enterprise_rp_ids.iter().any(|listed| listed == rp_id)),
            2 => Ok(true),
            _ => Err(INVALID_OPTION),
        }
    }

    fn verify_user_for_registration(
        &mut self,
        at: Moment,
        request: &Value,
        auth: &Auth<'_>,
        registration: &Registration<'_>,
    ) -> Result<bool, Stop> {
        if auth.param.is_some() {
            let (hash, rp_id) = (registration.client_data_hash, registration.rp_id);
            self.authenticate(auth, hash, permission::MAKE_CREDENTIAL, Some(rp_id))?;
            return Ok(true);
        }
        let finger = option(optional(request, 7, as_map)?, "uv")?;
        if self.verify_with_finger(at, finger)? {
            return Ok(true);
        }
        // Since CTAP 2.1 a credential that is not discoverable may be made without (makeCredUvNotRqd).
        let spared = self.speaks(Level::Fido21) && !registration.discoverable;
        if self.held.always_uv || self.is_protected() && !spared { Err(PUAT_REQUIRED.into()) } else { Ok(false) }
    }

    /// The option `uv`: verification by fingerprint, where it is asked for or always wanted and possible.
    pub(super) fn verify_with_finger(&mut self, at: Moment, wanted: Option<bool>) -> Result<bool, Stop> {
        if wanted == Some(true) && (self.options.bio == Feature::Absent || !self.has_uv()) {
            // CTAP 2.0 §5.1 and CTAP 2.1 §6.1.2 differ here.
            return Err(if self.speaks(Level::Fido21) { INVALID_OPTION } else { UNSUPPORTED_OPTION }.into());
        }
        if wanted != Some(true) && !(self.held.always_uv && self.has_uv()) {
            return Ok(false);
        }
        self.verify_finger(at)?;
        Ok(true)
    }

    fn is_excluded(&self, registration: &Registration<'_>, verified: bool) -> bool {
        self.held.credentials.iter().any(|credential| {
            credential.rp_id == registration.rp_id
                && registration.exclude.contains(&credential.id.as_slice())
                && (credential.protection < 3 || verified)
        })
    }

    /// The discoverable credential of the same account, which the new one takes the place of.
    fn replaced(&self, new: &Registration<'_>) -> Option<usize> {
        let same = |old: &Credential| old.discoverable && old.rp_id == new.rp_id && old.user.id == new.user.id;
        self.held.credentials.iter().position(|old| new.discoverable && same(old))
    }

    fn registered(&mut self, asked: &Registration<'_>, made: &Credential, verified: bool, enterprise: bool) -> Value {
        let extensions = self.extension_outputs(asked, made);
        let mut flags = UP | ATTESTED | if verified { UV } else { 0 };
        if extensions.is_some() {
            flags |= EXTENDED;
        }
        let id_len = u16::try_from(made.id.len()).unwrap_or_default();
        let data = [
            &self.authenticator_data(&made.rp_id_hash(), flags)[..],
            &self.options.aaguid.0,
            &id_len.to_be_bytes(),
            &made.id,
            &cbor::encode(&made.key.cose()),
            &extensions.map(|extensions| cbor::encode(&extensions)).unwrap_or_default(),
        ]
        .concat();
        let (format, statement) = self.attest(&[&data, asked.client_data_hash].concat(), made);
        let mut answer = vec![(1, Value::from(format)), (2, Value::Bytes(data)), (3, statement)];
        if enterprise {
            answer.push((4, true.into()));
        }
        if let Some(key) = &made.large_blob_key {
            answer.push((5, key[..].into()));
        }
        Value::map(answer)
    }

    fn extension_outputs(&self, asked: &Registration<'_>, made: &Credential) -> Option<Value> {
        let mut outputs = Vec::new();
        if let Some(level) = asked.extensions.protection {
            outputs.push(("credProtect", Value::Uint(u64::from(level))));
        }
        if asked.extensions.hmac_secret {
            outputs.push(("hmac-secret", true.into()));
        }
        if asked.extensions.min_pin_length && self.held.min_pin_rp_ids.iter().any(|listed| listed == asked.rp_id) {
            outputs.push(("minPinLength", Value::Uint(u64::from(self.held.min_pin_length))));
        }
        if asked.extensions.blob.is_some() {
            outputs.push(("credBlob", made.blob.is_some().into()));
        }
        (!outputs.is_empty()).then(|| Value::map(outputs))
    }

    /// The start that all authenticator data has; counts the signature.
    pub(super) fn authenticator_data(&mut self, rp_id_hash: &[u8; 32], flags: u8) -> Vec<u8> {
        [&rp_id_hash[..], &[flags], &self.count().to_be_bytes()].concat()
    }

    /// The attestation format and statement over these bytes.
    fn attest(&self, message: &[u8], made: &Credential) -> (&'static str, Value) {
        let es256 = Value::from(Algorithm::Es256.cose());
        match self.options.attestation {
            Attestation::None => ("none", Value::Map(Vec::new())),
            Attestation::Own => {
                let algorithm = Value::from(made.key.algorithm().cose());
                ("packed", Value::map([("alg", algorithm), ("sig", Value::Bytes(made.key.sign(message)))]))
            }
            Attestation::WrongSignature => ("packed", self.packed(es256, self.batch.sign(b"something else"))),
            Attestation::WrongAlgorithm => ("packed", self.packed((-8).into(), self.batch.sign(message))),
            _ => ("packed", self.packed(es256, self.batch.sign(message))),
        }
    }

    fn packed(&self, algorithm: Value, signature: Vec<u8>) -> Value {
        let mut chain = vec![self.batch.leaf.clone()];
        if self.options.intermediate_in_x5c {
            chain.push(self.authority.intermediate());
        }
        Value::map([("alg", algorithm), ("sig", Value::Bytes(signature)), ("x5c", Value::array(chain))])
    }
}

fn create(asked: &Registration<'_>) -> Credential {
    let extensions = &asked.extensions;
    Credential {
        id: random::<48>().to_vec(),
        rp_id: asked.rp_id.to_owned(),
        rp_name: asked.rp_name.map(str::to_owned),
        user: asked.user.clone(),
        discoverable: asked.discoverable,
        key: PrivateKey::new(asked.algorithm),
        protection: extensions.protection.unwrap_or(1),
        hmac_secret: extensions.hmac_secret.then(|| [random(), random()]),
        blob: extensions.blob.clone().filter(|blob| blob.len() <= MAX_CRED_BLOB),
        large_blob_key: extensions.large_blob_key.then(|| Zeroizing::new(*random::<32>())),
    }
}

/// A SHA-256 hash.
pub(super) fn client_data_hash(request: &Value, key: i64) -> Result<&[u8], Status> {
    let hash = required(request, key, Value::as_bytes)?;
    if hash.len() == Sha256::output_size() { Ok(hash) } else { Err(INVALID_LENGTH) }
}

/// A PublicKeyCredentialUserEntity; names are cut to 64 bytes at most, as the standard allows.
pub(super) fn user(map: &Value) -> Result<User, Status> {
    let id = required(map, "id", Value::as_bytes)?;
    if id.is_empty() || id.len() > 64 {
        return Err(INVALID_LENGTH);
    }
    let text = |key| Ok::<_, Status>(optional(map, key, Value::as_text)?.map(cut));
    Ok(User { id: id.to_vec(), name: text("name")?, display_name: text("displayName")? })
}

fn cut(text: &str) -> String {
    let end = text.char_indices().map(|(start, c)| start + c.len_utf8()).take_while(|end| *end <= 64).last();
    text.get(..end.unwrap_or_default()).unwrap_or_default().to_owned()
}

pub(super) fn descriptors(list: Option<&[Value]>) -> Result<Vec<&[u8]>, Status> {
    let list = list.unwrap_or_default();
    if list.len() > MAX_CREDENTIALS_IN_LIST {
        return Err(LIMIT_EXCEEDED);
    }
    let mut ids = Vec::new();
    for descriptor in list {
        as_map(descriptor).ok_or(CBOR_UNEXPECTED_TYPE)?;
        let (kind, id) =
            (required(descriptor, "type", Value::as_text)?, required(descriptor, "id", Value::as_bytes)?);
        if kind == "public-key" {
            ids.push(id);
        }
    }
    Ok(ids)
}
