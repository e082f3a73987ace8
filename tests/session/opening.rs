//! Which device and which key; what is printed; what goes wrong on the way to STS.

use super::{Bob, api, keys_of};
use crate::support::run;
use glasskey::sim::aws::{Fault, Wrong};
use glasskey::totp::unix;

#[test]
fn each_format_is_what_its_reader_wants() {
    let bob = Bob::new();
    bob.before_the_end_of_a_step(25);
    let done = bob.fresh(&["--duration", "15m"]);
    assert_eq!((done.code, done.stderr.lines().last()), (0, bob.opened().lines().last()), "{done:?}");
    let lines: Vec<&str> = done.stdout.lines().collect();
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"];
    assert_eq!(lines.len(), names.len(), "{done:?}");
    // A shell takes them as they are.
    let script = format!("{}echo \"$AWS_ACCESS_KEY_ID|$AWS_SECRET_ACCESS_KEY|$AWS_SESSION_TOKEN\"", done.stdout);
    let shell = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let shown = String::from_utf8(shell.stdout).unwrap();
    let parts: Vec<&str> = shown.trim_end().split('|').collect();
    for (line, name) in lines.iter().zip(names) {
        assert!(line.starts_with(&format!("export {name}='")) && line.ends_with('\''), "{line}");
    }
    let session = glasskey::sim::aws::Keys {
        access_key_id: parts[0].to_owned(),
        secret_access_key: parts[1].to_owned(),
        session_token: Some(parts[2].to_owned()),
    };
    let who = api::call(&bob.world.aws, &session, "GetCallerIdentity", &[]);
    assert!(who.contains(":user/bob</Arn>"), "{who}");
    // It counts as opened with MFA: its own device may be looked at and changed.
    api::call(&bob.world.aws, &session, "ListMFADevices", &[]);

    bob.world.aws.clock().advance(std::time::Duration::from_secs(30));
    let done = bob.fresh(&["--duration", "900", "--format", "credential-process"]);
    let json = done.json();
    assert_eq!(json["Version"], 1, "{done:?}");
    let mut fields: Vec<&String> = json.as_object().unwrap().keys().collect();
    fields.sort();
    assert_eq!(fields, ["AccessKeyId", "Expiration", "SecretAccessKey", "SessionToken", "Version"]);
    let expires: jiff::Timestamp = json["Expiration"].as_str().unwrap().parse().unwrap();
    let left = expires.as_second() - unix(bob.world.aws.clock().now()) as i64;
    assert!((895..=900).contains(&left), "{left}");

    bob.world.aws.clock().advance(std::time::Duration::from_secs(30));
    for more in [&["--format", "json"][..], &["--json"]] {
        let done = bob.fresh(more);
        let json = done.json();
        assert_eq!((json["type"].as_str(), json["source"].as_str()), (Some("session"), Some("key")), "{done:?}");
        assert_eq!((json["device"].as_str(), json["key"].as_u64()), (Some(&*bob.serial), Some(12_345_678)));
        assert_eq!(json["role"], serde_json::Value::Null);
        bob.world.aws.clock().advance(std::time::Duration::from_secs(30));
    }
    // One call of IAM for the devices, one of STS for each.
    assert_eq!(bob.count("GetSessionToken"), 4);
    assert_eq!(bob.count("GetCallerIdentity"), 1, "the test's own");
}

