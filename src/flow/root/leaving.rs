//! Devices that the console takes away from root, and looking until they are gone.
//!
//! An administrator sees virtual devices go, and of the others only that root has no MFA any more, or that one device
//! fewer is in use in the whole account. What a view cannot show is asked of the person.

use super::fido::tell_view;
use super::remove::Removal;
use super::view::{Look, Unseen, View, look_until};
use super::{NotDone, WatchLimits};
use crate::aws::{self, DeviceKind};
use crate::flow::failure::{Cause, RootRefusal, Stage};
use crate::person::{ConsoleTask, Notice, Person, Question, RootQuestion, RootStep};
use crate::world::World;
use std::collections::BTreeSet;

/// What is to go, and what has been seen of it.
struct Removing {
    /// Those that show, and have not gone yet.
    shown: BTreeSet<String>,
    /// Those that this view does not show.
    hidden: Vec<String>,
    /// What root had at the last look.
    known: BTreeSet<String>,
    mfa: Option<bool>,
    in_use: Option<u32>,
}

/// What was seen.
enum Sign {
    /// All that was to go.
    Gone,
    /// One device fewer is in use, and it is none that shows.
    OneFewer,
}

/// Says what to do in the console, and looks until it is done. `limits`: `None` where nobody is to look.
///
/// # Errors
/// The devices that have not gone; those that have are named.
pub(super) fn in_console(
    mut view: View,
    (before, must_keep): (&Look, bool),
    removal: Removal,
    limits: Option<WatchLimits>,
    world: &mut World,
) -> Result<Removal, NotDone> {
    let mut leaving = Removing::of(before, &removal.meant);
    if !world.person.is_there() && (limits.is_none() || !leaving.would_show()) {
        return Err(Cause::refused(RootRefusal::WouldNotBeSeenToGo).into());
    }
    tell_view(&view, before, &mut *world.person);
    let task = ConsoleTask::Remove { serials: removal.meant.clone() };
    world.person.tell(&Notice::Root(RootStep::AtConsole { task, partition: removal.partition.clone() }));
    let mut removal = removal;
    let ended = leaving.watch(&mut view, limits, &mut removal, world);
    let cause = match ended {
        Err(cause) => cause,
        // What was to stay has gone meanwhile.
        Ok(()) if must_keep && leaving.has_none(before.all) => {
            Cause::refused(RootRefusal::NoMfaLeft { account: removal.account.clone() })
        }
        Ok(()) => return Ok(removal),
    };
    Err(NotDone { removed: removal.removed, ..NotDone::from((Stage::Console, cause)) })
}

impl Removing {
    fn of(before: &Look, meant: &[String]) -> Self {
        let known: BTreeSet<String> = before.devices.iter().map(|device| device.serial.clone()).collect();
        let (shown, hidden): (Vec<_>, Vec<_>) = meant.iter().cloned().partition(|serial| known.contains(serial));
        let (mfa, in_use) = (before.flags.and_then(|it| it.mfa), before.flags.and_then(|it| it.devices_in_use));
        Self { shown: shown.into_iter().collect(), hidden, known, mfa, in_use }
    }

    /// Whether it will show beyond doubt that they are gone: each, or that root has none at all.
    fn would_show(&self) -> bool {
        self.hidden.is_empty() || (self.mfa == Some(true) && self.known.is_subset(&self.shown))
    }

    /// Whether the last look has shown that root has no device. `all`: each device shows.
    fn has_none(&self, all: bool) -> bool {
        (all && self.known.is_empty()) || self.mfa == Some(false)
    }

    /// Whether anything will show of those that are hidden.
    fn can_tell(&self) -> bool {
        self.mfa == Some(true) || self.in_use.is_some()
    }

    fn watch(
        &mut self,
        view: &mut View,
        limits: Option<WatchLimits>,
        removal: &mut Removal,
        world: &mut World,
    ) -> Result<(), Cause> {
        let Some(limits) = limits else { return self.said(removal, world) };
        while !self.shown.is_empty() || (!self.hidden.is_empty() && self.can_tell()) {
            let what = self.awaited();
            let (clock, person) = (world.clock.clone(), &mut *world.person);
            let sign =
                look_until(view, limits, &what, &clock, person, |look, person| self.compare(look, removal, person));
            match sign {
                Ok(Sign::Gone) => return Ok(()),
                Ok(Sign::OneFewer) => {
                    world.person.tell(&Notice::Root(RootStep::OneFewerInUse));
                    self.hidden = self.ask(removal, world)?;
                }
                Err(Unseen::TimedOut) => {
                    return Err(Cause::refused(RootRefusal::StillThere {
                        serials: self.left(),
                        after: limits.timeout,
                    }));
                }
                Err(Unseen::Interrupted) => return Err(Cause::Interrupted),
                Err(Unseen::Blind(why)) if !world.person.is_there() => return Err(Cause::Aws(why)),
                Err(Unseen::Blind(why)) => {
                    world.person.tell(&Notice::Root(RootStep::Blind { why }));
                    return self.said(removal, world);
                }
            }
        }
        self.said(removal, world)
    }

