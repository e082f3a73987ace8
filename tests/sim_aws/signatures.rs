//! Who signs a request is proved by the secret, and nothing else of the request may be another than what was signed.

use super::account;
use super::client::{call, noon, reply, request, verdict};
use glasskey::sim::aws::Keys;
use std::time::Duration;

const WRONG: &str = "SignatureDoesNotMatch";

#[test]
fn another_secret_is_refused_of_keys_and_of_sessions() {
    let (aws, admin) = account();
    let session = call(&aws, &admin, "GetSessionToken", &[]).keys();
    for right in [admin, session] {
        assert_eq!(verdict(&aws, &right, "GetCallerIdentity", &[]), "200");
        let wrong = Keys { secret_access_key: "x".repeat(40), ..right };
        let got = verdict(&aws, &wrong, "GetCallerIdentity", &[]);
        let words = "403 SignatureDoesNotMatch: The request signature we calculated does not match the signature you \
                     provided.";
        assert!(got.starts_with(words), "{got}");
    }
}

#[test]
fn what_is_changed_after_signing_is_refused() {
    let (aws, admin) = account();
    let signed = || request(&admin, noon(), "GetCallerIdentity", &[]);
    let refused = |request: &glasskey::sim::aws::Request| {
        let reply = reply(&aws, request);
        reply.status == 403 && String::from_utf8(reply.body).unwrap().contains(WRONG)
    };
    assert!(!refused(&signed()));
    let mut body = signed();
    body.body.push(b'&');
    let mut host = signed();
    host.headers.insert("host".to_owned(), "elsewhere".to_owned());
    let mut path = signed();
    path.path = "/x".to_owned();
    let mut headers = signed();
    let shorter = headers.headers["authorization"].replace("host;x-amz-date", "x-amz-date");
    headers.headers.insert("authorization".to_owned(), shorter);
    let mut day = signed();
    let other = day.headers["authorization"].replace("/us-east-1/", "/eu-west-1/");
    day.headers.insert("authorization".to_owned(), other);
    for changed in [body, host, path, headers, day] {
        assert!(refused(&changed), "{:?}", changed.headers);
    }
}

#[test]
fn an_access_key_from_its_making_to_its_end() {
    let (aws, admin) = account();
    let _ = aws.add_user("bob");
    aws.set_key_propagation(Duration::from_secs(5));
    let bob = call(&aws, &admin, "CreateAccessKey", &[("UserName", "bob")]).keys();
    let unknown = "403 InvalidClientTokenId: The security token included in the request is invalid.";
    assert_eq!(verdict(&aws, &bob, "GetCallerIdentity", &[]), unknown);
    let used = |id: &str| aws.access_keys("bob").into_iter().find(|key| key.id == id).unwrap().used;
    assert!(!used(&bob.access_key_id));
    aws.clock().advance(Duration::from_secs(5));
    assert_eq!(verdict(&aws, &bob, "GetCallerIdentity", &[]), "200");
    assert!(used(&bob.access_key_id));
    let key = [("UserName", "bob"), ("AccessKeyId", &*bob.access_key_id)];
    let last = call(&aws, &admin, "GetAccessKeyLastUsed", &key[1..]);
    assert_eq!((last.get("ServiceName").unwrap(), last.get("Region").unwrap()), ("sts".into(), "us-east-1".into()));
    for (status, expected) in [("Inactive", unknown), ("Active", "200")] {
        assert_eq!(verdict(&aws, &admin, "UpdateAccessKey", &[key[0], key[1], ("Status", status)]), "200");
        assert_eq!(verdict(&aws, &bob, "GetCallerIdentity", &[]), expected);
    }
    assert_eq!(verdict(&aws, &admin, "DeleteAccessKey", &key), "200");
    assert_eq!(verdict(&aws, &bob, "GetCallerIdentity", &[]), unknown);
}
