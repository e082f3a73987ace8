//! CTAP2 commands: taking them apart, sending them where they belong, and waiting for a person.
//!
//! A command that needs a touch stops with [`Need`] before it has had any effect, and is run again from its start
//! once the touch has come. So nothing that changes the key stands before the touch.

use super::applet::Applet;
use super::options::Level;
use super::pin_protocol::{self, PinProtocol};
use super::status::{
    CBOR_UNEXPECTED_TYPE, INVALID_CBOR, INVALID_COMMAND, INVALID_LENGTH, INVALID_PARAMETER, MISSING_PARAMETER,
    NOT_ALLOWED, PIN_AUTH_INVALID, PIN_INVALID, PIN_NOT_SET, PUAT_REQUIRED, REQUEST_TOO_LARGE, Status,
    USER_ACTION_TIMEOUT,
};
use crate::fido::cbor::{self, Value};
use std::time::{Duration, SystemTime};

const MAKE_CREDENTIAL: u8 = 0x01;
const GET_ASSERTION: u8 = 0x02;
const GET_INFO: u8 = 0x04;
const CLIENT_PIN: u8 = 0x06;
const RESET: u8 = 0x07;
pub(super) const GET_NEXT_ASSERTION: u8 = 0x08;
const BIO_ENROLLMENT: u8 = 0x09;
pub(super) const CREDENTIAL_MANAGEMENT: u8 = 0x0A;
const SELECTION: u8 = 0x0B;
const LARGE_BLOBS: u8 = 0x0C;
const CONFIG: u8 = 0x0D;
const BIO_ENROLLMENT_PREVIEW: u8 = 0x40;
pub(super) const CREDENTIAL_MANAGEMENT_PREVIEW: u8 = 0x41;

/// Reset is taken this long after power-up, and no longer (CTAP 2.1 §6.6).
const RESET_WINDOW: Duration = Duration::from_secs(10);

/// Permissions of a token (CTAP 2.1 §6.5.5.7).
pub(super) mod permission {
    pub(crate) const MAKE_CREDENTIAL: u8 = 0x01;
    pub(crate) const GET_ASSERTION: u8 = 0x02;
    pub(crate) const CREDENTIAL_MANAGEMENT: u8 = 0x04;
    pub(crate) const BIO_ENROLLMENT: u8 = 0x08;
    pub(crate) const LARGE_BLOB_WRITE: u8 = 0x10;
    pub(crate) const CONFIG: u8 = 0x20;
}

/// Why a command did not come to its end.
pub(super) enum Stop {
    Status(Status),
    /// It waits for a person's touch.
    Touch,
}

impl From<Status> for Stop {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

/// What a command answers: a map, or nothing but success.
pub(super) type Answer = Result<Option<Value>, Stop>;

/// The person, as far as this run of a command knows.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// By the key's clock.
    pub(super) now: SystemTime,
    pub(super) person: Person,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Person {
    Unasked,
    /// Has touched the key; with an enrolled finger, or another.
    Touched {
        matches: bool,
    },
    /// Did not come.
    Absent,
}

impl Moment {
    /// Goes on only after a touch.
    pub(super) fn touch(self) -> Result<(), Stop> {
        self.finger().map(|_| ())
    }

