//! CTAPHID (CTAP 2.1 §11.2): messages in 64-byte reports, on a channel of our own. Knows no command's content.
//!
//! The system hands every report of a key to every program that has it open. So a report counts only if it is on our
//! channel, and a channel only if the nonce it was given for is ours; what belongs to others is passed over.

mod frames;

pub use frames::{BadFrame, MAX_MESSAGE, Message, Reassembler, reports};

use super::Error;
use crate::platform::Interrupt;
use crate::transport::hid::{Hid, Report};
use std::time::{Duration, Instant};
use zeroize::{Zeroize, Zeroizing};

const BROADCAST: u32 = 0xFFFF_FFFF;

/// Commands, without the bit that marks an initialization report.
pub mod command {
    pub const PING: u8 = 0x01;
    pub const INIT: u8 = 0x06;
    pub const WINK: u8 = 0x08;
    /// A CTAP2 command.
    pub const CBOR: u8 = 0x10;
    /// Give up the pending CTAP2 command.
    pub const CANCEL: u8 = 0x11;
    /// The pending command is still being worked on, or waits for a touch.
    pub const KEEPALIVE: u8 = 0x3B;
    pub const ERROR: u8 = 0x3F;
    /// Yubico: read a page of the device's configuration.
    pub const READ_CONFIG: u8 = 0x42;
}

/// The one CTAP status this layer looks at: the answer to a command that was cancelled.
const KEEPALIVE_CANCEL: u8 = 0x2D;
/// How often a wait looks whether the person interrupted.
const LOOK: Duration = Duration::from_millis(100);
/// How long a cancelled command's answer is waited for. Keys answer within 100 ms (§11.2.9.1.5 asks for no limit).
const CANCEL_GRACE: Duration = Duration::from_secs(2);
/// The first pause before a busy key is asked again; doubled up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Far more reports than any system keeps for a program that does not read them.
const UNREAD: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For the next sign of life: keys send a keepalive every 100 ms while they work (§11.2.9.2.1).
    pub silence: Duration,
    /// For a command that needs no person, and for another program to be done with the key.
    pub command: Duration,
    /// For a command that needs a person. The key has a limit of its own, mostly 30 s.
    pub person: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { silence: Duration::from_secs(5), command: Duration::from_secs(30), person: Duration::from_secs(60) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keepalive {
    Processing,
    /// It waits for a touch. Unknown states count as this: better to ask for a touch once too often.
    TouchNeeded,
}

impl Keepalive {
    fn of(data: &[u8]) -> Self {
        if data == [0x01] { Self::Processing } else { Self::TouchNeeded }
    }
}

/// Why a key refused a frame (CTAPHID_ERROR, §11.2.9.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ChannelError {
    #[error("invalid command")]
    InvalidCommand,
    #[error("invalid parameter")]
    InvalidParameter,
    #[error("invalid length")]
    InvalidLength,
    #[error("frames out of order")]
    InvalidSequence,
    #[error("the message took too long")]
    MessageTimeout,
    #[error("busy")]
    Busy,
    #[error("another program has locked the key")]
    LockRequired,
    #[error("invalid channel")]
    InvalidChannel,
    #[error("error {0:02X}")]
    Other(u8),
}

