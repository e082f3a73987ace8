//! Taking a device away from its user for good: deactivated, deleted, its credentials removed from the keys that are
//! here. Shared by retire, rotate and recover.
//!
//! Each step may be repeated, so an interrupted removal is simply carried out again. What must stay is looked at
//! immediately before the device goes, under the lock of the journal and after the removal was announced to other
//! machines; and once more after, since not everybody who removes devices uses glasskey.

use super::announce::{AnnouncedRemoval, Announcement};
use super::confirm::{EnabledWith, Listing, listed_where, listing, not_listed, tell_enabled};
use super::context::Context;
use super::failure::{At, Cause, RemovalRefusal, Residue, Stage};
use super::holdings::Holding;
use super::proof::{fresh_pair, key_sink, prove_with};
use super::record::{OldCredential, Record, RemovedDevice, Undo};
use super::run::{Gone, delete_device, remove_credential};
use crate::aws::{self, Account, DeviceArn, DeviceKind, MfaDevice};
use crate::journal::Writer;
use crate::keys::Serial;
use crate::oath::Name;
use crate::person::{Notice, RemovalPlan};
use crate::sink::KeySink;
use crate::totp::unix;

impl RemovedDevice {
    /// `others`: how many devices the user has beside it.
    pub(super) fn plan(&self, user: &str, others: usize) -> RemovalPlan {
        RemovalPlan {
            user: user.to_owned(),
            serial: self.serial.clone(),
            kind: DeviceKind::of(&self.serial),
            credentials: self.held.iter().map(|held| (held.key, held.credential.clone())).collect(),
            others,
            no_session: false,
        }
    }

    pub(super) fn new<'a>(device: &MfaDevice, held: impl Iterator<Item = &'a Holding>) -> Self {
        let credential = |held: &Holding| OldCredential { key: held.key, credential: held.name.id().to_owned() };
        Self { serial: device.serial.clone(), enabled: unix(device.enabled), held: held.map(credential).collect() }
    }

    pub(super) fn is(&self, device: &MfaDevice) -> bool {
        device.serial == self.serial && unix(device.enabled) == self.enabled
    }
}

/// What must be enabled for the user when the device goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MustRemain {
    /// `enabled`: since when, in seconds since the Unix epoch, where that is known. Another machine may have made it anew.
    This {
        serial: String,
        enabled: Option<u64>,
    },
    Another,
    /// Nothing: the person has named the last one.
    Nothing,
}

impl MustRemain {
    /// The devices that would do.
    fn candidates<'d>(&self, devices: &'d [MfaDevice], old: &RemovedDevice) -> impl Iterator<Item = &'d MfaDevice> {
        devices.iter().filter(move |device| match self {
            Self::This { serial, enabled } => {
                let is_it = enabled.is_none_or(|at| unix(device.enabled).abs_diff(at) <= 2);
                device.serial == *serial && is_it
            }
            Self::Another | Self::Nothing => device.serial != old.serial,
        })
    }

    /// Whether one is there that is not about to go.
    fn holds(&self, devices: &[MfaDevice], going: &[AnnouncedRemoval], old: &RemovedDevice) -> bool {
        let stays = |device: &MfaDevice| !going.iter().any(|going| going.is(&device.serial));
        *self == Self::Nothing || self.candidates(devices, old).any(stays)
    }
}

pub(super) struct Removal<'a> {
    pub(super) user: &'a str,
    pub(super) old: &'a RemovedDevice,
    pub(super) stays: MustRemain,
    pub(super) run: String,
}

/// Where a removal stopped.
pub(super) struct RemovalError {
    pub(super) at: At,
    pub(super) left: Vec<Residue>,
    /// The device is what it was, for certain.
    pub(super) untouched: bool,
}

