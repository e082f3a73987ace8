//! Why a user's access key is not rotated.

use std::time::SystemTime;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccessKeyRefusal {
    #[error("{user} has no access key to rotate")]
    NoAccessKey { user: String },
    #[error("{user} has {}", named.as_ref().map_or_else(|| "two access keys, and AWS allows no third".to_owned(), |id| format!("no access key {id}, or it makes no room")))]
    WhichAccessKey {
        user: String,
        named: Option<String>,
        /// Those there are: active or not, and since when.
        keys: Vec<(String, bool, Option<SystemTime>)>,
    },
    #[error("access key {id} is active, so it does not make room for another one's rotation")]
    ActiveKey { id: String },
    #[error("{id} is the user's only active access key, so it cannot go before the new one works")]
    LastActiveKey { id: String, other: String },
    #[error("the user's other access key is gone, so {id} must stay")]
    OtherKeyGone { id: String },
    #[error("this command is signed with {id}, the access key that is to go")]
    SignsThis { id: String },
    #[error("AWS does not know the new access key {id} after {seconds} s")]
    KeyNotKnown { id: String, seconds: u64 },
    #[error("the new access key {id} is {arn}, and not the user")]
    KeyOfAnother { id: String, arn: String },
    #[error("the new access key {id} is not active any more, so the old one must stay")]
    NewKeyGone { id: String },
}
