//! A device with codes for root: the console's secret goes onto keys and a phone, their codes go into the console.
//!
//! Until codes are shown, any failure removes the credentials again. From then on the console may take them at any moment,
//! and IAM's lists may be some seconds old: that root has the device is believed, that it has not is the person's to say.
//! Where nobody can say, the credentials stay: they may be root's only factor. A phone shows codes by itself, so with one
//! this begins when it is given the seed.

mod showing; // codes, until the console has taken them
mod stopping; // before and after that

use super::fido::{Evidence, tell_view};
use super::view::{Known, View};
use super::{NotDone, WatchLimits};
use crate::aws::{self, DeviceArn};
use crate::flow::context::Context;
use crate::flow::enroll::keys_can_take;
use crate::flow::failure::{At, Cause, CommonRefusal, EnrollRefusal, RootRefusal, Stage};
use crate::flow::naming::credential_name;
use crate::flow::record::{Begin, Record};
use crate::flow::run::{Run, nothing_unfinished};
use crate::flow::seed_sinks;
use crate::keys::Serial;
use crate::oath::{self, Name};
use crate::person::{ConsoleTask, Notice, RootStep, RootView};
use crate::secret::Seed;
use crate::sink::{self, KeySink};
use crate::totp::unix;
use crate::world::World;
use showing::End;
use stopping::take_back;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpRequest {
    pub keys: Vec<Serial>,
    pub phone: bool,
    /// A member account, or, where AWS is not asked, the account that is meant.
    pub account: Option<String>,
    pub blind: bool,
    /// The name to give the device in the console.
    pub device_name: String,
    pub touch: bool,
    pub limits: WatchLimits,
    /// There is somewhere else than a terminal to write the codes.
    pub codes_elsewhere: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpEnrolled {
    pub account: String,
    pub partition: String,
    /// From where root was seen.
    pub view: RootView,
    pub name: String,
    /// How it is known that the console took the codes.
    pub evidence: Evidence,
    /// The device's serial number, where it was seen.
    pub serial: Option<String>,
    pub credential: String,
    pub keys: Vec<Serial>,
    pub phone: bool,
    /// All devices of root, where the view shows them.
    pub devices: Option<Vec<String>>,
}

/// Root, looked at, and keys that have room, before the secret is asked for.
pub struct TotpSitting {
    view: View,
    known: Known,
    tells: bool,
    arn: DeviceArn,
    name: Name,
    request: TotpRequest,
    /// A device of another name that has appeared, where nobody can be asked whether it is the one.
    other: Option<String>,
}

/// Looks at root and at the keys, and refuses what can be refused.
///
/// # Errors
/// Nothing was done.
pub fn begin_totp(request: TotpRequest, world: &mut World) -> Result<TotpSitting, NotDone> {
    if request.keys.is_empty() && !request.phone {
        return Err(Cause::refused(RootRefusal::NoPlace).into());
    }
    if request.phone && !world.person.is_there() {
        return Err(Cause::Sink(sink::Error::NobodyToAsk).into());
    }
    if !aws::check_name(&request.device_name) {
        let value = request.device_name;
        return Err(Cause::refused(CommonRefusal::BadValue { what: "device name", value }).into());
    }
    let mut view = View::open(&world.aws, request.account.as_deref(), request.blind)?;
    let look = view.check(1)?;
    let tells = view.sees_each()
        || (view.sees() == RootView::Administrator && !look.lacks.contains(&"iam:ListVirtualMFADevices"));
    let asked = world.person.is_there();
    if !asked && !request.codes_elsewhere {
        return Err(Cause::refused(RootRefusal::NobodyToShow { enrolls: true }).into());
    }
    if !asked && !tells {
        return Err(Cause::refused(RootRefusal::WouldNotBeSeen { none: true }).into());
    }
    let account = view.account.clone().ok_or(Cause::refused(RootRefusal::NameTheAccount))?;
    let arn = DeviceArn::new(&view.partition, &account, "/", &request.device_name);
    let known = Known::of(&look);
    if known.serials.contains(&arn.to_string()) {
        let user = Some(aws::root_arn(&view.partition, &account));
        return Err(Cause::refused(EnrollRefusal::NameTaken { arn, user }).into());
    }
    let name = credential_name(&arn).map_err(|cause| match cause {
        oath::Error::BadName { bytes } => {
            Cause::refused(EnrollRefusal::NameTooLong { name: format!("AWS:{account}/{}", arn.resource()), bytes })
        }
        _ => Cause::refused(CommonRefusal::BadValue { what: "device name", value: arn.name().to_owned() }),
    })?;
    let partition = view.partition.clone();
    let mut context = Context::over(world)?;
    nothing_unfinished(&context, |run| run.account == account && run.user.is_none())?;
    keys_can_take(&request.keys, &name, request.touch, &mut context)?;
    tell_view(&view, &look, context.person);
    context.tell(Notice::Root(RootStep::CountsAsVirtual));
    let task = ConsoleTask::ShowSecret { name: request.device_name.clone(), phone: request.phone };
    context.tell(Notice::Root(RootStep::AtConsole { task, partition }));
    Ok(TotpSitting { view, known, tells, arn, name, request, other: None })
}

impl TotpSitting {
    /// The partition, which decides where the console is.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.view.partition
    }

    /// Puts the seed on every key, gives it to the phone, and shows codes until the console has taken two.
    ///
    /// # Errors
    /// What is left is said; the journal has it.
    pub fn enroll(mut self, seed: Seed, world: &mut World) -> Result<TotpEnrolled, NotDone> {
        let mut context = Context::over(world)?;
        let mut run = Run::begin(self.begin(&context), &context)?;
        if let Err((stage, cause)) = self.write(&mut run, &seed, &mut context) {
            drop(seed);
            // Nobody has seen a code: the console cannot have taken any.
            return Err(take_back(run, (stage, cause), &mut context));
        }
        // From here on the console may take codes.
        if let Err(cause) = run.note(&Record::Enabling { at: Some(unix(context.clock.now())) }) {
            drop(seed);
            return Err(take_back(run, (Stage::Codes, cause), &mut context));
        }
        if self.request.phone
            && let Err(at) = seed_sinks::phone(&mut run, &seed, &mut context)
        {
            drop(seed);
            return Err(self.no_phone(run, at, &mut context));
        }
        // A phone cannot be asked for two codes. Where no key can either, the seed stays until the console has them.
        let seed = self.request.keys.is_empty().then_some(seed);
        let task = ConsoleTask::Confirm;
        let partition = self.view.partition.clone();
        context.tell(Notice::Root(RootStep::AtConsole { task, partition }));
        let end = self.show(seed.as_ref(), &mut context);
        drop(seed);
        context.person.hide_codes();
        match end {
            End::There(evidence, serial) => {
                context.tell_if_kept(run.finish());
                Ok(self.done(evidence, serial))
            }
            End::Stopped(cause) => self.stop(run, cause, &mut context),
        }
    }

    fn begin(&self, context: &Context<'_>) -> Begin {
        Begin {
            version: 1,
            command: "root enroll".to_owned(),
            started: unix(context.clock.now()),
            caller: self.view.caller(),
            user: "root".to_owned(),
            arn: self.arn.clone(),
            credential: self.name.id().to_owned(),
            keys: self.request.keys.clone(),
            touch: self.request.touch,
            phone: self.request.phone,
            escrow: None,
            program: None,
            replaces: None,
            root: true,
            roster: false,
        }
    }

    fn sink(&self, key: Serial) -> KeySink {
        KeySink { key, name: self.name.clone(), touch: self.request.touch }
    }

    fn write(&self, run: &mut Run, seed: &Seed, context: &mut Context<'_>) -> Result<(), At> {
        for key in self.request.keys.iter().copied() {
            let sink = self.sink(key);
            seed_sinks::key(run, &sink, seed, context)?;
            sink.verify(seed, &mut context.sinks()).map_err(|cause| (Stage::Prove { key }, Cause::Sink(cause)))?;
            context.tell(Notice::Written { key });
        }
        context.go_on().map_err(|cause| (Stage::Codes, cause))
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
            phone: self.request.phone,
            devices,
        }
    }
}
