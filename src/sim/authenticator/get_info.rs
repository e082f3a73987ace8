//! authenticatorGetInfo (CTAP 2.1 §6.4).

use super::applet::{Applet, MAX_UV_RETRIES};
use super::ctap::Answer;
use super::large_blobs;
use super::options::{Feature, Level};
use crate::fido::cbor::Value;
use crate::oath::Version;

/// Relying parties that may read the minimum PIN length.
pub(super) const MAX_MIN_PIN_RP_IDS: usize = 8;
pub(super) const MAX_CREDENTIALS_IN_LIST: usize = 8;
/// Bytes of a credBlob.
pub(super) const MAX_CRED_BLOB: usize = 32;

impl Applet {
    pub(super) fn get_info(&self) -> Answer {
        let mut info = vec![
            (1, self.versions()),
            (2, self.extensions()),
            (3, Value::Bytes(self.options.aaguid.0.to_vec())),
            (4, self.options_map()),
            (5, size(self.options.max_message)),
            (6, Value::array(self.options.pin_protocols.iter().map(|protocol| i32::from(protocol.number())))),
        ];
        if self.speaks(Level::Fido21Pre) {
            info.push((7, size(MAX_CREDENTIALS_IN_LIST)));
            info.push((8, size(128)));
            info.push((9, self.transports()));
            info.push((10, self.algorithms()));
            info.push((13, Value::Uint(u64::from(self.held.min_pin_length))));
            info.push((14, firmware(self.options.firmware)));
        }
        if self.speaks(Level::Fido21) {
            info.extend(self.info_of_2_1());
        }
        Ok(Some(Value::map(info)))
    }

    fn info_of_2_1(&self) -> Vec<(i32, Value)> {
        let mut info = vec![
            (12, self.held.force_pin_change.into()),
            (16, size(if self.options.min_pin_length { MAX_MIN_PIN_RP_IDS } else { 0 })),
            (20, size(self.slots_left())),
        ];
        if self.options.large_blobs {
            info.push((11, size(large_blobs::CAPACITY)));
        }
        if self.options.cred_blob {
            info.push((15, size(MAX_CRED_BLOB)));
        }
        if self.options.bio != Feature::Absent {
            info.push((17, Value::Uint(u64::from(MAX_UV_RETRIES))));
            info.push((18, 2.into())); // a fingerprint inside
        }
        info
    }

    fn versions(&self) -> Value {
        let mut versions = Vec::new();
        if self.options.u2f {
            versions.push("U2F_V2");
        }
        versions.push("FIDO_2_0");
        let previews = self.options.credential_management.is_preview() || self.options.bio.is_preview();
        if self.options.level == Level::Fido21Pre || self.speaks(Level::Fido21) && previews {
            versions.push("FIDO_2_1_PRE");
        }
        if self.speaks(Level::Fido21) {
            versions.push("FIDO_2_1");
        }
        Value::array(versions)
    }

    fn extensions(&self) -> Value {
        let (preview, standard) = (self.speaks(Level::Fido21Pre), self.speaks(Level::Fido21));
        let known = [
            ("credProtect", self.options.cred_protect && preview),
            ("hmac-secret", self.options.hmac_secret),
            ("largeBlobKey", self.options.large_blobs && standard),
            ("credBlob", self.options.cred_blob && standard),
            ("minPinLength", self.options.min_pin_length && standard),
        ];
        Value::array(known.into_iter().filter(|(_, has)| *has).map(|(name, _)| name))
    }

    fn options_map(&self) -> Value {
        let mut map = vec![("rk", true), ("up", true), ("plat", false), ("clientPin", self.held.pin.is_some())];
        let bio = self.options.bio;
        if bio != Feature::Absent {
            map.push(("uv", self.has_uv()));
        }
        if self.speaks(Level::Fido21Pre) {
            let management = self.options.credential_management;
            let standard = self.speaks(Level::Fido21);
            let known = [
                ("credMgmt", true, management.is_standard() && standard),
                ("credentialMgmtPreview", true, management.is_preview()),
                ("bioEnroll", self.has_uv(), bio.is_standard() && standard),
                ("userVerificationMgmtPreview", self.has_uv(), bio.is_preview()),
            ];
            map.extend(known.into_iter().filter(|(_, _, has)| *has).map(|(name, value, _)| (name, value)));
        }
        if self.speaks(Level::Fido21) {
            map.push(("pinUvAuthToken", true));
            map.push(("makeCredUvNotRqd", !self.held.always_uv));
            if self.options.config {
                map.push(("authnrCfg", true));
                map.push(("setMinPINLength", self.options.min_pin_length));
            }
            if self.options.large_blobs {
                map.push(("largeBlobs", true));
            }
            if self.options.enterprise_attestation {
                map.push(("ep", self.held.enterprise));
            }
            if self.options.always_uv.is_some() {
                map.push(("alwaysUv", self.held.always_uv));
            }
        }
        Value::map(map)
    }

    fn transports(&self) -> Value {
        Value::array(if self.options.nfc.is_some() { vec!["nfc", "usb"] } else { vec!["usb"] })
    }

    fn algorithms(&self) -> Value {
        let describe = |cose: i32| Value::map([("alg", Value::from(cose)), ("type", "public-key".into())]);
        Value::array(self.options.algorithms.iter().map(|algorithm| describe(algorithm.cose())))
    }
}

/// YubiKeys write their version so: 5.7.4 is 0x050704.
fn firmware(version: Version) -> Value {
    let Version(major, minor, patch) = version;
    Value::Uint(u64::from(u32::from_be_bytes([0, major, minor, patch])))
}

pub(super) fn size(n: usize) -> Value {
    Value::Uint(n as u64)
}
