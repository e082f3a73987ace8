//! A software YubiKey at APDU level: the OATH applet (`applet.rs`), the Management applet (`management.rs`) and what
//! can be read of the PIV applet (`piv.rs`) behind one card, with faults on demand.
//!
//! Written from the protocol's documents, not from [`crate::oath`]: the two share no code, so that each checks the
//! other. It behaves as a YubiKey does, also where that is unkind: an equal name is silently overwritten.

mod applet;
mod command;
mod fault;
mod management;
mod piv;
mod ports;

pub use fault::{Fault, On, What, When};
pub use piv::{ManagementAlgorithm, Piv, PivSlot, Tries};
pub use ports::SoftPorts;

use super::tap::{Tap, Wire};
use crate::keys::{Applications, FormFactor, Serial};
use crate::oath::Version;
use crate::transport::{self, Card, Response, Sw};
use applet::{Applet, Security};
use command::Command;
use fault::Armed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use zeroize::Zeroizing;

#[derive(Clone, Debug)]
pub struct Options {
    /// `None`: the key does not tell its serial.
    pub serial: Option<Serial>,
    /// Decides what the applets can do, and how many credentials fit.
    pub firmware: Version,
    pub form_factor: FormFactor,
    pub fips: bool,
    pub security_key: bool,
    /// Whether the configuration is locked with a code.
    pub config_locked: bool,
    /// Applications built in. Those of [`usb`](Self::usb) and [`nfc`](Self::nfc) are the enabled ones.
    pub supported: Applications,
    /// Applications enabled over USB, which is how the card is reached: without OATH its applet cannot be selected.
    pub usb: Applications,
    /// Applications enabled over NFC; `None` where the key has no NFC.
    pub nfc: Option<Applications>,
    /// Slots, where not what the firmware has: 32, or 64 from 5.7.0.
    pub capacity: Option<usize>,
    pub piv: Piv,
}

impl Options {
    /// A YubiKey 5C NFC with firmware 5.7.1 and everything enabled.
    pub fn new(serial: u32) -> Self {
        Self {
            serial: Some(Serial(serial)),
            firmware: Version(5, 7, 1),
            form_factor: FormFactor::UsbCKeychain,
            fips: false,
            security_key: false,
            config_locked: false,
            supported: Applications::ALL,
            usb: Applications::ALL,
            nfc: Some(Applications::ALL),
            capacity: None,
            piv: Piv::new(),
        }
    }

    /// The same with another firmware.
    pub fn firmware(mut self, major: u8, minor: u8, patch: u8) -> Self {
        self.firmware = Version(major, minor, patch);
        self
    }
}

/// What happens when a credential asks for a touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Somebody touches the key at once.
    AtOnce,
    /// Nobody does; the key gives up after this long (a real one: 15 s).
    Never(Duration),
}

/// A command that the key got, without its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Instruction; 0 for bytes that are no command.
    pub ins: u8,
    pub p1: u8,
    pub p2: u8,
    /// The answer; `None` where none came.
    pub sw: Option<Sw>,
}

/// A software key. Clones are the same key.
#[derive(Clone)]
pub struct SoftKey(Arc<Mutex<Inner>>);

struct Inner {
    options: Options,
    applet: Applet,
    touch: Touch,
    plugged: bool,
    /// Counts the times the key was plugged in: a connection does not outlive its own.
    insertion: u64,
    faults: Vec<Armed>,
    tap: Tap,
    log: Vec<Logged>,
    watchers: Vec<Weak<dyn Watcher>>,
    /// Held by the one card that [`SoftPorts`] opened.
    lease: Arc<()>,
}

/// Somebody who wants to know when the key comes and goes.
pub(super) trait Watcher: Send + Sync {
    fn pulled(&self);
    fn plugged_in(self: Arc<Self>);
}

/// What a connection has selected and proved; gone with a reset.
#[derive(Default)]
struct Channel {
    selected: Selected,
    security: Security,
    /// The rest of a long answer.
    pending: Zeroizing<Vec<u8>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Selected {
    #[default]
    Nothing,
    Oath,
    Management,
    Piv,
}

/// An applet's answer, and how long it took to give.
struct Reply {
    data: Zeroizing<Vec<u8>>,
    sw: Sw,
    after: Duration,
}

impl Reply {
    fn data(data: Vec<u8>) -> Self {
        Self { data: Zeroizing::new(data), sw: Sw::OK, after: Duration::ZERO }
    }

