//! Secrets on standard input, which every system has.

use crate::support::fido::PIN;
use crate::support::{FidoKeys, Keys, Typist, protect, put, run_with};

const VERIFY: &str = "fido pin verify --key 12345678";

fn verify_on_stdin(keys: &FidoKeys, more: &str, stdin: &[u8]) -> crate::support::Run {
    let line = format!("{VERIFY} --pin-stdin{more}");
    run_with(&mut keys.glasskey(line.split(' ')), stdin)
}

#[test]
fn a_pin_comes_on_standard_input_a_line_for_each_key() {
    let keys = FidoKeys::with_pin();
    let right = |stdin: &str| {
        let done = verify_on_stdin(&keys, "", stdin.as_bytes());
        done.is(0, "", "  12345678  that is its PIN\n").never_says(&[PIN]);
    };
    right(&format!("{PIN}\n"));
    right(&format!("{PIN}\r\n"));
    right(PIN);
    // More lines are other keys' PINs, not more attempts.
    assert_eq!(verify_on_stdin(&keys, "", format!("wrong\n{PIN}\n").as_bytes()).code, 3);
    assert_eq!(keys.key(0).pin_retries(), 7);
    verify_on_stdin(&keys, "", b"").is(
        5,
        "",
        "glasskey: error: the PIN of YubiKey 12345678 is needed, and nobody can be asked for it\n\
         glasskey: hint: --pin-stdin reads it from standard input, --pin-fd FD from a file descriptor: one line per key\n",
    );
    verify_on_stdin(&keys, "", b"\xff\xfe2\x004\x00\n\x00").is(
        2,
        "",
        "glasskey: error: the text on standard input is UTF-16\n\
         glasskey: hint: save it as UTF-8, without a byte order mark\n",
    );
    assert_eq!(keys.key(0).pin_retries(), 7, "neither was tried");
}

#[test]
fn an_oath_password_comes_on_standard_input() {
    let keys = Keys::serve(2);
    for (nth, password) in [(0, "correct horse"), (1, "battery staple")] {
        put(keys.key(nth), "a", false);
        protect(keys.key(nth), password);
    }
    let list = ["oath", "list", "--key", "12345679", "--password-stdin"];
    keys.run_with(list, b"battery staple\n").is(0, "a\n", "").never_says(&["battery staple"]);
    assert_eq!(keys.run_with(list, b"correct horse\n").code, 3);
}

#[test]
fn one_standard_input_serves_one_purpose() {
    let keys = FidoKeys::with_pin();
    verify_on_stdin(&keys, " --password-stdin", b"1\n2\n").is(
        2,
        "",
        "glasskey: error: --password-stdin and --pin-stdin cannot both read standard input\n\
         glasskey: hint: give one of them on a file descriptor: --password-fd FD or --pin-fd FD\n",
    );
    verify_on_stdin(&keys, " --pin-fd 3", b"1\n").is(
        2,
        "",
        "glasskey: error: --pin-stdin and --pin-fd name two sources of the same PINs\n\
         glasskey: hint: leave one of them out\n",
    );
    let enroll = "fido enroll --key 12345678 --origin https://example.org --pin-stdin";
    run_with(&mut keys.glasskey(enroll.split(' ')), b"{}\n").is(
        2,
        "",
        "glasskey: error: standard input holds PINs (--pin-stdin), so the relying party's options cannot come from it\n\
         glasskey: hint: name a file instead\n",
    );
    assert_eq!(keys.key(0).pin_retries(), 8, "none was tried");
}

#[test]
fn a_terminal_as_standard_input_would_show_the_pin() {
    let keys = FidoKeys::with_pin();
    let person = Typist::start(&keys.bare(format!("{VERIFY} --pin-stdin").split(' ')));
    person.end().1.is(
        2,
        "",
        "glasskey: error: --pin-stdin reads standard input, which is a terminal: it would show them\n\
         glasskey: hint: leave --pin-stdin out to be asked without echo, or pipe the PINs in\n",
    );
}
