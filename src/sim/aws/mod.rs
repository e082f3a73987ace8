//! A simulated AWS: one account, or an organization of them, as an HTTP client meets it.
//!
//! [`Aws::handle`] is a pure function of a request, the accounts and the simulated clock: no I/O and no waiting, so the
//! same accounts can be mounted inside a process ([`Aws::http_client`]) or served on loopback ([`super::serve`]). Its
//! rules for MFA are those recorded from the real service: codes are checked, pairs are remembered, STS lags behind
//! IAM. `docs/simulator.md` lists them, and what is left out.

mod account;
mod account_settings;
mod assume_root;
mod auth;
mod bucket_settings;
mod buckets;
mod cbor;
mod cloudtrail;
mod cloudwatch;
mod codes;
mod console;
mod events;
mod faults;
mod filter_metrics;
mod http_client;
mod iam;
mod identity_center;
mod json;
mod kms;
mod log_events;
mod log_groups;
mod log_pattern;
mod logs;
mod managed;
mod messages;
mod metric_filters;
pub mod organization;
mod policy;
pub mod posture;
mod qr;
mod random;
mod root;
mod s3;
mod service;
mod signature;
mod sns;
mod state;
mod storage;
mod strange;
mod sts;
mod task;
mod trail_checks;
mod trail_events;
mod trails;
mod view;
mod wire;
mod world;

pub use console::{AtConsole, TwoCodes};
pub use faults::{Fault, Wrong};
pub use organization::Organization;
pub use posture::Posture;
pub use root::RootState;
pub use strange::Strange;
pub use view::{AccessKeyView, DeviceView, GroupView, UserView};
pub use wire::{Answer, Reply, Request};

use super::clock::SimClock;
use super::tap::Tap;
use auth::Caller;
use serde_json::Value;
use state::State;
use std::fmt;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, SystemTime};
use wire::{Form, Refusal, Xml};
use world::{Cell, Inner, World};
use zeroize::Zeroizing;

/// An account of the simulated AWS, and through it all of it: requests are answered for whichever account their access
/// key belongs to. Clones share everything.
#[derive(Clone)]
pub struct Aws {
    world: Arc<World>,
    cell: Arc<Cell>,
}

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

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Partition {
    #[default]
    Aws,
    AwsCn,
    AwsUsGov,
    /// The European Sovereign Cloud.
    AwsEusc,
}

impl Partition {
    /// As it stands in ARNs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::AwsCn => "aws-cn",
            Self::AwsUsGov => "aws-us-gov",
            Self::AwsEusc => "aws-eusc",
        }
    }

    /// The region IAM requests are signed for.
    pub fn region(self) -> &'static str {
        match self {
            Self::Aws => "us-east-1",
            Self::AwsCn => "cn-north-1",
            Self::AwsUsGov => "us-gov-west-1",
            Self::AwsEusc => "eusc-de-east-1",
        }
    }
}

/// Credentials of the simulated account. They open nothing outside it.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// `AKIA…`, or `ASIA…` for a session.
    pub access_key_id: String,
    /// Forty characters.
    pub secret_access_key: String,
    pub session_token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.access_key_id)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The service, by the prefix of its actions in policies.
    pub service: &'static str,
    /// The region it was signed for; empty where it was not signed.
    pub region: String,
    /// The action; empty when there was none.
    pub action: String,
    /// The account whose key signed it, where there is such a one.
    pub account: Option<String>,
    /// The account it reaches into, where that is another: AssumeRoot's target.
    pub target: Option<String>,
    /// The caller's ARN, where it could be told.
    pub caller: Option<String>,
    /// It was signed in a session that AssumeRoot opened.
    pub assumed_root: bool,
    /// The MFA device it named, where it did.
    pub serial: Option<String>,
    /// The one-time codes it offered: none, one, or a pair.
    pub codes: Vec<String>,
    /// The HTTP status it was answered with, or would have been; 0 when it never arrived.
    pub status: u16,
    pub code: Option<String>,
    /// The caller got no reply.
    pub lost: bool,
    /// When, by the simulated clock.
    pub at: SystemTime,
}

