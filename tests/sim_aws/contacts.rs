//! Alternate contacts as they are set and taken away: one's own, and a member's.

use super::client::{json, json_error};
use super::organization::{account as member, organization};
use serde_json::{Value, json};

const MEMBER: &str = "222233334444";

fn contact() -> Value {
    json!({
        "AlternateContactType": "SECURITY", "Name": "Ann", "Title": "Lead", "EmailAddress": "ann@example.com",
        "PhoneNumber": "+1 202 555 0102",
    })
}

#[test]
fn a_contact_is_put_replaced_and_deleted() {
    let (aws, admin) = super::account();
    json(&aws, &admin, "account.PutAlternateContact", &contact());
    let mut second = contact();
    second["Name"] = json!("Ben");
    json(&aws, &admin, "account.PutAlternateContact", &second);
    let kind = json!({"AlternateContactType": "SECURITY"});
    assert_eq!(json(&aws, &admin, "account.GetAlternateContact", &kind)["AlternateContact"], second);
    json(&aws, &admin, "account.DeleteAlternateContact", &kind);
    assert_eq!(
        json_error(&aws, &admin, "account.DeleteAlternateContact", &kind),
        "404 ResourceNotFoundException: No contact of the inputted alternate contact type found."
    );
}

#[test]
fn contacts_that_are_refused() {
    let (aws, admin) = super::account();
    let long = "x".repeat(65);
    for (name, value) in [
        ("AlternateContactType", json!("LEGAL")),
        ("Name", json!(long)),
        ("Name", json!("")),
        ("Title", Value::Null),
        ("EmailAddress", json!("nobody")),
        ("PhoneNumber", json!("call me")),
    ] {
        let mut body = contact();
        body[name] = value;
        let got = json_error(&aws, &admin, "account.PutAlternateContact", &body);
        assert!(got.starts_with("400 ValidationException: 1 validation error detected: "), "{got}");
    }
    assert!(aws.posture().alternate_contacts.is_empty());
}

#[test]
fn a_members_contact_is_set_from_the_management_account_while_that_is_trusted() {
    let (organization, admin) = organization();
    let aws = organization.management();
    let mut body = contact();
    body["AccountId"] = json!(MEMBER);
    json(aws, &admin, "account.PutAlternateContact", &body);
    let contacts = member(&organization, MEMBER).posture().alternate_contacts;
    assert_eq!(contacts["SECURITY"].email, "ann@example.com");
    body["AccountId"] = json!(aws.account());
    let own = json_error(aws, &admin, "account.PutAlternateContact", &body);
    assert!(own.starts_with("403 AccessDeniedException: "), "without a number for one's own: {own}");
    organization.trust("account.amazonaws.com", false);
    body["AccountId"] = json!(MEMBER);
    assert_eq!(
        json_error(aws, &admin, "account.PutAlternateContact", &body),
        "403 AccessDeniedException: User: arn:aws:iam::111122223333:user/admin is not authorized to perform: \
         account:PutAlternateContact (Your organization must first enable trusted access with AWS Account Management.)"
    );
}
