//! `root enroll --totp`, broken at every message. After each: what stays on a key is named, what the console may have
//! taken is never removed unasked, and `recover` ends in one of the two good states.

use crate::support::blows::{self, Blow, KILLED, server_error, side_by_side, tally, ways};
use crate::support::{Run, Simulated, protect, put, run};
use glasskey::sim::aws::{Fault, TwoCodes, Wrong};
use glasskey::sim::oath_card::{self, On, SoftKey, What, When};
use glasskey::sim::tap::{Passing, Wire};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

const LINE: &str = "root enroll --totp --key 12345678 --key 12345679 --every 1 --codes-fd 4 --no-input";

/// Two keys, and a device that the console has made for root.
struct Sitting {
    world: Simulated,
    serial: String,
    secret: String,
}

/// How it ended, and what the console saw of it.
struct Ended {
    run: Run,
    /// Codes were written.
    shown: bool,
    /// The console took them.
    taken: bool,
}

impl Sitting {
    fn new() -> Self {
        let world = Simulated::with_keys(2);
        let (serial, secret) = world.aws.new_virtual_for_root("root-account-mfa-device").unwrap();
        Self { world, serial, secret: secret.to_string() }
    }

    /// The secret is given on standard input, the codes come on it, and the result goes to a file.
    fn command(&self, more: &str) -> Command {
        let line = format!("{LINE} {more}");
        let inner = self.world.glasskey_as(&self.world.aws.root_session(), line.split_whitespace());
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(r#"exec "$0" "$@" 4>&1 >out"#).arg(inner.get_program()).args(inner.get_args());
        shell.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(inner.get_current_dir().unwrap());
        shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        shell
    }

    /// Runs it. A console that takes codes types the first two that are shown.
    fn run(&self, takes: bool) -> Ended {
        self.struck(takes, None::<(Blow, fn(&Passing) -> bool)>)
    }

    /// As [`Sitting::run`]; its process is struck at each message that is picked.
    fn struck(&self, takes: bool, blow: Option<(Blow, impl Fn(&Passing) -> bool + Send + Sync + 'static)>) -> Ended {
        let pid: Arc<Mutex<Option<u32>>> = Arc::default();
        if let Some((blow, when)) = blow {
            let known = Arc::clone(&pid);
            self.world.tap.listen(move |passing| {
                if when(passing) {
                    blow.strike(known.lock().unwrap().expect("the process runs"));
                }
            });
        }
        let mut slot = pid.lock().unwrap();
        let mut child = self.command(if takes { "" } else { "--timeout 1" }).spawn().unwrap();
        *slot = Some(child.id());
        drop(slot);
        let _ = child.stdin.take().unwrap().write_all(format!("{}\n", self.secret).as_bytes());
        let (mut shown, mut taken) = (false, false);
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            let words: Vec<&str> = line.split(' ').collect();
            shown = true;
            if takes && !taken {
                let codes = [words[0], words[1]].map(str::to_owned);
                self.world.aws.confirm_for_root(&TwoCodes { serial: self.serial.clone(), codes }).unwrap();
                taken = true;
            }
        }
        let ended = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        let run = Run { stdout: String::new(), stderr, code: ended.status.code().unwrap_or(KILLED) };
        self.world.tap.silence();
        Ended { run, shown, taken }
    }

    /// Every message of a run that goes well.
    fn messages() -> Vec<Passing> {
        let calm = Self::new();
        let passed = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&passed);
        calm.world.tap.listen(move |passing| list.lock().unwrap().push(passing.clone()));
        let ended = calm.run(true);
        assert_eq!(calm.settle(&ended, "nothing goes wrong"), "done");
        let passed = passed.lock().unwrap();
        passed.clone()
    }

    fn credentials(&self) -> [usize; 2] {
        [0, 1].map(|nth| self.world.keys.key(nth).credentials().len())
    }

