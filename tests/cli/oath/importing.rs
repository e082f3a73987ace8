//! `oath import`: exports, lists and pictures; the plan before the first is written; what is said when it stops.

use super::KEY;
use crate::support::{Keys, Typist, put, run_with, seed};
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
    // Of no parts: an app that writes nothing of them.
    for (field, value) in [(2, 1), (3, of), (4, part), (5, 4711)].into_iter().filter(|_| of > 0) {
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
    let done = keys.run(["oath", "import", KEY, "--yes", "--qr-image", "2.png", "--qr-image", "1.png"]);
    let told = "glasskey: the plan for YubiKey 12345678:\n  \
                1         Example:carol\n  2         Example:alice\n  3         Example:bob\n  \
                12345678  written as \"Example:carol\", its code matches\n  \
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
    let done = keys.run_with(["oath", "import", KEY, "--yes", "--touch", "--json"], text.as_bytes());
    assert_eq!(done.code, 0, "{done:?}");
    let json = done.json();
    let of = |nth: usize, what: &str| json["credentials"][nth][what].clone();
    assert_eq!((of(0, "source"), of(1, "source")), ("line 3".into(), "line 4, its credential 1".into()));
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
    let done = run_with(&mut keys.glasskey(["oath", "import", KEY, "--yes"]), text.as_bytes());
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
        "{}{}{}nonsense\nmore of it\nand more\notpauth://totp/b?secret=1\n\
         otpauth://totp/c?secret=MZXW6YTB&algorithm=MD5\n",
        uri("alice", &secret),
        uri("alice", &seed().1),
        uri(&long, &secret)
    );
    refuses(
        &keys,
        &text,
        2,
        "5 of the entries cannot be imported; nothing was written",
        &[
            "entry 2, line 2, \"Example:alice\": it has the name of entry 1, and is another credential",
            &format!("entry 3, line 3, \"Example:{long}\": the credential's name has 68 bytes; 64 fit"),
            "entry 4, lines 4 to 6: it is not an otpauth://totp/ or otpauth://hotp/ URI",
            "entry 5, line 7, \"b\": the secret is not base32: character 1 cannot be",
            "entry 6, line 8, \"c\": the URI's algorithm is \"MD5\", which means nothing here",
            "entry 1 would be written as \"Example:alice\"",
        ],
    );
    refuses(&keys, "\n", 2, "there is nothing to import", &[]);
    let export = "the export cannot be read whole; nothing was written";
    let one = "1 of the entries cannot be imported; nothing was written";
    refuses(
        &keys,
        &part(&[("a", &secret)], 1, 3),
        2,
        one,
        &["of an export of 3 parts these are missing: 1, 3", "entry 1 would be written as \"Example:a\""],
    );
    refuses(&keys, "otpauth-migration://offline?data=CjE", 2, export, &["line 1: its data is damaged or cut short"]);
}

/// As often as it stands there.
#[test]
fn what_is_the_same_is_written_once() {
    let keys = Keys::serve(1);
    let (_, secret) = seed();
    // Without part numbers, as some apps export: two pictures of one export, and one picture twice.
    let part = |name: &str| part(&[(name, &secret)], 0, 0);
    let text = format!("{}\n{}\n{}\n{}", part("alice"), part("bob"), part("alice"), uri("alice", &secret));
    let done = keys.run_with(["oath", "import", KEY, "--yes", "--json"], text.as_bytes());
    assert_eq!(
        (done.code, keys.key(0).credentials()),
        (0, vec!["Example:alice".into(), "Example:bob".into()]),
        "{done:?}"
    );
    let left = &done.json()["left_out"];
    assert_eq!((&left[0]["reason"], &left[1]["why"]), (&"same".into(), &"the same as entry 1".into()));
}

