//! FIDO2 keys in use by a command: found, opened by serial number or device, and their PINs asked for.

use crate::fido::{self, Attempt, Ctap2, DiscoveredDevice, FidoPorts, Info, Permissions, Retries, Token};
use crate::keys::{KeyId, open_device};
pub use crate::keys::{ListedAuthenticator, Opened, list_fido as list};
use crate::person::{NoNewPin, Notice, Person, Question};
use crate::platform::Interrupt;
use crate::secret::{Password, on_wiped_stack};
use std::path::Path;

pub struct OnePin {
    pin: Password,
    /// It is the last one, and may be made.
    last: bool,
}

impl OnePin {
    #[must_use]
    pub fn attempt(&self) -> Attempt<'_> {
        if self.last { Attempt::even_the_last(&self.pin) } else { Attempt::new(&self.pin) }
    }
}

/// How often a PIN that is typed is asked for. After three wrong ones in a row a key must be unplugged.
const ATTEMPTS: usize = 3;

/// Why a FIDO2 key could not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("{} could not be used", .key.as_ref().map_or_else(|| "the FIDO2 key".to_owned(), KeyId::to_string))]
    Fido {
        key: Option<KeyId>,
        #[source]
        cause: fido::Error,
    },
    /// No FIDO2 key is plugged in.
    #[error("no FIDO2 key is plugged in")]
    NoKey,
    #[error("more than one FIDO2 key is plugged in: {} are", .0.len())]
    Several(Vec<KeyId>),
    /// The named key is not here; these are.
    #[error("{wanted} is not plugged in, or not as a FIDO2 key")]
    Missing { wanted: KeyId, present: Vec<KeyId> },
    #[error("the PIN of {key} is needed, and nobody can be asked for it")]
    NobodyToAsk { key: KeyId },
    #[error("not confirmed; no PIN was tried")]
    Declined,
}

/// Why a PIN was not changed.
#[derive(Debug, thiserror::Error)]
pub enum NotChanged {
    /// The old one was not given.
    #[error(transparent)]
    Asking(Error),
    #[error(transparent)]
    New(NoNewPin),
    /// The key did not do it.
    #[error(transparent)]
    Key(fido::Error),
}

/// Opens the named key, exactly, or the only one when none is named. A device that cannot be opened may be the key that
/// is meant: it counts as one, and its error is returned when no other has the serial number.
///
/// # Errors
/// When it is not here, or does not answer.
pub fn open(ports: &dyn FidoPorts, wanted: Option<&KeyId>, interrupt: &Interrupt) -> Result<Opened, Error> {
    let of_none = |cause| Error::Fido { key: None, cause };
    let found = ports.list().map_err(of_none)?;
    match wanted {
        Some(KeyId::Device(path)) => open_path(ports, found, path, interrupt),
        Some(KeyId::Serial(_)) => open_serial(ports, found, wanted, interrupt),
        None if found.len() > 1 => {
            let seen = list(ports, interrupt).map_err(of_none)?;
            Err(Error::Several(seen.iter().map(ListedAuthenticator::id).collect()))
        }
        None => {
            let only = found.first().ok_or(Error::NoKey)?;
            open_device(ports, only, interrupt).map_err(|cause| at(only, cause))
        }
    }
}

/// Only what is a FIDO device is opened: another one might be a keyboard.
fn open_path(
    ports: &dyn FidoPorts,
    found: Vec<DiscoveredDevice>,
    path: &str,
    interrupt: &Interrupt,
) -> Result<Opened, Error> {
    // Links lead to device nodes: /dev/security-tokens/…
    let real = Path::new(path).canonicalize().ok().map(|real| real.to_string_lossy().into_owned());
    let is_meant = |found: &&DiscoveredDevice| found.path == path || Some(&found.path) == real.as_ref();
    match found.iter().find(is_meant) {
        Some(found) => open_device(ports, found, interrupt).map_err(|cause| at(found, cause)),
        None => Err(Error::Missing {
            wanted: KeyId::Device(path.to_owned()),
            present: found.into_iter().map(|found| KeyId::Device(found.path)).collect(),
        }),
    }
}

