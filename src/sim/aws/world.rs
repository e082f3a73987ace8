//! All the accounts there are, what they share, and the lock each has of its own.
//!
//! Locks are taken in this order and no other: an account, then the organization, then the log. No thread holds two
//! accounts.

use super::organization::Register;
use super::posture::Trail;
use super::state::State;
use super::{Call, Keys, Partition, Setup, faults};
use crate::sim::clock::SimClock;
use crate::sim::tap::Tap;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, SystemTime};

const REMEMBERED: usize = 100_000;
/// Letters of each text of theirs: no name that AWS gives is longer.
const LONGEST: usize = 256;

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(end);
        text.shrink_to_fit();
    }
}

pub(super) struct World {
    pub(super) clock: SimClock,
    pub(super) partition: Partition,
    propagation: Duration,
    created: SystemTime,
    latency: AtomicU64,
    tap: RwLock<Tap>,
    calls: Mutex<VecDeque<Call>>,
    /// How many calls are remembered no longer: the number of the first that is.
    forgotten: AtomicU64,
    cells: RwLock<HashMap<String, Arc<Cell>>>,
    organization: RwLock<Option<Register>>,
}

pub(super) type Furnish = Box<dyn Fn(&mut State, SystemTime) + Send + Sync>;

/// An account's place. What is in it is made when it is first looked at: ten thousand accounts nobody calls cost their
/// numbers.
pub(super) struct Cell {
    pub(super) number: String,
    furnish: Furnish,
    inner: OnceLock<Mutex<Inner>>,
}

/// What an account's lock guards.
pub(super) struct Inner {
    pub(super) state: State,
    pub(super) faults: faults::Faults,
    pub(super) admin: Option<Keys>,
}

impl World {
    pub(super) fn new(clock: SimClock, setup: &Setup) -> Self {
        Self {
            created: clock.now(),
            clock,
            partition: setup.partition,
            propagation: setup.propagation,
            latency: AtomicU64::new(0),
            tap: RwLock::default(),
            calls: Mutex::default(),
            forgotten: AtomicU64::new(0),
            cells: RwLock::default(),
            organization: RwLock::default(),
        }
    }

    pub(super) fn add(&self, number: String, furnish: Furnish) -> Arc<Cell> {
        let cell = Cell { number: number.clone(), furnish, inner: OnceLock::new() };
        let mut cells = self.cells.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.entry(number).or_insert_with(|| Arc::new(cell)))
    }

    pub(super) fn cell(&self, number: &str) -> Option<Arc<Cell>> {
        self.cells.read().unwrap_or_else(PoisonError::into_inner).get(number).cloned()
    }

    /// The organization, to be read: not by who reads it already.
    pub(super) fn organization(&self) -> RwLockReadGuard<'_, Option<Register>> {
        self.organization.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn organization_of(&self, account: &str) -> Option<String> {
        let organization = self.organization();
        let register = organization.as_ref().filter(|register| register.members.contains_key(account))?;
        Some(register.id.clone())
    }

    pub(super) fn organization_mut(&self) -> RwLockWriteGuard<'_, Option<Register>> {
        self.organization.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Members see the organization trails of their management account, as it has them now.
    pub(super) fn share_trails(&self, state: &State) {
        if let Some(register) = self.organization_mut().as_mut().filter(|it| it.management == state.account) {
            let of_all = state.posture.trails.iter().filter(|trail| trail.organization && trail.owner.is_none());
            let shadow = |trail: &Trail| Trail { owner: Some(state.account.clone()), ..trail.clone() };
            register.trails = of_all.map(shadow).collect();
        }
    }

    /// The organization trails that a member sees.
    pub(super) fn shared_trails(&self, account: &str) -> Vec<Trail> {
        let organization = self.organization();
        let is_member =
            |register: &&Register| register.management != account && register.members.contains_key(account);
        organization.as_ref().filter(is_member).map(|register| register.trails.clone()).unwrap_or_default()
    }

    pub(super) fn latency(&self) -> Duration {
        Duration::from_nanos(self.latency.load(Ordering::Relaxed))
    }

    pub(super) fn set_latency(&self, latency: Duration) {
        self.latency.store(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(super) fn tap(&self) -> Tap {
        self.tap.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_tap(&self, tap: Tap) {
        *self.tap.write().unwrap_or_else(PoisonError::into_inner) = tap;
    }

    pub(super) fn calls(&self) -> MutexGuard<'_, VecDeque<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the first call that is remembered, counted from 0: to be asked while [`World::calls`] is held.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Relaxed)
    }

    /// Remembers a request, cut to what is worth remembering; the oldest is forgotten for it.
    pub(super) fn log(&self, mut call: Call) {
        let texts = [Some(&mut call.action), call.serial.as_mut(), call.target.as_mut(), call.caller.as_mut()];
        texts.into_iter().flatten().chain(&mut call.codes).for_each(shorten);
        let mut calls = self.calls();
        if calls.len() >= REMEMBERED && calls.pop_front().is_some() {
            self.forgotten.fetch_add(1, Ordering::Relaxed);
        }
        calls.push_back(call);
    }
}

impl Cell {
    pub(super) fn lock(&self, world: &World) -> MutexGuard<'_, Inner> {
        let make = || {
            let mut state = State::new(world.partition, self.number.clone(), world.created, world.propagation);
            (self.furnish)(&mut state, world.created);
            Mutex::new(Inner { state, faults: faults::Faults::default(), admin: None })
        };
        self.inner.get_or_init(make).lock().unwrap_or_else(PoisonError::into_inner)
    }
}
