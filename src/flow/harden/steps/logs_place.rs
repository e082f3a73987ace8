//! Where a trail's events can be watched: a log group that can have metric filters.

use serde::{Deserialize, Serialize};

/// A log group of this account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LogsPlace {
    /// Such as `us-east-1`.
    pub(super) region: String,
    /// The log group's name.
    pub(super) group: String,
}
