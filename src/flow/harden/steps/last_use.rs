//! When an access key of root's was last used, and whether that is too recent for it to be taken away.

use crate::aws::posture::LastUse;
use crate::person::HardenSettings;
use crate::totp::unix;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Used {
    Never,
    /// In seconds since 1970.
    At(u64),
    /// AWS does not say.
    Untold,
}

const DAY: u64 = 24 * 60 * 60;

impl Used {
    pub(super) fn of(used: LastUse) -> Self {
        match used {
            LastUse::Never => Self::Never,
            LastUse::At(at) => Self::At(unix(at)),
            LastUse::Untold => Self::Untold,
        }
    }

    /// Why the key of this id stays, as a part of a sentence; `None`: it was not used within the quiet days, or is named
    /// by `--override`.
    pub(super) fn recently(self, id: &String, settings: &HardenSettings, made: u64) -> Option<String> {
        let days = settings.quiet_days;
        if settings.override_keys.contains(id) {
            return None;
        }
        let but = override_with(id);
        match self {
            Self::At(at) if at.saturating_add(days.saturating_mul(DAY)) > made => {
                let ago = made.saturating_sub(at) / DAY;
                Some(format!("{id} was used {ago} days ago, within {days} days; {but}"))
            }
            Self::Untold => Some(format!("AWS does not say when {id} was used; {but}")),
            Self::At(_) | Self::Never => None,
        }
    }

    /// For people.
    pub(super) fn words(self, made: u64) -> String {
        match self {
            Self::Never => "never used".to_owned(),
            Self::At(at) => format!("last used {} days ago", made.saturating_sub(at) / DAY),
            Self::Untold => "last use not known".to_owned(),
        }
    }
}

/// What takes a key away although it is in use.
pub(super) fn override_with(id: &str) -> String {
    format!("--override {id} takes it away all the same")
}
