//! Authenticator data: read to the last byte, and nothing but.

use glasskey::fido::cbor::{Value, encode};
use glasskey::fido::{AuthData, Error, fuzz_auth_data};
use proptest::prelude::*;

const BAD: Error = Error::Malformed { what: "authenticator data" };

fn key() -> Value {
    Value::map([(1, Value::from(2)), (3, Value::from(-7)), (-2, Value::from(vec![3; 32]))])
}

fn data(flags: u8, counter: u32, id: &[u8], extensions: Option<&Value>) -> Vec<u8> {
    let mut raw = [&[0xAB; 32][..], &[flags], &counter.to_be_bytes()].concat();
    if flags & 0x40 != 0 {
        raw.extend([0xCD; 16]);
        raw.extend((id.len() as u16).to_be_bytes());
        raw.extend(id);
        raw.extend(encode(&key()));
    }
    raw.extend(extensions.iter().flat_map(|map| encode(map)));
    raw
}

#[test]
fn a_registrations_data_is_taken_apart() {
    let extensions = Value::map([("credProtect", Value::from(2)), ("hmac-secret", Value::from(true))]);
    let raw = data(0xC5, 7, b"credential", Some(&extensions));
    let read = AuthData::parse(&raw).unwrap();
    assert_eq!(read.raw, raw);
    assert_eq!(read.rp_id_hash, [0xAB; 32]);
    assert!(read.flags.user_present() && read.flags.user_verified() && read.flags.attested());
    assert!(!read.flags.backup_eligible() && !read.flags.backed_up());
    assert_eq!(read.counter, 7);
    assert_eq!(read.extension("credProtect"), Some(&Value::from(2)));
    assert_eq!(read.extension("credBlob"), None);
    let attested = read.attested.unwrap();
    assert_eq!(attested.aaguid.to_string(), "cdcdcdcd-cdcd-cdcd-cdcd-cdcdcdcdcdcd");
    assert_eq!(attested.credential_id, b"credential");
    assert_eq!((attested.public_key_raw, attested.public_key), (encode(&key()), key()));
}

#[test]
fn a_sign_ins_data_is_37_bytes() {
    let read = AuthData::parse(&data(0x01, u32::MAX, &[], None)).unwrap();
    assert_eq!((read.attested, read.extensions.len(), read.counter), (None, 0, u32::MAX));
}

#[test]
fn data_cut_anywhere_is_refused() {
    let raw = data(0xC1, 1, &[9; 64], Some(&Value::map([("credProtect", 3)])));
    for len in 0..raw.len() {
        assert_eq!(AuthData::parse(&raw[..len]).err(), Some(BAD), "{len} bytes");
    }
}

#[test]
fn what_the_flags_do_not_announce_is_refused() {
    let extensions = Value::map([("credProtect", 3)]);
    assert_eq!(AuthData::parse(&data(0x41, 1, b"id", Some(&extensions))).err(), Some(BAD));
    assert_eq!(AuthData::parse(&[data(0x01, 1, &[], None), vec![0]].concat()).err(), Some(BAD));
    assert_eq!(AuthData::parse(&data(0x81, 1, &[], Some(&Value::from(1)))).err(), Some(BAD), "not a map");
    assert_eq!(AuthData::parse(&data(0x81, 1, &[], Some(&Value::map([(1, 1)])))).err(), Some(BAD), "not a name");
    assert_eq!(AuthData::parse(&data(0x41, 1, &[1; 1024], None)).err(), Some(BAD), "an id may have 1023 bytes");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), flags in any::<u8>()) {
        fuzz_auth_data(&bytes);
        let mut bytes = bytes;
        if let Some(slot) = bytes.get_mut(32) {
            *slot = flags;
        }
        fuzz_auth_data(&bytes);
    }

    #[test]
    fn what_is_built_is_read(flags in any::<u8>(), counter in any::<u32>(), id in prop::collection::vec(any::<u8>(), 0..200)) {
        let extensions = (flags & 0x80 != 0).then(|| Value::map([("minPinLength", 6)]));
        let read = AuthData::parse(&data(flags, counter, &id, extensions.as_ref())).unwrap();
        prop_assert_eq!(read.flags.0, flags);
        prop_assert_eq!(read.counter, counter);
        prop_assert_eq!(read.attested.map(|attested| attested.credential_id), (flags & 0x40 != 0).then_some(id));
    }
}
