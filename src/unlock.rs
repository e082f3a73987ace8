//! Keys in use by a command: opened by serial number, unlocked with a password asked for once.
//!
//! A key is opened anew for every sequence and closed at once: pcscd keeps the last command (a seed, after PUT) on
//! its stack until the client disconnects.

pub mod fido;

use crate::keys::{self, Serial};
use crate::oath::{self, Session};
use crate::person::{Notice, Person};
use crate::secret::Password;
use crate::transport::{NoReaders, Ports};
use std::collections::BTreeMap;

/// Keys and their passwords, for as long as the command runs.
pub struct UnlockedKeys<'a> {
    ports: &'a dyn Ports,
    passwords: BTreeMap<Serial, Password>,
    warned: Vec<Serial>,
}

/// Why a key could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It could not be found or read.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    #[error("the OATH applet of YubiKey {key} could not be used")]
    Oath {
        key: Serial,
        #[source]
        cause: oath::Error,
    },
    #[error("the OATH applet of YubiKey {key} has a password, and nobody can be asked for it")]
    NobodyToAsk { key: Serial },
}

impl<'a> UnlockedKeys<'a> {
    /// No key unlocked yet, over these readers.
    #[must_use]
    pub fn new(ports: &'a dyn Ports) -> Self {
        Self { ports, passwords: BTreeMap::new(), warned: Vec::new() }
    }

    /// One over no readers at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(&NoReaders)
    }

    #[must_use]
    pub fn ports(&self) -> &'a dyn Ports {
        self.ports
    }

    /// Opens a key's OATH applet, unlocked.
    pub fn session(&mut self, key: Serial, person: &mut dyn Person) -> Result<Session, Error> {
        let (_, card) = keys::open(self.ports, Some(key)).map_err(Error::Keys)?;
        let oath = |cause| Error::Oath { key, cause };
        let mut session = Session::open(card).map_err(oath)?;
        if let Some(holder) = session.card().shared_with()
            && !self.warned.contains(&key)
        {
            person.tell(&Notice::Shared { key, holder: holder.clone() });
            self.warned.push(key);
        }
        if session.is_locked() {
            self.unlock(key, &mut session, person)?;
        }
        Ok(session)
    }

    /// One attempt per prompt. A password that was right before is not asked for again.
    fn unlock(&mut self, key: Serial, session: &mut Session, person: &mut dyn Person) -> Result<(), Error> {
        if let Some(known) = self.passwords.get(&key) {
            return session.unlock(known).map_err(|cause| Error::Oath { key, cause });
        }
        let password = person.password(key).ok_or(Error::NobodyToAsk { key })?;
        session.unlock(&password).map_err(|cause| Error::Oath { key, cause })?;
        self.passwords.insert(key, password);
        Ok(())
    }
}
