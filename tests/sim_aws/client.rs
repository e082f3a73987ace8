//! A tiny client: signed form requests to `handle`, and the few words of the XML that tests compare.

use glasskey::sim::aws::{Answer, Aws, Keys, Reply, Request};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The middle of a step, a few seconds into a window of verifications.
pub(super) fn noon() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_348_800 + 15)
}

pub(super) fn stamp(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).unwrap().strftime("%Y%m%dT%H%M%SZ").to_string()
}

pub(super) fn request(keys: &Keys, signed: SystemTime, action: &str, parameters: &[(&str, &str)]) -> Request {
    let (service, version) = match action {
        "GetCallerIdentity" | "GetSessionToken" | "AssumeRole" | "AssumeRoot" => ("sts", "2011-06-15"),
        "ListSubscriptionsByTopic"
        | "GetTopicAttributes"
        | "GetSubscriptionAttributes"
        | "CreateTopic"
        | "SetTopicAttributes"
        | "DeleteTopic"
        | "Subscribe"
        | "ConfirmSubscription"
        | "Unsubscribe"
        | "Publish" => ("sns", "2010-03-31"),
        _ => ("iam", "2010-05-08"),
    };
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("Action", action).append_pair("Version", version).extend_pairs(parameters);
    unsigned("/", form.finish().into_bytes()).signed(keys, signed, "us-east-1", service)
}

pub(super) fn unsigned(path: &str, body: Vec<u8>) -> Request {
    Request { method: "POST".to_owned(), path: path.to_owned(), headers: std::collections::BTreeMap::new(), body }
}

/// One call of a JSON service, in a region.
pub(crate) fn json_call(aws: &Aws, keys: &Keys, region: &str, action: &str, body: &Value) -> (u16, Value) {
    let (service, action) = action.split_once('.').unwrap();
    let (signing, target) = match service {
        "cloudtrail" => ("cloudtrail", "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."),
        "logs" => ("logs", "Logs_20140328."),
        "cloudwatch" => ("monitoring", "GraniteServiceVersion20100801."),
        "organizations" => ("organizations", "AWSOrganizationsV20161128."),
        "events" => ("events", "AWSEvents."),
        "kms" => ("kms", "TrentService."),
        _ => ("account", ""),
    };
    let body = body.to_string().into_bytes();
    let request = match target {
        "" => unsigned(&format!("/{}{}", action[..1].to_lowercase(), &action[1..]), body),
        target => {
            let mut request = unsigned("/", body);
            request.headers.insert("x-amz-target".to_owned(), format!("{target}{action}"));
            request
        }
    };
    let reply = reply(aws, &request.signed(keys, aws.clock().now(), region, signing));
    let mut value: Value = serde_json::from_slice(&reply.body).unwrap();
    if let Some(kind) = reply.header("x-amzn-errortype") {
        value["__type"] = json!(kind);
    }
    (reply.status, value)
}

/// A call in the first region that succeeds.
pub(super) fn json(aws: &Aws, keys: &Keys, action: &str, body: &Value) -> Value {
    let (status, value) = json_call(aws, keys, "us-east-1", action, body);
    assert_eq!(status, 200, "{action} {body}: {value}");
    value
}

/// A call in the first region that fails: `status Type: message`.
pub(super) fn json_error(aws: &Aws, keys: &Keys, action: &str, body: &Value) -> String {
    let (status, value) = json_call(aws, keys, "us-east-1", action, body);
    let kind = value["__type"].as_str().unwrap_or_default();
    let message = value.get("message").or(value.get("Message")).and_then(Value::as_str).unwrap_or_default();
    format!("{status} {}: {message}", kind.rsplit('#').next().unwrap())
}

/// One call of S3, in a region: the target has the bucket and the query, `/bucket?policy`.
pub(super) fn s3_call(aws: &Aws, keys: &Keys, region: &str, method: &str, target: &str, body: &str) -> Got {
    let mut request = unsigned(target, body.as_bytes().to_vec());
    request.method = method.to_owned();
    let reply = reply(aws, &request.signed(keys, aws.clock().now(), region, "s3"));
    Got { status: reply.status, text: String::from_utf8(reply.body).unwrap() }
}

