//! `RegistrationResponseJSON` and `AuthenticationResponseJSON` (WebAuthn L3 §5.1): written from what a key answered,
//! and read back for checking.

use super::client_data::ClientData;
use super::members::{Members, decode};
use super::options::{Conveyance, CreationOptions, Error, RequestOptions};
use crate::fido::attestation::{AttestationObject, Reason, credential_key};
use crate::fido::auth_data::{self, AuthData};
use crate::fido::cbor;
use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// What came of a registration, beside the attestation object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Whether the credential is discoverable, where that is known.
    pub resident: Option<bool>,
    pub large_blob: bool,
    /// How the key can be reached, like "usb" and "nfc".
    pub transports: Vec<String>,
}

/// prf's outputs. Secret: they go to whoever asked, and nowhere else.
pub struct PrfResults {
    /// For the first salt.
    pub first: Zeroizing<Vec<u8>>,
    pub second: Option<Zeroizing<Vec<u8>>>,
}

/// What came of an assertion's extensions.
#[derive(Default)]
pub struct Used {
    pub prf: Option<PrfResults>,
    pub blob: Option<Vec<u8>>,
    pub written: Option<bool>,
}

/// A registration, as it goes to the relying party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrationResponse {
    pub id: Vec<u8>,
    pub client_data: Vec<u8>,
    pub object: AttestationObject,
    pub transports: Vec<String>,
    pub extensions: Map<String, Value>,
}

impl RegistrationResponse {
    /// Puts together what goes back, with as much attestation as the options ask for.
    ///
    /// # Errors
    /// What the key made cannot be read.
    pub fn new(
        options: &CreationOptions,
        client_data: &ClientData,
        object: AttestationObject,
        made: Made,
    ) -> Result<Self, auth_data::Error> {
        let data = AuthData::parse(&object.auth_data)?;
        let credential = data.credential.as_ref().ok_or(auth_data::Error::Truncated)?;
        let id = credential.id.clone();
        let extensions = registration_results(options, &data, &made);
        let object = if options.attestation == Conveyance::None { object.stripped()? } else { object };
        let Made { mut transports, .. } = made;
        // §5.2.1.1: sorted, each once.
        transports.sort();
        transports.dedup();
        Ok(Self { id, client_data: client_data.as_bytes().to_vec(), object, transports, extensions })
    }

    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut response = json!({
            "clientDataJSON": BASE64URL_NOPAD.encode(&self.client_data),
            "attestationObject": BASE64URL_NOPAD.encode(&self.object.to_bytes()),
            "authenticatorData": BASE64URL_NOPAD.encode(&self.object.auth_data),
            "transports": self.transports,
        });
        // §5.2.1: a key of an algorithm that is not understood here is left out, not made up.
        if let (Ok(key), Some(members)) = (credential_key(&self.object), response.as_object_mut()) {
            members.insert("publicKey".to_owned(), BASE64URL_NOPAD.encode(&key.to_spki()).into());
            members.insert("publicKeyAlgorithm".to_owned(), key.algorithm().into());
        }
        credential_json(&self.id, &self.extensions, &response)
    }

    /// Reads such JSON. What it repeats from the attestation object is not used.
    ///
    /// # Errors
    /// The member that is missing or wrong.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let value = parse(json)?;
        let top = object(&value)?;
        let (id, response) = common(&top)?;
        let object = AttestationObject::from_bytes(&response.bytes("attestationObject")?)
            .map_err(|_: Reason| response.wrong("attestationObject", "an attestation object in base64url"))?;
        let transports = response.array("transports")?.unwrap_or_default();
        Ok(Self {
            id,
            client_data: response.bytes("clientDataJSON")?,
            object,
            transports: transports.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect(),
            extensions: results(&top)?,
        })
    }
}

fn registration_results(options: &CreationOptions, data: &AuthData, made: &Made) -> Map<String, Value> {
    let wanted = &options.extensions;
    let mut results = Map::new();
    if wanted.cred_props {
        let rk = made.resident.map_or_else(|| json!({}), |rk| json!({ "rk": rk }));
        results.insert("credProps".to_owned(), rk);
    }
    if wanted.hmac_secret {
        let there = data.extension("hmac-secret").and_then(cbor::Value::as_bool).unwrap_or(false);
        if wanted.prf.is_some() {
            results.insert("prf".to_owned(), json!({ "enabled": there }));
        } else {
            results.insert("hmacCreateSecret".to_owned(), there.into());
        }
    }
    if wanted.large_blob.is_some() {
        results.insert("largeBlob".to_owned(), json!({ "supported": made.large_blob }));
    }
    results
}

