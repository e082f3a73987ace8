//! Security keys for root: registered in the console one after the other, and seen in IAM.
//!
//! An administrator sees that root has MFA now, and not with what. What a view cannot show is asked of the person.

use super::view::{Awaited, Known, Look, Sign, Unseen, View, is_called, is_meant, watch};
use super::{NotDone, WatchLimits};
use crate::aws::DeviceKind;
use crate::flow::failure::{Cause, RootRefusal, Stage};
use crate::keys::KeyId;
use crate::person::{ConsoleTask, Notice, Person, Question, RootQuestion, RootStep, RootView};
use crate::world::World;
use std::collections::BTreeMap;

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
    Ok(Sitting { view, known, limits: request.limits })
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
        for (nth, key) in keys.iter().enumerate() {
            let name = name_for(&key.id, nth + 1);
            match self.one(key, &name, (nth + 1, keys.len()), world) {
                Ok(one) => registered.push(one),
                Err(cause) => {
                    return Err(NotDone {
                        registered,
                        awaited: Some(name),
                        ..NotDone::from((Stage::Console, cause))
                    });
                }
            }
        }
        let whole = self.view.sees_each() && registered.iter().all(|one: &Registered| one.serial.is_some());
        let devices = whole.then(|| self.known.serials.iter().cloned().collect());
        let (account, partition, view) = (self.view.account.clone(), self.view.partition.clone(), self.view.sees());
        Ok(Enrolled { account, partition, view, keys: registered, devices })
    }

    fn one(
        &mut self,
        key: &Candidate,
        name: &str,
        (nth, of): (usize, usize),
        world: &mut World,
    ) -> Result<Registered, Cause> {
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
                Ok(Sign::Device(serial)) if !is_meant(&serial, name, &mut *world.person) => {
                    if world.interrupt.raised() {
                        break Err(Unseen::Interrupted);
                    }
                }
                sign => break sign,
            }
        };
        match sign {
            Ok(Sign::Device(serial)) => Ok(self.seen(key, name, serial, &mut *world.person)),
            Ok(Sign::HasMfaNow) => {
                world.person.tell(&Notice::Root(RootStep::Appeared { serial: None, expected: None }));
                Ok(registered(key, name, Evidence::Seen, None, None))
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
        if is_called(&serial, name) {
            person.tell(&Notice::Root(RootStep::Appeared { serial: Some(serial.clone()), expected: None }));
        }
        let aws = self.view.certifications(&serial);
        let certified = RootStep::Certified { aws: aws.clone(), attested: key.certification.clone() };
        person.tell(&Notice::Root(certified));
        registered(key, name, Evidence::Seen, Some(serial), aws)
    }
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
