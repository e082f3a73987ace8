//! The Linux kernel's key retention service (keyrings(7)), through `linux-keyutils`, which no other file names.
//!
//! In the user session keyring: in the kernel's memory, never swapped or written to a disk, for this user's processes
//! alone, gone by itself at its time.

use super::super::NoKeyring;
use linux_keyutils::{Key, KeyError, KeyPermissionsBuilder, KeyRing, KeyRingIdentifier, Permission};
use std::time::Duration;
use zeroize::Zeroizing;

pub struct Keyring(KeyRing);

/// More than a user has: the kernel allows 200, and root as many as fit.
const MOST_KEYS: usize = 65_536;

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

    /// The names under which something is kept, of those that begin so.
    pub fn names(&self, prefix: &str) -> Result<Vec<String>, NoKeyring> {
        let links = self.0.get_links(MOST_KEYS).map_err(error)?;
        let described = links.iter().filter_map(|link| link.as_key()?.metadata().ok());
        let names = described.map(|it| it.get_description().to_owned());
        Ok(names.filter(|name| name.starts_with(prefix)).collect())
    }

    /// Drops all that is kept under names that begin so, and says how much that was.
    pub fn remove_all(&self, prefix: &str) -> Result<usize, NoKeyring> {
        let mut removed = 0;
        for link in self.0.get_links(MOST_KEYS).map_err(error)?.iter() {
            let Some(key) = link.as_key() else { continue };
            let is_one = key.metadata().is_ok_and(|it| it.get_description().starts_with(prefix));
            match is_one.then(|| key.invalidate()) {
                None | Some(Err(KeyError::KeyExpired | KeyError::KeyRevoked | KeyError::KeyDoesNotExist)) => {}
                Some(Ok(())) => removed += 1,
                Some(Err(cause)) => return Err(error(cause)),
            }
        }
        Ok(removed)
    }

    fn find(&self, name: &str) -> Result<Option<Key>, NoKeyring> {
        match self.0.search(name) {
            Ok(key) => Ok(Some(key)),
            Err(KeyError::KeyDoesNotExist | KeyError::KeyExpired | KeyError::KeyRevoked) => Ok(None),
            Err(cause) => Err(error(cause)),
        }
    }
}
