//! A selected applet: the order of commands, what a status word means after which command, and getting back in after
//! another program reset the card.

use super::access::{self, AccessKey};
use super::exchange::{SECURITY, done, info, select, transmit};
use super::wire::{self, Apdu, Selected};
use super::{Answer, Credential, Error, Info, Name, New, PREFIX, SHA512_SINCE, TOUCH_SINCE, Version};
use crate::secret::{Code, Password};
use crate::totp::{Algorithm, Kind, Step};
use crate::transport::{self, Card, Response, Sw};

const WRONG_DATA: Sw = Sw(0x6A80);
const NO_SPACE: Sw = Sw(0x6A84);
const NO_SUCH_OBJECT: Sw = Sw(0x6984);
const CONDITIONS: Sw = Sw(0x6985);
const NO_DIAGNOSIS: Sw = Sw(0x6F00);

/// A selected OATH applet on an open card.
///
/// When another program resets the card in between, a command selects the applet again, unlocks it with the
/// remembered key and is sent once more. What is then reported is the state of the key, not of the second try: a
/// credential that the first try deleted is not "not found".
pub struct Session {
    card: Box<dyn Card>,
    info: Info,
    salt: Vec<u8>,
    /// From the last SELECT; absent where no password is set.
    challenge: Option<Vec<u8>>,
    unlocked: bool,
    /// The key that last unlocked the applet.
    remembered: Option<AccessKey>,
    /// The last answer was longer than firmware 4.2 can bear without a pause.
    owes_pause: bool,
    /// The card was reset and not selected since: twice in one command.
    lost: bool,
}

impl Session {
    /// Selects the applet.
    pub fn open(card: Box<dyn Card>) -> Result<Self, Error> {
        Self::open_or_return(card).map_err(|(error, _)| error)
    }

    /// Selects the applet; gives the card back where that fails.
    pub(crate) fn open_or_return(mut card: Box<dyn Card>) -> Result<Self, (Error, Box<dyn Card>)> {
        match select(&mut *card) {
            Ok(selected) => {
                let Selected { version, salt, challenge } = selected;
                let info = info(version, &salt, challenge.is_some());
                let (unlocked, owes_pause, lost) = (false, false, false);
                Ok(Self { card, info, salt, challenge, unlocked, remembered: None, owes_pause, lost })
            }
            Err(error) => Err((error, card)),
        }
    }

    /// Gives the card back.
    pub(crate) fn into_card(self) -> Box<dyn Card> {
        self.card
    }

    /// What SELECT told.
    #[must_use]
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The card beneath, for asking who shares it.
    #[must_use]
    pub fn card(&self) -> &dyn Card {
        &*self.card
    }

