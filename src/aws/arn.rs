//! Names AWS gives to things: the caller's ARN, an MFA device's serial number.

use std::fmt;
use std::str::FromStr;

/// Who is calling, from GetCallerIdentity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: String,
    /// 12 digits.
    pub account: String,
    /// The whole ARN, as AWS gave it.
    pub arn: String,
    /// What kind of principal that is.
    pub identity: Identity,
}

/// The kinds of caller that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Identity {
    /// The account's root user, `arn:aws:iam::ACCOUNT:root`.
    Root,
    /// An IAM user, by name (without its path).
    User(String),
    /// A role's session, or anything else that is not a user.
    Other,
}

/// Text that is not the ARN it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not the ARN of a virtual MFA device")]
pub struct NotAnArn(pub String);

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`
struct Parts<'a> {
    partition: &'a str,
    service: &'a str,
    account: &'a str,
    resource: &'a str,
}

fn split(arn: &str) -> Option<Parts<'_>> {
    let mut parts = arn.splitn(6, ':');
    if parts.next()? != "arn" {
        return None;
    }
    let (partition, service, _region, account) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some(Parts { partition, service, account, resource: parts.next()? })
}

impl FromStr for Caller {
    type Err = NotAnArn;

    fn from_str(arn: &str) -> Result<Self, NotAnArn> {
        let parts = split(arn).ok_or_else(|| NotAnArn(arn.to_owned()))?;
        let identity = match (parts.service, parts.resource.split_once('/')) {
            ("iam", None) if parts.resource == "root" => Identity::Root,
            ("iam", Some(("user", path))) => Identity::User(path.rsplit('/').next().unwrap_or(path).to_owned()),
            _ => Identity::Other,
        };
        Ok(Self {
            partition: parts.partition.to_owned(),
            account: parts.account.to_owned(),
            arn: arn.to_owned(),
            identity,
        })
    }
}

/// The serial number of a virtual MFA device: `arn:PARTITION:iam::ACCOUNT:mfa/[path/]name`. Predictable before the
/// device exists, which is what makes undoing a lost creation possible.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DeviceArn {
    partition: String,
    account: String,
    /// Everything after `mfa/`.
    resource: String,
}

impl DeviceArn {
    /// Composes one. `path` is `/` or begins and ends with `/` ([`check_path`]).
    #[must_use]
    pub fn new(partition: &str, account: &str, path: &str, name: &str) -> Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        Self { partition: partition.to_owned(), account: account.to_owned(), resource: format!("{path}{name}") }
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, …
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// 12 digits.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The device's name, without its path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.resource.rsplit('/').next().unwrap_or(&self.resource)
    }

    /// The path with its slashes: `/` or `/team/`.
    #[must_use]
    pub fn path(&self) -> String {
        let end = self.resource.len() - self.name().len();
        format!("/{}", self.resource.get(..end).unwrap_or_default())
    }

    /// Path and name, as they stand behind `mfa/`.
    #[must_use]
    pub fn resource(&self) -> &str {
        &self.resource
    }
}

impl fmt::Display for DeviceArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:iam::{}:mfa/{}", self.partition, self.account, self.resource)
    }
}

impl From<DeviceArn> for String {
    fn from(arn: DeviceArn) -> Self {
        arn.to_string()
    }
}

impl TryFrom<String> for DeviceArn {
    type Error = NotAnArn;

    fn try_from(text: String) -> Result<Self, NotAnArn> {
        text.parse()
    }
}

impl FromStr for DeviceArn {
    type Err = NotAnArn;

    fn from_str(arn: &str) -> Result<Self, NotAnArn> {
        let wrong = || NotAnArn(arn.to_owned());
        let parts = split(arn).ok_or_else(wrong)?;
        match parts.resource.strip_prefix("mfa/") {
            Some(resource) if parts.service == "iam" && !resource.is_empty() && !resource.ends_with('/') => {
                Ok(Self {
                    partition: parts.partition.to_owned(),
                    account: parts.account.to_owned(),
                    resource: resource.to_owned(),
                })
            }
            _ => Err(wrong()),
        }
    }
}

/// What kind of device a serial number belongs to. AWS has no field for it: it is read from the serial number
/// (IAM User Guide, "Multi-factor authentication").
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DeviceKind {
    /// `…:mfa/…`
    Virtual,
    /// `…:u2f/user/…`: a FIDO security key or passkey of a user.
    Fido,
    /// `…:u2f/root/…`: one of the root user.
    RootFido,
    /// `…:sms-mfa/…`: legacy.
    Sms,
    /// Not an ARN: a hardware TOTP token such as `GAHT12345678`.
    HardwareTotp,
}

impl DeviceKind {
    /// Reads it from a serial number.
    #[must_use]
    pub fn of(serial: &str) -> Self {
        let Some(parts) = split(serial) else { return Self::HardwareTotp };
        let mut words = parts.resource.split('/');
        match (words.next(), words.next()) {
            (Some("u2f"), Some("root")) => Self::RootFido,
            (Some("u2f"), _) => Self::Fido,
            (Some("sms-mfa"), _) => Self::Sms,
            _ => Self::Virtual,
        }
    }
}

/// The ARN of an account's root user.
#[must_use]
pub fn root_arn(partition: &str, account: &str) -> String {
    format!("arn:{partition}:iam::{account}:root")
}

/// Whether `name` can name a user or virtual MFA device: `[\w+=,.@-]+` (CreateVirtualMFADevice).
#[must_use]
pub fn check_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c))
}

/// Whether `path` is one IAM takes: `/`, or printable ASCII between slashes, at most 512 characters.
#[must_use]
pub fn check_path(path: &str) -> bool {
    path.starts_with('/')
        && path.ends_with('/')
        && path.len() <= 512
        && path.chars().all(|c| ('!'..='\u{7f}').contains(&c))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn callers() {
        for (arn, identity) in [
            ("arn:aws:iam::123456789012:root", Identity::Root),
            ("arn:aws:iam::123456789012:user/alice", Identity::User("alice".into())),
            ("arn:aws-cn:iam::123456789012:user/a/b/alice", Identity::User("alice".into())),
            ("arn:aws:iam::123456789012:user/root", Identity::User("root".into())),
            ("arn:aws:sts::123456789012:assumed-role/admin/x", Identity::Other),
        ] {
            assert_eq!(arn.parse::<Caller>().unwrap().identity, identity, "{arn}");
        }
        assert!("alice".parse::<Caller>().is_err());
    }

    #[test]
    fn device_arns_survive_a_round_trip() {
        for (path, name, text) in [
            ("/", "alice", "arn:aws:iam::123456789012:mfa/alice"),
            ("/team/", "alice", "arn:aws:iam::123456789012:mfa/team/alice"),
            ("/a//b/", "x", "arn:aws:iam::123456789012:mfa/a//b/x"),
        ] {
            let arn = DeviceArn::new("aws", "123456789012", path, name);
            assert_eq!(arn.to_string(), text);
            assert_eq!(text.parse::<DeviceArn>().unwrap(), arn);
            assert_eq!((arn.path().as_str(), arn.name()), (path, name));
        }
        for wrong in ["", "GAHT12345678", "arn:aws:iam::1:u2f/user/x/y", "arn:aws:iam::1:mfa/", "arn:aws:s3:::mfa/x"]
        {
            assert!(wrong.parse::<DeviceArn>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn kinds_are_read_from_the_serial_number() {
        for (serial, kind) in [
            ("arn:aws:iam::123456789012:mfa/alice", DeviceKind::Virtual),
            ("arn:aws:iam::123456789012:u2f/user/alice/key-ABC", DeviceKind::Fido),
            ("arn:aws:iam::123456789012:u2f/root/key-ABC", DeviceKind::RootFido),
            ("arn:aws:iam::123456789012:sms-mfa/alice", DeviceKind::Sms),
            ("GAHT12345678", DeviceKind::HardwareTotp),
        ] {
            assert_eq!(DeviceKind::of(serial), kind, "{serial}");
        }
    }
}