struct Ctx<'a> {
    state: &'a mut State,
    world: &'a World,
    caller: &'a Caller,
    /// The parameters of a query request; empty for the other protocols.
    form: &'a Form,
    /// The body of a JSON or CBOR request; for S3, what its path, query and headers say; null for the query protocol.
    body: &'a Value,
    region: &'a str,
    /// The host the request was sent to, without a port.
    host: &'a str,
    now: SystemTime,
    /// What remains to be done in another account once this one's lock is released.
    elsewhere: Option<Elsewhere>,
}

/// The end of an operation that reaches into another account.
struct Elsewhere {
    account: String,
    run: There,
}

type There = Box<dyn FnOnce(&mut State) -> Result<Payload, Refusal>>;

type Outcome = Result<Xml, Refusal>;

/// What a successful reply holds, before its protocol is put around it.
enum Payload {
    Xml(Xml),
    Json(Value),
    Rest(RestReply),
}

/// The whole reply of a service that speaks REST with XML.
struct RestReply {
    status: u16,
    content_type: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Aws {
    /// An account with a random number in the partition `aws`.
    pub fn new(clock: SimClock) -> Self {
        Self::with(clock, Setup::default())
    }

    /// An account made to order. It has one user, `admin`, who may do everything.
    pub fn with(clock: SimClock, setup: Setup) -> Self {
        let number = setup.account.clone().unwrap_or_else(random::account);
        let world = Arc::new(World::new(clock, &setup));
        let cell = world.add(number, Box::new(|_, _| {}));
        let aws = Self { world, cell };
        let _ = aws.admin();
        aws
    }

    /// Answers a request. Does not wait: [`Aws::latency`] is for whoever carries the answer.
    pub fn handle(&self, request: &Request) -> Answer {
        service::handle(self, request)
    }

    /// The clock everything goes by.
    pub fn clock(&self) -> &SimClock {
        &self.world.clock
    }

    /// The account number, twelve digits.
    pub fn account(&self) -> String {
        self.cell.number.clone()
    }

    pub fn partition(&self) -> Partition {
        self.world.partition
    }

    /// Another account of the same AWS.
    pub fn in_account(&self, number: &str) -> Option<Self> {
        Some(Self { world: Arc::clone(&self.world), cell: self.world.cell(number)? })
    }

    /// Makes something go wrong with requests to come: those signed by this account's keys, and those that reach into
    /// it, such as AssumeRoot. Of several faults that are due, the first added happens.
    pub fn fail(&self, fault: Fault) {
        self.lock().faults.add(fault);
    }

    /// Lets every request pass by `tap`.
    pub fn tap(&self, tap: &Tap) {
        self.world.set_tap(tap.clone());
    }

    /// Forgets the faults still waiting in this account.
    pub fn heal(&self) {
        self.lock().faults.clear();
    }

    /// How long each answer is to take on its way.
    pub fn latency(&self) -> Duration {
        self.world.latency()
    }

    /// Sets how long each answer takes on its way, in every account.
    pub fn set_latency(&self, latency: Duration) {
        self.world.set_latency(latency);
    }

    /// Throttles this account to so many requests a second of real time, in bursts of a second's worth; `None`: no
    /// limit.
    pub fn set_rate(&self, per_second: Option<f64>) {
        self.lock().faults.limit(per_second);
    }

    /// Sets how long STS lags behind IAM from now on.
    pub fn set_propagation(&self, propagation: Duration) {
        self.lock().state.propagation = propagation;
    }

    /// Sets how long AWS takes to know an access key that is made from now on.
    pub fn set_key_propagation(&self, propagation: Duration) {
        self.lock().state.key_propagation = propagation;
    }

    /// The last requests to any account, oldest first: a hundred thousand are remembered.
    pub fn calls(&self) -> Vec<Call> {
        self.world.calls().iter().cloned().collect()
    }

    /// The raw seed of a virtual device. For tests and the demo: the simulator is the other side and has to know it.
    pub fn seed_of(&self, serial: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.lock().state.devices.get(serial).and_then(|device| Some(device.totp.as_ref()?.seed.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.cell.lock(&self.world)
    }
}

fn keys((access_key_id, secret_access_key): (String, String)) -> Keys {
    Keys { access_key_id, secret_access_key, session_token: None }
}
