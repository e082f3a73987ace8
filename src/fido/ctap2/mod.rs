//! CTAP2 commands (CTAP 2.1 §6) over a channel: the implementation of [`Authenticator`]. One command to a file.

mod assertion;
mod bio;
mod blobs;
mod client_pin;
mod config;
mod credentials;
mod registration;
mod vendor;

use super::authenticator::Authenticator;
use super::cbor::{self, Value};
use super::ctaphid::{Channel, Device, Keepalive, Limits, command};
use super::info::Info;
use super::pin::{Attempt, Permissions, Token};
use super::types::{
    Assertion, AssertionRequest, Capture, CredentialCount, Descriptor, Fingerprint, MadeCredential, NewCredential,
    PinRule, Retries, Sensor, StoredCredential, StoredRelyingParty, User,
};
use super::{Error, fields::Fields};
use crate::keys;
use crate::platform::Interrupt;
use crate::secret::Password;
use crate::transport::hid::Hid;
use std::time::Duration;
use zeroize::Zeroizing;

#[doc(hidden)]
pub use fuzzing::fuzz_answer;

/// Commands.
mod cmd {
    pub(super) const MAKE_CREDENTIAL: u8 = 0x01;
    pub(super) const GET_ASSERTION: u8 = 0x02;
    pub(super) const GET_INFO: u8 = 0x04;
    pub(super) const CLIENT_PIN: u8 = 0x06;
    pub(super) const RESET: u8 = 0x07;
    pub(super) const GET_NEXT_ASSERTION: u8 = 0x08;
    pub(super) const SELECTION: u8 = 0x0B;
    pub(super) const LARGE_BLOBS: u8 = 0x0C;
    pub(super) const CONFIG: u8 = 0x0D;
}

/// A FIDO2 key over its HID reports.
pub struct Ctap2 {
    channel: Channel,
    /// getInfo as it was last read; dropped by every command that changes it.
    info: Option<Info>,
}

impl Ctap2 {
    /// Opens a channel to the key.
    ///
    /// # Errors
    /// [`Error::NoCtap2`] for a key that speaks U2F only; those of the way to the key.
    pub fn open(hid: Box<dyn Hid>, interrupt: Interrupt, limits: Limits) -> Result<Self, Error> {
        let channel = Channel::open(hid, interrupt, limits)?;
        if !channel.device().ctap2 {
            return Err(Error::NoCtap2);
        }
        Ok(Self { channel, info: None })
    }

    /// What the device said when it gave the channel.
    #[must_use]
    pub fn device(&self) -> Device {
        self.channel.device()
    }

    /// getInfo as last read.
    fn known(&mut self) -> Result<&Info, Error> {
        let info = match self.info.take() {
            Some(info) => info,
            None => self.read_info()?,
        };
        Ok(self.info.insert(info))
    }

    fn read_info(&mut self) -> Result<Info, Error> {
        Info::parse(&self.ask(cmd::GET_INFO, None)?)
    }

    /// A command that needs no person. The answer is `Null` where it has no content.
    fn ask(&mut self, command: u8, request: Option<&Value>) -> Result<Value, Error> {
        let patience = self.channel.limits().command;
        self.run(command, request, patience, &mut |_| ())
    }

    /// A command that waits for a person.
    fn ask_person(
        &mut self,
        command: u8,
        request: Option<&Value>,
        timeout: Option<Duration>,
        touch: &mut dyn FnMut(),
    ) -> Result<Value, Error> {
        let patience = timeout.unwrap_or(self.channel.limits().person);
        let mut told = false;
        self.run(command, request, patience, &mut |state| {
            // Keepalives come ten times a second; the person is told once.
            if state == Keepalive::TouchNeeded && !told {
                told = true;
                touch();
            }
        })
    }

    fn run(
        &mut self,
        command: u8,
        request: Option<&Value>,
        patience: Duration,
        alive: &mut dyn FnMut(Keepalive),
    ) -> Result<Value, Error> {
        let encoded = Zeroizing::new(request.map(cbor::encode).unwrap_or_default());
        let mut message = Zeroizing::new(Vec::with_capacity(1 + encoded.len()));
        message.push(command);
        message.extend_from_slice(&encoded);
        if message.len() > self.info.as_ref().map_or(usize::MAX, |info| info.max_message) {
            return Err(Error::TooLarge);
        }
        let answer = self.channel.call(command::CBOR, &message, patience, alive)?;
        read(command, &answer)
    }
}

