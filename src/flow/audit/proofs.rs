//! When the alarm of an account was last proved: a small file for each account in the state directory.

use crate::store;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// No file is longer, in bytes.
const LONGEST: u64 = 4096;
const VERSION: u32 = 1;

/// What such a file holds.
#[derive(Serialize, Deserialize)]
struct Dated {
    version: u32,
    /// Seconds since 1970.
    proved: u64,
}

pub(in crate::flow) struct Proofs(PathBuf);

impl Proofs {
    pub(in crate::flow) fn in_dir(state: &Path) -> Self {
        Self(state.join("alarm-proofs"))
    }

    /// `account` is twelve digits, as AWS has it; anything else has no file.
    fn path(&self, account: &str) -> io::Result<PathBuf> {
        match account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) {
            true => Ok(self.0.join(format!("{account}.json"))),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    pub(in crate::flow) fn write(&self, account: &str, proved: u64) -> io::Result<()> {
        let text = serde_json::to_vec(&Dated { version: VERSION, proved })?;
        store::replace(&self.path(account)?, &text)
    }

    /// `None`: never from here, or the file cannot be read.
    pub(in crate::flow) fn last(&self, account: &str) -> Option<SystemTime> {
        let text = store::read_own(&self.path(account).ok()?, LONGEST).ok()?;
        let dated: Dated = serde_json::from_slice(&text).ok().filter(|dated: &Dated| dated.version == VERSION)?;
        UNIX_EPOCH.checked_add(Duration::from_secs(dated.proved))
    }
}
