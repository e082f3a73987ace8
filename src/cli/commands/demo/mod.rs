//! `glasskey demo`: the whole story on stand-ins, in seconds. The flows are the real ones; each line says which calls
//! the simulated AWS answered, and every claim is checked before it is printed.

mod fido;
mod root;

use crate::aws::{Account, Error, NewDevice};
use crate::cli::Outcome;
use crate::cli::args::Cli;
use crate::cli::console::{Console, Style};
use crate::cli::explain::{self, Exit, Explanation};
use crate::cli::notices;
use crate::cli::page::Page;
use crate::cli::private_dir::PrivateDir;
use crate::flow;
use crate::flow::enroll::Request;
use crate::flow::recover::RecoverRequest;
use crate::keys::{KeyId, Serial};
use crate::oath::Session;
use crate::person::{AtCodes, Choice, ConsoleTask, NoNewPin, Notice, Person, Question, RootStep, TwoCodes};
use crate::secret::{Code, Password};
use crate::sim::aws::{AtConsole, Aws, Fault, Keys, Wrong};
use crate::sim::clock::SimClock;
use crate::sim::oath_card::{Options, SoftKey};
use crate::sim::{self, aws};
use crate::totp::{AWS, Step};
use crate::world::World;
use schemars::JsonSchema;
use serde::Serialize;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

pub(in crate::cli) fn run(_cli: &Cli, console: &mut Console) -> Outcome {
    let mut stage = Stage::set(console.style())?;
    let steps: [(&str, Scene); 9] = [
        ("enroll alice on two keys: one seed, either key can sign in", enroll_alice),
        ("sign in as alice with a code from the first key", sign_in),
        ("a wrong pair of codes", wrong_pair),
        ("the same pair again", replay),
        ("a lost reply: AWS enabled the device, and the answer never came", lost_reply),
        ("a power cut after writing the key, before enabling", power_cut),
        ("a new FIDO2 key, out of its box", fido::ready),
        ("root: two security keys, which only the console can register", root::two_keys),
        ("root: a device with codes, its secret on both keys", root::codes),
    ];
    console.say("No key and no AWS account needed: two software YubiKeys and a simulated AWS that checks codes.");
    let mut steps_done = Vec::new();
    for (title, step) in steps {
        console.say("");
        console.say(&console.style().bold(title));
        let line = step(&mut stage)?;
        stage.show_calls();
        console.say(&format!("  {} {line}", console.style().bold("=>")));
        steps_done.push(StepReport { step: title, result: line });
    }
    console.say("");
    console.say("Try it yourself: `glasskey simulate` in one terminal, any command in another.");
    console.result(&Page::nothing(), &Report { steps: steps_done });
    Ok(Exit::Done)
}

/// What was shown.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "type", rename = "demo")]
pub(in crate::cli) struct Report {
    /// The steps.
    steps: Vec<StepReport>,
}

/// A step that was shown.
#[derive(Serialize, JsonSchema)]
pub(in crate::cli) struct StepReport {
    /// What it shows, for people.
    step: &'static str,
    /// What came of it, for people.
    result: String,
}

type Told = Result<String, Box<Explanation>>;

/// One thing shown; its answer is the line that sums it up.
type Scene = fn(&mut Stage) -> Told;

/// The stand-ins and what the story has come to.
struct Stage {
    aws: Aws,
    clock: SimClock,
    keys: [SoftKey; 2],
    state: PrivateDir,
    style: Style,
    /// Set while the power is to fail.
    power_cut: Rc<Cell<bool>>,
    /// The FIDO2 key's, once it has one.
    pin: Rc<Zeroizing<String>>,
    /// The device whose codes the simulated console is waiting for.
    form: Rc<RefCell<Option<String>>>,
    calls_shown: usize,
    alice: Keys,
}

impl Stage {
    fn set(style: Style) -> Result<Self, Box<Explanation>> {
        let io = |cause: std::io::Error| Box::new(Explanation::new("demo", cause.to_string()));
        let clock = SimClock::host();
        let aws = Aws::new(clock.clone());
        let key = || super::simulate::random_serial().map(|serial| SoftKey::new(Options::new(serial)));
        let alice = aws.add_user("alice");
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
        aws.allow("alice", policy).map_err(|cause| Box::new(Explanation::new("demo", cause)))?;
        let _ = (aws.add_user("bob"), aws.add_user("carol"));
        Ok(Self {
            aws,
            clock,
            keys: [key().map_err(io)?, key().map_err(io)?],
            state: PrivateDir::create().map_err(io)?,
            style,
            power_cut: Rc::default(),
            pin: Rc::new(Zeroizing::new(super::simulate::random_serial().map_err(io)?.to_string())),
            form: Rc::default(),
            calls_shown: 0,
            alice,
        })
    }

