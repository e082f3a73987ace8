//! Credentials of root's in the own account: all are deactivated, kept for the time of grace, then deleted.

use crate::aws::{Account, Error};
use crate::flow::failure::{Cause, HardenRefusal};
use crate::flow::harden::step::Hands;
use std::time::Duration;

/// What a note of a deactivation begins with.
const DEACTIVATED: &str = "deactivated ";
/// The note that the time of grace is over.
const GRACE_OVER: &str = "grace is over";
/// The longest time between two looks, in seconds.
const LONGEST: u64 = 60;

/// A kind of them, and the calls about it.
pub(super) struct Kind {
    /// Such as `access key`.
    pub(super) noun: &'static str,
    pub(super) set: fn(&Account, &str, bool) -> Result<(), Error>,
    pub(super) delete: fn(&Account, &str) -> Result<(), Error>,
    /// The ids of those that are active.
    pub(super) active: fn(&Account) -> Result<Vec<String>, Error>,
}

/// Whether a run has noted that it deactivated this one.
pub(super) fn has_deactivated(notes: &[String], id: &str) -> bool {
    notes.contains(&format!("{DEACTIVATED}{id}"))
}

/// What a plan says of it.
pub(super) fn effect(one: &str, grace: u64) -> String {
    match grace {
        0 => format!("Each {one} is deactivated, and then deleted for good."),
        _ => format!(
            "Each {one} is deactivated, and {grace} s later deleted for good, unless somebody has activated it by then."
        ),
    }
}

/// What a plan says of it where the credentials are temporary.
pub(super) fn of_temporary(one: &str, grace: u64) -> String {
    let then =
        if grace == 0 { "it is deleted directly then" } else { "it stays then, since --grace asks for that first" };
    format!("AWS may refuse to deactivate {one} of root's for temporary credentials: {then}.")
}

impl Kind {
    /// Takes them away. `going`: each id, and whether it is active.
    pub(super) fn take_away(&self, going: &[(&str, bool)], hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        for (id, active) in going {
            if *active {
                self.deactivate(id, hands)?;
            }
        }
        if !going.is_empty() && hands.settings.grace > 0 && !hands.has_noted(GRACE_OVER) {
            self.wait(going, hands)?;
            hands.note(GRACE_OVER)?;
        }
        going.iter().try_for_each(|(id, _)| self.delete(id, hands))
    }

    /// Without deactivating it first, for good.
    pub(super) fn delete(&self, id: &str, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        hands.go_on()?;
        (self.delete)(hands.account, id)?;
        hands.tell(format!("{} {id} is deleted", self.noun));
        Ok(())
    }

    fn deactivate(&self, id: &str, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        hands.go_on()?;
        let what = format!("{} {id}", self.noun);
        match (self.set)(hands.account, id, false) {
            Ok(()) => {
                hands.note(format!("{DEACTIVATED}{id}"))?;
                hands.tell(format!("{what} is inactive"));
            }
            Err(Error::NotFound { .. }) => {}
            // "If a temporary access key is used, then UserName is required" (IAM API Reference), and root has none.
            Err(why) if !hands.account.uses_long_term_key() && is_refusal(&why) => match hands.settings.grace {
                0 => hands.tell(format!("{what} cannot be deactivated with these credentials")),
                _ => return Err(HardenRefusal::NoGrace { what, why }.into()),
            },
            Err(why) => return Err(Cause::Aws(why)),
        }
        Ok(())
    }

    /// Waits for the time of grace. Whoever activates one meanwhile needs it.
    fn wait(&self, going: &[(&str, bool)], hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
        let mut left = hands.settings.grace;
        let mut next = 1;
        hands.tell(format!("in {left} s they are deleted; Ctrl-C stops that, and they can be activated again"));
        while left > 0 {
            let now = next.min(left);
            (left, next) = (left.saturating_sub(now), LONGEST.min(next.saturating_mul(2)));
            hands.context.wait_part("before they are deleted", Duration::from_secs(now), left)?;
            let active = (self.active)(hands.account)?;
            if let Some((id, _)) = going.iter().find(|(id, _)| active.iter().any(|active| active == id)) {
                return Err(HardenRefusal::ActivatedAgain { what: format!("{} {id}", self.noun) }.into());
            }
        }
        Ok(())
    }
}

fn is_refusal(why: &Error) -> bool {
    matches!(why, Error::Denied { .. } | Error::Refused { .. } | Error::Invalid { .. })
}
