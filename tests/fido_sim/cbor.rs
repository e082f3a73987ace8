//! CTAP2 canonical CBOR: what is taken, what is refused, and that nothing makes it panic.

use glasskey::fido::cbor::{
    Error, MAX_DEPTH, MAX_INPUT, Value, decode, decode_all, decode_all_lenient, decode_lenient, encode,
};
use proptest::prelude::*;

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(text.as_bytes()).unwrap()
}

/// RFC 8949 appendix A, those that CTAP can have.
#[test]
fn the_rfcs_examples_read_and_write_as_printed() {
    let cases = [
        ("00", Value::Uint(0)),
        ("17", Value::Uint(23)),
        ("1818", Value::Uint(24)),
        ("1903e8", Value::Uint(1000)),
        ("1a000f4240", Value::Uint(1_000_000)),
        ("1bffffffffffffffff", Value::Uint(u64::MAX)),
        ("20", Value::from(-1)),
        ("3863", Value::from(-100)),
        ("3903e7", Value::from(-1000)),
        ("3bffffffffffffffff", Value::Nint(u64::MAX)),
        ("f4", false.into()),
        ("f5", true.into()),
        ("f6", Value::Null),
        ("4401020304", vec![1, 2, 3, 4].into()),
        ("62c3bc", "ü".into()),
        ("83010203", Value::array([1, 2, 3])),
        ("a201020304", Value::map([(1, 2), (3, 4)])),
        ("826161a161626163", Value::Array(vec!["a".into(), Value::map([("b", "c")])])),
    ];
    for (text, value) in cases {
        assert_eq!(decode_all(&hex(text)), Ok(value.clone()), "{text}");
        assert_eq!(encode(&value), hex(text), "{text}");
    }
}

#[test]
fn whatever_is_not_canonical_is_refused_by_name() {
    let cases = [
        ("", Error::Truncated),
        ("18", Error::Truncated),
        ("42ff", Error::Truncated),
        ("9affffffff", Error::Truncated),
        ("bb8000000000000000", Error::Truncated),
        ("5bffffffffffffffff", Error::Truncated),
        ("1817", Error::NotShortest),
        ("1900ff", Error::NotShortest),
        ("1a0000ffff", Error::NotShortest),
        ("1b00000000ffffffff", Error::NotShortest),
        ("580141", Error::NotShortest),
        ("5f41ff", Error::Indefinite),
        ("9fff", Error::Indefinite),
        ("bfff", Error::Indefinite),
        ("ff", Error::Indefinite),
        ("c000", Error::Unsupported),
        ("f7", Error::Unsupported),
        ("f93c00", Error::Unsupported),
        ("f8ff", Error::Unsupported),
        ("1c", Error::Unsupported),
        ("62c328", Error::NotUtf8),
        ("a203040102", Error::KeyOrder),
        ("a26161012001", Error::KeyOrder),
        ("a262616101616201", Error::KeyOrder),
        ("a201020103", Error::DuplicateKey),
        ("0000", Error::Trailing),
    ];
    for (text, error) in cases {
        assert_eq!(decode_all(&hex(text)), Err(error), "{text}");
    }
}

#[test]
fn the_lenient_reader_takes_any_order_and_nothing_else() {
    assert_eq!(decode_all_lenient(&hex("a203040102")), Ok(Value::map([(3, 4), (1, 2)])));
    assert_eq!(decode_all_lenient(&hex("a3010203040102")), Err(Error::DuplicateKey));
    assert_eq!(decode_all_lenient(&hex("1817")), Err(Error::NotShortest));
    assert_eq!(decode_all_lenient(&hex("a200010000")), Err(Error::DuplicateKey));
    assert_eq!(decode_all_lenient(&hex("0000")), Err(Error::Trailing));
}

#[test]
fn depth_and_length_have_bounds() {
    let nested = |depth: usize| [vec![0x81; depth], vec![0x00]].concat();
    assert!(decode(&nested(MAX_DEPTH)).is_ok());
    assert_eq!(decode(&nested(MAX_DEPTH + 1)), Err(Error::TooDeep));
    assert_eq!(decode(&nested(60_000)), Err(Error::TooDeep));
    assert_eq!(decode(&vec![0; MAX_INPUT + 1]), Err(Error::TooLong));
}

#[test]
fn it_says_how_much_it_took() {
    assert_eq!(decode(&hex("830102030405")), Ok((Value::array([1, 2, 3]), 4)));
}

#[test]
fn values_are_found_by_key_and_kind() {
    let value = Value::map([
        (Value::from(1), Value::from("one")),
        ("two".into(), vec![2].into()),
        ((-7).into(), true.into()),
    ]);
    assert_eq!(value.get_int(1).and_then(Value::as_text), Some("one"));
    assert_eq!(value.get_text("two").and_then(Value::as_bytes), Some(&[2][..]));
    assert_eq!(value.get_int(-7).and_then(Value::as_bool), Some(true));
    assert_eq!(value.get_int(2), None);
    assert_eq!(Value::Null.get_int(1), None);
    assert_eq!(Value::from(i64::MIN).as_int(), Some(i64::MIN));
    assert_eq!(Value::Nint(u64::MAX).as_int(), None);
    assert_eq!(Value::Uint(u64::MAX).as_int(), None);
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Value::Uint),
        (0..70_000_u64).prop_map(Value::Uint),
        any::<u64>().prop_map(Value::Nint),
        proptest::collection::vec(any::<u8>(), 0..300).prop_map(Value::Bytes),
        ".{0,40}".prop_map(Value::Text),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::Null),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::vec((inner.clone(), inner), 0..6).prop_map(|entries| {
                let mut entries = entries;
                entries.sort_by_key(|(key, _)| encode(key));
                entries.dedup_by_key(|(key, _)| encode(key));
                Value::Map(entries)
            }),
        ]
    })
}

/// Every map in it written in this order.
fn shuffled(value: &Value) -> Value {
    match value {
        Value::Map(entries) => {
            Value::Map(entries.iter().rev().map(|(key, value)| (shuffled(key), shuffled(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(shuffled).collect()),
        other => other.clone(),
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(value in value()) {
        let bytes = encode(&value);
        // Keys that are maps themselves sort by their encoding, so what is read equals it written again.
        let (read, used) = decode(&bytes).unwrap();
        prop_assert_eq!(used, bytes.len());
        prop_assert_eq!(encode(&read), bytes);
    }

    #[test]
    fn the_order_put_in_does_not_matter(value in value()) {
        prop_assert_eq!(encode(&shuffled(&value)), encode(&value));
    }

    #[test]
    fn every_cut_is_truncated(value in value(), cut in any::<prop::sample::Index>()) {
        let bytes = encode(&value);
        let cut = cut.index(bytes.len());
        prop_assert_eq!(decode(&bytes[..cut]), Err(Error::Truncated));
    }

    #[test]
    fn no_bytes_make_it_panic_and_what_is_taken_is_canonical(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok((value, used)) = decode(&bytes) {
            prop_assert_eq!(encode(&value), &bytes[..used]);
        }
        let _ = decode_lenient(&bytes);
    }
}
