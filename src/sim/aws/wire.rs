//! The query protocol: form in, XML out, and the times and markers in between.
//!
//! Knows the shape of requests, replies and errors; knows no operation.

use crate::totp;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub struct Request {
    /// `POST`, except for S3.
    pub method: String,
    /// The path and the query: `/`, except where it names the action or a bucket.
    pub path: String,
    /// Header values by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The body: a form, JSON or CBOR.
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

pub enum Answer {
    Reply(Reply),
    /// It was carried out and the reply is dropped.
    Lost,
    /// It was dropped before anything happened.
    NeverArrived,
}

pub struct Reply {
    pub status: u16,
    /// Names (as AWS spells them) and values.
    pub headers: Vec<(&'static str, String)>,
    /// XML, JSON or CBOR. The reply to CreateVirtualMFADevice holds a seed.
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

pub(super) struct Form(BTreeMap<String, String>);

impl Form {
    pub(super) fn parse(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The same request for the first page of a list.
    pub(super) fn of_first_page(&self) -> Self {
        let kept = self.0.iter().filter(|(name, _)| !super::strange::is_token(name));
        Self(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.get(name).ok_or_else(|| {
            Refusal::validation(format!(
                "1 validation error detected: Value null at '{}' failed to satisfy constraint: Member must not be null",
                member(name)
            ))
        })
    }

    /// A whole number within bounds, or the default.
    pub(super) fn number(&self, name: &str, default: u64, least: u64, most: u64) -> Result<u64, Refusal> {
        let Some(text) = self.get(name) else { return Ok(default) };
        let constraint = |what: &str, bound: u64| {
            Refusal::validation(format!(
                "1 validation error detected: Value '{text}' at '{}' failed to satisfy constraint: \
                 Member must have value {what} than or equal to {bound}",
                member(name)
            ))
        };
        match text.parse::<u64>() {
            Ok(n) if n > most => Err(constraint("less", most)),
            Ok(n) if n >= least => Ok(n),
            Ok(_) => Err(constraint("greater", least)),
            Err(_) => Err(Refusal::new(400, "MalformedInput", "")),
        }
    }

    /// The values of `NAME.member.1`, `NAME.member.2` and so on.
    pub(super) fn members(&self, name: &str) -> Vec<&str> {
        (1..).map_while(|n| self.get(&format!("{name}.member.{n}"))).collect()
    }

    /// The key and value pairs of `NAME.member.N.Key` and `.Value`.
    pub(super) fn pairs(&self, name: &str) -> Vec<(&str, &str)> {
        (1..)
            .map_while(|n| {
                let key = self.get(&format!("{name}.member.{n}.Key"))?;
                Some((key, self.get(&format!("{name}.member.{n}.Value")).unwrap_or_default()))
            })
            .collect()
    }
}

/// How AWS's validation messages spell a parameter: the first run of capitals in lower case.
pub(super) fn member(name: &str) -> String {
    let mut text = name.to_owned();
    let capitals = name.chars().take_while(char::is_ascii_uppercase).count();
    // "UserName" becomes userName, "MFADeviceName" mfaDeviceName: the last capital of a run starts a word.
    let lower = if capitals > 1 && capitals < name.len() { capitals - 1 } else { capitals };
    if let Some(start) = text.get_mut(..lower) {
        start.make_ascii_lowercase();
    }
    text
}

/// What markers and tokens start with before they are put in base64: opaque to the caller, and ours for certain.
const MARKER: &str = "after ";

/// A marker for the page after this key.
pub(super) fn write_marker(key: &str) -> String {
    data_encoding::BASE64.encode(format!("{MARKER}{key}").as_bytes())
}

/// The key in a marker; `None`: it is not one of ours.
pub(super) fn read_marker(marker: &str) -> Option<String> {
    let decoded = data_encoding::BASE64.decode(marker.as_bytes()).ok()?;
    Some(String::from_utf8(decoded).ok()?.strip_prefix(MARKER)?.to_owned())
}

/// A token for the page that starts at this place.
pub(super) fn write_offset(start: usize) -> String {
    write_marker(&start.to_string())
}

pub(super) fn read_offset(token: &str) -> Option<usize> {
    read_marker(token)?.parse().ok()
}

/// A request turned down, as an error document.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: String,
    pub(super) message: String,
    /// Organizations' `Reason`.
    pub(super) reason: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), reason: None }
    }

    pub(super) fn because(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    pub(super) fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    pub(super) fn missing(message: impl Into<String>) -> Self {
        Self::new(404, "NoSuchEntity", message)
    }

    pub(super) fn exists(message: impl Into<String>) -> Self {
        Self::new(409, "EntityAlreadyExists", message)
    }

    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "DeleteConflict", message)
    }

    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self::new(409, "LimitExceeded", message)
    }

    /// The text constraint IAM reports without quoting the value.
    pub(super) fn constraint(name: &str, must: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value at '{}' failed to satisfy constraint: Member must {must}",
            member(name)
        ))
    }

    pub(super) fn document(&self, namespace: &str, request_id: &str) -> String {
        let mut xml = Xml::default();
        xml.element("Error", |error| {
            error.text("Type", if self.status < 500 { "Sender" } else { "Receiver" });
            error.text("Code", &self.code);
            error.text("Message", &self.message);
        });
        xml.text("RequestId", request_id);
        format!("<ErrorResponse xmlns=\"{namespace}\">\n{}</ErrorResponse>\n", xml.0)
    }
}