impl Removal<'_> {
    /// Deactivates, deletes, removes the credentials. Without a log: what this takes away is in it already.
    pub(super) fn carry_out(
        &self,
        mut log: Option<&mut Writer>,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<(), RemovalError> {
        self.deactivate(log.as_deref_mut(), account, context)?;
        self.delete(log, account, context)?;
        self.remove_credentials(context)
    }

    /// Deactivates it, unless it is not the user's any more. Sent once; after a lost reply IAM is asked.
    pub(super) fn deactivate(
        &self,
        log: Option<&mut Writer>,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<(), RemovalError> {
        let mut announced = Announcement::make(self.user, &self.old.serial, &self.run, account, context)
            .map_err(|cause| self.untouched(Cause::Aws(cause)))?;
        let outcome = self.deactivate_announced(&mut announced, log, account, context);
        // What may still be on its way stays announced until it cannot be any more.
        let is_settled = |broken: &RemovalError| {
            broken.untouched || !matches!(broken.at, (_, Cause::Aws(aws::Error::OutcomeUnknown { .. })))
        };
        if outcome.as_ref().err().is_none_or(is_settled) {
            announced.withdraw(account, context);
        } else {
            announced.keep(context);
        }
        outcome
    }

    fn deactivate_announced(
        &self,
        announced: &mut Announcement<'_>,
        mut log: Option<&mut Writer>,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<(), RemovalError> {
        let untouched = |cause| self.untouched(Cause::Aws(cause));
        // In this order: a run takes its announcement back after its device is gone, never before.
        let going = match self.stays {
            MustRemain::Nothing => Vec::new(),
            _ => announced.others(account, context).map_err(untouched)?,
        };
        let devices = account.mfa_devices(self.user).map_err(untouched)?;
        let holds = self.stays.holds(&devices, &going, self.old);
        if !devices.iter().any(|device| self.old.is(device)) {
            // Gone already, and it stays so only if that leaves what must stay: deleting would close the way back.
            let locked_out =
                || self.broken(Stage::Deactivate, self.would_lock_out(&devices, &going), self.deactivated());
            return if holds { Ok(()) } else { Err(locked_out()) };
        }
        if !holds {
            return Err(self.untouched(self.would_lock_out(&devices, &going)));
        }
        context.still_wanted().map_err(|cause| self.untouched(cause))?;
        if let Some(log) = &mut log {
            log.append(&Record::Intend(Undo::EnableAgain)).map_err(|cause| self.untouched(Cause::Journal(cause)))?;
        }
        let sent = if announced.is_fresh(context) {
            account.deactivate(self.user, &self.old.serial).map_err(Cause::Aws)
        } else {
            Err(Cause::refused(RemovalRefusal::TooLate { serial: self.old.serial.clone() }))
        };
        match sent {
            Ok(()) | Err(Cause::Aws(aws::Error::NotFound { .. })) => {}
            Err(Cause::Aws(cause @ aws::Error::OutcomeUnknown { .. })) => self.ask(cause, account, context)?,
            Err(cause) => {
                let _ = log.map(|log| log.append(&Record::Void(Undo::EnableAgain)));
                return Err(self.untouched(cause));
            }
        }
        self.look_again(account, context)
    }

    /// The reply was lost: is it still the user's?
    fn ask(&self, cause: aws::Error, account: &Account, context: &mut Context<'_>) -> Result<(), RemovalError> {
        match context.settle(|| account.mfa_devices(self.user)).0 {
            Ok(devices) if !devices.iter().any(|device| self.old.is(device)) => Ok(()),
            // It may still be on its way: nothing is certain.
            Ok(_) => Err(self.broken(Stage::Deactivate, Cause::Aws(cause), self.kept())),
            Err(why) => {
                let left = Residue::PerhapsEnabled { serial: self.old.serial.clone(), why };
                Err(self.broken(Stage::Deactivate, Cause::Aws(cause), left))
            }
        }
    }

    /// IAM is not to list it any more; what it lists may be behind by some seconds.
    ///
    /// Somebody may have taken away what was to stay, between the look and the deactivation: in the console, or with a
    /// glasskey that may not announce it. Then this one is enabled again at once, from its key. Where IAM does not
    /// answer, the way back stays open.
    fn look_again(&self, account: &Account, context: &mut Context<'_>) -> Result<(), RemovalError> {
        context.interrupt.clear();
        let is_gone = |devices: &[MfaDevice]| !devices.iter().any(|device| self.old.is(device));
        let listed = listed_where(account, self.user, "for IAM to list the device no more", is_gone, context);
        if listed.as_ref().is_ok_and(|(_, gone)| !gone) {
            let cause = Cause::refused(RemovalRefusal::StillListed { serial: self.old.serial.clone() });
            return Err(self.broken(Stage::Deactivate, cause, self.kept()));
        }
        context.tell(Notice::Deactivated { serial: self.old.serial.clone() });
        match listed {
            Ok((devices, _)) if !self.stays.holds(&devices, &[], self.old) => {
                let left = match enable_again(self.user, self.old, account, context) {
                    Ok(_) => self.kept(),
                    Err(_) => self.deactivated(),
                };
                Err(self.broken(Stage::Deactivate, self.would_lock_out(&devices, &[]), left))
            }
            Ok(_) => Ok(()),
            Err(cause) => Err(self.broken(Stage::Deactivate, Cause::Aws(cause), self.deactivated())),
        }
    }

    /// Deletes a virtual device; of other kinds nothing is left in IAM.
    fn delete(
        &self,
        log: Option<&mut Writer>,
        account: &Account,
        context: &mut Context<'_>,
    ) -> Result<(), RemovalError> {
        let Ok(arn) = self.old.serial.parse::<DeviceArn>() else { return Ok(()) };
        context.still_wanted().map_err(|cause| self.broken(Stage::Delete, cause, self.deactivated()))?;
        let gone = delete_device(account, &arn, context).map_err(|left| {
            let cause = match &left {
                Residue::Device { why, .. } | Residue::Unknown { why, .. } => Cause::Aws(why.clone()),
                _ => Cause::refused(RemovalRefusal::InUseAgain { arn }),
            };
            self.broken(Stage::Delete, cause, left)
        })?;
        // What is called so from now on is another. If this line is lost, the next attempt finds the device missing.
        let _ = log.map(|log| log.append(&Record::Deleted));
        let serial = self.old.serial.clone();
        context.tell(match gone {
            Gone::Now => Notice::Deleted { serial },
            Gone::Already => Notice::DeletedAlready { serial },
        });
        Ok(())
    }

    pub(super) fn remove_credentials(&self, context: &mut Context<'_>) -> Result<(), RemovalError> {
        let mut broken = None;
        for OldCredential { key, credential } in &self.old.held {
            match remove_credential(*key, credential, context) {
                Ok(Gone::Now) => context.tell(Notice::CredentialRemoved { key: *key, name: credential.clone() }),
                Ok(Gone::Already) => {}
                Err(left) => {
                    let cause = match &left {
                        Residue::Credential { why: Some(why), .. } => Cause::Sink(why.clone().into()),
                        _ => Cause::Interrupted,
                    };
                    let at = (Stage::Credentials, cause);
                    broken.get_or_insert(RemovalError { at, left: Vec::new(), untouched: false }).left.push(left);
                }
            }
        }
        broken.map_or(Ok(()), Err)
    }

    fn would_lock_out(&self, devices: &[MfaDevice], going: &[AnnouncedRemoval]) -> Cause {
        let serial = self.old.serial.clone();
        let without = match &self.stays {
            MustRemain::This { serial, .. } => Some(serial.clone()),
            _ => None,
        };
        // There would be one that stays, were it not about to go.
        let elsewhere = self.stays.candidates(devices, self.old).find_map(|device| {
            let going = going.iter().find(|going| going.is(&device.serial))?;
            Some((device.serial.clone(), going.until))
        });
        Cause::refused(match elsewhere {
            Some((going, until)) => RemovalRefusal::GoesElsewhere { serial, going, until },
            None => RemovalRefusal::LastFactor { serial, without },
        })
    }

    fn deactivated(&self) -> Residue {
        Residue::Deactivated { serial: self.old.serial.clone() }
    }

    fn kept(&self) -> Residue {
        Residue::Kept { serial: self.old.serial.clone() }
    }

    fn untouched(&self, cause: Cause) -> RemovalError {
        RemovalError { at: (Stage::Deactivate, cause), left: vec![self.kept()], untouched: true }
    }

    fn broken(&self, stage: Stage, cause: Cause, left: Residue) -> RemovalError {
        RemovalError { at: (stage, cause), left: vec![left], untouched: false }
    }
}

/// Undoes a deactivation: enables the device with two codes of a key that holds its seed, and says which.
pub(super) fn enable_again(
    user: &str,
    old: &RemovedDevice,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Serial, Cause> {
    let cannot = || Cause::refused(RemovalRefusal::NoKeyToEnable { serial: old.serial.clone() });
    let arn: DeviceArn = old.serial.parse().map_err(|_| cannot())?;
    let mut last = cannot();
    for held in &old.held {
        // Refused codes may be older than the last pair, which another machine has sent: the next pair is not.
        for _ in 0..2 {
            match enable_from(held, user, old, &arn, account, context) {
                Ok(()) => return Ok(held.key),
                Err(cause @ Cause::Aws(aws::Error::WrongCodes)) => last = cause,
                Err(cause) => {
                    last = cause;
                    break;
                }
            }
        }
    }
    Err(last)
}

fn enable_from(
    held: &OldCredential,
    user: &str,
    old: &RemovedDevice,
    arn: &DeviceArn,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<(), Cause> {
    let OldCredential { key, credential } = held;
    let name = Name::from_id(credential).map_err(Cause::oath(*key))?;
    let sink = key_sink(*key, name, context)?;
    let (step, codes) = fresh_pair(&sink, &old.serial, context)?;
    let enabled = account.enable(user, arn, &codes);
    let unseen = settle_enabling(enabled, (user, &old.serial), &sink, account, context)?;
    tell_enabled(EnabledWith { step, by: Some(*key) }, unseen, context);
    Ok(())
}

/// IAM is to list what it has acknowledged. A lost reply is settled by asking it what the user has; and since that may be
/// another device of the name by then, its key proves it. Gives why IAM did not tell of what it has acknowledged.
fn settle_enabling(
    outcome: Result<(), aws::Error>,
    (user, serial): (&str, &str),
    sink: &KeySink,
    account: &Account,
    context: &mut Context<'_>,
) -> Result<Option<aws::Error>, Cause> {
    let cause = match outcome {
        Ok(()) => {
            return match (listing(account, user, serial, context), serial.parse()) {
                (Listing::NotListed, Ok(arn)) => Err(not_listed(&arn, user)),
                (Listing::NotTold(why), _) => Ok(Some(why)),
                _ => Ok(None),
            };
        }
        Err(cause @ (aws::Error::OutcomeUnknown { .. } | aws::Error::AlreadyExists { .. })) => cause,
        Err(cause) => return Err(Cause::Aws(cause)),
    };
    match context.settle(|| account.mfa_devices(user)).0 {
        Ok(devices) if devices.iter().any(|device| device.serial == serial) => {
            prove_with(sink, serial, user, &[sink.key], account, context).map(|_| None)
        }
        _ => Err(Cause::Aws(cause)),
    }
}
