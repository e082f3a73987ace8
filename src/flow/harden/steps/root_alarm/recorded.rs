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

/// Whether trails bring what changes something to a rule.
pub(super) fn brings(trails: &[posture::Trail], rule: &posture::Rule) -> Result<bool, aws::Error> {
    known(brought(trails, &rule.region)).map(Management::has_changes)
}

/// The same of all of glasskey's rules, in every region.
pub(super) fn is_fed(account: &Account) -> Result<bool, aws::Error> {
    let (trails, _, elsewhere) = account.watchers_everywhere()?;
    let home = known(brought(&known(trails)?, &account.sign_in_region()?))?;
    let Some(elsewhere) = elsewhere else { return Ok(false) };
    let fed = |brought: &Option<Fact<Management>>| matches!(brought, Some(Fact::Known(one)) if one.has_changes());
    Ok(home.has_changes() && known(elsewhere)?.iter().all(|watch| fed(&watch.brought)))
}
