//! What is left of a secret in the process's memory, as the kernel sees it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod access_key; // and in the middle of a rotation of an access key
mod binary; // the whole program in the middle of an enrollment, looked at from outside
mod in_process; // on_wiped_stack and the seed's page, looked at through /proc/self/mem
mod maps; // /proc/self/maps and /proc/self/mem
