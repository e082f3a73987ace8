//! A software FIDO2 authenticator at the level of HID reports: CTAPHID, CTAP2 and a person who touches it, with
//! faults on demand.
//!
//! Written from the standard, not from [`crate::fido`]: the two share the CBOR codec and nothing else, so that each
//! checks the other. It keeps nothing when the program ends. It takes only canonical CBOR, as strict keys do.

mod applet;
mod attestation;
mod bio_enrollment;
mod client_pin;
mod config;
mod connection;
mod credential_management;
mod ctap;
mod der;
mod fault;
mod get_assertion;
mod get_info;
mod hid;
mod keys;
mod large_blobs;
mod make_credential;
mod options;
mod pin_protocol;
mod status;
mod u2f;

pub use attestation::Authority;
pub use connection::Connection;
pub use fault::{Fault, On, What, When};
pub use options::{Aaguid, Algorithm, Attestation, Feature, Level, Options, Touch, Uv};
pub use pin_protocol::PinProtocol;

use super::oath_card::Watcher;
use super::tap::Tap;
use crate::keys::Serial;
use crate::oath::Version;
use crate::transport::hid::{Hid, Report};
use applet::{Applet, Power};
use connection::Job;
use fault::Armed;
use hid::Link;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

/// A software authenticator. Clones are the same one.
#[derive(Clone)]
pub struct SoftAuthenticator(Arc<Shared>);

struct Shared {
    inner: Mutex<Inner>,
    /// Told whenever somebody who waits may have something to do.
    changed: Condvar,
}

struct Inner {
    applet: Applet,
    link: Link,
    /// The command that is being carried out.
    job: Option<Job>,
    jobs: u64,
    /// The reports that each open connection has not read yet.
    connections: BTreeMap<u64, VecDeque<Report>>,
    opened: u64,
    touch: Touch,
    uv: Uv,
    plugged: bool,
    /// Counts the times the key was pulled: a connection does not outlive its own.
    insertion: u64,
    faults: Vec<Armed>,
    tap: Tap,
    log: Vec<Logged>,
    reports: usize,
    winks: usize,
    watchers: Vec<Weak<dyn Watcher>>,
}

/// A message that the key got, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Told as in [`crate::sim::tap::Wire::Fido`].
    pub command: u8,
    /// The CTAP2 status of the answer; `None` where none came, or the command was not of CTAP2.
    pub status: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub id: Vec<u8>,
    pub rp_id: String,
    pub user: Option<String>,
    pub discoverable: bool,
}

impl SoftAuthenticator {
    /// A key that was plugged in just now, holds no credential and has no PIN.
    pub fn new(options: Options) -> Self {
        let link = new_link(&options);
        let inner = Inner {
            applet: Applet::new(options),
            link,
            job: None,
            jobs: 0,
            connections: BTreeMap::new(),
            opened: 0,
            touch: Touch::AtOnce,
            uv: Uv::Match,
            plugged: true,
            insertion: 0,
            faults: Vec::new(),
            tap: Tap::default(),
            log: Vec::new(),
            reports: 0,
            winks: 0,
            watchers: Vec::new(),
        };
        Self(Arc::new(Shared { inner: Mutex::new(inner), changed: Condvar::new() }))
    }

    /// An open device. Every one gets every report of the key, as on Linux. While the key is pulled, and ever after
    /// once it has been pulled, it fails with `Removed`.
    pub fn hid(&self) -> Box<dyn Hid> {
        Box::new(self.connect())
    }

    /// The same as [`hid`](Self::hid), for use from two threads at a time.
    pub fn connect(&self) -> Connection {
        Connection::open(self)
    }

    /// When the person touches the key from now on; also where it is waiting already.
    pub fn set_touch(&self, touch: Touch) {
        self.inner().touch = touch;
        self.0.changed.notify_all();
    }

    pub fn set_uv(&self, uv: Uv) {
        self.inner().uv = uv;
    }

    /// How good the next samples of a finger are, as CTAP2_ENROLL_FEEDBACK codes: 0 is good. After them all are good.
    pub fn set_samples(&self, samples: &[u8]) {
        self.inner().applet.samples = samples.iter().copied().collect();
    }

    /// Changes what registrations' attestation is worth from now on.
    pub fn set_attestation(&self, attestation: Attestation) {
        self.inner().applet.set_attestation(attestation);
    }

