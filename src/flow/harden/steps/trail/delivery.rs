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
const WAITS: [u64; 5] = [1, 2, 5, 10, 15];

/// What is not seen yet.
struct Missing(Vec<String>);

/// Looks until it delivers, for as long as the settings say.
pub(super) fn watch(used: &Seen, to: &State, since: SystemTime, hands: &mut Hands<'_, '_>) -> Result<(), Cause> {
    let most = hands.settings.delivery_wait;
    let (mut waited, mut waits) = (0, WAITS.iter().copied());
    loop {
        hands.go_on()?;
        let Missing(missing) = look(used, to, since, hands.account);
        let name = &used.is.name;
        if missing.is_empty() {
            let event =
                if to.delivers_to().is_some() { "; an event of this command is in its log group" } else { "" };
            hands.tell(format!("trail {name} delivers{event}"));
            return Ok(());
        }
        let next = waits.next().unwrap_or(WAITS[WAITS.len() - 1]).min(most.saturating_sub(waited));
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

fn look(used: &Seen, to: &State, since: SystemTime, account: &Account) -> Missing {
    let status = match account.trail_status(&used.is.home_region, &used.is.arn) {
        Ok(status) => status,
        Err(why) => return Missing(vec![format!("CloudTrail does not say what it delivers: {why}")]),
    };
    let mut missing = Vec::new();
    let TrailStatus { delivered, delivery_error, logs_delivered, logs_error, .. } = status;
    let bucket = format!("bucket {}", used.is.bucket);
    missing.extend(not_delivered(&bucket, delivered, delivery_error, since));
    if let Some(place) = to.delivers_to() {
        let group = format!("log group {}", place.group);
        let by_status = not_delivered(&group, logs_delivered, logs_error, since);
        let is_said = by_status.is_none();
        missing.extend(by_status);
        if is_said && own_event(&place, since, account) == Ok(false) {
            missing.push(format!("no event of this command in {group}"));
        }
    }
    Missing(missing)
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
