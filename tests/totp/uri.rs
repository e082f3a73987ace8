//! URIs as apps and services write them, and as attackers might.

use super::bad_value;
use glasskey::secret::{BadSeed, Seed};
use glasskey::totp::{AWS, Algorithm, BadUri, Given, Kind, Params, Step, Uri, code};
use proptest::prelude::*;

/// The longest period that is taken, in seconds.
const MAX_PERIOD: u32 = 86_400;

fn read(text: &str) -> Uri {
    Uri::parse(text.as_bytes()).unwrap_or_else(|bad| panic!("{bad:?}: {text}"))
}

fn refused(text: &str) -> BadUri {
    Uri::parse(text.as_bytes()).err().unwrap_or_else(|| panic!("accepted: {text}"))
}

fn names(text: &str) -> (Option<String>, String) {
    let uri = read(text);
    (uri.issuer, uri.account)
}

fn issuer_and_account(issuer: &str, account: &str) -> (Option<String>, String) {
    (Some(issuer.to_owned()), account.to_owned())
}

#[test]
fn the_form_aws_documents() {
    let uri = read("otpauth://totp/alice@123456789012?secret=JBSWY3DPEHPK3PXP");
    assert_eq!((uri.issuer, uri.account.as_str()), (None, "alice@123456789012"));
    assert_eq!((uri.params, uri.kind), (AWS, Kind::Totp));
    assert!(uri.seed.expose(|key| key == b"Hello!\xde\xad\xbe\xef"));
}

#[test]
fn with_every_parameter() {
    let uri = read(
        "otpauth://hotp/ACME%20Co:john.doe@email.com?secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ&issuer=ACME%20Co\
         &algorithm=sha512&digits=8&period=60&counter=4294967295",
    );
    assert_eq!((uri.issuer.as_deref(), uri.account.as_str()), (Some("ACME Co"), "john.doe@email.com"));
    assert_eq!(uri.params, Params { algorithm: Algorithm::Sha512, digits: 8, period: 60 });
    assert_eq!(uri.kind, Kind::Hotp { counter: u32::MAX });
    assert_eq!(uri.seed.len(), 20);
}

#[test]
fn issuer_and_account_in_every_spelling() {
    let acme = issuer_and_account("ACME", "alice");
    for label in
        ["ACME:alice", "ACME%3Aalice", "ACME%3aalice", "ACME:%20alice", "ACME%3A%20%20alice", "ACME:alice%20"]
    {
        assert_eq!(names(&format!("otpauth://totp/{label}?secret=MZXW6YTB")), acme, "{label}");
        assert_eq!(names(&format!("otpauth://totp/{label}?issuer=ACME&secret=MZXW6YTB")), acme, "{label}");
        assert_eq!(names(&format!("otpauth://totp/{label}?issuer=&secret=MZXW6YTB")), acme, "{label}");
    }
    assert_eq!(names("otpauth://totp/alice?secret=MZXW6YTB&issuer=ACME"), acme);
    assert_eq!(names("otpauth://totp/:alice?secret=MZXW6YTB&issuer=ACME"), acme);
    assert_eq!(names("otpauth://totp/a?secret=MZXW6YTB&issuer=Big+Corp"), issuer_and_account("Big Corp", "a"));
    assert_eq!(names("otpauth://totp/a+b@c?secret=MZXW6YTB"), (None, "a+b@c".to_owned()), "a plus in a path is one");
    assert_eq!(names("otpauth://totp/J%C3%BCrgen?secret=MZXW6YTB").1, "Jürgen");
    assert_eq!(
        names("otpauth://totp/arn:aws:iam::123456789012:mfa/alice?secret=MZXW6YTB"),
        issuer_and_account("arn", "aws:iam::123456789012:mfa/alice")
    );
}

#[test]
fn of_two_issuers_the_parameter_is_taken_and_the_other_is_told() {
    let cases = [
        // Microsoft: the tenant in the label; GitHub, Slack: another spelling, another word.
        ("Contoso:alice@contoso.com", "Microsoft", "Microsoft", "alice@contoso.com", Some("Contoso")),
        ("github:alice", "GitHub", "GitHub", "alice", Some("github")),
        ("ACME:alice", "Evil", "Evil", "alice", Some("ACME")),
        // The same, spelled otherwise: an accent composed or not, a blank as plus sign.
        ("Caf%C3%A9:alice", "Cafe%CC%81", "Cafe\u{301}", "alice", None),
        ("Big+Corp:alice", "Big%20Corp", "Big Corp", "alice", None),
        ("Big%20Corp:alice", "Big+Corp", "Big Corp", "alice", None),
        // An ARN is a name as a whole.
        ("arn:aws:iam::123456789012:mfa/alice", "AWS", "AWS", "arn:aws:iam::123456789012:mfa/alice", None),
    ];
    for (label, parameter, issuer, account, other) in cases {
        let uri = read(&format!("otpauth://totp/{label}?secret=MZXW6YTB&issuer={parameter}"));
        assert_eq!((uri.issuer.as_deref(), &*uri.account), (Some(issuer), account), "{label}");
        assert_eq!(uri.other_issuer.as_deref(), other, "{label}");
    }
}

