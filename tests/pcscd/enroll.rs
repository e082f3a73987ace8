//! The binary enrolls through the real PC/SC service, against a simulated AWS on loopback; ykman then computes the
//! codes.

use std::process::{Child, Command, Stdio};
use std::time::SystemTime;

use glasskey::secret::Seed;
use glasskey::sim::aws::Aws;
use glasskey::sim::card_server::{self, Served};
use glasskey::sim::clock::SimClock;
use glasskey::sim::oath_card::{Fault, On, Options, SoftKey, What, When};
use glasskey::sim::serve::Server;
use glasskey::totp::{self, AWS, Step};

use super::rig::{Rig, reader_name};
use super::ykman;
use crate::support::{Run, run};

const SERIALS: [u32; 2] = [12_345_678, 23_456_789];

/// Keys in the readers of a pcscd of their own, and an account with the user alice.
struct Stage {
    rig: Rig,
    keys: Vec<SoftKey>,
    served: Vec<Served>,
    aws: Aws,
    server: Server,
}

impl Stage {
    fn with_keys(count: usize) -> Self {
        let rig = Rig::with_readers(count);
        let keys: Vec<SoftKey> =
            SERIALS.iter().take(count).map(|serial| SoftKey::new(Options::new(*serial))).collect();
        let serve = |(slot, key)| card_server::serve(key, &rig.card_socket(slot)).unwrap();
        let served = keys.iter().enumerate().map(serve).collect();
        rig.await_cards(count);
        let aws = Aws::new(SimClock::host());
        let _ = aws.add_user("alice");
        let server = Server::start(aws.clone(), None).unwrap();
        Self { rig, keys, served, aws, server }
    }

    /// The binary in the rig, as the administrator.
    fn glasskey(&self, args: &[&str]) -> Command {
        glasskey(&self.rig, &self.server, &self.aws, args)
    }

    fn enroll(&self, more: &[&str]) -> Run {
        let serials: Vec<String> = self.keys.iter().map(|key| key.serial().unwrap().to_string()).collect();
        let keys = serials.iter().flat_map(|serial| ["--key", serial.as_str()]);
        let args: Vec<&str> = ["enroll", "alice", "--yes", "--no-input"].into_iter().chain(keys).collect();
        run(&mut self.glasskey(&[&args, more].concat()))
    }

    fn arn(&self) -> String {
        format!("arn:aws:iam::{}:mfa/alice", self.aws.account())
    }

    fn credential(&self) -> String {
        format!("AWS:{}/alice", self.aws.account())
    }

    /// What the device's codes are now, and in a moment: a step may end while ykman computes.
    fn codes(&self, before: SystemTime) -> [String; 2] {
        codes_of(&self.aws, &self.arn(), before)
    }
}

fn codes_of(aws: &Aws, arn: &str, before: SystemTime) -> [String; 2] {
    let seed = Seed::from_bytes(&aws.seed_of(arn).unwrap()).unwrap();
    [before, SystemTime::now()].map(|time| totp::code(&seed, AWS, Step::at(time, AWS.period)).expose().to_owned())
}

/// The binary in a rig: its home, its pcscd, and no environment but this.
fn glasskey(rig: &Rig, server: &Server, aws: &Aws, args: &[&str]) -> Command {
    let mut command = rig.command("setsid");
    command.arg("--wait").arg(env!("CARGO_BIN_EXE_glasskey")).args(args).env_clear();
    command
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", rig.home())
        .env("GLASSKEY_STATE_DIR", rig.home().join("state"))
        .env("NO_COLOR", "1")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("TZ", "UTC")
        .envs(server.environment(&aws.admin()))
        .stdin(Stdio::null());
    command
}

#[test]
fn one_key_through_the_real_service_and_ykman_computes_its_codes() {
    let stage = Stage::with_keys(1);
    let done = stage.enroll(&[]);
    assert_eq!((done.code, done.stdout), (0, format!("{}\n", stage.arn())), "{}", done.stderr);
    assert!(done.stderr.contains("  12345678  written, its code matches\n"), "{}", done.stderr);
    let device = &stage.aws.devices()[0];
    assert_eq!(device.user.as_deref(), Some("alice"));
    assert!((-1..=0).contains(&device.offset_steps), "{device:?}");

    let before = SystemTime::now();
    let theirs = ykman::run_in(&stage.rig, &["oath", "accounts", "code", "--single", &stage.credential()]);
    assert!(stage.codes(before).contains(&theirs.trim().to_owned()), "ykman computes the device's code");
    assert_eq!(ykman::run_in(&stage.rig, &["oath", "accounts", "list"]).trim(), stage.credential());
}

