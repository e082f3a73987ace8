//! Windows. All that only its own calls can do is in `system/`, behind functions that are safe to call.

pub mod ancestors;
pub mod descriptors;
pub mod files;
mod interrupt;
pub mod local;
pub mod processes;
mod system;
mod terminal;

pub use super::no_children::{Children, end_with_all_it_started};
pub use super::no_keyring::Keyring;
pub use interrupt::Interrupt;
pub use terminal::{Terminal, styles_are_shown};

use std::os::windows::process::CommandExt;
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What opens a page.
pub(super) const OPENER: &[&str] = &["rundll32", "url.dll,FileProtocolHandler"];

/// Time since a moment that is the same for the whole process, the time that the machine sleeps included; nobody sets it.
/// (`QueryPerformanceCounter` counts on while the machine sleeps.)
#[must_use]
pub fn steady() -> Duration {
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

/// A shell that runs a command line. Its own quotes stand around the line, which is passed as it is.
#[must_use]
pub fn shell(line: &str) -> Command {
    let mut command = Command::new("cmd.exe");
    command.arg("/C").raw_arg(format!("\"{line}\""));
    command
}
