//! PINs: one attempt a prompt, never the last one unasked, and never shown.

use crate::support::fido::PIN;
use crate::support::{FidoKeys, Typist, run, with_fd};
use glasskey::sim::authenticator::Options;

const VERIFY: &str = "fido pin verify --key 12345678";
const VERIFY_ON_3: &str = "fido pin verify --key 12345678 --pin-fd 3";

#[test]
fn a_right_pin_is_right_and_is_asked_for_with_the_tries_left() {
    let keys = FidoKeys::with_pin();
    let mut person = Typist::start(&keys.bare(VERIFY.split(' ')));
    person.sees("PIN of YubiKey 12345678 (8 tries left): ").types(PIN);
    let (terminal, run) = person.end();
    run.is(0, "", "  12345678  that is its PIN\n");
    assert!(!terminal.contains(PIN), "typed unseen");
    keys.run_with_pin(VERIFY).is(0, "", "  12345678  that is its PIN\n").never_says(&[PIN]);
}

#[test]
fn a_mistyped_pin_is_asked_for_again_with_the_tries_left() {
    let keys = FidoKeys::with_pin();
    let mut person = Typist::start(&keys.bare(VERIFY.split(' ')));
    person.sees("(8 tries left): ").types("not-it");
    person.sees("(7 tries left): ").types(PIN);
    let (_, run) = person.end();
    let wrong = "glasskey: that is not the PIN of YubiKey 12345678\nglasskey: 7 tries are left\n";
    run.is(0, "", &format!("{wrong}  12345678  that is its PIN\n"));
    assert_eq!(keys.key(0).pin_retries(), 8);
    // More lines are other keys' PINs, not more attempts.
    let run = keys.run_with_pins(&format!("{VERIFY} --pin-fd 3"), &["wrong", PIN]);
    assert_eq!((run.code, keys.key(0).pin_retries()), (3, 7));
}

#[test]
fn three_mistyped_ones_end_it_with_the_tries_left() {
    let keys = FidoKeys::with_pin();
    let mut person = Typist::start(&keys.bare(VERIFY.split(' ')));
    for left in [8, 7, 6] {
        person.sees(&format!("({left} tries left): ")).types("not-it");
    }
    let (_, run) = person.end();
    assert_eq!(run.code, 3, "{run:?}");
    assert!(run.stderr.contains("three in a row were wrong\nglasskey: 5 tries are left then\n"), "{run:?}");
    assert_eq!(keys.key(0).pin_retries(), 5);
}

#[test]
fn what_was_typed_before_a_question_does_not_answer_it() {
    let keys = FidoKeys::serve(1);
    let mut person = Typist::start(&keys.bare(["fido", "config", "min-pin-length", "6"]));
    // Both at once: the second is not for the question that comes next.
    person.sees("[y/N] ").pastes("y\ny\n");
    person.sees("Go on? [y/N] ").types("n");
    person.end().1.is(3, "", "glasskey: error: not confirmed; nothing was done\n");
}

#[test]
fn the_end_of_the_input_is_called_that() {
    let keys = FidoKeys::with_pin();
    let mut person = Typist::start(&keys.bare(VERIFY.split(' ')));
    person.sees("(8 tries left): ").ends_input();
    person.end().1.is(5, "", "glasskey: error: you ended the input, and an answer is needed\n");
}

