//! Signing in: what a browser does between a relying party and a key (WebAuthn L3 §5.1.4), for one key.

use super::verifying::{self, Wanted};
use super::{Ceremony, ceremony_timeout};
use crate::fido::webauthn::{
    AssertionResponse, Ceremony as Kind, ClientData, Error, LargeBlob, Origin, Prf, PrfResults, RequestOptions,
    Salts, Used,
};
use crate::fido::{self, large_blob};
use crate::fido::{Assertion, AssertionRequest, Descriptor, Info, Permissions, Token};
use crate::flow::failure::{Cause, FidoRefusal};
use zeroize::Zeroizing;

/// Signs in. `account`: which, where the key finds several by itself.
///
/// # Errors
/// What the relying party wants and cannot be had; then what the key says.
pub fn assert(
    options: &RequestOptions,
    origin: &Origin,
    account: Option<&str>,
    ceremony: &mut Ceremony<'_>,
) -> Result<AssertionResponse, Cause> {
    let rp_id = options.rp_id(origin).map_err(FidoRefusal::Options)?;
    let info = ceremony.info()?;
    check_prf(options)?;
    check_large_blob(options)?;
    let wanted = Wanted {
        by_party: options.user_verification,
        by_key: verifying::needed_to_sign(&info),
        permissions: Permissions::GET_ASSERTION,
        rp_id: &rp_id,
    };
    let verified = verifying::verify_user(&wanted, &info, ceremony)?;
    let mut allow = options.allow.clone();
    let salts = match options.extensions.prf.as_ref().filter(|_| info.extends("hmac-secret")) {
        Some(prf) => salts(prf, &mut allow, &rp_id, verified.token.as_ref(), ceremony)?,
        None => None,
    };
    let client_data = ClientData::new(Kind::Get, &options.challenge, origin);
    let hash = client_data.hash();
    let hashed = salts.map(|salts| salts.hashed());
    let request = AssertionRequest {
        allow: &allow,
        built_in_uv: verified.by_the_key,
        hmac_salts: hashed.as_deref(),
        large_blob_key: wants_blob_key(options, &info),
        token: verified.token.as_ref(),
        timeout: ceremony_timeout(options.timeout),
        ..AssertionRequest::new(&rp_id, &hash)
    };
    let assertions = ceremony.touched(|key, touch| key.get_assertion(&request, touch))?;
    let assertion = choose(assertions, account)?;
    let prf = assertion.hmac_secret.as_deref().and_then(|outputs| results(outputs));
    let blob_key = assertion.large_blob_key.as_deref().map(Vec::as_slice);
    let (blob, written) = match &options.extensions.large_blob {
        None => (None, None),
        Some(LargeBlob::Read) => (read_blob(blob_key, ceremony)?, None),
        Some(LargeBlob::Write(blob)) => (None, Some(write_blob(blob, blob_key, &info, ceremony)?)),
    };
    let used = Used { prf, blob, written };
    let response = AssertionResponse {
        id: assertion.credential_id,
        client_data: client_data.as_bytes().to_vec(),
        auth_data: assertion.signed,
        signature: assertion.signature,
        user_handle: assertion.user.map(|user| user.id),
        extensions: serde_json::Map::new(),
    };
    Ok(response.with(options, &used))
}

fn wants_blob_key(options: &RequestOptions, info: &Info) -> bool {
    options.extensions.large_blob.is_some() && info.extends("largeBlobKey")
}

/// What §10.1.5 says of a blob that is to be written: it must be known for which credential.
fn check_large_blob(options: &RequestOptions) -> Result<(), Cause> {
    let writes = matches!(options.extensions.large_blob, Some(LargeBlob::Write(_)));
    if !writes || options.allow.len() == 1 {
        return Ok(());
    }
    let expected = "for the only one of \"allowCredentials\"";
    Err(FidoRefusal::Options(Error::Wrong { member: "extensions.largeBlob.write".to_owned(), expected }).into())
}

