//! The software key, command by command, as a YubiKey answers; no session in between.

use super::{key, old_key};
use glasskey::sim::oath_card::{Logged, Options, SoftKey};
use glasskey::transport::{Card, Sw};

fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXUPPER_PERMISSIVE.decode(text.replace(' ', "").as_bytes()).unwrap()
}

/// Sends one command; the answer's data and status word.
fn ask(card: &mut dyn Card, command: &str) -> (Vec<u8>, u16) {
    let answer = card.transmit(&hex(command)).unwrap();
    (answer.data.to_vec(), answer.sw.0)
}

fn sw(card: &mut dyn Card, command: &str) -> u16 {
    ask(card, command).1
}

const SELECT: &str = "00 A4 04 00 07 A0000005272101";
const MANAGEMENT: &str = "00 A4 04 00 08 A000000527471117";
/// PUT "a", SHA-1, six digits, 14 bytes of key.
const PUT_A: &str = "00 01 00 00 15 71 01 61 73 10 21 06 0102030405060708090A0B0C0D0E";

fn selected(key: &SoftKey) -> Box<dyn Card> {
    let mut card = key.card();
    assert_eq!(sw(&mut *card, SELECT), 0x9000);
    card
}

#[test]
fn commands_it_does_not_understand() {
    let key = key();
    let mut card = key.card();
    assert_eq!(sw(&mut *card, "00 A1 00 00 00"), 0x6D00, "nothing is selected");
    assert_eq!(sw(&mut *card, "00 A4 04 00 07 A0000005272001"), 0x6A82, "no OTP applet");
    assert_eq!(sw(&mut *card, "00 A4 04 00 08 A0000006472F0001"), 0x6A82, "no FIDO applet");
    assert_eq!(sw(&mut *card, "00 A4 04 00 06 D27600012401"), 0x6A82, "no OpenPGP applet");
    assert_eq!(sw(&mut *card, SELECT), 0x9000);
    assert_eq!(sw(&mut *card, "80 A1 00 00 00"), 0x6E00);
    assert_eq!(sw(&mut *card, "00 B0 00 00 00"), 0x6D00);
    assert_eq!(sw(&mut *card, "00 A1 00 01 00"), 0x6A86);
    assert_eq!(sw(&mut *card, "00 04 00 00 00"), 0x6A86, "RESET wants DE AD");
    assert_eq!(sw(&mut *card, "00 A1 00"), 0x6700);
    assert_eq!(sw(&mut *card, "00 02 00 00 05 71 01 61"), 0x6700);
    assert_eq!(sw(&mut *card, "00 A5 00 00 00"), 0x6985, "nothing remains to be sent");
}

#[test]
fn put_overwrites_an_equal_name_without_a_word() {
    let key = key();
    let mut card = selected(&key);
    assert_eq!(sw(&mut *card, PUT_A), 0x9000);
    assert_eq!(sw(&mut *card, &PUT_A.replace("0102", "FFFF")), 0x9000);
    assert_eq!(key.credentials(), ["a"]);
}

#[test]
fn old_firmware_overwrites_by_prefix() {
    let put = |id: &str| format!("00 01 00 00 16 71 02 {id} 73 10 21 06 0102030405060708090A0B0C0D0E");
    for (patch, left) in [(4, vec!["a"]), (5, vec!["ab", "a"])] {
        let key = old_key(4, 3, patch);
        let mut card = selected(&key);
        assert_eq!(sw(&mut *card, &put("61 62")), 0x9000);
        assert_eq!(sw(&mut *card, PUT_A), 0x9000);
        assert_eq!(key.credentials(), left);
    }
}

#[test]
fn put_checks_its_data() {
    let key = key();
    let mut card = selected(&key);
    for bad in [
        "00 01 00 00 03 71 01 61",                                                     // no key
        "00 01 00 00 14 71 01 61 73 0F 21 06 0102030405060708090A0B0C0D",              // 13 bytes of key
        "00 01 00 00 15 71 01 61 73 10 31 06 0102030405060708090A0B0C0D0E",            // no such type
        "00 01 00 00 15 71 01 61 73 10 24 06 0102030405060708090A0B0C0D0E",            // no such hash
        "00 01 00 00 15 71 01 61 73 10 21 05 0102030405060708090A0B0C0D0E",            // five digits
        "00 01 00 00 14 71 00 73 10 21 06 0102030405060708090A0B0C0D0E",               // no name
        "00 01 00 00 18 71 01 61 73 10 21 06 0102030405060708090A0B0C0D0E 78 01 02",   // a length it does not have
        "00 01 00 00 1A 71 01 61 73 10 21 06 0102030405060708090A0B0C0D0E 7A 03 0001", // cut off
    ] {
        assert_ne!(sw(&mut *card, bad), 0x9000, "{bad}");
    }
    assert!(key.credentials().is_empty());
    let long = format!("00 01 00 00 55 71 41 {} 73 10 21 06 0102030405060708090A0B0C0D0E", "61".repeat(65));
    assert_eq!(sw(&mut *card, &long), 0x6A80);
}

