//! What a device's credential is called on a key, and which device a credential's name speaks of.

use crate::aws::DeviceArn;
use crate::oath::{self, Name};

/// `AWS:<account>/<path and name>`: short (an ARN would leave 30 bytes of the applet's 64), and stable.
/// Fails with [`oath::Error::BadName`] beyond 64 bytes.
pub fn credential_name(arn: &DeviceArn) -> Result<Name, oath::Error> {
    Name::new(30, Some("AWS"), &format!("{}/{}", arn.account(), arn.resource()))
}

/// The device that a credential of this name is for, if it is in this account and partition. Spellings of other tools
/// are read too: the bare ARN (aws-vault's scripts), `aws/iam/<account>:<name>` (awsu), and the console's
/// `Amazon Web Services:<name>@<account>`.
#[must_use]
pub fn device_of(name: &Name, partition: &str, account: &str) -> Option<DeviceArn> {
    if let Ok(arn) = name.id().parse::<DeviceArn>() {
        return Some(arn).filter(|arn| arn.account() == account);
    }
    let (_, issuer, rest) = name.parts();
    let resource = match issuer {
        Some("AWS") => rest.strip_prefix(account)?.strip_prefix('/')?,
        Some("Amazon Web Services") | None => rest.strip_suffix(account)?.strip_suffix('@')?,
        Some(issuer) => Some(rest).filter(|_| issuer.strip_prefix("aws/iam/") == Some(account))?,
    };
    format!("arn:{partition}:iam::{account}:mfa/{resource}").parse().ok()
}