    /// What is waited for, for people.
    fn awaited(&self) -> String {
        match self.left().as_slice() {
            [one] => format!("{one} to go"),
            several => format!("{} devices to go", several.len()),
        }
    }

    fn left(&self) -> Vec<String> {
        self.shown.iter().chain(&self.hidden).cloned().collect()
    }

    /// What has changed since the last look.
    fn compare(&mut self, look: &Look, removal: &mut Removal, person: &mut dyn Person) -> Option<Sign> {
        let now: BTreeSet<String> = look.devices.iter().map(|device| device.serial.clone()).collect();
        let before = std::mem::replace(&mut self.known, now);
        for serial in before.difference(&self.known) {
            let serial = serial.clone();
            if self.shown.remove(&serial) {
                removal.removed.push(serial.clone());
                person.tell(&Notice::Root(RootStep::Removed { serial: Some(serial) }));
            } else {
                person.tell(&Notice::Root(RootStep::Gone { serial }));
            }
        }
        for serial in self.known.difference(&before) {
            // A list may be older than the one before it.
            if removal.meant.contains(serial) {
                removal.removed.retain(|gone| gone != serial);
                self.shown.insert(serial.clone());
                person.tell(&Notice::Root(RootStep::ListedAgain { serial: serial.clone() }));
                continue;
            }
            let kind = DeviceKind::of(serial);
            person.tell(&Notice::Root(RootStep::Other { serial: serial.clone(), kind }));
        }
        let changed = before != self.known;
        let (mfa, in_use) = (look.flags.and_then(|it| it.mfa), look.flags.and_then(|it| it.devices_in_use));
        if !self.hidden.is_empty() && (self.mfa, mfa) == (Some(true), Some(false)) && self.shown.is_empty() {
            person.tell(&Notice::Root(RootStep::Removed { serial: None }));
            removal.removed.append(&mut self.hidden);
        }
        // The counts were read before the list: a device that went in between is counted still.
        let fewer = !changed && self.in_use.zip(in_use).is_some_and(|(before, now)| now < before);
        self.in_use = in_use.or(self.in_use);
        self.mfa = if self.shown.is_empty() { mfa.or(self.mfa) } else { self.mfa };
        match (self.left().is_empty(), fewer && !self.hidden.is_empty()) {
            (true, _) => Some(Sign::Gone),
            (false, true) => Some(Sign::OneFewer),
            (false, false) => None,
        }
    }

    /// The person's word on all that is left.
    fn said(&mut self, removal: &mut Removal, world: &mut World) -> Result<(), Cause> {
        self.hidden = self.left();
        self.shown.clear();
        match self.ask(removal, world)?.first() {
            None => Ok(()),
            Some(serial) => Err(Cause::refused(RootRefusal::NotRemoved { serial: serial.clone() })),
        }
    }

    /// Asks of each hidden one whether it is gone. Those that are not.
    fn ask(&self, removal: &mut Removal, world: &mut World) -> Result<Vec<String>, Cause> {
        let mut stay = Vec::new();
        for serial in &self.hidden {
            let question = RootQuestion::WasRemoved { serial: serial.clone() };
            match world.person.confirm(&Question::Root(question)) {
                Some(true) => {
                    removal.removed.push(serial.clone());
                    removal.said.push(serial.clone());
                }
                Some(false) | None if world.interrupt.raised() => return Err(Cause::Interrupted),
                Some(false) => stay.push(serial.clone()),
                None => return Err(Cause::refused(RootRefusal::NobodySays)),
            }
        }
        Ok(stay)
    }
}

/// Whether a serial number may be that of a security key of this root user, which an administrator is not shown.
pub(super) fn may_be_hidden(serial: &str, look: &Look, (partition, account): (&str, &str)) -> bool {
    let root = aws::root_arn(partition, account);
    let of_account = root.strip_suffix("root").is_some_and(|prefix| serial.starts_with(prefix));
    !look.all && of_account && DeviceKind::of(serial) == DeviceKind::RootFido
}
