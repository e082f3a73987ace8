//! The scripts at the ends of runbooks: the AWS CLI finds with them whether the runbook's result is there.

use super::{entries, read, root};
use crate::interop_aws::venv;
use crate::support::Simulated;
use glasskey::sim::aws::Aws;
use std::path::PathBuf;
use std::process::{Command, Output};

const HEADING: &str = "\n## Check it with the AWS CLI\n";
/// Those after which nothing of AWS's is other than before.
const WITHOUT: [&str; 4] = ["README.md", "drill.md", "interrupted-enrollment.md", "prepare-keys.md"];

fn script(runbook: &str) -> String {
    let text = read(&root().join("docs/runbooks").join(runbook));
    let (_, end) = text.split_once(HEADING).unwrap_or_else(|| panic!("{runbook} has no check"));
    let (_, script) = end.split_once("```bash\n").unwrap();
    script.strip_suffix("```\n").unwrap_or_else(|| panic!("{runbook} does not end with its check")).to_owned()
}

/// Runs it as a file, with these arguments, in an account.
fn check(runbook: &str, args: &[&str], at: &Simulated) -> Output {
    let home = at.keys.home.path();
    let path = home.join("runbook.sh");
    std::fs::write(&path, script(runbook)).unwrap();
    let glasskey = PathBuf::from(env!("CARGO_BIN_EXE_glasskey"));
    let programs = [venv().join("bin"), glasskey.parent().unwrap().to_owned()];
    let search = format!("{}:{}:{}", programs[0].display(), programs[1].display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.arg(&path).args(args).env_clear().envs(at.environment(&at.aws.admin())).env("PATH", search);
    command.env("HOME", home).env("AWS_MAX_ATTEMPTS", "1").env("NO_PROXY", "*").current_dir(home).output().unwrap()
}

/// Its exit code, and that it has changed nothing.
fn code(runbook: &str, args: &[&str], at: &Simulated) -> i32 {
    let before = (at.aws.posture(), devices(&at.aws));
    let output = check(runbook, args, at);
    assert!((at.aws.posture(), devices(&at.aws)) == before, "{output:?}");
    assert_eq!(output.stderr, b"", "{output:?}");
    output.status.code().unwrap()
}

fn devices(aws: &Aws) -> String {
    let listed = crate::enroll::api::call(aws, &aws.admin(), "ListVirtualMFADevices", &[]);
    listed.split_once("<ResponseMetadata>").unwrap().0.to_owned()
}

#[test]
fn every_runbook_that_changes_something_ends_with_a_check() {
    for path in entries(&root().join("docs/runbooks")) {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if WITHOUT.contains(&name.as_str()) {
            assert!(!read(&path).contains(HEADING), "{name}");
            continue;
        }
        let file = tempfile::Builder::new().suffix(".sh").tempfile().unwrap();
        std::fs::write(file.path(), script(&name)).unwrap();
        let output =
            Command::new("shellcheck").arg(file.path()).output().expect("shellcheck, as scripts/prepare installs it");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

#[test]
fn an_enrollment_and_a_rotation_are_seen() {
    let world = Simulated::with_keys(1);
    let serial = world.keys.key(0).serial().unwrap().to_string();
    let _ = world.aws.add_user("bob");
    std::fs::write(world.keys.home.path().join("team.csv"), "user,key-serial\nbob,\n").unwrap();
    assert_eq!(code("break-glass-enrollment.md", &["bob"], &world), 1);
    assert_eq!(code("handing-out-keys.md", &[], &world), 1);
    assert_eq!(code("lost-key.md", &["bob", "bob"], &world), 1, "no device is enabled");
    let done = world.run(["enroll", "bob", "--key", &serial, "--yes", "--no-input"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(code("break-glass-enrollment.md", &["bob"], &world), 0);
    assert_eq!(code("break-glass-enrollment.md", &["bob", "2"], &world), 1);
    assert_eq!(code("handing-out-keys.md", &[], &world), 0);
    assert_eq!(code("break-glass-rotation.md", &["bob", "bob"], &world), 1);
    assert_eq!(code("lost-key.md", &["bob", "bob"], &world), 1);
    let done = world.run(["rotate", "bob", "--from", "bob", "--key", &serial, "--yes", "--no-input"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(code("break-glass-rotation.md", &["bob", "bob"], &world), 0);
    assert_eq!(code("lost-key.md", &["bob", "bob"], &world), 0);
}

#[test]
fn roots_security_key_is_seen() {
    let world = Simulated::with_keys(0);
    assert_eq!(code("root-enrollment.md", &[], &world), 1);
    world.aws.protect();
    assert_eq!(code("root-enrollment.md", &[], &world), 0);
}

#[test]
fn a_hardened_account_is_seen() {
    let world = Simulated::with_keys(0);
    assert_eq!(code("harden-account.md", &[], &world), 1);
    world.aws.protect();
    for user in ["admin", "alice"] {
        let _ = world.aws.add_fido_for(user, &format!("{user}-desk"));
    }
    world.aws.attach("user/admin", "AdministratorAccess");
    world.aws.forget_report();
    assert_eq!(code("harden-account.md", &[], &world), 0);
}
