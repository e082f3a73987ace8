//! What is written down of a key that was enrolled for glasskey's own relying party: a file for each key in the state
//! directory. Nothing in it is secret; it says which credential to ask for, and what its answer is held against.

use crate::fido::Aaguid;
use crate::fido::cose::PublicKey;
use crate::flow::failure::BadRecord;
use crate::journal;
use crate::keys::Serial;
use crate::store;
use crate::totp::unix;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A key's credential for glasskey's own relying party.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The key's serial number, where it tells one.
    pub key: Option<Serial>,
    /// Its model's name.
    pub model: String,
    /// Its model.
    pub aaguid: Aaguid,
    /// The credential's id.
    pub credential: Vec<u8>,
    /// Its public key.
    pub public_key: PublicKey,
    /// The key keeps it.
    pub discoverable: bool,
    /// PIN or fingerprint was checked when it was made, so it always must be.
    pub user_verified: bool,
    /// The signature counter of the last time.
    pub counter: u32,
    /// When it was made, or first read from the key.
    pub enrolled: SystemTime,
    /// When it last was proved.
    pub verified: Option<SystemTime>,
}

/// The records of this machine.
#[derive(Clone, Debug)]
pub struct Records(PathBuf);

/// A record as it is written.
#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    key: Option<Serial>,
    model: String,
    aaguid: String,
    credential: String,
    public_key: String,
    discoverable: bool,
    user_verified: bool,
    counter: u32,
    enrolled: u64,
    verified: Option<u64>,
}

const VERSION: u32 = 1;
/// In bytes; a record has some hundreds.
const LONGEST: u64 = 1 << 20;

impl Records {
    /// Those in this state directory.
    #[must_use]
    pub fn of_state(state: &Path) -> Self {
        Self(state.join("fido"))
    }

    /// The record of this key; of keys that tell no serial number all, the newest first.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub fn of(&self, key: Option<Serial>) -> Result<Vec<Record>, BadRecord> {
        if let Some(key) = key {
            return Ok(self.read(&self.0.join(format!("{key}.json")))?.into_iter().collect());
        }
        let mut found: Vec<Record> = self.all()?.into_iter().filter(|record| record.key.is_none()).collect();
        found.sort_by_key(|record| std::cmp::Reverse(record.enrolled));
        Ok(found)
    }

    /// Every record, by the names of their files.
    ///
    /// # Errors
    /// A record that cannot be read.
    pub fn all(&self) -> Result<Vec<Record>, BadRecord> {
        let entries = match fs::read_dir(&self.0) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|cause| io(&self.0, cause))?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            paths.push(entry.map_err(|cause| io(&self.0, cause))?.path());
        }
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let mut records = Vec::new();
        for path in paths {
            records.extend(self.read(&path)?);
        }
        Ok(records)
    }

    /// Writes a record, in place of the key's last one. It is on disk when this returns.
    ///
    /// # Errors
    /// It could not be written; the last one is there.
    pub fn put(&self, record: &Record) -> Result<(), BadRecord> {
        let name = match record.key {
            Some(key) => key.to_string(),
            None => HEXLOWER.encode(Sha256::digest(&record.credential).get(..8).unwrap_or_default()),
        };
        let path = self.0.join(format!("{name}.json"));
        let text = serde_json::to_vec(&File::from(record)).map_err(|cause| io(&path, cause.into()))?;
        self.check()?;
        store::replace(&path, &text).map_err(|cause| io(&path, cause))
    }

    /// What others may write to is no record: a key would be held against whatever they put there.
    fn check(&self) -> Result<(), BadRecord> {
        for dir in self.0.parent().into_iter().chain([&*self.0]) {
            match store::check_directory(dir) {
                Err(cause) if store::is_refused(&cause) => return Err(io(dir, cause)),
                _ => {}
            }
        }
        Ok(())
    }

    fn read(&self, path: &Path) -> Result<Option<Record>, BadRecord> {
        self.check()?;
        let text = match store::read_own(path, LONGEST) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|cause| io(path, cause))?,
        };
        let file: Option<File> = serde_json::from_slice(&text).ok();
        let record = file.filter(|file| file.version == VERSION).and_then(Record::of_file);
        record.map(Some).ok_or_else(|| BadRecord::Unreadable { path: path.to_owned() })
    }
}

fn io(path: &Path, cause: io::Error) -> BadRecord {
    BadRecord::Files(journal::Error::Io { path: path.to_owned(), cause })
}

impl Record {
    fn of_file(file: File) -> Option<Self> {
        let bytes = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        let moment = |seconds: u64| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        Some(Self {
            key: file.key,
            model: file.model,
            aaguid: file.aaguid.parse().ok()?,
            credential: bytes(&file.credential)?,
            public_key: PublicKey::from_cbor(&bytes(&file.public_key)?).ok()?,
            discoverable: file.discoverable,
            user_verified: file.user_verified,
            counter: file.counter,
            enrolled: moment(file.enrolled)?,
            verified: match file.verified {
                Some(seconds) => Some(moment(seconds)?),
                None => None,
            },
        })
    }
}

impl From<&Record> for File {
    fn from(record: &Record) -> Self {
        Self {
            version: VERSION,
            key: record.key,
            model: record.model.clone(),
            aaguid: record.aaguid.to_string(),
            credential: BASE64URL_NOPAD.encode(&record.credential),
            public_key: BASE64URL_NOPAD.encode(&record.public_key.to_cbor()),
            discoverable: record.discoverable,
            user_verified: record.user_verified,
            counter: record.counter,
            enrolled: unix(record.enrolled),
            verified: record.verified.map(unix),
        }
    }
}
