//! Yubico's own tool as judge: it reads what glasskey writes, and glasskey reads what it writes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

use glasskey::sim::card_server::{self, Served};
use glasskey::sim::oath_card::{Options, SoftKey};
use glasskey::totp::unix;

use super::probe::Probe;
use super::rig::{Rig, reader_name};

const SERIAL: u32 = 17_283_940;

/// A software key behind pcscd, glasskey and ykman.
pub(super) struct Stage {
    glasskey: Probe,
    _served: Served,
    rig: Rig,
}

impl Stage {
    fn new() -> Self {
        Self::of(&SoftKey::new(Options::new(SERIAL)))
    }

    pub(super) fn of(key: &SoftKey) -> Self {
        let rig = Rig::with_readers(1);
        let served = card_server::serve(key, &rig.card_socket(0)).unwrap();
        rig.await_cards(1);
        Self { glasskey: Probe::start(&rig), _served: served, rig }
    }

    fn glasskey(&mut self, line: &str) -> String {
        self.glasskey.ask(&format!("oath {}|{line}", reader_name(0)))
    }

    /// Runs ykman to success and returns its standard output.
    pub(super) fn ykman(&self, arguments: &[&str]) -> String {
        run_in(&self.rig, arguments)
    }

    fn try_ykman(&self, arguments: &[&str]) -> (bool, String, String) {
        run_ykman(&self.rig, arguments)
    }

    /// ykman's code for the only credential of this id, and glasskey's from the same key for the same time.
    fn codes(&mut self, password: Option<&str>, id: &str) -> (String, Vec<String>) {
        let mut arguments = vec!["oath", "accounts", "code", "--single"];
        arguments.extend(password.iter().flat_map(|password| ["--password", *password]));
        arguments.push(id);
        let before = unix(SystemTime::now());
        let theirs = self.ykman(&arguments).trim().to_owned();
        // ykman goes by the host's clock, and a step may have begun meanwhile.
        let times = [before, unix(SystemTime::now())];
        let ours = times.map(|time| self.glasskey(&format!("{} code {id} {time}", password.unwrap_or("-"))));
        (theirs, ours.to_vec())
    }

    fn assert_codes_agree(&mut self, password: Option<&str>, id: &str, digits: usize) {
        let (theirs, ours) = self.codes(password, id);
        assert_eq!(theirs.len(), digits, "{theirs:?} is a code");
        assert!(ours.contains(&theirs), "{id}: ykman computes {theirs}, glasskey {ours:?}");
    }
}

/// Runs ykman in a rig: whether it succeeded, its standard output and its standard error.
pub(crate) fn run_ykman(rig: &Rig, arguments: &[&str]) -> (bool, String, String) {
    try_in(rig, arguments)
}

#[test]
fn ykman_finds_the_software_key_by_its_serial() {
    let stage = Stage::new();
    assert_eq!(stage.ykman(&["list", "--serials"]), format!("{SERIAL}\n"));
    let info = stage.ykman(&["oath", "info"]);
    assert!(info.contains("OATH version:        5.7.1"), "{info}");
    assert!(info.contains("Password protection: disabled"), "{info}");
}

#[test]
fn what_either_writes_the_other_reads_with_equal_codes() {
    let mut stage = Stage::new();
    let ours = ["AWS:123456789012/alice", "60/Example:bob"];
    // 40 bytes, as AWS issues them, and 20.
    assert_eq!(stage.glasskey(&format!("- put {} SHA1 6 {}", ours[0], secret(40))), "put");
    assert_eq!(stage.glasskey(&format!("- put {} SHA256 8 {}", ours[1], secret(20))), "put");
    assert_eq!(
        stage.ykman(&["oath", "accounts", "list", "--period"]),
        "AWS:123456789012/alice, 30\n60/Example:bob, 60\n"
    );

    stage.ykman(&["oath", "accounts", "add", "--force", "--issuer", "AWS", "root", &secret(40)]);
    let options = ["oath", "accounts", "add", "--force", "--algorithm", "SHA512", "--digits", "8", "--period", "15"];
    stage.ykman(&[&options[..], &["carol", &secret(65)]].concat());
    assert_eq!(stage.glasskey("- list"), "15/carol,60/Example:bob,AWS:123456789012/alice,AWS:root");

    for (id, digits) in [(ours[0], 6), (ours[1], 8), ("AWS:root", 6), ("15/carol", 8)] {
        stage.assert_codes_agree(None, id, digits);
    }
}

