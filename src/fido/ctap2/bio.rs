//! authenticatorBioEnrollment (CTAP 2.1 §6.7), and its preview under another number.

use super::{Ctap2, map};
use crate::fido::Error;
use crate::fido::cbor::{self, Value};
use crate::fido::fields::Fields;
use crate::fido::pin::Token;
use crate::fido::types::{Capture, Fingerprint, SampleQuality, Sensor};

const WHAT: &str = "fingerprints";
/// The only modality there is.
const FINGERPRINT: u8 = 0x01;
/// A finger that does not come: as long as the key waits by itself, and this often.
const MOST_IDLE: usize = 3;
/// More than any sensor asks for; a key that never has enough is not believed.
const MOST_SAMPLES: usize = 100;

mod sub {
    pub(super) const ENROLL_BEGIN: u8 = 0x01;
    pub(super) const CAPTURE_NEXT: u8 = 0x02;
    pub(super) const CANCEL: u8 = 0x03;
    pub(super) const ENUMERATE: u8 = 0x04;
    pub(super) const RENAME: u8 = 0x05;
    pub(super) const REMOVE: u8 = 0x06;
    pub(super) const SENSOR: u8 = 0x07;
}

impl Ctap2 {
    /// The fingerprint sensor. [`Error::NotSupported`] where there is none.
    pub fn sensor(&mut self) -> Result<Sensor, Error> {
        let command = self.bio_command()?;
        let answer = self.ask(command, Some(&request(sub::SENSOR, None)))?;
        let fields = Fields::new(&answer, WHAT)?;
        Ok(Sensor {
            swipe: fields.uint(0x02)? == Some(2),
            max_samples: fields.uint(0x03)?,
            max_name: fields.size(0x08)?,
        })
    }

    /// Takes a new fingerprint and returns its id. Needs
    /// [`Permissions::BIO_ENROLLMENT`](crate::fido::Permissions::BIO_ENROLLMENT), as the next three. What was begun is
    /// cancelled when it fails.
    pub fn enroll_fingerprint(&mut self, token: &Token, progress: &mut dyn FnMut(Capture)) -> Result<Vec<u8>, Error> {
        let added = self.capture(token, progress);
        if added.is_err() {
            // What is left half done would stand in the way of the next one. Nothing to prove, and no harm if nothing
            // was begun.
            self.channel.set_deaf(true);
            if let Ok(command) = self.bio_command() {
                let _ = self.ask(command, Some(&request(sub::CANCEL, None)));
            }
            self.channel.set_deaf(false);
        }
        self.info = None;
        added
    }

    fn capture(&mut self, token: &Token, progress: &mut dyn FnMut(Capture)) -> Result<Vec<u8>, Error> {
        let mut id: Option<Vec<u8>> = None;
        let mut idle = 0;
        for _ in 0..MOST_SAMPLES {
            let (subcommand, parameters) = match &id {
                None => (sub::ENROLL_BEGIN, None),
                Some(id) => (sub::CAPTURE_NEXT, Some(map([(0x01, Some(Value::from(id.as_slice())))]))),
            };
            let message = self.proven(subcommand, parameters, token)?;
            let command = self.bio_command()?;
            let answer = self.ask_person(command, Some(&message), None, &mut || progress(Capture::Waiting))?;
            let fields = Fields::new(&answer, WHAT)?;
            if id.is_none() {
                id = Some(fields.need(0x04, Value::as_bytes)?.to_vec());
            }
            let quality = SampleQuality::from(fields.byte(0x05)?.ok_or(fields.malformed())?);
            let remaining = fields.need(0x06, Value::as_uint)?;
            progress(Capture::Sample { quality, remaining });
            if remaining == 0 {
                return id.ok_or(fields.malformed());
            }
            idle = if quality == SampleQuality::NoActivity { idle + 1 } else { 0 };
            if idle == MOST_IDLE {
                return Err(Error::TouchTimedOut);
            }
        }
        Err(Error::Malformed { what: WHAT })
    }

    pub fn fingerprints(&mut self, token: &Token) -> Result<Vec<Fingerprint>, Error> {
        let message = self.proven(sub::ENUMERATE, None, token)?;
        let command = self.bio_command()?;
        match self.ask(command, Some(&message)) {
            Err(Error::InvalidOption) => Ok(Vec::new()), // none (§6.7.6)
            answer => templates(&Fields::new(&answer?, WHAT)?),
        }
    }

    pub fn rename_fingerprint(&mut self, token: &Token, id: &[u8], name: &str) -> Result<(), Error> {
        let parameters = map([(0x01, Some(Value::from(id))), (0x02, Some(Value::from(name)))]);
        self.bio(sub::RENAME, parameters, token)
    }

    pub fn remove_fingerprint(&mut self, token: &Token, id: &[u8]) -> Result<(), Error> {
        self.bio(sub::REMOVE, map([(0x01, Some(Value::from(id)))]), token)
    }

    fn bio(&mut self, subcommand: u8, parameters: Value, token: &Token) -> Result<(), Error> {
        let message = self.proven(subcommand, Some(parameters), token)?;
        let command = self.bio_command()?;
        self.info = None;
        self.ask(command, Some(&message)).map(drop)
    }

    fn bio_command(&mut self) -> Result<u8, Error> {
        self.known()?.bio_enrollment().ok_or(Error::NotSupported { what: WHAT })
    }

    /// A subcommand proved with the token, over modality, number and parameters.
    fn proven(&mut self, subcommand: u8, parameters: Option<Value>, token: &Token) -> Result<Value, Error> {
        let mut proven = vec![FINGERPRINT, subcommand];
        proven.extend(parameters.iter().flat_map(cbor::encode));
        let proof = token.authenticate(&proven)?;
        Ok(map([
            (0x01, Some(Value::Uint(FINGERPRINT.into()))),
            (0x02, Some(Value::Uint(subcommand.into()))),
            (0x03, parameters),
            (0x04, Some(Value::Uint(token.protocol().number().into()))),
            (0x05, Some(proof.into())),
        ]))
    }
}

fn request(subcommand: u8, parameters: Option<Value>) -> Value {
    map([
        (0x01, Some(Value::Uint(FINGERPRINT.into()))),
        (0x02, Some(Value::Uint(subcommand.into()))),
        (0x03, parameters),
    ])
}

pub(super) fn templates(answer: &Fields<'_>) -> Result<Vec<Fingerprint>, Error> {
    let one = |template: &Value| {
        let template = Fields::new(template, WHAT)?;
        Ok(Fingerprint { id: template.need(0x01, Value::as_bytes)?.to_vec(), name: template.text(0x02)? })
    };
    answer.array(0x07)?.iter().map(one).collect()
}
