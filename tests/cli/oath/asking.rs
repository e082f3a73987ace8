//! Prompts at a terminal: what is asked, what is echoed, and Ctrl-C.

use super::KEY;
use crate::support::{Keys, Typist, protect, put, seed};
use glasskey::totp::{self, Step};

const INTERRUPTED: &str = "glasskey: error: interrupted\n";

#[test]
fn a_secret_typed_in_is_not_echoed() {
    let keys = Keys::serve(1);
    let (seed, text) = seed();
    let mut typist = Typist::start(&keys.bare(["oath", "add", "Example:alice"]));
    typist.sees("Write to YubiKey 5C NFC 12345678, the only key here? [y/N] ").types("y");
    typist.sees("Secret (base32 or otpauth URI, not shown): ").types(&text);
    let (terminal, run) = typist.end();
    run.is(0, "Example:alice\n", "  12345678  written as \"Example:alice\", its code matches\n");
    // Echo was on: the answer to the question was echoed, the secret was not.
    assert!(terminal.contains("[y/N] y\r\n") && !terminal.contains(&text), "{terminal:?}");
    let code = keys.run(["oath", "code", "alice", "--at", "0"]).stdout;
    assert_eq!(code.trim(), totp::code(&seed, totp::AWS, Step(0)).expose());
}

#[test]
fn a_terminal_answers_the_question_when_the_secret_is_piped_in() {
    let keys = Keys::serve(1);
    let (_, text) = seed();
    let mut typist = Typist::start_with_stdin(&keys.bare(["oath", "add", "alice"]), text.as_bytes());
    typist.sees("the only key here? [y/N] ").types("yes");
    let (terminal, run) = typist.end();
    run.is(0, "alice\n", "  12345678  written as \"alice\", its code matches\n");
    assert!(!terminal.contains(&text) && !terminal.contains("Secret"));
}

#[test]
fn no_means_no() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    let declined = "glasskey: error: not confirmed; nothing was done\n";
    for answer in ["n", "", "maybe"] {
        let mut typist = Typist::start(&keys.bare(["oath", "delete", "a", KEY]));
        typist.sees("Remove \"a\" from YubiKey 12345678 for good? [y/N] ").types(answer);
        typist.end().1.is(3, "", declined);
    }
    assert_eq!(keys.key(0).credentials(), ["a"]);
    let mut typist = Typist::start(&keys.bare(["oath", "delete", "a", KEY]));
    typist.sees("for good? [y/N] ").types("Y");
    typist.end().1.is(0, "", "  12345678  \"a\" removed\n");
}

#[test]
fn ctrl_c_at_every_prompt_is_an_interruption_and_changes_nothing() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    let locked = Keys::serve(1);
    put(locked.key(0), "a", false);
    protect(locked.key(0), "secret");
    let prompts: [(&Keys, &[&str], &str); 7] = [
        (&keys, &["oath", "add", "b"], "the only key here? [y/N] "),
        (&keys, &["oath", "add", "b", KEY], "not shown): "),
        (&keys, &["oath", "delete", "a", KEY], "for good? [y/N] "),
        (&keys, &["oath", "password", "set", KEY], "New OATH password for YubiKey 12345678: "),
        (&keys, &["oath", "reset", KEY], "Type its serial number to go on: "),
        (&locked, &["oath", "list"], "OATH password of YubiKey 12345678: "),
        (&locked, &["oath", "delete", "a", KEY], "OATH password of YubiKey 12345678: "),
    ];
    for (keys, args, prompt) in prompts {
        let mut typist = Typist::start(&keys.bare(args));
        typist.sees(prompt).interrupts();
        typist.end().1.is(130, "", INTERRUPTED);
        assert_eq!(keys.key(0).credentials(), ["a"]);
    }
}

#[test]
fn a_password_is_asked_for_once_and_not_echoed() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    protect(keys.key(0), "correct horse");
    let mut typist = Typist::start(&keys.bare(["oath", "delete", "a", KEY]));
    typist.sees("OATH password of YubiKey 12345678: ").types("correct horse");
    typist.sees("for good? [y/N] ").types("y");
    let (terminal, run) = typist.end();
    run.is(0, "", "  12345678  \"a\" removed\n");
    assert!(!terminal.contains("horse"), "{terminal:?}");

    let mut typist = Typist::start(&keys.bare(["oath", "list"]));
    typist.sees("OATH password of YubiKey 12345678: ").types("battery staple");
    let (terminal, run) = typist.end();
    assert_eq!(run.code, 3);
    run.never_says(&["battery"]);
    assert!(!terminal.contains("battery"));
}

#[test]
fn a_new_password_is_typed_twice_alike() {
    let keys = Keys::serve(1);
    let set = keys.bare(["oath", "password", "set", KEY]);
    let (first, again) = ("New OATH password for YubiKey 12345678: ", "The same again: ");
    let mut typist = Typist::start(&set);
    typist.sees(first).types("one").sees(again).types("two");
    typist.sees(first).types("");
    typist.sees(first).types("three").sees(again).types("three");
    let (terminal, run) = typist.end();
    let words = "\
glasskey: the two differ
glasskey: an empty password is none; `glasskey oath password clear` removes the password
  12345678  password set, and the key accepts it
glasskey: a forgotten password cannot be recovered; `glasskey oath reset` would wipe the credentials too
";
    run.is(0, "", words);
    assert!(!["one", "two", "three"].iter().any(|word| terminal.contains(word)), "{terminal:?}");

    // Changing it asks for the present one first. Three pairs that differ are enough.
    let mut typist = Typist::start(&set);
    typist.sees("OATH password of YubiKey 12345678: ").types("three");
    for _ in 0..3 {
        typist.sees(first).types("x").sees(again).types("y");
    }
    let differ = "glasskey: the two differ\n".repeat(3);
    let error = "glasskey: error: no new password was given twice alike; nothing was changed\n";
    typist.end().1.is(3, "", &format!("{differ}{error}"));
}

#[test]
fn reset_is_confirmed_by_typing_the_serial_number() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    let prompt = "This wipes all 1 OATH credentials of YubiKey 12345678. Type its serial number to go on: ";
    for wrong in ["y", "12345679", ""] {
        let mut typist = Typist::start(&keys.bare(["oath", "reset"]));
        typist.sees(prompt).types(wrong);
        typist.end().1.is(3, "", "glasskey: error: not confirmed; nothing was done\n");
    }
    assert_eq!(keys.key(0).credentials(), ["a"]);
    let mut typist = Typist::start(&keys.bare(["oath", "reset"]));
    typist.sees(prompt).types("12345678");
    typist.end().1.is(0, "", "  12345678  reset: no credential and no password is on it\n");
    assert_eq!(keys.key(0).credentials().len(), 0);
}

#[test]
fn no_input_never_asks_even_at_a_terminal() {
    let keys = Keys::serve(1);
    put(keys.key(0), "a", false);
    for args in [
        &["oath", "add", "b", KEY, "--no-input"][..],
        &["oath", "add", "b", "--no-input"],
        &["oath", "delete", "a", KEY, "--no-input"],
        &["oath", "password", "set", KEY, "--no-input"],
        &["oath", "reset", KEY, "--no-input"],
    ] {
        let (terminal, run) = Typist::start(&keys.bare(args)).end();
        assert_eq!((run.code, &*terminal, &*run.stdout), (5, "", ""), "{run:?}");
    }
    assert_eq!(keys.key(0).credentials(), ["a"]);
}
