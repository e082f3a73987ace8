//! `oath import`: exports, lists and pictures; all or nothing before the first is written; what is said when it stops.

use super::KEY;
use crate::support::{Keys, put, run_with, seed};
use glasskey::sim::oath_card::{Fault, On, Options, What, When};
use glasskey::totp::{self, Step};
use std::path::PathBuf;

fn number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn bytes(field: u64, value: &[u8], out: &mut Vec<u8>) {
    number(field << 3 | 2, out);
    number(value.len() as u64, out);
    out.extend_from_slice(value);
}

/// One part of an export: names with their secrets.
fn part(entries: &[(&str, &str)], part: u64, of: u64) -> String {
    let mut message = Vec::new();
    for (name, secret) in entries {
        let mut entry = Vec::new();
        bytes(1, &data_encoding::BASE32_NOPAD.decode(secret.as_bytes()).unwrap(), &mut entry);
        bytes(2, name.as_bytes(), &mut entry);
        bytes(3, b"Example", &mut entry);
        entry.extend([4 << 3, 1, 5 << 3, 1, 6 << 3, 2]);
        bytes(1, &entry, &mut message);
    }
    for (field, value) in [(2, 1), (3, of), (4, part), (5, 4711)] {
        number(field << 3, &mut message);
        number(value, &mut message);
    }
    format!("otpauth-migration://offline?data={}", data_encoding::BASE64.encode(&message).replace('+', "%2B"))
}

