//! `root audit`: what is read, what is judged, and how it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod allow_lists; // levels that allow only some things
mod aws_cli; // started once for many commands
#[cfg(target_os = "linux")]
mod browser; // the HTML report in headless Chromium
mod events; // EventBridge patterns
mod faults; // every call in turn: denied, throttled, lost
mod fixes; // what is to be done: read by the AWS CLI, and carried out by it
mod live; // what IAM has now, against a credential report that is older
#[cfg(target_os = "linux")]
mod moto; // boto3 puts a state into moto, and the audit reads it
pub(crate) mod office;
mod output; // what is written, in every format, and what the exit code is
mod partitions; // other partitions than aws
mod patterns; // metric filter patterns, by what they match
mod policies; // service control policies
#[cfg(target_os = "linux")]
pub(crate) mod prowler; // Prowler judges the same accounts
mod regions; // AssumeRoot where STS throttles
mod reports; // credential reports
mod scale; // a thousand accounts, ten thousand, and a list divided among processes
mod script; // the checks for the AWS CLI
mod truth; // account states, and every rule's verdict on each
