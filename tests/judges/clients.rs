//! Other people's programs as clients of our authenticator, each through a key's whole life.

use super::bench::{Bench, client, run};
use super::{refused, verified};
use data_encoding::BASE64;
use rexpect::session::spawn_command;
use serde_json::{Value, json};
use std::ffi::OsStr;

/// What a client registered, and the assertions it got.
pub(crate) struct Made {
    pub(crate) registered: Vec<Value>,
    /// Which registration each is for.
    pub(crate) asserted: Vec<(usize, Value)>,
}

/// python-fido2 takes a key out of its box, uses everything it has, and resets it.
pub(crate) fn python_fido2(bench: &mut dyn Bench) -> Made {
    let pin = "crème brûlée";
    let steps: [&[&str]; 7] = [
        &["info"],
        &["pin-set", "246810"],
        &["pin-wrong", "246811"],
        &["pin-change", "246810", pin],
        &["info"],
        &["selection"],
        &["register", pin],
    ];
    let said = client(bench, 0, &steps);
    let info = &said[0];
    assert!(info["versions"].as_array().unwrap().contains(&json!("FIDO_2_1")), "{info:#}");
    assert_eq!((&info["options"]["clientPin"], &info["minPinLength"]), (&json!(false), &json!(4)), "{info:#}");
    assert_eq!(said[2], json!({"code": "PIN_INVALID", "before": 8, "after": 7}));
    assert_eq!(said[4]["retries"], 8, "the right PIN gives back every try");
    let registered = said[6].as_array().unwrap().clone();

    let [first, second] = [id(&registered[0]), id(&registered[1])];
    let steps: [&[&str]; 7] = [
        // What is discoverable is found, or named; the other must be named.
        &["authenticate", pin],
        &["authenticate", pin, first],
        &["authenticate", pin, second],
        &["hmac", pin, first],
        &["blobs", pin],
        &["config", pin],
        &["credentials", pin],
    ];
    let said = client(bench, 0, &steps);
    assert_eq!(said[5], json!({"minPinLength": 6}));
    let kept = json!({"before": 1, "found": [{"rpId": "example.com", "user": "alice"}], "after": 0});
    assert_eq!(said[6], kept);

    // Only within ten seconds of being plugged in.
    bench.replug(0);
    assert_eq!(client(bench, 0, &[&["reset"]]), [json!({"clientPin": false, "minPinLength": 4})]);
    let asserted = [0, 0, 1].into_iter().zip(said).collect();
    Made { registered, asserted }
}

/// What was made verifies, and does not where it should not.
pub(crate) fn relying_parties(made: &Made) {
    for (facts, registration) in verified(&made.registered).iter().zip(&made.registered) {
        assert_eq!(facts["id"], registration["registration"]["id"]);
        assert_eq!(facts["publicKey"], registration["publicKey"]);
        assert_eq!((&facts["fmt"], &facts["userVerified"]), (&json!("packed"), &json!(true)), "{facts:#}");
    }
    let with_key = |(nth, assertion): &(usize, Value), key: usize| {
        assert_eq!(assertion["assertion"]["id"], made.registered[*nth]["registration"]["id"]);
        let mut case = assertion.clone();
        case["publicKey"] = made.registered[key]["publicKey"].clone();
        case
    };
    let asserted: Vec<Value> = made.asserted.iter().map(|one| with_key(one, one.0)).collect();
    assert!(verified(&asserted).iter().all(|facts| facts["userVerified"] == true));

    // For another relying party, from another page, to another question, with another key.
    let mut wrong: Vec<Value> = made.asserted.iter().map(|one| with_key(one, 1 - one.0)).collect();
    for right in made.registered.iter().chain(&asserted) {
        for (fact, value) in [
            ("rpId", "example.org"),
            ("origin", "https://signin.example.org"),
            ("challenge", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ] {
            let mut other = right.clone();
            other[fact] = json!(value);
            wrong.push(other);
        }
    }
    refused(&wrong);
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
