//! Having the key verify its user, with a fingerprint or the PIN: when, and with what.

use super::Ceremony;
use crate::fido::webauthn::Requirement;
use crate::fido::{Error, Info, Permissions, Token};
use crate::flow::failure::Cause;
use crate::unlock::fido::Error as UnlockError;

/// So often a finger is asked for before the PIN is (CTAP 2.1 §6.4, preferredPlatformUvAttempts; at least one).
const MOST_FINGERS: u64 = 3;

/// Who wants the user verified, and for what.
pub(super) struct Wanted<'a> {
    pub(super) by_party: Requirement,
    pub(super) by_key: bool,
    pub(super) permissions: Permissions,
    pub(super) rp_id: &'a str,
}

pub(super) struct Verified {
    /// What proves it; none where it was not wanted.
    pub(super) token: Option<Token>,
    /// The key does it itself, as part of the command.
    pub(super) by_the_key: bool,
}

/// Whether the key makes no credential without (CTAP 2.1 §6.1.2, makeCredUvNotRqd).
pub(super) fn needed_to_register(info: &Info, resident: bool) -> bool {
    let protected = info.pin_set() == Some(true) || info.has("uv");
    info.has("alwaysUv") || protected && (resident || !info.has("makeCredUvNotRqd"))
}

/// Whether the key signs nothing without.
pub(super) fn needed_to_sign(info: &Info) -> bool {
    info.has("alwaysUv")
}

/// Verifies the user as far as it is wanted and the key can.
pub(super) fn verify_user(wanted: &Wanted<'_>, info: &Info, ceremony: &mut Ceremony<'_>) -> Result<Verified, Cause> {
    let without = Verified { token: None, by_the_key: false };
    if wanted.by_party == Requirement::Discouraged && !wanted.by_key {
        return Ok(without);
    }
    if info.has("uv") {
        if !info.has("pinUvAuthToken") {
            return Ok(Verified { by_the_key: true, ..without });
        }
        if let Some(token) = with_a_finger(wanted, info, ceremony)? {
            return Ok(Verified { token: Some(token), ..without });
        }
    }
    if info.pin_set() == Some(true) {
        let token = ceremony.token(wanted.permissions, Some(wanted.rp_id))?;
        return Ok(Verified { token: Some(token), ..without });
    }
    if wanted.by_party == Requirement::Required || wanted.by_key {
        return Err(failed(Error::PinNotSet, ceremony));
    }
    Ok(without)
}

/// `None`: the key wants the PIN by now.
fn with_a_finger(wanted: &Wanted<'_>, info: &Info, ceremony: &mut Ceremony<'_>) -> Result<Option<Token>, Cause> {
    for _ in 0..info.preferred_uv_attempts.unwrap_or(1).clamp(1, MOST_FINGERS) {
        let token = ceremony.touched(|key, touch| key.uv_token(wanted.permissions, Some(wanted.rp_id), touch));
        match token {
            Err(Cause::Fido(UnlockError::Fido { cause: Error::UvWrong { .. }, .. })) => {}
            Err(Cause::Fido(UnlockError::Fido { cause: Error::UvBlocked, .. })) => break,
            token => return token.map(Some),
        }
    }
    if info.pin_set() == Some(true) { Ok(None) } else { Err(failed(Error::UvBlocked, ceremony)) }
}

fn failed(cause: Error, ceremony: &Ceremony<'_>) -> Cause {
    Cause::Fido(UnlockError::Fido { key: Some(ceremony.key.id.clone()), cause })
}
