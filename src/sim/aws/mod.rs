//! A simulated AWS account: IAM and STS as an HTTP client meets them.
//!
//! [`Aws::handle`] is a pure function of a request, the account and the simulated clock: no I/O and no waiting, so the
//! same account can be mounted inside a process ([`Aws::http_client`]) or served on loopback ([`super::serve`]). Its
//! rules for MFA are those recorded from the real service: codes are checked, pairs are remembered, STS lags behind
//! IAM. `docs/simulator.md` lists them, and what is left out; above all, signatures are not checked.

mod auth;
mod codes;
mod faults;
mod http_client;
mod iam;
mod policy;
mod qr;
mod random;
mod state;
mod sts;
mod view;
mod wire;

pub use faults::{Fault, Wrong};
pub use view::{DeviceView, UserView};
pub use wire::{Answer, Reply, Request};

use super::clock::SimClock;
use super::tap::{self, Tap};
use auth::Caller;
use policy::Policy;
use state::{Owner, State};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use wire::{Form, Refusal, Xml};
use zeroize::Zeroizing;

/// The simulated AWS. Clones share the account.
#[derive(Clone)]
pub struct Aws {
    clock: SimClock,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    state: State,
    faults: faults::Faults,
    latency: Duration,
    calls: Vec<Call>,
    admin: Keys,
    tap: Tap,
}

/// How an account is to be.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Twelve digits; `None`: random.
    pub account: Option<String>,
    /// The partition in every ARN.
    pub partition: Partition,
    /// How long STS lags behind IAM in seeing an MFA device enabled, resynchronised or deactivated.
    pub propagation: Duration,
}

impl Default for Setup {
    /// A random account in `aws`; STS lags ten seconds (8 to 14 were observed).
    fn default() -> Self {
        Self { account: None, partition: Partition::Aws, propagation: Duration::from_secs(10) }
    }
}

/// An AWS partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Partition {
    /// Commercial regions.
    #[default]
    Aws,
    /// China.
    AwsCn,
    /// GovCloud (US).
    AwsUsGov,
}

impl Partition {
    /// As it stands in ARNs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
        }
    }

    /// The region IAM requests are signed for.
    #[must_use]
    pub fn region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::AwsCn => "cn-north-1",
            Self::AwsUsGov => "us-gov-west-1",
        }
    }
}

/// Credentials of the simulated account. They open nothing outside it.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// `AKIA…`, or `ASIA…` for a session.
    pub access_key_id: String,
    /// Forty characters. Any other would do: signatures are not checked.
    pub secret_access_key: String,
    /// For a session.
    pub session_token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.access_key_id)
    }
}

/// A request the account saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The action as sent; empty when there was none.
    pub action: String,
    /// The caller's ARN, where it could be told.
    pub caller: Option<String>,
    /// The HTTP status it was answered with, or would have been; 0 when it never arrived.
    pub status: u16,
    /// The error code, if it failed.
    pub code: Option<String>,
    /// The caller got no reply.
    pub lost: bool,
    /// When, by the simulated clock.
    pub at: SystemTime,
}

/// What an operation works with.
struct Ctx<'a> {
    state: &'a mut State,
    caller: &'a Caller,
    form: &'a Form,
    now: SystemTime,
}

type Outcome = Result<Xml, Refusal>;

/// A service of the query protocol.
struct Service {
    prefix: &'static str,
    version: &'static str,
    namespace: &'static str,
    /// Carries out an action; `None` where the service has no such action.
    run: fn(&str, &mut Ctx<'_>) -> Option<Outcome>,
    /// The resource a policy must allow the action on.
    resource: fn(&str, &State, &Caller, &Form) -> String,
}

const SERVICES: [Service; 2] = [
    Service {
        prefix: "iam",
        version: "2010-05-08",
        namespace: "https://iam.amazonaws.com/doc/2010-05-08/",
        run: iam::run,
        resource: iam::resource,
    },
    Service {
        prefix: "sts",
        version: "2011-06-15",
        namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
        run: sts::run,
        resource: sts::resource,
    },
];

impl Service {
    /// The service a request is signed for; without a signature, the one its version belongs to.
    fn of(request: &Request, form: &Form) -> &'static Self {
        let [iam, sts] = &SERVICES;
        let scope = auth::scope(request).map(|scope| scope.service);
        match scope.as_deref() {
            Some("iam") => iam,
            Some("sts") => sts,
            _ if form.get("Version") == Some(sts.version) => sts,
            _ => iam,
        }
    }
}

impl Aws {
    /// An account with a random number in the partition `aws`.
    #[must_use]
    pub fn new(clock: SimClock) -> Self {
        Self::with(clock, Setup::default())
    }

    /// An account made to order. It has one user, `admin`, who may do everything.
    #[must_use]
    pub fn with(clock: SimClock, setup: Setup) -> Self {
        let now = clock.now();
        let mut state = State {
            partition: setup.partition,
            account: setup.account.unwrap_or_else(random::account),
            created: now,
            propagation: setup.propagation,
            users: BTreeMap::new(),
            roles: BTreeMap::new(),
            devices: BTreeMap::new(),
            access_keys: BTreeMap::new(),
            sessions: BTreeMap::new(),
            verifications: BTreeMap::new(),
        };
        state.insert_user("admin", "/", now);
        let text = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        if let Some(admin) = state.users.get_mut("admin") {
            admin.policies.insert("Administrator".to_owned(), (text.to_owned(), Policy::administrator()));
        }
        let admin = keys(state.insert_access_key(Owner::User("admin".to_owned()), now));
        let faults = faults::Faults::default();
        let inner = Inner { state, faults, latency: Duration::ZERO, calls: Vec::new(), admin, tap: Tap::default() };
        Self { clock, inner: Arc::new(Mutex::new(inner)) }
    }

