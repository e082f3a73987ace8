//! A registration: what a browser does between a relying party and a key (WebAuthn L3 §5.1.3), for one key.

use super::verifying::{self, Wanted};
use super::{Ceremony, answer_lost, ceremony_timeout};
use crate::fido::attestation::AttestationObject;
use crate::fido::webauthn::{
    Attachment, Ceremony as Kind, ClientData, Conveyance, CreationOptions, Expected, Made, Origin, Refusal,
    Registered, RegistrationResponse, Requirement, verify_registration,
};
use crate::fido::{Descriptor, EDDSA, ES256, Info, MadeCredential, NewCredential, NewExtensions, Permissions};
use crate::fido::{RelyingParty, User, webauthn};
use crate::flow::failure::{Cause, FidoRefusal};
use crate::unlock::fido::Error as UnlockError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub response: RegistrationResponse,
    /// The same, checked as a relying party checks it.
    pub registered: Registered,
    /// The key keeps the credential and finds it by itself.
    pub discoverable: bool,
    /// Whatever the relying party wanted of the attestation: the statement as the key gave it, and what it signed.
    pub attestation: (AttestationObject, [u8; 32]),
}

/// Makes a credential.
///
/// # Errors
/// What the relying party wants and the key cannot give, before anything is asked of a person; then what the key says.
pub fn register(
    options: &CreationOptions,
    origin: &Origin,
    ceremony: &mut Ceremony<'_>,
) -> Result<Registration, Cause> {
    let rp_id = options.rp_id(origin).map_err(FidoRefusal::Options)?;
    let info = ceremony.info()?;
    let plan = Plan::of(options, &info)?;
    let required = Wanted {
        by_party: options.selection.user_verification,
        by_key: verifying::needed_to_register(&info, plan.resident),
        permissions: plan.permissions(),
        rp_id: &rp_id,
    };
    let verified = verifying::verify_user(&required, &info, ceremony)?;
    let client_data = ClientData::new(Kind::Create, &options.challenge, origin);
    let hash = client_data.hash();
    let request = NewCredential {
        client_data_hash: &hash,
        rp: &RelyingParty { id: rp_id.clone(), name: Some(options.rp.name.clone()) },
        user: &User {
            id: options.user.id.clone(),
            name: Some(options.user.name.clone()),
            display_name: Some(options.user.display_name.clone()),
        },
        algorithms: &plan.algorithms,
        exclude: &plan.exclude,
        resident: plan.resident,
        built_in_uv: verified.by_the_key,
        enterprise: plan.enterprise,
        extensions: plan.extensions.clone(),
        token: verified.token.as_ref(),
        timeout: ceremony_timeout(options.timeout),
    };
    let made = ceremony.touched(|key, touch| key.make_credential(&request, touch));
    let made = made.map_err(|error| perhaps_made(plan.resident, error))?;
    let object = object(&made);
    let response = RegistrationResponse::new(options, &client_data, object.clone(), plan.made(&made, &info))
        .map_err(|error| FidoRefusal::Refused(Refusal::AuthData(error)))?;
    let expected = Expected {
        challenge: &options.challenge,
        origin,
        rp_id: &rp_id,
        user_verification: options.selection.user_verification == Requirement::Required,
        algorithms: &plan.algorithms,
    };
    let registered = verify_registration(&expected, &response).map_err(FidoRefusal::Refused)?;
    Ok(Registration { response, registered, discoverable: plan.resident, attestation: (object, hash) })
}

/// What is not discoverable is kept by nobody when its answer is lost.
fn perhaps_made(resident: bool, error: Cause) -> Cause {
    match error {
        Cause::Fido(UnlockError::Fido { cause, .. }) if resident && answer_lost(&cause) => {
            FidoRefusal::PerhapsMade(cause).into()
        }
        error => error,
    }
}

fn object(made: &MadeCredential) -> AttestationObject {
    AttestationObject { fmt: made.format.clone(), auth_data: made.signed.clone(), statement: made.statement.clone() }
}

/// What is asked of the key, out of what the relying party wants and what the key has.
struct Plan {
    algorithms: Vec<i64>,
    exclude: Vec<Descriptor>,
    resident: bool,
    enterprise: Option<u8>,
    extensions: NewExtensions,
}

impl Plan {
    fn of(options: &CreationOptions, info: &Info) -> Result<Self, Cause> {
        if options.selection.attachment == Some(Attachment::Platform) {
            return Err(FidoRefusal::PlatformWanted.into());
        }
        let key = (!info.algorithms.is_empty()).then_some(info.algorithms.as_slice());
        options.choose_algorithm(key).map_err(FidoRefusal::Options)?;
        let has = |alg: &i64| matches!(*alg, ES256 | EDDSA) && key.is_none_or(|key| key.contains(alg));
        let resident = resident(options.selection.resident_key, info)?;
        let enterprise = options.attestation == Conveyance::Enterprise && info.has("ep");
        Ok(Self {
            algorithms: options.algorithms.iter().copied().filter(has).collect(),
            exclude: options.exclude.clone(),
            resident,
            // By the maker's list of relying parties: there is none of ours.
            enterprise: enterprise.then_some(1),
            extensions: extensions(options, info, resident)?,
        })
    }

    /// A list that is too long for the key is asked about first, which is signing in.
    fn permissions(&self) -> Permissions {
        let registering = Permissions::MAKE_CREDENTIAL;
        if self.exclude.is_empty() { registering } else { registering | Permissions::GET_ASSERTION }
    }

    fn made(&self, made: &MadeCredential, info: &Info) -> Made {
        let mut transports = info.transports.clone();
        if transports.is_empty() {
            transports.push("usb".to_owned());
        }
        Made { resident: Some(self.resident), large_blob: made.large_blob_key.is_some(), transports }
    }
}

/// "Preferred" is where it is possible: on a key that is full it is not.
fn resident(wanted: Requirement, info: &Info) -> Result<bool, Cause> {
    match wanted {
        Requirement::Required if !info.has("rk") => Err(FidoRefusal::NotDiscoverable.into()),
        Requirement::Required => Ok(true),
        Requirement::Preferred => Ok(info.has("rk") && info.remaining_credentials != Some(0)),
        Requirement::Discouraged => Ok(false),
    }
}

fn extensions(options: &CreationOptions, info: &Info, resident: bool) -> Result<NewExtensions, Cause> {
    let wanted = &options.extensions;
    let protects = info.extends("credProtect");
    let optional = wanted.protection == Some(webauthn::ProtectionPolicy::Optional);
    if wanted.enforce_protection && wanted.protection.is_some() && !optional && !protects {
        return Err(FidoRefusal::NoProtection.into());
    }
    let large_blob = info.has("largeBlobs") && info.extends("largeBlobKey") && resident;
    if wanted.large_blob == Some(Requirement::Required) && !large_blob {
        return Err(FidoRefusal::NoLargeBlob.into());
    }
    Ok(NewExtensions {
        cred_protect: wanted.protection.filter(|_| protects).map(webauthn::ProtectionPolicy::level),
        hmac_secret: wanted.hmac_secret && info.extends("hmac-secret"),
        min_pin_length: wanted.min_pin_length && info.extends("minPinLength"),
        large_blob_key: wanted.large_blob.is_some() && large_blob,
        cred_blob: None,
    })
}