#[test]
fn a_password_that_glasskey_sets_opens_the_key_to_ykman() {
    let mut stage = Stage::new();
    assert_eq!(stage.glasskey("- set-password crème-brûlée"), "set");
    assert_eq!(stage.glasskey(&format!("crème-brûlée put AWS:alice SHA1 6 {}", secret(40))), "put");
    assert_eq!(stage.glasskey("- list"), "Locked");

    let (done, _, complaint) = stage.try_ykman(&["oath", "accounts", "list", "--password", "creme-brulee"]);
    assert!(!done && complaint.contains("Authentication to the YubiKey failed"), "{complaint}");
    assert_eq!(stage.ykman(&["oath", "accounts", "list", "--password", "crème-brûlée"]), "AWS:alice\n");
    stage.assert_codes_agree(Some("crème-brûlée"), "AWS:alice", 6);
}

#[test]
fn a_password_that_ykman_sets_opens_the_key_to_glasskey() {
    let mut stage = Stage::new();
    stage.ykman(&["oath", "access", "change", "--new-password", "tr0ub4dor"]);
    stage.ykman(&["oath", "accounts", "add", "--force", "--password", "tr0ub4dor", "alice", &secret(40)]);
    assert_eq!(stage.glasskey("- list"), "Locked");
    assert_eq!(stage.glasskey("troubador list"), "WrongPassword");
    assert_eq!(stage.glasskey("tr0ub4dor list"), "alice");
    stage.assert_codes_agree(Some("tr0ub4dor"), "alice", 6);
}

/// Runs ykman in a rig to success and returns its standard output.
pub(super) fn run_in(rig: &Rig, arguments: &[&str]) -> String {
    let (done, stdout, stderr) = try_in(rig, arguments);
    assert!(done, "ykman {arguments:?}:\n{stdout}{stderr}");
    stdout
}

fn try_in(rig: &Rig, arguments: &[&str]) -> (bool, String, String) {
    let home = rig.home().join("ykman");
    let tools = home.join("bin");
    fs::create_dir_all(&tools).unwrap();
    // On trouble ykman ends scdaemon and yubikey-agent, wherever they run. Not those of whoever runs the tests.
    let pkill = tools.join("pkill");
    fs::write(&pkill, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&pkill, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
    // A home of its own: ykman remembers passwords of keys by their device id.
    let output = rig
        .command(ykman())
        .args(arguments)
        .env("PATH", path)
        .env("HOME", &home)
        .env("XDG_CONFIG_HOME", home.join("config"))
        .env("XDG_DATA_HOME", home.join("data"))
        .env("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// A new secret of this many bytes, in base32.
fn secret(length: usize) -> String {
    let mut bytes = vec![0; length];
    getrandom::fill(&mut bytes).unwrap();
    data_encoding::BASE32.encode(&bytes)
}

/// The newest ykman at the time of its installation, into the target directory, once.
pub(crate) fn ykman() -> &'static Path {
    static YKMAN: OnceLock<PathBuf> = OnceLock::new();
    YKMAN.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let environment = target.join("venv-ykman");
        let (ykman, complete) = (environment.join("bin/ykman"), environment.join("complete"));
        if !complete.exists() {
            let _ = fs::remove_dir_all(&environment);
            run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
            // pyscard comes without a wheel: this builds it (swig, gcc, libpcsclite-dev, python3-dev).
            let pip = environment.join("bin/pip");
            run(Command::new(pip).args(["install", "--quiet", "--disable-pip-version-check", "yubikey-manager"]));
            fs::write(complete, "").unwrap();
        }
        ykman
    })
}

fn run(command: &mut Command) {
    let output = command.output().expect("python3 runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}:\n{complaint}");
}
