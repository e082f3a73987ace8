//! Who is calling: keys, signing times, policies.

use super::client::{call, reply, request, stamp, verdict};
use super::{account, wait};
use glasskey::sim::aws::{Aws, Keys, Partition, Setup};
use glasskey::sim::clock::SimClock;
use std::time::Duration;

const INVALID: &str = "403 InvalidClientTokenId: The security token included in the request is invalid.";

fn text(aws: &Aws, request: &glasskey::sim::aws::Request) -> (u16, String) {
    let reply = reply(aws, request);
    (reply.status, String::from_utf8(reply.body).unwrap())
}

#[test]
fn unknown_disabled_and_missing_keys_are_told_apart_as_aws_does() {
    let (aws, admin) = account();
    let stranger = Keys { access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(), ..admin.clone() };
    assert_eq!(verdict(&aws, &stranger, "GetCallerIdentity", &[]), INVALID);
    let bob = aws.add_user("bob");
    let off = [("UserName", "bob"), ("AccessKeyId", bob.access_key_id.as_str()), ("Status", "Inactive")];
    assert_eq!(verdict(&aws, &bob, "GetCallerIdentity", &[]), "200");
    assert_eq!(verdict(&aws, &admin, "UpdateAccessKey", &off), "200");
    assert_eq!(verdict(&aws, &bob, "GetCallerIdentity", &[]), INVALID);
    let mut unsigned = request(&admin, aws.clock().now(), "ListUsers", &[]);
    unsigned.headers.remove("authorization");
    let (status, body) = text(&aws, &unsigned);
    assert_eq!(status, 403);
    assert!(body.contains("<Code>MissingAuthenticationToken</Code>"), "{body}");
    let with_token = Keys { session_token: Some("x".to_owned()), ..admin };
    assert_eq!(verdict(&aws, &with_token, "GetCallerIdentity", &[]), INVALID);
}

#[test]
fn a_signature_may_be_five_minutes_off() {
    let (aws, admin) = account();
    let now = aws.clock().now();
    let shift = |seconds: i64| {
        let by = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { now - by } else { now + by }
    };
    for seconds in [-300, -74, 0, 74, 300] {
        assert_eq!(text(&aws, &request(&admin, shift(seconds), "ListUsers", &[])).0, 200, "{seconds}");
    }
    let (status, body) = text(&aws, &request(&admin, shift(-301), "ListUsers", &[]));
    let expired = format!(
        "<Message>Signature expired: {} is now earlier than {} ({} - 5 min.)</Message>",
        stamp(shift(-301)),
        stamp(shift(-300)),
        stamp(now)
    );
    assert_eq!(status, 403);
    assert!(body.contains("<Code>SignatureDoesNotMatch</Code>") && body.contains(&expired), "{body}");
    let (status, body) = text(&aws, &request(&admin, shift(301), "ListUsers", &[]));
    let early = format!(
        "<Message>Signature not yet current: {} is still later than {} ({} + 5 min.)</Message>",
        stamp(shift(301)),
        stamp(shift(300)),
        stamp(now)
    );
    assert_eq!(status, 403);
    assert!(body.contains("<Code>SignatureDoesNotMatch</Code>") && body.contains(&early), "{body}");
}

#[test]
fn every_reply_says_what_time_it_is() {
    let (aws, admin) = account();
    wait(&aws, 5);
    let good = reply(&aws, &request(&admin, aws.clock().now(), "ListUsers", &[]));
    let bad = reply(&aws, &request(&admin, aws.clock().now() - Duration::from_secs(999), "ListUsers", &[]));
    for reply in [&good, &bad] {
        assert_eq!(reply.header("date"), Some("Sun, 22 Nov 2026 12:00:20 GMT"));
        assert_eq!(reply.header("content-type"), Some("text/xml"));
        let id = reply.header("x-amzn-requestid").unwrap();
        assert_eq!(id.len(), 36);
        assert!(str::from_utf8(&reply.body).unwrap().contains(&format!("<RequestId>{id}</RequestId>")));
    }
    assert_ne!(good.header("x-amzn-requestid"), bad.header("x-amzn-requestid"));
}

#[test]
fn errors_are_documents_of_their_service() {
    let (aws, admin) = account();
    for (action, namespace) in [
        ("NoSuchThing", "https://iam.amazonaws.com/doc/2010-05-08/"),
        ("AssumeRole", "https://sts.amazonaws.com/doc/2011-06-15/"),
    ] {
        let (_, body) = text(&aws, &request(&admin, aws.clock().now(), action, &[]));
        let start = format!("<ErrorResponse xmlns=\"{namespace}\">\n<Error>\n<Type>Sender</Type>\n<Code>");
        assert!(body.starts_with(&start), "{body}");
    }
    assert_eq!(
        verdict(&aws, &admin, "NoSuchThing", &[]),
        "400 InvalidAction: Could not find operation NoSuchThing for version 2010-05-08"
    );
}