/// The content of a CTAP2 answer: a status byte, and CBOR if it is 00. Keys need not sort their maps.
fn read(command: u8, answer: &[u8]) -> Result<Value, Error> {
    match answer {
        [0x00] => Ok(Value::Null),
        [0x00, content @ ..] => cbor::decode_all_lenient(content)
            .map_err(|_| Error::Malformed { what: super::error::command_name(command) }),
        [status, ..] => Err(Error::of_status(command, *status)),
        [] => Err(Error::Malformed { what: super::error::command_name(command) }),
    }
}

/// A map of the members that are there, keyed by number.
fn map(entries: impl IntoIterator<Item = (i64, Option<Value>)>) -> Value {
    Value::map(entries.into_iter().filter_map(|(key, value)| Some((key, value?))))
}

/// `{"id": …, "type": "public-key"}`. Transports are the relying party's business; some keys refuse them.
fn descriptor(credential: &Descriptor) -> Value {
    Value::map([("id", Value::from(credential.id.as_slice())), ("type", Value::from("public-key"))])
}

fn user_entity(user: &User) -> Value {
    let mut entries = vec![("id", Value::from(user.id.as_slice()))];
    entries.extend(user.name.as_deref().map(|name| ("name", Value::from(name))));
    entries.extend(user.display_name.as_deref().map(|name| ("displayName", Value::from(name))));
    Value::map(entries)
}

fn read_descriptor(value: &Value) -> Option<Vec<u8>> {
    value.get_text("id")?.as_bytes().map(<[u8]>::to_vec)
}

fn read_user(value: &Value) -> Option<User> {
    let text = |key| value.get_text(key).and_then(Value::as_text).map(str::to_owned);
    let id = value.get_text("id")?.as_bytes()?.to_vec();
    Some(User { id, name: text("name"), display_name: text("displayName") })
}

/// A secret out of an answer's map.
fn secret(fields: &Fields<'_>, key: i64) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
    Ok(fields.bytes(key)?.map(|bytes| Zeroizing::new(bytes.to_vec())))
}

impl Authenticator for Ctap2 {
    fn info(&mut self) -> Result<Info, Error> {
        let info = self.read_info()?;
        self.info = Some(info.clone());
        Ok(info)
    }

    fn pin_retries(&mut self) -> Result<Retries, Error> {
        self.read_pin_retries()
    }

    fn uv_retries(&mut self) -> Result<Retries, Error> {
        self.read_uv_retries()
    }

    fn set_pin(&mut self, new: &Password) -> Result<(), Error> {
        self.set_first_pin(new)
    }

    fn change_pin(&mut self, current: Attempt<'_>, new: &Password) -> Result<(), Error> {
        self.replace_pin(&current, new)
    }

    fn token(&mut self, pin: Attempt<'_>, permissions: Permissions, rp_id: Option<&str>) -> Result<Token, Error> {
        self.buy_token(&pin, permissions, rp_id)
    }

    fn uv_token(
        &mut self,
        permissions: Permissions,
        rp_id: Option<&str>,
        touch: &mut dyn FnMut(),
    ) -> Result<Token, Error> {
        self.buy_uv_token(permissions, rp_id, touch)
    }

    fn verify_pin(&mut self, pin: Attempt<'_>) -> Result<(), Error> {
        self.prove_pin(&pin)
    }

    fn make_credential(
        &mut self,
        request: &NewCredential<'_>,
        touch: &mut dyn FnMut(),
    ) -> Result<MadeCredential, Error> {
        self.register(request, touch)
    }

    fn get_assertion(
        &mut self,
        request: &AssertionRequest<'_>,
        touch: &mut dyn FnMut(),
    ) -> Result<Vec<Assertion>, Error> {
        self.sign_in(request, touch)
    }