#[test]
fn two_keys_in_two_readers_hold_one_seed() {
    let stage = Stage::with_keys(2);
    let done = stage.enroll(&[]);
    assert_eq!(done.code, 0, "{}", done.stderr);
    for (slot, serial) in SERIALS.iter().enumerate() {
        assert!(done.stderr.contains(&format!("  {serial}  written, its code matches\n")), "{}", done.stderr);
        assert_eq!(stage.keys[slot].credentials(), [stage.credential()]);
        let before = SystemTime::now();
        let reader = reader_name(slot);
        let theirs = ykman::run_in(
            &stage.rig,
            &["--reader", &reader, "oath", "accounts", "code", "--single", &stage.credential()],
        );
        assert!(stage.codes(before).contains(&theirs.trim().to_owned()), "{serial}");
    }
}

/// A socket's end is what a pulled key is to pcscd.
#[test]
fn the_key_is_pulled_while_it_is_written_and_recovery_cleans_up() {
    let stage = Stage::with_keys(1);
    stage.keys[0].fault(Fault { on: On::Ins(0x01), when: When::After, what: What::Pull });
    let done = stage.enroll(&[]);
    assert_eq!(done.code, 4, "{}", done.stderr);
    assert!(
        done.stderr.contains("YubiKey 12345678 was pulled while it was in use (while writing to YubiKey 12345678)\n"),
        "{}",
        done.stderr
    );
    assert!(stage.aws.devices().is_empty(), "the device is gone already");
    assert_eq!(stage.keys[0].credentials(), [stage.credential()], "the key took it before it was pulled");

    stage.keys[0].plug_in();
    stage.rig.await_cards(2);
    let recovered = run(&mut stage.glasskey(&["recover", "--yes", "--no-input"]));
    assert_eq!(recovered.code, 0, "{}", recovered.stderr);
    assert!(stage.keys[0].credentials().is_empty());
    assert_eq!(stage.enroll(&[]).code, 0, "and now it works");
    assert_eq!(stage.served.len(), 1);
}

#[test]
fn no_service_no_reader_no_key() {
    let aws = Aws::new(SimClock::host());
    let server = Server::start(aws.clone(), None).unwrap();
    let mut rig = Rig::without_service();
    let args = ["enroll", "admin", "--key", "12345678", "--yes", "--no-input"];
    run(&mut glasskey(&rig, &server, &aws, &args)).is(
        3,
        "",
        "glasskey: error: the PC/SC service (pcscd) is not running\n\
         glasskey: hint: sudo systemctl enable --now pcscd.socket\n",
    );
    for readers in [0, 1] {
        rig.start_service(readers);
        run(&mut glasskey(&rig, &server, &aws, &args)).is(
            3,
            "",
            "glasskey: error: YubiKey 12345678 is not plugged in; no key is\n\
             glasskey: hint: the serial number is printed on the key\n",
        );
        rig.stop_service();
    }
    assert!(aws.calls().is_empty());
}

/// `glasskey simulate --card-socket`, ended with the test.
struct Simulation(Child);

impl Simulation {
    fn start(path: &std::path::Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_glasskey"));
        command.args(["simulate", "--card-socket"]).arg(path).stdin(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The key of another process, as a person who tries the simulator has it.
#[test]
fn a_key_that_glasskey_simulates_for_pcscd() {
    let rig = Rig::with_readers(1);
    let _key = Simulation::start(&rig.card_socket(0));
    rig.await_cards(1);
    let listed = ykman::run_in(&rig, &["list", "--serials"]);
    let serial = listed.trim();
    assert_eq!(serial.len(), 8, "{listed}");

    let aws = Aws::new(SimClock::host());
    let _ = aws.add_user("alice");
    let server = Server::start(aws.clone(), None).unwrap();
    let args = ["enroll", "alice", "--key", serial, "--yes", "--no-input"];
    let done = run(&mut glasskey(&rig, &server, &aws, &args));
    assert_eq!(done.code, 0, "{}", done.stderr);
    let arn = format!("arn:aws:iam::{}:mfa/alice", aws.account());
    let credential = format!("AWS:{}/alice", aws.account());
    let before = SystemTime::now();
    let theirs = ykman::run_in(&rig, &["oath", "accounts", "code", "--single", &credential]);
    assert!(codes_of(&aws, &arn, before).contains(&theirs.trim().to_owned()));
}
