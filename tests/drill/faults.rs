//! Something goes wrong at every message of a drill, on each of its three wires. After each the file is a whole chain,
//! what it says is what happened, and the next drill is added to it.

use super::Safe;
use crate::support::blows::{self, Blow, KILLED, server_error, struck};
use crate::support::{Run, run, with_fd};
use glasskey::sim::authenticator as fido;
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::sim::oath_card::{self, On, What, When};
use glasskey::sim::tap::{Passing, Wire};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

impl Safe {
    pub(crate) fn drilling(&self, more: &[&str]) -> Command {
        let roots = self.fido.home.path().join("roots.pem");
        crate::support::fido::write_roots(self.fido.key(0), &roots);
        let roots = roots.display().to_string();
        let args = ["drill", "--key", "12345678", "--log", "drills.jsonl", "--attestation-roots", &roots];
        self.glasskey(&[&args[..], more].concat())
    }

    /// Everything is well again, and codes are new ones.
    fn well(&self) {
        self.world.aws.heal();
        self.world.keys.key(0).plug_in();
        if !self.fido.key(0).is_plugged_in() {
            self.fido.key(0).plug_in();
        }
        self.world.aws.clock().advance(Duration::from_secs(30));
    }

    fn records(&self) -> usize {
        std::fs::read_to_string(self.log()).map_or(0, |text| text.lines().count())
    }

    /// The file proves itself, however many lines it has.
    fn is_whole(&self, what: &str) {
        if self.records() > 0 {
            let proved = self.verify(&[]);
            assert_eq!(proved.code, 0, "{what}: {proved:?}");
        }
    }

    /// Holds a drill, with so many lines before it, to its exit code and to what AWS saw.
    pub(crate) fn settle(&self, done: &Run, before: usize, calls: usize, what: &str) {
        self.is_whole(what);
        let written = self.records() - before;
        match done.code {
            0 | 1 => {
                assert_eq!(written, 1, "{what}: {done:?}");
                let line: Value = serde_json::from_str(self.lines().last().unwrap()).unwrap();
                let record = &line["record"];
                assert_eq!(record["passed"], done.code == 0, "{what}: {done:?}");
                let passed = |name: &str| record[name]["state"] == "passed";
                let why = |name: &str| record[name]["state"] != "passed" && record[name]["why"].is_null();
                let checks = ["present", "attestation", "credential", "session", "identity"];
                assert!(!checks.into_iter().any(why), "{what}: each says why: {record}");
                assert_eq!(passed("credential"), !line["assertion"].is_null(), "{what}: {record}");
                let answered = |action: &str, nth: usize| {
                    let calls = self.world.aws.calls().into_iter().skip(calls);
                    let all: Vec<_> = calls.filter(|call| call.action == action).collect();
                    all.iter().filter(|call| call.status == 200 && !call.lost).count() > nth
                };
                assert_eq!(passed("session"), answered("GetSessionToken", 0), "{what}: {record}");
                assert_eq!(passed("identity"), answered("GetCallerIdentity", 1), "{what}: {record}");
            }
            3 | 5 | 130 => assert_eq!(written, 0, "{what}: {done:?}"),
            KILLED => assert!(written <= 1, "{what}"),
            code => panic!("{what}: exit code {code}: {done:?}"),
        }
        let mut codes = BTreeSet::new();
        for call in self.world.aws.calls() {
            assert!(call.codes.iter().all(|code| codes.insert(code.clone())), "{what}: a code was sent twice");
        }
        self.well();
    }

    /// The messages of a drill that goes well.
    fn calm(&self) -> Vec<Passing> {
        let messages = blows::messages(&self.world, self.drilling(&[]));
        self.well();
        messages
    }
}

fn tapped() -> Safe {
    let safe = Safe::new();
    safe.fido.key(0).tap(&safe.world.tap);
    safe
}

