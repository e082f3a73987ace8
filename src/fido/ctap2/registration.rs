//! authenticatorMakeCredential (CTAP 2.1 §6.1).

use super::{Ctap2, cmd, descriptor, map, secret, user_entity};
use crate::fido::Error;
use crate::fido::auth_data::AuthData;
use crate::fido::cbor::Value;
use crate::fido::fields::Fields;
use crate::fido::types::{MadeCredential, NewCredential, NewExtensions};

impl Ctap2 {
    /// Registers. A list of excluded credentials too long for the key is asked about in parts (the token then needs
    /// the permission to sign in, too). [`Error::Excluded`], [`Error::KeyFull`], [`Error::UnsupportedAlgorithm`],
    /// [`Error::PinRequired`], [`Error::TouchTimedOut`].
    pub fn make_credential(
        &mut self,
        new: &NewCredential<'_>,
        touch: &mut dyn FnMut(),
    ) -> Result<MadeCredential, Error> {
        let exclude = self.short_list(&new.rp.id, new.exclude, new.token)?;
        let proof = new.token.map(|token| token.authenticate(new.client_data_hash)).transpose()?;
        let request = map([
            (0x01, Some(Value::from(new.client_data_hash.as_slice()))),
            (0x02, Some(rp(new))),
            (0x03, Some(user_entity(new.user))),
            (0x04, Some(Value::array(new.algorithms.iter().map(|alg| algorithm(*alg))))),
            (0x05, (!exclude.is_empty()).then(|| Value::array(exclude.iter().map(descriptor)))),
            (0x06, extensions(&new.extensions)),
            (0x07, options(new)),
            (0x08, proof.map(Value::from)),
            (0x09, new.token.map(|token| Value::Uint(token.protocol().number().into()))),
            (0x0A, new.enterprise.map(|kind| Value::Uint(kind.into()))),
        ]);
        let answer = self.ask_person(cmd::MAKE_CREDENTIAL, Some(&request), new.timeout, touch)?;
        made(&Fields::new(&answer, "registration")?)
    }
}

fn rp(new: &NewCredential<'_>) -> Value {
    let mut entries = vec![("id", Value::from(new.rp.id.as_str()))];
    entries.extend(new.rp.name.as_deref().map(|name| ("name", Value::from(name))));
    Value::map(entries)
}

fn algorithm(alg: i64) -> Value {
    Value::map([("alg", Value::from(alg)), ("type", Value::from("public-key"))])
}

/// Options are sent only where they are on: old keys refuse some of them altogether.
fn options(new: &NewCredential<'_>) -> Option<Value> {
    let wanted = [("rk", new.resident), ("uv", new.built_in_uv && new.token.is_none())];
    let on: Vec<_> = wanted.into_iter().filter(|(_, on)| *on).collect();
    (!on.is_empty()).then(|| Value::map(on))
}

fn extensions(wanted: &NewExtensions) -> Option<Value> {
    let entries = [
        ("credProtect", wanted.cred_protect.map(|level| Value::Uint(level.into()))),
        ("credBlob", wanted.cred_blob.clone().map(Value::from)),
        ("hmac-secret", wanted.hmac_secret.then(|| true.into())),
        ("largeBlobKey", wanted.large_blob_key.then(|| true.into())),
        ("minPinLength", wanted.min_pin_length.then(|| true.into())),
    ];
    let entries: Vec<_> = entries.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    (!entries.is_empty()).then(|| Value::map(entries))
}

pub(super) fn made(answer: &Fields<'_>) -> Result<MadeCredential, Error> {
    let signed = answer.need(0x02, Value::as_bytes)?.to_vec();
    let auth_data = AuthData::parse(&signed)?;
    if auth_data.credential.is_none() {
        return Err(answer.malformed());
    }
    Ok(MadeCredential {
        format: answer.text(0x01)?.ok_or(answer.malformed())?,
        auth_data,
        signed,
        statement: answer.get(0x03).cloned().unwrap_or(Value::Map(Vec::new())),
        enterprise: answer.truth(0x04)?.unwrap_or(false),
        large_blob_key: secret(answer, 0x05)?,
    })
}
