//! The protocol's bytes: what is sent, and what answers mean, against a card that only replays.

use super::{name, password};
use glasskey::oath::{Answer, Error, Name, New, Session, Version};
use glasskey::secret::Seed;
use glasskey::totp::{self, Algorithm, Kind, Params, Step};
use glasskey::transport::{self, Card, Response, Sw};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use zeroize::Zeroizing;

/// Answers in turn, and what was asked.
#[derive(Clone, Default)]
struct Replay {
    answers: Rc<RefCell<VecDeque<Vec<u8>>>>,
    asked: Rc<RefCell<Vec<Vec<u8>>>>,
}

impl Card for Replay {
    fn transmit(&mut self, command: &[u8]) -> Result<Response, transport::Error> {
        self.asked.borrow_mut().push(command.to_vec());
        let answer = self.answers.borrow_mut().pop_front().ok_or(transport::Error::Removed)?;
        Response::parse(Zeroizing::new(answer))
    }
}

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXUPPER_PERMISSIVE.decode(text.replace(' ', "").as_bytes()).unwrap()
}

/// SELECT's answer of firmware 5.4.3, no password.
const SELECTED: &str = "79 03 05 04 03 71 08 01 02 03 04 05 06 07 08 9000";

/// A session on a card that will give these answers after SELECT's.
fn session(answers: &[&str]) -> (Session, Replay) {
    let card = Replay::default();
    card.answers.borrow_mut().push_back(hex(SELECTED));
    card.answers.borrow_mut().extend(answers.iter().map(|answer| hex(answer)));
    (Session::open(Box::new(card.clone())).unwrap(), card)
}

fn last_asked(card: &Replay) -> Vec<u8> {
    card.asked.borrow().last().unwrap().clone()
}

#[test]
fn select() {
    let (session, card) = session(&[]);
    assert_eq!(last_asked(&card), hex("00 A4 04 00 07 A0 00 00 05 27 21 01"));
    let info = session.info();
    assert_eq!((info.version, info.protected, info.capacity), (Version(5, 4, 3), false, 32));
    // printf '\1\2\3\4\5\6\7\10' | sha256sum | xxd -r -p | head -c 16 | base64
    assert_eq!(info.device_id, "ZoQN2hVOihE8Md0K0y9/Og");
}

#[test]
fn put_as_the_protocol_has_it() {
    // Name, key with type and digits, the property without a length byte, the counter.
    let (mut session, card) = session(&["9000", "9000", "9000", "9000"]);
    let seed = Seed::from_bytes(&hex("00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10 11 12 13")).unwrap();
    let id = name("AWS:a");
    session.put(&New { name: &id, kind: Kind::Totp, params: totp::AWS, touch: true, seed: &seed }).unwrap();
    assert_eq!(
        last_asked(&card),
        hex("00 01 00 00 21 71 05 4157533A61 73 16 21 06 000102030405060708090A0B0C0D0E0F10111213 78 02")
    );
    let params = Params { algorithm: Algorithm::Sha512, digits: 8, period: 30 };
    session.put(&New { name: &id, kind: Kind::Hotp { counter: 258 }, params, touch: false, seed: &seed }).unwrap();
    assert_eq!(
        last_asked(&card),
        hex("00 01 00 00 25 71 05 4157533A61 73 16 13 08 000102030405060708090A0B0C0D0E0F10111213 7A 04 00000102")
    );
}

