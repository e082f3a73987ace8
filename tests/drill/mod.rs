//! `glasskey drill` through the binary: what it checks and writes, and that no change to what it wrote goes unseen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod faults; // something goes wrong at every message, on each wire

use crate::enroll::api;
use crate::support::fido::{FidoKeys, write_roots};
use crate::support::{FIRST, Keys, Run, Simulated, run};
use glasskey::flow::drill::prove;
use glasskey::keys::Applications;
use glasskey::sim::authenticator::Options as FidoOptions;
use glasskey::sim::aws::{Fault, Keys as AccessKey, Wrong};
use glasskey::sim::oath_card::Options;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Bob's break-glass key: its card side holds his device, its FIDO2 side is enrolled for glasskey's own checks.
pub(crate) struct Safe {
    pub(crate) world: Simulated,
    fido: FidoKeys,
    bob: AccessKey,
    serial: String,
}

impl Safe {
    pub(crate) fn new() -> Self {
        let safe = Self::with(Options::new(FIRST), 1);
        let enrolled = run(&mut safe.glasskey(&["fido", "enroll", "--key", "12345678", "--yes"]));
        assert_eq!(enrolled.code, 0, "{enrolled:?}");
        safe
    }

    fn with(card: Options, fido: u32) -> Self {
        let world = Simulated::around(Keys::of(vec![card]));
        let bob = api::free_user(&world.aws, "bob");
        world.aws.clock().set_offset_seconds(-60);
        let serial = world.aws.add_device_for("bob", 1).remove(0);
        world.aws.clock().set_offset_seconds(0);
        api::hold(&world.aws, world.keys.key(0), &serial, &world.credential("bob-1"));
        let fido = FidoKeys::of((0..fido).map(|nth| FidoOptions::new(FIRST + nth)));
        Self { world, fido, bob, serial }
    }

    /// Two keys, of one maker, each with a device of bob's and enrolled.
    fn two() -> Self {
        let world = Simulated::with_keys(2);
        let bob = api::free_user(&world.aws, "bob");
        world.aws.clock().set_offset_seconds(-60);
        let serials = world.aws.add_device_for("bob", 2);
        world.aws.clock().set_offset_seconds(0);
        for (nth, serial) in serials.iter().enumerate() {
            let name = format!("bob-{}", nth + 1);
            api::hold(&world.aws, world.keys.key(nth), serial, &world.credential(&name));
        }
        let authority = Some(glasskey::sim::authenticator::Authority::generate());
        let fido = FidoKeys::of(
            (0..2).map(|nth| FidoOptions { authority: authority.clone(), ..FidoOptions::new(FIRST + nth) }),
        );
        write_roots(fido.key(0), &fido.home.path().join("roots.pem"));
        let safe = Self { world, fido, bob, serial: serials[0].clone() };
        for key in ["12345678", "12345679"] {
            let enrolled = run(&mut safe.glasskey(&["fido", "enroll", "--key", key, "--yes"]));
            assert_eq!(enrolled.code, 0, "{enrolled:?}");
        }
        safe
    }

    pub(crate) fn glasskey(&self, args: &[&str]) -> Command {
        let mut command = self.world.glasskey_as(&self.bob, args);
        command.env("GLASSKEY_FIDO", self.fido.home.path());
        command
    }

    fn log(&self) -> PathBuf {
        self.world.keys.home.path().join("drills.jsonl")
    }

    /// A drill, with the software key's own roots trusted. Its code is a new one.
    fn drill(&self, more: &[&str]) -> Run {
        let roots = self.fido.home.path().join("roots.pem");
        write_roots(self.fido.key(0), &roots);
        let roots = roots.display().to_string();
        self.plain(&[&["--attestation-roots", &roots], more].concat())
    }

    fn plain(&self, more: &[&str]) -> Run {
        let done =
            run(&mut self.glasskey(&[&["drill", "--key", "12345678", "--log", "drills.jsonl"], more].concat()));
        self.world.aws.clock().advance(Duration::from_secs(30));
        done
    }

    fn verify(&self, more: &[&str]) -> Run {
        run(&mut self.glasskey(&[&["drill", "verify", "drills.jsonl"], more].concat()))
    }