#[test]
fn a_role_is_assumed_with_mfa() {
    let bob = Bob::new();
    let account = bob.world.aws.account();
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{account}"}},"Action":"sts:AssumeRole","Condition":{{"Bool":{{"aws:MultiFactorAuthPresent":"true"}}}}}}}}"#
    );
    let admin = bob.world.aws.admin();
    api::call(
        &bob.world.aws,
        &admin,
        "CreateRole",
        &[("RoleName", "break-glass"), ("AssumeRolePolicyDocument", &trust)],
    );
    let role = format!("arn:aws:iam::{account}:role/break-glass");
    let done = bob.fresh(&["--role", &role, "--role-session-name", "drill", "--format", "json"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.json()["role"], role);
    let who = api::call(&bob.world.aws, &keys_of(&done), "GetCallerIdentity", &[]);
    assert!(who.contains(":assumed-role/break-glass/drill</Arn>"), "{who}");
    for (more, what) in [
        (&["--role", "break-glass"][..], "\"break-glass\" is not the ARN of a role"),
        (&["--role", &role, "--duration", "13h"], "a role's session lasts 15 minutes (900) to 12 hours"),
        (&["--duration", "899"], "a session lasts 15 minutes (900) to 36 hours"),
        (
            &["--role", &role, "--role-session-name", "a b"],
            "\"a b\" cannot name a role's session: 2 to 64 letters, digits and _+=,.@-",
        ),
    ] {
        bob.fresh(more).is(2, "", &format!("glasskey: error: {what}\n"));
    }
}

#[test]
fn the_device_is_named_or_found() {
    let bob = Bob::new();
    bob.world.aws.clock().set_offset_seconds(-60);
    let second = bob.world.aws.add_device_for("bob", 1).remove(0);
    bob.world.aws.clock().set_offset_seconds(0);
    let name = second.rsplit('/').next().unwrap();
    assert_ne!(second, bob.serial);
    let not_held = format!(
        "glasskey: error: no key that is plugged in holds one of the caller's MFA devices\n\
         glasskey: there are: {second}\n\
         glasskey: hint: plug in a key that holds one; `glasskey devices` shows which key holds which\n"
    );
    let done = bob.fresh(&[name]);
    done.is(3, "", &not_held);
    bob.hold(bob.world.keys.key(0), name, false);
    for wanted in [name, &second] {
        let done = bob.fresh(&[wanted, "--json"]);
        assert_eq!((done.code, done.json()["device"].as_str()), (0, Some(&*second)), "{done:?}");
        bob.world.aws.clock().advance(std::time::Duration::from_secs(30));
    }
    let done = bob.fresh(&["bob-9"]);
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("glasskey: error: the caller has no MFA device \"bob-9\"\n"), "{done:?}");
    let done = bob.fresh(&["--key", "99999999"]);
    assert_eq!(done.code, 3, "{done:?}");
    assert!(bob.count("GetSessionToken") == 2, "no code was spent on the rest");
}

/// Without iam:ListMFADevices the names on the keys have to do.
#[test]
fn a_user_who_may_not_list_their_devices() {
    let bob = Bob::new();
    bob.before_the_end_of_a_step(25);
    bob.world.aws.fail(Fault { times: 9, ..Fault::next("ListMFADevices", Wrong::Deny) });
    let done = bob.fresh(&[]);
    assert_eq!(done.code, 0, "{done:?}");
    let second = bob.world.aws.add_device_for("bob", 1).remove(0);
    bob.hold(bob.world.keys.key(0), second.rsplit('/').next().unwrap(), false);
    let done = bob.fresh(&[]);
    assert_eq!(done.code, 2, "{done:?}");
    assert!(done.stderr.contains("error: the keys hold several devices, and the caller may not list their own\n"));
    bob.world.aws.clock().advance(std::time::Duration::from_secs(60));
    let done = bob.fresh(&[&second]);
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn there_is_no_device() {
    let bob = Bob::new();
    let carol = api::free_user(&bob.world.aws, "carol");
    let done = run(&mut bob.world.glasskey_as(&carol, ["session", "--no-cache"]));
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("error: the caller has no MFA device to open a session with\n"), "{done:?}");
}

#[test]
fn a_session_opens_no_session() {
    let bob = Bob::new();
    let session = api::mfa_session(&bob.world.aws, &bob.keys, &bob.serial);
    let done = run(&mut bob.world.glasskey_as(&session, ["session", "--no-cache"]));
    done.is(
        3,
        "",
        "glasskey: error: these AWS credentials are a session's, and AWS opens no session with those\n\
         glasskey: hint: name the profile with the access key: --profile NAME; or unset AWS_ACCESS_KEY_ID, \
         AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN\n",
    );
}

