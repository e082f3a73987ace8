//! Users, their keys and their policies.

use super::account;
use super::client::{call, create, pair, verdict};

#[test]
fn a_user_comes_and_goes() {
    let (aws, admin) = account();
    let v = |action: &str, parameters: &[(&str, &str)]| verdict(&aws, &admin, action, parameters);
    let made = call(&aws, &admin, "CreateUser", &[("UserName", "bob"), ("Path", "/ops/")]);
    assert_eq!(made.get("Arn").as_deref(), Some("arn:aws:iam::111122223333:user/ops/bob"));
    assert_eq!(made.get("CreateDate").as_deref(), Some("2026-11-22T12:00:15Z"));
    let bob = [("UserName", "bob")];
    assert_eq!(v("CreateUser", &bob), "409 EntityAlreadyExists: User with name bob already exists.");
    assert_eq!(
        v("CreateUser", &[("UserName", "BOB")]),
        "409 EntityAlreadyExists: User with name BOB already exists."
    );
    assert_eq!(
        v("CreateUser", &[("UserName", "b b")]),
        "400 ValidationError: The specified value for userName is invalid. It must contain only alphanumeric \
         characters and/or the following: +=,.@_-"
    );
    assert_eq!(call(&aws, &admin, "ListUsers", &[]).all("UserName"), ["admin", "bob"]);
    assert_eq!(call(&aws, &admin, "GetUser", &bob).get("Path").as_deref(), Some("/ops/"));

    let key = call(&aws, &admin, "CreateAccessKey", &bob).keys();
    let policy = r#"{"Statement":{"Effect":"Allow","Action":"iam:GetUser","Resource":"*"}}"#;
    let put = [bob[0], ("PolicyName", "self"), ("PolicyDocument", policy)];
    assert_eq!(v("PutUserPolicy", &put), "200");
    assert_eq!(call(&aws, &key, "GetUser", &[]).get("UserName").as_deref(), Some("bob"));
    let serial = create(&aws, &admin, "key");
    assert_eq!(pair(&aws, &admin, "EnableMFADevice", "bob", &serial, 0), "200");

    let delete = || v("DeleteUser", &bob);
    assert_eq!(delete(), "409 DeleteConflict: Cannot delete entity, must delete access keys first.");
    let id = [bob[0], ("AccessKeyId", key.access_key_id.as_str())];
    assert_eq!(v("DeleteAccessKey", &id), "200");
    let gone = format!("404 NoSuchEntity: The Access Key with id {} cannot be found.", key.access_key_id);
    assert_eq!(v("DeleteAccessKey", &id), gone);
    assert_eq!(delete(), "409 DeleteConflict: Cannot delete entity, must remove tokens from principal first.");
    assert_eq!(v("DeactivateMFADevice", &[bob[0], ("SerialNumber", &serial)]), "200");
    assert_eq!(delete(), "409 DeleteConflict: Cannot delete entity, must delete policies first.");
    assert_eq!(v("DeleteUserPolicy", &put[..2]), "200");
    assert_eq!(delete(), "200");
    assert_eq!(delete(), "404 NoSuchEntity: The user with name bob cannot be found.");
}

#[test]
fn two_access_keys_and_no_more() {
    let (aws, admin) = account();
    let bob = [("UserName", "bob")];
    let keys = [aws.add_user("bob"), call(&aws, &admin, "CreateAccessKey", &bob).keys()];
    let limit = "409 LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2";
    assert_eq!(verdict(&aws, &admin, "CreateAccessKey", &bob), limit);
    let mut listed = call(&aws, &admin, "ListAccessKeys", &bob).all("AccessKeyId");
    listed.sort();
    let mut expected = keys.map(|keys| keys.access_key_id);
    expected.sort();
    assert_eq!(listed, expected);
}

#[test]
fn a_session_does_not_outlive_its_user_under_a_later_namesake() {
    let (aws, admin) = account();
    let bob = aws.add_user("bob");
    let session = call(&aws, &bob, "GetSessionToken", &[]).keys();
    let id = [("UserName", "bob"), ("AccessKeyId", bob.access_key_id.as_str())];
    assert_eq!(verdict(&aws, &admin, "DeleteAccessKey", &id), "200");
    assert_eq!(verdict(&aws, &admin, "DeleteUser", &id[..1]), "200");
    assert_eq!(verdict(&aws, &admin, "CreateUser", &id[..1]), "200");
    let got = verdict(&aws, &session, "GetCallerIdentity", &[]);
    assert_eq!(got, "403 InvalidClientTokenId: The security token included in the request is invalid.");
}

