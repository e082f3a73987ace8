//! CTAPHID (CTAP 2.1 §11.2): reports into messages and messages into reports; channels, busy, out of sequence, late.

use crate::transport::hid::Report;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

pub(super) const PING: u8 = 0x01;
pub(super) const MSG: u8 = 0x03;
pub(super) const LOCK: u8 = 0x04;
const INIT: u8 = 0x06;
pub(super) const WINK: u8 = 0x08;
pub(super) const CBOR: u8 = 0x10;
const CANCEL: u8 = 0x11;
pub(super) const KEEPALIVE: u8 = 0x3B;
pub(super) const ERROR: u8 = 0x3F;
/// Yubico's READ CONFIG.
pub(super) const DEVICE_INFO: u8 = 0x42;

pub(super) const INVALID_COMMAND: u8 = 0x01;
pub(super) const INVALID_PARAMETER: u8 = 0x02;
pub(super) const INVALID_LENGTH: u8 = 0x03;
const INVALID_SEQUENCE: u8 = 0x04;
const MESSAGE_TIMEOUT: u8 = 0x05;
const CHANNEL_BUSY: u8 = 0x06;
const INVALID_CHANNEL: u8 = 0x0B;

const BROADCAST: u32 = 0xFFFF_FFFF;
/// What a message of one first and 128 following reports holds.
pub(super) const MAX_MESSAGE: usize = 57 + 128 * 59;
/// WINK and CBOR; MSG is there too.
const CAPABILITIES: u8 = 0x01 | 0x04;
/// The top bit of the fifth byte tells a first report from a following one.
pub(super) const FIRST: u8 = 0x80;

/// A whole message from a channel.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) channel: u32,
    /// Without the top bit.
    pub(super) command: u8,
    pub(super) data: Vec<u8>,
}

pub(super) enum Step {
    Nothing,
    /// An answer that takes no command.
    Answer(Message),
    /// INIT on a channel: what it was doing is to be dropped, and then this answered.
    Resync(Message),
    Command(Message),
    Cancel(u32),
}

/// The key's end of the wire.
pub(super) struct Link {
    channels: BTreeSet<u32>,
    assembling: Option<Assembling>,
    locked: Option<(u32, Instant)>,
    firmware: [u8; 3],
    timeout: Duration,
}

struct Assembling {
    message: Message,
    length: usize,
    sequence: u8,
    last: Instant,
}

impl Link {
    pub(super) fn new(firmware: [u8; 3], timeout: Duration) -> Self {
        Self { channels: BTreeSet::new(), assembling: None, locked: None, firmware, timeout }
    }

    /// Takes a report. `busy`: the channel whose command is being carried out.
    pub(super) fn take(&mut self, report: &Report, busy: Option<u32>, now: Instant) -> Step {
        let [c0, c1, c2, c3, kind, rest @ ..] = report;
        let channel = u32::from_be_bytes([*c0, *c1, *c2, *c3]);
        if kind & FIRST == 0 {
            return self.follow(channel, *kind, rest, now);
        }
        let [high, low, data @ ..] = rest;
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let command = kind & !FIRST;
        match command {
            INIT => return self.init(channel, length, data),
            CANCEL if self.channels.contains(&channel) => return Step::Cancel(channel),
            _ if channel == BROADCAST || !self.channels.contains(&channel) => {
                return error(channel, INVALID_CHANNEL);
            }
            _ if length > MAX_MESSAGE => return error(channel, INVALID_LENGTH),
            _ => {}
        }
        if let Some(assembling) = &self.assembling {
            if assembling.message.channel != channel {
                return error(channel, CHANNEL_BUSY);
            }
            self.assembling = None;
            return error(channel, INVALID_SEQUENCE);
        }
        if busy.is_some() || self.is_locked_against(channel, now) {
            return error(channel, CHANNEL_BUSY);
        }
        let message = Message { channel, command, data: data.iter().take(length).copied().collect() };
        self.whole(Assembling { message, length, sequence: 0, last: now })
    }

