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

/// An entry of a password store: a password that is base32 too, the secret, a name, and a URI.
fn entry(text: &str, uri_secret: &str) -> String {
    format!("hunterhunterhunt\r\n\r\n{text}\nuser: alice\notpauth://totp/Example:bob?secret={uri_secret}\n")
}

/// What is said of [`entry`]; the prompt.
const FOUND: &str = "glasskey: there are 4 lines, and a secret is one:\n  \
                     line 1    may be a secret in base32, of 10 bytes\n  \
                     line 3    may be a secret in base32, of 20 bytes\n  \
                     line 4    not a secret\n  \
                     line 5    an otpauth URI for \"Example:bob\"\n";
const WHICH: &str = "Which line is the secret? [1/3/5; Enter: none of them] ";

#[test]
fn of_several_lines_the_person_says_which_is_the_secret() {
    let ((one, text), (other, uri_secret)) = (seed(), seed());
    let entry = entry(&text, &uri_secret);
    let add = |keys: &Keys, more: &[&str]| {
        let command = keys.bare([&["oath", "add", KEY], more].concat());
        Typist::start_talking_with_stdin(&command, entry.as_bytes())
    };
    for (line, named, name, seed) in [("3", &["alice"][..], "alice", &one), ("5", &[], "Example:bob", &other)] {
        let keys = Keys::serve(1);
        let mut typist = add(&keys, named);
        typist.sees(WHICH).types("2").sees("glasskey: that is none of them").sees(WHICH).types(line);
        let (terminal, run) = typist.end();
        run.is(0, &format!("{name}\n"), "");
        assert!(terminal.replace("\r\n", "\n").starts_with(FOUND), "{terminal:?}");
        assert!(!["hunter", &text, &uri_secret].iter().any(|secret| terminal.contains(secret)), "{terminal:?}");
        let code = keys.run(["oath", "code", name, "--at", "0"]).stdout;
        assert_eq!(code.trim(), totp::code(seed, totp::AWS, Step(0)).expose());
    }
    let keys = Keys::serve(1);
    let mut typist = add(&keys, &["alice"]);
    typist.sees(WHICH).types("");
    let (terminal, run) = typist.end();
    assert!(
        run.code == 3 && terminal.contains("glasskey: error: no line was chosen; nothing was done"),
        "{terminal}"
    );
    // Nobody is asked about what cannot be a secret, nor where nobody may be.
    for (input, more) in [("one\ntwo!\n", &[][..]), (&*entry, &["--no-input"])] {
        let command = keys.bare([&["oath", "add", "alice", KEY], more].concat());
        let (terminal, run) = Typist::start_with_stdin(&command, input.as_bytes()).end();
        assert!(run.code == 2 && run.stderr.contains(" lines, and a secret is one\n"), "{run:?}");
        assert_eq!((&*terminal, keys.key(0).credentials().len()), ("", 0));
    }
}

/// All of it is heard, with and without an end of its last line, and none of it is left for the shell.
#[test]
fn several_lines_that_are_pasted_are_not_one_secret_nor_the_first_of_them() {
    let (seed, text) = seed();
    let paste = format!("hunterhunterhunt\nuser: alice\n{text}");
    for end in ["", "\n"] {
        let keys = Keys::serve(1);
        let mut typist = Typist::start(&keys.bare(["oath", "add", "alice", KEY]));
        typist.sees("not shown): ").pastes(&format!("{paste}{end}"));
        typist.sees("Which line is the secret? [1/3; Enter: none of them] ").types("3");
        let (terminal, run) = typist.end();
        assert_eq!((run.code, &*run.stdout), (0, "alice\n"), "{run:?}");
        assert!(!terminal.contains(&text) && !terminal.contains("hunter"), "{terminal:?}");
        let code = keys.run(["oath", "code", "alice", "--at", "0"]).stdout;
        assert_eq!(code.trim(), totp::code(&seed, totp::AWS, Step(0)).expose());
    }
}

#[test]
fn a_mistyped_secret_is_asked_for_again() {
    let keys = Keys::serve(1);
    let (_, text) = seed();
    let mut typist = Typist::start(&keys.bare(["oath", "add", "alice", KEY]));
    typist.sees("not shown): ").types("JBSWY3DPEHPK3PX1").sees("not shown): ").types("JBSWY3DPE");
    typist.sees("not shown): ").types(&text);
    let told = "\
glasskey: the secret is not base32: character 16 cannot be
glasskey: the secret is not complete: base32 never has 9 characters, so some are missing or one is too many
  12345678  written as \"alice\", its code matches
";
    typist.end().1.is(0, "alice\n", told);
    let mut typist = Typist::start(&keys.bare(["oath", "add", "bob", KEY]));
    for _ in 0..3 {
        typist.sees("not shown): ").types("1");
    }
    let (_, run) = typist.end();
    assert!(run.code == 2 && run.stderr.matches("character 1 cannot be").count() == 3, "{run:?}");
    assert_eq!(keys.key(0).credentials(), ["alice"]);
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
    let prompt = "This wipes the only OATH credential of YubiKey 12345678. Type its serial number to go on: ";
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
