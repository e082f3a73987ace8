//! Why a user's access key is not rotated.

use std::time::SystemTime;

/// Why a user's access key is not rotated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessKeyRefusal {
    /// The user has no access key.
    #[error("{user} has no access key to rotate")]
    NoAccessKey { user: String },
    /// The user has two access keys, or none of this id.
    #[error("{user} has {} access keys{}", keys.len(), named.as_ref().map_or_else(String::new, |id| format!(", and {id} is none of them")))]
    WhichAccessKey {
        user: String,
        /// What was asked for.
        named: Option<String>,
        /// Those there are: active or not, and since when.
        keys: Vec<(String, bool, Option<SystemTime>)>,
    },
    /// Only an inactive key makes room for another one's rotation.
    #[error("access key {id} is active, so it does not make room for another one's rotation")]
    ActiveKey {
        /// The active one.
        id: String,
    },
    /// The user would be left without an active access key.
    #[error("{id} is the user's only active access key, so it cannot go before the new one works")]
    LastActiveKey {
        /// The one that was to go.
        id: String,
        /// The inactive one.
        other: String,
    },
    /// The command is signed with the access key that is to go.
    #[error("this command is signed with {id}, the access key that is to go")]
    SignsThis { id: String },
    /// AWS has not come to know a new access key.
    #[error("AWS does not know the new access key {id} after {seconds} s")]
    KeyNotKnown {
        id: String,
        /// How long it was waited for.
        seconds: u64,
    },
    /// A new access key is somebody else's.
    #[error("the new access key {id} is {arn}, and not the user")]
    KeyOfAnother { id: String, arn: String },
    /// The new access key is not active any more, so the old one must stay.
    #[error("the new access key {id} is not active any more, so the old one must stay")]
    NewKeyGone {
        /// The new one.
        id: String,
    },
}
