//! authenticatorGetAssertion and authenticatorGetNextAssertion (CTAP 2.1 §6.2, §6.3).

use super::applet::{Applet, Credential, User};
use super::ctap::{Answer, Auth, Moment, Stop, as_map, option, optional, permission, required};
use super::make_credential::{client_data_hash, descriptors};
use super::options::Level;
use super::pin_protocol::hmac_sha256;
use super::status::{
    INVALID_LENGTH, INVALID_OPTION, NO_CREDENTIALS, NOT_ALLOWED, PUAT_REQUIRED, Status, UNSUPPORTED_OPTION,
};
use crate::fido::cbor::{self, Value};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

const UP: u8 = 0x01;
const UV: u8 = 0x04;
const EXTENDED: u8 = 0x80;

/// The next assertion must be asked for within this time.
const BETWEEN: Duration = Duration::from_secs(30);

/// What is still to be had with getNextAssertion.
pub(super) struct Assertions {
    /// Ids, the next one last.
    left: Vec<Vec<u8>>,
    asked: Asked,
    since: SystemTime,
}

#[derive(Clone)]
struct Asked {
    client_data_hash: Vec<u8>,
    flags: u8,
    /// Without an allow list the person may have to choose, and the platform is told the user's names.
    several: bool,
    extensions: Option<Value>,
}

impl Applet {
    pub(super) fn get_assertion(&mut self, at: Moment, request: &Value) -> Answer {
        let auth = Auth::of(request, 7, 6)?;
        self.touched_to_choose(at, auth.param)?;
        let rp_id = required(request, 1, Value::as_text)?;
        let hash = client_data_hash(request, 2)?;
        let allowed = descriptors(optional(request, 3, Value::as_array)?)?;
        let extensions = optional(request, 4, as_map)?;
        let options = optional(request, 5, as_map)?;
        if option(options, "rk")?.is_some() {
            return Err(UNSUPPORTED_OPTION.into());
        }
        let present = option(options, "up")?.unwrap_or(true);
        let verified = self.verify_user_for_assertion(at, option(options, "uv")?, &auth, (hash, rp_id), present)?;
        let mut found = self.applicable(rp_id, &allowed, verified);
        if found.is_empty() {
            return Err(NO_CREDENTIALS.into());
        }
        self.check_extensions(extensions, present)?;
        if present {
            at.touch()?;
            self.spend_token();
        }
        if !allowed.is_empty() {
            found.truncate(1);
        }
        let flags = if present { UP } else { 0 } | if verified { UV } else { 0 };
        let asked = Asked {
            client_data_hash: hash.to_vec(),
            flags,
            several: found.len() > 1,
            extensions: extensions.cloned(),
        };
        let (total, first) = (found.len(), found.pop().unwrap_or_default());
        let mut answer = self.assertion(&asked, &first)?;
        if total > 1 {
            answer.push((5, super::get_info::size(total)));
            self.power.assertions = Some(Assertions { left: found, asked, since: at.now });
        }
        Ok(Some(Value::map(answer)))
    }

    pub(super) fn get_next_assertion(&mut self, at: Moment) -> Answer {
        let mut assertions = self.power.assertions.take().ok_or(NOT_ALLOWED)?;
        if at.now.duration_since(assertions.since).unwrap_or_default() > BETWEEN {
            return Err(NOT_ALLOWED.into());
        }
        let next = assertions.left.pop().ok_or(NOT_ALLOWED)?;
        let answer = self.assertion(&assertions.asked, &next)?;
        if !assertions.left.is_empty() {
            self.power.assertions = Some(Assertions { since: at.now, ..assertions });
        }
        Ok(Some(Value::map(answer)))
    }

    fn verify_user_for_assertion(
        &mut self,
        at: Moment,
        wanted: Option<bool>,
        auth: &Auth<'_>,
        (hash, rp_id): (&[u8], &str),
        present: bool,
    ) -> Result<bool, Stop> {
        if auth.param.is_some() {
            self.authenticate(auth, hash, permission::GET_ASSERTION, Some(rp_id))?;
            return Ok(true);
        }
        if present || wanted == Some(true) {
            if self.verify_with_finger(at, wanted)? {
                return Ok(true);
            }
            if self.held.always_uv {
                return Err(PUAT_REQUIRED.into());
            }
        }
        Ok(false)
    }

    /// The ids of the credentials that may answer, the newest last.
    fn applicable(&self, rp_id: &str, allowed: &[&[u8]], verified: bool) -> Vec<Vec<u8>> {
        let may = |credential: &&Credential| {
            let named = allowed.contains(&credential.id.as_slice());
            credential.rp_id == rp_id
                && (named || allowed.is_empty() && credential.discoverable)
                && (verified || credential.protection == 1 || credential.protection == 2 && named)
        };
        self.held.credentials.iter().filter(may).map(|credential| credential.id.clone()).collect()
    }

