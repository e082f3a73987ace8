//! `add`: where secrets come from, the proof, and taking back what could not be proved.

use super::{KEY, fault, oath};
use crate::support::{Keys, Run, put, seed};
use glasskey::qr;
use glasskey::secret::Seed;
use glasskey::sim::oath_card::{Options, Touch, What, When};
use glasskey::totp::{self, Algorithm, Params, Step};
use proptest::prelude::*;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// `glasskey oath add` on the first key, with this on standard input; the secret is nowhere in what it writes.
fn add(keys: &Keys, args: &[&str], stdin: &str) -> Run {
    let mut all = vec!["oath", "add", KEY];
    all.extend(args);
    let run = keys.run_with(&all, stdin.as_bytes());
    let secret = stdin.trim();
    if !secret.is_empty() {
        run.never_says(&[secret]);
    }
    run
}

/// What the key computes for step 59 814 506.
fn code(keys: &Keys, name: &str) -> String {
    oath(keys, &["code", name, "--at", "1794435180"]).stdout
}

fn expected(seed: &Seed, params: Params) -> String {
    format!("{}\n", totp::code(seed, params, Step(1_794_435_180 / u64::from(params.period))).expose())
}

#[test]
fn base32_from_standard_input() {
    let keys = Keys::serve(1);
    let (seed, text) = seed();
    let written = "  12345678  written as \"Example:alice\", its code matches\n";
    add(&keys, &["--issuer", "Example", "alice"], &text).is(0, "Example:alice\n", written);
    assert_eq!(code(&keys, "Example:alice"), expected(&seed, totp::AWS));
    // In lower case and groups, and with issuer and account in one argument.
    let spaced: Vec<String> =
        text.to_lowercase().as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into()).collect();
    let run = add(&keys, &["Example:bob", "--json"], &format!("{}\r\n", spaced.join(" ")));
    let json = json!({
        "type": "credential_added", "key": 12_345_678, "name": "Example:bob", "issuer": "Example", "account": "bob",
        "kind": "totp", "period": 30, "algorithm": "SHA1", "digits": 6, "touch": false, "proved": true,
    });
    assert_eq!(run.json(), json);
    assert_eq!(code(&keys, "Example:bob"), expected(&seed, totp::AWS));
}

#[test]
fn a_uri_names_everything_and_arguments_win() {
    let keys = Keys::serve(1);
    let (seed, text) = seed();
    let uri =
        format!("otpauth://totp/Example:alice?secret={text}&issuer=Example&algorithm=SHA256&digits=8&period=60");
    add(&keys, &[], &uri)
        .is(0, "60/Example:alice\n", "  12345678  written as \"60/Example:alice\", its code matches\n")
        .never_says(&[&text]);
    let params = Params { algorithm: Algorithm::Sha256, digits: 8, period: 60 };
    assert_eq!(code(&keys, "60/Example:alice"), expected(&seed, params));

    let flags = ["bob", "--issuer", "Other", "--algorithm", "sha-1", "--digits", "7", "--period", "30", "--touch"];
    let touched =
        "  touch     YubiKey 12345678 now: it blinks\n  12345678  written as \"Other:bob\", its code matches\n";
    add(&keys, &flags, &uri).is(0, "Other:bob\n", touched);
    let params = Params { algorithm: Algorithm::Sha1, digits: 7, period: 30 };
    assert_eq!(code(&keys, "Other:bob"), expected(&seed, params));
}

#[test]
fn hotp_is_written_and_no_code_is_used_up() {
    let keys = Keys::serve(1);
    let (_, text) = seed();
    let words = "  12345678  written as \"counter\"; not proved, since that would use up a code\n";
    add(&keys, &["counter", "--hotp", "7"], &text).is(0, "counter\n", words);
    let run = add(&keys, &["--json"], &format!("otpauth://hotp/other?secret={text}&counter=3"));
    assert_eq!(
        (&run.json()["proved"], &run.json()["kind"], &run.json()["period"]),
        (&json!(false), &json!("hotp"), &json!(null))
    );
    assert!(keys.key(0).log().iter().all(|command| command.ins != 0xA2));
    let error = "glasskey: error: an HOTP credential counts events; --period means nothing to it\n";
    add(&keys, &["--period", "60"], &format!("otpauth://hotp/third?secret={text}")).is(2, "", error);
}

