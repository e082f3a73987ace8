//! A page in the person's browser.

use std::io;
use std::process::{Command, Stdio};

/// Opens a page, and does not wait for the browser.
///
/// # Errors
/// There is nothing that opens pages.
pub fn open_in_browser(url: &str) -> io::Result<()> {
    let (program, args) = super::system::OPENER.split_first().ok_or(io::ErrorKind::Unsupported)?;
    let quiet = Stdio::null;
    let mut child =
        Command::new(program).args(args).arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn()?;
    // Nobody else reaps it.
    std::thread::Builder::new().spawn(move || child.wait()).map(drop)
}