#[test]
fn what_is_on_the_key_is_left_out_where_it_is_the_same_and_never_overwritten() {
    let keys = Keys::serve(1);
    let (_, secret) = seed();
    let text = format!("{}{}", uri("alice", &secret), uri("bob", &secret));
    assert_eq!(keys.run_with(["oath", "import", KEY, "--yes"], uri("alice", &secret).as_bytes()).code, 0);
    let again = keys.run_with(["oath", "import", KEY, "--yes"], text.as_bytes());
    let told = "\
glasskey: the plan for YubiKey 12345678:
  2         Example:bob
  left out  entry 1, line 1, \"Example:alice\": on the key already, and its code matches
  12345678  written as \"Example:bob\", its code matches
";
    again.is(0, "Example:bob\n", told);
    let nothing = keys.run_with(["oath", "import", KEY], text.as_bytes());
    assert_eq!((nothing.code, &*nothing.stdout), (0, ""), "{nothing:?}");
    assert!(nothing.stderr.ends_with("glasskey: nothing was to be written to YubiKey 12345678\n"), "{nothing:?}");

    put(keys.key(0), "Example:carol", false);
    put(keys.key(0), "Example:dave", true);
    let error = "1 of the entries cannot be imported; nothing was written";
    let note = "entry 1, line 1, \"Example:carol\": another credential of this name is on the key already";
    refuses(&keys, &uri("carol", &secret), 2, error, &[note]);
    // Its code wants a touch, which the key gets at once.
    let dave = keys.run_with(["oath", "import", KEY, "--yes"], uri("dave", &secret).as_bytes());
    let note = "entry 1, line 1, \"Example:dave\": another credential of this name is on the key already";
    assert!(dave.code == 2 && dave.stderr.contains(note) && dave.stderr.contains("touch"), "{dave:?}");
    let without = keys.run_with(["oath", "import", KEY, "--yes", "--skip", "1"], uri("dave", &secret).as_bytes());
    assert_eq!(without.code, 0, "{without:?}");
}

/// A name that cannot be read is mended as the hint says.
#[test]
fn a_name_that_cannot_be_read_is_given_another() {
    let keys = Keys::serve(1);
    let list = "otpauth://totp/%FFExample:alice?secret=MZXW6YTBOI&issuer=Example\n";
    let refused = keys.run_with(["oath", "import", KEY, "--yes"], list.as_bytes());
    assert!(refused.code == 2 && refused.stderr.contains("--rename NUMBER=ISSUER:ACCOUNT"), "{refused:?}");
    let done = keys.run_with(["oath", "import", KEY, "--yes", "--rename", "1=Example:alice"], list.as_bytes());
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(keys.key(0).credentials(), ["Example:alice"]);
}

#[test]
fn what_does_not_fit_is_skipped_or_renamed_by_number_or_name() {
    let keys = Keys::serve(1);
    let (seed, secret) = seed();
    let long = "x".repeat(60);
    let lines = [
        uri("alice", &secret),
        uri(&long, &secret),
        format!("otpauth://totp/?secret={secret}\n"),
        format!("otpauth://totp/md?secret={secret}&algorithm=MD5\n"),
        uri("bob", &secret),
        format!("otpauth://totp/Steam:s?secret={secret}\n"),
    ];
    let args = ["oath", "import", KEY, "--yes", "--skip", "md", "--skip=6", "--rename=2=Example:short"];
    let args = [&args[..], &["--rename", "3=named", "--rename", "Example:bob=Other:bob"]].concat();
    let done = keys.run_with(&args, lines.concat().as_bytes());
    let told = "\
glasskey: the plan for YubiKey 12345678:
  1         Example:alice
  2         Example:short
  3         named
  5         Other:bob
  left out  entry 4, line 4, \"md\": --skip
  left out  entry 6, line 6, \"Steam:s\": --skip
";
    assert!(done.stderr.starts_with(told), "{done:?}");
    assert_eq!(done.code, 0);
    assert_eq!(keys.key(0).credentials(), ["Example:alice", "Example:short", "named", "Other:bob"]);
    for name in ["Example:short", "named", "Other:bob"] {
        code_is(&keys, name, &seed);
    }
    let twice = ["oath", "import", KEY, "--yes", "--rename=1=a", "--rename=Example:alice=b"];
    let error = "glasskey: error: --rename is given twice for entry 1: \"a\" and \"b\"\n";
    keys.run_with(twice, lines[0].as_bytes()).is(2, "", error);
    for wrong in ["--skip=9", "--skip=nobody", "--rename=9=a", "--rename=a"] {
        let run = keys.run_with(["oath", "import", KEY, "--yes", wrong], lines[0].as_bytes());
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.stderr.contains(": there is no entry \""), "{run:?}");
    }
    let two = format!("{}{}", lines[0], uri("alice", &crate::support::seed().1));
    let which = keys.run_with(["oath", "import", KEY, "--yes", "--skip=Example:alice"], two.as_bytes());
    let words = "\
glasskey: error: 2 entries have the name \"Example:alice\"
glasskey: hint: say which by its number: 1, 2
";
    which.is(2, "", words);
}

