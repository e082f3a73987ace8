//! What is told about the access key of a user.

use std::time::SystemTime;

/// What a rotation of an access key is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlan {
    pub account: String,
    /// The caller's ARN.
    pub caller: String,
    pub user: String,
    /// The key that goes first, to make room, and whether it is active.
    pub first: Option<(String, bool)>,
    /// The key that goes in the end, and whether it is active.
    pub old: Option<(String, bool)>,
    /// It is deactivated and not deleted.
    pub keep: bool,
    /// Who gets the secret: a program, or a file descriptor.
    pub to: String,
    pub command: bool,
    /// Whether this command is signed with the key that goes.
    pub own: OwnKey,
    /// The device whose code opens a session for it.
    pub session: Option<String>,
}

/// Whether a command is signed with the key that goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwnKey {
    /// It is not.
    No,
    Signs,
    /// It is signed with a session of the user's, which may have been opened with any key of theirs.
    NotKnown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessKeyStep {
    Created {
        id: String,
        user: String,
    },
    /// The reply was lost, and a key is there that was not there before.
    Found {
        id: String,
    },
    Proved {
        id: String,
        arn: String,
    },
    /// Its secret was handed over.
    HandedOver {
        id: String,
        to: String,
    },
    ActingWith {
        id: String,
    },
    Inactive {
        id: String,
    },
    Deleted {
        id: String,
    },
    /// The new key, whose secret nobody has, is being deleted.
    Undoing {
        id: String,
    },
}

/// A rotation of an access key that did not end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedKey {
    pub user: String,
    pub started: SystemTime,
    pub new: Option<String>,
    /// It may be used.
    pub active: bool,
    /// IAM has said that it is of the run's making; otherwise it appeared while the run was making one.
    pub certain: bool,
    /// Whether somebody has its secret.
    pub handed: Handed,
    pub to: String,
    pub first: Option<(String, KeyIs)>,
    pub old: Option<(String, KeyIs)>,
    /// It was to be deactivated and not deleted.
    pub keep: bool,
}

/// Whether somebody has a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handed {
    No,
    /// The run ended while it was being handed over.
    Perhaps,
    Yes,
}

/// An access key, as IAM sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyIs {
    /// It may be used.
    Active,
    /// It may not.
    Inactive(DeactivatedBy),
    Gone,
}

/// Who deactivated an access key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeactivatedBy {
    /// The run: AWS's answer is on record.
    Run,
    /// The run was about to, and that AWS answered is not on record: it may have been somebody else.
    Unknown,
    /// Somebody else: the run did not begin to.
    Others,
}
