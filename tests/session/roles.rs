//! Roles: assumed together from one MFA session, with an external id, a session policy, and no longer than they allow.

use super::{Bob, api, keys_of};
use crate::support::Run;
use glasskey::sim::aws::{Fault, Wrong};
use std::process::Stdio;
use std::time::Duration;

/// A role that trusts the account's users where MFA was given, and a further condition of its trust policy.
pub(super) fn role(bob: &Bob, name: &str, more: &str, longest: &str) -> String {
    let account = bob.world.aws.account();
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"sts:AssumeRole","Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":"true"}}{more}}}}}}}"#
    );
    let parameters = [("RoleName", name), ("AssumeRolePolicyDocument", &trust), ("MaxSessionDuration", longest)];
    api::call(&bob.world.aws, &bob.world.aws.admin(), "CreateRole", &parameters);
    format!("arn:aws:iam::{account}:role/{name}")
}

fn who(bob: &Bob, run: &Run) -> String {
    api::call(&bob.world.aws, &keys_of(run), "GetCallerIdentity", &[])
}

/// Drops a role's session from the kernel's keyring; the words after `--role`.
fn forget(bob: &Bob, more: &[&str]) {
    let run = bob.run(&[&["--forget", "--role"], more].concat());
    assert!(run.stdout.starts_with("forgotten"), "{run:?}");
}

