//! macOS, and the BSDs as far as they are like it: what every Unix has. There is no keyring in the kernel, and nothing
//! tells which programs a thread has started.

pub mod ancestors;

pub use super::no_children::{Children, end_with_all_it_started};
pub use super::no_keyring::Keyring;
pub use super::unix::{Interrupt, Terminal, descriptors, files, local, processes, shell, steady, styles_are_shown};

/// What opens a page.
pub(super) const OPENER: &[&str] = &["open"];