    /// Whether commands would be refused for want of a password.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.info.protected && !self.unlocked
    }

    /// VALIDATE, both ways: the key proves that it knows the password too. Remembered (as the derived key) to unlock
    /// again after another program reset the card. Does nothing where no password is set.
    pub fn unlock(&mut self, password: &Password) -> Result<(), Error> {
        if self.lost {
            self.select_same_key()?;
        }
        if self.info.protected && self.challenge.is_none() {
            self.select()?; // the password is younger than the last SELECT
        }
        let key = AccessKey::derive(password, &self.salt)?;
        self.validate(&key)?;
        self.remembered = self.info.protected.then_some(key);
        Ok(())
    }

    /// SET CODE: sets or replaces the password; needs an unlocked session.
    pub fn set_password(&mut self, password: &Password) -> Result<(), Error> {
        self.find_back()?;
        let key = AccessKey::derive(password, &self.salt)?;
        let challenge = access::challenge();
        let apdu = wire::set_code(key.expose(), &challenge, &key.prove(&challenge)?)?;
        match self.transmit(&apdu) {
            Err(Error::Transport(transport::Error::Reset)) => {
                self.select_same_key()?;
                // Validating tells which password the key has now: the new one means the first try got through.
                if self.challenge.is_none() || self.validate(&key).is_err() {
                    self.unlock_again()?;
                    done(self.transmit(&apdu)?)?;
                }
            }
            answer => drop(done(answer?)?),
        }
        self.info.protected = true;
        self.unlocked = true;
        self.remembered = Some(key);
        Ok(())
    }

    /// SET CODE, empty: removes the password; needs an unlocked session.
    pub fn clear_password(&mut self) -> Result<(), Error> {
        let (answer, _) = self.send(&wire::clear_code()?)?;
        done(answer)?;
        self.forget_password();
        Ok(())
    }

    /// LIST.
    pub fn list(&mut self) -> Result<Vec<Credential>, Error> {
        let (answer, _) = self.send(&wire::list()?)?;
        wire::listed(&done(answer)?)
    }

    /// PUT, after looking that the name is free and a slot is too: an equal name is never overwritten.
    pub fn put(&mut self, new: &New<'_>) -> Result<(), Error> {
        self.check_supported(new)?;
        if new.seed.len() < 2 {
            return Err(Error::SeedTooShort);
        }
        if new.kind == Kind::Totp && new.name.parts().0 != new.params.period {
            return Err(Error::BadName { bytes: new.name.bytes().len() });
        }
        self.check_free(new.name)?;
        let (answer, again) = self.send(&wire::put(new)?)?;
        match answer.sw {
            // A key that refuses to overwrite (CanoKey): after a reset, what it protects is what the first try wrote.
            CONDITIONS if again => Ok(()),
            CONDITIONS => Err(Error::NameTaken(new.name.clone())),
            NO_SPACE => Err(Error::Full),
            NO_DIAGNOSIS if self.info.version < Version(4, 0, 0) => Err(Error::Full),
            _ => done(answer).map(drop),
        }
    }

    /// DELETE. After a reset by another program meanwhile, a name that is not there counts as deleted: nobody can tell
    /// it from one that the first try deleted.
    pub fn delete(&mut self, name: &Name) -> Result<(), Error> {
        let (answer, again) = self.send(&wire::delete(name)?)?;
        match answer.sw {
            NO_SUCH_OBJECT if again => Ok(()),
            NO_SUCH_OBJECT => Err(Error::NotFound(name.clone())),
            _ => done(answer).map(drop),
        }
    }

    /// RENAME, firmware 5.3.1 or later. Refuses a name that is taken.
    pub fn rename(&mut self, from: &Name, to: &Name) -> Result<(), Error> {
        self.since(Version(5, 3, 1), "rename")?;
        let present = self.list()?;
        if !holds(&present, from) {
            return Err(Error::NotFound(from.clone()));
        }
        if holds(&present, to) {
            return Err(Error::NameTaken(to.clone()));
        }
        let (answer, again) = self.send(&wire::rename(from, to)?)?;
        match answer.sw {
            NO_SUCH_OBJECT if again && holds(&self.list()?, to) => Ok(()),
            NO_SUCH_OBJECT => Err(Error::NotFound(from.clone())),
            _ => done(answer).map(drop),
        }
    }

    /// CALCULATE for a time step (TOTP). Blocks for the touch where the credential asks for one (about 15 s).
    pub fn code(&mut self, name: &Name, step: Step) -> Result<Code, Error> {
        self.calculate(name, Some(step.0))
    }

    /// CALCULATE for an HOTP credential: uses up one code, or two when another program resets the card meanwhile.
    pub fn next_hotp(&mut self, name: &Name) -> Result<Code, Error> {
        self.calculate(name, None)
    }

    /// CALCULATE ALL for a time in seconds since the Unix epoch. Credentials whose period is not 30 s are asked
    /// singly, since one challenge serves all.
    pub fn all(&mut self, unix: u64) -> Result<Vec<(Name, Answer)>, Error> {
        let mut all = self.calculate_all(unix / 30)?;
        for (name, answer) in &mut all {
            let (period, ..) = name.parts();
            if period != 30 && matches!(answer, Answer::Code(_)) {
                *answer = Answer::Code(self.code(name, Step(unix / u64::from(period)))?);
            }
        }
        Ok(all)
    }

    /// How many credentials there are, and how many of them ask for a touch.
    pub(crate) fn count(&mut self) -> Result<(usize, usize), Error> {
        let all = self.calculate_all(0)?;
        Ok((all.len(), all.iter().filter(|(_, answer)| matches!(answer, Answer::Touch)).count()))
    }

    /// RESET: wipes every credential and the password; works locked. The session is selected again afterwards.
    pub fn reset(&mut self) -> Result<(), Error> {
        self.find_back()?;
        let apdu = wire::reset()?;
        match self.transmit(&apdu) {
            Err(Error::Transport(transport::Error::Reset)) => {
                let before = self.info.device_id.clone();
                self.select()?;
                // A new salt, and with it a new device id, says that the first try got through.
                if self.info.device_id == before {
                    done(self.transmit(&apdu)?)?;
                }
            }
            answer => drop(done(answer?)?),
        }
        self.forget_password();
        self.select()
    }

    fn calculate(&mut self, name: &Name, step: Option<u64>) -> Result<Code, Error> {
        let (answer, _) = self.send(&wire::calculate(name, step)?)?;
        match answer.sw {
            NO_SUCH_OBJECT => Err(Error::NotFound(name.clone())),
            // One status word for two reasons: without a password left to ask for, it was the touch.
            SECURITY if !self.is_locked() => Err(Error::TouchTimedOut),
            _ => wire::calculated(&done(answer)?),
        }
    }

    fn calculate_all(&mut self, step: u64) -> Result<Vec<(Name, Answer)>, Error> {
        let (answer, _) = self.send(&wire::calculate_all(step)?)?;
        wire::calculated_all(&done(answer)?)
    }

    fn since(&self, since: Version, what: &'static str) -> Result<(), Error> {
        if self.info.version < since { Err(Error::Unsupported { what, since }) } else { Ok(()) }
    }

    fn check_supported(&self, new: &New<'_>) -> Result<(), Error> {
        if new.touch {
            self.since(TOUCH_SINCE, "touch")?;
        }
        if new.params.algorithm == Algorithm::Sha512 {
            self.since(SHA512_SINCE, "SHA-512")?;
        }
        Ok(())
    }

    /// Looks that PUT would neither overwrite anything nor find the key full.
    fn check_free(&mut self, name: &Name) -> Result<(), Error> {
        let present = self.list()?;
        if holds(&present, name) {
            return Err(Error::NameTaken(name.clone()));
        }
        // Firmware 4.0.1 to 4.3.4 overwrites a credential whose name only begins with the new one's.
        let confuses = (Version(4, 0, 1)..=Version(4, 3, 4)).contains(&self.info.version);
        if confuses && present.iter().any(|credential| credential.name.bytes().starts_with(name.bytes())) {
            return Err(Error::Unsupported { what: PREFIX, since: Version(4, 3, 5) });
        }
        if present.len() >= self.info.capacity { Err(Error::Full) } else { Ok(()) }
    }

    /// Sends a command; after a reset by another program gets back in and sends it once more. `true` says so: then
    /// the first may have been carried out.
    fn send(&mut self, apdu: &Apdu) -> Result<(Response, bool), Error> {
        self.find_back()?;
        match self.transmit(apdu) {
            Err(Error::Transport(transport::Error::Reset)) => {
                self.find_back()?;
                Ok((self.transmit(apdu)?, true))
            }
            answer => Ok((answer?, false)),
        }
    }

    fn transmit(&mut self, apdu: &Apdu) -> Result<Response, Error> {
        if std::mem::take(&mut self.owes_pause) {
            self.card
                .transmit(&wire::nothing()?)
                .inspect_err(|error| self.lost |= *error == transport::Error::Reset)?;
        }
        let answer = transmit(&mut *self.card, apdu).inspect_err(|error| {
            self.lost |= *error == Error::Transport(transport::Error::Reset);
        })?;
        let fragile = (Version(4, 2, 0)..=Version(4, 2, 6)).contains(&self.info.version);
        self.owes_pause = fragile && answer.data.len() > 54;
        Ok(answer)
    }

    fn select(&mut self) -> Result<(), Error> {
        let Selected { version, salt, challenge } = select(&mut *self.card)?;
        self.info = info(version, &salt, challenge.is_some());
        self.salt = salt;
        self.challenge = challenge;
        self.unlocked = false;
        self.owes_pause = false;
        self.lost = false;
        Ok(())
    }

    /// Gets back in after a reset: selects, and unlocks with the remembered key.
    fn find_back(&mut self) -> Result<(), Error> {
        if self.lost {
            self.select_same_key()?;
            self.unlock_again()?;
        }
        Ok(())
    }

    /// Selects again. Another device id means that what we were talking to is gone: the applet was wiped meanwhile.
    fn select_same_key(&mut self) -> Result<(), Error> {
        let before = self.info.device_id.clone();
        self.select()?;
        if self.info.device_id != before {
            (self.info.device_id, self.lost) = (before, true); // it stays gone
            return Err(Error::Transport(transport::Error::Removed));
        }
        Ok(())
    }

    fn unlock_again(&mut self) -> Result<(), Error> {
        let Some(key) = self.remembered.take() else { return Ok(()) };
        let unlocked = self.validate(&key);
        self.remembered = Some(key);
        unlocked
    }

    /// VALIDATE with the challenge of the last SELECT; after a reset there is a new one.
    fn validate(&mut self, key: &AccessKey) -> Result<(), Error> {
        match self.validate_once(key) {
            Err(Error::Transport(transport::Error::Reset)) => {
                self.select_same_key()?;
                self.validate_once(key)
            }
            validated => validated,
        }
    }

    fn validate_once(&mut self, key: &AccessKey) -> Result<(), Error> {
        let Some(theirs) = &self.challenge else { return Ok(()) };
        let ours = access::challenge();
        let apdu = wire::validate(&key.prove(theirs)?, &ours)?;
        let answer = self.transmit(&apdu)?;
        match answer.sw {
            Sw::OK => {}
            WRONG_DATA | NO_SUCH_OBJECT => return Err(Error::WrongPassword),
            sw => return Err(Error::Refused(sw)),
        }
        if !key.proves(&ours, &wire::proof(&answer.data)?)? {
            return Err(Error::Impostor);
        }
        self.unlocked = true;
        Ok(())
    }

    fn forget_password(&mut self) {
        self.info.protected = false;
        self.unlocked = false;
        self.challenge = None;
        self.remembered = None;
    }
}

fn holds(present: &[Credential], name: &Name) -> bool {
    present.iter().any(|credential| credential.name == *name)
}
