//! The typed calls of hardening, through the library, against the simulated AWS in process: what each does, what it is
//! refused for, and what is no answer to it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod administrator; // a user, a group, a password
mod answers; // every call that changes something: lost, denied, answered by what is not AWS
mod buckets; // S3
mod chain; // from a bucket to a mail, and what the audit says of it
mod logs; // log groups, filters, events
mod scene;
mod telling; // alarms, topics, rules
mod trails; // trails and their role
