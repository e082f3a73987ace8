//! The aws CLI and boto3, with `credential_process = glasskey session …` in their configuration.

use super::Bob;
use crate::interop_aws::venv;
use std::process::Command;

/// A home whose profile `mfa` comes from glasskey, and `base` from the access key.
fn configured(bob: &Bob) -> Vec<(&'static str, String)> {
    let home = bob.world.keys.home.path();
    let glasskey = env!("CARGO_BIN_EXE_glasskey");
    let config = home.join("config");
    std::fs::write(
        &config,
        format!(
            "[profile base]\naws_access_key_id = {}\naws_secret_access_key = {}\n\
             [profile mfa]\ncredential_process = {glasskey} session --profile base --duration 15m --format credential-process\n",
            bob.keys.access_key_id, bob.keys.secret_access_key
        ),
    )
    .unwrap();
    let mut environment: Vec<_> = bob.world.environment(&bob.keys);
    environment.retain(|(name, _)| !name.starts_with("AWS_ACCESS") && !name.starts_with("AWS_SECRET"));
    environment.retain(|(name, _)| *name != "AWS_CONFIG_FILE");
    environment.push(("AWS_CONFIG_FILE", config.display().to_string()));
    environment.push(("AWS_PROFILE", "mfa".to_owned()));
    environment.push(("AWS_EC2_METADATA_DISABLED", "true".to_owned()));
    environment.push(("NO_PROXY", "*".to_owned()));
    environment.push(("GLASSKEY_CARDS", bob.world.keys.cards()));
    environment.push(("GLASSKEY_STATE_DIR", bob.world.keys.state_dir().display().to_string()));
    environment.push(("HOME", home.display().to_string()));
    environment.push(("PATH", std::env::var("PATH").unwrap()));
    environment
}

fn client(bob: &Bob, program: &str, args: &[&str]) -> String {
    let mut command = Command::new(venv().join("bin").join(program));
    let output = command.args(args).env_clear().envs(configured(bob)).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out
}

#[test]
fn the_aws_cli_takes_its_credentials_from_it_and_opens_one_session() {
    let bob = Bob::new();
    for _ in 0..2 {
        let who = client(&bob, "aws", &["sts", "get-caller-identity", "--output", "text", "--query", "Arn"]);
        assert!(who.trim_end().ends_with(":user/bob"), "{who}");
    }
    assert_eq!((bob.count("GetSessionToken"), bob.count("GetCallerIdentity")), (1, 2));
}

#[test]
fn boto3_takes_its_credentials_from_it() {
    let bob = Bob::new();
    let script = "import boto3\n\
                  credentials = boto3.Session().get_credentials()\n\
                  assert credentials.method == 'custom-process', credentials.method\n\
                  assert credentials.get_frozen_credentials().token\n\
                  print(boto3.client('sts').get_caller_identity()['Arn'])\n";
    let who = client(&bob, "python", &["-c", script]);
    assert!(who.trim_end().ends_with(":user/bob"), "{who}");
    assert_eq!(bob.count("GetSessionToken"), 1);
}
