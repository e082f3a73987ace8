//! authenticatorClientPIN (CTAP 2.1 §6.5).

use super::{Ctap2, cmd, map};
use crate::fido::Error;
use crate::fido::cbor::Value;
use crate::fido::fields::Fields;
use crate::fido::pin::{self, Attempt, Permissions, Protocol, SharedSecret, Token};
use crate::fido::types::Retries;
use crate::secret::Password;

const WHAT: &str = "PINs";
/// A relying party that can never be: for a token that is bought only to prove the PIN.
const NOBODY: &str = "glasskey.invalid";

mod sub {
    pub(super) const PIN_RETRIES: u8 = 0x01;
    pub(super) const KEY_AGREEMENT: u8 = 0x02;
    pub(super) const SET_PIN: u8 = 0x03;
    pub(super) const CHANGE_PIN: u8 = 0x04;
    /// For CTAP 2.0: a token without limits.
    pub(super) const PIN_TOKEN: u8 = 0x05;
    pub(super) const UV_TOKEN: u8 = 0x06;
    pub(super) const UV_RETRIES: u8 = 0x07;
    pub(super) const PIN_TOKEN_WITH_PERMISSIONS: u8 = 0x09;
}

mod key {
    pub(super) const PROTOCOL: i64 = 0x01;
    pub(super) const SUBCOMMAND: i64 = 0x02;
    pub(super) const KEY_AGREEMENT: i64 = 0x03;
    pub(super) const PROOF: i64 = 0x04;
    pub(super) const NEW_PIN: i64 = 0x05;
    pub(super) const PIN_HASH: i64 = 0x06;
    pub(super) const PERMISSIONS: i64 = 0x09;
    pub(super) const RP_ID: i64 = 0x0A;
}

impl Ctap2 {
    /// PIN tries left. [`Error::NotSupported`] where the key takes no PIN.
    pub fn pin_retries(&mut self) -> Result<Retries, Error> {
        self.known()?.pin_set().ok_or(Error::NotSupported { what: WHAT })?;
        let answer = self.pin_command(sub::PIN_RETRIES, [])?;
        retries(&Fields::new(&answer, WHAT)?, 0x03)
    }

    /// Fingerprint tries left. [`Error::NotSupported`] where the key has no sensor.
    pub fn uv_retries(&mut self) -> Result<Retries, Error> {
        self.known()?.option("uv").ok_or(Error::NotSupported { what: "fingerprints" })?;
        let answer = self.pin_command(sub::UV_RETRIES, [])?;
        retries(&Fields::new(&answer, WHAT)?, 0x05)
    }

    /// Sets the first PIN. [`Error::PinAlreadySet`], [`Error::BadPin`], [`Error::PinPolicy`].
    pub fn set_pin(&mut self, new: &Password) -> Result<(), Error> {
        match self.known()?.pin_set() {
            None => return Err(Error::NotSupported { what: WHAT }),
            Some(true) => return Err(Error::PinAlreadySet),
            Some(false) => {}
        }
        self.check_new(new)?;
        let secret = self.agree()?;
        let encrypted = secret.encrypt_new(new)?;
        let proof = secret.authenticate(&encrypted)?;
        self.info = None;
        let parameters =
            [(key::KEY_AGREEMENT, secret.platform()), (key::PROOF, proof.into()), (key::NEW_PIN, encrypted.into())];
        let set = self.pin_command(sub::SET_PIN, parameters);
        self.info = None;
        set.map(drop)
    }