/// Several safes beside each other; each has a share of the cases, one after the other, and is well in the end.
fn shared<T: Send>(cases: Vec<T>, try_one: impl Fn(&Safe, T) + Sync) {
    const SAFES: usize = 6;
    let mut shares: Vec<Vec<T>> = (0..SAFES).map(|_| Vec::new()).collect();
    cases.into_iter().enumerate().for_each(|(nth, case)| shares[nth % SAFES].push(case));
    blows::side_by_side(SAFES, shares, |share| {
        let safe = tapped();
        share.into_iter().for_each(|case| try_one(&safe, case));
        let last = safe.drill(&[]);
        assert_eq!((last.code, safe.verify(&[]).code), (0, 0), "{last:?}");
    });
}

#[test]
fn every_aws_call() {
    let calls = [("GetCallerIdentity", 1), ("ListMFADevices", 1), ("GetSessionToken", 1), ("GetCallerIdentity", 2)];
    let ways = [Wrong::LoseReply, Wrong::NeverArrive, Wrong::Deny, Wrong::Expire, server_error()];
    let faults = calls.iter().flat_map(|(action, nth)| ways.clone().map(|wrong| Fault::nth(action, *nth, wrong)));
    shared(faults.collect(), |safe, fault| {
        let (before, calls) = (safe.records(), safe.world.aws.calls().len());
        safe.world.aws.fail(fault.clone());
        let done = run(&mut safe.drilling(&[]));
        safe.settle(&done, before, calls, &format!("{fault:?}"));
    });
}

#[test]
fn every_command_to_the_key() {
    let messages = tapped().calm();
    let to_card = messages.iter().filter(|it| matches!(it.wire, Wire::Key { .. }) && !it.done).count();
    let to_fido = messages.iter().filter(|it| matches!(it.wire, Wire::Fido { .. }) && !it.done).count();
    assert!(to_card > 5 && to_fido > 3, "{messages:?}");
    enum Spoilt {
        Card(oath_card::Fault),
        Fido(fido::Fault),
    }
    let mut cases = Vec::new();
    for nth in 1..=to_card {
        let what = [What::Pull, What::Mute, What::Malformed, What::Sw(0x6F00)][nth % 4];
        let when = [When::Before, When::After][nth / 4 % 2];
        cases.push(Spoilt::Card(oath_card::Fault { on: On::Nth(nth), when, what }));
    }
    for nth in 1..=to_fido {
        let when = [fido::When::Before, fido::When::After][nth % 2];
        let ways = [fido::What::Pull, fido::What::Malformed, fido::What::Status(0x7F)];
        cases.extend(ways.map(|what| Spoilt::Fido(fido::Fault { on: fido::On::Message(nth), when, what })));
    }
    shared(cases, |safe, case| {
        let (before, calls) = (safe.records(), safe.world.aws.calls().len());
        let what = match case {
            Spoilt::Card(fault) => {
                safe.world.keys.key(0).fault(fault);
                format!("card, {fault:?}")
            }
            Spoilt::Fido(fault) => {
                safe.fido.key(0).fault(fault);
                format!("FIDO2, {fault:?}")
            }
        };
        let done = run(&mut safe.drilling(&[]));
        safe.settle(&done, before, calls, &what);
    });
}

#[test]
fn killed_and_interrupted_at_every_message() {
    let messages = tapped().calm();
    let places = messages.iter().enumerate().filter(|(nth, at)| matches!(at.wire, Wire::Aws { .. }) || nth % 5 == 0);
    let cases = places.flat_map(|(nth, _)| [Blow::Kill, Blow::Interrupt].map(|blow| (nth, blow)));
    shared(cases.collect(), |safe, (nth, blow)| {
        let (before, calls) = (safe.records(), safe.world.aws.calls().len());
        let done = struck(&safe.world, safe.drilling(&[]), blow, blows::nth(nth));
        let what = format!("{blow:?} at message {nth}, {:?}", messages[nth]);
        let right = if blow == Blow::Kill { done.code == KILLED } else { matches!(done.code, 0 | 130) };
        assert!(right, "{what}: {done:?}");
        safe.settle(&done, before, calls, &what);
    });
}

