//! Variables.

use super::{Home, check};
use crate::support::{Simulated, run};
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

fn home() -> Home {
    let home = Home::new();
    home.write("credentials", format!("[default]\n{}", home.key()));
    home
}

#[test]
fn an_empty_variable_is_not_set() {
    let names = [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_CA_BUNDLE",
        "AWS_USE_FIPS_ENDPOINT",
        "AWS_USE_DUALSTACK_ENDPOINT",
        "AWS_ENDPOINT_URL_ORGANIZATIONS",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_EXECUTION_ENV",
        "HTTPS_PROXY",
        "https_proxy",
        "NO_PROXY",
    ];
    let home = home();
    for name in names {
        let done = run(home.command(&["devices"]).env(name, ""));
        assert_eq!(done.code, 0, "{name}: {done:?}");
    }
    // AWS_ENDPOINT_URL_IAM and _STS lead to the simulator all the same.
    let done = run(home.command(&["devices"]).env("AWS_ENDPOINT_URL", ""));
    assert_eq!(done.code, 0, "{done:?}");
    // Without an endpoint of its own AWS is meant; the proxy keeps it from being asked.
    let mut command = home.command(&["devices"]);
    command.env("AWS_ENDPOINT_URL_IAM", "").env("AWS_ENDPOINT_URL", "");
    let done = run(command.env("HTTPS_PROXY", "http://127.0.0.1:9").env("NO_PROXY", "127.0.0.1"));
    assert_eq!(done.code, 3, "{done:?}");
    assert!(done.stderr.contains("AWS cannot be reached for "), "{done:?}");
}

#[test]
fn an_endpoint_without_a_scheme_is_named() {
    for (name, value) in [
        ("AWS_ENDPOINT_URL", "localhost:4566"),
        ("AWS_ENDPOINT_URL_IAM", "ftp://x"),
        ("AWS_ENDPOINT_URL_SNS", "http://"),
    ] {
        let home = home();
        let error = format!("{name} is \"{value}\", which is no http:// or https:// address");
        home.refuses(home.command(&["devices"]).env(name, value), &error, "");
    }
    let home = home();
    home.write("config", "[profile a]\nservices = s\n[services s]\niam =\n  endpoint_url = localhost\n");
    home.write("credentials", format!("[a]\n{}", home.key()));
    let error = "endpoint_url of iam in [services s] is \"localhost\", which is no http:// or https:// address";
    home.refuses_profile("a", error, "");
}

#[test]
fn switches_and_regions_that_are_none_are_named() {
    let home = home();
    let error = "AWS_USE_FIPS_ENDPOINT is \"yes\", neither true nor false";
    home.refuses(home.command(&["devices"]).env("AWS_USE_FIPS_ENDPOINT", "yes"), error, "");
    let error = "\"us east\" is not the name of a region";
    home.refuses(home.command(&["devices"]).env("AWS_REGION", "us east"), error, "--region");
}

#[test]
fn half_an_access_key_is_not_passed_over() {
    let home = home();
    let error = "AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not";
    home.refuses(home.command(&["devices"]).env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"), error, "set both");
}

#[test]
fn a_variable_that_is_not_text_is_not_passed_over() {
    let home = home();
    let error = "the variable AWS_PROFILE is not text (UTF-8)";
    home.refuses(home.command(&["devices"]).env("AWS_PROFILE", std::ffi::OsStr::from_bytes(b"\xff")), error, "");
}

/// The SDK panics at a header with these.
#[test]
fn characters_that_cannot_be_sent_are_named() {
    for (character, name) in [("\r", "a carriage return"), ("\n", "a line end"), ("\u{1b}", "an escape character")] {
        let home = home();
        let mut command = home.command(&["devices"]);
        command.env("AWS_ACCESS_KEY_ID", format!("AKIAEXAMPLE{character}")).env("AWS_SECRET_ACCESS_KEY", "x");
        let error = |part| format!("the {part} of the AWS credentials has {name} in it, which cannot be sent");
        home.refuses(&mut command, &error("access key id"), "set it anew");
        command.env("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE").env("AWS_SESSION_TOKEN", format!("a{character}b"));
        home.refuses(&mut command, &error("session token"), "set it anew");
        if character != "\n" {
            home.write(
                "credentials",
                format!("[a]\naws_access_key_id = AK{character}IA\naws_secret_access_key = x\n"),
            );
            home.refuses_profile("a", &error("access key id"), "set it anew");
        }
    }
}

#[test]
fn no_variable_of_aws_makes_it_panic() {
    let world = Simulated::with_keys(1);
    let names = [
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_SDK_UA_APP_ID",
        "AWS_ACCOUNT_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ENDPOINT_URL_STS",
        "AWS_CA_BUNDLE",
        "AWS_PROFILE",
        "AWS_CONFIG_FILE",
    ];
    for name in names {
        for value in ["\n", "x\r\ny: z", "\u{1b}[2J", "é", " ", "\u{202e}"] {
            let done = run(world.glasskey(["devices"]).env(name, value));
            assert!([0, 3].contains(&done.code), "{name}={value:?}: {done:?}");
        }
    }
}

/// Few file descriptors: an error, whatever opens one first.
#[test]
fn few_file_descriptors_are_an_error_and_not_a_panic() {
    let home = home();
    for limit in 6..20 {
        let inner = home.command(&["devices"]);
        let mut command = Command::new("prlimit");
        command.arg(format!("--nofile={limit}")).arg(inner.get_program()).args(inner.get_args()).env_clear();
        command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = command.stdin(Stdio::null()).output().unwrap();
        let code = output.status.code();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(code, Some(0 | 3)), "{limit}: {code:?} {said}");
        assert!(!said.contains("panicked"), "{limit}: {said}");
    }
}

#[test]
fn doctor_says_where_a_key_in_the_environment_goes_before_a_profile() {
    let home = home();
    let admin = home.world.aws.admin();
    let mut command = home.command(&["doctor", "--json"]);
    command.env("AWS_ACCESS_KEY_ID", &admin.access_key_id).env("AWS_SECRET_ACCESS_KEY", &admin.secret_access_key);
    let done = run(command.env("AWS_PROFILE", "default"));
    let said = check(&done, "aws_configuration")["details"].to_string();
    assert!(
        said.contains("the access key in the environment goes before the profile, as with the AWS CLI"),
        "{said}"
    );
}

/// The older name goes first, as with the aws CLI (botocore, `EnvProvider`).
#[test]
fn the_older_name_of_the_session_token_is_read() {
    let bob = crate::session::Bob::new();
    let opened = run(&mut bob.command(&["--no-cache", "--format", "json"])).json();
    let word = |name: &str| opened[name].as_str().unwrap().to_owned();
    let mut command = bob.world.glasskey(["doctor", "--json"]);
    command.env("AWS_ACCESS_KEY_ID", word("access_key_id"));
    command.env("AWS_SECRET_ACCESS_KEY", word("secret_access_key"));
    for newer in ["", "another"] {
        command.env("AWS_SESSION_TOKEN", newer).env("AWS_SECURITY_TOKEN", word("session_token"));
        let done = run(&mut command);
        assert!(check(&done, "aws_identity")["message"].to_string().contains("user/bob"), "{done:?}");
        let said = check(&done, "aws_configuration")["details"].to_string();
        assert!(said.contains("AWS_SECURITY_TOKEN is taken for the session token, as with the AWS CLI"), "{said}");
    }
}
