//! CTAP2 commands (CTAP 2.1 §6) over a channel. One command to a file.

mod assertion;
mod bio;
mod blobs;
mod client_pin;
mod config;
mod credentials;
mod registration;
mod vendor;

use super::cbor::{self, Value};
use super::ctaphid::{Channel, Device, Keepalive, Limits, command};
use super::info::Info;
use super::types::{Descriptor, User};
use super::{Error, fields::Fields};
use crate::platform::Interrupt;
use crate::transport::hid::Hid;
use std::time::Duration;
use zeroize::Zeroizing;

#[doc(hidden)]
pub use fuzzing::fuzz_answer;

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

/// An open FIDO2 key, over its HID reports. Every call blocks until the key has answered, the time is up or the person
/// interrupts; then the key has been told to give up, and can be used again.
///
/// `touch` is called when the key waits for a touch, once for each command that does.
///
/// A PIN is spent in exactly one place, the [`Attempt`](super::Attempt) that is given away; commands carry the
/// [`Token`](super::Token) it bought.
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
        let timeout = self.channel.limits().command;
        self.run(command, request, timeout, &mut |_| ())
    }

    fn ask_person(
        &mut self,
        command: u8,
        request: Option<&Value>,
        timeout: Option<Duration>,
        touch: &mut dyn FnMut(),
    ) -> Result<Value, Error> {
        let timeout = timeout.unwrap_or(self.channel.limits().person);
        let mut told = false;
        self.run(command, request, timeout, &mut |state| {
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
        timeout: Duration,
        alive: &mut dyn FnMut(Keepalive),
    ) -> Result<Value, Error> {
        let encoded = Zeroizing::new(request.map(cbor::encode).unwrap_or_default());
        let mut message = Zeroizing::new(Vec::with_capacity(1 + encoded.len()));
        message.push(command);
        message.extend_from_slice(&encoded);
        if message.len() > self.info.as_ref().map_or(usize::MAX, |info| info.max_message) {
            return Err(Error::TooLarge);
        }
        let answer = self.channel.call(command::CBOR, &message, timeout, alive)?;
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

impl Ctap2 {
    /// What the key says of itself, asked anew.
    ///
    /// # Errors
    /// As every method: those of the way to the key, and [`Error::Malformed`].
    pub fn info(&mut self) -> Result<Info, Error> {
        let info = self.read_info()?;
        self.info = Some(info.clone());
        Ok(info)
    }

    /// Wipes the key: all credentials, the PIN, the fingerprints. Most keys take it only within 10 s of being plugged
    /// in: [`Error::NotAllowed`].
    pub fn reset(&mut self, touch: &mut dyn FnMut()) -> Result<(), Error> {
        self.info = None;
        self.ask_person(cmd::RESET, None, None, touch).map(drop)
    }

    /// Waits for a touch, to find out which key a person means.
    pub fn select(&mut self, touch: &mut dyn FnMut()) -> Result<(), Error> {
        self.ask_person(cmd::SELECTION, None, None, touch).map(drop)
    }

    /// Blinks. [`Error::NotSupported`] where it cannot.
    pub fn wink(&mut self) -> Result<(), Error> {
        if !self.device().wink {
            return Err(Error::NotSupported { what: "blinking" });
        }
        let timeout = self.channel.limits().command;
        self.channel.call(command::WINK, &[], timeout, &mut |_| ()).map(drop)
    }

    /// Sends bytes there and back. [`Error::Malformed`] when others come back.
    pub fn ping(&mut self, data: &[u8]) -> Result<(), Error> {
        let timeout = self.channel.limits().command;
        let echo = self.channel.call(command::PING, data, timeout, &mut |_| ())?;
        if *echo == data { Ok(()) } else { Err(Error::Malformed { what: "echo" }) }
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