fn read_blob(blob_key: Option<&[u8]>, ceremony: &mut Ceremony<'_>) -> Result<Option<Vec<u8>>, Cause> {
    let Some(blob_key) = blob_key else { return Ok(None) };
    let blob = ceremony.key.key.large_blobs().and_then(|array| large_blob::read(&array, blob_key));
    Ok(ceremony.key.described(blob)?)
}

/// Whether it was written: a key that has no room for it, or no large blobs, is no error to the relying party.
fn write_blob(blob: &[u8], blob_key: Option<&[u8]>, info: &Info, ceremony: &mut Ceremony<'_>) -> Result<bool, Cause> {
    let Some(blob_key) = blob_key else { return Ok(false) };
    let token = match info.pin_set() {
        Some(true) => Some(ceremony.token(Permissions::LARGE_BLOB_WRITE, None)?),
        _ => None,
    };
    let key = &mut ceremony.key.key;
    let array = key.large_blobs().and_then(|array| large_blob::written(&array, blob_key, blob));
    match array.and_then(|array| key.set_large_blobs(token.as_ref(), &array)) {
        Err(fido::Error::LargeBlobFull | fido::Error::TooLarge) => Ok(false),
        written => Ok(ceremony.key.described(written).map(|()| true)?),
    }
}

/// What §10.1.4 says of prf's input, before anything is done.
fn check_prf(options: &RequestOptions) -> Result<(), Cause> {
    let Some(prf) = &options.extensions.prf else { return Ok(()) };
    let listed = |id: &[u8]| options.allow.iter().any(|allowed| allowed.id == id);
    if prf.eval_by_credential.iter().all(|(id, _)| listed(id)) {
        return Ok(());
    }
    let expected = "about credentials of \"allowCredentials\"";
    Err(FidoRefusal::Options(Error::Wrong { member: "extensions.prf.evalByCredential".to_owned(), expected }).into())
}

/// Which salts are meant. Where they depend on the credential, the key is first asked, without a touch, which it has.
fn salts<'o>(
    prf: &'o Prf,
    allow: &mut Vec<Descriptor>,
    rp_id: &str,
    token: Option<&Token>,
    ceremony: &mut Ceremony<'_>,
) -> Result<Option<&'o Salts>, Cause> {
    if prf.eval_by_credential.is_empty() {
        return Ok(prf.eval.as_ref());
    }
    let nothing = [0; 32];
    let probe = AssertionRequest { allow, user_presence: false, token, ..AssertionRequest::new(rp_id, &nothing) };
    let found = ceremony.touched(|key, touch| key.get_assertion(&probe, touch))?;
    let Some(found) = found.into_iter().next().map(|assertion| assertion.credential_id) else { return Ok(None) };
    allow.retain(|allowed| allowed.id == found);
    let by_credential = prf.eval_by_credential.iter().find(|(id, _)| *id == found).map(|(_, salts)| salts);
    Ok(by_credential.or(prf.eval.as_ref()))
}

/// 32 bytes for each salt.
fn results(outputs: &[u8]) -> Option<PrfResults> {
    let (first, second) = outputs.split_at_checked(32)?;
    let secret = |bytes: &[u8]| Zeroizing::new(bytes.to_vec());
    Some(PrfResults { first: secret(first), second: (second.len() == 32).then(|| secret(second)) })
}

/// The only one, or the one of the account that was named.
fn choose(mut found: Vec<Assertion>, account: Option<&str>) -> Result<Assertion, Cause> {
    let name = |one: &Assertion| one.user.as_ref().and_then(|user| user.name.clone()).unwrap_or_default();
    let names = found.iter().map(name).collect::<Vec<_>>();
    let meant = match account {
        // A key tells the names only where there are several to choose from.
        Some(_) if found.len() == 1 && names.iter().all(String::is_empty) => Some(0),
        Some(account) => names.iter().position(|name| name == account),
        None if found.len() > 1 => return Err(FidoRefusal::SeveralAccounts { names }.into()),
        None => Some(0),
    };
    match meant.filter(|nth| *nth < found.len()) {
        Some(nth) => Ok(found.swap_remove(nth)),
        None => Err(FidoRefusal::NoSuchAccount { names }.into()),
    }
}