#[test]
fn ampersands_of_html_separate_parameters_too() {
    let uri = read("otpauth://totp/a?secret=MZXW6YTB&amp;digits=8&amp;algorithm=SHA256&AMP;period=60");
    assert_eq!(uri.params, Params { algorithm: Algorithm::Sha256, digits: 8, period: 60 });
    assert_eq!(refused("otpauth://totp/a?secret=MZXW6YTB&#38;digits=8"), BadUri::Fragment);
}

/// What would be lost without a word is refused.
#[test]
fn nothing_that_is_meant_is_passed_over() {
    assert_eq!(refused("otpauth://totp/a?secret=MZXW6YTB&issuer=C#&digits=8"), BadUri::Fragment);
    assert_eq!(refused("otpauth://totp/C#:a?secret=MZXW6YTB"), BadUri::Fragment);
    assert_eq!(refused("otpauth://totp/a?secret=MZXW6YTB&digits%3D8"), bad_value("digits", None));
    assert_eq!(refused("otpauth://totp/a&secret=MZXW6YTB"), bad_value("label", None));
    assert_eq!(refused("otpauth://totp/a?secret=MZXW\n6YTB&digits=8"), BadUri::Lines);
    assert_eq!(refused("otpauth://totp/a?secret=MZXW\r\n6YTB"), BadUri::Lines);
    assert_eq!(refused("otpauth://totp/a?secret=MZXW%0A6YTB"), BadUri::Seed(BadSeed::Lines));
    assert_eq!(refused("otpauth://totp/a?secret=MZXW6YTB&digits=8;period=60"), bad_value("digits", None));
}

#[test]
fn steams_letters_are_not_digits() {
    for text in [
        "otpauth://steam/alice?secret=MZXW6YTB",
        "steam://MZXW6YTB",
        "otpauth://totp/Steam:alice?secret=MZXW6YTB&issuer=Steam",
        "otpauth://totp/alice?secret=MZXW6YTB&encoder=steam",
        "otpauth://totp/Steam:alice?secret=MZXW6YTB&digits=5",
    ] {
        assert_eq!(refused(text), BadUri::Steam, "{text}");
    }
    let given = Given { digits: Some(6), ..Given::default() };
    let ours = Uri::parse_beside(b"otpauth://totp/Steam:alice?secret=MZXW6YTB", &given);
    assert!(ours.is_ok_and(|uri| uri.params == AWS));
    assert_eq!(
        Uri::parse_beside(b"otpauth://totp/a?secret=MZXW6YTB&encoder=steam", &given).err(),
        Some(BadUri::Steam)
    );
    assert_eq!(refused("otpauth://totp/a?secret=MZXW6YTB&encoder=x"), bad_value("encoder", Some("x")));
}

#[test]
fn a_hash_in_every_spelling() {
    let spellings = [
        (Algorithm::Sha1, ["SHA1", "sha-1", "HmacSHA1", "HMAC-SHA-1", "SHA1%20"]),
        (Algorithm::Sha256, ["SHA256", "SHA-256", "HmacSHA256", "hmac_sha256", "sha%2D256"]),
        (Algorithm::Sha512, ["SHA512", "SHA-512", "HmacSHA512", "HMAC+SHA-512", "sha512"]),
    ];
    for (algorithm, spellings) in spellings {
        for spelling in spellings {
            let uri = read(&format!("otpauth://totp/a?secret=MZXW6YTB&algorithm={spelling}"));
            assert_eq!(uri.params.algorithm, algorithm, "{spelling}");
        }
    }
}

#[test]
fn what_a_person_says_is_not_asked_of_the_uri() {
    let text = b"otpauth://totp/%FF?secret=MZXW6YTB&issuer=%FF&algorithm=MD5&digits=9&period=0&counter=x";
    let given = Given {
        issuer: true,
        account: true,
        algorithm: Some(Algorithm::Sha512),
        digits: Some(7),
        period: Some(60),
        counter: Some(0),
    };
    let uri = Uri::parse_beside(text, &given).ok().unwrap();
    assert_eq!(uri.params, Params { algorithm: Algorithm::Sha512, digits: 7, period: 60 });
    assert_eq!((uri.issuer, &*uri.account), (None, ""));
}