#[test]
fn a_picture_of_a_qr_code() {
    let keys = Keys::serve(1);
    let (seed, text) = seed();
    let uri = format!("otpauth://totp/Example:alice?secret={text}&issuer=Example");
    let png = |name: &str, texts: &[&str]| -> PathBuf {
        let path = keys.home.path().join(name);
        std::fs::write(&path, picture(texts)).unwrap();
        path
    };
    png("one.png", &[&uri]);
    let written = "  12345678  written as \"Example:alice\", its code matches\n";
    add(&keys, &["--qr-image", "one.png"], "").is(0, "Example:alice\n", written).never_says(&[&text]);
    assert_eq!(code(&keys, "Example:alice"), expected(&seed, totp::AWS));

    png("none.png", &[]);
    png("two.png", &[&uri, "otpauth://totp/b?secret=MZXW6YTBOI"]);
    png("word.png", &["hello"]);
    png("words.png", &["hello", "https://example.com"]);
    std::fs::write(keys.home.path().join("text.png"), "hello").unwrap();
    std::fs::write(keys.home.path().join("cut.png"), &picture(&[&uri])[..200]).unwrap();
    let refusals = [
        ("none.png", "none.png: no QR code was found in this picture", CROP),
        (
            "two.png",
            "two.png: 2 otpauth QR codes are in this picture; crop it to the one that is meant",
            "glasskey: hint: `glasskey oath import --key 12345678 --qr-image two.png` takes them all\n",
        ),
        ("word.png", "word.png: its QR code is not an otpauth URI", ""),
        ("words.png", "words.png: none of its 2 QR codes is an otpauth URI", ""),
        ("text.png", "text.png: not a PNG or JPEG picture", SAVE),
        ("cut.png", "cut.png: the picture is damaged or cut short", ""),
        ("missing.png", "cannot read missing.png: No such file or directory (os error 2)", ""),
    ];
    for (file, what, hint) in refusals {
        add(&keys, &["--qr-image", file], "").is(2, "", &format!("glasskey: error: {what}\n{hint}"));
    }
    let file = std::fs::File::create(keys.home.path().join("huge.png")).unwrap();
    file.set_len((64 << 20) + 1).unwrap();
    let huge = "glasskey: error: huge.png: more than 64 MiB; crop the picture to the QR code\n";
    add(&keys, &["--qr-image", "huge.png"], "").is(2, "", huge);
    assert_eq!(keys.key(0).credentials(), ["Example:alice"]);
}

const CROP: &str =
    "glasskey: hint: if there is one: crop the picture to it, with some white around it, or take a sharper one\n";
const SAVE: &str = "glasskey: hint: save it as one of them: most viewers do, and a screenshot of it will do too\n";

#[test]
fn of_two_codes_in_a_picture_the_one_that_is_an_otpauth_uri_is_read() {
    let keys = Keys::serve(1);
    let (seed, text) = seed();
    let uri = format!("otpauth://totp/Example:alice?secret={text}&issuer=Example");
    std::fs::write(keys.home.path().join("page.png"), picture(&["https://example.com/app", &uri, &uri])).unwrap();
    let written = "  12345678  written as \"Example:alice\", its code matches\n";
    add(&keys, &["--qr-image", "page.png"], "").is(0, "Example:alice\n", written).never_says(&[&text]);
    assert_eq!(code(&keys, "Example:alice"), expected(&seed, totp::AWS));
}

#[test]
fn a_photograph_in_jpeg_is_read() {
    let keys = Keys::serve(1);
    std::fs::write(keys.home.path().join("photo.jpg"), include_bytes!("photo.jpg")).unwrap();
    let written = "  12345678  written as \"Example:alice\", its code matches\n";
    add(&keys, &["--qr-image", "photo.jpg"], "").is(0, "Example:alice\n", written);
    let seed = Seed::from_base32(b"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").ok().unwrap();
    assert_eq!(code(&keys, "Example:alice"), expected(&seed, totp::AWS));
    std::fs::write(keys.home.path().join("photo.heic"), b"\0\0\0\x24ftypheic").unwrap();
    let heic = format!("glasskey: error: photo.heic: not a PNG or JPEG picture\n{SAVE}");
    add(&keys, &["--qr-image", "photo.heic"], "").is(2, "", &heic);
}

