//! A device with codes for root: the console's secret goes onto the keys, their codes go into the console.
//!
//! Until codes are shown, any failure removes the credentials again. From then on the console may take them at any moment,
//! and IAM's lists may be some seconds old: that root has the device is believed, that it has not is the person's to say.
//! Where nobody can say, the credentials stay: they may be root's only factor.

use super::codes::Shown;
use super::fido::{Evidence, reason, tell_view};
use super::view::{Awaited, Known, Sign, View, is_called};
use super::{Cause, NotDone, Patience, Refusal};
use crate::aws::{self, DeviceArn, DeviceKind};
use crate::flow::desk::Desk;
use crate::flow::enroll::{is_taken, keys_can_take};
use crate::flow::naming::credential_name;
use crate::flow::run::{self, Begin, Failed, Left, Record, Run, Stage, Undo, failed, nothing_unfinished_for_root};
use crate::keys::Serial;
use crate::oath::{self, Name};
use crate::person::{AtCodes, ConsoleTask, Notice, Question, RootQuestion, RootStep, RootView};
use crate::secret::Seed;
use crate::sink::{KeySink, Sink};
use crate::totp::unix;
use crate::world::World;
use std::time::SystemTime;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpRequest {
    /// The keys.
    pub keys: Vec<Serial>,
    /// A member account, or, where AWS is not asked, the account that is meant.
    pub account: Option<String>,
    /// AWS is not to be asked.
    pub blind: bool,
    /// The name to give the device in the console.
    pub device_name: String,
    /// Every code asks for a touch.
    pub touch: bool,
    /// How long the device is waited for.
    pub patience: Patience,
    /// There is somewhere else than a terminal to write the codes.
    pub codes_elsewhere: bool,
}

/// Root with its new device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpEnrolled {
    /// The account.
    pub account: String,
    /// Its partition.
    pub partition: String,
    /// From where root was seen.
    pub view: RootView,
    /// The name that was proposed.
    pub name: String,
    /// How it is known that the console took the codes.
    pub evidence: Evidence,
    /// The device's serial number, where it was seen.
    pub serial: Option<String>,
    /// The credential's id on every key.
    pub credential: String,
    /// The keys that hold it, each proved.
    pub keys: Vec<Serial>,
    /// All devices of root, where the view shows them.
    pub devices: Option<Vec<String>>,
}

/// Root, looked at, and keys that have room, before the secret is asked for.
pub struct TotpSitting {
    view: View,
    known: Known,
    /// Root's virtual devices show in this view.
    tells: bool,
    arn: DeviceArn,
    name: Name,
    request: TotpRequest,
}

/// Looks at root and at the keys, and refuses what can be refused.
///
/// # Errors
/// Nothing was done.
pub fn begin_totp(request: TotpRequest, world: &mut World) -> Result<TotpSitting, NotDone> {
    let before = |cause| Cause::Flow(Stage::Preflight, cause);
    let refused = |refusal| before(run::Cause::Refused(refusal));
    if !aws::check_name(&request.device_name) {
        let value = request.device_name;
        return Err(refused(run::Refusal::BadValue { what: "device name", value }).into());
    }
    let mut view = View::open(&world.aws, request.account.as_deref(), request.blind)?;
    let look = view.check(1)?;
    let tells = view.sees_each()
        || (view.sees() == RootView::Administrator && !look.lacks.contains(&"iam:ListVirtualMFADevices"));
    let asked = world.person.is_there();
    if !asked && (!tells || !request.codes_elsewhere) {
        return Err(Cause::Refused(Refusal::WouldNotBeSeen { none: true }).into());
    }
    let account = view.account.clone().ok_or(Cause::Refused(Refusal::NameTheAccount))?;
    let arn = DeviceArn::new(&view.partition, &account, "/", &request.device_name);
    let known = Known::of(&look);
    if known.serials.contains(&arn.to_string()) {
        let user = Some(aws::root_arn(&view.partition, &account));
        return Err(refused(run::Refusal::NameTaken { arn, user }).into());
    }
    let name = credential_name(&arn).map_err(|cause| match cause {
        oath::Error::BadName { bytes } => {
            refused(run::Refusal::NameTooLong { name: format!("AWS:{account}/{}", arn.resource()), bytes })
        }
        _ => refused(run::Refusal::BadValue { what: "device name", value: arn.name().to_owned() }),
    })?;
    let partition = view.partition.clone();
    let mut desk = Desk::over(world).map_err(before)?;
    nothing_unfinished_for_root(&account, &desk).map_err(before)?;
    keys_can_take(&request.keys, &name, request.touch, &mut desk).map_err(before)?;
    tell_view(&view, &look, desk.person);
    desk.tell(Notice::Root(RootStep::CountsAsVirtual));
    let task = ConsoleTask::ShowSecret { name: request.device_name.clone() };
    desk.tell(Notice::Root(RootStep::AtConsole { task, partition }));
    Ok(TotpSitting { view, known, tells, arn, name, request })
}

