//! What finishing and undoing an interrupted run do, in words.

use crate::person::{Deed, Offer};

/// A line for each choice: what it does, or why it is not offered.
pub(super) fn choices(finish: &Offer<'_>, undo: &Offer<'_>) -> String {
    let line = |choice: &str, offer: &Offer<'_>| match offer {
        Ok(deeds) => format!("  {choice:<9} {}\n", in_words(deeds)),
        Err(why) => format!("  {choice:<9} not now: {why}\n"),
    };
    line("finish", finish) + &line("undo", undo)
}

fn in_words(deeds: &[Deed]) -> String {
    match deeds {
        [] => "end the run; nothing else is changed".to_owned(),
        _ => deeds.iter().copied().map(word).collect::<Vec<_>>().join("; "),
    }
}

fn word(deed: Deed) -> &'static str {
    match deed {
        Deed::EnableNew => "enable the device with two codes of its key (no seed is needed)",
        Deed::ProveNew => "prove the device with two codes of its key",
        Deed::ProveOld => "prove the device that was to go with two codes of its key",
        Deed::RemoveOld => "remove the device that was to go, and its credentials",
        Deed::EnableOld => "enable the device that was to go again, with two codes of its key",
        Deed::DeactivateNew => "deactivate the device",
        Deed::DeleteNew => "delete the device, where the run has made it",
        Deed::RemoveNew => "remove the new device and its credentials",
        Deed::RemoveCredentials => "remove the credentials that the run has written",
        Deed::DeactivateOldKey => "deactivate the old access key",
        Deed::DeleteOldKey => "delete the old access key",
        Deed::ActivateOldKey => "activate the old access key again",
        Deed::DeleteNewKey => "delete the new access key",
        Deed::HardenRest => "make the changes of the plan that are not made",
        Deed::UndoHardening => "undo the changes of the plan that are made, the last one first",
    }
}