#[test]
fn policies_are_kept_as_written() {
    let (aws, admin) = account();
    let _ = aws.add_user("bob");
    let text = r#"{"Statement": {"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    let put = [("UserName", "bob"), ("PolicyName", "none"), ("PolicyDocument", text)];
    assert_eq!(verdict(&aws, &admin, "PutUserPolicy", &put), "200");
    assert_eq!(call(&aws, &admin, "ListUserPolicies", &put[..1]).all("member"), ["none"]);
    let got = call(&aws, &admin, "GetUserPolicy", &put[..2]).get("PolicyDocument").unwrap();
    let form = format!("d={got}");
    let (_, decoded) = form_urlencoded::parse(form.as_bytes()).next().unwrap();
    assert_eq!(decoded, text);
    let missing = [("UserName", "bob"), ("PolicyName", "x")];
    let expected = "404 NoSuchEntity: The user policy with name x cannot be found.";
    assert_eq!(verdict(&aws, &admin, "GetUserPolicy", &missing), expected);
    assert_eq!(verdict(&aws, &admin, "DeleteUserPolicy", &missing), expected);
}

#[test]
fn tags_are_kept_with_the_user() {
    let (aws, admin) = account();
    let _ = aws.add_user("bob");
    let v = |action: &str, parameters: &[(&str, &str)]| verdict(&aws, &admin, action, parameters);
    let bob = ("UserName", "bob");
    let tag = |key: &str| {
        [bob, ("Tags.member.1.Key", key), ("Tags.member.1.Value", "a = b")].map(|(k, v)| (k.to_owned(), v.to_owned()))
    };
    let tagged = |key: &str| {
        let tag = tag(key);
        v("TagUser", &tag.each_ref().map(|(name, value)| (name.as_str(), value.as_str())))
    };
    assert_eq!((tagged("team"), tagged("team"), tagged("by")), ("200".into(), "200".into(), "200".into()));
    assert_eq!(call(&aws, &admin, "ListUserTags", &[bob]).all("Key"), ["by", "team"]);
    assert_eq!(call(&aws, &admin, "GetUser", &[bob]).all("Value"), ["a = b"; 2]);
    assert_eq!(call(&aws, &admin, "ListUsers", &[]).all("Key"), [""; 0]);
    assert_eq!(v("UntagUser", &[bob, ("TagKeys.member.1", "by"), ("TagKeys.member.2", "none")]), "200");
    assert_eq!(call(&aws, &admin, "ListUserTags", &[bob]).all("Key"), ["team"]);
    (1..50).for_each(|nth| assert_eq!(tagged(&format!("tag-{nth}")), "200"));
    assert_eq!(tagged("one more"), "409 LimitExceeded: Cannot exceed quota for TagsPerUser: 50");
    let with_comma = [bob, ("Tags.member.1.Key", "x"), ("Tags.member.1.Value", "a,b")];
    assert_eq!(
        v("TagUser", &with_comma),
        "400 ValidationError: 1 validation error detected: Value at 'tags.member.1.value' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*"
    );
    let nobody = "404 NoSuchEntity: The user with name carol cannot be found.";
    assert_eq!(v("ListUserTags", &[("UserName", "carol")]), nobody);
    for key in ["aws:team", "AWS:team"] {
        let tag = [("UserName", "bob"), ("Tags.member.1.Key", key), ("Tags.member.1.Value", "x")];
        assert!(v("TagUser", &tag).starts_with("400 InvalidInput: "), "{key}: {}", v("TagUser", &tag));
    }
}

/// Policies can say which tags: docs/policies does.
#[test]
fn conditions_on_the_keys_of_tags() {
    let (aws, _) = account();
    let bob = aws.add_user("bob");
    let allow = |condition: &str| {
        format!(
            r#"{{"Statement":{{"Effect":"Allow","Action":["iam:TagUser","iam:UntagUser"],"Resource":"*","Condition":{condition}}}}}"#
        )
    };
    aws.allow("bob", &allow(r#"{"ForAllValues:StringLike":{"aws:TagKeys":["glasskey/removing/*","x"]}}"#)).unwrap();
    let tag = |keys: &[&str]| {
        let names: Vec<_> = (1..=keys.len()).map(|n| format!("Tags.member.{n}.Key")).collect();
        let pairs = names.iter().map(String::as_str).zip(keys.iter().copied());
        let verdict =
            verdict(&aws, &bob, "TagUser", &[("UserName", "bob")].into_iter().chain(pairs).collect::<Vec<_>>());
        verdict[..3].to_owned()
    };
    assert_eq!(tag(&["glasskey/removing/1"]), "200");
    assert_eq!(tag(&["glasskey/removing/1", "x"]), "200");
    assert_eq!(tag(&["glasskey/removing/1", "team"]), "403");
    assert_eq!(tag(&["team"]), "403");
    let untag = |key: &str| {
        verdict(&aws, &bob, "UntagUser", &[("UserName", "bob"), ("TagKeys.member.1", key)])[..3].to_owned()
    };
    assert_eq!((untag("glasskey/removing/1"), untag("team")), ("200".to_owned(), "403".to_owned()));
    aws.allow("bob", &allow(r#"{"ForAnyValue:StringEquals":{"aws:TagKeys":"team"}}"#)).unwrap();
    assert_eq!(tag(&["glasskey/removing/1", "team"]), "200");
    assert_eq!(tag(&["y"]), "403");
}
