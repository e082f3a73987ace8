//! The end state as CloudFormation and as Terraform: judged by cfn-lint, by `terraform fmt`, and by the arguments that
//! version 6.62.0 of Terraform's AWS provider has (`terraform_arguments.json`: of each argument whether it is required; a
//! block has its own, and under the empty name whether it is).

use super::world::{CONTACT, Kind, SCP, TOLD, VIA_RULES, World};
use crate::interop_aws::venv_with_emit_judges;
use serde_json::{Value, json};
use std::process::Command;

/// What is printed for all that can be planned; for an organization, of the policy about root.
fn emitted(world: &World, language: &str) -> String {
    let mut args = vec!["--emit", language];
    match world.kind {
        Kind::Guarded => args.extend(SCP),
        Kind::OrganizationTrail => args.extend(["--org", "--only", "trail"]),
        Kind::KeyedRules => args.extend(TOLD.iter().chain(&VIA_RULES).chain(&["--kms"])),
        _ => args.extend(CONTACT.iter().chain(&["--alarm-email", "security@example.com"])),
    }
    let done = world.run(&args);
    assert_eq!(done.code, 0, "{done:?}");
    done.stdout
}

fn judged(program: &str, args: &[&str], name: &str, text: &str) {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join(name);
    std::fs::write(&path, text).unwrap();
    let program = venv_with_emit_judges().join("bin").join(program);
    let output = Command::new(program).args(args).arg(&path).output().unwrap();
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}\n{text}", said(&output.stdout), said(&output.stderr));
}

#[test]
fn cfn_lint_takes_the_template() {
    for (kind, wanted, left_out) in [
        (Kind::Untrailed, "AWS::CloudTrail::Trail", "password-policy: CloudFormation has no resource for it"),
        (Kind::Bare, "AWS::SNS::Subscription", "root-alarm: a person confirms the subscription from the mail"),
        (Kind::Guarded, "AWS::Organizations::Policy", "[]"),
        (Kind::OrganizationTrail, "AWS::CloudTrail::Trail", "trail: trusted access for cloudtrail.amazonaws.com"),
        (Kind::KeyedRules, "AWS::Events::Rule", "root-alarm: the rules of the other regions (eu-west-1)"),
    ] {
        let text = emitted(&World::of(kind), "cloudformation");
        let template: Value = serde_json::from_str(&text).unwrap();
        let resources = template["Resources"].as_object().unwrap();
        let types: Vec<&str> = resources.values().map(|one| one["Type"].as_str().unwrap()).collect();
        assert!(types.contains(&wanted), "{wanted}: {types:?}");
        let said = template["Metadata"]["NotExpressible"].to_string();
        assert!(said.contains(left_out), "{said}");
        judged("cfn-lint", &["--regions", "us-east-1", "--"], "hardening.json", &text);
    }
}

/// The administrator, as both languages have it, and as neither does.
#[test]
fn the_administrator_is_a_user_in_a_group_and_lacks_a_password_and_mfa() {
    let table: Value = serde_json::from_str(include_str!("terraform_arguments.json")).unwrap();
    let world = World::new();
    let admin = ["--only", "administrator", "--admin-user", "boss", "--admin-key", "12345678"];
    let emitted = |language: &str| {
        let done = world.run(&[&["--emit", language], &admin[..]].concat());
        assert_eq!(done.code, 0, "{done:?}");
        for left_out in ["administrator: the MFA device of boss: `glasskey enroll boss`", "the password of boss: "] {
            assert!(done.stderr.contains(left_out), "{left_out}: {done:?}");
        }
        done.stdout
    };
    let text = emitted("cloudformation");
    let template: Value = serde_json::from_str(&text).unwrap();
    let [group, user] = ["Administrators", "Administrator"].map(|name| &template["Resources"][name]["Properties"]);
    assert_eq!(group["ManagedPolicyArns"], json!(["arn:aws:iam::aws:policy/AdministratorAccess"]));
    assert_eq!(*user, json!({ "UserName": "boss", "Groups": [{ "Ref": "Administrators" }] }));
    judged("cfn-lint", &["--regions", "us-east-1", "--"], "hardening.json", &text);
    let text = emitted("terraform");
    judged("terraform", &["fmt", "-check", "-diff"], "hardening.tf", &text);
    let resources = resources(&text);
    let kinds: Vec<&str> = resources.iter().map(|(kind, _)| kind.as_str()).collect();
    let right = ["aws_iam_group", "aws_iam_group_policy_attachment", "aws_iam_user", "aws_iam_user_group_membership"];
    assert_eq!(kinds, right);
    resources.iter().for_each(|(kind, body)| fits(kind, body, &table[kind]));
    // A group that others are in is not made a second time.
    world.outside.aws.add_group("Administrators", &["alice"]);
    world.outside.aws.attach("group/Administrators", "AdministratorAccess");
    assert!(!emitted("terraform").contains("\"aws_iam_group\""));
    assert!(!emitted("cloudformation").contains("AWS::IAM::Group\""));
}