    /// Changes the PIN; one attempt. The new one is checked before. Errors as [`Ctap2::token`] and
    /// [`Ctap2::set_pin`].
    pub fn change_pin(&mut self, current: Attempt<'_>, new: &Password) -> Result<(), Error> {
        self.check_new(new)?;
        self.check_attempt(&current)?;
        let secret = self.agree()?;
        let encrypted = secret.encrypt_new(new)?;
        let hash = secret.encrypt_hash(current.pin)?;
        let proof = secret.authenticate(&[encrypted.as_slice(), &hash].concat())?;
        let parameters = [
            (key::KEY_AGREEMENT, secret.platform()),
            (key::PROOF, proof.into()),
            (key::NEW_PIN, encrypted.into()),
            (key::PIN_HASH, hash.into()),
        ];
        let changed = self.pin_command(sub::CHANGE_PIN, parameters);
        self.info = None;
        self.spent(changed).map(drop)
    }

    /// Buys a token with the PIN; one attempt. The tries left are read before: nothing is sent when there is none
    /// ([`Error::PinBlocked`]), the key must be unplugged first ([`Error::PinAuthBlocked`]), or only one is left
    /// ([`Error::LastTry`], unless the attempt says otherwise). On a key of CTAP 2.0 the token is not limited.
    ///
    /// [`Error::PinWrong`], [`Error::PinNotSet`], [`Error::PinMustChange`], [`Error::BadPin`].
    pub fn token(&mut self, pin: Attempt<'_>, permissions: Permissions, rp_id: Option<&str>) -> Result<Token, Error> {
        self.check_attempt(&pin)?;
        let info = self.known()?;
        if info.force_pin_change {
            return Err(Error::PinMustChange);
        }
        let limited = info.has("pinUvAuthToken");
        let secret = self.agree()?;
        let hash = secret.encrypt_hash(pin.pin)?;
        let mut parameters = vec![(key::KEY_AGREEMENT, secret.platform()), (key::PIN_HASH, hash.into())];
        let subcommand = if limited {
            parameters.extend(scope(permissions, rp_id));
            sub::PIN_TOKEN_WITH_PERMISSIONS
        } else {
            sub::PIN_TOKEN
        };
        let answer = self.pin_command(subcommand, parameters);
        let answer = match self.spent(answer) {
            // The only policy that can be in the way of a token: the PIN must be changed first (§6.5.5.7.1).
            Err(Error::PinPolicy) => return Err(Error::PinMustChange),
            answer => answer?,
        };
        token(&secret, &answer, limited.then_some(permissions), rp_id.filter(|_| limited))
    }

    /// Buys a token with a fingerprint. [`Error::UvWrong`], [`Error::UvBlocked`], [`Error::NotSupported`].
    pub fn uv_token(
        &mut self,
        permissions: Permissions,
        rp_id: Option<&str>,
        touch: &mut dyn FnMut(),
    ) -> Result<Token, Error> {
        let info = self.known()?;
        if !(info.has("uv") && info.has("pinUvAuthToken")) {
            return Err(Error::NotSupported { what: "fingerprints" });
        }
        let secret = self.agree()?;
        let mut parameters = vec![(key::KEY_AGREEMENT, secret.platform())];
        parameters.extend(scope(permissions, rp_id));
        let request = request(secret.protocol(), sub::UV_TOKEN, parameters);
        match self.ask_person(cmd::CLIENT_PIN, Some(&request), None, touch) {
            Err(Error::UvWrong { .. }) => {
                let left = self.uv_retries().ok().map(|retries| retries.left);
                Err(Error::UvWrong { left })
            }
            answer => token(&secret, &answer?, Some(permissions), rp_id),
        }
    }

    /// Finds out whether the PIN is right, with as little permission as the key lets us ask for; one attempt. Errors as
    /// [`Ctap2::token`].
    pub fn verify_pin(&mut self, pin: Attempt<'_>) -> Result<(), Error> {
        pin::check(pin.pin)?;
        let info = self.known()?;
        let (permissions, rp_id) = if !info.has("noMcGaPermissionsWithClientPin") {
            (Permissions::GET_ASSERTION, Some(NOBODY))
        } else if info.credential_management().is_some() {
            (Permissions::CREDENTIAL_MANAGEMENT, None)
        } else {
            (Permissions::CONFIGURATION, None)
        };
        self.token(pin, permissions, rp_id).map(drop)
    }

