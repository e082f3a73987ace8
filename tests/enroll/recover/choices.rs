//! A person at the terminal: choosing, being asked for a password, interrupting, and scanning a QR code.

use super::*;
use crate::support::{Typist, protect};
use glasskey::secret::Seed;
use glasskey::totp::{self, AWS, Step};

/// The binary on a terminal, as the administrator.
fn typist<'a>(world: &Simulated, args: impl IntoIterator<Item = &'a str>) -> Typist {
    let mut command = world.keys.bare(args);
    command.envs(world.environment(&world.aws.admin()));
    Typist::start(&command)
}

#[test]
fn finish_undo_or_leave() {
    for (answer, code, stdout) in [
        ("f", 0, "recovered: alice can sign in with YubiKey 12345678\n"),
        ("undo", 0, "undone: arn:aws:iam::ACCOUNT:mfa/alice and its credentials are gone\n"),
        ("l", 4, "left as it is: arn:aws:iam::ACCOUNT:mfa/alice\n"),
        ("", 4, "left as it is: arn:aws:iam::ACCOUNT:mfa/alice\n"),
    ] {
        let world = Simulated::with_keys(1);
        killed_before_enabling(&world);
        let mut person = typist(&world, ["recover"]);
        person.sees("  finish    enable the device with two codes of its key (no seed is needed)\r\n");
        person.sees("  undo      delete the device, where the run has made it; remove the credentials that the run has written");
        person.sees("[f]inish, [u]ndo, [l]eave? ").types("what?").sees("[f]inish, [u]ndo, [l]eave? ").types(answer);
        let (_, done) = person.end();
        let told = format!("{}{HOLDS}", found(NOT_ENABLED));
        let (got, out, err) = said(&world, &done);
        assert_eq!((got, out.as_str()), (code, stdout), "{done:?}");
        assert!(err.starts_with(&told), "{done:?}");
        match answer {
            "f" => world.alice_is_enrolled().unwrap(),
            "undo" => world.nothing_is_left().unwrap(),
            _ => assert_eq!((world.unfinished(), world.aws.devices().len()), (1, 1)),
        }
    }
}

#[test]
fn finishing_is_not_offered_where_it_cannot_be() {
    let world = Simulated::with_keys(1);
    killed_after_creating(&world);
    let mut person = typist(&world, ["recover"]);
    person
        .sees("  undo      delete the device")
        .sees("[u]ndo, [l]eave? ")
        .types("f")
        .sees("[u]ndo, [l]eave? ")
        .types("u");
    let (terminal, done) = person.end();
    let why = "  finish    not now: the run cannot be finished: no key that is plugged in holds its credential, or the device \
               is gone";
    assert!(terminal.contains(why) && !terminal.contains("[f]inish"), "{terminal}");
    assert_eq!(done.code, 0, "{done:?}");
    world.nothing_is_left().unwrap();
}

#[test]
fn a_person_says_whether_an_uncertain_device_goes() {
    for (answer, code) in [("u", 0), ("l", 4)] {
        let world = Simulated::with_keys(1);
        killed_while_creating(&world);
        let mut person = typist(&world, ["recover"]);
        person.sees("[u]ndo, [l]eave? ").types(answer);
        let (_, done) = person.end();
        assert_eq!(done.code, code, "{done:?}");
        assert_eq!((world.unfinished(), world.aws.devices().len()), if code == 0 { (0, 0) } else { (1, 1) });
    }
}

#[test]
fn interrupted_at_the_choice() {
    let world = Simulated::with_keys(1);
    killed_before_enabling(&world);
    let mut person = typist(&world, ["recover"]);
    person.sees("[f]inish, [u]ndo, [l]eave? ").interrupts();
    let (_, done) = person.end();
    let error = "glasskey: error: interrupted\n\
                 glasskey: hint: `glasskey recover` looks at what is left and finishes or undoes it\n\
                 glasskey: left as it was: arn:aws:iam::ACCOUNT:mfa/alice, and what the keys hold\n";
    is(&world, &done, 4, "", &format!("{}{HOLDS}{error}", found(NOT_ENABLED)));
    assert_eq!((world.unfinished(), world.aws.devices().len()), (1, 1));
}