impl From<u8> for ChannelError {
    fn from(code: u8) -> Self {
        match code {
            0x01 => Self::InvalidCommand,
            0x02 => Self::InvalidParameter,
            0x03 => Self::InvalidLength,
            0x04 => Self::InvalidSequence,
            0x05 => Self::MessageTimeout,
            0x06 => Self::Busy,
            0x0A => Self::LockRequired,
            0x0B => Self::InvalidChannel,
            code => Self::Other(code),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// The device's version: on a YubiKey 4 or later the firmware's.
    pub version: (u8, u8, u8),
    pub wink: bool,
    /// It speaks CTAP2.
    pub ctap2: bool,
}

pub struct Channel {
    hid: Box<dyn Hid>,
    /// `None` after a conversation broke off: a late answer on the old channel would be taken for the next one's.
    id: Option<u32>,
    device: Device,
    interrupt: Interrupt,
    /// The interrupt is not listened to: something is being put in order after it.
    uninterruptible: bool,
    limits: Limits,
}

/// How a wait for an answer ended, with the channel still in order.
enum Answer {
    Message(Message),
    Busy,
    GaveUp(Error),
}

impl Channel {
    /// Asks the device for a channel.
    ///
    /// # Errors
    /// [`Error::NoAnswer`], [`Error::Busy`], [`Error::Cancelled`], [`Error::Transport`].
    pub fn open(hid: Box<dyn Hid>, interrupt: Interrupt, limits: Limits) -> Result<Self, Error> {
        let device = Device { version: (0, 0, 0), wink: false, ctap2: false };
        let mut channel = Self { hid, id: None, device, interrupt, uninterruptible: false, limits };
        channel.id()?;
        Ok(channel)
    }

    #[must_use]
    pub fn device(&self) -> Device {
        self.device
    }

    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// While `uninterruptible`, an interrupt ends nothing: for what must be put in order after one.
    pub fn set_deaf(&mut self, uninterruptible: bool) {
        self.uninterruptible = uninterruptible;
    }

    /// Sends a message and returns the answer to it, waiting at most `timeout` in all. `alive` hears every keepalive.
    ///
    /// When the person interrupts or `timeout` ends, the command is cancelled, and its answer awaited: a touch may
    /// have come a moment before. Only if the key then says that it was cancelled is that the outcome; if it says
    /// nothing, [`Error::CancelUnanswered`] is.
    ///
    /// # Errors
    /// [`Error::NoAnswer`], [`Error::Busy`], [`Error::Cancelled`], [`Error::CancelUnanswered`],
    /// [`Error::TouchTimedOut`], [`Error::Channel`],
    /// [`Error::Malformed`], [`Error::TooLarge`], [`Error::Transport`].
    pub fn call(
        &mut self,
        command: u8,
        data: &[u8],
        timeout: Duration,
        alive: &mut dyn FnMut(Keepalive),
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        // Nothing is begun after an interrupt: a sequence of commands ends at the next one.
        if self.interrupted() {
            return Err(Error::Cancelled);
        }
        let until = Instant::now() + timeout;
        let mut pause = FIRST_PAUSE;
        loop {
            let id = self.id()?;
            self.forget_unread()?;
            let answer =
                self.send(id, command, data).and_then(|()| self.answer(id, command, (timeout, until), alive));
            match answer {
                Ok(Answer::Message(message)) => return Ok(message.data),
                Ok(Answer::GaveUp(why)) => return Err(why),
                Ok(Answer::Busy) => self.pause(&mut pause, until)?,
                Err(error) => {
                    self.id = None;
                    return Err(error);
                }
            }
        }
    }

    /// Our channel's id, after asking for one where there is none.
    fn id(&mut self) -> Result<u32, Error> {
        if let Some(id) = self.id {
            return Ok(id);
        }
        let until = Instant::now() + self.limits.command;
        let mut pause = FIRST_PAUSE;
        loop {
            let mut nonce = [0; 8];
            getrandom::fill(&mut nonce).map_err(|error| Error::System { why: error.to_string() })?;
            self.forget_unread()?;
            self.send(BROADCAST, command::INIT, &nonce)?;
            match self.granted(&nonce)? {
                Some((id, device)) => {
                    self.device = device;
                    self.id = Some(id);
                    return Ok(id);
                }
                None => self.pause(&mut pause, until)?,
            }
        }
    }

    /// The channel given for this nonce. `None`: busy, or a frame that is not to be understood.
    fn granted(&mut self, nonce: &[u8; 8]) -> Result<Option<(u32, Device)>, Error> {
        let until = Instant::now() + self.limits.silence;
        let mut frames = Reassembler::new(BROADCAST);
        while let Some(mut report) = self.next(until)? {
            let message = frames.feed(&report);
            report.zeroize();
            // What is broken on the channel that everyone shares need not have been meant for us.
            let Ok(Some(message)) = message else { continue };
            match (message.command, message.data.as_slice()) {
                (command::INIT, data) => {
                    if let Some(granted) = granted(data, nonce) {
                        return Ok(Some(granted));
                    }
                }
                (command::ERROR, [0x06, ..]) => return Ok(None),
                _ => {}
            }
        }
        Err(Error::NoAnswer { after: self.limits.silence })
    }

    /// Takes what has come since we last listened, before anything is asked: all of it is for others. A system keeps only
    /// so many reports for a program (Linux 64), and loses what comes then: it would be the answer.
    fn forget_unread(&mut self) -> Result<(), Error> {
        for _ in 0..UNREAD {
            match self.hid.receive(Duration::ZERO)? {
                Some(mut report) => report.zeroize(),
                None => break,
            }
        }
        Ok(())
    }

    fn send(&mut self, channel: u32, command: u8, data: &[u8]) -> Result<(), Error> {
        for report in reports(channel, command, data)? {
            self.hid.send(&report)?;
        }
        Ok(())
    }

    /// The next report, whosever it is. `None` when `until` has passed.
    fn next(&mut self, until: Instant) -> Result<Option<Report>, Error> {
        loop {
            if self.interrupted() {
                return Err(Error::Cancelled);
            }
            // Looked at before every report: those of others, or keepalives, may never end.
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            if let Some(report) = self.hid.receive(left.min(LOOK))? {
                return Ok(Some(report));
            }
        }
    }

    fn answer(
        &mut self,
        channel: u32,
        command: u8,
        (timeout, until): (Duration, Instant),
        alive: &mut dyn FnMut(Keepalive),
    ) -> Result<Answer, Error> {
        let mut frames = Reassembler::new(channel);
        let (mut silent_since, mut touch) = (Instant::now(), false);
        loop {
            let silence_ends = silent_since + self.limits.silence;
            let mut report = match self.next(silence_ends.min(until)) {
                Ok(Some(report)) => report,
                Ok(None) if silence_ends <= Instant::now() => {
                    return self.give_up(channel, command, Error::NoAnswer { after: self.limits.silence });
                }
                Ok(None) => {
                    let late = if touch { Error::TouchTimedOut } else { Error::NoAnswer { after: timeout } };
                    return self.give_up(channel, command, late);
                }
                Err(Error::Cancelled) => return self.give_up(channel, command, Error::Cancelled),
                Err(error) => return Err(error),
            };
            // Only a report of ours is a sign of life to us: others may keep the key busy for ever.
            if report.starts_with(&channel.to_be_bytes()) {
                silent_since = Instant::now();
            }
            let message = frames.feed(&report);
            report.zeroize();
            match message.map_err(|BadFrame| Error::Malformed { what: "frame" })? {
                Some(Message { command: command::KEEPALIVE, data }) => {
                    let state = Keepalive::of(&data);
                    touch |= state == Keepalive::TouchNeeded;
                    alive(state);
                }
                Some(message) => return describe(message, command),
                None => {}
            }
        }
    }

    /// Cancels the pending command and waits for its end. `why` is the outcome if the key gave the command up; if it
    /// does not say so, the command may have been carried out.
    fn give_up(&mut self, channel: u32, command: u8, why: Error) -> Result<Answer, Error> {
        if command != command::CBOR {
            return Err(why);
        }
        self.send(channel, command::CANCEL, &[])?;
        let grace = CANCEL_GRACE.min(self.limits.silence);
        let unanswered = || match why {
            Error::Cancelled => Error::CancelUnanswered,
            Error::TouchTimedOut => Error::NoAnswer { after: grace },
            ref why => why.clone(),
        };
        let until = Instant::now() + grace;
        let mut frames = Reassembler::new(channel);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(unanswered());
            }
            let Some(mut report) = self.hid.receive(left.min(LOOK))? else { continue };
            let message = frames.feed(&report);
            report.zeroize();
            match message {
                Ok(Some(Message { command: command::KEEPALIVE, .. }) | None) => {}
                Ok(Some(message)) if message.data.first() == Some(&KEEPALIVE_CANCEL) => {
                    return Ok(Answer::GaveUp(why));
                }
                Ok(Some(message)) if message.command == command => return Ok(Answer::Message(message)),
                Ok(Some(_)) | Err(BadFrame) => return Err(unanswered()),
            }
        }
    }

