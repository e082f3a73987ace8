//! A HID device that does what a test says.

use glasskey::fido::ctaphid::{Message, Reassembler, command, reports};
use glasskey::fido::{Ctap2, Error, Limits};
use glasskey::platform::Interrupt;
use glasskey::transport;
use glasskey::transport::hid::{Hid, Report};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Short enough for a test, long enough for a loaded machine.
pub(crate) const LIMITS: Limits = Limits {
    silence: Duration::from_millis(150),
    command: Duration::from_millis(400),
    person: Duration::from_millis(400),
};

/// The channel that is given out first; the next ones count up.
pub(crate) const CHANNEL: u32 = 0x1122_3344;
pub(crate) const OTHER: u32 = 0x5566_7788;
pub(crate) const BROADCAST: u32 = 0xFFFF_FFFF;

/// What the device does.
pub(crate) enum Say {
    /// Answers on the channel it was asked on.
    Answer(u8, Vec<u8>),
    /// Says something on some channel.
    On(u32, u8, Vec<u8>),
    /// Sends this again and again while there is nothing else to say, until it is asked something.
    Forever(u32, u8, Vec<u8>),
    /// Answers, without the last so many reports.
    Truncated(u8, Vec<u8>, usize),
    /// Is gone.
    Pull,
}

/// A CTAP2 answer.
pub(crate) fn cbor(status: u8, content: &[u8]) -> Say {
    Say::Answer(command::CBOR, [&[status], content].concat())
}

pub(crate) fn keepalive(status: u8) -> Say {
    Say::Answer(command::KEEPALIVE, vec![status])
}

type Handler = Box<dyn FnMut(u32, u8, &[u8]) -> Vec<Say> + Send>;

/// What the test sees of it. Clones are the same device.
#[derive(Clone)]
pub(crate) struct Script(Arc<Mutex<State>>);

struct State {
    handler: Handler,
    pending: Vec<(u32, Reassembler)>,
    queue: VecDeque<Report>,
    forever: Option<Report>,
    heard: Vec<(u32, u8, Vec<u8>)>,
    pulled: bool,
}

impl Script {
    /// Every whole message but INIT goes to `handler` (channel, command, payload), and INIT when it is `raw`.
    pub(crate) fn new(handler: impl FnMut(u32, u8, &[u8]) -> Vec<Say> + Send + 'static) -> Self {
        let mut handler = handler;
        let mut given = CHANNEL;
        Self::raw(move |channel, command, data| {
            if command != command::INIT {
                return handler(channel, command, data);
            }
            let granted = grant(data, given);
            given += 1;
            vec![Say::Answer(command::INIT, granted)]
        })
    }

    pub(crate) fn raw(handler: impl FnMut(u32, u8, &[u8]) -> Vec<Say> + Send + 'static) -> Self {
        let pending = (CHANNEL..CHANNEL + 8).chain([BROADCAST]).map(|id| (id, Reassembler::new(id))).collect();
        Self(Arc::new(Mutex::new(State {
            handler: Box::new(handler),
            pending,
            queue: VecDeque::new(),
            forever: None,
            heard: Vec::new(),
            pulled: false,
        })))
    }

    pub(crate) fn hid(&self) -> Box<dyn Hid> {
        Box::new(self.clone())
    }

    pub(crate) fn open(&self) -> Result<Ctap2, Error> {
        self.open_with(&Interrupt::new().unwrap())
    }

    pub(crate) fn open_with(&self, interrupt: &Interrupt) -> Result<Ctap2, Error> {
        Ctap2::open(self.hid(), interrupt.clone(), LIMITS)
    }

    /// The commands heard, INIT included.
    pub(crate) fn heard(&self) -> Vec<u8> {
        self.state().heard.iter().map(|(_, command, _)| *command).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }
}

/// INIT's answer: a key that blinks and speaks CTAP2, firmware 5.7.4.
pub(crate) fn grant(nonce: &[u8], channel: u32) -> Vec<u8> {
    [nonce, &channel.to_be_bytes(), &[2, 5, 7, 4, 0x05]].concat()
}

impl State {
    fn say(&mut self, asked: u32, say: Say) {
        let frames = |channel, command, data: &[u8]| reports(channel, command, data).unwrap();
        match say {
            Say::Answer(command, data) => self.queue.extend(frames(asked, command, &data).iter().map(|r| **r)),
            Say::On(channel, command, data) => self.queue.extend(frames(channel, command, &data).iter().map(|r| **r)),
            Say::Forever(channel, command, data) => self.forever = Some(*frames(channel, command, &data)[0]),
            Say::Truncated(command, data, missing) => {
                let frames = frames(asked, command, &data);
                self.queue.extend(frames.iter().take(frames.len() - missing).map(|r| **r));
            }
            Say::Pull => self.pulled = true,
        }
    }
}

impl Hid for Script {
    fn send(&mut self, report: &Report) -> Result<(), transport::Error> {
        let mut state = self.state();
        if state.pulled {
            return Err(transport::Error::Removed);
        }
        let mut whole = Vec::new();
        for (channel, frames) in &mut state.pending {
            whole.extend(frames.feed(report).unwrap().map(|message| (*channel, message)));
        }
        for (channel, Message { command, data }) in whole {
            state.forever = None;
            state.heard.push((channel, command, data.to_vec()));
            for say in (state.handler)(channel, command, &data) {
                state.say(channel, say);
            }
        }
        Ok(())
    }

    fn receive(&mut self, within: Duration) -> Result<Option<Report>, transport::Error> {
        let next = {
            let mut state = self.state();
            match state.queue.pop_front() {
                None if state.pulled => return Err(transport::Error::Removed),
                None => state.forever,
                next => return Ok(next),
            }
        };
        // Nothing will come by itself: the wait is all there is. What comes for ever comes every 2 ms.
        std::thread::sleep(if next.is_some() { within.min(Duration::from_millis(2)) } else { within });
        Ok(next)
    }
}