#[test]
fn enrolling_asks_first() {
    for (answer, code) in [("y", 0), ("YES", 0), ("n", 3), ("", 3), ("yeah", 3)] {
        let world = Simulated::with_keys(1);
        let mut person = typist(&world, ["enroll", "alice", "--key", "12345678"]);
        person.sees("Continue? [y/N] ").types(answer);
        let (_, done) = person.end();
        assert_eq!(done.code, code, "{answer:?}: {done:?}");
        if code == 0 {
            world.alice_is_enrolled().unwrap();
        } else {
            assert!(done.stderr.ends_with("glasskey: error: not confirmed; nothing was done\n"), "{done:?}");
            world.nothing_is_left().unwrap();
            assert_eq!(world.sorted_actions(), ["GetCallerIdentity", "ListMFADevices", "ListVirtualMFADevices"]);
        }
    }
}

#[test]
fn interrupted_at_the_prompt() {
    let world = Simulated::with_keys(1);
    let mut person = typist(&world, ["enroll", "alice", "--key", "12345678"]);
    person.sees("Continue? [y/N] ").interrupts();
    let (_, done) = person.end();
    assert_eq!(done.code, 130, "{done:?}");
    assert!(done.stderr.ends_with("glasskey: error: interrupted\n"), "{done:?}");
    world.nothing_is_left().unwrap();
}

#[test]
fn a_password_is_asked_for_and_not_shown() {
    let world = Simulated::with_keys(1);
    protect(world.keys.key(0), "open sesame");
    let mut person = typist(&world, ["enroll", "alice", "--key", "12345678", "--yes"]);
    person.sees("OATH password of YubiKey 12345678: ").types("open sesame");
    let (terminal, done) = person.end();
    assert_eq!(done.code, 0, "{done:?}");
    assert!(!terminal.contains("sesame"), "{terminal:?}");
    assert_eq!(terminal.matches("OATH password").count(), 1, "asked once, used for every session");
    done.never_says(&["sesame"]);
}

#[test]
fn interrupted_at_the_password() {
    let world = Simulated::with_keys(1);
    protect(world.keys.key(0), "open sesame");
    let mut person = typist(&world, ["enroll", "alice", "--key", "12345678", "--yes"]);
    person.sees("OATH password of YubiKey 12345678: ").interrupts();
    let (_, done) = person.end();
    done.is(130, "", "glasskey: error: interrupted\n");
    world.nothing_is_left().unwrap();
}

const ASKS: &str = "Code the app shows now (empty to give up): ";
const SCREEN_ON: &str = "\u{1b}[?1049h\u{1b}[2J\u{1b}[H";
const SCREEN_OFF: &str = "\u{1b}[2J\u{1b}[H\u{1b}[?1049l";

/// The code that an app which scanned the picture would show.
fn on_the_phone(world: &Simulated) -> String {
    let seed = Seed::from_bytes(&world.aws.seed_of(&world.arn("alice")).unwrap()).unwrap();
    totp::code(&seed, AWS, Step::at(world.aws.clock().now(), AWS.period)).expose().to_owned()
}

#[test]
fn a_phone_takes_the_seed_too() {
    for keys in [&["--key", "12345678"][..], &[]] {
        let world = Simulated::with_keys(1);
        let args = ["enroll", "alice", "--qr", "--yes"];
        let mut person = typist(&world, args.iter().chain(keys).copied());
        person.sees(SCREEN_ON).sees(ASKS).types("000000").sees("That is not its code. ").sees(ASKS);
        person.types(&on_the_phone(&world)).sees(SCREEN_OFF);
        let (terminal, done) = person.end();
        let terminal = utf8(&terminal);
        assert_eq!(done.code, 0, "{done:?}");
        assert!(done.stderr.contains("  phone     has it, its code matches\n"), "{done:?}");
        let (shown, after) = terminal.split_once(SCREEN_OFF).unwrap();
        assert!(shown.contains('▀') && shown.contains('█'));
        assert!(!after.contains('▀') && !after.contains('█'), "nothing of the picture stays: {after:?}");
        let seed = data_encoding::BASE32_NOPAD.encode(&world.aws.seed_of(&world.arn("alice")).unwrap());
        assert!(!terminal.contains(&seed[..12]), "the seed is shown as a picture only");
        done.never_says(&[&seed[..12], "▀", "█"]);
        assert_eq!(world.aws.devices()[0].user.as_deref(), Some("alice"));
        assert_eq!(world.keys.key(0).credentials().len(), keys.len() / 2);
        assert_eq!(world.unfinished(), 0);
    }
}