#[test]
fn keys_are_hashed_and_padded_as_the_applet_wants() {
    let id = name("a");
    let block = |len: usize| vec![0xABu8; len];
    for (algorithm, raw, sent) in [
        (Algorithm::Sha1, block(2), 14),
        (Algorithm::Sha1, block(13), 14),
        (Algorithm::Sha1, block(40), 40),
        (Algorithm::Sha1, block(64), 64),
        (Algorithm::Sha1, block(65), 20),
        (Algorithm::Sha256, block(64), 64),
        (Algorithm::Sha256, block(65), 32),
        (Algorithm::Sha512, block(128), 128),
        (Algorithm::Sha512, block(129), 64),
    ] {
        let (mut session, card) = session(&["9000", "9000"]);
        let seed = Seed::from_bytes(&raw).unwrap();
        let params = Params { algorithm, ..totp::AWS };
        session.put(&New { name: &id, kind: Kind::Totp, params, touch: false, seed: &seed }).unwrap();
        let asked = last_asked(&card);
        assert_eq!(asked[..5], [0x00, 0x01, 0x00, 0x00, u8::try_from(asked.len() - 5).unwrap()]);
        assert_eq!(asked[5..8], [0x71, 0x01, b'a']);
        // A length of 128 or more takes two bytes.
        let head = if sent + 2 < 0x80 { vec![0x73, sent as u8 + 2] } else { vec![0x73, 0x81, sent as u8 + 2] };
        assert!(asked[8..].starts_with(&head), "{algorithm:?}, {} bytes", raw.len());
        assert_eq!(asked.len(), 8 + head.len() + 2 + sent);
        if raw.len() <= sent {
            let key = &asked[asked.len() - sent..];
            assert_eq!(key[..raw.len()], raw);
            assert!(key[raw.len()..].iter().all(|padding| *padding == 0));
        }
    }
}

#[test]
fn the_other_commands_as_the_protocol_has_them() {
    let (mut session, card) =
        session(&["9000", "76 05 06 00 0D DA A8 9000", "76 05 06 00 0D DA A8 9000", "9000", "9000"]);
    session.delete(&name("a")).unwrap();
    assert_eq!(last_asked(&card), hex("00 02 00 00 03 71 01 61"));
    session.code(&name("a"), Step(0x0102_0304)).unwrap();
    assert_eq!(last_asked(&card), hex("00 A2 00 01 0D 71 01 61 74 08 0000000001020304"));
    session.next_hotp(&name("a")).unwrap();
    assert_eq!(last_asked(&card), hex("00 A2 00 01 05 71 01 61 74 00"));
    assert!(session.all(0x0102 * 30 + 29).unwrap().is_empty());
    assert_eq!(last_asked(&card), hex("00 A4 00 01 0A 74 08 0000000000000102"));
    session.clear_password().unwrap();
    assert_eq!(last_asked(&card), hex("00 03 00 00 02 73 00"));
}

#[test]
fn rename_and_reset_as_the_protocol_has_them() {
    let (mut session, card) = session(&["72 02 21 61 9000", "9000", "9000", SELECTED]);
    session.rename(&name("a"), &name("b")).unwrap();
    assert_eq!(last_asked(&card), hex("00 05 00 00 06 71 01 61 71 01 62"));
    session.reset().unwrap();
    let asked = card.asked.borrow();
    assert_eq!(asked[asked.len() - 2], hex("00 04 DE AD 00"));
}

#[test]
fn codes_keep_their_leading_zeros() {
    for (answer, code) in [
        ("76 05 06 7F FF FF FF 9000", "483647"),
        ("76 05 06 FF FF FF FF 9000", "483647"), // the top bit is not part of it
        ("76 05 06 00 00 00 00 9000", "000000"),
        ("76 05 08 00 00 00 07 9000", "00000007"),
        ("76 05 07 41 39 7E EA 9000", "4287082"), // 1094287082, RFC 4226's count 1
    ] {
        let (mut session, _) = session(&[answer]);
        assert_eq!(session.code(&name("a"), Step(1)).unwrap().expose(), code);
    }
}

#[test]
fn answers_that_are_not_the_protocols_are_malformed() {
    for answer in [
        "9000",
        "76 9000",
        "76 06 06 00 00 00 00 9000",
        "76 05 05 00 00 00 00 9000",
        "76 05 09 00 00 00 00 9000",
        "76 04 06 00 00 00 9000",
        "75 05 06 00 00 00 00 9000",
        "76 80 06 00 00 00 00 9000",
        "76 84 00 00 00 05 06 00 00 00 00 9000",
        "61 00",
        "6100 6100",
    ] {
        let (mut session, card) = session(&[answer]);
        card.answers.borrow_mut().push_back(hex("6100"));
        assert_eq!(session.code(&name("a"), Step(1)).err(), Some(Error::Malformed), "{answer}");
    }
    for answer in ["72 02 21 9000", "72 00 9000", "72 01 21 9000", "72 02 24 61 9000", "73 02 21 61 9000", "72 9000"]
    {
        assert_eq!(session(&[answer]).0.list(), Err(Error::Malformed), "{answer}");
    }
    for answer in ["71 01 61 9000", "71 01 61 71 01 61 9000", "76 05 06 00 00 00 00 9000"] {
        assert_eq!(session(&[answer]).0.all(0).err(), Some(Error::Malformed), "{answer}");
    }
    for answer in ["9000", "79 03 05 04 03 9000", "71 08 01 02 03 04 05 06 07 08 9000", "79 02 05 04 71 01 01 9000"] {
        let card = Replay::default();
        card.answers.borrow_mut().push_back(hex(answer));
        assert_eq!(Session::open(Box::new(card)).err(), Some(Error::Malformed), "{answer}");
    }
}

