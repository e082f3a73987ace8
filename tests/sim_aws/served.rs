//! The loopback server: the same answers over a socket, and the control path.

use super::account;
use super::client::request;
use glasskey::sim::aws::{Aws, Keys, Request};
use glasskey::sim::serve::Server;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

fn served() -> (Aws, Keys, Server) {
    let (aws, admin) = account();
    let server = Server::start(aws.clone(), None).unwrap();
    (aws, admin, server)
}

/// One exchange on a connection of its own: the status and the body; `None` when the server hung up without a word.
fn exchange(server: &Server, head: &str, body: &[u8]) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let length = body.len();
    write!(stream, "{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n").unwrap();
    // A server that refuses a large body may hang up before it has taken all of it.
    let _ = stream.write_all(body);
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    let text = String::from_utf8(text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    Some((head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned()))
}

fn api(server: &Server, aws: &Aws, keys: &Keys, action: &str) -> Option<(u16, String)> {
    let mut request = request(keys, aws.clock().now(), action, &[]);
    request.headers.insert("host".to_owned(), server.addr().to_string());
    let service = if action == "GetCallerIdentity" { "sts" } else { "iam" };
    let request = request.signed(keys, aws.clock().now(), "us-east-1", service);
    let header = |name: &str| request.header(name).unwrap().to_owned();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nAuthorization: {}\r\nX-Amz-Date: {}",
        header("host"),
        header("authorization"),
        header("x-amz-date")
    );
    exchange(server, &head, &request.body)
}

