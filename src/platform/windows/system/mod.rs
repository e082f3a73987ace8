//! Windows's own calls, behind functions that are safe to call: all of this room's unsafe code is here. Nothing here
//! decides anything.
#![allow(unsafe_code)]

pub(super) mod access;
pub(super) mod console;
pub(super) mod events;
pub(super) mod pipes;

use std::io;

/// Of a call that says by a number other than zero that it was carried out.
fn done(answer: i32) -> io::Result<()> {
    if answer == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