/// XML being written.
#[derive(Default)]
pub(super) struct Xml(String);

impl Xml {
    pub(super) fn written(self) -> String {
        self.0
    }

    /// `<name>value</name>`, escaped.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.0.push_str(&format!("<{name}>"));
        for c in value.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                // XML 1.0 has no way to write most control characters.
                c if (c as u32) < 0x20 && !matches!(c, '\t' | '\n' | '\r') => self.0.push('\u{fffd}'),
                c => self.0.push(c),
            }
        }
        self.0.push_str(&format!("</{name}>\n"));
    }

    /// `<name>…</name>` around what `inside` writes.
    pub(super) fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.0.push_str(&format!("<{name}>\n"));
        inside(self);
        self.0.push_str(&format!("</{name}>\n"));
    }

    /// `<name><member>…</member>…</name>`, one member for each item.
    pub(super) fn list<T>(&mut self, name: &str, items: impl IntoIterator<Item = T>, each: impl Fn(&mut Self, T)) {
        self.element(name, |list| items.into_iter().for_each(|item| list.element("member", |m| each(m, item))));
    }

    pub(super) fn document(self, action: &str, namespace: &str, request_id: &str) -> String {
        let result = if self.0.is_empty() {
            String::new()
        } else {
            format!("<{action}Result>\n{}</{action}Result>\n", self.0)
        };
        format!(
            "<{action}Response xmlns=\"{namespace}\">\n{result}<ResponseMetadata>\n<RequestId>{request_id}</RequestId>\n\
             </ResponseMetadata>\n</{action}Response>\n"
        )
    }
}

/// `2026-11-23T10:11:12Z`, as replies write times.
pub(super) fn iso(time: SystemTime) -> String {
    format(time, "%Y-%m-%dT%H:%M:%SZ")
}

/// `20261123T101112Z`, as signatures do.
pub(super) fn compact(time: SystemTime) -> String {
    format(time, "%Y%m%dT%H%M%SZ")
}

/// `Mon, 23 Nov 2026 10:11:12 GMT`, as the `Date` header does.
pub(super) fn http_date(time: SystemTime) -> String {
    format(time, "%a, %d %b %Y %H:%M:%S GMT")
}

fn format(time: SystemTime, pattern: &str) -> String {
    let seconds = i64::try_from(totp::unix(time)).unwrap_or(i64::MAX);
    let stamp = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    stamp.strftime(pattern).to_string()
}

/// Reads `20261123T101112Z`.
pub(super) fn parse_compact(text: &str) -> Option<SystemTime> {
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    let seconds = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}
