//! `root login-check`: root exactly, or somebody else; and what may be read.

use super::place::Place;
use crate::cli::json::is_documented;
use glasskey::sim::aws::Aws;
use glasskey::sim::aws::{Fault, Keys, Partition, Setup, Wrong};
use glasskey::sim::clock::SimClock;
use serde_json::json;

const ALL: [&str; 6] = [
    "iam:ListMFADevices",
    "iam:GetAccountSummary",
    "iam:ListVirtualMFADevices",
    "iam:ListAccessKeys",
    "iam:ListSigningCertificates",
    "iam:GetCredentialReport",
];

fn answers(place: &Place, keys: &Keys) -> Vec<(String, String)> {
    let json = place.run_as(keys, "root login-check --json").json();
    is_documented(&json);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    json["sees"].as_array().unwrap().iter().map(|one| (text(&one["permission"]), text(&one["answer"]))).collect()
}

#[test]
fn a_session_of_root_is_root_and_sees_everything() {
    let place = Place::new();
    let session = place.aws.root_session();
    let (run, account) = (place.run_as(&session, "root login-check"), place.aws.account());
    let caller = format!("caller       arn:aws:iam::{account}:root\nroot         yes, exactly\n");
    assert!(run.code == 0 && run.stdout.starts_with(&caller) && run.stderr.is_empty(), "{run:?}");
    let allowed: Vec<_> = ALL.iter().map(|call| ((*call).to_owned(), "allowed".to_owned())).collect();
    assert_eq!(answers(&place, &session), allowed);
    // A security key is looked at too.
    let _ = place.aws.add_fido_for("root", "desk");
    assert_eq!(answers(&place, &session)[1], ("iam:GetMFADevice".to_owned(), "allowed".to_owned()));
}

#[test]
fn each_refusal_is_told_and_the_rest_still_tried() {
    let place = Place::new();
    let session = place.aws.root_session();
    for call in ALL {
        let action = call.split_once(':').unwrap().1;
        for (wrong, word) in [(Wrong::Deny, "denied"), (Wrong::Expire, "unknown")] {
            place.aws.fail(Fault::next(action, wrong));
            let told = answers(&place, &session);
            let expected = ALL.map(|one| (one.to_owned(), if one == call { word } else { "allowed" }.to_owned()));
            assert_eq!(told, expected, "{call}");
        }
    }
}

#[test]
fn somebody_else_is_not_root_whatever_the_name() {
    let place = Place::new();
    let account = place.aws.account();
    for name in ["admin", "root", "groot", "root-account-mfa-device"] {
        let keys = if name == "admin" { place.aws.admin() } else { place.aws.add_user(name) };
        let run = place.run_as(&keys, "root login-check");
        run.is(
            1,
            &format!(
                "caller       arn:aws:iam::{account}:user/{name}\nroot         no\ncredentials  an access key\n"
            ),
            "glasskey: hint: `aws login --profile NAME`, and sign in as root in the browser; then name that profile \
             here\n",
        );
        let json = place.run_as(&keys, "root login-check --json").json();
        assert_eq!(
            (&json["root"], &json["sees"], &json["credentials"]),
            (&json!(false), &json!([]), &json!("access_key"))
        );
    }
}

#[test]
fn an_access_key_of_root_is_root_and_frowned_upon() {
    let place = Place::new();
    let run = place.run_as(&place.aws.root(), "root login-check");
    assert_eq!(run.code, 0);
    assert_eq!(
        run.stderr,
        "glasskey: hint: root should have no access key: sign in with `aws login` instead, and delete the key\n"
    );
}

#[test]
fn every_partition_has_its_root() {
    for partition in [Partition::AwsCn, Partition::AwsUsGov, Partition::AwsEusc] {
        let place = Place::over(Aws::with(SimClock::host(), Setup { partition, ..Setup::default() }));
        let json = place.run_as(&place.aws.root_session(), "root login-check --json").json();
        let arn = format!("arn:{}:iam::{}:root", partition.as_str(), place.aws.account());
        assert_eq!((&json["caller"], &json["root"]), (&json!(arn), &json!(true)));
    }
}

#[test]
fn without_credentials_it_says_so() {
    let place = Place::new();
    let mut command = place.command(None, "root login-check");
    let run = crate::support::run(&mut command);
    assert_eq!(run.code, 3);
    assert!(run.stderr.starts_with("glasskey: error: no AWS credentials found\n"), "{run:?}");
}