/// What came of a call of S3 in the first region: its status, or the error.
pub(super) fn s3(aws: &Aws, keys: &Keys, method: &str, target: &str, body: &str) -> String {
    s3_call(aws, keys, "us-east-1", method, target, body).verdict()
}

/// A reply, taken apart.
#[derive(Debug)]
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) text: String,
}

impl Got {
    /// The text of the first element of this name.
    pub(super) fn get(&self, element: &str) -> Option<String> {
        self.all(element).into_iter().next()
    }

    pub(super) fn all(&self, element: &str) -> Vec<String> {
        let open = format!("<{element}>");
        let parts = self.text.split(open.as_str()).skip(1);
        parts.map(|part| part.split('<').next().unwrap().to_owned()).collect()
    }

    /// `status Code: message`, or `200`.
    pub(super) fn verdict(&self) -> String {
        match (self.get("Code"), self.get("Message")) {
            (Some(code), Some(message)) => format!("{} {code}: {message}", self.status),
            _ => self.status.to_string(),
        }
    }

    pub(super) fn keys(&self) -> Keys {
        Keys {
            access_key_id: self.get("AccessKeyId").unwrap(),
            secret_access_key: self.get("SecretAccessKey").unwrap(),
            session_token: self.get("SessionToken"),
        }
    }
}

pub(super) fn reply(aws: &Aws, request: &Request) -> Reply {
    match aws.handle(request) {
        Answer::Reply(reply) => reply,
        Answer::Lost => panic!("lost"),
        Answer::NeverArrived => panic!("never arrived"),
    }
}

/// One call, signed with the right time.
pub(super) fn call(aws: &Aws, keys: &Keys, action: &str, parameters: &[(&str, &str)]) -> Got {
    let reply = reply(aws, &request(keys, aws.clock().now(), action, parameters));
    Got { status: reply.status, text: String::from_utf8(reply.body).unwrap() }
}

/// What came of one call: `200`, or the error.
pub(super) fn verdict(aws: &Aws, keys: &Keys, action: &str, parameters: &[(&str, &str)]) -> String {
    call(aws, keys, action, parameters).verdict()
}

/// The current step by AWS's clock.
pub(super) fn now_step(aws: &Aws) -> i64 {
    (aws.clock().now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 30) as i64
}

/// The code of a device for the step this many after the present one.
pub(super) fn code(aws: &Aws, serial: &str, from_now: i64) -> String {
    code_of(&aws.seed_of(serial).unwrap(), now_step(aws) + from_now)
}

/// RFC 6238, written once more.
pub(super) fn code_of(seed: &[u8], step: i64) -> String {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(seed).unwrap();
    mac.update(&step.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let at = usize::from(digest[19] & 15);
    let word = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", word % 1_000_000)
}

/// Makes a virtual device; its serial number.
pub(super) fn create(aws: &Aws, keys: &Keys, name: &str) -> String {
    call(aws, keys, "CreateVirtualMFADevice", &[("VirtualMFADeviceName", name)]).get("SerialNumber").unwrap()
}

/// Enables (or resynchronises) with the codes of the step before `second` and of `second`, counted from now.
pub(super) fn pair(aws: &Aws, keys: &Keys, action: &str, user: &str, serial: &str, second: i64) -> String {
    let (one, two) = (code(aws, serial, second - 1), code(aws, serial, second));
    codes(aws, keys, action, user, serial, &one, &two)
}

pub(super) fn codes(aws: &Aws, keys: &Keys, action: &str, user: &str, serial: &str, one: &str, two: &str) -> String {
    let parameters =
        [("UserName", user), ("SerialNumber", serial), ("AuthenticationCode1", one), ("AuthenticationCode2", two)];
    verdict(aws, keys, action, &parameters)
}

/// Opens a session with the code of the step this many after the present one.
pub(super) fn session(aws: &Aws, keys: &Keys, serial: &str, from_now: i64) -> Got {
    let code = code(aws, serial, from_now);
    call(aws, keys, "GetSessionToken", &[("SerialNumber", serial), ("TokenCode", &code)])
}
