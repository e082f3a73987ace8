//! What a `credential_process` prints, how long it takes, and what it leaves behind.

use super::{Home, check};
use crate::support::blows::Blow;
use crate::support::run;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// A home whose profile `p` has this process.
fn with(process: &str) -> Home {
    let home = Home::new();
    home.write("config", format!("[profile p]\ncredential_process = {process}\n"));
    home
}

/// A home whose profile `p` gets the administrator's key, with this besides.
fn giving(more: &serde_json::Value) -> Home {
    let home = with("cat given.json");
    let admin = home.world.aws.admin();
    let mut given = serde_json::json!({
        "Version": 1, "AccessKeyId": admin.access_key_id, "SecretAccessKey": admin.secret_access_key,
    });
    given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    std::fs::write(home.world.keys.home.path().join("given.json"), given.to_string()).unwrap();
    home
}

fn is_running(marker: &str) -> bool {
    let list = std::process::Command::new("ps").args(["-eo", "args="]).output().unwrap();
    String::from_utf8_lossy(&list.stdout).lines().any(|line| line.starts_with(marker))
}

#[test]
fn output_without_end_is_refused_and_its_program_stopped() {
    let home = with("sh -c 'exec yes endless-6021'");
    let error = "the credential_process of profile \"p\" (`sh`) printed more than 1 MiB, and was stopped";
    home.refuses_profile("p", error, "run the command");
    assert!(!is_running("yes endless-6021"));
}

#[test]
fn a_slow_program_is_named_and_ends_with_ctrl_c() {
    let home = with("sleep 60.0625; true");
    let mut command = home.command(&["devices", "--profile", "p"]);
    // Not behind `setsid`: the signal is for the binary.
    let mut bare = std::process::Command::new(env!("CARGO_BIN_EXE_glasskey"));
    bare.args(command.get_args().skip(1)).env_clear().current_dir(home.world.keys.home.path());
    bare.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command = bare;
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_secs(9));
    let began = Instant::now();
    Blow::Interrupt.strike(child.id());
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(130), "{said}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(said.contains("for `sleep`, the credential_process of profile \"p\"; Ctrl-C stops"), "{said}");
    assert!(!is_running("sleep 60.0625"));
}

#[test]
fn a_session_that_waited_for_a_program_speaks_of_no_touch() {
    let home = with("sleep 60.125");
    let done = run(&mut home.command(&["session", "--profile", "p", "--timeout", "1s"]));
    assert_eq!(done.code, 5, "{done:?}");
    let error = "gave up after 1 s, while waiting for `sleep`, the credential_process of profile \"p\"\n";
    assert!(done.stderr.contains(error) && !done.stderr.contains("touch"), "{done:?}");
    assert!(!is_running("sleep 60.125"));
}

#[test]
fn credentials_that_have_expired_are_refused_as_by_the_aws_cli() {
    let home = giving(&serde_json::json!({ "Expiration": "2020-01-01T00:00:00Z" }));
    let (theirs, _) = home.both(&[], Some("p"));
    assert!(theirs.contains("still expired"), "{theirs}");
    let before = home.world.actions().len();
    let done = run(&mut home.command(&["devices", "--profile", "p"]));
    let error =
        "the credential_process of profile \"p\" (`cat`) gave credentials that expired at 2020-01-01T00:00:00Z\n";
    assert!(done.code == 3 && done.stderr.contains(error), "{done:?}");
    assert_eq!(home.world.actions().len(), before);
}

#[test]
fn credentials_that_expire_later_are_used() {
    for more in [
        serde_json::json!({}),
        serde_json::json!({ "Expiration": "2099-01-01T00:00:00+00:00" }),
        serde_json::json!({ "Expiration": null, "SessionToken": null, "More": [1] }),
    ] {
        let home = giving(&more);
        assert_eq!(home.both(&[], Some("p")), (home.admin(), home.admin()), "{more}");
    }
}

#[test]
fn a_role_is_assumed_with_what_a_program_gives() {
    let home = giving(&serde_json::json!({}));
    let role = format!("arn:aws:iam::{}:role/none", home.world.aws.account());
    let config = std::fs::read_to_string(home.path("config")).unwrap();
    home.write("config", format!("{config}[profile r]\nrole_arn = {role}\nsource_profile = p\n"));
    let done = home.doctor(&["--profile", "r"]);
    assert!(home.world.actions().iter().any(|action| action == "AssumeRole"), "{done:?}");
    let said = check(&done, "aws_configuration")["details"].to_string();
    assert!(said.contains("come from the credential_process of profile p"), "{said}");
}

#[test]
fn what_a_program_prints_wrongly_is_named() {
    for (process, why) in [
        ("echo nothing", "(`echo`) printed no JSON of credentials"),
        ("echo '{}'", "(`echo`) printed JSON whose Version is not 1"),
        ("echo '{\"Version\": 1}'", "(`echo`) printed no AccessKeyId"),
        ("sh -c 'echo no such vault >&2; exit 7'", "(`sh`) ended with exit status 7"),
    ] {
        let hint = if process.contains("vault") { "no such vault\n" } else { "run the command" };
        with(process).refuses_profile("p", &format!("the credential_process of profile \"p\" {why}"), hint);
    }
}
