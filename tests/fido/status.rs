//! Every status byte becomes the error that says what it means.

use super::script::{Script, cbor};
use glasskey::fido::{Error, status_name};

#[test]
fn statuses_are_typed() {
    let select = 0x0B;
    let table = [
        (0x01, Error::NotSupported { what: "selection" }),
        (0x05, Error::TouchTimedOut),
        (0x15, Error::LimitExceeded),
        (0x17, Error::FingerprintsFull),
        (0x18, Error::LargeBlobFull),
        (0x19, Error::Excluded),
        (0x26, Error::UnsupportedAlgorithm),
        (0x27, Error::Denied),
        (0x28, Error::KeyFull),
        (0x2B, Error::UnsupportedOption),
        (0x2C, Error::InvalidOption),
        (0x2D, Error::Cancelled),
        (0x2E, Error::NoCredentials),
        (0x2F, Error::UserActionTimeout),
        (0x30, Error::NotAllowed),
        (0x31, Error::PinWrong { left: None }),
        (0x32, Error::PinBlocked),
        (0x33, Error::PinAuthInvalid),
        (0x34, Error::PinAuthBlocked { left: None }),
        (0x35, Error::PinNotSet),
        (0x36, Error::PinRequired),
        (0x37, Error::PinPolicy),
        (0x39, Error::TooLarge),
        (0x3A, Error::TouchTimedOut),
        (0x3B, Error::TouchRequired),
        (0x3C, Error::UvBlocked),
        (0x3D, Error::LargeBlobDamaged),
        (0x3E, Error::NotSupported { what: "selection" }),
        (0x3F, Error::UvWrong { left: None }),
        (0x40, Error::Unauthorized),
    ];
    for status in 1..=0xFF {
        let mut key = Script::new(move |_, _, _| vec![cbor(status, &[])]).open().unwrap();
        let known = table.iter().find(|(byte, _)| *byte == status).map(|(_, error)| error.clone());
        let expected = match status {
            0x06 => Error::Busy,
            _ => known.clone().unwrap_or(Error::Other { command: select, status }),
        };
        assert_eq!(key.select(&mut || ()), Err(expected), "{status:02X}");
        assert!(known.is_none() || status_name(status).is_some(), "{status:02X} has a name");
    }
}

#[test]
fn an_answer_without_a_status_or_with_bad_cbor_is_malformed() {
    for answer in [&[][..], &[0x00, 0xA1], &[0x00, 0xA0, 0x00], &[0x00, 0xF9, 0x00, 0x00], &[0x00, 0x80]] {
        let answer = answer.to_vec();
        let mut key =
            Script::new(move |_, asked, _| vec![super::script::Say::Answer(asked, answer.clone())]).open().unwrap();
        assert_eq!(key.info().err(), Some(Error::Malformed { what: "getInfo" }));
    }
}
