//! Whether EventBridge has root's events: a trail brings them.

use super::super::trail::Trail;
use super::topic::known;
use crate::aws::hardening::Place;
use crate::aws::posture::{self, Management, Unreadable};
use crate::aws::{self, Account};
use crate::flow::harden::plan::is_wanted;
use crate::flow::harden::step::{Hardening, Planning, Proposal};
use crate::person::HardenSettings;

pub(super) fn told(answer: Result<bool, Unreadable>) -> Result<bool, aws::Error> {
    answer.map_err(|why| why.why)
}

/// Whether a trail of all regions records everything and logs, or will once the plan's step for trails is done: that step
/// must not make this state another.
pub(super) fn is_recorded(
    account: &Account,
    settings: &HardenSettings,
    trails: &[posture::Trail],
) -> Result<bool, aws::Error> {
    for trail in trails.iter().filter(|trail| trail.all_regions) {
        let logs = known(trail.status.clone())?.logging;
        if logs && known(trail.management.clone())? == Management::All {
            return Ok(true);
        }
    }
    if !is_wanted(&Trail, settings) {
        return Ok(false);
    }
    let state = Hardening::read(&Trail, account, settings)?;
    let place = Place::of(account.caller(), &account.region());
    let planning = Planning::of(settings, &place);
    Ok(matches!(Hardening::propose(&Trail, &state, &planning), Proposal::Change(_)))
}