#[test]
fn callers_are_known_by_their_keys() {
    let (aws, admin) = account();
    let identity = |keys: &Keys| {
        let got = call(&aws, keys, "GetCallerIdentity", &[]);
        (got.get("Arn").unwrap(), got.get("UserId").unwrap())
    };
    assert_eq!(identity(&admin).0, "arn:aws:iam::111122223333:user/admin");
    assert!(identity(&admin).1.starts_with("AIDA"));
    let root = identity(&aws.root());
    assert_eq!(root, ("arn:aws:iam::111122223333:root".to_owned(), "111122223333".to_owned()));
}

#[test]
fn partitions_and_accounts_are_in_every_arn() {
    for (partition, name) in
        [(Partition::Aws, "aws"), (Partition::AwsCn, "aws-cn"), (Partition::AwsUsGov, "aws-us-gov")]
    {
        let setup = Setup { partition, ..Setup::default() };
        let aws = Aws::with(SimClock::manual(super::client::noon()), setup);
        let account = aws.account();
        assert!(account.len() == 12 && account.bytes().all(|c| c.is_ascii_digit()), "{account}");
        let serial = super::client::create(&aws, &aws.admin(), "k");
        assert_eq!(serial, format!("arn:{name}:iam::{account}:mfa/k"));
    }
}

