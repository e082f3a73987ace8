//! The seam: what this tool asks of a FIDO2 key, typed.

use super::Error;
use super::info::Info;
use super::pin::{Attempt, Permissions, Token};
use super::types::{
    Assertion, AssertionRequest, Capture, CredentialCount, Descriptor, Fingerprint, MadeCredential, NewCredential,
    PinRule, Retries, Sensor, StoredCredential, StoredRelyingParty, User,
};
use crate::keys;
use crate::secret::Password;

/// An open FIDO2 key. Every call blocks until the key has answered, the time is up or the person interrupts; then the
/// key has been told to give up, and can be used again.
///
/// `touch` is called when the key waits for a touch, once for each command that does.
///
/// A PIN is spent in exactly one place, the [`Attempt`] that is given away; commands carry the [`Token`] it bought.
pub trait Authenticator {
    /// What the key says of itself, asked anew.
    ///
    /// # Errors
    /// As every method: those of the way to the key, and [`Error::Malformed`].
    fn info(&mut self) -> Result<Info, Error>;

    /// PIN tries left. [`Error::NotSupported`] where the key takes no PIN.
    fn pin_retries(&mut self) -> Result<Retries, Error>;

    /// Fingerprint tries left. [`Error::NotSupported`] where the key has no sensor.
    fn uv_retries(&mut self) -> Result<Retries, Error>;

    /// Sets the first PIN. [`Error::PinAlreadySet`], [`Error::BadPin`], [`Error::PinPolicy`].
    fn set_pin(&mut self, new: &Password) -> Result<(), Error>;

    /// Changes the PIN; one attempt. The new one is checked before. Errors as [`Authenticator::token`] and
    /// [`Authenticator::set_pin`].
    fn change_pin(&mut self, current: Attempt<'_>, new: &Password) -> Result<(), Error>;

    /// Buys a token with the PIN; one attempt. The tries left are read before: nothing is sent when there is none
    /// ([`Error::PinBlocked`]), the key must be unplugged first ([`Error::PinAuthBlocked`]), or only one is left
    /// ([`Error::LastTry`], unless the attempt says otherwise). On a key of CTAP 2.0 the token is not limited.
    ///
    /// [`Error::PinWrong`], [`Error::PinNotSet`], [`Error::PinMustChange`], [`Error::BadPin`].
    fn token(&mut self, pin: Attempt<'_>, permissions: Permissions, rp_id: Option<&str>) -> Result<Token, Error>;

    /// Buys a token with a fingerprint. [`Error::UvWrong`], [`Error::UvBlocked`], [`Error::NotSupported`].
    fn uv_token(
        &mut self,
        permissions: Permissions,
        rp_id: Option<&str>,
        touch: &mut dyn FnMut(),
    ) -> Result<Token, Error>;

    /// Finds out whether the PIN is right; one attempt. Errors as [`Authenticator::token`].
    fn verify_pin(&mut self, pin: Attempt<'_>) -> Result<(), Error>;

    /// Registers. A list of excluded credentials too long for the key is asked about in parts (the token then needs
    /// the permission to sign in, too). [`Error::Excluded`], [`Error::KeyFull`], [`Error::UnsupportedAlgorithm`],
    /// [`Error::PinRequired`], [`Error::TouchTimedOut`].
    fn make_credential(
        &mut self,
        request: &NewCredential<'_>,
        touch: &mut dyn FnMut(),
    ) -> Result<MadeCredential, Error>;

    /// Signs in; all credentials that fit, the newest first. [`Error::NoCredentials`], [`Error::TouchTimedOut`].
    fn get_assertion(
        &mut self,
        request: &AssertionRequest<'_>,
        touch: &mut dyn FnMut(),
    ) -> Result<Vec<Assertion>, Error>;

    /// How full the key is. Needs [`Permissions::CREDENTIAL_MANAGEMENT`], as the next five.
    fn credential_count(&mut self, token: &Token) -> Result<CredentialCount, Error>;

    /// Relying parties with discoverable credentials.
    fn relying_parties(&mut self, token: &Token) -> Result<Vec<StoredRelyingParty>, Error>;

    /// The discoverable credentials of the relying party whose id has this SHA-256.
    fn credentials(&mut self, token: &Token, rp_id_hash: &[u8; 32]) -> Result<Vec<StoredCredential>, Error>;

    /// Deletes a credential. [`Error::NoCredentials`].
    fn delete_credential(&mut self, token: &Token, credential: &Descriptor) -> Result<(), Error>;

    /// Changes the account's names; its id must be what it was. [`Error::NotSupported`] on keys of before CTAP 2.1.
    fn rename_user(&mut self, token: &Token, credential: &Descriptor, user: &User) -> Result<(), Error>;

    /// The fingerprint sensor. [`Error::NotSupported`] where there is none.
    fn sensor(&mut self) -> Result<Sensor, Error>;

    /// Takes a new fingerprint and returns its id. Needs [`Permissions::BIO_ENROLLMENT`], as the next three. What was
    /// begun is cancelled when it fails.
    fn enroll_fingerprint(&mut self, token: &Token, progress: &mut dyn FnMut(Capture)) -> Result<Vec<u8>, Error>;

    /// The fingerprints on the key.
    fn fingerprints(&mut self, token: &Token) -> Result<Vec<Fingerprint>, Error>;

    /// Names a fingerprint.
    fn rename_fingerprint(&mut self, token: &Token, id: &[u8], name: &str) -> Result<(), Error>;

    /// Removes a fingerprint.
    fn remove_fingerprint(&mut self, token: &Token, id: &[u8]) -> Result<(), Error>;

    /// Has the key verify its user always, or no longer. Says whether anything changed. Configuration needs
    /// [`Permissions::CONFIGURATION`]; no token where no PIN is set.
    fn set_always_uv(&mut self, token: Option<&Token>, on: bool) -> Result<bool, Error>;

    /// Sets the rule for PINs. [`Error::PinPolicy`] for a shorter minimum than there is.
    fn set_pin_rule(&mut self, token: Option<&Token>, rule: &PinRule) -> Result<(), Error>;

    /// Has the key attest itself to relying parties of its owner's enterprise. Says whether anything changed.
    fn enable_enterprise_attestation(&mut self, token: Option<&Token>) -> Result<bool, Error>;

    /// The large-blob array: CBOR, its checksum proved and taken off. [`Error::LargeBlobDamaged`].
    fn large_blobs(&mut self) -> Result<Vec<u8>, Error>;

    /// Replaces the large-blob array, given without its checksum. Needs [`Permissions::LARGE_BLOB_WRITE`] where a PIN
    /// is set. [`Error::LargeBlobFull`].
    fn set_large_blobs(&mut self, token: Option<&Token>, array: &[u8]) -> Result<(), Error>;

    /// Wipes the key: all credentials, the PIN, the fingerprints. Most keys take it only within 10 s of being plugged
    /// in: [`Error::NotAllowed`].
    fn reset(&mut self, touch: &mut dyn FnMut()) -> Result<(), Error>;

    /// Waits for a touch, to find out which key a person means.
    fn select(&mut self, touch: &mut dyn FnMut()) -> Result<(), Error>;

    /// Blinks. [`Error::NotSupported`] where it cannot.
    fn wink(&mut self) -> Result<(), Error>;

    /// Sends bytes there and back. [`Error::Malformed`] when others come back.
    fn ping(&mut self, data: &[u8]) -> Result<(), Error>;

    /// What a YubiKey's Management application says. `None` for keys of other makers, and before version 4.
    fn device_info(&mut self) -> Result<Option<keys::Device>, Error>;
}
