//! Files that the SDK and the TLS library open by themselves.

use super::Home;
use std::path::PathBuf;
use std::process::Command;

fn pipe(home: &Home) -> PathBuf {
    let path = home.world.keys.home.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

#[test]
fn a_pipe_in_a_files_place_is_named_and_not_waited_for() {
    let home = Home::new();
    let path = pipe(&home);
    let url = home.world.server.url();
    let cases: [(&str, &[(&str, &str)]); 3] = [
        ("SSL_CERT_FILE", &[]),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", &[("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/x")]),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", &url)]),
    ];
    for (name, more) in cases {
        for args in [&["devices"][..], &["session", "--timeout", "60s"]] {
            let mut command = home.command(args);
            command.env(name, &path).envs(more.iter().copied());
            let error = format!("{name}: {} is not a regular file", path.display());
            home.refuses(&mut command, &error, "");
        }
    }
}

#[test]
fn the_file_of_a_profiles_token_is_named() {
    let home = Home::new();
    let role = "role_arn = arn:aws:iam::123456789012:role/x\n";
    let path = pipe(&home);
    home.write(
        "config",
        format!(
            "[profile gone]\n{role}web_identity_token_file = /nope\n\
             [profile pipe]\n{role}web_identity_token_file = {}\n",
            path.display()
        ),
    );
    let error = "web_identity_token_file of profile \"gone\": /nope cannot be used: it cannot be read: No such file or \
                 directory (os error 2)";
    home.refuses_profile("gone", error, "");
    let error = format!("web_identity_token_file of profile \"pipe\": {} is not a regular file", path.display());
    home.refuses_profile("pipe", &error, "");
}

/// A sign-in that the SDK keeps in a file whose name is a hash.
#[test]
fn a_pipe_in_the_place_of_a_sign_in_is_named() {
    let home = Home::new();
    home.write(
        "config",
        "[profile s]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = x\n\
         [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://x\n",
    );
    let cache = home.path("sso/cache");
    std::fs::create_dir_all(&cache).unwrap();
    // echo -n corp | sha1sum
    let path = cache.join("ee0bfd2552fbd840c02cc48b6e823320543c450f.json");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    home.refuses_profile("s", &format!("the sign-in of profile \"s\": {} is not a regular file", path.display()), "");
}