/// What AWS's user guide gives users who may look after their own MFA devices, shortened.
const SELF_SERVICE: &str = r#"{"Version":"2012-10-17","Statement":[
  {"Effect":"Allow","Action":["iam:ListUsers","iam:ListVirtualMFADevices"],"Resource":"*"},
  {"Effect":"Allow","Action":["iam:CreateVirtualMFADevice"],"Resource":"arn:aws:iam::*:mfa/*"},
  {"Effect":"Allow","Action":["iam:EnableMFADevice","iam:ListMFADevices","iam:ResyncMFADevice","iam:GetUser"],
   "Resource":"arn:aws:iam::*:user/${aws:username}"},
  {"Effect":"Deny","NotAction":["iam:CreateVirtualMFADevice","iam:EnableMFADevice","iam:GetUser","iam:ListMFADevices",
    "iam:ListVirtualMFADevices","iam:ResyncMFADevice","sts:GetSessionToken"],
   "Resource":"*","Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}]}"#;

#[test]
fn the_self_service_policy_works_as_written() {
    let (aws, _) = account();
    let bob = aws.add_user("bob");
    let _ = aws.add_user("carol");
    aws.allow("bob", SELF_SERVICE).unwrap();
    let serial = super::client::create(&aws, &bob, "bob");
    assert_eq!(super::client::pair(&aws, &bob, "EnableMFADevice", "bob", &serial, 0), "200");
    let sentence = |action: &str, resource: &str, reason: &str| {
        format!(
            "403 AccessDenied: User: arn:aws:iam::111122223333:user/bob is not authorized to perform: iam:{action} on \
             resource: {resource} {reason}"
        )
    };
    let not_allowed = |action: &str| format!("because no identity-based policy allows the iam:{action} action");
    let explicit = "with an explicit deny in an identity-based policy";
    let carol = "arn:aws:iam::111122223333:user/carol";
    let cases = [
        ("GetUser", &[][..], "200".to_owned()),
        ("GetUser", &[("UserName", "carol")], sentence("GetUser", carol, &not_allowed("GetUser"))),
        ("GetUser", &[("UserName", "ghost")], sentence("GetUser", "user ghost", &not_allowed("GetUser"))),
        ("ListUsers", &[], sentence("ListUsers", "arn:aws:iam::111122223333:user/", explicit)),
        (
            "DeleteVirtualMFADevice",
            &[("SerialNumber", &serial)],
            sentence("DeleteVirtualMFADevice", &serial, explicit),
        ),
    ];
    for (action, parameters, expected) in cases {
        assert_eq!(verdict(&aws, &bob, action, parameters), expected);
    }
    wait(&aws, 10);
    let opened = super::client::session(&aws, &bob, &serial, 0).keys();
    assert_eq!(verdict(&aws, &opened, "ListUsers", &[]), "200");
}

#[test]
fn what_the_simulator_does_not_understand_it_does_not_store() {
    let (aws, admin) = account();
    let _ = aws.add_user("bob");
    let statement = |inside: &str| format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"iam:*",{inside}}}]}}"#);
    let cases = [
        ("{".to_owned(), "Syntax errors in policy."),
        ("[]".to_owned(), "Syntax errors in policy."),
        (r#"{"Statement":{"Effect":"Perhaps","Action":"*","Resource":"*"}}"#.to_owned(), "Syntax errors in policy."),
        (statement(r#""Sid":"x""#), "Policy statement must contain resources."),
        (
            statement(r#""Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#),
            "The simulator does not know the condition operator IpAddress.",
        ),
        (
            statement(r#""Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"x"}}"#),
            "The simulator does not know the condition key aws:sourcevpc.",
        ),
    ];
    for (document, why) in cases {
        let put = [("UserName", "bob"), ("PolicyName", "p"), ("PolicyDocument", document.as_str())];
        let expected = format!("400 MalformedPolicyDocument: {why}");
        assert_eq!(verdict(&aws, &admin, "PutUserPolicy", &put), expected, "{document}");
    }
}

/// One statement that allows GetUser, with what is given put in; whether bob may then read `user`.
#[test]
fn statements_mean_what_aws_says_they_mean() {
    let on = |resource: &str| format!(r#""Action":"iam:GetUser","Resource":"{resource}""#);
    let only_if = |condition: &str| format!(r#""Action":"iam:GetUser","Resource":"*","Condition":{condition}"#);
    let mfa = r#"{"aws:MultiFactorAuthPresent":"false"}"#;
    let cases = [
        (on("*"), true),
        (on("arn:aws:iam::111122223333:user/car?l"), true),
        (on("arn:aws:iam::111122223333:user/car?"), false),
        (on("arn:*:user/c*l"), true),
        (on("arn:*:user/c*x*l"), false),
        (on("arn:aws:iam::111122223333:user/Carol"), false),
        (on("arn:aws:iam::111122223333:user/${aws:username}"), false),
        (on("arn:aws:iam::*:user/${aws:NoSuchThing}*"), false),
        (r#""Action":["iam:List*","IAM:getuser"],"Resource":"*""#.to_owned(), true),
        (r#""NotAction":"iam:Get*","Resource":"*""#.to_owned(), false),
        (r#""NotAction":"iam:List*","Resource":"*""#.to_owned(), true),
        (r#""Action":"*","NotResource":"*:user/carol""#.to_owned(), false),
        (r#""Action":"*","NotResource":["*:user/bob","*:mfa/*"]"#.to_owned(), true),
        // With long-term keys the fact is absent, which is not the same as false.
        (only_if(&format!(r#"{{"Bool":{mfa}}}"#)), false),
        (only_if(&format!(r#"{{"BoolIfExists":{mfa}}}"#)), true),
        (only_if(r#"{"Null":{"aws:MultiFactorAuthPresent":"true"}}"#), true),
        (only_if(r#"{"Null":{"aws:MultiFactorAuthPresent":"false"}}"#), false),
        (only_if(r#"{"NumericLessThan":{"aws:MultiFactorAuthAge":"60"}}"#), false),
        (only_if(r#"{"StringEquals":{"aws:username":["alice","bob"]}}"#), true),
        (only_if(r#"{"StringNotEquals":{"aws:username":["alice","bob"]}}"#), false),
        (only_if(r#"{"StringNotEquals":{"aws:MultiFactorAuthAge":"5"}}"#), true),
        (only_if(r#"{"StringLike":{"aws:PrincipalArn":"*:user/b?b"}}"#), true),
        (only_if(r#"{"ArnNotLike":{"aws:PrincipalArn":"*:user/bob"}}"#), false),
        (only_if(r#"{"StringEquals":{"aws:username":"bob","aws:PrincipalType":"Account"}}"#), false),
    ];
    for (inside, expected) in cases {
        let (aws, _) = account();
        let (bob, _) = (aws.add_user("bob"), aws.add_user("carol"));
        aws.allow("bob", &format!(r#"{{"Statement":[{{"Effect":"Allow",{inside}}}]}}"#)).unwrap();
        let got = verdict(&aws, &bob, "GetUser", &[("UserName", "carol")]);
        assert_eq!(got == "200", expected, "{inside}: {got}");
    }
}

proptest::proptest! {
    /// Whatever comes in is answered with a document, and changes nothing.
    #[test]
    fn nonsense_is_answered(
        body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
        headers in proptest::collection::btree_map("(authorization|x-amz-date|x-amz-security-token)", ".{0,80}", 0..3),
    ) {
        let (aws, _) = account();
        let request = glasskey::sim::aws::Request { method: "POST".to_owned(), path: "/".to_owned(), headers, body };
        let (status, body) = text(&aws, &request);
        proptest::prop_assert!((400..500).contains(&status));
        proptest::prop_assert!(body.starts_with("<ErrorResponse") && body.ends_with("</ErrorResponse>\n"));
        proptest::prop_assert_eq!(aws.users().len(), 1);
    }

    /// Parameters of any text, from the administrator: an answer, and markup never breaks out of its element.
    #[test]
    fn any_parameter_is_answered(
        action in "(CreateVirtualMFADevice|EnableMFADevice|ListVirtualMFADevices|CreateUser|GetSessionToken|AssumeRole)",
        values in proptest::collection::vec(".{0,40}", 8),
    ) {
        let (aws, admin) = account();
        let names = ["UserName", "SerialNumber", "AuthenticationCode1", "AuthenticationCode2", "VirtualMFADeviceName",
            "Path", "Marker", "TokenCode"];
        let parameters: Vec<_> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
        let got = call(&aws, &admin, &action, &parameters);
        proptest::prop_assert!((200..500).contains(&got.status));
        proptest::prop_assert_eq!(got.text.matches("<RequestId>").count(), 1);
    }
}