/// Of a line that does not fit nothing stays, and the file goes on when there is room.
#[test]
fn the_disk_is_full() {
    let safe = Safe::new();
    assert_eq!(safe.drill(&[]).code, 0);
    let before = std::fs::read(safe.log()).unwrap();
    let drilling = safe.drilling(&[]);
    let mut shell = Command::new("sh");
    // In blocks of 512 bytes: the next line is cut off in its middle.
    let blocks = (before.len() / 512 + 1).to_string();
    shell.args(["-c", r#"trap '' XFSZ; ulimit -f "$0"; exec "$@""#, &blocks]);
    shell.arg(drilling.get_program()).args(drilling.get_args()).env_clear();
    shell.envs(drilling.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(drilling.get_current_dir().unwrap());
    let done = run(&mut shell);
    let error = "glasskey: error: drills.jsonl cannot be used: File too large (os error 27)\n";
    assert!(done.code == 3 && done.stderr.ends_with(error), "{done:?}");
    assert_eq!(std::fs::read(safe.log()).unwrap(), before);
    safe.well();
    assert_eq!(safe.drill(&[]).code, 0);
    assert_eq!(safe.verify(&[]).code, 0);
}

/// Every value in a line, changed by one character: that line is named.
#[test]
fn every_field_of_a_line() {
    let safe = Safe::new();
    for _ in 0..3 {
        assert_eq!(safe.drill(&[]).code, 0);
    }
    let lines = safe.lines();
    let changes = changes(&lines[1]);
    assert!(changes.len() > 25, "{changes:?}");
    for changed in changes {
        safe.write(&[lines[0].clone(), changed.clone(), lines[2].clone()]);
        let found = safe.verify(&[]);
        assert!(found.code == 1 && found.stdout.starts_with("line 2: "), "{changed}: {found:?}");
        let json = safe.verify(&["--json"]).json();
        assert_eq!((&json["intact"], &json["problems"][0]["line"]), (&false.into(), &2.into()), "{changed}");
    }
}

/// The line with one of its values changed, for each of its values.
fn changes(line: &str) -> Vec<String> {
    let mut all = Vec::new();
    for (at, _) in line.match_indices("\":") {
        let (before, value) = line.split_at(at + 2);
        let changed = match value.as_bytes()[0] {
            b'{' => continue,
            b'"' if value.as_bytes()[1] == b'x' => format!("\"y{}", &value[2..]),
            b'"' => format!("\"x{}", &value[2..]),
            b'n' => value.replacen("null", "\"x\"", 1),
            b't' => value.replacen("true", "false", 1),
            b'f' => value.replacen("false", "true", 1),
            b'1' => format!("2{}", &value[1..]),
            _ => format!("1{}", &value[1..]),
        };
        all.push(format!("{before}{changed}"));
    }
    all
}

#[test]
fn a_key_with_a_pin() {
    let safe = Safe::with(oath_card::Options::new(super::FIRST), 0);
    let fido = crate::support::FidoKeys::with_pin();
    let safe = Safe { fido, ..safe };
    let with_pin = |mut command: Command, pin: &str| {
        command.args(["--pin-fd", "3"]);
        run(&mut with_fd(&command, 3, &format!("{pin}\n{pin}\n{pin}\n")))
    };
    let pin = crate::support::fido::PIN;
    let enrolled = with_pin(safe.glasskey(&["fido", "enroll", "--key", "12345678", "--yes"]), pin);
    assert_eq!(enrolled.code, 0, "{enrolled:?}");
    let done = with_pin(safe.drilling(&["--json"]), pin);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.json()["keys"][0]["record"]["fido"]["user_verified"], true, "{done:?}");
    safe.well();
    // Nobody is there to give it: not a result.
    for more in [&[][..], &["--no-input"]] {
        let done = run(&mut safe.drilling(more));
        assert_eq!((done.code, safe.records()), (5, 1), "{done:?}");
        safe.well();
    }
    // A wrong one is: the key cannot sign, and the record says so.
    let before = safe.fido.key(0).pin_retries();
    let done = with_pin(safe.drilling(&[]), "wrong-one");
    assert_eq!((done.code, safe.records()), (1, 2), "{done:?}");
    assert!(done.stdout.contains("  credential   failed: "), "{done:?}");
    assert_eq!(safe.fido.key(0).pin_retries(), before - 1, "one try");
    done.never_says(&[pin, "wrong-one"]);
    assert_eq!(safe.verify(&[]).code, 0);
}

#[test]
fn a_code_that_wants_a_touch() {
    let safe = Safe::new();
    let seed = safe.world.aws.seed_of(&safe.serial).unwrap();
    let seed = glasskey::secret::Seed::from_bytes(&seed).unwrap();
    let name = glasskey::oath::Name::from_id(&safe.world.credential("bob-1")).unwrap();
    let (kind, params) = (glasskey::totp::Kind::Totp, glasskey::totp::AWS);
    let mut session = glasskey::oath::Session::open(safe.world.keys.key(0).card()).unwrap();
    session.delete(&name).unwrap();
    session.put(&glasskey::oath::New { name: &name, kind, params, touch: true, seed: &seed }).unwrap();
    drop(session);
    let done = run(&mut safe.drilling(&["--no-input"]));
    assert_eq!((done.code, safe.records()), (5, 0), "{done:?}");
    let error = "glasskey: error: YubiKey 12345678 wants a touch, and nobody can be asked for it\n";
    assert!(done.stderr.contains(error), "{done:?}");
    safe.well();
    let done = run(&mut safe.drilling(&[]));
    assert_eq!((done.code, safe.records()), (0, 1), "{done:?}");
    assert!(done.stderr.contains("  touch     YubiKey 12345678 now: it blinks\n"), "{done:?}");
    safe.world.keys.key(0).set_touch(oath_card::Touch::Never(Duration::from_millis(50)));
    safe.well();
    // Nobody touches it although somebody could: that is a result.
    let done = run(&mut safe.drilling(&[]));
    assert_eq!((done.code, safe.records()), (1, 2), "{done:?}");
    assert!(done.stdout.contains("  session      failed: nobody touched YubiKey 12345678 in time\n"), "{done:?}");
    assert_eq!(safe.verify(&[]).code, 0);
}

/// The second of two is pulled while the first is being drilled: one passes, the other is said to be away.
#[test]
fn several_keys_and_one_is_pulled() {
    let safe = Safe::two();
    let roots = safe.fido.home.path().join("roots.pem").display().to_string();
    let both = ["drill", "--key", "12345678", "--key", "12345679", "--log", "drills.jsonl", "--attestation-roots"];
    let both = [&both[..], &[&roots]].concat();
    let done = run(&mut safe.glasskey(&both));
    assert_eq!((done.code, safe.records()), (0, 2), "{done:?}");
    safe.well();
    let key = safe.world.keys.key(1).clone();
    let pulled = Arc::new(Mutex::new(false));
    let once = Arc::clone(&pulled);
    safe.world.tap.listen(move |passing| {
        if blows::is_call(passing, "GetSessionToken")
            && passing.done
            && !std::mem::replace(&mut *once.lock().unwrap(), true)
        {
            key.pull();
        }
    });
    let done = run(&mut safe.glasskey(&both));
    safe.world.tap.silence();
    assert_eq!((done.code, safe.records()), (1, 4), "{done:?}");
    assert!(done.stdout.starts_with("12345678  passed, signed by the key\n12345679  FAILED, unsigned\n"), "{done:?}");
    assert!(done.stdout.contains("  present      failed: "), "{done:?}");
    let proved = safe.verify(&[]);
    assert!(
        proved.stdout.starts_with("intact: 4 records, 3 of them signed; 1 say that a drill failed\n"),
        "{proved:?}"
    );
}
