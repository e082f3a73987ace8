//! The organization whose accounts the trail is of: what is known of it, and what a trail of all of them takes.

use super::judge::{Problem, Scope};
use super::parts::{Left, cannot, role_arn};
use super::{Seen, State};
use crate::aws::hardening::{Place, TrustedService};
use crate::aws::{Account, Error};
use crate::flow::harden::names;
use crate::person::{HardenSettings, OpenCode};
use serde::{Deserialize, Serialize};

/// An organization that the account manages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whole {
    /// `o-…`
    pub(super) id: String,
    /// The trail is to be of all its accounts.
    pub(super) wanted: bool,
    /// It has all features, and not consolidated billing alone, with which no trail can be of all accounts.
    pub(super) all_features: bool,
    /// It trusts CloudTrail; null where that does not matter.
    pub(super) trusted: Option<bool>,
    /// How many trails of this account are of all accounts, those of data events alone included.
    pub(super) trails: usize,
}

/// `None`: the account manages none, or no trail is or should be of its accounts. `trails`: of them that are.
pub(super) fn read(account: &Account, settings: &HardenSettings, trails: usize) -> Result<Option<Whole>, Error> {
    let wanted = settings.organization;
    if !wanted && trails == 0 {
        return Ok(None);
    }
    let managed = match account.managed_organization() {
        Ok(managed) => managed,
        Err(why) if wanted => return Err(why),
        Err(_) => None,
    };
    let Some(managed) = managed else { return Ok(None) };
    let matters = wanted && managed.all_features;
    let trusted = if matters { Some(account.trusts(TrustedService::CloudTrail)?) } else { None };
    Ok(Some(Whole { id: managed.id, wanted, all_features: managed.all_features, trusted, trails }))
}

impl State {
    /// What the trail is to be of.
    pub(super) fn scope(&self) -> Scope<'_> {
        let whole = self.organization.as_ref().is_some_and(|whole| whole.wanted && whole.all_features);
        Scope { account: &self.account, whole }
    }

    /// CloudTrail is to be trusted, and is not.
    pub(super) fn is_untrusted(&self) -> bool {
        self.organization.as_ref().is_some_and(|whole| whole.trusted == Some(false))
    }

    /// The state in which CloudTrail is trusted, where it has to be.
    pub(super) fn trusting(mut self) -> Self {
        if let Some(whole) = self.organization.as_mut() {
            whole.trusted = whole.trusted.map(|_| true);
        }
        self
    }

    /// The organization's id, for a trail of all its accounts.
    ///
    /// # Errors
    /// It is not known.
    pub(super) fn id_for(&self, of_all: bool) -> Result<Option<&str>, Left> {
        match (of_all, &self.organization) {
            (true, None) => Err((OpenCode::Unreadable, "the organization's id could not be read".to_owned())),
            (true, Some(whole)) => Ok(Some(&whole.id)),
            (false, _) => Ok(None),
        }
    }

    /// Whether a trail of this account alone may become one of all accounts: it is as glasskey makes one. Of another one it
    /// is not known who reads its bucket, which data events it would record in every account, or what they would cost.
    pub(super) fn check_may_grow(&self, used: &Seen, place: &Place) -> Result<(), Left> {
        if !used.problems(self.scope()).contains(&Problem::OneAccount) || self.is_made_here(used, place) {
            return Ok(());
        }
        let (name, bucket) = (&used.is.name, &used.is.bucket);
        let why = match (used.is.name == names::TRAIL, used.is.selective) {
            (true, true) => "somebody has chosen its events, which would be recorded in every account".to_owned(),
            (true, false) => {
                format!("its bucket {bucket}, its role or its key is not glasskey's (--bucket names a bucket)")
            }
            _ => "glasskey has not made it".to_owned(),
        };
        let id = self.organization.as_ref().map_or("o-ID", |whole| &whole.id);
        let trust = if self.is_untrusted() { "trust CloudTrail in the organization, " } else { "" };
        Err(cannot(format!(
            "the trail {name} is of this account alone, and {why}; a second one would cost. To make it the \
             organization's yourself, {trust}let the trail write below AWSLogs/{id}/ in its \
             bucket and its role to the log streams {id}_*, then `aws cloudtrail update-trail --name {} \
             --is-organization-trail`",
            used.is.arn,
        )))
    }

    fn is_made_here(&self, used: &Seen, place: &Place) -> bool {
        used.is.name == names::TRAIL
            && !used.is.selective
            && used.is.kms_key.is_none()
            && self.bucket.is_glasskeys()
            && used.is.logs.as_ref().is_none_or(|logs| logs.role == role_arn(place))
    }
}
