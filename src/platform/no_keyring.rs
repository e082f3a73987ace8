//! Elsewhere: nothing is kept.

use super::NoKeyring;
use std::time::Duration;
use zeroize::Zeroizing;

pub struct Keyring(std::convert::Infallible);

impl Keyring {
    pub fn open() -> Result<Self, NoKeyring> {
        Err(NoKeyring::Missing { why: "only Linux has one".to_owned() })
    }

    pub fn get(&self, _: &str) -> Result<Option<Zeroizing<Vec<u8>>>, NoKeyring> {
        match self.0 {}
    }

    /// Keeps something for as long as this.
    pub fn put(&self, _: &str, _: &[u8], _: Duration) -> Result<(), NoKeyring> {
        match self.0 {}
    }

    /// The names under which something is kept, of those that begin so.
    pub fn names(&self, _: &str) -> Result<Vec<String>, NoKeyring> {
        match self.0 {}
    }

    /// Drops all that is kept under names that begin so.
    pub fn remove_all(&self, _: &str) -> Result<usize, NoKeyring> {
        match self.0 {}
    }
}