    fn interrupted(&self) -> bool {
        !self.uninterruptible && self.interrupt.raised()
    }

    /// Waits before a busy key is asked again.
    fn pause(&mut self, pause: &mut Duration, until: Instant) -> Result<(), Error> {
        if Instant::now() + *pause > until {
            return Err(Error::Busy);
        }
        // Deaf, a raised interrupt would end every pause at once.
        let interrupted = if self.uninterruptible {
            std::thread::sleep(*pause);
            false
        } else {
            self.interrupt.wait(*pause)
        };
        if interrupted {
            return Err(Error::Cancelled);
        }
        *pause = (*pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }
}

/// What a message means as the answer to `command`.
fn describe(message: Message, command: u8) -> Result<Answer, Error> {
    match (message.command, message.data.first()) {
        (command::ERROR, Some(&code)) => match ChannelError::from(code) {
            ChannelError::Busy => Ok(Answer::Busy),
            error => Err(Error::Channel(error)),
        },
        (answered, _) if answered == command => Ok(Answer::Message(message)),
        _ => Err(Error::Malformed { what: "frame" }),
    }
}

/// The answer to INIT: nonce, channel, protocol version, device version, capabilities. `None`: not to our nonce.
fn granted(data: &[u8], nonce: &[u8; 8]) -> Option<(u32, Device)> {
    let (theirs, rest) = data.split_at_checked(8)?;
    match *rest {
        [a, b, c, d, _protocol, major, minor, patch, capabilities, ..] if theirs == nonce => {
            let device = Device {
                version: (major, minor, patch),
                wink: capabilities & 0x01 != 0,
                ctap2: capabilities & 0x04 != 0,
            };
            Some((u32::from_be_bytes([a, b, c, d]), device))
        }
        _ => None,
    }
}