fn open_serial(
    ports: &dyn FidoPorts,
    devices: Vec<DiscoveredDevice>,
    wanted: Option<&KeyId>,
    interrupt: &Interrupt,
) -> Result<Opened, Error> {
    let mut present = Vec::new();
    let mut unreadable = None;
    for found in devices {
        match open_device(ports, &found, interrupt) {
            Ok(opened) if Some(&opened.id) == wanted => return Ok(opened),
            Ok(opened) => present.push(opened.id),
            Err(fido::Error::Cancelled) => return Err(at(&found, fido::Error::Cancelled)),
            // Pulled between the two looks.
            Err(fido::Error::NoDevice { .. } | fido::Error::NoCtap2) => {}
            Err(cause) => unreadable = unreadable.or(Some(at(&found, cause))),
        }
    }
    match wanted {
        Some(wanted) => Err(unreadable.unwrap_or_else(|| Error::Missing { wanted: wanted.clone(), present })),
        None => Err(Error::NoKey),
    }
}

fn at(found: &DiscoveredDevice, cause: fido::Error) -> Error {
    Error::Fido { key: Some(KeyId::Device(found.path.clone())), cause }
}

impl Opened {
    /// What the key says of itself, asked anew.
    ///
    /// # Errors
    /// As [`fido::Ctap2::info`].
    pub fn info(&mut self) -> Result<Info, Error> {
        let info = self.key.info();
        self.described(info)
    }

    /// This key's error.
    ///
    /// # Errors
    /// The one that is given.
    pub fn described<R>(&self, outcome: Result<R, fido::Error>) -> Result<R, Error> {
        outcome.map_err(|cause| self.failed(cause))
    }

    fn failed(&self, cause: fido::Error) -> Error {
        Error::Fido { key: Some(self.id.clone()), cause }
    }

    /// Runs a command that waits for a touch; the person is told when the key does.
    ///
    /// # Errors
    /// Those of the command.
    pub fn touched<R>(
        &mut self,
        person: &mut dyn Person,
        command: impl FnOnce(&mut Ctap2, &mut dyn FnMut()) -> Result<R, fido::Error>,
    ) -> Result<R, Error> {
        let key = self.id.clone();
        let outcome = command(&mut self.key, &mut || person.tell(&Notice::FidoTouch { key: key.clone() }));
        self.described(outcome)
    }

    /// Buys a token with the PIN, asking for it where it is not known.
    ///
    /// # Errors
    /// As [`Opened::with_pin`]; nothing is asked when the PIN must be changed first.
    pub fn token(
        &mut self,
        person: &mut dyn Person,
        last_try: bool,
        permissions: Permissions,
        rp_id: Option<&str>,
    ) -> Result<Token, Error> {
        if self.info()?.force_pin_change {
            return Err(self.failed(fido::Error::PinMustChange));
        }
        self.with_pin(person, last_try, |key, pin| key.token(pin, permissions, rp_id))
    }

    /// A token where the key has a PIN, and none where none is set.
    ///
    /// # Errors
    /// As [`Opened::token`].
    pub fn token_if_pin_is_set(
        &mut self,
        person: &mut dyn Person,
        last_try: bool,
        permissions: Permissions,
    ) -> Result<Option<Token>, Error> {
        match self.info()?.pin_set() {
            Some(true) => self.token(person, last_try, permissions, None).map(Some),
            _ => Ok(None),
        }
    }

