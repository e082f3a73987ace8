//! Linux: what every Unix has, `/proc`, and the kernel's keyring.

pub mod ancestors;
mod children;
mod keyring;

pub use super::unix::{Interrupt, Terminal, descriptors, files, local, processes, shell, steady, styles_are_shown};
pub use children::{Children, end_with_all_it_started};
pub use keyring::Keyring;

/// What opens a page.
pub(super) const OPENER: &[&str] = &["xdg-open"];
