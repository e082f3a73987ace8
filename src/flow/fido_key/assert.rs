//! Signing in: what a browser does between a relying party and a key (WebAuthn L3 §5.1.4), for one key.

use super::register::descriptors;
use super::verifying::{self, Wanted};
use super::{Ceremony, Trouble, patience};
use crate::fido::webauthn::{
    AssertionResponse, Ceremony as Kind, ClientData, Error, LargeBlob, Origin, Prf, PrfResults, RequestOptions,
    Salts, Used,
};
use crate::fido::{Assertion, AssertionRequest, Descriptor, Info, Permissions, Token};
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
) -> Result<AssertionResponse, Trouble> {
    let rp_id = options.rp_id(origin).map_err(Trouble::Options)?;
    let info = ceremony.info()?;
    check_prf(options)?;
    let wanted = Wanted {
        by_party: options.user_verification,
        by_key: verifying::needed_to_sign(&info),
        permissions: Permissions::GET_ASSERTION,
        rp_id: &rp_id,
    };
    let verified = verifying::verify_user(&wanted, &info, ceremony)?;
    let mut allow = descriptors(&options.allow);
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
        timeout: patience(options.timeout),
        ..AssertionRequest::new(&rp_id, &hash)
    };
    let assertions = ceremony.touched(|key, touch| key.get_assertion(&request, touch))?;
    let assertion = choose(assertions, account)?;
    let used = Used {
        prf: assertion.hmac_secret.as_deref().and_then(|outputs| results(outputs)),
        // Large blobs are kept by the key and sealed by whoever wrote them; that is not done here.
        blob: None,
        written: matches!(options.extensions.large_blob, Some(LargeBlob::Write(_))).then_some(false),
    };
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

/// What §10.1.4 says of prf's input, before anything is done.
fn check_prf(options: &RequestOptions) -> Result<(), Trouble> {
    let Some(prf) = &options.extensions.prf else { return Ok(()) };
    let listed = |id: &[u8]| options.allow.iter().any(|allowed| allowed.id == id);
    if prf.eval_by_credential.iter().all(|(id, _)| listed(id)) {
        return Ok(());
    }
    let expected = "about credentials of \"allowCredentials\"";
    Err(Trouble::Options(Error::Wrong { member: "extensions.prf.evalByCredential".to_owned(), expected }))
}

/// Which salts are meant. Where they depend on the credential, the key is first asked, without a touch, which it has.
fn salts<'o>(
    prf: &'o Prf,
    allow: &mut Vec<Descriptor>,
    rp_id: &str,
    token: Option<&Token>,
    ceremony: &mut Ceremony<'_>,
) -> Result<Option<&'o Salts>, Trouble> {
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
fn choose(mut found: Vec<Assertion>, account: Option<&str>) -> Result<Assertion, Trouble> {
    let name = |one: &Assertion| one.user.as_ref().and_then(|user| user.name.clone()).unwrap_or_default();
    let names = found.iter().map(name).collect::<Vec<_>>();
    let meant = match account {
        // A key tells the names only where there are several to choose from.
        Some(_) if found.len() == 1 && names.iter().all(String::is_empty) => Some(0),
        Some(account) => names.iter().position(|name| name == account),
        None if found.len() > 1 => return Err(Trouble::SeveralAccounts { names }),
        None => Some(0),
    };
    match meant.filter(|nth| *nth < found.len()) {
        Some(nth) => Ok(found.swap_remove(nth)),
        None => Err(Trouble::NoSuchAccount { names }),
    }
}