    fn follow(&mut self, channel: u32, sequence: u8, data: &[u8], now: Instant) -> Step {
        // A following report that follows nothing is passed over.
        let Some(mut assembling) = self.assembling.take_if(|found| found.message.channel == channel) else {
            return Step::Nothing;
        };
        if assembling.sequence != sequence {
            return error(channel, INVALID_SEQUENCE);
        }
        let missing = assembling.length - assembling.message.data.len();
        assembling.message.data.extend(data.iter().take(missing));
        assembling.sequence += 1;
        assembling.last = now;
        self.whole(assembling)
    }

    fn whole(&mut self, assembling: Assembling) -> Step {
        if assembling.message.data.len() >= assembling.length {
            return Step::Command(assembling.message);
        }
        self.assembling = Some(assembling);
        Step::Nothing
    }

    /// A new channel, or a channel that begins anew.
    fn init(&mut self, channel: u32, length: usize, data: &[u8]) -> Step {
        if channel == 0 || channel != BROADCAST && !self.channels.contains(&channel) {
            return error(channel, INVALID_CHANNEL);
        }
        let Some(nonce) = data.get(..8).filter(|_| length == 8) else { return error(channel, INVALID_LENGTH) };
        let given = if channel == BROADCAST { self.allocate() } else { channel };
        let [major, minor, patch] = self.firmware;
        let data = [nonce, &given.to_be_bytes(), &[2, major, minor, patch, CAPABILITIES]].concat();
        let answer = Message { channel, command: INIT, data };
        if channel == BROADCAST {
            return Step::Answer(answer);
        }
        self.assembling.take_if(|found| found.message.channel == channel);
        self.locked.take_if(|(holder, _)| *holder == channel);
        Step::Resync(answer)
    }

    /// YubiKeys count up from a random number; the simulated one picks at random.
    fn allocate(&mut self) -> u32 {
        loop {
            let channel = u32::from_be_bytes(*super::keys::random());
            if channel != 0 && channel != BROADCAST && self.channels.insert(channel) {
                return channel;
            }
        }
    }

    fn is_locked_against(&self, channel: u32, now: Instant) -> bool {
        self.locked.is_some_and(|(holder, until)| holder != channel && now < until)
    }

    /// CTAPHID_LOCK: nobody else for up to ten seconds; 0 ends it.
    pub(super) fn lock(&mut self, channel: u32, seconds: u8, now: Instant) {
        let until = now + Duration::from_secs(u64::from(seconds));
        self.locked = (seconds > 0).then_some((channel, until));
    }

    /// The answer to a message whose next report is late.
    pub(super) fn late(&mut self, now: Instant) -> Option<Message> {
        let timeout = self.timeout;
        let late = self.assembling.take_if(|found| now >= found.last + timeout)?;
        Some(error_message(late.message.channel, MESSAGE_TIMEOUT))
    }

    /// When the next report of a message will be late.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.assembling.as_ref().map(|assembling| assembling.last + self.timeout)
    }
}

fn error(channel: u32, code: u8) -> Step {
    Step::Answer(error_message(channel, code))
}

pub(super) fn error_message(channel: u32, code: u8) -> Message {
    Message { channel, command: ERROR, data: vec![code] }
}

pub(super) fn reports(message: &Message) -> Vec<Report> {
    let channel = message.channel.to_be_bytes();
    let length = u16::try_from(message.data.len()).unwrap_or(u16::MAX).to_be_bytes();
    let (first, rest) = message.data.split_at_checked(57).unwrap_or((&message.data, &[]));
    let mut reports = vec![report(&[&channel[..], &[FIRST | message.command], &length, first].concat())];
    for (part, sequence) in rest.chunks(59).zip(0..=0x7F) {
        reports.push(report(&[&channel[..], &[sequence], part].concat()));
    }
    reports
}

fn report(bytes: &[u8]) -> Report {
    let mut report = [0; 64];
    report.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    report
}
