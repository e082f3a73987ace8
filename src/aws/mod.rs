//! IAM, STS, what an audit reads and what hardening writes, through the AWS SDK: the only async code outside the
//! simulator's server.
//!
//! A blocking facade over one current-thread runtime. Nothing of the SDK leaves this room: calls take and return
//! glasskey's own types, and errors are facts. The SDK's own retries are off: whether a call may be repeated depends
//! on what it does, so `retry` decides, by the table in `call`, and says so aloud. Only `mfa` sees the SDK's seed blob.

mod access_keys;
mod answer;
mod arn;
mod beside;
mod call;
mod client;
mod clients;
mod config;
mod date_interceptor;
mod error;
pub mod hardening;
mod mfa;
mod outcome;
mod pace;
mod pages;
mod partition;
mod plain;
pub mod posture;
mod retry;
mod role_policies;
mod root;
mod send;
mod spread;
mod sts;
mod users;

use std::time::Duration;

/// How long after a device is enabled STS takes its codes: measured, 8 to 14 s. Codes before that are refused and spent.
pub const PROPAGATION: Duration = Duration::from_secs(15);

pub use access_keys::{AccessKey, NewAccessKey};
pub use arn::{Caller, DeviceArn, DeviceKind, Identity, NotAnArn, check_name, check_path, root_arn};
pub use call::Call;
pub use client::{Account, Connector, Looked, Reaching, Wire};
pub use config::{
    Difference, Misnamed, NearMiss, Origin, ProcessFault, Running, Settings, Trouble, Unreadable, Waiting, Way,
};
pub use error::Error;
pub use mfa::{Assignment, MfaDevice, NewDevice, Tag, VirtualDevice};
pub use pace::Pace;
pub use partition::Partition;
pub use retry::Retry;
pub use root::{RootTask, Summary};
pub use sts::{Role, SessionCredentials};
pub use users::User;
