//! The person at the terminal, as a trait. "Nobody can be asked" (`None`) is one of the answers, never a hang.
//!
//! Flows speak in facts ([`Notice`], [`Question`]); the sentences are the command line's.

mod access_key; // steps and plans of an access key's rotation
mod alarm; // what is told while the alarm on root's use is proved
mod harden; // the plan of `root harden`, and what is told of it
mod notice; // what is told while a command runs
mod plan; // what is about to be done
mod root; // what is told and asked about root's factors
mod unfinished; // what is found of a run that did not end

pub use access_key::{AccessKeyStep, DeactivatedBy, Handed, KeyIs, KeyPlan, OwnKey, UnfinishedKey};
pub use alarm::{AlarmNotice, Hop, Proof, Tested};
pub use harden::{
    AdministratorSettings, AlarmPattern, AlarmVia, Dollars, HardenChange, HardenNotice, HardenPlan, HardenSettings,
    HardenStep, HardenStepIs, OpenCode, OpenStep, RecordedState, SecurityContact, UnfinishedHarden,
};
pub use notice::{KeyStep, Notice};
pub use plan::{Loss, Plan, PlannedDevice, Proving, RemovalPlan, RosterPlan};
pub use root::{AtCodes, ConsoleTask, RootQuestion, RootStep, RootView, TwoCodes};
pub use unfinished::{Deed, DeviceState, FileState, KeyState, Offer, OldDevice, Unfinished, UnfinishedRetirement};

use crate::keys::{KeyId, Serial};
use crate::secret::{Code, Password, SecretText};
use std::time::SystemTime;

pub trait Person {
    /// Whether there is a terminal to show something on and to be answered at.
    fn is_there(&self) -> bool;

    /// Tells what is about to happen or has happened. Never blocks.
    fn tell(&mut self, notice: &Notice);

    /// Asks for a yes or no. `None`: nobody can be asked.
    fn confirm(&mut self, question: &Question) -> Option<bool>;

    /// Asks for the OATH password of a key. `None`: nobody can be asked.
    fn password(&mut self, _key: Serial) -> Option<Password> {
        None
    }

    /// Asks for the FIDO2 PIN of a key, which has this many tries left; the answer is for one attempt. `None`: nobody
    /// can be asked.
    fn pin(&mut self, _key: &KeyId, _left: u8) -> Option<Password> {
        None
    }

    /// Whether a PIN that was mistyped can be asked for again: one that is read from a file stays wrong.
    fn can_be_asked_again(&self) -> bool {
        false
    }

    /// Asks for a new FIDO2 PIN of at least this many characters, until it is given twice alike.
    ///
    /// # Errors
    /// Why there is none.
    fn new_pin(&mut self, _key: &KeyId, _least: usize) -> Result<Password, NoNewPin> {
        Err(NoNewPin::NobodyToAsk)
    }

    /// Asks what to do with the unfinished run just told: to finish it does this, and to undo it does that.
    /// `None`: nobody can be asked.
    fn choose(&mut self, _finish: Offer<'_>, _undo: Offer<'_>) -> Option<Choice> {
        None
    }

    /// Shows a QR code until a code from the phone that scanned it passes `check`, then erases it. `Some(false)`: the
    /// person gave up. `None`: nobody can be shown anything.
    fn show_qr(&mut self, _uri: &str, _check: &mut dyn FnMut(&Code) -> bool) -> Option<bool> {
        None
    }

    /// Shows two codes to be typed into one form, for about a second: `now` is the moment they are shown at. They are
    /// erased by [`Person::hide_codes`]. `None`: nobody can be shown anything.
    fn show_codes(&mut self, _codes: &TwoCodes, _now: SystemTime) -> Option<AtCodes> {
        None
    }

    /// Asks for the code in a mail that has just been sent to this address. `None`: nobody can be asked, or gives up.
    fn mailed_code(&mut self, _address: &str) -> Option<String> {
        None
    }

    /// Erases the codes that are shown.
    fn hide_codes(&mut self) {}

    /// Shows a user's new password until the person has taken it down, then erases it. `Some(false)`: the person gave up.
    /// `None`: nobody can be shown anything.
    fn show_password(&mut self, _user: &str, _password: &SecretText) -> Option<bool> {
        None
    }
}

/// Nobody: hears nothing, and every question goes without an answer.
#[derive(Clone, Copy, Debug)]
pub struct Nobody;

impl Person for Nobody {
    fn is_there(&self) -> bool {
        false
    }

    fn tell(&mut self, _notice: &Notice) {}

    fn confirm(&mut self, _question: &Question) -> Option<bool> {
        None
    }
}

/// Why no new PIN was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoNewPin {
    #[error("a new PIN is needed, and nobody can be asked for it")]
    NobodyToAsk,
    /// Tried several times, and never twice alike.
    #[error("no new PIN was given twice alike")]
    Differ,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Enable the device with codes from the key.
    Finish,
    /// Delete the device and the credentials.
    Undo,
    Leave,
    /// Nothing, ever: strike the run from the journal. For a key that is lost.
    Forget,
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Question {
    /// Carry out the plan just told?
    Proceed,
    /// Enable a device though no place proves its seed by a code? `--yes` does not answer this.
    EnableUnproved,
    /// Remove a credential from a key for good?
    DeleteCredential {
        key: Serial,
        /// The credential's id.
        name: String,
    },
    /// Write the credentials of the plan just told?
    Import {
        key: Serial,
        write: usize,
        /// How many entries cannot be written, and would be left out.
        leave: usize,
    },
    /// Wipe every credential of a key's OATH applet? Answered by typing the serial number.
    ResetOath {
        key: Serial,
        /// How many credentials it holds, where that can be read.
        credentials: Option<usize>,
    },
    /// Try a PIN although only one try is left? If it is wrong, the key must be reset. `--yes` does not answer this.
    LastPinTry {
        key: KeyId,
    },
    /// About root's factors.
    Root(RootQuestion),
    /// Write to the only FIDO2 key here, which was not named?
    UseTheOnlyFidoKey {
        key: KeyId,
        model: String,
    },
    DeleteAccessKey {
        id: String,
        user: String,
    },
    /// Carry out the plan of `root harden` just told? Answered by typing the account number.
    Harden {
        account: String,
    },
    /// The same for a whole organization? Answered by typing its id and how many accounts it has.
    HardenOrganization {
        organization: String,
        accounts: usize,
    },
    /// Let root of this member recover its password by e-mail? Answered by typing the account number.
    AllowRecovery {
        account: String,
    },
    /// Do these steps of it, which cannot be undone? `--yes` does not answer this.
    HardenForGood {
        /// The account or the organization, by that word and its number.
        within: String,
        steps: Vec<String>,
    },
    HandOut {
        key: Serial,
        model: String,
        user: String,
    },
    /// Write to the only key here, which was not named?
    UseTheOnlyKey {
        key: Serial,
        model: String,
    },
}