    /// Holds the world to the exit code. Returns the kind of ending.
    fn settle(&self, ended: &Ended, what: &str) -> &'static str {
        let Ended { run, shown, taken } = ended;
        let say = |problem: &str| -> ! {
            let (there, unfinished) = (self.credentials(), self.world.unfinished());
            panic!("{what} (shown: {shown}, taken: {taken}): {problem}: {there:?}, {unfinished} unfinished\n{run:?}")
        };
        let hold = |right: bool, problem: &str| {
            if !right {
                say(problem);
            }
        };
        self.world.nobody_is_locked_out().unwrap_or_else(|problem| say(&problem));
        // What the console may have taken stays.
        hold(!shown || self.credentials() == [1, 1], "removed after codes were shown");
        match run.code {
            0 => {
                hold(*taken && self.is_enrolled(), "not enrolled");
                "done"
            }
            3 | 5 | 130 => {
                hold(self.credentials() == [0, 0] && self.world.unfinished() == 0, "something is left");
                "undone"
            }
            4 => {
                for (nth, key) in [(0, "YubiKey 12345678"), (1, "YubiKey 12345679")] {
                    let named = run.stderr.lines().any(|line| line.contains("the credential") && line.contains(key));
                    hold(self.credentials()[nth] == 0 || named, "a credential is left unsaid");
                }
                hold(
                    run.stderr.contains("`glasskey recover`") && self.world.unfinished() == 1,
                    "recover is not named",
                );
                self.recover(ended, what)
            }
            KILLED => self.recover(ended, what),
            _ => say("an exit code that means nothing here"),
        }
    }

    fn is_enrolled(&self) -> bool {
        let holding = self.world.keys.all().iter().filter(|key| self.world.computes(key, &self.serial)).count();
        let [device] = &self.world.aws.devices()[..] else { return false };
        holding == 2
            && device.user.as_deref() == Some("root")
            && (-1..=1).contains(&device.offset_steps)
            && self.world.unfinished() == 0
    }

    /// With AWS and the keys well again.
    fn recover(&self, ended: &Ended, what: &str) -> &'static str {
        self.world.aws.heal();
        self.world.keys.all().iter().for_each(SoftKey::plug_in);
        let done = self.world.run(["recover", "--yes", "--no-input"]);
        let kind = match done.code {
            0 if ended.taken => "kept",
            0 => "recovered",
            // IAM lists no device, and the console may be about to have one.
            4 => {
                assert!(
                    !ended.taken && done.stdout.contains("the credentials may be root's factor"),
                    "{what}: {done:?}"
                );
                assert!(!ended.shown || self.credentials() == [1, 1], "{what}: {done:?}");
                let undone = self.world.run(["recover", "--undo", "--no-input"]);
                assert_eq!(undone.code, 0, "{what}: {undone:?}");
                "a person's word"
            }
            _ => panic!("{what}: {done:?}"),
        };
        if ended.taken {
            assert!(self.is_enrolled(), "{what}: {done:?}");
        } else {
            assert_eq!((self.credentials(), self.world.unfinished()), ([0, 0], 0), "{what}: {done:?}");
        }
        kind
    }
}

#[test]
fn every_aws_call_in_every_way() {
    let calls = blows::calls(&Sitting::messages());
    assert_eq!(calls.len(), 4, "{calls:?}");
    let mut cases = Vec::new();
    for (action, nth) in calls {
        for wrong in ways() {
            // A console that takes nothing makes a difference once it could have.
            let consoles = if nth == 2 { &[true, false][..] } else { &[true] };
            cases.extend(consoles.iter().map(|takes| (*takes, Fault::nth(&action, nth, wrong.clone()))));
        }
    }
    // From one call on, AWS is not reached any more; or the session has ended.
    for what in [Wrong::NeverArrive, Wrong::Expire, server_error()] {
        for nth in 1..=4 {
            for takes in [true, false] {
                cases.push((takes, Fault { action: None, nth, times: 999, what: what.clone() }));
            }
        }
    }
    let endings = side_by_side(16, cases, |(takes, fault)| {
        let sitting = Sitting::new();
        sitting.world.aws.fail(fault.clone());
        let ended = sitting.run(takes);
        sitting.settle(&ended, &format!("{fault:?}, the console takes codes: {takes}"))
    });
    tally("root enroll --totp, each AWS call", &endings);
}

/// The key is pulled before each command; those that write are broken in every way.
#[test]
fn every_apdu() {
    let passing = Sitting::messages();
    let mut cases = Vec::new();
    for (key, serial) in [(0, 12_345_678), (1, 12_345_679)] {
        let commands = passing.iter().filter(|it| !it.done).filter_map(|it| match it.wire {
            Wire::Key { key: Some(key), ins } if key.0 == serial => Some(ins),
            _ => None,
        });
        for (nth, ins) in commands.enumerate() {
            let whats: &[What] = match ins {
                0x01 | 0x02 => &[What::Pull, What::Mute, What::Malformed, What::Sw(0x6F00)],
                _ => &[What::Pull],
            };
            // Cut off after a command that reads is cut off before the next one.
            let moments = if whats.len() == 1 { &[When::Before][..] } else { &[When::Before, When::After] };
            for when in moments.iter().copied() {
                cases.extend(
                    whats.iter().map(|what| (key, oath_card::Fault { on: On::Nth(nth + 1), when, what: *what })),
                );
            }
        }
    }
    let endings = side_by_side(16, cases, |(key, fault)| {
        let sitting = Sitting::new();
        sitting.world.keys.key(key).fault(fault);
        let ended = sitting.run(true);
        sitting.world.keys.all().iter().for_each(SoftKey::plug_in);
        sitting.settle(&ended, &format!("key {key}, {fault:?}"))
    });
    tally("root enroll --totp, each APDU", &endings);
}

