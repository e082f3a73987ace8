//! authenticatorClientPIN (CTAP 2.1 §6.5): PINs, retries and tokens.

use super::applet::{Applet, Grant, MAX_UV_RETRIES, Pin};
use super::ctap::{Answer, Moment, Stop, optional, permission, required};
use super::options::{Feature, Level};
use super::pin_protocol::{PinProtocol, Shared};
use super::status::{
    INVALID_PARAMETER, INVALID_SUBCOMMAND, MISSING_PARAMETER, NOT_ALLOWED, PIN_AUTH_BLOCKED, PIN_BLOCKED,
    PIN_INVALID, PIN_NOT_SET, PIN_POLICY_VIOLATION, Status, UNAUTHORIZED_PERMISSION, UV_BLOCKED, UV_INVALID,
};
use crate::fido::cbor::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

const PROTOCOL: i64 = 1;
const SUBCOMMAND: i64 = 2;
const KEY_AGREEMENT: i64 = 3;
const PARAM: i64 = 4;
const NEW_PIN_ENC: i64 = 5;
const PIN_HASH_ENC: i64 = 6;
const PERMISSIONS: i64 = 9;
const RP_ID: i64 = 10;

/// Wrong PINs in a row, until the key must be plugged in again.
const MAX_IN_A_ROW: u8 = 3;
/// A PIN comes padded with zeros to this length; one of them must be there.
const PADDED: usize = 64;

impl Applet {
    pub(super) fn client_pin(&mut self, at: Moment, request: &Value) -> Answer {
        let standard = self.speaks(Level::Fido21);
        match required(request, SUBCOMMAND, Value::as_uint)? {
            0x01 => Ok(Some(self.pin_retries())),
            0x02 => {
                let protocol = self.protocol(optional(request, PROTOCOL, Value::as_uint)?)?;
                Ok(Some(Value::map([(1, self.power.agreement(protocol).public())])))
            }
            0x03 => self.set_pin(request),
            0x04 => self.change_pin(request),
            0x05 => self.pin_token(request),
            0x06 if standard && self.options.bio != Feature::Absent => self.token_by_finger(at, request),
            0x07 if standard && self.options.bio != Feature::Absent => {
                Ok(Some(Value::map([(5, u64::from(self.held.uv_retries))])))
            }
            0x09 if standard => self.token_by_pin(request),
            _ => Err(INVALID_SUBCOMMAND.into()),
        }
    }

    fn pin_retries(&self) -> Value {
        let blocked = self.power.wrong_pins >= MAX_IN_A_ROW;
        let mut answer = vec![(3, Value::Uint(u64::from(self.held.pin_retries)))];
        if blocked {
            answer.push((4, true.into())); // powerCycleState
        }
        Value::map(answer)
    }

    fn set_pin(&mut self, request: &Value) -> Answer {
        let (_, shared) = self.agree(request)?;
        if self.held.pin.is_some() {
            return Err(NOT_ALLOWED.into());
        }
        let sealed = required(request, NEW_PIN_ENC, Value::as_bytes)?;
        shared.verify(sealed, required(request, PARAM, Value::as_bytes)?)?;
        let pin = self.new_pin(&shared, sealed)?;
        self.keep_pin(pin);
        Ok(None)
    }

    fn change_pin(&mut self, request: &Value) -> Answer {
        let (protocol, shared) = self.agree(request)?;
        let sealed = required(request, NEW_PIN_ENC, Value::as_bytes)?;
        let hash = required(request, PIN_HASH_ENC, Value::as_bytes)?;
        let param = required(request, PARAM, Value::as_bytes)?;
        if self.held.pin.is_none() {
            return Err(PIN_NOT_SET.into());
        }
        self.may_try_pin()?;
        shared.verify(&[sealed, hash].concat(), param)?;
        self.try_pin(protocol, &shared, hash)?;
        let pin = self.new_pin(&shared, sealed)?;
        let same = self.held.pin.as_ref().is_some_and(|old| bool::from(old.hash.ct_eq(&pin.hash[..])));
        if self.held.force_pin_change && same {
            return Err(PIN_POLICY_VIOLATION.into());
        }
        self.keep_pin(pin);
        Ok(None)
    }

