//! Why the alarm on root's use is not confirmed or not proved.

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AlarmRefusal {
    #[error("the link is about {topic}, and these credentials are for account {account}")]
    OtherAccount { topic: String, account: String },
    #[error("AWS does not take the link: it is too old, or was not copied whole")]
    Token,
    #[error("AWS's replies were lost, and it shows that the address has not confirmed")]
    NotConfirmed,
    #[error("no trail delivers to a log group of this account, so there is no alarm to be tested")]
    NoLogs,
    #[error("there is no topic {topic}")]
    NoTopic { topic: String },
}
