//! The settings of an account and of an organization. CloudFormation has only the policies among them (CloudFormation
//! Template Reference, resource types).

use super::Emission;
use super::hcl::{Body, Expression, Resource, address};
use crate::aws::hardening::{AlternateContact, FullPasswordPolicy};
use serde_json::{Value, json};

const NONE: &str = "CloudFormation has no resource for it";

fn in_terraform_alone(kind: &'static str, name: &'static str, body: Body) -> Emission {
    let terraform = vec![Resource { kind, name, body }];
    Emission { terraform, not_in_cloudformation: vec![NONE.to_owned()], ..Emission::default() }
}

/// The account's password policy.
pub(in crate::flow::harden) fn password_policy(policy: &FullPasswordPolicy) -> Emission {
    let number = |of: i32| Expression::Plain(of.to_string());
    let mut body = Body::default()
        .with("minimum_password_length", number(policy.minimum_length))
        .with("require_symbols", policy.symbols)
        .with("require_numbers", policy.numbers)
        .with("require_uppercase_characters", policy.uppercase)
        .with("require_lowercase_characters", policy.lowercase)
        .with("allow_users_to_change_password", policy.users_may_change)
        .with("hard_expiry", policy.hard_expiry);
    if let Some(days) = policy.maximum_age {
        body = body.with("max_password_age", number(days));
    }
    if let Some(passwords) = policy.reuse_prevention {
        body = body.with("password_reuse_prevention", number(passwords));
    }
    in_terraform_alone("aws_iam_account_password_policy", "this", body)
}

/// The alternate contact for security.
pub(in crate::flow::harden) fn security_contact(contact: &AlternateContact) -> Emission {
    let body = Body::default()
        .with("alternate_contact_type", "SECURITY")
        .with("name", contact.name.as_str())
        .with("title", contact.title.as_str())
        .with("email_address", contact.email.as_str())
        .with("phone_number", contact.phone.as_str());
    in_terraform_alone("aws_account_alternate_contact", "security", body)
}

/// Central root access.
pub(in crate::flow::harden) fn central_root_access() -> Emission {
    let features = ["RootCredentialsManagement", "RootSessions"].map(Expression::from);
    let body = Body::default().with("enabled_features", Expression::List(features.into()));
    let mut emission = in_terraform_alone("aws_iam_organizations_features", "this", body);
    let trust = "trusted access for iam.amazonaws.com is an argument of aws_organizations_organization, which an \
                 organization that is there already must be imported into";
    emission.not_in_terraform.push(trust.to_owned());
    emission
}

/// A service control policy, and what it is attached to.
pub(in crate::flow::harden) fn service_control_policy(
    (name, description): (&str, &str),
    text: &str,
    target: &str,
) -> Emission {
    let content: Value = serde_json::from_str(text).unwrap_or_default();
    let policy = json!({
        "Type": "AWS::Organizations::Policy",
        "Properties": {
            "Name": name, "Description": description, "Type": "SERVICE_CONTROL_POLICY", "Content": content,
            "TargetIds": [target],
        },
    });
    let resource = |kind, body| Resource { kind, name: "deny_root", body };
    let terraform = vec![
        resource(
            "aws_organizations_policy",
            Body::default()
                .with("name", name)
                .with("description", description)
                .with("type", "SERVICE_CONTROL_POLICY")
                .with("content", content),
        ),
        resource(
            "aws_organizations_policy_attachment",
            Body::default()
                .with("policy_id", address("aws_organizations_policy.deny_root.id"))
                .with("target_id", target),
        ),
    ];
    Emission { cloudformation: vec![("DenyRoot", policy)], terraform, ..Emission::default() }
}