/// QR codes side by side.
pub(crate) fn picture(texts: &[&str]) -> Vec<u8> {
    let codes: Vec<_> = texts.iter().map(|text| qr::matrix(text).unwrap()).collect();
    let cell = codes.iter().map(|code| code.size() + 8).max().unwrap_or(60);
    let (width, height, scale) = (cell * 4 * codes.len().max(1), cell * 4, 4);
    let pixels: Vec<u8> = (0..width * height)
        .map(|at| {
            let (x, y) = (at % width / scale, at / width / scale);
            let dark =
                codes.get(x / cell).is_some_and(|code| x % cell >= 4 && y >= 4 && code.is_dark(x % cell - 4, y - 4));
            if dark { 0 } else { 255 }
        })
        .collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    file
}

const STEAM: &str = "it is Steam's: its codes are five letters, and keys compute digits";
const SAYS_DIGITS: &str = "glasskey: hint: if an issuer is only called so, --digits 6 says that digits are meant\n";

/// Joined, these are secrets too, and the key's code would match what was never meant.
#[test]
fn several_lines_are_not_one_secret() {
    let keys = Keys::serve(1);
    let (_, text) = seed();
    let hint = "glasskey: hint: give the secret or the URI alone, on one line: `pass show NAME | grep ^otpauth:` takes it \
                out of an entry\n";
    for input in [
        format!("hunterpassword\n{text}\n"),
        format!("{text}\r\nuser\r\n"),
        format!("hunter2\notpauth://totp/a?secret={text}\n"),
        format!("otpauth://totp/a?secret={}\n{}&digits=8\n", &text[..16], &text[16..]),
        format!("otpauth://totp/a?secret={}\r{}", &text[..16], &text[16..]),
    ] {
        let run = add(&keys, &["alice"], &input);
        run.is(2, "", &format!("glasskey: error: there are 2 lines, and a secret is one\n{hint}"))
            .never_says(&[&text]);
    }
    assert_eq!(keys.key(0).credentials().len(), 0);
}

#[test]
fn parameters_behind_an_ampersand_of_html_count() {
    let keys = Keys::serve(1);
    let (seed, text) = seed();
    let uri = format!("otpauth://totp/alice?secret={text}&amp;digits=8&amp;algorithm=HmacSHA256");
    assert_eq!(add(&keys, &[], &uri).code, 0);
    let params = Params { algorithm: Algorithm::Sha256, digits: 8, period: 30 };
    assert_eq!(code(&keys, "alice"), expected(&seed, params));
}

#[test]
fn of_two_issuers_the_parameters_is_taken_and_both_are_named() {
    let keys = Keys::serve(1);
    let (_, text) = seed();
    let uri = format!("otpauth://totp/Contoso:alice?secret={text}&issuer=Microsoft");
    let warned = "\
glasskey: warning: the URI names two issuers: \"Microsoft\" was taken, its label says \"Contoso\"; --issuer takes another
  12345678  written as \"Microsoft:alice\", its code matches
";
    add(&keys, &[], &uri).is(0, "Microsoft:alice\n", warned);
    let written = "  12345678  written as \"Contoso:alice\", its code matches\n";
    add(&keys, &["--issuer", "Contoso"], &uri).is(0, "Contoso:alice\n", written);
}