/// How the console's part ended.
enum End {
    /// The device is root's.
    There(Evidence, Option<String>),
    /// Stopped, with the reason; the device is not there, as far as can be told.
    Stopped(Cause),
}

impl TotpSitting {
    /// The partition, which decides where the console is.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.view.partition
    }

    /// Puts the seed on every key, and shows codes until the console has taken two.
    ///
    /// # Errors
    /// What is left is said; the journal has it.
    pub fn enroll(mut self, seed: Seed, world: &mut World) -> Result<TotpEnrolled, NotDone> {
        let early = |cause| NotDone::from(Cause::Flow(Stage::Preflight, cause));
        let mut desk = Desk::over(world).map_err(early)?;
        let mut run = Run::begin(self.begin(&desk), &desk).map_err(early)?;
        let written = self.write(&mut run, &seed, &mut desk);
        drop(seed);
        if let Err((stage, cause)) = written {
            // Nobody has seen a code: the console cannot have taken any.
            return Err(take_back(run, stage, cause, &mut desk));
        }
        // From here on the console may take codes.
        if let Err(cause) = run.note(&Record::Enabling) {
            return Err(take_back(run, Stage::Codes, cause, &mut desk));
        }
        let task = ConsoleTask::Confirm;
        let partition = self.view.partition.clone();
        desk.tell(Notice::Root(RootStep::AtConsole { task, partition }));
        let end = self.show(&mut desk);
        desk.person.hide_codes();
        match end {
            End::There(evidence, serial) => {
                if run.finish().is_err() {
                    desk.tell(Notice::JournalKept);
                }
                Ok(self.done(evidence, serial))
            }
            End::Stopped(cause) => self.stop(run, cause, &mut desk),
        }
    }

    fn begin(&self, desk: &Desk<'_>) -> Begin {
        Begin {
            version: 1,
            command: "root enroll".to_owned(),
            started: unix(desk.clock.now()),
            caller: self.view.caller(),
            user: "root".to_owned(),
            arn: self.arn.clone(),
            credential: self.name.id().to_owned(),
            keys: self.request.keys.clone(),
            touch: self.request.touch,
            phone: false,
            escrow: None,
            program: None,
            replaces: None,
            root: true,
        }
    }

    fn sink(&self, key: Serial) -> KeySink {
        KeySink { key, name: self.name.clone(), touch: self.request.touch }
    }

    fn write(&self, run: &mut Run, seed: &Seed, desk: &mut Desk<'_>) -> Result<(), run::At> {
        for key in self.request.keys.iter().copied() {
            let mut sink = self.sink(key);
            let write = |cause| (Stage::Write { key }, cause);
            desk.go_on().map_err(write)?;
            run.intend(Undo::RemoveCredential { key }).map_err(write)?;
            sink.put(seed, &mut desk.bench()).map_err(|cause| {
                if is_taken(&cause) {
                    run.void(&Undo::RemoveCredential { key });
                }
                write(run::Cause::Sink(cause))
            })?;
            sink.verify(seed, &mut desk.bench()).map_err(|cause| (Stage::Prove { key }, run::Cause::Sink(cause)))?;
            desk.tell(Notice::Written { key });
        }
        desk.go_on().map_err(|cause| (Stage::Codes, cause))
    }

    /// Shows codes and looks at root in turn.
    fn show(&mut self, desk: &mut Desk<'_>) -> End {
        let at_key = |cause| match cause {
            run::Cause::Interrupted => Cause::Interrupted,
            cause => Cause::Flow(Stage::Codes, cause),
        };
        let Some(sink) = self.request.keys.last().map(|key| self.sink(*key)) else {
            return End::Stopped(Cause::NobodyToAsk);
        };
        let serial = self.arn.to_string();
        let mut shown = match Shown::first(&sink, &serial, desk) {
            Ok(shown) => shown,
            Err(cause) => return End::Stopped(at_key(cause)),
        };
        let begun = desk.clock.now();
        let mut looked: Option<SystemTime> = None;
        loop {
            let at = match shown.show(&sink, desk) {
                Ok(at) => at,
                Err(cause) => return End::Stopped(at_key(cause)),
            };
            let now = desk.clock.now();
            let since = |then: SystemTime| now.duration_since(then).unwrap_or_default();
            let due = at == AtCodes::Done || looked.is_none_or(|looked| since(looked) >= self.request.patience.every);
            if self.tells && due {
                looked = Some(now);
                match self.look(desk) {
                    Ok(Some(serial)) => {
                        shown.used(&serial, desk);
                        return self.there(serial, desk);
                    }
                    Ok(None) if at == AtCodes::Done => {
                        desk.tell(Notice::NotConfirmed { why: "IAM does not list it for root yet".to_owned() });
                    }
                    Ok(None) => {}
                    Err(aws::Error::Interrupted) => return End::Stopped(Cause::Interrupted),
                    Err(why) if desk.person.is_there() => {
                        self.tells = false;
                        desk.tell(Notice::Root(RootStep::Blind { why: reason(&why) }));
                    }
                    Err(why) => return End::Stopped(Cause::Aws(why)),
                }
            }
            if at == AtCodes::Done && !self.tells {
                desk.person.hide_codes();
                let name = self.request.device_name.clone();
                if desk.person.confirm(&Question::Root(RootQuestion::WasAdded { name })) == Some(true) {
                    shown.used(&serial, desk);
                    return End::There(Evidence::Said, None);
                }
            }
            if at == AtCodes::GivesUp || desk.interrupt.raised() {
                return End::Stopped(Cause::Interrupted);
            }
            if since(begun) >= self.request.patience.timeout {
                return End::Stopped(Cause::TimedOut(self.request.patience.timeout));
            }
        }
    }

    fn look(&mut self, desk: &mut Desk<'_>) -> Result<Option<String>, aws::Error> {
        let look = self.view.look()?;
        let Patience { timeout, every } = self.request.patience;
        let name = &self.request.device_name;
        let awaited = Awaited { kind: DeviceKind::Virtual, name, what: name, patience: timeout, every };
        match self.known.compare(&look, &awaited, desk.person) {
            Some(Sign::Device(serial)) => Ok(Some(serial)),
            _ => Ok(None),
        }
    }

    fn there(&self, serial: String, desk: &mut Desk<'_>) -> End {
        desk.person.hide_codes();
        let name = &self.request.device_name;
        let expected = (!is_called(&serial, name)).then(|| name.clone());
        desk.tell(Notice::Root(RootStep::Appeared { serial: Some(serial.clone()), expected }));
        End::There(Evidence::Seen, Some(serial))
    }

    /// The person gave up, or something broke while codes were shown. The console may have taken them all the same.
    fn stop(mut self, run: Run, cause: Cause, desk: &mut Desk<'_>) -> Result<TotpEnrolled, NotDone> {
        // Heard. What follows is the undoing, which a second Ctrl-C ends.
        desk.interrupt.clear();
        if self.tells
            && let Ok(Some(serial)) = self.look(desk)
        {
            if run.finish().is_err() {
                desk.tell(Notice::JournalKept);
            }
            desk.tell(Notice::Root(RootStep::Appeared { serial: Some(serial.clone()), expected: None }));
            return Ok(self.done(Evidence::Seen, Some(serial)));
        }
        let (credential, keys) = (self.name.id().to_owned(), self.request.keys.clone());
        let answer = desk.person.confirm(&Question::Root(RootQuestion::TakeBack { credential, keys }));
        desk.interrupt.clear();
        if answer != Some(true) {
            return Err(self.kept(cause));
        }
        let left = run.remove_credentials(desk);
        Err(NotDone { left, undone: true, ..NotDone::from(cause) })
    }

    /// Nobody can say that root does not have it: it may be root's only factor.
    fn kept(&self, cause: Cause) -> NotDone {
        let credential = |key: &Serial| Left::Credential { key: *key, name: self.name.id().to_owned(), why: None };
        let left = self.request.keys.iter().map(credential).collect();
        NotDone { left, ..NotDone::from(cause) }
    }

    fn done(self, evidence: Evidence, serial: Option<String>) -> TotpEnrolled {
        let devices = self.view.sees_each().then(|| self.known.serials.iter().cloned().collect());
        TotpEnrolled {
            account: self.arn.account().to_owned(),
            partition: self.view.partition.clone(),
            view: self.view.sees(),
            name: self.request.device_name,
            evidence,
            serial,
            credential: self.name.id().to_owned(),
            keys: self.request.keys,
            devices,
        }
    }
}

fn take_back(run: Run, stage: Stage, cause: run::Cause, desk: &mut Desk<'_>) -> NotDone {
    let cause = if desk.interrupt.raised() { run::Cause::Interrupted } else { cause };
    if matches!(cause, run::Cause::Interrupted) && !run.intents.is_empty() {
        desk.tell(Notice::Undoing);
    }
    desk.interrupt.clear();
    let left = run.remove_credentials(desk);
    let Failed { stage, cause, left, .. } = failed((stage, cause), left, desk);
    NotDone { left, undone: true, ..NotDone::from(Cause::Flow(stage, cause)) }
}