    /// Before the touch: whether what the extensions ask for can be given.
    fn check_extensions(&mut self, extensions: Option<&Value>, present: bool) -> Result<(), Status> {
        let Some(asked) = extensions else { return Ok(()) };
        if self.options.hmac_secret
            && let Some(input) = optional(asked, "hmac-secret", as_map)?
        {
            if !present {
                return Err(UNSUPPORTED_OPTION);
            }
            self.salts(input)?;
        }
        if self.options.large_blobs
            && self.speaks(Level::Fido21)
            && optional(asked, "largeBlobKey", Value::as_bool)? == Some(false)
        {
            return Err(INVALID_OPTION);
        }
        Ok(())
    }

    fn assertion(&mut self, asked: &Asked, id: &[u8]) -> Result<Vec<(i32, Value)>, Stop> {
        let position = self.held.credentials.iter().position(|credential| credential.id == id);
        let position = position.ok_or(NO_CREDENTIALS)?;
        let outputs = self.assertion_outputs(asked, position)?;
        let credential = self.held.credentials.get(position).ok_or(NO_CREDENTIALS)?;
        let rp_id_hash = credential.rp_id_hash();
        let flags = asked.flags | if outputs.is_some() { EXTENDED } else { 0 };
        let mut data = self.authenticator_data(&rp_id_hash, flags);
        data.extend(outputs.map(|outputs| cbor::encode(&outputs)).unwrap_or_default());
        let credential = self.held.credentials.get(position).ok_or(NO_CREDENTIALS)?;
        let signature = credential.key.sign(&[&data[..], &asked.client_data_hash].concat());
        let mut answer = vec![(1, descriptor(&credential.id)), (2, Value::Bytes(data)), (3, Value::Bytes(signature))];
        if credential.discoverable {
            // Names are told only to a platform that verified the user and has several to choose from.
            answer.push((4, describe(&credential.user, asked.flags & UV != 0 && asked.several)));
        }
        let wants_key = asked.extensions.as_ref().is_some_and(|asked| asked.get_text("largeBlobKey").is_some());
        if let Some(key) = credential.large_blob_key.as_ref().filter(|_| wants_key) {
            answer.push((7, key[..].into()));
        }
        Ok(answer)
    }

    fn assertion_outputs(&mut self, asked: &Asked, position: usize) -> Result<Option<Value>, Stop> {
        let Some(extensions) = asked.extensions.clone() else { return Ok(None) };
        let mut outputs = Vec::new();
        if self.options.hmac_secret
            && let Some(input) = optional(&extensions, "hmac-secret", as_map)?
        {
            let (shared, salts) = self.salts(input)?;
            let secrets = self.held.credentials.get(position).and_then(|credential| credential.hmac_secret.as_ref());
            if let Some([with_uv, without]) = secrets {
                let secret = if asked.flags & UV != 0 { with_uv } else { without };
                let made: Vec<_> = salts.chunks(32).map(|salt| hmac_sha256(&secret[..], salt)).collect();
                let joined = Zeroizing::new(made.iter().flat_map(|part| part.iter().copied()).collect::<Vec<u8>>());
                outputs.push(("hmac-secret", Value::Bytes(shared.encrypt(&joined))));
            }
        }
        if self.options.cred_blob
            && self.speaks(Level::Fido21)
            && optional(&extensions, "credBlob", Value::as_bool)? == Some(true)
        {
            let blob = self.held.credentials.get(position).and_then(|credential| credential.blob.clone());
            outputs.push(("credBlob", Value::Bytes(blob.unwrap_or_default())));
        }
        Ok((!outputs.is_empty()).then(|| Value::map(outputs)))
    }

    /// The salts of hmac-secret, and the keys to seal its output with.
    fn salts(&mut self, input: &Value) -> Result<(super::pin_protocol::Shared, Zeroizing<Vec<u8>>), Status> {
        let number = optional(input, 4, Value::as_uint)?.unwrap_or(1);
        let protocol = self.protocol(Some(number))?;
        let key = required(input, 1, as_map)?;
        let sealed = required(input, 2, Value::as_bytes)?;
        let shared = self.power.agreement(protocol).decapsulate(protocol, key)?;
        shared.verify(sealed, required(input, 3, Value::as_bytes)?)?;
        let salts = shared.decrypt(sealed)?;
        if matches!(salts.len(), 32 | 64) { Ok((shared, salts)) } else { Err(INVALID_LENGTH) }
    }
}

pub(super) fn descriptor(id: &[u8]) -> Value {
    Value::map([("id", Value::from(id)), ("type", "public-key".into())])
}

/// A PublicKeyCredentialUserEntity, with or without the names.
pub(super) fn describe(user: &User, names: bool) -> Value {
    let mut map = vec![("id", Value::Bytes(user.id.clone()))];
    if names {
        map.extend(user.name.clone().map(|name| ("name", name.into())));
        map.extend(user.display_name.clone().map(|name| ("displayName", name.into())));
    }
    Value::map(map)
}