    /// Has every answer from now on hold members that no standard knows yet.
    pub fn add_unknown_members(&self) {
        self.inner().applet.options.unknown_members = true;
    }

    pub fn pull(&self) {
        let watchers = self.inner().pull();
        self.0.changed.notify_all();
        watchers.iter().for_each(|watcher| watcher.pulled());
    }

    /// Plugs the key in again: no channel, token or PIN block of before is left. Does nothing when it is plugged in.
    pub fn plug_in(&self) {
        let watchers = {
            let mut inner = self.inner();
            if std::mem::replace(&mut inner.plugged, true) {
                return;
            }
            let now = inner.applet.options.clock.now();
            inner.applet.power = Power::up(now);
            inner.link = new_link(&inner.applet.options);
            inner.watchers()
        };
        watchers.into_iter().for_each(Watcher::plugged_in);
    }

    pub fn is_plugged_in(&self) -> bool {
        self.inner().plugged
    }

    /// Arms a fault; it happens once. Several may be armed, each counting for itself.
    pub fn fault(&self, fault: Fault) {
        self.inner().faults.push(Armed::new(fault));
    }

    /// How many faults have not happened yet.
    pub fn faults_left(&self) -> usize {
        self.inner().faults.len()
    }

    /// Lets every message to this key pass by `tap`.
    pub fn tap(&self, tap: &Tap) {
        self.inner().tap = tap.clone();
    }

    /// The messages the key has got, without their data; not INIT and CANCEL.
    pub fn log(&self) -> Vec<Logged> {
        self.inner().log.clone()
    }

    pub fn report_count(&self) -> usize {
        self.inner().reports
    }

    /// How many times it blinked on command.
    pub fn winks(&self) -> usize {
        self.inner().winks
    }

    pub fn is_waiting(&self) -> bool {
        self.inner().job.as_ref().is_some_and(Job::is_waiting)
    }

    pub fn options(&self) -> Options {
        self.inner().applet.options.clone()
    }

    /// The serial; `None` where the key does not tell.
    pub fn serial(&self) -> Option<Serial> {
        self.inner().applet.options.serial
    }

    /// The credentials it holds, discoverable or not, the oldest first.
    pub fn credentials(&self) -> Vec<Stored> {
        let inner = self.inner();
        let stored = |credential: &applet::Credential| Stored {
            id: credential.id.clone(),
            rp_id: credential.rp_id.clone(),
            user: credential.user.name.clone(),
            discoverable: credential.discoverable,
        };
        inner.applet.held.credentials.iter().map(stored).collect()
    }

    pub fn has_pin(&self) -> bool {
        self.inner().applet.held.pin.is_some()
    }

    /// Whether this is the PIN. Counts nothing.
    pub fn pin_is(&self, pin: &str) -> bool {
        self.inner().applet.pin_is(pin)
    }

    pub fn pin_retries(&self) -> u8 {
        self.inner().applet.held.pin_retries
    }

    /// The certificates that this key's attestation leads to, DER.
    pub fn attestation_roots(&self) -> Vec<Vec<u8>> {
        vec![self.inner().applet.authority.root()]
    }

    /// The certificates between the root and the key's own, DER, for where the statement carries the leaf alone.
    pub fn attestation_intermediates(&self) -> Vec<Vec<u8>> {
        vec![self.inner().applet.authority.intermediate()]
    }

    /// Tells `watcher` from now on when the key is pulled or plugged in.
    pub(super) fn watch(&self, watcher: Weak<dyn Watcher>) {
        self.inner().watchers.push(watcher);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn pull(&mut self) -> Vec<Arc<dyn Watcher>> {
        if !std::mem::replace(&mut self.plugged, false) {
            return Vec::new();
        }
        self.insertion += 1;
        self.job = None;
        self.connections.clear();
        self.watchers()
    }

    fn watchers(&mut self) -> Vec<Arc<dyn Watcher>> {
        self.watchers.retain(|watcher| watcher.strong_count() > 0);
        self.watchers.iter().filter_map(Weak::upgrade).collect()
    }
}

fn new_link(options: &Options) -> Link {
    let Version(major, minor, patch) = options.firmware;
    Link::new([major, minor, patch], options.message_timeout)
}