    fn credential_count(&mut self, token: &Token) -> Result<CredentialCount, Error> {
        self.read_credential_count(token)
    }

    fn relying_parties(&mut self, token: &Token) -> Result<Vec<StoredRelyingParty>, Error> {
        self.list_relying_parties(token)
    }

    fn credentials(&mut self, token: &Token, rp_id_hash: &[u8; 32]) -> Result<Vec<StoredCredential>, Error> {
        self.list_credentials(token, rp_id_hash)
    }

    fn delete_credential(&mut self, token: &Token, credential: &Descriptor) -> Result<(), Error> {
        self.remove_credential(token, credential)
    }

    fn rename_user(&mut self, token: &Token, credential: &Descriptor, user: &User) -> Result<(), Error> {
        self.update_user(token, credential, user)
    }

    fn sensor(&mut self) -> Result<Sensor, Error> {
        self.read_sensor()
    }

    fn enroll_fingerprint(&mut self, token: &Token, progress: &mut dyn FnMut(Capture)) -> Result<Vec<u8>, Error> {
        self.add_fingerprint(token, progress)
    }

    fn fingerprints(&mut self, token: &Token) -> Result<Vec<Fingerprint>, Error> {
        self.list_fingerprints(token)
    }

    fn rename_fingerprint(&mut self, token: &Token, id: &[u8], name: &str) -> Result<(), Error> {
        self.name_fingerprint(token, id, name)
    }

    fn remove_fingerprint(&mut self, token: &Token, id: &[u8]) -> Result<(), Error> {
        self.delete_fingerprint(token, id)
    }

    fn set_always_uv(&mut self, token: Option<&Token>, on: bool) -> Result<bool, Error> {
        self.turn_always_uv(token, on)
    }

    fn set_pin_rule(&mut self, token: Option<&Token>, rule: &PinRule) -> Result<(), Error> {
        self.write_pin_rule(token, rule)
    }

    fn enable_enterprise_attestation(&mut self, token: Option<&Token>) -> Result<bool, Error> {
        self.turn_on_enterprise_attestation(token)
    }

    fn large_blobs(&mut self) -> Result<Vec<u8>, Error> {
        self.read_blobs()
    }

    fn set_large_blobs(&mut self, token: Option<&Token>, array: &[u8]) -> Result<(), Error> {
        self.write_blobs(token, array)
    }

    fn reset(&mut self, touch: &mut dyn FnMut()) -> Result<(), Error> {
        self.info = None;
        self.ask_person(cmd::RESET, None, None, touch).map(drop)
    }

    fn select(&mut self, touch: &mut dyn FnMut()) -> Result<(), Error> {
        self.ask_person(cmd::SELECTION, None, None, touch).map(drop)
    }

    fn wink(&mut self) -> Result<(), Error> {
        if !self.device().wink {
            return Err(Error::NotSupported { what: "blinking" });
        }
        let patience = self.channel.limits().command;
        self.channel.call(command::WINK, &[], patience, &mut |_| ()).map(drop)
    }

    fn ping(&mut self, data: &[u8]) -> Result<(), Error> {
        let patience = self.channel.limits().command;
        let echo = self.channel.call(command::PING, data, patience, &mut |_| ())?;
        if *echo == data { Ok(()) } else { Err(Error::Malformed { what: "echo" }) }
    }

    fn device_info(&mut self) -> Result<Option<keys::Device>, Error> {
        self.read_device_info()
    }
}

mod fuzzing {
    use super::{Fields, read};

    /// Reads bytes as any command's answer; for fuzzing. Must return whatever the bytes are.
    pub fn fuzz_answer(answer: &[u8]) {
        let Ok(value) = read(0x04, answer) else { return };
        let _ = crate::fido::info::Info::parse(&value);
        let Ok(fields) = Fields::new(&value, "fuzz") else { return };
        let _ = super::registration::made(&fields);
        let _ = super::assertion::read_one(&fields, None, None);
        let _ = super::credentials::stored_credential(&fields);
        let _ = super::credentials::stored_rp(&fields);
        let _ = super::bio::templates(&fields);
        let _ = super::client_pin::retries(&fields, 0x03);
    }
}