#[test]
fn long_lengths_are_understood() {
    for answer in
        ["76 81 05 06 00 00 00 07 9000", "76 82 00 05 06 00 00 00 07 9000", "76 83 00 00 05 06 00000007 9000"]
    {
        assert_eq!(session(&[answer]).0.code(&name("a"), Step(1)).unwrap().expose(), "000007");
    }
}

#[test]
fn parts_are_joined_and_endless_ones_refused() {
    let (mut session_, card) = session(&["72 02 21 6105", "61 72 6103", "02 22 62 9000"]);
    let listed = session_.list().unwrap();
    assert_eq!(listed.iter().map(|found| found.name.id()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(last_asked(&card), hex("00 A5 00 00 00"));

    let (mut session, card) = session(&[]);
    let part = [vec![0x72; 256], hex("6100")].concat();
    card.answers.borrow_mut().extend(std::iter::repeat_n(part, 1000));
    assert_eq!(session.list(), Err(Error::Malformed));
    assert!(card.asked.borrow().len() < 300);
}

#[test]
fn all_says_what_the_key_says() {
    let (mut session, _) = session(&["71 01 61 76 05 06 00 00 00 07 71 01 62 7C 01 06 71 01 63 77 01 06 9000"]);
    let all = session.all(0).unwrap();
    assert!(matches!(&all[0], (id, Answer::Code(code)) if id.id() == "a" && code.expose() == "000007"));
    assert!(matches!(&all[1], (id, Answer::Touch) if id.id() == "b"));
    assert!(matches!(&all[2], (id, Answer::Hotp) if id.id() == "c"));
}

#[test]
fn a_name_that_is_not_utf8_is_shown_and_does_not_hide_the_others() {
    let (mut session, _) = session(&["72 03 21 FF 61 72 02 21 62 9000"]);
    let listed = session.list().unwrap();
    assert_eq!(listed.iter().map(|found| found.name.id()).collect::<Vec<_>>(), ["\u{FFFD}a", "b"]);
}

#[test]
fn a_key_that_cannot_prove_itself_is_an_impostor() {
    let card = Replay::default();
    let selected = "79 03 05 04 03 71 08 01 02 03 04 05 06 07 08 74 08 11 12 13 14 15 16 17 18 7B 01 01 9000";
    let proof = format!("75 14 {} 9000", "00".repeat(20));
    card.answers.borrow_mut().extend([hex(selected), hex(&proof), hex("75 13 9000")]);
    let mut session = Session::open(Box::new(card.clone())).unwrap();
    assert_eq!(session.unlock(&password("p")), Err(Error::Impostor));
    assert!(session.is_locked());
    assert_eq!(session.unlock(&password("p")), Err(Error::Malformed));
    // What was sent: the proof for the key's challenge, and a challenge of our own.
    let asked = card.asked.borrow();
    let (ours, again) = (&asked[1], &asked[2]);
    let expected = hex("00 A3 00 00 20 75 14");
    assert_eq!(ours[..7], expected);
    assert_eq!(ours[7..27], hmac(&pbkdf2("p", "01 02 03 04 05 06 07 08"), &hex("11 12 13 14 15 16 17 18")));
    assert_eq!(ours[27..29], [0x74, 0x08]);
    assert_ne!(ours[29..], again[29..], "a fresh challenge each time");
}

fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    use hmac::{KeyInit, Mac};
    let mut mac = hmac::Hmac::<sha1::Sha1>::new_from_slice(key).unwrap();
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

/// RFC 8018 §5.2, written out for one block: 16 bytes of SHA-1's 20.
fn pbkdf2(password: &str, salt: &str) -> Vec<u8> {
    let mut round = hmac(password.as_bytes(), &[hex(salt), vec![0, 0, 0, 1]].concat());
    let mut key = round.clone();
    for _ in 1..1000 {
        round = hmac(password.as_bytes(), &round);
        key.iter_mut().zip(&round).for_each(|(key, round)| *key ^= round);
    }
    key.truncate(16);
    key
}

#[test]
fn set_code_as_the_protocol_has_it() {
    let (mut session, card) = session(&["9000"]);
    session.set_password(&password("p")).unwrap();
    let asked = last_asked(&card);
    let key = pbkdf2("p", "01 02 03 04 05 06 07 08");
    assert_eq!(asked[..8], hex("00 03 00 00 33 73 11 21"));
    assert_eq!(asked[8..24], key);
    assert_eq!(asked[24..26], [0x74, 0x08]);
    assert_eq!(asked[34..36], [0x75, 0x14]);
    assert_eq!(asked[36..], hmac(&key, &asked[26..34]));
}

#[test]
fn unknown_status_words_are_passed_on() {
    let refused = |sw| Some(Error::Refused(Sw(sw)));
    assert_eq!(session(&["6581"]).0.list().err(), refused(0x6581));
    assert_eq!(session(&["6D00"]).0.delete(&name("a")).err(), refused(0x6D00));
    assert_eq!(session(&["6A80"]).0.code(&name("a"), Step(1)).err(), refused(0x6A80));
    assert_eq!(session(&["6984"]).0.set_password(&password("p")).err(), refused(0x6984));
    assert_eq!(session(&["6A86"]).0.reset().err(), refused(0x6A86));
}

#[test]
fn names() {
    for (period, issuer, account, id) in [
        (30, Some("AWS"), "123456789012/alice", "AWS:123456789012/alice"),
        (60, Some("AWS"), "alice", "60/AWS:alice"),
        (60, None, "alice", "60/alice"),
        (30, None, "123456789012/alice", "123456789012/alice"), // no period has twelve digits
        (30, None, "/alice", "/alice"),
        (30, Some("a/b"), "c:d", "a/b:c:d"),
    ] {
        let name = Name::new(period, issuer, account).unwrap();
        assert_eq!((name.id(), name.parts()), (id, (period, issuer, account)));
    }
    for (period, issuer, account, bytes) in [
        (30, None, "", 0),
        (30, Some("AWS"), "", 4),
        (30, Some("A:B"), "c", 5),
        (30, Some(""), "c", 2),
        (30, Some("60/AWS"), "c", 8), // would be read as a period
        (30, None, "60/c", 4),
        (0, None, "c", 3),
        (30, Some("AWS"), &"ü".repeat(31), 66),
    ] {
        assert_eq!(Name::new(period, issuer, account), Err(Error::BadName { bytes }), "{issuer:?} {account:?}");
    }
    assert!(Name::new(30, Some("AWS"), &"ü".repeat(30)).is_ok(), "64 bytes, in 34 characters");
    assert_eq!(Name::from_id(""), Err(Error::BadName { bytes: 0 }));
    assert_eq!(Name::from_id(&"a".repeat(65)), Err(Error::BadName { bytes: 65 }));
    for (id, parts) in [
        ("30/AWS:alice", (30, Some("AWS"), "alice")),
        ("arn:aws:iam::1:mfa/alice", (30, Some("arn"), "aws:iam::1:mfa/alice")),
        ("aws/iam/1:alice", (30, Some("aws/iam/1"), "alice")),
        (":alice", (30, None, ":alice")),
        ("AWS:", (30, None, "AWS:")),
        ("60/", (30, None, "60/")),
        ("0/a", (30, None, "0/a")),
        ("+5/a", (30, None, "+5/a")),
    ] {
        assert_eq!(Name::from_id(id).unwrap().parts(), parts, "{id}");
    }
}
