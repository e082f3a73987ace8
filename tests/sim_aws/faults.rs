//! What goes wrong on demand.

use super::account;
use super::client::{reply, request, unsigned, verdict};
use glasskey::sim::aws::{Answer, Fault, Wrong};

#[test]
fn each_wrong_has_its_error() {
    let cases = [
        (Wrong::Throttle, "400 Throttling: Rate exceeded"),
        (
            Wrong::Deny,
            "403 AccessDenied: User: arn:aws:iam::111122223333:user/admin is not authorized to perform: iam:ListUsers on \
             resource: arn:aws:iam::111122223333:user/ because no identity-based policy allows the iam:ListUsers action",
        ),
        (Wrong::Expire, "403 ExpiredToken: The security token included in the request is expired"),
        (
            Wrong::Code {
                status: 409,
                code: "ConcurrentModification".to_owned(),
                message: "Wait a few minutes and submit your request again.".to_owned(),
            },
            "409 ConcurrentModification: Wait a few minutes and submit your request again.",
        ),
    ];
    for (what, expected) in cases {
        let (aws, admin) = account();
        aws.fail(Fault::next("ListUsers", what));
        assert_eq!(verdict(&aws, &admin, "GetUser", &[]), "200", "another action");
        assert_eq!(verdict(&aws, &admin, "ListUsers", &[]), expected);
        assert_eq!(verdict(&aws, &admin, "ListUsers", &[]), "200", "only once");
    }
}

#[test]
fn faults_count_their_requests() {
    let (aws, admin) = account();
    aws.fail(Fault { action: None, nth: 2, times: 2, what: Wrong::Throttle });
    let seen: Vec<_> = (0..5).map(|_| verdict(&aws, &admin, "GetUser", &[])).collect();
    let slow = "400 Throttling: Rate exceeded";
    assert_eq!(seen, ["200", slow, slow, "200", "200"]);
    aws.fail(Fault::nth("GetUser", 1, Wrong::Throttle));
    aws.heal();
    assert_eq!(verdict(&aws, &admin, "GetUser", &[]), "200");
}

#[test]
fn a_lost_reply_leaves_the_work_done_and_a_dropped_request_does_not() {
    let (aws, admin) = account();
    let make =
        |name: &str| request(&admin, aws.clock().now(), "CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)]);
    aws.fail(Fault::next("CreateVirtualMFADevice", Wrong::NeverArrive));
    aws.fail(Fault::nth("CreateVirtualMFADevice", 2, Wrong::LoseReply));
    assert!(matches!(aws.handle(&make("a")), Answer::NeverArrived));
    assert_eq!(aws.devices(), []);
    assert!(matches!(aws.handle(&make("a")), Answer::Lost));
    assert_eq!(aws.devices().len(), 1);
    let log: Vec<_> = aws.calls().into_iter().map(|call| (call.action, call.status, call.lost)).collect();
    let name = "CreateVirtualMFADevice".to_owned();
    assert_eq!(log, [(name.clone(), 0, true), (name, 200, true)]);
}

#[test]
fn the_log_says_who_called_what_and_what_came_of_it() {
    let (aws, admin) = account();
    let bob = aws.add_user("bob");
    assert_eq!(verdict(&aws, &admin, "ListUsers", &[]), "200");
    let _ = verdict(&aws, &bob, "ListUsers", &[]);
    let log: Vec<_> = aws.calls().into_iter().map(|c| (c.action, c.caller.unwrap(), c.status, c.code)).collect();
    let arn = |name: &str| format!("arn:aws:iam::111122223333:user/{name}");
    let denied = Some("AccessDenied".to_owned());
    let list = "ListUsers".to_owned();
    assert_eq!(log, [(list.clone(), arn("admin"), 200, None), (list, arn("bob"), 403, denied)]);
}

#[test]
fn a_rate_limit_lets_a_seconds_worth_through() {
    let (aws, admin) = account();
    aws.set_rate(Some(5.0));
    let mut passed = 0;
    let start = std::time::Instant::now();
    for _ in 0..50 {
        passed += u32::from(verdict(&aws, &admin, "GetUser", &[]) == "200");
    }
    let most = 5 + (start.elapsed().as_secs_f64() * 5.0).ceil() as u32;
    assert!((5..=most).contains(&passed), "{passed} of 50, at most {most}");
    aws.set_rate(None);
    assert_eq!(verdict(&aws, &admin, "GetUser", &[]), "200");
}

/// As AWS does on every protocol, also of what it refuses.
#[test]
fn every_reply_has_the_id_of_its_request_in_a_header() {
    let (aws, admin) = account();
    let now = aws.clock().now();
    let named = |service: &str, method: &str, path: &str, header: (&str, &str), body: &[u8]| {
        let mut request = unsigned(path, body.to_vec());
        request.method = method.to_owned();
        request.headers.insert(header.0.to_owned(), header.1.to_owned());
        let reply = reply(&aws, &request.signed(&admin, now, "us-east-1", service));
        let id = ["x-amzn-RequestId", "x-amz-request-id"].iter().find_map(|name| reply.header(name));
        (reply.status, id.is_some_and(|id| !id.is_empty()))
    };
    let target = |name: &'static str| ("x-amz-target", name);
    let cbor = ("smithy-protocol", "rpc-v2-cbor");
    let over_cbor = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
    let contact = br#"{"AlternateContactType":"SECURITY"}"#;
    let none = ("accept", "*/*");
    for (status, got) in [
        (200, named("iam", "POST", "/", none, b"Action=ListUsers&Version=2010-05-08")),
        (200, named("cloudtrail", "POST", "/", target("CloudTrail_20131101.DescribeTrails"), b"{}")),
        (400, named("cloudtrail", "POST", "/", target("CloudTrail_20131101.StartLogging"), b"{}")),
        (200, named("monitoring", "POST", "/", target("GraniteServiceVersion20100801.DescribeAlarms"), b"{}")),
        (200, named("monitoring", "POST", over_cbor, cbor, &[0xa0])),
        (404, named("account", "POST", "/getAlternateContact", none, contact)),
        (200, named("s3", "PUT", "/logs", none, b"")),
        (404, named("s3", "GET", "/logs?policy", none, b"")),
    ] {
        assert_eq!(got, (status, true));
    }
}
