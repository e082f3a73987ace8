//! The binary takes a key from its box to its safe and back, through whatever stands for the kernel; programs that are
//! not ours see what it made.

use super::bench::{Bench, client, run, try_run};
use super::{refused, verified};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const KEY: &str = "12345678";
pub(crate) const PIN: &str = "long-enough";
const NEW_PIN: &str = "crème brûlée";
const CHALLENGE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// One who types commands, with a state directory and the PINs at hand.
struct Shell<'b> {
    bench: &'b dyn Bench,
    home: TempDir,
}

impl Shell<'_> {
    /// The binary with these arguments, and these lines on file descriptor 3.
    fn command(&self, line: &str, lines: &[&str]) -> Command {
        let file = self.home.path().join("fd3");
        std::fs::write(&file, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        let mut command = self.bench.command(OsStr::new("sh"));
        command.arg("-c").arg(format!(r#"exec "$0" "$@" 3<"{}""#, file.display()));
        command.arg(env!("CARGO_BIN_EXE_glasskey")).args(line.split_whitespace());
        command.env("GLASSKEY_STATE_DIR", self.home.path().join("state")).env("NO_COLOR", "1").env("TZ", "UTC");
        command
    }

    #[track_caller]
    fn json(&self, line: &str, lines: &[&str]) -> Value {
        crate::support::schemas::read(run(self.command(&format!("{line} --json"), lines), "").as_bytes())
    }

    #[track_caller]
    fn ceremony(&self, line: &str, pin: &str, options: &Value) -> Value {
        let said = run(self.command(&format!("{line} --pin-fd 3"), &[pin]), &options.to_string());
        assert!(!said.contains(pin));
        serde_json::from_str(&said).unwrap()
    }
}

/// For whoever is to find a PIN on the first key, and a credential behind it.
pub(crate) fn sets_a_pin_and_enrolls(bench: &dyn Bench) {
    let shell = Shell { bench, home: tempfile::tempdir().unwrap() };
    shell.json(&format!("fido pin set --key {KEY} --new-pin-fd 3"), &[PIN]);
    shell.json(&format!("fido enroll --key {KEY} --pin-fd 3"), &[PIN]);
}

/// `roots`: a PEM file with what vouches for the first key. Two keys are plugged in; the first one lives.
pub(crate) fn lives_a_keys_whole_life(bench: &dyn Bench, roots: &Path) {
    let shell = Shell { bench, home: tempfile::tempdir().unwrap() };
    let listed = shell.json("fido list", &[]);
    let serials: Vec<&Value> = listed["keys"].as_array().unwrap().iter().map(|key| &key["serial"]).collect();
    assert_eq!(serials, [&json!(12_345_678), &json!(12_345_679)]);

    let roots = roots.display();
    let prepared = shell.json(
        &format!("fido prepare --key {KEY} --min-pin-length 6 --new-pin-fd 3 --attestation-roots {roots}"),
        &[PIN],
    );
    assert_eq!((&prepared["keys"][0]["pin"], &prepared["keys"][0]["min_pin_length"]), (&json!("set"), &json!(6)));
    let seen = &client(shell.bench, 0, &[&["info"]])[0];
    assert_eq!(
        (&seen["options"]["clientPin"], &seen["minPinLength"], &seen["retries"]),
        (&json!(true), &json!(6), &json!(8)),
        "python-fido2 sees the PIN and its rule"
    );

    let enrolled = shell.json(&format!("fido enroll --key {KEY} --pin-fd 3"), &[PIN]);
    assert_eq!(enrolled["user_verified"], true);
    assert_eq!(shell.json(&format!("fido verify --key {KEY} --pin-fd 3"), &[PIN])["verified"], true);
    relying_party(&shell);

    shell.json(&format!("fido pin change --key {KEY} --pin-fd 3 --new-pin-fd 3"), &[PIN, NEW_PIN]);
    assert_eq!(shell.json(&format!("fido verify --key {KEY} --pin-fd 3"), &[NEW_PIN])["verified"], true);
    let wrong = try_run(&mut shell.command(&format!("fido verify --key {KEY} --pin-fd 3"), &[PIN]), "");
    assert_eq!(wrong.0, Some(3), "{wrong:?}");
    // The PIN that the binary set is python-fido2's, too.
    let kept = &client(shell.bench, 0, &[&["credentials", NEW_PIN]])[0];
    assert_eq!(kept["before"], 2, "{kept}");
    assert_eq!(kept["after"], 0, "python-fido2 has deleted them");

    let again = shell.json(&format!("fido enroll --key {KEY} --pin-fd 3"), &[NEW_PIN]);
    assert_eq!(again["replaced"], true);
    delete(&shell);
    reset(&shell);
}

/// A registration and a sign-in at somebody else's, judged.
fn relying_party(shell: &Shell<'_>) {
    let case = |what: &str, response: Value| json!({ "rpId": "example.com", "origin": "https://signin.example.com", "challenge": CHALLENGE, what: response });
    let origin = "--origin https://signin.example.com";
    let options = json!({
        "rp": { "id": "example.com", "name": "Example" },
        "user": { "id": "YWxpY2U", "name": "alice", "displayName": "Alice" },
        "challenge": CHALLENGE,
        "pubKeyCredParams": [{ "type": "public-key", "alg": -7 }],
        "authenticatorSelection": { "residentKey": "required", "userVerification": "required" },
        "attestation": "direct",
        "extensions": { "largeBlob": { "support": "required" } },
    });
    let registered =
        case("registration", shell.ceremony(&format!("fido enroll --key {KEY} {origin}"), PIN, &options));
    let facts = verified(std::slice::from_ref(&registered)).remove(0);
    assert_eq!((&facts["fmt"], &facts["userVerified"]), (&json!("packed"), &json!(true)));
    let options = json!({ "challenge": CHALLENGE, "rpId": "example.com", "userVerification": "required" });
    let mut signed = case("assertion", shell.ceremony(&format!("fido assert --key {KEY} {origin}"), PIN, &options));
    signed["publicKey"] = facts["publicKey"].clone();
    verified(std::slice::from_ref(&signed));
    let id = facts["id"].as_str().unwrap();
    let options = json!({
        "challenge": CHALLENGE, "rpId": "example.com", "userVerification": "required",
        "allowCredentials": [{ "type": "public-key", "id": id }],
        "extensions": { "largeBlob": { "write": "c29tZXRoaW5nIGxhcmdl" } },
    });
    let made = shell.ceremony(&format!("fido assert --key {KEY} {origin}"), PIN, &options);
    assert_eq!(made["clientExtensionResults"]["largeBlob"], json!({ "written": true }));
    assert_eq!(client(shell.bench, 0, &[&["blob-read", PIN, id]]), ["c29tZXRoaW5nIGxhcmdl"], "python-fido2 reads it");
    let elsewhere = |mut one: Value| {
        one["origin"] = json!("https://signin.example.org");
        one
    };
    refused(&[elsewhere(registered), elsewhere(signed)]);
}

/// What is on the key is listed and deleted.
fn delete(shell: &Shell<'_>) {
    let list = || shell.json(&format!("fido credentials list --key {KEY} --pin-fd 3"), &[NEW_PIN]);
    let listed = list();
    let credential = &listed["credentials"][0];
    assert_eq!(credential["rp_id"], "glasskey.invalid", "{listed}");
    let id = credential["hex"].as_str().unwrap();
    shell.json(&format!("fido credentials delete --key {KEY} --pin-fd 3 --yes {id}"), &[NEW_PIN]);
    assert_eq!(list()["credentials"], json!([]));
}

/// The key is wiped once it was unplugged and plugged in again.
fn reset(shell: &Shell<'_>) {
    let mut command = shell.command(&format!("fido reset --key {KEY} --yes"), &[]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::with_capacity(1, child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("and plug it in again")));
    shell.bench.replug(0);
    let rest: Vec<String> = lines.collect();
    assert!(child.wait().unwrap().success(), "{rest:?}");
    let seen = &client(shell.bench, 0, &[&["info"]])[0];
    assert_eq!((&seen["options"]["clientPin"], &seen["minPinLength"]), (&json!(false), &json!(4)));
}
