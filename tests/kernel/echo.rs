//! The least that a FIDO HID device can be: it opens channels and sends pings back.

use glasskey::transport::Error;
use glasskey::transport::hid::{Hid, Report};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const BROADCAST: [u8; 4] = [0xFF; 4];
const PING: u8 = 0x81;
const INIT: u8 = 0x86;

/// The device; clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Echo(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    unplugged: bool,
    handles: Vec<Sender<Report>>,
}

struct Handle(Echo, Receiver<Report>);

impl Echo {
    pub(super) fn open(&self) -> Box<dyn Hid> {
        let (sender, receiver) = mpsc::channel();
        self.0.lock().unwrap().handles.push(sender);
        Box::new(Handle(self.clone(), receiver))
    }

    /// It is gone for every handle.
    pub(super) fn unplug(&self) {
        let mut state = self.0.lock().unwrap();
        state.unplugged = true;
        state.handles.clear();
    }
}

impl Hid for Handle {
    fn send(&mut self, report: &Report) -> Result<(), Error> {
        let mut state = self.0.0.lock().unwrap();
        if state.unplugged {
            return Err(Error::Removed);
        }
        let mut answer = *report;
        if report[..4] == BROADCAST && report[4] == INIT {
            // Nonce, channel, protocol 2, version 5.7.1, capabilities CBOR.
            answer[6] = 17;
            answer[15..24].copy_from_slice(&[0, 0, 0, 7, 2, 5, 7, 1, 4]);
        } else if report[4] & 0x80 != 0 && report[4] != PING {
            panic!("an echo knows no command {:#04X}", report[4]);
        }
        state.handles.retain(|handle| handle.send(answer).is_ok());
        Ok(())
    }

    fn receive(&mut self, within: Duration) -> Result<Option<Report>, Error> {
        match self.1.recv_timeout(within) {
            Ok(report) => Ok(Some(report)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(Error::Removed),
        }
    }
}