#[test]
fn the_picture_on_the_terminal_is_the_seed() {
    let world = Simulated::with_keys(1);
    let mut person = typist(&world, ["enroll", "alice", "--qr", "--yes"]);
    person.sees(SCREEN_ON).sees(ASKS);
    let seed = data_encoding::BASE32_NOPAD.encode(&world.aws.seed_of(&world.arn("alice")).unwrap());
    person.types("");
    let (terminal, done) = person.end();
    let terminal = utf8(&terminal);
    assert_eq!(done.code, 3, "{done:?}");
    let (_, picture) = terminal.split_once(SCREEN_ON).unwrap();
    let picture: String = picture.split("Scan this").next().unwrap().replace('\r', "");
    let uri = scan(&picture);
    let label = format!("otpauth://totp/AWS:{}", world.aws.account());
    assert!(uri.starts_with(&label) && uri.contains(&format!("secret={seed}")), "the device's URI");
    world.nothing_is_left().unwrap();
}

/// What was on the terminal: the typist keeps each byte as a character.
fn utf8(terminal: &str) -> String {
    String::from_utf8(terminal.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()).unwrap()
}

/// Reads a QR code off the terminal as a phone would: half blocks to dots, dots to a picture, and a decoder.
fn scan(text: &str) -> String {
    let plain = without_escapes(text);
    let rows: Vec<Vec<char>> = plain.lines().map(|line| line.chars().collect()).collect();
    let width = rows.iter().map(Vec::len).max().unwrap();
    let mut dots = Vec::new();
    for row in &rows {
        let cell = |at: usize| row.get(at).copied().unwrap_or(' ');
        dots.push((0..width).map(|at| matches!(cell(at), '█' | '▀')).collect::<Vec<bool>>());
        dots.push((0..width).map(|at| matches!(cell(at), '█' | '▄')).collect::<Vec<bool>>());
    }
    const SCALE: usize = 6;
    let dark = |x: usize, y: usize| dots.get(y / SCALE).and_then(|row| row.get(x / SCALE)).copied().unwrap_or(false);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width * SCALE, dots.len() * SCALE, |x, y| {
        if dark(x, y) { 0 } else { 255 }
    });
    let grids = image.detect_grids();
    grids.first().expect("a QR code can be seen").decode().unwrap().1
}

fn without_escapes(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, rest)| rest);
    }
    plain + rest
}

#[test]
fn three_wrong_codes_undo_everything() {
    let world = Simulated::with_keys(1);
    let mut person = typist(&world, ["enroll", "alice", "--key", "12345678", "--qr", "--yes"]);
    for _ in 0..3 {
        person.sees(ASKS).types("000000");
    }
    let (terminal, done) = person.end();
    assert!(terminal.ends_with(SCREEN_OFF), "{terminal:?}");
    let end = "glasskey: error: no right code from the phone was typed in\n\
               glasskey: hint: scan the QR code with an authenticator app, then type the code it shows; the phone's \
               clock must be right\n\
               glasskey: what had been done was undone again; nothing was left behind\n\
               glasskey: if a phone scanned the QR code, remove its entry \"AWS (ACCOUNT/alice)\" there: its codes are \
               of no use\n";
    assert!(done.stderr.ends_with(&end.replace("ACCOUNT", &world.aws.account())), "{done:?}");
    assert_eq!(done.code, 3, "{done:?}");
    world.nothing_is_left().unwrap();
}

#[test]
fn interrupted_before_the_phone_has_it() {
    let world = Simulated::with_keys(1);
    let mut person = typist(&world, ["enroll", "alice", "--key", "12345678", "--qr", "--yes"]);
    person.sees(ASKS).interrupts();
    let (terminal, done) = person.end();
    assert!(terminal.ends_with(SCREEN_OFF), "the picture is erased: {terminal:?}");
    assert_eq!(done.code, 130, "{done:?}");
    world.nothing_is_left().unwrap();
}

#[test]
fn killed_before_the_phone_has_it() {
    let world = Simulated::with_keys(1);
    let mut person = typist(&world, ["enroll", "alice", "--phone", "--yes"]);
    person.sees(ASKS);
    person.dies();
    let undone = world.run(["recover", "--yes", "--no-input"]);
    let sentence = "undone: arn:aws:iam::ACCOUNT:mfa/alice and its credentials are gone; if a phone scanned the QR code, \
                    remove its entry there\n";
    assert_eq!((undone.code, undone.stdout), (0, sentence.replace("ACCOUNT", &world.aws.account())));
    world.nothing_is_left().unwrap();
}

#[test]
fn a_phone_needs_a_terminal() {
    let world = Simulated::with_keys(1);
    let done = run(&mut world.glasskey(["enroll", "alice", "--qr", "--yes", "--no-input"]));
    assert_eq!(done.code, 5, "{done:?}");
    assert!(done.stderr.contains("glasskey: error: --qr needs a terminal to show the QR code on\n"), "{done:?}");
    assert_eq!(world.actions(), Vec::<String>::new(), "found before anything is asked of AWS");
    world.nothing_is_left().unwrap();
}