#[test]
fn scheme_type_and_parameter_names_have_no_case() {
    let uri = read(" OTPAuth://TOTP/alice?Secret=mzxw6ytb&ALGORITHM=Sha256&image=https%3A%2F%2Fx&#fragment\n");
    assert_eq!(uri.params.algorithm, Algorithm::Sha256);
    assert!(uri.seed.expose(|key| key == b"fooba"));
}

#[test]
fn the_secret_may_be_spaced_and_padded() {
    for secret in
        ["MZXW6YTBOI======", "MZXW6YTBOI%3D%3D%3D%3D%3D%3D", "mzxw+6ytb+oi", "mzxw%206ytb%20oi", "mzxw-6ytb-oi"]
    {
        let uri = read(&format!("otpauth://totp/a?secret={secret}"));
        assert!(uri.seed.expose(|key| key == b"foobar"), "{secret}");
    }
}

#[test]
fn not_an_otpauth_uri() {
    for text in [
        "",
        "otpauth",
        "otpauth://",
        "otpauth://totpx/a?secret=MZXW6YTB",
        "otpauth://motp/a?secret=MZXW6YTB",
        "https://totp/a",
        "MZXW6YTB",
    ] {
        assert_eq!(refused(text), BadUri::NotOtpauth, "{text}");
    }
    assert_eq!(refused("otpauth-migration://offline?data=abc"), BadUri::NotOtpauth);
    assert_eq!(Uri::parse(b"\xff\xfeotpauth://totp/").err(), Some(BadUri::NotOtpauth));
}

#[test]
fn no_account_and_no_secret() {
    for label in ["", "/", "/%20", "/ACME:", "/ACME:%20", "/:", "/%3A"] {
        assert_eq!(read(&format!("otpauth://totp{label}?secret=MZXW6YTB")).account, "", "{label}");
    }
    assert_eq!(refused("otpauth://totp"), BadUri::NoSecret);
    for query in ["", "?", "?issuer=x", "?secret", "?secret=", "?secret=%20", "?secret====", "#x"] {
        assert_eq!(refused(&format!("otpauth://totp/a{query}")), BadUri::NoSecret, "{query}");
    }
}

#[test]
fn what_is_wrong_with_the_secret_is_said() {
    assert_eq!(refused("otpauth://totp/a?secret=MZX0"), BadUri::Seed(BadSeed::NotBase32 { position: 3 }));
    let long = "A".repeat(4000);
    assert_eq!(refused(&format!("otpauth://totp/a?secret={long}")), BadUri::Seed(BadSeed::TooLong));
    assert_eq!(refused("otpauth://totp/a?secret=MZ%XW"), bad_value("secret", None));
}

#[test]
fn parameters_out_of_range_are_named() {
    let cases = [
        ("algorithm", ["MD5", "", "SHA", "SHA-3", "HMAC"]),
        ("digits", ["5", "9", "", "+6", "six"]),
        ("period", ["0", "86401", "", "-30", "99999999999"]),
        ("counter", ["-1", "4294967296", "", "1e3", " 1"]),
    ];
    for (name, values) in cases {
        for value in values {
            let text = format!("otpauth://totp/a?secret=MZXW6YTB&{name}={value}");
            assert_eq!(refused(&text), bad_value(name, Some(value)), "{text}");
        }
    }
    for query in ["digits=6", "digits=7", "digits=8", "period=1", "period=86400", "counter=0"] {
        read(&format!("otpauth://totp/a?secret=MZXW6YTB&{query}"));
    }
}

#[test]
fn a_parameter_given_twice_is_refused() {
    for (name, value) in [
        ("secret", "MZXW6YTB"),
        ("issuer", "x"),
        ("algorithm", "SHA1"),
        ("digits", "6"),
        ("period", "30"),
        ("counter", "1"),
    ] {
        let rest = if name == "secret" { "" } else { "secret=MZXW6YTB&" };
        let text = format!("otpauth://totp/a?{rest}{name}={value}&{name}={value}");
        assert_eq!(refused(&text), BadUri::Twice(name));
    }
}

#[test]
fn names_that_would_steer_a_terminal_are_refused() {
    for (query, name) in
        [("a%1B%5B2J?", "label"), ("a%0Ab?", "label"), ("%FF?", "label"), ("a%4?", "label"), ("a%zz?", "label")]
    {
        assert_eq!(refused(&format!("otpauth://totp/{query}secret=MZXW6YTB")), bad_value(name, None));
    }
    for issuer in ["%1B", "%C2%9B", "%FF", "%", "a%2"] {
        let text = format!("otpauth://totp/a?secret=MZXW6YTB&issuer={issuer}");
        assert_eq!(refused(&text), bad_value("issuer", None));
    }
}

