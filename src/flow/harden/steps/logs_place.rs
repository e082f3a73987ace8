//! Where a trail's events can be watched: a log group that can have metric filters.

/// A log group of this account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LogsPlace {
    /// Such as `us-east-1`.
    pub(super) region: String,
    /// The log group's name.
    pub(super) group: String,
}
