//! authenticatorLargeBlobs (CTAP 2.1 §6.10): one array for all, read and written in fragments.

use super::applet::Applet;
use super::ctap::{Answer, Auth, optional, permission};
use super::status::{
    INTEGRITY_FAILURE, INVALID_LENGTH, INVALID_PARAMETER, INVALID_SEQ, LARGE_BLOB_STORAGE_FULL, MISSING_PARAMETER,
};
use crate::fido::cbor::Value;
use sha2::{Digest, Sha256};

/// Bytes that fit, with the hash at the end.
pub(super) const CAPACITY: usize = 4096;
/// LEFT(SHA-256(array), 16) follows the array.
const TRAILER: usize = 16;

/// An array of which not all fragments are there.
pub(super) struct Writing {
    expected: usize,
    so_far: Vec<u8>,
}

/// What is there when nothing was ever written: an empty CBOR array and its hash.
pub(super) fn empty() -> Vec<u8> {
    let array = [0x80];
    [&array[..], Sha256::digest(array).get(..TRAILER).unwrap_or_default()].concat()
}

impl Applet {
    pub(super) fn large_blobs(&mut self, request: &Value) -> Answer {
        let size = |key| -> Result<Option<usize>, super::status::Status> {
            let number = optional(request, key, Value::as_uint)?;
            number.map(|number| usize::try_from(number).map_err(|_| INVALID_PARAMETER)).transpose()
        };
        let offset = size(3)?.ok_or(MISSING_PARAMETER)?;
        let length = size(4)?;
        let get = size(1)?;
        let set = optional(request, 2, Value::as_bytes)?;
        let auth = Auth::of(request, 6, 5)?;
        match (get, set) {
            (Some(_), None) if length.is_some() || auth.param.is_some() => Err(INVALID_PARAMETER.into()),
            (Some(get), None) => self.read_blobs(offset, get),
            (None, Some(set)) => self.write_blobs(&auth, offset, length, set),
            _ => Err(INVALID_PARAMETER.into()),
        }
    }

    /// As much as fits beside the other bytes of a message.
    fn fragment(&self) -> usize {
        self.options.max_message.saturating_sub(64)
    }

    fn read_blobs(&mut self, offset: usize, get: usize) -> Answer {
        self.power.writing = None;
        if get > self.fragment() {
            return Err(INVALID_LENGTH.into());
        }
        let rest = self.held.large_blobs.get(offset..).ok_or(INVALID_PARAMETER)?;
        let part = rest.get(..get).unwrap_or(rest);
        Ok(Some(Value::map([(1, part)])))
    }

    fn write_blobs(&mut self, auth: &Auth<'_>, offset: usize, length: Option<usize>, set: &[u8]) -> Answer {
        if set.len() > self.fragment() {
            return Err(INVALID_LENGTH.into());
        }
        let mut writing = match (offset, length) {
            (0, None) => return Err(MISSING_PARAMETER.into()),
            (0, Some(expected)) if expected > CAPACITY => return Err(LARGE_BLOB_STORAGE_FULL.into()),
            (0, Some(expected)) if expected <= TRAILER => return Err(INVALID_PARAMETER.into()),
            (0, Some(expected)) => Writing { expected, so_far: Vec::new() },
            (_, Some(_)) => return Err(INVALID_PARAMETER.into()),
            (_, None) => self.power.writing.take().ok_or(INVALID_SEQ)?,
        };
        if offset != writing.so_far.len() {
            return Err(INVALID_SEQ.into());
        }
        let place = u32::try_from(offset).map_err(|_| INVALID_PARAMETER)?.to_le_bytes();
        let message = [&[0xFF; 32][..], &[0x0C, 0x00], &place, &Sha256::digest(set)].concat();
        self.authenticate_if_protected(auth, &message, permission::LARGE_BLOB_WRITE)?;
        if offset + set.len() > writing.expected {
            return Err(INVALID_PARAMETER.into());
        }
        writing.so_far.extend_from_slice(set);
        if writing.so_far.len() < writing.expected {
            self.power.writing = Some(writing);
            return Ok(None);
        }
        let (array, hash) = writing.so_far.split_at(writing.expected - TRAILER);
        if Sha256::digest(array).get(..TRAILER) != Some(hash) {
            return Err(INTEGRITY_FAILURE.into());
        }
        self.held.large_blobs = writing.so_far;
        Ok(None)
    }
}
