//! An age file (age-encryption.org/v1) that only the named recipients can open. Only ciphertext is ever written.
//!
//! What is proved: the file was read back from the disk, its header has the stanza of every recipient, its MAC is
//! right, and it decrypts to the seed. That a recipient still has the private key is theirs to prove.

use super::Error;
use crate::platform::{Children, Interrupt, files};
use crate::secret::{SecretText, Seed, on_wiped_stack};
use crate::store;
use crate::totp::{AWS, Uri};
use age::{Callbacks, DecryptError, Decryptor, EncryptError, Encryptor, Identity};
use age_core::format::{FileKey, Stanza};
use age_core::secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use zeroize::{Zeroize, Zeroizing};

/// How often it is looked whether the person has interrupted.
const TICK: Duration = Duration::from_millis(20);
/// How long a plugin may take to end when all has been said, before it is killed.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long its thread may take to end when it was killed.
const AFTER: Duration = Duration::from_secs(2);
/// Far more than any header with a seed behind it.
const LARGEST: u64 = 1 << 20;
/// So many bytes of the header are written down. Behind the first line and the kind of the first recipient they are
/// random: no other file begins so.
const RECORDED: usize = 96;
/// The first line of every age file.
const MAGIC: &str = "age-encryption.org/v1\n";

/// Who can open an escrow file.
#[derive(Clone)]
pub struct Recipients {
    all: Arc<Vec<Named>>,
    /// Plugins are other people's programs, which may wait for a token for ever.
    timeout: Duration,
    interrupt: Interrupt,
}

struct Named {
    text: String,
    recipient: Box<dyn age::Recipient + Send + Sync>,
}

impl Recipients {
    /// Reads recipients: `age1…`, `age1PLUGIN1…`, `ssh-ed25519 …` or `ssh-rsa …`. A plugin is waited for so long, or
    /// until the person interrupts.
    pub fn parse(texts: &[String], timeout: Duration, interrupt: &Interrupt) -> Result<Self, Error> {
        let all = texts.iter().map(|text| named(text.trim())).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { all: Arc::new(all), timeout, interrupt: interrupt.clone() })
    }

    /// Encrypts nothing to each of them, then to all: what cannot be used is found before anything is done.
    pub fn try_out(&self) -> Result<(), Error> {
        for nth in 0..self.all.len() {
            self.encrypt(Zeroizing::new(String::new()), Some(nth))?;
        }
        self.encrypt(Zeroizing::new(String::new()), None).map(drop)
    }

    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|named| named.text.as_str())
    }

    /// To all of them, or to one. On a thread of its own, since a plugin may never answer; whatever comes of it, no
    /// plugin is left behind.
    fn encrypt(&self, text: Zeroizing<String>, only: Option<usize>) -> Result<Sealed, Error> {
        let (sender, answer) = mpsc::channel();
        let (tell_plugins, plugins) = mpsc::channel();
        let all = Arc::clone(&self.all);
        let work = move || {
            let plugins = Children::of_this_thread();
            let _ = tell_plugins.send(plugins.clone());
            let chosen: Vec<&Named> =
                all.iter().enumerate().filter(|(n, _)| only.is_none_or(|o| o == *n)).map(|(_, it)| it).collect();
            let sealed = on_wiped_stack(|| seal(&chosen, text.as_bytes()));
            drop(text);
            plugins.end(FAREWELL);
            let _ = sender.send(sealed);
        };
        let of = |why: String| {
            let recipient = only
                .and_then(|n| self.all.get(n))
                .map_or_else(|| "all together".to_owned(), |named| named.text.clone());
            Error::Recipient { recipient, why }
        };
        std::thread::Builder::new().name("age".to_owned()).spawn(work).map_err(|cause| of(cause.to_string()))?;
        let deadline = Instant::now() + self.timeout;
        let given_up = loop {
            match answer.recv_timeout(TICK) {
                Ok(sealed) => return sealed.map_err(|cause| of(message(&cause))),
                Err(mpsc::RecvTimeoutError::Timeout) if self.interrupt.raised() => break "interrupted".to_owned(),
                Err(mpsc::RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    break format!("no answer within {} s", self.timeout.as_secs());
                }
                Err(mpsc::RecvTimeoutError::Disconnected) => return Err(of("the age crate failed".to_owned())),
            }
        };
        if let Ok(plugins) = plugins.recv() {
            end(&plugins, &answer);
        }
        Err(of(given_up))
    }
}

