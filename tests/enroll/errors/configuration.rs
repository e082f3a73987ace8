//! Credentials, profiles, regions and endpoints that do not lead to an account.

use super::{enroll, fails};
use crate::support::{Simulated, run};
use glasskey::sim::aws::{Fault, Keys, Wrong};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;

#[test]
fn the_credentials_have_expired() {
    let world = Simulated::with_keys(1);
    world.aws.fail(Fault::next("GetCallerIdentity", Wrong::Expire));
    fails(
        &world,
        &mut enroll(&world, &[]),
        3,
        "glasskey: error: the AWS credentials have expired\n\
         glasskey: hint: sign in again (`aws login`, `aws sso login`, or a new session) and run the same command \
         again\n",
    );
}

#[test]
fn aws_does_not_know_the_credentials() {
    let world = Simulated::with_keys(1);
    let unknown = Keys {
        access_key_id: "AKIAAAAAAAAAAAAAAAAA".to_owned(),
        secret_access_key: "x".repeat(40),
        session_token: None,
    };
    fails(
        &world,
        &mut world.glasskey_as(&unknown, ["enroll", "alice", "--key", "12345678", "--yes"]),
        3,
        "glasskey: error: AWS does not know these credentials\n\
         glasskey: hint: `aws configure list` shows where they come from\n",
    );
}

const NAME_A_PROFILE: &str =
    "glasskey: hint: name a profile with --profile, or set AWS_PROFILE; `aws configure` makes one";

/// Without credentials in the environment.
fn without_credentials(mut command: Command) -> Command {
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command
}

#[test]
fn there_are_no_credentials() {
    let world = Simulated::with_keys(1);
    let done = run(&mut without_credentials(enroll(&world, &[])));
    assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{done:?}");
    let lines: Vec<&str> = done.stderr.lines().collect();
    assert_eq!(lines[0], "glasskey: error: no AWS credentials found");
    assert_eq!(lines.last(), Some(&NAME_A_PROFILE), "{done:?}");
    assert_eq!(lines.len(), 3, "{done:?}");
    world.nothing_is_left().unwrap();
}

#[test]
fn there_is_no_such_profile() {
    for (config, known) in [("[profile other]\nregion = us-east-1\n", "other"), ("", "none")] {
        let world = Simulated::with_keys(1);
        let path = world.keys.home.path().join("config");
        std::fs::write(&path, config).unwrap();
        let mut command = without_credentials(enroll(&world, &["--profile", "nosuch"]));
        let done = run(command.env("AWS_CONFIG_FILE", &path));
        assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{done:?}");
        let lines: Vec<&str> = done.stderr.lines().collect();
        assert_eq!(lines.len(), 3, "{done:?}");
        let hint = "glasskey: hint: `aws configure --profile nosuch` makes it";
        assert_eq!((lines[0], lines[2]), ("glasskey: error: there is no AWS profile \"nosuch\"", hint));
        assert_eq!(lines[1], format!("glasskey: there are: {known}"));
        world.nothing_is_left().unwrap();
    }
}

#[test]
fn a_profile_that_is_named_wins_over_credentials_in_the_environment() {
    let world = Simulated::with_keys(1);
    let done = run(&mut enroll(&world, &["--profile", "nosuch"]));
    assert_eq!(done.code, 3, "somebody who names a profile does not want another account's: {done:?}");
    world.nothing_is_left().unwrap();
}

#[test]
fn a_profile_gives_credentials_and_no_region_is_needed() {
    let world = Simulated::with_keys(1);
    let config = world.keys.home.path().join("config");
    let admin = world.aws.admin();
    let text = format!(
        "[profile prod]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
        admin.access_key_id, admin.secret_access_key
    );
    std::fs::write(&config, text).unwrap();
    let mut command = without_credentials(enroll(&world, &["--profile", "prod"]));
    let done = run(command.env("AWS_CONFIG_FILE", &config).env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION"));
    assert_eq!(done.code, 0, "{done:?}");
    done.never_says(&[&admin.secret_access_key]);
    world.alice_is_enrolled().unwrap();
}

#[test]
fn the_configuration_file_is_broken() {
    let world = Simulated::with_keys(1);
    let config = world.keys.home.path().join("config");
    std::fs::write(&config, "[profile prod\nregion us-east-1\n").unwrap();
    let mut command = without_credentials(enroll(&world, &["--profile", "prod"]));
    let done = run(command.env("AWS_CONFIG_FILE", &config));
    assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{done:?}");
    let lines: Vec<&str> = done.stderr.lines().collect();
    let said =
        format!("glasskey: error: line 1 of {} begins a section without an end: \"]\" is missing", config.display());
    assert_eq!(lines[0], said, "{done:?}");
    world.nothing_is_left().unwrap();
}

/// The command with another endpoint.
fn at(mut command: Command, url: &str) -> Command {
    command.envs(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS"].map(|name| (name, url)));
    command
}

#[test]
fn nobody_listens_at_the_endpoint() {
    let world = Simulated::with_keys(1);
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let done = run(&mut at(enroll(&world, &[]), &format!("http://{free}")));
    assert_eq!((done.code, done.stdout.as_str()), (3, ""), "{done:?}");
    let lines: Vec<&str> = done.stderr.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "  waiting   1 s, then GetCallerIdentity again: no connection could be made",
            "  waiting   2 s, then GetCallerIdentity again: no connection could be made",
            "glasskey: error: AWS cannot be reached for GetCallerIdentity",
        ]
    );
    assert!(lines[3].contains("Connection refused"), "{done:?}");
    let hint = "glasskey: hint: check the network, the proxy (HTTPS_PROXY) and the endpoint (AWS_ENDPOINT_URL_IAM, \
                AWS_ENDPOINT_URL_STS)";
    assert_eq!(lines[4..], [hint]);
    world.nothing_is_left().unwrap();
}

/// Answers every request with this status line and a web page, as a captive portal or a proxy does.
fn web_page(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut request = BufReader::new(&stream);
            let mut length = 0;
            for line in request.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
            }
            let _ = std::io::copy(&mut request.take(length), &mut std::io::sink());
            let page = "<!doctype html><html><body><p>Please sign in to the guest network.</body></html>";
            let head = format!("HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: {}\r\n", page.len());
            let _ = (&stream).write_all(format!("{head}Connection: close\r\n\r\n{page}").as_bytes());
        }
    });
    url
}

#[test]
fn the_endpoint_is_a_web_page() {
    for status in ["200 OK", "404 Not Found", "403 Forbidden"] {
        let world = Simulated::with_keys(1);
        fails(
            &world,
            &mut at(enroll(&world, &[]), &web_page(status)),
            3,
            "glasskey: error: the reply to GetCallerIdentity lacks what it must have\n\
             glasskey: hint: is AWS_ENDPOINT_URL_IAM or AWS_ENDPOINT_URL_STS pointed at something that is not AWS?\n",
        );
    }
}

#[test]
fn iam_is_a_web_page_and_sts_is_not() {
    let world = Simulated::with_keys(1);
    fails(
        &world,
        enroll(&world, &[]).env("AWS_ENDPOINT_URL_IAM", web_page("200 OK")),
        3,
        "glasskey: error: the reply to ListMFADevices lacks what it must have\n\
         glasskey: hint: is AWS_ENDPOINT_URL_IAM or AWS_ENDPOINT_URL_STS pointed at something that is not AWS?\n",
    );
}