fn control(server: &Server, method: &str, command: &str, body: &Value) -> (u16, Value) {
    let head = format!("{method} /_glasskey/{command} HTTP/1.1\r\nHost: {}", server.addr());
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let (status, text) = exchange(server, &head, body.as_bytes()).unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[test]
fn answers_on_loopback_and_stops_when_dropped() {
    let (aws, admin, server) = served();
    assert!(server.addr().ip().is_loopback());
    let (status, body) = api(&server, &aws, &admin, "GetCallerIdentity").unwrap();
    assert_eq!(status, 200);
    assert!(body.contains("<Account>111122223333</Account>"), "{body}");
    let addr = server.addr();
    drop(server);
    assert!(TcpStream::connect(addr).is_err());
}

#[test]
fn prints_what_a_shell_needs() {
    let (_, admin, server) = served();
    let mut expected = vec![
        format!("export AWS_ACCESS_KEY_ID={}", admin.access_key_id),
        format!("export AWS_SECRET_ACCESS_KEY={}", admin.secret_access_key),
        "export AWS_REGION=us-east-1".to_owned(),
        "export AWS_DEFAULT_REGION=us-east-1".to_owned(),
        format!("export AWS_ENDPOINT_URL={}", server.url()),
    ];
    let services =
        "IAM STS ACCOUNT CLOUDTRAIL CLOUDWATCH CLOUDWATCH_LOGS EVENTBRIDGE KMS ORGANIZATIONS S3 SNS SSO_ADMIN";
    let services = services.split(' ');
    expected.extend(services.map(|service| format!("export AWS_ENDPOINT_URL_{service}={}", server.url())));
    assert_eq!(server.exports(&admin), expected);
}

#[test]
fn the_control_path_moves_the_clock_and_makes_things_fail() {
    let (aws, admin, server) = served();
    let start = aws.clock().now();
    assert_eq!(control(&server, "POST", "clock", &json!({"advance_seconds": 30})).0, 200);
    assert_eq!(aws.clock().now(), start + Duration::from_secs(30));
    assert_eq!(control(&server, "POST", "clock", &json!({"offset_seconds": -30})).0, 200);
    assert_eq!(aws.clock().now(), start);

    let fault = json!({"action": "ListUsers", "nth": 2, "what": "throttle"});
    assert_eq!(control(&server, "POST", "fault", &fault).0, 200);
    let own = json!({"what": {"code": {"status": 503, "code": "ServiceUnavailable", "message": "later"}},
        "action": "GetUser"});
    assert_eq!(control(&server, "POST", "fault", &own).0, 200);
    for (action, expected) in [("ListUsers", 200), ("ListUsers", 400), ("GetUser", 503), ("GetUser", 200)] {
        assert_eq!(api(&server, &aws, &admin, action).unwrap().0, expected, "{action}");
    }
    assert_eq!(control(&server, "POST", "fault", &json!({"action": "ListUsers", "what": "lose_reply"})).0, 200);
    assert_eq!(api(&server, &aws, &admin, "ListUsers"), None);
    assert_eq!(control(&server, "POST", "fault", &json!({"what": "deny"})).0, 200);
    assert_eq!(control(&server, "POST", "heal", &Value::Null).0, 200);
    assert_eq!(api(&server, &aws, &admin, "ListUsers").unwrap().0, 200);

    assert_eq!(control(&server, "POST", "latency", &json!({"milliseconds": 120})).0, 200);
    let before = Instant::now();
    assert_eq!(api(&server, &aws, &admin, "ListUsers").unwrap().0, 200);
    assert!(before.elapsed() >= Duration::from_millis(120));
    assert_eq!(control(&server, "POST", "latency", &json!({"milliseconds": 0})).0, 200);
    assert_eq!(control(&server, "POST", "rate", &json!({"per_second": 0.001})).0, 200);
    assert_eq!(api(&server, &aws, &admin, "ListUsers").unwrap().0, 200);
    assert_eq!(api(&server, &aws, &admin, "ListUsers").unwrap().0, 400);
    assert_eq!(control(&server, "POST", "rate", &json!({"per_second": null})).0, 200);

    let (_, log) = control(&server, "GET", "log", &Value::Null);
    let calls = log["calls"].as_array().unwrap();
    assert_eq!(calls[4]["action"], "ListUsers");
    assert_eq!((&calls[4]["lost"], &calls[4]["status"]), (&json!(true), &json!(200)));
    assert_eq!(calls[1]["code"], "Throttling");
    assert_eq!(calls[0]["caller"], "arn:aws:iam::111122223333:user/admin");
}

#[test]
fn any_account_can_be_put_into_any_state_while_it_is_served() {
    let (organization, admin) = super::organization::organization();
    let (aws, member) = (organization.management().clone(), "222233334444");
    let server = Server::start(aws.clone(), None).unwrap();
    let post = |command: &str, body: Value| control(&server, "POST", command, &body).0;
    let flags = |account: &Aws| {
        let text = super::client::call(account, &account.admin(), "GetAccountSummary", &[]).text;
        [
            "AccountMFAEnabled",
            "AccountAccessKeysPresent",
            "AccountPasswordPresent",
            "AccountSigningCertificatesPresent",
        ]
        .map(|flag| text.contains(&format!("<key>{flag}</key>\n<value>1</value>")))
    };
    let account = organization.account(member).unwrap();
    assert_eq!(flags(&account), [false, false, true, false]);
    let root = json!({"account": member, "password": false, "keys": [true, false], "certificates": [true],
        "devices": ["fido:desk", "virtual:phone", "token:GAHT12345678"]});
    assert_eq!(post("root", root), 200);
    assert_eq!(flags(&account), [true, true, false, true]);
    assert_eq!(account.devices().len(), 3);
    assert_eq!(post("root", json!({"account": member, "devices": [], "keys": []})), 200);
    assert_eq!(flags(&account), [false, false, false, true], "what is left out stays");
    assert_eq!(flags(&aws), [true, false, true, false], "the other account is as it was");
    assert_eq!(post("root", json!({"account": member, "devices": ["passkey:x"]})), 400);

    let patch = json!({"account": member, "alarms": [], "alternate_contacts": {"SECURITY": null},
        "password_policy": {"minimum_length": 8}});
    assert_eq!(post("posture", patch), 200);
    let posture = account.posture();
    assert_eq!((posture.alarms.len(), posture.alternate_contacts.len()), (0, 2));
    assert_eq!(posture.password_policy.unwrap().minimum_length, 8);
    assert_eq!(post("posture", json!({"account": member, "trails": [{"nmae": "x"}]})), 400);
    let (_, shown) = control(&server, "GET", &format!("posture?account={member}"), &Value::Null);
    assert_eq!(shown["password_policy"]["minimum_length"], 8);
    assert_eq!(control(&server, "GET", "state?account=222233334444", &Value::Null).1["account"], member);
    assert_eq!(post("heal", json!({"account": "999999999999"})), 400);

    let deny = json!({"Statement": [{"Effect": "Deny", "Action": "iam:GetUser", "Resource": "*"}]});
    let change = json!({"features": ["root_sessions"], "trusted": {"sso.amazonaws.com": true},
        "status": {"333344445555": "suspended"}, "delegated": {member: "iam.amazonaws.com"},
        "policies": [{"name": "deny", "document": deny, "targets": [member]}]});
    assert_eq!(post("organization", change), 200);
    let (_, shown) = control(&server, "GET", "organization", &Value::Null);
    assert_eq!(shown["features"], json!(["root_sessions"]));
    assert_eq!(shown["accounts"][2]["status"], "suspended");
    assert_eq!(shown["delegated"], json!([{"account": member, "service": "iam.amazonaws.com"}]));
    let got = super::client::verdict(&account, &account.admin(), "GetUser", &[]);
    assert!(got.ends_with("service control policy"), "{got}");
    let list = json!({"Statement": [{"Effect": "Allow", "Action": "iam:List*", "Resource": "*"}]});
    let change = json!({"policies": [{"name": "list", "document": list, "targets": [member], "alone": true}]});
    assert_eq!(post("organization", change), 200);
    assert_eq!(super::client::verdict(&account, &account.admin(), "ListUsers", &[]), "200");
    let got = super::client::verdict(&account, &account.admin(), "GetAccountSummary", &[]);
    assert!(got.ends_with("because no service control policy allows the iam:GetAccountSummary action"), "{got}");
    let unknown = json!({"policies": [{"name": "x", "document": {"Statement": []}}, {"name": "y", "document": {}}]});
    assert_eq!(post("organization", unknown), 400);

    assert_eq!(post("fault", json!({"account": member, "action": "ListUsers", "what": "throttle"})), 200);
    assert_eq!(api(&server, &aws, &admin, "ListUsers").unwrap().0, 200);
    assert_eq!(api(&server, &aws, &account.admin(), "ListUsers").unwrap().0, 400);
    let (_, log) = control(&server, "GET", "log", &Value::Null);
    let last = log["calls"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["service"], &last["account"]), (&json!("iam"), &json!(member)));
}