    fn sw(sw: u16) -> Self {
        Self { data: Zeroizing::default(), sw: Sw(sw), after: Duration::ZERO }
    }
}

impl SoftKey {
    /// A key that is plugged in, holds no credential and has no password.
    pub fn new(options: Options) -> Self {
        let applet = Applet::new(options.firmware, options.capacity);
        Self(Arc::new(Mutex::new(Inner {
            options,
            applet,
            touch: Touch::AtOnce,
            plugged: true,
            insertion: 0,
            faults: Vec::new(),
            tap: Tap::default(),
            log: Vec::new(),
            watchers: Vec::new(),
            lease: Arc::new(()),
        })))
    }

    /// A connection to the key, with nothing selected. While the key is pulled, and ever after once it has been
    /// pulled, its commands fail with `Removed`.
    pub fn card(&self) -> Box<dyn Card> {
        Box::new(self.connect())
    }

    pub(super) fn connect(&self) -> SoftCard {
        let insertion = self.inner().insertion;
        SoftCard { key: self.clone(), channel: Channel::default(), insertion, _lease: None }
    }

    pub fn pull(&self) {
        let watchers = self.inner().pull();
        watchers.iter().for_each(|watcher| watcher.pulled());
    }

    pub fn plug_in(&self) {
        let watchers = {
            let mut inner = self.inner();
            if std::mem::replace(&mut inner.plugged, true) { Vec::new() } else { inner.watchers() }
        };
        watchers.into_iter().for_each(Watcher::plugged_in);
    }

    pub fn is_plugged_in(&self) -> bool {
        self.inner().plugged
    }

    /// The serial; `None` where the key does not tell.
    pub fn serial(&self) -> Option<Serial> {
        self.inner().options.serial
    }

    /// What happens from now on when a credential asks for a touch.
    pub fn set_touch(&self, touch: Touch) {
        self.inner().touch = touch;
    }

    /// Arms a fault; it happens once. Several may be armed, each counting for itself.
    pub fn fault(&self, fault: Fault) {
        self.inner().faults.push(Armed::new(fault));
    }

    /// Lets every command to this key pass by `tap`.
    pub fn tap(&self, tap: &Tap) {
        self.inner().tap = tap.clone();
    }

    /// How many faults have not happened yet.
    pub fn faults_left(&self) -> usize {
        self.inner().faults.len()
    }

    /// How many commands the key has got.
    pub fn apdu_count(&self) -> usize {
        self.inner().log.len()
    }

    /// The commands the key has got, without their data.
    pub fn log(&self) -> Vec<Logged> {
        self.inner().log.clone()
    }

    /// The ids of the credentials, in the key's order.
    pub fn credentials(&self) -> Vec<String> {
        self.inner().applet.names()
    }

    /// Tells `watcher` from now on when the key is pulled or plugged in.
    pub(super) fn watch(&self, watcher: Weak<dyn Watcher>) {
        self.inner().watchers.push(watcher);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One page of a key's device information, with its length before it, as it also tells over FIDO.
pub(super) fn device_info(options: &Options, page: u8) -> Option<Vec<u8>> {
    management::page(options, page)
}

pub struct SoftCard {
    key: SoftKey,
    channel: Channel,
    insertion: u64,
    _lease: Option<Arc<()>>,
}

impl SoftCard {
    /// Power off and on: nothing is selected.
    pub(super) fn reset(&mut self) {
        self.channel = Channel::default();
    }
}

impl Card for SoftCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Response, transport::Error> {
        let tap = self.key.inner().tap.clone();
        let wire = || Wire::Key { key: self.key.serial(), ins: command.get(1).copied().unwrap_or_default() };
        tap.pass(wire, false);
        let (reply, pulled) = self.key.inner().transmit(&mut self.channel, self.insertion, command);
        pulled.iter().for_each(|watcher| watcher.pulled());
        tap.pass(wire, true);
        let reply = reply?;
        if !reply.after.is_zero() {
            std::thread::sleep(reply.after);
        }
        Ok(Response { data: reply.data, sw: reply.sw })
    }
}

impl Inner {
    fn pull(&mut self) -> Vec<Arc<dyn Watcher>> {
        if !std::mem::replace(&mut self.plugged, false) {
            return Vec::new();
        }
        self.insertion += 1;
        self.watchers()
    }