/// As tools do it: a `credential_process` for each profile, all at the same moment.
#[test]
fn five_roles_at_once_take_one_code() {
    let bob = Bob::new();
    let names = ["reader", "writer", "billing", "network", "break-glass"];
    let roles = names.map(|name| role(&bob, name, "", "3600"));
    let start = |role: &String| {
        let mut command = bob.command(&["--role", role, "--format", "json"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let running = roles.each_ref().map(start);
    for (child, name) in running.into_iter().zip(names) {
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let run =
            Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().unwrap() };
        assert_eq!(run.code, 0, "{run:?}");
        assert!(who(&bob, &run).contains(&format!(":assumed-role/{name}/glasskey</Arn>")), "{run:?}");
    }
    assert_eq!((bob.count("GetSessionToken"), bob.count("AssumeRole")), (1, 5));
    // A sixth, later, takes no code either; and `glasskey session` itself finds the same session.
    let later = bob.run(&["--role", &roles[0], "--role-session-name", "later", "--json"]);
    assert_eq!((later.code, later.json()["source"].as_str()), (0, Some("memory")), "{later:?}");
    assert_eq!(bob.run(&["--json"]).json()["source"], "memory");
    assert_eq!(bob.count("GetSessionToken"), 1);
    // Whatever else is said, all are forgotten: the MFA session would open each role again.
    assert_eq!(bob.run(&["--forget", "--role", &roles[0]]).stdout, "forgotten: 7 sessions\n");
    assert_eq!(bob.run(&["--forget", "--json"]).json()["sessions"], 0);
    bob.world.aws.clock().advance(Duration::from_secs(30));
    assert_eq!(bob.run(&["--role", &roles[0], "--json"]).json()["source"], "key");
}

#[test]
fn a_role_that_wants_a_fresher_code_gets_one() {
    let bob = Bob::new();
    let fresh = role(&bob, "fresh", r#","NumericLessThan":{"aws:MultiFactorAuthAge":"20"}"#, "3600");
    assert_eq!(bob.run(&["--json"]).json()["source"], "key");
    bob.world.aws.clock().advance(Duration::from_secs(60));
    let run = bob.run(&["--role", &fresh, "--json"]);
    assert_eq!((run.code, run.json()["source"].as_str()), (0, Some("key")), "{run:?}");
    assert!(who(&bob, &run).contains(":assumed-role/fresh/"), "{run:?}");
    forget(&bob, &[&fresh]);
}

#[test]
fn an_external_id_and_a_session_policy_go_with_the_role() {
    let bob = Bob::new();
    let guarded = role(&bob, "guarded", r#","StringEquals":{"sts:ExternalId":"partner/7"}"#, "3600");
    let allow_all = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let put = [("RoleName", "guarded"), ("PolicyName", "all"), ("PolicyDocument", allow_all)];
    api::call(&bob.world.aws, &bob.world.aws.admin(), "PutRolePolicy", &put);
    let refused = bob.run(&["--role", &guarded, "--external-id", "partner/8", "--json"]);
    assert_eq!((refused.code, refused.json()["code"].as_str()), (3, Some("access_denied")), "{refused:?}");
    bob.world.aws.clock().advance(Duration::from_secs(30));

    let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}}"#;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("policy.json");
    std::fs::write(&file, policy).unwrap();
    // As editors on Windows save it.
    let utf16 = dir.path().join("utf16.json");
    let bytes: Vec<u8> = format!("\u{feff}{policy}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    std::fs::write(&utf16, bytes).unwrap();
    let files = [file, utf16].map(|file| format!("file://{}", file.display()));
    for policy in [policy.to_owned()].into_iter().chain(files) {
        let arguments = ["--role", &guarded, "--external-id", "partner/7", "--policy", &policy, "--json"];
        let run = bob.run(&arguments);
        assert_eq!(run.code, 0, "{run:?}");
        forget(&bob, &arguments[1..6]);
        let keys = keys_of(&run);
        assert!(api::call(&bob.world.aws, &keys, "ListUsers", &[]).contains("<UserName>bob</UserName>"));
        let denied = api::refused(&bob.world.aws, &keys, "ListRoles", &[]);
        assert!(denied.contains("no session policy allows the iam:ListRoles action"), "{denied}");
    }
    for (more, what) in [
        (&["--external-id", "a b"][..], "\"a b\" is not an external ID: 2 to 1224 letters, digits and _+=,.@:/-"),
        (&["--policy", "{"], "the session policy is not a JSON object"),
        (
            &["--policy", "file:///does/not/exist"],
            "cannot read the policy /does/not/exist: No such file or directory (os error 2)",
        ),
        (
            &["--policy", &format!("{{\"a\":\"{}\"}}", "x".repeat(2041))],
            "the session policy has 2049 characters, and STS takes 2048",
        ),
    ] {
        bob.run(&[&["--role", &guarded], more].concat()).is(2, "", &format!("glasskey: error: {what}\n"));
    }
}

#[test]
fn a_session_longer_than_the_role_allows_is_refused_before_a_code_is_spent() {
    let bob = Bob::new();
    let brief = role(&bob, "brief", "", "7200");
    for more in [&[][..], &["--no-cache"]] {
        let run = bob.run(&[&["--role", &brief, "--duration", "3h"], more].concat());
        let told = format!(
            "glasskey: error: sessions of {brief} last at most 7200 s; no code was used\n\
             glasskey: hint: run it again with `--duration 7200`, or raise the role's MaxSessionDuration\n"
        );
        run.is(2, "", &told);
    }
    assert_eq!((bob.count("GetSessionToken"), bob.count("AssumeRole"), bob.calculated()), (0, 0, 0));
    let run = bob.run(&["--role", &brief, "--duration", "2h", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    forget(&bob, &[&brief, "--duration", "2h"]);
}

/// No code goes with it, so nothing is lost by asking again.
#[test]
fn assuming_a_role_from_a_session_is_tried_again() {
    for wrong in [Wrong::LoseReply, Wrong::Throttle] {
        let bob = Bob::new();
        let reader = role(&bob, "reader", "", "3600");
        bob.world.aws.fail(Fault::next("AssumeRole", wrong.clone()));
        let run = bob.run(&["--role", &reader, "--json"]);
        assert_eq!(run.code, 0, "{wrong:?}: {run:?}");
        assert_eq!((bob.count("GetSessionToken"), bob.count("AssumeRole")), (1, 2), "{wrong:?}");
        forget(&bob, &[&reader]);
    }
}