/// Ends plugins again and again, since the thread may be about to start another one: then it ends by itself.
fn end<T>(plugins: &Children, answer: &mpsc::Receiver<T>) {
    let deadline = Instant::now() + AFTER;
    loop {
        plugins.end(Duration::ZERO);
        let waits = matches!(answer.recv_timeout(TICK), Err(mpsc::RecvTimeoutError::Timeout));
        if !waits || Instant::now() >= deadline {
            return;
        }
    }
}

fn named(text: &str) -> Result<Named, Error> {
    let bad = |why: &'static str| Error::BadRecipient { recipient: text.to_owned(), why };
    let recipient: Box<dyn age::Recipient + Send + Sync> = if text.starts_with("ssh-") {
        use age::ssh::ParseRecipientKeyError as Bad;
        Box::new(text.parse::<age::ssh::Recipient>().map_err(|cause| {
            bad(match cause {
                Bad::RsaModulusTooLarge => "its RSA key is too large",
                Bad::Unsupported(_) | Bad::Ignore => "age takes ssh-ed25519 and ssh-rsa only",
                _ => "it is not an SSH public key",
            })
        })?)
    } else if let Ok(recipient) = text.parse::<age::x25519::Recipient>() {
        Box::new(recipient)
    } else if text.to_ascii_uppercase().starts_with("AGE-SECRET-KEY-")
        || text.to_ascii_uppercase().starts_with("AGE-PLUGIN-")
    {
        // An identity opens files. It has been seen by now, and is not repeated.
        return Err(Error::BadRecipient {
            recipient: "AGE-…".to_owned(),
            why: "it is an identity, which must stay secret; name its recipient",
        });
    } else {
        let recipient =
            text.parse::<age::plugin::Recipient>().map_err(|_| bad("it is neither an age nor an SSH recipient"))?;
        let plugin = recipient.plugin().to_owned();
        let made = age::plugin::RecipientPluginV1::new(&plugin, &[recipient], &[], Silent);
        Box::new(made.map_err(|cause| Error::Recipient { recipient: text.to_owned(), why: lost(&cause) })?)
    };
    Ok(Named { text: text.to_owned(), recipient })
}

fn message(cause: &EncryptError) -> String {
    match cause {
        EncryptError::IncompatibleRecipients { .. } => "they cannot be mixed in one file".to_owned(),
        cause => plain(&cause.to_string()),
    }
}

fn lost(cause: &age::plugin::ResolveError) -> String {
    match cause {
        age::plugin::ResolveError::MissingPlugin { binary_name } => format!("{binary_name} is not on the PATH"),
        cause => plain(&cause.to_string()),
    }
}

/// On one line, without fluent's isolation marks.
fn plain(text: &str) -> String {
    let text: String = text.chars().filter(|c| !matches!(c, '\u{2068}' | '\u{2069}')).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Plugins may say nothing and ask nothing: what needs a person cannot be an escrow recipient.
#[derive(Clone)]
struct Silent;

impl Callbacks for Silent {
    fn display_message(&self, _: &str) {}
    fn confirm(&self, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
        None
    }
    fn request_public_string(&self, _: &str) -> Option<String> {
        None
    }
    fn request_passphrase(&self, _: &str) -> Option<SecretString> {
        None
    }
}

/// A file's content, and what proves it.
struct Sealed {
    content: Vec<u8>,
    stanzas: Vec<Stanza>,
    file_key: FileKey,
}

/// Lets a recipient wrap the file key, and keeps what is needed to look into the file afterwards.
struct Recorder<'a> {
    inner: &'a (dyn age::Recipient + Send + Sync),
    made: RefCell<Option<(Vec<Stanza>, FileKey)>>,
}

impl age::Recipient for Recorder<'_> {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        let (stanzas, labels) = self.inner.wrap_file_key(file_key)?;
        let copy = |stanza: &Stanza| {
            let (tag, args, body) = (stanza.tag.clone(), stanza.args.clone(), stanza.body.clone());
            Stanza { tag, args, body }
        };
        *self.made.borrow_mut() = Some((stanzas.iter().map(copy).collect(), same(file_key)));
        Ok((stanzas, labels))
    }
}