#[test]
fn the_state_shows_users_and_devices_and_no_seed() {
    let (aws, admin, server) = served();
    let serial = aws.add_device_for("admin", 1).remove(0);
    let (status, state) = control(&server, "GET", "state", &Value::Null);
    assert_eq!(status, 200);
    assert_eq!(state["devices"][0]["arn"], json!(serial));
    assert_eq!(state["devices"][0]["user"], "admin");
    assert_eq!(state["users"][0]["access_keys"], json!([admin.access_key_id]));
    let seed = aws.seed_of(&serial).unwrap();
    let text = state.to_string();
    for form in [data_encoding::BASE32_NOPAD.encode(&seed), data_encoding::HEXLOWER.encode(&seed)] {
        assert!(!text.contains(&form));
    }
    assert!(!text.contains(&admin.secret_access_key));
}

/// Neither the control path nor the services: what it asks is not even remembered.
#[test]
fn a_web_page_can_use_nothing() {
    let (aws, _, server) = served();
    let body = json!({"what": "deny"}).to_string();
    let to = |path: &str, headers: &str| {
        let head = format!("POST {path} HTTP/1.1\r\n{headers}");
        exchange(&server, &head, body.as_bytes()).unwrap().0
    };
    let post = |headers: &str| to("/_glasskey/fault", headers);
    let port = server.addr().port();
    for refused in [
        format!("Host: 127.0.0.1:{port}\r\nOrigin: https://example.com"),
        format!("Host: 127.0.0.1:{port}\r\nOrigin: null"),
        format!("Host: rebound.example.com:{port}"),
        format!("Host: 127.0.0.1.example.com:{port}"),
    ] {
        for path in ["/_glasskey/fault", "/", "/?Action=ListUsers&Version=2010-05-08"] {
            assert_eq!(to(path, &refused), 403, "{path} {refused}");
        }
    }
    assert_eq!(aws.calls(), []);
    for taken in [format!("Host: 127.0.0.1:{port}"), format!("Host: localhost:{port}")] {
        assert_eq!(post(&taken), 200, "{taken}");
    }
}

