//! The administrator: the group, its policy and the user. Neither language can give a user MFA.

use super::Emission;
use super::hcl::{Body, Expression, Resource, address};
use crate::aws::hardening::Place;
use serde_json::{Value, json};

/// An administrator who is made.
pub(in crate::flow::harden) struct EmittedAdministrator<'a> {
    pub(in crate::flow::harden) user: &'a str,
    pub(in crate::flow::harden) group: &'a str,
    /// Somebody else relies on the group: it is there, and stays whose it is.
    pub(in crate::flow::harden) has_group: bool,
}

/// The user is in the group, and cannot sign in before somebody gives them a password.
pub(in crate::flow::harden) fn administrator(of: &EmittedAdministrator<'_>, place: &Place) -> Emission {
    let policy = format!("arn:{}:iam::aws:policy/AdministratorAccess", place.partition);
    let user = of.user;
    let left_out = vec![
        format!("the MFA device of {user}: `glasskey enroll {user}` makes one, before {user} gets a password"),
        format!("the password of {user}: `aws iam create-login-profile` sets one; without it {user} cannot sign in"),
    ];
    Emission {
        cloudformation: in_cloudformation(of, &policy),
        terraform: in_terraform(of, &policy),
        not_in_cloudformation: left_out.clone(),
        not_in_terraform: left_out,
    }
}

fn in_cloudformation(of: &EmittedAdministrator<'_>, policy: &str) -> Vec<(&'static str, Value)> {
    let group = match of.has_group {
        true => json!(of.group),
        false => json!({ "Ref": "Administrators" }),
    };
    let user = json!({ "UserName": of.user, "Groups": [group] });
    let administrators = json!({ "GroupName": of.group, "ManagedPolicyArns": [policy] });
    let group = json!({ "Type": "AWS::IAM::Group", "Properties": administrators });
    let user = ("Administrator", json!({ "Type": "AWS::IAM::User", "Properties": user }));
    (!of.has_group).then_some(("Administrators", group)).into_iter().chain([user]).collect()
}

fn in_terraform(of: &EmittedAdministrator<'_>, policy: &str) -> Vec<Resource> {
    let resource = |kind, body| Resource { kind, name: "administrator", body };
    let group = match of.has_group {
        true => Expression::from(of.group),
        false => address("aws_iam_group.administrator.name"),
    };
    let makes_group = [
        resource("aws_iam_group", Body::default().with("name", of.group)),
        resource(
            "aws_iam_group_policy_attachment",
            Body::default().with("group", group.clone()).with("policy_arn", policy),
        ),
    ];
    let membership = Body::default()
        .with("user", address("aws_iam_user.administrator.name"))
        .with("groups", Expression::List(vec![group]));
    let user = [
        resource("aws_iam_user", Body::default().with("name", of.user)),
        resource("aws_iam_user_group_membership", membership),
    ];
    makes_group.into_iter().filter(|_| !of.has_group).chain(user).collect()
}
