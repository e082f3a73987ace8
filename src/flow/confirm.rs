//! Whether IAM lists a device that it says it has enabled.
//!
//! An acknowledgement alone is not believed: what signs in is what IAM lists. IAM copies changes about, and a list may be
//! read before it has them (IAM User Guide, "Troubleshoot IAM", "Changes that I make are not always immediately visible"),
//! so it is read again for half a minute.

use super::acknowledged::look_until;
use super::context::Context;
use super::failure::{At, Cause, EnrollRefusal, Failed, Refusal, Residue, Stage};
use super::record::Record;
use super::run::Run;
use crate::aws::{self, Account, DeviceArn, MfaDevice};
use crate::keys::Serial;
use crate::person::Notice;
use crate::totp::{AWS, Step, unix};
use std::time::SystemTime;

/// What IAM says of a device that it has acknowledged.
pub(super) enum Listing {
    /// It lists it for the user, enabled since then.
    Listed(SystemTime),
    /// It does not, after all the looks.
    NotListed,
    /// It did not tell: why.
    NotTold(aws::Error),
}

/// The codes that a device was enabled with.
#[derive(Clone, Copy, Debug)]
pub(super) struct EnabledWith {
    /// The step of the later one.
    pub(super) step: Step,
    /// The key that computed them; `None` when no key holds the seed.
    pub(super) by: Option<Serial>,
}

impl EnabledWith {
    fn notice(self) -> Notice {
        Notice::Enabled { codes: [self.step.previous(), self.step].map(|step| step.begins(AWS.period)), by: self.by }
    }
}

/// Asks IAM.
pub(super) fn listing(account: &Account, user: &str, serial: &str, context: &mut Context<'_>) -> Listing {
    let is_there = |devices: &[MfaDevice]| devices.iter().any(|device| device.serial == serial);
    match listed_where(account, user, "for IAM to list the device", is_there, context) {
        Ok((devices, _)) => match devices.into_iter().find(|device| device.serial == serial) {
            Some(device) => Listing::Listed(device.enabled),
            None => Listing::NotListed,
        },
        Err(why) => Listing::NotTold(why),
    }
}

/// The user's devices, read until they are as they should be, and whether they are.
pub(super) fn listed_where(
    account: &Account,
    user: &str,
    waiting: &'static str,
    as_it_should_be: impl Fn(&[MfaDevice]) -> bool,
    context: &mut Context<'_>,
) -> Result<(Vec<MfaDevice>, bool), aws::Error> {
    look_until(waiting, context, || {
        let devices = account.mfa_devices(user)?;
        let is_as_it_should_be = as_it_should_be(&devices);
        Ok((devices, is_as_it_should_be))
    })
}

/// After enabling, which is said here and not before: `false` where IAM did not tell, which undoes nothing.
pub(super) fn confirm(
    run: &mut Run,
    with: EnabledWith,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<bool, At> {
    context.interrupt.clear();
    let (user, arn) = (run.begin.user.clone(), run.begin.arn.clone());
    match listing(account, &user, &arn.to_string(), context) {
        Listing::Listed(since) => {
            run.listed = Some(unix(since));
            // Best effort: without this line recovery proves the device with codes.
            if !run.is_unproved {
                let _ = run.note(&Record::Enabled { at: Some(unix(since)) });
            }
            context.tell(with.notice());
            context.tell(Notice::Listed { user });
            Ok(true)
        }
        Listing::NotListed => Err((Stage::Confirm, not_listed(&arn, &user))),
        Listing::NotTold(why) => {
            context.tell(Notice::NotConfirmed { why });
            Ok(false)
        }
    }
}

/// What is said of a device that was enabled again: `unseen`, where IAM did not tell whether it lists it.
pub(super) fn tell_enabled(with: EnabledWith, unseen: Option<aws::Error>, context: &mut Context<'_>) {
    context.tell(unseen.map_or_else(|| with.notice(), |why| Notice::NotConfirmed { why }));
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
pub(super) fn keep(run: Run, at: At, mut left: Vec<Residue>, context: &mut Context<'_>) -> Failed {
    context.interrupt.clear();
    left.insert(0, Residue::NotListed { arn: run.begin.arn.clone() });
    context.fail_leaving(at, left)
}