/// Every message to AWS, every command that writes, and every fifth of the rest.
#[test]
fn killed_and_interrupted() {
    let passing = Sitting::messages();
    let telling = |it: &Passing| matches!(it.wire, Wire::Aws { .. } | Wire::Key { ins: 0x01 | 0x02, .. });
    let written = passing.iter().rposition(|it| matches!(it.wire, Wire::Key { ins: 0x01, .. })).unwrap();
    let mut cases = Vec::new();
    let mut reads = 0;
    for (nth, it) in passing.iter().enumerate() {
        reads += usize::from(!telling(it) && !it.done);
        if !telling(it) && (it.done || reads % 5 != 0) {
            continue;
        }
        for blow in [Blow::Kill, Blow::Interrupt] {
            // Before any code is shown the console makes no difference.
            let consoles = if nth > written && telling(it) { &[true, false][..] } else { &[true] };
            cases.extend(consoles.iter().map(|takes| (nth, blow, *takes)));
        }
    }
    let endings = side_by_side(16, cases, |(nth, blow, takes)| {
        let sitting = Sitting::new();
        let ended = sitting.struck(takes, Some((blow, blows::nth(nth))));
        let what = format!("{blow:?} at message {nth}, {:?}, the console takes codes: {takes}", passing[nth]);
        match blow {
            Blow::Kill => assert_eq!(ended.run.code, KILLED, "{what}: {:?}", ended.run),
            Blow::Interrupt => assert!([0, 4, 130].contains(&ended.run.code), "{what}: {:?}", ended.run),
        }
        sitting.settle(&ended, &what)
    });
    tally("root enroll --totp, killed and interrupted", &endings);
}

#[test]
fn the_clock_of_this_computer_is_wrong() {
    let endings = side_by_side(3, vec![74, -74, -600], |ahead: i64| {
        let sitting = Sitting::new();
        // AWS's is the one that is moved.
        sitting.world.aws.clock().set_offset_seconds(-ahead);
        let ended = sitting.run(true);
        sitting.settle(&ended, &format!("{ahead} s ahead"))
    });
    assert_eq!(endings, ["done"; 3]);
}

#[test]
fn a_key_that_is_full_or_locked_is_found_before_the_secret_is_read() {
    let full = Sitting::new();
    for nth in 0.. {
        if full.credentials()[1] == 64 {
            break;
        }
        put(full.world.keys.key(1), &format!("other:{nth}"), false);
    }
    let locked = Sitting::new();
    protect(locked.world.keys.key(1), "correct horse");
    let cases = [
        (&full, 3, "glasskey: error: no free slot on YubiKey 12345679 (all 64 are used)\n"),
        (
            &locked,
            5,
            "glasskey: error: the OATH applet of YubiKey 12345679 has a password, and nobody can be asked for it",
        ),
    ];
    for (sitting, code, why) in cases {
        let before = sitting.credentials();
        let ended = run(&mut sitting.command(""));
        assert!(ended.code == code && ended.stderr.contains(why), "{ended:?}");
        assert_eq!((sitting.credentials(), sitting.world.unfinished()), (before, 0));
    }
    // The password goes by a file descriptor of its own, as ever.
    let line = format!("{LINE} --password-fd 5 --secret-fd 3 --timeout 1");
    let inner = locked.world.glasskey_as(&locked.world.aws.root_session(), line.split_whitespace());
    let home = inner.get_current_dir().unwrap().to_owned();
    std::fs::write(home.join("secret"), format!("{}\n", locked.secret)).unwrap();
    std::fs::write(home.join("password"), "correct horse\n".repeat(9)).unwrap();
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(r#"exec "$0" "$@" 3<secret 4>codes 5<password"#)
        .arg(inner.get_program())
        .args(inner.get_args());
    shell.env_clear().envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let kept = run(shell.current_dir(&home).stdin(Stdio::null()));
    assert_eq!((kept.code, locked.credentials(), locked.world.unfinished()), (4, [1, 1], 1), "{kept:?}");
}
