//! Taking devices away from root: in the console for the caller's own account, through AssumeRoot's delete task for a
//! member. There is no undo: the console alone can give root a device again.

use super::leaving::{in_console, may_be_hidden};
use super::view::{Look, View};
use super::{NotDone, WatchLimits};
use crate::aws::{self, Account, Call, DeviceArn, RootTask};
use crate::flow::acknowledged::is_seen_in;
use crate::flow::context::confirmed;
use crate::flow::failure::{Cause, RootRefusal, Stage};
use crate::flow::run::Gone;
use crate::person::{Notice, Question, RootQuestion, RootStep, RootView};
use crate::world::World;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoveRequest {
    /// The devices' serial numbers, each in full.
    pub serials: Vec<String>,
    pub all: bool,
    pub account: Option<String>,
    /// The account whose root may be left without MFA.
    pub without_mfa: Option<String>,
    /// How long the console's part is watched; `None`: nobody is to look.
    pub limits: Option<WatchLimits>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    pub account: String,
    pub partition: String,
    /// From where root was seen.
    pub view: RootView,
    /// Root's devices before, as far as they show.
    pub devices: Vec<String>,
    pub meant: Vec<String>,
    pub removed: Vec<String>,
    /// Those of them that nobody has seen go: by the person's word.
    pub said: Vec<String>,
    /// Virtual ones that are nobody's now and were not deleted, and why.
    pub unassigned: Vec<(String, aws::Error)>,
}

/// Removes, or says what to do in the console and looks until it is done.
///
/// # Errors
/// The first device that could not be removed; those before it are gone, and named.
pub fn remove(request: &RemoveRequest, world: &mut World) -> Result<Removal, NotDone> {
    let mut view = View::open(&world.aws, request.account.as_deref(), false)?;
    let look = view.look_closely().map_err(Cause::Aws)?;
    let account = view.account.clone().ok_or(Cause::refused(RootRefusal::NoCredentials))?;
    let devices: Vec<String> = look.devices.iter().map(|device| device.serial.clone()).collect();
    let meant = meant(request, &look, &devices, (&view.partition, &account))?;
    let stay: Vec<String> = devices.iter().filter(|serial| !meant.contains(serial)).cloned().collect();
    let flags = look.flags;
    let (password, keys) = (flags.and_then(|flags| flags.password), flags.and_then(|flags| flags.keys));
    let parting = RootStep::RemovalPlan {
        account: account.clone(),
        serials: meant.clone(),
        stay: stay.clone(),
        password,
        keys,
    };
    world.person.tell(&Notice::Root(parting));
    let in_use = password != Some(false) || keys != Some(false);
    // What an administrator does not see may be there, or not.
    if stay.is_empty() && in_use {
        let (serials, sure) = (meant.clone(), look.all);
        if request.without_mfa.as_ref() != Some(&account) {
            return Err(Cause::refused(RootRefusal::WouldLoseMfa { account, serials, sure }).into());
        }
        world.person.tell(&Notice::Root(RootStep::LastFactors { serials, sure }));
    }
    let removal = Removal {
        account: account.clone(),
        partition: view.partition.clone(),
        view: view.sees(),
        devices,
        meant: meant.clone(),
        removed: Vec::new(),
        said: Vec::new(),
        unassigned: Vec::new(),
    };
    if view.outside().is_none() {
        let must_keep = !stay.is_empty() && in_use;
        return in_console(view, (&look, must_keep), removal, request.limits, world);
    }
    let question = Question::Root(RootQuestion::Remove { account: account.clone(), serials: meant.clone() });
    confirmed(&question, &mut *world.person, &world.interrupt)?;
    let outside = view.outside().ok_or(Cause::refused(RootRefusal::NoCredentials))?;
    let session = outside.assume_root(&account, RootTask::Delete).map_err(Cause::Aws)?;
    let must_keep = !stay.is_empty() && in_use;
    delete_each(meant, &session, removal, must_keep, world)
}

