//! Large blobs (CTAP 2.1 §6.10.3): the array that a key stores for all its credentials, and the one entry in it that a
//! credential's large-blob key opens. Sends nothing.

use super::Error;
use super::cbor::{self, Value};
use ::ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use std::io::Read;

const CIPHERTEXT: i64 = 1;
const NONCE: i64 = 2;
const SIZE: i64 = 3;
/// No blob is longer. A key stores some kilobytes for all of them; compressed, a blob may be many times that.
pub const MOST: usize = 1 << 20;

/// The blob that this large-blob key opens; `None`: there is none.
///
/// # Errors
/// [`Error::LargeBlobDamaged`] where the array is none.
pub fn read(array: &[u8], key: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let key = opener(key)?;
    Ok(entries(array)?.iter().find_map(|entry| open(entry, &key)))
}

/// The array with this blob, in place of the one that the key opened before.
///
/// # Errors
/// [`Error::LargeBlobDamaged`] where the array is none, [`Error::LargeBlobFull`] for more than [`MOST`] bytes.
pub fn written(array: &[u8], key: &[u8], blob: &[u8]) -> Result<Vec<u8>, Error> {
    if blob.len() > MOST {
        return Err(Error::LargeBlobFull);
    }
    let key = opener(key)?;
    let mut entries = entries(array)?;
    entries.retain(|entry| open(entry, &key).is_none());
    entries.push(seal(blob, &key)?);
    Ok(cbor::encode(&Value::Array(entries)))
}

fn entries(array: &[u8]) -> Result<Vec<Value>, Error> {
    let array = cbor::decode_all_lenient(array).map_err(|_| Error::LargeBlobDamaged)?;
    array.as_array().map(<[Value]>::to_vec).ok_or(Error::LargeBlobDamaged)
}

fn opener(key: &[u8]) -> Result<LessSafeKey, Error> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| Error::Malformed { what: "large-blob key" })?;
    Ok(LessSafeKey::new(key))
}

/// What is authenticated beside the blob: its length before it was compressed.
fn aad(size: usize) -> Aad<Vec<u8>> {
    Aad::from([b"blob".as_slice(), &(size as u64).to_le_bytes()].concat())
}

/// Entries of other credentials do not open, whatever they are.
fn open(entry: &Value, key: &LessSafeKey) -> Option<Vec<u8>> {
    let nonce = Nonce::try_assume_unique_for_key(entry.get_int(NONCE)?.as_bytes()?).ok()?;
    let size = usize::try_from(entry.get_int(SIZE)?.as_uint()?).ok().filter(|size| *size <= MOST)?;
    let mut sealed = entry.get_int(CIPHERTEXT)?.as_bytes()?.to_vec();
    let compressed = key.open_in_place(nonce, aad(size), &mut sealed).ok()?;
    let mut blob = Vec::new();
    DeflateDecoder::new(&*compressed).take(size as u64 + 1).read_to_end(&mut blob).ok()?;
    (blob.len() == size).then_some(blob)
}

fn seal(blob: &[u8], key: &LessSafeKey) -> Result<Value, Error> {
    let system = |why: String| Error::System { why };
    let mut nonce = [0; NONCE_LEN];
    getrandom::fill(&mut nonce).map_err(|error| system(error.to_string()))?;
    let mut sealed = Vec::new();
    DeflateEncoder::new(blob, Compression::best())
        .read_to_end(&mut sealed)
        .map_err(|error| system(error.to_string()))?;
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad(blob.len()), &mut sealed)
        .map_err(|_| Error::LargeBlobFull)?;
    Ok(Value::map([
        (CIPHERTEXT, Value::from(sealed)),
        (NONCE, Value::from(nonce.as_slice())),
        (SIZE, Value::Uint(blob.len() as u64)),
    ]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const EMPTY: [u8; 1] = [0x80];

    #[test]
    fn each_key_opens_its_own_and_a_new_one_takes_the_old_ones_place() {
        let one = written(&EMPTY, &[1; 32], b"first").unwrap();
        let two = written(&one, &[2; 32], b"second").unwrap();
        let three = written(&two, &[1; 32], &[b'x'; 5000]).unwrap();
        assert!(three.len() < 300, "compressed");
        assert_eq!(read(&three, &[1; 32]).unwrap().unwrap(), [b'x'; 5000]);
        assert_eq!(read(&three, &[2; 32]).unwrap().unwrap(), b"second");
        assert_eq!(read(&three, &[3; 32]).unwrap(), None);
        assert_eq!(entries(&three).unwrap().len(), 2);
        assert_eq!(read(&[0xA0], &[1; 32]), Err(Error::LargeBlobDamaged));
        assert_eq!(written(&EMPTY, &[1; 32], &vec![0; MOST + 1]), Err(Error::LargeBlobFull));
    }

    #[test]
    fn a_length_that_was_changed_does_not_open() {
        let mut entries = entries(&written(&EMPTY, &[1; 32], b"first").unwrap()).unwrap();
        for size in [4, 6, u64::MAX] {
            let Value::Map(members) = entries.first_mut().unwrap() else { unreachable!() };
            members.last_mut().unwrap().1 = Value::Uint(size);
            assert_eq!(read(&cbor::encode(&Value::Array(entries.clone())), &[1; 32]).unwrap(), None);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(blob in proptest::collection::vec(any::<u8>(), 0..2000), key in any::<[u8; 32]>()) {
            let array = written(&EMPTY, &key, &blob).unwrap();
            prop_assert_eq!(read(&array, &key).unwrap(), Some(blob));
        }

        #[test]
        fn any_bytes_are_read_or_refused(array in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&array, &[1; 32]);
        }
    }
}