    /// Answers a request. Does not wait: [`Aws::latency`] is for whoever carries the answer.
    #[must_use]
    pub fn handle(&self, request: &Request) -> Answer {
        let form = Form::parse(&request.body);
        let tap = self.lock().tap.clone();
        let wire = || tap::Wire::Aws { action: form.get("Action").unwrap_or_default().to_owned() };
        tap.pass(wire, false);
        let answer = self.carry_out(request, &form);
        tap.pass(wire, true);
        answer
    }

    fn carry_out(&self, request: &Request, form: &Form) -> Answer {
        let now = self.clock.now();
        let service = Service::of(request, form);
        let action = form.get("Action").unwrap_or_default().to_owned();
        let mut inner = self.lock();
        let wrong = inner.faults.due(&action);
        let mut call = Call { action, caller: None, status: 0, code: None, lost: true, at: now };
        if wrong == Some(Wrong::NeverArrive) {
            inner.calls.push(call);
            return Answer::NeverArrived;
        }
        let outcome = inner.answer(service, request, form, wrong.as_ref(), now, &mut call);
        let request_id = random::request_id();
        let (status, body) = match outcome {
            Ok(xml) => (200, xml.document(&call.action, service.namespace, &request_id)),
            Err(refusal) => (refusal.status, refusal.document(service.namespace, &request_id)),
        };
        call.status = status;
        call.lost = wrong == Some(Wrong::LoseReply);
        let lost = call.lost;
        inner.calls.push(call);
        if lost {
            return Answer::Lost;
        }
        let headers = vec![
            ("x-amzn-RequestId", request_id),
            ("Content-Type", "text/xml".to_owned()),
            ("Date", wire::http_date(now)),
        ];
        Answer::Reply(Reply { status, headers, body: body.into_bytes() })
    }

    /// The clock everything goes by.
    #[must_use]
    pub fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// The account number, twelve digits.
    #[must_use]
    pub fn account(&self) -> String {
        self.lock().state.account.clone()
    }

    /// The partition.
    #[must_use]
    pub fn partition(&self) -> Partition {
        self.lock().state.partition
    }

    /// Makes something go wrong with requests to come. Of several faults that are due, the first added happens.
    pub fn fail(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// Lets every request pass by `tap`.
    pub fn tap(&self, tap: &Tap) {
        self.lock().tap = tap.clone();
    }

    /// Forgets the faults still waiting.
    pub fn heal(&self) {
        self.lock().faults.clear();
    }

    /// How long each answer is to take on its way.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.lock().latency
    }

    /// Sets how long each answer takes on its way.
    pub fn set_latency(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// Throttles to this many requests a second of real time, in bursts of a second's worth; `None`: no limit.
    pub fn set_rate(&self, per_second: Option<f64>) {
        self.lock().faults.limit(per_second);
    }

    /// Sets how long STS lags behind IAM from now on.
    pub fn set_propagation(&self, propagation: Duration) {
        self.lock().state.propagation = propagation;
    }

    /// Every request so far, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.clone()
    }

    /// The raw seed of a virtual device. For tests and the demo: the simulator is the other side and has to know it.
    #[must_use]
    pub fn seed_of(&self, serial: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.lock().state.devices.get(serial).and_then(|device| Some(device.totp.as_ref()?.seed.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Everything between the request and its answer, in AWS's order: who, how often, may they, and then the action.
    fn answer(
        &mut self,
        service: &Service,
        request: &Request,
        form: &Form,
        wrong: Option<&Wrong>,
        now: SystemTime,
        call: &mut Call,
    ) -> Outcome {
        let outcome = self.carry_out(service, request, form, wrong, now, call);
        call.code = outcome.as_ref().err().map(|refusal| refusal.code.clone());
        outcome
    }

    fn carry_out(
        &mut self,
        service: &Service,
        request: &Request,
        form: &Form,
        wrong: Option<&Wrong>,
        now: SystemTime,
        call: &mut Call,
    ) -> Outcome {
        let caller = auth::caller(&self.state, request, now)?;
        call.caller = Some(caller.arn.clone());
        self.faults.admit()?;
        let action = form.get("Action").unwrap_or_default();
        match wrong {
            Some(Wrong::Throttle) => return Err(faults::throttling()),
            Some(Wrong::Expire) => {
                let message = "The security token included in the request is expired";
                return Err(Refusal::new(403, "ExpiredToken", message));
            }
            Some(Wrong::Code { status, code, message }) => return Err(Refusal::new(*status, code, message.clone())),
            Some(Wrong::Deny) => {
                let resource = (service.resource)(action, &self.state, &caller, form);
                let action = format!("{}:{action}", service.prefix);
                return Err(auth::denied(&caller, &action, &resource, policy::Verdict::NotAllowed));
            }
            Some(Wrong::LoseReply | Wrong::NeverArrive) | None => {}
        }
        let mut ctx = Ctx { state: &mut self.state, caller: &caller, form, now };
        (service.run)(action, &mut ctx).unwrap_or_else(|| {
            let version = form.get("Version").unwrap_or(service.version);
            let message = format!("Could not find operation {action} for version {version}");
            Err(Refusal::new(400, "InvalidAction", message))
        })
    }
}

fn keys((access_key_id, secret_access_key): (String, String)) -> Keys {
    Keys { access_key_id, secret_access_key, session_token: None }
}
