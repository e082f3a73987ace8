//! Authenticator data (WebAuthn L3 §6.1): what a key signs. Reads it out of bytes that a key sent, and knows
//! neither the command it answers nor whether the signature over it is good.

use super::cbor::{self, Value};
use super::cose::{self, PublicKey};
use std::fmt;
use std::str::FromStr;

/// The identifier of a model of authenticator, shown as a UUID. All zeros: not said.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aaguid(pub [u8; 16]);

impl Aaguid {
    /// Of keys that do not say what model they are: U2F keys, and after attestation was stripped.
    pub const ZERO: Self = Self([0; 16]);
}

impl fmt::Display for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Aaguid({self})")
    }
}

/// Text that is not 32 hexadecimal digits, with or without the hyphens of a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an AAGUID is 32 hexadecimal digits")]
pub struct NotAnAaguid;

impl FromStr for Aaguid {
    type Err = NotAnAaguid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|_| NotAnAaguid)?;
        <[u8; 16]>::try_from(bytes).map(Self).map_err(|_| NotAnAaguid)
    }
}

/// The byte of flags (§6.1). Bits 1 and 5 are reserved and say nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// UP.
    pub const USER_PRESENT: u8 = 0x01;
    /// UV.
    pub const USER_VERIFIED: u8 = 0x04;
    /// BE.
    pub const BACKUP_ELIGIBLE: u8 = 0x08;
    pub const BACKED_UP: u8 = 0x10;
    /// AT.
    pub const ATTESTED_CREDENTIAL: u8 = 0x40;
    pub const EXTENSIONS: u8 = 0x80;

    const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }

    #[must_use]
    pub const fn user_present(self) -> bool {
        self.has(Self::USER_PRESENT)
    }

    /// A PIN or a fingerprint was right.
    #[must_use]
    pub const fn user_verified(self) -> bool {
        self.has(Self::USER_VERIFIED)
    }

    /// The credential may be copied elsewhere: never so on a hardware key.
    #[must_use]
    pub const fn backup_eligible(self) -> bool {
        self.has(Self::BACKUP_ELIGIBLE)
    }

    /// The credential has been copied elsewhere.
    #[must_use]
    pub const fn backed_up(self) -> bool {
        self.has(Self::BACKED_UP)
    }

    #[must_use]
    pub const fn attested_credential(self) -> bool {
        self.has(Self::ATTESTED_CREDENTIAL)
    }

    #[must_use]
    pub const fn extensions(self) -> bool {
        self.has(Self::EXTENSIONS)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthData {
    /// SHA-256 of the relying party's id.
    pub rp_id_hash: [u8; 32],
    pub flags: Flags,
    /// The signature counter. A key that does not count says 0 always.
    pub counter: u32,
    /// The new credential: in registrations only.
    pub credential: Option<AttestedCredential>,
    pub extensions: Option<Value>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedCredential {
    pub aaguid: Aaguid,
    /// At most 1023 bytes.
    pub id: Vec<u8>,
    /// The public key, a COSE_Key in CBOR, as the key wrote it.
    pub cose_key: Vec<u8>,
}

impl AttestedCredential {
    /// The public key.
    ///
    /// # Errors
    /// A type of key that is not verified here, or one that is none.
    pub fn public_key(&self) -> Result<PublicKey, cose::Error> {
        PublicKey::from_cbor(&self.cose_key)
    }
}

/// Why bytes are not authenticator data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("authenticator data ends too early")]
    Truncated,
    /// A credential id longer than 1023 bytes (§4): no key makes those.
    #[error("a credential id of {len} bytes; 1023 is the most")]
    CredentialIdTooLong { len: usize },
    #[error("authenticator data holds bad CBOR: {0}")]
    Cbor(cbor::Error),
    #[error("the credential's public key is not a COSE key")]
    KeyNotMap,
    #[error("the extension outputs are not a map")]
    ExtensionsNotMap,
    #[error("{len} bytes after the end of the authenticator data")]
    Trailing { len: usize },
}

impl From<cbor::Error> for Error {
    fn from(error: cbor::Error) -> Self {
        Self::Cbor(error)
    }
}

/// The longest credential id (§4 "Credential ID").
pub const MAX_CREDENTIAL_ID: usize = 1023;

impl AuthData {
    /// Takes `bytes` apart; all of them must be used up. Map keys may come in any order: what was signed is the
    /// bytes, and early firmware did not sort.
    ///
    /// # Errors
    /// Bytes that do not hold what their flags announce, or hold more.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let mut rest = bytes;
        let rp_id_hash = *take_array::<32>(&mut rest)?;
        let [flags] = *take_array::<1>(&mut rest)?;
        let flags = Flags(flags);
        let counter = u32::from_be_bytes(*take_array::<4>(&mut rest)?);
        let credential = flags.attested_credential().then(|| credential(&mut rest)).transpose()?;
        let extensions = flags.extensions().then(|| extensions(&mut rest)).transpose()?;
        if rest.is_empty() {
            Ok(Self { rp_id_hash, flags, counter, credential, extensions })
        } else {
            Err(Error::Trailing { len: rest.len() })
        }
    }

    /// The bytes of this. Of what [`AuthData::parse`] read, the same bytes, if its extensions were canonical.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let set = |there: bool, bit: u8| if there { bit } else { 0 };
        let announced = Flags::ATTESTED_CREDENTIAL | Flags::EXTENSIONS;
        let flags = self.flags.0 & !announced
            | set(self.credential.is_some(), Flags::ATTESTED_CREDENTIAL)
            | set(self.extensions.is_some(), Flags::EXTENSIONS);
        let mut out = self.rp_id_hash.to_vec();
        out.push(flags);
        out.extend(self.counter.to_be_bytes());
        if let Some(credential) = &self.credential {
            let len = u16::try_from(credential.id.len()).unwrap_or(u16::MAX);
            out.extend(credential.aaguid.0);
            out.extend(len.to_be_bytes());
            out.extend(credential.id.iter().take(usize::from(len)));
            out.extend(&credential.cose_key);
        }
        if let Some(extensions) = &self.extensions {
            out.extend(cbor::encode(extensions));
        }
        out
    }

    #[must_use]
    pub fn extension(&self, name: &str) -> Option<&Value> {
        self.extensions.as_ref()?.get_text(name)
    }
}

fn credential(rest: &mut &[u8]) -> Result<AttestedCredential, Error> {
    let aaguid = Aaguid(*take_array::<16>(rest)?);
    let len = usize::from(u16::from_be_bytes(*take_array::<2>(rest)?));
    if len > MAX_CREDENTIAL_ID {
        return Err(Error::CredentialIdTooLong { len });
    }
    let id = take(rest, len)?.to_vec();
    let (key, used) = cbor::decode_lenient(rest)?;
    if key.as_map().is_none() {
        return Err(Error::KeyNotMap);
    }
    Ok(AttestedCredential { aaguid, id, cose_key: take(rest, used)?.to_vec() })
}

fn extensions(rest: &mut &[u8]) -> Result<Value, Error> {
    let (value, used) = cbor::decode_lenient(rest)?;
    take(rest, used)?;
    if value.as_map().is_some() { Ok(value) } else { Err(Error::ExtensionsNotMap) }
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Result<&'a [u8], Error> {
    let (taken, left) = rest.split_at_checked(len).ok_or(Error::Truncated)?;
    *rest = left;
    Ok(taken)
}

fn take_array<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Error> {
    let (taken, left) = rest.split_first_chunk::<N>().ok_or(Error::Truncated)?;
    *rest = left;
    Ok(taken)
}
