//! What the AWS configuration says, who the credentials are, and the clock.

use super::{check, says};
use crate::support::{Keys, Run, Simulated, run};

fn doctor(world: &Simulated, more: &[&str]) -> Run {
    run(&mut world.glasskey(["doctor", "--json"].iter().chain(more)))
}

#[test]
fn all_is_well() {
    let world = Simulated::with_keys(1);
    let done = doctor(&world, &[]);
    let admin = format!("arn:aws:iam::{}:user/admin", world.aws.account());
    says(&done, "aws_identity", "ok", &admin, &[]);
    says(&done, "clock", "ok", "as AWS's, within 5 s", &[]);
    says(&done, "aws_configuration", "ok", "the default profile, region us-east-1", &[]);
    assert_eq!((done.code, &*done.stderr), (0, ""));
    says(&done, "aws_iam", "ok", "it answers", &[]);
    assert_eq!(world.actions(), ["GetCallerIdentity", "ListMFADevices"], "nothing else is asked");
}

#[test]
fn an_iam_that_cannot_be_reached() {
    let world = Simulated::with_keys(1);
    let mut command = world.glasskey(["doctor", "--json"]);
    let done = run(command.env("AWS_ENDPOINT_URL_IAM", "http://127.0.0.1:9"));
    assert_eq!((done.code, check(&done, "aws_identity")["verdict"].as_str()), (1, Some("ok")), "{done:?}");
    assert_eq!(check(&done, "aws_iam")["verdict"], "problem", "{done:?}");
}

#[test]
fn a_person_reads_a_line_for_each_thing() {
    let world = Simulated::with_keys(1);
    let done = run(&mut world.glasskey(["doctor"]));
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "  ok           PC/SC service       not looked at: GLASSKEY_CARDS or GLASSKEY_FIDO names software keys",
            "  ok           YubiKey 12345678    YubiKey 5C NFC, firmware 5.7.1",
            "  ok           YubiKey 12345678    OATH is there, 0 of 64 slots used",
        ]
    );
    assert_eq!((lines.last(), done.code), (Some(&"nothing to fix"), 0), "{done:?}");

    world.aws.clock().set_offset_seconds(-74);
    let done = run(&mut world.glasskey(["doctor"]));
    assert!(done.stdout.contains("\n  PROBLEM      clock               7"), "{done:?}");
    assert!(done.stdout.contains("\n                                   fix: "), "{done:?}");
    assert!(done.stdout.ends_with("\n1 problem\n"), "{done:?}");
}

#[test]
fn a_clock_that_is_off() {
    for (aws_ahead, words) in [(-74, "ahead of AWS"), (600, "behind AWS")] {
        let world = Simulated::with_keys(1);
        world.aws.clock().set_offset_seconds(aws_ahead);
        let done = doctor(&world, &[]);
        let clock = check(&done, "clock");
        assert_eq!(clock["verdict"], "problem", "{clock}");
        assert!(clock["message"].as_str().unwrap().ends_with(words), "{clock}");
        assert!(!clock["fixes"][0].as_str().unwrap().is_empty(), "{clock}");
        assert_eq!(check(&done, "aws_identity")["verdict"], "ok", "corrected by the reply itself");
    }
}

#[test]
fn offline_nobody_is_asked() {
    let world = Simulated::with_keys(1);
    let done = doctor(&world, &["--offline"]);
    says(&done, "aws_identity", "cannot_tell", "not asked (--offline)", &[]);
    assert_eq!(check(&done, "clock")["verdict"], "cannot_tell");
    assert_eq!(check(&done, "aws_configuration")["verdict"], "ok");
    assert!(world.actions().is_empty());
    assert_eq!(done.code, 0);
}

#[test]
fn without_credentials_there_is_nothing_to_say() {
    let done = Keys::serve(1).run(["doctor", "--json"]);
    let identity = check(&done, "aws_identity");
    assert_eq!(
        (&identity["verdict"], &identity["message"]),
        (&"cannot_tell".into(), &"no AWS credentials found".into())
    );
    says(
        &done,
        "aws_configuration",
        "ok",
        "the default profile, region us-east-1, which serves for IAM: none is named",
        &[],
    );
    assert_eq!(done.code, 0);
}

#[test]
fn credentials_that_aws_does_not_take() {
    let world = Simulated::with_keys(1);
    let mut command = world.glasskey(["doctor", "--json"]);
    let done = run(command.env("AWS_ACCESS_KEY_ID", "AKIAAAAAAAAAAAAAAAAA"));
    says(
        &done,
        "aws_identity",
        "problem",
        "AWS does not know these credentials",
        &["`aws configure list` shows where they come from"],
    );
    assert_eq!(check(&done, "clock")["verdict"], "ok", "its refusal told the time");
}

#[test]
fn the_profile_and_the_region_that_are_used() {
    let keys = Keys::serve(1);
    let config = keys.home.path().join("config");
    std::fs::write(&config, "[profile prod]\nregion = eu-central-1\n").unwrap();
    let doctor = |more: &[&str]| {
        let mut command = keys.glasskey(["doctor", "--offline", "--json"].iter().chain(more));
        run(command.env("AWS_CONFIG_FILE", &config).env("HTTPS_PROXY", "http://me:secret@proxy:3128"))
    };
    let done = doctor(&["--profile", "prod"]);
    says(&done, "aws_configuration", "ok", "profile prod, region eu-central-1", &[]);
    assert_eq!(
        check(&done, "aws_configuration")["details"],
        serde_json::json!(["profile prod holds no credentials", "HTTPS_PROXY is http://…@proxy:3128"])
    );
    says(
        &doctor(&["--region", "us-gov-west-1"]),
        "aws_configuration",
        "ok",
        "the default profile, region us-gov-west-1",
        &[],
    );
    let wrong = check(&doctor(&["--profile", "pord"]), "aws_configuration");
    assert_eq!(wrong["verdict"], "problem");
    assert_eq!(wrong["message"], "there is no AWS profile \"pord\"");
    assert_eq!(wrong["details"], serde_json::json!(["there are: prod"]));
    std::fs::write(&config, "[profile prod\n").unwrap();
    assert_eq!(check(&doctor(&[]), "aws_configuration")["verdict"], "problem");
}