    fn lines(&self) -> Vec<String> {
        std::fs::read_to_string(self.log()).unwrap().lines().map(str::to_owned).collect()
    }

    fn write(&self, lines: &[String]) {
        std::fs::write(self.log(), lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    }

    fn head(&self) -> String {
        self.verify(&["--json"]).json()["head"].as_str().unwrap().to_owned()
    }
}

#[test]
fn three_drills_are_proved() {
    let safe = Safe::new();
    for nth in 1..=3 {
        let done = safe.drill(&["--json"]);
        let json = done.json();
        let record = &json["keys"][0]["record"];
        assert_eq!((done.code, &json["keys"][0]["signed"]), (0, &true.into()), "{done:?}");
        for check in ["present", "attestation", "credential", "session", "identity"] {
            assert_eq!(record[check]["state"], "passed", "{done:?}");
        }
        assert_eq!((record["key"].as_u64(), record["device"].as_str()), (Some(12_345_678), Some(&*safe.serial)));
        assert_eq!(record["account"], safe.world.aws.account());
        assert!(
            record["aaguid"].is_string() && record["caller"].as_str().unwrap().ends_with(":user/bob"),
            "{done:?}"
        );
        assert_eq!(safe.head(), json["head"].as_str().unwrap());
        assert_eq!(safe.lines().len(), nth);
    }
    let head = safe.head();
    let said = format!("intact: 3 records, 3 of them signed; 0 say that a drill failed\nlast line  {head}\n");
    safe.verify(&["--head", &head]).is(0, &said, "");
    // Elsewhere, without key, record or AWS.
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::copy(safe.log(), elsewhere.path().join("log")).unwrap();
    let mut command = crate::support::glasskey(elsewhere.path());
    run(command.args(["drill", "verify", "log"])).is(0, &said, "");
    // Nothing secret is in it.
    let text = safe.lines().concat();
    let seed = glasskey::secret::Seed::from_bytes(&safe.world.aws.seed_of(&safe.serial).unwrap()).unwrap();
    assert!(!text.contains(&*seed.to_base32()) && !text.contains("ASIA"), "{text}");
    assert!(!text.contains(&safe.bob.access_key_id), "{text}");
}

#[test]
fn whatever_is_changed_is_seen() {
    let safe = Safe::new();
    for _ in 0..3 {
        assert_eq!(safe.drill(&[]).code, 0);
    }
    let (lines, head) = (safe.lines(), safe.head());
    let chain =
        "it does not follow from the line before it: that one was changed, or lines were removed, added or moved";
    let says = |lines: &[&String], words: &str| {
        safe.write(&lines.iter().map(|line| (*line).clone()).collect::<Vec<_>>());
        safe.verify(&[]).is(1, words, "");
    };
    let [a, b, c] = [&lines[0], &lines[1], &lines[2]];
    says(&[a, c], &format!("line 2: {chain}\n"));
    says(&[b, c], "line 1: it names a line before it: lines before it were removed, or moved\n");
    // The key's own counter tells, too, that the second was made after the third.
    let done = {
        safe.write(&[a.clone(), c.clone(), b.clone()]);
        safe.verify(&[])
    };
    assert_eq!(done.code, 1);
    assert!(done.stdout.starts_with(&format!("line 2: {chain}\n")) && done.stdout.contains("line 3: "), "{done:?}");
    // A changed word: its own signature, and the line after it.
    let changed = b.replace("\"passed\":true", "\"passed\":false");
    says(
        &[a, &changed, c],
        &format!(
            "line 2: its signature does not hold: it answers another challenge; it was changed, or another key signed\n\
             line 3: {chain}\n"
        ),
    );
    // A key that signs passes no drill without a signature.
    let (record, _) = c.split_once(",\"assertion\":").unwrap();
    let (before, after) = record.split_once("\"fido\":{").unwrap();
    let (_, after) = after.split_once('}').unwrap();
    let skipped = before.replace("\"credential\":{\"state\":\"passed\"", "\"credential\":{\"state\":\"skipped\"");
    let unsigned = format!("{skipped}\"fido\":null{after},\"assertion\":null}}");
    says(&[a, b, &unsigned], "line 3: it says that the key signs, and has no signature\n");
    let changed = c.replacen(":user/bob", ":user/rob", 1);
    says(
        &[a, b, &changed],
        "line 3: its signature does not hold: it answers another challenge; it was changed, or another key signed\n",
    );
    // A signature taken away.
    let (record, _) = c.split_once(",\"assertion\":").unwrap();
    says(
        &[a, b, &format!("{record},\"assertion\":null}}")],
        "line 3: it says that the key signs, and has no signature\n",
    );
    says(&[a, b, &c.replacen(':', ": ", 1)], "line 3: it is not as glasskey writes it: it was changed\n");
    says(&[a, b, &"{}".to_owned()], "line 3: it is not a record of a drill\n");
    // Cut off within a line, and at its end.
    std::fs::write(safe.log(), format!("{a}\n{}", &b[..b.len() - 7])).unwrap();
    safe.verify(&[]).is(1, "line 2: it was cut off\n", "");
    std::fs::write(safe.log(), "").unwrap();
    safe.verify(&[]).is(1, "line 1: there is no record\n", "");
    safe.write(&[a.clone(), b.clone()]);
    assert_eq!(safe.verify(&[]).code, 0, "the chain alone cannot know of a line that is gone from its end");
    let done = safe.verify(&["--head", &head]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stdout.ends_with(", not the one given: lines were removed or added\n"), "{done:?}");
    // Nothing is added to what is broken.
    safe.write(&[b.clone(), c.clone()]);
    let done = safe.drill(&[]);
    assert_eq!(done.code, 3, "{done:?}");
    let error =
        "glasskey: error: drills.jsonl, line 1: it names a line before it: lines before it were removed, or moved\n";
    assert!(done.stderr.starts_with(error), "{done:?}");
    assert_eq!(safe.lines(), [b.clone(), c.clone()]);
    safe.verify(&["nonsense"]).code.checked_sub(2).unwrap();
    let head = safe.verify(&["--head", "zz"]);
    assert!(head.code == 2 && head.stderr.contains("--head is a SHA-256: 64 hexadecimal digits"), "{head:?}");
}

/// Somebody else's key, or the same one enrolled anew, under the same serial number.
#[test]
fn a_foreign_key_signs() {
    let safe = Safe::new();
    assert_eq!(safe.drill(&[]).code, 0);
    let enrolled = run(&mut safe.glasskey(&["fido", "enroll", "--key", "12345678", "--yes"]));
    assert_eq!(enrolled.code, 0, "{enrolled:?}");
    // What was signed before stays proved; nothing is added to it.
    let earlier = safe.verify(&[]);
    assert_eq!(earlier.code, 0);
    assert!(
        earlier.stdout.contains("\n1 of them are older than the keys' enrollment on this machine"),
        "{earlier:?}"
    );
    let added = safe.drill(&[]);
    let other = "line 1: it is signed with another credential than the key was enrolled with here\n";
    assert!(added.code == 3 && added.stderr.contains(other), "{added:?}");
    std::fs::remove_dir_all(safe.world.keys.state_dir().join("fido")).unwrap();
    let first = safe.lines();
    std::fs::remove_file(safe.log()).unwrap();
    // Another key that says it is this one writes a line that follows.
    let foreign = Safe::new();
    std::fs::write(foreign.log(), format!("{}\n", first[0])).unwrap();
    std::fs::rename(foreign.world.keys.state_dir().join("fido"), foreign.world.keys.home.path().join("kept"))
        .unwrap();
    let done = foreign.drill(&[]);
    // It has no record of the credential here, and no PIN to list it with.
    assert_eq!(done.code, 1, "{done:?}");
    std::fs::rename(foreign.world.keys.home.path().join("kept"), foreign.world.keys.state_dir().join("fido"))
        .unwrap();
    std::fs::remove_file(foreign.log()).unwrap();
    assert_eq!(foreign.drill(&[]).code, 0);
    safe.write(&[first[0].clone(), foreign.lines()[0].clone()]);
    let done = safe.verify(&[]);
    let words = "line 2: it is signed with another credential than the key's in line 1: another key signed, or the key \
                 was enrolled again\n";
    done.is(1, words, "");
}

/// Any byte of a file of signed lines.
#[test]
fn any_byte() {
    let safe = Safe::new();
    for _ in 0..2 {
        assert_eq!(safe.drill(&[]).code, 0);
    }
    let text = std::fs::read(safe.log()).unwrap();
    assert!(prove(&text, &BTreeMap::new()).is_ok());
    proptest!(ProptestConfig::with_cases(150), |(at in 0..text.len(), to in any::<u8>())| {
        let mut changed = text.clone();
        prop_assume!(changed[at] != to);
        changed[at] = to;
        prop_assert!(prove(&changed, &BTreeMap::new()).is_err(), "byte {at} to {to}");
        let cut = &text[..at];
        let whole = cut.is_empty() || cut.ends_with(b"\n");
        prop_assert!(prove(cut, &BTreeMap::new()).is_err() || whole && !cut.is_empty());
    });
}

#[test]
fn a_key_without_fido_gives_its_code_only() {
    let card = Options { usb: Applications::OATH, ..Options::new(FIRST) };
    let safe = Safe::with(card, 0);
    let done = safe.plain(&[]);
    assert_eq!(done.code, 0, "{done:?}");
    let human = "12345678  passed, unsigned\n  attestation  not done: the key has no FIDO2 application\n  credential   \
                 not done: the key has no FIDO2 application\nlast line  ";
    assert!(done.stdout.starts_with(human), "{done:?}");
    assert!(safe.verify(&[]).stdout.starts_with("intact: 1 records, 0 of them signed; 0 say"), "{done:?}");
}

#[test]
fn what_fails_is_written_down() {
    let safe = Safe::with(Options::new(FIRST), 1);
    // Not enrolled, and not genuine as far as the built-in metadata goes; and the code is refused.
    let refused = Wrong::Code {
        status: 403,
        code: "AccessDenied".to_owned(),
        message: "MultiFactorAuthentication failed with invalid MFA one time pass code.".to_owned(),
    };
    let off = 30 - glasskey::totp::unix(std::time::SystemTime::now()) as i64 % 30 + 27;
    safe.world.aws.clock().set_offset_seconds(off);
    safe.world.aws.fail(Fault { times: 9, ..Fault::next("GetSessionToken", refused) });
    let done = safe.plain(&["--json"]);
    assert_eq!(done.code, 1, "{done:?}");
    let json = done.json();
    let record = &json["keys"][0]["record"];
    let states =
        ["present", "attestation", "credential", "session", "identity"].map(|name| record[name]["state"].clone());
    assert_eq!(states, ["passed", "failed", "failed", "failed", "skipped"], "{record}");
    assert_eq!((&json["keys"][0]["signed"], &record["passed"]), (&false.into(), &false.into()));
    safe.world.aws.heal();
    // The key is not here.
    safe.world.keys.key(0).pull();
    let done = safe.plain(&[]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stdout.starts_with("12345678  FAILED, unsigned\n  present      failed: "), "{done:?}");
    let proved = safe.verify(&[]);
    assert!(
        proved.code == 0 && proved.stdout.starts_with("intact: 2 records, 0 of them signed; 2 say"),
        "{proved:?}"
    );
    // AWS is not there: nothing was drilled, nothing is written.
    safe.world.aws.fail(Fault { times: 9, ..Fault::next("GetCallerIdentity", Wrong::Deny) });
    assert_eq!((safe.plain(&[]).code, safe.lines().len()), (3, 2));
}

#[test]
fn the_command_line() {
    let safe = Safe::with(Options::new(FIRST), 1);
    let twice = safe.plain(&["--key", "12345678"]);
    twice.is(2, "", "glasskey: error: the same key is named twice\n");
    let missing = run(&mut safe.glasskey(&["drill", "verify", "nothing"]));
    assert_eq!(missing.code, 2, "{missing:?}");
    assert_eq!(run(&mut safe.glasskey(&["drill", "--key", "12345678"])).code, 2);
}
