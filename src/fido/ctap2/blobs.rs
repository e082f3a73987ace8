//! authenticatorLargeBlobs (CTAP 2.1 §6.10): the array as bytes, in fragments, under its checksum.

use super::{Ctap2, cmd, map};
use crate::fido::Error;
use crate::fido::cbor::Value;
use crate::fido::fields::Fields;
use crate::fido::pin::Token;
use sha2::{Digest, Sha256};

const WHAT: &str = "large blobs";
/// What a message has besides its fragment.
const OVERHEAD: usize = 64;
/// The first 16 bytes of a SHA-256.
const CHECKSUM: usize = 16;
/// More than any key stores; a key that never ends is not believed.
const MOST: usize = 65_536;

impl Ctap2 {
    /// The large-blob array: CBOR, its checksum proved and taken off. [`Error::LargeBlobDamaged`].
    pub fn large_blobs(&mut self) -> Result<Vec<u8>, Error> {
        let fragment = self.fragment()?;
        let mut all = Vec::new();
        loop {
            let request = map([(0x01, Some(size(fragment))), (0x03, Some(size(all.len())))]);
            let answer = self.ask(cmd::LARGE_BLOBS, Some(&request))?;
            let part = Fields::new(&answer, WHAT)?.need(0x01, Value::as_bytes)?;
            all.extend_from_slice(part);
            if all.len() > MOST {
                return Err(Error::Malformed { what: WHAT });
            }
            if part.len() < fragment {
                return unsealed(all);
            }
        }
    }

    /// Replaces the large-blob array, given without its checksum. Needs
    /// [`Permissions::LARGE_BLOB_WRITE`](crate::fido::Permissions::LARGE_BLOB_WRITE) where a PIN is set.
    /// [`Error::LargeBlobFull`].
    pub fn set_large_blobs(&mut self, token: Option<&Token>, array: &[u8]) -> Result<(), Error> {
        let fragment = self.fragment()?;
        let sealed = [array, &checksum(array)].concat();
        if self.known()?.max_large_blob.is_some_and(|most| sealed.len() > most) {
            return Err(Error::LargeBlobFull);
        }
        let mut offset = 0;
        for part in sealed.chunks(fragment) {
            let proof = token.map(|token| proof(token, offset, part)).transpose()?;
            let request = map([
                (0x02, Some(Value::from(part))),
                (0x03, Some(size(offset))),
                (0x04, (offset == 0).then(|| size(sealed.len()))),
                (0x05, proof.map(Value::from)),
                (0x06, token.map(|token| Value::Uint(token.protocol().number().into()))),
            ]);
            self.ask(cmd::LARGE_BLOBS, Some(&request))?;
            offset += part.len();
        }
        Ok(())
    }

    fn fragment(&mut self) -> Result<usize, Error> {
        let info = self.known()?;
        if !info.has("largeBlobs") {
            return Err(Error::NotSupported { what: WHAT });
        }
        Ok(info.max_message.clamp(1024, MOST) - OVERHEAD)
    }
}

fn size(n: usize) -> Value {
    Value::Uint(n as u64)
}

fn proof(token: &Token, offset: usize, part: &[u8]) -> Result<Vec<u8>, Error> {
    let offset = u32::try_from(offset).map_err(|_| Error::TooLarge)?;
    let mut proven = [0xFF; 32].to_vec();
    proven.extend([cmd::LARGE_BLOBS, 0x00]);
    proven.extend(offset.to_le_bytes());
    proven.extend(Sha256::digest(part));
    token.authenticate(&proven)
}

fn checksum(array: &[u8]) -> Vec<u8> {
    Sha256::digest(array).iter().copied().take(CHECKSUM).collect()
}

fn unsealed(mut all: Vec<u8>) -> Result<Vec<u8>, Error> {
    let array = all.len().checked_sub(CHECKSUM).ok_or(Error::LargeBlobDamaged)?;
    let found = all.split_off(array);
    if found == checksum(&all) { Ok(all) } else { Err(Error::LargeBlobDamaged) }
}