/// The lost reply's code is spent: the same command again waits for the next, or says when that is.
#[test]
fn a_lost_reply_spends_the_code() {
    let bob = Bob::new();
    bob.before_the_end_of_a_step(8);
    let began = bob.step();
    bob.world.aws.fail(Fault::next("GetSessionToken", Wrong::LoseReply));
    let lost = bob.fresh(&[]);
    assert_eq!(lost.code, 3, "{lost:?}");
    assert!(
        lost.stdout.is_empty() && lost.stderr.contains("error: the reply to GetSessionToken was lost"),
        "{lost:?}"
    );
    assert!(lost.stderr.ends_with("glasskey: hint: run the same command again\n"), "{lost:?}");
    assert_eq!(bob.world.spent(&bob.serial), Some(began));
    let told = bob.fresh(&["--no-wait"]);
    assert_eq!(told.code, 3, "{told:?}");
    let error = format!(
        "glasskey: error: the present code of {} has been sent to AWS already, and no code is sent twice\n",
        bob.serial
    );
    assert!(
        told.stderr.contains(&error) && told.stderr.contains("hint: run the same command again from "),
        "{told:?}"
    );
    let done = bob.fresh(&[]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains("  waiting   for the next code: "), "{done:?}");
    assert_eq!(bob.count("GetSessionToken"), 2);
}

#[test]
fn throttling_costs_a_code() {
    let bob = Bob::new();
    bob.before_the_end_of_a_step(3);
    let began = bob.step();
    bob.world.aws.fail(Fault::next("GetSessionToken", Wrong::Throttle));
    let done = bob.fresh(&[]);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.stderr.contains(" s, then GetSessionToken again: AWS answered Throttling\n"), "{done:?}");
    assert!(bob.world.spent(&bob.serial) > Some(began));
}

#[test]
fn the_host_is_74_seconds_off() {
    for ahead in [74, -74] {
        let bob = Bob::at(false, ahead);
        let done = bob.fresh(&[]);
        assert_eq!(done.code, 0, "{done:?}");
        assert!(done.stderr.contains("glasskey: warning: this computer's clock is 7"), "{done:?}");
        assert_eq!(bob.count("GetSessionToken"), 1, "the first code was the right one");
    }
}

/// A profile that gets its credentials from this command would start it without end.
#[test]
fn the_profile_is_this_very_command() {
    let bob = Bob::new();
    let config = bob.world.keys.home.path().join("config");
    for process in ["glasskey session", "/usr/bin/glasskey session --profile loop --format credential-process"] {
        std::fs::write(&config, format!("[profile loop]\ncredential_process = {process}\n")).unwrap();
        let mut command = bob.command(&["--profile", "loop"]);
        command.env("AWS_CONFIG_FILE", &config);
        run(&mut command).is(
            3,
            "",
            "glasskey: error: profile \"loop\" gets its credentials from the very command that asks for them, without \
             end\n\
             glasskey: hint: in its credential_process, name the profile that holds the access key: `glasskey session \
             --profile NAME --format credential-process`\n",
        );
    }
}

/// Of several devices one whose code has not been sent: nobody waits for the next step while another device's code is
/// good.
#[test]
fn a_device_with_a_fresh_code_is_taken() {
    let bob = Bob::new();
    bob.world.aws.clock().set_offset_seconds(-60);
    let other = bob.world.aws.add_device_for("bob", 1).remove(0);
    bob.world.aws.clock().set_offset_seconds(0);
    bob.hold(bob.world.keys.key(0), "bob-2", false);
    bob.before_the_end_of_a_step(25);
    let first = bob.fresh(&[]);
    assert_eq!(first.code, 0, "{first:?}");
    let second = bob.fresh(&["--no-wait"]);
    assert_eq!(second.code, 0, "{second:?}");
    let serials = [&bob.serial, &other];
    let taken = |run: &crate::support::Run| serials.iter().position(|serial| run.stderr.contains(serial.as_str()));
    assert!(taken(&first).is_some() && taken(&second).is_some() && taken(&first) != taken(&second), "{second:?}");
    // None is fresh any more.
    assert_ne!(bob.fresh(&["--no-wait"]).code, 0);
}