#[test]
fn arguments_mend_what_a_uri_lacks_or_has_wrong() {
    let keys = Keys::serve(1);
    let (seed, text) = seed();
    let uris = [
        format!("otpauth://totp/?secret={text}"),
        format!("otpauth://totp?secret={text}"),
        format!("otpauth://totp/%FF?secret={text}&issuer=%FF&algorithm=MD5&digits=5&period=0"),
    ];
    for (nth, uri) in uris.iter().enumerate() {
        let name = format!("Mended:{nth}");
        let account = nth.to_string();
        let args = ["--issuer", "Mended", &account, "--algorithm", "SHA-256", "--digits", "7", "--period", "30"];
        let written = format!("  12345678  written as \"{name}\", its code matches\n");
        add(&keys, &args, uri).is(0, &format!("{name}\n"), &written);
        let params = Params { algorithm: Algorithm::Sha256, digits: 7, period: 30 };
        assert_eq!(code(&keys, &name), expected(&seed, params));
    }
}

#[test]
fn text_of_any_editor_is_read() {
    let keys = Keys::serve(1);
    let (seed, text) = seed();
    let uri = format!("otpauth://totp/Jürgen?secret={text}\r\n");
    let utf16 = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        [mark, &uri.encode_utf16().flat_map(bytes).collect::<Vec<u8>>()].concat()
    };
    let forms = [
        [&b"\xEF\xBB\xBF"[..], uri.as_bytes()].concat(),
        utf16(b"\xFF\xFE", u16::to_le_bytes),
        utf16(b"\xFE\xFF", u16::to_be_bytes),
        utf16(b"", u16::to_le_bytes),
        utf16(b"", u16::to_be_bytes),
    ];
    for form in forms {
        let run = keys.run_with(["oath", "add", KEY], &form);
        run.is(0, "Jürgen\n", "  12345678  written as \"Jürgen\", its code matches\n");
        assert_eq!(code(&keys, "Jürgen"), expected(&seed, totp::AWS));
        assert_eq!(oath(&keys, &["delete", "Jürgen", "--yes"]).code, 0);
    }
    let cut = keys.run_with(["oath", "add", "a", KEY], b"\xFF\xFEo\0t");
    let what = "glasskey: error: the text is UTF-16, and damaged or cut short\nglasskey: hint: save it as UTF-8\n";
    cut.is(2, "", what);
}

#[test]
fn what_is_not_a_secret_is_refused() {
    let keys = Keys::serve(1);
    let refusals = [
        ("JBSWY3DPEHPK3PX1", "the secret is not base32: character 16 cannot be", ""),
        (
            "JBSWY3DPE",
            "the secret is not complete: base32 never has 9 characters, so some are missing or one is too many",
            "",
        ),
        ("otpauth://totp/alice?issuer=x", "the URI holds no secret", ""),
        ("otpauth://motp/alice?secret=JBSWY3DPEHPK3PXP", "it is not an otpauth://totp/ or otpauth://hotp/ URI", ""),
        (
            "otpauth://totp/alice?secret=JBSWY3DPEHPK3PXP&digits=9",
            "the URI's digits is \"9\", which means nothing here",
            "glasskey: hint: keys compute 6, 7 or 8 digits; --digits says which are meant instead of the URI\n",
        ),
        (
            "otpauth://totp/alice?secret=JBSWY3DPEHPK3PXP&algorithm=MD5",
            "the URI's algorithm is \"MD5\", which means nothing here",
            "glasskey: hint: where the service says which hash it means, --algorithm says it instead of the URI\n",
        ),
        ("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&digits=8&digits=6", "the URI gives its digits twice", ""),
        (
            "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&issuer=C#&digits=8",
            "the URI ends at a #, and what follows would not be read",
            "glasskey: hint: a # in a name is written %23 in a URI\n",
        ),
        ("otpauth://totp/alice?secret=JBSWY3DPEHPK3PXP&issuer=Steam", STEAM, SAYS_DIGITS),
        ("steam://JBSWY3DPEHPK3PXP", STEAM, SAYS_DIGITS),
    ];
    for (text, what, hint) in refusals {
        add(&keys, &["alice"], text).is(2, "", &format!("glasskey: error: {what}\n{hint}"));
    }
    let nobody = "\
glasskey: error: no account is named
glasskey: hint: `glasskey oath add --key 12345678 --issuer Example alice` names both
";
    add(&keys, &[], "otpauth://totp/?secret=JBSWY3DPEHPK3PXP").is(2, "", nobody);
    let json = add(&keys, &["alice", "--json"], "otpauth://totp/alice?secret=1").json();
    assert_eq!((&json["code"], &json["exit"]), (&json!("bad_secret"), &json!(2)));
    let migration = "\
glasskey: error: it is not an otpauth://totp/ or otpauth://hotp/ URI
glasskey: hint: this is Google Authenticator's export; `glasskey oath import --key 12345678` takes it
";
    add(&keys, &[], "otpauth-migration://offline?data=CjEKCk").is(2, "", migration);
    let much = "glasskey: error: there is too much on standard input to be a secret\n";
    add(&keys, &["alice"], &"A".repeat(8193)).is(2, "", much);
    let short = "glasskey: error: the secret is too short: the applet takes 2 bytes or more\n";
    add(&keys, &["alice"], "AE").is(2, "", short);
    let nothing = "\
glasskey: error: standard input holds no secret
glasskey: hint: run the command on a terminal to be asked for it, or pipe it in: base32 or an otpauth URI
";
    add(&keys, &["alice"], "").is(5, "", nothing);
    add(&keys, &["alice"], " \n").is(5, "", nothing);
    let unnamed = "\
glasskey: error: no account is named
glasskey: hint: `glasskey oath add --key 12345678 --issuer Example alice` names both
";
    add(&keys, &["--issuer", "Example"], "JBSWY3DPEHPK3PXP").is(2, "", unnamed);
    assert_eq!(keys.key(0).credentials().len(), 0);
}

