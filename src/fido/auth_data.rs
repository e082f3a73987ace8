//! Authenticator data (WebAuthn §6.1): what a key signs. Every slice is checked.

use super::Error;
use super::cbor::{self, Value};
use std::fmt;

/// A model's identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Aaguid(pub [u8; 16]);

impl fmt::Display for Aaguid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            if matches!(place, 4 | 6 | 8 | 10) {
                f.write_str("-")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// The flags byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flags(pub u8);

impl Flags {
    /// Someone touched the key.
    #[must_use]
    pub fn user_present(self) -> bool {
        self.0 & 0x01 != 0
    }

    /// The key verified who: by PIN or fingerprint.
    #[must_use]
    pub fn user_verified(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// The credential may be backed up.
    #[must_use]
    pub fn backup_eligible(self) -> bool {
        self.0 & 0x08 != 0
    }

    /// The credential is backed up.
    #[must_use]
    pub fn backed_up(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// Attested credential data follows.
    #[must_use]
    pub fn attested(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// Extension outputs follow.
    #[must_use]
    pub fn extended(self) -> bool {
        self.0 & 0x80 != 0
    }
}

/// Authenticator data, taken apart; the bytes as signed are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthData {
    /// The bytes that were signed.
    pub raw: Vec<u8>,
    /// SHA-256 of the relying party's id.
    pub rp_id_hash: [u8; 32],
    /// Who was there.
    pub flags: Flags,
    /// The signature counter; 0 where the key has none.
    pub counter: u32,
    /// The new credential; in registrations only.
    pub attested: Option<Attested>,
    /// The extensions' outputs, in the key's order.
    pub extensions: Vec<(String, Value)>,
}

/// A new credential (WebAuthn §6.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attested {
    /// The key's model.
    pub aaguid: Aaguid,
    /// The credential's id.
    pub credential_id: Vec<u8>,
    /// Its public key, a COSE key.
    pub public_key: Value,
    /// The same, as the key encoded it.
    pub public_key_raw: Vec<u8>,
}

const MALFORMED: Error = Error::Malformed { what: "authenticator data" };
/// The longest credential id there may be (WebAuthn §4).
const MAX_CREDENTIAL_ID: usize = 1023;

impl AuthData {
    /// Takes it apart, to the last byte.
    ///
    /// # Errors
    /// [`Error::Malformed`].
    pub fn parse(raw: &[u8]) -> Result<Self, Error> {
        let (rp_id_hash, rest) = raw.split_first_chunk::<32>().ok_or(MALFORMED)?;
        let (&[flags, a, b, c, d], mut rest) = rest.split_first_chunk::<5>().ok_or(MALFORMED)?;
        let flags = Flags(flags);
        let mut attested = None;
        if flags.attested() {
            let (data, after) = Attested::parse(rest)?;
            attested = Some(data);
            rest = after;
        }
        let mut extensions = Vec::new();
        if flags.extended() {
            extensions = outputs(cbor::decode_all_lenient(rest).map_err(|_| MALFORMED)?)?;
            rest = &[];
        }
        if !rest.is_empty() {
            return Err(MALFORMED);
        }
        Ok(Self {
            raw: raw.to_vec(),
            rp_id_hash: *rp_id_hash,
            flags,
            counter: u32::from_be_bytes([a, b, c, d]),
            attested,
            extensions,
        })
    }

    /// An extension's output.
    #[must_use]
    pub fn extension(&self, name: &str) -> Option<&Value> {
        self.extensions.iter().find(|(candidate, _)| candidate == name).map(|(_, value)| value)
    }
}

impl Attested {
    fn parse(raw: &[u8]) -> Result<(Self, &[u8]), Error> {
        let (aaguid, rest) = raw.split_first_chunk::<16>().ok_or(MALFORMED)?;
        let (len, rest) = rest.split_first_chunk::<2>().ok_or(MALFORMED)?;
        let len = usize::from(u16::from_be_bytes(*len));
        if len > MAX_CREDENTIAL_ID {
            return Err(MALFORMED);
        }
        let (id, rest) = rest.split_at_checked(len).ok_or(MALFORMED)?;
        let (public_key, used) = cbor::decode_lenient(rest).map_err(|_| MALFORMED)?;
        let (public_key_raw, rest) = rest.split_at_checked(used).ok_or(MALFORMED)?;
        if public_key.as_map().is_none() {
            return Err(MALFORMED);
        }
        let data = Self {
            aaguid: Aaguid(*aaguid),
            credential_id: id.to_vec(),
            public_key,
            public_key_raw: public_key_raw.to_vec(),
        };
        Ok((data, rest))
    }
}

fn outputs(map: Value) -> Result<Vec<(String, Value)>, Error> {
    let Value::Map(entries) = map else { return Err(MALFORMED) };
    let named = |(key, value)| match key {
        Value::Text(name) => Ok((name, value)),
        _ => Err(MALFORMED),
    };
    entries.into_iter().map(named).collect()
}
