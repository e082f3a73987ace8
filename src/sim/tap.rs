//! A tap on the simulated wires: sees every message, on whichever wire, just before it is carried out and just after.
//!
//! With it a test can stop the world at any point between two effects.

use crate::keys::Serial;
use std::sync::{Arc, PoisonError, RwLock};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passing {
    pub wire: Wire,
    /// `false`: about to be carried out. `true`: carried out, and the answer is about to leave.
    pub done: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// A command to a key, by its instruction byte.
    Key {
        key: Option<Serial>,
        /// ISO 7816-4 INS.
        ins: u8,
    },
    /// A message to a FIDO2 authenticator, by its command.
    Fido {
        serial: Option<Serial>,
        /// The CTAP2 command byte (0x01 is makeCredential); for a message that is not CTAP2, the CTAPHID command with
        /// its top bit (0x88 is WINK).
        command: u8,
    },
    Aws {
        /// As the form says: `CreateVirtualMFADevice`.
        action: String,
    },
}

type Listener = Box<dyn Fn(&Passing) + Send + Sync>;

/// Clones are the same tap. Nobody listens at first.
#[derive(Clone, Default)]
pub struct Tap(Arc<RwLock<Option<Listener>>>);

impl Tap {
    /// Has `listener` called with every message from now on. The message waits until it returns.
    pub fn listen(&self, listener: impl Fn(&Passing) + Send + Sync + 'static) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(listener));
    }

    /// Nobody listens any more.
    pub fn silence(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    pub(super) fn pass(&self, wire: impl FnOnce() -> Wire, done: bool) {
        if let Some(listener) = &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            listener(&Passing { wire: wire(), done });
        }
    }
}
