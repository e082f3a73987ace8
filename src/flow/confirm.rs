//! Whether IAM lists a device that it says it has enabled.
//!
//! An acknowledgement alone is not believed: what signs in is what IAM lists. IAM copies changes about, and a list may be
//! read before it has them (IAM User Guide, "Troubleshoot IAM", "Changes that I make are not always immediately visible"),
//! so it is read again for half a minute.

use super::desk::Desk;
use super::failure::{At, Cause, EnrollRefusal, Failed, Left, Refusal, Stage};
use super::run::Run;
use crate::aws::{self, Account, Call, DeviceArn};
use crate::person::Notice;
use std::time::Duration;

/// Between the looks, in seconds.
const WAITS: [u64; 5] = [1, 2, 4, 8, 15];

/// What IAM says of a device that it has acknowledged.
pub(super) enum Listing {
    /// It lists it for the user.
    Listed,
    /// It does not, after all the looks.
    NotListed,
    /// It could not be asked: a short reason.
    NotAsked(String),
}

/// Asks IAM.
pub(super) fn listing(account: &Account, user: &str, serial: &str, desk: &mut Desk<'_>) -> Listing {
    let mut waits = WAITS.iter();
    loop {
        match account.mfa_devices(user) {
            Ok(devices) if devices.iter().any(|device| device.serial == serial) => return Listing::Listed,
            Ok(_) => match waits.next() {
                Some(seconds) if desk.wait("for IAM to list the device", Duration::from_secs(*seconds)).is_ok() => {}
                _ => return Listing::NotListed,
            },
            Err(aws::Error::Denied { .. }) => {
                return Listing::NotAsked(format!("no permission for {}", Call::ListMfaDevices.permission()));
            }
            Err(_) => return Listing::NotAsked("IAM did not answer".to_owned()),
        }
    }
}

/// After enabling: `false` where IAM could not be asked, which undoes nothing.
pub(super) fn confirm(account: &Account, user: &str, arn: &DeviceArn, desk: &mut Desk<'_>) -> Result<bool, At> {
    desk.interrupt.clear();
    match listing(account, user, &arn.to_string(), desk) {
        Listing::Listed => {
            desk.tell(Notice::Listed { user: user.to_owned() });
            Ok(true)
        }
        Listing::NotListed => Err((Stage::Confirm, not_listed(arn, user))),
        Listing::NotAsked(why) => {
            desk.tell(Notice::NotConfirmed { why });
            Ok(false)
        }
    }
}

/// Why a flow stops there.
pub(super) fn not_listed(arn: &DeviceArn, user: &str) -> Cause {
    Cause::refused(EnrollRefusal::NotListed { arn: arn.clone(), user: user.to_owned() })
}

/// Whether that is where it stopped. Then nothing is undone: the device may be enabled, and what the keys hold may be all
/// that signs in.
pub(super) fn is_not_listed(cause: &Cause) -> bool {
    matches!(cause, Cause::Refused(Refusal::Enroll(EnrollRefusal::NotListed { .. })))
}

/// Ends a command whose device IAM does not list. The run stays, for recovery to look again.
pub(super) fn keep(run: Run, at: At, mut left: Vec<Left>, desk: &mut Desk<'_>) -> Failed {
    desk.interrupt.clear();
    left.insert(0, Left::NotListed { arn: run.begin.arn.clone() });
    desk.fail_leaving(at, left)
}
