//! What is written, in every format; what is not known; what an interruption leaves; and the exit code.

use super::office::{Office, finding, organization, setup, verdicts};
use crate::support;
use glasskey::sim::aws::organization::{Kind, Status};
use glasskey::sim::aws::{Aws, Fault, Wrong};
use glasskey::sim::clock::SimClock;
use serde_json::Value;

#[test]
fn a_table_for_people_says_the_verdict_first_and_how_to_go_on() {
    let office = Office::sound();
    let account = office.aws.account();
    let run = office.run(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let mut lines = run.stdout.lines();
    assert_eq!(lines.next(), Some(format!("Root of {account}: all is well").as_str()));
    assert!(run.stdout.contains("  pass  root has MFA · root has a hardware factor · "), "{}", run.stdout);

    let topic = office.aws.posture().subscriptions[0].topic.clone();
    office.aws.arrange(|posture| posture.subscriptions[0].confirmed = false);
    let run = office.run(&[]);
    assert_eq!(run.code, 1);
    let wanted = format!(
        "Root of {account}: 1 thing to fix\n\n  FAIL  nobody is told when root is used                    high      CIS 5.3 · CloudWatch.1\n        trail \"trail\" → log group \"trail\" → filter \"root-use\" → alarm \"root-use\" → {topic} → {topic} has only an unconfirmed subscription (security@example.com)\n"
    );
    assert!(run.stdout.starts_with(&wanted), "{}", run.stdout);
    // One that was deleted is listed for a while, and is not one that waits to be confirmed.
    office.aws.arrange(|posture| posture.subscriptions[0].deleted = true);
    let run = office.run(&[]);
    let wanted = format!("{topic} has only a subscription that was deleted (security@example.com)");
    assert!(run.stdout.contains(&wanted) && !run.stdout.contains("unconfirmed"), "{}", run.stdout);
}

#[test]
fn fail_on_decides_which_findings_count() {
    let office = Office::sound();
    office.aws.arrange(|posture| posture.password_policy = None);
    for (threshold, code) in [("low", 1), ("medium", 0), ("critical", 0)] {
        assert_eq!(office.run(&["--fail-on", threshold]).code, code, "{threshold}");
    }
}

#[test]
fn without_an_organization_there_is_nothing_to_sweep() {
    let office = Office::sound();
    let run = office.run(&["--org"]);
    assert_eq!((run.code, run.stdout.as_str()), (3, ""));
    assert!(run.stderr.contains("AWSOrganizationsNotInUseException"), "{}", run.stderr);
    // The caller's own account is no member, and is still looked at from inside.
    let account = office.aws.account();
    let (lines, code) = office.lines(&["--account", &account]);
    assert_eq!((code, lines.len(), lines[0]["verdict"].as_str()), (0, 2, Some("pass")));
}

#[test]
fn a_member_that_cannot_be_asked_is_unknown_and_says_why() {
    let (organization, office, members) = organization(&[Kind::NoCredentials, Kind::NoCredentials]);
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalArn":"arn:*:iam::*:root"}}}]}"#;
    let policy = organization.add_policy("no-root", deny).unwrap();
    organization.attach(&policy, &members[0]);
    let (lines, code) = office.lines(&["--account", &members[0], "--account", &members[1]]);
    let of = |account: &str| lines.iter().find(|line| line["account"] == account).unwrap();
    assert_eq!(of(&members[0])["verdict"], "unknown");
    assert_eq!(verdicts(of(&members[0]))["root-mfa"], "unknown");
    assert_eq!((of(&members[1])["verdict"].as_str(), code), (Some("pass"), 5));
    // Trusted access off: the same for everybody, and it is said.
    organization.trust("iam.amazonaws.com", false);
    let (lines, code) = office.lines(&["--account", &members[1]]);
    let reason = finding(&lines[0], "root-mfa")["unreadable"][0]["reason"].as_str().unwrap().to_owned();
    assert_eq!(reason, "AWS refused AssumeRoot: Service not enabled for AWS Organizations. (needs sts:AssumeRoot)");
    assert_eq!(code, 5);
}

#[test]
fn closed_accounts_are_shown_as_closed_and_not_asked() {
    let (organization, office, members) = organization(&[Kind::NoCredentials, Kind::NoMfa]);
    organization.set_status(&members[1], Status::Suspended);
    let (lines, _) = office.lines(&["--org"]);
    let closed = lines.iter().find(|line| line["account"] == members[1].as_str()).unwrap();
    assert_eq!((closed["verdict"].as_str(), closed["state"].as_str()), (Some("closed"), Some("SUSPENDED")));
    assert_eq!(lines.last().unwrap()["closed"], 1);
    assert_eq!(office.aws.calls().iter().filter(|call| call.action == "AssumeRoot").count(), 1);
}

#[test]
fn a_delegated_administrator_sees_the_members_and_not_the_management_account() {
    let (organization, _, members) = organization(&[Kind::Sound, Kind::NoCredentials]);
    organization.delegate(&members[0], "iam.amazonaws.com");
    let delegate = organization.account(&members[0]).unwrap();
    let keys = delegate.admin();
    let office = Office::over(delegate, keys);
    let (lines, _) = office.lines(&["--account", &members[1], "--account", "111122223333"]);
    let of = |account: &str| lines.iter().find(|line| line["account"] == account).unwrap();
    assert_eq!(verdicts(of(&members[1]))["root-mfa"], "not_applicable");
    assert_eq!(verdicts(of("111122223333"))["root-mfa"], "unknown");
}

/// Members of every kind and how many calls each costs.
#[test]
fn no_member_costs_more_than_eight_calls() {
    let (_, office, members) = organization(&Kind::ALL);
    office.lines(&["--org"]);
    let calls = office.aws.calls();
    for member in members {
        let arn = format!("arn:aws:iam::{member}:root");
        let own = calls
            .iter()
            .filter(|call| call.caller.as_deref().is_some_and(|caller| caller.contains(&member) || caller == arn));
        // AssumeRoot and GetAlternateContact are calls of the management account.
        let count = own.count() + 2;
        assert!((4..=8).contains(&count), "{member}: {count}");
    }
}

#[test]
fn throttling_is_waited_out_and_counted() {
    let (_, office, members) = organization(&[Kind::NoCredentials]);
    office.aws.fail(Fault::next("AssumeRoot", Wrong::Throttle));
    let (lines, code) = office.lines(&["--account", &members[0]]);
    assert_eq!((lines[0]["verdict"].as_str(), code), (Some("pass"), 0));
    assert_eq!(lines[1]["throttled"], 1);
}

#[test]
fn accounts_come_from_standard_input() {
    let (_, office, members) = organization(&[Kind::NoCredentials, Kind::NoCredentials, Kind::NoMfa]);
    let mut command = office.command(&["--accounts", "-", "--json"]);
    let run = support::run_with(&mut command, format!("{}\n\n {} \n", members[0], members[1]).as_bytes());
    assert_eq!((run.code, run.stdout.lines().count()), (0, 3), "{run:?}");
    let run = support::run_with(&mut office.command(&["--accounts", "-"]), b"111122223333\nprod\n");
    run.is(2, "", "glasskey: error: line 2 of - is not an account: an account number is twelve digits\n");
    let run = support::run_with(&mut office.command(&["--accounts", "-"]), b"\n \n");
    run.is(2, "", "glasskey: error: no account is listed in -\n");
}

#[test]
fn what_is_done_is_not_asked_again() {
    let (_, office, members) = organization(&[Kind::NoCredentials, Kind::NoMfa]);
    let file = office.path().join("audit.jsonl");
    let name = file.to_str().unwrap().to_owned();
    let args = ["--account", &members[0], "--account", &members[1], "--resume", &name];
    office.aws.fail(Fault::nth("AssumeRoot", 2, Wrong::Deny));
    let (first, code) = office.lines(&args);
    assert_eq!(
        (first.len(), code),
        (3, if first[0]["verdict"] == "fail" || first[1]["verdict"] == "fail" { 1 } else { 5 })
    );
    // A line that a crash cut short.
    let mut text = std::fs::read_to_string(&file).unwrap();
    text.push_str("{\"type\":\"root_au");
    std::fs::write(&file, text).unwrap();
    let before = office.aws.calls().iter().filter(|call| call.action == "AssumeRoot").count();
    let (second, code) = office.lines(&args);
    let after = office.aws.calls().iter().filter(|call| call.action == "AssumeRoot").count();
    assert_eq!((second.len(), code, after - before), (3, 1, 1), "only the one that could not be told is asked again");
    let (third, _) = office.lines(&args);
    assert_eq!(third[2]["accounts"], 2);
    // What is older than a day is no part of an audit that was interrupted.
    let asked = || office.aws.calls().iter().filter(|call| call.action == "AssumeRoot").count();
    let (before, text) = (asked(), std::fs::read_to_string(&file).unwrap());
    let old = text.replace("\"at\":1", "\"at\":");
    assert_ne!(old, text);
    std::fs::write(&file, old).unwrap();
    assert_eq!((office.lines(&args).0.len(), asked() - before), (3, 2));
    let told = office.run(&args).stderr;
    assert!(told.contains(&format!("glasskey: 2 accounts of {name} not asked again: asked since 20")), "{told}");
    std::fs::write(&file, "something else\n").unwrap();
    let run = office.run(&args);
    assert_eq!(run.code, 3);
    assert!(run.stderr.contains(&format!("line 1 of {name} is no row of an audit")), "{}", run.stderr);
}

/// The file may be of another organization, or an account may have left this one.
#[test]
fn rows_of_accounts_that_the_organization_does_not_list_are_left_out() {
    let (_, office, members) = organization(&[Kind::NoCredentials, Kind::NoMfa]);
    let file = office.path().join("audit.jsonl");
    let name = file.to_str().unwrap().to_owned();
    let args = ["--org", "--resume", &name];
    let before = office.lines(&args).0.len();
    let text = std::fs::read_to_string(&file).unwrap();
    let row = text.lines().find(|row| row.contains(&members[1])).unwrap();
    let foreign = row.replace(&members[1], "999999999999");
    std::fs::write(&file, format!("{text}{foreign}\n")).unwrap();
    let done = office.run(&args);
    assert!(!done.stdout.contains("999999999999"), "{done:?}");
    let told = format!("glasskey: 1 account of {name} left out: not in this organization\n");
    assert!(done.stderr.contains(&told), "{done:?}");
    let (rows, _) = office.lines(&args);
    assert_eq!((rows.len(), &rows[before - 1]["accounts"]), (before, &serde_json::json!(members.len() + 1)));
}

#[test]
fn a_table_of_many_accounts() {
    let (_, office, members) = organization(&[Kind::NoCredentials, Kind::NoMfa]);
    let run = office.run(&["--account", &members[0], "--account", &members[1]]);
    assert_eq!(run.code, 1);
    assert!(run.stdout.starts_with("Root users of 2 accounts: 1 well, 1 with something to fix\n"), "{}", run.stdout);
    let row = run.stdout.lines().find(|line| line.contains(&members[1])).unwrap();
    assert!(row.starts_with("  FAIL  000000000002  ") && row.contains("root-mfa, root-hardware-mfa"), "{row}");
    assert_eq!(
        run.stderr.lines().filter(|line| line.contains("00000000000")).count(),
        2,
        "a row each, as it is done"
    );
    let row = run.stdout.lines().find(|line| line.contains(&members[0])).unwrap();
    assert!(row.ends_with("  none needed"), "{row}");
}

/// Every element is closed in its order, nothing is loaded, nothing runs; and other people's words are only words.
#[test]
fn the_html_report_is_whole_and_stands_alone() {
    let (_, office, members) = organization(&Kind::ALL);
    let run = office.run(&["--org", "--format", "html"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    let text = run.stdout;
    assert!(text.starts_with("<!doctype html>\n<html lang=\"en\">"));
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text.split_once("<html").map(|(_, rest)| rest).unwrap();
    open.push("html");
    while let Some((_, tag)) = rest.split_once('<') {
        let (inside, after) = tag.split_once('>').unwrap();
        rest = after;
        let name = inside.split([' ', '\n']).next().unwrap();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed)),
            None if name == "meta" => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
    for never in ["<script", "<link", "src=", "http-equiv", "@import", "url("] {
        assert!(!text.contains(never), "{never}");
    }
    members.iter().for_each(|member| assert!(text.contains(&format!("<section id=\"a{member}\">")), "{member}"));

    let office = Office::sound();
    office
        .aws
        .arrange(|posture| posture.subscriptions[0].endpoint = "<script>alert(1)</script>@example.com".to_owned());
    for format in ["html", "markdown"] {
        let run = office.run(&["--format", format]);
        assert!(!run.stdout.contains("<script>"), "{format}");
    }
}

#[test]
fn csv_ocsf_and_markdown() {
    let office = Office::sound();
    office.aws.arrange(|posture| posture.contact = None);
    let run = office.run(&["--format", "csv"]);
    let lines: Vec<&str> = run.stdout.split_terminator("\r\n").collect();
    assert_eq!((lines.len(), run.code), (19, 1), "{}", run.stdout);
    assert!(lines[0].starts_with("account,name,partition,standing,rule,verdict,severity,"));
    assert!(lines.iter().any(|line| line.contains(",contact,fail,low,the account has no contact,none is set,")));

    let run = office.run(&["--format", "ocsf"]);
    let events: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.len(), 15);
    for event in &events {
        assert_eq!((&event["class_uid"], &event["type_uid"]), (&2003.into(), &200_301.into()));
        let wanted = event["finding_info"]["types"][0] == "contact";
        assert_eq!(event["compliance"]["status_id"], if wanted { 3 } else { 1 }, "{event}");
        assert_eq!(event.get("remediation").is_some(), wanted);
    }

    let run = office.run(&["--format", "markdown"]);
    let section = "\n### the account has no contact (low)\n\n`contact` · CIS v3 1.1 · CIS v5 1.1 · CIS v6 2.1 · CIS v7 2.2 · Prowler account\\_maintain\\_current\\_contact\\_details\n";
    assert!(run.stdout.contains(section), "{}", run.stdout);
    let run = office.run(&["--format", "csv", "--json"]);
    assert_eq!(run.code, 2);
}

/// What the policy of docs/policies allows is enough.
#[test]
fn the_documented_policy_is_enough() {
    let aws = Aws::with(SimClock::host(), setup());
    aws.protect();
    let _ = aws.admin();
    let _ = aws.add_fido_for("admin", "desk");
    let keys = aws.add_user("reader");
    let policy = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policies/root-audit.json");
    aws.allow("reader", &std::fs::read_to_string(policy).unwrap()).unwrap();
    let office = Office::over(aws, keys);
    let run = office.run(&[]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}