fn same(file_key: &FileKey) -> FileKey {
    FileKey::init_with_mut(|copy| copy.copy_from_slice(file_key.expose_secret()))
}

/// Opens a file whose key is known, where its header has all the stanzas that were made for it.
struct Witness<'a> {
    sealed: &'a Sealed,
    whole: Cell<bool>,
}

impl Identity for Witness<'_> {
    fn unwrap_stanza(&self, _: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        None
    }

    fn unwrap_stanzas(&self, there: &[Stanza]) -> Option<Result<FileKey, DecryptError>> {
        self.whole.set(self.sealed.stanzas.iter().all(|made| there.contains(made)));
        self.whole.get().then(|| Ok(same(&self.sealed.file_key)))
    }
}

fn seal(recipients: &[&Named], text: &[u8]) -> Result<Sealed, EncryptError> {
    let recorders: Vec<Recorder<'_>> =
        recipients.iter().map(|named| Recorder { inner: &*named.recipient, made: RefCell::new(None) }).collect();
    let encryptor = Encryptor::with_recipients(recorders.iter().map(|recorder| recorder as &dyn age::Recipient))?;
    let mut content = Vec::with_capacity(text.len() + 4096);
    let mut output = encryptor.wrap_output(&mut content)?;
    output.write_all(text)?;
    output.finish()?;
    let mut stanzas = Vec::new();
    let mut file_key = None;
    for recorder in recorders {
        let (made, key) = recorder.made.into_inner().ok_or(EncryptError::MissingRecipients)?;
        if made.is_empty() {
            return Err(EncryptError::MissingRecipients);
        }
        stanzas.extend(made);
        file_key = Some(key);
    }
    Ok(Sealed { content, stanzas, file_key: file_key.ok_or(EncryptError::MissingRecipients)? })
}

/// What is written down of a file before it is made, so that it can be told from anybody else's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EscrowFile {
    pub path: PathBuf,
    /// How its header begins: random, and nobody else's.
    pub begins: String,
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EscrowState {
    /// Nothing, or something that is not ours.
    Absent,
    /// Ours, and cut short: of no use.
    Torn,
    Whole,
    Unreadable,
}

impl EscrowFile {
    /// Whether what is written down can be of a file that [`EscrowSink`] made, and of no other: a whole path, and a
    /// header long enough to be like no other.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        self.path.is_absolute() && self.begins.len() == RECORDED && self.begins.starts_with(MAGIC)
    }

    /// Looks at what is there.
    #[must_use]
    pub fn read(&self) -> EscrowState {
        if !self.is_plausible() {
            return EscrowState::Absent;
        }
        let mut file = match store::open(&self.path, File::options().read(true)) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return EscrowState::Absent,
            // This program makes neither links nor pipes.
            Err(cause) if store::odd(&cause).is_some() => return EscrowState::Absent,
            Err(_) => return EscrowState::Unreadable,
        };
        let private = file.metadata().is_ok_and(|there| files::is_private(&self.path, &there));
        let Ok(content) = bounded(&mut file, LARGEST) else { return EscrowState::Unreadable };
        let begins = self.begins.as_bytes();
        if content.starts_with(begins) {
            if content.len() as u64 == self.bytes { EscrowState::Whole } else { EscrowState::Torn }
        } else if begins.starts_with(&content) && private {
            // Too short to be told from another's by its beginning alone.
            EscrowState::Torn
        } else {
            EscrowState::Absent
        }
    }

    /// Removes it, where it is ours. "Not there" is success.
    pub fn remove(&self) -> io::Result<()> {
        match self.read() {
            EscrowState::Absent => Ok(()),
            EscrowState::Unreadable => store::read(&self.path, LARGEST).map(drop),
            EscrowState::Torn | EscrowState::Whole => store::remove(&self.path),
        }
    }
}

/// What an escrow file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secret {
    /// A seed's otpauth URI.
    Seed,
    /// A user's first password.
    Password,
}

pub struct EscrowSink {
    file: EscrowFile,
    what: Secret,
    sealed: Sealed,
}

