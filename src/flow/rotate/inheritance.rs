//! What a new device takes over from the one that it replaces, and what the user loses: keys, the touch, the name.
//!
//! What the old device is can be seen on the keys that are plugged in, and nowhere else.

use super::super::context::Context;
use super::super::enroll::DevicePlan;
use super::super::proof::key_sink;
use super::RotateRequest;
use crate::aws::{DeviceArn, DeviceKind};
use crate::flow::failure::{Cause, RotateRefusal};
use crate::flow::record::RemovedDevice;
use crate::keys::Serial;
use crate::oath::{self, Name};
use crate::person::{Loss, RemovalPlan};
use crate::{sink, unlock};

/// The old device, as the keys here have it.
pub(super) struct Before {
    keys: Vec<Serial>,
    /// Its codes want a touch; `None`: no key here says.
    touch: Option<bool>,
}

/// Looks at the keys that hold the old device. One of them that asks for a touch is enough: nobody is to have the codes
/// of the new one without.
pub(super) fn read(request: &RotateRequest, old: &RemovedDevice, context: &mut Context<'_>) -> Before {
    let mut keys: Vec<Serial> = old.held.iter().map(|held| held.key).collect();
    keys.sort_unstable();
    keys.dedup();
    // Whoever asks for a touch loses none, so that nobody needs to look.
    if request.new.touch || request.new.keys.is_empty() {
        return Before { keys, touch: None };
    }
    let wants = old.held.iter().map(|held| {
        let name = Name::from_id(&held.credential).ok()?;
        key_sink(held.key, name, context).ok().map(|sink| sink.touch)
    });
    let wants: Vec<Option<bool>> = wants.collect();
    let touch = if wants.contains(&Some(true)) {
        Some(true)
    } else {
        // A key that could not be asked may be the one that does.
        (!wants.is_empty() && !wants.contains(&None)).then_some(false)
    };
    Before { keys, touch }
}

impl Before {
    /// A new device on fewer keys must have been asked for.
    pub(super) fn is_kept(&self, request: &RotateRequest, old: &RemovedDevice) -> Result<(), Cause> {
        let (before, after) = (self.keys.len(), request.new.keys.len());
        if after >= before || request.fewer_keys {
            return Ok(());
        }
        let serial = old.serial.clone();
        Err(Cause::refused(RotateRefusal::FewerKeys { serial, before: self.keys.clone(), after }))
    }

    /// Whether the new device's codes are to want a touch.
    pub(super) fn touch_of_new(&self, request: &RotateRequest) -> bool {
        request.new.touch || (!request.no_touch && self.touch == Some(true))
    }

    /// A touch that nobody asked for, and that a key cannot give.
    pub(super) fn explain(&self, cause: Cause, request: &RotateRequest, old: &RemovedDevice) -> Cause {
        match cause {
            Cause::Sink(sink::Error::Unlock(unlock::Error::Oath {
                key,
                cause: oath::Error::Unsupported { what: "touch", .. },
            })) if !request.new.touch => {
                Cause::refused(RotateRefusal::CannotKeepTouch { serial: old.serial.clone(), key })
            }
            cause => cause,
        }
    }

    /// Keys hold it, and did not say whether its codes want a touch.
    fn is_touch_unseen(&self, work: &DevicePlan) -> bool {
        self.touch.is_none() && !work.touch && !work.keys.is_empty()
    }

    /// What the user has less of afterwards.
    pub(super) fn losses(&self, work: &DevicePlan, parting: &RemovalPlan) -> Vec<Loss> {
        let mut losses = Vec::new();
        if work.keys.len() < self.keys.len() {
            losses.push(Loss::FewerKeys { before: self.keys.clone(), after: work.keys.len() });
        }
        if self.touch == Some(true) && !work.touch {
            losses.push(Loss::NoTouch);
        }
        match parting.kind {
            DeviceKind::Virtual if self.keys.is_empty() || self.is_touch_unseen(work) => {
                let name = parting.serial.rsplit('/').next().unwrap_or_default().to_owned();
                losses.push(Loss::Unseen { name, held: !self.keys.is_empty(), touch: work.touch });
            }
            DeviceKind::Fido | DeviceKind::RootFido => losses.push(Loss::Phishing),
            _ => {}
        }
        if let Ok(before) = parting.serial.parse::<DeviceArn>()
            && before.resource() != work.arn.resource()
        {
            let (before, after) = (before.resource().to_owned(), work.arn.resource().to_owned());
            losses.push(Loss::Name { before, after });
        }
        losses
    }
}