#[test]
fn a_secret_among_the_arguments_is_not_taken_and_not_repeated() {
    let keys = Keys::serve(1);
    let (_, text) = seed();
    let uri = format!("OTPAUTH://totp/Example:alice?secret={text}");
    let rest = "\
glasskey: everybody on this machine can see arguments, and the shell keeps them in its history
glasskey: hint: if it was a secret, have the service issue a new one; then run the command without it, and it is asked for
";
    let as_uri = format!("glasskey: error: an otpauth URI was given as an argument\n{rest}");
    add(&keys, &[&uri], "").is(2, "", &as_uri).never_says(&[&text]);
    let second = format!("glasskey: error: there is an argument too many\n{rest}");
    add(&keys, &["alice", &text], "").is(2, "", &second).never_says(&[&text]);
    assert_eq!(keys.key(0).apdu_count(), 0);
}

#[test]
fn a_name_that_does_not_fit_is_refused_before_anything_is_written() {
    let keys = Keys::serve(1);
    let (_, text) = seed();
    let (long, fits) = ("é".repeat(29), format!("{}a", "é".repeat(28)));
    let error = "\
glasskey: error: the credential's name has 65 bytes; 64 fit
glasskey: hint: shorten the issuer or the account
";
    add(&keys, &["--issuer=Issue", &format!("{long}a")], &text).is(2, "", error);
    let run = add(&keys, &["--issuer=Issue1", &fits], &text);
    assert_eq!((run.code, run.stdout.trim_end().len()), (0, 64));
    let colon = "\
glasskey: error: a key would read the credential's name back differently
glasskey: hint: the account must not be empty, the issuer must not hold a colon, and the name must not begin with a number and a slash
";
    for args in [&["--issuer=a:b", "c"][..], &["--issuer=60/a", "c"], &["60/a"], &["Example:"]] {
        add(&keys, args, &text).is(2, "", colon);
    }
    assert_eq!(keys.key(0).credentials().len(), 1);
}

#[test]
fn a_taken_name_is_not_overwritten() {
    let keys = Keys::serve(1);
    let first = put(keys.key(0), "Example:alice", false);
    let (_, text) = seed();
    let error = "\
glasskey: error: a credential \"Example:alice\" is on YubiKey 12345678 already; it was not overwritten
glasskey: hint: give the new one another name
glasskey: hint: where nobody signs in with the one that is there, `glasskey oath delete --key 12345678 \"Example:alice\"` removes it
";
    add(&keys, &["Example:alice"], &text).is(3, "", error);
    assert_eq!(code(&keys, "Example:alice"), expected(&first, totp::AWS));
}