#[test]
fn written_as_short_as_every_reader_takes_it() {
    let seed = Seed::from_bytes(b"Hello!\xde\xad\xbe\xef").ok().unwrap();
    let text = |issuer, account, params| Uri::totp_text(issuer, account, params, &seed).to_string();
    assert_eq!(text(None, "alice@123456789012", AWS), "otpauth://totp/alice@123456789012?secret=JBSWY3DPEHPK3PXP");
    assert_eq!(
        text(Some("AWS"), "123456789012/alice", AWS),
        "otpauth://totp/AWS:123456789012%2Falice?secret=JBSWY3DPEHPK3PXP&issuer=AWS"
    );
    assert_eq!(
        text(Some("Big Corp"), "ü", Params { algorithm: Algorithm::Sha256, digits: 8, period: 60 }),
        "otpauth://totp/Big%20Corp:%C3%BC?secret=JBSWY3DPEHPK3PXP&issuer=Big%20Corp&algorithm=SHA256&digits=8&period=60"
    );
    assert_eq!(text(Some("a:b"), "c", AWS), "otpauth://totp/c?secret=JBSWY3DPEHPK3PXP&issuer=a%3Ab");
    assert_eq!(names(&text(Some("a:b"), "c", AWS)), issuer_and_account("a:b", "c"));
}

#[test]
fn totp_rs_reads_what_is_written() {
    let seed = Seed::from_bytes(&[7; 40]).ok().unwrap();
    let params = Params { algorithm: Algorithm::Sha512, digits: 8, period: 45 };
    let text = Uri::totp_text(Some("Big Corp"), "ü & 100%/alice@x", params, &seed);
    let theirs = totp_rs::Totp::from_url(text.as_str()).unwrap();
    assert_eq!((theirs.issuer(), theirs.account_name()), (Some("Big Corp"), "ü & 100%/alice@x"));
    let step = Step(1234);
    assert_eq!(code(&seed, params, step).expose(), theirs.generate(1234 * 45).to_string());
    let ours = read(&theirs.to_url().unwrap());
    assert_eq!((ours.account.as_str(), ours.params), ("ü & 100%/alice@x", params));
}

prop_compose! {
    fn any_params()(algorithm in 0..3usize, digits in 6..=8u8, period in 1..=MAX_PERIOD) -> Params {
        Params { algorithm: [Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512][algorithm], digits, period }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        issuer in prop::option::of("[^\\s:\\pC]([^:\\pC]{0,20}[^\\s:\\pC])?"),
        account in "[^\\s:\\pC]([^\\pC]{0,30}[^\\s\\pC])?",
        params in any_params(),
        counter in prop::option::of(any::<u32>()),
        raw in prop::collection::vec(any::<u8>(), 1..=64),
    ) {
        // Without an issuer, a colon would make one.
        let account = if issuer.is_none() { account.replace(':', ";") } else { account };
        let kind = counter.map_or(Kind::Totp, |counter| Kind::Hotp { counter });
        let params = if kind == Kind::Totp { params } else { Params { period: 30, ..params } };
        let seed = Seed::from_bytes(&raw).ok().unwrap();
        let written = Uri { issuer, account, other_issuer: None, params, kind, seed };
        let text = written.to_text();
        prop_assert!(text.is_ascii());
        let read = Uri::parse(text.as_bytes()).map_err(|bad| TestCaseError::fail(format!("{bad:?}: {}", *text)))?;
        prop_assert_eq!((&read.issuer, &read.account), (&written.issuer, &written.account));
        prop_assert_eq!((read.params, read.kind), (params, kind));
        prop_assert!(read.seed.expose(|key| key == raw));
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        head in prop::sample::select(vec!["", "otpauth://totp/", "otpauth://hotp/a?", "otpauth://totp/a?secret="]),
        tail in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let text = [head.as_bytes(), &tail].concat();
        if let Ok(uri) = Uri::parse(&text) {
            prop_assert!(uri.issuer.as_deref() != Some(""));
            prop_assert!((6..=8).contains(&uri.params.digits) && (1..=MAX_PERIOD).contains(&uri.params.period));
        }
    }

    #[test]
    fn any_text_of_the_right_letters_is_read_or_refused(text in "otpauth://[th]otp/[a:%30-9A-F ]{0,12}[?]?([a-z]{0,3}|secret=|&|digits=|issuer=|%|[A-Z2-7=+]|[0-9]){0,16}") {
        if let Ok(uri) = Uri::parse(text.as_bytes()) {
            let again = Uri::parse(uri.to_text().as_bytes());
            prop_assert!(again.is_ok_and(|again| again.params == uri.params && again.kind == uri.kind) || uri.kind != Kind::Totp);
        }
    }
}
