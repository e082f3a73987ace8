//! Other people's programs as clients of our authenticator, each through a key's whole life.

use super::bench::{Bench, client, run};
use super::{refused, verified};
use data_encoding::BASE64;
use rexpect::session::spawn_command;
use serde_json::{Value, json};
use std::ffi::OsStr;

/// python-fido2 takes a key out of its box, uses everything it has, and resets it.
pub(crate) fn python_fido2(bench: &mut dyn Bench) {
    let info = client(bench, 0, &["info"]);
    assert!(info["versions"].as_array().unwrap().contains(&json!("FIDO_2_1")), "{info:#}");
    assert_eq!((&info["options"]["clientPin"], &info["minPinLength"]), (&json!(false), &json!(4)), "{info:#}");

    client(bench, 0, &["pin-set", "246810"]);
    let wrong = client(bench, 0, &["pin-wrong", "246811"]);
    assert_eq!(wrong, json!({"code": "PIN_INVALID", "before": 8, "after": 7}));
    client(bench, 0, &["pin-change", "246810", "crème brûlée"]);
    assert_eq!(client(bench, 0, &["info"])["retries"], 8, "the right PIN gives back every try");
    client(bench, 0, &["selection"]);

    let pin = "crème brûlée";
    let made = registrations(bench, pin);
    sign_in(bench, pin, &made);
    client(bench, 0, &["hmac", pin, id(&made[0])]);
    client(bench, 0, &["blobs", pin]);
    assert_eq!(client(bench, 0, &["config", pin]), json!({"minPinLength": 6}));
    let kept = json!({"before": 1, "found": [{"rpId": "example.com", "user": "alice"}], "after": 0});
    assert_eq!(client(bench, 0, &["credentials", pin]), kept);

    // Only within ten seconds of being plugged in.
    bench.replug(0);
    assert_eq!(client(bench, 0, &["reset"]), json!({"clientPin": false, "minPinLength": 4}));
}

/// What python-fido2 registers verifies, and does not where it should not.
fn registrations(bench: &dyn Bench, pin: &str) -> Vec<Value> {
    let mut made = client(bench, 0, &["register", pin]).as_array().unwrap().clone();
    for registration in &mut made {
        let facts = verified(registration);
        assert_eq!(facts["id"], registration["registration"]["id"]);
        assert_eq!((&facts["fmt"], &facts["userVerified"]), (&json!("packed"), &json!(true)), "{facts:#}");
        registration["publicKey"] = facts["publicKey"].clone();
        for (fact, value) in [
            ("rpId", "example.org"),
            ("origin", "https://signin.example.org"),
            ("challenge", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ] {
            let mut other = registration.clone();
            other[fact] = json!(value);
            refused(&other);
        }
    }
    made
}

fn sign_in(bench: &dyn Bench, pin: &str, made: &[Value]) {
    // One that may be named, or is found; and one that must be named.
    for (nth, named) in [(0, false), (0, true), (1, true)] {
        let mut step = vec!["authenticate", pin];
        step.extend(named.then(|| id(&made[nth])));
        let mut assertion = client(bench, 0, &step)[0].clone();
        assertion["publicKey"] = made[nth]["publicKey"].clone();
        let facts = verified(&assertion);
        assert_eq!((&facts["id"], &facts["userVerified"]), (&json!(id(&made[nth])), &json!(true)));
        assertion["publicKey"] = made[1 - nth]["publicKey"].clone();
        refused(&assertion);
    }
}

fn id(registration: &Value) -> &str {
    registration["registration"]["id"].as_str().unwrap()
}

/// fido2-tools find the keys, and register and sign in with one that has no PIN.
pub(crate) fn fido2_tools(bench: &dyn Bench, keys: usize) {
    let tool = |name: &str, arguments: &[&str], stdin: &str| {
        let mut command = bench.command(OsStr::new(name));
        command.args(arguments);
        run(command, stdin)
    };
    let listed = tool("fido2-token", &["-L"], "");
    for nth in 0..keys {
        let line = format!("{}: vendor=0x1050, product=0x0407", bench.node(nth));
        assert!(listed.contains(&line), "{listed}");
    }
    assert_eq!(listed.lines().count(), keys, "{listed}");
    let node = bench.node(0);
    let info = tool("fido2-token", &["-I", &node], "");
    for line in ["proto: 0x02", "FIDO_2_1", "pin retries: "] {
        assert!(info.contains(line), "{line:?} in {info}");
    }

    let (hash, user) = (BASE64.encode(&[7; 32]), BASE64.encode(b"carol"));
    let made = tool("fido2-cred", &["-M", &node], &format!("{hash}\nexample.com\ncarol\n{user}\n"));
    let proved = tool("fido2-cred", &["-V"], &made);
    let (id, key) = proved.split_once('\n').unwrap();
    let asserted = tool("fido2-assert", &["-G", &node], &format!("{hash}\nexample.com\n{id}\n"));
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("key.pem");
    std::fs::write(&file, key).unwrap();
    tool("fido2-assert", &["-V", file.to_str().unwrap(), "es256"], &asserted);
}

/// fido2-token takes the PIN that is set on the key, and lists the relying parties behind it.
pub(crate) fn fido2_token_takes_the_pin(bench: &dyn Bench, nth: usize, pin: &str, relying_parties: &[&str]) {
    let node = bench.node(nth);
    let mut command = bench.command(OsStr::new("fido2-token"));
    command.args(["-L", "-r", &node]);
    // It asks on the terminal.
    let mut terminal = spawn_command(command, Some(30_000)).unwrap();
    terminal.exp_string(&format!("Enter PIN for {node}: ")).unwrap();
    terminal.send_line(pin).unwrap();
    let said = terminal.exp_eof().unwrap();
    for relying_party in relying_parties {
        assert!(said.contains(relying_party), "{relying_party} in {said}");
    }
    assert!(!said.contains("FIDO_ERR"), "{said}");
}