    /// Whether a PIN may be sent at all; reads how many tries are left.
    fn check_attempt(&mut self, attempt: &Attempt<'_>) -> Result<(), Error> {
        pin::check(attempt.pin)?;
        match self.known()?.pin_set() {
            None => return Err(Error::NotSupported { what: WHAT }),
            Some(false) => return Err(Error::PinNotSet),
            Some(true) => {}
        }
        match self.pin_retries()? {
            Retries { left: 0, .. } => Err(Error::PinBlocked),
            Retries { left, power_cycle: Some(true) } => Err(Error::PinAuthBlocked { left: Some(left) }),
            Retries { left: 1, .. } if !attempt.last_try => Err(Error::LastTry),
            _ => Ok(()),
        }
    }

    fn check_new(&mut self, new: &Password) -> Result<(), Error> {
        let info = self.known()?;
        Ok(pin::check_new(new, info.min_pin_length, info.max_pin_length)?)
    }

    /// How a PIN that was sent came out: a wrong one with the tries that are left.
    fn spent(&mut self, outcome: Result<Value, Error>) -> Result<Value, Error> {
        match outcome {
            Err(Error::PinWrong { .. }) => match self.pin_retries().ok() {
                Some(Retries { left: 0, .. }) => Err(Error::PinBlocked),
                retries => Err(Error::PinWrong { left: retries.map(|retries| retries.left) }),
            },
            Err(Error::PinAuthBlocked { .. }) => match self.pin_retries().ok() {
                Some(Retries { left: 0, .. }) => Err(Error::PinBlocked),
                retries => Err(Error::PinAuthBlocked { left: retries.map(|retries| retries.left) }),
            },
            outcome => outcome,
        }
    }

    /// A shared secret for one command.
    pub(super) fn agree(&mut self) -> Result<SharedSecret, Error> {
        let protocol = self.protocol()?;
        let answer = self.pin_command(sub::KEY_AGREEMENT, [])?;
        let fields = Fields::new(&answer, WHAT)?;
        SharedSecret::agree(protocol, fields.need(0x01, Some)?)
    }

    fn protocol(&mut self) -> Result<Protocol, Error> {
        self.known()?.pin_protocol().ok_or(Error::NotSupported { what: "a known PIN protocol" })
    }

    fn pin_command(
        &mut self,
        subcommand: u8,
        parameters: impl IntoIterator<Item = (i64, Value)>,
    ) -> Result<Value, Error> {
        let request = request(self.protocol()?, subcommand, parameters);
        self.ask(cmd::CLIENT_PIN, Some(&request))
    }
}

fn request(protocol: Protocol, subcommand: u8, parameters: impl IntoIterator<Item = (i64, Value)>) -> Value {
    let head = [(key::PROTOCOL, Some(number(protocol.number()))), (key::SUBCOMMAND, Some(number(subcommand)))];
    map(head.into_iter().chain(parameters.into_iter().map(|(key, value)| (key, Some(value)))))
}

fn number(n: u8) -> Value {
    Value::Uint(n.into())
}

fn scope(permissions: Permissions, rp_id: Option<&str>) -> Vec<(i64, Value)> {
    let mut scope = vec![(key::PERMISSIONS, number(permissions.0))];
    scope.extend(rp_id.map(|id| (key::RP_ID, Value::from(id))));
    scope
}

fn token(
    secret: &SharedSecret,
    answer: &Value,
    permissions: Option<Permissions>,
    rp_id: Option<&str>,
) -> Result<Token, Error> {
    secret.token(Fields::new(answer, WHAT)?.need(0x02, Value::as_bytes)?, permissions, rp_id)
}

pub(super) fn retries(answer: &Fields<'_>, member: i64) -> Result<Retries, Error> {
    let left = answer.byte(member)?.ok_or(answer.malformed())?;
    Ok(Retries { left, power_cycle: answer.truth(0x04)? })
}