fn delete_each(
    meant: Vec<String>,
    session: &Account,
    mut removal: Removal,
    must_keep: bool,
    world: &mut World,
) -> Result<Removal, NotDone> {
    let mut unknown = Vec::new();
    for serial in meant {
        let stopped = |cause, removal: &Removal| NotDone {
            removed: removal.removed.clone(),
            ..NotDone::from((Stage::Console, cause))
        };
        if world.interrupt.raised() {
            return Err(stopped(Cause::Interrupted, &removal));
        }
        if must_keep && !another_stays(&removal, session).map_err(|why| stopped(Cause::Aws(why), &removal))? {
            let account = removal.account.clone();
            return Err(stopped(Cause::refused(RootRefusal::NothingStays { account }), &removal));
        }
        deactivate(&serial, session, world).map_err(|why| stopped(Cause::Aws(why), &removal))?;
        world.person.tell(&Notice::Deactivated { serial: serial.clone() });
        if let Ok(arn) = serial.parse::<DeviceArn>() {
            match delete(&arn, session, world) {
                Ok(Gone::Now) => world.person.tell(&Notice::Deleted { serial: serial.clone() }),
                Ok(Gone::Already) => world.person.tell(&Notice::DeletedAlready { serial: serial.clone() }),
                Err(why @ aws::Error::OutcomeUnknown { .. }) => unknown.push((serial.clone(), why)),
                // As the task's policy has it: the device is nobody's, and its name is taken.
                Err(why) => removal.unassigned.push((serial.clone(), why)),
            }
        }
        removal.removed.push(serial);
    }
    // Somebody may have taken away what was to stay, between the look and the deactivation.
    let account = removal.account.clone();
    let left = match must_keep.then(|| another_stays(&removal, session)) {
        None | Some(Ok(true)) => None,
        Some(Ok(false)) => Some(RootRefusal::NoMfaLeft { account }),
        Some(Err(why)) => Some(RootRefusal::StaysUnseen { account, why }),
    };
    if let Some(why) = left {
        return Err(NotDone { removed: removal.removed, ..NotDone::from((Stage::Console, Cause::refused(why))) });
    }
    if !unknown.is_empty() {
        let cause = Cause::refused(RootRefusal::PerhapsDeleted { devices: unknown });
        return Err(NotDone { removed: removal.removed, ..NotDone::from((Stage::Console, cause)) });
    }
    Ok(removal)
}

/// Whether root has a device that is not to go.
fn another_stays(removal: &Removal, session: &Account) -> Result<bool, aws::Error> {
    Ok(session.own_mfa_devices()?.iter().any(|device| !removal.meant.contains(&device.serial)))
}

/// Each device by its full serial number: none is taken for granted.
fn meant(
    request: &RemoveRequest,
    look: &Look,
    devices: &[String],
    account: (&str, &str),
) -> Result<Vec<String>, Cause> {
    let refused = |named: Option<String>| {
        Cause::refused(RootRefusal::WhichDevice { named, devices: devices.to_vec(), all: look.all })
    };
    if request.all && look.all && !devices.is_empty() {
        return Ok(devices.to_vec());
    }
    if request.serials.is_empty() {
        return Err(refused(None));
    }
    for named in &request.serials {
        if !devices.contains(named) && !may_be_hidden(named, look, account) {
            return Err(refused(Some(named.clone())));
        }
    }
    let mut meant = request.serials.clone();
    meant.sort();
    meant.dedup();
    Ok(meant)
}

/// A lost reply is settled by asking again: one that is not found any more is gone. The task lists no virtual devices.
/// The session may list no virtual device; so what shows that it is gone is that it is not found when it is deleted once more.
fn delete(arn: &DeviceArn, session: &Account, world: &mut World) -> Result<Gone, aws::Error> {
    let is_gone = || match session.delete_virtual_mfa(arn) {
        Err(aws::Error::NotFound { .. }) => Ok(true),
        sent => sent.map(|()| false),
    };
    let sent = match session.delete_virtual_mfa(arn) {
        Err(aws::Error::OutcomeUnknown { .. }) => session.delete_virtual_mfa(arn),
        sent => sent,
    };
    match sent {
        Ok(()) => is_seen_in(Call::DeleteVirtualMfaDevice, world, is_gone).map(|()| Gone::Now),
        Err(aws::Error::NotFound { .. }) => Ok(Gone::Already),
        Err(why) => Err(why),
    }
}

/// What AWS acknowledges must show; a lost reply is settled by looking: a device that is not listed is gone.
fn deactivate(serial: &str, session: &Account, world: &mut World) -> Result<(), aws::Error> {
    let is_gone = || Ok(session.own_mfa_devices()?.iter().all(|device| device.serial != serial));
    match session.deactivate_own(serial) {
        Ok(()) | Err(aws::Error::NotFound { .. }) => is_seen_in(Call::DeactivateMfaDevice, world, is_gone),
        Err(why @ aws::Error::OutcomeUnknown { .. }) => match is_gone() {
            Ok(true) => Ok(()),
            Ok(false) => match session.deactivate_own(serial) {
                Ok(()) | Err(aws::Error::NotFound { .. }) => is_seen_in(Call::DeactivateMfaDevice, world, is_gone),
                sent => sent,
            },
            Err(_) => Err(why),
        },
        Err(why) => Err(why),
    }
}