    fn world(&self, keys: &Keys) -> Result<World, Box<Explanation>> {
        let world = sim::world(&self.aws, keys, &self.keys, self.state.path());
        let world = world.map_err(|cause| Box::new(Explanation::new("demo", cause.to_string())))?;
        Ok(World { person: Box::new(self.audience()), ..world })
    }

    fn audience(&self) -> Audience {
        Audience {
            style: self.style,
            power_cut: Rc::clone(&self.power_cut),
            pin: Rc::clone(&self.pin),
            aws: self.aws.clone(),
            form: Rc::clone(&self.form),
        }
    }

    fn account(&self, keys: &Keys) -> Result<Account, Box<Explanation>> {
        self.world(keys)?.aws.connect().map_err(|cause| Box::new(explain::aws(&cause)))
    }

    fn serials(&self) -> Vec<Serial> {
        self.keys.iter().filter_map(SoftKey::serial).collect()
    }

    /// A code of the first key for the credential of `device`.
    fn code(&self, device: &str, step: Step) -> Result<Code, Box<Explanation>> {
        let explain = |cause| Box::new(explain::oath(None, &cause));
        let [key, _] = &self.keys;
        let mut session = Session::open(key.card()).map_err(explain)?;
        let listed = session.list().map_err(explain)?;
        let ours = listed.into_iter().find(|credential| credential.name.id().ends_with(&format!("/{device}")));
        let name = ours.ok_or_else(|| unexpected("the key does not hold the credential"))?.name;
        session.code(&name, step).map_err(explain)
    }

    fn now(&self) -> Step {
        Step::at(self.clock.now(), AWS.period)
    }

    /// The calls AWS has answered since the last time.
    fn show_calls(&mut self) {
        let calls = self.aws.calls();
        let new = calls.get(self.calls_shown..).unwrap_or_default().iter();
        let names: Vec<String> = new
            .map(|call| match &call.code {
                Some(code) => format!("{} ({code})", call.action),
                None if call.lost => format!("{} (reply lost)", call.action),
                None => call.action.clone(),
            })
            .collect();
        self.calls_shown = calls.len();
        if names.is_empty() {
            return;
        }
        self.style.say(&format!("  {}", self.style.dim(&format!("calls: {}", names.join(", ")))));
    }
}

fn unexpected(what: &str) -> Box<Explanation> {
    Box::new(Explanation::new("demo", format!("the demo did not go as it should: {what}")))
}

fn enroll(stage: &Stage, user: &str, keys: Vec<Serial>) -> Result<flow::enroll::Enrolled, Box<Explanation>> {
    let request = Request { user: Some(user.to_owned()), keys, approved: true, ..Request::default() };
    let mut world = stage.world(&stage.aws.admin())?;
    flow::enroll::enroll(&request, &mut world).map_err(|failed| Box::new(explain::failed(&failed)))
}

fn enroll_alice(stage: &mut Stage) -> Told {
    let enrolled = enroll(stage, "alice", stage.serials())?;
    let device =
        enrolled.devices.first().filter(|device| device.confirmed).ok_or_else(|| unexpected("not enabled"))?;
    Ok(format!("{} is enabled, six calls in all, and no time step was waited for", device.arn))
}

fn sign_in(stage: &mut Stage) -> Told {
    stage.clock.advance(Duration::from_secs(45));
    let account = stage.account(&stage.alice)?;
    let code = stage.code("alice", stage.now())?;
    let arn = format!("arn:aws:iam::{}:mfa/alice", account.caller().account);
    let session = account.mfa_session(&arn, &code, Duration::from_secs(900));
    let session = session.map_err(|cause| Box::new(explain::aws(&cause)))?;
    let devices = session.mfa_devices("alice").map_err(|cause| Box::new(explain::aws(&cause)))?;
    if devices.len() != 1 {
        return Err(unexpected("the session does not see the device"));
    }
    Ok("an STS session with MFA is open, and IAM answers it".to_owned())
}

fn wrong_pair(stage: &mut Stage) -> Told {
    let admin = stage.account(&stage.aws.admin())?;
    let device = NewDevice { name: "carol".to_owned(), path: "/".to_owned(), tags: Vec::new() };
    let (arn, _seed) = admin.create_virtual_mfa(&device).map_err(|cause| Box::new(explain::aws(&cause)))?;
    let codes = [Code::new(b"123456"), Code::new(b"654321")];
    let refused = admin.enable("carol", &arn, &codes);
    admin.delete_virtual_mfa(&arn).map_err(|cause| Box::new(explain::aws(&cause)))?;
    match refused {
        Err(Error::WrongCodes) => Ok("refused: InvalidAuthenticationCode".to_owned()),
        _ => Err(unexpected("a wrong pair was not refused")),
    }
}

