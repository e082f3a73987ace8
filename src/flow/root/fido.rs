//! Security keys for root: registered in the console one after the other, and seen in IAM.
//!
//! An administrator sees that root has MFA now, and not with what. What a view cannot show is asked of the person.

use super::view::{Awaited, Known, Look, Sign, Unseen, View, is_called, is_meant, watch};
use super::{NotDone, WatchLimits};
use crate::aws::{self, DeviceKind};
use crate::flow::failure::{Cause, RootRefusal, Stage};
use crate::keys::KeyId;
use crate::person::{ConsoleTask, Notice, Person, Question, RootQuestion, RootStep, RootView};
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FidoRequest {
    pub keys: usize,
    /// A member account; the caller's own when not named.
    pub account: Option<String>,
    pub blind: bool,
    pub limits: WatchLimits,
}

/// A key that is ready to be registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub id: KeyId,
    pub certification: String,
}

/// How a registration is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// IAM shows it.
    Seen,
    /// Root had no MFA before and has it now; with which device, IAM does not tell.
    RootHasMfa,
    /// The person says that the console said so.
    Said,
}

/// A key that is registered for root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    pub key: KeyId,
    pub name: String,
    pub evidence: Evidence,
    /// Its serial number in IAM, where the view tells it.
    pub serial: Option<String>,
    /// What AWS takes it to be certified for, where it tells.
    pub certifications: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// The account, where it is known.
    pub account: Option<String>,
    pub partition: String,
    /// From where root was seen.
    pub view: RootView,
    /// The keys, in the order of the request.
    pub keys: Vec<Registered>,
    /// All devices of root, where the view shows them.
    pub devices: Option<Vec<String>>,
}

/// Root, looked at, before anybody goes to the console.
pub struct Sitting {
    view: View,
    known: Known,
    limits: WatchLimits,
    /// The serial numbers of keys that were registered while another was waited for.
    early: BTreeSet<String>,
}

/// Looks at root, and refuses what can be refused.
///
/// # Errors
/// Nothing was done.
pub fn begin(request: &FidoRequest, world: &mut World) -> Result<Sitting, NotDone> {
    let mut view = View::open(&world.aws, request.account.as_deref(), request.blind)?;
    let look = view.check(request.keys)?;
    let known = Known::of(&look);
    let asks = !view.sees_each();
    // An administrator sees the first key of a root user who has none, and no other.
    let seen_by_flag = look.flags.and_then(|flags| flags.mfa) == Some(false);
    if asks && !world.person.is_there() && !(seen_by_flag && request.keys == 1) {
        return Err(Cause::refused(RootRefusal::WouldNotBeSeen { none: !seen_by_flag }).into());
    }
    tell_view(&view, &look, &mut *world.person);
    Ok(Sitting { view, known, limits: request.limits, early: BTreeSet::new() })
}

pub(super) fn tell_view(view: &View, look: &Look, person: &mut dyn Person) {
    let (account, lacks) = (view.account.clone(), look.lacks.clone());
    person.tell(&Notice::Root(RootStep::Sees { view: view.sees(), account, lacks }));
}

/// The name to type in the console: so that the device in IAM tells which key it is.
fn name_for(key: &KeyId, nth: usize) -> String {
    match key.serial() {
        Some(serial) => format!("yubikey-{serial}"),
        None => format!("key-{nth}"),
    }
}