#[test]
fn a_full_key_and_old_firmware_say_so() {
    let mut options = Options::new(12_345_678);
    options.firmware = glasskey::oath::Version(4, 2, 5);
    options.capacity = Some(32);
    let keys = Keys::of(vec![options]);
    let (_, text) = seed();
    let cannot = |what: &str, since: &str| {
        format!("glasskey: error: the firmware of YubiKey 12345678 cannot do {what}; {since} and later can\n")
    };
    add(&keys, &["alice", "--touch"], &text).is(3, "", &cannot("touch", "4.2.6"));
    add(&keys, &["alice", "--algorithm", "SHA512"], &text).is(3, "", &cannot("SHA-512", "4.3.1"));
    (0..32).for_each(|nth| drop(put(keys.key(0), &format!("credential {nth:02}"), false)));
    let full = "\
glasskey: error: no free slot on YubiKey 12345678
glasskey: hint: `glasskey oath list --key 12345678` shows what is on it
";
    add(&keys, &["alice"], &text).is(3, "", full);
}

const GONE: &str = "glasskey: the credential \"alice\" was removed again; nothing was left behind\n";

#[test]
fn what_cannot_be_proved_does_not_stay() {
    let keys = Keys::serve(1);
    let (_, text) = seed();
    let touch = "  touch     YubiKey 12345678 now: it blinks\n";
    keys.key(0).set_touch(Touch::Never(Duration::ZERO));
    let never = format!("{touch}glasskey: error: nobody touched YubiKey 12345678 in time\n{GONE}");
    add(&keys, &["alice", "--touch"], &text).is(5, "", &never);
    assert_eq!(keys.key(0).credentials().len(), 0);

    keys.key(0).fault(fault(0xA2, When::Before, What::Sw(0x6581)));
    let broken = format!("glasskey: error: YubiKey 12345678 refused with status word 6581\n{GONE}");
    add(&keys, &["alice"], &text).is(3, "", &broken);
    assert_eq!(keys.key(0).credentials().len(), 0);
}

#[test]
fn a_lost_answer_to_the_write_is_looked_into() {
    let (_, text) = seed();
    let lost = "glasskey: error: YubiKey 12345678 was pulled while it was in use\nglasskey: hint: plug it in again\n";
    for (when, state) in [(When::After, GONE), (When::Before, "glasskey: nothing was written\n")] {
        let keys = Keys::serve(1);
        keys.key(0).fault(fault(0x01, when, What::Mute)); // over a socket, the connection closes
        add(&keys, &["alice"], &text).is(3, "", &format!("{lost}{state}"));
        assert_eq!(keys.key(0).credentials().len(), 0);
    }
}

#[test]
fn a_key_pulled_for_good_may_hold_it() {
    let (_, text) = seed();
    let left = "\
glasskey: error: YubiKey 12345678 was pulled while it was in use
glasskey: hint: plug it in again
glasskey: hint: `glasskey oath delete --key 12345678 \"alice\"` removes it
glasskey: perhaps left behind: the credential \"alice\" on YubiKey 12345678, not proved
";
    for ins in [0x01, 0xA2] {
        let keys = Keys::serve(1);
        keys.key(0).fault(fault(ins, When::After, What::Pull));
        add(&keys, &["alice"], &text).is(4, "", left);
        keys.key(0).plug_in();
        oath(&keys, &["delete", "alice", "--yes"]).is(0, "", "  12345678  \"alice\" removed\n");
    }
    // Before anything was sent, nothing is left.
    let keys = Keys::serve(1);
    keys.key(0).fault(fault(0xA1, When::Before, What::Pull));
    let clean =
        "glasskey: error: YubiKey 12345678 was pulled while it was in use\nglasskey: hint: plug it in again\n";
    add(&keys, &["alice"], &text).is(3, "", clean);
}