#[test]
fn a_part_that_is_missing_is_skipped_on_request() {
    let keys = Keys::serve(1);
    let (_, secret) = seed();
    let text = part(&[("a", &secret)], 1, 3);
    let done = keys.run_with(["oath", "import", KEY, "--yes", "--skip", "missing"], text.as_bytes());
    assert_eq!((done.code, &*done.stdout), (0, "Example:a\n"), "{done:?}");
}

#[test]
fn nothing_is_written_before_the_plan_is_approved() {
    let keys = Keys::serve(1);
    let (_, secret) = seed();
    let text = format!("{}otpauth://totp/md?secret={secret}&algorithm=MD5\n", uri("alice", &secret));
    let nobody = keys.run_with(["oath", "import", KEY], uri("alice", &secret).as_bytes());
    let told = "\
glasskey: the plan for YubiKey 12345678:
  1         Example:alice
glasskey: error: the plan must be approved, and nobody can be asked
glasskey: hint: --yes approves it
";
    nobody.is(5, "", told);
    for (answer, code) in [("n", 3), ("y", 0)] {
        let import = keys.bare(["oath", "import", KEY]);
        let mut typist = Typist::start_talking_with_stdin(&import, text.as_bytes());
        typist.sees("Write 1 credential to YubiKey 12345678 and leave out 1? [y/N] ");
        assert_eq!(keys.key(0).credentials().len(), 0);
        typist.types(answer);
        let (terminal, run) = typist.end();
        let plan = "entry 2, line 2, \"md\": the URI's algorithm is \"MD5\", which means nothing here\r\n";
        assert_eq!((run.code, terminal.contains(plan)), (code, true), "{run:?} {terminal:?}");
    }
    assert_eq!(keys.key(0).credentials(), ["Example:alice"]);
}

#[test]
fn a_file_that_is_no_list_is_one_sentence() {
    let keys = Keys::serve(1);
    let json = format!("{{\n{}}}\n", "  \"entry\": {},\n".repeat(335));
    let hint = "glasskey: hint: most apps export otpauth URIs too, often called a plain text or URI list; one a line is read\n";
    let cases = [
        (&*json, "standard input holds JSON, and no otpauth URI is on a line of its own"),
        ("<html>\n</html>\n", "standard input holds HTML or XML, and no otpauth URI is on a line of its own"),
        ("a\nb\n", "no line on standard input is an otpauth URI"),
    ];
    for (text, what) in cases {
        let run = keys.run_with(["oath", "import", KEY, "--yes"], text.as_bytes());
        run.is(2, "", &format!("glasskey: error: {what}\n{hint}"));
    }
}

#[test]
fn a_list_of_any_editor_is_read() {
    let keys = Keys::serve(1);
    let (_, secret) = seed();
    let marked = format!("\u{feff}{}\u{feff}{}", uri("alice", &secret), uri("bob", &secret));
    assert_eq!(keys.run_with(["oath", "import", KEY, "--yes"], marked.as_bytes()).code, 0);
    let utf16: Vec<u8> =
        format!("\u{feff}{}", uri("carol", &secret)).encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(keys.run_with(["oath", "import", KEY, "--yes"], &utf16).code, 0);
    assert_eq!(keys.key(0).credentials(), ["Example:alice", "Example:bob", "Example:carol"]);
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
    let note =
        "entry 1, line 1, \"Example:alice\": the firmware of YubiKey 12345678 cannot do SHA-512; 4.3.1 and later can";
    refuses(&old, &text, 2, "1 of the entries cannot be imported; nothing was written", &[note]);
}

#[test]
fn pulled_half_way_it_says_what_was_written() {
    let (_, secret) = seed();
    let text: String = ["alice", "bob", "carol"].iter().map(|name| uri(name, &secret)).collect();
    let calm = Keys::serve(1);
    assert_eq!(calm.run_with(["oath", "import", KEY, "--yes"], text.as_bytes()).code, 0);
    let apdus = calm.key(0).apdu_count();
    let mut halfway = 0;
    for nth in 1..=apdus {
        let keys = Keys::serve(1);
        keys.key(0).fault(Fault { on: On::Nth(nth), when: When::After, what: What::Pull });
        let done = keys.run_with(["oath", "import", KEY, "--yes"], text.as_bytes());
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
