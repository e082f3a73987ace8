//! What a key says of itself: authenticatorGetInfo (CTAP 2.1 §6.4, members of 2.0 to 2.3).

use super::Error;
use super::auth_data::Aaguid;
use super::cbor::Value;
use super::fields::Fields;
use super::pin::{MIN_PIN, Protocol};
use std::collections::BTreeMap;

/// Messages of this length every key takes (§6.4, maxMsgSize).
const LEAST_MESSAGE: usize = 1024;

/// authenticatorGetInfo. Members that a key leaves out are `None` or empty; unknown ones are passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Info {
    /// `U2F_V2`, `FIDO_2_0`, `FIDO_2_1_PRE`, `FIDO_2_1`, …
    pub versions: Vec<String>,
    pub extensions: Vec<String>,
    pub aaguid: Aaguid,
    /// Options: `true` on, `false` possible but off, absent impossible.
    pub options: BTreeMap<String, bool>,
    /// The longest message it takes, in bytes; 1024 where it does not tell.
    pub max_message: usize,
    /// PIN/UV auth protocols, the key's favourite first.
    pub pin_protocols: Vec<u64>,
    pub max_credentials_in_list: Option<usize>,
    pub max_credential_id: Option<usize>,
    /// `usb`, `nfc`, …
    pub transports: Vec<String>,
    /// COSE algorithms of public-key credentials, the favourite first.
    pub algorithms: Vec<i64>,
    /// The longest serialized large-blob array, in bytes.
    pub max_large_blob: Option<usize>,
    /// The PIN must be changed before it is taken.
    pub force_pin_change: bool,
    /// The shortest new PIN, in code points; at least 4.
    pub min_pin_length: usize,
    /// The firmware, in the maker's numbering. Yubico: major, minor and patch in a byte each.
    pub firmware: Option<u64>,
    /// The longest credBlob, in bytes.
    pub max_cred_blob: Option<usize>,
    /// How many relying parties may be told the minimum PIN length.
    pub max_min_pin_rp_ids: Option<usize>,
    /// How often a fingerprint should be asked for in a row.
    pub preferred_uv_attempts: Option<u64>,
    /// How the key verifies its user, as bits (FIDO registry, USER_VERIFY).
    pub uv_modality: Option<u64>,
    /// Certifications by name, with their level.
    pub certifications: BTreeMap<String, u64>,
    /// How many more discoverable credentials fit, at least.
    pub remaining_credentials: Option<u64>,
    pub vendor_config_commands: Vec<u64>,
    pub attestation_formats: Vec<String>,
    /// Fingerprint tries since the last PIN.
    pub uv_since_pin: Option<u64>,
    /// A reset takes a touch of 10 s.
    pub long_touch_for_reset: bool,
    /// Over which transports the key can be reset; empty where it does not tell.
    pub transports_for_reset: Vec<String>,
    /// The key refuses PINs that are too simple. `None`: it does not tell.
    pub pin_complexity: Option<bool>,
    pub pin_complexity_url: Option<String>,
    /// The longest PIN, in code points.
    pub max_pin_length: Option<usize>,
    /// Configuration subcommands. `None`: the key does not tell.
    pub config_commands: Option<Vec<u64>>,
}

