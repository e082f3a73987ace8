//! Why a device is not removed.

use crate::cli::explain::Explanation;
use crate::cli::moments::clock_time;
use crate::flow::RemovalRefusal as R;

pub(super) fn removal(refusal: &R) -> Explanation {
    let text = |code| Explanation::of(code, refusal);
    match refusal {
        R::LastFactor { serial, without: None } => {
            let name = serial.rsplit('/').next().unwrap_or(serial);
            text("last_factor").hint(format!(
                "`glasskey rotate USER --from {name} --key SERIAL` replaces it; to leave the user without any, add --last-factor {name}"
            ))
        }
        R::LastFactor { without: Some(_), .. } => text("last_factor")
            .hint("somebody else is at work on this user's devices: `glasskey devices USER` shows them"),
        R::GoesElsewhere { until, .. } => text("removed_elsewhere")
            .note(format!("it has said so by a tag on the user, and may go on until {}", clock_time(*until)))
            .hint("`glasskey devices USER` shows what became of it; a run that was killed is ended by `glasskey recover` on its machine"),
        R::TooLate { .. } => text("too_late").hint("run it again"),
        R::InUseAgain { .. } => text("in_use_again").hint("find out who before removing it once more"),
        R::StillListed { .. } => text("still_listed"),
        R::NoKeyToEnable { .. } => text("cannot_undo").hint("plug in the key that holds it, or finish the run"),
    }
}