    /// Spends the PIN in one attempt, asking for it where it is not known. One that was mistyped is asked for again where
    /// somebody types it, as long as that is not the last try. Asks for nothing when no PIN is set or taken;
    /// when only one try is left, the person is asked whether it may be used, unless `last_try` says so.
    ///
    /// # Errors
    /// [`Error::NobodyToAsk`], [`Error::Declined`], and those of the command.
    pub fn with_pin<R>(
        &mut self,
        person: &mut dyn Person,
        last_try: bool,
        mut spend: impl FnMut(&mut Ctap2, Attempt<'_>) -> Result<R, fido::Error>,
    ) -> Result<R, Error> {
        for _ in 1..ATTEMPTS {
            match self.spend_pin(person, last_try, &mut spend) {
                Err(Error::Fido { cause, .. }) if self.is_mistyped(person, &cause) => {}
                outcome => return outcome,
            }
        }
        self.spend_pin(person, last_try, &mut spend)
    }

    /// Changes the PIN. The old one is asked for, then a new one of `least` code points or more, once. An old one that was mistyped is asked for again
    /// as [`Opened::with_pin`] does, but not a third time: after three wrong ones in a row the key would take no PIN
    /// until it was unplugged. Gives the new PIN.
    ///
    /// # Errors
    /// What came to nothing. Nothing was changed, unless the key's answer was lost.
    pub fn change_pin(
        &mut self,
        person: &mut dyn Person,
        last_try: bool,
        least: usize,
    ) -> Result<Password, NotChanged> {
        let old = self.ask_old_pin(person, last_try).map_err(NotChanged::Asking)?;
        let new = person.new_pin(&self.id, least).map_err(NotChanged::New)?;
        let mut changed = on_wiped_stack(|| self.key.change_pin(old.attempt(), &new));
        drop(old);
        if let Err(cause @ fido::Error::PinWrong { .. }) = &changed
            && self.is_mistyped(person, cause)
        {
            let old = self.ask_old_pin(person, last_try).map_err(NotChanged::Asking)?;
            changed = on_wiped_stack(|| self.key.change_pin(old.attempt(), &new));
        }
        changed.map(|()| new).map_err(NotChanged::Key)
    }

    /// The PIN that is to be changed; again, where it cannot be one.
    fn ask_old_pin(&mut self, person: &mut dyn Person, last_try: bool) -> Result<OnePin, Error> {
        for _ in 1..ATTEMPTS {
            let pin = self.ask_pin(person, last_try)?;
            match fido::pin::check(&pin.pin).map_err(fido::Error::BadPin) {
                Err(cause) if self.is_mistyped(person, &cause) => {}
                Err(cause) => return Err(self.failed(cause)),
                Ok(()) => return Ok(pin),
            }
        }
        self.ask_pin(person, last_try)
    }

    /// Whether a PIN was mistyped by somebody who can type it again, who is told so. The last try is not for that.
    fn is_mistyped(&self, person: &mut dyn Person, cause: &fido::Error) -> bool {
        let left = match cause {
            fido::Error::PinWrong { left: left @ Some(2..) } => *left,
            fido::Error::BadPin(_) => None,
            _ => return false,
        };
        let again = person.can_be_asked_again();
        if again {
            person.tell(&Notice::PinAgain { key: self.id.clone(), left });
        }
        again
    }

    fn spend_pin<R>(
        &mut self,
        person: &mut dyn Person,
        last_try: bool,
        spend: &mut dyn FnMut(&mut Ctap2, Attempt<'_>) -> Result<R, fido::Error>,
    ) -> Result<R, Error> {
        let pin = self.ask_pin(person, last_try)?;
        let outcome = on_wiped_stack(|| spend(&mut self.key, pin.attempt()));
        if outcome.is_ok() {
            self.pin = Some(pin.pin);
        }
        self.described(outcome)
    }

    /// The PIN for one attempt, known or asked for, as [`Opened::with_pin`] spends it.
    ///
    /// # Errors
    /// As [`Opened::with_pin`], without those of a command.
    pub fn ask_pin(&mut self, person: &mut dyn Person, last_try: bool) -> Result<OnePin, Error> {
        let left = self.tries_left()?;
        let last = left == 1;
        if let Some(pin) = self.pin.take() {
            return Ok(OnePin { pin, last });
        }
        if last && !last_try {
            self.confirm_last_try(person)?;
        }
        let pin = person.pin(&self.id, left).ok_or_else(|| Error::NobodyToAsk { key: self.id.clone() })?;
        Ok(OnePin { pin, last })
    }

    /// Remembers a PIN that the key has just taken.
    pub fn remember(&mut self, pin: Password) {
        self.pin = Some(pin);
    }

    /// How often a PIN can be tried, before it is asked for.
    fn tries_left(&mut self) -> Result<u8, Error> {
        if self.info()?.pin_set() == Some(false) {
            return Err(self.failed(fido::Error::PinNotSet));
        }
        let retries = self.key.pin_retries();
        match self.described(retries)? {
            Retries { left: 0, .. } => Err(self.failed(fido::Error::PinBlocked)),
            Retries { left, power_cycle: Some(true) } => {
                Err(self.failed(fido::Error::PinAuthBlocked { left: Some(left) }))
            }
            Retries { left, .. } => Ok(left),
        }
    }

    fn confirm_last_try(&self, person: &mut dyn Person) -> Result<(), Error> {
        match person.confirm(&Question::LastPinTry { key: self.id.clone() }) {
            Some(true) => Ok(()),
            Some(false) => Err(Error::Declined),
            None => Err(self.failed(fido::Error::LastTry)),
        }
    }
}