#[test]
fn a_pin_that_is_not_utf8_is_named_for_what_it_is() {
    let keys = FidoKeys::with_pin();
    for (bytes, what) in [
        (&b"\xEF\xBB\xBF1234\n"[..], "UTF-8 with a byte order mark before it"),
        (b"\xFF\xFE1\x002\x00", "UTF-16"),
        (b"1\x002\x003\x004\x00\n\x00", "UTF-16"),
        (b"1\x002\x003", "UTF-16"),
        (b"12345\x0078\n", "no text: it has a NUL in it"),
        (b"p\xE4ss\n", "not UTF-8 (Latin-1, or another 8-bit encoding)"),
    ] {
        let path = keys.home.path().join("pin");
        std::fs::write(&path, bytes).unwrap();
        let mut command = std::process::Command::new("sh");
        let binary = keys.glasskey(VERIFY.split(' ').chain(["--pin-fd", "3"]));
        command.arg("-c").arg(r#"exec "$0" "$@" 3<"$PIN_FILE""#).arg(binary.get_program()).args(binary.get_args());
        command.env_clear().envs(binary.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let hint = match what.ends_with("a NUL in it") {
            true => "give it without the NUL",
            false => "save it as UTF-8, without a byte order mark",
        };
        run(command.env("PIN_FILE", &path)).is(
            2,
            "",
            &format!(
                "glasskey: error: the text on file descriptor 3 is {what}\n\
                 glasskey: hint: {hint}\n"
            ),
        );
    }
    assert_eq!(keys.key(0).pin_retries(), 8);
}

#[test]
fn three_wrong_ones_in_a_row_want_the_key_unplugged() {
    let keys = FidoKeys::with_pin();
    let wrong = || keys.run_with_pins(&format!("{VERIFY} --pin-fd 3"), &["wrong"]);
    assert_eq!((wrong().code, wrong().code), (3, 3));
    let blocked = "glasskey: error: YubiKey 12345678 takes no PIN until it was unplugged: three in a row were wrong\n\
                   glasskey: 5 tries are left then\n\
                   glasskey: hint: unplug the key and plug it in again\n";
    wrong().is(3, "", blocked);
    // Known before it is asked for: nothing is typed for nothing.
    keys.run_with_pin(VERIFY).is(3, "", blocked);
    assert_eq!(keys.key(0).pin_retries(), 5);
    keys.key(0).pull();
    keys.key(0).plug_in();
    assert_eq!(keys.run_with_pin(VERIFY).code, 0);
}

#[test]
fn the_last_try_is_left_alone_unless_it_is_wanted() {
    let keys = FidoKeys::with_pin();
    keys.waste_tries(0, 7);
    assert_eq!(keys.key(0).pin_retries(), 1);
    let refused = "glasskey: error: one PIN try is left on YubiKey 12345678; it was not used\n\
                   glasskey: a wrong PIN now would block the PIN until the key is reset, which wipes its FIDO2 credentials\n\
                   glasskey: hint: if the PIN is certain, --last-try uses it\n";
    keys.run_with_pin(VERIFY).is(5, "", refused);
    keys.run_with_pin(&format!("{VERIFY} --yes")).is(5, "", refused);
    let prompt =
        "One PIN try is left; a wrong PIN now blocks YubiKey 12345678 until it is reset, which wipes it. Try? [y/N] ";
    let mut person = Typist::start(&keys.bare(VERIFY.split(' ')));
    person.sees(prompt).types("n");
    person.end().1.is(3, "", "glasskey: error: not confirmed; no PIN was tried\n");
    assert_eq!(keys.key(0).pin_retries(), 1);
    let mut person = Typist::start(&keys.bare(VERIFY.split(' ')));
    person.sees(prompt).types("y");
    person.sees("PIN of YubiKey 12345678 (1 try left): ").types(PIN);
    assert_eq!(person.end().1.code, 0);
    assert_eq!(keys.key(0).pin_retries(), 8, "a right one starts again");

    keys.waste_tries(0, 7);
    let wrong = keys.run_with_pins(&format!("{VERIFY} --pin-fd 3 --last-try"), &["wrong"]);
    let blocked = "glasskey: error: the PIN of YubiKey 12345678 is blocked\n\
                   glasskey: hint: only `glasskey fido reset --key 12345678` makes it usable again; that wipes its FIDO2 credentials\n";
    wrong.is(3, "", blocked);
    keys.run_with_pin(VERIFY).is(3, "", blocked);
}

#[test]
fn nobody_to_ask_is_told() {
    let keys = FidoKeys::with_pin();
    let nobody = "glasskey: error: the PIN of YubiKey 12345678 is needed, and nobody can be asked for it\n\
                  glasskey: hint: --pin-stdin reads it from standard input, --pin-fd FD from a file descriptor: one line per key\n";
    keys.run(VERIFY).is(5, "", nobody);
    let unasked = Typist::start(&keys.bare(VERIFY.split(' ').chain(["--no-input"])));
    unasked.end().1.is(5, "", nobody);
    keys.run("fido pin change --key 12345678").is(5, "", nobody);
    keys.run_with_pin("fido pin change --key 12345678").is(
        5,
        "",
        "glasskey: error: the new PIN for YubiKey 12345678 is needed, and nobody can be asked\n\
         glasskey: hint: --new-pin-fd FD reads it from a file descriptor\n",
    );
    assert_eq!(keys.key(0).pin_retries(), 8);
}

#[test]
fn a_pin_is_changed_with_the_old_one() {
    let keys = FidoKeys::with_pin();
    let change = "fido pin change --key 12345678 --pin-fd 3 --new-pin-fd 3";
    let done = "  12345678  PIN changed, and the key accepts the new one\n";
    keys.run_with_pins(change, &[PIN, "some-new-one"]).is(0, "", done).never_says(&[PIN, "some-new-one"]);
    assert!(keys.key(0).pin_is("some-new-one"));
    let changed = keys.run_with_pins(&format!("{change} --json"), &["some-new-one", "another"]);
    assert_eq!((changed.json()["done"].as_str(), changed.json()["tries_left"].as_u64()), (Some("changed"), Some(8)));
    // On two file descriptors.
    let command = keys.glasskey("fido pin change --key 12345678 --pin-fd 3 --new-pin-fd 4".split(' '));
    run(&mut with_fd(&with_fd(&command, 3, "another\n"), 4, "on-four\n")).is(0, "", done);
    assert!(keys.key(0).pin_is("on-four"));
}

#[test]
fn a_mistyped_old_pin_is_asked_for_again_and_the_new_one_is_not() {
    let keys = FidoKeys::with_pin();
    let change = ["fido", "pin", "change", "--key", "12345678"];
    let new = |person: &mut Typist| {
        person.sees("New PIN for YubiKey 12345678 (at least 4 characters): ").types("some-new-one");
        person.sees("The same again: ").types("some-new-one");
    };
    let wrong = "glasskey: that is not the PIN of YubiKey 12345678\nglasskey: 7 tries are left\n";
    let mut person = Typist::start(&keys.bare(change));
    // What cannot be one is not sent.
    person.sees("PIN of YubiKey 12345678 (8 tries left): ").types("12");
    person.sees("PIN of YubiKey 12345678 (8 tries left): ").types("not-it");
    new(&mut person);
    person.sees("PIN of YubiKey 12345678 (7 tries left): ").types(PIN);
    person.end().1.is(
        0,
        "",
        &format!(
            "glasskey: that cannot be a PIN; nothing was sent to YubiKey 12345678\n{wrong}  \
             12345678  PIN changed, and the key accepts the new one\n"
        ),
    );
    assert!(keys.key(0).pin_is("some-new-one"));

    // A third one would have the key take no PIN until it was unplugged.
    let mut person = Typist::start(&keys.bare(change));
    person.sees("(8 tries left): ").types("not-it");
    new(&mut person);
    person.sees("(7 tries left): ").types("nor-this");
    person.end().1.is(
        3,
        "",
        &format!("{wrong}glasskey: error: that is not the PIN of YubiKey 12345678\nglasskey: 6 tries are left\n"),
    );
    assert_eq!(keys.run_with_pins(VERIFY_ON_3, &["some-new-one"]).code, 0, "it was not unplugged");
    // Lines on a file descriptor are not asked for again.
    let run = keys.run_with_pins("fido pin change --key 12345678 --pin-fd 3 --new-pin-fd 3", &["wrong", "another"]);
    assert_eq!((run.code, keys.key(0).pin_retries()), (3, 7));
}

#[test]
fn what_cannot_be_a_pin_is_refused_before_anything_is_sent() {
    let keys = FidoKeys::serve(1);
    let set = |pin: &str| keys.run_with_pins("fido pin set --key 12345678 --new-pin-fd 3", &[pin]);
    let note = "glasskey: nothing was sent to the key\n";
    for (pin, why) in [
        ("123", "the PIN is too short: YubiKey 12345678 takes 4 characters or more"),
        (
            &"1".repeat(64),
            "the PIN is too long: a key takes 63 bytes at most, and a character outside English takes 2 to 4",
        ),
        ("12\u{7}4", "the PIN has a control character in it"),
        (
            "caf\u{65}\u{301}",
            "the PIN has a character in it that systems write in more than one way; other programs might send another PIN",
        ),
    ] {
        set(pin).is(2, "", &format!("glasskey: error: {why}\n{note}"));
    }
    assert!(!keys.key(0).has_pin());
    keys.run(VERIFY).is(
        3,
        "",
        "glasskey: error: no PIN is set on YubiKey 12345678\n\
         glasskey: hint: `glasskey fido pin set --key 12345678` sets one\n",
    );
    assert_eq!(set("four").code, 0);
    set("five5").is(
        3,
        "",
        "glasskey: error: a PIN is set on YubiKey 12345678 already\n\
         glasskey: hint: `glasskey fido pin change --key 12345678` changes it\n",
    );
    assert!(keys.key(0).pin_is("four"));
}

#[test]
fn a_new_pin_is_typed_twice_alike() {
    let keys = FidoKeys::of([Options { initial_min_pin_length: 6, ..Options::new(12_345_678) }]);
    let mut person = Typist::start(&keys.bare(["fido", "pin", "set", "--key", "12345678"]));
    let prompt = "New PIN for YubiKey 12345678 (at least 6 characters): ";
    person.sees(prompt).types("1234");
    person.sees(prompt).types("123456").sees("The same again: ").types("123457");
    person.sees(prompt).types("654321").sees("The same again: ").types("654320");
    person.end().1.is(
        3,
        "",
        "glasskey: too short\nglasskey: the two differ\nglasskey: the two differ\n\
         glasskey: error: no new PIN was given twice alike; nothing was changed\n",
    );
    assert!(!keys.key(0).has_pin());
}

#[test]
fn ctrl_c_at_a_prompt_ends_it() {
    let keys = FidoKeys::with_pin();
    let mut person = Typist::start(&keys.bare(VERIFY.split(' ')));
    person.sees("tries left): ").interrupts();
    person.end().1.is(130, "", "glasskey: error: interrupted\n");
    assert_eq!(keys.key(0).pin_retries(), 8);
}