impl Info {
    /// Reads the map that the key answered.
    ///
    /// # Errors
    /// [`Error::Malformed`] where a member that is known has another type.
    pub fn parse(map: &Value) -> Result<Self, Error> {
        let map = Fields::new(map, "getInfo")?;
        Ok(Self {
            versions: map.texts(0x01)?,
            extensions: map.texts(0x02)?,
            aaguid: map.bytes(0x03)?.and_then(|id| id.try_into().ok()).map(Aaguid).ok_or(map.malformed())?,
            options: map.named(0x04, Value::as_bool)?,
            max_message: map.size(0x05)?.unwrap_or(LEAST_MESSAGE),
            pin_protocols: map.uints(0x06)?,
            max_credentials_in_list: map.size(0x07)?.filter(|most| *most > 0),
            max_credential_id: map.size(0x08)?.filter(|most| *most > 0),
            transports: map.texts(0x09)?,
            algorithms: algorithms(&map)?,
            max_large_blob: map.size(0x0B)?,
            force_pin_change: map.truth(0x0C)?.unwrap_or(false),
            min_pin_length: map.size(0x0D)?.unwrap_or(MIN_PIN).max(MIN_PIN),
            firmware: map.uint(0x0E)?,
            max_cred_blob: map.size(0x0F)?,
            max_min_pin_rp_ids: map.size(0x10)?,
            preferred_uv_attempts: map.uint(0x11)?,
            uv_modality: map.uint(0x12)?,
            certifications: map.named(0x13, Value::as_uint)?,
            remaining_credentials: map.uint(0x14)?,
            vendor_config_commands: map.uints(0x15)?,
            attestation_formats: map.texts(0x16)?,
            uv_since_pin: map.uint(0x17)?,
            long_touch_for_reset: map.truth(0x18)?.unwrap_or(false),
            transports_for_reset: map.texts(0x1A)?,
            pin_complexity: map.truth(0x1B)?,
            // Bytes in CTAP 2.2, and nothing worth failing for.
            pin_complexity_url: map.get(0x1C).and_then(url),
            max_pin_length: map.size(0x1D)?,
            config_commands: map.get(0x1F).map(|_| map.uints(0x1F)).transpose()?,
        })
    }

    /// An option's state: on, possible but off, or `None`.
    #[must_use]
    pub fn option(&self, name: &str) -> Option<bool> {
        self.options.get(name).copied()
    }

    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.option(name) == Some(true)
    }

    #[must_use]
    pub fn extends(&self, name: &str) -> bool {
        self.extensions.iter().any(|extension| extension == name)
    }

    /// Whether a PIN is set. `None`: the key takes none.
    #[must_use]
    pub fn pin_set(&self) -> Option<bool> {
        self.option("clientPin")
    }

    /// The protocol to use: 2 when it is offered (1 has no separation of keys, and firmware before 5.7.4 that truncates
    /// its proofs does not change that). CTAP 2.0 keys that do not tell have protocol 1.
    #[must_use]
    pub fn pin_protocol(&self) -> Option<Protocol> {
        if self.pin_protocols.contains(&2) {
            return Some(Protocol::Two);
        }
        (self.pin_protocols.is_empty() || self.pin_protocols.contains(&1)).then_some(Protocol::One)
    }

    #[must_use]
    pub fn yubico_firmware(&self) -> Option<(u8, u8, u8)> {
        match u32::try_from(self.firmware?).ok()?.to_be_bytes() {
            [0, major, minor, patch] => Some((major, minor, patch)),
            _ => None,
        }
    }

    /// Credential management: the standard's command, or the preview's; `None`: the key has neither.
    #[must_use]
    pub fn credential_management(&self) -> Option<u8> {
        match (self.has("credMgmt"), self.has("credentialMgmtPreview")) {
            (true, _) => Some(0x0A),
            (false, true) => Some(0x41),
            (false, false) => None,
        }
    }

    /// Fingerprints: the standard's command, or the preview's; `None`: the key has no sensor.
    #[must_use]
    pub fn bio_enrollment(&self) -> Option<u8> {
        match (self.option("bioEnroll"), self.option("userVerificationMgmtPreview")) {
            (Some(_), _) => Some(0x09),
            (None, Some(_)) => Some(0x40),
            (None, None) => None,
        }
    }
}

/// `[{"type": "public-key", "alg": -7}, …]`
fn algorithms(map: &Fields<'_>) -> Result<Vec<i64>, Error> {
    let of = |item: &Value| item.get_text("alg").and_then(Value::as_int).ok_or(map.malformed());
    map.array(0x0A)?.iter().map(of).collect()
}

fn url(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
        _ => None,
    }
}