    fn watchers(&mut self) -> Vec<Arc<dyn Watcher>> {
        self.watchers.retain(|watcher| watcher.strong_count() > 0);
        self.watchers.iter().filter_map(Weak::upgrade).collect()
    }

    /// One command, with the fault that is due on it; and whom to tell when that pulled the key.
    fn transmit(
        &mut self,
        channel: &mut Channel,
        insertion: u64,
        raw: &[u8],
    ) -> (Result<Reply, transport::Error>, Vec<Arc<dyn Watcher>>) {
        if !self.plugged || insertion != self.insertion {
            return (Err(transport::Error::Removed), Vec::new());
        }
        let command = Command::parse(raw);
        let (ins, p1, p2) = command.as_ref().map_or((0, 0, 0), |command| (command.ins, command.p1, command.p2));
        let due = fault::due(&mut self.faults, ins);
        let reply = match due {
            Some((When::Before, _)) => Reply::sw(0x9000),
            _ => self.answer(channel, command),
        };
        let (reply, pulled) = match due.map(|(_, what)| what) {
            None => (Ok(reply), Vec::new()),
            Some(What::Sw(sw)) => (Ok(Reply::sw(sw)), Vec::new()),
            Some(What::Pull) => (Err(transport::Error::Removed), self.pull()),
            Some(What::Reset) => {
                *channel = Channel::default();
                (Err(transport::Error::Reset), Vec::new())
            }
            Some(What::Mute) => (Err(transport::Error::Mute { reader: self.reader_name() }), Vec::new()),
            Some(What::Malformed) => (Err(transport::Error::Malformed), Vec::new()),
        };
        self.log.push(Logged { ins, p1, p2, sw: reply.as_ref().ok().map(|reply| reply.sw) });
        (reply, pulled)
    }

    fn answer(&mut self, channel: &mut Channel, command: Option<Command<'_>>) -> Reply {
        let Some(command) = command else { return Reply::sw(0x6700) };
        let is_rest = match channel.selected {
            Selected::Oath => command.ins == applet::SEND_REMAINING,
            Selected::Piv => command.ins == piv::GET_RESPONSE,
            Selected::Nothing | Selected::Management => false,
        };
        let reply = match () {
            () if command.cla != 0 => Reply::sw(0x6E00),
            () if command.is_select() => self.select(channel, command.data),
            () if is_rest && channel.pending.is_empty() => Reply::sw(0x6985),
            () if is_rest => Reply::data(std::mem::take(&mut *channel.pending)),
            () => match channel.selected {
                Selected::Nothing => Reply::sw(0x6D00),
                Selected::Oath => self.applet.answer(&mut channel.security, &command, self.touch),
                Selected::Management => management::answer(&self.options, &command),
                Selected::Piv => piv::answer(&mut self.options, &command),
            },
        };
        channel.pending = Zeroizing::default();
        if command.extended { reply } else { in_parts(channel, reply) }
    }

    /// Not the OTP, FIDO or OpenPGP applet: this key has none of them.
    fn select(&mut self, channel: &mut Channel, aid: &[u8]) -> Reply {
        let (selected, reply) = match aid {
            management::AID => (Selected::Management, management::selected(&self.options)),
            applet::AID if self.options.usb.contains(Applications::OATH) => {
                channel.security = Security::default();
                (Selected::Oath, self.applet.selected(&mut channel.security))
            }
            aid if piv::is_meant(aid) && self.options.usb.contains(Applications::PIV) => {
                (Selected::Piv, piv::selected())
            }
            _ => return Reply::sw(0x6A82), // what was selected stays so
        };
        channel.selected = selected;
        reply
    }

    fn reader_name(&self) -> String {
        match self.options.serial {
            Some(serial) => format!("Yubico YubiKey OTP+FIDO+CCID ({serial})"),
            None => "Yubico YubiKey OTP+FIDO+CCID".to_owned(),
        }
    }
}

/// An answer to a short APDU holds 256 bytes; the rest waits for SEND REMAINING.
fn in_parts(channel: &mut Channel, mut reply: Reply) -> Reply {
    let whole = std::mem::take(&mut reply.data);
    let (part, rest) = whole.split_at_checked(256).unwrap_or((&whole, &[]));
    reply.data = Zeroizing::new(part.to_vec());
    if !rest.is_empty() {
        reply.sw = Sw(0x6100 | u16::try_from(rest.len()).ok().filter(|len| *len < 256).unwrap_or(0));
        channel.pending = Zeroizing::new(rest.to_vec());
    }
    reply
}
