//! Seeds as base32 text: what people type, what services send, and everything else.

use data_encoding::{BASE32, BASE32_NOPAD};
use glasskey::secret::{BadSeed, MAX_SEED, Seed};
use proptest::prelude::*;

fn read(text: &str) -> Result<Vec<u8>, BadSeed> {
    Seed::from_base32(text.as_bytes()).map(|seed| seed.expose(<[u8]>::to_vec))
}

fn position(text: &str) -> usize {
    match read(text).unwrap_err() {
        BadSeed::NotBase32 { position } => position,
        other => panic!("{other:?}"),
    }
}

#[test]
fn rfc_4648_section_10() {
    for (text, raw) in [
        ("MY", "f"),
        ("MZXQ", "fo"),
        ("MZXW6", "foo"),
        ("MZXW6YQ", "foob"),
        ("MZXW6YTB", "fooba"),
        ("MZXW6YTBOI", "foobar"),
    ] {
        assert_eq!(read(text).unwrap(), raw.as_bytes());
        assert_eq!(read(&BASE32.encode(raw.as_bytes())).unwrap(), raw.as_bytes(), "padded");
        assert_eq!(*Seed::from_bytes(raw.as_bytes()).ok().unwrap().to_base32(), text);
    }
}

#[test]
fn as_people_write_it() {
    for text in
        ["mzxw6ytboi", "MZXW 6YTB OI", "mzxw-6ytb-oi", " MZXW6YTBOI\r\n", "MZXW6YTBOI======", "mzxw 6ytb oi== ====\n"]
    {
        assert_eq!(read(text).unwrap(), b"foobar", "{text:?}");
    }
}

#[test]
fn bits_left_over_are_ignored_as_every_authenticator_does() {
    assert_eq!(read("MZ").unwrap(), b"f");
    assert_eq!(read("ABCDEFGHIJKLMNOPQRSTUVWXYZ").unwrap().len(), 16);
}

#[test]
fn nothing_is_not_a_seed() {
    for text in ["", " ", "--", "====", " = \n"] {
        assert_eq!(read(text).unwrap_err(), BadSeed::Empty, "{text:?}");
    }
}

#[test]
fn the_first_character_that_cannot_be_is_pointed_at() {
    assert_eq!(position("MZXW0YTB"), 4, "zero for the letter O");
    assert_eq!(position("1ZXW6YTB"), 0);
    assert_eq!(position("MZXW 6YT8"), 8, "counted with the separators");
    assert_eq!(position("MZ=XW6"), 2, "padding only at the end");
    assert_eq!(position("MZXW\u{a0}6YTB"), 4, "a non-breaking space");
    assert_eq!(position("MZXW,6YTB"), 4);
}

#[test]
fn a_text_with_a_character_missing_is_refused_with_how_many_there_are() {
    for (text, characters) in [("M", 1), ("MZX", 3), ("MZXW6Y", 6), ("MZXW6YTB M===\n", 9)] {
        assert_eq!(read(text).unwrap_err(), BadSeed::Incomplete { characters });
    }
}

#[test]
fn a_second_line_is_not_more_of_the_secret() {
    for text in ["MZXW6YTB\nMZXW6YTB", "MZXW\r\n6YTB", "hunter\nMZXW6YTB", "MZXW6YTB\n\n=\nM"] {
        assert_eq!(read(text).unwrap_err(), BadSeed::Lines, "{text:?}");
    }
    assert_eq!(read("\r\n MZXW6YTB \n\n").unwrap(), b"fooba");
}

#[test]
fn length_is_limited_by_bytes_and_not_by_blanks() {
    let longest = BASE32_NOPAD.encode(&[7; MAX_SEED]);
    assert_eq!(read(&longest).unwrap(), [7; MAX_SEED]);
    assert_eq!(read(&" ".repeat(100_000)).unwrap_err(), BadSeed::Empty);
    assert_eq!(read(&longest.replace("", " ")).unwrap().len(), MAX_SEED);
    assert_eq!(read(&BASE32_NOPAD.encode(&[7; MAX_SEED + 1])).unwrap_err(), BadSeed::TooLong);
}

proptest! {
    #[test]
    fn what_is_written_is_read(raw in prop::collection::vec(any::<u8>(), 1..=128)) {
        let seed = Seed::from_bytes(&raw).ok().unwrap();
        let text = seed.to_base32();
        prop_assert_eq!(&*text, &BASE32_NOPAD.encode(&raw));
        prop_assert_eq!(text.capacity(), text.len(), "no room was grown");
        prop_assert_eq!(read(&text).unwrap(), raw);
    }

    #[test]
    fn whatever_the_spelling(raw in prop::collection::vec(any::<u8>(), 1..=64), spelling in any::<u64>()) {
        let mut text = String::new();
        for (index, c) in BASE32.encode(&raw).chars().enumerate() {
            let choice = spelling.rotate_left(index as u32) % 8;
            text.push(if choice % 2 == 0 { c.to_ascii_lowercase() } else { c });
            text.push_str(["", "", "", "", " ", "-", "\t", "  "][choice as usize]);
        }
        prop_assert_eq!(read(&text).unwrap(), raw);
    }

    #[test]
    fn agrees_with_a_strict_decoder_wherever_that_one_succeeds(text in "[A-Z2-7]{1,40}") {
        if let Ok(raw) = BASE32_NOPAD.decode(text.as_bytes()) {
            prop_assert_eq!(read(&text).unwrap(), raw);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_in_place(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        match Seed::from_base32(&bytes) {
            Ok(seed) => prop_assert!(seed.len() <= bytes.len()),
            Err(BadSeed::NotBase32 { position }) => prop_assert!(position < bytes.len()),
            Err(BadSeed::Incomplete { characters }) => prop_assert!(characters <= bytes.len()),
            Err(error) => prop_assert!(matches!(error, BadSeed::Empty | BadSeed::Lines), "{:?}", error),
        }
    }
}