    /// getPinToken, the way of CTAP 2.0: for registrations and assertions of one relying party, or on keys that know
    /// no permissions for everything.
    fn pin_token(&mut self, request: &Value) -> Answer {
        let all = if self.speaks(Level::Fido21) {
            permission::MAKE_CREDENTIAL | permission::GET_ASSERTION
        } else {
            u8::MAX
        };
        if request.get_int(PERMISSIONS).is_some() || request.get_int(RP_ID).is_some() {
            return Err(INVALID_PARAMETER.into());
        }
        let (protocol, shared) = self.token_key(request)?;
        if self.held.force_pin_change {
            return Err(PIN_INVALID.into());
        }
        Ok(Some(self.give_token(protocol, &shared, all, None)))
    }

    fn token_by_pin(&mut self, request: &Value) -> Answer {
        let (permissions, rp_id) = self.wanted(request)?;
        let (protocol, shared) = self.token_key(request)?;
        if self.held.force_pin_change {
            return Err(PIN_POLICY_VIOLATION.into());
        }
        Ok(Some(self.give_token(protocol, &shared, permissions, rp_id)))
    }

    fn token_by_finger(&mut self, at: Moment, request: &Value) -> Answer {
        let (permissions, rp_id) = self.wanted(request)?;
        let (protocol, shared) = self.agree(request)?;
        if !self.has_uv() {
            return Err(NOT_ALLOWED.into());
        }
        self.verify_finger(at)?;
        Ok(Some(self.give_token(protocol, &shared, permissions, rp_id)))
    }

    /// A finger on the sensor; every one that does not match counts.
    pub(super) fn verify_finger(&mut self, at: Moment) -> Result<(), Stop> {
        if self.held.uv_retries == 0 {
            return Err(UV_BLOCKED.into());
        }
        if at.finger()? {
            self.held.uv_retries = MAX_UV_RETRIES;
            return Ok(());
        }
        self.held.uv_retries -= 1;
        Err(if self.held.uv_retries == 0 { UV_BLOCKED } else { UV_INVALID }.into())
    }

    /// The permissions and relying party asked for.
    fn wanted(&self, request: &Value) -> Result<(u8, Option<String>), Status> {
        let permissions = required(request, PERMISSIONS, Value::as_uint)?;
        let rp_id = optional(request, RP_ID, Value::as_text)?.map(str::to_owned);
        // What the standard does not know is ignored.
        let permissions = (permissions & 0x3F) as u8;
        if permissions == 0 {
            return Err(INVALID_PARAMETER);
        }
        let missing = [
            (permission::CREDENTIAL_MANAGEMENT, !self.options.credential_management.is_standard()),
            (permission::BIO_ENROLLMENT, !self.options.bio.is_standard()),
            (permission::LARGE_BLOB_WRITE, !self.options.large_blobs),
            (permission::CONFIG, !self.options.config),
        ];
        if missing.iter().any(|(permission, missing)| *missing && permissions & permission != 0) {
            return Err(UNAUTHORIZED_PERMISSION);
        }
        let for_one = permissions & (permission::MAKE_CREDENTIAL | permission::GET_ASSERTION) != 0;
        if for_one && rp_id.is_none() { Err(MISSING_PARAMETER) } else { Ok((permissions, rp_id)) }
    }

    /// Checks the PIN of a request for a token; and the keys to seal it with.
    fn token_key(&mut self, request: &Value) -> Result<(PinProtocol, Shared), Status> {
        let (protocol, shared) = self.agree(request)?;
        let hash = required(request, PIN_HASH_ENC, Value::as_bytes)?;
        if self.held.pin.is_none() {
            return Err(PIN_NOT_SET);
        }
        self.may_try_pin()?;
        self.try_pin(protocol, &shared, hash)?;
        Ok((protocol, shared))
    }

