//! Making a key ready for its safe: what is known to be wrong with it, whether it is genuine, its PIN, its rules.
//!
//! Every step looks first whether it has been done, so that a run that was cut short is completed by the next one.

use super::attest::{Attested, Trust, attest};
use super::verifying::needed_to_register;
use super::{Ceremony, answer_lost};
use crate::fido::advisories::{Applied, Firmware, Unknown, Use};
use crate::fido::{self, Info, Permissions, PinRule};
use crate::flow::failure::{Cause, FidoRefusal};
use crate::keys::KeyId;
use crate::person::{KeyStep, NoNewPin, Notice};
use crate::secret::{Password, on_wiped_stack};
use crate::unlock::fido::{Error as UnlockError, NotChanged, Opened};

/// What is asked for beside the steps that every key goes through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrepareRequest {
    /// Change the PIN, where one is set.
    pub change_pin: bool,
    /// The fewest characters a PIN must have from now on.
    pub min_pin: Option<usize>,
    pub always_uv: bool,
}

#[derive(Debug)]
pub struct Prepared {
    pub key: KeyId,
    pub model: String,
    /// Its firmware, where it tells.
    pub firmware: Option<Firmware>,
    /// What is known to be wrong with it, or why nobody knows.
    pub advisories: Result<Vec<Applied>, Unknown>,
    pub attested: Attested,
    pub pin: PinNow,
    pub min_pin_length: usize,
    /// It verifies its user always; `None`: it has no such switch.
    pub always_uv: Option<bool>,
    /// How many more discoverable credentials fit, where it tells.
    pub free_slots: Option<u64>,
}

/// What was done about a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PinNow {
    /// There was none; it was set.
    Set,
    /// It was changed.
    Changed,
    /// There was one, and it was given.
    Right,
}

/// A key that is not ready, and what has been done to it so far.
#[derive(Debug, thiserror::Error)]
#[error("the key is not ready; {} steps are done", done.len())]
pub struct NotPrepared {
    #[source]
    pub cause: Cause,
    pub done: Vec<KeyStep>,
}

/// Whether two open keys are the same one.
#[must_use]
pub fn same_key(one: &Opened, other: &Opened) -> bool {
    one.found.path == other.found.path || one.id == other.id
}

/// Prepares a key.
///
/// # Errors
/// The first step that failed. Those before it stay done.
pub fn prepare(
    request: PrepareRequest,
    trust: Trust<'_>,
    ceremony: &mut Ceremony<'_>,
) -> Result<Prepared, NotPrepared> {
    let mut run = Run { request, ceremony, done: Vec::new() };
    run.prepare(trust).map_err(|cause| NotPrepared { cause, done: run.done })
}

struct Run<'a, 'c> {
    request: PrepareRequest,
    ceremony: &'a mut Ceremony<'c>,
    done: Vec<KeyStep>,
}

impl Run<'_, '_> {
    fn prepare(&mut self, trust: Trust<'_>) -> Result<Prepared, Cause> {
        let info = self.ceremony.info()?;
        self.check_possible(&info)?;
        let model = self.ceremony.key.model(&info);
        let firmware = self.ceremony.key.firmware(&info);
        let advisories = self.tell_advisories(&info);

        // A key that makes no credential without its PIN cannot be attested before it has one.
        let usable = info.pin_set() == Some(true) && !info.force_pin_change;
        let early = !usable && needed_to_register(&info, false);
        let early = if early { Some(self.settle_pin()?) } else { None };
        let attested = self.attest(trust)?;
        let pin = match early {
            Some(pin) => pin,
            None => self.settle_pin()?,
        };
        let pin = if self.raise_minimum()? { PinNow::Changed } else { pin };
        self.turn_on_always_uv()?;

        let info = self.ceremony.info()?;
        self.tell(KeyStep::Ready { free_slots: info.remaining_credentials });
        Ok(Prepared {
            key: self.ceremony.key.id.clone(),
            model,
            firmware,
            advisories,
            attested,
            pin,
            min_pin_length: info.min_pin_length,
            always_uv: info.option("alwaysUv"),
            free_slots: info.remaining_credentials,
        })
    }

    /// Refuses what the key cannot do before anything is done.
    fn check_possible(&self, info: &Info) -> Result<(), Cause> {
        let lacks = if info.pin_set().is_none() {
            "PINs"
        } else if self.request.min_pin.is_some_and(|least| least > info.min_pin_length)
            && !(info.has("setMinPINLength") && info.has("authnrCfg"))
        {
            "a minimum PIN length"
        } else if self.request.always_uv && info.option("alwaysUv").is_none() {
            "always verifying the user"
        } else {
            return Ok(());
        };
        self.fail(fido::Error::NotSupported { what: lacks })
    }

    fn fail<R>(&self, cause: fido::Error) -> Result<R, Cause> {
        Err(Cause::Fido(UnlockError::Fido { key: Some(self.ceremony.key.id.clone()), cause }))
    }

    fn tell(&mut self, step: KeyStep) {
        self.ceremony.person.tell(&Notice::Key(step));
    }

    /// Says a step that changed something, and remembers it, if it came out well.
    fn did<R>(&mut self, outcome: Result<R, fido::Error>, step: KeyStep) -> Result<R, Cause> {
        match outcome {
            Ok(done) => {
                self.tell(step.clone());
                self.done.push(step);
                Ok(done)
            }
            Err(cause) if answer_lost(&cause) => Err(FidoRefusal::InDoubt { cause, step: Box::new(step) }.into()),
            Err(cause) => self.fail(cause),
        }
    }

