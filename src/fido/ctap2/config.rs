//! authenticatorConfig (CTAP 2.1 §6.11).

use super::{Ctap2, cmd, map};
use crate::fido::Error;
use crate::fido::cbor::{self, Value};
use crate::fido::pin::Token;
use crate::fido::types::PinRule;

const WHAT: &str = "configuration";

mod sub {
    pub(super) const ENTERPRISE_ATTESTATION: u8 = 0x01;
    pub(super) const TOGGLE_ALWAYS_UV: u8 = 0x02;
    pub(super) const MIN_PIN_LENGTH: u8 = 0x03;
}

impl Ctap2 {
    /// Has the key verify its user always, or no longer. Says whether anything changed. The key only has a switch that
    /// turns over, so its state is read first. Configuration needs
    /// [`Permissions::CONFIGURATION`](crate::fido::Permissions::CONFIGURATION); no token where no PIN is set.
    pub fn set_always_uv(&mut self, token: Option<&Token>, on: bool) -> Result<bool, Error> {
        self.info = None;
        let now =
            self.known()?.option("alwaysUv").ok_or(Error::NotSupported { what: "always verifying the user" })?;
        if now == on {
            return Ok(false);
        }
        self.configure(sub::TOGGLE_ALWAYS_UV, None, token)?;
        Ok(true)
    }

    /// Has the key attest itself to relying parties of its owner's enterprise. Says whether anything changed.
    pub fn enable_enterprise_attestation(&mut self, token: Option<&Token>) -> Result<bool, Error> {
        self.info = None;
        match self.known()?.option("ep") {
            None => Err(Error::NotSupported { what: "enterprise attestation" }),
            Some(true) => Ok(false),
            Some(false) => self.configure(sub::ENTERPRISE_ATTESTATION, None, token).map(|_| true),
        }
    }

    /// Sets the rule for PINs. [`Error::PinPolicy`] for a shorter minimum than there is.
    pub fn set_pin_rule(&mut self, token: Option<&Token>, rule: &PinRule) -> Result<(), Error> {
        let info = self.known()?;
        if !info.has("setMinPINLength") {
            return Err(Error::NotSupported { what: "a minimum PIN length" });
        }
        if rule.rp_ids.len() > info.max_min_pin_rp_ids.unwrap_or(0) {
            return Err(Error::LimitExceeded);
        }
        let parameters = map([
            (0x01, rule.min_length.map(|length| Value::Uint(length as u64))),
            (0x02, (!rule.rp_ids.is_empty()).then(|| Value::array(rule.rp_ids.iter().map(String::as_str)))),
            (0x03, rule.force_change.then(|| true.into())),
        ]);
        self.configure(sub::MIN_PIN_LENGTH, Some(parameters), token)
    }

    fn configure(&mut self, subcommand: u8, parameters: Option<Value>, token: Option<&Token>) -> Result<(), Error> {
        if !self.known()?.has("authnrCfg") {
            return Err(Error::NotSupported { what: WHAT });
        }
        let mut proven = [0xFF; 32].to_vec();
        proven.extend([cmd::CONFIG, subcommand]);
        proven.extend(parameters.iter().flat_map(cbor::encode));
        let proof = token.map(|token| token.authenticate(&proven)).transpose()?;
        let request = map([
            (0x01, Some(Value::Uint(subcommand.into()))),
            (0x02, parameters),
            (0x03, token.map(|token| Value::Uint(token.protocol().number().into()))),
            (0x04, proof.map(Value::from)),
        ]);
        self.info = None;
        self.ask(cmd::CONFIG, Some(&request)).map(drop)
    }
}