/// A PNG of a QR code.
fn picture(keys: &Keys, name: &str, text: &str) -> PathBuf {
    let code = glasskey::qr::matrix(text).unwrap();
    let side = (code.size() + 8) * 4;
    let dark = |at: usize| (at / 4).checked_sub(4);
    let mut pixels = Vec::new();
    for y in 0..side {
        for x in 0..side {
            let dark = dark(x).zip(dark(y)).is_some_and(|(x, y)| code.is_dark(x, y));
            pixels.push(if dark { 0 } else { 255 });
        }
    }
    let path = keys.home.path().join(name);
    let mut encoder = png::Encoder::new(std::fs::File::create(&path).unwrap(), side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    path
}

fn uri(name: &str, secret: &str) -> String {
    format!("otpauth://totp/Example:{name}?secret={secret}&issuer=Example\n")
}

#[track_caller]
fn code_is(keys: &Keys, name: &str, seed: &glasskey::secret::Seed) {
    let code = keys.run(["oath", "code", name, "--at", "59", KEY]).stdout;
    assert_eq!(code.trim(), totp::code(seed, totp::AWS, Step(1)).expose(), "{name}");
}

#[test]
fn an_export_in_two_pictures() {
    let keys = Keys::serve(1);
    let ((one, first), (two, second), (three, third)) = (seed(), seed(), seed());
    picture(&keys, "2.png", &part(&[("Example:carol", &third)], 1, 2));
    picture(&keys, "1.png", &part(&[("alice", &first), ("bob", &second)], 0, 2));
    let done = keys.run(["oath", "import", KEY, "--qr-image", "2.png", "--qr-image", "1.png"]);
    let told = "  12345678  written as \"Example:carol\", its code matches\n  \
                12345678  written as \"Example:alice\", its code matches\n  \
                12345678  written as \"Example:bob\", its code matches\n\
                glasskey: the pictures still hold the secrets: delete them once you have tried the key\n";
    done.is(0, "Example:carol\nExample:alice\nExample:bob\n", told);
    for (name, seed) in [("alice", one), ("bob", two), ("carol", three)] {
        code_is(&keys, name, &seed);
    }
    done.never_says(&[&first, &second, &third]);
}

#[test]
fn a_list_on_standard_input_with_touch() {
    let keys = Keys::serve(1);
    let ((_, first), (_, second), (_, third)) = (seed(), seed(), seed());
    let text = format!("# mine\r\n\r\n{}{}\n", uri("alice", &first), part(&[("bob", &second)], 0, 1));
    let text = format!("{text}otpauth://hotp/Example:carol?secret={third}&counter=5\n");
    let done = keys.run_with(["oath", "import", KEY, "--touch", "--json"], text.as_bytes());
    assert_eq!(done.code, 0, "{done:?}");
    let json = done.json();
    let of = |nth: usize, what: &str| json["credentials"][nth][what].clone();
    assert_eq!((of(0, "source"), of(1, "source")), ("line 3".into(), "line 4, entry 1".into()));
    assert_eq!(
        (of(0, "touch"), of(0, "proved"), of(2, "kind"), of(2, "proved")),
        (true.into(), true.into(), "hotp".into(), false.into())
    );
    assert_eq!(keys.key(0).credentials().len(), 3);
}

/// Refused with these notes, and nothing is written.
#[track_caller]
fn refuses(keys: &Keys, text: &str, code: i32, error: &str, notes: &[&str]) {
    let before = keys.key(0).credentials();
    let done = run_with(&mut keys.glasskey(["oath", "import", KEY]), text.as_bytes());
    let notes: String = notes.iter().map(|note| format!("glasskey: {note}\n")).collect();
    let said: String =
        done.stderr.lines().filter(|line| !line.contains("hint:")).map(|line| format!("{line}\n")).collect();
    assert_eq!((done.code, &*said), (code, &*format!("glasskey: error: {error}\n{notes}")), "{done:?}");
    assert_eq!((keys.key(0).credentials(), &*done.stdout), (before, ""));
}

#[test]
fn all_that_is_wrong_is_said_before_anything_is_written() {
    let keys = Keys::serve(1);
    let (_, secret) = seed();
    let long = "x".repeat(60);
    let text = format!(
        "{}{}{}nonsense\notpauth://totp/b?secret=1\n",
        uri("alice", &secret),
        uri("alice", &secret),
        uri(&long, &secret)
    );
    refuses(
        &keys,
        &text,
        2,
        "4 of the entries cannot be imported; nothing was written",
        &[
            "line 2: \"Example:alice\" is in line 1 already",
            "line 3: the credential's name has 68 bytes; 64 fit",
            "line 4: it is not an otpauth://totp/ or otpauth://hotp/ URI",
            "line 5: the secret is not base32: character 1 cannot be",
        ],
    );
    refuses(&keys, "\n", 2, "there is nothing to import", &[]);
    let export = "the export cannot be read whole; nothing was written";
    refuses(&keys, &part(&[("a", &secret)], 1, 3), 2, export, &["of an export of 3 parts these are missing: 1, 3"]);
    let twice = format!("{0}\n{0}", part(&[("a", &secret)], 0, 1));
    refuses(&keys, &twice, 2, export, &["line 2: part 1 of 1 is there already"]);
    refuses(&keys, "otpauth-migration://offline?data=CjE", 2, export, &["line 1: its data is damaged or cut short"]);
}

#[test]
fn what_is_on_the_key_is_not_overwritten() {
    let keys = Keys::serve(1);
    let (_, secret) = seed();
    put(keys.key(0), "Example:bob", false);
    let text = format!("{}{}", uri("alice", &secret), uri("bob", &secret));
    let error = "1 of the credentials are on YubiKey 12345678 already; nothing was written";
    refuses(&keys, &text, 3, error, &["line 2: \"Example:bob\" is on the key already"]);
}

#[test]
fn what_does_not_fit_is_not_begun() {
    let keys = Keys::firmware(5, 2, 7);
    let (_, secret) = seed();
    let text: String = (0..33).map(|nth| uri(&format!("user{nth}"), &secret)).collect();
    let error = "33 credentials do not fit on YubiKey 12345678: 32 of its 32 slots are free; nothing was written";
    refuses(&keys, &text, 3, error, &[]);
    let old = Keys::of(vec![Options::new(crate::support::FIRST).firmware(4, 2, 7)]);
    let text = format!("{}&algorithm=SHA512\n", uri("alice", &secret).trim_end());
    refuses(&old, &text, 3, "the firmware of YubiKey 12345678 cannot do SHA-512; 4.3.1 and later can", &[]);
}

#[test]
fn pulled_half_way_it_says_what_was_written() {
    let (_, secret) = seed();
    let text: String = ["alice", "bob", "carol"].iter().map(|name| uri(name, &secret)).collect();
    let calm = Keys::serve(1);
    assert_eq!(calm.run_with(["oath", "import", KEY], text.as_bytes()).code, 0);
    let apdus = calm.key(0).apdu_count();
    let mut halfway = 0;
    for nth in 1..=apdus {
        let keys = Keys::serve(1);
        keys.key(0).fault(Fault { on: On::Nth(nth), when: When::After, what: What::Pull });
        let done = keys.run_with(["oath", "import", KEY], text.as_bytes());
        keys.key(0).plug_in();
        let there = keys.key(0).credentials();
        let said = |name: &str| done.stderr.contains(&format!("glasskey: on YubiKey 12345678: \"Example:{name}\" ("));
        let perhaps =
            |name: &str| done.stderr.contains(&format!("perhaps left behind: the credential \"Example:{name}\""));
        if done.code == 3 {
            assert!(there.is_empty(), "{nth}: {done:?}");
            continue;
        }
        assert_eq!(done.code, 4, "{nth}: {done:?}");
        for name in ["alice", "bob", "carol"] {
            let is = there.contains(&format!("Example:{name}"));
            assert!(is == said(name) || perhaps(name), "{nth} {name}: {there:?} {done:?}");
        }
        halfway += usize::from(said("alice") && !said("carol"));
    }
    assert!(halfway > 3, "{halfway} of {apdus}");
}
