//! Why a device is not removed.

use crate::cli::explain::Explanation;
use crate::cli::moments::clock_time;
use crate::flow::RemovalRefusal;

pub(super) fn removal(refusal: &RemovalRefusal) -> Explanation {
    match refusal {
        RemovalRefusal::LastFactor { serial, without: None } => {
            Explanation::new("last_factor", format!("{serial} is the user's last MFA device"))
                .hint(format!("`glasskey rotate USER --from {0} --key SERIAL` replaces it; to leave the user without any, add --last-factor {0}", short_name(serial)))
        }
        RemovalRefusal::LastFactor { serial, without: Some(without) } => {
            Explanation::new("last_factor", format!("{without} is not enabled any more, so {serial} must stay"))
                .hint("somebody else is at work on this user's devices: `glasskey devices USER` shows them")
        }
        RemovalRefusal::GoesElsewhere { serial, going, until } => {
            Explanation::new("removed_elsewhere", format!("{going} is being removed by another run of glasskey, so {serial} must stay"))
                .note(format!("it has said so by a tag on the user, and may go on until {}", clock_time(*until)))
                .hint("`glasskey devices USER` shows what became of it; a run that was killed is ended by `glasskey recover` on its machine")
        }
        RemovalRefusal::TooLate { serial } => {
            Explanation::new("too_late", format!("{serial} was to be deactivated minutes ago, and this machine seems to have slept since"))
                .hint("run it again")
        }
        RemovalRefusal::InUseAgain { arn } => Explanation::new("in_use_again", format!("{arn} was deactivated, and somebody has enabled it again"))
            .hint("find out who before removing it once more"),
        RemovalRefusal::StillListed { serial } => {
            Explanation::new("still_listed", format!("AWS acknowledged that {serial} is deactivated, but IAM lists it still"))
        }
        RemovalRefusal::NoKeyToEnable { serial } => Explanation::new("cannot_undo", format!("no key here holds {serial}, so it cannot be enabled again"))
            .hint("plug in the key that holds it, or finish the run"),
    }
}

/// The name in a serial number, where it has one.
fn short_name(serial: &str) -> &str {
    serial.rsplit('/').next().unwrap_or(serial)
}
