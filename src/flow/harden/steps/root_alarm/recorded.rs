//! Whether trails record what filters and rules are to see.

use super::super::trail::Trail;
use super::topic::known;
use crate::aws::hardening::Place;
use crate::aws::posture::{self, Fact, Management, Unreadable, brought};
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

/// Whether trails bring what changes something to the rule of the region of the sign-ins, and in each other region to the
/// rules that watch root there.
pub(super) fn is_fed(account: &Account) -> Result<bool, aws::Error> {
    let (trails, _, elsewhere) = account.watchers_everywhere()?;
    let home = known(brought(&known(trails)?, &account.sign_in_region()?))?;
    let elsewhere = elsewhere.map(known).transpose()?.unwrap_or_default();
    let mut fed = elsewhere.into_iter().filter_map(|watch| watch.brought);
    Ok(home.has_changes() && fed.all(|one| matches!(one, Fact::Known(one) if one.has_changes())))
}