    fn tell_advisories(&mut self, info: &Info) -> Result<Vec<Applied>, Unknown> {
        let about = self.ceremony.key.advisories(info);
        match &about {
            Err(Unknown::Firmware) => self.tell(KeyStep::NoFirmware),
            Err(Unknown::Kind) => self.tell(KeyStep::NotCovered),
            Ok(found) => found.iter().for_each(|applied| {
                self.tell(KeyStep::Advisory {
                    id: applied.advisory.id.clone(),
                    affected: applied.effect(Use::Fido2).affected,
                    effect: applied.sentence(Use::Fido2),
                    advice: applied.advisory.advice.clone(),
                });
            }),
        }
        about
    }

    fn attest(&mut self, trust: Trust<'_>) -> Result<Attested, Cause> {
        self.ceremony.go_on()?;
        let attested = attest(trust, self.ceremony)?;
        match &attested.verdict {
            Ok(genuine) => {
                self.tell(KeyStep::Genuine { model: genuine.model.clone(), root: genuine.root.clone() });
                Ok(attested)
            }
            Err(reason) => Err(FidoRefusal::NotGenuine(reason.clone()).into()),
        }
    }

    fn settle_pin(&mut self) -> Result<PinNow, Cause> {
        self.ceremony.go_on()?;
        let info = self.ceremony.info()?;
        if info.pin_set() == Some(false) {
            let new = self.new_pin(&info)?;
            let set = on_wiped_stack(|| self.ceremony.key.key.set_pin(&new));
            self.did(set, KeyStep::PinSet)?;
            self.ceremony.key.remember(new);
            return Ok(PinNow::Set);
        }
        if info.force_pin_change {
            return self.change_pin(&info);
        }
        self.give_pin()?;
        if self.request.change_pin {
            return self.change_pin(&info);
        }
        self.tell(KeyStep::PinRight);
        Ok(PinNow::Right)
    }

    /// Whoever prepares a key must know its PIN, also where no step needs it.
    fn give_pin(&mut self) -> Result<(), Cause> {
        let Ceremony { key, person, last_try, .. } = &mut *self.ceremony;
        let given = key.with_pin(*person, *last_try, |key, pin| key.verify_pin(pin));
        given.map_err(|error| self.ceremony.unanswered(error))
    }

    fn change_pin(&mut self, info: &Info) -> Result<PinNow, Cause> {
        let least = self.least_pin(info);
        let Ceremony { key, person, last_try, .. } = &mut *self.ceremony;
        let changed = match key.change_pin(*person, *last_try, least) {
            Err(NotChanged::Asking(error)) => return Err(self.ceremony.unanswered(error)),
            Err(NotChanged::New(why)) => return Err(self.no_new_pin(why)),
            Err(NotChanged::Key(cause)) => Err(cause),
            Ok(new) => Ok(new),
        };
        let new = self.did(changed, KeyStep::PinChanged)?;
        self.ceremony.key.remember(new);
        Ok(PinNow::Changed)
    }

    fn new_pin(&mut self, info: &Info) -> Result<Password, Cause> {
        let least = self.least_pin(info);
        let id = self.ceremony.key.id.clone();
        self.ceremony.person.new_pin(&id, least).map_err(|why| self.no_new_pin(why))
    }

    /// The fewest code points of a new PIN.
    fn least_pin(&self, info: &Info) -> usize {
        info.min_pin_length.max(self.request.min_pin.unwrap_or_default())
    }

    fn no_new_pin(&self, why: NoNewPin) -> Cause {
        match why {
            NoNewPin::NobodyToAsk if self.ceremony.interrupt.raised() => Cause::Interrupted,
            why => FidoRefusal::NoNewPin(why).into(),
        }
    }

    /// Says whether the PIN had to be changed for it: a key whose PIN is shorter than its new minimum wants another.
    fn raise_minimum(&mut self) -> Result<bool, Cause> {
        let Some(least) = self.request.min_pin else { return Ok(false) };
        self.ceremony.go_on()?;
        let info = self.ceremony.info()?;
        if info.min_pin_length >= least {
            self.tell(KeyStep::MinPinLength { length: info.min_pin_length, raised: false });
            return Ok(false);
        }
        let token = self.ceremony.token(Permissions::CONFIGURATION, None)?;
        let rule = PinRule { min_length: Some(least), ..PinRule::default() };
        let raised = self.ceremony.key.key.set_pin_rule(Some(&token), &rule);
        self.did(raised, KeyStep::MinPinLength { length: least, raised: true })?;
        let info = self.ceremony.info()?;
        if info.force_pin_change {
            self.change_pin(&info)?;
            return Ok(true);
        }
        Ok(false)
    }

    fn turn_on_always_uv(&mut self) -> Result<(), Cause> {
        if !self.request.always_uv {
            return Ok(());
        }
        self.ceremony.go_on()?;
        if self.ceremony.info()?.has("alwaysUv") {
            self.tell(KeyStep::AlwaysUv { turned_on: false });
            return Ok(());
        }
        let token = self.ceremony.token(Permissions::CONFIGURATION, None)?;
        let turned = self.ceremony.key.key.set_always_uv(Some(&token), true);
        self.did(turned, KeyStep::AlwaysUv { turned_on: true }).map(drop)
    }
}
