//! What counts as protection from lock-out: an administrator other than root who nothing hinders, and who can sign in.

use super::world::{Kind, World};
use crate::enroll::api;
use glasskey::sim::aws::Aws;

const EVERYTHING: &str = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;

fn policy(statements: &str) -> String {
    format!(r#"{{"Version":"2012-10-17","Statement":[{statements}]}}"#)
}

/// An account in which root has keys; its administrator is a user without MFA, who does not count.
fn world() -> World {
    let world = World::of(Kind::OfRoot);
    for serial in world.outside.devices_of("admin") {
        world.outside.aws.remove_device(&serial);
    }
    world.outside.aws.forget_report();
    world
}

fn call(aws: &Aws, action: &str, arguments: &[(&str, &str)]) {
    let answer = api::answered(aws, &aws.admin(), action, arguments);
    assert!(answer.contains(&format!("{action}Response")), "{action}: {answer}");
}

/// Whether the steps about root's credentials are planned.
fn is_protected(world: &World) -> bool {
    let done = world.run(&["--only", "root-access-keys", "--json"]);
    assert_eq!(done.code, 1, "{done:?}");
    let json = done.json();
    let planned = json["steps"].as_array().unwrap().len() == 1;
    assert_eq!(json["open"].as_array().unwrap().len(), usize::from(!planned), "{json}");
    if !planned {
        assert_eq!(json["open"][0]["code"], "not_protected", "{json}");
    }
    assert_eq!(json["protected_by"].is_string(), planned, "{json}");
    planned
}

#[test]
fn the_plan_names_who_is_counted_on() {
    let world = World::of(Kind::OfRoot);
    let done = world.run(&["--only", "root-access-keys"]);
    let line = "Counted on to administer the account: user admin, who has MFA";
    assert!(done.stdout.lines().any(|it| it == line), "{done:?}");
}

#[test]
fn a_role_counts_where_somebody_is_seen_who_can_assume_it() {
    let assume = |principal: &str, more: &str| {
        format!(r#"{{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{principal}{more}}}"#)
    };
    let saml = r#"{"Effect":"Allow","Action":["sts:AssumeRoleWithSAML","sts:TagSession"],"Principal":{"Federated":"arn:aws:iam::ACCOUNT:saml-provider/office"}}"#;
    let aws = |of: &str| format!(r#"{{"AWS":"{of}"}}"#);
    let deny = r#",{"Effect":"Deny","Action":"sts:AssumeRole","Principal":"*"}"#;
    let elsewhere = r#","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-elsewhere01"}}"#;
    let cases = [
        (saml.to_owned(), true),
        (
            saml.replace("SAML", "WebIdentity").replace("saml-provider/office", "oidc-provider/token.example.com"),
            false,
        ),
        (assume(&aws("999988887777"), ""), true),
        (assume(&aws("arn:aws:iam::999988887777:role/aws-service-role/x.amazonaws.com/X"), ""), false),
        (
            assume(
                &aws("arn:aws:iam::999988887777:role/ops"),
                r#","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}"#,
            ),
            true,
        ),
        (assume(&aws("arn:aws:iam::ACCOUNT:role/all"), ""), false),
        (assume(&aws("arn:aws:iam::ACCOUNT:user/nobody"), ""), false),
        (assume(&aws("arn:aws:iam::ACCOUNT:root"), ""), false),
        (assume(&aws("999988887777"), elsewhere), false),
        (format!("{}{deny}", assume(&aws("999988887777"), "")), false),
        (r#"{"Effect":"Allow","Action":"sts:TagSession","Principal":{"AWS":"999988887777"}}"#.to_owned(), false),
        (assume(r#"{"Service":"ec2.amazonaws.com"}"#, ""), false),
    ];
    for (statement, right) in cases {
        let world = world();
        let aws = &world.outside.aws;
        let trust = policy(&statement.replace("ACCOUNT", &aws.account()));
        call(aws, "CreateRole", &[("RoleName", "all"), ("AssumeRolePolicyDocument", &trust)]);
        aws.attach("role/all", "AdministratorAccess");
        assert_eq!(is_protected(&world), right, "{trust}");
    }
}

#[test]
fn a_user_counts_whom_nothing_hinders() {
    let without_mfa = r#"{"Effect":"Deny","NotAction":"iam:*","Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}"#;
    let with_mfa = r#"{"Effect":"Deny","Action":"iam:*","Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#;
    let cases = [
        (EVERYTHING.to_owned(), true),
        (format!("{EVERYTHING},{without_mfa}"), true),
        (format!("{EVERYTHING},{with_mfa}"), false),
        (format!(r#"{EVERYTHING},{{"Effect":"Deny","Action":"iam:*","Resource":"*"}}"#), false),
        (r#"{"Effect":"Allow","Action":"*","Resource":"arn:aws:iam::*:role/*"}"#.to_owned(), false),
    ];
    for (statements, right) in cases {
        let world = world();
        let aws = &world.outside.aws;
        let _ = aws.add_user("all");
        let _ = aws.add_fido_for("all", "desk");
        let arguments = [("UserName", "all"), ("PolicyName", "all"), ("PolicyDocument", &*policy(&statements))];
        call(aws, "PutUserPolicy", &arguments);
        aws.forget_report();
        assert_eq!(is_protected(&world), right, "{statements}");
    }
}