    /// Goes on only after a touch; whether it was with an enrolled finger.
    pub(super) fn finger(self) -> Result<bool, Stop> {
        match self.person {
            Person::Unasked => Err(Stop::Touch),
            Person::Touched { matches } => Ok(matches),
            Person::Absent => Err(USER_ACTION_TIMEOUT.into()),
        }
    }
}

/// Carries out one CTAP2 message: a command byte and CBOR. The answer is a status byte and CBOR.
pub(super) fn run(applet: &mut Applet, at: Moment, message: &[u8]) -> Option<Vec<u8>> {
    let answer = match message.split_first() {
        _ if message.len() > applet.options.max_message => Err(REQUEST_TOO_LARGE.into()),
        None => Err(INVALID_LENGTH.into()),
        Some((command, request)) => dispatch(applet, at, *command, request),
    };
    match answer {
        Ok(None) => Some(vec![0]),
        Ok(Some(mut answer)) => {
            if let (true, Value::Map(members)) = (applet.options.unknown_members, &mut answer) {
                members.push((0xF0.into(), Value::array(["later"])));
                members.push(("x-later".into(), Value::map([(1, true)])));
            }
            Some([vec![0], cbor::encode(&answer)].concat())
        }
        Err(Stop::Status(status)) => Some(vec![status.0]),
        Err(Stop::Touch) => None,
    }
}

fn dispatch(applet: &mut Applet, at: Moment, command: u8, raw: &[u8]) -> Answer {
    applet.power.forget_sequences_but(command);
    let bio = applet.options.bio;
    let management = applet.options.credential_management;
    let preview = applet.speaks(Level::Fido21Pre);
    let standard = applet.speaks(Level::Fido21);
    match command {
        GET_INFO => bare(raw).and_then(|()| applet.get_info()),
        GET_NEXT_ASSERTION => bare(raw).and_then(|()| applet.get_next_assertion(at)),
        RESET => bare(raw).and_then(|()| reset(applet, at)),
        SELECTION if standard => bare(raw).and_then(|()| at.touch()).map(|()| None),
        MAKE_CREDENTIAL => applet.make_credential(at, &request(raw)?),
        GET_ASSERTION => applet.get_assertion(at, &request(raw)?),
        CLIENT_PIN => applet.client_pin(at, &request(raw)?),
        CREDENTIAL_MANAGEMENT if standard && management.is_standard() => applet.credential_management(&request(raw)?),
        CREDENTIAL_MANAGEMENT_PREVIEW if preview && management.is_preview() => {
            applet.credential_management(&request(raw)?)
        }
        BIO_ENROLLMENT if standard && bio.is_standard() => applet.bio_enrollment(at, &request(raw)?),
        BIO_ENROLLMENT_PREVIEW if preview && bio.is_preview() => applet.bio_enrollment(at, &request(raw)?),
        LARGE_BLOBS if standard && applet.options.large_blobs => applet.large_blobs(&request(raw)?),
        CONFIG if standard && applet.options.config => applet.config(&request(raw)?),
        _ => Err(INVALID_COMMAND.into()),
    }
}

/// Only in the first seconds after power-up, and with a touch.
fn reset(applet: &mut Applet, at: Moment) -> Answer {
    let up = at.now.duration_since(applet.power.since).unwrap_or_default();
    if at.person == Person::Unasked && up > RESET_WINDOW {
        return Err(NOT_ALLOWED.into());
    }
    at.touch()?;
    applet.forget_all();
    Ok(None)
}

/// A command without parameters.
fn bare(raw: &[u8]) -> Result<(), Stop> {
    if raw.is_empty() { Ok(()) } else { Err(INVALID_LENGTH.into()) }
}

/// The parameters: one canonical map and nothing after it.
fn request(raw: &[u8]) -> Result<Value, Stop> {
    if raw.is_empty() {
        return Err(MISSING_PARAMETER.into());
    }
    match cbor::decode_all(raw) {
        Ok(map @ Value::Map(_)) => Ok(map),
        Ok(_) => Err(CBOR_UNEXPECTED_TYPE.into()),
        Err(_) => Err(INVALID_CBOR.into()),
    }
}

/// A member of a map, where it is there; of the wrong type is an error.
pub(super) fn optional<'a, T>(
    map: &'a Value,
    key: impl Into<Value>,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<Option<T>, Status> {
    map.get(&key.into()).map(|value| read(value).ok_or(CBOR_UNEXPECTED_TYPE)).transpose()
}

pub(super) fn required<'a, T>(
    map: &'a Value,
    key: impl Into<Value>,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<T, Status> {
    optional(map, key, read)?.ok_or(MISSING_PARAMETER)
}

/// An option of makeCredential or getAssertion.
pub(super) fn option(options: Option<&Value>, name: &str) -> Result<Option<bool>, Status> {
    options.map_or(Ok(None), |options| optional(options, name, Value::as_bool))
}

pub(super) fn as_map(value: &Value) -> Option<&Value> {
    value.as_map().map(|_| value)
}

pub(super) struct Auth<'a> {
    pub(super) protocol: Option<u64>,
    pub(super) param: Option<&'a [u8]>,
}

impl<'a> Auth<'a> {
    pub(super) fn of(request: &'a Value, protocol: i64, param: i64) -> Result<Self, Status> {
        Ok(Self {
            protocol: optional(request, protocol, Value::as_uint)?,
            param: optional(request, param, Value::as_bytes)?,
        })
    }
}

impl Applet {
    pub(super) fn protocol(&self, number: Option<u64>) -> Result<PinProtocol, Status> {
        let number = number.ok_or(MISSING_PARAMETER)?;
        let found = self.options.pin_protocols.iter().find(|protocol| u64::from(protocol.number()) == number);
        found.copied().ok_or(INVALID_PARAMETER)
    }

    /// An empty pinUvAuthParam: how platforms of CTAP 2.0 ask a person to choose a key by touching it.
    pub(super) fn touched_to_choose(&self, at: Moment, param: Option<&[u8]>) -> Result<(), Stop> {
        if param.is_none_or(|param| !param.is_empty()) {
            return Ok(());
        }
        at.touch()?;
        Err(if self.held.pin.is_some() { PIN_INVALID } else { PIN_NOT_SET }.into())
    }

    /// Checks that a token with this permission signed `message`, and is not another relying party's.
    pub(super) fn authenticate(
        &mut self,
        auth: &Auth<'_>,
        message: &[u8],
        permission: u8,
        rp_id: Option<&str>,
    ) -> Result<(), Status> {
        let param = auth.param.ok_or(PUAT_REQUIRED)?;
        let protocol = self.protocol(auth.protocol)?;
        let granted = self.power.grant.as_ref().is_some_and(|grant| grant.protocol == protocol);
        let token = zeroize::Zeroizing::clone(&self.power.agreement(protocol).token);
        pin_protocol::verify(protocol, &token, message, param)?;
        let grant = self.power.grant.as_mut().filter(|_| granted).ok_or(PIN_AUTH_INVALID)?;
        let other = matches!((&grant.rp_id, rp_id), (Some(bound), Some(rp_id)) if bound != rp_id);
        if grant.permissions & permission == 0 || other {
            return Err(PIN_AUTH_INVALID);
        }
        if grant.rp_id.is_none() && permission & (permission::MAKE_CREDENTIAL | permission::GET_ASSERTION) != 0 {
            grant.rp_id = rp_id.map(str::to_owned);
        }
        Ok(())
    }

    /// The same for a command that must be authenticated as soon as there is a PIN or a fingerprint.
    pub(super) fn authenticate_if_protected(
        &mut self,
        auth: &Auth<'_>,
        message: &[u8],
        permission: u8,
    ) -> Result<(), Status> {
        if self.is_protected() || self.held.always_uv || auth.param.is_some() {
            return self.authenticate(auth, message, permission, None);
        }
        Ok(())
    }

    /// A token is good for one touch: after it, only for large blobs.
    pub(super) fn spend_token(&mut self) {
        if self.speaks(Level::Fido21)
            && let Some(grant) = &mut self.power.grant
        {
            grant.permissions &= permission::LARGE_BLOB_WRITE;
        }
    }
}