impl EscrowSink {
    /// Encrypts the seed's otpauth URI in memory. Nothing is written yet.
    pub fn seal(
        recipients: &Recipients,
        path: &Path,
        issuer: &str,
        account: &str,
        seed: &Seed,
    ) -> Result<Self, Error> {
        Self::sealed(recipients, path, Secret::Seed, Uri::totp_text(Some(issuer), account, AWS, seed))
    }

    /// Encrypts a password in memory, and nothing else. Nothing is written yet.
    pub fn seal_password(recipients: &Recipients, path: &Path, password: &SecretText) -> Result<Self, Error> {
        let text = on_wiped_stack(|| password.expose(|text| Zeroizing::new(text.to_owned())));
        Self::sealed(recipients, path, Secret::Password, text)
    }

    fn sealed(recipients: &Recipients, path: &Path, what: Secret, text: Zeroizing<String>) -> Result<Self, Error> {
        let sealed = recipients.encrypt(text, None)?;
        let begins = sealed.content.get(..RECORDED).and_then(|head| std::str::from_utf8(head).ok());
        let begins = begins.ok_or_else(|| Error::EscrowDiffers { path: path.to_owned() })?.to_owned();
        let file = EscrowFile { path: path.to_owned(), begins, bytes: sealed.content.len() as u64 };
        Ok(Self { file, what, sealed })
    }

    /// What to write down before [`EscrowSink::put`].
    #[must_use]
    pub fn file(&self) -> &EscrowFile {
        &self.file
    }

    fn failed(&self, cause: &io::Error) -> Error {
        Error::Escrow { path: self.file.path.clone(), what: self.what, kind: cause.kind(), why: cause.to_string() }
    }

    fn write(&self) -> io::Result<()> {
        let path = &self.file.path;
        if fs::symlink_metadata(path).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let mut file = store::open(path, File::options().write(true).create_new(true))?;
        file.write_all(&self.sealed.content)?;
        file.sync_all()?;
        store::sync_directory(path.parent().unwrap_or(path))
    }
}

impl EscrowSink {
    /// Writes the file, with the seed sealed in it. When this fails there may be a part of it.
    ///
    /// # Errors
    /// [`Error::EscrowThere`]: somebody else's file, and nothing was written; [`Error::Escrow`].
    pub fn put(&self) -> Result<(), Error> {
        self.write().map_err(|cause| match cause.kind() {
            io::ErrorKind::AlreadyExists => Error::EscrowThere { path: self.file.path.clone(), what: self.what },
            _ => self.failed(&cause),
        })
    }

    /// Reads the file back, and compares what is sealed in it with the seed.
    ///
    /// # Errors
    /// [`Error::Escrow`], [`Error::EscrowDiffers`].
    pub fn verify(&self, issuer: &str, account: &str, seed: &Seed) -> Result<(), Error> {
        on_wiped_stack(|| self.holds(&Uri::totp_text(Some(issuer), account, AWS, seed)))
    }

    /// As [`EscrowSink::verify`], with a password.
    pub fn verify_password(&self, password: &SecretText) -> Result<(), Error> {
        on_wiped_stack(|| password.expose(|text| self.holds(text)))
    }

    fn holds(&self, text: &str) -> Result<(), Error> {
        let path = &self.file.path;
        let content = store::open(path, File::options().read(true))
            .and_then(|mut file| bounded(&mut file, LARGEST))
            .map_err(|cause| self.failed(&cause))?;
        let opens = (|| {
            let witness = Witness { sealed: &self.sealed, whole: Cell::new(false) };
            let mut found = Zeroizing::new(Vec::with_capacity(text.len() + 1));
            let decryptor = Decryptor::new(content.as_slice()).ok()?;
            let mut inside = decryptor.decrypt(std::iter::once(&witness as &dyn Identity)).ok()?;
            let mut chunk = [0; 256];
            loop {
                let read = inside.read(&mut chunk).ok()?;
                found.extend_from_slice(chunk.get(..read)?);
                if read == 0 || found.len() > text.len() {
                    break;
                }
            }
            chunk.zeroize();
            (*found == text.as_bytes()).then_some(())
        })();
        opens.ok_or_else(|| Error::EscrowDiffers { path: path.clone() })
    }
}

fn bounded(file: &mut File, most: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.take(most).read_to_end(&mut content)?;
    Ok(content)
}