#[test]
fn terraform_lays_it_out_the_same_way_and_its_provider_has_every_argument() {
    let table: Value = serde_json::from_str(include_str!("terraform_arguments.json")).unwrap();
    for (kind, wanted) in [
        (Kind::Untrailed, "aws_cloudtrail"),
        (Kind::Bare, "aws_cloudwatch_metric_alarm"),
        (Kind::Managing, "aws_iam_organizations_features"),
        (Kind::Guarded, "aws_organizations_policy_attachment"),
        (Kind::OrganizationTrail, "aws_cloudtrail"),
        (Kind::KeyedRules, "aws_kms_alias"),
    ] {
        let text = emitted(&World::of(kind), "terraform");
        judged("terraform", &["fmt", "-check", "-diff"], "hardening.tf", &text);
        let resources = resources(&text);
        assert!(resources.iter().any(|(kind, _)| kind == wanted), "{wanted}: {text}");
        for (kind, body) in &resources {
            let known = table.get(kind).unwrap_or_else(|| panic!("{kind} is not in the table"));
            fits(kind, body, known);
        }
    }
}

/// A body: its arguments and its blocks.
#[derive(Default)]
struct Body {
    arguments: Vec<String>,
    blocks: Vec<(String, Body)>,
}

fn fits(path: &str, body: &Body, known: &Value) {
    let known = known.as_object().unwrap();
    for name in body.arguments.iter().filter(|name| !["depends_on", "for_each"].contains(&name.as_str())) {
        assert!(known.get(name).is_some_and(Value::is_boolean), "{path} has no argument {name}");
    }
    for (name, inside) in &body.blocks {
        let known = known.get(name).filter(|one| one.is_object());
        fits(&format!("{path}.{name}"), inside, known.unwrap_or_else(|| panic!("{path} has no block {name}")));
    }
    for (name, of) in known.iter().filter(|(name, _)| !name.is_empty()) {
        let required = if of.is_boolean() { of == true } else { of[""] == true };
        let there = body.arguments.contains(name) || body.blocks.iter().any(|(block, _)| block == name);
        assert!(!required || there, "{path} lacks {name}");
    }
}

/// The resources of a file, by their types.
fn resources(text: &str) -> Vec<(String, Body)> {
    let mut lines = text.lines();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(rest) = line.strip_prefix("resource \"") {
            found.push((rest.split('"').next().unwrap().to_owned(), body(&mut lines)));
        }
    }
    found
}

/// Up to the brace that ends it. A value of several lines is a policy, which ends with `})`, or a flat object.
fn body<'t>(lines: &mut impl Iterator<Item = &'t str>) -> Body {
    let mut body_so_far = Body::default();
    while let Some(line) = lines.next() {
        let line = line.trim();
        match line.split_once(" = ").map(|(name, value)| (name.trim(), value)) {
            _ if line == "}" => break,
            Some((name, value)) => {
                body_so_far.arguments.push(name.to_owned());
                let end = if value.ends_with("({") { "})" } else { "}" };
                if value.ends_with('{') {
                    assert!(lines.by_ref().any(|line| line.trim() == end), "{name} has no end");
                }
            }
            None if line.ends_with(" {") => {
                body_so_far.blocks.push((line.trim_end_matches(" {").to_owned(), body(lines)));
            }
            None => assert_eq!(line, ""),
        }
    }
    body_so_far
}

#[test]
fn it_goes_into_a_file_and_what_is_left_out_is_said() {
    let world = World::new();
    let path = world.outside.keys.home.path().join("hardening.tf");
    let named = path.to_str().unwrap();
    let done = world.run(&["--emit", "terraform", "--out", named, "--only", "password-policy", "--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    let json = done.json();
    assert_eq!(json["language"], "terraform");
    assert_eq!(json["text"], std::fs::read_to_string(&path).unwrap());
    let again = world.run(&["--emit", "terraform", "--out", named]);
    assert_eq!(again.code, 2, "{again:?}");
    // CloudFormation has no stack without a resource.
    let done = world.run(&["--emit", "cloudformation", "--only", "password-policy"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{done:?}");
    assert!(
        done.stderr.contains("not expressible in it: password-policy: CloudFormation has no resource"),
        "{done:?}"
    );
}

#[test]
fn where_nothing_is_to_do_nothing_is_printed() {
    let world = World::new();
    let _ = world.apply(&["--only", "password-policy"]);
    let done = world.run(&["--emit", "terraform", "--only", "password-policy"]);
    assert_eq!((done.code, done.stdout.as_str()), (0, ""), "{done:?}");
    assert!(done.stderr.contains("nothing to do, so nothing is printed"), "{done:?}");
}