#[test]
fn the_only_key_is_written_only_when_meant() {
    let keys = Keys::serve(1);
    let (_, text) = seed();
    let refused = "\
glasskey: error: is YubiKey 5C NFC 12345678 meant? Nobody can be asked
glasskey: hint: name it with --key 12345678
";
    keys.run_with(["oath", "add", "alice"], text.as_bytes()).is(5, "", refused);
    keys.run_with(["oath", "add", "alice", "--no-input"], text.as_bytes()).is(5, "", refused);
    for args in [
        &["oath", "rename", "a", "b"][..],
        &["oath", "delete", "a"],
        &["oath", "password", "set"],
        &["oath", "password", "clear"],
    ] {
        keys.run(args).is(5, "", refused);
    }
    let written = "  12345678  written as \"alice\", its code matches\n";
    keys.run_with(["oath", "add", "alice", "--yes"], text.as_bytes()).is(0, "alice\n", written);
}

/// Random texts on standard input end in a refusal or a credential, never in a crash, and are never repeated.
#[test]
fn any_input_ends_in_words() {
    let keys = Keys::serve(1);
    let texts =
        prop_oneof!["[A-Z2-7 =-]{12,40}", "otpauth://(totp|hotp)/[ -~]{0,20}\\?secret=[A-Z2-7]{12,20}&[ -~]{0,20}"];
    proptest!(ProptestConfig::with_cases(24), |(text in texts)| {
        let run = add(&keys, &["prop"], &text);
        prop_assert!(matches!(run.code, 0 | 2 | 5), "{run:?}");
        if run.code == 0 {
            let name = run.stdout.trim_end();
            prop_assert_eq!(oath(&keys, &["delete", name, "--yes"]).code, 0);
        }
    });
}

#[test]
fn what_is_no_base32_is_called_what_it_is() {
    let keys = Keys::serve(1);
    let kinds = "services show one of them beside the QR code\n";
    let refusals = [
        ("motp://iss:alice?secret=00ff", "it is a motp:// address, and no secret\n", kinds),
        (
            "\"otpauth://totp/alice?secret=JBSWY3DPEHPK3PXP\"",
            "the otpauth URI stands between quotation marks or brackets\n",
            "hint: give it without them\n",
        ),
        ("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&t0=30", "the URI's t0 is \"30\", which means nothing here\n", ""),
        (
            "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&offset=-5",
            "the URI's offset is \"-5\", which means nothing here\n",
            "",
        ),
        (
            "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&counter=7",
            "the URI goes by time (totp), and has a counter, which only hotp has\n",
            "--hotp COUNTER says it instead of the URI\n",
        ),
    ];
    for (text, what, hint) in refusals {
        let done = add(&keys, &["alice"], text);
        assert_eq!(done.code, 2, "{text}: {done:?}");
        assert!(
            done.stderr.starts_with(&format!("glasskey: error: {what}")) && done.stderr.ends_with(hint),
            "{done:?}"
        );
    }
    assert_eq!(keys.key(0).credentials().len(), 0);
    for harmless in ["t0=0", "offset=", "counter=0"] {
        let text = format!("otpauth://totp/a?secret=JBSWY3DPEHPK3PXP&{harmless}");
        assert_eq!(add(&keys, &[harmless.split('=').next().unwrap()], &text).code, 0, "{harmless}");
    }
}

/// Every program that lists the key would get them.
#[test]
fn names_with_characters_that_act_or_are_not_seen_are_not_given() {
    let keys = Keys::serve(1);
    put(keys.key(0), "plain", false);
    put(keys.key(0), "odd\u{1b}[2J", false);
    for (c, code) in [('\n', "000A"), ('\u{1b}', "001B"), ('\u{202e}', "202E"), ('\u{200b}', "200B")] {
        let name = format!("ab{c}c");
        let error = format!("character 3 of the name is U+{code}, which cannot be seen or acts on what shows it");
        let says = |done: Run| {
            assert_eq!(done.code, 2, "{done:?}");
            assert!(done.stderr.contains(&error), "{done:?}");
        };
        says(add(&keys, &[&name], "JBSWY3DPEHPK3PXP"));
        says(oath(&keys, &["rename", "plain", &name]));
        let renamed = format!("--rename=1={name}");
        says(keys.run_with(["oath", "import", KEY, "--yes", &renamed], b"otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"));
    }
    assert_eq!(keys.key(0).credentials().len(), 2);
    assert_eq!(oath(&keys, &["rename", "odd\u{1b}[2J", "even"]).code, 0, "away from such a name");
}
