//! Whether a trail is seen to deliver, after something about that was changed: by what CloudTrail says of it, and by an event
//! of this very command in the log group.

use super::super::logs_place::LogsPlace;
use super::{Seen, State};
use crate::aws::hardening::TrailStatus;
use crate::aws::{Account, Error};
use crate::flow::failure::Cause;
use crate::flow::harden::step::Hands;
use crate::totp::unix;
use std::time::{Duration, SystemTime};

/// Between two looks, in seconds. CloudTrail delivers within about five minutes (CloudTrail User Guide, "How CloudTrail
/// works").
const WAITS: [u64; 4] = [1, 2, 5, 10];
/// The same, from then on.
const LONGEST: u64 = 15;

/// CloudTrail shows within this that a trail was started, in seconds. One that does not log delivers nothing.
const SHOWN_WITHIN: u64 = 30;

/// What was seen.
#[derive(Default)]
struct Looked {
    /// What is not seen yet, each a part of a sentence.
    missing: Vec<String>,
    /// An event of this command is in the log group.
    event: bool,
    /// CloudTrail says that the trail does not log.
    stopped: bool,
}

/// Looks until it delivers, for as long as the settings say.
pub(super) fn watch(used: &Seen, to: &State, since: SystemTime, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let most = hands.settings.delivery_wait;
    let (mut waited, mut waits) = (0, WAITS.iter().copied());
    loop {
        hands.go_on()?;
        let Looked { missing, event, stopped } = look(used, to, since, hands.account);
        if stopped && waited >= SHOWN_WITHIN {
            // The look after the step says so.
            return Ok(());
        }
        let name = &used.is.name;
        if missing.is_empty() {
            let event = if event { "; an event of this command is in its log group" } else { "" };
            hands.tell(format!("trail {name} delivers{event}"));
            return Ok(());
        }
        let next = waits.next().unwrap_or(LONGEST).min(most.saturating_sub(waited));
        if next == 0 {
            hands.tell_not_seen(format!(
                "trail {name} after {waited} s: {}; `glasskey root audit` looks again",
                missing.join("; ")
            ));
            return Ok(());
        }
        waited += next;
        hands.context.wait("for the trail to deliver", Duration::from_secs(next))?;
    }
}

fn look(used: &Seen, to: &State, since: SystemTime, account: &Account) -> Looked {
    let mut looked = Looked::default();
    let status = match account.trail_status(&used.is.home_region, &used.is.arn) {
        Ok(status) => status,
        Err(why) => {
            looked.missing.push(format!("CloudTrail does not say what it delivers: {why}"));
            return looked;
        }
    };
    let TrailStatus { logging, delivered, delivery_error, logs_delivered, logs_error, .. } = status;
    looked.stopped = !logging;
    let bucket = format!("bucket {}", used.is.bucket);
    looked.missing.extend(not_delivered(&bucket, delivered, delivery_error, since));
    if let Some(place) = to.delivers_to() {
        let group = format!("log group {}", place.group);
        match (not_delivered(&group, logs_delivered, logs_error, since), own_event(&place, since, account)) {
            (Some(missing), _) => looked.missing.push(missing),
            (None, Ok(false)) => looked.missing.push(format!("no event of this command is in {group}")),
            // Where these credentials may not look into the group, CloudTrail's word stands.
            (None, event) => looked.event = event.is_ok(),
        }
    }
    looked
}

/// AWS gives times in seconds, some of them whole ones.
fn not_delivered(to: &str, at: Option<SystemTime>, error: Option<String>, since: SystemTime) -> Option<String> {
    match (error, at) {
        (Some(error), _) => Some(format!("CloudTrail cannot deliver to {to}: {error}")),
        (None, Some(at)) if unix(at) >= unix(since) => None,
        (None, _) => Some(format!("nothing was delivered to {to}")),
    }
}

/// Whether an event of the caller's is in the log group: the looks at the trail are calls too.
fn own_event(place: &LogsPlace, since: SystemTime, account: &Account) -> Result<bool, Error> {
    let caller = &account.caller().arn;
    let pattern = format!("{{ $.eventSource = \"cloudtrail.amazonaws.com\" && $.userIdentity.arn = \"{caller}\" }}");
    let found = account.find_log_events(&place.region, &place.group, &pattern, since)?;
    Ok(!found.is_empty())
}