#[test]
fn short_commands_get_parts_and_extended_ones_the_whole() {
    let key = key();
    let mut card = selected(&key);
    for slot in 0..8 {
        let name = format!("{:02X}", 0x61 + slot).repeat(64);
        let put = format!("00 01 00 00 54 71 40 {name} 73 10 21 06 0102030405060708090A0B0C0D0E");
        assert_eq!(sw(&mut *card, &put), 0x9000);
    }
    // 8 × 67 = 536 bytes.
    let (mut whole, first) = ask(&mut *card, "00 A1 00 00 00");
    assert_eq!((whole.len(), first), (256, 0x6100), "280 more: 256 or more is 00");
    let (part, second) = ask(&mut *card, "00 A5 00 00 00");
    assert_eq!((part.len(), second), (256, 0x6118));
    whole.extend(part);
    let (part, third) = ask(&mut *card, "00 A5 00 00 00");
    assert_eq!((part.len(), third), (24, 0x9000));
    whole.extend(part);
    assert_eq!(ask(&mut *card, "00 A1 00 00 00 00 00"), (whole, 0x9000));
    // Another command drops what remained.
    assert_eq!(sw(&mut *card, "00 A1 00 00 00"), 0x6100);
    assert_eq!(sw(&mut *card, "00 02 00 00 03 71 01 7A"), 0x6984);
    assert_eq!(sw(&mut *card, "00 A5 00 00 00"), 0x6985);
    // Extended commands, as ykman sends them.
    assert_eq!(sw(&mut *card, "00 02 00 00 00 00 03 71 01 7A"), 0x6984);
}

#[test]
fn calculate_gives_the_full_response_too() {
    let key = key();
    let mut card = selected(&key);
    assert_eq!(sw(&mut *card, PUT_A), 0x9000);
    let (data, _) = ask(&mut *card, "00 A2 00 00 0D 71 01 61 74 08 0000000000000001");
    assert_eq!(data[..3], [0x75, 21, 6]);
    assert_eq!(sw(&mut *card, "00 A2 00 02 0D 71 01 61 74 08 0000000000000001"), 0x6A86);
    assert_eq!(sw(&mut *card, "00 A2 00 01 05 71 01 61 74 00"), 0x6A80, "TOTP wants a challenge");
}

#[test]
fn management_says_what_the_key_is() {
    let key = key();
    let mut card = key.card();
    assert_eq!(ask(&mut *card, MANAGEMENT), (b"Virtual mgr - FW version 5.7.1".to_vec(), 0x9000));
    let (first, sw1) = ask(&mut *card, "00 1D 00 00 00");
    assert_eq!((usize::from(first[0]), sw1), (first.len() - 1, 0x9000));
    assert!(first.ends_with(&[0x10, 0x01, 0x01]), "another page");
    let (second, sw2) = ask(&mut *card, "00 1D 01 00 00");
    assert_eq!((second[1], sw2), (0x13, 0x9000));
    assert_eq!(sw(&mut *card, "00 1D 02 00 00"), 0x6B00);
    let mut neo = old_key(3, 4, 0).card();
    assert_eq!(sw(&mut *neo, MANAGEMENT), 0x9000);
    assert_eq!(sw(&mut *neo, "00 1D 00 00 00"), 0x6D00);
}

#[test]
fn the_log_has_no_data() {
    let key = SoftKey::new(Options::new(1));
    let mut card = selected(&key);
    sw(&mut *card, "00 A2 00 01 0D 71 01 61 74 08 0000000000000001");
    assert_eq!(
        key.log(),
        [
            Logged { ins: 0xA4, p1: 4, p2: 0, sw: Some(Sw(0x9000)) },
            Logged { ins: 0xA2, p1: 0, p2: 1, sw: Some(Sw(0x6984)) }
        ]
    );
    assert_eq!(key.apdu_count(), 2);
}