/// However much it is asked, it remembers so much and no more, and cuts what is too long.
#[test]
fn its_memory_of_requests_is_bounded() {
    let (aws, _) = account();
    let ask = |action: &str| {
        let body = format!("Action={action}&Version=2010-05-08").into_bytes();
        let headers = [("host".to_owned(), "127.0.0.1".to_owned())].into();
        let _ = aws.handle(&Request { method: "POST".to_owned(), path: "/".to_owned(), headers, body });
    };
    (0..100_010).for_each(|nth| ask(&format!("A{nth}")));
    ask(&"x".repeat(100_000));
    let calls = aws.calls();
    assert_eq!(calls.len(), 100_000);
    assert_eq!((calls[0].action.as_str(), calls[99_999].action.len()), ("A11", 256));
}

/// Whoever begins a body and does not go on is hung up on, as whoever does not end a head.
#[test]
fn a_stalled_body_is_closed_as_a_stalled_head_is() {
    let (aws, _, server) = served();
    let host = server.addr();
    let stalled = [
        format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10\r\n\r\nhalf"),
        format!("POST / HTTP/1.1\r\nHost: {host}\r\n"),
    ];
    std::thread::scope(|scope| {
        for sent in &stalled {
            scope.spawn(|| {
                let mut stream = TcpStream::connect(server.addr()).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
                stream.write_all(sent.as_bytes()).unwrap();
                let mut said = Vec::new();
                let ended = stream.read_to_end(&mut said);
                assert!(ended.is_ok() || ended.is_err_and(|error| error.kind() != std::io::ErrorKind::WouldBlock));
            });
        }
    });
    assert_eq!(aws.calls(), []);
}

#[test]
fn nonsense_is_refused() {
    let (_, _, server) = served();
    for (method, command, body, expected) in [
        ("POST", "clock", json!({"advance": 30}), 400),
        ("POST", "clock", Value::Null, 400),
        ("POST", "fault", json!({"what": "explode"}), 400),
        ("POST", "fault", json!({"what": "deny", "nht": 3}), 400),
        ("GET", "fault", Value::Null, 404),
        ("GET", "nothing", Value::Null, 404),
    ] {
        assert_eq!(control(&server, method, command, &body).0, expected, "{method} {command} {body}");
    }
    let host = format!("Host: {}", server.addr());
    let large = vec![b'a'; (1 << 20) + 1];
    let refused = exchange(&server, &format!("POST / HTTP/1.1\r\n{host}"), &large);
    assert!(refused.as_ref().is_none_or(|(status, _)| *status == 413), "{refused:?}");
}

#[test]
fn the_mailbox_shows_mails_and_opens_their_links() {
    let (aws, admin, server) = served();
    let topic = "arn:aws:sns:us-east-1:111122223333:root-use";
    super::client::call(&aws, &admin, "CreateTopic", &[("Name", "root-use")]);
    let parameters = [("TopicArn", topic), ("Protocol", "email"), ("Endpoint", "security@example.com")];
    super::client::call(&aws, &admin, "Subscribe", &parameters);
    let (status, shown) = control(&server, "GET", "mailbox", &Value::Null);
    assert_eq!((status, &shown["mails"][0]["kind"]), (200, &json!("confirmation")));
    let link = &shown["mails"][0]["link"];
    let (status, page) = control(&server, "POST", "mailbox", &json!({"open": link}));
    assert_eq!(status, 200, "{page}");
    assert!(page["page"].as_str().unwrap().starts_with("Subscription confirmed!"));
    assert!(aws.posture().subscriptions[0].confirmed);
    let (status, _) = control(&server, "POST", "mailbox", &json!({"open": "https://example.com/"}));
    assert_eq!(status, 400);
}