impl Sitting {
    /// The partition, which decides where the console is.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.view.partition
    }

    /// Has each key registered, one after the other.
    ///
    /// # Errors
    /// The first key that was not registered; those before it are.
    pub fn register(mut self, keys: &[Candidate], world: &mut World) -> Result<Enrolled, NotDone> {
        let mut registered = Vec::new();
        let names: Vec<String> = keys.iter().enumerate().map(|(nth, key)| name_for(&key.id, nth + 1)).collect();
        for (nth, (key, name)) in keys.iter().zip(&names).enumerate() {
            let one = match self.registered_already(key, name, world) {
                Ok(None) => self.one(key, name, (nth + 1, &names), world),
                Ok(Some(one)) => Ok(one),
                Err(cause) => Err(cause),
            };
            match one {
                Ok(one) => registered.push(one),
                Err(cause) => {
                    let awaited = Some(name.clone());
                    for (key, name) in keys.iter().zip(&names) {
                        let early = self.take_early(name);
                        registered.extend(early.map(|serial| self.seen(key, name, serial, &mut *world.person)));
                    }
                    return Err(NotDone { registered, awaited, ..NotDone::from((Stage::Console, cause)) });
                }
            }
        }
        let registered = self.all_there(registered, world)?;
        let whole = self.view.sees_each() && registered.iter().all(|one: &Registered| one.serial.is_some());
        let devices = whole.then(|| self.known.serials.iter().cloned().collect());
        let (account, partition, view) = (self.view.account.clone(), self.view.partition.clone(), self.view.sees());
        Ok(Enrolled { account, partition, view, keys: registered, devices })
    }

    /// Those that were registered, if root has them all still.
    fn all_there(&mut self, mut registered: Vec<Registered>, world: &mut World) -> Result<Vec<Registered>, NotDone> {
        if let Err(why) = self.look_once_more(&registered, world) {
            return Err(NotDone { registered, ..NotDone::from((Stage::Console, Cause::Aws(why))) });
        }
        for one in &mut registered {
            // It may have been removed and registered again meanwhile, under the name it had.
            let gone = one.serial.as_ref().filter(|serial| !self.known.serials.contains(*serial));
            let again = gone.filter(|serial| is_called(serial, &one.name)).and_then(|_| self.called(&one.name));
            if let Some(again) = again {
                world.person.tell(&appeared(&again));
                one.serial = Some(again);
            }
        }
        let is_there = |one: &Registered| one.serial.as_ref().is_none_or(|one| self.known.serials.contains(one));
        if let Some(gone) = registered.iter().position(|one| !is_there(one)) {
            let Registered { name, serial, .. } = registered.remove(gone);
            let cause = Cause::refused(RootRefusal::RemovedMeanwhile { serial: serial.unwrap_or_default() });
            registered.retain(is_there);
            return Err(NotDone { registered, awaited: Some(name), ..NotDone::from((Stage::Console, cause)) });
        }
        Ok(registered)
    }

    /// A key that root has: registered while another was waited for, or before, if the person says that it is this one.
    fn registered_already(
        &mut self,
        key: &Candidate,
        name: &str,
        world: &mut World,
    ) -> Result<Option<Registered>, Cause> {
        if let Some(early) = self.take_early(name) {
            return Ok(Some(self.seen(key, name, early, &mut *world.person)));
        }
        let Some(serial) = self.called(name) else { return Ok(None) };
        world.person.tell(&Notice::Root(RootStep::HasAlready { serial: serial.clone() }));
        let key_id = key.id.to_string();
        let question = RootQuestion::IsThisKey { serial: serial.clone(), key: key_id.clone() };
        match world.person.confirm(&Question::Root(question)) {
            Some(true) => Ok(Some(self.seen(key, name, serial, &mut *world.person))),
            _ if world.interrupt.raised() => Err(Cause::Interrupted),
            Some(false) => Ok(None),
            None => Err(Cause::refused(RootRefusal::HasAlready { serial, key: key_id })),
        }
    }

    /// While a question stood, a device may have gone.
    fn look_once_more(&mut self, registered: &[Registered], world: &mut World) -> Result<(), aws::Error> {
        // Where the person's word was taken, nothing can be seen any more.
        if !self.view.sees_each() || registered.iter().any(|one| one.evidence == Evidence::Said) {
            return Ok(());
        }
        let look = self.view.read()?;
        let awaited = Awaited { kind: DeviceKind::RootFido, name: "", what: "", limits: self.limits };
        self.known.compare(&look, &awaited, &mut *world.person);
        Ok(())
    }

    /// The serial number of a device of this name that root has.
    fn called(&self, name: &str) -> Option<String> {
        self.known.serials.iter().find(|serial| is_called(serial, name)).cloned()
    }

    /// The serial number of the key of this name, where it was registered while another was waited for.
    fn take_early(&mut self, name: &str) -> Option<String> {
        let is_there = |serial: &&String| is_called(serial, name) && self.known.serials.contains(*serial);
        let serial = self.early.iter().find(is_there)?.clone();
        self.early.remove(&serial);
        Some(serial)
    }

    /// Waits for a key to be registered under this name, the nth of all.
    fn one(
        &mut self,
        key: &Candidate,
        name: &str,
        (nth, names): (usize, &[String]),
        world: &mut World,
    ) -> Result<Registered, Cause> {
        let of = names.len();
        let others: Vec<&String> = names.iter().filter(|other| *other != name).collect();
        let task = ConsoleTask::AddKey { name: name.to_owned(), key: key.id.to_string(), nth, of };
        let partition = self.view.partition.clone();
        world.person.tell(&Notice::Root(RootStep::AtConsole { task, partition }));
        let what = format!("\"{name}\" to appear");
        let awaited = Awaited { kind: DeviceKind::RootFido, name, what: &what, limits: self.limits };
        let sign = loop {
            if !self.known.can_tell(&self.view) {
                break Ok(Sign::OneMoreInUse);
            }
            match watch(&mut self.view, &mut self.known, &awaited, &world.clock, &mut *world.person) {
                Ok(Sign::Device(serial)) if others.iter().any(|other| is_called(&serial, other)) => {
                    world.person.tell(&appeared(&serial));
                    self.early.insert(serial);
                }
                Ok(Sign::Device(serial)) if !is_meant(&serial, name, &mut *world.person) => {
                    if world.interrupt.raised() {
                        break Err(Unseen::Interrupted);
                    }
                }
                sign => break sign,
            }
        };
        match sign {
            Ok(Sign::Device(serial)) => {
                if is_called(&serial, name) {
                    world.person.tell(&appeared(&serial));
                }
                Ok(self.seen(key, name, serial, &mut *world.person))
            }
            Ok(Sign::HasMfaNow) => {
                world.person.tell(&Notice::Root(RootStep::Appeared { serial: None, expected: None }));
                Ok(registered(key, name, Evidence::RootHasMfa, None, None))
            }
            Ok(Sign::OneMoreInUse) => {
                if self.known.can_tell(&self.view) {
                    world.person.tell(&Notice::Root(RootStep::OneMoreInUse));
                }
                said(key, name, world)
            }
            Err(Unseen::TimedOut) => Err(Cause::refused(RootRefusal::NotSeen { after: self.limits.timeout })),
            Err(Unseen::Interrupted) => Err(Cause::Interrupted),
            Err(Unseen::Blind(why)) => {
                if !world.person.is_there() {
                    return Err(Cause::Aws(why));
                }
                world.person.tell(&Notice::Root(RootStep::Blind { why }));
                said(key, name, world)
            }
        }
    }

    fn seen(&self, key: &Candidate, name: &str, serial: String, person: &mut dyn Person) -> Registered {
        let aws = self.view.certifications(&serial);
        let certified = RootStep::Certified { aws: aws.clone(), attested: key.certification.clone() };
        person.tell(&Notice::Root(certified));
        registered(key, name, Evidence::Seen, Some(serial), aws)
    }
}

fn appeared(serial: &str) -> Notice {
    Notice::Root(RootStep::Appeared { serial: Some(serial.to_owned()), expected: None })
}

fn registered(
    key: &Candidate,
    name: &str,
    evidence: Evidence,
    serial: Option<String>,
    certifications: Option<BTreeMap<String, String>>,
) -> Registered {
    Registered { key: key.id.clone(), name: name.to_owned(), evidence, serial, certifications }
}

/// What the person says of it.
fn said(key: &Candidate, name: &str, world: &mut World) -> Result<Registered, Cause> {
    match world.person.confirm(&Question::Root(RootQuestion::WasAdded { name: name.to_owned() })) {
        Some(true) => Ok(registered(key, name, Evidence::Said, None, None)),
        Some(false) | None if world.interrupt.raised() => Err(Cause::Interrupted),
        Some(false) => Err(Cause::refused(RootRefusal::NotAdded)),
        None => Err(Cause::refused(RootRefusal::NobodySays)),
    }
}
