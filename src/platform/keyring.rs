//! The Linux kernel's key retention service (keyrings(7)), through `linux-keyutils`, which no other file names.
//!
//! In the user session keyring: in the kernel's memory, never swapped or written to a disk, for this user's processes
//! alone, gone by itself at its time.

use super::NoKeyring;
use linux_keyutils::{Key, KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};
use std::time::Duration;
use zeroize::Zeroizing;

pub struct Keyring(KeyRing);

fn error(cause: KeyError) -> NoKeyring {
    match cause {
        KeyError::QuotaExceeded => NoKeyring::Full,
        cause => NoKeyring::Missing { why: cause.to_string() },
    }
}

impl Keyring {
    pub fn open() -> Result<Self, NoKeyring> {
        KeyRing::from_special_id(KeyRingIdentifier::UserSession, true).map(Self).map_err(error)
    }

    pub fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>, NoKeyring> {
        match self.find(name)? {
            None => Ok(None),
            Some(key) => match key.read_to_vec() {
                Ok(content) => Ok(Some(Zeroizing::new(content))),
                // Its time ended just now.
                Err(KeyError::KeyExpired | KeyError::KeyRevoked | KeyError::KeyDoesNotExist) => Ok(None),
                Err(cause) => Err(error(cause)),
            },
        }
    }

    /// Keeps something for as long as this. Nothing is kept that would not go by itself.
    pub fn put(&self, name: &str, content: &[u8], seconds: Duration) -> Result<(), NoKeyring> {
        let key = self.0.add_key(name, content).map_err(error)?;
        // Not the possessor alone: a process whose session keyring does not lead here possesses nothing in it.
        let everything_for_the_user =
            KeyPermissionsBuilder::builder().posessor(Permission::ALL).user(Permission::ALL).build();
        let seconds = usize::try_from(seconds.as_secs()).unwrap_or(usize::MAX);
        key.set_perms(everything_for_the_user).and_then(|()| key.set_timeout(seconds)).map_err(|cause| {
            let _ = key.invalidate();
            error(cause)
        })
    }

    /// Drops what is kept under a name, and says whether there was anything.
    pub fn remove(&self, name: &str) -> Result<bool, NoKeyring> {
        match self.find(name)? {
            None => Ok(false),
            Some(key) => key.invalidate().map(|()| true).map_err(error),
        }
    }

    fn find(&self, name: &str) -> Result<Option<Key>, NoKeyring> {
        match self.0.search(name) {
            Ok(key) => Ok(Some(key)),
            Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked) => Ok(None),
            Err(cause) => Err(error(cause)),
        }
    }
}