/// An assertion, as it goes to the relying party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssertionResponse {
    pub id: Vec<u8>,
    pub client_data: Vec<u8>,
    pub auth_data: Vec<u8>,
    /// Over the authenticator data and the client data's hash.
    pub signature: Vec<u8>,
    /// The user's id, from discoverable credentials.
    pub user_handle: Option<Vec<u8>>,
    /// clientExtensionResults. May hold secrets: prf's outputs.
    pub extensions: Map<String, Value>,
}

impl AssertionResponse {
    /// Adds the outputs of the extensions that were asked for.
    #[must_use]
    pub fn with(mut self, options: &RequestOptions, used: &Used) -> Self {
        if let (Some(_), Some(PrfResults { first, second })) = (&options.extensions.prf, &used.prf) {
            let mut values = Map::new();
            values.insert("first".to_owned(), BASE64URL_NOPAD.encode(first).into());
            if let Some(second) = second {
                values.insert("second".to_owned(), BASE64URL_NOPAD.encode(second).into());
            }
            self.extensions.insert("prf".to_owned(), json!({ "results": values }));
        }
        if options.extensions.large_blob.is_some() {
            let mut outputs = Map::new();
            if let Some(blob) = &used.blob {
                outputs.insert("blob".to_owned(), BASE64URL_NOPAD.encode(blob).into());
            }
            if let Some(written) = used.written {
                outputs.insert("written".to_owned(), written.into());
            }
            self.extensions.insert("largeBlob".to_owned(), outputs.into());
        }
        self
    }

    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut response = json!({
            "clientDataJSON": BASE64URL_NOPAD.encode(&self.client_data),
            "authenticatorData": BASE64URL_NOPAD.encode(&self.auth_data),
            "signature": BASE64URL_NOPAD.encode(&self.signature),
        });
        if let (Some(handle), Some(members)) = (&self.user_handle, response.as_object_mut()) {
            members.insert("userHandle".to_owned(), BASE64URL_NOPAD.encode(handle).into());
        }
        credential_json(&self.id, &self.extensions, &response)
    }

    /// Reads such JSON.
    ///
    /// # Errors
    /// The member that is missing or wrong.
    pub fn from_json(json: &[u8]) -> Result<Self, Error> {
        let value = parse(json)?;
        let top = object(&value)?;
        let (id, response) = common(&top)?;
        Ok(Self {
            id,
            client_data: response.bytes("clientDataJSON")?,
            auth_data: response.bytes("authenticatorData")?,
            signature: response.bytes("signature")?,
            user_handle: response.optional_bytes("userHandle")?,
            extensions: results(&top)?,
        })
    }
}

fn credential_json(id: &[u8], extensions: &Map<String, Value>, response: &Value) -> Value {
    let id = BASE64URL_NOPAD.encode(id);
    json!({
        "id": id,
        "rawId": id,
        "type": "public-key",
        "authenticatorAttachment": "cross-platform",
        "clientExtensionResults": extensions,
        "response": response,
    })
}

fn parse(json: &[u8]) -> Result<Value, Error> {
    serde_json::from_slice(json).map_err(|error| Error::NotJson { line: error.line() })
}

fn object(value: &Value) -> Result<Members<'_>, Error> {
    let object = value.as_object();
    let object = object.ok_or(Error::Wrong { member: "response".to_owned(), expected: "an object" })?;
    Ok(Members { object, path: String::new() })
}

/// "id" and "rawId" must agree, "type" must be the one there is.
fn common<'a>(top: &Members<'a>) -> Result<(Vec<u8>, Members<'a>), Error> {
    if top.text("type")? != "public-key" {
        return Err(top.wrong("type", "\"public-key\""));
    }
    let id = top.bytes("id")?;
    if decode(&top.text("rawId")?).as_deref() != Some(id.as_slice()) {
        return Err(top.wrong("rawId", "the same as \"id\""));
    }
    Ok((id, top.object("response")?))
}

fn results(top: &Members<'_>) -> Result<Map<String, Value>, Error> {
    Ok(top.optional_object("clientExtensionResults")?.map_or_else(Map::new, |results| results.object.clone()))
}