    /// The keys shared with the platform.
    fn agree(&mut self, request: &Value) -> Result<(PinProtocol, Shared), Status> {
        let protocol = self.protocol(optional(request, PROTOCOL, Value::as_uint)?)?;
        let key = required(request, KEY_AGREEMENT, super::ctap::as_map)?;
        Ok((protocol, self.power.agreement(protocol).decapsulate(protocol, key)?))
    }

    fn may_try_pin(&self) -> Result<(), Status> {
        match () {
            () if self.held.pin_retries == 0 => Err(PIN_BLOCKED),
            () if self.power.wrong_pins >= MAX_IN_A_ROW => Err(PIN_AUTH_BLOCKED),
            () => Ok(()),
        }
    }

    /// One attempt. It is counted before the PIN is looked at, so that pulling the key does not save it.
    fn try_pin(&mut self, protocol: PinProtocol, shared: &Shared, sealed: &[u8]) -> Result<(), Status> {
        self.held.pin_retries = self.held.pin_retries.saturating_sub(1);
        let hash = shared.decrypt(sealed).unwrap_or_default();
        let right = self.held.pin.as_ref().is_some_and(|pin| bool::from(pin.hash.ct_eq(&hash)));
        if right {
            self.held.pin_retries = self.options.max_pin_retries;
            self.held.uv_retries = MAX_UV_RETRIES;
            self.power.wrong_pins = 0;
            return Ok(());
        }
        self.power.agreement(protocol).regenerate();
        self.power.wrong_pins = self.power.wrong_pins.saturating_add(1);
        self.may_try_pin()?;
        Err(PIN_INVALID)
    }

    /// A new PIN, unsealed and checked against the policy.
    fn new_pin(&self, shared: &Shared, sealed: &[u8]) -> Result<Pin, Status> {
        let padded = shared.decrypt(sealed)?;
        if padded.len() != PADDED {
            return Err(INVALID_PARAMETER);
        }
        let len = padded.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let text = padded.get(..len).filter(|_| len < PADDED).ok_or(PIN_POLICY_VIOLATION)?;
        let length = std::str::from_utf8(text).map_err(|_| PIN_POLICY_VIOLATION)?.chars().count();
        let length = u8::try_from(length).map_err(|_| PIN_POLICY_VIOLATION)?;
        if length < self.held.min_pin_length {
            return Err(PIN_POLICY_VIOLATION);
        }
        Ok(Pin { hash: hash(text), length })
    }

    fn keep_pin(&mut self, pin: Pin) {
        self.held.pin = Some(pin);
        self.held.pin_retries = self.options.max_pin_retries;
        self.held.force_pin_change = false;
        self.power.wrong_pins = 0;
        self.power.grant = None;
        self.power.one.reset_token();
        self.power.two.reset_token();
    }

    fn give_token(
        &mut self,
        protocol: PinProtocol,
        shared: &Shared,
        permissions: u8,
        rp_id: Option<String>,
    ) -> Value {
        // A key of CTAP 2.0 has one token from power-up on, and gives it to whoever asks.
        if self.speaks(Level::Fido21) {
            self.power.one.reset_token();
            self.power.two.reset_token();
        }
        self.power.grant = Some(Grant { protocol, permissions, rp_id });
        let sealed = shared.encrypt(&self.power.agreement(protocol).token[..]);
        Value::map([(2, sealed)])
    }

    /// Whether this is the PIN; counts nothing.
    pub(super) fn pin_is(&self, pin: &str) -> bool {
        self.held.pin.as_ref().is_some_and(|held| bool::from(held.hash.ct_eq(&hash(pin.as_bytes())[..])))
    }
}

fn hash(pin: &[u8]) -> Zeroizing<[u8; 16]> {
    let whole: Zeroizing<[u8; 32]> = Zeroizing::new(Sha256::digest(pin).into());
    let mut half = Zeroizing::new([0; 16]);
    half.iter_mut().zip(whole.iter()).for_each(|(to, from)| *to = *from);
    half
}
