//! What phones export.

use super::bad_value;
use glasskey::totp::*;
use proptest::prelude::*;

fn number(number: u64, out: &mut Vec<u8>) {
    let mut rest = number;
    while rest >= 0x80 {
        out.push((rest & 0x7F) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn bytes(field: u64, value: &[u8], out: &mut Vec<u8>) {
    number(field << 3 | 2, out);
    number(value.len() as u64, out);
    out.extend_from_slice(value);
}

fn varied(field: u64, value: u64, out: &mut Vec<u8>) {
    number(field << 3, out);
    number(value, out);
}

fn uri(message: &[u8]) -> String {
    let data = data_encoding::BASE64.encode(message);
    format!("otpauth-migration://offline?data={}", data.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"))
}

/// An export that a phone made, published as the example of several readers of the format: one credential.
#[test]
fn a_recorded_export() {
    let text =
        "otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8SGEV4YW1wbGU6YWxpY2VAZ29vZ2xlLmNvbRoHRXhhbXBsZTAC";
    let found = Migration::parse(text.as_bytes()).unwrap();
    let [Exported { name: Some(name), uri: Ok(uri), .. }] = &found.entries[..] else { panic!("one entry") };
    assert_eq!(name, "Example:alice@google.com");
    assert_eq!((uri.issuer.as_deref(), &*uri.account), (Some("Example"), "alice@google.com"));
    assert_eq!((uri.kind, uri.params), (Kind::Totp, AWS));
    assert!(uri.seed.expose(|raw| raw == b"Hello!\xDE\xAD\xBE\xEF"));
    assert_eq!((found.parts, found.part), (0, 0), "it says nothing of parts");
}

#[test]
fn what_is_no_export_is_told_apart() {
    let bad = |text: &str| Migration::parse(text.as_bytes()).err().unwrap();
    assert_eq!(bad("otpauth://totp/x?secret=AA"), BadMigration::NotMigration);
    assert_eq!(bad("otpauth-migration://offline?x=1"), BadMigration::NotMigration);
    assert_eq!(bad("otpauth-migration://offline?data=%zz"), BadMigration::NotBase64);
    assert_eq!(bad("otpauth-migration://offline?data=CjE"), BadMigration::Damaged);
    assert_eq!(bad(&uri(&[0x18, 2, 0x20, 2])), BadMigration::BadPart);
    // A length beyond the end, a number without an end, a group.
    for message in [&[0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F][..], &[0xFF; 12], &[0x0B]] {
        assert_eq!(bad(&uri(message)), BadMigration::Damaged);
    }
}

#[test]
fn what_cannot_be_is_told_with_the_name_it_has() {
    let entry = |fields: &[(u64, u64)]| {
        let mut entry = Vec::new();
        bytes(1, b"secret", &mut entry);
        bytes(2, b"alice", &mut entry);
        fields.iter().for_each(|(field, value)| varied(*field, *value, &mut entry));
        let mut message = Vec::new();
        bytes(1, &entry, &mut message);
        let found = Migration::parse(uri(&message).as_bytes()).unwrap().entries.remove(0);
        assert_eq!(found.name.as_deref(), Some("alice"));
        found.uri.err().unwrap()
    };
    assert_eq!(entry(&[(4, 4)]), bad_value("algorithm", Some("MD5")));
    assert_eq!(entry(&[(5, 9)]), bad_value("digits", Some("9")));
    assert_eq!(entry(&[(6, 7)]), bad_value("type", Some("7")));
}

proptest! {
    #[test]
    fn what_an_app_writes_is_read(
        secret in prop::collection::vec(any::<u8>(), 1..80),
        name in "[a-z]{1,20}", issuer in "[A-Z][a-z]{0,9}", prefixed in any::<bool>(),
        algorithm in 0u64..4, digits in 0u64..3, hotp in any::<bool>(), counter in any::<u32>(),
        parts in 1u32..20, id in any::<i32>(), unknown in any::<u64>(),
    ) {
        let mut entry = Vec::new();
        bytes(1, &secret, &mut entry);
        let label = if prefixed { format!("{issuer}:{name}") } else { name.clone() };
        bytes(2, label.as_bytes(), &mut entry);
        bytes(3, issuer.as_bytes(), &mut entry);
        varied(4, algorithm, &mut entry);
        varied(5, digits, &mut entry);
        varied(6, if hotp { 1 } else { 2 }, &mut entry);
        varied(7, u64::from(counter), &mut entry);
        varied(99, unknown, &mut entry);
        let mut message = Vec::new();
        bytes(1, &entry, &mut message);
        bytes(1, &entry, &mut message);
        varied(2, 1, &mut message);
        varied(3, u64::from(parts), &mut message);
        varied(4, u64::from(parts - 1), &mut message);
        varied(5, i64::from(id) as u64, &mut message);
        let found = Migration::parse(uri(&message).as_bytes()).unwrap();
        prop_assert_eq!((found.parts, found.part, found.id, found.entries.len()), (parts, parts - 1, id, 2));
        for uri in found.entries {
            let uri = uri.uri.unwrap();
            prop_assert_eq!((uri.issuer.as_deref(), &uri.account), (Some(&*issuer), &name));
            prop_assert!(uri.seed.expose(|raw| raw == secret));
            prop_assert_eq!(uri.kind, if hotp { Kind::Hotp { counter } } else { Kind::Totp });
            prop_assert_eq!(uri.params.digits, if digits == 2 { 8 } else { 6 });
        }
    }

    #[test]
    fn any_bytes_are_an_export_or_are_not(message in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Migration::parse(uri(&message).as_bytes());
        let _ = Migration::parse(&message);
    }
}
