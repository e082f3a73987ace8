//! authenticatorConfig (CTAP 2.1 §6.11).

use super::applet::Applet;
use super::ctap::{Answer, Auth, as_map, optional, permission, required};
use super::get_info::MAX_MIN_PIN_RP_IDS;
use super::status::{
    CBOR_UNEXPECTED_TYPE, INVALID_PARAMETER, INVALID_SUBCOMMAND, KEY_STORE_FULL, PIN_NOT_SET, PIN_POLICY_VIOLATION,
};
use crate::fido::cbor::{self, Value};

/// No PIN is longer.
const LONGEST_PIN: u64 = 63;

impl Applet {
    pub(super) fn config(&mut self, request: &Value) -> Answer {
        let subcommand = required(request, 1, Value::as_uint)?;
        let params = optional(request, 2, as_map)?;
        let known = match subcommand {
            0x01 => self.options.enterprise_attestation,
            0x02 => self.options.always_uv.is_some(),
            0x03 => self.options.min_pin_length,
            _ => false,
        };
        if !known {
            return Err(INVALID_SUBCOMMAND.into());
        }
        let auth = Auth::of(request, 3, 4)?;
        let mut message = vec![0xFF; 32];
        message.extend([0x0D, u8::try_from(subcommand).map_err(|_| INVALID_SUBCOMMAND)?]);
        message.extend(params.map(cbor::encode).unwrap_or_default());
        // Turning alwaysUv off on a key without a PIN would otherwise never be possible.
        let toggling = subcommand == 0x02 && !self.is_protected() && auth.param.is_none();
        if !toggling {
            self.authenticate_if_protected(&auth, &message, permission::CONFIG)?;
        }
        match subcommand {
            0x01 => self.held.enterprise = true,
            0x02 => self.held.always_uv = !self.held.always_uv,
            _ => return self.set_min_pin_length(params),
        }
        Ok(None)
    }

    fn set_min_pin_length(&mut self, params: Option<&Value>) -> Answer {
        let none = Value::Map(Vec::new());
        let params = params.unwrap_or(&none);
        let current = u64::from(self.held.min_pin_length);
        let new = optional(params, 1, Value::as_uint)?.unwrap_or(current);
        let rp_ids = optional(params, 2, Value::as_array)?;
        let force = optional(params, 3, Value::as_bool)?.unwrap_or_default();
        if new < current || new > LONGEST_PIN {
            return Err(PIN_POLICY_VIOLATION.into());
        }
        if force && self.held.pin.is_none() {
            return Err(PIN_NOT_SET.into());
        }
        let rp_ids = rp_ids
            .map(|ids| ids.iter().map(|id| id.as_text().map(str::to_owned).ok_or(CBOR_UNEXPECTED_TYPE)).collect())
            .transpose()?;
        let rp_ids: Option<Vec<String>> = rp_ids;
        if rp_ids.as_ref().is_some_and(|ids| ids.len() > MAX_MIN_PIN_RP_IDS) {
            return Err(KEY_STORE_FULL.into());
        }
        let new = u8::try_from(new).map_err(|_| INVALID_PARAMETER)?;
        let too_short = self.held.pin.as_ref().is_some_and(|pin| pin.length < new);
        self.held.min_pin_length = new;
        if let Some(rp_ids) = rp_ids {
            self.held.min_pin_rp_ids = rp_ids;
        }
        if force || too_short {
            self.held.force_pin_change = true;
            self.power.grant = None;
        }
        Ok(None)
    }
}
