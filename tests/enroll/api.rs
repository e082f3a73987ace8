//! Calls to the simulated account that glasskey itself does not make: roles, sessions, devices of other people.

use glasskey::oath::Session;
use glasskey::secret::Seed;
use glasskey::sim::aws::{Answer, Aws, Keys, Request};
use glasskey::totp::{self, AWS, Step};
use std::collections::BTreeMap;

/// Makes one call and returns the reply's body; anything but success fails the test.
pub(crate) fn call(aws: &Aws, keys: &Keys, action: &str, parameters: &[(&str, &str)]) -> String {
    let (status, body) = send(aws, keys, action, parameters);
    assert_eq!(status, 200, "{action}: {body}");
    body
}

/// Makes one call that is to be refused, and returns the reply's body.
pub(crate) fn refused(aws: &Aws, keys: &Keys, action: &str, parameters: &[(&str, &str)]) -> String {
    let (status, body) = send(aws, keys, action, parameters);
    assert_eq!(status, 403, "{action}: {body}");
    body
}

/// Makes one call, and returns the reply's body, whatever it says.
pub(crate) fn answered(aws: &Aws, keys: &Keys, action: &str, parameters: &[(&str, &str)]) -> String {
    send(aws, keys, action, parameters).1
}

fn send(aws: &Aws, keys: &Keys, action: &str, parameters: &[(&str, &str)]) -> (u16, String) {
    let sts = ["GetSessionToken", "AssumeRole", "GetCallerIdentity"].contains(&action);
    let (service, version) = if sts { ("sts", "2011-06-15") } else { ("iam", "2010-05-08") };
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", version).extend_pairs(parameters);
    let request = Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        headers: BTreeMap::new(),
        body: form.finish().into_bytes(),
    };
    let request = request.signed(keys, aws.clock().now(), "us-east-1", service);
    let Answer::Reply(reply) = aws.handle(&request) else { panic!("{action} was not answered") };
    (reply.status, String::from_utf8(reply.body).unwrap())
}

/// The text of the first element of this name.
fn element(body: &str, name: &str) -> String {
    let (_, rest) = body.split_once(&format!("<{name}>")).unwrap();
    rest.split_once('<').unwrap().0.to_owned()
}

fn credentials(body: &str) -> Keys {
    Keys {
        access_key_id: element(body, "AccessKeyId"),
        secret_access_key: element(body, "SecretAccessKey"),
        session_token: Some(element(body, "SessionToken")),
    }
}

/// A role's session, as an SSO login gives one, that may do everything.
pub(crate) fn role_session(aws: &Aws, role: &str) -> Keys {
    let admin = aws.admin();
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{}"}},"Action":"sts:AssumeRole"}}}}"#,
        aws.account()
    );
    call(aws, &admin, "CreateRole", &[("RoleName", role), ("AssumeRolePolicyDocument", &trust)]);
    let all = ("PolicyDocument", EVERYTHING);
    call(aws, &admin, "PutRolePolicy", &[("RoleName", role), ("PolicyName", "all"), all]);
    let arn = format!("arn:aws:iam::{}:role/{role}", aws.account());
    credentials(&call(aws, &admin, "AssumeRole", &[("RoleArn", &arn), ("RoleSessionName", "laptop")]))
}

/// Allows everything.
pub(crate) const EVERYTHING: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// A user who may do everything, also to their own devices.
pub(crate) fn free_user(aws: &Aws, name: &str) -> Keys {
    let keys = aws.add_user(name);
    aws.allow(name, EVERYTHING).unwrap();
    keys
}

/// A session of a user, opened with this step's code of their device; the code is spent by it.
pub(crate) fn mfa_session(aws: &Aws, keys: &Keys, serial: &str) -> Keys {
    let seed = Seed::from_bytes(&aws.seed_of(serial).unwrap()).unwrap();
    let code = totp::code(&seed, AWS, Step::at(aws.clock().now(), AWS.period));
    credentials(&call(
        aws,
        keys,
        "GetSessionToken",
        &[("SerialNumber", serial), ("TokenCode", code.expose()), ("DurationSeconds", "900")],
    ))
}

/// A session of a user without MFA.
pub(crate) fn plain_session(aws: &Aws, keys: &Keys) -> Keys {
    credentials(&call(aws, keys, "GetSessionToken", &[]))
}

/// Puts the seed of a device the account has onto a key, as another tool would have.
pub(crate) fn hold(aws: &Aws, key: &glasskey::sim::oath_card::SoftKey, serial: &str, id: &str) {
    let seed = Seed::from_bytes(&aws.seed_of(serial).unwrap()).unwrap();
    put(key, id, &seed);
}

/// Puts a seed onto a key.
pub(crate) fn put(key: &glasskey::sim::oath_card::SoftKey, id: &str, seed: &Seed) {
    let name = glasskey::oath::Name::from_id(id).unwrap();
    let new = glasskey::oath::New { name: &name, kind: totp::Kind::Totp, params: AWS, touch: false, seed };
    Session::open(key.card()).unwrap().put(&new).unwrap();
}