fn replay(stage: &mut Stage) -> Told {
    let admin = stage.account(&stage.aws.admin())?;
    let arn = format!("arn:aws:iam::{}:mfa/alice", admin.caller().account);
    let pair =
        |step: Step| Ok::<_, Box<Explanation>>([stage.code("alice", step.previous())?, stage.code("alice", step)?]);
    // Past every code that enabling and signing in have spent.
    stage.clock.advance(Duration::from_secs(90));
    let step = stage.now();
    admin.resync("alice", &arn, &pair(step)?).map_err(|cause| Box::new(explain::aws(&cause)))?;
    match admin.resync("alice", &arn, &pair(step)?) {
        Err(Error::WrongCodes) => Ok("accepted once, then refused: AWS never takes a code twice".to_owned()),
        _ => Err(unexpected("a replayed pair was not refused")),
    }
}

fn lost_reply(stage: &mut Stage) -> Told {
    stage.aws.fail(Fault::next("EnableMFADevice", Wrong::LoseReply));
    let enrolled = enroll(stage, "carol", stage.serials())?;
    if enrolled.devices.len() != 1 {
        return Err(unexpected("the lost reply was not settled"));
    }
    Ok("IAM was asked and said that it is enabled; nothing was sent twice".to_owned())
}

fn power_cut(stage: &mut Stage) -> Told {
    stage.power_cut.set(true);
    let key: Vec<Serial> = stage.serials().into_iter().take(1).collect();
    // The process does not die, but the run does, wherever it is; what is on disk and on the key is the same.
    let died = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| enroll(stage, "bob", key).map(drop)));
    stage.power_cut.set(false);
    if died.is_ok() {
        return Err(unexpected("the power did not fail"));
    }
    stage.style.say("  …power is back; `glasskey recover`:");
    let mut world = stage.world(&stage.aws.admin())?;
    let request = RecoverRequest { choice: Some(Choice::Finish), ..RecoverRequest::default() };
    let runs = flow::recover::recover(&request, &mut world).map_err(|not_all| explain::failed(&not_all.failed))?;
    match runs.first().map(|run| &run.outcome) {
        Some(flow::recover::Outcome::Finished { .. }) => {
            Ok("finished from the key alone; bob can sign in".to_owned())
        }
        _ => Err(unexpected("the run was not finished")),
    }
}

/// Sees everything and agrees to everything; and sits at root's console.
struct Audience {
    style: Style,
    power_cut: Rc<Cell<bool>>,
    pin: Rc<Zeroizing<String>>,
    aws: Aws,
    form: Rc<RefCell<Option<String>>>,
}

impl Audience {
    fn does(&self, act: &AtConsole) {
        let done = self.aws.at_console(act);
        let how = done.map_or_else(
            |why| format!("  the simulated console refuses: {why}"),
            |_| "  …done, in the simulated console".to_owned(),
        );
        self.style.say(&how);
    }
}

/// What unwinds when the power fails.
struct PowerCut;

impl Person for Audience {
    fn is_there(&self) -> bool {
        false
    }

    fn tell(&mut self, notice: &Notice) {
        if !matches!(notice, Notice::Plan(_)) {
            notices::lines(notice, self.style).iter().for_each(|line| self.style.say(line));
        }
        if let Notice::Root(RootStep::AtConsole { task: ConsoleTask::AddKey { name, .. }, .. }) = notice {
            self.does(&AtConsole::Add(format!("fido:{name}")));
        }
        if self.power_cut.get() && matches!(notice, Notice::Written { .. }) {
            // Unlike panic!, this does not call the panic hook: nothing is printed.
            std::panic::resume_unwind(Box::new(PowerCut));
        }
    }

    fn show_codes(&mut self, codes: &TwoCodes, _now: SystemTime) -> Option<AtCodes> {
        if let Some(serial) = self.form.take() {
            let codes = codes.codes.each_ref().map(|code| code.expose().to_owned());
            self.does(&AtConsole::Confirm(aws::TwoCodes { serial, codes }));
        }
        Some(AtCodes::Reads)
    }

    fn confirm(&mut self, _question: &Question) -> Option<bool> {
        Some(true)
    }

    fn pin(&mut self, _key: &KeyId, _left: u8) -> Option<Password> {
        Some(Password::new(self.pin.to_string()))
    }

    fn new_pin(&mut self, _key: &KeyId, _least: usize) -> Result<Password, NoNewPin> {
        Ok(Password::new(self.pin.to_string()))
    }
}
