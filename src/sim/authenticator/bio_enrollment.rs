//! authenticatorBioEnrollment (CTAP 2.1 §6.7), and its preview under 0x40.

use super::applet::{Applet, Fingerprint};
use super::ctap::{Answer, Auth, Moment, Person, as_map, optional, permission, required};
use super::get_info::size;
use super::keys::random;
use super::status::{
    INVALID_LENGTH, INVALID_OPTION, INVALID_PARAMETER, INVALID_SUBCOMMAND, KEY_STORE_FULL, MISSING_PARAMETER,
    NOT_ALLOWED,
};
use crate::fido::cbor::{self, Value};

/// The only modality there is.
const FINGERPRINT: u64 = 1;
const SAMPLES: usize = 5;
const CAPACITY: usize = 5;
/// Bytes of a friendly name.
const MAX_NAME: usize = 15;
/// CTAP2_ENROLL_FEEDBACK_NO_USER_ACTIVITY.
const NO_USER_ACTIVITY: u8 = 0x0D;

/// A finger of which not all samples are there.
pub(super) struct Enrolling {
    id: Vec<u8>,
    remaining: usize,
}

impl Applet {
    pub(super) fn bio_enrollment(&mut self, at: Moment, request: &Value) -> Answer {
        if optional(request, 6, Value::as_bool)? == Some(true) {
            return Ok(Some(Value::map([(1, FINGERPRINT)])));
        }
        let subcommand = required(request, 2, Value::as_uint)?;
        if required(request, 1, Value::as_uint)? != FINGERPRINT {
            return Err(INVALID_PARAMETER.into());
        }
        let params = optional(request, 3, as_map)?;
        match subcommand {
            0x03 => {
                self.power.enrolling = None;
                return Ok(None);
            }
            0x07 => return Ok(Some(Value::map([(2, Value::from(1)), (3, size(SAMPLES)), (8, size(MAX_NAME))]))),
            1 | 2 | 4..=6 => {}
            _ => return Err(INVALID_SUBCOMMAND.into()),
        }
        let auth = Auth::of(request, 4, 5)?;
        let mut message = vec![1, u8::try_from(subcommand).map_err(|_| INVALID_SUBCOMMAND)?];
        message.extend(params.map(cbor::encode).unwrap_or_default());
        self.authenticate(&auth, &message, permission::BIO_ENROLLMENT, None)?;
        match subcommand {
            0x01 => self.begin_finger(at),
            0x02 => self.next_sample(at, params.ok_or(MISSING_PARAMETER)?),
            0x04 => self.fingers(),
            0x05 => self.name_finger(params.ok_or(MISSING_PARAMETER)?),
            _ => self.remove_finger(params.ok_or(MISSING_PARAMETER)?),
        }
    }

    fn begin_finger(&mut self, at: Moment) -> Answer {
        if self.held.fingerprints.len() >= CAPACITY {
            return Err(KEY_STORE_FULL.into());
        }
        if at.person == Person::Unasked {
            at.touch()?;
        }
        let id = random::<2>().to_vec();
        self.power.enrolling = Some(Enrolling { id: id.clone(), remaining: SAMPLES });
        let mut answer = vec![(4, Value::Bytes(id))];
        answer.extend(self.sample(at));
        Ok(Some(Value::map(answer)))
    }

    fn next_sample(&mut self, at: Moment, params: &Value) -> Answer {
        let id = required(params, 1, Value::as_bytes)?;
        match &self.power.enrolling {
            None => return Err(NOT_ALLOWED.into()),
            Some(enrolling) if enrolling.id != id => return Err(INVALID_PARAMETER.into()),
            Some(_) if at.person == Person::Unasked => at.touch()?,
            Some(_) => {}
        }
        Ok(Some(Value::map(self.sample(at))))
    }

    /// One press on the sensor: how good it was, and how many good ones are still needed.
    fn sample(&mut self, at: Moment) -> Vec<(i32, Value)> {
        let quality = match at.person {
            Person::Touched { .. } => self.samples.pop_front().unwrap_or_default(),
            Person::Absent | Person::Unasked => NO_USER_ACTIVITY,
        };
        let mut remaining = 0;
        if let Some(enrolling) = &mut self.power.enrolling {
            if quality == 0 {
                enrolling.remaining = enrolling.remaining.saturating_sub(1);
            }
            remaining = enrolling.remaining;
        }
        if remaining == 0
            && let Some(enrolled) = self.power.enrolling.take()
        {
            self.held.fingerprints.push(Fingerprint { id: enrolled.id, name: None });
        }
        vec![(5, Value::Uint(u64::from(quality))), (6, size(remaining))]
    }

    fn fingers(&self) -> Answer {
        if self.held.fingerprints.is_empty() {
            return Err(INVALID_OPTION.into());
        }
        let describe = |finger: &Fingerprint| {
            let mut map = vec![(1, Value::Bytes(finger.id.clone()))];
            map.extend(finger.name.clone().map(|name| (2, Value::Text(name))));
            Value::map(map)
        };
        Ok(Some(Value::map([(7, Value::array(self.held.fingerprints.iter().map(describe)))])))
    }

    fn name_finger(&mut self, params: &Value) -> Answer {
        let id = required(params, 1, Value::as_bytes)?;
        let name = required(params, 2, Value::as_text)?;
        if name.len() > MAX_NAME {
            return Err(INVALID_LENGTH.into());
        }
        let finger = self.held.fingerprints.iter_mut().find(|finger| finger.id == id).ok_or(INVALID_OPTION)?;
        finger.name = Some(name.to_owned());
        Ok(None)
    }

    fn remove_finger(&mut self, params: &Value) -> Answer {
        let id = required(params, 1, Value::as_bytes)?;
        let position = self.held.fingerprints.iter().position(|finger| finger.id == id).ok_or(INVALID_OPTION)?;
        self.held.fingerprints.remove(position);
        Ok(None)
    }
}
